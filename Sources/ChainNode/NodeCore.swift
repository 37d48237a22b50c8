public import ChainCore
public import Consensus

/// A node without I/O: engine, mempool and checkpoint collector behind one step function.
///
/// `Node` runs it in real time; simulators run it in virtual time. Same events, same effects.
public struct NodeCore: Sendable {
  /// What happened outside.
  @nonexhaustive
  public enum Event: Sendable {
    /// The host's clock shows this.
    case time(MonotonicInstant)
    /// The host's wall clock shows this; comes at least each second, after `time`.
    case wallClock(BlockTime)
    /// A message came from an authenticated peer.
    case received([UInt8], from: ReplicaID)
    /// The write of this sequence and all before it are durable.
    case persisted(sequence: UInt64)
    /// A client of this node gave a transaction that the ledger admitted.
    case submitted(AdmittedTransaction)
    /// A peer's transaction was admitted by the ledger.
    case admitted(AdmittedTransaction)
    /// The answer to `build`.
    case built(BuildRequest, Block?)
    /// The decision at `position` is durable in the ledger.
    ///
    /// `seats` are the validators' after it, if it changed them.
    case executed(position: UInt64, Checkpoint, ids: [TransactionID], seats: ValidatorSeats?)
    /// The decision at `position` was not valid on the ledger's head.
    case skipped(position: UInt64, head: BlockHeight)
    /// The answer to `sign`.
    case signed(Checkpoint, Signature)
    /// The answer to `validate`; later, if the block may yet become valid.
    case validated(id: UInt64, Bool)
    /// The answer to `signVote`.
    case signedVote(VoteStatement, Signature)
    /// The answer to `verify`.
    case verified(id: UInt64, [Bool])
    /// The answer to `provide`.
    case provided([Block], to: ReplicaID)
  }

  /// What the host must do, in this order.
  @nonexhaustive
  public enum Effect: Sendable, Hashable {
    /// Write to the consensus store; then report `persisted`.
    case persist(EngineWrite)
    /// Send; may be lost.
    case send(NodeMessage, to: ReplicaID)
    /// Let the ledger check a peer's transactions; report `admitted` of each that is good, forget the others.
    case admit([SignedTransaction])
    /// Make a block of these on the parent; then report `built`.
    case build(BuildRequest, [SignedTransaction])
    /// Commit the block at this position; then report `executed` or `skipped`. Signatures that were verified
    /// before, at admission or when the block was judged, need no other check.
    case execute(position: UInt64, Block, signatures: Ledger.SignatureCheck)
    /// Sign with the validator's key; then report `signed`.
    case sign(Checkpoint)
    /// Check a proposed block; then report `validated`.
    case validate(ValidationRequest, signatures: Ledger.SignatureCheck)
    /// Sign a vote's digest with the validator's key; then report `signedVote`.
    case signVote(VoteStatement, Digest)
    /// Check signatures; then report `verified`.
    case verify(id: UInt64, [SignatureCheck])
    /// Report this block of the ledger and up to `count` - 1 before it as `provided`; height 0 means one of the newest.
    case provide(BlockReference, count: Int, to: ReplicaID)
    /// This block is final and far ahead, or (`nil`) others are in a later epoch: catch up by state sync.
    case behind(BlockID?)
    /// A validator signed a contradiction.
    case evidence(EquivocationEvidence)
    /// A peer did what no honest one does.
    case misbehaved(ReplicaID, Misbehaviour)
    /// Give the certificate to the ledger.
    case certified(CheckpointCertificate)
    /// Send the ledger's certificate of this height to the peer, if there is one.
    case lookUp(BlockHeight, for: ReplicaID)
    /// Answer a peer that catches up, or hand its answer to this node's own catching up.
    case sync(SyncMessage, from: ReplicaID)
    /// These transactions can no longer be ordered.
    case expired([TransactionID])
    /// Who leads now, if known.
    case leader(ReplicaID?)
    /// The node stopped.
    case fault(EngineFault)
  }

