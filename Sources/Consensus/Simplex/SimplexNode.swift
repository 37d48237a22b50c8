public import ChainCore

/// A validator of one epoch in the Simplex protocol (Chan, Pass, "Simplex Consensus", IACR ePrint 2023/463): one event in, effects out.
///
/// A value without clock, I/O or hidden randomness. It keeps agreement while liars hold less than a third of the weight, whatever the
/// network does, and makes progress whenever the network delivers within D.
///
/// Contract with the host:
/// 1. Batches become durable in sequence, each atomically; `persisted(n)` speaks for n and all before it.
/// 2. Every message may leave at once: an own vote is withheld until the host reports that it, and its block, are durable.
/// 3. `verified`, `signed`, `validated` and `built` answer effects in any order, at any time, or never.
/// 4. Restart gives back all records that were reported durable, in order, and the last block that the ledger holds.
///
/// Deviations from the paper, from `consensus::simplex` of commonware: nullify is a vote of its own, certificates are fetched on
/// demand, a leader has a timer of its own. Each notarize vote of a leader is its proposal's signature.
public struct SimplexNode: Sendable {
  let configuration: SimplexConfiguration
  let leaders: LeaderSchedule
  let replicas: [ReplicaID]
  let weights: [UInt64]
  let totalWeight: UInt64
  /// This replica's place in the set, if it is a member that may vote.
  let voter: Int?

  var now: MonotonicInstant = 0
  /// The view this replica is in. Only grows.
  var current: View = 1
  var entered: MonotonicInstant = 0
  /// From when leader and view timers count: not while the chain is idle.
  var timersFrom: MonotonicInstant?
  var repeated: MonotonicInstant = 0
  /// D as it has grown.
  var delayMs: UInt64
  var hasStarted = false
  var hasWork = false
  /// What was asked of the host for the current view: no second build while one is out.
  var isBuilding = false
  /// The host had nothing to propose in this view; or not even an empty block.
  var hasNothing = false
  var hasNothingAtAll = false
  var isAskedForEmpty = false

  /// f: the highest view known final, and its certificate unless only the ledger knows.
  var final: View
  var finalization: QuorumCertificate?
  /// The last block given out, and the view that made it final.
  var output: BlockReference
  var outputView: View
  /// What the ledger holds durably; the journal keeps everything above.
  var executedView: View
  /// The certificate of `outputView`.
  var outputCertificate: QuorumCertificate?
  var highestNotarized: View = 0
  var views: [View: ViewState] = [:]
  /// Blocks above the output, and the last ones below it for peers.
  var blocks: [BlockID: Block] = [:]
  /// The first block that output waits for.
  var missing: BlockID?
  var isFarBehind = false
  /// Everything below was dropped.
  var lowestView: View = 0

  var batches: [UInt64: Batch] = [:]
  var nextBatch: UInt64 = 1
  var peers: [Peer]
  var attempts: [Need: Int] = [:]
  var reportedEvidence: Set<Int> = []

  var records: [SimplexRecord] = []
  var recordsMustSync = false
  var nextSequence: UInt64 = 1
  /// Signed votes whose batch is not durable.
  var awaiting: [(sequence: UInt64, statement: VoteStatement, signature: Signature)] = []
  var wakeAt: MonotonicInstant?
  var out: [Effect] = []

  var halted: SimplexFault?
  /// Messages dropped, by reason.
  public internal(set) var refused: [SimplexRefusal: UInt64] = [:]

  /// What happened outside.
  @nonexhaustive
  public enum Event: Sendable {
    /// The host's clock shows this.
    case time(MonotonicInstant)
    /// A message came from an authenticated peer.
    case received(SimplexMessage, from: ReplicaID)
    /// Whether transactions wait to be ordered.
    case workPending(Bool)
    /// The answer to `build`: a block on the parent asked for, or `nil` if there is nothing to order.
    case built(View, Block?)
    /// The answer to `validate`. A block that may yet become valid (its time is ahead, a certificate is not held) is answered later.
    case validated(BlockProposal, Bool)
    /// The answer to `sign`.
    case signed(VoteStatement, Signature)
    /// The answer to `verify`: one verdict a signature.
    case verified(UInt64, [Bool])
    /// The batch of this sequence and all before it are durable.
    case persisted(sequence: UInt64)
    /// The ledger holds durably all that this view made final: the journal may forget it.
    case executed(through: View)
    /// The ledger reached this block by other means: it is final.
    case synced(BlockReference)
  }

