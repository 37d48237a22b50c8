internal import ChainCore

// Elections: PreVote (thesis §9.6), RequestVote (§3.4), CheckQuorum (§6.2).
extension RaftNode {
  /// Routes a message by its term, then by its kind.
  mutating func receive(_ message: RaftMessage) throws(RaftFault) {
    guard message.group == configuration.group else { return refuse(.otherGroup) }
    guard message.to == id, message.from != id else { return refuse(.notForThisReplica) }
    guard message.term <= .limit else { return refuse(.outOfRange) }
    if case .preVote(let lastIndex, let lastTerm) = message.body {
      return answerPreVote(message, lastIndex, lastTerm)
    }
    if case .preVoteResponse(granted: true) = message.body {
      return try countPreVote(message)
    }
    if message.term < hard.term { return try answerStale(message) }
    if message.term > hard.term {
      // While the leader is heard, only the leader itself may cause an election.
      if case .requestVote(_, _, transfer: false) = message.body, hasLiveLeader { return }
      becomeFollower(message.term, leader: nil)
    }
    switch message.body {
    case .preVote: break
    case .preVoteResponse: try countVote(of: message.from, granted: false, as: .preCandidate)
    case .requestVote(let lastIndex, let lastTerm, _): answerVote(message, lastIndex, lastTerm)
    case .voteResponse(let granted): try countVote(of: message.from, granted: granted, as: .candidate)
    case .append(let previousIndex, let previousTerm, let entries, let commit):
      try follow(message)
      // While the host replaces the log there is nothing to append to; the leader asks again.
      if !isInstalling { try receiveAppend(message, previousIndex, previousTerm, entries, commit) }
    case .heartbeat(let commit, let readSequence):
      try follow(message)
      try receiveHeartbeat(message, commit, readSequence)
    case .appendAccepted(let match): try receiveAccepted(message.from, match)
    case .appendRejected(let previousIndex, let hintIndex, let hintTerm):
      receiveRejected(message.from, previousIndex, hintIndex, hintTerm)
    case .heartbeatResponse(let readSequence): receiveHeartbeatResponse(message.from, readSequence)
    case .snapshotChunk(let meta, let offset, let bytes):
      try follow(message)
      receiveChunk(message, meta, offset, bytes)
    case .snapshotAnswer(let index, let answer): receiveSnapshotAnswer(message.from, index, answer)
    case .timeoutNow: try receiveTimeoutNow(from: message.from)
    case .readIndexRequest(let token): answerReadRequest(token, from: message.from)
    case .readIndexResponse(let token, let index): receiveReadAnswer(token, index)
    }
  }

  /// Whether a leader is believed to be alive: then no vote is given against it.
  private var hasLiveLeader: Bool {
    role == .leader || leader != nil && leaderSilence < configuration.electionTicks
  }

  // Whoever lives in an older term learns ours from the answer.
  private mutating func answerStale(_ message: RaftMessage) throws(RaftFault) {
    #if DEBUG
      if has(.silentRefusal) { return }
      if has(.staleAccept), case .appendAccepted(let match) = message.body { return try receiveAccepted(message.from, match) }
    #endif
    switch message.body {
    case .requestVote: send(.voteResponse(granted: false), to: message.from)
    case .append(let previousIndex, _, _, _):
      send(.appendRejected(previousIndex: previousIndex, hintIndex: 0, hintTerm: 0), to: message.from)
    case .heartbeat: send(.heartbeatResponse(readSequence: 0), to: message.from)
    default: break
    }
  }

  /// Accepts the sender as the leader of this term.
  private mutating func follow(_ message: RaftMessage) throws(RaftFault) {
    if role == .leader || leader != nil && leader != message.from { throw .twoLeaders(term: hard.term) }
    if role != .follower || leader == nil { becomeFollower(hard.term, leader: message.from) }
    electionElapsed = 0
    leaderSilence = 0
  }

  private func isUpToDate(_ lastIndex: LogIndex, _ lastTerm: Term) -> Bool {
    #if DEBUG
      if has(.noUpToDateCheck) { return true }
    #endif
    return (lastTerm, lastIndex) >= (log.lastTerm, log.last)
  }

