internal import ChainCore
internal import Consensus

/// What liars remember, to lie consistently where that hurts more.
struct SimplexAdversary {
  /// The second block of a view in which a liar leads: who got it.
  var twins: [View: (proposal: BlockProposal, block: Block)] = [:]
  /// Old messages, to be sent again.
  var old: [SimplexMessage] = []
}

// A liar runs an honest member's code; what it says is replaced on its way out. It signs anything with its own key and nothing with others'.
extension SimplexWorld {
  /// What the liar `from` sends to `to` instead of `message`.
  mutating func lie(_ message: SimplexMessage, from: Int, to: Int) -> [SimplexMessage] {
    if adversary.old.count < 200 { adversary.old.append(message) } else { adversary.old[random.below(200)] = message }
    var sent: [SimplexMessage] = []
    switch message.body {
    case .proposal(let proposal, let signature, let block): sent = lie(proposal, signature, block, message, from: from, to: to)
    case .vote(let statement, _): sent = lie(statement, message, from: from, to: to)
    case .certificate(let certificate): sent = lie(certificate, message)
    case .blocks: sent = random.chance(40) ? [wrap(.blocks([makeBlock(on: root)]))] : [message]
    case .fetchView, .fetchBlocks: sent = [message]
    }
    if random.chance(3), !adversary.old.isEmpty { sent.append(adversary.old[random.below(adversary.old.count)]) }
    if random.chance(2) { sent.append(nonsense(from: from)) }
    return sent
  }

  private func wrap(_ body: SimplexMessage.Body, epoch: Epoch = 0) -> SimplexMessage {
    SimplexMessage(genesis: genesis, epoch: epoch, body: body)
  }

  private mutating func signed(_ statement: VoteStatement, by member: Int) -> SimplexMessage {
    nonce += 1
    let signature = SimplexKeys.sign(statement, by: member, set: setTag, nonce: nonce)
    return signature.map { wrap(.vote(statement, $0)) } ?? wrap(.fetchView(1))
  }

  /// A leader's lies: two blocks, an invalid one, to few, too late, or not at all.
  private mutating func lie(
    _ proposal: BlockProposal, _ signature: Signature, _ block: Block?, _ message: SimplexMessage, from: Int, to: Int
  ) -> [SimplexMessage] {
    switch seed &+ proposal.view.rawValue % 8 {
    case let kind where kind % 8 == 0: return []
    case let kind where kind % 8 == 1: return to % 2 == 0 ? [message] : []
    case let kind where kind % 8 <= 4: return to % 2 == 0 ? [message] : [twin(proposal, block, from: from)]
    case let kind where kind % 8 == 5:
      var bad = proposal
      bad.parentView = View(proposal.view.rawValue / 2)
      return [forge(bad, block, from: from)]
    case let kind where kind % 8 == 6:
      guard let block else { return [message] }
      let invalid = makeBlock(
        on: BlockReference(height: BlockHeight(block.header.height.rawValue - 1), id: block.header.parent), isValid: false)
      var bad = proposal
      bad.blockID = invalid.header.id(genesis: genesis, suite: .international)
      return [forge(bad, invalid, from: from)]
    default: return [message]
    }
  }

  private mutating func forge(_ proposal: BlockProposal, _ block: Block?, from: Int) -> SimplexMessage {
    nonce += 1
    guard let signature = SimplexKeys.sign(.notarize(proposal), by: from, set: setTag, nonce: nonce) else { return wrap(.fetchView(1)) }
    return wrap(.proposal(proposal, signature, block))
  }

  private mutating func twin(_ proposal: BlockProposal, _ block: Block?, from: Int) -> SimplexMessage {
    note(.equivocation)
    if let made = adversary.twins[proposal.view] { return forge(made.proposal, made.block, from: from) }
    guard let block else { return wrap(.fetchView(1)) }
    let other = makeBlock(on: BlockReference(height: BlockHeight(block.header.height.rawValue - 1), id: block.header.parent))
    var second = proposal
    second.blockID = other.header.id(genesis: genesis, suite: .international)
    adversary.twins[proposal.view] = (second, other)
    return forge(second, other, from: from)
  }

