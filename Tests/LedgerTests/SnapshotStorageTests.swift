import ChainCore
import ChainTesting
import Foundation
import Synchronization
import Testing

/// A store whose writes fail from a number on, as if the process ended there.
final class EndingStore: KeyValueStore {
  struct Ended: Error {}
  let inner: any KeyValueStore
  private let left: Mutex<Int>

  init(_ inner: any KeyValueStore, writes: Int) {
    self.inner = inner
    left = Mutex(writes)
  }

  func read<R>(_ body: (any KeyValueReader) throws -> R) throws -> R { try inner.read(body) }

  func write<R>(_ body: (any KeyValueWriter) throws -> R) throws -> R {
    try inner.write { writer in
      let result = try body(writer)
      let goesOn = left.withLock { left in
        left -= 1
        return left >= 0
      }
      guard goesOn else { throw Ended() }
      return result
    }
  }

  func close() { inner.close() }
}

@Suite struct SnapshotStorage {
  /// Adds what is missing and finishes.
  func run(_ world: SnapshotWorld, _ manifest: SnapshotManifest, _ chunks: [[UInt8]], in store: any KeyValueStore) throws -> Ledger {
    var snapshot = try world.begin(manifest, in: store)
    for number in snapshot.missing { try snapshot.add(chunks[number], as: number) }
    return try snapshot.finish()
  }

  @Test func theProcessMayEndAtAnyWrite() throws {
    let world = try SnapshotWorld(blocks: 15)
    let (manifest, chunks) = try world.export()
    var ends = 0
    while true {
      let store = MemoryStore()
      if let ledger = try? run(world, manifest, chunks, in: EndingStore(store, writes: ends)) {
        #expect(ledger.head.checkpoint == world.ledger.head.checkpoint)
        break
      }
      // Half an import is no chain, unless nothing was written at all.
      if ends > 0 {
        #expect(throws: LedgerError.unfinishedImport(manifest.height)) {
          try Ledger(store: store, genesis: world.genesis, contracts: world.registry)
        }
      }
      // Going on and beginning anew both lead to the same ledger.
      if ends.isMultiple(of: 2) { try SnapshotImport.discard(in: store) }
      let ledger = try run(world, manifest, chunks, in: store)
      #expect(ledger.head.checkpoint == world.ledger.head.checkpoint)
      #expect(try ledger.recordCount() == world.ledger.recordCount())
      ends += 1
    }
    #expect(ends > chunks.count + 2)
  }

  @Test func discardingMayBeInterrupted() throws {
    let world = try SnapshotWorld(blocks: 15)
    let (manifest, chunks) = try world.export()
    var ends = 0
    var isDone = false
    while !isDone {
      let store = MemoryStore()
      var snapshot = try world.begin(manifest, in: store)
      for number in snapshot.missing { try snapshot.add(chunks[number], as: number) }
      do { try SnapshotImport.discard(in: EndingStore(store, writes: ends)) } catch {}
      let rest = try SnapshotImport(resuming: store, genesis: world.genesis, contracts: world.registry)
      isDone = rest.map { _ in false } ?? true
      let ledger = try run(world, manifest, chunks, in: store)
      #expect(try ledger.recordCount() == world.ledger.recordCount())
      #expect(ledger.head.checkpoint == world.ledger.head.checkpoint)
      ends += 1
    }
    #expect(ends > 5)
  }

  @Test func whatTheDiskChangedIsNoticed() throws {
    let world = try SnapshotWorld(blocks: 15)
    let (manifest, chunks) = try world.export()
    let store = MemoryStore()
    var snapshot = try world.begin(manifest, in: store)
    for number in snapshot.missing { try snapshot.add(chunks[number], as: number) }
    let table = StoreTable("state", layout: .runs)
    let (key, value) = try #require(try store.read { try $0.range(table, limit: 5).last })
    try store.write { try $0.put(table, key, value.dropLast() + [(value.last ?? 0) ^ 1]) }
    do throws(SnapshotError) {
      _ = try snapshot.finish()
      Issue.record("a changed record was taken")
    } catch {
      guard case .damagedStore(manifest.checkpoint.stateRoot, _) = error else { throw error }
    }
    try store.write { try $0.put(table, key, value) }
    #expect(try snapshot.finish().head.checkpoint == world.ledger.head.checkpoint)
  }

  @Test func importsLastOnDisk() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "yuchain-import-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let world = try SnapshotWorld()
    let (manifest, chunks) = try world.export()
    for (number, bytes) in chunks.enumerated() {
      let store = try LMDBStore(directory: directory)
      defer { store.close() }
      var snapshot = try world.begin(manifest, in: store)
      #expect(snapshot.missing.first == number)
      try snapshot.add(bytes, as: number)
    }
    let store = try LMDBStore(directory: directory)
    defer { store.close() }
    let ledger = try run(world, manifest, chunks, in: store)
    #expect(try ledger.recordCount() == world.ledger.recordCount())
    var original = world
    for _ in 0..<5 {
      let certificate = try original.step()
      #expect(try ledger.commit(try original.ledger.block(at: ledger.head.height.next), position: 1) == certificate.checkpoint)
    }
  }
}
