internal import ChainCore

/// A Raft replica (Ongaro, "Consensus: Bridging Theory and Practice", 2014): one event in, effects out.
///
/// A value without clock, I/O or hidden randomness: the same state and event give the same effects on every machine.
/// It tolerates crashes and a network that loses, repeats, delays and reorders; not replicas that lie.
///
/// Contract with the host:
/// 1. Persist batches become durable in sequence, each atomically; `persisted(n)` speaks for n and all before it.
/// 2. Every `send` may leave at once: the node withholds a message until what it promises is durable.
/// 3. `apply` holds committed entries that are durable here, in order, each once per process life.
/// 4. Restart gives back hard state, log and the index the state machine really holds. A missing tail of batches that
///    were not reported is normal.
///
/// Deviations from the thesis: leaders send entries before they are durable locally (§10.2.1) and count themselves only after;
/// PreVote (§9.6) and CheckQuorum (§6.2) are always on; a rejection hints a whole term, not one index.
public struct RaftNode: Sendable {
  let configuration: RaftConfiguration
  var random: UInt64
  /// Term, vote and commit as they are now; what was last put into a batch is `hardWritten`.
  var hard: HardState
  var hardWritten: HardState
  var log: RaftLog
  /// Every membership in the log, oldest first; the first is that before the log. The last one counts.
  var memberships: [(index: LogIndex, configuration: Configuration)]

  var role: RaftRole = .follower
  var leader: ReplicaID?
  /// What `roleChanged` reported last.
  var reported: (role: RaftRole, term: Term, leader: ReplicaID?)
  var electionElapsed = 0
  var electionTimeout = 0
  var heartbeatElapsed = 0
  /// Ticks since the leader of this term was heard.
  var leaderSilence = 0
  /// Ticks since this life began; only to do things now and then.
  var ticksLived = 0
  /// Answers to the running (pre-)election, in order of arrival.
  var votes: [(id: ReplicaID, granted: Bool)] = []

  /// A leader's peers, sorted by id.
  var peers: [Progress] = []
  /// A leader's proposals in the log that are not committed: (index, payload bytes).
  var uncommitted: [(index: LogIndex, bytes: Int)] = []
  var uncommittedBytes = 0
  /// Where proposals of this life were placed, until something commits there.
  var placed: [PlacedProposal] = []
  var needsHeartbeat = false
  /// A leader's wish to hand over.
  var transfer: Transfer?
  /// Whether others should lead: this one stands only if nobody else did for long.
  var standsAside = false
  var reads = PendingReads()

  /// Entries on this disk that no pending write will touch.
  var durable: LogIndex
  var nextSequence: UInt64 = 1
  var persistedSequence: UInt64 = 0
  /// The batch that holds the current term and vote.
  var hardSequence: UInt64 = 0
  /// Issued batches that were not reported, oldest first.
  var pendingWrites: [PendingWrite] = []
  var withheld: [Withheld] = []
  var commitHintDue = false

  /// The newest snapshot here.
  var snapshot: SnapshotMeta?
  /// What the next batch tells of snapshot and compaction.
  var unwrittenSnapshot: SnapshotMeta?
  var unwrittenBase: LogBase?
  /// A snapshot that comes in.
  var intake: SnapshotIntake?

  /// The last entry given out by `apply`, and the last one that the host confirmed.
  var handedOut: LogIndex
  var applied: LogIndex
  /// Given out and not confirmed: (last index, bytes).
  var applying: [(last: LogIndex, bytes: Int)] = []

  /// Messages dropped, by reason.
  var refusals: [RaftRefusal: UInt64] = [:]
  var halted: RaftFault?
  /// Messages and facts of the running step.
  var sends: [RaftMessage] = []
  var facts: [Effect] = []

