internal import ChainCore
internal import ChainNode
internal import Consensus

// One step of one node: its effects are carried out as a host does.
extension ChainWorld {
  mutating func step(_ index: Int, _ event: NodeCore.Event) throws {
    guard var core = validators[index].core else { return }
    steps += 1
    var effects: [NodeCore.Effect] = []
    core.step(event, into: &effects)
    validators[index].core = core
    mix(UInt64(index) &+ UInt64(effects.count) << 8)
    try carryOut(effects, index)
  }

  mutating func carryOut(_ effects: [NodeCore.Effect], _ index: Int) throws {
    // What an effect brings about at once is handled after the others, as a host's queue does.
    var events: [NodeCore.Event] = []
    let life = validators[index].life
    for effect in effects where validators[index].life == life { try carryOut(effect, index, &events) }
    for event in events where validators[index].life == life { try step(index, event) }
  }

  private mutating func carryOut(_ effect: NodeCore.Effect, _ index: Int, _ events: inout [NodeCore.Event]) throws {
    let life = validators[index].life
    let ledger = validators[index].ledger
    switch effect {
    case .persist(let write):
      // In sequence: none before the one before it.
      enter(.disk, index)
      let due = max(now + 1 + random.below(faults.diskMs), validators[index].writeDue)
      validators[index].writeDue = due
      schedule(.write(write, of: index, life: life), in: due - now)
    case .send(let message, let to): if let place = places[to] { send(message, from: index, to: place) }
    case .admit(let transactions):
      for case .success(let admitted) in ledger.admit(transactions) { events.append(.admitted(admitted)) }
    case .build(let request, let transactions): events.append(.built(request, build(transactions, request, index)))
    case .execute(let position, let block, let signatures):
      let execution = Execution(block: block, position: position, signatures: signatures)
      if validators[index].executions.isEmpty, random.chance(50) {
        validators[index].executions.append(execution)
        events += try commitFirst(index)
      } else {
        validators[index].executions.append(execution)
        validators[index].executionDue = max(validators[index].executionDue, now + 1 + random.below(2 * faults.diskMs))
        schedule(.execution(of: index, life: life), in: validators[index].executionDue - now)
      }
    case .sign(let checkpoint):
      let signature = try validators[index].key.sign(checkpoint.digest(genesis: ledger.genesisID, suite: .international))
      schedule(.event(.signed(checkpoint, signature), of: index, life: life), in: 1)
    case .certified(let certificate):
      note(.certificate)
      do { try ledger.add(certificate) } catch { throw failure("N\(index) cannot keep a certificate: \(error)") }
    case .lookUp(let height, let peer):
      if let certificate = try? ledger.certificate(at: height), let place = places[peer] {
        send(.checkpoint(.certificate(certificate)), from: index, to: place)
      }
    case .validate(let request, let signatures): judge(request, signatures, index)
    case .signVote(let statement, let digest):
      if statement.kind == .nullify { log("N\(index) votes to leave view \(statement.view)") }
      schedule(.event(.signedVote(statement, try validators[index].key.sign(digest)), of: index, life: life), in: 1)
    case .verify(let id, let checks):
      schedule(.event(.verified(id: id, checks.map { isValid($0) }), of: index, life: life), in: 1)
    case .provide(let reference, let count, let peer):
      let blocks = ledger.blocks(endingAt: reference, count: count)
      if !blocks.isEmpty { events.append(.provided(blocks, to: peer)) }
    case .evidence(let evidence):
      note(.evidence)
      guard let accused = signer(evidence, ledger), validators[accused].isLiar else {
        throw failure("N\(index) accuses the honest validator \(evidence.validator) of epoch \(evidence.first.epoch)")
      }
      validators[index].steward.note(evidence)
    case .misbehaved(let peer, let what):
      guard validators[index].isLiar || places[peer].map({ validators[$0].isLiar }) ?? true else {
        throw failure("N\(index) blames an honest validator: \(what)")
      }
    case .fault(let fault): if !validators[index].isLiar { throw failure("N\(index) stopped: \(fault)") }
    case .expired(let ids):
      if ids.contains(where: { calls[$0]?.isAnswered == false }) { throw failure("a transaction expired in calm or load") }
    case .leader(let leader):
      log(
        "N\(index) is in view or term \(validators[index].core?.engineStatus.round ?? 0), led by \(leader.flatMap { places[$0] }.map { "N\($0)" } ?? "nobody")"
      )
    case .behind:
      if founding.genesis.engine == .raft { note(.behindLog) }
      try catchUp(index, .behind)
    case .sync(let message, let peer): try take(message, from: peer, index)
    @unknown default: throw failure("N\(index) did what this world does not know")
    }
  }

