/// What is computed of a block without its other writes, and written last.
struct Derived: Sendable {
  /// What the block adds to the state tree.
  let update: StateTreeUpdate
  /// All receipts as an array's canonical bytes.
  let receipts: [UInt8]
  let receiptsRoot: Digest
  /// All transactions as an array's canonical bytes.
  let transactions: [UInt8]

  init(_ executed: ExecutedBlock, update: StateTreeUpdate, suite: CryptoSuite) {
    self.update = update
    let each = executed.execution.receipts.map(\.canonicalBytes)
    receiptsRoot = MerkleLog.root(of: suite.hashes(ofPublic: each.map { [0] + $0 }), suite: suite)
    var writer = CanonicalWriter(reservingCapacity: each.reduce(5) { $0 + $1.count })
    writer.writeCount(each.count)
    for receipt in each { writer.writeFixed(receipt) }
    receipts = writer.bytes
    transactions = executed.block.transactions.canonicalBytes
  }
}

/// Everything that one block writes.
struct PreparedBlock: Sendable {
  let executed: ExecutedBlock
  let history: AppendOnlyTree
  let historyNodes: [LogNode]
  let derived: BackgroundWork<Derived>
  private let historyRoot: Digest
  private let validatorSetHash: Digest
  /// The changes that change something: a record that is written as it was, or removed and not there, keeps its version. So each record
  /// that is removed leaves a stale leaf in the tree, by which pruning finds it.
  let changes: [RecordChange]

  var height: BlockHeight { executed.block.header.height }

  init(
    _ executed: ExecutedBlock, derived: BackgroundWork<Derived>, on parent: LedgerHead, history: AppendOnlyTree, ledger: Ledger,
    state: LedgerState
  ) throws(LedgerError) {
    self.executed = executed
    self.derived = derived
    let suite = ledger.suite
    let execution = executed.execution
    var history = history
    var nodes: [LogNode] = []
    history.append(
      MerkleLog.leafHash(HistoryLeaf(parent.checkpoint).canonicalBytes, suite: suite), suite: suite, into: &nodes)
    self.history = history
    historyNodes = nodes
    var real: [RecordChange] = []
    real.reserveCapacity(execution.changes.count)
    for change in execution.changes where try Self.isReal(change, in: state) { real.append(change) }
    self.changes = real
    historyRoot = history.root(suite: suite)
    validatorSetHash = executed.seats.current.hash(genesis: ledger.genesisID, suite: suite)
  }

  private static func isReal(_ change: RecordChange, in state: LedgerState) throws(LedgerError) -> Bool {
    guard let known = try LedgerError.wrap({ try state.newest(change.key) }) else { return change.value != nil }
    let old: VersionedValue = try LedgerError.decode(known, "state record")
    return old.value != change.value
  }

  /// The head after it. Waits for what is derived.
  func head() throws(LedgerError) -> LedgerHead {
    let derived = try LedgerError.wrap { () throws in try self.derived.value() }
    let header = executed.block.header
    let checkpoint = Checkpoint(
      chain: header.chain, height: height, blockID: executed.blockID, stateRoot: derived.update.root, receiptsRoot: derived.receiptsRoot,
      historyRoot: historyRoot, validatorSetHash: validatorSetHash)
    return LedgerHead(
      header: header, blockID: executed.blockID, checkpoint: checkpoint, position: executed.position, seats: executed.seats,
      schedule: executed.schedule)
  }

  func write(to writer: any KeyValueWriter) throws {
    let key = LedgerTables.key(height)
    // Buffers for all records.
    var (keyBytes, valueBytes) = (CanonicalWriter(reservingCapacity: 64), CanonicalWriter(reservingCapacity: 1_024))
    try writer.put(LedgerTables.headers, key, executed.block.header.canonicalBytes)
    for (index, id) in executed.ids.enumerated().sorted(by: { $0.element < $1.element }) {
      var place = TransactionPlace(height: height, index: UInt32(index))
      #if DEBUG
        if LedgerMutation.planted == .receiptOfAnother { place.index = UInt32((index + 1) % executed.ids.count) }
      #endif
      keyBytes.removeAll()
      id.digest.encode(into: &keyBytes)
      valueBytes.removeAll()
      place.encode(into: &valueBytes)
      try writer.put(LedgerTables.places, keyBytes.bytes, valueBytes.bytes)
    }
    for node in historyNodes {
      try writer.put(LedgerTables.history, HistoryNodes.key(level: node.level, index: node.index), node.digest.bytes)
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
    let derived = try derived.value()
    try writer.put(LedgerTables.transactions, key, derived.transactions)
    try writer.put(LedgerTables.receipts, key, derived.receipts)
    try LedgerNodes.write(derived.update, version: height, to: writer)
    try writer.put(LedgerTables.checkpoints, key, try head().checkpoint.canonicalBytes)
    #if DEBUG
      if LedgerMutation.planted == .prunedVersionInUse { try prune(derived.update, in: writer) }
      if LedgerMutation.planted != .headOutsideTransaction { try writeHead(to: writer) }
    #else
      try writeHead(to: writer)
    #endif
  }

  private func writeIndex(to writer: any KeyValueWriter) throws(StoreError) {
    for change in executed.execution.indexChanges {
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

  private func writeHead(to writer: any KeyValueWriter) throws(StoreError) {
    let record = HeadRecord(height: height, blockID: executed.blockID, position: executed.position, history: history)
    try writer.put(LedgerTables.meta, LedgerTables.headKey, record.canonicalBytes)
  }
}

#if DEBUG
  extension PreparedBlock {
    /// What a planted defect writes after the block's own transaction.
    func writeLate(to store: any KeyValueStore) throws(LedgerError) {
      try LedgerError.wrap {
        switch LedgerMutation.planted {
        case .indexOutsideTransaction: try store.write { try writeIndex(to: $0) }
        case .headOutsideTransaction: try store.write { try writeHead(to: $0) }
        default: break
        }
      }
    }

    func prune(_ update: StateTreeUpdate, in writer: any KeyValueWriter) throws(StoreError) {
      for stale in update.stale { try writer.remove(LedgerTables.nodes, stale.storeKey) }
    }
  }
#endif
