internal import Synchronization

// Committing: validate, execute, and write everything of a block in one storage transaction.

extension Ledger {
  /// How much of a block the caller has checked already.
  public enum SignatureCheck: Sendable {
    /// Check every signature now.
    case check
    /// The host verified each signature once, at admission or on arrival.
    case alreadyChecked
  }

  /// Commits the next block and returns what this node will sign of it.
  ///
  /// The same block again changes nothing.
  /// - Parameter position: The engine's position of the block; given back as `head.position` after a restart.
  /// - Throws: `LedgerError.invalidBlock` for a block that no validator may vote for, `.wrongHeight`, `.otherBlock`, `.store`.
  @discardableResult
  public func commit(
    _ block: Block, position: UInt64, signatures: SignatureCheck = .check
  ) throws(LedgerError) -> Checkpoint {
    try commitBlock(block, position: position, signatures: signatures).checkpoint
  }

  /// A committed block's checkpoint and receipts.
  package struct Committed: Sendable {
    package var checkpoint: Checkpoint
    /// `nil` if the block was here already: its receipts may be pruned.
    package var receipts: [Receipt]?
  }

  /// As `commit`; gives the receipts too, which the caller would have to read and decode.
  package func commitBlock(_ block: Block, position: UInt64, signatures: SignatureCheck) throws(LedgerError) -> Committed {
    try exclusively { () throws(LedgerError) -> Committed in
      let (head, history) = memory.withLock { ($0.head, $0.history) }
      if block.header.height <= head.height {
        return Committed(checkpoint: try repeated(block), receipts: nil)
      }
      let ids = try check(block, on: head)
      if signatures == .check {
        do throws(BlockFault) {
          try rules.checkSignatures(block)
        } catch {
          throw .invalidBlock(error)
        }
      }
      let prepared = try prepare(block, ids: ids, on: head, history: history, position: position)
      let pending = memory.withLock { $0.certificates }
      #if DEBUG
        damageBefore(prepared.head)
      #endif
      do throws(LedgerError) {
        try LedgerError.wrap {
          try store.write { writer in
            try prepared.write(to: writer)
            for (height, certificate) in pending.sorted(by: { $0.key < $1.key }) {
              try writer.put(LedgerTables.certificates, LedgerTables.key(height), certificate.canonicalBytes)
            }
          }
        }
      } catch {
        #if DEBUG
          guard LedgerMutation.planted == .ignoredFailedSync, case .store(.io) = error else { throw error }
        #else
          throw error
        #endif
      }
      #if DEBUG
        try prepared.writeLate(to: store)
      #endif
      memory.withLock {
        $0.head = prepared.head
        $0.history = prepared.history
        for height in pending.keys { $0.certificates[height] = nil }
        if prepared.head.seats.since > head.seats.since {
          $0.sets.append(SeatedSet(set: prepared.head.seats.current, since: prepared.head.seats.since))
        }
      }
      if prepared.head.seats.since > head.seats.since { SM2Verifier.pin(prepared.head.seats.current.members.map(\.key)) }
      return Committed(checkpoint: prepared.head.checkpoint, receipts: prepared.execution.receipts)
    }
  }

  /// Checks a block without executing it.
  ///
  /// - Parameter ancestors: Blocks above the head that it stands on, oldest first, each valid and not executed yet.
  /// - Throws: `LedgerError.wrongHeight`, `.invalidBlock`, `.store`.
  public func validate(
    _ block: Block, after ancestors: [Block] = [], signatures: SignatureCheck = .check
  ) throws(LedgerError) {
    var (parent, parentID) = (head.header, head.blockID)
    // What was decided of the chain's numbers is known so far ahead only.
    guard UInt64(ancestors.count) <= genesis.parameters.certificateLag else {
      throw .wrongHeight(expected: parent.height.next, got: block.header.height)
    }
    var pending: Set<TransactionID> = []
    for ancestor in ancestors {
      guard ancestor.header.parent == parentID else { throw .wrongHeight(expected: parent.height.next, got: ancestor.header.height) }
      (parent, parentID) = (ancestor.header, ancestor.header.id(genesis: genesisID, suite: suite))
      for signed in ancestor.transactions { pending.insert(signed.id(genesis: genesisID, suite: suite)) }
    }
    _ = try reading { reader throws(LedgerError) in
      try rules.check(block, parent: parent, parentID: parentID) { id throws(LedgerError) in
        if pending.contains(id) { return true }
        return try LedgerError.wrap { try reader.get(LedgerTables.places, id.digest.bytes) } != nil
      }
    }
    guard signatures == .check else { return }
    do throws(BlockFault) {
      try rules.checkSignatures(block)
    } catch {
      throw .invalidBlock(error)
    }
  }

