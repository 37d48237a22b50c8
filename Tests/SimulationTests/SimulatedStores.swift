import ChainCore
import ChainTesting
import Testing

/// The store that worlds fail must itself keep what it promises.
@Suite struct SimulatedStores {
  static let table = StoreTable("numbers")

  static func store() throws -> SimulatedStore {
    let store = SimulatedStore()
    try store.write { try $0.put(table, [1], [10]) }
    return store
  }

  static func change(_ store: SimulatedStore) throws {
    try store.write { writer in
      for key in UInt8(1)...4 { try writer.put(table, [key], [key, key]) }
      try writer.remove(table, [2])
    }
  }

  static func keys(_ store: SimulatedStore) throws -> [[UInt8]] { try store.read { try $0.range(table).map(\.value) } }

  @Test(arguments: 0..<7) func crashLeavesAllOrNothing(change: Int) throws {
    let store = try Self.store()
    store.arm(.crash(atChange: change))
    #expect(throws: StoreError.closed) { try Self.change(store) }
    #expect(store.isDead)
    #expect(throws: StoreError.closed) { try Self.keys(store) }
    #expect(try Self.keys(store.reopened()) == [[10]])
  }

  @Test func crashAfterCommitLeavesAll() throws {
    let store = try Self.store()
    store.arm(.crashAfterCommit)
    #expect(throws: StoreError.closed) { try Self.change(store) }
    #expect(try Self.keys(store.reopened()) == [[1, 1], [3, 3], [4, 4]])
  }

  @Test(arguments: 0..<7) func fullStoreGoesOn(change: Int) throws {
    let store = try Self.store()
    store.arm(.full(atChange: change))
    #expect(throws: StoreError.storageFull(usedMiB: 1)) { try Self.change(store) }
    #expect(try Self.keys(store) == [[10]])
    try Self.change(store)
    #expect(try Self.keys(store) == [[1, 1], [3, 3], [4, 4]])
  }

  @Test(arguments: [false, true]) func failedSyncStopsWrites(isDurable: Bool) throws {
    let store = try Self.store()
    store.arm(.failedSync(isDurable: isDurable))
    #expect(throws: StoreError.io("sync")) { try Self.change(store) }
    #expect(throws: StoreError.io("sync")) { try Self.change(store) }
    #expect(try Self.keys(store) == [[10]])
    let again = try store.reopened()
    #expect(try Self.keys(again).count == (isDurable ? 3 : 1))
    try Self.change(again)
  }

  @Test func growthRunsTheBodyAgain() throws {
    let store = try Self.store()
    store.arm(.growth(atChange: 2))
    var runs = 0
    try store.write { writer in
      runs += 1
      for key in UInt8(1)...4 { try writer.put(Self.table, [key], [UInt8(runs)]) }
    }
    #expect(runs == 2)
    #expect(try Self.keys(store) == Array(repeating: [2], count: 4))
  }

  @Test func decayIsNoticedAndStopsWrites() throws {
    for seed in UInt64(1)...200 {
      let store = try Self.store()
      var random = SeededRandom(seed)
      #expect(try store.rot(&random) != nil)
      let damage = StoreError.corrupt(table: Self.table, key: [1])
      #expect(throws: damage) { try store.read { try $0.get(Self.table, [1]) } }
      #expect(throws: damage) { try Self.change(store) }
      #expect(throws: damage) { try Self.keys(store.reopened()) }
    }
  }
}
