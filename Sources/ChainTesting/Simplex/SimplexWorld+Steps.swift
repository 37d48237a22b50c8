internal import ChainCore
internal import Consensus

// One step of one member: its effects are carried out, then every promise is checked.
extension SimplexWorld {
  mutating func step(_ index: Int, _ event: SimplexNode.Event) throws {
    guard var node = members[index].node else { return }
    members[index].node = nil
    steps += 1
    var effects: [SimplexNode.Effect] = []
    if case .time = event {} else { node.step(.time(clock(index)), into: &effects) }
    node.step(event, into: &effects)
    trace.append(.step(index, event, effects), at: now)
    for effect in effects { try carryOut(effect, index) }
    let status = node.status
    if !members[index].isLiar {
      guard status.view >= members[index].view, status.final >= members[index].final else {
        throw failure("M\(index) went back to view \(status.view), final \(status.final)")
      }
      let load = node.load
      guard load.views <= 300 + Int(status.view.rawValue - status.final.rawValue), load.blocks <= 2_600,
        load.waitingCertificates <= 16 * members.count
      else { throw failure("M\(index) keeps too much: \(load)") }
      if status.delayMs > UInt64(delay) { note(.delayGrew) }
      if status.final > members[index].final, status.delayMs != UInt64(delay) {
        throw failure("M\(index) waits \(status.delayMs) ms after a finalization")
      }
    }
    members[index].view = status.view
    members[index].final = status.final
    mix(UInt64(index) &+ UInt64(effects.count) << 8 &+ status.view.rawValue << 24)
    mix(status.final.rawValue)
    members[index].node = node
  }

  private mutating func carryOut(_ effect: SimplexNode.Effect, _ index: Int) throws {
    let life = members[index].life
    switch effect {
    case .persist(let batch): try persist(batch, index)
    case .send(let message, let to):
      if let place = places[to] { try sendToAll(message, from: index, to: place) }
    case .broadcast(let message):
      for to in members.indices where to != index { try send(message, from: index, to: to) }
    case .sign(let statement):
      noteVote(statement, index)
      noteTwin(statement, index)
      nonce += 1
      enter(.crypto, index)
      guard let signature = SimplexKeys.sign(statement, by: members[index].key, set: setTag, nonce: nonce) else { return }
      schedule(.event(.signed(statement, signature), of: index, life: life), in: random.below(2))
    case .verify(let batch, let statements):
      let verdicts = statements.map { SimplexKeys.isValid($0.signature, of: $0.statement, by: $0.validator, set: setTag) }
      enter(.crypto, index)
      schedule(.event(.verified(batch, verdicts), of: index, life: life), in: random.below(3))
    case .build(let view, let parent, let ancestors, let allowsEmpty):
      if view.rawValue > 1, ancestors.last.map({ _ in true }) ?? (parent.height > 0) { noteGap(index, view) }
      let block = members[index].hasWork || allowsEmpty ? makeBlock(on: parent) : nil
      if block != nil, !members[index].hasWork { note(.idleBlock) }
      enter(.build, index)
      schedule(.event(.built(view, block), of: index, life: life), in: 1 + random.below(8))
    case .validate(let proposal, let block, _):
      enter(.build, index)
      let isLate = !isHealed && random.chance(faults.lateVerdicts)
      var ticks = isLate ? random.below(4 * Self.delay) : 1 + random.below(4)
      if isLate, !strikes(.lateVerdict, index, for: ticks) { ticks = 1 }
      schedule(.event(.validated(proposal, isValid(block)), of: index, life: life), in: ticks)
    case .finalized(let block, let view, _): try finalize(block, view, index)
    case .provide(let reference, let count, let to): try provide(reference, count, to, index)
    case .behind(let certificate): catchUp(certificate, index)
    case .wake(let instant):
      schedule(.wake(index, life: life), in: Int(instant.rawValue) - now - members[index].clockOffset)
    case .viewEntered(let view, _):
      mix(view.rawValue)
      members[index].enteredAt = now
    case .evidence(let evidence):
      note(.evidence)
      guard members[index].isLiar || members[Int(evidence.validator)].isLiar else {
        throw failure("M\(index) accuses the honest M\(evidence.validator): \(evidence)")
      }
      guard members[index].isLiar || EquivocationEvidence.contradict(evidence.first, evidence.second) else {
        throw failure("M\(index) calls it a contradiction to say the same twice")
      }
    case .misbehaved(let peer, let what):
      note(what == .badSignature ? .badSignature : what == .falseCertificate ? .falseCertificate : .invalidProposal)
      guard members[index].isLiar || places[peer].map({ members[$0].isLiar }) ?? true else {
        throw failure("M\(index) blames an honest member for \(what)")
      }
    case .fault(let fault):
      if !members[index].isLiar { throw failure("M\(index) stopped: \(fault)") }
    @unknown default: throw failure("M\(index) did what this world does not know: \(effect)")
    }
  }

