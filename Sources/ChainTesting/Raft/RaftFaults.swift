/// What goes wrong in a simulated run, and how often.
public struct RaftFaults: Sendable, Hashable {
  /// Messages lost, in percent.
  public var loss = 0
  /// Messages delivered twice, in percent.
  public var repetition = 0
  /// Messages delivered a second time long after, in percent: as if a switch had kept them.
  public var lateCopies = 0
  /// Answers of which a copy comes when their receiver begins to lead, in percent: the worst moment for an old answer.
  public var ambushes = 0
  /// The longest delay of a message, in ticks; delays differ, so messages overtake each other.
  public var delay = 1
  /// How long a write may take until it is durable, in ticks.
  public var diskDelay = 1
  /// Partitions begun, in tenths of a percent per tick: halves, one-way, two halves that both see one replica, single links.
  public var partitions = 0
  /// Messages into a cut link that arrive when it is whole again, in percent; the others are lost.
  public var keptMessages = 0
  /// Crashes, in tenths of a percent per tick; writes that were not synced are lost from a random point on.
  public var crashes = 0
  /// Crashes of the leader, in tenths of a percent per tick, beside the others.
  public var leaderCrashes = 0
  /// New leaders, in percent, that soon after their election crash, or see nobody or only one other.
  public var shortReigns = 0
  /// One replica's disk takes up to so many ticks more than the others'; it changes from time to time.
  public var slowDisk = 0
  /// Pauses of a process, in tenths of a percent per tick; then everything that waited comes at once.
  public var pauses = 0
  /// Ticks that the clock of one replica leaves out, in percent; the others' a quarter of that.
  public var slowClocks = 0
  /// Ticks that a replica's clock shows twice, in percent.
  public var fastClocks = 0
  /// Jumps of a replica's clock by up to 40 ticks, in tenths of a percent per tick.
  public var clockJumps = 0
  /// Wishes for other members, in tenths of a percent per tick; then two replicas more than the first voters are there.
  public var changes = 0
  /// Wishes for another leader, in tenths of a percent per tick.
  public var transfers = 0
  /// Reads requested, in tenths of a percent per tick.
  public var reads = 0
  /// Snapshots that a replica's host creates, in tenths of a percent per tick; mostly it compacts then.
  public var snapshots = 0
  /// Elections that an operator starts, in tenths of a percent per tick.
  public var campaigns = 0
  /// At the end all replicas lose power, and start again in the same tick.
  public var endsInPowerLoss = false
  /// Limits so tight that proposals are refused and streams of entries stop and go.
  public var tightLimits = false

  /// Nothing goes wrong.
  public static let none = RaftFaults()

  /// A random subset of faults at random rates: runs that differ find more than one average run.
  public static func swarm(_ random: inout SeededRandom) -> RaftFaults {
    var faults = RaftFaults()
    if random.chance(60) { faults.loss = random.below(25) }
    if random.chance(50) { faults.repetition = random.below(20) }
    if random.chance(40) { faults.lateCopies = random.below(8) }
    if random.chance(60) { faults.ambushes = 5 + random.below(40) }
    if random.chance(70) { faults.delay = 1 + random.below(12) }
    if random.chance(60) { faults.diskDelay = 1 + random.below(10) }
    if random.chance(70) { faults.partitions = 1 + random.below(80) }
    if random.chance(60) { faults.crashes = 1 + random.below(30) }
    if random.chance(40) { faults.leaderCrashes = 1 + random.below(40) }
    if random.chance(75) { faults.shortReigns = 40 + random.below(60) }
    if random.chance(50) { faults.keptMessages = 20 + random.below(80) }
    if random.chance(50) { faults.slowDisk = 20 + random.below(100) }
    if random.chance(30) { faults.pauses = 1 + random.below(20) }
    if random.chance(40) { faults.slowClocks = random.below(90) }
    if random.chance(30) { faults.fastClocks = random.below(30) }
    if random.chance(25) { faults.clockJumps = 1 + random.below(15) }
    if random.chance(60) { faults.changes = 10 + random.below(90) }
    if random.chance(40) { faults.transfers = 1 + random.below(30) }
    if random.chance(85) { faults.reads = 20 + random.below(200) }
    if random.chance(60) { faults.snapshots = 2 + random.below(40) }
    if random.chance(25) { faults.campaigns = 1 + random.below(40) }
    faults.endsInPowerLoss = random.chance(30)
    faults.tightLimits = random.chance(30)
    return faults
  }
}

/// What a run exercised: a run that saw nothing proves nothing.
public enum RaftSight: String, Sendable, Hashable, CaseIterable {
  /// A replica became leader.
  case leader
  /// A second or later leader.
  case leaderChange
  /// A leader that a quorum did not answer stepped down in its own term.
  case quorumLost
  /// Two replicas believed to lead at one time, in different terms.
  case twoLeaders
  /// A crash that lost writes.
  case lostWrites
  /// A crash after which some unreported writes were there.
  case unreportedWrites
  /// A crash that lost a commit hint, which nobody had synced.
  case lostHint
  /// A restart whose state machine had to be given entries again.
  case appliedAgain
  /// A partition in two halves.
  case partition
  /// A one-way partition.
  case oneWayPartition
  /// Two halves that both see one replica.
  case bridge
  /// A single link cut.
  case linkCut
  /// A leader cut off or crashed soon after its election.
  case shortReign
  /// A process paused.
  case pause
  /// A message delivered twice.
  case repetition
  /// A message delivered again long after.
  case lateCopy
  /// Old messages came to a new leader.
  case ambush
  /// All replicas lost power at once.
  case powerLoss
  /// A joint configuration was committed.
  case joint
  /// A membership that is not joint was committed.
  case membership
  /// A change of membership was refused.
  case changeRefused
  /// A leader that is no voter any more stepped down.
  case leaderRemoved
  /// A replica asked for votes because its leader wished it.
  case transfer
  /// A leader answered a read.
  case leaderRead
  /// Another replica answered a read.
  case followerRead
  /// A read was dropped.
  case readDropped
  /// A replica's clock jumped.
  case clockJump
  /// A write took an election timeout or longer.
  case slowDisk
  /// A host created a snapshot.
  case snapshot
  /// A log was compacted.
  case compaction
  /// A replica took over another's snapshot.
  case installed
  /// A snapshot came in with wrong bytes.
  case badSnapshot
  /// A snapshot that came in goes on after a restart.
  case resumed
  /// A message that a cut link kept.
  case keptMessage
  /// A message lost.
  case loss
  /// A message that overtook another of the same link.
  case overtaking
  /// A log cut back because another leader's entries came.
  case truncation
  /// Entries overwritten while their first write was pending.
  case overwriteInFlight
  /// A follower rejected entries because its log differs before them.
  case rejection
  /// An entry of an older term committed through a newer leader's.
  case oldTermCommitted
  /// An entry committed.
  case commit
  /// A proposal that was overwritten.
  case overwritten
  /// A proposal refused because too much is uncommitted.
  case refused
}
