public import ChainCore

/// Orders blocks by Simplex: for chains whose validators, less than a third of the weight, may lie.
///
/// Heights are in epochs of `ChainParameters.epochLength`; each has its own validator set and `SimplexNode`. The next one begins when the last block of the one before
/// is executed and its checkpoint certified; the one before goes on answering who is behind. A position is epoch · 2^32 + view.
public struct SimplexEngine: Engine {
  private let genesis: Genesis
  private let genesisID: GenesisID
  private let id: ReplicaID
  private let mayVote: Bool
  /// The set of the running epoch.
  private var validators: ValidatorSet
  private var setHash: Digest
  /// Who has a seat after the newest executed height.
  private var seats: ValidatorSeats
  private var others: [ReplicaID]
  private var node: SimplexNode
  private var epoch: Epoch
  private var later: LaterEpochs
  /// The epochs before, for who is behind; they vote no more.
  private var former: [(epoch: Epoch, node: SimplexNode)] = []
  private var now: MonotonicInstant = 0
  private var head: BlockHeight
  private var certified: BlockHeight
  private var nextSequence: UInt64 = 1
  /// The node's sequence and epoch of each write under way.
  private var writing: [(sequence: UInt64, epoch: Epoch, inner: UInt64)] = []
  private var floor: View = 0
  private var nextRequest: UInt64 = 1
  private var building: (id: UInt64, view: View)?
  private var validating: [(id: UInt64, proposal: BlockProposal)] = []
  /// Requests for verification: the host's number, whose epoch's, the node's.
  private var verifying: [UInt64: (epoch: Epoch, batch: UInt64)] = [:]
  /// Blocks given out and not executed: the view that the node is told of when they are.
  private var executing: [(position: UInt64, block: Block, view: View)] = []
  private var lastBlock: BlockReference
  private var isHeldBack = false
  /// The view that it leads and in which it waits for more transactions.
  private var waitsForCompany: View?
  private var reportedFault: EngineFault?

  /// What the host's ledger holds, for an engine that starts.
  public struct Start: Sendable {
    /// The ledger's last block.
    public var head: BlockReference
    /// `LedgerHead.position`.
    public var position: UInt64
    /// The greatest certified height.
    public var certified: BlockHeight
    /// The last block of the epoch before that of the head; the genesis block in the first.
    public var root: BlockReference
    /// The host's statement that the validator's key never voted in this epoch or a later one; needed when the store is new.
    public var firstEpoch: Epoch?
    /// The set that signs the height after the root.
    public var validators: ValidatorSet
    /// Who has a seat after the ledger's last block.
    public var seats: ValidatorSeats

    /// Puts the parts together.
    public init(
      head: BlockReference, position: UInt64, certified: BlockHeight, root: BlockReference, firstEpoch: Epoch?, validators: ValidatorSet,
      seats: ValidatorSeats
    ) {
      self.head = head
      self.position = position
      self.certified = certified
      self.root = root
      self.firstEpoch = firstEpoch
      self.validators = validators
      self.seats = seats
    }
  }

  /// The height of the root of the epoch in which a chain whose last block is `head` goes on.
  ///
  /// The epoch of a head that is an epoch's last block is over only when its checkpoint is certified.
  public static func rootHeight(head: BlockHeight, certified: BlockHeight, epochLength: UInt64) -> BlockHeight {
    guard head > 0, epochLength > 0 else { return 0 }
    if head.rawValue.isMultiple(of: epochLength), certified >= head { return head }
    return BlockHeight((head.rawValue - 1) / epochLength * epochLength)
  }

