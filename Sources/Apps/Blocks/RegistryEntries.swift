public import ChainCore

/// Arguments of a derived call that creates a record.
public struct CreateRecord<Key: ContractValue, Content: ContractValue>: CanonicalRecord, Codable {
  /// The record's key, unused so far.
  public var key: Key
  /// What it holds.
  public var content: Content

  /// Names the record.
  public init(key: Key, content: Content) {
    self.key = key
    self.content = content
  }

  /// The fields in order.
  public static var layout: Layout<CreateRecord> { Layout(Self.init, \.key, \.content) }

  /// Appends the fields in the order of `layout`: a generic type would make its key paths anew each time.
  public func encode(into writer: inout CanonicalWriter) {
    key.encode(into: &writer)
    content.encode(into: &writer)
  }

  /// Reads the fields in the order of `layout`.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    let key = try Key(from: &reader)
    let content = try Content(from: &reader)
    reader.leave()
    self.init(key: key, content: content)
  }
}

/// Arguments of a derived call that replaces a record's content.
public struct AmendRecord<Key: ContractValue, Content: ContractValue>: CanonicalRecord, Codable {
  /// The record's key.
  public var key: Key
  /// The version that the caller read; another one is `stale`.
  public var expectedVersion: UInt64
  /// What it holds from now on.
  public var content: Content

  /// Names the record.
  public init(key: Key, expectedVersion: UInt64, content: Content) {
    self.key = key
    self.expectedVersion = expectedVersion
    self.content = content
  }

  /// The fields in order.
  public static var layout: Layout<AmendRecord> { Layout(Self.init, \.key, \.expectedVersion, \.content) }

  /// Appends the fields in the order of `layout`: a generic type would make its key paths anew each time.
  public func encode(into writer: inout CanonicalWriter) {
    key.encode(into: &writer)
    expectedVersion.encode(into: &writer)
    content.encode(into: &writer)
  }

  /// Reads the fields in the order of `layout`.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    let key = try Key(from: &reader)
    let expectedVersion = try UInt64(from: &reader)
    let content = try Content(from: &reader)
    reader.leave()
    self.init(key: key, expectedVersion: expectedVersion, content: content)
  }
}

/// Arguments of a derived call that moves a record between states.
public struct MoveRecord<Key: ContractValue>: CanonicalRecord, Codable {
  /// The record's key.
  public var key: Key
  /// Why: a code, not a text about persons.
  public var reason: String

  /// Names the record.
  public init(key: Key, reason: String) {
    self.key = key
    self.reason = reason
  }

  /// The fields in order.
  public static var layout: Layout<MoveRecord> { Layout(Self.init, \.key, \.reason) }

  /// Appends the fields in the order of `layout`: a generic type would make its key paths anew each time.
  public func encode(into writer: inout CanonicalWriter) {
    key.encode(into: &writer)
    reason.encode(into: &writer)
  }

  /// Reads the fields in the order of `layout`.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    let key = try Key(from: &reader)
    let reason = try String(from: &reader)
    reader.leave()
    self.init(key: key, reason: reason)
  }
}

/// A question about a record as of a time.
public struct RecordQuestion<Key: ContractValue>: CanonicalRecord, Codable {
  /// The record's key.
  public var key: Key
  /// The time asked about; `nil` = the block's.
  public var time: BlockTime?

  /// Asks about a record.
  public init(key: Key, time: BlockTime? = nil) {
    self.key = key
    self.time = time
  }

  /// The fields in order.
  public static var layout: Layout<RecordQuestion> { Layout(Self.init, \.key, \.time) }
}

extension Registry {
  /// One entry per row of the table, with arguments, checks, history and events derived from it, and the queries `name` and
  /// `nameHistory`. A contract with more to check writes its own entries over `create` and `move`.
  public var entries: Entries {
    Entries(
      entries: transitions.map(entry),
      queries: [
        Query(EntryName(unchecked: name)) { (key: Key, context: QueryContext) -> Registered<Content>? in
          try context.get(records, key)
        },
        Query(EntryName(unchecked: name + "History")) { (key: Key, context: QueryContext) -> [RegistryChange] in
          try context.range(history, under: key, limit: 1_000).map(\.value)
        },
      ], indexed: [IndexedTable(records)])
  }

  private func entry(_ row: Transition) -> Entry {
    if row.from.isEmpty {
      return Entry(row.call, by: row.access) { (call: CreateRecord<Key, Content>, context: ContractContext) in
        try create(row.call, call.key, call.content, context)
      }
    }
    if row.amends {
      return Entry(row.call, by: row.access) { (call: AmendRecord<Key, Content>, context: ContractContext) in
        try move(row.call, call.key, expectedVersion: call.expectedVersion, context) { $0.content = call.content }
      }
    }
    return Entry(row.call, by: row.access) { (call: MoveRecord<Key>, context: ContractContext) in
      try Arguments.check(code: call.reason, "reason")
      try move(row.call, call.key, context)
    }
  }

  /// The state of the record under `key` at `time`, or `nil` if there is none.
  public func state(_ key: Key, at time: BlockTime, _ context: QueryContext) throws(ContractError) -> RecordState? {
    guard let record = try context.get(records, key) else { return nil }
    return state(of: record, at: time)
  }
}
