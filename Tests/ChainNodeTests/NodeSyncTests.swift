import ChainCore
import Consensus
import Synchronization
import Testing

@testable import ChainNode

/// Nodes in real time of which one was away for epochs.
@Suite struct NodesThatWereAway {
  static func configuration(
    _ founding: Founding, _ index: Int, _ store: any KeyValueStore, _ network: InProcessNetwork, firstEpoch: Epoch?
  ) -> NodeConfiguration {
    let genesis = founding.genesis
    let replicas = genesis.validators.members.map { $0.replica(suite: genesis.suite) }
    var configuration = NodeConfiguration(
      genesis: genesis, contracts: founding.registry, key: founding.validatorKeys[index], ledgerStore: store,
      consensusStore: MemoryStore(), transport: network.transport(for: replicas[index], peers: replicas))
    configuration.firstEpoch = firstEpoch
    return configuration
  }

  /// Stores that hold the first blocks of `source`.
  static func stores(_ source: Ledger, _ founding: Founding, heights: [BlockHeight]) throws -> [MemoryStore] {
    try heights.map { height in
      let store = MemoryStore()
      let ledger = try Ledger(store: store, genesis: founding.genesis, contracts: founding.registry)
      while ledger.head.height < height {
        let next = ledger.head.height.next
        try ledger.commit(try source.block(at: next), position: 0, signatures: .alreadyChecked)
        if let certificate = try source.certificate(at: next) { try ledger.add(certificate) }
      }
      // The certificate of the head is stored with the next block: as after a stop, it is made again.
      return store
    }
  }

  @Test func aNodeEpochsBehindCatchesUpByBlocks() async throws {
    let founding = try SyncWorld.found(validators: 4)
    let source = try SyncWorld.ledger(founding, blocks: 600)
    let network = InProcessNetwork()
    var nodes: [Node] = []
    for (index, store) in try Self.stores(source, founding, heights: [600, 600, 600, 20]).enumerated() {
      nodes.append(try Node(Self.configuration(founding, index, store, network, firstEpoch: 0)))
    }
    for node in nodes { await node.start() }
    let clerk = try #require(founding.member("city-hall", "clerk"))
    let receipt = try await ChainClient(account: clerk, node: nodes[0]).call("counter", "add", Add(amount: 5))
    #expect(receipt.status == .succeeded)
    let height = try nodes[0].ledger.transaction(receipt.transaction).height
    #expect(height > 600)
    try await nodes[3].executed(height)
    // It takes part again: its own client's transaction is ordered, and it certifies.
    let own = try await ChainClient(account: clerk, node: nodes[3]).call("counter", "add", Add(amount: 6))
    #expect(own.status == .succeeded)
    let last = try nodes[3].ledger.transaction(own.transaction).height
    for node in nodes {
      try await node.certified(last)
      #expect(try node.ledger.checkpoint(at: last) == nodes[0].ledger.checkpoint(at: last))
      #expect(await node.failure == nil)
    }
    for node in nodes { await node.stop() }
  }

  /// What its engine wanted written when it was behind is on its way to a slow disk: the engine that begins where the ledger is waits for it.
  @Test func aNodeCatchesUpWhileItsVotesAreWritten() async throws {
    let founding = try SyncWorld.found(validators: 4)
    let source = try SyncWorld.ledger(founding, blocks: 600)
    let network = InProcessNetwork()
    let votes = GatedStore()
    var nodes: [Node] = []
    for (index, store) in try Self.stores(source, founding, heights: [600, 600, 600, 20]).enumerated() {
      var configuration = Self.configuration(founding, index, store, network, firstEpoch: 0)
      if index == 3 { configuration.consensusStore = votes }
      nodes.append(try Node(configuration))
    }
    let clerk = try #require(founding.member("city-hall", "clerk"))
    let late = nodes[3]
    votes.hold()
    await late.start()
    let genesis = founding.genesis
    try await late.submit(
      clerk.sign("counter", "add", Add(amount: 1), chain: genesis.chain, genesis: genesis.id, validUntil: 28))
    try #require(try await holdsSoon { votes.held.load(ordering: .relaxed) == 1 })
    for node in nodes.dropLast() { await node.start() }
    try await late.executed(600)
    try #require(try await holdsSoon { await late.restartWaits })
    // It is in its first epoch still, and says nothing there any more.
    #expect(await late.engineStatus.decided >> 32 == 0)
    #expect(votes.held.load(ordering: .relaxed) == 1)
    votes.release()
    let own = try await ChainClient(account: clerk, node: late).call("counter", "add", Add(amount: 6))
    #expect(own.status == .succeeded)
    #expect(await late.engineStatus.decided >> 32 > 1)
    let last = try late.ledger.transaction(own.transaction).height
    for node in nodes {
      try await node.certified(last)
      #expect(try node.ledger.checkpoint(at: last) == nodes[0].ledger.checkpoint(at: last))
      #expect(await node.failure == nil)
    }
    for node in nodes { await node.stop() }
  }

