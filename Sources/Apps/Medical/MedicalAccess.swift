internal import ChainCore
internal import CrossChain

// Documents, consents and emergencies.

extension MedicalRecords {
  var recordEntries: Entries {
    let records = Self.records
    return Entries(entries: [
      Entry("index", by: records.access("index")) { (call: IndexRecord, context) -> Digest in
        try Arguments.check(code: call.kind, "kind")
        let record = HealthRecord(
          kind: call.kind, itemCommitment: call.itemCommitment, subject: call.subject, digest: call.digest, envelope: call.envelope,
          recognisableUntil: call.recognisableUntil, replacedBy: nil)
        let id = try records.newID("HealthRecord", context)
        try records.create("index", id, record, context)
        return id
      },
      Entry("supersede", by: .member) { (call: SupersedeRecord, context) in
        try records.move("supersede", call.record, context) { record in
          let other = try context.require(records.records, call.by)
          guard call.by != call.record, other.state == "current", other.owner == record.owner,
            other.content.subject == record.content.subject
          else { throw ContractError.badArgument("by: another current document of the same custodian and patient") }
          record.content.replacedBy = call.by
        }
      },
      Entry("access", by: records.access("access")) { (call: AccessRecord, context) in try Self.access(call, context) },
      Entry("recognise", by: records.access("recognise")) { (call: RecogniseRecord, context) in try Self.recognise(call, context) },
    ])
  }

  private static func access(_ call: AccessRecord, _ context: ContractContext) throws {
    try Arguments.check(code: call.scope.purpose, "purpose")
    guard (1...32).contains(call.scope.certificate.count) else { throw ContractError.badArgument("certificate: a serial number") }
    var access: RecordAccess?
    try records.move("access", call.scope.record, context) { record in
      let (basis, reference) = try check(call, record.content, context)
      access = RecordAccess(
        organisation: context.caller.organisation, basis: basis, reference: reference, purpose: call.scope.purpose,
        certificate: call.scope.certificate, time: context.time)
    }
    guard let access else { throw ContractError.unexpected }
    let number = (try context.range(accesses, under: call.scope.record, reverse: true, limit: 1).first?.key.second ?? 0) + 1
    try context.put(accesses, Pair(call.scope.record, number), access)
    try context.put(readers, Pair(call.scope.record, context.caller.organisation), number)
  }

  /// The kind of the basis and what it refers to.
  private static func check(
    _ call: AccessRecord, _ record: HealthRecord, _ context: ContractContext
  ) throws(ContractError) -> (String, Digest) {
    switch call.basis {
    case .consent(let id):
      guard context.caller.has("hospital") else { throw .notAuthorised("a consent is for a hospital") }
      let consent = try context.require(consents.records, id)
      guard consent.content.subject == record.subject, consent.content.hospital == context.caller.organisation,
        consent.content.chain == originChain(context), consent.content.kinds.contains(record.kind)
      else { throw .notAuthorised("the consent is for another hospital, patient or kind") }
      switch consents.state(of: consent, at: context.time) {
      case "active": return ("consent", id)
      case "expired": throw .expired
      case let state: throw .notAllowed(state: state.rawValue, call: "access")
      }
    case .glass(let id):
      guard context.caller.has("hospital") else { throw .notAuthorised("an emergency is a hospital's") }
      try check(try context.require(glasses.records, id), of: record.subject, at: context.time, context)
      return ("glass", id)
    case .remoteGlass(let id, let proof):
      guard context.caller.has("hospital") else { throw .notAuthorised("an emergency is a hospital's") }
      let proven = try context.verifyRemote(proof, maxAgeMs: freshnessMs)
      guard proven.chain == originChain(context) else { throw .notAuthorised("the emergency is of another chain than the caller") }
      guard let glass = try proven.record(of: name, glasses.records, id) else { throw .notFound }
      try check(glass, of: record.subject, at: context.time, context)
      return ("glass", id)
    case .own(let proof):
      guard context.caller.has("citizenAgent") else { throw .notAuthorised("a patient reads through a citizen's agent") }
      return ("own", try proofs.redeem(proof, of: record.subject, entry: "access", arguments: call.scope, context))
    }
  }

  /// The chain that the caller is of.
  private static func originChain(_ context: ContractContext) -> ChainID {
    if case .remote(let chain, _) = context.caller.origin { chain } else { context.chain }
  }

  private static func check(
    _ glass: Registered<BrokenGlass>, of subject: SubjectRef, at time: BlockTime, _ context: ContractContext
  ) throws(ContractError) {
    guard glass.owner == context.caller.organisation, glass.content.subject == subject else {
      throw .notAuthorised("the emergency is another hospital's, or of another patient")
    }
    let state = glassState(glass, at: time)
    guard state == "open" else { throw .notAllowed(state: state.rawValue, call: "access") }
  }

  private static func recognise(_ call: RecogniseRecord, _ context: ContractContext) throws {
    guard call.accept == (call.reason == nil) else { throw ContractError.badArgument("reason: a refusal has one, and only a refusal") }
    if let reason = call.reason { try Arguments.check(code: reason, "reason") }
    let hospital = context.caller.organisation
    try records.move("recognise", call.record, context) { _ in
      guard try context.get(readers, Pair(call.record, hospital)) != nil else {
        throw ContractError.notAuthorised("\(hospital) has not accessed the document")
      }
    }
    try context.put(
      recognitions, Pair(call.record, hospital),
      Recognition(organisation: hospital, accepted: call.accept, reason: call.reason, time: context.time))
  }

