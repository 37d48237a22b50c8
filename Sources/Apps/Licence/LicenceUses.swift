public import ChainCore
internal import CrossChain

// Grants by holders, uses by verifiers, here and on other chains.

extension ElectronicLicence {
  var useEntries: Entries {
    Entries(entries: [
      Entry("grant", by: .member) { (call: GiveGrant, context) -> Digest in try Self.give(call, context) },
      Entry("revokeGrant", by: .member) { (call: RevokeGrant, context) in try Self.revoke(call, context) },
      Entry("recordUse", by: Self.licences.access("recordUse")) { (call: RecordUse, context) in try Self.recordUse(call, context) },
      Entry("verifyRemote", by: .role("verifier")) { (call: VerifyRemote, context) -> RemoteUse in try Self.verifyRemote(call, context) },
    ])
  }

  private static func give(_ call: GiveGrant, _ context: ContractContext) throws -> Digest {
    let content = call.content
    let grant = Grant(
      record: content.licence.text, grantee: content.verifier, granteeChain: content.verifierChain, fields: content.fields,
      purpose: content.purpose, until: content.until, maxUses: content.maxUses)
    try Grants.check(grant)
    let licence = try context.require(licences.records, content.licence)
    let id: Digest
    switch licence.content.subject {
    case .organisation(let holder):
      guard context.caller.organisation == holder else { throw ContractError.notAuthorised("only \(holder) may grant uses of its licence") }
      try checkGrantable(licence, content, context)
      id = context.suite.digest("LicenceGrant", context.genesis, Identified(content: content, transaction: context.transaction))
    case .person(let person):
      guard context.caller.has("citizenAgent"), let proof = call.proof else {
        throw ContractError.notAuthorised("a person's licence is granted through a citizen's agent with the person's proof")
      }
      try checkGrantable(licence, content, context)
      id = try proofs.redeem(proof, of: person, entry: "grant", arguments: content, context)
    }
    try grants.registry.create("grant", id, grant, context)
    return id
  }

  private static func checkGrantable(
    _ licence: Registered<Licence>, _ content: GrantContent, _ context: ContractContext
  ) throws(ContractError) {
    guard !endStates.contains(licence.state) else { throw .notAllowed(state: licence.state.rawValue, call: "grant") }
    try checkFields(content.fields, of: content.licence, context)
    guard content.until > context.time else { throw .badArgument("until: it has passed") }
  }

  private static func checkFields(_ names: [String], of licence: LicenceNumber, _ context: QueryContext) throws(ContractError) {
    guard let code = try? LicenceTypeCode(String(licence.text.prefix(21))) else { throw .unexpected }
    let type = try context.require(types.records, code)
    guard names.allSatisfy({ name in type.content.schema.contains { $0.name == name } }) else {
      throw .badArgument("fields: not all are fields of the licence's type")
    }
  }

  private static func revoke(_ call: RevokeGrant, _ context: ContractContext) throws {
    let grant = try context.require(grants.registry.records, call.grant)
    guard let number = try? LicenceNumber(grant.content.record) else { throw ContractError.unexpected }
    let subject = try context.require(licences.records, number).content.subject
    if context.caller.organisation != grant.owner {
      switch subject {
      case .organisation(let holder):
        guard context.caller.organisation == holder else { throw ContractError.notAuthorised("only holder and grantor may revoke") }
      case .person(let person):
        guard context.caller.has("citizenAgent"), let proof = call.proof else {
          throw ContractError.notAuthorised("another agent than the grantor needs the person's proof")
        }
        _ = try proofs.redeem(proof, of: person, entry: "revokeGrant", arguments: call.grant, context)
      }
    }
    try grants.registry.move("revokeGrant", call.grant, context)
  }

  private static func recordUse(_ call: RecordUse, _ context: ContractContext) throws(ContractError) {
    try Arguments.check(code: call.matterCode, "matterCode")
    try Arguments.check(names: call.fieldNames, "fieldNames")
    guard (call.grant == nil) != (call.basis == nil) else { throw .badArgument("grant: either a grant or a basis is expected") }
    let record = try context.require(licences.records, call.licence)
    try licences.check(try licences.transition("recordUse"), record, call.licence, context)
    var use = LicenceUse(
      verifier: context.caller.organisation, chain: context.chain, matterCode: call.matterCode, fieldNames: call.fieldNames,
      grant: call.grant, basis: call.basis, result: licences.state(of: record, at: context.time), seen: call.seen, time: context.time)
    if case .remote(let chain, _) = context.caller.origin {
      guard let seen = call.seen else { throw .badArgument("seen: a use on another chain says what was seen") }
      use.chain = chain
      use.result = try state(of: call.licence, at: seen.height, context) ?? use.result
    } else {
      guard call.seen == nil else { throw .badArgument("seen: only a use on another chain says what was seen") }
      try checkFields(call.fieldNames, of: call.licence, context)
      if let grant = call.grant {
        try grants.use(grant, of: call.licence.text, fields: call.fieldNames, call: "recordUse", context)
      } else if let basis = call.basis {
        let type = try context.require(types.records, record.content.identifier.typeCode)
        guard type.content.bases.contains(basis) else { throw .notAuthorised("\(basis) is no basis of the licence's type") }
      }
    }
    let number = (try context.range(uses, under: call.licence, reverse: true, limit: 1).first?.key.second ?? 0) + 1
    try context.put(uses, Pair(call.licence, number), use)
    try context.emit("licence.recordUse", RecordChanged(key: call.licence, version: number))
  }

