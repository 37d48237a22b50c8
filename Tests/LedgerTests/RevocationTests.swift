import ChainCore
import ChainTesting
import Testing

/// Authorities revoke what they issued by signed lists that anybody brings; only newer, complete lists of authorities of the chain count.
@Suite struct RevocationTests {
  struct World {
    var chain: SoloChain
    var clerk: Account
    var serial: [UInt8]
    var key: PrivateKey { clerk.key }
  }

  static func world(_ suite: CryptoSuite) throws -> World {
    var chain = try IdentityTests.chain(suite)
    let key = try IdentityTests.key("listed", chain)
    let der = try IdentityTests.certificate(key, "city-hall", serial: 700, chain)
    try chain.call("identity", "register", RegisterMember(certificates: [der]), by: chain.administrator)
    return World(chain: chain, clerk: Account(organisation: "city-hall", key: key), serial: try Certificate(der: der).serial)
  }

  static func list(
    _ number: UInt64, _ entries: [RevocationList.Entry], by authority: CertificateAuthority? = nil, from: BlockTime? = nil,
    until: BlockTime = IdentityTests.until, _ chain: SoloChain
  ) throws -> RevocationList {
    try (authority ?? chain.founding.authority).revocationList(number: number, entries: entries, from: from ?? 1_000_000, until: until)
  }

  static func bring(_ list: RevocationList, under authorities: [[UInt8]] = [], _ chain: inout SoloChain) throws -> Receipt {
    try chain.call(
      "identity", "importRevocations", ImportRevocations(list: list.der, authorities: authorities), by: try chain.member("tax"))
  }

  @Test(arguments: CryptoSuite.allCases) func aListRevokesBySerial(suite: CryptoSuite) throws {
    var world = try Self.world(suite)
    let unknown = RevocationList.Entry(serial: [0x12, 0x34, 0x56], reason: .final(1))
    let list = try Self.list(5, [RevocationList.Entry(serial: world.serial, reason: .final(4)), unknown], world.chain)
    #expect(list.entries.count == 2 && list.number == [5])
    let receipt = try Self.bring(list, &world.chain)
    #expect(receipt.status == .succeeded, "\(receipt.message)")
    let summary = try ImportedRevocations(canonicalBytes: receipt.output)
    #expect(summary.revoked == 1 && summary.suspended == 0)
    #expect(try IdentityTests.member(world.clerk.id, world.chain).status == .revoked)
    #expect(try IdentityTests.file(1, by: world.clerk, &world.chain).message.contains("revoked"))
    // The list goes on to count for certificates that nobody has registered yet.
    let late = try IdentityTests.certificate(IdentityTests.key("late", world.chain), "tax", serial: 0x123456, world.chain)
    let refused = try world.chain.call(
      "identity", "register", RegisterMember(certificates: [late]), by: world.chain.administrator)
    #expect(refused.code == "badArgument" && refused.message.contains("revocation list"))

    #expect(try Self.bring(list, &world.chain).message.contains("number"), "the same again")
    #expect(try Self.bring(Self.list(4, [], world.chain), &world.chain).message.contains("number"), "an older one")
    let earlier = try Self.list(7, [], from: 999_000, world.chain)
    #expect(try Self.bring(earlier, &world.chain).message.contains("older"))
    #expect(try Self.bring(Self.list(256, [], world.chain), &world.chain).status == .succeeded, "a longer number is greater")
    #expect(try Self.bring(Self.list(9, [], world.chain), &world.chain).message.contains("number"))
  }

  @Test func whatIsHeldIsSuspendedUntilTheListLetsGo() throws {
    var world = try Self.world(.international)
    let hold = try Self.list(1, [RevocationList.Entry(serial: world.serial, reason: .hold)], world.chain)
    #expect(try Self.bring(hold, &world.chain).status == .succeeded)
    #expect(try IdentityTests.member(world.clerk.id, world.chain).status == .suspended)
    #expect(try world.chain.call("identity", "resume", world.clerk.id, by: world.chain.administrator).code == "held")
    #expect(try Self.bring(Self.list(2, [], world.chain), &world.chain).status == .succeeded)
    #expect(try IdentityTests.member(world.clerk.id, world.chain).status == .suspended, "an administrator resumes")
    #expect(try world.chain.call("identity", "resume", world.clerk.id, by: world.chain.administrator).status == .succeeded)
  }

  @Test func aCertificateThatWasReplacedDoesNotTakeTheMemberWithIt() throws {
    var world = try Self.world(.international)
    let der = try IdentityTests.certificate(world.key, "city-hall", serial: 701, world.chain)
    try world.chain.call(
      "identity", "renew", RenewMember(account: world.clerk.id, certificates: [der]), by: world.clerk)
    let list = try Self.list(1, [RevocationList.Entry(serial: world.serial, reason: .final(4))], world.chain)
    #expect(try Self.bring(list, &world.chain).status == .succeeded)
    #expect(try IdentityTests.member(world.clerk.id, world.chain).status == .active)
  }

