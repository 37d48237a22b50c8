public import ChainCore

/// What a replica does at the moment.
public enum RaftRole: UInt8, CanonicalEnum, Hashable {
  /// It follows a leader, or waits for one.
  case follower
  /// It asks whether an election could succeed.
  case preCandidate
  /// It asks for votes.
  case candidate
  /// It orders proposals.
  case leader
}

/// Why a message was dropped. Nothing of it had an effect.
@nonexhaustive
public enum RaftRefusal: UInt8, Sendable, Hashable, CaseIterable {
  /// It is of another chain.
  case otherGroup
  /// It names another receiver, or this replica as its sender.
  case notForThisReplica
  /// A term or index is beyond what any log reaches, or an answer speaks of entries that were never sent.
  case outOfRange
  /// Entries do not follow each other, or are of a later term than their leader.
  case malformedEntries
  /// A part of a snapshot is empty, too large or beyond its end, or the snapshot's description contradicts itself.
  case malformedSnapshot
}

/// A view of a replica for metrics, tests and people.
public struct RaftStatus: Hashable, Sendable {
  /// How a leader's peer gets on.
  public struct Peer: Hashable, Sendable {
    /// The peer.
    public let id: ReplicaID
    /// What is known to be on its disk.
    public let match: LogIndex
    /// What it is sent next.
    public let next: LogIndex
    /// Whether entries stream to it without waiting for each answer.
    public let isReplicating: Bool
    /// AppendEntries without an answer.
    public let inflightMessages: Int
    /// Their bytes of entries.
    public let inflightBytes: Int
  }

  /// This replica.
  public let id: ReplicaID
  /// What it does.
  public let role: RaftRole
  /// The latest term it saw.
  public let term: Term
  /// Who got its vote in `term`.
  public let votedFor: ReplicaID?
  /// The leader of `term`, if known.
  public let leader: ReplicaID?
  /// What is known to be committed.
  public let commit: LogIndex
  /// What the host was given to apply.
  public let handedOut: LogIndex
  /// What the host reported as applied.
  public let applied: LogIndex
  /// What is on this replica's disk and will not be overwritten by a pending write.
  public let durable: LogIndex
  /// The last entry, durable or not.
  public let lastIndex: LogIndex
  /// Its term.
  public let lastTerm: Term
  /// The latest membership in the log.
  public let configuration: Configuration
  /// A leader's peers, sorted by id.
  public let peers: [Peer]
  /// A leader's bytes of proposals that are not committed.
  public let uncommittedBytes: Int
  /// Messages that wait for a write.
  public let withheldMessages: Int
  /// Messages dropped in this process life, by reason.
  public let refusals: [RaftRefusal: UInt64]
  /// Where the log begins.
  public let base: LogBase
  /// The newest snapshot.
  public let snapshot: SnapshotMeta?
  /// Why it stopped, if it did.
  public let fault: RaftFault?
}

extension RaftNode {
  mutating func refuse(_ reason: RaftRefusal) { refusals[reason, default: 0] &+= 1 }

  /// How this replica gets on.
  /// - Complexity: O(peers).
  public var status: RaftStatus {
    RaftStatus(
      id: id, role: role, term: hard.term, votedFor: hard.votedFor, leader: leader, commit: hard.commit, handedOut: handedOut,
      applied: applied, durable: durable, lastIndex: log.last, lastTerm: log.lastTerm, configuration: members,
      peers: peers.map {
        RaftStatus.Peer(
          id: $0.id, match: $0.match, next: $0.next, isReplicating: $0.state == .replicate,
          inflightMessages: $0.inflight.count, inflightBytes: $0.inflightBytes)
      },
      uncommittedBytes: uncommittedBytes, withheldMessages: withheld.count, refusals: refusals, base: log.base,
      snapshot: snapshot, fault: halted)
  }

  /// How many memberships the log holds after `index`. For checkers.
  package func memberships(after index: LogIndex) -> Int { memberships.count { $0.index > index } }

  /// The term of the entry at `index`, 0 at 0, or `nil` beyond the log. For checkers and hosts that compare logs.
  public func term(at index: LogIndex) -> Term? { log.term(at: index) }
}
