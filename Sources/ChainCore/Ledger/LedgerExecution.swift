// Executing a block, which may be done while the block before it is still on its way to the disk.

extension Ledger {
  /// Checks the next block and executes it, without keeping anything; `commit(_:)` does.
  ///
  /// A host with more than one processor executes blocks while those below them are committed, and commits together what waits:
  ///
  /// ```swift
  /// let first = try ledger.execute(block1, position: 1)
  /// let second = try ledger.execute(block2, position: 2, after: first)  // beside ledger.commit(first)
  /// let third = try ledger.execute(block3, position: 3, after: second)
  /// try ledger.commit([second, third])
  /// ```
  /// The state tree after the block begins to be made when its execution ends, on another thread if it is much work.
  /// - Parameter previous: The block before it, if that is executed and perhaps not committed yet.
  /// - Returns: `nil` for a block that is here already.
  /// - Throws: `LedgerError.invalidBlock` for a block that no validator may vote for, `.wrongHeight`, `.store`.
  public func execute(
    _ block: Block, position: UInt64, after previous: ExecutedBlock? = nil, signatures: SignatureCheck = .check
  ) throws(LedgerError) -> ExecutedBlock? {
    // Read before any snapshot of the store: what is not above it is in every one of them.
    let head = head
    let parent = previous?.block.header ?? head.header
    let parentID = previous?.blockID ?? head.blockID
    guard block.header.height > parent.height else { return nil }
    let ancestors = previous.map { ($0.ancestors + [$0.result]).filter { $0.height > head.height } } ?? []
    let rules = rules.with(previous?.schedule ?? head.schedule)
    let ids = try check(block, parent: parent, parentID: parentID, rules: rules, after: ancestors)
    try check(signatures, of: block)
    // However long a block takes on a busy machine: it is final, and its turn comes once.
    let execution = try readingAtLength { reader throws(LedgerError) in
      let stored = LedgerState(reader: reader, height: parent.height, isHead: true, suite: suite, remembered: RememberedRecords())
      return try LedgerError.wrap { try executor.execute(block, ids: ids, on: stored.ahead(ancestors)) }
    }
    let seats = try Ledger.seats(after: execution, before: previous?.seats ?? head.seats)
    let schedule = try Ledger.schedule(after: execution, before: previous?.schedule ?? head.schedule)
    return ExecutedBlock(
      block: block, blockID: block.header.id(genesis: genesisID, suite: suite), position: position, parentID: parentID, seats: seats,
      schedule: schedule,
      result: ExecutionResult(
        height: block.header.height, ids: ids, execution: execution, derived: derive(block, execution, from: parent.height, ancestors)),
      ancestors: ancestors)
  }

  /// From how many changes on the tree and the rest are worth a thread of their own.
  private static let changesOfBackgroundWork = 512

  /// Makes the tree after a block, and all else that its transactions and receipts alone determine.
  ///
  /// - Parameter parent: The version that it changes.
  private func derive(
    _ block: Block, _ execution: BlockExecution, from parent: BlockHeight, _ ancestors: [ExecutionResult]
  ) -> BackgroundWork<Derived> {
    let updates: [(key: [UInt8], value: [UInt8]?)] = execution.changes.map { ($0.key, $0.value) }
    #if DEBUG
      let missing = LedgerMutation.planted == .changeOutsideTree ? 1 : 0
    #else
      let missing = 0
    #endif
    return BackgroundWork(inBackground: updates.count >= Self.changesOfBackgroundWork) { [self] in
      let changes = StateChange.sortedOnce(StateChange.batch(updates, suite: suite).dropLast(missing))
      // Before the read, which would be held open meanwhile.
      var known: [UInt64: StateTreeUpdate] = [:]
      for ancestor in ancestors { known[ancestor.height.rawValue] = try ancestor.derived.value().update }
      let update = try update(changes) { [self, known] part in
        try readingAtLength { reader throws(LedgerError) in
          let nodes = AheadNodes(base: LedgerNodes(reader: reader), updates: known)
          return try LedgerError.wrap {
            try StateTree(suite: suite).apply(
              part, of: updates, base: parent.rawValue, newVersion: block.header.height.rawValue, reader: nodes)
          }
        }
      }
      return Derived(block, receipts: execution.receipts, update: update, suite: suite)
    }
  }

  /// From how many changes on each half of the tree is worth a thread of its own.
  private static let changesOfTwoThreads = 2_048

  /// Makes a version of the tree, half of a large one on another thread.
  ///
  /// - Parameter apply: Applies sorted changes to the base.
  private func update(
    _ changes: [StateChange], by apply: @escaping @Sendable (ArraySlice<StateChange>) throws -> StateTreeUpdate
  ) throws -> StateTreeUpdate {
    guard changes.count >= Self.changesOfTwoThreads else { return try apply(changes[...]) }
    let (first, second) = StateTreeHalves.split(changes)
    let other = BackgroundWork(inBackground: true) { try apply(second) }
    let own = Result { try apply(first) }
    // Even after an error: it reads the store.
    let others = Result { try other.value() }
    return try StateTreeHalves.joined(own.get(), others.get(), suite: suite) ?? apply(changes[...])
  }

  private func check(
    _ block: Block, parent: BlockHeader, parentID: BlockID, rules: BlockRules, after ancestors: [ExecutionResult]
  ) throws(LedgerError) -> [TransactionID] {
    try reading { reader throws(LedgerError) in
      try rules.check(block, parent: parent, parentID: parentID) { id throws(LedgerError) in
        if ancestors.contains(where: { $0.idSet.contains(id) }) { return true }
        let place = try LedgerError.wrap { try reader.get(LedgerTables.places, id.digest.bytes) }
        #if DEBUG
          if let place, try isForgotten(place) { return false }
        #endif
        return place != nil
      }
    }
  }
}