  private var engine: any Engine
  private var collector: CheckpointCollector
  private let genesis: Genesis
  private let genesisID: GenesisID
  private let id: ReplicaID
  /// To whom this node speaks and listens: who has a seat or will have one, and who had one before the last change.
  private var peers: [ReplicaID]
  private var seats: ValidatorSeats
  private var isHalted = false
  /// The numbers that blocks are built by: `LedgerHead.schedule`, which the host sets after each commit.
  public var schedule: ParameterSchedule
  /// Transactions of blocks that are decided and not executed: they are in the mempool still, but never to be proposed again.
  private var executing: [[TransactionID]] = []
  private var judged = JudgedBlocks()
  /// What waits to be ordered.
  public private(set) var mempool: Mempool
  private var rebroadcast = Rebroadcast()
  private var clocks = ClockWatch()
  private var wallClock: (time: BlockTime, at: MonotonicInstant)?
  private var now: MonotonicInstant = 0
  /// Messages that no decoder took.
  public private(set) var refusedMessages: UInt64 = 0

  /// A node of the chain of `genesis` with its engine, continuing from a ledger.
  /// - Parameters:
  ///   - seats: Who has a seat after the ledger's last block; those of genesis by default.
  ///   - schedule: The numbers that blocks are built by after the ledger's last block; those of genesis by default.
  ///   - signers: The set that signs the height after `certified`; that of genesis by default.
  public init(
    genesis: Genesis, id: ReplicaID, engine: any Engine, certified: BlockHeight, executed: BlockHeight,
    seats: ValidatorSeats? = nil, signers: ValidatorSet? = nil, schedule: ParameterSchedule? = nil, mempool: MempoolLimits = MempoolLimits()
  ) {
    self.genesis = genesis
    genesisID = genesis.id
    self.id = id
    self.engine = engine
    self.schedule = schedule ?? ParameterSchedule(genesis: genesis.parameters)
    let seats = seats ?? ValidatorSeats(current: genesis.validators, since: 1)
    self.seats = seats
    peers = Self.peers(of: seats.everyone + (signers?.members ?? []), genesis.suite, except: id)
    collector = CheckpointCollector(
      genesis: genesis, id: id, certified: certified, executed: executed, validators: signers ?? seats.current)
    self.mempool = Mempool(limits: mempool)
  }

  /// How the engine gets on.
  public var engineStatus: EngineStatus { engine.status }
  /// The greatest height with a certificate.
  public var certified: BlockHeight { collector.certified }

  /// Takes a client's transaction, or says why not. Effects are to be carried out in either case: what waits already because a
  /// peer sent it becomes this node's too, which sends it from now on until it is in a block.
  public mutating func submit(_ transaction: AdmittedTransaction, into effects: inout [Effect]) throws(AdmissionError) {
    if case .some(let refusal?) = take([(transaction, true)], into: &effects).first { throw refusal }
  }

  private mutating func insert(_ transaction: AdmittedTransaction, sending: inout [SignedTransaction]) throws(AdmissionError) {
    guard !mempool.contains(transaction.id) else {
      if rebroadcast.add(transaction.id, at: now) { sending.append(transaction.signed) }
      throw .alreadyWaiting(transaction.id)
    }
    try mempool.insert(transaction)
    _ = rebroadcast.add(transaction.id, at: now)
    sending.append(transaction.signed)
  }

  /// Takes transactions that the ledger admitted, this node's clients' and peers'; says of each why not.
  mutating func take(
    _ batch: [(transaction: AdmittedTransaction, isOwn: Bool)], into effects: inout [Effect]
  ) -> [AdmissionError?] {
    guard !isHalted else { return batch.map { _ in nil } }
    var isAnyNew = false
    var outgoing: [SignedTransaction] = []
    let refusals = batch.map { (transaction, isOwn) -> AdmissionError? in
      do throws(AdmissionError) {
        if isOwn { try insert(transaction, sending: &outgoing) } else { try mempool.insert(transaction) }
        isAnyNew = true
        return nil
      } catch {
        return error
      }
    }
    send(outgoing, into: &effects)
    if isAnyNew { run(.workPending, into: &effects) }
    return refusals
  }

