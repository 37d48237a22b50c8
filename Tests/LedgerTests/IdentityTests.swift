import ChainCore
import ChainTesting
import Testing

/// Members, organisations and authorities come, change and go on the chain; each wrong way is refused with its reason.
@Suite struct IdentityTests {
  static let until: BlockTime = 4_000_000_000_000

  static func chain(_ suite: CryptoSuite = .international) throws -> SoloChain {
    try SoloChain(
      [NotesContract()], suite: suite, organisations: ["city-hall": ["department"], "housing": ["administrator"], "tax": []])
  }

  static func key(_ name: String, _ chain: SoloChain) throws -> PrivateKey {
    try PrivateKey(suite: chain.suite, secret: chain.suite.hash(Array("identity \(name)".utf8)).bytes)
  }

  static func certificate(
    _ key: PrivateKey, _ organisation: OrganisationID, serial: UInt64, by authority: CertificateAuthority? = nil, until: BlockTime = until,
    _ chain: SoloChain
  ) throws -> [UInt8] {
    try (authority ?? chain.founding.authority).issue(
      .init(organisation: organisation.rawValue, commonName: "clerk"), publicKey: key.publicKey, serial: serial, from: 0, until: until
    ).der
  }

  static func member(_ account: AccountID, _ chain: SoloChain) throws -> Member {
    try #require(try chain.ledger.query("identity", "member", account, as: Member?.self))
  }

  static func file(_ number: UInt64, by account: Account, _ chain: inout SoloChain) throws -> Receipt {
    try chain.call("notes", "file", FileNote(number: number, text: ""), by: account)
  }

  @Test func aCertificateIsRenewedForTheSameKeyOnly() throws {
    var chain = try Self.chain()
    let key = try Self.key("clerk", chain)
    let account = Account(organisation: "city-hall", key: key)
    let soon = chain.time.advanced(byMilliseconds: 60_000)
    let first = try Self.certificate(key, "city-hall", serial: 70, until: soon, chain)
    try chain.call("identity", "register", RegisterMember(certificates: [first]), by: chain.administrator)
    func renew(_ der: [UInt8], by caller: Account) throws -> Receipt {
      try chain.call("identity", "renew", RenewMember(account: account.id, certificates: [der]), by: caller)
    }
    let new = try Self.certificate(key, "city-hall", serial: 71, chain)
    let stranger = try chain.member("tax")
    #expect(try renew(new, by: stranger).code == "notAuthorised")
    #expect(try renew(first, by: account).code == "alreadyExists", "that certificate was used")
    #expect(try renew(Self.certificate(Self.key("other", chain), "city-hall", serial: 72, chain), by: account).code == "badArgument")
    #expect(try renew(Self.certificate(key, "tax", serial: 73, chain), by: account).code == "badArgument")
    let sooner = chain.time.advanced(byMilliseconds: 30_000)
    #expect(try renew(Self.certificate(key, "city-hall", serial: 74, until: sooner, chain), by: account).code == "badArgument")
    chain.time = soon.advanced(byMilliseconds: 1_000)
    #expect(try Self.file(1, by: account, &chain).message.contains("certificate"), "expired")
    #expect(try renew(new, by: account).code == "notAuthorised", "who has no valid certificate calls nothing")
    #expect(try renew(new, by: chain.administrator).status == .succeeded)
    #expect(try Self.file(1, by: account, &chain).status == .succeeded)
    #expect(try Self.member(account.id, chain).validUntil == Self.until)
    #expect(try renew(new, by: account).code == "alreadyExists")
  }

