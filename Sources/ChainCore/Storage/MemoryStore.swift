import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A store in memory: the same behaviour as `LMDBStore`, nothing kept after the process. For tests and simulations.
public final class MemoryStore: KeyValueStore {
  private struct State {
    var tables: [StoreTable: SortedChunks<[UInt8]>] = [:]
    var isClosed = false
  }

  private let state: Mutex<State>
  private let writing = Mutex(())
  /// Which threads are inside a transaction.
  private let inside = ThreadCounts()

  /// An empty store.
  public init() { state = Mutex(State()) }

  private init(_ tables: [StoreTable: SortedChunks<[UInt8]>]) { state = Mutex(State(tables: tables)) }

  /// Another store with what this one holds now.
  package func copy() throws(StoreError) -> MemoryStore { MemoryStore(try tables()) }

  /// Calls `body` with a view of the last commit; see `KeyValueStore`.
  public func read<R>(_ body: (any KeyValueReader) throws -> R) throws -> R {
    let reader = MemoryTransaction(try tables())
    inside.enter()
    defer {
      inside.leave()
      reader.end()
    }
    return try body(reader)
  }

  /// Calls `body` with a writer, then commits; see `KeyValueStore`.
  public func write<R>(_ body: (any KeyValueWriter) throws -> R) throws -> R {
    guard !inside.containsCurrent else { throw StoreError.nestedWrite }
    return try writing.withLock { _ in
      let writer = MemoryTransaction(try tables())
      inside.enter()
      defer {
        inside.leave()
        writer.end()
      }
      let result = try body(writer)
      if let failure = writer.failure { throw failure }
      let tables = writer.tables
      state.withLock { $0.tables = tables }
      return result
    }
  }

  /// Waits for the writer and closes.
  public func close() {
    precondition(!inside.containsCurrent, "close inside a transaction")
    writing.withLock { _ in state.withLock { $0 = State(isClosed: true) } }
  }

  private func tables() throws(StoreError) -> [StoreTable: SortedChunks<[UInt8]>] {
    let (tables, isClosed) = state.withLock { ($0.tables, $0.isClosed) }
    if isClosed { throw .closed }
    return tables
  }
}

/// A view of the tables, and the changes of the write that owns it.
private final class MemoryTransaction: KeyValueWriter {
  private(set) var tables: [StoreTable: SortedChunks<[UInt8]>]
  /// The first failed change: then nothing is committed.
  private(set) var failure: StoreError?
  private var isOpen = true
  private var scans = 0

  init(_ tables: [StoreTable: SortedChunks<[UInt8]>]) { self.tables = tables }

  func end() {
    isOpen = false
    tables = [:]
  }

  func get(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    guard isOpen else { throw .closed }
    try StoreTable.check(key: key)
    return tables[table]?.value(of: key)
  }

  func scan(
    _ table: StoreTable, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    guard isOpen else { throw .closed }
    try StoreTable.check(bound: from)
    if let to { try StoreTable.check(bound: to) }
    scans += 1
    defer { scans -= 1 }
    tables[table]?.scan(from: from, to: to, reverse: reverse) { body($0.key, $0.value) }
  }

  func put(_ table: StoreTable, _ key: [UInt8], _ value: [UInt8]) throws(StoreError) {
    try change { () throws(StoreError) in
      try StoreTable.check(key: key)
      try StoreTable.check(value: value)
      tables[table, default: SortedChunks()].set(key, value)
    }
  }

  func remove(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) {
    try change { () throws(StoreError) in
      try StoreTable.check(key: key)
      tables[table]?.remove(key)
    }
  }

  private func change(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    guard isOpen else { throw .closed }
    if let failure { throw failure }
    do throws(StoreError) {
      guard scans == 0 else { throw .nestedWrite }
      try body()
    } catch {
      failure = error
      throw error
    }
  }
}

/// How many transactions each thread is inside of, to tell a nested write, which would wait for itself.
final class ThreadCounts: Sendable {
  private let counts = Mutex<[UInt: Int]>([:])

  /// The calling thread enters a transaction.
  func enter() { counts.withLock { $0[Self.current, default: 0] += 1 } }

  /// The calling thread leaves a transaction.
  func leave() {
    counts.withLock { counts in
      let count = counts[Self.current, default: 1] - 1
      counts[Self.current] = count == 0 ? nil : count
    }
  }

  /// Whether the calling thread is inside a transaction.
  var containsCurrent: Bool { counts.withLock { $0[Self.current] != nil } }

  /// A number that no other living thread has.
  static var current: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }
}