  /// What happened outside.
  @nonexhaustive
  public enum Event: Sendable {
    /// A tick (50 ms) passed.
    case tick
    /// A message came; the transport has authenticated its sender.
    case received(RaftMessage)
    /// The host wishes these payloads, in this order, in the log.
    case proposed(ProposalID, [[UInt8]])
    /// The host wishes the group to consist of these voters and learners; outcome as for a proposal of one entry.
    indirect case changeProposed(ProposalID, to: Configuration)
    /// The host wishes to read what is committed now; answered by `readReady` or `readDropped`.
    case readRequested(ReadID)
    /// The operator wishes another voter to lead.
    case transferRequested(to: ReplicaID)
    /// Whether the host wishes others to lead. Who stands aside still stands when nobody else did for long: its log may be needed.
    case standsAside(Bool)
    /// The operator wishes this replica to try to lead now (it asks by PreVote as always).
    case campaignRequested
    /// Batch `sequence` and all before it are durable.
    case persisted(sequence: UInt64)
    /// The state machine holds all entries up to this one.
    case applied(through: LogIndex)
    /// The host created a snapshot of what is applied; `membership(at:)` gives its configuration.
    indirect case snapshotCreated(SnapshotMeta)
    /// The host wishes entries up to this one removed; less may be.
    case compactionRequested(through: LogIndex)
    /// The answer to `readSnapshotChunk`.
    indirect case snapshotChunkRead(for: ReplicaID, index: LogIndex, offset: UInt64, bytes: [UInt8])
    /// The snapshot of this index is on disk up to byte `through`.
    case snapshotChunkStored(index: LogIndex, through: UInt64)
    /// The answer to `installSnapshot`: state machine and log are those of the snapshot.
    indirect case snapshotInstalled(SnapshotMeta)
    /// The answer to `installSnapshot` or `storeSnapshotChunk`: the bytes do not have the digest, or cannot be stored; they are thrown away.
    case snapshotFailed(index: LogIndex)
    /// The transport lost its connection to a peer.
    case peerUnreachable(ReplicaID)
  }

  /// What the host must do, in this order, or may like to know.
  @nonexhaustive
  public enum Effect: Sendable, Hashable {
    /// Write, then report `persisted`. Later effects of the array need not wait.
    case persist(PersistBatch)
    /// Send; may be lost.
    case send(RaftMessage)
    /// Apply these entries in order, then report `applied`.
    case apply([LogEntry])
    /// Read a part of a snapshot for a peer, then report `snapshotChunkRead`; if the snapshot is gone, nothing.
    indirect case readSnapshotChunk(SnapshotMeta, offset: UInt64, byteCount: Int, for: ReplicaID)
    /// Store a part of a snapshot (at offset 0: throw away what came of others), then report `snapshotChunkStored`.
    indirect case storeSnapshotChunk(SnapshotMeta, offset: UInt64, [UInt8])
    /// Check size and digest, then replace state machine and log by the snapshot, atomically; then report `snapshotInstalled`. No write is pending.
    indirect case installSnapshot(SnapshotMeta)
    /// The state machine now holds all that was committed when this read was requested.
    case readReady(ReadID, index: LogIndex)
    /// A read was given up; request it again.
    case readDropped(ReadID)
    /// A proposal took the indexes from `index` on, one per payload, in `term`. It is committed if that term is applied there.
    case proposalPlaced(ProposalID, index: LogIndex, term: Term)
    /// A proposal was not placed, or its place went to others.
    case proposalDropped(ProposalID, ProposalDropReason)
    /// Role, term or leader are now these.
    case roleChanged(RaftRole, Term, leader: ReplicaID?)
    /// The replica stopped. Nothing follows but refusals of proposals.
    case fault(RaftFault)
  }

