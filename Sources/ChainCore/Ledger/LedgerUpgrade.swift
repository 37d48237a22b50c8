// Stores of earlier versions.

extension Ledger {
  /// How many records one transaction of an upgrade covers.
  private static let recordsPerWrite = 5_000

  /// Fills the table of keys in tree order, which stores made before there were snapshots lack. Goes on where it was interrupted.
  static func addKeys(to store: any KeyValueStore, suite: CryptoSuite) throws(LedgerError) {
    let isWhole = try reading(store) { reader throws(LedgerError) in
      try LedgerError.wrap { try reader.get(LedgerTables.meta, LedgerTables.keysKey) } != nil
    }
    guard !isWhole else { return }
    var from: [UInt8] = []
    var goesOn = true
    while goesOn {
      let keys = try reading(store) { reader throws(LedgerError) in
        try LedgerError.wrap { try reader.range(LedgerTables.current, from: from, limit: recordsPerWrite).map(\.key) }
      }
      goesOn = keys.count == recordsPerWrite
      #if DEBUG
        if LedgerMutation.planted == .upgradeUnfinished {
          try LedgerError.wrap { try store.write { try $0.put(LedgerTables.meta, LedgerTables.keysKey, []) } }
        }
      #endif
      let isLast = !goesOn
      try LedgerError.wrap {
        try store.write { writer in
          for key in keys { try writer.put(LedgerTables.keys, suite.hash(key).bytes, key) }
          if isLast { try writer.put(LedgerTables.meta, LedgerTables.keysKey, []) }
        }
      }
      if let last = keys.last { from = last + [0] }
    }
  }
}
