internal import ChainCore

// The follower's end of a snapshot: store in order, acknowledge what is on disk, install when complete.
extension RaftNode {
  mutating func receiveChunk(_ message: RaftMessage, _ meta: SnapshotMeta, _ offset: UInt64, _ bytes: [UInt8]) {
    guard isPlausible(meta, in: message.term), !bytes.isEmpty, bytes.count <= RaftMessage.chunkLimit,
      offset <= meta.byteCount, UInt64(bytes.count) <= meta.byteCount - offset
    else { return refuse(.malformedSnapshot) }
    if let match = alreadyHeld(meta) { return send(.appendAccepted(match: match), to: message.from, match: match) }
    if intake?.isInstalling == true { return }
    if intake?.receipt.meta != meta {
      // Of one leader only a newer one replaces what is coming in; a newer leader's choice always does.
      if let intake, intake.leaderTerm == message.term, meta.index <= intake.receipt.meta.index { return }
      intake = SnapshotIntake(receipt: SnapshotReceipt(meta: meta, stored: 0), leaderTerm: message.term, received: 0)
    }
    guard let intake else { return }
    if offset == intake.received, !isComplete {
      self.intake?.received += UInt64(bytes.count)
      facts.append(.storeSnapshotChunk(meta, offset: offset, bytes))
    } else {
      send(.snapshotAnswer(index: meta.index, .stored(through: intake.receipt.stored)), to: message.from)
    }
  }

  private func isPlausible(_ meta: SnapshotMeta, in term: Term) -> Bool {
    meta.index > 0 && meta.index < .limit && meta.term > 0 && meta.term <= term && meta.configuration.isWellFormed && meta.byteCount > 0
  }

  /// What may be acknowledged instead of taking the snapshot: it would destroy what is newer here.
  private mutating func alreadyHeld(_ meta: SnapshotMeta) -> LogIndex? {
    #if DEBUG
      if has(.olderSnapshot) { return nil }
    #endif
    if meta.index <= hard.commit { return hard.commit }
    guard log.term(at: meta.index) == meta.term else { return nil }
    raiseCommit(meta.index)
    return meta.index
  }

  private var isComplete: Bool { intake.map { $0.receipt.stored == $0.receipt.meta.byteCount } ?? false }

  mutating func noteChunkStored(_ index: LogIndex, _ through: UInt64) {
    guard let intake, intake.receipt.meta.index == index, !intake.isInstalling, through <= intake.received,
      through > intake.receipt.stored
    else { return }
    self.intake?.receipt.stored = through
    if let leader { send(.snapshotAnswer(index: index, .stored(through: through)), to: leader) }
  }

  /// Ends a step: a complete snapshot is installed when no write is pending, so that none can fall on the new log.
  mutating func installIfComplete(into effects: inout [Effect]) {
    guard isComplete, let intake, !intake.isInstalling, persistedSequence + 1 == nextSequence else { return }
    if alreadyHeld(intake.receipt.meta) != nil {
      self.intake = nil
      return
    }
    self.intake?.isInstalling = true
    effects.append(.installSnapshot(intake.receipt.meta))
  }

  /// Whether the log stands still because the host replaces it.
  var isInstalling: Bool { intake?.isInstalling == true }

  mutating func noteInstalled(_ meta: SnapshotMeta) throws(RaftFault) {
    guard isInstalling, intake?.receipt.meta == meta else { throw .badSnapshot(meta.index) }
    intake = nil
    snapshot = meta
    log.reset(to: LogBase(index: meta.index, term: meta.term))
    memberships = [(meta.index, meta.configuration)]
    // Whether these were applied is in the state now, not in the log.
    for proposal in placed where proposal.first <= meta.index { facts.append(.proposalDropped(proposal.id, .coveredBySnapshot)) }
    placed.removeAll()
    raiseCommit(meta.index)
    durable = meta.index
    handedOut = meta.index
    applied = meta.index
    applying.removeAll()
    if let leader { send(.snapshotAnswer(index: meta.index, .installed), to: leader) }
  }

  mutating func noteSnapshotFailed(_ index: LogIndex) {
    guard let intake, intake.receipt.meta.index == index else { return }
    self.intake = nil
    if let leader { send(.snapshotAnswer(index: index, .refused), to: leader) }
  }
}
