import CLMDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One open LMDB transaction. Its owner ends it once, after all its cursors.
@safe struct LMDBCursorSource {
  fileprivate let transaction: OpaquePointer
  fileprivate let table: MDB_dbi
  let path: String

  init(transaction: OpaquePointer, table: MDB_dbi, path: String) {
    unsafe self.transaction = transaction
    self.table = table
    self.path = path
  }

  /// The number of the commit that a read sees, or that a write will be.
  var number: UInt64 { UInt64(unsafe mdb_txn_id(transaction)) }

  /// How many records the table has, by its root.
  func entries() throws(StoreError) -> Int {
    var stat = MDB_stat()
    try LMDBEnvironment.check(unsafe mdb_stat(transaction, table, &stat), path)
    return Int(stat.ms_entries)
  }

  /// Ends the transaction without a change.
  func abort() { unsafe mdb_txn_abort(transaction) }

  /// Ends the transaction and makes its changes durable; after an error nothing of it is kept.
  func commit() throws(StoreError) { try LMDBEnvironment.check(unsafe mdb_txn_commit(transaction), path) }

  /// Sets the record of a stored key.
  func put(_ key: [UInt8], _ value: [UInt8]) throws(StoreError) {
    let header = StoreRecord.header(key: key, value: value)
    let code = unsafe key.withUnsafeBytes { bytes in
      var keyValue = unsafe MDB_val(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
      var data = unsafe MDB_val(mv_size: StoreRecord.headerBytes + value.count, mv_data: nil)
      let code = unsafe mdb_put(transaction, table, &keyValue, &data, UInt32(MDB_RESERVE))
      guard code == 0, let place = unsafe data.mv_data else { return code }
      unsafe place.storeBytes(of: header.key.littleEndian, as: UInt32.self)
      unsafe place.storeBytes(of: header.record.littleEndian, toByteOffset: 4, as: UInt64.self)
      unsafe UnsafeMutableRawBufferPointer(start: place + StoreRecord.headerBytes, count: value.count).copyBytes(from: value)
      return code
    }
    try LMDBEnvironment.check(code, path)
  }

  /// Removes the record of a stored key; returns whether there was one.
  func remove(_ key: [UInt8]) throws(StoreError) -> Bool {
    let code = unsafe key.withUnsafeBytes { bytes in
      var keyValue = unsafe MDB_val(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
      return unsafe mdb_del(transaction, table, &keyValue, nil)
    }
    if code == MDB_NOTFOUND { return false }
    try LMDBEnvironment.check(code, path)
    return true
  }
}

/// What went wrong at one record.
enum LMDBFault: Error {
  /// The record of this stored key has a wrong checksum.
  case badRecord([UInt8])
  /// Records out of order, near this stored key: a page is damaged.
  case badOrder([UInt8])
  case failed(StoreError)

  /// Runs what throws errors that name no record.
  static func wrap<Value>(_ body: () throws(StoreError) -> Value) throws(LMDBFault) -> Value {
    do throws(StoreError) {
      return try body()
    } catch {
      throw .failed(error)
    }
  }
}

/// Bytes of the map or of a page being written, valid until the transaction changes something or ends.
@safe private struct LMDBBytes {
  private let bytes: UnsafeRawBufferPointer

  init(_ value: MDB_val) { unsafe bytes = UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size) }

  /// Whether a record can be this long; a damaged length must not lead out of the map further than that.
  var hasPlausibleLength: Bool {
    unsafe bytes.count >= StoreRecord.headerBytes && bytes.count <= StoreRecord.headerBytes + StoreTable.valueBytesMax
  }

  /// Whether these bytes are the record of `key`, by both checksums or by that of the key alone.
  func isRecord(of key: LMDBBytes, keyOnly: Bool = false) -> Bool {
    guard hasPlausibleLength else { return false }
    let record = unsafe bytes.bytes
    let key = unsafe key.bytes.bytes
    return keyOnly ? StoreRecord.checksKey(key, record: record) : StoreRecord.checks(key, record: record)
  }

  func array(from start: Int) -> [UInt8] { unsafe Array(bytes[start...]) }

  /// Whether these are the bytes of `key`.
  func equals(_ key: [UInt8]) -> Bool {
    guard unsafe bytes.count == key.count, let left = unsafe bytes.baseAddress else { return false }
    return unsafe key.withUnsafeBytes { right in
      guard let right = right.baseAddress else { return false }
      return unsafe memcmp(left, right, bytes.count) == 0
    }
  }

  /// Whether these bytes begin with `prefix`.
  func begins(with prefix: [UInt8]) -> Bool {
    guard unsafe bytes.count >= prefix.count, let left = unsafe bytes.baseAddress else { return false }
    return unsafe prefix.withUnsafeBytes { right in
      guard let right = right.baseAddress else { return true }
      return unsafe memcmp(left, right, prefix.count) == 0
    }
  }

  /// Whether these bytes are before `key`, bytewise.
  func precedes(_ key: [UInt8]) -> Bool {
    let order = unsafe key.withUnsafeBytes { other in
      let common = unsafe min(bytes.count, other.count)
      guard common > 0, let left = unsafe bytes.baseAddress, let right = other.baseAddress else { return Int32(0) }
      return unsafe memcmp(left, right, common)
    }
    return unsafe order != 0 ? order < 0 : bytes.count < key.count
  }
}

/// A place in the table, moved over checked records.
@safe final class LMDBCursor {
  private let cursor: OpaquePointer
  private let path: String
  private var key = unsafe MDB_val()
  private var data = unsafe MDB_val()

