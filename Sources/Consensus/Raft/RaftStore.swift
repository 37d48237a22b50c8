internal import ChainCore

/// A Raft replica's log and hard state as tables of a store, and how batches become writes.
struct RaftStore: RaftLogReader {
  static let log = StoreTable("raft-log")
  static let meta = StoreTable("raft-meta")
  static let hardKey = Array("hard".utf8)
  static let snapshotKey = Array("snapshot".utf8)
  static let baseKey = Array("base".utf8)
  static let blockKey = Array("block".utf8)

  let store: any KeyValueStore

  static func key(_ index: LogIndex) -> [UInt8] { index.rawValue.keyBytes }

  func entries(_ range: Range<LogIndex>, maxBytes: Int) throws -> [LogEntry] {
    try store.read { reader in
      var found: [LogEntry] = []
      var bytes = 0
      var failure: CanonicalError?
      try reader.scan(Self.log, from: Self.key(range.lowerBound), to: Self.key(range.upperBound), reverse: false) { _, value in
        do throws(CanonicalError) {
          let entry = try LogEntry(canonicalBytes: value)
          guard found.isEmpty || bytes + entry.payload.count <= maxBytes else { return false }
          bytes += entry.payload.count
          found.append(entry)
          return true
        } catch {
          failure = error
          return false
        }
      }
      if let failure { throw failure }
      return found
    }
  }

  func term(at index: LogIndex) throws -> Term? {
    try store.read { reader in
      try reader.get(Self.log, Self.key(index)).map { try LogEntry(canonicalBytes: $0).term }
    }
  }

  /// What the store holds, for a replica that starts.
  func restored(configuration: Configuration, applied: LogIndex) throws -> RaftRestoredState {
    try store.read { reader in
      let hard = try reader.get(Self.meta, Self.hardKey).map { try HardState(canonicalBytes: $0) } ?? HardState()
      let snapshot = try reader.get(Self.meta, Self.snapshotKey).map { try SnapshotMeta(canonicalBytes: $0) }
      let base = try reader.get(Self.meta, Self.baseKey).map { try LogBase(canonicalBytes: $0) } ?? LogBase()
      let last = try reader.last(Self.log).map { try LogEntry(canonicalBytes: $0.value).index } ?? 0
      return RaftRestoredState(
        configuration: configuration, log: self, hardState: hard, lastIndex: max(last, base.index), applied: applied,
        snapshot: snapshot, base: base)
    }
  }

  /// The block that the stored snapshot stands for.
  func block() throws -> BlockReference? {
    try store.read { try $0.get(Self.meta, Self.blockKey).map { try BlockReference(canonicalBytes: $0) } }
  }

  /// - Parameter block: What the batch's snapshot stands for, if it has one.
  static func write(_ batch: PersistBatch, block: BlockReference?, sequence: UInt64) -> EngineWrite {
    var operations: [EngineWrite.Operation] = []
    if let from = batch.truncateFrom { operations.append(.removeFrom(log, key: key(from))) }
    for entry in batch.entries { operations.append(.put(log, key: key(entry.index), value: entry.canonicalBytes)) }
    if let hard = batch.hardState { operations.append(.put(meta, key: hardKey, value: hard.canonicalBytes)) }
    if let snapshot = batch.snapshot { operations.append(.put(meta, key: snapshotKey, value: snapshot.canonicalBytes)) }
    if let block { operations.append(.put(meta, key: blockKey, value: block.canonicalBytes)) }
    if let base = batch.base {
      operations.append(.put(meta, key: baseKey, value: base.canonicalBytes))
      operations.append(.removeRange(log, from: key(0), to: key(base.index.next)))
    }
    return EngineWrite(sequence: sequence, operations: operations)
  }

  /// A log that begins after a snapshot, with nothing in it.
  static func write(_ snapshot: SnapshotMeta, block: BlockReference, sequence: UInt64) -> EngineWrite {
    let base = LogBase(index: snapshot.index, term: snapshot.term)
    return EngineWrite(
      sequence: sequence,
      operations: [
        .removeFrom(log, key: key(0)), .put(meta, key: snapshotKey, value: snapshot.canonicalBytes),
        .put(meta, key: blockKey, value: block.canonicalBytes), .put(meta, key: baseKey, value: base.canonicalBytes),
      ])
  }
}
