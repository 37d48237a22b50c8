/// The name of a table within its contract.
public struct TableName: NameIdentifier, ExpressibleByStringLiteral {
  /// The characters of the name.
  public let rawValue: String
  /// Takes the name as it is; `isWellFormed` has been checked.
  public init(unchecked rawValue: String) { self.rawValue = rawValue }
  /// What the name may hold besides letters and digits.
  public static let punctuation = "-_."
  /// For names in source code. An ill-formed literal is a bug of ours.
  public init(stringLiteral value: String) {
    precondition(Self.isWellFormed(value), "ill-formed table name")
    rawValue = value
  }
}

/// The address of a value in the state tree: BCS(contract) ‖ BCS(table) ‖ ordered key.
public struct StateKey: Hashable, Sendable, Comparable {
  /// The greatest number of bytes of a state key.
  public static let byteLimit = 400

  /// The bytes.
  public let bytes: [UInt8]

  /// The key of these bytes.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// The key of `key` in `table` of `contract`.
  public init(contract: ContractName, table: TableName, key: some OrderedKey) {
    var bytes = Self.prefix(contract: contract, table: table)
    key.encodeKey(into: &bytes)
    self.init(bytes: bytes)
  }

  /// What the keys of all records of a table begin with.
  public static func prefix(contract: ContractName, table: TableName) -> [UInt8] {
    // With room for a key.
    var writer = CanonicalWriter(reservingCapacity: 128)
    contract.encode(into: &writer)
    table.encode(into: &writer)
    return writer.bytes
  }

  /// What the keys of all records of a contract begin with.
  static func prefix(contract: ContractName) -> [UInt8] { contract.canonicalBytes }

  /// Byte order.
  public static func < (left: StateKey, right: StateKey) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

/// A declared index of a table: derived from its records, ordered, unproven, rebuilt on import.
public struct TableIndex<Key: OrderedKey, Value: Sendable>: Sendable {
  let name: TableName
  let keys: @Sendable (Key, Value) -> [[UInt8]]

  /// An index by one key per record; `nil` leaves the record out.
  public init<IndexKey: OrderedKey>(_ name: TableName, by key: @escaping @Sendable (Key, Value) -> IndexKey?) {
    self.name = name
    keys = { record, value in key(record, value).map { [$0.keyBytes] } ?? [] }
  }

  /// An index by any number of keys per record.
  public init<IndexKey: OrderedKey>(_ name: TableName, byEach list: @escaping @Sendable (Key, Value) -> [IndexKey]) {
    self.name = name
    keys = { record, value in list(record, value).map(\.keyBytes) }
  }
}

/// A table of a contract: typed keys in order, typed values. Declared once, as a static constant.
public struct Table<Key: OrderedKey, Value: CanonicalCodable & Sendable>: Sendable {
  /// The name, unique within the contract.
  public let name: TableName
  let indexes: [TableIndex<Key, Value>]
  /// Whether there are any, told without looking at their type.
  let isIndexed: Bool

  /// A table and its indexes.
  public init(_ name: TableName, indexes: [TableIndex<Key, Value>] = []) {
    self.name = name
    self.indexes = indexes
    isIndexed = !indexes.isEmpty
  }
}