  /// Adds the certificate of a committed height; the next commit stores it.
  ///
  /// - Throws: `.badCertificate` if it proves nothing, `.diverged` if a quorum certified another state than this ledger has.
  public func add(_ certificate: CheckpointCertificate) throws(LedgerError) {
    let height = certificate.checkpoint.height
    do throws(CheckpointCertificateError) {
      try certificate.verify(in: validators(signing: height), genesis: genesisID, suite: suite)
    } catch {
      #if DEBUG
        guard LedgerMutation.planted == .uncheckedCertificate else { throw .badCertificate(error) }
      #else
        throw .badCertificate(error)
      #endif
    }
    let isOwn = certificate.checkpoint == (try checkpoint(at: height))
    #if DEBUG
      guard isOwn || LedgerMutation.planted == .divergenceIgnored else { throw .diverged(height) }
    #else
      guard isOwn else { throw .diverged(height) }
    #endif
    memory.withLock {
      $0.certificates[height] = certificate
      $0.newestCertified = max($0.newestCertified, height)
    }
  }

  private func check(_ block: Block, on head: LedgerHead) throws(LedgerError) -> [TransactionID] {
    try reading { reader throws(LedgerError) in
      try rules.check(block, parent: head.header, parentID: head.blockID) { id throws(LedgerError) in
        let place = try LedgerError.wrap { try reader.get(LedgerTables.places, id.digest.bytes) }
        #if DEBUG
          if let place, try isForgotten(place) { return false }
        #endif
        return place != nil
      }
    }
  }

  private func repeated(_ block: Block) throws(LedgerError) -> Checkpoint {
    let height = block.header.height
    // What is below a snapshot was executed by others; here it only does not follow the head.
    guard height >= base else { throw .wrongHeight(expected: head.height.next, got: height) }
    let committed = try checkpoint(at: height)
    let got = block.header.id(genesis: genesisID, suite: suite)
    guard committed.blockID == got else { throw .otherBlock(height: height, committed: committed.blockID, got: got) }
    return committed
  }

  private func prepare(
    _ block: Block, ids: [TransactionID], on head: LedgerHead, history: AppendOnlyTree, position: UInt64
  ) throws(LedgerError) -> PreparedBlock {
    // However long a block takes on a busy machine: it is final, and nobody else writes meanwhile.
    try readingAtLength { reader throws(LedgerError) in
      let state = LedgerState(reader: reader, height: head.height, isHead: true, suite: suite, remembered: RememberedRecords())
      let execution = try LedgerError.wrap { try executor.execute(block, ids: ids, on: state) }
      return try PreparedBlock(
        block: block, ids: ids, execution: execution, on: head, history: history, position: position, ledger: self, state: state)
    }
  }