  @Test(arguments: CryptoSuite.allCases) func theOldKeySignsForTheNew(suite: CryptoSuite) throws {
    var chain = try Self.chain(suite)
    let old = try chain.member("city-hall")
    let key = try Self.key("new", chain)
    func rotation(_ new: PrivateKey, serial: UInt64, signedBy signer: PrivateKey, organisation: OrganisationID = "city-hall") throws
      -> RotateKey
    {
      let statement = KeyRotation(account: old.id, old: old.key.publicKey, new: new.publicKey)
      return RotateKey(
        account: old.id, certificates: [try Self.certificate(new, organisation, serial: serial, chain)],
        signature: try signer.sign(statement.digest(genesis: chain.ledger.genesisID, suite: suite)))
    }
    func rotate(_ call: RotateKey, by caller: Account) throws -> String { try chain.call("identity", "rotate", call, by: caller).code }
    let taken = try chain.member("tax")
    #expect(try rotate(rotation(key, serial: 80, signedBy: key), by: old) == "badArgument", "the new key signs for itself")
    #expect(try rotate(rotation(key, serial: 81, signedBy: old.key, organisation: "tax"), by: old) == "badArgument")
    #expect(try rotate(rotation(taken.key, serial: 82, signedBy: old.key), by: old) == "badArgument", "another member's key")
    #expect(try rotate(rotation(old.key, serial: 83, signedBy: old.key), by: old) == "badArgument")
    let good = try rotation(key, serial: 84, signedBy: old.key)
    #expect(try rotate(good, by: taken) == "ok", "anybody may bring it: two keys and an authority agreed")
    let new = Account(id: old.id, organisation: "city-hall", key: key)
    #expect(try Self.file(1, by: old, &chain).message.contains("not the current key"))
    #expect(try Self.file(2, by: new, &chain).status == .succeeded)
    #expect(try Self.member(old.id, chain).account == old.id)
    #expect(try rotate(good, by: new) == "badArgument", "the key is in use")
    // Back to the retired key: what it signed once would count again.
    let back = KeyRotation(account: old.id, old: key.publicKey, new: old.key.publicKey)
    let call = RotateKey(
      account: old.id, certificates: [try Self.certificate(old.key, "city-hall", serial: 85, chain)],
      signature: try key.sign(back.digest(genesis: chain.ledger.genesisID, suite: suite)))
    #expect(try rotate(call, by: new) == "badArgument")
    let again = RegisterMember(certificates: [try Self.certificate(key, "city-hall", serial: 86, chain)])
    #expect(try chain.call("identity", "register", again, by: chain.administrator).code == "badArgument", "nor a member of its own")
  }

  @Test func suspendedMembersAreSilentUntilResumed() throws {
    var chain = try Self.chain()
    let clerk = try chain.member("city-hall")
    func act(_ entry: EntryName, by caller: Account) throws -> String {
      entry == "resume"
        ? try chain.call("identity", entry, clerk.id, by: caller).code
        : try chain.call("identity", entry, RevokeMember(account: clerk.id, reason: "inquiry"), by: caller).code
    }
    #expect(try act("suspend", by: clerk) == "notAuthorised")
    #expect(try act("resume", by: chain.administrator) == "notAllowed")
    #expect(try act("suspend", by: chain.administrator) == "ok")
    #expect(try act("suspend", by: chain.administrator) == "notAllowed")
    #expect(try Self.file(1, by: clerk, &chain).message.contains("suspended"))
    let signed = try chain.sign("notes", "remove", UInt64(1), by: clerk)
    #expect(throws: AdmissionError.refused(.suspended(clerk.id))) { try chain.ledger.admit(signed) }
    #expect(try act("resume", by: chain.administrator) == "ok")
    #expect(try Self.file(1, by: clerk, &chain).status == .succeeded)
    #expect(try act("suspend", by: chain.administrator) == "ok")
    #expect(try act("revoke", by: chain.administrator) == "ok", "also from there")
    #expect(try act("resume", by: chain.administrator) == "notAllowed")
    #expect(try act("revoke", by: chain.administrator) == "notAllowed")
    let long = RevokeMember(account: try chain.member("tax").id, reason: String(repeating: "x", count: 65))
    #expect(try chain.call("identity", "revoke", long, by: chain.administrator).code == "badArgument")
  }

