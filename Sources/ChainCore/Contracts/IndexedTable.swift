/// A table with indexes, declared among a contract's entries.
///
/// Index entries are in no proof: who imports a snapshot derives them from the proven records of declared tables. A contract that
/// writes to a table with indexes which it does not declare is refused with `.notSupported`.
public struct IndexedTable: Sendable {
  /// What stands under every index entry.
  static let mark: [UInt8] = [1]

  /// The table's name.
  public let name: TableName
  /// The keys of a record's index entries, from contract, the key's ordered bytes and the value; `nil` if these do not decode.
  let entries: @Sendable (ContractName, ArraySlice<UInt8>, [UInt8]) -> [[UInt8]]?

  /// Declares `table`.
  public init<Key, Value>(_ table: Table<Key, Value>) {
    name = table.name
    entries = { contract, keyBytes, valueBytes in
      var rest = keyBytes
      guard let key = Key(key: &rest), rest.isEmpty, let value = try? Value(canonicalBytes: valueBytes) else { return nil }
      var places: [[UInt8]] = []
      for index in table.indexes {
        let prefix = QueryContext.indexPrefix(contract: contract, table: table.name, index: index.name)
        for bytes in index.keys(key, value) { places.append(prefix + bytes + keyBytes) }
      }
      return places
    }
  }
}

extension ContractRegistry {
  /// The keys of the index entries that a record of the state has; none for tables without indexes.
  ///
  /// `nil` if key or value is not what the contract of this host would have written.
  func indexEntries(of stateKey: [UInt8], value: [UInt8]) -> [[UInt8]]? {
    var reader = CanonicalReader(stateKey)
    guard let contract = try? ContractName(from: &reader), let table = try? TableName(from: &reader) else { return nil }
    guard let indexed = indexed(contract, table) else { return [] }
    return indexed.entries(contract, stateKey[reader.offset...], value)
  }
}
