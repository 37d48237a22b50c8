import ChainCore
import ChainTesting
import Foundation
import Testing

/// A node forgets what its policy does not keep, and nothing else.
@Suite struct Pruning {
  /// Prunes to the end; returns what all steps did.
  @discardableResult
  static func prune(_ ledger: Ledger, _ policy: RetentionPolicy, limit: Int = 200) throws -> PruningProgress {
    var total = PruningProgress(oldestState: 0, oldestBlock: 0)
    repeat { total.add(try ledger.prune(policy, limit: limit)) } while !total.isDone
    return total
  }

  /// How many records the tables of the state have.
  static func sizes(_ store: any KeyValueStore) throws -> [String: Int] {
    try store.read { reader in
      [
        "state": try reader.range(StoreTable("state", layout: .runs)).count,
        "state-nodes": try reader.range(StoreTable("state-nodes")).count,
        "state-stale": try reader.range(StoreTable("state-stale")).count, "index": try reader.range(StoreTable("index")).count,
      ]
    }
  }

  /// Whoever imports a snapshot has of the state what is alive, and nothing else: so much is left after pruning, too.
  @Test func sizeIsThatOfTheLiveState() throws {
    let (mine, theirs) = (MemoryStore(), MemoryStore())
    var world = try SnapshotWorld(blocks: 80, store: mine)
    try world.step()
    let imported = try world.imported(into: theirs)
    let before = try Self.sizes(mine)
    // The newest certificate is stored with the next block; up to it nothing can be pruned, and it is one below the head.
    try world.chain.makeBlock()
    let done = try Self.prune(world.ledger, RetentionPolicy(states: 1))
    #expect(done.oldestState == world.ledger.head.height.previous && done.oldestState == imported.head.height)
    let after = try Self.sizes(mine)
    // Beyond the live state: one root, and what of the older height is stale since the newer one.
    var live = try Self.sizes(theirs)
    live["state-nodes", default: 0] += 1
    live["state-stale", default: 0] += 1
    #expect(after == live, "before: \(before)")
    #expect(before["state-nodes", default: 0] > 2 * after["state-nodes", default: 0])
    #expect(try world.ledger.auditPruning().isExact)
    print("pruned: \(before.sorted { $0.key < $1.key }) -> \(after.sorted { $0.key < $1.key }), \(done)")
  }

