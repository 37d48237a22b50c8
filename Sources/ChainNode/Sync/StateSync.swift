public import ChainCore
public import Consensus

/// Brings a node up to what a quorum certified: by a snapshot if it may begin anew and is far behind, then block by block.
///
/// Without clock and I/O: same events, same effects. Peers are believed nothing: a certificate of a quorum tells how far the chain is, and
/// snapshots and blocks are verified against one. Each peer has one open question; who answers late or falsely is asked less, then not at
/// all for a while, and the question goes to another. What was not asked for is dropped unread.
///
/// It decides whether blocks are those of the certificate by their parent links; whether they are valid is up to the ledger that executes
/// them, as for any block.
public struct StateSync: Sendable {
  /// When it acts and how long it waits.
  public struct Settings: Sendable, Hashable {
    /// How far behind a certified height the node may be before it fetches blocks: the engines fill smaller gaps.
    public var blockLag: UInt64 = 64
    /// From how far behind it fetches a snapshot, if it may.
    public var snapshotLag: UInt64 = 2_048
    /// How often it asks how far the others are while nothing else happens.
    public var statusMs: UInt64 = 10_000
    /// How long a peer has for an answer.
    public var answerMs: UInt64 = 5_000
    /// After so many bad or late answers a peer is not asked for a while.
    public var faultLimit = 3
    /// For how long at first; it doubles each time.
    public var exclusionMs: UInt64 = 30_000
    /// After so long without a new chunk the snapshot is chosen anew; what is here stays.
    public var stallMs: UInt64 = 60_000
    /// How many peers are asked for manifests at a time.
    public var manifestQuestions = 3

    /// The usual numbers.
    public init() {}
  }

  /// What happened outside.
  @nonexhaustive
  public enum Event: Sendable {
    /// The host's clock shows this. Comes at least each second.
    case time(MonotonicInstant)
    /// An answer came. Questions go to the host's server instead.
    case received(SyncMessage, from: ReplicaID)
    /// A peer's message speaks of this certified height; it may lie.
    case heard(BlockHeight)
    /// Whether this node follows without a seat: then blocks come from nowhere else, and it asks often.
    case observing(Bool)
    /// The engine cannot go on without this node catching up.
    case behind
    /// The ledger says that this set signs from this height on; comes before the `head` that made it so.
    case seated(ValidatorSet, since: BlockHeight)
    /// The answer to `begin`: the chunks that are missing.
    case begun([Int])
    /// The chunk is stored.
    case stored(Int)
    /// The host refused the manifest (then the number is `nil`) or the chunk.
    case refused(Int?, SnapshotError)
    /// The answer to `finish` or `execute`, or the engine executed blocks: the ledger's head is now this block.
    case head(BlockReference)
    /// The answer to `finish` or `execute`: it failed.
    case failed(SyncFailure)
  }

  /// What the host must do, in this order.
  @nonexhaustive
  public enum Effect: Sendable, Hashable {
    /// Send; may be lost.
    case send(SyncMessage, to: ReplicaID)
    /// Begin to import, or go on; then report `begun` or `refused`.
    case begin(SnapshotManifest)
    /// Add a chunk to the import; then report `stored` or `refused`.
    case store(Int, [UInt8])
    /// Remove what was imported so far.
    case discard
    /// Finish the import; then report `head` or `failed`.
    case finish
    /// Commit these blocks, then add the certificate of the last; then report `head` or `failed`.
    case execute([Block], CheckpointCertificate)
    /// A peer did what no honest one does, or was late.
    case fault(ReplicaID, SyncFault)
    /// The ledger is at a certified height, and no peer showed a much later one.
    case caughtUp(BlockHeight)
    /// It stopped: what a quorum certified cannot be brought about here.
    case stopped(SyncFailure)
  }

  /// What it does now.
  public enum Phase: Sendable, Hashable {
    /// Nothing, until this time.
    case idle(until: MonotonicInstant)
    /// It asks how far the others are, until this time.
    case asking(until: MonotonicInstant)
    /// It asks for manifests.
    case choosing
    /// It fetches the chunks of a snapshot.
    case fetching
    /// The host finishes the import.
    case finishing
    /// It fetches blocks.
    case following
    /// It stopped.
    case stopped
  }

  /// What it fetches chunks of.
  struct Download: Sendable {
    var manifest: SnapshotManifest
    var id: Digest
    var offeredBy: ReplicaID
    /// Neither stored nor given to the host.
    var missing: [Int] = []
    /// Given to the host: who sent it.
    var storing: [Int: ReplicaID] = [:]
    /// When it began or the last chunk was stored.
    var progressAt: MonotonicInstant
  }

