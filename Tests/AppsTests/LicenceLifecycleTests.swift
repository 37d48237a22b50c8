import Apps
import ChainCore
import ChainTesting
import Testing

/// The contract `licence` in a state of one of its machines.
struct LicenceScenario: LifecycleScenario {
  static let contract: ContractName = "licence"
  static let issuer: OrganisationID = "11410100MB0A010107"
  static let holder: OrganisationID = "91410600MA9A0007X7"
  static let verifier: OrganisationID = "11410200MB0A02013W"
  static let office: OrganisationID = "11410000MB0A00018K"
  static let code = "11410000MB0A00026E001"
  static let template: Result<ContractSandbox, any Error> = Result {
    let roles = try Lifecycles.load().roles
    return try ContractSandbox(
      [ElectronicLicence()],
      organisations: foreigners(roles).merging(
        [issuer: ["department"], holder: [], verifier: ["verifier"], office: ["dataOffice"]]
      ) { $1 })
  }

  var sandbox: ContractSandbox
  let machine: String
  var grant: Digest?
  let typeCode: LicenceTypeCode
  let digest: Digest

  init(machine: String, state: String?) throws {
    sandbox = try Self.template.get()
    self.machine = machine
    typeCode = try LicenceTypeCode(Self.code)
    digest = sandbox.genesis.suite.hash([1])
    let office = sandbox.caller(Self.office)
    if machine == "type" {
      guard let state else { return }
      try perform("defineType", by: office)
      if state == "retired" { try perform("retireType", by: office) }
      return
    }
    try perform("defineType", by: office)
    if machine == "licence", state == nil { return }
    let issuer = sandbox.caller(Self.issuer)
    let day: UInt64 = 86_400_000
    let from = state == "notYetValid" ? sandbox.time.advanced(byMilliseconds: day) : sandbox.time
    try issue(by: issuer, from: from, until: from.advanced(byMilliseconds: day))
    if machine == "grant" {
      try reach(grantState: state)
      return
    }
    switch state {
    case "expired": sandbox.time = sandbox.time.advanced(byMilliseconds: 2 * day)
    case "suspended": try perform("suspend", by: issuer)
    case "annulled": try perform("annul", by: issuer)
    case "cancelled": try perform("cancel", by: issuer)
    case "revoked": try perform("revoke", by: issuer)
    case "transferred": try perform("transferOut", by: issuer)
    default: break
    }
  }

  private mutating func reach(grantState state: String?) throws {
    guard let state else { return }
    let holder = sandbox.caller(Self.holder)
    try perform("grant", by: holder)
    switch state {
    case "revoked": try perform("revokeGrant", by: holder)
    case "expired": sandbox.time = sandbox.time.advanced(byMilliseconds: 7_200_000)
    case "exhausted":
      try sandbox.call(
        "licence", "recordUse",
        RecordUse(licence: try identifier(1).licence, matterCode: "M1", fieldNames: ["name"], grant: grant),
        as: sandbox.caller(Self.verifier))
    default: break
    }
  }

  func identifier(_ version: Int, issuer: OrganisationID = Self.issuer) throws -> LicenceIdentifier {
    try LicenceIdentifier(typeCode: typeCode, issuer: issuer.rawValue, serial: "202300000001", version: version)
  }

  mutating func issue(by caller: Caller, from: BlockTime, until: BlockTime?) throws {
    try sandbox.call(
      "licence", "issue",
      IssueLicence(
        identifier: try identifier(1), subject: .organisation(Self.holder), fieldRoot: digest, fileDigest: digest, sealDigest: digest,
        validFrom: from, validUntil: until),
      as: caller)
  }

  /// A grantor other than the subject is a citizen's agent, shown elsewhere.
  func organisation(in relation: String) -> OrganisationID? {
    switch relation {
    case "issuer": machine == "licence" ? Self.issuer : nil
    case "subject": machine == "type" ? nil : Self.holder
    case "grantee": machine == "grant" ? Self.verifier : nil
    default: nil
    }
  }