  /// A validator that continues from its store.
  /// - Throws: `EngineFault.journalMissing` if the store is new and nobody says that the key never voted; `.simplex`, `.store`.
  public init(genesis: Genesis, id: ReplicaID, store: any KeyValueStore, start: Start) throws(EngineFault) {
    self.genesis = genesis
    genesisID = genesis.id
    self.id = id
    validators = start.validators
    setHash = start.validators.hash(genesis: genesisID, suite: genesis.suite)
    seats = start.seats
    others = Self.others(in: start.validators, genesis.suite, than: id)
    later = LaterEpochs(start.validators, suite: genesis.suite, id: id)
    let epoch = Epoch(start.root.height.rawValue / max(1, genesis.parameters.epochLength))
    let journal = SimplexStore(store: store)
    var records: [SimplexRecord] = []
    do {
      if let first = try journal.firstEpoch() {
        mayVote = epoch >= first
      } else {
        let isMember = start.validators.members.contains { $0.replica(suite: genesis.suite) == id }
        guard let first = start.firstEpoch ?? (isMember ? nil : epoch) else { throw EngineFault.journalMissing }
        try journal.begin(first)
        mayVote = epoch >= first
      }
      records = try journal.records(of: epoch)
    } catch let error as EngineFault {
      throw error
    } catch let error as StoreError {
      throw .store(error)
    } catch {
      throw .simplex(.journalCorrupt("\(error)"))
    }
    self.epoch = epoch
    head = start.head.height
    certified = start.certified
    lastBlock = start.head
    let view = start.position >> 32 == epoch.rawValue ? View(start.position & 0xffff_ffff) : 0
    node = try Self.node(
      genesis, id, epoch, start.validators, root: start.root, mayVote: mayVote,
      restoring: SimplexRestoredState(records: records, ledger: start.head, ledgerView: view))
  }

  private static func node(
    _ genesis: Genesis, _ id: ReplicaID, _ epoch: Epoch, _ validators: ValidatorSet, root: BlockReference, mayVote: Bool,
    restoring state: SimplexRestoredState
  ) throws(EngineFault) -> SimplexNode {
    var configuration = SimplexConfiguration(
      id: id, genesis: genesis.id, suite: genesis.suite, epoch: epoch, validators: validators, root: root,
      lastHeight: root.height.advanced(by: genesis.parameters.epochLength))
    configuration.idleIntervalMs = genesis.parameters.idleIntervalMs
    configuration.mayVote = mayVote
    do throws(SimplexFault) {
      return try SimplexNode(configuration: configuration, restoring: state)
    } catch {
      throw .simplex(error)
    }
  }

  private static func others(in validators: ValidatorSet, _ suite: CryptoSuite, than id: ReplicaID) -> [ReplicaID] {
    validators.members.map { $0.replica(suite: suite) }.filter { $0 != id }
  }

  /// The node of the current epoch, for tests and metrics.
  public var simplexStatus: SimplexNode.Status { node.status }

  /// How it gets on.
  public var status: EngineStatus {
    let status = node.status
    return EngineStatus(
      id: id, leader: status.leader, round: status.view.rawValue, decided: Self.position(epoch, status.final), fault: reportedFault)
  }

  private static func position(_ epoch: Epoch, _ view: View) -> UInt64 { epoch.rawValue << 32 | view.rawValue }

  /// Advances the engine.
  public mutating func step(_ event: EngineEvent, into effects: inout [EngineEffect]) {
    guard reportedFault == nil else { return }
    switch event {
    case .time(let now):
      self.now = max(self.now, now)
      run(.time(now), into: &effects)
      endWaitIfLate(into: &effects)
      // What is being executed may be the epoch's last block.
      if executing.isEmpty, later.isLeftBehind(at: self.now) { effects.append(.behind(nil)) }
    case .received(let bytes, let from): receive(bytes, from: from, into: &effects)
    case .persisted(let sequence): notePersisted(sequence, into: &effects)
    case .workPending: run(.workPending(true), into: &effects)
    case .built(let request, let block):
      guard let asked = building, asked.id == request.id else { return }
      building = nil
      waitsForCompany = block == nil && request.least > 1 ? asked.view : nil
      run(.built(asked.view, block), into: &effects)
    case .validated(let id, let isValid):
      guard let place = validating.firstIndex(where: { $0.id == id }) else { return }
      run(.validated(validating.remove(at: place).proposal, isValid), into: &effects)
    case .signed(let statement, let signature):
      if statement.epoch == epoch { run(.signed(statement, signature), into: &effects) }
    case .verified(let id, let verdicts):
      guard let asked = verifying.removeValue(forKey: id), asked.epoch == epoch else { return }
      run(.verified(asked.batch, verdicts), into: &effects)
    case .provided(let blocks, let peer):
      guard !blocks.isEmpty else { return }
      let message = SimplexMessage(genesis: genesisID, epoch: epoch, body: .blocks(blocks))
      effects.append(.send(message.canonicalBytes, to: peer))
    case .seats(let seats, _): self.seats = seats
    // Each validator compares a block's time with its own clock.
    case .clock: return
    case .executed(let position, let height): noteExecuted(position, height, into: &effects)
    case .certified(let height):
      certified = max(certified, height)
      if isHeldBack {
        isHeldBack = false
        run(.workPending(true), into: &effects)
      }
    }
    enterNextEpochIfReady(into: &effects)
  }

