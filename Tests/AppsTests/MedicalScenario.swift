import Apps
import ChainCore
import ChainTesting
import Testing

/// The contract `medical` in a state of one of its machines.
struct MedicalScenario: LifecycleScenario {
  static let contract: ContractName = "medical"
  static let maker: OrganisationID = "maker-1"
  static let consignee: OrganisationID = "wholesaler-1"
  static let custodian: OrganisationID = "12410100MB0A01061C"
  /// Packages come to a pharmacy; a foreign one dispenses what it has.
  static let pharmacy: OrganisationID = "foreign-pharmacy"
  static let agent: OrganisationID = "agent-1"
  static let code = "81234560000012345678"

  static let fixture: Result<(Parties, ContractSandbox), any Error> = Result {
    let parties = try Parties(domain: MedicalRecords.domain, organisations: [])
    let ours: [OrganisationID: [Role]] = [
      maker: ["authorisationHolder"], consignee: ["wholesaler"], custodian: ["hospital"], agent: ["citizenAgent"],
      Parties.service: [.identityService],
    ]
    let sandbox = try ContractSandbox(
      [MedicalRecords()], organisations: foreigners(try Lifecycles.load().roles).merging(ours) { $1 },
      authorities: [parties.authority], members: parties.certificates)
    return (parties, sandbox)
  }

  var sandbox: ContractSandbox
  let machine: String
  let startState: String?
  let parties: Parties
  var carton = "C1"
  var code: DrugTraceCode
  var isProduced = false
  var record: Digest?
  var other: Digest?
  var consent: Digest?
  var glass: Digest?
  var patient: SubjectRef { parties.person("patient") }

  init(machine: String, state: String?, variant: String = "") throws {
    (parties, sandbox) = try Self.fixture.get()
    self.machine = machine
    startState = state
    code = try DrugTraceCode(Self.code)
    switch machine {
    case "drug": try makeDrug(state)
    case "record":
      guard let state else { return }
      let custodian = sandbox.caller(Self.custodian)
      other = try index(custodian)
      try perform("index", by: custodian)
      if state == "superseded" { try perform("supersede", by: custodian) }
      if state == "notRecognisable" { sandbox.time = sandbox.time.advanced(byMilliseconds: 5_000_000) }
    case "consent":
      guard let state else { return }
      try perform("give", by: sandbox.caller(Self.agent))
      if state == "revoked" { try perform("revoke", by: sandbox.caller(Self.agent)) }
      if state == "expired" { sandbox.time = sandbox.time.advanced(byMilliseconds: 5_000_000) }
    default:
      guard let state else { return }
      try perform("declare", by: sandbox.caller(Self.custodian))
      if state == "closed" { sandbox.time = sandbox.time.advanced(byMilliseconds: MedicalRecords.glassMs + 1) }
      if state == "overdue" {
        sandbox.time = sandbox.time.advanced(byMilliseconds: MedicalRecords.glassMs + MedicalRecords.reviewMs + 1)
      }
      if state == "reviewed" { try perform("review", by: sandbox.caller("auditor-1", roles: ["auditor"])) }
    }
  }

  private mutating func makeDrug(_ state: String?) throws {
    guard let state else { return }
    let maker = sandbox.caller(Self.maker)
    try perform("produce", by: maker)
    if state == "produced" { return }
    if state == "recalled" { return try perform("recallDrug", by: maker) }
    if state == "inTransit" { return try perform("shipDrug", by: maker) }
    try sandbox.call("medical", "shipDrug", ShipDrugs(cartons: [carton], to: Self.pharmacy), as: maker)
    let pharmacy = sandbox.caller(Self.pharmacy)
    try perform("receiveDrug", by: pharmacy)
    if state == "dispensed" { try perform("dispense", by: pharmacy) }
    if state == "returned" || state == "destroyed" { try perform("returnDrug", by: pharmacy) }
    if state == "destroyed" { try perform("destroyDrug", by: maker) }
    if state == "lost" { try perform("reportLost", by: pharmacy) }
  }

  func organisation(in relation: String) -> OrganisationID? {
    switch (machine, relation) {
    case ("drug", "maker"): return startState == nil ? nil : Self.maker
    case ("drug", "holder"): return startState == nil ? nil : drug?.holder
    case ("drug", "consignee"): return drug?.consignee
    case ("record", "custodian"): return startState == nil ? nil : Self.custodian
    case ("consent", "grantor"): return startState == nil ? nil : Self.agent
    default: return nil
    }
  }

  private var drug: TracedDrug? {
    guard isProduced else { return nil }
    return (try? sandbox.query("medical", "drug", code, as: Registered<TracedDrug>?.self))??.content
  }

  /// The foreign pharmacy is the holder, once it has the package.
  func isIn(_ who: [String], _ actor: LifecycleActor) -> Bool? {
    guard machine == "drug", startState != nil, actor == .role("pharmacy"), drug?.holder == Self.pharmacy else { return nil }
    return who.contains("holder") || who.contains("pharmacy")
  }

  /// A scan is never refused, not even of what nobody knows.
  func ruling(_ call: String, state: String?, by actor: LifecycleActor, isListed: Bool) -> LifecycleRuling? {
    call == "scan" && isListed ? .allowed : nil
  }

