/// What a whole ledger was found to be.
public struct LedgerExamination: Sendable, Hashable {
  /// The first thing that does not hold.
  public struct Fault: Sendable, Hashable {
    /// The height it belongs to; `nil` if to none.
    public var height: BlockHeight?
    /// What is wrong.
    public var reason: LedgerError
  }

  /// The head.
  public var height: BlockHeight
  /// Heights whose headers, transactions, receipts and places were compared with their checkpoints.
  public var blocks: ClosedRange<BlockHeight>?
  /// Heights whose checkpoints were compared with the history tree.
  public var checkpoints: ClosedRange<BlockHeight>?
  /// How many certificates verified.
  public var certificates = 0
  /// How many changes of the validators verified.
  public var handovers = 0
  /// How many records the newest state has.
  public var records = 0
  /// How many index entries.
  public var indexEntries = 0
  /// What re-execution found; `nil` if it was not reached.
  public var execution: LedgerReport?
  /// What could not be checked, in sentences.
  public var unchecked: [String] = []
  /// The first thing that does not hold; `nil` if all does.
  public var fault: Fault?
}

extension Ledger {
  /// Checks everything that can be told without others: links between blocks, roots, receipts, certificates and validator sets from
  /// genesis on, records, indexes and the state tree, then executes the blocks again. Stops at the first fault.
  ///
  /// Works on pruned ledgers and on those that began with a snapshot, and says what it could not check.
  /// - Parameter progress: Told of each height that was compared, then of each that was executed again.
  /// - Complexity: O(blocks and state), in memory O(state).
  public func examine(progress: (BlockHeight) -> Void = { _ in }) -> LedgerExamination {
    var found = LedgerExamination(height: head.height)
    var place: BlockHeight?
    do throws(LedgerError) {
      try examineHistory(&found, &place, progress)
      try examineValidators(&found, &place)
      place = head.height
      try examineState(&found)
    } catch {
      if case .diverged(let height) = error { place = height }
      found.fault = LedgerExamination.Fault(height: place, reason: error)
      return found
    }
    var executed: BlockHeight?
    do throws(LedgerError) {
      let report = try verify { height in
        executed = height
        progress(height)
      }
      found.execution = report
      noteGaps(report, &found)
    } catch {
      var height = executed?.next
      if case .diverged(let diverged) = error { height = diverged }
      found.fault = LedgerExamination.Fault(height: height, reason: error)
    }
    return found
  }

  /// The height that a damaged record of the store belongs to, if its table is by height.
  public static func height(of error: StoreError) -> BlockHeight? {
    guard case .corrupt(let table, let key) = error else { return nil }
    let byHeight = [
      LedgerTables.headers, LedgerTables.transactions, LedgerTables.receipts, LedgerTables.checkpoints, LedgerTables.certificates,
      LedgerTables.leaves, LedgerTables.window,
    ]
    return byHeight.contains(table) ? UInt64(bigEndian: key).map { BlockHeight($0) } : nil
  }

  private func noteGaps(_ report: LedgerReport, _ found: inout LedgerExamination) {
    if oldestState > base { found.unchecked.append("states below height \(oldestState), which were pruned") }
    if base > 0 {
      found.unchecked.append("blocks up to height \(base), the snapshot that the ledger began with")
    } else if oldestBlock > 1 {
      found.unchecked.append("blocks below height \(oldestBlock), which were archived and pruned: verify the archive")
    }
    if report.start == report.height, report.start > 0 {
      found.unchecked.append("execution: no height has a certificate and its state and all later blocks here")
    } else if report.start > 0 {
      found.unchecked.append("execution up to height \(report.start), whose state was compared with its certificate instead")
    }
    if newestCertified < head.height {
      found.unchecked.append("signatures above height \(newestCertified), the newest certificate that was stored")
    }
  }

  private func examineHistory(
    _ found: inout LedgerExamination, _ place: inout BlockHeight?, _ progress: (BlockHeight) -> Void
  ) throws(LedgerError) {
    var tree = base == 0 ? AppendOnlyTree() : try importedHistory()
    var height = base
    var before: BlockHeader?
    while height <= head.height {
      place = height
      let checkpoint = try checkpoint(at: height)
      guard checkpoint.height == height, checkpoint.chain == genesis.chain, checkpoint.historyRoot == tree.root(suite: suite) else {
        throw .damaged("the history of height \(height) is not that of the checkpoints before")
      }
      if height > base, height >= oldestBlock {
        before = try examineBlock(checkpoint, after: before)
        found.blocks = (found.blocks?.lowerBound ?? height)...height
      }
      if let certificate = try certificate(at: height) {
        guard certificate.checkpoint == checkpoint else { throw .diverged(height) }
        do throws(CheckpointCertificateError) {
          try certificate.verify(in: validators(signing: height), genesis: genesisID, suite: suite)
        } catch {
          throw .badCertificate(error)
        }
        found.certificates += 1
      }
      found.checkpoints = (found.checkpoints?.lowerBound ?? height)...height
      var nodes: [LogNode] = []
      tree.append(MerkleLog.leafHash(HistoryLeaf(checkpoint).canonicalBytes, suite: suite), suite: suite, into: &nodes)
      // The head's own leaf is stored with the next block.
      if height < head.height { try examineNodes(nodes, of: height) }
      progress(height)
      height = height.next
    }
  }

  /// Compares what is stored of the history tree with what a height completed.
  private func examineNodes(_ nodes: [LogNode], of height: BlockHeight) throws(LedgerError) {
    try reading { reader throws(LedgerError) in
      try LedgerError.wrap {
        let stored = HistoryNodes(reader: reader)
        for node in nodes where try stored.node(level: node.level, index: node.index) != node.digest {
          throw LedgerError.damaged("history node \(node.level)/\(node.index) is not what the checkpoints give")
        }
      }
    }
  }

