extension Ledger {
  /// Calls `body` with the table's name, key and value of everything that this ledger stores, old states and index included.
  /// - Throws: `LedgerError`, and what `body` throws.
  package func eachStored(_ body: (_ table: String, _ key: [UInt8], _ value: [UInt8]) throws -> Void) throws {
    try store.readAtLength { reader in
      for table in LedgerTables.kept {
        for record in try reader.range(table) { try body(table.name, record.key, record.value) }
      }
    }
  }
}