  private mutating func receive(_ bytes: [UInt8], from: ReplicaID, into effects: inout [EngineEffect]) {
    guard let message = try? SimplexMessage(canonicalBytes: bytes) else { return }
    if message.epoch == epoch { return run(.received(message, from: from), into: &effects) }
    guard message.epoch < epoch else { return later.hear(from, at: now) }
    guard let place = former.firstIndex(where: { $0.epoch == message.epoch }) else { return }
    var found: [SimplexNode.Effect] = []
    former[place].node.step(.time(now), into: &found)
    former[place].node.step(.received(message, from: from), into: &found)
    // It only answers: whatever else it would do is over.
    for effect in found {
      switch effect {
      case .send(let answer, let to): effects.append(.send(answer.canonicalBytes, to: to))
      case .provide(let reference, let count, let to): effects.append(.provide(reference, count: count, to: to))
      default: break
      }
    }
  }

  private mutating func notePersisted(_ sequence: UInt64, into effects: inout [EngineEffect]) {
    let done = writing.prefix { $0.sequence <= sequence }
    writing.removeFirst(done.count)
    if let last = done.last(where: { $0.epoch == epoch && $0.inner > 0 }) { run(.persisted(sequence: last.inner), into: &effects) }
  }

  /// Asks once more, for whatever there is.
  private mutating func endWaitIfLate(into effects: inout [EngineEffect]) {
    guard let view = waitsForCompany, node.current != view || node.isLate else { return }
    waitsForCompany = nil
    if node.current == view { run(.workPending(true), into: &effects) }
  }

  private mutating func noteExecuted(_ position: UInt64, _ height: BlockHeight, into effects: inout [EngineEffect]) {
    head = max(head, height)
    let done = executing.prefix { $0.block.header.height <= head }
    executing.removeFirst(done.count)
    if let last = done.last {
      waitsForCompany = nil
      run(.executed(through: last.view), into: &effects)
      // The host says anew what still waits.
      run(.workPending(false), into: &effects)
    }
  }

  /// Begins the next epoch once this one's last block is executed and certified.
  private mutating func enterNextEpochIfReady(into effects: inout [EngineEffect]) {
    guard node.isComplete, head >= lastBlock.height, certified >= lastBlock.height, reportedFault == nil else { return }
    // What waited for the last epoch's leaders waits for this one's: the host does not say it again.
    let hasWork = node.hasWork
    former.append((epoch, node))
    if former.count > 2 { former.removeFirst() }
    epoch = epoch.next
    validators = seats.current
    setHash = validators.hash(genesis: genesisID, suite: genesis.suite)
    others = Self.others(in: validators, genesis.suite, than: id)
    later = LaterEpochs(validators, suite: genesis.suite, id: id)
    do throws(EngineFault) {
      node = try Self.node(
        genesis, id, epoch, validators, root: lastBlock, mayVote: mayVote,
        restoring: SimplexRestoredState(records: [], ledger: lastBlock, ledgerView: 0))
    } catch {
      return stop(error, into: &effects)
    }
    floor = 0
    building = nil
    waitsForCompany = nil
    validating = []
    write(SimplexStore.forget(before: Epoch(epoch.rawValue > 2 ? epoch.rawValue - 2 : 0), sequence: nextSequence), inner: 0, into: &effects)
    run(.time(now), into: &effects)
    if hasWork { run(.workPending(true), into: &effects) }
  }

  private mutating func stop(_ fault: EngineFault, into effects: inout [EngineEffect]) {
    reportedFault = fault
    effects.append(.fault(fault))
  }

