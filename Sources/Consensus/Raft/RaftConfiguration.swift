public import ChainCore

/// What a Raft replica is told at start and never changes: who it is, its timing and its limits.
public struct RaftConfiguration: Sendable {
  /// This replica.
  public var id: ReplicaID
  /// The chain whose log this is; messages of other groups are dropped.
  public var group: GenesisID
  /// The seed of the election timeouts. Differs per replica and process life.
  public var seed: UInt64
  /// E: election timeouts are drawn from E ..< 2E ticks (a tick is 50 ms); the leader checks its quorum every E ticks.
  public var electionTicks = 10
  /// The leader sends heartbeats each time this many ticks have passed.
  public var heartbeatTicks = 1
  /// The greatest payload of one proposal, in bytes.
  public var maxEntryBytes = 4 << 20
  /// An AppendEntries holds at most this many bytes of entries, or one entry.
  public var maxMessageBytes = 1 << 20
  /// AppendEntries that may be unanswered per peer.
  public var maxInflightMessages = 256
  /// Bytes of entries that may be unanswered per peer.
  public var maxInflightBytes = 8 << 20
  /// Bytes of proposals that a leader accepts before they commit.
  public var maxUncommittedBytes = 64 << 20
  /// Bytes of entries handed out by `apply` and not yet reported as applied.
  public var maxApplyingBytes = 16 << 20
  /// A learner may become a voter when it lacks at most this many committed entries.
  public var promotionSlack: UInt64 = 1_000
  /// Bytes of a snapshot in one message.
  public var snapshotChunkBytes = 1 << 20
  /// Entries that compaction leaves before the end of the log, so that a slow peer needs no snapshot.
  public var trailingEntries: UInt64 = 10_000
  #if DEBUG
    /// A defect planted by tests.
    package var mutation: RaftMutation?
  #endif

  /// The default timing and limits for replica `id` of the chain `group`.
  public init(id: ReplicaID, group: GenesisID, seed: UInt64) {
    self.id = id
    self.group = group
    self.seed = seed
  }
}

/// The state that elections depend on; with the log, what a replica must not forget.
public struct HardState: CanonicalRecord, Hashable {
  /// The latest term seen.
  public var term: Term
  /// Who got this replica's vote in `term`.
  public var votedFor: ReplicaID?
  /// An index known to be committed; a hint that shortens restart.
  public var commit: LogIndex

  /// A state with these values.
  public init(term: Term = 0, votedFor: ReplicaID? = nil, commit: LogIndex = 0) {
    self.term = term
    self.votedFor = votedFor
    self.commit = commit
  }

  /// Term, vote, commit.
  public static let layout = Layout(Self.init, \.term, \.votedFor, \.commit)
}

/// Reads entries that the host has stored. Used inside `step`, so it must answer from memory or a local disk.
///
/// The node asks only for indexes whose writes were reported as persisted, or that were there at restart.
public protocol RaftLogReader: Sendable {
  /// The entries of `range` in order: as many as fit in `maxBytes` of payload, but at least one.
  func entries(_ range: Range<LogIndex>, maxBytes: Int) throws -> [LogEntry]
  /// The term of the entry at `index`, or `nil` if it is not stored.
  func term(at index: LogIndex) throws -> Term?
}

/// What a replica's disk held when its process started.
public struct RaftRestoredState: Sendable {
  /// Term, vote, commit as last written.
  public var hardState: HardState
  /// The membership before the first entry of the first log: genesis. The newest snapshot's counts instead, if there is one.
  public var configuration: Configuration
  /// The newest snapshot that the state machine can be rebuilt from.
  public var snapshot: SnapshotMeta?
  /// Where the log begins; not after the newest snapshot.
  public var base: LogBase
  /// A snapshot of which a part came in.
  public var receipt: SnapshotReceipt?
  /// The last stored entry; the base's index if there is none.
  public var lastIndex: LogIndex
  /// The last entry that the state machine really holds.
  public var applied: LogIndex
  /// Where the entries after the base up to `lastIndex` are read from.
  public var log: any RaftLogReader

  /// A state with these values; the defaults are those of an empty disk.
  public init(
    configuration: Configuration, log: any RaftLogReader, hardState: HardState = HardState(), lastIndex: LogIndex = 0,
    applied: LogIndex = 0, snapshot: SnapshotMeta? = nil, base: LogBase = LogBase(), receipt: SnapshotReceipt? = nil
  ) {
    self.snapshot = snapshot
    self.base = base
    self.receipt = receipt
    self.configuration = configuration
    self.log = log
    self.hardState = hardState
    self.lastIndex = lastIndex
    self.applied = applied
  }
}
