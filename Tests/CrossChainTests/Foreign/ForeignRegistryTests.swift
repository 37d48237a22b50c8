import ChainCore
import ChainTesting
import Testing

@testable import CrossChain

/// The relay keeps clients of foreign chains: registered by administrators, moved by relayers, frozen by anybody's evidence.
@Suite struct ForeignChains {
  private let chain = CometBFTChain()
  private let four: [CometBFTChain.Member]
  private let state = CosmosState(stores: [
    "bank": IAVLStore([(Array("a".utf8), [1]), (Array("c".utf8), [3])]), "ibc": IAVLStore([([1], [1])]),
  ])
  private var relay: ContractSandbox
  private let administrator: Caller
  private let relayer: Caller
  private let member: Caller
  private let supervisor: Caller
  private let vote: Caller

  init() throws {
    four = try CometBFTChain.members(0..<4)
    relay = try ContractSandbox(
      [RelayContract()], chain: "henan",
      organisations: ["platform": [.administrator], "relay-office": [.relayer], "city-hall": [], "watch": [.supervisor]],
      time: CometBFTChain.now(10))
    administrator = relay.caller("platform")
    relayer = relay.caller("relay-office")
    member = relay.caller("city-hall")
    supervisor = relay.caller("watch")
    vote = relay.caller("platform", roles: [], origin: .governance(proposal: 1))
  }

  private func message(_ block: CometBFT.LightBlock, from height: UInt64 = 1) -> [UInt8] {
    CometBFTUpdate(block: block, trustedHeight: height, trustedValidators: CometBFTChain.set(four)).encoded
  }

  private mutating func register(_ registration: ForeignRegistration? = nil) throws(ContractError) {
    try relay.call("xc", "registerForeign", registration ?? chain.registration(by: four), as: administrator)
  }

  private mutating func update(_ block: CometBFT.LightBlock, from height: UInt64 = 1) throws -> ClientChange {
    try relay.call(
      "xc", "updateForeign", UpdateForeign(chain: "cosmos", message: message(block, from: height)), as: relayer,
      returning: ClientChange.self)
  }

  private func status() throws -> ForeignStatus? { try relay.query("xc", "foreignClient", ChainID("cosmos")) }

  private func ask(
    _ key: String, _ value: [UInt8]?, at height: UInt64, maxAgeMs: UInt64 = 600_000
  ) throws -> BlockTime {
    try relay.query(
      "xc", "verifyForeign",
      ForeignQuestion(
        chain: "cosmos", claim: .state(store: "bank", key: Array(key.utf8), value: value), height: height,
        proof: try state.proof("bank", Array(key.utf8)).encoded, maxAgeMs: maxAgeMs))
  }

