public import ChainCore
public import Consensus
internal import DequeModule
internal import Logging

/// A running node: a `NodeCore` in real time, with ledger, stores and transport around it.
///
/// ```swift
/// let node = try Node(configuration)
/// await node.start()
/// let id = try await node.submit(signed)
/// let receipt = try await node.receipt(of: id)
/// ```
public actor Node {
  /// The chain as this node has it. Reads need no `await` and do not disturb the node.
  public nonisolated let ledger: Ledger
  /// This node.
  public nonisolated let id: ReplicaID
  nonisolated let configuration: NodeConfiguration
  nonisolated let upkeepTurn = Upkeep.Turn()
  let reserves: [DiskReserve]
  let executionThread = WorkThread("execution")
  let commitThread = WorkThread("commit")
  private let votesThread = WorkThread("votes")
  private var admin: AdminServer?
  let logger: Logger
  private let began = ContinuousClock.now
  var core: NodeCore
  var queue: Deque<NodeCore.Event> = []
  private var isProcessing = false
  private var encoded = EncodedMessage()
  /// Proposed blocks that may yet become valid.
  private var undecided: [(request: ValidationRequest, signatures: Ledger.SignatureCheck)] = []
  /// Final blocks; the first are being committed and others executed, beside this actor.
  var executions: Deque<Execution> = []
  /// How many of the first are on their way to the disk.
  var committing = 0
  var executionCount: UInt64 = 0
  var executing: Task<Void, Never>?
  var writing: Task<Void, Never>?
  /// What the engine wants written, beside this actor: nothing that depends on it happens before it is.
  private var unwritten: [EngineWrite] = []
  private var persisting: Task<Void, Never>?
  /// Whether the engine begins anew when the write that is on its way has ended.
  private(set) var restartWaits = false
  /// What catching up waits with while a block is executed: only one of the two writes to the ledger.
  var heldSync: [StateSync.Event] = []
  nonisolated let intake: Intake
  private var catchUp: NodeSync
  private var steward: Steward?
  private var missing = MissingWatch()
  private var isClockReported = false
  private let responder: SyncResponder
  private var tasks: [Task<Void, Never>] = []
  var fault: NodeError?
  var receiptWaiters: [TransactionID: [CheckedContinuation<Receipt, any Error>]] = [:]
  private var heightWaiters: [(height: BlockHeight, isCertified: Bool, continuation: CheckedContinuation<Void, any Error>)] = []
  private var subscribers: [Int: AsyncStream<BlockHeight>.Continuation] = [:]
  private var nextSubscriber = 0
  /// Who leads now, if known.
  public private(set) var leader: ReplicaID?

  /// Opens ledger and engine where they stopped.
  /// - Throws: `NodeError.ledger`, `.engine`; `.restored` for a ledger from a backup with another key than it was restored for.
  public init(_ configuration: NodeConfiguration) throws(NodeError) {
    self.configuration = configuration
    logger = configuration.logger
    let genesis = configuration.genesis
    id = ReplicaID(genesis.suite.accountID(of: configuration.key.publicKey))
    do throws(LedgerError) {
      ledger = try Ledger(store: configuration.ledgerStore, genesis: genesis, contracts: configuration.contracts)
    } catch {
      throw .ledger(error)
    }
    intake = Intake(ledger)
    try RestoredNode.admit(ledger, key: configuration.key.publicKey, votes: configuration.consensusStore)
    let head = ledger.head
    steward = configuration.steward.map { Steward(account: $0, key: configuration.key) }
    catchUp = NodeSync(ledger, key: configuration.key.publicKey, store: configuration.ledgerStore, peers: configuration.transport.peers)
    responder = SyncResponder(ledger, transport: configuration.transport)
    reserves = [DiskReserve(configuration.ledgerStore), DiskReserve(configuration.consensusStore)]
    for warning in missing.due((try? ledger.missingContracts()) ?? [], at: head.height) { logger.warning("\(warning)") }
    do throws(EngineFault) {
      let engine = try EngineFactory.make(
        ledger: ledger, id: id, store: configuration.consensusStore, firstEpoch: configuration.firstEpoch,
        logLength: configuration.raftLogLength, seed: .random(in: 0 ... .max))
      core = NodeCore(
        genesis: genesis, id: id, engine: engine, certified: ledger.newestCertified, executed: head.height,
        seats: head.seats, signers: ledger.validators(signing: ledger.newestCertified.next), schedule: head.schedule,
        mempool: configuration.mempool)
    } catch {
      throw .engine(error)
    }
    if let path = configuration.adminSocket {
      do throws(AdminError) {
        admin = try AdminServer(
          at: path, upkeep: Upkeep(ledger, retention: configuration.retention, turn: upkeepTurn), store: configuration.ledgerStore,
          logger: logger)
      } catch {
        throw .admin(error)
      }
    }
  }

  /// Begins to take part. Signatures of heights without a certificate are sent again.
  public func start() {
    guard tasks.isEmpty, fault == nil else { return }
    tasks.append(responder.run())
    admin?.start()
    if configuration.retention != .everything {
      tasks.append(LedgerPruner(ledger, policy: configuration.retention, reserves: reserves, logger: logger).run())
    }
    var effects: [NodeCore.Effect] = []
    core.resume(ledger.uncertified, sets: ledger.sets(signingAfter: ledger.newestCertified.next), into: &effects)
    perform(effects)
    tasks.append(
      Task { [weak self] in
        while !Task.isCancelled, let self {
          await self.tick()
          try? await Task.sleep(for: .milliseconds(RaftEngine.tickMs))
        }
      })
    let incoming = configuration.transport.incoming
    tasks.append(
      Task { [weak self] in
        for await message in incoming {
          guard let self, !Task.isCancelled else { return }
          await self.handle(.received(message.bytes, from: message.from))
        }
      })
  }

  /// Stops taking part and closes the stores. Whoever waits is told `.stopped`.
  public func stop() async {
    await halt()
    configuration.consensusStore.close()
    configuration.ledgerStore.close()
  }

  /// Stops taking part but leaves the stores open, for reading what is there. Ends when nothing of it runs or writes any more.
  public func halt() async {
    let running = tasks
    tasks = []
    for task in running { task.cancel() }
    admin?.stop()
    admin = nil
    halt(.stopped)
    for task in running { await task.value }
    await executing?.value
    await writing?.value
    await persisting?.value
    await intake.close()
  }

  /// Waits until the transaction is in a block here, and returns its receipt.
  /// - Throws: `NodeError.expired` if it can no longer be ordered, `.stopped`, `.ledger`.
  public func receipt(of id: TransactionID) async throws -> Receipt {
    do throws(LedgerError) {
      return try ledger.receipt(id)
    } catch {
      guard case .noSuchTransaction = error else { throw NodeError.ledger(error) }
    }
    if let fault { throw fault }
    return try await withCheckedThrowingContinuation { receiptWaiters[id, default: []].append($0) }
  }

  /// Waits until this node has executed `height`.
  public func executed(_ height: BlockHeight) async throws { try await reached(height, isCertified: false) }

  /// Waits until a quorum's certificate of `height` or a later one is here.
  public func certified(_ height: BlockHeight) async throws { try await reached(height, isCertified: true) }

  /// The heights that this node executes from now on.
  public func heights() -> AsyncStream<BlockHeight> {
    let (stream, continuation) = AsyncStream.makeStream(of: BlockHeight.self, bufferingPolicy: .bufferingNewest(1_024))
    let number = nextSubscriber
    nextSubscriber += 1
    subscribers[number] = continuation
    continuation.onTermination = { [weak self] _ in Task { await self?.unsubscribe(number) } }
    return stream
  }

  /// How the engine gets on.
  public var engineStatus: EngineStatus { core.engineStatus }
  /// How many transactions wait.
  public var waiting: Int { core.mempool.count }
  /// Why it stopped, if it did.
  public var failure: NodeError? { fault }

  private func unsubscribe(_ number: Int) { subscribers[number] = nil }

  private func reached(_ height: BlockHeight, isCertified: Bool) async throws {
    let now = isCertified ? ledger.newestCertified : ledger.head.height
    if now >= height { return }
    if let fault { throw fault }
    try await withCheckedThrowingContinuation { heightWaiters.append((height, isCertified, $0)) }
  }

  private func tick() {
    let elapsed = ContinuousClock.now - began
    let (seconds, attoseconds) = elapsed.components
    let now = MonotonicInstant(UInt64(max(seconds, 0)) * 1_000 + UInt64(max(attoseconds, 0)) / 1_000_000_000_000_000)
    handle(.time(now))
    handle(.wallClock(configuration.clock.now))
    if core.hasWrongClock != isClockReported {
      isClockReported = core.hasWrongClock
      if isClockReported {
        logger.error(
          "this machine's clock is over two seconds from those of the other validators: set it; until then this node does not lead")
      }
    }
    judgeAgain()
    catchUp(.time(now))
    for signed in steward?.due(ledger) ?? [] {
      Task { [self, logger] in
        do throws(NodeError) {
          try await submit(signed)
        } catch {
          logger.warning("the steward's \(signed.transaction.entry) was not taken: \(error)")
        }
      }
    }
    drain()
  }

  private func handle(_ event: NodeCore.Event) {
    queue.append(event)
    drain()
  }

  func perform(_ effects: [NodeCore.Effect]) {
    for effect in effects { carryOut(effect) }
    drain()
  }

  /// Runs events until none follows. Effects only queue events, so the core is never entered twice. An engine that is about to begin anew
  /// gets none: it would decide what its successor knows nothing of.
  func drain() {
    guard !isProcessing, !restartWaits else { return }
    isProcessing = true
    defer { isProcessing = false }
    while fault == nil, let event = queue.popFirst() {
      var effects: [NodeCore.Effect] = []
      core.step(event, into: &effects)
      for effect in effects where fault == nil { carryOut(effect) }
      encoded = EncodedMessage()
    }
  }

  private func carryOut(_ effect: NodeCore.Effect) {
    switch effect {
    case .persist(let write): persist(write)
    case .send(let message, let peer): configuration.transport.send(encoded.bytes(of: message), to: peer)
    case .admit(let transactions):
      // If too many wait it is lost, as it may be on the way.
      _ = intake.take(transactions.map { Intake.Arrival(signed: $0, answer: .none) }, for: self)
    case .build(let request, let transactions): queue.append(.built(request, build(transactions, for: request)))
    case .execute(let position, let block, let signatures): execute(block, position: position, signatures: signatures)
    case .sign(let checkpoint): sign(checkpoint)
    case .validate(let request, let signatures): validate(request, signatures: signatures)
    case .signVote(let statement, let digest): sign(statement, digest)
    case .verify(let id, let checks): queue.append(.verified(id: id, checks.map(\.isValid)))
    case .provide(let reference, let count, let peer): provide(reference, count: count, to: peer)
    case .behind(let block):
      let why = block.map { "block \($0) is final and too far ahead to be fetched one by one" } ?? "others are in a later epoch"
      logger.warning("\(why): catching up")
      catchUp(.behind)
    case .evidence(let evidence):
      logger.error("validator \(evidence.validator) signed a contradiction: \(evidence)")
      steward?.note(evidence)
    case .misbehaved(let peer, let what): logger.warning("validator \(peer): \(what)")
    case .certified(let certificate): add(certificate)
    case .lookUp(let height, let peer):
      guard let certificate = try? ledger.certificate(at: height) else { return }
      configuration.transport.send(NodeMessage.checkpoint(.certificate(certificate)).canonicalBytes, to: peer)
    case .sync(let message, let peer):
      if message.isQuestion { responder.take(message, from: peer) } else { catchUp(.received(message, from: peer)) }
    case .expired(let ids):
      for id in ids {
        for waiter in receiptWaiters.removeValue(forKey: id) ?? [] { waiter.resume(throwing: NodeError.expired(id)) }
      }
    case .leader(let found):
      leader = found
      logger.debug("leader is \(found.map(\.description) ?? "unknown")")
    case .fault(let reason): halt(.engine(reason))
    }
  }

  private func persist(_ write: EngineWrite) {
    unwritten.append(write)
    writeNext()
  }

  /// Writes what waits, all of it in one transaction, unless a write is on its way.
  private func writeNext() {
    guard persisting == nil, fault == nil, let last = unwritten.last else { return }
    let writes = unwritten
    unwritten = []
    persisting = Task.detached { [self] in
      let outcome = await votesThread.run { [self] in
        Result {
          try usingReserve { () throws in
            try configuration.consensusStore.write { writer in for write in writes { try write.apply(to: writer) } }
          } isFull: {
            ($0 as? StoreError) == .diskFull
          }
        }
      }
      await notePersisted(last.sequence, outcome)
    }
  }

  private func notePersisted(_ sequence: UInt64, _ outcome: Result<Void, any Error>) {
    persisting = nil
    if case .failure(let error) = outcome { return halt(.engine(.store(error as? StoreError ?? .io("\(error)")))) }
    if restartWaits {
      restartWaits = false
      restartEngine()
      return drain()
    }
    writeNext()
    handle(.persisted(sequence: sequence))
  }

  private func build(_ transactions: [SignedTransaction], for request: BuildRequest) -> Block? {
    let head = ledger.head
    var (parent, parentID) = (head.header, head.blockID)
    for ancestor in request.ancestors where ancestor.header.height > head.height {
      guard ancestor.header.parent == parentID else { return nil }
      (parent, parentID) = (ancestor.header, ancestor.header.id(genesis: ledger.genesisID, suite: ledger.suite))
    }
    guard parent.height == request.parent else { return nil }
    let time = max(configuration.clock.now, parent.time.advanced(byMilliseconds: 1))
    return Block(
      on: parent, parentID: parentID, time: time, proposer: id.account, transactions: transactions,
      genesis: ledger.genesisID, suite: ledger.suite)
  }

  func settle(_ receipts: [Receipt], at height: BlockHeight) {
    for receipt in receipts {
      for waiter in receiptWaiters.removeValue(forKey: receipt.transaction) ?? [] { waiter.resume(returning: receipt) }
    }
    announce(height)
  }

  /// How much of catching up waits for a block; what is lost beyond that is asked for again.
  private static let heldSyncLimit = 64

  /// Advances catching up; at its end the engine begins anew where the ledger is, as after a restart.
  func catchUp(_ event: StateSync.Event) {
    guard executions.isEmpty else {
      if case .time = event { return }
      if heldSync.count < Self.heldSyncLimit { heldSync.append(event) }
      return
    }
    let outcome = catchUp.step(event)
    for (message, peer) in outcome.messages { configuration.transport.send(NodeMessage.sync(message).canonicalBytes, to: peer) }
    for (peer, fault) in outcome.faults { logger.warning("catching up: \(peer): \(fault)") }
    for height in outcome.executed { settle((try? ledger.receipts(at: height)) ?? [], at: height) }
    if let failure = outcome.failure {
      halt(.sync(failure))
    } else if outcome.isCaughtUp {
      restartEngine()
    }
  }

  private func restartEngine() {
    // What is not written yet the old engine has not acted on, and the new one begins from what is.
    unwritten = []
    guard persisting == nil else {
      restartWaits = true
      return
    }
    do throws(EngineFault) {
      let engine = try EngineFactory.make(
        ledger: ledger, id: id, store: configuration.consensusStore, firstEpoch: configuration.firstEpoch,
        logLength: configuration.raftLogLength, seed: .random(in: 0 ... .max))
      let before = core
      let waiting = before.mempool.candidates(at: 0, count: .max, bytes: .max)
      core = NodeCore(
        genesis: configuration.genesis, id: id, engine: engine, certified: ledger.newestCertified, executed: ledger.head.height,
        seats: ledger.head.seats, signers: ledger.validators(signing: ledger.newestCertified.next), schedule: ledger.head.schedule,
        mempool: configuration.mempool)
      queue = Deque(waiting.compactMap { take(again: $0, from: before) })
      undecided = []
    } catch {
      return halt(.engine(error))
    }
    logger.info("caught up at height \(ledger.head.height)")
    var effects: [NodeCore.Effect] = []
    core.resume(ledger.uncertified, sets: ledger.sets(signingAfter: ledger.newestCertified.next), into: &effects)
    for effect in effects where fault == nil { carryOut(effect) }
  }

  /// What waited in the old core waits in the new one, unless blocks that were fetched hold it or ended its time.
  private func take(again signed: SignedTransaction, from before: NodeCore) -> NodeCore.Event? {
    do throws(AdmissionError) {
      let admitted = try ledger.admit(signed)
      return before.isOwn(admitted.id) ? .submitted(admitted) : .admitted(admitted)
    } catch {
      let id = signed.id(genesis: ledger.genesisID, suite: ledger.suite)
      let reason = signed.transaction.validUntilHeight <= ledger.head.height ? NodeError.expired(id) : .refused(error)
      for waiter in receiptWaiters.removeValue(forKey: id) ?? [] { waiter.resume(throwing: reason) }
      return nil
    }
  }

  private func validate(_ request: ValidationRequest, signatures: Ledger.SignatureCheck) {
    switch Judgement.of(request, signatures: signatures, on: ledger, now: configuration.clock.now) {
    case .valid: queue.append(.validated(id: request.id, true))
    case .invalid(let reason):
      logger.warning("block \(request.block.header.height) of \(request.block.header.proposer) is not valid: \(reason)")
      queue.append(.validated(id: request.id, false))
    case .undecided:
      undecided.append((request, signatures))
      if undecided.count > Self.undecidedLimit { undecided.removeFirst() }
    }
  }

  /// How many blocks wait to become valid; older ones are of views that are over.
  private static let undecidedLimit = 8

  func judgeAgain() {
    guard !undecided.isEmpty else { return }
    let waiting = undecided
    undecided = []
    for (request, signatures) in waiting { validate(request, signatures: signatures) }
    drain()
  }

  private func provide(_ reference: BlockReference, count: Int, to peer: ReplicaID) {
    let blocks = ledger.blocks(endingAt: reference, count: count)
    if !blocks.isEmpty { queue.append(.provided(blocks, to: peer)) }
  }

  private func sign(_ statement: VoteStatement, _ digest: Digest) {
    do throws(KeyError) {
      queue.append(.signedVote(statement, try configuration.key.sign(digest)))
    } catch {
      halt(.key(error))
    }
  }

  private func sign(_ checkpoint: Checkpoint) {
    do throws(KeyError) {
      let digest = checkpoint.digest(genesis: ledger.genesisID, suite: ledger.suite)
      queue.append(.signed(checkpoint, try configuration.key.sign(digest)))
    } catch {
      halt(.key(error))
    }
  }

  private func add(_ certificate: CheckpointCertificate) {
    do throws(LedgerError) {
      try ledger.add(certificate)
    } catch {
      halt(.ledger(error))
    }
    wake()
  }

  private func announce(_ height: BlockHeight) {
    for warning in missing.due((try? ledger.missingContracts()) ?? [], at: ledger.head.height) { logger.warning("\(warning)") }
    for continuation in subscribers.values { continuation.yield(height) }
    wake()
  }

  private func wake() {
    let (head, certified) = (ledger.head.height, ledger.newestCertified)
    let ready = heightWaiters.filter { $0.height <= ($0.isCertified ? certified : head) }
    guard !ready.isEmpty else { return }
    heightWaiters.removeAll { $0.height <= ($0.isCertified ? certified : head) }
    for waiter in ready { waiter.continuation.resume() }
  }

  func halt(_ reason: NodeError) {
    guard fault == nil else { return }
    fault = reason
    if reason != .stopped { logger.error("node stopped: \(reason)") }
    release(throwing: reason)
  }

  private func release(throwing reason: NodeError) {
    let receipts = receiptWaiters.values.flatMap(\.self)
    let heights = heightWaiters
    receiptWaiters = [:]
    heightWaiters = []
    for waiter in receipts { waiter.resume(throwing: reason) }
    for waiter in heights { waiter.continuation.resume(throwing: reason) }
    for continuation in subscribers.values { continuation.finish() }
    subscribers = [:]
  }
}
