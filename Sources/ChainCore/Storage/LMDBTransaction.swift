/// A read or the write of an `LMDBStore`. The store ends it.
final class LMDBTransaction: KeyValueWriter {
  /// Where the store keeps its format and last commit.
  static let headKey: [UInt8] = StoreTable.own.prefix + Array("head".utf8)

  private let source: LMDBCursorSource
  private let isWriting: Bool
  /// When a read has lasted too long, and the clock that says so.
  private let deadline: Duration
  private let clock: @Sendable () -> Duration
  /// Tells the store of damage, which stops its writes.
  private let report: @Sendable (StoreError) -> Void
  private var isOpen = true
  private var scans = 0
  /// The cursor of single reads.
  private var prober: LMDBCursor?
  /// The first failed change: then nothing is committed.
  private(set) var failure: StoreError?
  /// Whether anything was changed.
  private(set) var hasChanges = false
  /// The last stored key: one buffer for all, since a block asks and puts tens of thousands.
  private var storedKey: [UInt8] = []
  /// The tables in runs that were asked for or changed.
  private var runTables: [RunTable] = []
  private let runs: RunCache

  init(
    _ source: LMDBCursorSource, runs: RunCache, isWriting: Bool, deadline: Duration, clock: @escaping @Sendable () -> Duration,
    report: @escaping @Sendable (StoreError) -> Void
  ) {
    self.source = source
    self.runs = runs
    self.isWriting = isWriting
    self.deadline = deadline
    self.clock = clock
    self.report = report
  }

  /// Ends without keeping a change.
  func abort() {
    end()
    source.abort()
  }

  /// Ends, durably keeping the changes.
  func commit() throws(StoreError) {
    guard hasChanges else { return abort() }
    let written: [RunTable.Written]
    do throws(StoreError) {
      try flush()
      written = runTables.compactMap(\.written)
      try source.put(Self.headKey, StoreHead(format: .store, commit: source.number).bytes)
    } catch {
      abort()
      throw error
    }
    end()
    try source.commit()
    for table in written { runs.note(table) }
  }

  /// Writes what changed in tables in runs.
  private func flush() throws(StoreError) {
    let changed = runTables.sorted { $0.table.prefix.lexicographicallyPrecedes($1.table.prefix) }
    try explaining { () throws(LMDBFault) in for table in changed { try table.flush() } }
  }

  func prepareCommit() throws(StoreError) {
    try change { () throws(StoreError) in try flush() }
  }

  /// The store's record about itself, or `nil` if the table is empty.
  ///
  /// - Throws: `StoreError.foreign` if records are there, but not ours; `.version`; `.corrupt`; `.damaged` if it is not of this commit.
  func head() throws(StoreError) -> StoreHead? {
    let entries = try source.entries()
    guard entries > 0 || source.number > 0 else { return nil }
    let value: [UInt8]?
    do throws(LMDBFault) {
      value = try self.cursor().value(of: Self.headKey)
    } catch {
      throw explain(error)
    }
    guard let value, let head = StoreHead(value) else { throw .foreign(path: source.path) }
    guard head.format == .store else { throw .version(found: head.format.number, supported: FormatVersion.store.number) }
    guard head.commit == source.number else {
      throw .damaged(path: source.path, reason: "the root of commit \(source.number) is that of commit \(head.commit)")
    }
    return head
  }

  /// Lets the commit write the head of a new store.
  func markNew() { hasChanges = true }

  func get(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    try checkUse()
    try StoreTable.check(key: key)
    return try explaining { () throws(LMDBFault) in
      if table.layout == .runs { return try self.runTable(table).value(of: key) }
      self.join(table, key)
      return try self.cursor().value(of: self.storedKey)
    }
  }

  func scan(
    _ table: StoreTable, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    try checkUse()
    try StoreTable.check(bound: from)
    if let to { try StoreTable.check(bound: to) }
    if table.layout == .runs {
      guard to.map({ ByteKey.precedes(from, $0) }) ?? true else { return }
      scans += 1
      defer { scans -= 1 }
      return try explaining { () throws(LMDBFault) in
        try self.runTable(table).scan(from: from, to: to, reverse: reverse) { key, value throws(LMDBFault) in
          guard body(key, value) else { return false }
          try self.checkScan()
          return true
        }
      }
    }
    let lower = table.prefix + from
    // Keys of the table go on after its zero byte; a one there is beyond them all.
    let upper = to.map { table.prefix + $0 } ?? table.prefix.dropLast() + [1]
    guard ByteKey.precedes(lower, upper) else { return }
    scans += 1
    defer { scans -= 1 }
    let cursor = try LMDBCursor(source)
    do throws(LMDBFault) {
      if reverse {
        try scanBackward(cursor, lower, upper, skipping: table.prefix.count, body)
      } else {
        try scanForward(cursor, lower, upper, skipping: table.prefix.count, body)
      }
    } catch {
      throw explain(error)
    }
  }

  func put(_ table: StoreTable, _ key: [UInt8], _ value: [UInt8]) throws(StoreError) {
    try change { () throws(StoreError) in
      try StoreTable.check(key: key)
      try StoreTable.check(value: value)
      hasChanges = true
      if table.layout == .runs {
        return try explaining { () throws(LMDBFault) in try self.runTable(table).set(key, value) }
      }
      join(table, key)
      try source.put(storedKey, value)
    }
  }

  func remove(_ table: StoreTable, _ key: [UInt8]) throws(StoreError) {
    try change { () throws(StoreError) in
      try StoreTable.check(key: key)
      if table.layout == .runs {
        hasChanges = true
        return try explaining { () throws(LMDBFault) in try self.runTable(table).set(key, nil) }
      }
      join(table, key)
      if try source.remove(storedKey) { hasChanges = true }
    }
  }

