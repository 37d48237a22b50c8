internal import ChainCore

/// Where a proposal stands in the log.
struct PlacedProposal: Sendable {
  let id: ProposalID
  let first: LogIndex
  let last: LogIndex
  let term: Term
}

// Proposals, commit and apply.
extension RaftNode {
  mutating func propose(_ id: ProposalID, _ payloads: [[UInt8]]) throws(RaftFault) {
    if let reason = refusal(of: payloads) {
      facts.append(.proposalDropped(id, reason))
      return
    }
    let first = log.last.next
    for payload in payloads {
      try append(.normal, payload)
      uncommitted.append((log.last, payload.count))
      uncommittedBytes += payload.count
    }
    facts.append(.proposalPlaced(id, index: first, term: hard.term))
    if first <= log.last { placed.append(PlacedProposal(id: id, first: first, last: log.last, term: hard.term)) }
  }

  private func refusal(of payloads: [[UInt8]]) -> ProposalDropReason? {
    guard role == .leader else { return .notLeader(leader) }
    guard transfer == nil else { return .transferring }
    guard payloads.allSatisfy({ $0.count <= configuration.maxEntryBytes }) else { return .entryTooLarge }
    let bytes = payloads.reduce(0) { $0 + $1.count }
    // One proposal always fits when nothing waits, else a large one could never be placed.
    guard uncommittedBytes == 0 || uncommittedBytes + bytes <= configuration.maxUncommittedBytes else { return .uncommittedLimit }
    return nil
  }

  /// A new leader counts what it inherited, so that the limit neither leaks nor forgets.
  mutating func recountUncommitted() throws(RaftFault) {
    uncommitted.removeAll()
    uncommittedBytes = 0
    var next = hard.commit.next
    while next <= log.last {
      for entry in try log.entries(from: next, through: log.last, maxBytes: 1 << 20) {
        next = entry.index.next
        guard entry.kind == .normal else { continue }
        uncommitted.append((entry.index, entry.payload.count))
        uncommittedBytes += entry.payload.count
      }
    }
  }

  /// Raises the commit index; it never falls.
  mutating func raiseCommit(_ index: LogIndex) {
    guard index > hard.commit else { return }
    hard.commit = index
    let committed = uncommitted.prefix { $0.index <= index }
    for one in committed { uncommittedBytes -= one.bytes }
    uncommitted.removeFirst(committed.count)
    settleProposals()
  }

  // Truncation alone does not settle a proposal: another leader may still commit the copy that a third replica holds.
  // Only another entry committed in its place does.
  private mutating func settleProposals() {
    let commit = hard.commit
    let base = log.base.index
    placed.removeAll { proposal in
      guard proposal.first <= commit else { return false }
      // What was compacted was applied, and was this proposal's: else it had been settled then.
      let first = max(proposal.first, base)
      if log.term(at: first) == proposal.term {
        if proposal.last > commit { return false }
        if log.term(at: proposal.last) == proposal.term { return true }
      }
      var lost = first
      while lost < proposal.last, log.term(at: lost) == proposal.term { lost = lost.next }
      facts.append(.proposalDropped(proposal.id, .overwritten(from: lost)))
      return true
    }
  }

  mutating func noteApplied(_ through: LogIndex) throws(RaftFault) {
    guard through <= handedOut else { throw .appliedUnknown(through) }
    applied = max(applied, through)
    applying.removeFirst(applying.prefix { $0.last <= through }.count)
  }

  private var applicable: LogIndex {
    #if DEBUG
      if has(.applyBeforeDurable) { return hard.commit }
    #endif
    return min(hard.commit, durable)
  }

  #if DEBUG
    mutating func reportTruncated(from index: LogIndex) {
      placed.removeAll { proposal in
        guard proposal.last >= index else { return false }
        facts.append(.proposalDropped(proposal.id, .overwritten(from: max(proposal.first, index))))
        return true
      }
    }
  #endif

  /// Hands out what is committed and durable here, within the limit of what the host has in work.
  mutating func handOut(into effects: inout [Effect]) throws(RaftFault) {
    var room = configuration.maxApplyingBytes - applying.reduce(0) { $0 + $1.bytes }
    let end = applicable
    while handedOut < end, room > 0 || applying.isEmpty {
      let entries = try log.entries(from: handedOut.next, through: end, maxBytes: max(room, 1))
      guard let last = entries.last else { return }
      let bytes = entries.reduce(0) { $0 + $1.byteCount }
      handedOut = last.index
      applying.append((last.index, bytes))
      room -= bytes
      effects.append(.apply(entries))
    }
  }
}
