/// What pruning left behind or took too much of; for tests: reads everything.
package struct PruningAudit: Sendable, Hashable {
  /// Nodes of the state tree that no kept height uses.
  package var unusedNodes = 0
  /// The first node that a kept height uses and that is not there.
  package var missingNode: String?
  /// Records that say only that something was removed, before the oldest kept height.
  package var tombstones = 0
  /// Places of transactions whose blocks are not here.
  package var strayPlaces = 0
  /// Blocks below the oldest kept one.
  package var oldBlocks = 0

  /// Whether exactly what is kept is here.
  package var isExact: Bool { self == PruningAudit() }
}

extension Ledger {
  /// Compares what is stored with what is kept, once pruning is done.
  package func auditPruning() throws(LedgerError) -> PruningAudit {
    try reading { reader throws(LedgerError) in
      try LedgerError.wrap {
        var audit = PruningAudit()
        guard let bytes = try reader.get(LedgerTables.meta, LedgerTables.headKey) else { throw LedgerError.empty }
        let head = try HeadRecord(canonicalBytes: bytes).height
        let oldest = try Self.height(LedgerTables.oldestStateKey, in: reader) ?? base
        (audit.unusedNodes, audit.missingNode) = try LedgerNodes.audit(oldest...head, in: reader)
        for (_, bytes) in try reader.range(LedgerTables.current) {
          let record = try VersionedValue(canonicalBytes: bytes)
          if record.value == nil, record.version <= oldest { audit.tombstones += 1 }
        }
        let first = oldestBlock
        for (_, bytes) in try reader.range(LedgerTables.places) where try TransactionPlace(canonicalBytes: bytes).height < first {
          audit.strayPlaces += 1
        }
        for table in [LedgerTables.headers, LedgerTables.transactions, LedgerTables.receipts, LedgerTables.window] {
          audit.oldBlocks += try reader.range(table, to: LedgerTables.key(first)).count
        }
        return audit
      }
    }
  }
}
