public import ChainCore

/// What one Raft replica tells another. The transport authenticates `from`.
public struct RaftMessage: CanonicalCodable, Hashable, Sendable {
  /// The kinds of messages and their fields.
  public enum Body: Hashable, Sendable {
    /// Would you vote for me in `term`? Changes nothing at either side.
    case preVote(lastIndex: LogIndex, lastTerm: Term)
    /// The answer to `preVote`: a grant echoes the asked term, a refusal carries the refuser's.
    case preVoteResponse(granted: Bool)
    /// Vote for me in `term`; `transfer` means that the old leader wishes it.
    case requestVote(lastIndex: LogIndex, lastTerm: Term, transfer: Bool)
    /// The answer to `requestVote`.
    case voteResponse(granted: Bool)
    /// Entries that follow (`previousIndex`, `previousTerm`), and the leader's commit index.
    case append(previousIndex: LogIndex, previousTerm: Term, entries: [LogEntry], commit: LogIndex)
    /// All entries up to `match` are those of the leader, and on the sender's disk.
    case appendAccepted(match: LogIndex)
    /// Nothing like `previousIndex` is here; the sender's log may agree at (`hintIndex`, `hintTerm`).
    case appendRejected(previousIndex: LogIndex, hintIndex: LogIndex, hintTerm: Term)
    /// I lead; what you have up to `commit` is committed.
    case heartbeat(commit: LogIndex, readSequence: UInt64)
    /// The answer to `heartbeat`, with its sequence.
    case heartbeatResponse(readSequence: UInt64)
    /// Campaign now; I stand aside.
    case timeoutNow
    /// Up to where must I have applied the log, to read what is committed now?
    case readIndexRequest(token: UInt64)
    /// The answer to `readIndexRequest`; without index: ask another time.
    case readIndexResponse(token: UInt64, index: LogIndex?)
    /// A part of a snapshot; the last one ends at `meta.byteCount`.
    indirect case snapshotChunk(meta: SnapshotMeta, offset: UInt64, bytes: [UInt8])
    /// What became of the snapshot at `index`.
    case snapshotAnswer(index: LogIndex, SnapshotAnswer)
  }

  /// The greatest number of entries in one message.
  public static let entryLimit = 4_096
  /// The greatest number of a snapshot's bytes in one message.
  public static let chunkLimit = 4 << 20

  /// The chain whose log this is.
  public let group: GenesisID
  /// Who sent it.
  public let from: ReplicaID
  /// Whom it is for.
  public let to: ReplicaID
  /// The sender's term (`preVote` and a grant of it: the term asked for).
  public let term: Term
  /// The kind and its fields.
  public let body: Body

  /// A message with these values.
  public init(group: GenesisID, from: ReplicaID, to: ReplicaID, term: Term, body: Body) {
    self.group = group
    self.from = from
    self.to = to
    self.term = term
    self.body = body
  }

  /// Appends group, from, to, term, body.
  public func encode(into writer: inout CanonicalWriter) {
    group.encode(into: &writer)
    from.encode(into: &writer)
    to.encode(into: &writer)
    term.encode(into: &writer)
    body.encode(into: &writer)
  }

  /// Reads a message; counts are checked before anything is allocated.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    group = try GenesisID(from: &reader)
    from = try ReplicaID(from: &reader)
    to = try ReplicaID(from: &reader)
    term = try Term(from: &reader)
    body = try Body(from: &reader)
    reader.leave()
  }
}