  /// The chain.
  let genesis: Genesis
  let genesisID: GenesisID
  let settings: Settings
  /// Whether the host can import a snapshot: its ledger does not exist yet.
  private(set) var mayImport: Bool
  /// The sets that are known to sign, each from a height on, oldest first.
  private var sets: [(set: ValidatorSet, since: BlockHeight)]
  /// The newest block of the ledger; `nil` if there is no ledger.
  var head: BlockReference?
  /// The greatest certified height that a peer proved.
  var target: CheckpointCertificate?
  var peers: SyncPeers
  var now: MonotonicInstant = 0
  /// What it does now.
  public internal(set) var phase: Phase = .idle(until: 0)
  var download: Download?
  /// Snapshots that were given up.
  var abandoned: Set<Digest> = []
  /// The height that the host is executing up to, if it is.
  var executing: BlockHeight?
  /// How many peers told how far they are in this round.
  var answers = 0
  /// Whether the engine executed blocks since the last round.
  var hasEngineMoved = false
  /// How far behind the node was when it last let the engine go on.
  var lastLag = UInt64.max
  /// Whether the engine waits for it.
  var isUrgent = false
  /// Whether the node follows without a seat.
  private var isObserver = false
  /// Answers that nobody asked for.
  public internal(set) var unasked: UInt64 = 0

  /// A node of the chain of `genesis`.
  /// - Parameters:
  ///   - head: The ledger's newest block; `nil` if the store is empty and a snapshot may be imported into it.
  ///   - validators: The set that signs the height after the head; that of genesis by default.
  ///   - peers: Whom to ask.
  public init(
    genesis: Genesis, head: BlockReference?, validators: ValidatorSet? = nil, peers: [ReplicaID], settings: Settings = Settings()
  ) {
    self.genesis = genesis
    sets = [(validators ?? genesis.validators, 0)]
    genesisID = genesis.id
    self.head = head
    mayImport = head == nil
    self.settings = settings
    self.peers = SyncPeers(peers)
  }

  /// Advances by one event.
  public mutating func step(_ event: Event, into effects: inout [Effect]) {
    guard phase != .stopped else { return }
    switch event {
    case .time(let instant):
      now = max(now, instant)
      for (peer, question) in peers.late(now, after: settings.answerMs) {
        blame(peer, .late, into: &effects)
        if case .askChunk(_, download?.id, let number) = question { download?.putBack(Int(number)) }
      }
    case .received(let message, let peer): receive(message, from: peer, into: &effects)
    case .heard(let height):
      if case .idle(let until) = phase, height.rawValue > headHeight.rawValue.addingClamped(settings.blockLag) {
        // A liar makes us ask once in a while, no more.
        phase = .idle(until: min(until, now.advanced(byMilliseconds: settings.statusMs / 10)))
      }
    case .behind:
      isUrgent = true
      if case .idle = phase { phase = .idle(until: now) }
    case .seated(let set, let since): seat(set, since: since)
    case .observing(let observes):
      guard observes != isObserver else { break }
      isObserver = observes
      if observes, case .idle(let until) = phase { phase = .idle(until: min(until, now.advanced(byMilliseconds: pauseMs))) }
    case .begun(let missing): noteBegun(missing, into: &effects)
    case .stored(let number): noteStored(number, into: &effects)
    case .refused(let number, let error): noteRefused(number, error, into: &effects)
    case .head(let block): noteHead(block, into: &effects)
    case .failed(let failure): noteFailed(failure, into: &effects)
    }
    proceed(into: &effects)
  }

  /// The ledger's height; 0 without a ledger.
  var headHeight: BlockHeight { head?.height ?? 0 }

  private mutating func receive(_ message: SyncMessage, from peer: ReplicaID, into effects: inout [Effect]) {
    let isExpected = peers.answered(peer) { question in
      switch (question, message) {
      case (.askStatus, .status), (.askManifest, .manifest): true
      case (.askChunk(_, let asked, let number), .chunk(let snapshot, let sent, _)): asked == snapshot && number == sent
      case (.askBlocks(let asked), .blocks(let from, _, _)): asked == from
      default: false
      }
    }
    guard isExpected else {
      unasked &+= 1
      return
    }
    switch message {
    case .status(let certificate, let handovers):
      answers += 1
      take(handovers, from: peer, into: &effects)
      take(certificate, from: peer, into: &effects)
    case .manifest(let bytes): take(manifest: bytes, from: peer, into: &effects)
    case .chunk(let snapshot, let number, let bytes): take(chunk: Int(number), of: snapshot, bytes, from: peer, into: &effects)
    case .blocks(_, let blocks, let certificate): take(blocks, certificate, from: peer, into: &effects)
    case .askStatus, .askManifest, .askChunk, .askBlocks: break
    }
  }

  /// The set that signs a height, as far as it is known.
  func validators(signing height: BlockHeight) -> ValidatorSet { (sets.last { $0.since <= height } ?? sets[0]).set }

  private mutating func seat(_ set: ValidatorSet, since: BlockHeight) {
    guard set.generation > sets[sets.count - 1].set.generation else { return }
    sets.append((set, since))
  }