  /// A voter's lies: everything to somebody, nothing to others, and what contradicts it.
  private mutating func lie(_ statement: VoteStatement, _ message: SimplexMessage, from: Int, to: Int) -> [SimplexMessage] {
    let view = statement.view
    if faults.liarsSignBadly {
      guard let signature = Signature([UInt8](repeating: UInt8(from + 1), count: 64)) else { return [] }
      return [wrap(.vote(statement, signature))]
    }
    if random.chance(3) { return [foreign(view)] }
    var sent: [SimplexMessage] = random.chance(75) ? [message] : []
    if random.chance(40) { sent.append(signed(.nullify(0, view), by: from)) }
    if let proposal = statement.proposal {
      if random.chance(50) { sent.append(signed(.finalize(proposal), by: from)) }
      if random.chance(50) { sent.append(signed(.notarize(proposal), by: from)) }
    }
    if let twin = adversary.twins[view]?.proposal, random.chance(70) {
      sent.append(signed(.notarize(twin), by: from))
      if random.chance(50) { sent.append(signed(.finalize(twin), by: from)) }
    }
    if random.chance(5) { sent.append(signed(.nullify(0, view.advanced(by: UInt64(random.below(12)))), by: from)) }
    if random.chance(5) { sent.append(signed(.nullify(0, view.lowered(by: UInt64(random.below(40)))), by: from)) }
    if random.chance(5), let signature = Signature([UInt8](repeating: 9, count: 64)) { sent.append(wrap(.vote(statement, signature))) }
    return sent
  }

  /// False certificates: too light, with bits too many, forged, of another epoch, or kept back.
  private mutating func lie(_ certificate: QuorumCertificate, _ message: SimplexMessage) -> [SimplexMessage] {
    var bad = certificate
    switch random.below(12) {
    case 0: return []
    case 1:
      bad.signatures.removeLast()
      if let last = bad.signers.last { bad.bitmap[last / 8] &= ~(0x80 >> UInt8(last % 8)) }
    case 2: bad.bitmap[bad.bitmap.count - 1] |= 1
    case 3:
      if let forged = Signature([UInt8](repeating: 7, count: 64)) { bad.signatures[0] = forged }
    case 4:
      bad.statement = .nullify(1, certificate.statement.view)
    case 5:
      if case .notarize(let proposal) = certificate.statement { bad.statement = .finalize(proposal) }
    case 6:
      bad.signatures.append(bad.signatures[0])
    case 7:
      guard let proposal = certificate.statement.proposal else { return [message] }
      bad.statement = .nullify(0, proposal.view)
    default: return [message]
    }
    return [wrap(.certificate(bad))]
  }

  /// What the same members signed in another epoch.
  private mutating func foreign(_ view: View) -> SimplexMessage {
    note(.foreignEpoch)
    let statement = VoteStatement.nullify(9, view)
    var signatures: [(index: Int, signature: Signature)] = []
    for member in set.members.indices {
      if let signature = SimplexKeys.sign(statement, by: member, set: setTag, nonce: 1) { signatures.append((member, signature)) }
    }
    return wrap(.certificate(QuorumCertificate(statement: statement, members: set.members.count, signatures: signatures)))
  }

  /// Says with a bad signature what others say, at once and to all: a batch with it must not lose the others' votes.
  mutating func spoil(_ message: SimplexMessage, from: Int) {
    let statement: VoteStatement
    switch message.body {
    case .vote(let said, _): statement = said
    case .proposal(let proposal, _, _): statement = .notarize(proposal)
    default: return
    }
    guard let signature = Signature([UInt8](repeating: UInt8(from + 1), count: 64)) else { return }
    for to in honest { schedule(.message(wrap(.vote(statement, signature)), from: from, to: to), in: 1) }
  }

  private mutating func nonsense(from: Int) -> SimplexMessage {
    switch random.below(5) {
    case 0: SimplexMessage(genesis: GenesisID(CryptoSuite.international.hash([9])), epoch: 0, body: .fetchView(1))
    case 1: wrap(.fetchView(View(UInt64(random.below(1_000)))), epoch: 3)
    case 2: wrap(.fetchView(View(random.next())))
    case 3: wrap(.fetchBlocks(BlockReference(height: BlockHeight(random.next()), id: root.id), count: 255))
    default: signed(.nullify(0, View(random.next())), by: from)
    }
  }
}
