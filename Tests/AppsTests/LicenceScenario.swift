import Apps
import ChainCore
import ChainTesting
import CrossChain
import Testing

/// Stands where `xc` stands: believes every proof and swallows packets, so that the licence contract's own rules show.
struct TrustingNetwork: PacketSender {
  static let name: ContractName = "xc"
  var entries: Entries {
    Query("verifyRemote") { (question: RemoteQuestion, context) -> VerifiedRecord in
      VerifiedRecord(
        chain: "henan/410100", genesis: .none, suite: context.suite, height: 7, time: context.time, key: question.proof.record.key,
        value: question.proof.record.value)
    }
  }
  func send(
    _ packet: OutgoingPacket, from port: ContractName, by caller: Caller, _ context: ContractContext
  ) throws(ContractError) -> SentPacket { SentPacket(id: .zero, sequence: 1) }
}

/// The contract `licence` in a state of one of its machines; licences held by an organisation or by a person.
struct LicenceScenario: LifecycleScenario {
  static let contract: ContractName = "licence"
  static let variants = ["organisation", "person"]
  static let issuer: OrganisationID = "11410100MB0A010107"
  static let otherIssuer: OrganisationID = "11410200MB0A02013W"
  static let holder: OrganisationID = "91410600MA9A0007X7"
  static let agent: OrganisationID = "agent"
  static let service: OrganisationID = "identity-office"

  struct People {
    var template: ContractSandbox
    var service: Account
    var person: PrivateKey
    var reference: SubjectRef
  }
  static let people: Result<People, any Error> = Result {
    let suite = CryptoSuite.guomi
    let root = try PrivateKey(suite: suite, secret: suite.hash([1]).bytes)
    let service = Account(organisation: Self.service, key: try PrivateKey(suite: suite, secret: suite.hash([2]).bytes))
    let authority = try CertificateAuthority.root(
      .init(organisation: "root", commonName: "root"), key: root, from: 0, until: 4_000_000_000_000)
    let certificate = try authority.issue(
      .init(organisation: Self.service.rawValue, commonName: "service"), publicKey: service.key.publicKey, serial: 2, from: 0,
      until: 4_000_000_000_000)
    let ours: [OrganisationID: [Role]] = [
      issuer: ["department"], otherIssuer: ["department"], holder: [], agent: ["citizenAgent"], Self.service: [.identityService],
      "data-office": ["dataOffice"], "bureau": ["verifier"],
    ]
    let template = try ContractSandbox(
      [ElectronicLicence(), TrustingNetwork()], organisations: foreigners(try Lifecycles.load().roles).merging(ours) { $1 },
      authorities: [authority.certificate.der], members: [certificate.der])
    let reference = try SubjectRef(
      citizenNumber: "410105188501010014", domain: ElectronicLicence.domain, key: Array(repeating: 7, count: 32), suite: suite)
    return People(
      template: template, service: service, person: try PrivateKey(suite: suite, secret: suite.hash([3]).bytes), reference: reference)
  }

  var sandbox: ContractSandbox
  let machine: String
  let startState: String?
  let isPersons: Bool
  let people: People
  let code: LicenceTypeCode
  var number: LicenceNumber
  var grant: Digest?
  private var isIssued = false
  private var remoteGrant: Digest?

  init(machine: String, state: String?, variant: String) throws {
    people = try Self.people.get()
    sandbox = people.template
    self.machine = machine
    startState = state
    isPersons = variant == "person"
    code = try LicenceTypeCode("11410000MB0A00026E001")
    number = try LicenceIdentifier(typeCode: code, issuer: Self.issuer.rawValue, serial: "202300000001", version: 1).licence
    switch machine {
    case "type": try makeType(state)
    case "licence": try makeLicence(state)
    case "grant": try makeGrant(state)
    default: if state != nil { try perform("verifyRemote", by: sandbox.caller("bureau")) }
    }
  }

  private mutating func makeType(_ state: String?) throws {
    guard let state else { return }
    try perform("defineType", by: sandbox.caller("data-office"))
    if state == "retired" { try perform("retireType", by: sandbox.caller("data-office")) }
  }

  private mutating func makeLicence(_ state: String?) throws {
    try makeType("defined")
    guard let state else { return }
    let issuer = sandbox.caller(Self.issuer)
    try perform("issue", by: issuer)
    let calls = [
      "suspended": "suspend", "annulled": "annul", "cancelled": "cancel", "revoked": "revoke", "transferred": "transferOut",
    ]
    if let call = calls[state] { try perform(call, by: issuer) }
    if state == "expired" { sandbox.time = sandbox.time.advanced(byMilliseconds: 2_000_000) }
  }

