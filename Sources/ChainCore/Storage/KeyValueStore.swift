/// The name of one ordered table of a store.
public struct StoreTable: Hashable, Sendable {
  /// The greatest length of a key, in bytes; the least is 1.
  public static let keyBytesMax = 480
  /// The greatest length of a value, in bytes.
  public static let valueBytesMax = 64 << 20
  /// The greatest length of a name, in bytes; 19 for a table in runs.
  public static let nameBytesMax = 29

  /// How a store on disk keeps a table. What it does is the same; tables of one name in two layouts are two tables.
  public enum Layout: Sendable, Hashable {
    /// In one tree, by key: for keys that come in about their order, and for few.
    case tree
    /// As a log-structured merge tree: for many keys in no order, of which each would cost a page of the tree.
    case runs
  }

  /// What every key of the table begins with on disk: the name and a zero byte, so that no name begins another's; of a table in runs a two
  /// before.
  let prefix: [UInt8]

  /// 1 to 29 printable ASCII characters without space.
  public var name: String { String(decoding: prefix.dropLast().drop { $0 == Self.runsMark }, as: UTF8.self) }

  /// The table called `name`, which is a constant of our own: 1 to 29 printable ASCII characters without space, for `.runs` to 19.
  public init(_ name: StaticString, layout: Layout = .tree) {
    let bytes = Array(name.description.utf8)
    precondition(Self.isName(bytes), "not a table name: \(name)")
    precondition(layout == .tree || bytes.count <= 19, "too long a name for a table in runs: \(name)")
    prefix = (layout == .runs ? [Self.runsMark] : []) + bytes + [0]
  }

  private static let runsMark: UInt8 = 2

  /// How it is kept.
  var layout: Layout { prefix[0] == Self.runsMark ? .runs : .tree }

  /// Between what all keys of tables in runs begin with.
  static let inRuns: (first: [UInt8], end: [UInt8]) = ([runsMark], [runsMark + 1])

  /// The table that a key on disk belongs to, or `nil` if it begins with no table name.
  init?(ofStoredKey key: [UInt8]) {
    guard let end = key.firstIndex(of: 0) else { return nil }
    let isInRuns = key.first == Self.runsMark
    let bytes = Array(key[..<end].dropFirst(isInRuns ? 1 : 0))
    guard Self.isName(bytes) || bytes == [1] && !isInRuns else { return nil }
    prefix = Array(key[...end])
  }

  private init(prefix: [UInt8]) { self.prefix = prefix }

  /// The table in runs of a name that is one.
  init(runs name: String) { prefix = [Self.runsMark] + Array(name.utf8) + [0] }

  /// The store's records about itself; its name is no table name.
  static let own = StoreTable(prefix: [1, 0])

  private static func isName(_ bytes: [UInt8]) -> Bool {
    (1...nameBytesMax).contains(bytes.count) && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f }
  }
}

/// One consistent view of a store: the last commit before the read began, plus the writer's own changes inside a write.
///
/// Keys are ordered bytewise, a prefix before what it begins. A reader is used only inside the closure that got it; afterwards
/// every call throws `StoreError.closed`.
public protocol KeyValueReader: AnyObject {
  /// The value of `key`, or `nil` if the table has none.
  ///
  /// - Throws: `StoreError.badKey`, `.corrupt`, `.readExpired`, `.closed`.
  /// - Complexity: O(log n) plus the length of the value.
  func get(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]?

  /// Calls `body` with each key and value of `from ..< to`, in order or in reverse, until it returns `false`.
  ///
  /// - Parameters:
  ///   - from: The least key; empty means the first. At most 481 bytes, so that a key and a zero byte may follow the last key seen.
  ///   - to: The bound that is not reached, or `nil` for the end of the table. At most 481 bytes.
  ///   - body: Must not write to the same store.
  /// - Throws: `StoreError.badKey`, `.corrupt`, `.readExpired`, `.closed`.
  func scan(
    _ table: StoreTable, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
  ) throws(StoreError)
}