  private mutating func isValid(_ check: SignatureCheck) -> Bool {
    if let known = checked[check] { return known }
    if checked.count > 20_000 { checked.removeAll() }
    let verdict = check.isValid
    checked[check] = verdict
    return verdict
  }

  private mutating func build(_ transactions: [SignedTransaction], _ request: BuildRequest, _ index: Int) -> Block? {
    let ledger = validators[index].ledger
    var (parent, parentID) = (ledger.head.header, ledger.head.blockID)
    for ancestor in request.ancestors where ancestor.header.height > ledger.head.height {
      guard ancestor.header.parent == parentID else { return nil }
      (parent, parentID) = (ancestor.header, ancestor.header.id(genesis: ledger.genesisID, suite: .international))
    }
    guard parent.height == request.parent else { return nil }
    let time = max(wallClock(index), parent.time.advanced(byMilliseconds: 1))
    return Block(
      on: parent, parentID: parentID, time: time, proposer: validators[index].id.account, transactions: transactions,
      genesis: ledger.genesisID, suite: .international)
  }

  private mutating func judge(_ request: ValidationRequest, _ signatures: Ledger.SignatureCheck, _ index: Int) {
    switch Judgement.of(request, signatures: signatures, on: validators[index].ledger, now: wallClock(index)) {
    case .valid: schedule(.event(.validated(id: request.id, true), of: index, life: validators[index].life), in: 1)
    case .invalid(let reason):
      log("N\(index) finds block \(request.block.header.height) invalid: \(reason)")
      schedule(.event(.validated(id: request.id, false), of: index, life: validators[index].life), in: 1)
    case .undecided:
      note(.undecided)
      validators[index].undecided.append((request, signatures))
      if validators[index].undecided.count > 8 { validators[index].undecided.removeFirst() }
    }
  }

  mutating func judgeAgain(_ index: Int) {
    let waiting = validators[index].undecided
    validators[index].undecided = []
    for (request, signatures) in waiting { judge(request, signatures, index) }
  }

  /// Executes the blocks that wait, each on the one before it, and commits the first of them together, as nodes do.
  mutating func executeNext(_ index: Int) throws {
    guard !validators[index].executions.isEmpty else { return }
    let life = validators[index].life
    for event in try commitFirst(index) where validators[index].life == life { try step(index, event) }
    guard validators[index].life == life, validators[index].executions.isEmpty else { return }
    let held = validators[index].heldSync
    validators[index].heldSync = []
    for event in held where validators[index].life == life { try catchUp(index, event) }
  }

  /// How many blocks are committed together at most.
  private static let blocksTogether: UInt64 = 4

  /// Commits one block or some, and checks what must hold after each.
  private mutating func commitFirst(_ index: Int) throws -> [NodeCore.Event] {
    let ledger = validators[index].ledger
    let first = validators[index].executions[0]
    if first.early != nil { note(.executedEarly) }
    var seats = ledger.head.seats
    let count: Int
    let committed: [(checkpoint: Checkpoint, seats: ValidatorSeats)]
    do throws(LedgerError) {
      var group: [ExecutedBlock] = []
      if let executed = try execute(first, on: ledger, after: nil) {
        // Sometimes one alone, sometimes several; the same in each run of a seed.
        let most = 1 + Int(first.block.header.height.rawValue % Self.blocksTogether)
        group = [executed] + ahead(of: executed, index)
        group.removeLast(max(0, group.count - most))
        if group.count > 1 { note(.committedTogether) }
        committed = zip(try ledger.commit(group), group).map { ($0.checkpoint, $1.seats) }
      } else {
        let checkpoint = try ledger.commit(first.block, position: first.position, signatures: first.signatures)
        committed = [(checkpoint, ledger.head.seats)]
      }
      count = max(1, group.count)
    } catch {
      validators[index].executions.removeFirst()
      switch error {
      case .invalidBlock, .wrongHeight, .otherBlock: return [.skipped(position: first.position, head: ledger.head.height)]
      default: throw failure("N\(index) cannot commit: \(error)")
      }
    }
    let executions = Array(validators[index].executions.prefix(count))
    validators[index].executions.removeFirst(count)
    validators[index].core?.schedule = ledger.head.schedule
    return try zip(executions, committed).map { execution, committed in
      defer { seats = committed.seats }
      return try noteCommitted(execution, committed.checkpoint, seats: committed.seats, before: seats, index)
    }
  }

  private func execute(_ execution: Execution, on ledger: Ledger, after previous: ExecutedBlock?) throws(LedgerError) -> ExecutedBlock? {
    if let early = execution.early { return early }
    return try ledger.execute(execution.block, position: execution.position, after: previous, signatures: execution.signatures)
  }

