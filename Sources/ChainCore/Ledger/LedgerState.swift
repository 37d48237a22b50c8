/// The chain's records as of one height, read through one snapshot of the store.
struct LedgerState: StateReader {
  let reader: any KeyValueReader
  let height: BlockHeight
  /// Whether `height` was the head when the snapshot was taken: indexes are kept for the head only.
  let isHead: Bool
  let suite: CryptoSuite
  /// What a block read already; calls read the same few records again and again.
  var remembered: RememberedRecords?

  func value(_ space: StateSpace, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    switch space {
    case .index:
      guard isHead else { throw .io("indexes exist for the newest height only") }
      return try reader.get(LedgerTables.index, key)
    case .state: return try record(ByteKey(key))
    }
  }

  /// The value of a contract's record, if any.
  func record(_ key: ByteKey) throws(StoreError) -> [UInt8]? {
    guard let bytes = try newest(key) else { return nil }
    return try resolve(key.bytes, newest: bytes)
  }

  func scan(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    switch space {
    case .index:
      guard isHead else { throw .io("indexes exist for the newest height only") }
      try reader.scan(LedgerTables.index, from: from, to: to, reverse: reverse, body)
    case .state:
      var failure: StoreError?
      try reader.scan(LedgerTables.current, from: from, to: to, reverse: reverse) { key, bytes in
        do throws(StoreError) {
          guard let value = try resolve(key, newest: bytes) else { return true }
          return body(key, value)
        } catch {
          failure = error
          return false
        }
      }
      if let failure { throw failure }
    }
  }

  /// The stored bytes of the newest version of a record.
  private func newest(_ key: ByteKey) throws(StoreError) -> [UInt8]? {
    guard let remembered else { return try reader.get(LedgerTables.current, key.bytes) }
    if let known = remembered.find(key) { return known }
    let found = try reader.get(LedgerTables.current, key.bytes)
    remembered.note(key, found)
    return found
  }

  private func resolve(_ key: [UInt8], newest bytes: [UInt8]) throws(StoreError) -> [UInt8]? {
    let newest = try Self.decode(bytes, table: LedgerTables.current, key: key)
    if newest.version <= height { return newest.value }
    #if DEBUG
      if LedgerMutation.planted == .newestForOld { return newest.value }
    #endif
    // It changed since: the tree of the height has what it was.
    do {
      return try StateTree(suite: suite).value(of: key, at: height.rawValue, reader: LedgerNodes(reader: reader))
    } catch let error as StoreError {
      throw error
    } catch {
      throw .corrupt(table: LedgerTables.nodes, key: key)
    }
  }

  static func decode(_ bytes: [UInt8], table: StoreTable, key: [UInt8]) throws(StoreError) -> VersionedValue {
    do {
      return try VersionedValue(canonicalBytes: bytes)
    } catch {
      throw .corrupt(table: table, key: key)
    }
  }
}

/// Records of the newest state as they are stored, read during one block; bounded.
final class RememberedRecords {
  private static let bytesMax = 64 << 20

  private var records: [ByteKey: [UInt8]?] = [:]
  private var bytes = 0

  func find(_ key: ByteKey) -> [UInt8]?? { records[key] }

  func note(_ key: ByteKey, _ value: [UInt8]?) {
    // The 100 bytes stand for the dictionary's own.
    bytes += key.bytes.count + (value?.count ?? 0) + 100
    if bytes <= Self.bytesMax { records[key] = .some(value) }
  }
}

/// The nodes of the history tree in the store.
struct HistoryNodes: LogNodeReader {
  let reader: any KeyValueReader

  static func key(level: UInt8, index: UInt64) -> [UInt8] { [level] + index.keyBytes }

  func node(level: UInt8, index: UInt64) throws -> Digest? {
    try reader.get(LedgerTables.history, Self.key(level: level, index: index)).flatMap { Digest($0) }
  }
}
