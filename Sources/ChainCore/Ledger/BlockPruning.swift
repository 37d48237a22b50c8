internal import Synchronization

// Removing archived blocks. Their checkpoints and the history tree stay: every height can be proven for ever, about 300 bytes each.

extension Ledger {
  /// The greatest height up to which all blocks were noted as archived.
  public func archivedThrough() throws(LedgerError) -> BlockHeight {
    try reading { reader throws(LedgerError) in try Self.height(LedgerTables.archivedKey, in: reader) ?? base }
  }

  /// Notes that the blocks of `heights` are in an archive that was verified, so that a policy may let them go.
  ///
  /// Heights above a gap do not count: archive what is between first.
  /// - Throws: `.noSuchHeight` for heights above the head, `.store`.
  public func noteArchived(_ heights: ClosedRange<BlockHeight>) throws(LedgerError) {
    let head = head.height
    guard heights.upperBound <= head else { throw .noSuchHeight(heights.upperBound, head: head) }
    let base = base
    try exclusively { () throws(LedgerError) in
      try LedgerError.wrap {
        try store.write { writer in
          let archived = try Self.height(LedgerTables.archivedKey, in: writer) ?? base
          guard heights.lowerBound <= archived.next, heights.upperBound > archived else { return }
          try writer.put(LedgerTables.meta, LedgerTables.archivedKey, heights.upperBound.canonicalBytes)
        }
      }
    }
  }

  /// A height that `meta` holds.
  static func height(_ key: [UInt8], in reader: any KeyValueReader) throws(LedgerError) -> BlockHeight? {
    try LedgerError.wrap { try reader.get(LedgerTables.meta, key) }.map { bytes throws(LedgerError) in
      try LedgerError.decode(bytes, "height in meta")
    }
  }

  /// Removes some blocks below the newest `kept`, as far as they are archived and no snapshot of a kept state needs them.
  func removeBlocks(
    keeping kept: UInt64, of head: BlockHeight, oldestState: BlockHeight, limit: Int
  ) throws(LedgerError) -> PruningProgress {
    let first = oldestBlock
    let wanted = head.rawValue >= kept ? BlockHeight(head.rawValue - kept + 1) : 0
    var window = SnapshotManifest.windowStart(at: oldestState, parameters: genesis.parameters)
    #if DEBUG
      if LedgerMutation.planted == .prunedWindow { window = head }
    #endif
    var progress = PruningProgress(oldestState: oldestState, oldestBlock: first, isDone: true)
    let archived = try reading { reader throws(LedgerError) in try Self.height(LedgerTables.archivedKey, in: reader) }
    guard let archived else { return progress }
    let target = min(wanted, window, archived.next)
    guard first < target else { return progress }
    let changes = Set(memory.withLock { $0.sets.map { $0.since.rawValue } })
    let done = try LedgerError.wrap {
      try store.write { writer in
        var (height, looked) = (first, 0)
        while height < target, looked < limit {
          looked += 1 + (try removeBlock(height, keepsCertificate: changes.contains(height.rawValue + 1), from: writer))
          height = height.next
        }
        try writer.put(LedgerTables.meta, LedgerTables.oldestBlockKey, height.canonicalBytes)
        return height
      }
    }
    memory.withLock { $0.oldestBlock = done }
    (progress.oldestBlock, progress.blocks, progress.isDone) = (done, Int(done.rawValue - first.rawValue), done >= target)
    return progress
  }

  /// Returns how many transactions it had.
  private func removeBlock(
    _ height: BlockHeight, keepsCertificate: Bool, from writer: any KeyValueWriter
  ) throws -> Int {
    let key = LedgerTables.key(height)
    var ids: [TransactionID] = []
    if let bytes = try writer.get(LedgerTables.transactions, key) {
      let transactions: [SignedTransaction] = try LedgerError.decode(bytes, "transactions \(height)")
      ids = transactions.map { $0.id(genesis: genesisID, suite: suite) }
    } else if let bytes = try writer.get(LedgerTables.window, key) {
      let leaves: [WindowBlock.Leaf] = try LedgerError.decode(bytes, "window block \(height)")
      ids = leaves.map(\.id)
    }
    for id in ids { try writer.remove(LedgerTables.places, id.digest.bytes) }
    for table in [LedgerTables.transactions, LedgerTables.receipts, LedgerTables.headers, LedgerTables.window] {
      try writer.remove(table, key)
    }
    if !keepsCertificate { try writer.remove(LedgerTables.certificates, key) }
    return ids.count
  }
}
