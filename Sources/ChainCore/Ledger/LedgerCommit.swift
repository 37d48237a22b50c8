internal import Synchronization

// Committing: validate, execute, and write everything of a block in one storage transaction.

extension Ledger {
  /// How much of a block the caller has checked already.
  public enum SignatureCheck: Sendable, Hashable {
    /// Check every signature now.
    case check
    /// Check those of the transactions at these places in the block; the host verified the others.
    case checkOnly([Int])
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
  public struct Committed: Sendable {
    /// What this node will sign of it.
    public internal(set) var checkpoint: Checkpoint
    /// Its receipts, in its order; `nil` if the block was here already: they may be pruned.
    public internal(set) var receipts: [Receipt]?
  }

  /// As `commit`; gives the receipts too, which the caller would have to read and decode.
  package func commitBlock(_ block: Block, position: UInt64, signatures: SignatureCheck) throws(LedgerError) -> Committed {
    try exclusively { () throws(LedgerError) -> Committed in
      guard let executed = try execute(block, position: position, signatures: signatures) else {
        return Committed(checkpoint: try repeated(block), receipts: nil)
      }
      return try write([executed])[0]
    }
  }

  /// Commits a block that was executed, durably; it stands on the head.
  /// - Throws: `LedgerError.wrongHeight` if it does not, `.store`.
  @discardableResult
  public func commit(_ executed: ExecutedBlock) throws(LedgerError) -> Committed {
    try exclusively { () throws(LedgerError) in try write([executed])[0] }
  }

  /// Commits blocks that were executed, each after the one before it, in one write: all of them or none. The first stands on the head.
  ///
  /// One sync for all is what keeps small blocks cheap.
  /// - Returns: What was committed of each.
  /// - Throws: `LedgerError.wrongHeight` if one does not stand on the one before, `.store`.
  @discardableResult
  public func commit(_ executed: [ExecutedBlock]) throws(LedgerError) -> [Committed] {
    try exclusively { () throws(LedgerError) in try write(executed) }
  }

  private func write(_ blocks: [ExecutedBlock]) throws(LedgerError) -> [Committed] {
    let (head, history, pending) = memory.withLock { ($0.head, $0.history, $0.certificates) }
    let prepared = try prepare(blocks, on: head)
    #if DEBUG
      try damageBefore(prepared, on: head, history: history)
    #endif
    do throws(LedgerError) {
      try LedgerError.wrap {
        try store.write { writer in
          // What is derived reads the store, and these reads must end before it may grow.
          defer { for block in blocks { _ = try? block.result.derived.value() } }
          // Most of it first, while trees are still being made.
          for block in prepared { try block.writeRecords(to: writer) }
          try writer.prepareCommit()
          for (block, outcome) in zip(prepared, try self.outcomes(of: prepared, on: head, history: history)) {
            try block.write(outcome, to: writer)
          }
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
    let outcomes = try outcomes(of: prepared, on: head, history: history)
    #if DEBUG
      for (block, outcome) in zip(prepared, outcomes) { try block.writeLate(outcome, to: store) }
    #endif
    memory.withLock {
      for height in pending.keys { $0.certificates[height] = nil }
      for outcome in outcomes {
        let seats = outcome.head.seats
        if seats.since > $0.head.seats.since { $0.sets.append(SeatedSet(set: seats.current, since: seats.since)) }
        $0.head = outcome.head
        $0.history = outcome.history
      }
    }
    if let seats = outcomes.last?.head.seats, seats.since > head.seats.since { SM2Verifier.pin(seats.current.members.map(\.key)) }
    return zip(blocks, outcomes).map { Committed(checkpoint: $1.head.checkpoint, receipts: $0.result.execution.receipts) }
  }

  /// What the chain is after each block. Waits for what is derived.
  private func outcomes(
    of prepared: [PreparedBlock], on head: LedgerHead, history: AppendOnlyTree
  ) throws(LedgerError) -> [PreparedBlock.Outcome] {
    try LedgerError.wrap {
      var (parent, history) = (head, history)
      return try prepared.map { block in
        let outcome = try block.outcome(on: parent, history: history)
        (parent, history) = (outcome.head, outcome.history)
        return outcome
      }
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
    try check(signatures, of: block)
  }

  /// Checks as much of a block's signatures as `signatures` says.
  func check(_ signatures: SignatureCheck, of block: Block) throws(LedgerError) {
    do throws(BlockFault) {
      switch signatures {
      case .check: try rules.checkSignatures(block)
      case .checkOnly(let places): try rules.checkSignatures(block, at: places)
      case .alreadyChecked: break
      }
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

  private func repeated(_ block: Block) throws(LedgerError) -> Checkpoint {
    let height = block.header.height
    // What is below a snapshot was executed by others; here it only does not follow the head.
    guard height >= base else { throw .wrongHeight(expected: head.height.next, got: height) }
    let committed = try checkpoint(at: height)
    let got = block.header.id(genesis: genesisID, suite: suite)
    guard committed.blockID == got else { throw .otherBlock(height: height, committed: committed.blockID, got: got) }
    return committed
  }

  /// Finds out what each of these blocks writes.
  private func prepare(_ blocks: [ExecutedBlock], on head: LedgerHead) throws(LedgerError) -> [PreparedBlock] {
    var parent = (id: head.blockID, height: head.height)
    for block in blocks {
      guard block.parentID == parent.id else { throw .wrongHeight(expected: parent.height.next, got: block.height) }
      parent = (block.blockID, block.height)
    }
    return try readingAtLength { reader throws(LedgerError) in
      var prepared: [PreparedBlock] = []
      for (place, block) in blocks.enumerated() {
        let stored = LedgerState(reader: reader, height: head.height, isHead: true, suite: suite)
        prepared.append(
          try LedgerError.wrap { try PreparedBlock(block, on: stored.ahead(blocks[..<place].map(\.result)), ledger: self) })
      }
      return prepared
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

#if DEBUG
  extension Ledger {
    /// What a planted defect does before the block is written.
    private func damageBefore(_ prepared: [PreparedBlock], on head: LedgerHead, history: AppendOnlyTree) throws(LedgerError) {
      switch LedgerMutation.planted {
      case .headBeforeWrite:
        let outcomes = try outcomes(of: prepared, on: head, history: history)
        memory.withLock { $0.head = outcomes.last?.head ?? $0.head }
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
