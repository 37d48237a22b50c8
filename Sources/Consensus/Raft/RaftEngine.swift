public import ChainCore

/// Orders blocks by Raft: a log entry holds one block. For chains whose validators may crash but do not lie.
///
/// The leader builds first when its own noop is applied, then whenever its block before is decided and there is work, or the chain was
/// idle for `ChainParameters.idleIntervalMs`. It builds on its own blocks that are decided and not executed yet, once as many transactions
/// wait as the last one has, or 2,000: while some are written to the disk, the next are replicated and executed. A block whose parent is
/// not the head of the ledger that applies it is skipped there: same log, same decision everywhere.
///
/// The log is kept short: what certified blocks hold is compacted. A replica that lacks more than the rest gets the name of such a
/// block as its snapshot; its host catches up to it by state sync, and the log begins there.
public struct RaftEngine: Engine {
  /// How long a Raft tick is, in milliseconds.
  public static let tickMs: UInt64 = 50
  /// After a pause of the process it catches up on no more ticks than these at once.
  static let ticksAtOnce: UInt64 = 4

  /// How many entries make a new snapshot, and how many stay before the end of the log.
  public static let logLength: UInt64 = 4_096

  var node: RaftNode
  private let parameters: ChainParameters
  let suite: CryptoSuite
  private let genesisID: GenesisID
  private var now: MonotonicInstant = 0
  private var lastTick: MonotonicInstant?
  /// When the head last moved, or this replica began to lead.
  private var quietSince: MonotonicInstant = 0
  private var hasWork = false
  var head: BlockHeight
  var certified: BlockHeight
  /// Entries handed out by the replica and not yet all executed, in order.
  var applying: [AppliedEntry] = []
  var compaction: RaftCompaction
  private var ownTermApplied = false
  private var leadingTerm: Term?
  private var nextRequest: UInt64 = 1
  private var building: BuildRequest?
  /// Our block that was proposed and is neither decided nor dropped.
  private var proposed: (id: ProposalID, block: Block, index: LogIndex?)?
  /// Our blocks that are decided and not executed, each on the one before it, the first on the head.
  private var pipeline: [(index: LogIndex, block: Block)] = []
  /// How many blocks the next one may stand on that are not executed: it is replicated and executed while they are on their way to the
  /// disk, which they reach together.
  private static let pipelineLimit = 7
  private var reportedFault: EngineFault?
  /// Who has a seat on the chain; Raft's own members follow.
  private var seats: ValidatorSeats
  private var changes: UInt64 = 0
  private var hasWrongClock = false

  /// A replica that continues from its store.
  ///
  /// - Parameters:
  ///   - id: This validator; need not be one of the set yet.
  ///   - store: Where its log is; the host carries out `persist` on the same one.
  ///   - position: `LedgerHead.position`: the last log index that the ledger holds.
  ///   - head: The ledger's height.
  ///   - certified: The greatest certified height.
  ///   - seats: Who has a seat after the ledger's last block; those of genesis by default.
  ///   - logLength: How many entries make a new snapshot, and how many stay before the end of the log.
  ///   - seed: Of election timeouts; differs per replica and process life.
  /// - Throws: `EngineFault.raft` if log and ledger do not fit, `.store` if it cannot be read.
  public init(
    genesis: Genesis, id: ReplicaID, store: any KeyValueStore, position: UInt64, head: BlockHeight, certified: BlockHeight,
    seats: ValidatorSeats? = nil, logLength: UInt64 = Self.logLength, seed: UInt64
  ) throws(EngineFault) {
    let members = Configuration(voters: genesis.validators.members.map { $0.replica(suite: genesis.suite) })
    var configuration = RaftConfiguration(id: id, group: genesis.id, seed: seed)
    // Governance may let blocks grow while the engine runs.
    configuration.maxEntryBytes = Int(max(genesis.parameters.blockBytes, ParameterBounds.blockBytes.upperBound)) + 64 * 1024
    configuration.trailingEntries = logLength
    let raftStore = RaftStore(store: store)
    var restored: RaftRestoredState
    do {
      restored = try raftStore.restored(configuration: members, applied: LogIndex(position))
      compaction = RaftCompaction(logLength: logLength, snapshot: restored.snapshot, block: try raftStore.block())
    } catch let error as StoreError {
      throw .store(error)
    } catch {
      throw .raft(.storageCorrupt("\(error)"))
    }
    if restored.base.index > restored.applied {
      // A snapshot began the log anew; the ledger has what it stands for from its peers, and knows no index of it.
      guard let block = compaction.newest?.block, block.height <= head else {
        throw .raft(.storageCorrupt("the log begins after entry \(restored.base.index), whose block the ledger at height \(head) lacks"))
      }
      restored.applied = restored.base.index
    }
    do throws(RaftFault) {
      node = try RaftNode(configuration: configuration, restoring: restored)
    } catch {
      throw .raft(error)
    }
    parameters = genesis.parameters
    self.head = head
    self.certified = certified
    self.seats = seats ?? ValidatorSeats(current: genesis.validators, since: 1)
    suite = genesis.suite
    genesisID = genesis.id
  }

