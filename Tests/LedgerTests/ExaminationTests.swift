import ChainCore
import ChainTesting
import Testing

/// What a whole ledger is, is found without help; what cannot be told is said.
@Suite struct Examinations {
  @Test func aWholeLedgerHolds() throws {
    let world = try SnapshotWorld(blocks: 25)
    let found = world.ledger.examine()
    #expect(found.fault == nil && found.unchecked.isEmpty)
    #expect(found.blocks == 1...world.ledger.head.height && found.checkpoints == 0...world.ledger.head.height)
    #expect(found.execution?.start == 0 && found.execution?.height == world.ledger.head.height)
    #expect(found.records > 100 && found.indexEntries > 100 && found.certificates > 20)
  }

  @Test func shortenedLedgersHoldAndSayWhatIsMissing() throws {
    var world = try SnapshotWorld(blocks: 50, window: 10)
    let imported = try world.imported()
    let base = imported.head.height
    for _ in 0..<4 {
      let certificate = try world.step()
      try imported.commit(try world.ledger.block(at: imported.head.height.next), position: 0)
      try imported.add(certificate)
    }
    let begun = imported.examine()
    #expect(begun.fault == nil && begun.blocks == base.next...imported.head.height && begun.execution?.start == base)
    #expect(begun.unchecked.contains { $0.contains("blocks up to height \(base)") })
    #expect(begun.unchecked.contains { $0.contains("execution up to height \(base)") })

    try world.ledger.noteArchived(1...40)
    try Pruning.prune(world.ledger, RetentionPolicy(states: 6, blocks: .archived(keeping: 6)))
    let pruned = world.ledger.examine()
    let oldest = world.ledger.oldestState
    #expect(pruned.fault == nil && pruned.checkpoints?.lowerBound == 0 && pruned.blocks?.lowerBound == world.ledger.oldestBlock)
    #expect(pruned.execution?.start == oldest && pruned.execution?.height == world.ledger.head.height)
    #expect(pruned.unchecked.contains { $0.contains("states below height \(oldest)") })
    #expect(pruned.unchecked.contains { $0.contains("archived and pruned") })
  }

  /// Each kind of change to what is stored is found, at the height where it is.
  @Test func eachTableIsCovered() throws {
    let cases: [(table: String, height: UInt64?, change: (inout [UInt8]) -> Void)] = [
      ("headers", 7, { $0[$0.count - 1] ^= 1 }), ("transactions", 7, { $0[$0.count - 1] ^= 1 }), ("receipts", 7, { $0[40] ^= 1 }),
      ("checkpoints", 7, { $0[60] ^= 1 }), ("certificates", 7, { $0[$0.count - 1] ^= 1 }), ("history", nil, { $0[3] ^= 1 }),
      ("state", nil, { $0[$0.count - 1] ^= 1 }), ("state-nodes", nil, { $0[$0.count - 1] ^= 1 }), ("index", nil, { $0 = [] }),
      ("places", nil, { $0[0] ^= 1 }),
    ]
    for (name, height, change) in cases {
      let store = MemoryStore()
      let world = try SnapshotWorld(blocks: 12, store: store)
      let table = StoreTable.named(name)
      try store.write { writer in
        let records = try writer.range(table)
        let place = height.flatMap { height in records.firstIndex { $0.key == BlockHeight(height).orderedKey } } ?? records.count - 1
        var value = records[place].value
        change(&value)
        if name == "index" { try writer.remove(table, records[place].key) } else { try writer.put(table, records[place].key, value) }
      }
      let found = world.ledger.examine()
      #expect(found.fault != nil, "\(name)")
      if let height { #expect(found.fault?.height == BlockHeight(height), "\(name): \(String(describing: found.fault))") }
    }
  }
}

extension Examinations {
  /// A leaf of the tree holds its record: what differs from its hashes or from the newest record is found, and so is a record without leaf.
  @Test func leavesAndRecordsAgree() throws {
    let (nodes, state) = (StoreTable("state-nodes"), StoreTable("state", layout: .runs))
    // The parts of a leaf: hash of the key, of the value, the key's first byte, the value's last.
    let changes: [(inout [UInt8]) -> Void] = [{ $0[5] ^= 1 }, { $0[40] ^= 1 }, { $0[66] ^= 1 }, { $0[$0.count - 1] ^= 1 }]
    for (number, change) in changes.enumerated() {
      let store = MemoryStore()
      let world = try SnapshotWorld(blocks: 12, store: store)
      try store.write { writer in
        // The newest leaf stands in the newest tree.
        guard var leaf = try writer.range(nodes).last(where: { $0.value.first == 3 }) else { throw StoreError.io("no leaf") }
        change(&leaf.value)
        try writer.put(nodes, leaf.key, leaf.value)
      }
      #expect(world.ledger.examine().fault != nil, "part \(number)")
    }
    for isRemoved in [true, false] {
      let store = MemoryStore()
      let world = try SnapshotWorld(blocks: 12, store: store)
      #expect(world.ledger.examine().fault == nil)
      try store.write { writer in
        guard let record = try writer.range(state).last else { throw StoreError.io("no record") }
        if isRemoved { try writer.remove(state, record.key) } else { try writer.put(state, record.key + [1], record.value) }
      }
      #expect(world.ledger.examine().fault != nil, "\(isRemoved ? "removed" : "added")")
    }
  }
}

extension Examinations {
  /// A place behind the end of its block is damage for whoever asks, not the end of the process.
  @Test func aPlaceBeyondItsBlockIsDamage() throws {
    let store = MemoryStore()
    let world = try SnapshotWorld(blocks: 12, store: store)
    let signed = try #require(try world.ledger.block(at: 9).transactions.first)
    let id = signed.id(genesis: world.ledger.genesisID, suite: world.ledger.suite)
    #expect(try world.ledger.transaction(id).height == 9)
    try store.write { writer in
      for place in try writer.range(StoreTable("places", layout: .runs)) where place.key == id.digest.bytes {
        // The height's eight bytes, then the index.
        try writer.put(StoreTable("places", layout: .runs), place.key, place.value.prefix(8) + [255, 255, 255, 255])
      }
    }
    let asked: [(Ledger) throws -> Void] = [
      { _ = try $0.transaction(id) }, { _ = try $0.receipt(id) }, { _ = try $0.proveTransaction(id) }, { _ = try $0.proveReceipt(id) },
    ]
    for (number, ask) in asked.enumerated() {
      let error = #expect(throws: LedgerError.self, "\(number)") { try ask(world.ledger) }
      #expect({ if case .damaged = error { true } else { false } }(), "\(number): \(String(describing: error))")
    }
  }
}

extension StoreTable {
  /// The ledger's table of this name.
  static func named(_ name: String) -> StoreTable {
    switch name {
    case "headers": StoreTable("headers")
    case "transactions": StoreTable("transactions")
    case "receipts": StoreTable("receipts")
    case "checkpoints": StoreTable("checkpoints")
    case "certificates": StoreTable("certificates")
    case "history": StoreTable("history")
    case "state": StoreTable("state", layout: .runs)
    case "state-nodes": StoreTable("state-nodes")
    case "places": StoreTable("places", layout: .runs)
    default: StoreTable("index")
    }
  }
}

extension BlockHeight {
  /// Its key in tables by height.
  var orderedKey: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: rawValue >> (56 - $0 * 8)) } }
}