  func state() throws -> String? {
    switch machine {
    case "drug": return isProduced ? try sandbox.query("medical", "drugState", code, as: RecordState?.self)?.rawValue : nil
    case "record": return try record.flatMap { try sandbox.query("medical", "recordState", $0, as: RecordState?.self) }?.rawValue
    case "consent": return try consent.flatMap { try sandbox.query("medical", "consentState", $0, as: RecordState?.self) }?.rawValue
    default: return try glass.flatMap { try sandbox.query("medical", "glassState", $0, as: RecordState?.self) }?.rawValue
    }
  }

  mutating func perform(_ call: String, by caller: Caller) throws {
    let name = EntryName(unchecked: call)
    switch machine {
    case "drug": try move(name, caller)
    case "record": try handle(name, caller)
    default: try decide(name, caller)
    }
  }

  private mutating func move(_ call: EntryName, _ caller: Caller) throws {
    switch call {
    case "produce":
      let new = isProduced ? try DrugTraceCode("81234560000099999999") : code
      let expiry = sandbox.time.advanced(byMilliseconds: 1_000_000_000)
      try sandbox.call(
        "medical", call, ProduceDrugs(codes: [new], carton: isProduced ? "C2" : carton, batch: "B1", expiry: expiry), as: caller)
      isProduced = true
    case "shipDrug": try sandbox.call("medical", call, ShipDrugs(cartons: [carton], to: Self.consignee), as: caller)
    case "receiveDrug": try sandbox.call("medical", call, ReceiveDrugs(cartons: [carton]), as: caller)
    case "dispense", "scan": try sandbox.call("medical", call, DrugCall(code: code), as: caller)
    case "recallDrug":
      try sandbox.call(
        "medical", call, RecallDrugs(batch: BatchKey(maker: drug?.maker ?? Self.maker, number: "B1"), reason: "r1"), as: caller)
    case "destroyDrug": try sandbox.call("medical", call, DestroyDrug(code: code, witness: .zero), as: caller)
    default: try sandbox.call("medical", call, DrugReason(code: code, reason: "r1"), as: caller)
    }
  }

  mutating func index(_ caller: Caller, kind: String = "Observation") throws -> Digest {
    try sandbox.call(
      "medical", "index",
      IndexRecord(
        kind: kind, itemCommitment: .zero, subject: patient, digest: .zero, envelope: .zero,
        recognisableUntil: sandbox.time.advanced(byMilliseconds: 1_000_000)), as: caller, returning: Digest.self)
  }

  private mutating func handle(_ call: EntryName, _ caller: Caller) throws {
    let id = record ?? .zero
    switch call {
    case "index":
      let id = try index(caller)
      record = record ?? id
    case "supersede": try sandbox.call("medical", call, SupersedeRecord(record: id, by: other ?? .zero), as: caller)
    case "access": try access(caller)
    default:
      let known = try sandbox.query("medical", "recordState", id, as: RecordState?.self) == "current"
      if known, caller.has("hospital") { try access(caller) }
      try sandbox.call("medical", call, RecogniseRecord(record: id, accept: true), as: caller)
    }
  }

  private mutating func access(_ caller: Caller) throws {
    let scope = AccessScope(record: record ?? .zero, purpose: "care", certificate: [1])
    if caller.has("citizenAgent") {
      let proof = try parties.proof("patient", "medical", "access", scope, sandbox)
      try sandbox.call("medical", "access", AccessRecord(scope: scope, basis: .own(proof)), as: caller)
    } else {
      let consent = caller.has("hospital") && record != nil ? try give(to: caller.organisation) : .zero
      try sandbox.call("medical", "access", AccessRecord(scope: scope, basis: .consent(consent)), as: caller)
    }
  }

  mutating func give(
    to hospital: OrganisationID, kinds: [String] = ["Observation"], by agent: Caller? = nil
  ) throws -> Digest {
    let content = PatientConsent(
      subject: patient, hospital: hospital, chain: sandbox.genesis.chain, kinds: kinds,
      until: sandbox.time.advanced(byMilliseconds: 1_000_000))
    let proof = try parties.proof("patient", "medical", "give", content, sandbox)
    return try sandbox.call(
      "medical", "give", GiveConsent(content: content, proof: proof), as: agent ?? sandbox.caller(Self.agent), returning: Digest.self)
  }

  private mutating func decide(_ call: EntryName, _ caller: Caller) throws {
    switch call {
    case "give":
      let id = try give(to: Self.custodian, by: caller)
      consent = consent ?? id
    case "revoke":
      let id = consent ?? .zero
      let signs = caller.has("citizenAgent") && caller.organisation != Self.agent
      let proof = signs ? try parties.proof("patient", "medical", "revoke", id, sandbox) : nil
      try sandbox.call("medical", call, RevokeConsent(consent: id, proof: proof), as: caller)
    case "declare":
      let id = try sandbox.call(
        "medical", call, DeclareGlass(subject: patient, doctorRef: .zero, reasonCode: "unconscious"), as: caller, returning: Digest.self)
      glass = glass ?? id
    default:
      try sandbox.call("medical", call, ReviewGlass(glass: glass ?? .zero, justified: true, noteDigest: .zero), as: caller)
    }
  }
}

@Suite struct MedicalLifecycle {
  @Test func everyTriple() throws {
    let counts = try LifecycleOracle.run(MedicalScenario.self)
    print("medical: \(counts)")
    #expect(counts.allowed > 60 && counts.total > 2_500)
  }

  @Test func noOtherCalls() throws { try LifecycleOracle.checkCalls(of: MedicalRecords()) }
}
