/// What may go wrong in a `LedgerWorld`, and how often.
public struct LedgerFaults: Sendable, Hashable {
  /// Writes at which power fails, in percent, for each of the two executors.
  public var crashes = [0, 0]
  /// Writes for which there is no room, in percent.
  public var full = 0
  /// Writes whose sync fails, in percent.
  public var failedSyncs = 0
  /// Writes for which the map must grow, in percent.
  public var growth = 0
  /// Blocks for which a read takes too long, in percent.
  public var slowReads = 0
  /// Blocks after which a record decays, in percent.
  public var rot = 0
  /// Blocks after which an executor restarts in order, in percent.
  public var restarts = 0
  /// Blocks that the second executor executes later, in percent.
  public var lag = 0
  /// Blocks after which the second executor begins again with a snapshot, in percent.
  public var snapshots = 0
  /// Blocks after which an executor forgets some of its past, in percent.
  public var pruning = 0
  /// Attempts to get something forbidden in, in percent per block.
  public var attacks = 60
  /// For how many heights a transaction may be valid.
  public var window: UInt64 = 10

  /// The faults that a seed draws.
  static func swarm(_ random: inout SeededRandom) -> LedgerFaults {
    var faults = LedgerFaults()
    faults.crashes = (0..<2).map { _ in random.chance(60) ? 2 + random.below(25) : 0 }
    if random.chance(50) { faults.full = 1 + random.below(15) }
    if random.chance(40) { faults.failedSyncs = 1 + random.below(10) }
    if random.chance(50) { faults.growth = 1 + random.below(20) }
    if random.chance(40) { faults.slowReads = 1 + random.below(15) }
    if random.chance(30) { faults.rot = 1 + random.below(10) }
    if random.chance(60) { faults.restarts = 1 + random.below(20) }
    if random.chance(50) { faults.lag = 1 + random.below(60) }
    if random.chance(40) { faults.snapshots = 1 + random.below(8) }
    if random.chance(60) { faults.pruning = 2 + random.below(25) }
    faults.attacks = 20 + random.below(80)
    faults.window = UInt64(2 + random.below(random.chance(50) ? 6 : 30))
    return faults
  }
}

/// What a run of ledgers exercised.
public enum LedgerSight: String, Sendable, Hashable, CaseIterable {
  /// A block was executed.
  case block
  /// A block had more than one transaction.
  case batch
  /// A call failed and left nothing but its receipt.
  case failedCall
  /// A call failed after it had written.
  case wroteInVain
  /// A call reached a limit of genesis.
  case limitReached
  /// Somebody without the role called.
  case unauthorisedCall
  /// A call emitted several events.
  case severalEvents
  /// A call found accounts by an index.
  case indexUsed
  /// A transaction was taken at its last height.
  case lastHeight
  /// A transaction was taken as far ahead as the window allows.
  case wholeWindow
  /// Power failed within a transaction of the store.
  case crashBeforeCommit
  /// Power failed after a transaction was durable, before that was told.
  case crashAfterCommit
  /// A ledger was opened again after a crash or in order.
  case reopen
  /// There was no room for a block.
  case storageFull
  /// A sync failed, and the block was not on disk.
  case failedSync
  /// A sync failed, and the block was on disk all the same.
  case failedSyncDurable
  /// A block was written again because the map grew.
  case growth
  /// A block was not executed because a read had taken too long.
  case readExpired
  /// Damage of a record was noticed.
  case rotFound
  /// A transaction of the chain came again within the window.
  case replayRefused
  /// A transaction of the chain came again right after its last height.
  case oldReplayRefused
  /// A transaction stood twice in a block.
  case doubleRefused
  /// An expired transaction was refused.
  case expiredRefused
  /// A transaction valid beyond the window was refused.
  case farRefused
  /// A transaction of another chain was refused.
  case otherChainRefused
  /// A signature for a chain of the same name but another genesis was refused.
  case otherGenesisRefused
  /// A signature for another purpose, or of something else, was refused.
  case forgeryRefused
  /// Bytes after a transaction were refused.
  case trailingRefused
  /// A block that breaks a rule was refused.
  case badBlockRefused
  /// The same block came again and changed nothing.
  case repeatedBlock
  /// Another block came for a height that is taken.
  case otherBlockRefused
  /// The state of an older height was read.
  case oldRead
  /// A record of an older height was proven.
  case oldProof
  /// The absence of a record was proven.
  case absenceProof
  /// A height below the snapshot was asked for and refused.
  case prunedRead
  /// A certificate was kept over a restart.
  case certificateKept
  /// An executor executed several blocks that it had missed.
  case caughtUp
  /// Several blocks were committed in one write.
  case committedTogether
  /// A block was committed while others stood on it that were executed before.
  case committedUnderExecuted
  /// States were pruned while executed blocks waited for their commit.
  case prunedUnderExecuted
  /// A read that took too long gave an error, not a wrong answer.
  case slowAnswer
  /// A certificate without a quorum, or of something else, was refused.
  case badCertificateRefused
  /// A quorum certified another state than the executor has.
  case divergenceFound
  /// An executor began with a snapshot.
  case snapshot
  /// Power failed during an import.
  case crashInImport
  /// States were pruned.
  case prunedState
  /// Blocks were pruned.
  case prunedBlock
  /// Power failed while an executor pruned.
  case crashInPruning
  /// A held state was read and proven while others were pruned.
  case heldState
  /// A pruned state was asked for and refused.
  case forgottenState
  /// A pruned block was asked for and refused.
  case forgottenBlock
  /// A whole chain was executed again and compared.
  case verified
}
