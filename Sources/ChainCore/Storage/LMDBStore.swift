import Synchronization

/// A store on disk, in LMDB (Chu, "MDB: A Memory-Mapped Database and Backend for OpenLDAP", 2011): many reads beside one durable write.
///
/// LMDB believes its file; this type does not. Each record carries checksums, searches without a result check their neighbours,
/// each commit names itself, and the file's length is checked before it is mapped. After any sign of damage writes are refused
/// with the same error until the store is opened again. What checksums of records cannot see, a page that lost some of its
/// records, `verify()` reports. A damaged page can still crash the process: verify a doubtful store in a child process.
///
/// A read must not wait for a write: the write may need all reads to end, so that the map can grow.
public final class LMDBStore: KeyValueStore {
  /// How a store is opened.
  public struct Options: Sendable {
    /// Make the directory and the store if they do not exist; the parent directory must.
    public var create = true
    /// The first size of the map, in MiB. It doubles as needed; address space only, the file grows as it is filled.
    public var initialMapMiB = 64
    /// The greatest size of the map, in MiB; then writes throw `StoreError.storageFull`.
    public var maxMapMiB = 65_536
    /// How long one read may last before its calls throw `StoreError.readExpired`: an open read keeps old pages from reuse.
    public var readLimit: Duration = .seconds(5)
    /// How many reads may be open at once, from 1 to 10,000.
    public var readsMax = 126
    /// The size of the file that can be dropped when the disk is full, so that pruning has room, in MiB; 0 for none.
    public var reserveMiB = 64
    /// The time; tests give their own.
    package var clock: @Sendable () -> Duration = { SystemProcess.uptime }
    /// When runs of tables in runs are merged; tests give small numbers.
    var runPolicy = RunPolicy()

    /// The default options.
    public init() {}
  }

  private enum Attempt<Result> {
    case done(Result)
    case mapFull
  }

  private let directory: String
  private let options: Options
  private let environment: LMDBEnvironment
  private let gate = TransactionGate()
  private let runs: RunCache
  private let lock: Mutex<DirectoryLock?>
  /// Why writes are refused.
  private let stop = Mutex<StoreError?>(nil)