  @Test func whatIsKeptReadsAndProvesAsBefore() throws {
    var world = try SnapshotWorld(blocks: 40)
    for keep in [UInt64(20), 7, 2] {
      let ledger = world.ledger
      let oldest = BlockHeight(ledger.head.height.rawValue - keep + 1)
      let key = StateKey(contract: "notes", table: "notes", key: UInt64(3))
      var expected: [BlockHeight: RecordProof] = [:]
      var height = oldest
      while height <= ledger.head.height {
        expected[height] = try ledger.proveRecord(key, at: height)
        height = height.next
      }
      try Self.prune(ledger, RetentionPolicy(states: keep), limit: 30)
      #expect(ledger.oldestState == min(oldest, ledger.head.height.previous))
      for (height, proof) in expected {
        #expect(try ledger.proveRecord(key, at: height) == proof)
        try proof.verify(stateRoot: try ledger.checkpoint(at: height).stateRoot, suite: ledger.suite)
      }
      let kept = ledger.oldestState...ledger.head.height
      #expect(throws: LedgerError.stateNotKept(oldest.previous, kept: kept)) { try ledger.record(key, at: oldest.previous) }
      #expect(throws: LedgerError.stateNotKept(oldest.previous, kept: kept)) { try ledger.proveRecord(key, at: oldest.previous) }
      #expect(throws: QueryError.ledger(.stateNotKept(oldest.previous, kept: kept))) {
        let _: Note? = try ledger.query("notes", "note", UInt64(3), at: oldest.previous)
      }
      #expect(throws: SnapshotError.ledger(.stateNotKept(oldest.previous, kept: kept))) { try ledger.snapshot(at: oldest.previous) }
      for _ in 0..<4 { try world.step() }
    }
    // It goes on like a chain that never forgot.
    #expect(try world.ledger.verify().height == world.ledger.head.height)
  }

  @Test func eachStepIsBounded() throws {
    let world = try SnapshotWorld(blocks: 40)
    var steps = 0
    var progress: PruningProgress
    repeat {
      progress = try world.ledger.prune(keeping: 1, limit: 10)
      #expect(progress.nodes <= 10)
      // Whatever is not removed yet, the rest is whole.
      let head = world.ledger.head.height
      _ = try world.ledger.proveRecord(StateKey(contract: "notes", table: "notes", key: UInt64(1)), at: head)
      steps += 1
    } while !progress.isDone
    #expect(steps > 10)
    #expect(try world.ledger.auditPruning().isExact)
    #expect(
      try world.ledger.prune(keeping: 1) == PruningProgress(oldestState: world.ledger.oldestState, oldestBlock: 0, isDone: true))
  }

  @Test func aHeldStateStaysUntilTheHoldEnds() throws {
    let world = try SnapshotWorld(blocks: 30)
    let ledger = world.ledger
    var hold: StateHold? = try ledger.hold(12)
    let second = try ledger.hold(20)
    try Self.prune(ledger, RetentionPolicy(states: 1))
    #expect(ledger.oldestState == 12)
    let manifest = try ledger.snapshot(at: 12, chunkBytes: 2_000)
    hold = nil
    _ = hold
    try Self.prune(ledger, RetentionPolicy(states: 1))
    #expect(ledger.oldestState == 20)
    #expect(throws: SnapshotError.ledger(.stateNotKept(12, kept: 20...ledger.head.height))) {
      try ledger.snapshotChunk(0, of: manifest)
    }
    #expect(throws: LedgerError.stateNotKept(12, kept: 20...ledger.head.height)) { try ledger.hold(12) }
    withExtendedLifetime(second) {}
  }

  /// A snapshot whose chunks are made while the chain goes on and forgets is whole.
  @Test func aSnapshotIsExportedWhilePruning() throws {
    var world = try SnapshotWorld(blocks: 30)
    let height = world.ledger.newestCertified
    let hold = try world.ledger.hold(height)
    let manifest = try world.ledger.snapshot(at: height, chunkBytes: 2_000)
    var snapshot = try world.begin(manifest)
    for number in 0..<manifest.chunkCount {
      try world.step()
      _ = try world.ledger.prune(keeping: 1, limit: 50)
      try snapshot.add(try world.ledger.snapshotChunk(number, of: manifest), as: number)
    }
    withExtendedLifetime(hold) {}
    #expect(try snapshot.finish().head.checkpoint == world.ledger.checkpoint(at: height))
  }

  @Test func blocksGoOnlyOnceTheyAreArchived() throws {
    var world = try SnapshotWorld(blocks: 60, window: 10)
    let ledger = world.ledger
    let policy = RetentionPolicy(states: 5, blocks: .archived(keeping: 8))
    try Self.prune(ledger, policy)
    #expect(ledger.oldestBlock == 0)
    // A gap does not count.
    try ledger.noteArchived(2...40)
    try Self.prune(ledger, policy)
    #expect(ledger.oldestBlock == 0)
    try ledger.noteArchived(1...30)
    try ledger.noteArchived(20...50)
    #expect(try ledger.archivedThrough() == 50)
    let id = try ledger.block(at: 30).transactions.first?.id(genesis: ledger.genesisID, suite: ledger.suite)
    try Self.prune(ledger, policy)
    // Snapshots of every kept state need the window before it.
    let first = ledger.oldestState.rawValue - 9
    #expect(ledger.oldestBlock == BlockHeight(min(first, 51)))
    #expect(try ledger.auditPruning().isExact)
    let kept = ledger.oldestBlock...ledger.head.height
    #expect(throws: LedgerError.blockNotKept(30, kept: kept)) { try ledger.block(at: 30) }
    #expect(throws: LedgerError.blockNotKept(30, kept: kept)) { try ledger.receipts(at: 30) }
    #expect(throws: LedgerError.blockNotKept(30, kept: kept)) { try ledger.events(from: 30) }
    if let id { #expect(throws: LedgerError.noSuchTransaction(id)) { try ledger.receipt(id) } }
    // Its history can be proven, and the newest state given away.
    let history = try ledger.proveHistory(of: 30, under: ledger.head.height)
    try history.verify(under: ledger.head.checkpoint, suite: ledger.suite)
    #expect(try world.imported().head.height == ledger.newestCertified)
    #expect(throws: LedgerError.noSuchHeight(1_000, head: ledger.head.height)) { try ledger.noteArchived(1...1_000) }
    try world.step()
    // A transaction of the window is refused a second time.
    let recent = try #require(world.recent)
    #expect(throws: AdmissionError.self) { try ledger.admit(recent) }
  }

  /// A store on disk does not grow with the chain's length if it forgets.
  @Test func spaceIsUsedAgain() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "yuchain-pruning-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var options = LMDBStore.Options()
    (options.initialMapMiB, options.reserveMiB) = (8, 0)
    let store = try LMDBStore(directory: directory, options: options)
    defer { store.close() }
    var chain = try SoloChain(
      [NotesContract()], suite: .international, organisations: ["city-hall": ["department"]],
      parameters: ChainParameters(transactionWindow: 10), store: store)
    let clerk = try chain.member("city-hall")
    var sizes: [Int] = []
    for round in UInt64(0)..<3 {
      for step in UInt64(0)..<60 {
        let signed = try (UInt64(0)..<8).map { place in
          let entry: EntryName = round == 0 && step < 10 ? "file" : "change"
          return try chain.sign("notes", entry, FileNote(number: (step % 10) * 8 + place, text: "\(round)/\(step)"), by: clerk)
        }
        try chain.makeBlock(signed)
        if step.isMultiple(of: 5) {
          if round > 0 || step > 0 { try chain.ledger.noteArchived(1...chain.ledger.head.height) }
          try Self.prune(chain.ledger, RetentionPolicy(states: 3, blocks: .archived(keeping: 3)))
        }
      }
      sizes.append(try store.usage().usedBytes)
    }
    print("pages used after each 60 blocks: \(sizes.map { $0 >> 10 }) KiB")
    #expect(sizes[2] <= sizes[0] + sizes[0] / 4)
    #expect(try chain.ledger.auditPruning().isExact)
  }
}