  /// A cursor of `source`, closed by its end.
  init(_ source: LMDBCursorSource) throws(StoreError) {
    var opened: OpaquePointer?
    try LMDBEnvironment.check(unsafe mdb_cursor_open(source.transaction, source.table, &opened), source.path)
    guard let opened = unsafe opened else { throw .io("open LMDB cursor") }
    unsafe cursor = opened
    path = source.path
  }

  /// A cursor of `source`, for those whose errors name records.
  static func opened(in source: LMDBCursorSource) throws(LMDBFault) -> LMDBCursor {
    try LMDBFault.wrap { () throws(StoreError) in try LMDBCursor(source) }
  }

  deinit { unsafe mdb_cursor_close(cursor) }

  /// The stored key here.
  var currentKey: [UInt8] { unsafe LMDBBytes(key).array(from: 0) }

  /// The checked value here.
  func currentValue() throws(LMDBFault) -> [UInt8] {
    let record = unsafe LMDBBytes(data)
    guard unsafe record.isRecord(of: LMDBBytes(key)) else { throw .badRecord(currentKey) }
    return record.array(from: StoreRecord.headerBytes)
  }

  /// Whether the key here is before `bound`.
  func isBefore(_ bound: [UInt8]) -> Bool { unsafe LMDBBytes(key).precedes(bound) }

  /// The checked value of a stored key, or `nil` if no record has that key: then the keys on both sides of it are checked.
  func value(of stored: [UInt8]) throws(LMDBFault) -> [UInt8]? {
    let found = try move(MDB_SET_RANGE, to: stored)
    if found, unsafe LMDBBytes(key).equals(stored) { return try currentValue() }
    try checkSides(of: stored, found: found)
    return nil
  }

  /// Moves to the first key not before `bound`, or past the end and returns `false`. The keys on both sides of `bound` are checked.
  func seek(_ bound: [UInt8]) throws(LMDBFault) -> Bool {
    let found = try move(MDB_SET_RANGE, to: bound)
    try checkSides(of: bound, found: found)
    return found
  }

  /// Moves to the first key not before `bound`, or returns `false`; nothing is checked.
  func land(at bound: [UInt8]) throws(LMDBFault) -> Bool { try move(MDB_SET_RANGE, to: bound) }

  /// Whether the key here begins with `prefix`.
  func hasPrefix(_ prefix: [UInt8]) -> Bool { unsafe LMDBBytes(key).begins(with: prefix) }

  /// Whether the key here is `stored`.
  func isAt(_ stored: [UInt8]) -> Bool { unsafe LMDBBytes(key).equals(stored) }

  /// Checks the key here, if one was found, and the one before it, which must be on the other side of `bound`. Stays here.
  private func checkSides(of bound: [UInt8], found: Bool) throws(LMDBFault) {
    if found {
      if isBefore(bound) { throw .badOrder(bound) }
      try checkKey()
      if try move(MDB_PREV) {
        try checkBefore(bound)
        // Back to where it was, or the page changed its mind.
        guard try move(MDB_NEXT), !isBefore(bound) else { throw .badOrder(bound) }
      } else {
        guard try move(MDB_FIRST) else { throw .badOrder(bound) }
      }
    } else if try move(MDB_LAST) {
      try checkBefore(bound)
    }
  }

  /// Moves to the last key before `bound`, or returns `false`. The keys on both sides of `bound` are checked.
  func seekBefore(_ bound: [UInt8]) throws(LMDBFault) -> Bool {
    if try move(MDB_SET_RANGE, to: bound) {
      if isBefore(bound) { throw .badOrder(bound) }
      try checkKey()
      guard try move(MDB_PREV) else { return false }
    } else {
      guard try move(MDB_LAST) else { return false }
    }
    try checkBefore(bound)
    return true
  }

  /// Moves to the next key; its own checksum is the caller's to check.
  func next() throws(LMDBFault) -> Bool { try move(MDB_NEXT) }

  /// Moves to the key before.
  func previous() throws(LMDBFault) -> Bool { try move(MDB_PREV) }

  /// Throws unless the key here has its checksum.
  func checkKey() throws(LMDBFault) {
    guard unsafe LMDBBytes(data).isRecord(of: LMDBBytes(key), keyOnly: true) else { throw .badRecord(currentKey) }
  }

  private func checkBefore(_ bound: [UInt8]) throws(LMDBFault) {
    try checkKey()
    guard isBefore(bound) else { throw .badOrder(bound) }
  }

  private func move(_ operation: MDB_cursor_op, to bound: [UInt8] = []) throws(LMDBFault) -> Bool {
    let code = unsafe bound.withUnsafeBytes { bytes in
      unsafe key = MDB_val(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
      return unsafe mdb_cursor_get(cursor, &key, &data, operation)
    }
    if code == MDB_NOTFOUND { return false }
    guard code == 0 else { throw .failed(LMDBEnvironment.error(code, path)) }
    return true
  }
}