  /// Whether a client of this node gave it.
  func isOwn(_ id: TransactionID) -> Bool { rebroadcast.contains(id) }

  /// So many bytes of transactions go into one message, or one transaction that is larger.
  static let transactionBytesPerMessage = 1 << 20

  /// Sends transactions to all peers: many in a message, since each message costs every receiver as much as checking a few of them.
  private func send(_ transactions: [SignedTransaction], into effects: inout [Effect]) {
    guard !peers.isEmpty else { return }
    var rest = transactions.map(\.canonicalBytes)[...]
    while !rest.isEmpty {
      var size = 0
      let message = Array(
        rest.prefix { bytes in
          size += bytes.count
          return size <= max(Self.transactionBytesPerMessage, bytes.count)
        })
      for peer in peers { effects.append(.send(.transactions(message), to: peer)) }
      rest = rest.dropFirst(message.count)
    }
  }

  /// Advances the node by one event.
  public mutating func step(_ event: Event, into effects: inout [Effect]) {
    guard !isHalted else { return }
    switch event {
    case .time(let now):
      self.now = max(self.now, now)
      send(rebroadcast.due(at: now, in: mempool), into: &effects)
      collect(.time(now), into: &effects)
      run(.time(now), into: &effects)
    case .wallClock(let time): compareClocks(time, into: &effects)
    case .received(let bytes, let from): receive(bytes, from: from, into: &effects)
    case .persisted(let sequence): run(.persisted(sequence: sequence), into: &effects)
    case .submitted(let transaction): try? submit(transaction, into: &effects)
    case .admitted(let transaction):
      guard (try? mempool.insert(transaction)) != nil else { return }
      run(.workPending, into: &effects)
    case .built(let request, let block): run(.built(request, block), into: &effects)
    case .executed(let position, let checkpoint, let ids, let changed):
      if let changed { take(changed, after: checkpoint.height, into: &effects) }
      if !executing.isEmpty { executing.removeFirst() }
      let expired = mempool.committed(ids, at: checkpoint.height)
      if !expired.isEmpty { effects.append(.expired(expired)) }
      collect(.executed(checkpoint), into: &effects)
      run(.executed(position: position, head: checkpoint.height), into: &effects)
      if !mempool.isEmpty { run(.workPending, into: &effects) }
    case .skipped(let position, let head):
      if !executing.isEmpty { executing.removeFirst() }
      // What liars cannot make final must be valid here: else this node computes otherwise than a quorum.
      if genesis.engine == .simplex { return halt(.diverged(head.next), into: &effects) }
      run(.executed(position: position, head: head), into: &effects)
      if !mempool.isEmpty { run(.workPending, into: &effects) }
    case .validated(let id, let isValid):
      judged.answer(request: id, isValid: isValid)
      run(.validated(id: id, isValid), into: &effects)
    case .signedVote(let statement, let signature): run(.signed(statement, signature), into: &effects)
    case .verified(let id, let verdicts): run(.verified(id: id, verdicts), into: &effects)
    case .provided(let blocks, let peer): run(.provided(blocks, to: peer), into: &effects)
    case .signed(let checkpoint, let signature): collect(.signed(checkpoint, signature), into: &effects)
    }
  }

  private mutating func take(_ changed: ValidatorSeats, after height: BlockHeight, into effects: inout [Effect]) {
    let before = seats.current.members
    seats = changed
    peers = Self.peers(of: changed.everyone + before, genesis.suite, except: id)
    if changed.since == height.next { collect(.seated(changed.current, since: changed.since), into: &effects) }
    run(.seats(changed, after: height), into: &effects)
  }