  @Test(arguments: CryptoSuite.allCases) func onlyAuthoritiesOfTheChainCount(suite: CryptoSuite) throws {
    var world = try Self.world(suite)
    let chain = world.chain
    let entry = [RevocationList.Entry(serial: world.serial)]
    let name = CertificateAuthority.Subject(organisation: "platform", commonName: "root of \(chain.genesis.chain)")
    let impostor = try CertificateAuthority.root(name, key: IdentityTests.key("impostor", chain), from: 0, until: IdentityTests.until)
    #expect(try Self.bring(Self.list(1, entry, by: impostor, chain), &world.chain).message.contains("signature"), "the name is not the key")
    let stranger = try CertificateAuthority.root(
      .init(organisation: "elsewhere", commonName: "root"), key: IdentityTests.key("stranger", chain), from: 0, until: IdentityTests.until)
    #expect(try Self.bring(Self.list(1, entry, by: stranger, chain), &world.chain).message.contains("no root"))
    let future = try Self.list(1, entry, from: world.chain.time.advanced(byMilliseconds: 100_000), chain)
    #expect(try Self.bring(future, &world.chain).code == "badArgument")
    let outdated = try Self.list(1, entry, until: 2_000_000, chain)
    #expect(try Self.bring(outdated, &world.chain).message.contains("newest"))

    // An authority below a root speaks for what it issued, not for the root.
    let sub = try CertificateAuthority(
      certificate: chain.founding.authority.issue(
        .init(organisation: "platform", commonName: "sub"), publicKey: IdentityTests.key("sub", chain).publicKey, serial: 50, from: 0,
        until: IdentityTests.until, isCA: true), key: IdentityTests.key("sub", chain))
    let subList = try Self.list(1, entry, by: sub, chain)
    #expect(try Self.bring(subList, &world.chain).message.contains("no root"), "its certificate is not here")
    #expect(try Self.bring(subList, under: [sub.certificate.der], &world.chain).status == .succeeded)
    #expect(try IdentityTests.member(world.clerk.id, world.chain).status == .active, "another issuer's serial number")
    let key = try IdentityTests.key("below", chain)
    let path = [try IdentityTests.certificate(key, "tax", serial: 60, by: sub, chain), sub.certificate.der]
    let administrator = world.chain.administrator
    try world.chain.call("identity", "register", RegisterMember(certificates: path), by: administrator)
    let own = try Self.list(2, [RevocationList.Entry(serial: [60])], by: sub, chain)
    #expect(try Self.bring(own, under: [sub.certificate.der], &world.chain).status == .succeeded)
    #expect(try IdentityTests.member(suite.accountID(of: key.publicKey), world.chain).status == .revoked)
    // The root revokes the authority: nobody comes through it any more.
    let final = try Self.list(1, [RevocationList.Entry(serial: [50])], chain)
    #expect(try Self.bring(final, &world.chain).status == .succeeded)
    let more = [try IdentityTests.certificate(IdentityTests.key("more", chain), "tax", serial: 61, by: sub, chain), sub.certificate.der]
    let refused = try world.chain.call("identity", "register", RegisterMember(certificates: more), by: administrator)
    #expect(refused.message.contains("revocation list"))
  }

  @Test func theLastAdministratorIsNotListedAway() throws {
    var world = try Self.world(.international)
    let administrator = try IdentityTests.member(world.chain.administrator.id, world.chain)
    let list = try Self.list(1, [RevocationList.Entry(serial: administrator.serial)], world.chain)
    let refused = try Self.bring(list, &world.chain)
    #expect(refused.code == "notAllowed" && refused.message.contains("administer"))
    _ = try world.chain.member("housing")
    #expect(try Self.bring(list, &world.chain).status == .succeeded, "now somebody is left")
  }

  @Test(arguments: CryptoSuite.allCases) func listsAreReadStrictly(suite: CryptoSuite) throws {
    let world = try Self.world(suite)
    let list = try Self.list(
      77, [RevocationList.Entry(serial: world.serial, reason: .final(1)), .init(serial: [9], reason: .hold)], world.chain)
    let again = try RevocationList(der: list.der)
    #expect(again == list && again.entries == list.entries && again.thisUpdate == 1_000_000 && again.nextUpdate == IdentityTests.until)
    #expect(Set(again.entries.map(\.reason)) == [.final(1), .hold])
    let root = world.chain.founding.authority.certificate
    try again.verify(by: root, suite: suite, at: 2_000_000)
    var accepted = 0
    for index in list.der.indices {
      var damaged = list.der
      damaged[index] ^= 1
      guard let read = try? RevocationList(der: damaged) else { continue }
      #expect(throws: CertificateError.self, "byte \(index)") { try read.verify(by: root, suite: suite, at: 2_000_000) }
      accepted += 1
    }
    #expect(accepted > 64, "a signature is read before it is refused")
    for length in 0..<list.der.count { #expect(throws: CertificateError.self) { try RevocationList(der: Array(list.der.prefix(length))) } }
    #expect(throws: CertificateError.self) { try RevocationList(der: list.der + [0]) }
    #expect(throws: CertificateError.listTooLarge("\(RevocationList.byteLimit + 1) bytes")) {
      try RevocationList(der: [UInt8](repeating: 0, count: RevocationList.byteLimit + 1))
    }
  }
}