  static func create(_ genesis: Genesis, id: GenesisID, executor: Executor, store: any KeyValueStore) throws(LedgerError) {
    let execution: BlockExecution
    do throws(GenesisError) {
      execution = try executor.executeGenesis()
    } catch {
      throw .genesis(error)
    }
    let suite = genesis.suite
    let blockID = genesis.header.id(genesis: id, suite: suite)
    try LedgerError.wrap {
      let update = try StateTree(suite: suite).apply(
        execution.changes.map { ($0.key, $0.value) }, base: nil, newVersion: 0, reader: NoNodes())
      let checkpoint = Checkpoint(
        chain: genesis.chain, height: 0, blockID: blockID, stateRoot: update.root, receiptsRoot: Receipt.root(of: [], suite: suite),
        historyRoot: AppendOnlyTree().root(suite: suite), validatorSetHash: genesis.validators.hash(genesis: id, suite: suite))
      try store.write { writer in
        try writer.put(LedgerTables.meta, LedgerTables.genesisKey, genesis.canonicalBytes)
        try writer.put(LedgerTables.meta, LedgerTables.keysKey, [])
        let record = HeadRecord(height: 0, blockID: blockID, position: 0, history: AppendOnlyTree())
        try writer.put(LedgerTables.meta, LedgerTables.headKey, record.canonicalBytes)
        let key = LedgerTables.key(0)
        try writer.put(LedgerTables.headers, key, genesis.header.canonicalBytes)
        try writer.put(LedgerTables.transactions, key, [SignedTransaction]().canonicalBytes)
        try writer.put(LedgerTables.receipts, key, [Receipt]().canonicalBytes)
        try writer.put(LedgerTables.checkpoints, key, checkpoint.canonicalBytes)
        try LedgerNodes.write(update, version: 0, to: writer)
        for change in execution.changes {
          try writer.put(LedgerTables.current, change.key, VersionedValue(version: 0, value: change.value).canonicalBytes)
          try writer.put(LedgerTables.keys, suite.hash(change.key).bytes, change.key)
        }
        for change in execution.indexChanges {
          if let value = change.value { try writer.put(LedgerTables.index, change.key, value) }
        }
      }
    }
  }
}

private struct NoNodes: StateNodeReader {
  func node(_ key: StateNodeKey) throws -> [UInt8]? { nil }
}

/// Everything that one block writes.
private struct PreparedBlock {
  let block: Block
  let ids: [TransactionID]
  let execution: BlockExecution
  let head: LedgerHead
  let history: AppendOnlyTree
  let historyNodes: [LogNode]
  let update: StateTreeUpdate
  /// The changes that change something: a record that is written as it was, or removed and not there, keeps its version. So each value
  /// that is replaced leaves a stale leaf in the tree, by which pruning finds it.
  let changes: [RecordChange]
  /// What they replace, in the order of its place in the table.
  let replaced: [(place: [UInt8], bytes: [UInt8])]
  /// Keys that are not in any kept state, in the order of their hashes.
  let fresh: [(hash: Digest, key: [UInt8])]
  let receipts: [[UInt8]]

  init(
    block: Block, ids: [TransactionID], execution: BlockExecution, on parent: LedgerHead, history: AppendOnlyTree, position: UInt64,
    ledger: Ledger, state: LedgerState
  ) throws(LedgerError) {
    self.block = block
    self.ids = ids
    self.execution = execution
    let height = block.header.height
    var history = history
    var nodes: [LogNode] = []
    history.append(
      MerkleLog.leafHash(HistoryLeaf(parent.checkpoint).canonicalBytes, suite: ledger.suite), suite: ledger.suite, into: &nodes)
    self.history = history
    historyNodes = nodes
    let suite = ledger.suite
    var batch = StateChange.batch(execution.changes.map { ($0.key, $0.value) }, suite: suite)
    let hashes = batch.map(\.keyHash)
    #if DEBUG
      if LedgerMutation.planted == .changeOutsideTree { batch = batch.dropLast() }
    #endif
    update = try LedgerError.wrap {
      try StateTree(suite: suite).apply(
        batch, base: parent.height.rawValue, newVersion: height.rawValue, reader: LedgerNodes(reader: state.reader))
    }
    var replaced: [(place: [UInt8], bytes: [UInt8])] = []
    var fresh: [(hash: Digest, key: [UInt8])] = []
    var real: [RecordChange] = []
    real.reserveCapacity(execution.changes.count)
    for (change, hash) in zip(execution.changes, hashes) {
      if let bytes = try LedgerError.wrap({ try state.newest(change.key) }) {
        let old: VersionedValue = try LedgerError.decode(bytes, "state record")
        guard old.value != change.value else { continue }
        replaced.append((hash.bytes + old.version.keyBytes, bytes))
      } else {
        guard change.value != nil else { continue }
        fresh.append((hash, change.key))
      }
      real.append(change)
    }
    self.changes = real
    // A tree that is written to in its order has each of its pages changed once.
    replaced.sort { ByteKey.precedes($0.place, $1.place) }
    fresh.sort { $0.hash < $1.hash }
    self.replaced = replaced
    self.fresh = fresh
    receipts = execution.receipts.map(\.canonicalBytes)
    let seats = try Ledger.seats(after: execution, before: parent.seats)
    let blockID = block.header.id(genesis: ledger.genesisID, suite: suite)
    let checkpoint = Checkpoint(
      chain: block.header.chain, height: height, blockID: blockID, stateRoot: update.root,
      receiptsRoot: MerkleLog.root(of: suite.hashes(ofPublic: receipts.map { [0] + $0 }), suite: suite),
      historyRoot: history.root(suite: suite),
      validatorSetHash: seats.current.hash(genesis: ledger.genesisID, suite: suite))
    head = LedgerHead(
      header: block.header, blockID: blockID, checkpoint: checkpoint, position: position, seats: seats,
      schedule: try Ledger.schedule(after: execution, before: parent.schedule))
  }

