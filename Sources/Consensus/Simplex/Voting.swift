internal import ChainCore

// Own votes: decided, signed, made durable, and only then sent and counted.

extension SimplexNode {
  /// Decides an own vote. From here on, votes that would contradict it are impossible, also after a restart: nothing leaves before it is durable.
  mutating func cast(_ statement: VoteStatement) {
    guard voter != nil else { return }
    let view = statement.view
    open(view)
    switch statement {
    case .notarize(let proposal): views[view]?.ownNotarize = proposal
    case .nullify: views[view]?.ownNullify = true
    case .finalize(let proposal): views[view]?.ownFinalize = proposal
    }
    out.append(.sign(statement))
  }

  /// Writes a signed vote, after the block that it speaks of.
  mutating func journal(_ statement: VoteStatement, _ signature: Signature) {
    guard let voter, statement.view > final, let state = views[statement.view], isOwn(statement, state) else { return }
    guard !awaiting.contains(where: { $0.statement == statement }) else { return }
    guard state.slots[place(statement.kind, voter)] == nil else { return }
    if case .notarize(let proposal) = statement {
      // Whoever holds N(P) counts on an honest signer to keep the block.
      guard let block = blocks[proposal.blockID] else { return }
      #if DEBUG
        if !has(.blockNotJournalled) { records.append(.block(block)) }
      #else
        records.append(.block(block))
      #endif
    }
    records.append(.vote(statement, signature))
    recordsMustSync = true
    awaiting.append((nextSequence, statement, signature))
    #if DEBUG
      if has(.voteBeforeDurable) { announce(statement, signature, by: voter) }
    #endif
  }

  /// Sends and counts the votes that have become durable.
  mutating func publish(through sequence: UInt64) throws(SimplexFault) {
    guard let voter else { return }
    let ready = awaiting.prefix { $0.sequence <= sequence }
    awaiting.removeFirst(ready.count)
    for (_, statement, signature) in ready where statement.view > final {
      announce(statement, signature, by: voter)
      store(statement, signature, by: voter, .good)
      try tally(statement)
    }
  }

  private mutating func announce(_ statement: VoteStatement, _ signature: Signature, by voter: Int) {
    if case .notarize(let proposal) = statement, leaders.leader(of: statement.view) == voter {
      broadcast(.proposal(proposal, signature, blocks[proposal.blockID]))
    } else {
      broadcast(.vote(statement, signature))
    }
  }

  /// Sends the own votes of this view again, the last finalize vote, and what let this replica in.
  mutating func repeatVotes() {
    repeated = now
    if let voter {
      if let state = views[current] { announceAgain(state, [.notarize, .nullify], by: voter) }
      if highestNotarized > final, let state = views[highestNotarized] { announceAgain(state, [.finalize], by: voter) }
    }
    if let entry = entryCertificate { broadcast(.certificate(entry)) }
  }

  private mutating func announceAgain(_ state: ViewState, _ kinds: [VoteKind], by voter: Int) {
    for kind in kinds {
      if let slot = state.slots[place(kind, voter)] { announce(slot.statement, slot.signature, by: voter) }
    }
  }

  /// The best certificate of the view before: F, else X, else N. If only older ones are held, F of those.
  private var entryCertificate: QuorumCertificate? {
    if let state = views[current.previous], let found = state.finalization ?? state.nullification ?? state.notarization { return found }
    return finalization
  }

  /// Finalizes the block of N(v), once, and never after an own nullify(v).
  mutating func finalizeIfAllowed(_ view: View) {
    guard voter != nil, view > final, let state = views[view], state.ownFinalize == nil else { return }
    guard var proposal = state.notarization?.statement.proposal else { return }
    #if DEBUG
      if has(.finalizesOwn), let own = state.ownNotarize { proposal = own }
      if state.ownNullify, has(.finalizeAfterNullify) { return cast(.finalize(proposal)) }
    #endif
    guard !state.ownNullify else { return }
    proposal.view = view
    cast(.finalize(proposal))
  }

  /// Votes to leave the current view, unless an own finalize says that it has a block.
  mutating func nullify() {
    guard voter != nil, views[current]?.ownNullify != true, views[current]?.ownFinalize == nil else { return }
    cast(.nullify(configuration.epoch, current))
  }

  private func isOwn(_ statement: VoteStatement, _ state: ViewState) -> Bool {
    switch statement {
    case .notarize(let proposal): state.ownNotarize == proposal
    case .nullify: state.ownNullify
    case .finalize(let proposal): state.ownFinalize == proposal
    }
  }

  /// Begins to keep state of a view.
  mutating func open(_ view: View) {
    if views[view] == nil { views[view] = ViewState(members: replicas.count) }
  }

  func place(_ kind: VoteKind, _ validator: Int) -> Int { Int(kind.rawValue) * replicas.count + validator }
}
