import ChainCore
import Consensus
import Testing

@testable import ChainNode

@Suite struct CatchingUp {
  func expectCaughtUp(_ world: SyncWorld) throws {
    #expect(world.stopped == nil)
    let ledger = try #require(world.host.ledger)
    #expect(ledger.head.checkpoint == world.source.head.checkpoint)
    #expect(world.caughtUp.last == world.source.head.height)
    #expect(
      try ledger.query("counter", "sum", NoResult(), as: UInt64.self) == world.source.query("counter", "sum", NoResult(), as: UInt64.self))
  }

  @Test func anEmptyNodeTakesASnapshotThenBlocks() throws {
    var world = try SyncWorld([.honest, .honest, .honest, .honest], blocks: 45)
    try world.run()
    try expectCaughtUp(world)
    #expect(world.host.ledger?.base == 40)
    #expect(world.chunksFrom.count > 2, "chunks come from several peers: \(world.chunksFrom)")
    #expect(world.faults.isEmpty && world.sync.unasked == 0)
    // Later the chain grows: blocks are enough.
    try SyncWorld.extend(world.source, world.founding, by: 70)
    let before = world.caughtUp.count
    world.step(.heard(world.source.head.height))
    try world.run { $0.caughtUp.count > before }
    try expectCaughtUp(world)
    #expect(world.begun == 1)
  }

  @Test func aShortChainIsExecutedFromGenesis() throws {
    var world = try SyncWorld([.honest, .honest], blocks: 15)
    try world.run()
    try expectCaughtUp(world)
    #expect(world.host.ledger?.base == 0 && world.begun == 0)
    #expect(try world.host.ledger?.verify().height == 15)
  }

  @Test func aNewChainIsNothingToWaitFor() throws {
    var world = try SyncWorld([.honest, .honest, .silent], blocks: 0)
    try world.run()
    #expect(world.caughtUp == [0])
    // One peer of three is no reason to believe it.
    var lonely = try SyncWorld([.empty, .silent, .silent], blocks: 30)
    try lonely.run(seconds: 60)
    #expect(lonely.caughtUp.isEmpty && lonely.host.ledger == nil)
  }

  @Test(arguments: [PeerConduct.silent, .falseChunks, .falseManifest, .forgedManifest, .nonsense, .falseBlocks, .forgedChain, .empty])
  func liarsOnlyDelay(conduct: PeerConduct) throws {
    for place in 0..<4 {
      var conducts = [PeerConduct](repeating: .honest, count: 4)
      conducts[place] = conduct
      var world = try SyncWorld(conducts, blocks: 45)
      try world.run(seconds: 300)
      try expectCaughtUp(world)
      for (index, peer) in world.peers.enumerated() where index != place { #expect(world.faults[peer] == nil) }
    }
  }

  @Test func oneHonestPeerAmongLiarsIsEnough() throws {
    let conducts: [PeerConduct] = [.silent, .falseChunks, .falseManifest, .forgedManifest, .nonsense, .falseBlocks, .honest]
    var world = try SyncWorld(conducts, blocks: 45)
    try world.run(seconds: 3_600)
    try expectCaughtUp(world)
    #expect(world.faults[world.peers[6]] == nil)
    // Who answers badly is asked less and less.
    for peer in world.peers.dropLast() { #expect(world.faults[peer, default: 0] < 40) }
  }

  @Test func onlyLiarsMeanNothingImported() throws {
    for conduct in [PeerConduct.silent, .nonsense, .forgedChain, .empty] {
      var world = try SyncWorld([conduct, conduct, conduct], blocks: 15)
      try world.run(seconds: 600)
      #expect(world.stopped == nil && (world.caughtUp.isEmpty || world.caughtUp == [0]))
      #expect(world.host.ledger.map { $0.head.height == 0 } ?? true)
    }
    // Liars about snapshots whose blocks are good: it executes the chain from the first block.
    for conduct in [PeerConduct.falseManifest, .falseChunks] {
      var world = try SyncWorld([conduct, conduct, conduct], blocks: 40)
      try world.run(seconds: 600)
      try expectCaughtUp(world)
      #expect(world.discarded > 0 && world.host.ledger?.base == 0)
    }
  }

  @Test func anInterruptedImportGoesOn() throws {
    let store = MemoryStore()
    let founding = try SyncWorld.found()
    let source = try SyncWorld.ledger(founding, blocks: 45)
    var first = try SyncWorld([.honest, .honest], blocks: 0, founding: founding, source: source, store: store)
    try first.run { $0.chunksFrom.values.reduce(0, +) >= 3 }
    #expect(first.host.ledger == nil)
    #expect(throws: LedgerError.unfinishedImport(40)) { try Ledger(store: store, genesis: founding.genesis, contracts: founding.registry) }
    var second = try SyncWorld([.honest, .honest], blocks: 0, founding: founding, source: source, store: store)
    try second.run()
    try expectCaughtUp(second)
    let whole = try source.snapshot(at: 40, chunkBytes: 700).chunkCount
    #expect(second.chunksFrom.values.reduce(0, +) < whole)
  }

  @Test func aCutNetworkLosesNoChunk() throws {
    var world = try SyncWorld([.honest, .honest, .silent], blocks: 45)
    try world.run { $0.chunksFrom.values.reduce(0, +) >= 3 }
    let before = world.chunksFrom.values.reduce(0, +)
    world.isCut = true
    try world.run(seconds: 400)
    #expect(world.discarded == 0 && world.host.ledger == nil)
    world.isCut = false
    try world.run(seconds: 3_000)
    try expectCaughtUp(world)
    let whole = try world.source.snapshot(at: 40, chunkBytes: 700).chunkCount
    #expect(world.host.ledger?.base == 40 && world.chunksFrom.values.reduce(0, +) <= whole + 2 && before < whole)
  }

  @Test func anImporterServesTheNext() throws {
    var world = try SyncWorld([.honest, .honest], blocks: 45)
    try world.run()
    let imported = try #require(world.host.ledger)
    try SyncWorld.extend(imported, world.founding, by: 12)
    var next = try SyncWorld([.honest, .honest], blocks: 0, founding: world.founding, source: imported)
    try next.run()
    try expectCaughtUp(next)
    #expect(next.host.ledger?.base == 56)
  }

  @Test func anEngineThatGainsIsLeftAlone() throws {
    let founding = try SyncWorld.found()
    let source = try SyncWorld.ledger(founding, blocks: 30)
    let store = MemoryStore()
    _ = try Ledger(store: store, genesis: founding.genesis, contracts: founding.registry)
    var world = try SyncWorld([.honest, .honest], blocks: 0, founding: founding, source: source, store: store)
    let own = try #require(world.host.ledger)
    func engineExecutes(_ world: inout SyncWorld) throws {
      try own.commit(try source.block(at: own.head.height.next), position: 1)
      world.step(.head(BlockReference(height: own.head.height, id: own.head.blockID)))
    }
    // A block now and then while the chain stands still: the engine will get there.
    for _ in 0..<10 {
      try engineExecutes(&world)
      try world.run(seconds: 5)
      #expect(world.sync.headHeight == own.head.height && world.caughtUp.isEmpty)
    }
    // The chain makes more: it will not.
    try SyncWorld.extend(source, founding, by: 3)
    try engineExecutes(&world)
    try world.run(seconds: 12)
    #expect(world.caughtUp == [33])
  }

  @Test func aDivergedNodeStops() throws {
    let founding = try SyncWorld.found()
    let store = MemoryStore()
    let own = try Ledger(store: store, genesis: founding.genesis, contracts: founding.registry)
    let head = own.head
    try own.commit(
      Block(
        on: head.header, parentID: head.blockID, time: head.header.time.advanced(byMilliseconds: 5), proposer: AccountID(.zero),
        transactions: [], genesis: own.genesisID, suite: own.suite), position: 0)
    var world = try SyncWorld([.honest, .honest], blocks: 30, founding: founding, store: store)
    try world.run()
    #expect(world.stopped == .ledger(.diverged(1)))
  }

  @Test func messagesAreBounded() throws {
    let world = try SyncWorld([.honest], blocks: 80)
    var server = SyncServer(world.source, limits: .init(interval: 8, chunkBytes: 700))
    let peer = world.peers[0]
    guard case .blocks(1, let blocks, let certificate) = server.answer(.askBlocks(from: 1), from: peer, now: 0) else {
      Issue.record("no blocks")
      return
    }
    #expect(blocks.count == SyncMessage.blockLimit && certificate?.checkpoint.height == 64)
    let message = NodeMessage.sync(.blocks(from: 1, blocks + blocks, certificate))
    #expect(throws: CanonicalError.self) { try NodeMessage(canonicalBytes: message.canonicalBytes) }
    let bytes = NodeMessage.sync(.blocks(from: 1, Array(blocks.prefix(2)), certificate)).canonicalBytes
    for length in stride(from: 0, to: bytes.count, by: 3) {
      #expect(throws: CanonicalError.self) { try NodeMessage(canonicalBytes: Array(bytes[..<length])) }
    }
    // Answers are no questions; heights that are no snapshot, numbers that are none and too many questions are turned away.
    #expect(server.answer(.status(nil, []), from: peer, now: 0) == nil)
    for (height, number) in [(BlockHeight(79), UInt32(0)), (72, 0), (80, .max), (0, 0), (8, 0)] {
      #expect(
        server.answer(.askChunk(height: height, snapshot: .zero, number: number), from: peer, now: 0)
          == .chunk(snapshot: .zero, number: number, nil))
    }
    #expect(server.answer(.askBlocks(from: 1_000), from: peer, now: 0) == .blocks(from: 1_000, [], nil))
    for _ in 0..<40 { _ = server.answer(.askStatus(generation: 1), from: peer, now: 0) }
    #expect(server.answer(.askStatus(generation: 1), from: peer, now: 0) == nil)
    #expect(server.answer(.askStatus(generation: 1), from: world.peers[0], now: 1_000) != nil)
  }
}
