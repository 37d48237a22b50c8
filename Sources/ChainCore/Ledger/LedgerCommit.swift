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
      return try write(executed)
    }
  }

  /// Commits a block that was executed, durably; it stands on the head.
  /// - Throws: `LedgerError.wrongHeight` if it does not, `.store`.
  @discardableResult
  public func commit(_ executed: ExecutedBlock) throws(LedgerError) -> Committed {
    try exclusively { () throws(LedgerError) in try write(executed) }
  }

  private func write(_ executed: ExecutedBlock) throws(LedgerError) -> Committed {
    let (head, history, pending) = memory.withLock { ($0.head, $0.history, $0.certificates) }
    guard executed.parentID == head.blockID else { throw .wrongHeight(expected: head.height.next, got: executed.block.header.height) }
    let prepared = try prepare(executed, on: head, history: history)
    #if DEBUG
      try damageBefore(prepared)
    #endif
    do throws(LedgerError) {
      try LedgerError.wrap {
        try store.write { writer in
          // Its read must end before the store may grow.
          defer { _ = try? prepared.derived.value() }
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
    let newHead = try prepared.head()
    memory.withLock {
      $0.head = newHead
      $0.history = prepared.history
      for height in pending.keys { $0.certificates[height] = nil }
      if newHead.seats.since > head.seats.since {
        $0.sets.append(SeatedSet(set: newHead.seats.current, since: newHead.seats.since))
      }
    }
    if newHead.seats.since > head.seats.since { SM2Verifier.pin(newHead.seats.current.members.map(\.key)) }
    return Committed(checkpoint: newHead.checkpoint, receipts: executed.execution.receipts)
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

  /// From how many changes on the tree and the rest are worth a thread of their own.
  private static let changesOfBackgroundWork = 512

  private func prepare(
    _ executed: ExecutedBlock, on head: LedgerHead, history: AppendOnlyTree
  ) throws(LedgerError) -> PreparedBlock {
    let updates: [(key: [UInt8], value: [UInt8]?)] = executed.execution.changes.map { ($0.key, $0.value) }
    let batch = StateChange.batch(updates, suite: suite)
    var ofTree = batch
    #if DEBUG
      if LedgerMutation.planted == .changeOutsideTree { ofTree = batch.dropLast() }
    #endif
    let (base, version) = (head.height.rawValue, executed.block.header.height.rawValue)
    // It needs nothing of what else is written, and takes as long.
    let derived = BackgroundWork(inBackground: batch.count >= Self.changesOfBackgroundWork) { [self, ofTree] in
      let update = try readingAtLength { reader throws(LedgerError) in
        try LedgerError.wrap {
          try StateTree(suite: suite).apply(
            ofTree, of: updates, base: base, newVersion: version, reader: LedgerNodes(reader: reader))
        }
      }
      return Derived(executed, update: update, suite: suite)
    }
    return try readingAtLength { reader throws(LedgerError) in
      let state = LedgerState(
        reader: reader, height: head.height, isHead: true, suite: suite, remembered: RememberedRecords(executed.read))
      return try PreparedBlock(
        executed, derived: derived, on: head, history: history, ledger: self, state: state)
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
    private func damageBefore(_ prepared: PreparedBlock) throws(LedgerError) {
      switch LedgerMutation.planted {
      case .headBeforeWrite:
        let head = try prepared.head()
        memory.withLock { $0.head = head }
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