  /// Each set's quorum names the next one.
  private mutating func take(_ handovers: [Handover], from peer: ReplicaID, into effects: inout [Effect]) {
    for handover in handovers {
      let (known, since) = sets[sets.count - 1]
      guard handover.next.generation > known.generation else { continue }
      do throws(HandoverError) {
        guard handover.since > since else { throw .otherSet }
        try handover.verify(from: known, genesis: genesisID, suite: genesis.suite)
      } catch {
        return blame(peer, .handover(error), into: &effects)
      }
      seat(handover.next, since: handover.since)
      if handover.certificate.checkpoint.height > target?.checkpoint.height ?? 0 { target = handover.certificate }
    }
  }

  private mutating func take(_ certificate: CheckpointCertificate?, from peer: ReplicaID, into effects: inout [Effect]) {
    guard let certificate, certificate.checkpoint.height > max(target?.checkpoint.height ?? 0, headHeight) else { return }
    do throws(CheckpointCertificateError) {
      try certificate.verify(in: validators(signing: certificate.checkpoint.height), genesis: genesisID, suite: genesis.suite)
    } catch {
      return blame(peer, .certificate(error), into: &effects)
    }
    target = certificate
  }

  /// What follows from where it stands: asks, decides, goes over to the next phase.
  private mutating func proceed(into effects: inout [Effect]) {
    switch phase {
    case .idle(let until):
      guard now >= until else { return }
      askForStatus(into: &effects)
    case .asking(let until):
      guard now >= until || peers.open({ if case .askStatus = $0 { true } else { false } }) == 0 else { return }
      decide(into: &effects)
    case .choosing: askForManifests(into: &effects)
    case .fetching: askForChunks(into: &effects)
    case .following: askForBlocks(into: &effects)
    case .finishing, .stopped: return
    }
  }

  mutating func askForStatus(into effects: inout [Effect]) {
    peers.begin()
    answers = 0
    for peer in peers.available(now) { ask(.askStatus(generation: sets[sets.count - 1].set.generation), peer, into: &effects) }
    phase = .asking(until: now.advanced(byMilliseconds: settings.answerMs))
  }

  private mutating func decide(into effects: inout [Effect]) {
    let certified = target?.checkpoint.height ?? 0
    let lag = certified.rawValue - min(certified.rawValue, headHeight.rawValue)
    peers.begin()
    if mayImport, lag >= settings.snapshotLag {
      phase = .choosing
      askForManifests(into: &effects)
    } else if lag > settings.blockLag, hasEngineMoved, !isUrgent, !mayImport, lag < lastLag {
      // The engine is behind but gains: fetching its blocks a second time would help nobody.
      lastLag = lag
      hasEngineMoved = false
      phase = .idle(until: now.advanced(byMilliseconds: settings.statusMs))
    } else if lag > (isUrgent || mayImport || isObserver ? 0 : settings.blockLag) {
      lastLag = .max
      hasEngineMoved = false
      phase = .following
      askForBlocks(into: &effects)
    } else {
      rest(into: &effects)
    }
  }

  /// Ends a round. A proof tells that this node is where the chain is; that there is no chain yet, most peers must say.
  private mutating func rest(into effects: inout [Effect]) {
    lastLag = .max
    hasEngineMoved = false
    // Who was told that it is behind asks until there is a certificate to reach.
    phase = .idle(until: now.advanced(byMilliseconds: pauseMs))
    guard !isUrgent else { return }
    if let target {
      guard headHeight.rawValue.addingClamped(settings.blockLag) >= target.checkpoint.height.rawValue else { return }
    } else {
      guard peers.ids.isEmpty || answers * 2 > peers.ids.count else { return }
    }
    effects.append(.caughtUp(headHeight))
  }

  private var pauseMs: UInt64 { isUrgent || isObserver ? settings.statusMs / 10 : settings.statusMs }

  mutating func stop(_ failure: SyncFailure, into effects: inout [Effect]) {
    phase = .stopped
    effects.append(.stopped(failure))
  }

  /// From now on there is a ledger.
  mutating func noteLedger() { mayImport = false }

  mutating func ask(_ message: SyncMessage, _ peer: ReplicaID, into effects: inout [Effect]) {
    peers.ask(peer, message, now)
    effects.append(.send(message, to: peer))
  }

  mutating func blame(_ peer: ReplicaID, _ fault: SyncFault, into effects: inout [Effect]) {
    peers.noteFault(peer, now, limit: settings.faultLimit, exclusionMs: settings.exclusionMs)
    effects.append(.fault(peer, fault))
  }
}

/// Why what a quorum certified cannot be brought about here. Keep the data.
@nonexhaustive
public enum SyncFailure: Error, Hashable, Sendable {
  /// The import does not finish though every chunk was good.
  case snapshot(SnapshotError)
  /// The ledger refuses certified blocks, or computes another state.
  case ledger(LedgerError)
}

extension SyncFailure: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .snapshot(let error): error.description
    case .ledger(let error): error.description
    }
  }
}

extension UInt64 {
  /// The sum, or the greatest number.
  func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