/// The one open write of a store. It sees its own changes.
///
/// A failed `put` or `remove` spoils the transaction: nothing of it is kept even if the closure goes on.
public protocol KeyValueWriter: KeyValueReader {
  /// Sets the value of `key`.
  ///
  /// - Throws: `StoreError.badKey`, `.valueTooLarge`, `.storageFull`, `.diskFull`, `.nestedWrite` (inside a scan), `.closed`.
  func put(_ table: StoreTable, _ key: [UInt8], _ value: [UInt8]) throws(StoreError)

  /// Removes `key`; nothing happens if the table does not have it.
  ///
  /// - Throws: as `put`.
  func remove(_ table: StoreTable, _ key: [UInt8]) throws(StoreError)

  /// Does now what the commit would have to do for all that was changed so far, for who waits for something else anyway.
  ///
  /// Changes nothing of what is read or kept; more may be changed afterwards.
  /// - Throws: as `put`.
  func prepareCommit() throws(StoreError)
}

extension KeyValueWriter {
  /// Nothing, where a commit has nothing to do beforehand.
  public func prepareCommit() throws(StoreError) {}
}

/// Ordered tables of bytes with snapshot reads and one durable writer at a time.
///
/// `LMDBStore` keeps them on disk, `MemoryStore` in memory; one conformance suite runs on both.
public protocol KeyValueStore: Sendable {
  /// Calls `body` with a view of the last commit, which later commits do not change.
  ///
  /// - Throws: what `body` throws, or `StoreError.closed`, `.tooManyReads`.
  func read<R>(_ body: (any KeyValueReader) throws -> R) throws -> R

  /// As `read`, for as long as it takes: one view of a whole store. A store on disk may end it with `StoreError.readExpired` when its
  /// writer needs all reads to end; begin again then.
  func readAtLength<R>(_ body: (any KeyValueReader) throws -> R) throws -> R

  /// Calls `body` with a writer, then commits durably; if `body` throws, nothing is kept.
  ///
  /// Writers wait for one another. It runs on one thread from start to end. `body` may run again from the start when the
  /// store had to grow, so it changes nothing but the store.
  /// - Throws: what `body` throws, or `StoreError`; `.nestedWrite` inside another read or write of this store.
  func write<R>(_ body: (any KeyValueWriter) throws -> R) throws -> R

  /// Waits for open transactions and closes; later calls throw `StoreError.closed`. Not from inside a transaction.
  func close()
}

extension KeyValueStore {
  /// As `read`, which has no limit in most stores.
  public func readAtLength<R>(_ body: (any KeyValueReader) throws -> R) throws -> R { try read(body) }
}

extension KeyValueReader {
  /// Up to `limit` keys and values of `from ..< to`.
  public func range(
    _ table: StoreTable, from: [UInt8] = [], to: [UInt8]? = nil, reverse: Bool = false, limit: Int = .max
  ) throws(StoreError) -> [(key: [UInt8], value: [UInt8])] {
    var found: [(key: [UInt8], value: [UInt8])] = []
    guard limit > 0 else { return found }
    try scan(table, from: from, to: to, reverse: reverse) { key, value in
      found.append((key, value))
      return found.count < limit
    }
    return found
  }

  /// The least key of `from ..< to` and its value.
  public func first(
    _ table: StoreTable, from: [UInt8] = [], to: [UInt8]? = nil
  ) throws(StoreError) -> (key: [UInt8], value: [UInt8])? {
    try range(table, from: from, to: to, limit: 1).first
  }

  /// The greatest key of `from ..< to` and its value.
  public func last(
    _ table: StoreTable, from: [UInt8] = [], to: [UInt8]? = nil
  ) throws(StoreError) -> (key: [UInt8], value: [UInt8])? {
    try range(table, from: from, to: to, reverse: true, limit: 1).first
  }
}

extension StoreTable {
  /// Throws unless `key` may be stored.
  static func check(key: [UInt8]) throws(StoreError) {
    guard !key.isEmpty, key.count <= keyBytesMax else { throw .badKey(bytes: key.count) }
  }

  /// Throws unless `bound` may bound a scan.
  static func check(bound: [UInt8]) throws(StoreError) {
    guard bound.count <= keyBytesMax + 1 else { throw .badKey(bytes: bound.count) }
  }

  /// Throws unless `value` may be stored.
  static func check(value: [UInt8]) throws(StoreError) {
    guard value.count <= valueBytesMax else { throw .valueTooLarge(bytes: value.count) }
  }
}
