@testable import ChainCore

/// A store that keeps all tables in runs: what holds of a store holds of it.
struct StoreInRuns: KeyValueStore {
  let store: LMDBStore

  init(_ store: LMDBStore) { self.store = store }

  func read<R>(_ body: (any KeyValueReader) throws -> R) throws -> R { try store.read { try body(ReaderInRuns($0)) } }

  func readAtLength<R>(_ body: (any KeyValueReader) throws -> R) throws -> R {
    try store.readAtLength { try body(ReaderInRuns($0)) }
  }

  func write<R>(_ body: (any KeyValueWriter) throws -> R) throws -> R { try store.write { try body(WriterInRuns($0)) } }

  func close() { store.close() }
}

extension StoreTable {
  /// The table of the same name in runs, if the name is short enough for it.
  var inRuns: StoreTable { name.utf8.count <= 19 ? StoreTable(runs: name) : self }
}

private class ReaderInRuns: KeyValueReader {
  private let reader: any KeyValueReader

  init(_ reader: any KeyValueReader) { self.reader = reader }

  func get(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? { try reader.get(table.inRuns, key) }

  func scan(
    _ table: StoreTable, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    try reader.scan(table.inRuns, from: from, to: to, reverse: reverse, body)
  }
}

private final class WriterInRuns: ReaderInRuns, KeyValueWriter {
  private let writer: any KeyValueWriter

  init(_ writer: any KeyValueWriter) {
    self.writer = writer
    super.init(writer)
  }

  func put(_ table: StoreTable, _ key: [UInt8], _ value: [UInt8]) throws(StoreError) { try writer.put(table.inRuns, key, value) }

  func remove(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) { try writer.remove(table.inRuns, key) }
}
