import ChainCore
import ChainNode
import CrossChain
import Synchronization
import Testing

/// Sends letters to itself on other chains and counts what becomes of them.
struct Letters: Contract {
  static let name: ContractName = "letters"
  static let heard = Table<UInt64, UInt64>("heard")
  static let ends = Table<String, UInt64>("ends")

  struct Letter: CanonicalRecord, Codable {
    var to: ChainID
    var number: UInt64
    static let layout = Layout(Self.init, \.to, \.number)
  }

  var entries: Entries {
    Entry("send", by: .member) { (letter: Letter, context) in
      _ = try context.send(OutgoingPacket(to: letter.to, port: Self.name, call: "hear", payload: letter.number.canonicalBytes))
    }
    Entry("hear", by: .member) { (number: UInt64, context) in
      try context.put(Self.heard, number, (try context.get(Self.heard, number) ?? 0) + 1)
    }
    Query("heard") { (_: NoResult, context) -> [UInt64] in try context.range(Self.heard, limit: 1_000).map(\.value) }
    Query("ends") { (end: String, context) -> UInt64 in try context.get(Self.ends, end) ?? 0 }
  }

  func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws {
    let end =
      switch packet.outcome {
      case .succeeded: "succeeded"
      case .rejected: "rejected"
      default: "other"
      }
    try context.put(Self.ends, end, (try context.get(Self.ends, end) ?? 0) + 1)
  }
}

@Suite struct Networks {
  static let first: ChainID = "henan/410100"
  static let second: ChainID = "henan/410200"
  static let third: ChainID = "henan/410173"

  static func options(relayers: Int = 1) -> NetworkOptions {
    NetworkOptions(
      relayers: relayers, interval: .milliseconds(60),
      routes: [SetRoute(scope: RouteScope(port: Letters.name), policy: RoutePolicy())])
  }

  static func relay(_ engine: EngineKind = .raft) -> FoundingPlan {
    FoundingPlan(
      chain: "henan/relay", suite: .international, engine: engine,
      validators: Array(repeating: Founding.platform, count: engine == .raft ? 3 : 4), contracts: [], time: .now)
  }

  static func plan(_ chain: ChainID, _ engine: EngineKind = .raft) -> FoundingPlan {
    FoundingPlan(
      chain: chain, suite: .international, engine: engine,
      validators: Array(repeating: Founding.platform, count: engine == .raft ? 3 : 4), contracts: [Letters()], time: .now)
  }

  static func send(_ number: UInt64, from: LocalChain, to: ChainID) async throws {
    let receipt = try await from.client(from.founding.administrator).call("letters", "send", Letters.Letter(to: to, number: number))
    #expect(receipt.status == .succeeded, "\(receipt.message)")
  }

  static func heard(_ chain: LocalChain) throws -> [UInt64] { try chain.nodes[0].ledger.query("letters", "heard", NoResult()) }

  /// Sends from `from` until told to stop, and gives how many it sent.
  static func flow(from: LocalChain, to: [ChainID], firstNumber: UInt64, until isOver: AsyncFlag) async throws -> UInt64 {
    var count: UInt64 = 0
    while !isOver.isSet {
      try await send(firstNumber + count, from: from, to: to[Int(count) % to.count])
      count += 1
    }
    return count
  }