  private static func peers(of validators: [Validator], _ suite: CryptoSuite, except id: ReplicaID) -> [ReplicaID] {
    var found: [ReplicaID] = []
    for validator in validators {
      let replica = validator.replica(suite: suite)
      if replica != id, !found.contains(replica) { found.append(replica) }
    }
    return found
  }

  /// Tells the collector of heights that were executed before this process began.
  /// - Parameter handovers: The changes of the set among them.
  public mutating func resume(
    _ checkpoints: [Checkpoint], sets handovers: [(set: ValidatorSet, since: BlockHeight)] = [], into effects: inout [Effect]
  ) {
    for (set, since) in handovers { collect(.seated(set, since: since), into: &effects) }
    for checkpoint in checkpoints { collect(.executed(checkpoint), into: &effects) }
  }

  private mutating func receive(_ bytes: [UInt8], from: ReplicaID, into effects: inout [Effect]) {
    guard let message = try? NodeMessage(canonicalBytes: bytes), peers.contains(from) || isAnswer(message) else {
      refusedMessages &+= 1
      return
    }
    switch message {
    case .engine(let bytes): run(.received(bytes, from: from), into: &effects)
    case .transactions(let all):
      let decoded = all.compactMap { try? SignedTransaction(canonicalBytes: $0) }
      if decoded.count < all.count { refusedMessages &+= 1 }
      // What waits already, as most of what is sent again does, is not worth another check of its signature.
      let ids = decoded.ids(genesis: genesisID, suite: genesis.suite)
      let new = zip(decoded, ids).filter { mempool.transaction($1) != $0 }.map(\.0)
      if !new.isEmpty { effects.append(.admit(new)) }
    case .checkpoint(let message): collect(.received(message, from: from), into: &effects)
    case .sync(let message): effects.append(.sync(message, from: from))
    case .clock(let theirs):
      guard let (time, at) = wallClock else { return }
      clocks.note(from, theirs: theirs, ours: time.advanced(byMilliseconds: now.milliseconds(since: at)), at: now)
    }
  }

  /// Whoever was asked may answer: a node that was away long may know none of today's validators. What was not asked for is dropped there.
  private func isAnswer(_ message: NodeMessage) -> Bool {
    if case .sync(let message) = message { !message.isQuestion } else { false }
  }

  /// Followers of a Byzantine chain check the time of a block themselves; those of a Raft chain take what its leader says.
  private mutating func compareClocks(_ time: BlockTime, into effects: inout [Effect]) {
    guard genesis.engine == .raft else { return }
    wallClock = (time, now)
    if clocks.judge(peers, at: now) { run(.clock(isWrong: clocks.isWrong), into: &effects) }
    guard clocks.isDue(at: now) else { return }
    for peer in peers { effects.append(.send(.clock(time), to: peer)) }
  }

  /// Whether this node's clock is far from those of its peers, so that it does not lead.
  public var hasWrongClock: Bool { clocks.isWrong }