  /// Opens the store in `directory`.
  ///
  /// - Throws: `StoreError.locked`, `.missing`, `.foreign`, `.version`, `.truncated`, `.damaged`, `.corrupt`, `.networkFileSystem`,
  ///   `.permissions`, `.diskFull`, `.storageFull`, `.io`.
  public init(directory: String, options: Options = Options()) throws(StoreError) {
    precondition(options.initialMapMiB > 0 && options.maxMapMiB >= options.initialMapMiB, "map sizes")
    precondition((1...10_000).contains(options.readsMax) && options.reserveMiB >= 0, "options of a store")
    SystemProcess.ignoreFileSizeSignal()
    try Directory.prepare(directory, create: options.create)
    let layout = LMDBLayout(directory)
    try layout.check(create: options.create)
    let held = try DirectoryLock(directory)
    let meta = try layout.meta()
    let bytes = max(options.initialMapMiB << 20, meta?.fileBytes ?? 0)
    environment = try LMDBEnvironment(directory, mapBytes: bytes, readersMax: options.readsMax)
    lock = Mutex(held)
    self.directory = directory
    self.options = options
    runs = RunCache(policy: options.runPolicy)
    do throws(StoreError) {
      try openHead()
      try Directory.sync(directory)
      try layout.makeReserve(bytes: options.reserveMiB << 20)
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Calls `body` with a view of the last commit; see `KeyValueStore`. It must not wait for a write.
  public func read<R>(_ body: (any KeyValueReader) throws -> R) throws -> R {
    try reading(until: options.clock() + options.readLimit) { reader throws in try body(reader) }
  }

  /// Calls `body` with a view of the last commit, however long it takes: old pages are not used again meanwhile.
  ///
  /// - Throws: as `read`; `StoreError.readExpired` only if the map has to grow, for which the writer waits.
  public func readAtLength<R>(_ body: (any KeyValueReader) throws -> R) throws -> R {
    let gate = gate
    return try reading(until: .zero, clock: { gate.isExclusiveWanted ? .seconds(1) : .zero }) { reader throws in try body(reader) }
  }

  /// Calls `body` with a writer, then commits; see `KeyValueStore`.
  ///
  /// - Throws: what `body` throws; `StoreError.storageFull`, `.diskFull`, `.transactionTooLarge`: nothing is changed, reads go on.
  ///   After `.io`, `.corrupt`, `.damaged` the store refuses further writes.
  public func write<R>(_ body: (any KeyValueWriter) throws -> R) throws -> R {
    try gate.enterWrite()
    defer { gate.leaveWrite() }
    while true {
      if let stopped = stop.withLock({ $0 }) { throw stopped }
      switch try attempt(body) {
      case .done(let result): return result
      case .mapFull: try grow()
      }
    }
  }

  /// Waits for open transactions, then closes and gives the directory free.
  public func close() {
    guard gate.close() else { return }
    environment.close()
    lock.withLock { $0 = nil }
  }

  /// Reads every record of the last commit and compares their number with the root's.
  ///
  /// - Returns: How many records there are, the store's own one included.
  /// - Throws: `StoreError.corrupt`, `.damaged`, `.tooManyReads`, `.closed`.
  /// - Complexity: O(bytes); holds one read open, so old pages are not reused meanwhile.
  public func verify() throws(StoreError) -> Int {
    do {
      return try reading(until: .seconds(Int64.max)) { reader throws in
        _ = try reader.head()
        return try reader.verify()
      }
    } catch let error as StoreError {
      throw error
    } catch {
      throw .io("\(error)")
    }
  }

  /// What the store takes and how it is used.
  public func usage() throws(StoreError) -> StoreUsage {
    let reads = gate.reads
    let now = options.clock()
    // As a read, so that the map does not move meanwhile.
    try gate.enterRead(now: now)
    defer { gate.leaveRead() }
    return StoreUsage(
      usedBytes: environment.usedBytes, mapBytes: environment.mapBytes, maxMapBytes: options.maxMapMiB << 20,
      openReads: reads.count, oldestRead: reads.since.map { now - $0 }, hasReserve: LMDBLayout(directory).hasReserve,
      stopped: stop.withLock { $0 })
  }

  /// Drops the reserve file, so that pruning has room on a full disk; returns whether there was one.
  ///
  /// - Throws: `StoreError.io`.
  public func releaseReserve() throws(StoreError) -> Bool { try LMDBLayout(directory).dropReserve() }

  /// Takes the reserve again, if the disk has room for it; returns whether it is there.
  ///
  /// - Throws: `StoreError.io`.
  public func restoreReserve() throws(StoreError) -> Bool {
    try LMDBLayout(directory).makeReserve(bytes: options.reserveMiB << 20)
    return LMDBLayout(directory).hasReserve
  }
}

extension LMDBStore {
  /// Reads the store's own record, or writes that of a new store.
  private func openHead() throws(StoreError) {
    do {
      let isNew = try reading(until: .seconds(Int64.max)) { reader throws in try reader.head() == nil }
      guard isNew else { return }
      guard options.create else { throw StoreError.missing(path: directory) }
      try write { writer in (writer as? LMDBTransaction)?.markNew() }
    } catch let error as StoreError {
      throw error
    } catch {
      throw .io("\(error)")
    }
  }

  private func reading<R>(
    until deadline: Duration, clock: (@Sendable () -> Duration)? = nil, _ body: (LMDBTransaction) throws -> R
  ) throws -> R {
    try gate.enterRead(now: options.clock())
    defer { gate.leaveRead() }
    let reader = transaction(try environment.begin(writing: false), isWriting: false, deadline: deadline, clock: clock)
    defer { reader.abort() }
    return try body(reader)
  }

  /// Runs the write once.
  private func attempt<R>(_ body: (any KeyValueWriter) throws -> R) throws -> Attempt<R> {
    let source: LMDBCursorSource
    do throws(StoreError) {
      source = try environment.begin(writing: true)
    } catch {
      throw stopped(by: error)
    }
    let writer = transaction(source, isWriting: true, deadline: .zero)
    let result: R
    do {
      result = try body(writer)
      if let failure = writer.failure { throw failure }
    } catch {
      writer.abort()
      // Whatever the body made of it: with a larger map it has its chance again.
      if case .storageFull = writer.failure { return .mapFull }
      if let failure = writer.failure { _ = stopped(by: failure) }
      throw error
    }
    do throws(StoreError) {
      try writer.commit()
    } catch .storageFull {
      return .mapFull
    } catch .io where LMDBLayout(directory).isFull() {
      throw StoreError.diskFull
    } catch {
      throw stopped(by: error)
    }
    return .done(result)
  }

  /// Doubles the map.
  private func grow() throws(StoreError) {
    let limit = options.maxMapMiB << 20
    let size = environment.mapBytes
    guard size < limit else { throw .storageFull(usedMiB: size >> 20) }
    try gate.exclusively { () throws(StoreError) in try environment.resize(mapBytes: min(size * 2, limit)) }
  }

  private func transaction(
    _ source: LMDBCursorSource, isWriting: Bool, deadline: Duration, clock: (@Sendable () -> Duration)? = nil
  ) -> LMDBTransaction {
    LMDBTransaction(source, runs: runs, isWriting: isWriting, deadline: deadline, clock: clock ?? options.clock) { [weak self] error in
      _ = self?.stopped(by: error)
    }
  }

  /// Refuses further writes if `error` says that something is broken; returns `error`.
  private func stopped(by error: StoreError) -> StoreError {
    switch error {
    case .io, .corrupt, .damaged, .truncated: stop.withLock { $0 = $0 ?? error }
    default: break
    }
    return error
  }
}

/// What a store takes and how it is used; sizes in bytes.
public struct StoreUsage: Hashable, Sendable {
  /// The pages up to the last one in use, free ones between included.
  public let usedBytes: Int
  /// The size of the map now.
  public let mapBytes: Int
  /// The size the map may grow to.
  public let maxMapBytes: Int
  /// How many reads are open.
  public let openReads: Int
  /// How long the oldest read has lasted, or `nil` if there is none.
  public let oldestRead: Duration?
  /// Whether the reserve file is there.
  public let hasReserve: Bool
  /// Why writes are refused, or `nil` if they are not.
  public let stopped: StoreError?
}