extension RaftMessage.Body: CanonicalCodable {
  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .preVote(let lastIndex, let lastTerm):
      writer.writeVariant(0)
      lastIndex.encode(into: &writer)
      lastTerm.encode(into: &writer)
    case .preVoteResponse(let granted):
      writer.writeVariant(1)
      granted.encode(into: &writer)
    case .requestVote(let lastIndex, let lastTerm, let transfer):
      writer.writeVariant(2)
      lastIndex.encode(into: &writer)
      lastTerm.encode(into: &writer)
      transfer.encode(into: &writer)
    case .voteResponse(let granted):
      writer.writeVariant(3)
      granted.encode(into: &writer)
    case .append(let previousIndex, let previousTerm, let entries, let commit):
      writer.writeVariant(4)
      previousIndex.encode(into: &writer)
      previousTerm.encode(into: &writer)
      entries.encode(into: &writer)
      commit.encode(into: &writer)
    case .appendAccepted(let match):
      writer.writeVariant(5)
      match.encode(into: &writer)
    case .appendRejected(let previousIndex, let hintIndex, let hintTerm):
      writer.writeVariant(6)
      previousIndex.encode(into: &writer)
      hintIndex.encode(into: &writer)
      hintTerm.encode(into: &writer)
    case .heartbeat(let commit, let readSequence):
      writer.writeVariant(7)
      commit.encode(into: &writer)
      writer.writeInteger(readSequence)
    case .heartbeatResponse(let readSequence):
      writer.writeVariant(8)
      writer.writeInteger(readSequence)
    case .timeoutNow: writer.writeVariant(9)
    case .readIndexRequest(let token):
      writer.writeVariant(10)
      writer.writeInteger(token)
    case .readIndexResponse(let token, let index):
      writer.writeVariant(11)
      writer.writeInteger(token)
      index.encode(into: &writer)
    case .snapshotChunk(let meta, let offset, let bytes):
      writer.writeVariant(12)
      meta.encode(into: &writer)
      writer.writeInteger(offset)
      writer.writeBytes(bytes)
    case .snapshotAnswer(let index, let answer):
      writer.writeVariant(13)
      index.encode(into: &writer)
      answer.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "RaftMessage") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .preVote(lastIndex: try LogIndex(from: &reader), lastTerm: try Term(from: &reader))
      case 1: .preVoteResponse(granted: try Bool(from: &reader))
      case 2:
        .requestVote(
          lastIndex: try LogIndex(from: &reader), lastTerm: try Term(from: &reader), transfer: try Bool(from: &reader))
      case 3: .voteResponse(granted: try Bool(from: &reader))
      case 4:
        .append(
          previousIndex: try LogIndex(from: &reader), previousTerm: try Term(from: &reader),
          entries: try Self.entries(from: &reader), commit: try LogIndex(from: &reader))
      case 5: .appendAccepted(match: try LogIndex(from: &reader))
      case 6:
        .appendRejected(
          previousIndex: try LogIndex(from: &reader), hintIndex: try LogIndex(from: &reader), hintTerm: try Term(from: &reader))
      case 7: .heartbeat(commit: try LogIndex(from: &reader), readSequence: try reader.readInteger())
      case 8: .heartbeatResponse(readSequence: try reader.readInteger())
      case 9: .timeoutNow
      case 10: .readIndexRequest(token: try reader.readInteger())
      case 11: .readIndexResponse(token: try reader.readInteger(), index: try LogIndex?(from: &reader))
      case 12:
        .snapshotChunk(
          meta: try SnapshotMeta(from: &reader), offset: try reader.readInteger(),
          bytes: try reader.readBytes(limit: RaftMessage.chunkLimit))
      case 13: .snapshotAnswer(index: try LogIndex(from: &reader), try SnapshotAnswer(from: &reader))
      default: nil
      }
    }
  }

  // An entry takes at least index, term, kind and an empty payload: 18 bytes.
  private static func entries(from reader: inout CanonicalReader) throws(CanonicalError) -> [LogEntry] {
    let count = try reader.readCount(limit: RaftMessage.entryLimit, elementBytes: 18)
    var entries: [LogEntry] = []
    entries.reserveCapacity(min(count, reader.remaining / MemoryLayout<LogEntry>.stride))
    for _ in 0..<count { entries.append(try LogEntry(from: &reader)) }
    return entries
  }
}

extension SnapshotAnswer: CanonicalCodable {
  /// Appends the variant and its field.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .stored(let through):
      writer.writeVariant(0)
      writer.writeInteger(through)
    case .installed: writer.writeVariant(1)
    case .refused: writer.writeVariant(2)
    }
  }

  /// Reads the variant and its field.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "SnapshotAnswer") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .stored(through: try reader.readInteger())
      case 1: .installed
      case 2: .refused
      default: nil
      }
    }
  }
}
