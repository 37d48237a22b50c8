import ChainCore
import ChainNode
import Consensus
import Testing

struct Add: CanonicalRecord, Codable {
  var amount: UInt64
  static let layout = Layout(Self.init, \.amount)
}

struct CounterContract: Contract {
  static let name: ContractName = "counter"
  static let counts = Table<String, UInt64>("counts")

  var entries: Entries {
    Entry("add", by: .role("department")) { (call: Add, context) -> UInt64 in
      try context.require(call.amount < 1_000, .badArgument("amount"))
      let sum = (try context.get(Self.counts, "sum") ?? 0) + call.amount
      try context.put(Self.counts, "sum", sum)
      return sum
    }
    Query("sum") { (_: NoResult, context) -> UInt64 in try context.get(Self.counts, "sum") ?? 0 }
  }
}

@Suite struct RunningNodes {
  static let engines: [EngineKind] = [.raft, .simplex]

  /// Three validators that may crash, or four of which one may lie.
  func found(_ suite: CryptoSuite, _ engine: EngineKind) throws -> Founding {
    let validators = Array(repeating: Founding.platform, count: engine == .raft ? 3 : 4)
    return try Founding(
      FoundingPlan(
        chain: "henan/410100", suite: suite, engine: engine, validators: validators,
        organisations: [GenesisOrganisation(id: "city-hall", name: "City hall", roles: ["department"])],
        members: [("city-hall", "clerk"), ("shop", "owner")], contracts: [CounterContract()], time: 1_700_000_000_000))
  }

  @Test(arguments: CryptoSuite.allCases, engines) func nodesAgreeAndCertify(suite: CryptoSuite, engine: EngineKind) async throws {
    let founding = try found(suite, engine)
    let chain = try LocalChain(founding)
    await chain.start()
    let clerk = chain.client(try #require(founding.member("city-hall", "clerk")))
    var sum: UInt64 = 0
    for amount in UInt64(1)...10 {
      sum = try await clerk.call("counter", "add", Add(amount: amount), returning: UInt64.self)
    }
    #expect(sum == 55)
    let failed = try await clerk.call("counter", "add", Add(amount: 5_000))
    #expect(failed.status == .failed && failed.code == "badArgument")
    let owner = chain.client(try #require(founding.member("shop", "owner")), at: 1)
    await #expect(throws: NodeError.self) { try await owner.call("counter", "add", Add(amount: 1)) }
    let height = chain.nodes[0].ledger.head.height
    for node in chain.nodes {
      try await node.certified(height)
      #expect(try node.ledger.checkpoint(at: height) == chain.nodes[0].ledger.checkpoint(at: height))
      #expect(try node.ledger.query("counter", "sum", NoResult(), as: UInt64.self) == 55)
    }
    await chain.stop()
  }

  @Test(arguments: engines) func submittingAtAnyNodeInParallel(engine: EngineKind) async throws {
    let founding = try found(.international, engine)
    let chain = try LocalChain(founding)
    await chain.start()
    let account = try #require(founding.member("city-hall", "clerk"))
    try await withThrowingTaskGroup(of: Receipt.self) { group in
      for index in 0..<60 {
        group.addTask { try await chain.client(account, at: index % 3).call("counter", "add", Add(amount: 1)) }
      }
      for try await receipt in group { #expect(receipt.status == .succeeded) }
    }
    // A receipt says that the node that was asked has the block, not that every node has it.
    try await chain.nodes[0].executed(chain.nodes.map(\.ledger.head.height).max() ?? 0)
    #expect(try chain.nodes[0].ledger.verify().transactions == 60)
    await chain.stop()
  }

  @Test(arguments: engines) func minorityDownAndBack(engine: EngineKind) async throws {
    let founding = try found(.international, engine)
    let chain = try LocalChain(founding)
    await chain.start()
    let account = try #require(founding.member("city-hall", "clerk"))
    _ = try await chain.client(account).call("counter", "add", Add(amount: 1))
    let leader = try #require(await chain.nodes[0].leader)
    chain.network.setIsolated(true, leader)
    let others = chain.nodes.indices.filter { chain.nodes[$0].id != leader }
    for _ in 0..<5 { _ = try await chain.client(account, at: others[0]).call("counter", "add", Add(amount: 1)) }
    chain.network.setIsolated(false, leader)
    let height = chain.nodes[others[0]].ledger.head.height
    for node in chain.nodes {
      try await node.certified(height)
      #expect(try node.ledger.query("counter", "sum", NoResult(), as: UInt64.self) == 6)
    }
    await chain.stop()
  }

  @Test(arguments: engines) func restartContinuesWhereItStopped(engine: EngineKind) async throws {
    let founding = try found(.international, engine)
    let stores = founding.validatorKeys.map { _ in LocalChain.Stores(ledger: MemoryStore(), consensus: MemoryStore()) }
    let first = try LocalChain(founding) { stores[$0] }
    await first.start()
    let account = try #require(founding.member("city-hall", "clerk"))
    for _ in 0..<5 { _ = try await first.client(account).call("counter", "add", Add(amount: 1)) }
    for node in first.nodes { await node.halt() }
    let second = try LocalChain(founding) { stores[$0] }
    await second.start()
    let sum = try await second.client(account).call("counter", "add", Add(amount: 1), returning: UInt64.self)
    #expect(sum == 6)
    let height = second.nodes[0].ledger.head.height
    for node in second.nodes { try await node.certified(height) }
    #expect(try second.nodes[2].ledger.verify().height >= height)
    await second.stop()
  }

  @Test func validatorWithoutItsVotesDoesNotStart() async throws {
    let founding = try found(.international, .simplex)
    let ledger = MemoryStore()
    let first = try LocalChain(founding) { _ in LocalChain.Stores(ledger: MemoryStore(), consensus: MemoryStore()) }
    await first.start()
    let account = try #require(founding.member("city-hall", "clerk"))
    _ = try await first.client(account).call("counter", "add", Add(amount: 1))
    let block = try first.nodes[0].ledger.block(at: 1)
    await first.stop()
    let copy = try Ledger(store: ledger, genesis: founding.genesis, contracts: founding.registry)
    try copy.commit(block, position: 1)
    let error = #expect(throws: NodeError.self) {
      try LocalChain(founding) { _ in LocalChain.Stores(ledger: ledger, consensus: MemoryStore()) }
    }
    #expect(error == .engine(.journalMissing))
  }
}
