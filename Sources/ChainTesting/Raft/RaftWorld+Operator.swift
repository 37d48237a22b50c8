internal import ChainCore
internal import Consensus

// What people and hosts wish of the replicas: reads, other members, another leader.
extension RaftWorld {
  struct Read {
    let replica: Int
    /// What was committed anywhere when it was requested: less must not be read.
    let committed: LogIndex
  }

  /// Draws this tick's wishes.
  mutating func makeWishes() throws {
    enter(.change)
    if random.below(1_000) < faults.changes, let leader = anyLeader() { try wishChange(leader) }
    enter(.transfer)
    if random.below(1_000) < faults.transfers, let leader = anyLeader() {
      let target = random.below(replicas.count)
      if strikes(.transfer, leader, target) { try step(leader, [.transferRequested(to: replicas[target].id)]) }
    }
    enter(.read)
    // Where two believe to lead, the older one's reads are those that may be stale.
    let deposed = faults.reads > 0 ? deposedLeader : nil
    if deposed != nil || random.below(1_000) < faults.reads {
      let index = deposed ?? random.below(replicas.count)
      guard isRunning(index), strikes(.read, index) else { return }
      let id = ReadID(nextRead)
      nextRead += 1
      reads[id] = Read(replica: index, committed: checker.committed.index)
      try step(index, [.readRequested(id)])
    }
  }

  private var deposedLeader: Int? {
    let leaders = replicas.indices.filter { isRunning($0) && replicas[$0].role == .leader }
    return leaders.count > 1 ? leaders.min { replicas[$0].term < replicas[$1].term } : nil
  }

  private mutating func anyLeader() -> Int? {
    let leaders = replicas.indices.filter { isRunning($0) && replicas[$0].role == .leader }
    return leaders.isEmpty ? nil : leaders[random.below(leaders.count)]
  }

  /// One learner more or less, a promotion, a demotion, a removal, or a replacement.
  private mutating func wishChange(_ leader: Int) throws {
    guard let members = replicas[leader].node?.status.configuration else { return }
    var voters = members.voters
    var learners = members.learners
    let strangers = replicas.map(\.id).filter { !members.members.contains($0) }
    let voter = voters[random.below(voters.count)]
    switch random.below(7) {
    case 0, 1: if !strangers.isEmpty { learners.append(strangers[random.below(strangers.count)]) }
    case 2:
      voters += learners
      learners = []
    case 3 where voters.count > 1:
      voters.removeAll { $0 == voter }
      if random.chance(50) { learners.append(voter) }
    case 6 where !learners.isEmpty:
      // Those who join decide alone, were it not for the old ones.
      (voters, learners) = (learners, random.chance(50) ? voters : [])
    case 4 where !learners.isEmpty:
      voters.removeAll { $0 == voter }
      voters.append(learners.removeFirst())
    default: if !learners.isEmpty { learners.removeLast() }
    }
    let names = (voters.map { (true, $0) } + learners.map { (false, $0) }).map { "\($0.0 ? "" : "learner ")R\(places[$0.1] ?? -1)" }
    guard strikes(.change, leader, detail: names.joined(separator: " ")) else { return }
    let id = ProposalID(nextProposal)
    nextProposal += 1
    proposals[id] = Proposal(payloads: [id.rawValue.keyBytes + [0xff]])
    try step(leader, [.changeProposed(id, to: Configuration(voters: voters, learners: learners))])
  }

  mutating func finishRead(_ id: ReadID, at index: LogIndex?, _ replica: Int) throws {
    guard let read = reads.removeValue(forKey: id), read.replica == replica else { throw failure("read \(id) was answered twice") }
    guard let index else { return note(.readDropped) }
    note(replicas[replica].role == .leader ? .leaderRead : .followerRead)
    if index < read.committed { throw failure("read \(id) at \(index), but \(read.committed) was committed when it was requested") }
    if replicas[replica].applied < index { throw failure("read \(id) is ready at \(index), which replica \(replica) has not applied") }
  }
}
