internal import ChainCore

/// A transfer of leadership under way.
struct Transfer: Sendable {
  let target: ReplicaID
  var ticks = 0
  var isSent = false
}

// Leadership transfer (thesis §3.10): proposals wait, the target is brought level, then it is told to start an election at once.
extension RaftNode {
  /// Begins to hand leadership over; a newer target takes the older one's place. Ignored for who is no other voter.
  mutating func transferLeadership(to target: ReplicaID) {
    guard role == .leader, target != id, members.isVoter(target), peers.contains(where: { $0.id == target }) else { return }
    guard transfer?.target != target else { return }
    transfer = Transfer(target: target)
  }

  /// Sends TimeoutNow as soon as the target has everything.
  mutating func advanceTransfer() {
    guard role == .leader, let running = transfer, !running.isSent else { return }
    guard let peer = peers.first(where: { $0.id == running.target }), peer.match == log.last else { return }
    transfer?.isSent = true
    send(.timeoutNow, to: running.target)
  }

  /// After an election timeout the old leader takes proposals again: the target may be dead.
  mutating func tickTransfer() {
    guard transfer != nil else { return }
    transfer?.ticks += 1
    if let ticks = transfer?.ticks, ticks >= configuration.electionTicks { transfer = nil }
  }

  /// The leader wishes this replica to lead now: no PreVote, and others may vote though they hear the leader.
  mutating func receiveTimeoutNow(_ message: RaftMessage) throws(RaftFault) {
    guard role == .follower, leader == message.from || leader == nil, members.isVoter(id), hard.term.next < .limit else { return }
    becomeCandidate(transfer: true)
  }
}