  private mutating func noteVote(_ statement: VoteStatement, _ index: Int) {
    guard !members[index].isLiar else { return }
    switch statement {
    case .nullify(_, let view):
      if members[index].disk.votes.contains(where: { $0.view == view && $0.kind == .notarize }) { note(.changedMind) }
      if now - members[index].enteredAt < 2 * delay { note(.skipped) }
    case .notarize(let proposal):
      if isBoundary(proposal, index) { note(.reproposed) }
    case .finalize: break
    }
  }

  private func isBoundary(_ proposal: BlockProposal, _ index: Int) -> Bool {
    members[index].disk.votes.contains {
      if case .notarize(let other) = $0 { other.blockID == proposal.blockID && other.view < proposal.view } else { false }
    }
  }

  private mutating func noteGap(_ index: Int, _ view: View) {
    if members[index].final.next < view { note(.gap) }
  }

  private mutating func persist(_ batch: SimplexBatch, _ index: Int) throws {
    if !members[index].isLiar {
      for record in batch.records {
        guard case .certificate(let certificate) = record else { continue }
        try check(certificate, index)
      }
    }
    enter(.disk, index)
    var ticks = 1 + random.below(faults.diskTicks)
    if faults.slowDisk > 0, index == Int(seed % UInt64(members.count)), random.chance(50) {
      ticks += drawn(faults.slowDisk, as: .slowDisk, index)
      note(.slowDisk)
    }
    // In sequence: none before the one before it.
    let due = max(now + ticks, members[index].disk.writing.last?.due ?? 0)
    members[index].disk.writing.append((due, batch))
    schedule(.written(index, life: members[index].life), in: due - now)
  }

  /// A certificate that an honest member holds must verify from scratch.
  private mutating func check(_ certificate: QuorumCertificate, _ index: Int) throws {
    let statement = certificate.statement
    let isValid =
      (try? SignerBitmap.check(certificate.bitmap, signatures: certificate.signatures.count, in: set, rule: .moreThanTwoThirds)) != nil
      && zip(certificate.signers, certificate.signatures).allSatisfy {
        SimplexKeys.isValid($1, of: statement, by: $0, set: setTag)
      } && statement.epoch == 0
    guard isValid else { throw failure("M\(index) holds a certificate that does not verify: \(certificate.statement)") }
    if statement.view < members[index].view { note(.oldCertificate) }
    if statement.kind == .nullify { note(.nullified) }
    if statement.kind == .notarize, members[index].disk.votes.contains(.nullify(0, statement.view)) { note(.notarizedTooLate) }
    let (broken, isSplit) = checker.certified(statement)
    if let broken { throw failure("\(broken) (seen by M\(index))") }
    if isSplit { note(.split) }
  }

  private mutating func finalize(_ block: Block, _ view: View, _ index: Int) throws {
    let id = block.header.id(genesis: genesis, suite: .international)
    let reference = BlockReference(height: block.header.height, id: id)
    let last = members[index].disk.ledger.last?.reference ?? root
    // A ledger that caught up by other means has it already.
    if reference.height <= last.height, members[index].disk.ledger.contains(where: { $0.reference == reference }) { return }
    guard block.header.parent == last.id, block.header.height == last.height.next else {
      throw failure("M\(index) gave out block \(block.header.height) after \(last.height)")
    }
    members[index].disk.ledger.append(SimplexDisk.Final(reference: reference, block: block, view: view))
    note(.final)
    if block.header.height == lastHeight { note(.epochEnd) }
    if !members[index].isLiar, let broken = checker.finalized(reference, by: index, at: now) { throw failure("M\(index): \(broken)") }
    enter(.ledger, index)
    let due = max(now + 1 + random.below(20), members[index].disk.ledgerDue.last?.due ?? 0)
    members[index].disk.ledgerDue.append((due, members[index].disk.ledger.count))
    schedule(.ledgerWritten(index, life: members[index].life), in: due - now)
  }

