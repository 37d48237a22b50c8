public import ChainCore

/// Who takes part in a Raft group (thesis §4.3).
///
/// While `outgoing` is not empty the configuration is joint: every decision needs a majority of `voters` *and* of `outgoing`.
public struct Configuration: CanonicalCodable, Hashable, Sendable {
  /// The greatest number of replicas in each of the four lists.
  public static let memberLimit = 1_000

  /// Who votes and counts; sorted, each once.
  public let voters: [ReplicaID]
  /// Who voted in the configuration being left; empty unless joint.
  public let outgoing: [ReplicaID]
  /// Who receives the log without counting.
  public let learners: [ReplicaID]
  /// Who becomes a learner when the joint configuration is left.
  public let learnersNext: [ReplicaID]

  /// A configuration of these replicas, in any order.
  public init(
    voters: [ReplicaID], outgoing: [ReplicaID] = [], learners: [ReplicaID] = [], learnersNext: [ReplicaID] = []
  ) {
    self.voters = Self.sorted(voters)
    self.outgoing = Self.sorted(outgoing)
    self.learners = Self.sorted(learners)
    self.learnersNext = Self.sorted(learnersNext)
  }

  private static func sorted(_ replicas: [ReplicaID]) -> [ReplicaID] {
    var result: [ReplicaID] = []
    for replica in replicas.sorted() where result.last != replica { result.append(replica) }
    return result
  }

  /// Whether decisions need two majorities.
  public var isJoint: Bool { !outgoing.isEmpty }

  /// Whether it has a voter, no list is over the limit, no learner also votes, and who waits to be a learner still votes in `outgoing`.
  public var isWellFormed: Bool {
    !voters.isEmpty && [voters, outgoing, learners, learnersNext].allSatisfy { $0.count <= Self.memberLimit }
      && learners.allSatisfy { !voters.contains($0) && !outgoing.contains($0) && !learnersNext.contains($0) }
      && learnersNext.allSatisfy { outgoing.contains($0) && !voters.contains($0) }
  }

  /// Whether `replica` votes, by either half.
  public func isVoter(_ replica: ReplicaID) -> Bool { voters.contains(replica) || outgoing.contains(replica) }

  /// Everyone who votes, by either half; sorted.
  public var allVoters: [ReplicaID] { outgoing.isEmpty ? voters : Self.sorted(voters + outgoing) }

  /// Everyone who receives the log; sorted.
  public var members: [ReplicaID] {
    outgoing.isEmpty && learners.isEmpty ? voters : Self.sorted(voters + outgoing + learners + learnersNext)
  }

  /// Appends the four lists.
  public func encode(into writer: inout CanonicalWriter) {
    for list in [voters, outgoing, learners, learnersNext] { list.encode(into: &writer) }
  }

  /// Reads four sorted lists of at most `memberLimit` replicas.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    voters = try Self.list(from: &reader)
    outgoing = try Self.list(from: &reader)
    learners = try Self.list(from: &reader)
    learnersNext = try Self.list(from: &reader)
    reader.leave()
  }

  private static func list(from reader: inout CanonicalReader) throws(CanonicalError) -> [ReplicaID] {
    let count = try reader.readCount(limit: memberLimit, elementBytes: 32)
    var list: [ReplicaID] = []
    list.reserveCapacity(count)
    for _ in 0..<count {
      let start = reader.offset
      let replica = try ReplicaID(from: &reader)
      if let last = list.last, last >= replica { throw .unsortedKeys(offset: start) }
      list.append(replica)
    }
    return list
  }
}

extension Configuration {
  /// What votes amount to so far.
  enum VoteResult { case won, lost, pending }

  /// Whether a majority, of both halves if joint, satisfies `isCounted`.
  package func hasQuorum(_ isCounted: (ReplicaID) -> Bool) -> Bool {
    Self.hasMajority(voters, isCounted) && (outgoing.isEmpty || Self.hasMajority(outgoing, isCounted))
  }

  private static func hasMajority(_ replicas: [ReplicaID], _ isCounted: (ReplicaID) -> Bool) -> Bool {
    replicas.count(where: isCounted) > replicas.count / 2
  }

  /// The outcome of an election in which `vote` gives each replica's answer, if any.
  func result(_ vote: (ReplicaID) -> Bool?) -> VoteResult {
    if hasQuorum({ vote($0) == true }) { return .won }
    return hasQuorum { vote($0) != false } ? .pending : .lost
  }

  /// The greatest index that a majority, of both halves if joint, has reached.
  func agreedIndex(_ match: (ReplicaID) -> LogIndex) -> LogIndex {
    let agreed = Self.agreedIndex(voters, match)
    return outgoing.isEmpty ? agreed : min(agreed, Self.agreedIndex(outgoing, match))
  }

  private static func agreedIndex(_ replicas: [ReplicaID], _ match: (ReplicaID) -> LogIndex) -> LogIndex {
    guard replicas.count <= 8 else {
      let sorted = replicas.map(match).sorted()
      return sorted[(sorted.count - 1) / 2]
    }
    // Few replicas: the greatest index that more than half have reached, without a list. This runs in each step of a leader.
    var agreed: LogIndex = 0
    for candidate in replicas {
      let index = match(candidate)
      if index > agreed, hasMajority(replicas, { match($0) >= index }) { agreed = index }
    }
    return agreed
  }
}
