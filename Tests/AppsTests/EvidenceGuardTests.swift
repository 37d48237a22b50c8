import Apps
import ChainCore
import ChainTesting
import Testing

/// What the evidence contract checks besides who and in which state.
@Suite struct EvidenceGuards {
  func world(_ machine: String = "evidence", _ state: String? = "deposited") throws -> EvidenceScenario {
    try EvidenceScenario(machine: machine, state: state)
  }

  func deposit(_ world: EvidenceScenario, _ change: (inout DepositEvidence) -> Void) throws {
    var copy = world
    var call = world.deposit(nonce: world.sandbox.genesis.suite.hash([2]))
    change(&call)
    try copy.sandbox.call("evidence", "deposit", call, as: world.sandbox.caller(EvidenceScenario.depositor))
  }

  @Test func aDepositNamesTheChainsOwnDigestAndNoTwoOfOneAlgorithm() throws {
    let world = try world("evidence", nil)
    let own = world.own
    try deposit(world) { _ in }
    let sha = NamedDigest(algorithm: "sha512", bytes: Array(repeating: 1, count: 64))
    try deposit(world) { $0.digests = [own, sha] }
    expect("badArgument") { try deposit(world) { $0.digests = [] } }
    expect("badArgument") { try deposit(world) { $0.digests = [sha] } }
    expect("badArgument") { try deposit(world) { $0.digests = [own, own] } }
    expect("badArgument") { try deposit(world) { $0.digests = [NamedDigest(algorithm: "sm3", bytes: [1])] } }
    expect("badArgument") { try deposit(world) { $0.digests = [own, NamedDigest(algorithm: "md5", bytes: own.bytes)] } }
    expect("badArgument") { try deposit(world) { $0.mediaType = "" } }
    expect("badArgument") { try deposit(world) { $0.mediaType = "text/410105188501010014" } }
  }

  @Test func oneFileOneNonceOneRecord() throws {
    var world = try world()
    let depositor = world.sandbox.caller(EvidenceScenario.depositor)
    expect("alreadyExists") { try world.perform("deposit", by: depositor) }
    try deposit(world) { _ in }
  }

  /// The token's imprint is a deposited digest, and its time no later than the block's plus two seconds.
  @Test func tokensFitTheFileAndTheTime() throws {
    let world = try world()
    let other = NamedDigest(algorithm: "sm3", bytes: Array(repeating: 3, count: 32))
    func attach(_ imprint: NamedDigest, leadMs: UInt64, twice: Bool = false) throws {
      var copy = world
      for _ in 0..<(twice ? 2 : 1) {
        let token = TimeStampToken(
          digest: .zero, imprint: imprint, genTime: copy.sandbox.time.advanced(byMilliseconds: leadMs))
        try copy.sandbox.call(
          "evidence", "attachToken", AttachToken(evidence: copy.item ?? .zero, token: token),
          as: copy.sandbox.caller(EvidenceScenario.depositor))
      }
    }
    try attach(world.own, leadMs: 2_000)
    expect("badArgument") { try attach(world.own, leadMs: 2_001) }
    expect("badArgument") { try attach(other, leadMs: 0) }
    expect("badArgument") { try attach(NamedDigest(algorithm: "sha256", bytes: world.own.bytes), leadMs: 0) }
    expect("alreadyExists") { try attach(world.own, leadMs: 0, twice: true) }
    let late = TimeStampToken(digest: .zero, imprint: world.own, genTime: .init(.max))
    expect("badArgument") { try deposit(world) { $0.token = late } }
  }

