internal import ChainCore

/// A read or the write of a `SimulatedStore`: checks records, remembers changes, fails where it was told to.
final class SimulatedTransaction: KeyValueWriter {
  /// A changed record, with its checksums; `nil` removes.
  struct Change {
    var table: StoreTable
    var key: [UInt8]
    var record: [UInt8]?
  }

  static let syncFailure = StoreError.io("sync")

  private let reader: any KeyValueReader
  private let writer: (any KeyValueWriter)?
  private let fault: StoreFault?
  private let hasExpired: () -> Bool
  private var isExpired = false
  private let report: (StoreError) -> Void
  private(set) var changes: [Change] = []
  /// The first failed change: then nothing is committed.
  private(set) var failure: StoreError?
  private(set) var hasCrashed = false

  init(
    reader: any KeyValueReader, writer: (any KeyValueWriter)? = nil, fault: StoreFault? = nil, hasExpired: @escaping () -> Bool = { false },
    report: @escaping (StoreError) -> Void
  ) {
    self.reader = reader
    self.writer = writer
    self.fault = fault
    self.hasExpired = hasExpired
    self.report = report
  }

  /// What the commit itself meets.
  var commitFailure: StoreError? {
    switch fault {
    case .crash:
      hasCrashed = true
      return .closed
    case .full: return .storageFull(usedMiB: 1)
    case .failedSync: return Self.syncFailure
    case .crashAfterCommit, .growth, .expiry, nil: return nil
    }
  }

  func get(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    try checkTime()
    guard let record = try reader.get(table, key) else { return nil }
    return try opened(record, table, key)
  }

  func scan(
    _ table: StoreTable, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    try checkTime()
    var damage: StoreError?
    try reader.scan(table, from: from, to: to, reverse: reverse) { key, record in
      do throws(StoreError) {
        return body(key, try opened(record, table, key))
      } catch {
        damage = error
        return false
      }
    }
    if let damage { throw damage }
  }

  func put(_ table: StoreTable, _ key: [UInt8], _ value: [UInt8]) throws(StoreError) {
    let record = StoreRecord.sealed(value, key: key)
    try change(Change(table: table, key: key, record: record)) { writer throws(StoreError) in try writer.put(table, key, record) }
  }

  func remove(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) {
    try change(Change(table: table, key: key, record: nil)) { writer throws(StoreError) in try writer.remove(table, key) }
  }

  private func change(_ change: Change, _ body: (any KeyValueWriter) throws(StoreError) -> Void) throws(StoreError) {
    guard let writer else { throw .closed }
    if let failure { throw failure }
    do throws(StoreError) {
      switch fault {
      case .crash(changes.count):
        hasCrashed = true
        throw .closed
      case .full(changes.count): throw .storageFull(usedMiB: 1)
      default: try body(writer)
      }
    } catch {
      failure = error
      throw error
    }
    changes.append(change)
  }

  /// Once a read has expired, all its accesses fail.
  private func checkTime() throws(StoreError) {
    if !isExpired { isExpired = hasExpired() }
    if isExpired { throw .readExpired }
  }

  private func opened(_ record: [UInt8], _ table: StoreTable, _ key: [UInt8]) throws(StoreError) -> [UInt8] {
    #if DEBUG
      if LedgerMutation.planted == .uncheckedRecord { return Array(record.dropFirst(12)) }
    #endif
    if let value = StoreRecord.opened(record, key: key) { return value }
    let damage = StoreError.corrupt(table: table, key: key)
    report(damage)
    throw damage
  }
}