  /// A replica that continues from what its disk held.
  /// - Throws: `RaftFault.badConfiguration` or `.storageCorrupt`, `.storageUnreadable`, `.badConfigurationEntry`.
  /// - Complexity: O(bytes of the stored log): it is read once and checked for gaps.
  public init(configuration: RaftConfiguration, restoring state: RaftRestoredState) throws(RaftFault) {
    try configuration.check()
    guard state.configuration.isWellFormed else { throw .badConfiguration("the initial membership is not well formed") }
    self.configuration = configuration
    random = configuration.seed
    hard = state.hardState
    snapshot = state.snapshot
    let before = state.snapshot?.index ?? 0
    guard state.base.index <= before, state.applied >= state.base.index else {
      throw .storageCorrupt("the log begins after \(state.base.index), the snapshot is at \(before), applied is \(state.applied)")
    }
    var found: [(index: LogIndex, configuration: Configuration)] = [(before, state.snapshot?.configuration ?? state.configuration)]
    log = try RaftLog(reader: state.log, after: state.base, through: state.lastIndex) { (entry) throws(RaftFault) in
      if entry.index > before { found.append((entry.index, try Self.membership(in: entry))) }
    }
    if let snapshot, log.term(at: snapshot.index) != snapshot.term { throw .storageCorrupt("the snapshot at \(before) is not in the log") }
    memberships = found
    guard hard.term >= log.lastTerm, hard.term <= .limit else {
      throw .storageCorrupt("term \(hard.term), but the log ends in term \(log.lastTerm)")
    }
    guard hard.commit <= log.last else { throw .storageCorrupt("commit \(hard.commit) is beyond the log's end \(log.last)") }
    guard state.applied <= log.last else { throw .storageCorrupt("applied \(state.applied) is beyond the log's end \(log.last)") }
    // The hint is written lazily; whatever was applied was committed.
    hard.commit = max(hard.commit, state.applied, before)
    hardWritten = state.hardState
    durable = log.last
    handedOut = state.applied
    applied = state.applied
    reported = (.follower, hard.term, nil)
    #if DEBUG
      if has(.forgottenVote) { hard.votedFor = nil }
    #endif
    drawElectionTimeout()
    intake = state.receipt.map { SnapshotIntake(receipt: $0, leaderTerm: 0, received: $0.stored) }
    if let term = state.receipt?.meta.term, term > hard.term {
      // Its bytes became durable before the term in which they came: no log may be of a later term than this replica knows.
      hard.term = term
      hard.votedFor = nil
      hardSequence = nextSequence
      reported = (.follower, hard.term, nil)
    }
    reads.nextToken = UInt64(draw(below: 1 << 62))
  }

  /// Advances the replica by one event.
  /// - Complexity: O(peers) plus entries touched. Appends to `effects`, so that a host reuses one buffer.
  public mutating func step(_ event: Event, into effects: inout [Effect]) {
    do {
      if halted != nil { return refuse(event, into: &effects) }
      try handle(event)
      try flush(into: &effects)
    } catch {
      halt(error, into: &effects)
      refuse(event, into: &effects)
    }
  }

  /// Advances the replica by the events of one poll: what they propose leaves in one AppendEntries, one batch.
  public mutating func step(contentsOf events: some Sequence<Event>, into effects: inout [Effect]) {
    let events = Array(events)
    do {
      for event in events {
        if halted != nil {
          refuse(event, into: &effects)
        } else {
          try handle(event)
        }
      }
      if halted == nil { try flush(into: &effects) }
    } catch {
      halt(error, into: &effects)
      for event in events { refuse(event, into: &effects) }
    }
  }

  private mutating func halt(_ fault: RaftFault, into effects: inout [Effect]) {
    // What this step changed was neither written nor sent: to others it never happened.
    halted = fault
    sends.removeAll()
    facts.removeAll()
    effects.append(.fault(fault))
  }

  private func refuse(_ event: Event, into effects: inout [Effect]) {
    switch event {
    case .proposed(let id, _), .changeProposed(let id, _): effects.append(.proposalDropped(id, .halted))
    case .readRequested(let id): effects.append(.readDropped(id))
    default: break
    }
  }