  /// Executes the blocks that wait behind the first one, as far as that goes.
  private mutating func ahead(of first: ExecutedBlock, _ index: Int) -> [ExecutedBlock] {
    var found = [first]
    for place in validators[index].executions.indices.dropFirst() {
      let execution = validators[index].executions[place]
      // What is not valid is found out again in its turn.
      guard let next = try? execute(execution, on: validators[index].ledger, after: found.last) else { break }
      validators[index].executions[place].early = next
      found.append(next)
    }
    return Array(found.dropFirst())
  }

  /// Checks what must hold after a block.
  private mutating func noteCommitted(
    _ execution: Execution, _ checkpoint: Checkpoint, seats: ValidatorSeats, before: ValidatorSeats, _ index: Int
  ) throws -> NodeCore.Event {
    let ledger = validators[index].ledger
    if Int(checkpoint.height.rawValue) > chain.count, isTimedWrongly(execution.block) {
      throw failure("N0 leads though its clock is wrong")
    }
    let receipts = try ledger.receipts(at: checkpoint.height)
    if !validators[index].isLiar { try check(checkpoint, receipts, index) }
    if seats.current != before.current { note(.newValidators) }
    return .executed(
      position: execution.position, checkpoint, ids: receipts.map(\.transaction), seats: seats == before ? nil : seats)
  }

  mutating func check(_ checkpoint: Checkpoint, _ receipts: [Receipt], _ index: Int) throws {
    let place = Int(checkpoint.height.rawValue) - 1
    if place < chain.count {
      guard chain[place] == checkpoint else { throw failure("N\(index) has another block or state at height \(checkpoint.height)") }
    } else {
      guard place == chain.count else { throw failure("N\(index) executed height \(checkpoint.height) before \(chain.count + 1)") }
      chain.append(checkpoint)
      note(.block)
      if receipts.count > 1 { note(.batch) }
      // Only a time in which clients waited is a pause.
      if waiting > 0 { longestPauseMs = max(longestPauseMs, now - lastBlockAt) }
      lastBlockAt = now
      for (order, receipt) in receipts.enumerated() {
        let here = CallPlace(height: checkpoint.height, index: UInt32(order))
        if receipt.status != .succeeded { note(.failedCall) }
        if let before = committed[receipt.transaction] {
          throw failure("transaction \(receipt.transaction) is in blocks \(before.height) and \(here.height)")
        }
        committed[receipt.transaction] = here
        try noteOutcome(receipt, at: checkpoint.height)
        if calls[receipt.transaction]?.isKnown == true { waiting -= 1 }
        if let entry = attendance[receipt.transaction] {
          if receipt.status == .succeeded { note(entry == "evidence" ? .conviction : .newcomer) }
          continue
        }
        if guests.contains(receipt.transaction) { continue }
        guard let call = calls[receipt.transaction] else { throw failure("nobody made transaction \(receipt.transaction)") }
        guard call.after < here || call.after.height == 0 else {
          throw failure("transaction \(receipt.transaction) stands before what was answered before it was made")
        }
      }
      mix(checkpoint.height.rawValue)
      if let broken = workload.violation(in: validators[index].ledger) { throw failure("height \(checkpoint.height): \(broken)") }
      log("N\(index) executes height \(checkpoint.height), \(receipts.count) transactions")
    }
    for receipt in receipts where calls[receipt.transaction]?.validator == index { answer(receipt.transaction) }
  }

  mutating func send(_ message: NodeMessage, from: Int, to: Int) {
    guard from != to else { return }
    if validators[from].isLiar {
      enter(.lie, from, to)
      let forged = lie(message, from: from, to: to)
      for said in forged == [message] || strikes(.lie, from, to) ? forged : [message] { carry(said.canonicalBytes, from: from, to: to) }
    } else {
      carry(message.canonicalBytes, from: from, to: to)
    }
  }

  private mutating func carry(_ bytes: [UInt8], from: Int, to: Int) {
    guard !blocked.contains(from * validators.count + to) else { return }
    enter(.send, from, to)
    let latency = isHealed ? min(faults.latencyMs, 50) : faults.latencyMs
    if !isHealed {
      if random.chance(faults.loss), strikes(.loss, from, to) { return note(.loss) }
      if random.chance(faults.repetition), strikes(.repetition, from, to) {
        note(.repetition)
        schedule(.message(bytes, from: from, to: to), in: 1 + random.below(1_000))
      }
    }
    let ticks = isHealed ? random.below(latency) : drawn(latency, as: .delay, from, to)
    schedule(.message(bytes, from: from, to: to), in: 1 + ticks)
  }
}
