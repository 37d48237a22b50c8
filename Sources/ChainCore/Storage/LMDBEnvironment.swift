import CLMDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One open LMDB file, and its one table. Only `LMDBStore` uses it, under its gate.
///
/// No flag that trades safety is set: a commit is synchronous (no `MDB_NOSYNC`, `MDB_NOMETASYNC`), nothing writes through the map
/// (no `MDB_WRITEMAP`). `MDB_NOTLS` lets one thread have several reads.
@safe final class LMDBEnvironment: Sendable {
  nonisolated(unsafe) private let handle: OpaquePointer
  private let table: MDB_dbi
  /// The directory.
  let path: String

  /// Opens the file in `path`, which the caller has checked and locked, and makes it if there is none.
  ///
  /// - Throws: `StoreError.damaged`, `.diskFull`, `.io`.
  init(_ path: String, mapBytes: Int, readersMax: Int) throws(StoreError) {
    var created: OpaquePointer?
    try Self.check(unsafe mdb_env_create(&created), path)
    guard let created = unsafe created else { throw .io("create LMDB environment") }
    do throws(StoreError) {
      try Self.check(unsafe mdb_env_set_mapsize(created, mapBytes), path)
      try Self.check(unsafe mdb_env_set_maxreaders(created, UInt32(readersMax)), path)
      try Self.check(unsafe mdb_env_open(created, path, UInt32(MDB_NOTLS), 0o600), path)
      unsafe table = try Self.openTable(created, path)
      // Whoever died inside a read would hold back the reuse of pages.
      var stale: Int32 = 0
      try Self.check(unsafe mdb_reader_check(created, &stale), path)
    } catch {
      unsafe mdb_env_close(created)
      throw error
    }
    unsafe handle = created
    self.path = path
  }

  /// Closes the file. Nobody may use this object afterwards.
  func close() { unsafe mdb_env_close(handle) }

  /// Begins a transaction.
  ///
  /// - Throws: `StoreError.tooManyReads`, `.damaged`, `.io`.
  func begin(writing: Bool) throws(StoreError) -> LMDBCursorSource {
    var transaction: OpaquePointer?
    try Self.check(unsafe mdb_txn_begin(handle, nil, writing ? 0 : UInt32(MDB_RDONLY), &transaction), path)
    guard let transaction = unsafe transaction else { throw .io("begin LMDB transaction") }
    return unsafe LMDBCursorSource(transaction: transaction, table: table, path: path)
  }

  /// Sets the size of the map. No transaction may be open.
  func resize(mapBytes: Int) throws(StoreError) { try Self.check(unsafe mdb_env_set_mapsize(handle, mapBytes), path) }

  /// The size of the map in bytes.
  var mapBytes: Int { unsafe info.me_mapsize }

  /// The bytes of all pages up to the last one used.
  var usedBytes: Int {
    var stat = MDB_stat()
    unsafe mdb_env_stat(handle, &stat)
    return unsafe (Int(info.me_last_pgno) + 1) * Int(stat.ms_psize)
  }

  private var info: MDB_envinfo {
    var info = unsafe MDB_envinfo()
    unsafe mdb_env_info(handle, &info)
    return unsafe info
  }

  private static func openTable(_ environment: OpaquePointer, _ path: String) throws(StoreError) -> MDB_dbi {
    var transaction: OpaquePointer?
    try check(unsafe mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction), path)
    defer { unsafe mdb_txn_abort(transaction) }
    var table: MDB_dbi = 0
    try check(unsafe mdb_dbi_open(transaction, nil, 0, &table), path)
    return table
  }

  /// Throws unless `code` is success.
  static func check(_ code: Int32, _ path: String) throws(StoreError) {
    if code != 0 { throw error(code, path) }
  }

  /// LMDB's error numbers, which the system's are among. `MDB_MAP_FULL` becomes `.storageFull(usedMiB: 0)`; the store knows the size.
  static func error(_ code: Int32, _ path: String) -> StoreError {
    switch code {
    case MDB_MAP_FULL: .storageFull(usedMiB: 0)
    case MDB_READERS_FULL: .tooManyReads
    case MDB_TXN_FULL: .transactionTooLarge
    case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_PANIC, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_CURSOR_FULL, MDB_PAGE_FULL,
      MDB_INCOMPATIBLE, MDB_BAD_TXN, MDB_BAD_DBI, MDB_BAD_VALSIZE:
      .damaged(path: path, reason: unsafe String(cString: mdb_strerror(code)))
    default: SystemFailure.error(code, "database \(path)")
    }
  }
}
