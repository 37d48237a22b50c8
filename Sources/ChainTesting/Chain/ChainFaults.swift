/// What may go wrong in a `ChainWorld`, and how often.
public struct ChainFaults: Sendable, Hashable {
  /// Validators that lie; only with Simplex, and less than a third.
  public var liars = 0
  /// Restarts of single validators, in hundredths of a percent per millisecond.
  public var restarts = 0
  /// Power cuts of all validators, in thousandths of a percent per millisecond.
  public var powerCuts = 0
  /// Partitions, in hundredths of a percent per millisecond.
  public var partitions = 0
  /// Messages lost, in percent.
  public var loss = 0
  /// Messages that come twice, in percent.
  public var repetition = 0
  /// The longest way of a message, in milliseconds.
  public var latencyMs = 20
  /// The longest write, in milliseconds.
  public var diskMs = 5
  /// How far validators' clocks differ, in milliseconds.
  public var clockSkewMs = 50
  /// How far the first validator's clock is ahead of true time besides, in milliseconds; only with Raft.
  public var wrongClockMs = 0
  /// Changes of the validators, in thousandths of a percent per millisecond; then epochs are short, and nodes without a seat wait for one.
  public var changes = 0
  /// How many entries a Raft replica's log keeps.
  public var logLength: UInt64 = 4_096
  /// Calls of clients, in percent per millisecond.
  public var callRate = 5

  /// No faults.
  public static let none = ChainFaults()

  /// One validator restarts again and again, under load.
  public static let restarting: ChainFaults = {
    var faults = ChainFaults()
    faults.restarts = 5
    faults.callRate = 10
    return faults
  }()

  /// One validator lies, under load.
  public static let lying: ChainFaults = {
    var faults = ChainFaults()
    faults.liars = 1
    faults.callRate = 10
    return faults
  }()

  /// The faults that a seed draws.
  static func swarm(_ random: inout SeededRandom, mayLie: Bool) -> ChainFaults {
    var faults = ChainFaults()
    if mayLie, random.chance(40) { faults.liars = 1 }
    if random.chance(60) { faults.restarts = 1 + random.below(5) }
    if random.chance(25) { faults.powerCuts = 1 + random.below(20) }
    if random.chance(50) { faults.partitions = 1 + random.below(4) }
    if random.chance(50) { faults.loss = 1 + random.below(15) }
    if random.chance(40) { faults.repetition = 1 + random.below(15) }
    faults.latencyMs = 5 + random.below(random.chance(20) ? 300 : 60)
    faults.diskMs = 1 + random.below(30)
    faults.clockSkewMs = random.below(random.chance(30) ? 1_500 : 400)
    faults.callRate = 1 + random.below(10)
    if random.chance(50) { faults.changes = 5 + random.below(40) }
    if random.chance(60) { faults.logLength = 4 + UInt64(random.below(28)) }
    if !mayLie, random.chance(30) { faults.wrongClockMs = 5_000 + random.below(20_000) }
    return faults
  }
}

/// What a run of whole nodes exercised.
public enum ChainSight: String, Sendable, Hashable, CaseIterable {
  /// A block was executed.
  case block
  /// A block had more than one transaction.
  case batch
  /// A block was executed before the one that it stands on was written.
  case executedEarly
  /// Several blocks reached the disk in one write.
  case committedTogether
  /// A call failed and left nothing but its receipt.
  case failedCall
  /// A checkpoint got its certificate.
  case certificate
  /// A validator stopped and came back.
  case restart
  /// All validators lost power.
  case powerCut
  /// A write was lost in a crash.
  case lostWrite
  /// The network was split.
  case partition
  /// A message was lost.
  case loss
  /// A message came twice.
  case repetition
  /// A transaction was given to another validator again.
  case retry
  /// A client was told at once that its transaction is known or done.
  case repeatedTransaction
  /// A client read certified state at a node that is up to date.
  case sessionRead
  /// A client read certified state older than the newest block, but no older than what it had seen.
  case olderRead
  /// A client had to wait or ask another node, because a node's certified state was older than what it had seen.
  case readWaits
  /// A proposed block was judged later, not at once.
  case undecided
  /// A liar proposed two blocks.
  case equivocation
  /// A contradiction of a liar was reported.
  case evidence
  /// A liar signed a false checkpoint.
  case falseCheckpoint
  /// A validator lost its seat for a contradiction.
  case conviction
  /// A newcomer proved that it has the state.
  case newcomer
  /// The validators changed.
  case newValidators
  /// A node executed a block that it had from a peer that it asked.
  case fetchedBlock
  /// A node began its engine anew after it had caught up.
  case newEngine
  /// A node whose clock is wrong found out.
  case wrongClock
  /// A Raft replica was told that it lacks more than the leader's log has.
  case behindLog
}