  @Test(arguments: [EngineKind.raft, .simplex]) func chainsJoinAndRetireWhileTrafficFlows(engine: EngineKind) async throws {
    let network = try await Network(relay: Self.relay(engine), options: Self.options(relayers: 2))
    let one = try await network.add(Self.plan(Self.first, engine))
    let two = try await network.add(Self.plan(Self.second))
    let isOver = AsyncFlag()
    async let forth = Self.flow(from: one, to: [Self.second], firstNumber: 1_000, until: isOver)
    async let back = Self.flow(from: two, to: [Self.first], firstNumber: 2_000, until: isOver)
    let before = try one.nodes[0].ledger.query(CrossChainState.contract, "client", network.relay.chain, as: ClientRecord?.self)
    let three = try await network.add(Self.plan(Self.third))
    for number in 0..<UInt64(6) {
      try await Self.send(3_000 + number, from: three, to: number.isMultiple(of: 2) ? Self.first : Self.second)
      try await Self.send(4_000 + number, from: number.isMultiple(of: 2) ? one : two, to: Self.third)
    }
    try await network.retire(Self.third)
    isOver.set()
    let sent = try await (forth, back)
    for chain in [one, two] { try await network.retire(chain.chain) }

    let status = try await network.status()
    #expect(status.map(\.phase) == [.running, .retired, .retired, .retired])
    #expect(status.map(\.chain) == [network.relay.chain, Self.first, Self.second, Self.third])
    for each in status { #expect(each.failures.isEmpty && each.traffic.unsettled == 0, "\(each)") }
    func total(_ count: (TrafficTally) -> Int) -> Int { status.reduce(0) { $0 + count($1.traffic) } }
    // What the clients sent and got an answer to, nothing else, and each came to one end.
    let all = Int(sent.0 + sent.1) + 12
    #expect(total(\.sent) == all && total(\.received) == all && total(\.settled) == all && total(\.unsuccessful) == 0)
    #expect(status[0].traffic.hops == 2 * all)
    #expect(status[3].traffic.sent == 6 && status[3].traffic.received == 6)
    // The members that were there hold what they held: the relay's client and no other.
    #expect(before?.registration.chain == network.relay.chain)
    for name in [Self.second, Self.third] {
      #expect(await network.chain(name) == nil)
      let stranger: ClientRecord? = try? one.nodes[0].ledger.query(CrossChainState.contract, "client", name)
      #expect(stranger == nil)
    }
    await network.stop()
  }

  @Test func eachLetterOnceAndNoneToAChainThatIsGone() async throws {
    let network = try await Network(relay: Self.relay(), options: Self.options(relayers: 3))
    let one = try await network.add(Self.plan(Self.first))
    let two = try await network.add(Self.plan(Self.second))
    for number in 0..<UInt64(5) { try await Self.send(number, from: one, to: Self.second) }
    // Nothing that was sent before is refused.
    try await network.retire(Self.second, within: .seconds(60))
    // Its nodes stopped; the stores of a chain in memory are closed, so what it heard shows in its last status and at the sender.
    #expect(await two.nodes[0].failure == .stopped)
    try await Self.send(9, from: one, to: Self.second)
    try await network.retire(Self.first)
    let status = try await network.status()
    #expect(status[1].traffic.sent == 6 && status[1].traffic.settled == 6 && status[1].traffic.unsuccessful == 1)
    #expect(status[2].traffic.received == 5)
    await network.stop()
  }

  @Test func aNameBelongsToOneGenesisForEver() async throws {
    let network = try await Network(relay: Self.relay(), options: Self.options())
    try await network.add(Self.plan(Self.first))
    await #expect(throws: NetworkError.taken(Self.first)) { try await network.add(Self.plan(Self.first)) }
    await #expect(throws: NetworkError.taken("henan/relay")) { try await network.add(Self.plan("henan/relay")) }
    try await network.retire(Self.first)
    await #expect(throws: NetworkError.taken(Self.first)) { try await network.add(Self.plan(Self.first)) }
    await #expect(throws: NetworkError.unknown(Self.first)) { try await network.retire(Self.first) }
    await #expect(throws: NetworkError.isRelay("henan/relay")) { try await network.retire("henan/relay") }
    var foreign = Self.plan(Self.second)
    foreign.configurations["xc"] = [1]
    await #expect(throws: NetworkError.foreignRelay(Self.second)) { try await network.add(foreign) }
    await network.stop()
    await #expect(throws: NetworkError.stopped) { try await network.add(Self.plan(Self.second)) }
    await #expect(throws: NetworkError.stopped) { try await network.retire(Self.second) }
  }

  @Test func aRefusedRegistrationLeavesNothing() async throws {
    struct Veto: Error {}
    var options = Self.options()
    let decide = options.decide
    let mayRegister = AsyncFlag()
    options.decide = { calls, relay in
      guard !calls.contains(where: { $0.entry == "registerChain" }) || mayRegister.isSet else { throw Veto() }
      try await decide(calls, relay)
    }
    let network = try await Network(relay: Self.relay(), options: options)
    await #expect(throws: Veto.self) { try await network.add(Self.plan(Self.first)) }
    #expect(try await network.status().count == 1)
    #expect(try network.relay.nodes[0].ledger.query("xc", "chains", NoResult(), as: [ChainID].self).isEmpty)
    mayRegister.set()
    try await network.add(Self.plan(Self.first))
    #expect(try await network.status().map(\.phase) == [.running, .running])
    await network.stop()
  }

  @Test func aChainWithPacketsUnderWayDoesNotRetire() async throws {
    let network = try await Network(relay: Self.relay(), options: Self.options())
    let one = try await network.add(Self.plan(Self.first))
    let two = try await network.add(Self.plan(Self.second))
    for node in two.nodes { await node.halt() }
    try await Self.send(1, from: one, to: Self.second)
    // The relay must have the packet before its route closes, or it would be refused and done.
    while try await !isRelayed(network) { await Task.yield() }
    await #expect(throws: NetworkError.notDrained(Self.second, unsettled: 1)) {
      try await network.retire(Self.second, within: .milliseconds(300))
    }
    #expect(try await network.status().map(\.phase) == [.running, .running, .draining])
    #expect(try await network.status()[2].failures.count == 3)
    await network.stop()
  }

