package import ChainCore
internal import Synchronization

/// What happens to the next write of a `SimulatedStore`. A write number beyond the transaction's last means: before the commit.
package enum StoreFault: Hashable, Sendable {
  /// Power fails at this change; nothing of the transaction stays.
  case crash(atChange: Int)
  /// Power fails when everything is durable, before the writer is told.
  case crashAfterCommit
  /// The map is full at this change; nothing of the transaction stays, the store goes on.
  case full(atChange: Int)
  /// The sync fails; whether the transaction is on disk shows only when the store is opened again.
  case failedSync(isDurable: Bool)
  /// The map grows at this change, so that the body runs again from the start.
  case growth(atChange: Int)
  /// The read that comes to so many accesses from now on has lasted too long.
  case expiry(afterReads: Int)
}

/// A store in memory that keeps the promises of `LMDBStore` and no more: what was synced survives, all or nothing of a transaction.
///
/// Records carry the same checksums as on disk, so that decay shows. After a failed sync or decay writes are refused until the store is
/// opened again, which is what `reopened()` does. One thread at a time.
package final class SimulatedStore: KeyValueStore {
  private struct State {
    var fault: StoreFault?
    /// How many writes go well before that.
    var writesLeft = 0
    /// After how many accesses a read expires.
    var readsLeft: Int?
    /// Why writes are refused.
    var stopped: StoreError?
    var isDead = false
    var commits = 0
    /// The changes that are not durable; none but with a planted defect.
    var unsynced: [SimulatedTransaction.Change] = []
    /// Tables that hold or held something, in order of their names.
    var tables: [StoreTable] = []
  }

  /// What survives.
  private let disk: MemoryStore
  /// What this process sees.
  private let visible: MemoryStore
  private let state: Mutex<State>

  /// An empty store.
  package convenience init() { self.init(disk: MemoryStore(), visible: MemoryStore(), tables: []) }

  private init(disk: MemoryStore, visible: MemoryStore, tables: [StoreTable]) {
    self.disk = disk
    self.visible = visible
    state = Mutex(State(tables: tables))
  }

  /// The store as the next process finds it. This one is dead from now on.
  package func reopened() throws(StoreError) -> SimulatedStore {
    let tables = state.withLock { state in
      state.isDead = true
      return state.tables
    }
    return SimulatedStore(disk: disk, visible: try disk.copy(), tables: tables)
  }

  /// Prepares what happens to the next write after so many, or to reads from now on.
  package func arm(_ fault: StoreFault?, afterWrites writes: Int = 0) {
    state.withLock { state in
      (state.fault, state.readsLeft, state.writesLeft) = (fault, nil, writes)
      if case .expiry(let reads) = fault { (state.fault, state.readsLeft) = (nil, reads) }
    }
  }

  /// Whether power failed.
  package var isDead: Bool { state.withLock { $0.isDead } }
  /// Why writes are refused.
  package var stopped: StoreError? { state.withLock { $0.stopped } }
  /// How many transactions this process committed.
  package var commits: Int { state.withLock { $0.commits } }

  /// A view of the last commit.
  package func read<R>(_ body: (any KeyValueReader) throws -> R) throws -> R {
    if isDead { throw StoreError.closed }
    return try visible.read { reader in
      try body(SimulatedTransaction(reader: reader, hasExpired: { [self] in hasExpired() }) { [self] in stop($0) })
    }
  }

  /// Calls `body` with a writer, then commits durably, unless a fault was prepared.
  package func write<R>(_ body: (any KeyValueWriter) throws -> R) throws -> R {
    let fault = try begin()
    if case .growth(let change) = fault {
      let first: Result<R, any Error> = Result { try attempt(body, fault: .full(atChange: change)).result }
      if case .failure(let error) = first, error as? StoreError != .storageFull(usedMiB: 1) { throw error }
    }
    let done: (result: R, changes: [SimulatedTransaction.Change])
    if case .growth = fault {
      done = try attempt(body, fault: nil)
    } else {
      done = try attempt(body, fault: fault)
    }
    try sync(done.changes)
    guard fault == .crashAfterCommit else { return done.result }
    state.withLock { $0.isDead = true }
    throw StoreError.closed
  }

  /// Ends the process's use of the store.
  package func close() { state.withLock { $0.isDead = true } }

  /// Counts an access; whether its read has lasted too long.
  private func hasExpired() -> Bool {
    state.withLock { state in
      guard let left = state.readsLeft else { return false }
      state.readsLeft = left > 0 ? left - 1 : nil
      return left == 0
    }
  }

  private func begin() throws(StoreError) -> StoreFault? {
    var fault: StoreFault?
    var unsynced: [SimulatedTransaction.Change] = []
    let refusal: StoreError? = state.withLock { state in
      if state.isDead { return .closed }
      if let stopped = state.stopped { return stopped }
      (unsynced, state.unsynced) = (state.unsynced, [])
      if state.writesLeft == 0 { (fault, state.fault) = (state.fault, nil) }
      state.writesLeft = max(0, state.writesLeft - 1)
      return nil
    }
    if let refusal { throw refusal }
    try apply(unsynced)
    return fault
  }

  private func attempt<R>(
    _ body: (any KeyValueWriter) throws -> R, fault: StoreFault?
  ) throws -> (result: R, changes: [SimulatedTransaction.Change]) {
    try visible.write { inner in
      let writer = SimulatedTransaction(reader: inner, writer: inner, fault: fault) { [self] in stop($0) }
      do {
        let result = try body(writer)
        if let failure = writer.failure { throw failure }
        if let failure = writer.commitFailure { throw failure }
        return (result, writer.changes)
      } catch {
        if writer.hasCrashed { state.withLock { $0.isDead = true } }
        if case .failedSync(let isDurable) = fault, writer.failure == nil, error as? StoreError == SimulatedTransaction.syncFailure {
          if isDurable { try apply(writer.changes) }
          stop(SimulatedTransaction.syncFailure)
        }
        throw error
      }
    }
  }

  /// Refuses writes from now on.
  private func stop(_ error: StoreError) {
    #if DEBUG
      if LedgerMutation.planted == .usedAfterFailedSync, error == SimulatedTransaction.syncFailure { return }
    #endif
    state.withLock { $0.stopped = $0.stopped ?? error }
  }

  private func sync(_ changes: [SimulatedTransaction.Change]) throws(StoreError) {
    state.withLock { state in
      state.commits += 1
      for change in changes where !state.tables.contains(change.table) {
        state.tables.append(change.table)
        state.tables.sort { $0.name < $1.name }
      }
    }
    #if DEBUG
      if LedgerMutation.planted == .answerBeforeSync { return state.withLock { $0.unsynced = changes } }
    #endif
    try apply(changes)
  }

  private func apply(_ changes: [SimulatedTransaction.Change]) throws(StoreError) {
    guard !changes.isEmpty else { return }
    do {
      try disk.write { writer in
        for change in changes {
          if let record = change.record {
            try writer.put(change.table, change.key, record)
          } else {
            try writer.remove(change.table, change.key)
          }
        }
      }
    } catch let error as StoreError {
      throw error
    } catch {
      throw .io("\(error)")
    }
  }

  /// Changes one byte of one record, on disk and in what this process sees; says where.
  package func rot(_ random: inout SeededRandom) throws -> String? {
    let tables = state.withLock { $0.tables }
    guard !tables.isEmpty else { return nil }
    let table = tables[random.below(tables.count)]
    let records = try visible.read { try $0.range(table) }
    guard !records.isEmpty else { return nil }
    let place = random.below(records.count)
    var record = records[place].value
    record[random.below(record.count)] ^= UInt8(1 << random.below(8))
    let (key, damaged) = (records[place].key, record)
    for store in [disk, visible] { try store.write { try $0.put(table, key, damaged) } }
    return "\(table.name), record \(place)"
  }
}