  private mutating func run(_ event: EngineEvent, into effects: inout [Effect]) {
    var queue = [event]
    while !queue.isEmpty {
      var found: [EngineEffect] = []
      engine.step(queue.removeFirst(), into: &found)
      for effect in found {
        switch effect {
        case .persist(let write): effects.append(.persist(write))
        case .send(let bytes, let peer): effects.append(.send(.engine(bytes), to: peer))
        case .build(let request):
          let candidates = waitsForCompany(request) ? [] : candidates(for: request)
          if candidates.isEmpty, !request.allowsEmpty {
            queue.append(.built(request, nil))
          } else {
            effects.append(.build(request, candidates))
          }
        case .decided(let position, let block):
          let ids = block.transactions.ids(genesis: genesisID, suite: genesis.suite)
          executing.append(ids)
          let isJudged = judged.contains(block.header.id(genesis: genesisID, suite: genesis.suite))
          effects.append(
            .execute(position: position, block, signatures: isJudged ? .alreadyChecked : unverified(block.transactions, ids)))
        case .validate(let request):
          let transactions = request.block.transactions
          judged.ask(request.block.header.id(genesis: genesisID, suite: genesis.suite), request: request.id)
          let ids = transactions.ids(genesis: genesisID, suite: genesis.suite)
          effects.append(.validate(request, signatures: unverified(transactions, ids)))
        case .sign(let statement, let digest): effects.append(.signVote(statement, digest))
        case .verify(let id, let checks): effects.append(.verify(id: id, checks))
        case .provide(let reference, let count, let peer): effects.append(.provide(reference, count: count, to: peer))
        case .behind(let id): effects.append(.behind(id))
        case .evidence(let evidence): effects.append(.evidence(evidence))
        case .misbehaved(let peer, let what): effects.append(.misbehaved(peer, what))
        case .wake: break
        case .leader(let leader): effects.append(.leader(leader))
        case .fault(let fault): halt(fault, into: &effects)
        }
      }
    }
  }

  /// Whether fewer transactions wait than the request wants, and than fill a block.
  ///
  /// Those of open blocks do not count: they are still in the pool, if this node had them; so what waits may be more.
  private func waitsForCompany(_ request: BuildRequest) -> Bool {
    guard request.least > 1, !request.allowsEmpty else { return false }
    // Those that are decided are the first of the ancestors.
    let undecided = request.ancestors.dropFirst(executing.count).reduce(0) { $0 + $1.transactions.count }
    let waiting = mempool.count - executing.reduce(0) { $0 + $1.count } - undecided
    guard waiting > 0 else { return true }
    let parameters = schedule.parameters(at: request.parent.next)
    // Of their bytes the pool knows the mean.
    let bytes = mempool.bytes / mempool.count * waiting
    return waiting < min(request.least, Int(parameters.blockTransactions)) && bytes < Int(parameters.blockBytes)
  }

  /// What waits and is not in a block that the new one stands on.
  private func candidates(for request: BuildRequest) -> [SignedTransaction] {
    let parameters = schedule.parameters(at: request.parent.next)
    var inFlight = Set(executing.joined())
    for block in request.ancestors {
      inFlight.formUnion(block.transactions.ids(genesis: genesisID, suite: genesis.suite))
    }
    return mempool.candidates(
      at: request.parent.next, count: Int(parameters.blockTransactions), bytes: Int(parameters.blockBytes), excluding: inFlight,
      largest: Int(parameters.transactionBytes), window: parameters.transactionWindow)
  }

  /// Whose signature this node did not verify at admission: an id does not cover the signature, so all of it is compared.
  private func unverified(_ transactions: [SignedTransaction], _ ids: [TransactionID]) -> Ledger.SignatureCheck {
    let places = transactions.indices.filter { mempool.transaction(ids[$0]) != transactions[$0] }
    return places.isEmpty ? .alreadyChecked : .checkOnly(places)
  }

  private mutating func collect(_ event: CheckpointCollector.Event, into effects: inout [Effect]) {
    var found: [CheckpointCollector.Effect] = []
    collector.step(event, into: &found)
    for effect in found {
      switch effect {
      case .sign(let checkpoint): effects.append(.sign(checkpoint))
      case .broadcast(let message): for peer in peers { effects.append(.send(.checkpoint(message), to: peer)) }
      case .send(let message, let peer): effects.append(.send(.checkpoint(message), to: peer))
      case .lookUp(let height, let peer): effects.append(.lookUp(height, for: peer))
      case .certified(let certificate):
        effects.append(.certified(certificate))
        run(.certified(certificate.checkpoint.height), into: &effects)
      case .diverged(let height): halt(.diverged(height), into: &effects)
      }
    }
  }

  private mutating func halt(_ fault: EngineFault, into effects: inout [Effect]) {
    isHalted = true
    effects.append(.fault(fault))
  }
}