  /// Reads every record; returns how many there are.
  ///
  /// - Throws: `StoreError.corrupt`, `.damaged`.
  func verify() throws(StoreError) -> Int {
    var count = 0
    do throws(LMDBFault) {
      let cursor = try self.cursor()
      var last: [UInt8] = []
      var found = try cursor.seek([0])
      while found {
        let key = cursor.currentKey
        guard ByteKey.precedes(last, key) else { throw .badOrder(key) }
        _ = try cursor.currentValue()
        last = key
        count += 1
        found = try cursor.next()
      }
      for table in try tablesInRuns(cursor) { try runTable(table).verify() }
    } catch {
      throw explain(error)
    }
    let entries = try source.entries()
    guard count == entries else {
      let error = StoreError.damaged(path: source.path, reason: "\(count) records where the root counts \(entries)")
      report(error)
      throw error
    }
    return count
  }

  private func scanForward(
    _ cursor: LMDBCursor, _ lower: [UInt8], _ upper: [UInt8], skipping prefix: Int, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(LMDBFault) {
    var last: [UInt8] = []
    var found = try cursor.seek(lower)
    while found {
      guard cursor.isBefore(upper) else { return try cursor.checkKey() }
      let key = cursor.currentKey
      guard ByteKey.precedes(last, key) else { throw .badOrder(key) }
      let value = try cursor.currentValue()
      guard body(Array(key[prefix...]), value) else { return }
      last = key
      try checkScan()
      found = try cursor.next()
    }
  }

  private func scanBackward(
    _ cursor: LMDBCursor, _ lower: [UInt8], _ upper: [UInt8], skipping prefix: Int, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(LMDBFault) {
    var last = upper
    var found = try cursor.seekBefore(upper)
    while found {
      guard !cursor.isBefore(lower) else { return try cursor.checkKey() }
      let key = cursor.currentKey
      guard ByteKey.precedes(key, last) else { throw .badOrder(key) }
      let value = try cursor.currentValue()
      guard body(Array(key[prefix...]), value) else { return }
      last = key
      try checkScan()
      found = try cursor.previous()
    }
  }

  private func tablesInRuns(_ cursor: LMDBCursor) throws(LMDBFault) -> [StoreTable] {
    var found: [StoreTable] = []
    var next = StoreTable.inRuns.first
    while try cursor.seek(next), cursor.isBefore(StoreTable.inRuns.end) {
      guard let table = StoreTable(ofStoredKey: cursor.currentKey) else { throw .badRecord(cursor.currentKey) }
      found.append(table)
      next = table.prefix.dropLast() + [1]
    }
    return found
  }

  private func runTable(_ table: StoreTable) throws(LMDBFault) -> RunTable {
    // Of few.
    for known in runTables where known.table == table { return known }
    let opened = try RunTable(table, in: source, cache: runs)
    runTables.append(opened)
    return opened
  }

  private func explaining<Value>(_ body: () throws(LMDBFault) -> Value) throws(StoreError) -> Value {
    do throws(LMDBFault) {
      return try body()
    } catch {
      throw explain(error)
    }
  }

  /// Makes the stored key of `key`.
  private func join(_ table: StoreTable, _ key: [UInt8]) {
    storedKey.removeAll(keepingCapacity: true)
    storedKey += table.prefix
    storedKey += key
  }

  private func change(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    guard isOpen else { throw .closed }
    if let failure { throw failure }
    do throws(StoreError) {
      guard scans == 0, isWriting else { throw .nestedWrite }
      try body()
    } catch {
      failure = error
      throw error
    }
  }

  private func checkUse() throws(StoreError) {
    guard isOpen else { throw .closed }
    if !isWriting, clock() > deadline { throw .readExpired }
  }

  /// The body of a scan may take its time, too.
  private func checkScan() throws(LMDBFault) {
    try LMDBFault.wrap { () throws(StoreError) in try self.checkUse() }
  }

  private func cursor() throws(LMDBFault) -> LMDBCursor {
    if let prober { return prober }
    let cursor = try LMDBCursor.opened(in: source)
    prober = cursor
    return cursor
  }

  private func explain(_ fault: LMDBFault) -> StoreError {
    let error: StoreError =
      switch fault {
      case .badRecord(let key):
        if let table = StoreTable(ofStoredKey: key) {
          .corrupt(table: table, key: Array(key[table.prefix.count...]))
        } else {
          .damaged(path: source.path, reason: "a key of no table")
        }
      case .badOrder: .damaged(path: source.path, reason: "records out of order")
      case .failed(let error): error
      }
    switch error {
    case .corrupt, .damaged, .io: report(error)
    default: break
    }
    return error
  }

  private func end() {
    isOpen = false
    // Cursors close before their transaction ends.
    prober = nil
    runTables = []
  }
}

/// The store's record about itself, written by each commit.
struct StoreHead: Hashable, Sendable {
  var format: FormatVersion
  /// The number of the commit: a root page of another commit is told by it.
  var commit: UInt64

  init(format: FormatVersion, commit: UInt64) {
    self.format = format
    self.commit = commit
  }

  init?(_ bytes: [UInt8]) {
    guard bytes.count == 12 else { return nil }
    func number(_ range: Range<Int>) -> UInt64 { bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    format = FormatVersion(UInt32(number(0..<4)))
    commit = number(4..<12)
  }

  var bytes: [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: format.number >> ($0 * 8)) } + (0..<8).map { UInt8(truncatingIfNeeded: commit >> ($0 * 8)) }
  }
}
