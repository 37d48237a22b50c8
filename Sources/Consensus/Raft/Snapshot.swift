public import ChainCore

/// A snapshot of the state machine: what it stands for, not its bytes, which only the host has.
public struct SnapshotMeta: CanonicalRecord, Hashable {
  /// The last entry whose effects it holds.
  public var index: LogIndex
  /// That entry's term.
  public var term: Term
  /// The membership at that entry.
  public var configuration: Configuration
  /// How many bytes it has.
  public var byteCount: UInt64
  /// Over its bytes; checked by the host before it installs.
  public var digest: Digest

  /// A description of these values.
  public init(index: LogIndex, term: Term, configuration: Configuration, byteCount: UInt64, digest: Digest) {
    self.index = index
    self.term = term
    self.configuration = configuration
    self.byteCount = byteCount
    self.digest = digest
  }

  /// Index, term, membership, size, digest.
  public static let layout = Layout(Self.init, \.index, \.term, \.configuration, \.byteCount, \.digest)
}

/// Where a log begins: after the entry `index` of `term`. Everything up to it was compacted.
public struct LogBase: CanonicalRecord, Hashable {
  /// The last entry that is not there any more; 0 if the log is whole.
  public var index: LogIndex
  /// Its term.
  public var term: Term

  /// A base at this entry; that of a whole log by default.
  public init(index: LogIndex = 0, term: Term = 0) {
    self.index = index
    self.term = term
  }

  /// Index, term.
  public static let layout = Layout(Self.init, \.index, \.term)
}

/// How far a snapshot has come in.
public struct SnapshotReceipt: CanonicalRecord, Hashable {
  /// Which one.
  public var meta: SnapshotMeta
  /// Its bytes 0 ..< `stored` are on this disk.
  public var stored: UInt64

  /// A receipt of these values.
  public init(meta: SnapshotMeta, stored: UInt64) {
    self.meta = meta
    self.stored = stored
  }

  /// Description, bytes.
  public static let layout = Layout(Self.init, \.meta, \.stored)
}

/// What a follower says about a snapshot that it is sent.
public enum SnapshotAnswer: Hashable, Sendable {
  /// Its first bytes up to here are on disk; go on from here.
  case stored(through: UInt64)
  /// State machine and log are now those of the snapshot.
  case installed
  /// Its bytes do not have its digest, or it cannot be taken. Begin again.
  case refused
}

/// A leader's stream of one snapshot to one peer.
struct SnapshotStream: Sendable {
  /// Chunks that may be unanswered.
  static let window: UInt64 = 4

  let meta: SnapshotMeta
  /// The peer has stored this much.
  var stored: UInt64 = 0
  /// Read or sent this far.
  var sent: UInt64 = 0
  /// Ticks since `stored` grew; then what is unanswered is sent again.
  var silence = 0
}

/// What a follower does with a snapshot that comes in.
struct SnapshotIntake: Sendable {
  var receipt: SnapshotReceipt
  let leaderTerm: Term
  /// Given to the host to store this far.
  var received: UInt64
  /// The host is installing it: the log stands still until it is done.
  var isInstalling = false
}
