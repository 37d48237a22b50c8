public import ChainCore

/// A Raft term: at most one leader is elected in each.
public struct Term: NumericIdentifier, ExpressibleByIntegerLiteral {
  /// The plain number.
  public let rawValue: UInt64
  /// The term with this number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// A number in source code.
  public init(integerLiteral value: UInt64) { rawValue = value }
  /// Messages and state with a greater term are refused; no group reaches it by electing.
  public static let limit = Term(1 << 62)
  /// The term after this one.
  public var next: Term { Term(rawValue == .max ? .max : rawValue + 1) }
}

/// The place of an entry in a Raft log; the first entry has 1, and 0 stands before it.
public struct LogIndex: NumericIdentifier, ExpressibleByIntegerLiteral {
  /// The plain number.
  public let rawValue: UInt64
  /// The index with this number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// A number in source code.
  public init(integerLiteral value: UInt64) { rawValue = value }
  /// Messages and state with a greater index are refused; no log grows to it.
  public static let limit = LogIndex(1 << 62)
  /// The index after this one.
  public var next: LogIndex { LogIndex(rawValue == .max ? .max : rawValue + 1) }
  /// The index before this one; 0 before 0.
  public var previous: LogIndex { LogIndex(rawValue == 0 ? 0 : rawValue - 1) }
  /// This index raised by `count`, or the greatest number.
  public func advanced(by count: UInt64) -> LogIndex {
    let (sum, overflow) = rawValue.addingReportingOverflow(count)
    return LogIndex(overflow ? .max : sum)
  }
}

/// The host's name for what it proposed; unique within one process life.
public struct ProposalID: NumericIdentifier, ExpressibleByIntegerLiteral {
  /// The plain number.
  public let rawValue: UInt64
  /// The proposal with this number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// A number in source code.
  public init(integerLiteral value: UInt64) { rawValue = value }
}

/// One entry of the replicated log.
public struct LogEntry: CanonicalCodable, Hashable, Sendable {
  /// What an entry is for.
  public enum Kind: UInt8, CanonicalEnum {
    /// A new leader's first entry: committing it commits everything before it.
    case noop
    /// A host's payload.
    case normal
    /// A membership: the payload is a `Configuration`, which counts from the moment it is in the log.
    case configuration
  }

  /// The greatest payload that a decoder accepts, in bytes.
  public static let payloadLimit = 16 << 20

  /// The place in the log.
  public let index: LogIndex
  /// The term of the leader that made the entry.
  public let term: Term
  /// What the entry is for.
  public let kind: Kind
  /// The host's bytes; empty for a noop.
  public let payload: [UInt8]

  /// An entry with these values.
  public init(index: LogIndex, term: Term, kind: Kind, payload: [UInt8] = []) {
    self.index = index
    self.term = term
    self.kind = kind
    self.payload = payload
  }

  /// The size that flow control counts, in bytes.
  public var byteCount: Int { payload.count + 24 }

  /// Appends index, term, kind, payload.
  public func encode(into writer: inout CanonicalWriter) {
    index.encode(into: &writer)
    term.encode(into: &writer)
    kind.encode(into: &writer)
    writer.writeBytes(payload)
  }

  /// Reads an entry whose payload has at most `payloadLimit` bytes.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    index = try LogIndex(from: &reader)
    term = try Term(from: &reader)
    kind = try Kind(from: &reader)
    payload = try reader.readBytes(limit: Self.payloadLimit)
    reader.leave()
  }
}