  @Test func administratorsDoNotPutEachOtherOut() throws {
    var chain = try Self.chain()
    let (housing, deputy) = (try chain.member("housing"), try chain.member("housing", named: "deputy"))
    func revoke(_ account: AccountID, by caller: Account) throws -> Receipt {
      try chain.call("identity", "revoke", RevokeMember(account: account, reason: "coup"), by: caller)
    }
    let coup = try revoke(chain.administrator.id, by: housing)
    #expect(coup.code == "notAuthorised" && coup.message.contains("identity.expel"))
    #expect(try revoke(housing.id, by: housing).code == "notAuthorised", "nor itself")
    #expect(try revoke(deputy.id, by: housing).status == .succeeded, "its own house it keeps in order")
    #expect(try chain.govern("identity", "expel", RevokeMember(account: housing.id, reason: "vote")).status == .succeeded)
    let last = try chain.govern("identity", "expel", RevokeMember(account: chain.administrator.id, reason: "vote"))
    #expect(last.code == "notAllowed" && last.message.contains("administer"), "\(last.message)")
  }

  @Test func organisationsComeAndGoByGovernance() throws {
    var chain = try Self.chain()
    let museum = Organisation(id: "museum", name: "博物馆")
    #expect(try chain.call("identity", "addOrganisation", museum, by: chain.administrator).code == "notAuthorised")
    let unknown = RegisterMember(certificates: [try Self.certificate(Self.key("m", chain), "museum", serial: 90, chain)])
    #expect(try chain.call("identity", "register", unknown, by: chain.administrator).code == "badArgument")
    // One proposal: the organisation and its role.
    let calls = [
      GovernedCall("identity", "addOrganisation", museum),
      GovernedCall("access", "grant", RoleChange(.init("museum"), roles: ["department"])),
    ]
    #expect(try chain.govern(calls).status == .succeeded)
    #expect(try chain.govern("identity", "addOrganisation", museum).code == "alreadyExists")
    #expect(try chain.govern("identity", "addOrganisation", Organisation(id: "x", name: "")).code == "badArgument")
    let guide = try chain.member("museum")
    #expect(try Self.file(1, by: guide, &chain).status == .succeeded)
    #expect(try chain.govern("identity", "renameOrganisation", Organisation(id: "museum", name: "河南博物院")).status == .succeeded)
    #expect(try chain.govern("identity", "renameOrganisation", Organisation(id: "nobody", name: "x")).code == "notFound")
    #expect(try chain.govern("identity", "resumeOrganisation", OrganisationID("museum")).code == "notAllowed")
    #expect(try chain.govern("identity", "suspendOrganisation", OrganisationID("museum")).status == .succeeded)
    #expect(try chain.govern("identity", "suspendOrganisation", OrganisationID("museum")).code == "notAllowed")
    #expect(try Self.file(2, by: guide, &chain).message.contains("organisation museum is suspended"))
    #expect(throws: SoloChainError.self) { try chain.member("museum", named: "second") }
    let standing: OrganisationStanding? = try chain.ledger.query("identity", "standing", OrganisationID("museum"))
    #expect(standing == OrganisationStanding(organisation: Organisation(id: "museum", name: "河南博物院"), isSuspended: true))
    #expect(try chain.govern("identity", "resumeOrganisation", OrganisationID("museum")).status == .succeeded)
    #expect(try Self.file(2, by: guide, &chain).status == .succeeded)
    let validators = try chain.govern("identity", "suspendOrganisation", OrganisationID("platform"))
    #expect(validators.code == "notAllowed" && validators.message.contains("validator"))
  }

  @Test func theLastThatAdministersStays() throws {
    var chain = try SoloChain(
      [NotesContract()], suite: .international, organisations: ["housing": ["administrator"], "town": []],
      operators: ["town", "town", "town"])
    let platform = OrganisationPlace("platform")
    let housing = try chain.member("housing")
    #expect(try chain.govern("access", "revoke", RoleChange(platform, roles: [.administrator])).status == .succeeded)
    #expect(try chain.ledger.query("governance", "voters", Electorate.administrators, as: [OrganisationID].self) == ["housing"])
    for call in [
      GovernedCall("identity", "suspendOrganisation", OrganisationID("housing")),
      GovernedCall("access", "revoke", RoleChange(.init("housing"), roles: [.administrator])),
      GovernedCall("identity", "expel", RevokeMember(account: housing.id, reason: "")),
    ] {
      let receipt = try chain.govern([call])
      #expect(receipt.code == "notAllowed" && receipt.message.contains("administer"), "\(call.entry): \(receipt.message)")
    }
    let empty = try chain.govern("access", "grant", RoleChange(.init("platform"), roles: [.administrator]))
    #expect(empty.status == .succeeded, "it has a member")
    #expect(try chain.govern("identity", "addOrganisation", Organisation(id: "void", name: "void")).status == .succeeded)
    #expect(try chain.govern("access", "grant", RoleChange(.init("void"), roles: [.administrator])).code == "notAllowed")
  }

