internal import ChainCore

// Membership (thesis §4.3): every change of voters passes through a joint configuration, which is left by itself.
// A configuration counts from the moment its entry is in the log; truncation takes it back (`memberships`).
extension RaftNode {
  /// Appends the entry that begins a change, or says why not.
  mutating func proposeChange(_ proposal: ProposalID, to target: Configuration) throws(RaftFault) {
    if let reason = refusal(of: target) {
      facts.append(.proposalDropped(proposal, reason))
      return
    }
    try appendMembership(members.entering(target))
    facts.append(.proposalPlaced(proposal, index: log.last, term: hard.term))
    placed.append(PlacedProposal(id: proposal, first: log.last, last: log.last, term: hard.term))
  }

  private func refusal(of target: Configuration) -> ProposalDropReason? {
    guard role == .leader else { return .notLeader(leader) }
    guard transfer == nil else { return .transferring }
    if isChanging { return .changeInProgress }
    // Ongaro, raft-dev 2015: without this a leader may change a base that an older leader's change never left.
    guard ownTermCommitted else { return .termNotCommitted }
    guard target.isWellFormed, !target.isJoint, target != members, log.last.next < .limit else { return .invalidChange }
    let enough = LogIndex(hard.commit.rawValue - min(hard.commit.rawValue, configuration.promotionSlack))
    for voter in target.voters where !members.voters.contains(voter) {
      // Whoever is no learner yet has shown nothing; as a voter with an empty disk it would only lower fault tolerance.
      let match = peers.first { $0.id == voter }?.match
      guard members.learners.contains(voter), let match, match >= enough else { return .learnerBehind(voter) }
    }
    return nil
  }

  /// Whether a change is under way: joint, or its entry is not committed.
  private var isChanging: Bool {
    #if DEBUG
      if has(.twoChanges) { return members.isJoint }
    #endif
    return members.isJoint || memberships[memberships.count - 1].index > hard.commit
  }

  /// Whether an entry of the own term is committed: then everything before it is, too.
  var ownTermCommitted: Bool { log.term(at: hard.commit) == hard.term }

  private mutating func appendMembership(_ next: Configuration) throws(RaftFault) {
    try append(.configuration, next.canonicalBytes)
    // Who is removed stays on until it has heard of it (`forgetRemoved`).
    for replica in next.members where replica != id && !peers.contains(where: { $0.id == replica }) {
      peers.append(Progress(id: replica, next: log.last))
    }
    peers.sort { $0.id < $1.id }
  }

  /// Leaves a joint configuration that is committed; a new leader does so once its noop is.
  mutating func leaveJoint() throws(RaftFault) {
    guard members.isJoint, memberships[memberships.count - 1].index <= hard.commit, ownTermCommitted else { return }
    try appendMembership(members.left)
  }

  /// After replication: who was removed by a committed entry has been told as well as we can; and if that is this leader, it goes.
  mutating func forgetRemoved() {
    guard !members.isJoint, memberships[memberships.count - 1].index <= hard.commit else { return }
    let remaining = members
    // Every member but this one has its progress, so equal numbers mean that nobody is left over. This runs in each step.
    if remaining.voters.contains(id), peers.count == remaining.members.count - 1 { return }
    peers.removeAll { !remaining.members.contains($0.id) }
    guard !remaining.voters.contains(id), ownTermCommitted else { return }
    // Its successor need not wait for a timeout.
    let candidates = peers.filter { remaining.voters.contains($0.id) }
    if let successor = candidates.max(by: { $0.match < $1.match }) { send(.timeoutNow, to: successor.id) }
    becomeFollower(hard.term, leader: nil)
  }

  /// Whether this replica may ask for votes: it votes by the latest membership, or by one before it that may yet be in force.
  ///
  /// Thesis §4.2.2: a leader removed by an entry that only it holds must still be able to win and to replicate that entry. If it
  /// never campaigned, a group of two would stand still: the other one's log is shorter, and it needs this vote.
  var mayCampaign: Bool {
    if isInstalling { return false }
    let lastCommitted = memberships.lastIndex { $0.index <= hard.commit } ?? 0
    return memberships[lastCommitted...].contains { $0.configuration.isVoter(id) }
  }
}

extension Configuration {
  /// The entry that begins the way to `target`: joint if the voters differ, else `target` itself.
  func entering(_ target: Configuration) -> Configuration {
    if target.voters == voters { return target }
    return Configuration(
      voters: target.voters, outgoing: voters, learners: target.learners.filter { !voters.contains($0) },
      learnersNext: target.learners.filter { voters.contains($0) })
  }

  /// What a joint configuration ends in.
  package var left: Configuration { Configuration(voters: voters, learners: learners + learnersNext) }
}