  @Test func onceFoundedVotesLetChainsInAndOut() async throws {
    let owners: [OrganisationID] = ["bureau-a", "bureau-b", "bureau-c"]
    var plan = Self.relay()
    plan.parameters.idleIntervalMs = 200
    plan.organisations = owners.map { GenesisOrganisation(id: $0, name: $0.rawValue, roles: [.administrator]) }
    // The third has nobody who votes: three of four are more than two thirds.
    plan.members = owners.dropLast().map { (organisation: $0, name: LocalChain.administrator) }
    let rule = ProposalRule(electorate: .administrators, threshold: .twoThirds, delayHeights: 1)
    plan.configurations["governance"] = [RuleSetting(scope: RuleScope(contract: "xc"), rule: rule)].canonicalBytes
    let network = try await Network(relay: plan, options: Self.options())
    let one = try await network.add(Self.plan(Self.first))
    #expect(try network.isFounding)
    try await network.endFounding()
    #expect(try !network.isFounding)
    try await network.add(Self.plan(Self.second))
    try await Self.send(1, from: one, to: Self.second)
    try await network.retire(Self.second)
    let status = try await network.status()
    #expect(status[2].traffic.received == 1 && status[1].traffic.settled == 1 && status[1].traffic.unsuccessful == 0)
    let client = try network.relay.nodes[0].ledger.query("xc", "client", Self.second, as: ClientRecord?.self)
    if case .retired? = client?.status {} else { Issue.record("the relay's organisations did not vote the chain out") }
    let votes = try network.relay.nodes[0].ledger.query("governance", "proposal", UInt64(1), as: GovernanceProposal?.self)
    #expect(votes?.status == .executed && votes?.approvals.count == 3)
    await network.stop()
  }

  func isRelayed(_ network: Network) async throws -> Bool { try await network.status()[0].traffic.hops > 0 }
}

/// Something that happened, told to tasks that go on meanwhile.
final class AsyncFlag: Sendable {
  private let state = Mutex(false)
  var isSet: Bool { state.withLock { $0 } }
  func set() { state.withLock { $0 = true } }
}
