internal import ChainCore

// Log replication (thesis §3.5, §3.6) with flow control and backtracking by terms.
extension RaftNode {
  // MARK: Follower

  mutating func receiveAppend(
    _ message: RaftMessage, _ previousIndex: LogIndex, _ previousTerm: Term, _ entries: [LogEntry], _ leaderCommit: LogIndex
  ) throws(RaftFault) {
    guard leaderCommit <= .limit else { return refuse(.outOfRange) }
    guard isSequence(entries, after: previousIndex, previousTerm, in: message.term) else { return refuse(.malformedEntries) }
    // All of it is committed here and partly compacted: nothing before the commit index can differ.
    if previousIndex < log.base.index { return send(.appendAccepted(match: hard.commit), to: message.from, match: hard.commit) }
    guard matches(previousIndex, previousTerm) else {
      let hint = log.lastIndex(atMost: previousIndex, termAtMost: previousTerm)
      return send(
        .appendRejected(previousIndex: previousIndex, hintIndex: hint.index, hintTerm: hint.term), to: message.from)
    }
    if let start = entries.firstIndex(where: { log.term(at: $0.index) != $0.term }) {
      let first = entries[start].index
      if first <= log.last {
        guard first > hard.commit else { throw .committedConflict(index: first, term: message.term) }
        truncate(from: first)
      }
      for entry in entries[start...] { try store(entry) }
    }
    let match = previousIndex.advanced(by: UInt64(entries.count))
    #if DEBUG
      if has(.truncationOnMatch), match < log.last, match >= hard.commit { truncate(from: match.next) }
    #endif
    raiseCommit(min(leaderCommit, match))
    send(.appendAccepted(match: match), to: message.from, match: match)
  }

  private func matches(_ previousIndex: LogIndex, _ previousTerm: Term) -> Bool {
    #if DEBUG
      if has(.noPreviousCheck) { return previousIndex <= log.last }
    #endif
    return log.term(at: previousIndex) == previousTerm
  }

  private func isSequence(_ entries: [LogEntry], after index: LogIndex, _ term: Term, in leaderTerm: Term) -> Bool {
    guard index < .limit else { return false }
    var index = index
    var term = term
    for entry in entries {
      guard entry.index == index.next, entry.term >= term, entry.term > 0, entry.term <= leaderTerm, entry.index < .limit else {
        return false
      }
      index = entry.index
      term = entry.term
    }
    return true
  }

  mutating func receiveHeartbeat(_ message: RaftMessage, _ commit: LogIndex, _ readSequence: UInt64) throws(RaftFault) {
    #if DEBUG
      let commit = has(.commitToLast) ? min(commit, log.last) : commit
    #endif
    // The leader tells min(match, commit), and match was acknowledged from this disk in this term.
    if isInstalling { return send(.heartbeatResponse(readSequence: readSequence), to: message.from) }
    guard commit <= log.last else { throw .acknowledgedEntriesLost(commit) }
    raiseCommit(commit)
    send(.heartbeatResponse(readSequence: readSequence), to: message.from)
  }

  private mutating func truncate(from index: LogIndex) {
    log.truncate(from: index)
    forgetDurable(from: index)
    #if DEBUG
      if has(.overwrittenOnTruncation) { reportTruncated(from: index) }
    #endif
    while let last = memberships.last, last.index >= index { memberships.removeLast() }
  }

  private mutating func forgetDurable(from index: LogIndex) {
    #if DEBUG
      if has(.durableSurvivesTruncation) { return }
    #endif
    durable = min(durable, index.previous)
    // What this poll said of an older leader's entries before a newer one took them back was true, but leaves after the write that
    // removes them: whoever leads no more loses nothing by not hearing it.
    sends.removeAll { if case .appendAccepted(let match) = $0.body { match >= index } else { false } }
  }

  /// Appends an entry; a membership counts from now on.
  private mutating func store(_ entry: LogEntry) throws(RaftFault) {
    if entry.kind == .configuration {
      memberships.append((entry.index, try Self.membership(in: entry)))
    }
    log.append(entry)
  }

  static func membership(in entry: LogEntry) throws(RaftFault) -> Configuration {
    guard let membership = try? Configuration(canonicalBytes: entry.payload), membership.isWellFormed else {
      throw .badConfigurationEntry(entry.index)
    }
    return membership
  }

  // MARK: Leader

  /// Appends an entry of the own term.
  mutating func append(_ kind: LogEntry.Kind, _ payload: [UInt8]) throws(RaftFault) {
    guard log.last.next < .limit else { throw .exhausted }
    try store(LogEntry(index: log.last.next, term: hard.term, kind: kind, payload: payload))
  }

  private func place(of peer: ReplicaID) -> Int? { role == .leader ? peers.firstIndex { $0.id == peer } : nil }

