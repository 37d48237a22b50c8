internal import ChainCore
internal import ChainNode
internal import Consensus

// Validators that come and go, nodes without a seat, and nodes that catch up.
extension ChainWorld {
  /// How many heights an epoch has where validators change.
  static let shortEpoch: UInt64 = 16

  /// Who has a seat, as the honest node that is furthest knows it.
  var newestSeats: ValidatorSeats {
    var newest = validators[0].ledger
    for index in honest where validators[index].ledger.head.height > newest.head.height { newest = validators[index].ledger }
    return newest.head.seats
  }

  /// Whose contradiction it is.
  func signer(_ evidence: EquivocationEvidence, _ ledger: Ledger) -> Int? {
    let first = BlockHeight(evidence.first.epoch.rawValue * founding.genesis.parameters.epochLength).next
    let members = ledger.validators(signing: first).members
    guard members.indices.contains(Int(evidence.validator)) else { return nil }
    return places[members[Int(evidence.validator)].replica(suite: .international)]
  }

  /// What a node does by itself now and then: it catches up, and its steward hands in what is due.
  mutating func attend(_ index: Int) throws {
    try catchUp(index, .time(clock(index)))
    for signed in validators[index].steward.due(validators[index].ledger) {
      guard var core = validators[index].core else { return }
      let id = signed.id(genesis: validators[index].ledger.genesisID, suite: .international)
      attendance[id] = signed.transaction.entry
      log("N\(index) hands in its \(signed.transaction.entry)")
      var effects: [NodeCore.Effect] = []
      do throws(AdmissionError) {
        try core.submit(try validators[index].ledger.admit(signed), into: &effects)
      } catch {
        log("N\(index) cannot: \(error)")
      }
      validators[index].core = core
      try carryOut(effects, index)
    }
  }

  /// After how long a node with a wrong clock knows of it.
  static let clockMs = 4_000

  /// Tells a node what its wall clock shows.
  mutating func tellTime(_ index: Int) throws {
    let before = validators[index].core?.hasWrongClock ?? false
    try step(index, .wallClock(wallClock(index)))
    guard validators[index].core?.hasWrongClock == true, !before else { return }
    note(.wrongClock)
    log("N\(index) sees that its clock is wrong")
    if faults.wrongClockMs == 0 || index != 0 { throw failure("N\(index) thinks that its clock is wrong") }
  }

  /// A block whose time a wrong clock set, though its node had time to find out.
  func isTimedWrongly(_ block: Block) -> Bool {
    guard faults.wrongClockMs > 0, block.header.proposer == validators[0].id.account else { return false }
    return validators[0].core != nil && now > validators[0].startedAt + Self.clockMs
  }

  /// A question is answered; an answer is of use to who asked.
  mutating func take(_ message: SyncMessage, from peer: ReplicaID, _ index: Int) throws {
    guard message.isQuestion else { return try catchUp(index, .received(message, from: peer)) }
    guard let answer = validators[index].server.answer(message, from: peer, now: clock(index)), let place = places[peer] else { return }
    send(.sync(answer), from: index, to: place)
  }

  mutating func catchUp(_ index: Int, _ event: StateSync.Event) throws {
    guard validators[index].core != nil else { return }
    guard validators[index].executions.isEmpty else {
      if case .time = event { return }
      return validators[index].heldSync.append(event)
    }
    let ledger = validators[index].ledger
    let seats = ledger.head.seats.current
    let outcome = validators[index].catchUp.step(event)
    for (message, peer) in outcome.messages { if let place = places[peer] { send(.sync(message), from: index, to: place) } }
    for height in outcome.executed {
      note(.fetchedBlock)
      if !validators[index].isLiar { try check(try ledger.checkpoint(at: height), try ledger.receipts(at: height), index) }
    }
    if ledger.head.seats.current != seats { note(.newValidators) }
    if let fault = outcome.failure { throw failure("N\(index) cannot catch up: \(fault)") }
    for (peer, fault) in outcome.faults where fault != .late {
      throw failure("N\(index) blames N\(places[peer] ?? -1), which answers honestly: \(fault)")
    }
    guard outcome.isCaughtUp else { return }
    note(.newEngine)
    log("N\(index) has caught up at \(ledger.head.height)")
    try start(index)
  }

  /// The operator gives a seat to another node, or another number of seats, one change at a time.
  mutating func changeValidators() throws {
    enter(.change)
    guard faults.changes > 0, random.below(100_000) < faults.changes else { return }
    if let change, committed[change] == nil { return }
    let seats = newestSeats
    guard seats.next == nil, seats.joining.isEmpty else { return }
    let members = seats.current.members
    let size = founding.genesis.validators.members.count
    let free = validators.indices.filter { index in
      !validators[index].isLiar && validators[index].core != nil && !members.contains { $0.key == validators[index].key.publicKey }
    }
    let spare = free.isEmpty ? nil : free[random.below(free.count)]
    let member = members[random.below(members.count)]
    let kind = random.below(10)
    var wish: ValidatorChange?
    if members.count > size, kind < 5 {
      wish = .remove(member.key)
    } else if let spare {
      let key = validators[spare].key.publicKey
      wish =
        members.count < size || (kind < 3 && members.count == size)
        ? .add(Validator(key: key, weight: 1, organisation: Founding.platform)) : .replace(member.key, by: key)
    }
    guard let wish, strikes(.change, spare ?? 0) else { return }
    try propose(wish, at: BlockHeight(UInt64(chain.count)))
  }

  private mutating func propose(_ wish: ValidatorChange, at height: BlockHeight) throws {
    let genesisID = validators[0].ledger.genesisID
    let signed = try founding.administrator.sign(
      GovernanceContract.name, "propose", ProposeChange(change: wish, reason: ""), chain: founding.genesis.chain, genesis: genesisID,
      validUntil: height.advanced(by: 400), salt: random.next())
    let id = signed.id(genesis: genesisID, suite: .international)
    log("the operator wishes \(wish)")
    calls[id] = Call(signed: signed, validator: desk(), after: answered)
    change = id
    open += 1
    try submit(id)
    enter(.retry)
    schedule(.retry(id), in: 1_500 + random.below(1_000))
  }
}