  /// The replica's own view, for tests and metrics.
  public var raftStatus: RaftStatus { node.status }

  /// How it gets on.
  public var status: EngineStatus {
    let status = node.status
    return EngineStatus(
      id: status.id, leader: status.leader, round: status.term.rawValue, decided: status.commit.rawValue, fault: reportedFault)
  }

  /// Advances the engine.
  public mutating func step(_ event: EngineEvent, into effects: inout [EngineEffect]) {
    switch event {
    case .time(let now):
      advance(to: now, into: &effects)
      alignMembers(into: &effects)
      handOver(into: &effects)
    case .seats(let seats, _): self.seats = seats
    case .received(let bytes, let from): receive(bytes, from: from, into: &effects)
    case .persisted(let sequence): notePersisted(sequence, into: &effects)
    case .workPending: hasWork = true
    case .built(let request, let block): propose(block, for: request, into: &effects)
    case .executed(let position, let head): noteExecuted(LogIndex(position), head: head, into: &effects)
    case .certified(let height):
      certified = max(certified, height)
      compactIfDue(into: &effects)
    case .clock(let isWrong):
      hasWrongClock = isWrong
      run([.standsAside(isWrong)], into: &effects)
    case .validated, .signed, .verified, .provided: return
    }
    requestBlock(into: &effects)
  }

  private mutating func advance(to now: MonotonicInstant, into effects: inout [EngineEffect]) {
    guard let last = lastTick else {
      lastTick = now
      quietSince = now
      self.now = now
      effects.append(.wake(at: now.advanced(byMilliseconds: Self.tickMs)))
      return
    }
    self.now = max(self.now, now)
    let due = now.milliseconds(since: last) / Self.tickMs
    if due > 0 {
      let events = Array(repeating: RaftNode.Event.tick, count: Int(min(due, Self.ticksAtOnce)))
      lastTick = last.advanced(byMilliseconds: due * Self.tickMs)
      run(events, into: &effects)
    }
    effects.append(.wake(at: (lastTick ?? now).advanced(byMilliseconds: Self.tickMs)))
  }

  /// As leader, brings Raft's members to those of the chain: first who joins as a learner, then who has a seat as a voter.
  ///
  /// Not before the old set has certified the height that names the new one: it must still sign it.
  private mutating func alignMembers(into effects: inout [EngineEffect]) {
    guard leadingTerm != nil, ownTermApplied, certified.next >= seats.since else { return }
    let members = node.status.configuration
    let voters = seats.current.members.map { $0.replica(suite: suite) }
    let joining = seats.joining.map { $0.validator.replica(suite: suite) }
    let strangers = voters.filter { !members.members.contains($0) }
    // Nobody votes before it has the log.
    let target =
      strangers.isEmpty
      ? Configuration(voters: voters, learners: joining.filter { !voters.contains($0) })
      : Configuration(voters: members.voters, learners: members.learners + strangers)
    guard !members.isJoint, target != members else { return }
    changes += 1
    // Proposals of blocks have the numbers of their requests; these are far from them.
    run([.changeProposed(ProposalID(1 << 63 | changes), to: target)], into: &effects)
  }

  /// A leader whose clock is wrong lets the voter lead whose log is longest, again and again until one does.
  private mutating func handOver(into effects: inout [EngineEffect]) {
    guard hasWrongClock, leadingTerm != nil else { return }
    let status = node.status
    let voters = status.peers.filter { status.configuration.voters.contains($0.id) }
    guard let successor = voters.max(by: { $0.match < $1.match }) else { return }
    run([.transferRequested(to: successor.id)], into: &effects)
  }

  private mutating func receive(_ bytes: [UInt8], from: ReplicaID, into effects: inout [EngineEffect]) {
    guard let message = try? RaftMessage(canonicalBytes: bytes), message.from == from else { return }
    run([.received(message)], into: &effects)
  }