  @Test mutating func fromRegistrationToProof() throws {
    #expect(try status() == nil)
    try register()
    #expect(try relay.query("xc", "foreignChains", NoResult(), as: [ChainID].self) == ["cosmos"])
    #expect(
      try relay.query("xc", "foreignChain", ChainID("cosmos"), as: ForeignRegistration?.self) == chain.registration(by: four))
    #expect(try status()?.height == 1)
    #expect(try update(try chain.block(6, by: four, appHash: try state.appHash())) == .advanced)
    #expect(try status() == ForeignStatus(status: .active, height: 6, time: BlockTime(UInt64(CometBFTChain.start + 60) * 1_000)))
    #expect(relay.lastEvents.map(\.name) == ["xc.foreignUpdated"])
    #expect(try update(try chain.block(6, by: four, appHash: try state.appHash())) == .known)
    #expect(try ask("a", [1], at: 5) == BlockTime(UInt64(CometBFTChain.start + 60) * 1_000))
    #expect(try ask("b", nil, at: 5) == BlockTime(UInt64(CometBFTChain.start + 60) * 1_000))
    #expect(throws: ContractError.badArgument("foreign client: state proof: the proof is about another value")) {
      try ask("a", [2], at: 5)
    }
    #expect(throws: ContractError.stale(found: 6)) { try ask("a", [1], at: 6) }
    #expect(throws: ContractError.notSupported("receiptInclusion")) {
      try relay.query(
        "xc", "verifyForeign", ForeignQuestion(chain: "cosmos", claim: .receipt([1]), height: 5, proof: [1]), as: BlockTime.self)
    }
    #expect(throws: ContractError.stale(found: UInt64(CometBFTChain.start + 60) * 1_000)) { try ask("a", [1], at: 5, maxAgeMs: 1_000) }
    relay.time = CometBFTChain.now(200)
    #expect(throws: ContractError.expired) { try ask("a", [1], at: 5) }
    #expect(throws: ContractError.expired) { try update(try chain.block(180, by: four), from: 6) }
  }

  @Test mutating func whoMayDoWhat() throws {
    let registration = chain.registration(by: four)
    for caller in [relayer, member] {
      var copy = relay
      let error = #expect(throws: ContractError.self) { try copy.call("xc", "registerForeign", registration, as: caller) }
      #expect(error?.code == "notAuthorised")
    }
    try register()
    let call = UpdateForeign(chain: "cosmos", message: message(try chain.block(3, by: four)))
    for caller in [administrator, member] {
      var copy = relay
      let error = #expect(throws: ContractError.self) { try copy.call("xc", "updateForeign", call, as: caller) }
      #expect(error?.code == "notAuthorised")
    }
    let revival = ReviveForeign(registration: registration, evidence: nil)
    for caller in [administrator, relayer, supervisor] {
      var copy = relay
      let refused = [
        #expect(throws: ContractError.self) { try copy.call("xc", "reviveForeign", revival, as: caller) },
        #expect(throws: ContractError.self) { try copy.call("xc", "admitForeign", registration, as: caller) },
      ]
      for error in refused { #expect(error?.code == "notAuthorised" && error?.message.contains("governance.propose") == true) }
    }
    let error = #expect(throws: ContractError.self) {
      try relay.call("xc", "freezeForeign", FreezeForeign(chain: "cosmos", reason: "x"), as: relayer)
    }
    #expect(error?.code == "notAuthorised")
  }

  @Test mutating func namesAreTakenForEver() throws {
    try register()
    #expect(throws: ContractError.alreadyExists) { try register() }
    #expect(throws: ContractError.alreadyExists) { try register(chain.registration(by: four, chain: "henan")) }
    // A chain of this network cannot take the name of a foreign one, nor the other way round.
    let solo = try SoloChain([], chain: "cosmos", time: CometBFTChain.now(1))
    #expect(throws: ContractError.alreadyExists) {
      try relay.call(
        "xc", "registerChain", try ChainRegistration(of: solo.ledger, organisation: "city-hall"), as: administrator)
    }
    let city = try SoloChain([], chain: "henan/410100", time: CometBFTChain.now(1))
    try relay.call("xc", "registerChain", try ChainRegistration(of: city.ledger, organisation: "city-hall"), as: administrator)
    #expect(throws: ContractError.alreadyExists) { try register(chain.registration(by: four, chain: "henan/410100")) }
  }

  @Test mutating func unfitRegistrationsLeaveNothing() throws {
    let before = relay.records
    var registration = chain.registration(by: four)
    registration.trustLevel = CometBFT.TrustLevel(numerator: 1, denominator: 5)
    #expect(throws: ContractError.badArgument("foreign client: registration: trustLevel")) { try register(registration) }
    relay.time = CometBFTChain.now(120)
    #expect(throws: ContractError.expired) { try register() }
    #expect(relay.records == before)
    #expect(throws: ContractError.notFound) {
      try relay.call("xc", "updateForeign", UpdateForeign(chain: "cosmos", message: []), as: relayer)
    }
    #expect(throws: ContractError.notFound) {
      try relay.call("xc", "reportForeign", ReportForeign(chain: "cosmos", first: [], second: []), as: member)
    }
    #expect(throws: ContractError.notAllowed(state: "unregistered", call: "proof of cosmos")) { try ask("a", [1], at: 5) }
  }

  @Test mutating func evidenceFreezesAndGovernanceRevives() throws {
    try register()
    _ = try update(try chain.block(6, by: four, appHash: try state.appHash()))
    let first = message(try chain.block(8, by: four))
    let second = message(try chain.block(8, by: four, appHash: [1]))
    let honest = message(try chain.block(9, by: four))
    let before = relay.records
    #expect(throws: ContractError.badArgument("the messages contradict nothing")) {
      try relay.call("xc", "reportForeign", ReportForeign(chain: "cosmos", first: first, second: honest), as: member)
    }
    #expect(relay.records == before)
    #expect(
      try relay.call(
        "xc", "reportForeign", ReportForeign(chain: "cosmos", first: first, second: second), as: member, returning: ClientChange.self)
        == .frozen)
    let evidence: ForeignEvidence? = try relay.query("xc", "foreignEvidence", ChainID("cosmos"))
    #expect(evidence == .pair(first, second))
    let id = try #require(evidence?.id(suite: relay.genesis.suite))
    #expect(try status()?.status == .frozen(evidence: id))
    #expect(relay.lastEvents.map(\.name) == ["xc.foreignFrozen"])
    let frozen = ContractError.notAllowed(state: "frozen by \(id)", call: "proof")
    #expect(throws: frozen) { try ask("a", [1], at: 5) }
    #expect(throws: frozen) { try update(try chain.block(9, by: four)) }
    #expect(throws: frozen) {
      try relay.call("xc", "reportForeign", ReportForeign(chain: "cosmos", first: first, second: second), as: member)
    }
    // Only who names the evidence and brings a later header revives it.
    let anew = chain.registration(at: 9, by: four)
    #expect(throws: ContractError.badArgument("evidence: the client is frozen by \(id)")) {
      try relay.call("xc", "reviveForeign", ReviveForeign(registration: anew, evidence: nil), as: vote)
    }
    #expect(throws: ContractError.stale(found: 6)) {
      try relay.call(
        "xc", "reviveForeign", ReviveForeign(registration: chain.registration(at: 6, by: four), evidence: id), as: vote)
    }
    var other = anew
    other.foreignID = "cosmos-2"
    #expect(throws: ContractError.badArgument("registration: of another chain than cosmos-1")) {
      try relay.call("xc", "reviveForeign", ReviveForeign(registration: other, evidence: id), as: vote)
    }
    try relay.call("xc", "reviveForeign", ReviveForeign(registration: anew, evidence: id), as: vote)
    #expect(try status()?.status == .active)
    #expect(throws: ContractError.stale(found: 9)) { try ask("a", [1], at: 5) }
    #expect(try update(try chain.block(12, by: four), from: 9) == .advanced)
    // A client that works is not begun anew.
    #expect(throws: ContractError.notAllowed(state: "active", call: "reviveForeign")) {
      try relay.call(
        "xc", "reviveForeign", ReviveForeign(registration: chain.registration(at: 14, by: four), evidence: nil), as: vote)
    }
    relay.time = CometBFTChain.now(150)
    try relay.call(
      "xc", "reviveForeign", ReviveForeign(registration: chain.registration(at: 140, by: four), evidence: nil), as: vote)
    #expect(try status()?.height == 140)
  }

  @Test mutating func aContradictingUpdateIsItsOwnEvidence() throws {
    try register()
    _ = try update(try chain.block(6, by: four))
    let fork = try chain.block(6, by: four, appHash: [1])
    #expect(try update(fork) == .frozen)
    let evidence: ForeignEvidence? = try relay.query("xc", "foreignEvidence", ChainID("cosmos"))
    #expect(evidence == .update(message(fork)))
    #expect(try status()?.status == .frozen(evidence: try #require(evidence?.id(suite: relay.genesis.suite))))
  }

  @Test mutating func supervisorsFreezeAtOnce() throws {
    try relay.call("xc", "admitForeign", chain.registration(by: four), as: vote)
    _ = try update(try chain.block(6, by: four, appHash: try state.appHash()))
    let order = FreezeForeign(chain: "cosmos", reason: "bridge exploited")
    #expect(throws: ContractError.badArgument("reason: at most 256 bytes")) {
      try relay.call(
        "xc", "freezeForeign", FreezeForeign(chain: "cosmos", reason: String(repeating: "x", count: 257)), as: supervisor)
    }
    let height = relay.height
    try relay.call("xc", "freezeForeign", order, as: supervisor)
    let evidence: ForeignEvidence? = try relay.query("xc", "foreignEvidence", ChainID("cosmos"))
    #expect(evidence == .order("bridge exploited", by: "watch", at: height))
    let id = try #require(evidence?.id(suite: relay.genesis.suite))
    #expect(throws: ContractError.notAllowed(state: "frozen by \(id)", call: "proof")) { try ask("a", [1], at: 5) }
    #expect(throws: ContractError.notAllowed(state: "frozen by \(id)", call: "freezeForeign")) {
      try relay.call("xc", "freezeForeign", order, as: administrator)
    }
    try relay.call(
      "xc", "reviveForeign", ReviveForeign(registration: chain.registration(at: 8, by: four), evidence: id), as: vote)
    #expect(try status()?.status == .active)
  }

  /// The whole way on a chain: proposed, approved, executed after its delay.
  @Test func governanceAdmitsAChain() throws {
    var relay = try SoloChain(
      [RelayContract()], chain: "henan", organisations: ["relay-office": [.relayer]], time: CometBFTChain.now(1))
    let registration = chain.registration(by: four)
    let call = GovernedCall("xc", "admitForeign", registration)
    let proposed = try relay.call(
      "governance", "propose", ProposeChange(calls: [call], reason: "customs"), by: relay.administrator)
    #expect(proposed.status == .succeeded, "\(proposed.message)")
    let id = try UInt64(canonicalBytes: proposed.output)
    for _ in 0..<GovernanceContract.defaultDelay { try relay.makeBlock() }
    let executed = try relay.call("governance", "execute", id, by: relay.administrator)
    #expect(executed.status == .succeeded && executed.events.contains { $0.name == "xc.foreignOpened" }, "\(executed.message)")
    let relayer = try relay.member("relay-office")
    let moved = try relay.call(
      "xc", "updateForeign", UpdateForeign(chain: "cosmos", message: message(try chain.block(2, by: four))), by: relayer)
    #expect(moved.status == .succeeded, "\(moved.message)")
    let status: ForeignStatus? = try relay.ledger.query("xc", "foreignClient", ChainID("cosmos"))
    #expect(status?.height == 2)
  }

  @Test mutating func messagesAreChargedByTheByte() throws {
    try register()
    let large = UpdateForeign(chain: "cosmos", message: [UInt8](repeating: 0, count: 600_000))
    #expect(throws: ContractError.limitExceeded("1000000 steps a call")) { try relay.call("xc", "updateForeign", large, as: relayer) }
    // 180 validators, as large chains have them, fit.
    let many = try CometBFTChain.members(200..<380)
    let registration = chain.registration(by: many, chain: "hub")
    try register(registration)
    let block = CometBFTUpdate(
      block: try chain.block(5, by: many), trustedHeight: 1, trustedValidators: CometBFTChain.set(many)
    ).encoded
    let change = try relay.call(
      "xc", "updateForeign", UpdateForeign(chain: "hub", message: block), as: relayer, returning: ClientChange.self)
    #expect(change == .advanced)
    print("cometbft update of 180 validators: \(block.count) bytes")
  }
}