  private mutating func handle(_ event: Event) throws(RaftFault) {
    switch event {
    case .tick: try tick()
    case .received(let message): try receive(message)
    case .proposed(let id, let payloads): try propose(id, payloads)
    case .changeProposed(let id, let target): try proposeChange(id, to: target)
    case .readRequested(let id): requestRead(id)
    case .transferRequested(let target): beginTransfer(to: target)
    case .standsAside(let isAside): standsAside = isAside
    case .campaignRequested: try campaign()
    case .persisted(let sequence): try notePersisted(sequence)
    case .applied(let through): try noteApplied(through)
    case .snapshotCreated(let meta): try noteSnapshotCreated(meta)
    case .compactionRequested(let through): compact(through: through)
    case .snapshotChunkRead(let peer, let index, let offset, let bytes): noteChunkRead(peer, index, offset, bytes)
    case .snapshotChunkStored(let index, let through): noteChunkStored(index, through)
    case .snapshotInstalled(let meta): try noteInstalled(meta)
    case .snapshotFailed(let index): noteSnapshotFailed(index)
    case .peerUnreachable(let peer): noteUnreachable(peer)
    }
  }

  var id: ReplicaID { configuration.id }

  /// The membership that counts: the latest in the log, committed or not.
  var members: Configuration { memberships[memberships.count - 1].configuration }

  /// How many election timeouts a replica that stands aside leaves to the others.
  static let patience = 4

  private mutating func tick() throws(RaftFault) {
    commitHintDue = true
    leaderSilence = min(leaderSilence + 1, 1 << 20)
    electionElapsed += 1
    ticksLived &+= 1
    tickReads()
    if role == .leader {
      try tickLeader()
    } else if electionElapsed >= electionTimeout * (standsAside ? Self.patience : 1) {
      try campaign()
    }
  }

  /// Puts a message on its way: at once if it promises nothing, else when term, vote and log up to `match` are durable.
  mutating func send(_ body: RaftMessage.Body, to peer: ReplicaID, term: Term? = nil, match: LogIndex = 0) {
    let message = RaftMessage(group: configuration.group, from: id, to: peer, term: term ?? hard.term, body: body)
    switch body {
    case .preVote, .preVoteResponse: return sends.append(message)
    default: break
    }
    #if DEBUG
      if leaksEarly(body) { return sends.append(message) }
    #endif
    if isDurable(hard: hardSequence, match: match) {
      sends.append(message)
    } else {
      withhold(Withheld(message: message, hardSequence: hardSequence, match: match))
    }
  }

  /// Raises or keeps the term and follows `leader`, if it is known.
  mutating func becomeFollower(_ term: Term, leader: ReplicaID?) {
    if term > hard.term {
      hard.term = term
      hard.votedFor = nil
      hardSequence = nextSequence
    }
    if role == .leader {
      electionElapsed = 0
      drawElectionTimeout()
      peers.removeAll()
      uncommitted.removeAll()
      uncommittedBytes = 0
      needsHeartbeat = false
      transfer = nil
    }
    if role == .leader || leader != self.leader || leader == nil { dropReads() }
    role = .follower
    votes.removeAll(keepingCapacity: true)
    self.leader = leader
  }

  /// A number below `bound`, from the injected seed (SplitMix64).
  mutating func draw(below bound: Int) -> Int {
    random &+= 0x9e37_79b9_7f4a_7c15
    var mixed = random
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
  }

  mutating func drawElectionTimeout() {
    electionTimeout = configuration.electionTicks + draw(below: configuration.electionTicks)
    #if DEBUG
      if has(.lockstep) { electionTimeout = configuration.electionTicks }
    #endif
  }
}

extension RaftConfiguration {
  func check() throws(RaftFault) {
    guard heartbeatTicks >= 1, electionTicks > heartbeatTicks, electionTicks <= 10_000 else {
      throw .badConfiguration("1 <= heartbeatTicks < electionTicks <= 10000 is required")
    }
    guard (1...LogEntry.payloadLimit).contains(maxEntryBytes) else {
      throw .badConfiguration("maxEntryBytes must be 1 ... \(LogEntry.payloadLimit)")
    }
    guard maxMessageBytes >= 1, maxInflightMessages >= 1, maxInflightBytes >= 1, maxUncommittedBytes >= 1, maxApplyingBytes >= 1,
      (1...RaftMessage.chunkLimit).contains(snapshotChunkBytes)
    else {
      throw .badConfiguration("limits must be positive")
    }
  }
}