  /// Steps the replica and carries its effects over.
  mutating func run(_ events: [RaftNode.Event], into effects: inout [EngineEffect]) {
    var raft: [RaftNode.Effect] = []
    node.step(contentsOf: events, into: &raft)
    // Given when all of these effects are out: batches must leave in their order.
    var answers: [RaftNode.Event] = []
    for effect in raft {
      switch effect {
      case .persist(let batch): effects.append(.persist(compaction.write(batch)))
      case .send(let message): effects.append(.send(message.canonicalBytes, to: message.to))
      case .apply(let entries): apply(entries, into: &effects)
      case .proposalPlaced(let id, let index, _): if id == proposed?.id { proposed?.index = index }
      case .proposalDropped(let id, _): if id == proposed?.id { proposed = nil }
      // The engine requests no reads: a chain's reads come from certified states.
      case .readReady, .readDropped: break
      case .readSnapshotChunk(let meta, _, _, let peer): answers += chunk(of: meta, for: peer)
      case .storeSnapshotChunk(let meta, let offset, let bytes): answers.append(take(bytes, at: offset, of: meta))
      case .installSnapshot(let meta): answers += install(meta, into: &effects)
      case .roleChanged(let role, let term, let leader):
        if role != .leader || leadingTerm != term {
          leadingTerm = role == .leader ? term : nil
          ownTermApplied = false
          quietSince = now
          building = nil
          proposed = nil
          pipeline = []
        }
        effects.append(.leader(leader))
      case .fault(let fault):
        reportedFault = .raft(fault)
        effects.append(.fault(.raft(fault)))
      }
    }
    if !answers.isEmpty { run(answers, into: &effects) }
    reportApplied(into: &effects)
  }

  private mutating func apply(_ entries: [LogEntry], into effects: inout [EngineEffect]) {
    for entry in entries {
      let own = entry.index == proposed?.index ? proposed?.block : nil
      if entry.kind == .normal, let block = own ?? (try? Block(canonicalBytes: entry.payload)) {
        let id = block.header.id(genesis: genesisID, suite: suite)
        applying.append(AppliedEntry(index: entry.index, term: entry.term, block: BlockReference(height: block.header.height, id: id)))
        effects.append(.decided(position: entry.index.rawValue, block))
        if own != nil {
          proposed = nil
          pipeline.append((entry.index, block))
        }
      } else {
        applying.append(AppliedEntry(index: entry.index, term: entry.term, block: nil))
      }
      if entry.term == leadingTerm { ownTermApplied = true }
    }
  }

  private mutating func noteExecuted(_ index: LogIndex, head: BlockHeight, into effects: inout [EngineEffect]) {
    if let place = applying.firstIndex(where: { $0.index == index }) {
      applying[place].isDone = true
      compaction.noteExecuted(applying[place], head: head)
    }
    if head > self.head { quietSince = now }
    self.head = max(self.head, head)
    installIfReached(into: &effects)
    pipeline.removeAll { $0.index <= index }
    reportApplied(into: &effects)
  }

  private mutating func reportApplied(into effects: inout [EngineEffect]) {
    let done = applying.prefix { $0.isDone }
    guard let last = done.last else { return }
    applying.removeFirst(done.count)
    run([.applied(through: last.index)], into: &effects)
    compactIfDue(into: &effects)
  }

  /// The blocks that the next one stands on above the head; `nil` if something is to be executed first that is none of ours.
  private var ancestors: [Block]? {
    let open = applying.filter { !$0.isDone }
    guard open.allSatisfy({ entry in entry.block == nil || pipeline.contains { $0.index == entry.index } }) else { return nil }
    // A block that was skipped takes those on it along: then the head is not what the first stands on.
    guard let first = pipeline.first, first.block.header.height != head.next else { return pipeline.map(\.block) }
    return nil
  }

  /// Asks for the next block if this replica leads, all before is its own or executed, and the certificates keep up.
  private mutating func requestBlock(into effects: inout [EngineEffect]) {
    guard leadingTerm != nil, ownTermApplied, building == nil, proposed == nil, pipeline.count <= Self.pipelineLimit,
      reportedFault == nil, !hasWrongClock, let ancestors
    else { return }
    let parent = ancestors.last?.header.height ?? head
    guard parent.rawValue + 1 < certified.rawValue + parameters.certificateLag else { return }
    let isIdle = ancestors.isEmpty && now.milliseconds(since: quietSince) >= parameters.idleIntervalMs
    guard hasWork || isIdle else { return }
    hasWork = false
    // What comes meanwhile waits for company.
    let least = max(1, min(ancestors.last?.transactions.count ?? 1, BuildRequest.leastOnOpenBlock))
    let request = BuildRequest(id: nextRequest, parent: parent, ancestors: ancestors, allowsEmpty: isIdle, least: least)
    nextRequest += 1
    building = request
    effects.append(.build(request))
  }

  private mutating func propose(_ block: Block?, for request: BuildRequest, into effects: inout [EngineEffect]) {
    guard request == building else { return }
    building = nil
    guard let block, leadingTerm != nil, block.header.height == request.parent.next else { return }
    let id = ProposalID(request.id)
    proposed = (id, block, nil)
    run([.proposed(id, [block.canonicalBytes])], into: &effects)
  }
}