  private mutating func makeGrant(_ state: String?) throws {
    try makeLicence("valid")
    guard let state else { return }
    try perform("grant", by: sandbox.caller(isPersons ? Self.agent : Self.holder))
    switch state {
    case "revoked": try perform("revokeGrant", by: sandbox.caller(isPersons ? Self.agent : Self.holder))
    case "expired": sandbox.time = sandbox.time.advanced(byMilliseconds: 2_000_000)
    case "exhausted": for _ in 0..<2 { try useGrant() }
    default: try useGrant()
    }
  }

  /// One of the two uses that the world's grants allow.
  mutating func useGrant() throws {
    try sandbox.call(
      "licence", "recordUse", RecordUse(licence: number, matterCode: "m1", fieldNames: ["name"], grant: grant),
      as: sandbox.caller("bureau"))
  }

  static func organisation(withRole role: String) -> OrganisationID {
    role == "department" ? otherIssuer : OrganisationID(unchecked: "foreign-\(role)")
  }

  func organisation(in relation: String) -> OrganisationID? {
    switch (relation, machine) {
    case ("issuer", "licence"): Self.issuer
    case ("subject", "grant"): isPersons ? nil : Self.holder
    case ("grantor", "grant"): startState == nil ? nil : isPersons ? Self.agent : Self.holder
    default: nil
    }
  }

  /// An agent speaks for persons only: it stands in no relation to an organisation's licence.
  func isIn(_ who: [String], _ actor: LifecycleActor) -> Bool? {
    !isPersons && machine == "grant" && actor == .role("citizenAgent") ? false : nil
  }

  /// Types, licences of one number and grants of one content exist once; other organisations make their own.
  func refusal(creating call: String, by actor: LifecycleActor) -> String? {
    call == "defineType" && startState != nil ? "alreadyExists" : nil
  }

  func state() throws -> String? {
    switch machine {
    case "type": return try sandbox.query("licence", "type", code, as: Registered<LicenceType>?.self)?.state.rawValue
    case "licence":
      return try sandbox.query("licence", "status", StatusQuestion(licence: number), as: LicenceStatus?.self)?.state.rawValue
    case "grant":
      guard let grant, let record = try sandbox.query("licence", "grantRecord", grant, as: Registered<Grant>?.self) else { return nil }
      return Grants.state(of: record, used: record.content.used, at: sandbox.time).rawValue
    default:
      guard let remoteGrant else { return nil }
      return try sandbox.query("licence", "remoteUses", remoteGrant, as: [RemoteUse].self).isEmpty ? nil : "recorded"
    }
  }

  private var digest: Digest { sandbox.genesis.suite.hash([9]) }
  private var version: UInt64 {
    get throws { try sandbox.query("licence", "status", StatusQuestion(licence: number), as: LicenceStatus?.self)?.version ?? 1 }
  }
  private var next: LicenceIdentifier {
    get throws {
      let found = try sandbox.query("licence", "status", StatusQuestion(licence: number), as: LicenceStatus?.self)
      return try LicenceIdentifier(
        typeCode: code, issuer: Self.issuer.rawValue, serial: "202300000001", version: (found?.identifier.version ?? 0) + 1)
    }
  }

  mutating func perform(_ call: String, by caller: Caller) throws {
    let name = EntryName(unchecked: call)
    switch call {
    case "defineType", "changeType", "retireType": try changeType(name, caller)
    case "grant", "revokeGrant", "recordUse", "verifyRemote": try use(name, caller)
    default: try change(name, caller)
    }
  }

  private mutating func changeType(_ call: EntryName, _ caller: Caller) throws {
    switch call {
    case "defineType":
      let type = DefineType(
        code: code, name: "营业执照", schema: ["name", "address"].map { SchemaField(name: $0, fieldClass: .commitment) },
        issuers: [Self.issuer, Self.otherIssuer], bases: ["basis-1"], validityRule: "none",
        holderKind: isPersons ? .person : .organisation)
      try sandbox.call("licence", call, type, as: caller)
    case "changeType":
      let found = try sandbox.query("licence", "type", code, as: Registered<LicenceType>?.self)
      try sandbox.call("licence", call, ChangeType(code: code, expectedVersion: found?.version ?? 1, name: "执照"), as: caller)
    default: try sandbox.call("licence", call, RetireType(code: code, reason: "replaced"), as: caller)
    }
  }