  private mutating func answerPreVote(_ message: RaftMessage, _ lastIndex: LogIndex, _ lastTerm: Term) {
    let granted = message.term > hard.term && !hasLiveLeader && isUpToDate(lastIndex, lastTerm)
    send(.preVoteResponse(granted: granted), to: message.from, term: granted ? message.term : nil)
  }

  private mutating func answerVote(_ message: RaftMessage, _ lastIndex: LogIndex, _ lastTerm: Term) {
    #if DEBUG
      if has(.twoVotes), role == .follower { hard.votedFor = nil }
    #endif
    let isFree = hard.votedFor == nil && leader == nil || hard.votedFor == message.from
    guard isFree, isUpToDate(lastIndex, lastTerm) else {
      return send(.voteResponse(granted: false), to: message.from)
    }
    if hard.votedFor == nil {
      hard.votedFor = message.from
      hardSequence = nextSequence
    }
    electionElapsed = 0
    send(.voteResponse(granted: true), to: message.from)
  }

  private mutating func countPreVote(_ message: RaftMessage) throws(RaftFault) {
    guard message.term == hard.term.next else { return }
    try countVote(of: message.from, granted: true, as: .preCandidate)
  }

  /// Starts an election by asking whether it could succeed. Only a voter by its own log does (`mayCampaign`).
  mutating func campaign() throws(RaftFault) {
    electionElapsed = 0
    drawElectionTimeout()
    guard role != .leader, mayCampaign else { return }
    guard hard.term.next < .limit else { throw .exhausted }
    role = .preCandidate
    leader = nil
    dropReads()
    votes.removeAll(keepingCapacity: true)
    for voter in members.allVoters where voter != id {
      send(.preVote(lastIndex: log.last, lastTerm: log.lastTerm), to: voter, term: hard.term.next)
    }
    try countVote(of: id, granted: true, as: .preCandidate)
  }

  mutating func becomeCandidate(transfer: Bool = false) {
    role = .candidate
    leader = nil
    dropReads()
    votes.removeAll(keepingCapacity: true)
    hard.term = hard.term.next
    hard.votedFor = id
    hardSequence = nextSequence
    electionElapsed = 0
    drawElectionTimeout()
    // Withheld until the own vote is durable; that vote itself counts only then (`notePersisted`).
    for voter in members.allVoters where voter != id {
      send(.requestVote(lastIndex: log.last, lastTerm: log.lastTerm, transfer: transfer), to: voter)
    }
  }

  /// Counts an answer, if `asked` is still what we are; the first answer of a replica stands.
  mutating func countVote(of voter: ReplicaID, granted: Bool, as asked: RaftRole) throws(RaftFault) {
    guard role == asked, members.isVoter(voter) || voter == id, !votes.contains(where: { $0.id == voter }) else { return }
    votes.append((voter, granted))
    switch members.result({ id in votes.first { $0.id == id }?.granted }) {
    case .pending: break
    case .lost: becomeFollower(hard.term, leader: nil)
    case .won:
      if role == .preCandidate {
        becomeCandidate()
      } else {
        try becomeLeader()
      }
    }
  }

  private mutating func becomeLeader() throws(RaftFault) {
    role = .leader
    leader = id
    votes.removeAll(keepingCapacity: true)
    electionElapsed = 0
    heartbeatElapsed = 0
    peers = members.members.filter { $0 != id }.map { Progress(id: $0, next: log.last.next) }
    try recountUncommitted()
    try append(.noop, [])
  }

  mutating func tickLeader() throws(RaftFault) {
    tickTransfer()
    tickSnapshots()
    if electionElapsed >= configuration.electionTicks {
      electionElapsed = 0
      // A leader that a quorum does not answer must not keep clients waiting, nor stand in the way of a new one.
      guard members.hasQuorum({ replica in replica == id || peers.contains { $0.id == replica && $0.isActive } }) else {
        return becomeFollower(hard.term, leader: nil)
      }
      for position in peers.indices { peers[position].isActive = false }
    }
    heartbeatElapsed += 1
    if heartbeatElapsed >= configuration.heartbeatTicks {
      heartbeatElapsed = 0
      needsHeartbeat = true
    }
  }
}