  /// What the host must do.
  @nonexhaustive
  public enum Effect: Sendable, Hashable {
    /// Append to the journal; then report `persisted`.
    case persist(SimplexBatch)
    /// Send; may be lost.
    case send(SimplexMessage, to: ReplicaID)
    /// Send to all other members.
    case broadcast(SimplexMessage)
    /// Sign with the validator's key; then report `signed`.
    case sign(VoteStatement)
    /// Check these signatures; then report `verified`.
    case verify(UInt64, [SignedStatement])
    /// Make a block on `parent`, which stands on the last finalized block by way of `ancestors`, oldest first; then report `built`.
    case build(View, parent: BlockReference, ancestors: [Block], allowsEmpty: Bool)
    /// Check the block, which stands on the last finalized block by way of `ancestors`, oldest first; then report `validated`.
    case validate(BlockProposal, Block, ancestors: [Block])
    /// This block is final, by this view. In height order, each once.
    case finalized(Block, view: View, QuorumCertificate?)
    /// A peer lacks this block and up to `count` - 1 before it: send them from the ledger as `blocks`. Height 0 if it does not know
    /// the height: it is one of the newest.
    case provide(BlockReference, count: Int, to: ReplicaID)
    /// A block too far ahead is final: catch up by other means; then report `synced`.
    case behind(QuorumCertificate)
    /// The node wants to be told the time at this instant.
    case wake(at: MonotonicInstant)
    /// A new view began, with this leader.
    case viewEntered(View, leader: ReplicaID)
    /// A validator signed a contradiction: submit it to the chain.
    case evidence(EquivocationEvidence)
    /// A peer did what no honest one does.
    case misbehaved(ReplicaID, Misbehaviour)
    /// The replica stopped. Nothing follows.
    case fault(SimplexFault)
  }

  /// A replica that continues from what its disk held.
  /// - Throws: `SimplexFault.badConfiguration`, `.journalCorrupt`.
  public init(configuration: SimplexConfiguration, restoring state: SimplexRestoredState) throws(SimplexFault) {
    try configuration.check()
    self.configuration = configuration
    leaders = try LeaderSchedule(configuration.validators)
    let members = configuration.validators.members
    replicas = members.map { $0.replica(suite: configuration.suite) }
    weights = members.map(\.weight)
    totalWeight = weights.reduce(0, +)
    let place = replicas.firstIndex(of: configuration.id)
    voter = configuration.mayVote ? place : nil
    peers = replicas.map { Peer(id: $0) }
    delayMs = configuration.delayMs
    final = state.ledgerView
    output = state.ledger
    outputView = state.ledgerView
    executedView = state.ledgerView
    try restore(state)
  }

  /// Advances the replica by one event. Appends to `effects`, so that a host reuses one buffer.
  public mutating func step(_ event: Event, into effects: inout [Effect]) {
    guard halted == nil else { return }
    do throws(SimplexFault) {
      try handle(event)
      if halted == nil { try advance() }
    } catch {
      halted = error
      out.append(.fault(error))
    }
    flush(into: &effects)
  }

  /// Whether the epoch's last block was given out: this replica only answers others from now on.
  public var isComplete: Bool { output.height >= configuration.lastHeight }