  /// The version of the record that a call works from; 1 where there is none, so that existence is what is refused.
  func version() throws -> UInt64 {
    if machine == "type" { return try sandbox.query("licence", "type", typeCode, as: Registered<LicenceType>?.self)?.version ?? 1 }
    return try sandbox.query("licence", "licence", try identifier(1).licence, as: Registered<Licence>?.self)?.version ?? 1
  }

  mutating func perform(_ call: String, by caller: Caller) throws {
    let name = EntryName(unchecked: call)
    let licence = try identifier(1).licence
    func send(_ arguments: some CanonicalCodable) throws { try sandbox.call("licence", name, arguments, as: caller) }
    switch call {
    case "defineType":
      try send(
        DefineType(
          code: typeCode, name: "营业执照", schema: [SchemaField(name: "name", fieldClass: .commitment)], issuers: [Self.issuer],
          bases: ["GB-1"], validityRule: "openEnded", holderKind: .organisation))
    case "changeType": try send(ChangeType(code: typeCode, expectedVersion: try version(), name: "营业执照（新）"))
    case "retireType": try send(RetireType(code: typeCode, reason: "replaced"))
    case "issue": try issue(by: caller, from: sandbox.time, until: nil)
    case "amend":
      try send(
        AmendLicence(
          identifier: try identifier(2), expectedVersion: try version(), fieldRoot: digest, fileDigest: digest, sealDigest: digest,
          reason: "address"))
    case "renew":
      try send(
        RenewLicence(
          identifier: try identifier(2), expectedVersion: try version(), fieldRoot: digest, fileDigest: digest, sealDigest: digest,
          validFrom: sandbox.time))
    case "suspend": try send(SuspendLicence(licence: licence, reason: "inquiry"))
    case "resume", "annul", "cancel": try send(ChangeLicence(licence: licence, reason: "decided"))
    case "revoke": try send(RevokeLicence(licence: licence, reason: "decided", decisionDigest: digest))
    case "transferOut": try send(TransferLicence(licence: licence, toAuthority: Self.office))
    case "recordUse": try send(RecordUse(licence: licence, matterCode: "M1", fieldNames: ["name"], basis: "GB-1"))
    case "grant":
      let content = GrantContent(
        licence: licence, verifier: Self.verifier, verifierChain: sandbox.genesis.chain, fields: ["name"], purpose: "check",
        until: sandbox.time.advanced(byMilliseconds: 3_600_000), maxUses: 1)
      let id = try sandbox.call("licence", name, GiveGrant(content: content), as: caller, returning: Digest.self)
      grant = grant ?? id
    case "revokeGrant": try send(RevokeGrant(grant: grant ?? digest))
    default: throw ContractError.notSupported(call)
    }
  }

  func state() throws -> String? {
    switch machine {
    case "type": return try sandbox.query("licence", "type", typeCode, as: Registered<LicenceType>?.self)?.state.rawValue
    case "licence":
      let question = StatusQuestion(licence: try identifier(1).licence, time: sandbox.time)
      return try sandbox.query("licence", "status", question, as: LicenceStatus?.self)?.state.rawValue
    default:
      guard let grant else { return nil }
      let found = try sandbox.query("licence", "grantRecord", grant, as: Registered<Grant>?.self)
      return found.map { Grants.state(of: $0, used: $0.content.used, at: sandbox.time).rawValue }
    }
  }

  /// A department that is not the identifier's issuer fails on that; the issuer's own success builds every world of a licence.
  func refusal(creating call: String, by actor: LifecycleActor) -> String? {
    switch call {
    case "issue": "badArgument"
    case "defineType": (try? state()) == nil ? nil : "alreadyExists"
    default: nil
    }
  }

  /// A citizen's agent needs the person's proof, which a sandbox without members cannot check.
  func isShownElsewhere(_ call: String, by actor: LifecycleActor) -> Bool {
    actor == .role("citizenAgent") && ["grant", "revokeGrant"].contains(call)
  }
}

@Suite struct LicenceLifecycle {
  @Test func everyTriple() throws {
    let counts = try LifecycleOracle.run(LicenceScenario.self, except: ["remoteUse"])
    print("licence: \(counts)")
    #expect(counts.allowed > 30 && counts.total > 2_000)
  }

  @Test func noOtherCalls() throws { try LifecycleOracle.checkCalls(of: ElectronicLicence()) }
}
