internal import ChainCore

// An executor forgets its past by policy; power may fail at any change of that.
extension LedgerWorld {
  /// Prunes until nothing is left to do, then looks whether exactly what is kept is there.
  mutating func prune(_ index: Int) throws {
    steps += 1
    let states = UInt64(1 + random.below(8))
    let blocks: RetentionPolicy.Blocks = random.chance(60) ? .archived(keeping: UInt64(1 + random.below(6))) : .all
    let policy = RetentionPolicy(states: states, blocks: blocks)
    try noteArchived(index)
    let oldest = nodes[index].ledger.oldestState
    let held = random.chance(40) ? nodes[index].ledger : nil
    let hold = try held?.hold(old(oldest, nodes[index].ledger.head.height))
    let spared = random.chance(20) ? old(oldest, nodes[index].ledger.head.height) : nil
    log("L\(index) prunes: \(policy), held \(hold.map { "\($0.height)" } ?? "nothing"), spared \(spared.map { "\($0)" } ?? "nothing")")
    var (crashes, isDone) = (0, false)
    while !isDone {
      steps += 1
      let (ledger, store) = (nodes[index].ledger, nodes[index].store)
      if crashes < 4, random.chance(2 * faults.crashes[index]) { store.arm(drawCrash()) }
      let limit = 1 + random.below(60)
      switch Result(catching: { () throws(LedgerError) in try ledger.prune(policy, sparing: spared, limit: limit) }) {
      case .success(let progress):
        store.arm(nil)
        mix(UInt64(progress.nodes + progress.blocks))
        if progress.nodes > 0 { note(.prunedState) }
        if progress.blocks > 0 { note(.prunedBlock) }
        if random.chance(20) { try check(index, ledger.head.height) }
        if let hold, ledger === held { try checkHeld(index, hold.height) }
        isDone = progress.isDone
      case .failure(let error):
        guard store.isDead else { throw error }
        crashes += 1
        note(.crashInPruning)
        log("L\(index): power fails while it prunes")
        try reopen(index)
      }
    }
    withExtendedLifetime(hold) {}
    let ledger = nodes[index].ledger
    if let spared, ledger.oldestState > max(spared, oldest) { throw failure("L\(index): the spared height \(spared) was pruned") }
    let audit = try ledger.auditPruning()
    guard audit.isExact else { throw failure("L\(index): pruning to \(ledger.oldestState), \(ledger.oldestBlock) left \(audit)") }
    try check(index, ledger.head.height)
  }

  /// Blocks up to some height are in an archive now.
  private mutating func noteArchived(_ index: Int) throws {
    let ledger = nodes[index].ledger
    let archived = try ledger.archivedThrough()
    guard random.chance(60), archived < ledger.head.height else { return }
    let last = BlockHeight(archived.rawValue + 1 + UInt64(random.below(Int(ledger.head.height.rawValue - archived.rawValue))))
    try ledger.noteArchived(archived.next...last)
    guard try ledger.archivedThrough() == last else { throw failure("L\(index) forgets what is archived") }
    if last < ledger.head.height.previous {
      // Above a gap nothing counts.
      try ledger.noteArchived(ledger.head.height...ledger.head.height)
      guard try ledger.archivedThrough() == last else { throw failure("L\(index) counts an archive with a gap") }
    }
  }

  /// What somebody holds stays readable.
  private mutating func checkHeld(_ index: Int, _ height: BlockHeight) throws {
    guard nodes[index].ledger.oldestState <= height else { throw failure("L\(index) pruned height \(height), which is held") }
    try checkState(index, height)
    try checkProofs(index, height)
    note(.heldState)
  }

  /// What was pruned is refused by name and with what is kept, not made up.
  mutating func checkForgotten(_ index: Int) throws {
    let ledger = nodes[index].ledger
    let (oldest, head) = (ledger.oldestState, ledger.head.height)
    if oldest > ledger.base {
      let height = BlockHeight(ledger.base.rawValue + UInt64(random.below(Int(oldest.rawValue - ledger.base.rawValue))))
      let key = StateKey(contract: VaultContract.name, table: VaultContract.holdings.name, key: UInt64(0))
      let refusal = LedgerError.stateNotKept(height, kept: oldest...head)
      for result in [
        Result(catching: { () throws(LedgerError) in _ = try ledger.record(key, at: height) }),
        Result(catching: { () throws(LedgerError) in _ = try ledger.proveRecord(key, at: height) }),
        Result(catching: { () throws(LedgerError) in _ = try ledger.hold(height) }),
      ] {
        switch result {
        case .failure(refusal): note(.forgottenState)
        case .failure(.store(let error)): throw LedgerError.store(error)
        case .failure(let error): throw failure("L\(index) refuses the pruned height \(height) as \(error)")
        case .success: throw failure("L\(index) reads the pruned height \(height)")
        }
      }
    }
    guard ledger.oldestBlock > ledger.base.next else { return }
    let height = BlockHeight(
      ledger.base.rawValue + 1 + UInt64(random.below(Int(ledger.oldestBlock.rawValue - ledger.base.rawValue - 1))))
    switch Result(catching: { () throws(LedgerError) in try ledger.block(at: height) }) {
    case .failure(.blockNotKept(height, kept: ledger.oldestBlock...head)): note(.forgottenBlock)
    case .failure(.store(let error)): throw LedgerError.store(error)
    case .failure(let error): throw failure("L\(index) refuses the pruned block \(height) as \(error)")
    case .success: throw failure("L\(index) has the pruned block \(height)")
    }
    // It can be proven all the same, for whoever has it from an archive.
    let history = try ledger.proveHistory(of: height, under: head)
    guard history.leaf.blockID == blockIDs[Int(height.rawValue)],
      (try? history.verify(under: checkpoints[Int(head.rawValue)], suite: suite)) != nil
    else { throw failure("L\(index): the proof of the pruned height \(height) proves nothing") }
  }
}
