/// What may go wrong in a `RelayWorld`, and how often.
public struct RelayFaults: Sendable, Hashable {
  /// Whether a relayer lies: false proofs, false timeouts, foreign certificates, replays.
  public var hasThief = true
  /// Relayers stop and lose what they were about to hand in; in hundredths of a percent per 10 ms.
  public var restarts = 0
  /// Relayers stand still for a while; in hundredths of a percent per 10 ms.
  public var relayerPauses = 0
  /// Member chains stop making blocks for a while; in hundredths of a percent per 10 ms.
  public var chainPauses = 0
  /// All nodes of a chain start again; in hundredths of a percent per 10 ms.
  public var chainRestarts = 0
  /// The relay stops making blocks for a while; in hundredths of a percent per 10 ms.
  public var relayPauses = 0
  /// Transactions lost on their way, in percent.
  public var loss = 0
  /// Transactions that come twice, in percent.
  public var repetition = 0
  /// The longest way of a transaction, in milliseconds.
  public var latencyMs = 100
  /// How often a relayer reads from a node that is behind, in percent.
  public var staleNodes = 0
  /// How often a node does not answer a relayer, in percent.
  public var silentNodes = 0
  /// How long a block waits for its certificate, in milliseconds.
  public var certificateMs = 50
  /// How far the chains' clocks differ, in milliseconds.
  public var clockSkewMs = 100
  /// A member or a relayer is cut off: what relayers read there and hand in is lost for a while; in hundredths of a percent per 10 ms.
  public var cutOffs = 0
  /// Calls of clients on each chain, in hundredths of a percent per 10 ms.
  public var callRate = 50

  /// No faults.
  public static let none: RelayFaults = {
    var faults = RelayFaults()
    faults.hasThief = false
    return faults
  }()

  /// The faults that a seed draws.
  static func swarm(_ random: inout SeededRandom) -> RelayFaults {
    var faults = RelayFaults()
    faults.hasThief = random.chance(80)
    if random.chance(60) { faults.restarts = 2 + random.below(15) }
    if random.chance(50) { faults.relayerPauses = 2 + random.below(15) }
    if random.chance(60) { faults.chainPauses = 2 + random.below(10) }
    if random.chance(40) { faults.chainRestarts = 2 + random.below(10) }
    if random.chance(50) { faults.relayPauses = 2 + random.below(8) }
    if random.chance(50) { faults.loss = 1 + random.below(30) }
    if random.chance(50) { faults.repetition = 1 + random.below(30) }
    faults.latencyMs = 20 + random.below(random.chance(40) ? 6_000 : 400)
    if random.chance(50) { faults.staleNodes = 5 + random.below(30) }
    if random.chance(30) { faults.silentNodes = 5 + random.below(20) }
    faults.certificateMs = 10 + random.below(random.chance(30) ? 2_500 : 300)
    // A light client tolerates 5 s; what leads more waits.
    let leads = random.chance(30)
    faults.clockSkewMs = leads ? 8_000 + random.below(4_000) : random.below(400)
    // Sparse packets meet what others' proofs would have carried along.
    faults.callRate = random.chance(20) ? 1 + random.below(4) : 5 + random.below(35)
    return faults
  }
}

extension RelayFaults {
  /// The faults that a seed draws for a whole province: those of few chains, and members and relayers that are cut off. The relay's own
  /// nodes have theirs (`RelayWorld.clusterFaults`).
  static func province(_ random: inout SeededRandom) -> RelayFaults {
    var faults = swarm(&random)
    faults.relayPauses = 0
    if random.chance(70) { faults.cutOffs = 5 + random.below(25) }
    // Twenty chains at once: each sends less.
    faults.callRate = 2 + random.below(10)
    return faults
  }
}