  @Test(arguments: CryptoSuite.allCases) func rootAuthoritiesComeAndGo(suite: CryptoSuite) throws {
    var chain = try Self.chain(suite)
    let root = try CertificateAuthority.root(
      .init(organisation: "ministry", commonName: "root 2"), key: Self.key("root 2", chain), from: 0, until: Self.until)
    let intermediate = try root.issue(
      .init(organisation: "ministry", commonName: "sub"), publicKey: Self.key("sub", chain).publicKey, serial: 2, from: 0,
      until: Self.until,
      isCA: true)
    let sub = try CertificateAuthority(certificate: intermediate, key: Self.key("sub", chain))
    let key = try Self.key("under sub", chain)
    let path = RegisterMember(certificates: [try Self.certificate(key, "tax", serial: 3, by: sub, chain), intermediate.der])
    #expect(try chain.call("identity", "register", path, by: chain.administrator).code == "badArgument", "unknown root")
    func add(_ der: [UInt8]) throws -> Receipt { try chain.govern("identity", "addAuthority", der) }
    #expect(try chain.call("identity", "addAuthority", root.certificate.der, by: chain.administrator).code == "notAuthorised")
    #expect(try add([1, 2, 3]).code == "badArgument")
    #expect(try add(intermediate.der).code == "badArgument", "not a root")
    #expect(try add(Self.certificate(key, "tax", serial: 4, chain)).code == "badArgument", "not an authority")
    let foreign: CryptoSuite = suite == .guomi ? .international : .guomi
    let other = try CertificateAuthority.root(
      .init(organisation: "m", commonName: "r"), key: try PrivateKey.generate(foreign), from: 0, until: Self.until)
    #expect(try add(other.certificate.der).code == "badArgument", "another suite")
    let expired = try CertificateAuthority.root(
      .init(organisation: "m", commonName: "r"), key: try Self.key("r", chain), from: 0, until: 1_000_000_000_000)
    #expect(try add(expired.certificate.der).code == "badArgument", "expired")
    #expect(try add(root.certificate.der).status == .succeeded)
    #expect(try add(root.certificate.der).code == "alreadyExists")
    #expect(try chain.call("identity", "register", path, by: chain.administrator).status == .succeeded)
    let account = suite.accountID(of: key.publicKey)

    let held = try chain.govern("identity", "removeAuthority", UInt32(1))
    #expect(held.code == "notAllowed" && held.message.contains("1 members hang on it"))
    #expect(try chain.govern("identity", "removeAuthority", UInt32(9)).code == "notFound")
    let moved = RenewMember(account: account, certificates: [try Self.certificate(key, "tax", serial: 5, chain)])
    #expect(try chain.call("identity", "renew", moved, by: chain.administrator).status == .succeeded, "certified by the other root")
    #expect(try chain.govern("identity", "removeAuthority", UInt32(1)).status == .succeeded)
    let late = RegisterMember(certificates: [
      try Self.certificate(Self.key("late", chain), "tax", serial: 6, by: sub, chain), intermediate.der,
    ])
    #expect(try chain.call("identity", "register", late, by: chain.administrator).code == "badArgument")
    let last = try chain.govern("identity", "removeAuthority", UInt32(0))
    #expect(last.code == "notAllowed")
    let left: [RootAuthority] = try chain.ledger.query("identity", "authorities", NoResult())
    #expect(left.map(\.number) == [0] && left[0].members == 3)
    #expect(try add(root.certificate.der).status == .succeeded)
    let numbers: [RootAuthority] = try chain.ledger.query("identity", "authorities", NoResult())
    #expect(numbers.map(\.number) == [0, 2], "numbers are not used again")
  }
}
