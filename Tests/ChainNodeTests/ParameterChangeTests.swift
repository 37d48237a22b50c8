import ChainCore
import Testing

@testable import ChainNode

/// Nodes that run change their chain's numbers at one height, build and judge blocks by them, and go on.
@Suite struct ParameterChanges {
  @Test(arguments: [EngineKind.raft, .simplex]) func blocksAreSmallerFromTheHeightOn(engine: EngineKind) async throws {
    var plan = FoundingPlan(
      chain: "henan/410100", suite: .international, engine: engine,
      validators: Array(repeating: Founding.platform, count: engine == .raft ? 3 : 4),
      organisations: [GenesisOrganisation(id: "city-hall", name: "City", roles: ["department"])], contracts: [CounterContract()],
      configurations: ["governance": [Self.rule].canonicalBytes],
      parameters: ChainParameters(certificateLag: 8, idleIntervalMs: 50), time: .now)
    plan.members = [(organisation: "city-hall", name: "clerk")]
    let chain = try LocalChain(try Founding(plan))
    await chain.start()
    let ledger = chain.nodes[0].ledger
    let from = ledger.head.height.advanced(by: 40)
    try await chain.decide([GovernedCall("governance", "setParameters", ParameterChange(blockTransactions: 16, from: from))])
    try await chain.nodes[0].executed(from)
    // More than fits into one block, handed in at once.
    let account = try #require(chain.founding.member("city-hall", "clerk"))
    var ids: [TransactionID] = []
    for salt in UInt64(0)..<50 {
      let signed = try account.sign(
        "counter", "add", Add(amount: 1), chain: chain.chain, genesis: ledger.genesisID, validUntil: ledger.head.height.advanced(by: 200),
        salt: salt)
      ids.append(try await chain.nodes[Int(salt) % chain.nodes.count].submit(signed))
    }
    for (index, id) in ids.enumerated() { _ = try await chain.nodes[index % chain.nodes.count].receipt(of: id) }
    let last = chain.nodes.map { $0.ledger.head.height }.max() ?? from
    try await chain.nodes[0].executed(last)
    var counts: [Int] = []
    var height = from
    while height <= last {
      counts.append(try ledger.block(at: height).transactions.count)
      height = height.next
    }
    #expect(counts.allSatisfy { $0 <= 16 } && counts.reduce(0, +) == 50, "\(counts)")
    for node in chain.nodes {
      try await node.executed(last)
      #expect(node.ledger.parameters.blockTransactions == 16)
      #expect(try node.ledger.checkpoint(at: last) == ledger.checkpoint(at: last))
      #expect(try node.ledger.parameters(at: from.previous) == chain.founding.genesis.parameters)
    }
    await chain.stop()
  }

  static let rule = RuleSetting(
    scope: RuleScope(contract: "governance"), rule: ProposalRule(electorate: .administrators, threshold: .majority))

  @Test func aHostIsWarnedInTimeAndNotAllTheTime() {
    let missing = MissingContract(contract: "notes", version: 2, manifest: .zero, from: 1_000)
    var watch = MissingWatch()
    var said: [UInt64] = []
    for height in UInt64(10)...1_100 {
      let warnings = watch.due([missing], at: BlockHeight(height))
      if !warnings.isEmpty { said.append(1_000 - height) }
      #expect(warnings.allSatisfy { $0.contains("notes") && $0.contains("version 2") })
    }
    #expect(said == [990, 495, 247, 123, 61, 30, 15, 7, 3, 1])
    #expect(watch.due([], at: 20).isEmpty)
    #expect(watch.due([missing], at: 20).count == 1, "taken back and decided again")
  }
}
