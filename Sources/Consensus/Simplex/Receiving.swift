internal import ChainCore

// What peers send: bounds first, then storage, then signatures when they could decide something.

extension SimplexNode {
  mutating func receive(_ message: SimplexMessage, from: ReplicaID) throws(SimplexFault) {
    guard let peer = replicas.firstIndex(of: from), from != configuration.id else { return refuse(.stranger) }
    guard message.genesis == configuration.genesis else { return refuse(.otherChain) }
    guard message.epoch == configuration.epoch else { return refuse(.otherEpoch) }
    if isComplete, isOvertaken(message.body) {
      // Whoever still votes, in whatever view, lacks the finalization that ended the epoch.
      return answerLate(final, to: peer)
    }
    switch message.body {
    case .proposal(let proposal, let signature, let block): try receive(proposal, signature, block, from: peer)
    case .vote(let statement, let signature): try receive(statement, signature, from: peer)
    case .certificate(let certificate): try receive(certificate, from: peer)
    case .fetchView(let view): serve(view, to: peer)
    case .fetchBlocks(let reference, let count): serve(reference, count: Int(count), to: peer)
    case .blocks(let blocks): receive(blocks, from: peer)
    }
  }

  private func isOvertaken(_ body: SimplexMessage.Body) -> Bool {
    switch body {
    case .proposal, .vote: true
    case .certificate(let certificate): certificate.statement.kind != .finalize
    case .fetchView, .fetchBlocks, .blocks: false
    }
  }

  private mutating func receive(
    _ proposal: BlockProposal, _ signature: Signature, _ block: Block?, from peer: Int
  ) throws(SimplexFault) {
    guard proposal.view >= 1, proposal.view <= .limit, leaders.leader(of: proposal.view) == peer else { return refuse(.notLeader) }
    if let block, proposal.view > final, isNear(proposal.view), mayHold(proposal, from: peer) {
      if id(of: block) == proposal.blockID, isWhole(block) {
        hold(block, proposal.blockID)
      } else {
        refuse(.wrongBlock)
        out.append(.misbehaved(replicas[peer], .invalidProposal))
      }
    }
    try receive(.notarize(proposal), signature, from: peer)
  }

  /// Only the block of a leader's first proposal is kept, so that nobody fills the memory.
  private func mayHold(_ proposal: BlockProposal, from peer: Int) -> Bool {
    guard blocks[proposal.blockID] == nil else { return false }
    guard let slot = views[proposal.view]?.slots[place(.notarize, peer)] else { return true }
    return slot.statement == .notarize(proposal)
  }

  func isWhole(_ block: Block) -> Bool {
    Block.transactionsRoot(of: block.transactions, genesis: configuration.genesis, suite: configuration.suite)
      == block.header.transactionsRoot
  }

  private func isNear(_ view: View) -> Bool { view <= current.advanced(by: configuration.viewsAhead) }

  private mutating func receive(_ statement: VoteStatement, _ signature: Signature, from peer: Int) throws(SimplexFault) {
    let view = statement.view
    guard statement.epoch == configuration.epoch else { return refuse(.otherEpoch) }
    guard view >= 1, isNear(view) else { return refuse(.viewOutOfRange) }
    if let proposal = statement.proposal, proposal.parentView >= view { return refuse(.viewOutOfRange) }
    guard view >= lowestView else {
      // Far behind: what is final now is all it needs to know.
      refuse(.viewOutOfRange)
      return answerLate(view, to: peer)
    }
    peers[peer].heard = max(peers[peer].heard, current)
    let isNew = store(statement, signature, by: peer, .unverified)
    if view < current { answerLate(view, to: peer) }
    guard isNew else { return }
    if statement.kind == .notarize, leaders.leader(of: view) == peer, view >= current {
      ask([(view, place(.notarize, peer), false)])
    }
    if statement.kind == .nullify, leaders.leader(of: view) == peer, view == current { nullify() }
    try tally(statement)
  }

  /// Keeps a vote; returns whether it is the member's first of its kind in that view.
  @discardableResult
  mutating func store(
    _ statement: VoteStatement, _ signature: Signature, by validator: Int, _ state: ViewState.Slot.State
  ) -> Bool {
    let view = statement.view
    let place = place(statement.kind, validator)
    let slot = ViewState.Slot(statement: statement, signature: signature, state: state)
    open(view)
    guard let known = views[view]?.slots[place] else {
      views[view]?.slots[place] = slot
      if state == .good { noteGood(statement, by: validator) }
      lookForContradiction(view, validator)
      return true
    }
    if isSame(known, slot) {
      // A certificate brought a checked signature of what was not checked yet.
      if state == .good, known.state != .good {
        views[view]?.slots[place] = slot
        noteGood(statement, by: validator)
        lookForContradiction(view, validator)
      }
      return false
    }
    guard views[view]?.rivals[place] == nil || state == .good else {
      refuse(.surplusVote)
      return false
    }
    views[view]?.rivals[place] = slot
    lookForContradiction(view, validator)
    return false
  }