/// What a run of several chains exercised.
public enum RelaySight: String, Sendable, Hashable, CaseIterable {
  /// The relay committed to a packet.
  case relayed
  /// A packet was received and its call succeeded.
  case received
  /// A packet was received and its call refused it.
  case refused
  /// The relay's route refused a packet for good.
  case rejected
  /// The relay committed to a packet of a class above ordinary.
  case classRelayed
  /// The relay's route, or a chain on the way, was not fit for a packet's class.
  case classRejected
  /// The relay recorded that a packet was never received.
  case timedOut
  /// A packet that the relay never saw ended by its absence.
  case neverRelayed
  /// A sender learned that its packet succeeded.
  case settled
  /// A sender got its escrow back.
  case refunded
  /// A contract left the answer to a packet open.
  case leftOpen
  /// A contract answered a packet later than it received it.
  case answeredLate
  /// A packet came too late on an ordered lane, and left a trace.
  case orderedExpired
  /// An ordered lane passed over a number that the relay had ended.
  case orderedSkipped
  /// A packet of an ordered lane came before its turn and was refused.
  case earlyTurnRefused
  /// A packet waited because its route takes only so many at a time.
  case busyRoute
  /// The relay forgot settled packets.
  case forgottenByRelay
  /// A destination forgot packets that the relay had forgotten.
  case forgottenOnArrival
  /// A packet came through alone from a chain whose clock leads by more than clients believe.
  case loneLead
  /// A packet timed out alone: nothing else moved its destination's clock.
  case loneTimeout
  /// A chain carried out a transaction over several chains.
  case dealCommitted
  /// A chain that had prepared a transaction gave it up.
  case dealAborted
  /// Somebody handed in a decision that the relay had not made.
  case forgedDecision
  /// All steps of a saga were done.
  case orderDone
  /// A saga was undone.
  case orderUndone
  /// In the end no chain held anything of packets any more.
  case forgotten
  /// A regulator's replay gave the relay's log.
  case supervised
  /// A mark that was not proven let nobody forget.
  case forgedMarkRefused
  /// An end that the relay did not record let no lane pass on.
  case forgedSkipRefused
  /// A relayer handed in what another one had done.
  case racedSubmission
  /// A relayer's proof stood on a client that another one had moved.
  case racedUpdate
  /// A packet came after its timeout.
  case lateDelivery
  /// A relayer stopped and began anew.
  case relayerRestart
  /// A relayer stood still.
  case relayerPause
  /// A relayer read from a node that was behind.
  case staleNode
  /// A node did not answer a relayer.
  case silentNode
  /// A transaction was lost on its way.
  case loss
  /// A transaction came twice.
  case repetition
  /// A transaction came when its height was over.
  case expiredTransaction
  /// A member chain stopped making blocks.
  case chainPause
  /// All nodes of a chain started again.
  case chainRestart
  /// The relay stopped making blocks.
  case relayPause
  /// A light client moved on.
  case clientUpdated
  /// A light client learned a lower height.
  case backfilled
  /// A false proof of a packet, an answer or an absence was refused.
  case forgedProofRefused
  /// A changed packet was refused.
  case forgedPacketRefused
  /// An answer that nobody gave was refused.
  case forgedAnswerRefused
  /// A timeout of a packet that had arrived, or had time left, was refused.
  case falseTimeoutRefused
  /// A packet that was not yet relayed did not end by its absence.
  case falseAbsenceRefused
  /// A certificate of others, or of too few, was refused.
  case foreignCertificateRefused
  /// A changed checkpoint of a trusted height was refused.
  case forgedCheckpointRefused
  /// A set of validators that nobody named was refused.
  case forgedHandoverRefused
  /// A changed lower height was refused.
  case forgedBackfillRefused
  /// Evidence that shows no misbehaviour was refused.
  case forgedEvidenceRefused
  /// A chain whose validators signed two histories was stopped.
  case frozen
  /// A packet of a stopped chain was refused.
  case frozenRefused
  /// A call with changed bytes was refused.
  case changedBytesRefused
  /// An old call had no second effect.
  case replayRefused
  /// A call of an account without the role was refused.
  case outsiderRefused
  /// A member was cut off from all relayers, or a relayer from all chains.
  case cutOff
  /// A relayer asked a node of the relay that had stopped.
  case stoppedRelayNode
  /// A node of the relay refused a transaction before it was ordered.
  case refusedByRelayNode
  /// A node of the relay stopped and came back.
  case relayNodeRestart
  /// All nodes of the relay lost power.
  case relayPowerCut
  /// A node of the relay was cut off from the others.
  case relayPartition
  /// The relay's lying validator proposed two blocks for one view.
  case relayEquivocation
  /// The relay's lying validator signed a false checkpoint.
  case relayFalseCheckpoint
  /// The relay's lying validator lost its seat for a contradiction.
  case relayConviction
  /// A member's light client followed the relay to other validators.
  case handoverFollowed

  /// What only a world whose relay is whole nodes can meet.
  static let ofProvince: Set<RelaySight> = [
    .cutOff, .stoppedRelayNode, .refusedByRelayNode, .relayNodeRestart, .relayPowerCut, .relayPartition, .relayEquivocation,
    .relayFalseCheckpoint, .relayConviction, .handoverFollowed,
  ]
  /// What only a world whose relay is one ledger can meet.
  static let ofFew: Set<RelaySight> = [.relayPause]
}
