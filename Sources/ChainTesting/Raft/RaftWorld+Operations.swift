internal import ChainCore
internal import Consensus

// What operators and clients do beside proposals: change members, hand leadership over, read.
extension RaftWorld {
  mutating func operate() throws {
    if random.below(1_000) < faults.changes, let leader = anyLeader { try changeMembers(leader) }
    if random.below(1_000) < faults.transfers, let leader = anyLeader {
      note(.transfer)
      try step(leader, [.transferRequested(to: replicas[random.below(replicas.count)].id)])
    }
    if random.chance(faults.reads) {
      let index = random.below(replicas.count)
      guard isRunning(index) else { return }
      let id = ReadID(nextRead)
      nextRead += 1
      reads[id] = checker.committed.index
      try step(index, [.readRequested(id)])
    }
  }

  private var anyLeader: Int? { replicas.indices.first { isRunning($0) && replicas[$0].role == .leader } }

  /// To another membership: each replica stays, learns, or leaves; who learned may vote.
  private mutating func changeMembers(_ leader: Int) throws {
    guard let current = replicas[leader].node?.status.configuration else { return }
    var voters: [ReplicaID] = []
    var learners: [ReplicaID] = []
    for replica in replicas {
      switch random.below(6) {
      case 0: learners.append(replica.id)
      case 1: break
      default:
        if current.isVoter(replica.id) || current.learners.contains(replica.id) {
          voters.append(replica.id)
        } else {
          learners.append(replica.id)
        }
      }
    }
    if voters.isEmpty { return }
    note(.change)
    let wish = Configuration(voters: voters, learners: learners)
    try step(leader, [.changeProposed(ProposalID(UInt64.max - UInt64(now)), wish)])
    if replicas[leader].node?.status.configuration.isJoint == true { note(.joint) }
  }

  /// At the end all replicas are voters again, by way of learners.
  mutating func admitAll() throws {
    guard now.isMultiple(of: 8), let leader = anyLeader, let current = replicas[leader].node?.status.configuration else { return }
    guard current != membership, !current.isJoint else { return }
    let absent = membership.voters.filter { !current.isVoter($0) && !current.learners.contains($0) }
    let wish = absent.isEmpty ? membership : Configuration(voters: current.voters, learners: current.learners + absent)
    try step(leader, [.changeProposed(ProposalID(UInt64.max - UInt64(now)), wish)])
  }
}