  /// Serves blocks from the ledger, as a host does.
  private mutating func provide(_ reference: BlockReference, _ count: Int, _ to: ReplicaID, _ index: Int) throws {
    guard let place = places[to] else { return }
    let ledger = members[index].disk.ledger
    guard let end = ledger.lastIndex(where: { $0.reference.id == reference.id }) else { return }
    let blocks = ledger[max(0, end + 1 - count)...end].reversed().map(\.block)
    try sendToAll(SimplexMessage(genesis: genesis, epoch: 0, body: .blocks(blocks)), from: index, to: place)
  }

  /// The host's own way of catching up: the ledger of whoever has the final block.
  private mutating func catchUp(_ certificate: QuorumCertificate, _ index: Int) {
    note(.synced)
    let target = certificate.statement.proposal?.blockID
    guard let source = honest.first(where: { members[$0].disk.ledger.contains { $0.reference.id == target } }) else { return }
    let missing = members[source].disk.ledger[members[index].disk.ledger.count...]
    for final in missing {
      members[index].disk.ledger.append(final)
      if final.reference.id == target { break }
    }
    members[index].disk.ledgerDurable = members[index].disk.ledger.count
    guard let last = members[index].disk.ledger.last else { return }
    enter(.sync, index)
    schedule(.event(.synced(last.reference), of: index, life: members[index].life), in: 1 + random.below(100))
  }

  mutating func makeBlock(on parent: BlockReference, isValid: Bool = true) -> Block {
    nextBlock += 1
    let header = BlockHeader(
      chain: ChainID(unchecked: "world"), height: parent.height.next, parent: parent.id,
      time: BlockTime(nextBlock << 1 | (isValid ? 0 : 1)), proposer: members[0].id.account, transactionsRoot: emptyRoot)
    return Block(header: header, transactions: [])
  }

  private func isValid(_ block: Block) -> Bool { block.header.time.rawValue & 1 == 0 }

  /// Also to its twin, if it has one.
  private mutating func sendToAll(_ message: SimplexMessage, from: Int, to: Int) throws {
    try send(message, from: from, to: to)
    if let other = twins.other(of: to) { try send(message, from: from, to: other) }
  }

  private mutating func send(_ message: SimplexMessage, from: Int, to: Int) throws {
    guard members[from].key != members[to].key else { return }
    if members[from].isTwin { return carry(message, from: from, to: to) }
    if members[from].isLiar {
      enter(.lie, from, to)
      let forged = lie(message, from: from, to: to)
      for said in forged == [message] || strikes(.lie, from, to) ? forged : [message] { carry(said, from: from, to: to) }
      return
    }
    if let broken = checker.sent(message, by: from, disk: members[from].disk) { throw failure("M\(from): \(broken)") }
    if case .blocks = message.body { note(.fetchedBlock) }
    carry(message, from: from, to: to)
  }

  mutating func carry(_ message: SimplexMessage, from: Int, to: Int) {
    let link = from * members.count + to
    guard !blocked.contains(link), !twins.unseen.contains(link) else { return }
    enter(.send, from, to)
    var ticks = 1 + random.below(faults.latency)
    if isHealed {
      ticks = 1 + random.below(min(faults.latency, Self.delay / 2))
    } else {
      if random.chance(faults.loss), strikes(.loss, from, to) { return note(.loss) }
      if ticks > 1, !strikes(.delay, from, to, for: ticks - 1) { ticks = 1 }
      if random.chance(faults.stragglers) {
        ticks += drawn(8 * Self.delay, as: .straggler, from, to)
        note(.overtaken)
      }
      if random.chance(faults.repetition), strikes(.repetition, from, to) {
        note(.repetition)
        schedule(.message(message, from: from, to: to), in: 1 + random.below(4 * Self.delay))
      }
    }
    schedule(.message(message, from: from, to: to), in: ticks)
  }
}