  func write(to writer: any KeyValueWriter) throws(StoreError) {
    let key = LedgerTables.key(head.height)
    try writer.put(LedgerTables.headers, key, block.header.canonicalBytes)
    try writer.put(LedgerTables.transactions, key, block.transactions.canonicalBytes)
    try writer.put(LedgerTables.receipts, key, receiptList)
    try writer.put(LedgerTables.checkpoints, key, head.checkpoint.canonicalBytes)
    for (index, id) in ids.enumerated().sorted(by: { $0.element < $1.element }) {
      var place = TransactionPlace(height: head.height, index: UInt32(index))
      #if DEBUG
        if LedgerMutation.planted == .receiptOfAnother { place.index = UInt32((index + 1) % ids.count) }
      #endif
      try writer.put(LedgerTables.places, id.digest.bytes, place.canonicalBytes)
    }
    for node in historyNodes {
      try writer.put(LedgerTables.history, HistoryNodes.key(level: node.level, index: node.index), node.digest.bytes)
    }
    try LedgerNodes.write(update, version: head.height, to: writer)
    for (hash, key) in fresh { try writer.put(LedgerTables.keys, hash.bytes, key) }
    for (place, bytes) in replaced { try writer.put(LedgerTables.past, place, bytes) }
    for change in changes { try writer.put(LedgerTables.current, change.key, VersionedValue.bytes(head.height, change.value)) }
    #if DEBUG
      if LedgerMutation.planted == .prunedVersionInUse { try prune(in: writer) }
      if LedgerMutation.planted != .indexOutsideTransaction { try writeIndex(to: writer) }
      if LedgerMutation.planted != .headOutsideTransaction { try writeHead(to: writer) }
    #else
      try writeIndex(to: writer)
      try writeHead(to: writer)
    #endif
  }

  /// All receipts as an array's canonical bytes.
  private var receiptList: [UInt8] {
    var writer = CanonicalWriter(reservingCapacity: receipts.reduce(5) { $0 + $1.count })
    writer.writeCount(receipts.count)
    for receipt in receipts { writer.writeFixed(receipt) }
    return writer.bytes
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

  private func writeHead(to writer: any KeyValueWriter) throws(StoreError) {
    let record = HeadRecord(height: head.height, blockID: head.blockID, position: head.position, history: history)
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

    fileprivate func prune(in writer: any KeyValueWriter) throws(StoreError) {
      for stale in update.stale { try writer.remove(LedgerTables.nodes, stale.storeKey) }
    }
  }

  extension Ledger {
    /// What a planted defect does before the block is written.
    private func damageBefore(_ head: LedgerHead) {
      switch LedgerMutation.planted {
      case .headBeforeWrite: memory.withLock { $0.head = head }
      case .certificatesTakenEarly: memory.withLock { $0.certificates = [:] }
      default: break
      }
    }

    /// Whether a planted defect forgets a transaction that was there when the ledger was opened.
    func isForgotten(_ place: [UInt8]) throws(LedgerError) -> Bool {
      guard LedgerMutation.planted == .forgottenWindow else { return false }
      let place: TransactionPlace = try LedgerError.decode(place, "place")
      return place.height <= openedAt
    }
  }
#endif