  /// The stored state after the last change up to `height`.
  private static func state(
    of licence: LicenceNumber, at height: BlockHeight, _ context: QueryContext
  ) throws(ContractError) -> RecordState? {
    for (_, change) in try context.range(licences.history, under: licence, reverse: true, limit: 1_000) where change.height <= height {
      return change.state
    }
    return nil
  }

  private static func verifyRemote(_ call: VerifyRemote, _ context: ContractContext) throws(ContractError) -> RemoteUse {
    try Arguments.check(code: call.matterCode, "matterCode")
    try Arguments.check(names: call.fieldNames, "fieldNames")
    let proven = try context.verifyRemote(call.licenceProof, maxAgeMs: freshnessMs)
    let grantProven = try context.verifyRemote(call.grantProof, maxAgeMs: freshnessMs)
    guard proven.chain == home(of: call.licence), grantProven.chain == proven.chain else {
      throw .badArgument("licenceProof: the licence's issuer has its home on another chain")
    }
    guard let licence = try proven.record(of: name, licences.records, call.licence),
      let grant = try grantProven.record(of: name, grants.registry.records, call.grant)
    else { throw .notFound }
    let last = try context.range(remoteUses, under: call.grant, reverse: true, limit: 1).first?.key.second ?? 0
    try Grants.check(
      grant, lets: context.caller.organisation, on: context.chain, use: call.fieldNames, of: call.licence.text,
      used: UInt32(clamping: last), at: context.time, call: "verifyRemote")
    let seen = SeenState(height: proven.height, result: Licence.state(of: licence, at: proven.time))
    let use = RemoteUse(
      licence: call.licence,
      use: LicenceUse(
        verifier: context.caller.organisation, chain: context.chain, matterCode: call.matterCode, fieldNames: call.fieldNames,
        grant: call.grant, basis: nil, result: seen.result, seen: seen, time: context.time),
      disclosure: call.disclosure)
    try context.put(remoteUses, Pair(call.grant, last + 1), use)
    let report = RecordUse(
      licence: call.licence, matterCode: call.matterCode, fieldNames: call.fieldNames, grant: call.grant, seen: seen)
    _ = try context.send(OutgoingPacket(to: proven.chain, port: name, call: "recordUse", payload: report.canonicalBytes))
    try context.emit("licence.verifyRemote", RecordChanged(key: call.licence, version: last + 1))
    return use
  }

  /// The chain where a licence lives: the home of its issuer. Nothing in a serial overrides it.
  public static func home(of licence: LicenceNumber) -> ChainID? {
    let parts = licence.text.split(separator: ".")
    guard parts.count == 3 else { return nil }
    let issuer = String(parts[1])
    if issuer.utf8.count == 6 { return HomeChain.of(division: issuer) }
    return (try? UnifiedCreditCode(issuer)).flatMap { HomeChain.of($0) }
  }

  var queries: Entries {
    Entries(queries: [
      Query("type") { (code: LicenceTypeCode, context) -> Registered<LicenceType>? in try context.get(Self.types.records, code) },
      Query("licence") { (number: LicenceNumber, context) -> Registered<Licence>? in try context.get(Self.licences.records, number) },
      Query("status") { (question: StatusQuestion, context) -> LicenceStatus? in
        guard let record = try context.get(Self.licences.records, question.licence) else { return nil }
        let time = question.time ?? context.time
        return LicenceStatus(
          state: Self.licences.state(of: record, at: time), identifier: record.content.identifier, version: record.version,
          fieldRoot: record.content.fieldRoot, height: context.height, time: time)
      },
      Query("versions") { (number: LicenceNumber, context) -> [LicenceVersion] in
        try context.range(Self.versions, under: number, limit: 999).map(\.value)
      },
      Query("byFileDigest") { (digest: Digest, context) -> [Anchor] in try Self.files.find(digest, context) },
      Query("history") { (number: LicenceNumber, context) -> [RegistryChange] in
        try context.range(Self.licences.history, under: number, limit: 1_000).map(\.value)
      },
      Query("ofHolder") { (holder: OrganisationID, context) -> [LicenceNumber] in
        try context.range(Self.licences.records, index: "subject", equals: holder, limit: 1_000).map(\.key)
      },
      Query("uses") { (number: LicenceNumber, context) -> [LicenceUse] in
        let licence = try context.require(Self.licences.records, number)
        let caller = context.caller
        guard
          caller.origin == .system || caller.has(.auditor) || caller.organisation == licence.owner
            || caller.organisation == licence.content.subject.organisation
        else { throw ContractError.notAuthorised("uses are shown to holder, issuer and auditors") }
        return try context.range(Self.uses, under: number, limit: 1_000).map(\.value)
      },
      Query("grantRecord") { (id: Digest, context) -> Registered<Grant>? in try context.get(Self.grants.registry.records, id) },
      Query("remoteUses") { (grant: Digest, context) -> [RemoteUse] in
        try context.range(Self.remoteUses, under: grant, limit: 1_000).map(\.value)
      },
    ])
  }
}

private struct Identified: CanonicalRecord {
  var content: GrantContent
  var transaction: TransactionID
  static let layout = Layout(Self.init, \.content, \.transaction)
}