  /// The history before an imported snapshot: its edge and the leaves of the window.
  private func importedHistory() throws(LedgerError) -> AppendOnlyTree {
    var height = SnapshotManifest.windowStart(at: base, parameters: genesis.parameters)
    var tree = try frontier(size: height.rawValue)
    while height < base {
      tree.append(MerkleLog.leafHash(try historyLeaf(at: height).canonicalBytes, suite: suite), suite: suite)
      height = height.next
    }
    return tree
  }

  /// Compares a block with its checkpoint and its parent, its receipts with their root; returns its header.
  private func examineBlock(_ checkpoint: Checkpoint, after parent: BlockHeader?) throws(LedgerError) -> BlockHeader {
    let height = checkpoint.height
    let block = try block(at: height)
    guard block.header.id(genesis: genesisID, suite: suite) == checkpoint.blockID else {
      throw .damaged("the header of height \(height) is not the one of its checkpoint")
    }
    if height > 0 {
      guard try block.header.parent == historyLeaf(at: height.previous).blockID else {
        throw .invalidBlock(.wrongParent(block.header.parent))
      }
    }
    if let parent {
      _ = try rules(at: height).check(block, parent: parent, parentID: block.header.parent) { _ in false }
      do throws(BlockFault) {
        try rules.checkSignatures(block)
      } catch {
        throw .invalidBlock(error)
      }
    }
    let receipts = try receipts(at: height)
    guard Receipt.root(of: receipts, suite: suite) == checkpoint.receiptsRoot else {
      throw .damaged("the receipts of height \(height) do not have the root of its checkpoint")
    }
    for (index, signed) in block.transactions.enumerated() {
      let place = try place(of: signed.id(genesis: genesisID, suite: suite))
      guard place.height == height, Int(place.index) == index else { throw .damaged("place of a transaction of height \(height)") }
    }
    return block.header
  }

  /// Follows the validators from genesis to today's.
  private func examineValidators(_ found: inout LedgerExamination, _ place: inout BlockHeight?) throws(LedgerError) {
    var set = genesis.validators
    for handover in try handovers(after: set.generation) {
      place = handover.certificate.checkpoint.height
      do throws(HandoverError) {
        try handover.verify(from: set, genesis: genesisID, suite: suite)
      } catch {
        throw .damaged("the change to validator generation \(handover.next.generation): \(error)")
      }
      set = handover.next
      found.handovers += 1
    }
    place = head.height
    guard head.checkpoint.validatorSetHash == head.validators.hash(genesis: genesisID, suite: suite) else {
      throw .damaged("the validators in the state are not those of the head's checkpoint")
    }
    if set.generation < head.validators.generation {
      found.unchecked.append("the change to validator generation \(set.generation + 1), whose certificate is not stored")
    }
  }

  /// Computes the newest root from the records, and walks the stored tree; compares the indexes with what the records give.
  private func examineState(_ found: inout LedgerExamination) throws(LedgerError) {
    try reading { reader throws(LedgerError) in
      try LedgerError.wrap {
        let head = self.head
        let state = LedgerState(reader: reader, height: head.height, isHead: true, suite: suite)
        var builder = StateTreeBuilder(suite: suite, version: head.height.rawValue)
        let nodes = LedgerNodes(reader: reader)
        var (records, entries) = (0, 0)
        var last: Digest?
        try StateTree(suite: suite).scanLeaves(at: head.height.rawValue, reader: nodes) { stored in
          guard suite.hash(stored.key) == stored.keyHash, last.map({ $0 < stored.keyHash }) ?? true else {
            throw LedgerError.damaged("a key of the state is not where its hash says")
          }
          last = stored.keyHash
          guard let value = try state.value(.state, stored.key), value == stored.value else {
            throw LedgerError.damaged("a record is another than the tree's leaf says")
          }
          let leaf = StateLeaf(keyHash: stored.keyHash, valueHash: suite.hash(value))
          builder.add(StoredLeaf(leaf: leaf, key: stored.key, value: value))
          _ = builder.takeFinished()
          records += 1
          for entry in executor.registry.indexEntries(of: stored.key, value: value) ?? [] {
            guard try reader.get(LedgerTables.index, entry) != nil else { throw LedgerError.damaged("an index entry is missing") }
            entries += 1
          }
          return true
        }
        guard try records == state.count() else { throw LedgerError.damaged("a record is not in the tree") }
        guard builder.finish() == head.checkpoint.stateRoot else {
          throw LedgerError.damaged("the records do not have the root of the head")
        }
        guard try entries == reader.count(LedgerTables.index) else { throw LedgerError.damaged("an index has entries of no record") }
        try nodes.walk(head.height, root: head.checkpoint.stateRoot, suite: suite)
        var height = oldestState
        while height < head.height {
          guard try StateTree(suite: suite).root(at: height.rawValue, reader: nodes) == checkpoint(at: height).stateRoot else {
            throw LedgerError.diverged(height)
          }
          height = height.next
        }
        (found.records, found.indexEntries) = (records, entries)
      }
    }
  }
}

extension LedgerState {
  /// How many records there are.
  fileprivate func count() throws(StoreError) -> Int {
    var count = 0
    try scan(.state, from: [], to: nil, reverse: false) { _, _ in
      count += 1
      return true
    }
    return count
  }
}

extension KeyValueReader {
  /// How many records a table has.
  func count(_ table: StoreTable) throws(StoreError) -> Int {
    var count = 0
    try scan(table, from: [], to: nil, reverse: false) { _, _ in
      count += 1
      return true
    }
    return count
  }
}