  /// What is offered or accepted was computed again and is the deposited file; what lies before a court does not change hands.
  @Test func custodyMovesOnlyWithTheRightDigest() throws {
    var world = try world()
    let (item, own) = (try #require(world.item), world.own)
    let holder = world.sandbox.caller(EvidenceScenario.depositor)
    let plaintiff = world.sandbox.caller(EvidenceScenario.plaintiff)
    let wrong = NamedDigest(algorithm: "sm3", bytes: Array(repeating: 3, count: 32))
    func offer(_ world: inout EvidenceScenario, to: OrganisationID, reason: String = "handover", _ digest: NamedDigest) throws {
      try world.sandbox.call(
        "evidence", "offer", OfferEvidence(evidence: item, to: to, reason: reason, recheckedDigest: digest), as: holder)
    }
    expect("badArgument") { try offer(&world, to: EvidenceScenario.plaintiff, wrong) }
    expect("badArgument") { try offer(&world, to: EvidenceScenario.depositor, own) }
    expect("badArgument") { try offer(&world, to: EvidenceScenario.plaintiff, reason: "因为 it was asked for", own) }
    try offer(&world, to: EvidenceScenario.plaintiff, own)
    expect("badArgument") {
      try world.sandbox.call("evidence", "accept", AcceptEvidence(evidence: item, recheckedDigest: wrong), as: plaintiff)
    }
    try world.perform("accept", by: plaintiff)
    let custody = try world.sandbox.query("evidence", "custody", item, as: [CustodyEntry].self)
    #expect(custody.map(\.to) == [EvidenceScenario.depositor, EvidenceScenario.plaintiff])
    #expect(custody.last?.from == EvidenceScenario.depositor && custody.last?.reason == "handover")
    let first = try #require(custody.first)
    let linked = world.sandbox.genesis.suite.digest("CustodyEntry", world.sandbox.genesis.id, first)
    #expect(first.previous == .zero && custody.last?.previous == linked)
    #expect(try world.sandbox.query("evidence", "ofHolder", EvidenceScenario.plaintiff, as: [Digest].self) == [item])
    #expect(try world.sandbox.query("evidence", "ofHolder", EvidenceScenario.depositor, as: [Digest].self) == [])
  }

  @Test func whatACourtDecidesOnStaysWhereItIs() throws {
    var world = try world("submission", "submitted")
    let holder = world.sandbox.caller(EvidenceScenario.depositor)
    let court = world.sandbox.caller(EvidenceScenario.court)
    expect("notAllowed") { try world.perform("offer", by: holder) }
    expect("notAllowed") { try world.perform("closeCase", by: court) }
    try world.perform("admit", by: court)
    try world.perform("closeCase", by: court)
    try world.perform("offer", by: holder)
    expect("notAllowed") { try world.perform("submit", by: holder) }
    try world.perform("withdrawOffer", by: holder)
    expect("notAllowed") { try world.perform("submit", by: holder) }  // the case is closed
  }

  /// A withdrawn file may be submitted again; a decided one never, and each submission keeps its number.
  @Test func submissionsAreCounted() throws {
    var world = try world("submission", "withdrawn")
    let item = try #require(world.item)
    let holder = world.sandbox.caller(EvidenceScenario.depositor)
    try world.perform("submit", by: holder)
    expect("alreadyExists") { try world.perform("submit", by: holder) }
    try world.perform("refuse", by: world.sandbox.caller(EvidenceScenario.court))
    expect("alreadyExists") { try world.perform("submit", by: holder) }
    let keys = try world.sandbox.query("evidence", "submissions", item, as: [SubmissionKey].self)
    #expect(keys.map(\.number) == [1, 2])
    #expect(try world.sandbox.query("evidence", "ofCase", world.courtCase, as: [SubmissionKey].self) == keys)
    let courtCase = try #require(try world.sandbox.query("evidence", "courtCase", world.courtCase, as: Registered<CourtCase>?.self))
    #expect(courtCase.content.open == 0 && courtCase.version == 5)
  }

  @Test func anotherCourtsCaseHasItsOwnNumbers() throws {
    var world = try world("case", "open")
    let prosecutor = world.sandbox.caller("11410100MB0A010107", roles: ["court"])
    expect("alreadyExists") { try world.perform("openCase", by: world.sandbox.caller(EvidenceScenario.court)) }
    try world.perform("openCase", by: prosecutor)
    expect("notAuthorised") { try world.perform("closeCase", by: prosecutor) }
  }
}
