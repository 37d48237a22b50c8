internal import ChainCore

// Restart: all of the journal is replayed before anything is decided.

extension SimplexNode {
  mutating func restore(_ state: SimplexRestoredState) throws(SimplexFault) {
    let epoch = configuration.epoch
    for record in state.records {
      switch record {
      case .block(let block): hold(block, id(of: block))
      case .vote(let statement, let signature):
        guard statement.epoch == epoch else { continue }
        #if DEBUG
          if has(.forgetsVotes) || has(.forgetsNullify) && statement.kind == .nullify { continue }
        #endif
        try restore(statement, signature)
      case .certificate(let certificate):
        guard certificate.statement.epoch == epoch else { continue }
        restore(certificate)
      }
    }
    // The ledger may be ahead of the journal.
    current = max(current, final.next)
    if let finalization, finalization.statement.view == outputView { outputCertificate = finalization }
    lowestView = final.lowered(by: configuration.viewRetention)
    views = views.filter { $0.key >= lowestView }
    for peer in peers.indices { peers[peer].heard = current }
  }

  private mutating func restore(_ statement: VoteStatement, _ signature: Signature) throws(SimplexFault) {
    let view = statement.view
    current = max(current, view)
    guard let own = replicas.firstIndex(of: configuration.id) else { return }
    var state = views[view] ?? ViewState(members: replicas.count)
    switch statement {
    case .notarize(let proposal):
      if let other = state.ownNotarize, other != proposal { throw .journalCorrupt("two notarize votes in view \(view)") }
      state.ownNotarize = proposal
      if leaders.leader(of: view) == own { state.proposal = proposal }
    case .nullify:
      if state.ownFinalize != nil { throw .journalCorrupt("nullify after finalize in view \(view)") }
      state.ownNullify = true
    case .finalize(let proposal):
      if state.ownNullify { throw .journalCorrupt("finalize after nullify in view \(view)") }
      if let other = state.ownFinalize, other != proposal { throw .journalCorrupt("two finalize votes in view \(view)") }
      state.ownFinalize = proposal
    }
    state.slots[place(statement.kind, own)] = ViewState.Slot(statement: statement, signature: signature, state: .good)
    views[view] = state
  }

  private mutating func restore(_ certificate: QuorumCertificate) {
    let view = certificate.statement.view
    current = max(current, view.next)
    open(view)
    views[view]?[certificate: certificate.statement.kind] = certificate
    switch certificate.statement.kind {
    case .notarize: highestNotarized = max(highestNotarized, view)
    case .nullify: break
    case .finalize:
      // The ledger may be there already; its certificate answers who asks about older views.
      if view > final || view == final && finalization == nil {
        final = view
        finalization = certificate
      }
    }
  }
}
