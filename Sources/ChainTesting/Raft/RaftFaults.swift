/// What goes wrong in a simulated run, and how often.
public struct RaftFaults: Sendable, Hashable {
  /// Messages lost, in percent.
  public var loss = 0
  /// Messages delivered twice, in percent.
  public var repetition = 0
  /// The longest delay of a message, in ticks; delays differ, so messages overtake each other.
  public var delay = 1
  /// How long a write may take until it is durable, in ticks.
  public var diskDelay = 1
  /// Partitions begun, in tenths of a percent per tick.
  public var partitions = 0
  /// Crashes, in tenths of a percent per tick; writes that were not synced are lost from a random point on.
  public var crashes = 0
  /// Ticks that a replica's clock leaves out, in percent.
  public var slowClocks = 0

  /// Nothing goes wrong.
  public static let none = RaftFaults()

  /// A random subset of faults at random rates: runs that differ find more than one average run.
  public static func swarm(_ random: inout SeededRandom) -> RaftFaults {
    var faults = RaftFaults()
    if random.chance(60) { faults.loss = random.below(25) }
    if random.chance(50) { faults.repetition = random.below(20) }
    if random.chance(70) { faults.delay = 1 + random.below(12) }
    if random.chance(60) { faults.diskDelay = 1 + random.below(8) }
    if random.chance(60) { faults.partitions = 1 + random.below(40) }
    if random.chance(60) { faults.crashes = 1 + random.below(40) }
    if random.chance(40) { faults.slowClocks = random.below(50) }
    return faults
  }
}

/// What a run exercised: a run that saw nothing proves nothing.
public enum RaftSight: String, Sendable, Hashable, CaseIterable {
  /// A replica became leader.
  case leader
  /// A second or later leader.
  case leaderChange
  /// A crash that lost writes.
  case lostWrites
  /// A crash after which some unreported writes were there.
  case unreportedWrites
  /// A partition.
  case partition
  /// A one-way partition.
  case oneWayPartition
  /// A message delivered twice.
  case repetition
  /// A message lost.
  case loss
  /// A log cut back because another leader's entries came.
  case truncation
  /// An entry committed.
  case commit
  /// A proposal that was overwritten.
  case overwritten
}
