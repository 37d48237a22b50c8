/// What may go wrong in a `SimplexWorld`, and how often. A seed draws a random subset: all faults at once hide what needs calm.
public struct SimplexFaults: Sendable, Hashable {
  /// Members that lie, less than a third of the weight.
  public var liars = 0
  /// Messages lost, in percent.
  public var loss = 0
  /// Messages delivered twice, in percent.
  public var repetition = 0
  /// The longest way of a message, in ticks.
  public var latency = 4
  /// Messages that take many times longer, in percent.
  public var stragglers = 0
  /// Partitions, in tenths of a percent per tick.
  public var partitions = 0
  /// Crashes of honest members, in hundredths of a percent per tick.
  public var crashes = 0
  /// Power cuts of all members at once, in hundredths of a percent per tick.
  public var powerCuts = 0
  /// A write takes up to so many ticks.
  public var diskTicks = 3
  /// One member's disk takes up to so many ticks more.
  public var slowDisk = 0
  /// Clocks that stand still or jump, in percent per wake.
  public var clockJumps = 0
  /// Blocks that members find invalid at first and valid later, in percent.
  public var lateVerdicts = 0
  /// Whether there is often nothing to do.
  public var isIdle = false
  /// Whether blocks are fetched back only a few, so that replicas fall behind.
  public var smallBackfill = false
  /// Whether D is twenty times too small.
  public var isDelayTooSmall = false
  /// Whether no signature of a liar's vote is valid.
  public var liarsSignBadly = false
  /// Liars that run honest code as two nodes with one key instead of lying otherwise.
  public var twins = 0
  /// Whether liars may hold a third of the weight or more, to see that promises then break.
  package var liarsMayBeTooMany = false
  /// Whether members have unequal weights.
  public var unequalWeights = false

  /// No faults, a quick network.
  public static let none = SimplexFaults()

  /// The faults that a seed draws.
  static func swarm(_ random: inout SeededRandom, members: Int) -> SimplexFaults {
    var faults = SimplexFaults()
    if random.chance(60) { faults.liars = 1 + random.below(max(1, (members - 1) / 3)) }
    if members < 4 { faults.liars = 0 }
    if random.chance(50) { faults.loss = 1 + random.below(25) }
    if random.chance(40) { faults.repetition = 1 + random.below(20) }
    faults.latency = 1 + random.below(random.chance(30) ? 30 : 8)
    if random.chance(30) { faults.stragglers = 1 + random.below(10) }
    if random.chance(50) { faults.partitions = 1 + random.below(15) }
    if random.chance(50) { faults.crashes = 1 + random.below(40) }
    if random.chance(30) { faults.powerCuts = 1 + random.below(20) }
    faults.diskTicks = 1 + random.below(8)
    if random.chance(30) { faults.slowDisk = 10 + random.below(60) }
    if random.chance(30) { faults.clockJumps = 1 + random.below(30) }
    if random.chance(20) { faults.lateVerdicts = 5 + random.below(40) }
    faults.isIdle = random.chance(20)
    faults.smallBackfill = random.chance(35)
    faults.isDelayTooSmall = random.chance(15)
    faults.liarsSignBadly = random.chance(25)
    faults.unequalWeights = random.chance(30)
    // From a copy: worlds without twins are what they were before there were any.
    var aside = random
    if members >= 4, aside.chance(25) {
      faults.twins = 1 + aside.below(max(1, (members - 1) / 3))
      faults.liars = max(faults.liars, faults.twins)
    }
    return faults
  }
}

/// What a run exercised. A run that never saw a danger shows nothing about it.
public enum SimplexSight: String, Sendable, Hashable, CaseIterable {
  /// A block became final.
  case final
  /// A view ended without a block.
  case nullified
  /// A view had both a notarization and a nullification.
  case split
  /// A member voted nullify after notarize in one view.
  case changedMind
  /// A view's notarization came after the member had voted to leave it.
  case notarizedTooLate
  /// A leader built on a parent that is not of the view before.
  case gap
  /// A certificate of a view that was left arrived.
  case oldCertificate
  /// A member crashed.
  case crash
  /// A member crashed with unwritten votes.
  case lostVote
  /// All members crashed at once.
  case powerCut
  /// The ledger was behind the journal at a restart.
  case ledgerBehind
  /// The ledger was ahead of the journal at a restart.
  case ledgerAhead
  /// The network was split.
  case partition
  /// One direction of links was cut.
  case oneWay
  /// Only one member saw both halves.
  case bridge
  /// A message was lost.
  case loss
  /// A message came twice.
  case repetition
  /// A message overtook another.
  case overtaken
  /// A clock jumped or stood still.
  case clockJump
  /// A write took long.
  case slowDisk
  /// A block was fetched.
  case fetchedBlock
  /// A member was too far behind and synced from a ledger.
  case synced
  /// A leader sent two blocks.
  case equivocation
  /// A certificate of another epoch was replayed.
  case foreignEpoch
  /// Evidence was reported.
  case evidence
  /// A liar's vote had a bad signature.
  case badSignature
  /// A liar's certificate was refused.
  case falseCertificate
  /// A liar's invalid block was refused.
  case invalidProposal
  /// A member left a view at once because its leader was long absent.
  case skipped
  /// Two nodes with one key contradicted each other.
  case twins
  /// A liar forgot its votes.
  case amnesia
  /// D grew.
  case delayGrew
  /// An empty block was made by an idle chain.
  case idleBlock
  /// The epoch's last block was proposed again.
  case reproposed
  /// An epoch ended.
  case epochEnd
}