  private mutating func write(_ write: EngineWrite, inner: UInt64, into effects: inout [EngineEffect]) {
    writing.append((nextSequence, epoch, inner))
    nextSequence += 1
    effects.append(.persist(write))
  }

  /// Steps the node and carries its effects over.
  private mutating func run(_ event: SimplexNode.Event, into effects: inout [EngineEffect]) {
    var found: [SimplexNode.Effect] = []
    if case .time = event {} else { node.step(.time(now), into: &found) }
    node.step(event, into: &found)
    for effect in found { carryOver(effect, into: &effects) }
  }

  private mutating func carryOver(_ effect: SimplexNode.Effect, into effects: inout [EngineEffect]) {
    switch effect {
    case .persist(let batch):
      let next = SimplexStore.write(batch, sequence: nextSequence, epoch: epoch, floorBefore: floor)
      floor = max(floor, batch.floor)
      write(next, inner: batch.sequence, into: &effects)
    case .send(let message, let to): effects.append(.send(message.canonicalBytes, to: to))
    case .broadcast(let message):
      let bytes = message.canonicalBytes
      for replica in others { effects.append(.send(bytes, to: replica)) }
    case .sign(let statement):
      effects.append(.sign(statement, statement.digest(genesis: genesisID, suite: genesis.suite, validatorSetHash: setHash)))
    case .verify(let batch, let statements):
      let checks = statements.map {
        SignatureCheck(
          key: validators.members[$0.validator].key,
          digest: $0.statement.digest(genesis: genesisID, suite: genesis.suite, validatorSetHash: setHash), signature: $0.signature)
      }
      verifying[nextRequest] = (epoch, batch)
      effects.append(.verify(id: nextRequest, checks))
      nextRequest += 1
    case .build(let view, let parent, let ancestors, let allowsEmpty):
      build(view, parent, ancestors, allowsEmpty: allowsEmpty, into: &effects)
    case .validate(let proposal, let block, let ancestors):
      validating.removeAll { $0.proposal.view < proposal.view }
      validating.append((nextRequest, proposal))
      effects.append(.validate(ValidationRequest(id: nextRequest, block: block, ancestors: executing.map(\.block) + ancestors)))
      nextRequest += 1
    case .finalized(let block, let view, _):
      lastBlock = BlockReference(
        height: block.header.height, id: block.header.id(genesis: genesisID, suite: genesis.suite))
      let position = Self.position(epoch, view)
      executing.append((position, block, view))
      effects.append(.decided(position: position, block))
    case .provide(let reference, let count, let to): effects.append(.provide(reference, count: count, to: to))
    case .behind(let certificate):
      if let proposal = certificate.statement.proposal { effects.append(.behind(proposal.blockID)) }
    case .wake(let instant): effects.append(.wake(at: instant))
    case .viewEntered(_, let leader): effects.append(.leader(leader))
    case .evidence(let evidence): effects.append(.evidence(evidence))
    case .misbehaved(let peer, let what): effects.append(.misbehaved(peer, what))
    case .fault(let fault): stop(.simplex(fault), into: &effects)
    }
  }

  /// Lets the host build, unless execution is too far ahead of the certificates.
  private mutating func build(
    _ view: View, _ parent: BlockReference, _ ancestors: [Block], allowsEmpty: Bool, into effects: inout [EngineEffect]
  ) {
    waitsForCompany = nil
    // While a final block is being executed another small one would only stand in line; the end of its execution, or half of D, ends that.
    let least = executing.isEmpty || node.isLate ? 1 : BuildRequest.leastOnOpenBlock
    // The replica knows what it gave out; the ledger may not have executed all of it yet.
    let request = BuildRequest(
      id: nextRequest, parent: parent.height, ancestors: executing.map(\.block) + ancestors, allowsEmpty: allowsEmpty, least: least)
    nextRequest += 1
    building = (request.id, view)
    guard parent.height.rawValue + 1 < certified.rawValue + genesis.parameters.certificateLag else {
      isHeldBack = true
      building = nil
      return run(.built(view, nil), into: &effects)
    }
    effects.append(.build(request))
  }
}