  private func isSame(_ known: ViewState.Slot, _ slot: ViewState.Slot) -> Bool {
    #if DEBUG
      if has(.evidenceBySignature) { return known.statement == slot.statement && known.signature == slot.signature }
    #endif
    return known.statement == slot.statement
  }

  /// A leader's first checked notarize vote is the view's proposal.
  private mutating func noteGood(_ statement: VoteStatement, by validator: Int) {
    guard case .notarize(let proposal) = statement, leaders.leader(of: proposal.view) == validator else { return }
    if views[proposal.view]?.proposal == nil { views[proposal.view]?.proposal = proposal }
  }

  /// Finds two statements of one member that exclude each other; both signatures are checked before anybody is accused.
  private mutating func lookForContradiction(_ view: View, _ validator: Int) {
    guard let state = views[view] else { return }
    var found: [(place: Int, isRival: Bool, slot: ViewState.Slot)] = []
    for kind in VoteKind.allCases {
      let place = place(kind, validator)
      if let slot = state.slots[place] { found.append((place, false, slot)) }
      if let slot = state.rivals[place] { found.append((place, true, slot)) }
    }
    for (index, first) in found.enumerated() {
      for second in found[(index + 1)...] where contradict(first.slot, second.slot) {
        if leaders.leader(of: view) == validator, view == current { nullify() }
        let key = validator * 8 + Int(first.slot.statement.kind.rawValue) * 3 + Int(second.slot.statement.kind.rawValue)
        if first.slot.state == .good, second.slot.state == .good {
          guard reportedEvidence.insert(key).inserted else { continue }
          out.append(
            .evidence(
              EquivocationEvidence(
                validator: UInt32(validator), first: first.slot.statement, firstSignature: first.slot.signature,
                second: second.slot.statement, secondSignature: second.slot.signature)))
        } else if !reportedEvidence.contains(key) {
          ask([first, second].filter { $0.slot.state == .unverified }.map { (view, $0.place, $0.isRival) })
        }
      }
    }
  }

  private func contradict(_ first: ViewState.Slot, _ second: ViewState.Slot) -> Bool {
    #if DEBUG
      if has(.evidenceBySignature), first.statement == second.statement { return first.signature != second.signature }
    #endif
    return EquivocationEvidence.contradict(first.statement, second.statement)
  }

  /// Lets the host verify these votes.
  mutating func ask(_ votes: [(view: View, place: Int, isRival: Bool)]) {
    var asked: [(view: View, place: Int, isRival: Bool)] = []
    var statements: [SignedStatement] = []
    for vote in votes {
      guard var slot = vote.isRival ? views[vote.view]?.rivals[vote.place] : views[vote.view]?.slots[vote.place],
        slot.state == .unverified
      else { continue }
      slot.state = .asked
      set(slot, vote)
      asked.append(vote)
      statements.append(
        SignedStatement(statement: slot.statement, validator: vote.place % replicas.count, signature: slot.signature))
    }
    guard !asked.isEmpty else { return }
    out.append(.verify(nextBatch, statements))
    batches[nextBatch] = .votes(asked)
    nextBatch += 1
  }

  private mutating func set(_ slot: ViewState.Slot?, _ vote: (view: View, place: Int, isRival: Bool)) {
    if vote.isRival {
      views[vote.view]?.rivals[vote.place] = slot
    } else {
      views[vote.view]?.slots[vote.place] = slot
    }
  }

  mutating func noteVerified(_ number: UInt64, _ verdicts: [Bool]) throws(SimplexFault) {
    switch batches.removeValue(forKey: number) {
    case .votes(let votes) where votes.count == verdicts.count: try noteVerified(votes, verdicts)
    case .certificate(let certificate, let peer): try noteVerified(certificate, from: peer, isGood: verdicts.allSatisfy(\.self))
    default: return
    }
  }

  private mutating func noteVerified(_ votes: [(view: View, place: Int, isRival: Bool)], _ verdicts: [Bool]) throws(SimplexFault) {
    var concerned: [VoteStatement] = []
    for (vote, isGood) in zip(votes, verdicts) {
      guard var slot = vote.isRival ? views[vote.view]?.rivals[vote.place] : views[vote.view]?.slots[vote.place],
        slot.state == .asked
      else { continue }
      let validator = vote.place % replicas.count
      concerned.append(slot.statement)
      if isGood {
        slot.state = .good
        set(slot, vote)
        if !vote.isRival { noteGood(slot.statement, by: validator) }
        lookForContradiction(vote.view, validator)
      } else {
        // Only this one goes; the others of the batch stay.
        set(nil, vote)
        out.append(.misbehaved(replicas[validator], .badSignature))
      }
    }
    for statement in concerned { try tally(statement) }
  }
}
