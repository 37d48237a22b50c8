import ChainCore
import ChainNode
import Consensus
import Testing

/// Validators that come and go while the chain runs, in real time.
@Suite struct ValidatorChanges {
  struct Town {
    let founding: Founding
    let network = InProcessNetwork()
    var nodes: [Node] = []
    let newcomer: PrivateKey

    var administrator: Account { founding.administrator }

    init(_ engine: EngineKind, epoch: UInt64) throws {
      var parameters = ChainParameters(epochLength: epoch)
      parameters.idleIntervalMs = 200
      founding = try Founding(
        FoundingPlan(
          chain: "henan/410100", suite: .international, engine: engine,
          validators: Array(repeating: Founding.platform, count: engine == .raft ? 3 : 4),
          organisations: [GenesisOrganisation(id: "city-hall", name: "City hall", roles: ["department"])],
          members: [("city-hall", "clerk")], contracts: [CounterContract()], parameters: parameters, time: 1_700_000_000_000))
      newcomer = try PrivateKey.generate(.international)
      for key in founding.validatorKeys { nodes.append(try node(key)) }
    }

    func node(_ key: PrivateKey) throws -> Node {
      let id = ReplicaID(founding.genesis.suite.accountID(of: key.publicKey))
      let others = (founding.validatorKeys + [newcomer]).map { ReplicaID(founding.genesis.suite.accountID(of: $0.publicKey)) }
      var configuration = NodeConfiguration(
        genesis: founding.genesis, contracts: founding.registry, key: key, ledgerStore: MemoryStore(), consensusStore: MemoryStore(),
        transport: network.transport(for: id, peers: others))
      configuration.firstEpoch = 0
      configuration.steward = founding.administrator
      return try Node(configuration)
    }

    func client(_ index: Int) -> ChainClient { ChainClient(account: founding.administrator, node: nodes[index]) }

    func add(_ amount: UInt64, at index: Int = 0) async throws -> Receipt {
      let clerk = try #require(founding.member("city-hall", "clerk"))
      return try await ChainClient(account: clerk, node: nodes[index]).call("counter", "add", Add(amount: amount))
    }

    func reaches(generation: UInt64, at index: Int = 0) async throws {
      for await _ in await nodes[index].heights() {
        if nodes[index].ledger.head.validators.generation >= generation { return }
      }
    }
  }

  @Test(.timeLimit(.minutes(2)), arguments: RunningNodes.engines) func oneJoinsAndOneLeaves(engine: EngineKind) async throws {
    var town = try Town(engine, epoch: 8)
    for node in town.nodes { await node.start() }
    _ = try await town.add(1)
    let seat = Validator(key: town.newcomer.publicKey, weight: 1, organisation: Founding.platform)
    let proposed = try await town.client(0).call("governance", "propose", ProposeChange(change: .add(seat), reason: "a fifth site"))
    #expect(proposed.status == .succeeded)
    town.nodes.append(try town.node(town.newcomer))
    let last = town.nodes.count - 1
    await town.nodes[last].start()
    try await town.reaches(generation: 2)
    let since = town.nodes[0].ledger.head.seats.since
    #expect(town.nodes[0].ledger.head.validators.index(of: town.newcomer.publicKey) != nil)

    // The newcomer signs: with one of the old ones away there is still a quorum of the new set, and only with it.
    await town.nodes[1].halt()
    for amount in UInt64(1)...3 { #expect(try await town.add(amount, at: 2).status == .succeeded) }
    let height = town.nodes[2].ledger.head.height
    #expect(height >= since)
    try await town.nodes[last].certified(height)
    #expect(try town.nodes[last].ledger.checkpoint(at: height) == town.nodes[2].ledger.checkpoint(at: height))
    #expect(try town.nodes[last].ledger.certificate(at: height)?.generation == 2)

    // The one that is away leaves; its vote is not needed any more.
    let gone = town.founding.genesis.validators.members[1].key
    let left = try await town.client(0).call("governance", "propose", ProposeChange(change: .remove(gone), reason: "closed"))
    #expect(left.status == .succeeded)
    try await town.reaches(generation: 3)
    #expect(try await town.add(7, at: last).status == .succeeded)
    let end = town.nodes[last].ledger.head.height
    for index in town.nodes.indices where index != 1 {
      try await town.nodes[index].certified(end)
      #expect(try town.nodes[index].ledger.checkpoint(at: end) == town.nodes[0].ledger.checkpoint(at: end))
      #expect(await town.nodes[index].failure == nil)
    }
    #expect(try town.nodes[0].ledger.handovers(after: 1).map(\.next.generation) == [2, 3])
    for node in town.nodes { await node.stop() }
  }
}
