internal import Synchronization

// Removing what no kept height needs, in short transactions beside commits.
//
// What may be read is written first, in the transaction that removes the first of the rest: a reader sees a whole state or a typed error.
// The list of stale nodes is the list of work, so pruning that is interrupted goes on wherever it was.

extension Ledger {
  /// How many nodes one step of pruning removes by default.
  public static let pruningStep = 1_000

  /// The oldest height whose state can be read.
  public var oldestState: BlockHeight { memory.withLock { $0.oldestState } }
  /// The oldest height whose block can be read; of a ledger that began with a snapshot, whose header.
  public var oldestBlock: BlockHeight { memory.withLock { $0.oldestBlock } }

  /// Removes some of what `policy` does not keep. Call it again until `isDone`, and now and then as the chain grows.
  ///
  /// Kept in any case: the newest height with a stored certificate and all above it, heights that are held, the replay window before the
  /// oldest state, so that each kept state can be given away as a snapshot, and of every height checkpoint and history, so that it can be
  /// proven. Of what goes with a block, certificates that show a change of the validators stay.
  /// - Parameters:
  ///   - spared: A height from which on nothing is removed.
  ///   - limit: The greatest number of nodes or blocks' transactions that this step looks at.
  /// - Throws: `.store`; what was removed before stays removed.
  /// - Complexity: O(`limit`) in one write transaction, for which commits wait.
  public func prune(
    _ policy: RetentionPolicy, sparing spared: BlockHeight? = nil, limit: Int = Ledger.pruningStep
  ) throws(LedgerError) -> PruningProgress {
    precondition(limit > 0, "a step does something")
    return try exclusively { () throws(LedgerError) -> PruningProgress in
      let head = memory.withLock { $0.head.height }
      let certified = try reading { reader throws(LedgerError) in
        try LedgerError.wrap { try reader.last(LedgerTables.certificates) }.flatMap { UInt64(bigEndian: $0.key) } ?? 0
      }
      let bound = min(BlockHeight(certified), spared ?? BlockHeight(UInt64.max))
      // From here on nobody gets hold of what goes.
      let (before, target) = memory.withLock { memory in
        let before = memory.oldestState
        if let states = policy.states, head.rawValue >= states {
          memory.oldestState = max(before, min(BlockHeight(head.rawValue - states + 1), memory.unheld(below: bound)))
        }
        return (before, memory.oldestState)
      }
      do throws(LedgerError) {
        var progress = try removeStates(through: target, before: before, limit: limit)
        if progress.isDone, case .archived(let kept) = policy.blocks {
          let blocks = try removeBlocks(keeping: kept, of: head, oldestState: target, limit: limit)
          (progress.blocks, progress.isDone, progress.oldestBlock) = (blocks.blocks, blocks.isDone, blocks.oldestBlock)
        }
        return progress
      } catch {
        memory.withLock { $0.oldestState = before }
        throw error
      }
    }
  }

  /// Removes some of the states below the newest `heights`; see `prune(_:sparing:limit:)`.
  /// - Precondition: `heights` is above 0.
  public func prune(keeping heights: UInt64, limit: Int = Ledger.pruningStep) throws(LedgerError) -> PruningProgress {
    try prune(RetentionPolicy(states: heights), limit: limit)
  }

  private func removeStates(through oldest: BlockHeight, before: BlockHeight, limit: Int) throws(LedgerError) -> PruningProgress {
    var progress = PruningProgress(oldestState: oldest, oldestBlock: oldestBlock, isDone: true)
    let hasWork = try reading { reader throws(LedgerError) in
      try LedgerError.wrap { try reader.first(LedgerTables.stale, to: oldest.next.keyBytes) } != nil
    }
    guard hasWork || oldest > before else { return progress }
    let done = try LedgerError.wrap {
      try store.write { writer in
        #if DEBUG
          if LedgerMutation.planted != .pruningUnmarked {
            try writer.put(LedgerTables.meta, LedgerTables.oldestStateKey, oldest.canonicalBytes)
          }
        #else
          try writer.put(LedgerTables.meta, LedgerTables.oldestStateKey, oldest.canonicalBytes)
        #endif
        let removed = try LedgerNodes.removeStale(through: oldest, limit: limit, from: writer)
        for key in removed.keys { try Tombstones.forget(key, oldest: oldest, in: writer) }
        return (nodes: removed.nodes, isDone: removed.isDone)
      }
    }
    (progress.nodes, progress.isDone) = done
    return progress
  }
}

extension Ledger.Memory {
  /// The greatest height up to `bound` that is not above any held one.
  func unheld(below bound: BlockHeight) -> BlockHeight {
    #if DEBUG
      if LedgerMutation.planted == .pruningIgnoresHolds { return bound }
    #endif
    return min(bound, holds.keys.min() ?? bound)
  }
}

/// What says that a record was removed, for reading states in which it was there.
enum Tombstones {
  /// Forgets that the record under `key` was removed, if every height from `oldest` on says the same by its absence.
  static func forget(_ key: [UInt8], oldest: BlockHeight, in writer: any KeyValueWriter) throws(StoreError) {
    guard let bytes = try writer.get(LedgerTables.current, key) else { return }
    let newest = try LedgerState.decode(bytes, table: LedgerTables.current, key: key)
    guard newest.value == nil, newest.version <= oldest else { return }
    #if DEBUG
      if LedgerMutation.planted == .pruningForgetsTombstones { return }
    #endif
    try writer.remove(LedgerTables.current, key)
  }
}

/// The right to read the state of one height for as long as it lives, over as many reads as are needed.
///
/// Pruning stops below the oldest held height, so let go of it soon.
public final class StateHold: Sendable {
  /// The height.
  public let height: BlockHeight
  private let ledger: Ledger

  fileprivate init(_ height: BlockHeight, _ ledger: Ledger) {
    self.height = height
    self.ledger = ledger
  }

  deinit { ledger.letGo(of: height) }
}

extension Ledger {
  /// Keeps the state of `height` from being pruned until the hold ends.
  ///
  /// - Throws: `.stateNotKept`, `.belowSnapshot`, `.noSuchHeight`.
  public func hold(_ height: BlockHeight) throws(LedgerError) -> StateHold {
    let refusal: LedgerError? = memory.withLock { memory in
      guard height <= memory.head.height else { return .noSuchHeight(height, head: memory.head.height) }
      guard height >= memory.oldestState else { return notKept(height, oldest: memory.oldestState, head: memory.head.height) }
      memory.holds[height, default: 0] += 1
      return nil
    }
    if let refusal { throw refusal }
    return StateHold(height, self)
  }

  fileprivate func letGo(of height: BlockHeight) {
    memory.withLock { memory in
      let count = memory.holds[height, default: 1] - 1
      memory.holds[height] = count == 0 ? nil : count
    }
  }

  /// Why the state of a height cannot be read.
  func notKept(_ height: BlockHeight, oldest: BlockHeight, head: BlockHeight) -> LedgerError {
    height < base ? .belowSnapshot(height, base: base) : .stateNotKept(height, kept: oldest...max(oldest, head))
  }
}
