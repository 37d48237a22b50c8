import ChainCore
import Synchronization

/// What a store was asked to put: keys and values as they stand on disk, without the store's own checksums.
struct RecordedWrites: Sendable {
  var pairs: [(key: [UInt8], value: [UInt8])] = []

  /// In key order, laid out for `bench_map_put`; a value has the 12 bytes more that the store adds to it.
  var packed: (bytes: [UInt8], sizes: [UInt32], count: Int) {
    let sorted = pairs.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    var bytes: [UInt8] = []
    var sizes: [UInt32] = []
    for (key, value) in sorted {
      bytes += key
      bytes += [UInt8](repeating: 7, count: 12)
      bytes += value
      sizes += [UInt32(key.count), UInt32(value.count + 12)]
    }
    return (bytes, sizes, sorted.count)
  }

  /// How many bytes were put.
  var byteCount: Int { pairs.reduce(0) { $0 + $1.key.count + $1.value.count } }
}

/// A store that notes what is put, while it is told to.
final class RecordingStore: KeyValueStore {
  private let inner: LMDBStore
  private let recorded = Mutex(RecordedWrites())
  private let isRecording = Mutex(false)

  init(_ inner: LMDBStore) { self.inner = inner }

  /// What `body` puts; it takes longer than usual.
  func recording(_ body: () throws -> Void) rethrows -> RecordedWrites {
    recorded.withLock { $0 = RecordedWrites() }
    isRecording.withLock { $0 = true }
    defer { isRecording.withLock { $0 = false } }
    try body()
    return recorded.withLock { $0 }
  }

  func read<R>(_ body: (any KeyValueReader) throws -> R) throws -> R { try inner.read(body) }
  func readAtLength<R>(_ body: (any KeyValueReader) throws -> R) throws -> R { try inner.readAtLength(body) }

  func write<R>(_ body: (any KeyValueWriter) throws -> R) throws -> R {
    guard isRecording.withLock({ $0 }) else { return try inner.write(body) }
    return try inner.write { writer in
      let noting = NotingWriter(writer)
      let result = try body(noting)
      recorded.withLock { $0.pairs += noting.writes.pairs }
      return result
    }
  }

  func close() { inner.close() }
}

private final class NotingWriter: KeyValueWriter {
  let inner: any KeyValueWriter
  var writes = RecordedWrites()

  init(_ inner: any KeyValueWriter) { self.inner = inner }

  func get(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? { try inner.get(table, key) }
  func scan(
    _ table: StoreTable, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
  ) throws(StoreError) { try inner.scan(table, from: from, to: to, reverse: reverse, body) }
  func put(_ table: StoreTable, _ key: [UInt8], _ value: [UInt8]) throws(StoreError) {
    writes.pairs.append((Array(table.name.utf8) + [0] + key, value))
    try inner.put(table, key, value)
  }
  func remove(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) { try inner.remove(table, key) }
  func prepareCommit() throws(StoreError) { try inner.prepareCommit() }
}