  private mutating func handle(_ event: Event) throws(SimplexFault) {
    switch event {
    case .time(let instant): now = max(now, instant)
    case .received(let message, let from): try receive(message, from: from)
    case .workPending(let hasWork):
      self.hasWork = hasWork
      if hasWork { hasNothing = false }
    case .built(let view, let block): propose(block, in: view)
    case .validated(let proposal, let isValid): noteVerdict(proposal, isValid)
    case .signed(let statement, let signature): journal(statement, signature)
    case .verified(let batch, let verdicts): try noteVerified(batch, verdicts)
    case .persisted(let sequence): try publish(through: sequence)
    case .executed(let view): executedView = max(executedView, min(view, outputView))
    case .synced(let reference): try noteSynced(reference)
    }
  }

  /// Does whatever has become possible.
  private mutating func advance() throws(SimplexFault) {
    if !hasStarted { start() }
    try outputFinal()
    guard !isComplete else { return }
    startTimersIfActive()
    proposeIfLeading()
    notarizeIfReady()
    checkTimers()
    fetchWhatIsMissing()
    scheduleWake()
  }

  /// Begins the current view, and makes up for votes that a crash kept from being decided.
  private mutating func start() {
    hasStarted = true
    entered = now
    repeated = now
    out.append(.viewEntered(current, leader: replicas[leaders.leader(of: current)]))
    repeatVotes()
    for view in views.keys.sorted() where view > final { finalizeIfAllowed(view) }
  }

  private mutating func flush(into effects: inout [Effect]) {
    if !records.isEmpty {
      effects.append(.persist(SimplexBatch(sequence: nextSequence, records: records, mustSync: recordsMustSync, floor: executedView)))
      nextSequence += 1
      records.removeAll(keepingCapacity: true)
      recordsMustSync = false
    }
    effects.append(contentsOf: out)
    out.removeAll(keepingCapacity: true)
  }

  mutating func refuse(_ reason: SimplexRefusal) { refused[reason, default: 0] += 1 }

  func message(_ body: SimplexMessage.Body) -> SimplexMessage {
    SimplexMessage(genesis: configuration.genesis, epoch: configuration.epoch, body: body)
  }

  mutating func broadcast(_ body: SimplexMessage.Body) { out.append(.broadcast(message(body))) }

  mutating func send(_ body: SimplexMessage.Body, to peer: Int) { out.append(.send(message(body), to: replicas[peer])) }

  /// Whether `weight` is a quorum: honest validators are one, and two of them share an honest one.
  func isQuorum(_ weight: UInt64) -> Bool {
    #if DEBUG
      if has(.smallQuorum) { return 3 * weight >= 2 * totalWeight || 3 * weight > totalWeight && totalWeight <= 4 && weight >= 2 }
    #endif
    return 3 * weight > 2 * totalWeight
  }

  func id(of block: Block) -> BlockID { block.header.id(genesis: configuration.genesis, suite: configuration.suite) }
}

extension SimplexNode {
  /// A signature to check.
  public struct SignedStatement: Sendable, Hashable {
    /// What was signed.
    public let statement: VoteStatement
    /// The member's place in the set.
    public let validator: Int
    /// The signature.
    public let signature: Signature

    /// Puts the parts together.
    public init(statement: VoteStatement, validator: Int, signature: Signature) {
      self.statement = statement
      self.validator = validator
      self.signature = signature
    }
  }

  /// How it gets on.
  public struct Status: Sendable, Hashable {
    /// The view it is in.
    public var view: View
    /// The highest view known final.
    public var final: View
    /// The last block given out.
    public var output: BlockReference
    /// D as it is now, in milliseconds.
    public var delayMs: UInt64
    /// Who leads the view.
    public var leader: ReplicaID
    /// Why it stopped, if it did.
    public var fault: SimplexFault?
  }

  /// How it gets on, for people and metrics.
  public var status: Status {
    Status(
      view: current, final: final, output: output, delayMs: delayMs, leader: replicas[leaders.leader(of: current)], fault: halted)
  }

  /// What it keeps in memory, for tests of the limits.
  package var load: (views: Int, blocks: Int, batches: Int, waitingCertificates: Int) {
    (views.count, blocks.count, batches.count, peers.reduce(0) { $0 + $1.waiting.count })
  }
}