  private mutating func change(_ call: EntryName, _ caller: Caller) throws {
    switch call {
    case "issue":
      let issuer = (try? UnifiedCreditCode(caller.organisation.rawValue))?.text ?? Self.issuer.rawValue
      let identifier = try LicenceIdentifier(typeCode: code, issuer: issuer, serial: "202300000001", version: 1)
      let begins = startState == "notYetValid" && !isIssued ? 1_000_000_000 : UInt64(0)
      try sandbox.call(
        "licence", call,
        IssueLicence(
          identifier: identifier, subject: isPersons ? .person(people.reference) : .organisation(Self.holder), fieldRoot: digest,
          fileDigest: digest, sealDigest: digest, validFrom: begins == 0 ? 0 : sandbox.time.advanced(byMilliseconds: begins),
          validUntil: startState == "expired" ? sandbox.time.advanced(byMilliseconds: 1_000_000) : nil), as: caller)
      if !isIssued { number = identifier.licence }
      isIssued = true
    case "amend":
      try sandbox.call(
        "licence", call,
        AmendLicence(
          identifier: try next, expectedVersion: try version, fieldRoot: .zero, fileDigest: .zero, sealDigest: .zero, reason: "moved"),
        as: caller)
    case "renew":
      try sandbox.call(
        "licence", call,
        RenewLicence(
          identifier: try next, expectedVersion: try version, fieldRoot: .zero, fileDigest: .zero, sealDigest: .zero, validFrom: 0),
        as: caller)
    case "suspend": try sandbox.call("licence", call, SuspendLicence(licence: number, reason: "inspection"), as: caller)
    case "revoke":
      try sandbox.call("licence", call, RevokeLicence(licence: number, reason: "fraud", decisionDigest: digest), as: caller)
    case "transferOut":
      try sandbox.call("licence", call, TransferLicence(licence: number, toAuthority: Self.otherIssuer), as: caller)
    default: try sandbox.call("licence", call, ChangeLicence(licence: number, reason: "done"), as: caller)
    }
  }

  private mutating func use(_ call: EntryName, _ caller: Caller) throws {
    switch call {
    case "recordUse":
      try sandbox.call(
        "licence", call, RecordUse(licence: number, matterCode: "m1", fieldNames: ["name"], basis: "basis-1"), as: caller)
    case "grant":
      let content = GrantContent(
        licence: number, verifier: "bureau", verifierChain: sandbox.genesis.chain, fields: ["name"], purpose: "p1",
        until: sandbox.time.advanced(byMilliseconds: 1_000_000), maxUses: 2)
      let proof = caller.has("citizenAgent") && isPersons ? try proof("grant", content) : nil
      let id = try sandbox.call("licence", call, GiveGrant(content: content, proof: proof), as: caller, returning: Digest.self)
      grant = grant ?? id
    case "revokeGrant":
      let id = grant ?? .zero
      let needsProof = caller.has("citizenAgent") && caller.organisation != Self.agent && isPersons
      try sandbox.call(
        "licence", call, RevokeGrant(grant: id, proof: needsProof ? try proof("revokeGrant", id) : nil), as: caller)
    default: try verifyRemote(caller)
    }
  }

  /// The person's consent, vouched for by the identity service.
  func proof(_ entry: EntryName, _ arguments: some CanonicalCodable & Sendable) throws -> SubjectProof {
    let statement = SubjectStatement(
      domain: ElectronicLicence.domain, subject: people.reference, key: people.person.publicKey,
      until: sandbox.time.advanced(byMilliseconds: 60_000))
    return try SubjectProof.make(
      statement, service: people.service, person: people.person, contract: "licence", entry: entry, arguments: arguments,
      random: sandbox.nextTransaction.digest, genesis: sandbox.genesis.id)
  }

  private mutating func verifyRemote(_ caller: Caller) throws {
    let identifier = try next
    let licence = Licence(
      identifier: identifier, subject: .organisation(Self.holder), schemaVersion: 1, fieldRoot: digest, fileDigest: digest,
      sealDigest: digest, validFrom: 0, validUntil: nil)
    let permission = Grant(
      record: number.text, grantee: caller.organisation, granteeChain: sandbox.genesis.chain, fields: ["name"], purpose: "p1",
      until: sandbox.time.advanced(byMilliseconds: 1_000_000), maxUses: 1)
    let id = sandbox.genesis.suite.hash(Array("\(caller.organisation) \(sandbox.height)".utf8))
    let question = VerifyRemote(
      licence: number, matterCode: "m1", fieldNames: ["name"], grant: id, disclosure: digest,
      licenceProof: claim("licences", number, Registered(state: "valid", owner: Self.issuer, version: 1, changedAt: 0, content: licence)),
      grantProof: claim("grants", id, Registered(state: "active", owner: Self.holder, version: 1, changedAt: 0, content: permission)))
    try sandbox.call("licence", "verifyRemote", question, as: caller)
    remoteGrant = remoteGrant ?? id
  }

  private func claim(_ table: TableName, _ key: some OrderedKey, _ value: some CanonicalCodable) -> RemoteProof {
    let empty = RecordProof(key: [], value: nil, proof: StateProof(end: .empty, siblings: []))
    return RemoteProof(
      relay: "henan/relay", steps: [], pin: nil, checkpoint: empty, past: nil,
      record: RecordProof(
        key: StateKey(contract: "licence", table: table, key: key).bytes, value: value.canonicalBytes,
        proof: StateProof(end: .present, siblings: [])))
  }
}
