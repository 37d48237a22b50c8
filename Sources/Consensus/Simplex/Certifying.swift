internal import ChainCore

// Certificates: formed of votes or received, and what follows from holding one.

extension SimplexNode {
  /// Forms a certificate of `statement` if a quorum's votes are good; else has as many verified as could make one.
  mutating func tally(_ statement: VoteStatement) throws(SimplexFault) {
    let kind = statement.kind
    guard let state = views[statement.view], state[certificate: kind] == nil else { return }
    var good: UInt64 = 0
    var asked: UInt64 = 0
    var signatures: [(index: Int, signature: Signature)] = []
    var unverified: [Int] = []
    for validator in replicas.indices {
      guard let slot = state.slots[place(kind, validator)], slot.statement == statement else { continue }
      switch slot.state {
      case .good:
        good += weights[validator]
        signatures.append((validator, slot.signature))
      case .asked: asked += weights[validator]
      case .unverified: unverified.append(validator)
      }
    }
    #if DEBUG
      if has(.countsOneTwice), let first = signatures.first { good += weights[first.index] }
    #endif
    if isQuorum(good) {
      return try accept(QuorumCertificate(statement: statement, members: replicas.count, signatures: signatures), from: nil)
    }
    guard !isQuorum(good + asked) else { return }
    var chosen: [(view: View, place: Int, isRival: Bool)] = []
    var sum = good + asked
    for validator in unverified where !isQuorum(sum) {
      sum += weights[validator]
      chosen.append((statement.view, place(kind, validator), false))
    }
    if isQuorum(sum) { ask(chosen) }
  }

  mutating func receive(_ certificate: QuorumCertificate, from peer: Int) throws(SimplexFault) {
    let statement = certificate.statement
    guard isSameEpoch(statement) else { return refuse(.otherEpoch) }
    let view = statement.view
    guard view >= 1, view < .limit else { return refuse(.viewOutOfRange) }
    guard view >= lowestView else {
      refuse(.viewOutOfRange)
      return answerLate(view, to: peer)
    }
    if let proposal = statement.proposal, proposal.parentView >= view { return refuse(.viewOutOfRange) }
    peers[peer].heard = max(peers[peer].heard, current)
    if let held = views[view]?[certificate: statement.kind], held.statement == statement {
      views[view]?.holders[Int(statement.kind.rawValue)] |= 1 << UInt128(peer)
      return
    }
    guard isWanted(statement) else {
      if view <= final { answerLate(view, to: peer) }
      return
    }
    guard isWellFormed(certificate) else {
      refuse(.malformedCertificate)
      out.append(.misbehaved(replicas[peer], .falseCertificate))
      return
    }
    guard !peers[peer].isVerifying else {
      if peers[peer].waiting.count < Self.waitingLimit {
        peers[peer].waiting.append(certificate)
      } else {
        refuse(.certificateFlood)
      }
      return
    }
    try verify(certificate, from: peer)
  }

  /// How many certificates of one peer wait while one is verified.
  static var waitingLimit: Int { 16 }

  private func isSameEpoch(_ statement: VoteStatement) -> Bool {
    #if DEBUG
      if has(.foreignEpoch) { return true }
    #endif
    return statement.epoch == configuration.epoch
  }

  private func isWellFormed(_ certificate: QuorumCertificate) -> Bool {
    #if DEBUG
      if has(.looseCertificates) { return certificate.signers.allSatisfy { $0 < replicas.count } }
    #endif
    return
      (try? SignerBitmap.check(
        certificate.bitmap, signatures: certificate.signatures.count, in: configuration.validators, rule: .moreThanTwoThirds)) != nil
  }

  /// Above f everything is; at or below it only what contradicts.
  private func isWanted(_ statement: VoteStatement) -> Bool {
    #if DEBUG
      if has(.dropsOldNullification), statement.kind == .nullify, statement.view < current { return false }
    #endif
    if statement.view > final { return true }
    return statement.kind == .finalize && views[statement.view]?.finalization?.statement != statement
  }

