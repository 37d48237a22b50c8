internal import ChainCore

// Change of members by joint consensus (thesis §4.3). A configuration counts from the moment it is in the log.
extension RaftNode {
  /// Starts a change to `target`, or says why not.
  mutating func change(_ id: ProposalID, to target: Configuration) throws(RaftFault) {
    if let reason = refusal(ofChangeTo: target) {
      facts.append(.proposalDropped(id, reason))
      return
    }
    let old = members
    // Who leaves the voters to learn goes on voting in the old half until the joint configuration is left.
    let next =
      target.voters == old.voters
      ? Configuration(voters: target.voters, learners: target.learners)
      : Configuration(
        voters: target.voters, outgoing: old.voters, learners: target.learners.filter { !old.voters.contains($0) },
        learnersNext: target.learners.filter { old.voters.contains($0) })
    try append(.configuration, next.canonicalBytes)
    facts.append(.proposalPlaced(id, index: log.last, term: hard.term))
    placed.append(PlacedProposal(id: id, first: log.last, last: log.last, term: hard.term))
    alignPeers()
  }

  private func refusal(ofChangeTo target: Configuration) -> ProposalDropReason? {
    guard role == .leader else { return .notLeader(leader) }
    guard transfer == nil else { return .transferring }
    #if DEBUG
      let mayOverlap = has(.twoChanges)
    #else
      let mayOverlap = false
    #endif
    let isOpen = members.isJoint || memberships[memberships.count - 1].index > hard.commit
    guard !isOpen || mayOverlap else { return .changeInProgress }
    // Ongaro, raft-dev, July 2015: a change before an entry of the own term is committed may stand beside another leader's.
    guard isCommittedInOwnTerm else { return .termNotCommitted }
    guard target.isWellFormed, !target.isJoint, target != members else { return .invalidChange }
    for voter in target.voters where !members.isVoter(voter) {
      let match = peers.first { $0.id == voter }?.match ?? 0
      guard match.advanced(by: configuration.promotionSlack) >= hard.commit else { return .learnerBehind(voter) }
    }
    return nil
  }

  var isCommittedInOwnTerm: Bool { log.term(at: hard.commit) == hard.term }

  /// A leader's work for the change under way: leaves the joint configuration once it is committed, and itself if it is no longer a voter.
  mutating func advanceMembership() throws(RaftFault) {
    guard role == .leader, let latest = memberships.last, latest.index <= hard.commit, isCommittedInOwnTerm else { return }
    if latest.configuration.isJoint {
      let joint = latest.configuration
      let next = Configuration(voters: joint.voters, learners: joint.learners + joint.learnersNext)
      try append(.configuration, next.canonicalBytes)
      alignPeers()
      return
    }
    dropFormerPeers()
    guard !members.isVoter(id) else { return }
    // Who was removed must not be waited for: the most advanced voter takes over at once.
    let heir = peers.filter { members.isVoter($0.id) }.max { $0.match < $1.match }
    guard let heir, heir.match == log.last else { return }
    send(.timeoutNow, to: heir.id)
    becomeFollower(hard.term, leader: nil)
  }

  /// Keeps what is known of peers, adds new ones, and goes on telling former ones until they know.
  private mutating func alignPeers() {
    let wanted = members.members.filter { $0 != id }
    for member in wanted where !peers.contains(where: { $0.id == member }) {
      peers.append(Progress(id: member, next: log.last))
    }
    peers.sort { $0.id < $1.id }
    advanceCommit()
  }

  /// A removed replica is told of its removal; who does not listen is not told for ever.
  private mutating func dropFormerPeers() {
    let (members, index) = (members.members, memberships[memberships.count - 1].index)
    peers.removeAll { !members.contains($0.id) && ($0.commitSent >= index || !$0.isActive) }
  }
}