  mutating func receiveAccepted(_ peer: ReplicaID, _ match: LogIndex) throws(RaftFault) {
    guard let place = place(of: peer) else { return }
    guard match <= log.last else { return refuse(.outOfRange) }
    peers[place].isActive = true
    let grew = peers[place].acknowledge(match)
    switch peers[place].state {
    case .probe: peers[place].becomeReplicate()
    case .snapshot: if match >= log.base.index { peers[place].becomeReplicate() }
    case .replicate: break
    }
    if match >= hard.commit { peers[place].pin = nil }
    peers[place].pinSilence = 0
    if grew { advanceCommit() }
  }

  mutating func receiveRejected(_ peer: ReplicaID, _ previousIndex: LogIndex, _ hintIndex: LogIndex, _ hintTerm: Term) {
    guard let place = place(of: peer) else { return }
    peers[place].isActive = true
    switch peers[place].state {
    case .snapshot: return
    case .replicate:
      guard previousIndex > peers[place].match else { return }
      peers[place].becomeProbe(next: peers[place].match.next)
    case .probe:
      guard previousIndex == peers[place].next.previous else { return }
      let agreed = log.lastIndex(atMost: min(hintIndex, previousIndex.previous), termAtMost: hintTerm)
      peers[place].becomeProbe(next: agreed.index.next)
    }
  }

  mutating func receiveHeartbeatResponse(_ peer: ReplicaID, _ readSequence: UInt64) {
    guard let place = place(of: peer) else { return }
    peers[place].isActive = true
    peers[place].isProbing = false
    peers[place].readSequence = max(peers[place].readSequence, min(readSequence, reads.sequence))
    // If what was sent is lost, an empty AppendEntries at its end is rejected and starts a probe.
    #if DEBUG
      if has(.noResume) { return }
    #endif
    if peers[place].state == .replicate, peers[place].match < peers[place].next.previous {
      sendAppend(place, entries: [])
    }
  }

  mutating func noteUnreachable(_ peer: ReplicaID) {
    guard let place = place(of: peer), peers[place].state == .replicate else { return }
    peers[place].becomeProbe(next: peers[place].match.next)
  }

  /// Commits by counting, but only entries of the own term (§3.6.2); older ones are committed through them.
  mutating func advanceCommit() {
    guard role == .leader else { return }
    // The closure must not capture the replica: it would be copied each time, and this runs in each step of a leader.
    let (id, own, peers) = (id, ownMatch, peers)
    let agreed = countingMembers.agreedIndex { replica in
      if replica == id { return own }
      for place in peers.indices where peers[place].id == replica { return peers[place].match }
      return 0
    }
    #if DEBUG
      if has(.oldTermByCount) { raiseCommit(agreed) }
    #endif
    if log.term(at: agreed) == hard.term { raiseCommit(agreed) }
  }

  private var countingMembers: Configuration {
    #if DEBUG
      if has(.jointByNewOnly) { return Configuration(voters: members.voters) }
    #endif
    return members
  }

  /// How far the own log counts: what is on this disk.
  private var ownMatch: LogIndex {
    #if DEBUG
      if has(.selfBeforeDurable) { return log.last }
    #endif
    return durable
  }

  /// Sends each peer what it lacks and has room for.
  mutating func replicate() throws(RaftFault) {
    for place in peers.indices {
      if peers[place].state != .snapshot, log.term(at: peers[place].next.previous) == nil { beginSnapshot(place) }
      streamSnapshot(place)
      while peers[place].hasRoom(configuration) {
        let entries = try log.entries(
          from: peers[place].next, through: log.last, maxBytes: configuration.maxMessageBytes, maxCount: RaftMessage.entryLimit)
        if entries.isEmpty {
          // Nothing to send, but a probe must still find where the logs agree.
          if peers[place].state == .probe, peers[place].match < log.last { sendAppend(place, entries: []) }
          break
        }
        sendAppend(place, entries: entries)
      }
      tellCommit(place)
    }
    needsHeartbeat = false
  }

  private mutating func sendAppend(_ place: Int, entries: [LogEntry]) {
    let previous = peers[place].next.previous
    // `next` is at most last + 1, so its predecessor is in the log.
    guard let previousTerm = log.term(at: previous) else { return }
    let last = previous.advanced(by: UInt64(entries.count))
    send(
      .append(previousIndex: previous, previousTerm: previousTerm, entries: entries, commit: hard.commit), to: peers[place].id)
    switch peers[place].state {
    case .probe: peers[place].isProbing = true
    case .snapshot: break
    case .replicate:
      if !entries.isEmpty { peers[place].sent(through: last, bytes: entries.reduce(0) { $0 + $1.byteCount }) }
    }
  }

  // A peer may only commit what it is known to have.
  private func toldCommitBound(_ place: Int) -> LogIndex {
    #if DEBUG
      if has(.unmatchedCommit) || has(.commitToLast) { return log.last }
    #endif
    return peers[place].match
  }

  // A peer hears of a commit at once, not at the next heartbeat: it waits to apply.
  private mutating func tellCommit(_ place: Int) {
    let commit = min(toldCommitBound(place), hard.commit)
    guard needsHeartbeat || commit > peers[place].commitSent else { return }
    peers[place].commitSent = max(commit, peers[place].commitSent)
    send(.heartbeat(commit: commit, readSequence: reads.sequence), to: peers[place].id)
  }
}