  private mutating func verify(_ certificate: QuorumCertificate, from peer: Int) throws(SimplexFault) {
    let statement = certificate.statement
    var unknown: [SignedStatement] = []
    for (validator, signature) in zip(certificate.signers, certificate.signatures) {
      if let slot = views[statement.view]?.slots[place(statement.kind, validator)], slot.state == .good,
        slot.statement == statement, slot.signature == signature
      {
        continue
      }
      unknown.append(SignedStatement(statement: statement, validator: validator, signature: signature))
    }
    if unknown.isEmpty { return try accept(certificate, from: peer) }
    peers[peer].isVerifying = true
    out.append(.verify(nextBatch, unknown))
    batches[nextBatch] = .certificate(certificate, from: peer)
    nextBatch += 1
  }

  mutating func noteVerified(_ certificate: QuorumCertificate, from peer: Int, isGood: Bool) throws(SimplexFault) {
    peers[peer].isVerifying = false
    if isGood {
      try accept(certificate, from: peer)
    } else {
      // Honest members verify before they forward.
      out.append(.misbehaved(replicas[peer], .falseCertificate))
      peers[peer].waiting.removeAll()
    }
    while !peers[peer].isVerifying, !peers[peer].waiting.isEmpty {
      let next = peers[peer].waiting.removeFirst()
      try receive(next, from: peer)
    }
  }

  /// Holds a certificate from now on: tells who does not know it, and does what it allows.
  mutating func accept(_ certificate: QuorumCertificate, from peer: Int?) throws(SimplexFault) {
    let statement = certificate.statement
    let (view, kind) = (statement.view, statement.kind)
    guard isWanted(statement) else { return }
    if view <= final { return try judge(certificate) }
    guard views[view]?[certificate: kind] == nil else { return }
    open(view)
    views[view]?[certificate: kind] = certificate
    if let peer { views[view]?.holders[Int(kind.rawValue)] |= 1 << UInt128(peer) }
    for (validator, signature) in zip(certificate.signers, certificate.signatures) {
      store(statement, signature, by: validator, .good)
    }
    note(certificate)
    forward(certificate)
    switch statement {
    case .notarize:
      highestNotarized = max(highestNotarized, view)
      finalizeIfAllowed(view)
    case .nullify: forgetProposal(of: view)
    case .finalize: raiseFinal(to: certificate)
    }
    if view >= current { enter(view.next) }
  }

  /// Written on arrival and not waited for: what a later vote relied on stands before it in the journal.
  private mutating func note(_ certificate: QuorumCertificate) {
    #if DEBUG
      if has(.certificatesNotJournalled) { return }
    #endif
    records.append(.certificate(certificate))
  }

  private mutating func forward(_ certificate: QuorumCertificate) {
    guard let state = views[certificate.statement.view] else { return }
    let holders = state.holders[Int(certificate.statement.kind.rawValue)]
    if holders == 0 { return broadcast(.certificate(certificate)) }
    for peer in replicas.indices where replicas[peer] != configuration.id && holders & (1 << UInt128(peer)) == 0 {
      send(.certificate(certificate), to: peer)
    }
  }

  /// A nullified view's block is kept only if this replica answers for it.
  private mutating func forgetProposal(of view: View) {
    guard let state = views[view], let proposal = state.proposal, state.notarization == nil, state.ownNotarize == nil else { return }
    if !views.values.contains(where: { $0.certified?.blockID == proposal.blockID || $0.ownNotarize?.blockID == proposal.blockID }) {
      blocks[proposal.blockID] = nil
    }
  }

  /// Enters a view: its timers begin when there is something to do.
  mutating func enter(_ view: View) {
    let isDry = view.previous > final.advanced(by: configuration.patienceViews)
    #if DEBUG
      if isDry, !has(.timersNeverGrow) { delayMs = min(delayMs * 6 / 5 + 1, configuration.delayLimitMs) }
    #else
      if isDry { delayMs = min(delayMs * 6 / 5 + 1, configuration.delayLimitMs) }
    #endif
    current = view
    entered = now
    repeated = now
    timersFrom = nil
    isBuilding = false
    hasNothing = false
    hasNothingAtAll = false
    out.append(.viewEntered(view, leader: replicas[leaders.leader(of: view)]))
  }
}
