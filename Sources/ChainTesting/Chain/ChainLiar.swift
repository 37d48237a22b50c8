internal import ChainCore
internal import ChainNode
internal import Consensus

/// What a liar remembers.
struct ChainLiar {
  /// The second block of each view in which it leads.
  var twins: [View: (proposal: BlockProposal, block: Block)] = [:]
  var old: [NodeMessage] = []
}

// A liar runs an honest node; what it says is replaced on its way out. It signs anything with its own key and nothing with others'.
extension ChainWorld {
  mutating func lie(_ message: NodeMessage, from: Int, to: Int) -> [NodeMessage] {
    if liar.old.count < 100 { liar.old.append(message) } else { liar.old[random.below(100)] = message }
    var sent: [NodeMessage] = []
    switch message {
    case .engine(let bytes):
      sent = (try? SimplexMessage(canonicalBytes: bytes)).map { lie($0, message, from: from, to: to) } ?? [message]
    case .checkpoint(.signature(var checkpoint, var signature)):
      if random.chance(30) {
        note(.falseCheckpoint)
        checkpoint.stateRoot = checkpoint.receiptsRoot
        let digest = checkpoint.digest(genesis: validators[0].ledger.genesisID, suite: .international)
        if random.chance(80), let other = try? validators[from].key.sign(digest) { signature = other }
      }
      sent = [.checkpoint(.signature(checkpoint, signature))]
    case .checkpoint(.certificate(var certificate)):
      if random.chance(30) { certificate.bitmap = [0xff] }
      sent = [.checkpoint(.certificate(certificate))]
    case .transactions(var all):
      for place in all.indices where random.chance(20) && !all[place].isEmpty { all[place][random.below(all[place].count)] ^= 1 }
      sent = random.chance(80) ? [.transactions(all)] : []
    case .sync, .clock: sent = [message]
    @unknown default: sent = [message]
    }
    if random.chance(5) { sent.append(liar.old[random.below(liar.old.count)]) }
    if random.chance(3) { sent.append(.engine((0..<random.below(200)).map { _ in UInt8(random.below(256)) })) }
    return sent
  }

  private mutating func lie(_ message: SimplexMessage, _ original: NodeMessage, from: Int, to: Int) -> [NodeMessage] {
    switch message.body {
    case .proposal(let proposal, _, let block):
      switch proposal.view.rawValue % 5 {
      case 0: return []
      case 1: return to.isMultiple(of: 2) ? [original] : []
      case 2, 3:
        guard !to.isMultiple(of: 2), let twin = twin(proposal, block, from: from) else { return [original] }
        note(.equivocation)
        return [twin]
      default: return [original]
      }
    case .vote(let statement, _):
      var sent = random.chance(70) ? [original] : []
      if random.chance(30) { sent += vote(.nullify(statement.epoch, statement.view), message, from: from) }
      if let proposal = statement.proposal, random.chance(40) { sent += vote(.finalize(proposal), message, from: from) }
      if let twin = liar.twins[statement.view]?.proposal, random.chance(60) { sent += vote(.notarize(twin), message, from: from) }
      return sent
    case .certificate(var certificate):
      if random.chance(20) { certificate.signatures.removeLast() }
      return [.engine(SimplexMessage(genesis: message.genesis, epoch: message.epoch, body: .certificate(certificate)).canonicalBytes)]
    case .blocks: return random.chance(50) ? [] : [original]
    case .fetchView, .fetchBlocks: return [original]
    }
  }

  private func digest(_ statement: VoteStatement) -> Digest {
    let genesis = founding.genesis
    return statement.digest(
      genesis: validators[0].ledger.genesisID, suite: .international,
      validatorSetHash: genesis.validators.hash(genesis: validators[0].ledger.genesisID, suite: .international))
  }

  private func vote(_ statement: VoteStatement, _ message: SimplexMessage, from: Int) -> [NodeMessage] {
    guard let signature = try? validators[from].key.sign(digest(statement)) else { return [] }
    let body = SimplexMessage.Body.vote(statement, signature)
    return [.engine(SimplexMessage(genesis: message.genesis, epoch: message.epoch, body: body).canonicalBytes)]
  }

  /// The other block of a view: the same transactions, a millisecond later.
  private mutating func twin(_ proposal: BlockProposal, _ block: Block?, from: Int) -> NodeMessage? {
    if liar.twins[proposal.view] == nil, var other = block {
      other.header.time = other.header.time.advanced(byMilliseconds: 1)
      var second = proposal
      second.blockID = other.header.id(genesis: validators[0].ledger.genesisID, suite: .international)
      liar.twins[proposal.view] = (second, other)
    }
    guard let made = liar.twins[proposal.view], let signature = try? validators[from].key.sign(digest(.notarize(made.proposal))) else {
      return nil
    }
    let body = SimplexMessage.Body.proposal(made.proposal, signature, made.block)
    return .engine(SimplexMessage(genesis: validators[0].ledger.genesisID, epoch: proposal.epoch, body: body).canonicalBytes)
  }
}