  var consentEntries: Entries {
    let (consents, glasses) = (Self.consents, Self.glasses)
    return Entries(entries: [
      Entry("give", by: consents.access("give")) { (call: GiveConsent, context) -> Digest in
        try Arguments.check(names: call.content.kinds, "kinds")
        guard call.content.until > context.time else { throw ContractError.badArgument("until: it has passed") }
        let id = try Self.proofs.redeem(call.proof, of: call.content.subject, entry: "give", arguments: call.content, context)
        try consents.create("give", id, call.content, context)
        return id
      },
      Entry("revoke", by: .member) { (call: RevokeConsent, context) in
        let consent = try context.require(consents.records, call.consent)
        if consent.owner != context.caller.organisation {
          guard context.caller.has("citizenAgent"), let proof = call.proof else {
            throw ContractError.notAuthorised("another agent than the grantor needs the patient's proof")
          }
          _ = try Self.proofs.redeem(proof, of: consent.content.subject, entry: "revoke", arguments: call.consent, context)
        }
        try consents.move("revoke", call.consent, context)
      },
      Entry("declare", by: glasses.access("declare")) { (call: DeclareGlass, context) -> Digest in try Self.declare(call, context) },
      Entry("review", by: glasses.access("review")) { (call: ReviewGlass, context) in
        let glass = try glasses.move("review", call.glass, context) { record in
          record.content.justified = call.justified
          record.content.noteDigest = call.noteDigest
        }
        try context.remove(Self.unreviewed, Pair(glass.owner, glass.content.number))
        var hospital = try context.require(Self.hospitals, glass.owner)
        hospital.unjustified = !call.justified
        try context.put(Self.hospitals, glass.owner, hospital)
      },
    ])
  }

  /// Never blocked; but a hospital that is behind with reviews, or whose last was not justified, needs a second doctor.
  private static func declare(_ call: DeclareGlass, _ context: ContractContext) throws -> Digest {
    try Arguments.check(code: call.reasonCode, "reasonCode")
    guard call.doctorRef != call.secondDoctorRef else { throw ContractError.badArgument("secondDoctorRef: another doctor") }
    let caller = context.caller.organisation
    var hospital = try context.get(hospitals, caller) ?? HospitalGlasses(last: 0, unjustified: false)
    var needsSecond = hospital.unjustified
    if let oldest = try context.range(unreviewed, under: caller, limit: 1).first?.value {
      needsSecond = try needsSecond || glassState(context.require(glasses.records, oldest), at: context.time) == "overdue"
    }
    guard !needsSecond || call.secondDoctorRef != nil else { throw ContractError.badArgument("secondDoctorRef: a second doctor is needed") }
    hospital.last += 1
    let id = try glasses.newID("BrokenGlass", context)
    let glass = BrokenGlass(
      subject: call.subject, doctor: call.doctorRef, secondDoctor: call.secondDoctorRef, reasonCode: call.reasonCode,
      declared: context.time, number: hospital.last, justified: nil, noteDigest: nil)
    try glasses.create("declare", id, glass, context)
    try context.put(hospitals, caller, hospital)
    try context.put(unreviewed, Pair(caller, hospital.last), id)
    // Patient's agent and auditor listen for this.
    try context.emit("medical.glassBroken", RecordChanged(key: call.subject, version: hospital.last))
    return id
  }

  var queries: Entries {
    Entries(queries: [
      Query("drug") { (code: DrugTraceCode, context) -> Registered<TracedDrug>? in try context.get(Self.drugs.records, code) },
      Query("drugState") { (code: DrugTraceCode, context) -> RecordState? in
        guard let record = try context.get(Self.drugs.records, code) else { return nil }
        return try Self.state(of: record, context)
      },
      Query("batch") { (key: BatchKey, context) -> DrugBatch? in try context.get(Self.batches, key) },
      Query("suspects") { (code: DrugTraceCode, context) -> [SuspectScan] in
        try context.range(Self.suspects, under: code, limit: 1_000).map(\.value)
      },
      Query("record") { (id: Digest, context) -> Registered<HealthRecord>? in try context.get(Self.records.records, id) },
      Query("recordState") { (id: Digest, context) -> RecordState? in try Self.records.state(id, at: context.time, context) },
      Query("accesses") { (id: Digest, context) -> [RecordAccess] in
        let record = try context.require(Self.records.records, id)
        let caller = context.caller
        guard caller.origin == .system || caller.has(.auditor) || caller.organisation == record.owner else {
          throw ContractError.notAuthorised("accesses are shown to custodian and auditors")
        }
        return try context.range(Self.accesses, under: id, limit: 1_000).map(\.value)
      },
      Query("recognitions") { (id: Digest, context) -> [Recognition] in
        try context.range(Self.recognitions, under: id, limit: 1_000).map(\.value)
      },
      Query("consentState") { (id: Digest, context) -> RecordState? in try Self.consents.state(id, at: context.time, context) },
      Query("glassState") { (id: Digest, context) -> RecordState? in try Self.glasses.state(id, at: context.time, context) },
    ])
  }
}
