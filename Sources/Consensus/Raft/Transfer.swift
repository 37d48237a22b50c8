internal import ChainCore

/// A leader's wish that `target` lead instead.
struct Transfer: Sendable {
  let target: ReplicaID
  var elapsed = 0
  /// It is told to campaign, and again each tick until something comes of it.
  var isDue = true
}

// Leadership transfer (thesis §3.10).
extension RaftNode {
  /// Begins a transfer; a newer target replaces the first. Anything but another voter is ignored.
  mutating func beginTransfer(to target: ReplicaID) {
    guard role == .leader, target != id, members.voters.contains(target), transfer?.target != target else { return }
    transfer = Transfer(target: target)
  }

  mutating func tickTransfer() {
    guard transfer != nil else { return }
    transfer?.elapsed += 1
    transfer?.isDue = true
    // The target may be dead: clients must not wait for it.
    if let elapsed = transfer?.elapsed, elapsed >= configuration.electionTicks { transfer = nil }
  }

  /// Tells the target to campaign once its log is level with ours.
  mutating func advanceTransfer() {
    guard let pending = transfer else { return }
    guard members.voters.contains(pending.target), let peer = peers.first(where: { $0.id == pending.target }) else {
      transfer = nil
      return
    }
    guard pending.isDue, peer.match == log.last else { return }
    transfer?.isDue = false
    send(.timeoutNow, to: pending.target)
  }

  /// The leader wishes us to lead: it is alive and will stand aside, so neither PreVote nor its lease apply.
  mutating func receiveTimeoutNow(from sender: ReplicaID) throws(RaftFault) {
    guard role == .follower, leader == nil || leader == sender, mayCampaign else { return }
    guard hard.term.next < .limit else { throw .exhausted }
    becomeCandidate(transfer: true)
  }
}
