/// What is computed of a block without its other writes, and written last.
struct Derived: Sendable {
  /// What the block adds to the state tree.
  let update: StateTreeUpdate
  /// All receipts as an array's canonical bytes.
  let receipts: [UInt8]
  let receiptsRoot: Digest
  /// All transactions as an array's canonical bytes.
  let transactions: [UInt8]

  init(_ block: Block, receipts: [Receipt], update: StateTreeUpdate, suite: CryptoSuite) {
    self.update = update
    let each = receipts.map(\.canonicalBytes)
    receiptsRoot = MerkleLog.root(of: suite.hashes(ofPublic: each.map { [0] + $0 }), suite: suite)
    var writer = CanonicalWriter(reservingCapacity: each.reduce(5) { $0 + $1.count })
    writer.writeCount(each.count)
    for receipt in each { writer.writeFixed(receipt) }
    self.receipts = writer.bytes
    transactions = block.transactions.canonicalBytes
  }
}

/// Everything that one block writes.
struct PreparedBlock: Sendable {
  let executed: ExecutedBlock
  private let suite: CryptoSuite
  private let validatorSetHash: Digest
  /// The changes without removals of what is not there: so each record that is removed leaves a stale leaf in the tree, by which pruning
  /// finds it.
  let changes: [RecordChange]

  var height: BlockHeight { executed.height }
  private var execution: BlockExecution { executed.result.execution }

  /// - Parameter state: The state that the block changes.
  init(_ executed: ExecutedBlock, on state: any StateReader, ledger: Ledger) throws(StoreError) {
    self.executed = executed
    suite = ledger.suite
    let execution = executed.result.execution
    var kept = execution.changes
    if kept.contains(where: { $0.value == nil }) {
      kept = []
      for change in execution.changes {
        if change.value == nil, try state.value(.state, change.key) == nil { continue }
        kept.append(change)
      }
    }
    changes = kept
    validatorSetHash = executed.seats.current.hash(genesis: ledger.genesisID, suite: ledger.suite)
  }

  /// What the chain is after it.
  struct Outcome {
    let head: LedgerHead
    let history: AppendOnlyTree
    let historyNodes: [LogNode]
    let derived: Derived
  }

  /// The chain after it, on `parent`, whose history begins with `history`. Waits for what is derived.
  func outcome(on parent: LedgerHead, history: AppendOnlyTree) throws -> Outcome {
    var history = history
    var nodes: [LogNode] = []
    history.append(
      MerkleLog.leafHash(HistoryLeaf(parent.checkpoint).canonicalBytes, suite: suite), suite: suite, into: &nodes)
    let derived = try executed.result.derived.value()
    let header = executed.block.header
    let checkpoint = Checkpoint(
      chain: header.chain, height: height, blockID: executed.blockID, stateRoot: derived.update.root, receiptsRoot: derived.receiptsRoot,
      historyRoot: history.root(suite: suite), validatorSetHash: validatorSetHash)
    let head = LedgerHead(
      header: header, blockID: executed.blockID, checkpoint: checkpoint, position: executed.position, seats: executed.seats,
      schedule: executed.schedule)
    return Outcome(head: head, history: history, historyNodes: nodes, derived: derived)
  }

  /// Writes what is known without waiting: most of it.
  func writeRecords(to writer: any KeyValueWriter) throws(StoreError) {
    let key = LedgerTables.key(height)
    // Buffers for all records.
    var (keyBytes, valueBytes) = (CanonicalWriter(reservingCapacity: 64), CanonicalWriter(reservingCapacity: 1_024))
    try writer.put(LedgerTables.headers, key, executed.block.header.canonicalBytes)
    let ids = executed.result.ids
    for (index, id) in ids.enumerated().sorted(by: { $0.element < $1.element }) {
      var place = TransactionPlace(height: height, index: UInt32(index))
      #if DEBUG
        if LedgerMutation.planted == .receiptOfAnother { place.index = UInt32((index + 1) % ids.count) }
      #endif
      keyBytes.removeAll()
      id.digest.encode(into: &keyBytes)
      valueBytes.removeAll()
      place.encode(into: &valueBytes)
      try writer.put(LedgerTables.places, keyBytes.bytes, valueBytes.bytes)
    }
    for change in changes {
      valueBytes.removeAll()
      VersionedValue(version: height, value: change.value).encode(into: &valueBytes)
      try writer.put(LedgerTables.current, change.key, valueBytes.bytes)
    }
    #if DEBUG
      if LedgerMutation.planted != .indexOutsideTransaction { try writeIndex(to: writer) }
    #else
      try writeIndex(to: writer)
    #endif
  }

  /// Writes the rest: the tree, the block's contents, its checkpoint, the new head.
  func write(_ outcome: Outcome, to writer: any KeyValueWriter) throws(StoreError) {
    let key = LedgerTables.key(height)
    for node in outcome.historyNodes {
      try writer.put(LedgerTables.history, HistoryNodes.key(level: node.level, index: node.index), node.digest.bytes)
    }
    try writer.put(LedgerTables.transactions, key, outcome.derived.transactions)
    try writer.put(LedgerTables.receipts, key, outcome.derived.receipts)
    try LedgerNodes.write(outcome.derived.update, version: height, to: writer)
    try writer.put(LedgerTables.checkpoints, key, outcome.head.checkpoint.canonicalBytes)
    #if DEBUG
      if LedgerMutation.planted == .prunedVersionInUse { try prune(outcome.derived.update, in: writer) }
      if LedgerMutation.planted != .headOutsideTransaction { try writeHead(outcome, to: writer) }
    #else
      try writeHead(outcome, to: writer)
    #endif
  }

  private func writeIndex(to writer: any KeyValueWriter) throws(StoreError) {
    for change in execution.indexChanges {
      if let value = change.value {
        try writer.put(LedgerTables.index, change.key, value)
      } else {
        #if DEBUG
          if LedgerMutation.planted == .indexNotRemoved { continue }
        #endif
        try writer.remove(LedgerTables.index, change.key)
      }
    }
  }

  private func writeHead(_ outcome: Outcome, to writer: any KeyValueWriter) throws(StoreError) {
    let record = HeadRecord(height: height, blockID: executed.blockID, position: executed.position, history: outcome.history)
    try writer.put(LedgerTables.meta, LedgerTables.headKey, record.canonicalBytes)
  }
}

#if DEBUG
  extension PreparedBlock {
    /// What a planted defect writes after the block's own transaction.
    func writeLate(_ outcome: Outcome, to store: any KeyValueStore) throws(LedgerError) {
      try LedgerError.wrap {
        switch LedgerMutation.planted {
        case .indexOutsideTransaction: try store.write { try writeIndex(to: $0) }
        case .headOutsideTransaction: try store.write { try writeHead(outcome, to: $0) }
        default: break
        }
      }
    }

    private func prune(_ update: StateTreeUpdate, in writer: any KeyValueWriter) throws(StoreError) {
      for stale in update.stale { try writer.remove(LedgerTables.nodes, stale.storeKey) }
    }
  }
#endif