  @Test(arguments: RunningNodes.engines) func anEmptyNodeBeginsWithASnapshot(engine: EngineKind) async throws {
    let founding = try SyncWorld.found(validators: 4, engine: engine)
    let source = try SyncWorld.ledger(founding, blocks: 1_050)
    let network = InProcessNetwork()
    var nodes: [Node] = []
    for (index, store) in try Self.stores(source, founding, heights: [1_050, 1_050, 1_050]).enumerated() {
      nodes.append(try Node(Self.configuration(founding, index, store, network, firstEpoch: 4)))
    }
    for node in nodes { await node.start() }
    var settings = StateSync.Settings()
    settings.snapshotLag = 500
    let store = MemoryStore()
    let prepared = try await Node.prepare(Self.configuration(founding, 3, store, network, firstEpoch: 4), settings: settings)
    nodes.append(try Node(prepared))
    await nodes[3].start()
    #expect(nodes[3].ledger.base == 1_024)
    let clerk = try #require(founding.member("city-hall", "clerk"))
    let receipt = try await ChainClient(account: clerk, node: nodes[3]).call("counter", "add", Add(amount: 6))
    #expect(receipt.status == .succeeded)
    let last = try nodes[3].ledger.transaction(receipt.transaction).height
    for node in nodes {
      try await node.certified(last)
      #expect(try node.ledger.checkpoint(at: last) == nodes[0].ledger.checkpoint(at: last))
      #expect(await node.failure == nil)
    }
    for node in nodes { await node.stop() }
  }

  /// Its leader has no log for it any more: it learns from a snapshot which block it lacks, and has that from its peers.
  @Test func aRaftNodeWhoseEntriesAreCompactedCatchesUp() async throws {
    let founding = try SyncWorld.found(validators: 3, engine: .raft)
    let network = InProcessNetwork()
    var configurations: [NodeConfiguration] = []
    for index in 0..<3 {
      var configuration = Self.configuration(founding, index, MemoryStore(), network, firstEpoch: nil)
      configuration.raftLogLength = 8
      configurations.append(configuration)
    }
    var nodes = try configurations.map { try Node($0) }
    for node in nodes { await node.start() }
    let clerk = try #require(founding.member("city-hall", "clerk"))
    _ = try await ChainClient(account: clerk, node: nodes[2]).call("counter", "add", Add(amount: 1))
    await nodes[2].halt()
    let behind = nodes[2].ledger.head.height
    for amount in 0..<40 {
      let receipt = try await ChainClient(account: clerk, node: nodes[amount % 2]).call("counter", "add", Add(amount: UInt64(amount)))
      #expect(receipt.status == .succeeded)
    }
    func entries(_ index: Int) throws -> Int {
      try configurations[index].consensusStore.read { try $0.range(StoreTable("raft-log")).count }
    }
    // The leader keeps for a while what a peer will need after its snapshot.
    #expect(try min(entries(0), entries(1)) < 24)
    for round in 0..<2 {
      if round == 1 { await nodes[2].halt() }
      let again = Self.configuration(founding, 2, MemoryStore(), network, firstEpoch: nil)
      configurations[2].transport = again.transport
      nodes[2] = try Node(configurations[2])
      await nodes[2].start()
      if round == 0 {
        // It does not know yet how late it is: the transaction's time is over when it has caught up, and its client hears so.
        await #expect(throws: NodeError.self) {
          try await ChainClient(account: clerk, node: nodes[2]).call("counter", "add", Add(amount: 1))
        }
      }
      try await nodes[2].executed(behind.advanced(by: 38))
      let own = try await ChainClient(account: clerk, node: nodes[2]).call("counter", "add", Add(amount: 100))
      #expect(own.status == .succeeded)
      let height = try nodes[2].ledger.transaction(own.transaction).height
      #expect(height > behind.advanced(by: 30))
      for node in nodes {
        try await node.certified(height)
        #expect(try node.ledger.checkpoint(at: height) == nodes[0].ledger.checkpoint(at: height))
        #expect(await node.failure == nil)
      }
    }
    #expect(try entries(2) < 24)
    for node in nodes { await node.stop() }
  }

  @Test func aNewChainStartsWithoutWaiting() async throws {
    let founding = try SyncWorld.found(validators: 4)
    let network = InProcessNetwork()
    let nodes = try await withThrowingTaskGroup(of: (Int, NodeConfiguration).self) { group in
      for index in 0..<4 {
        let configuration = Self.configuration(founding, index, MemoryStore(), network, firstEpoch: 0)
        group.addTask { (index, try await Node.prepare(configuration)) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }.sorted { $0.key < $1.key }.map { try Node($0.value) }
    }
    for node in nodes { await node.start() }
    let clerk = try #require(founding.member("city-hall", "clerk"))
    let receipt = try await ChainClient(account: clerk, node: nodes[2]).call("counter", "add", Add(amount: 6))
    #expect(receipt.status == .succeeded)
    for node in nodes { await node.stop() }
  }
}
