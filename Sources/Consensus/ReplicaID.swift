public import ChainCore

/// A replica of an agreement group: the account of its validator key. Never reused by another key.
public struct ReplicaID: CanonicalCodable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The account of the replica's validator key.
  public let account: AccountID

  /// The replica with this account.
  public init(_ account: AccountID) { self.account = account }

  /// Appends the 32 bytes of the account.
  public func encode(into writer: inout CanonicalWriter) { account.encode(into: &writer) }
  /// Reads 32 bytes.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) { account = try AccountID(from: &reader) }
  /// Byte order of the accounts.
  public static func < (left: ReplicaID, right: ReplicaID) -> Bool { left.account < right.account }
  /// The first eight hexadecimal characters of the account: enough to tell replicas apart in a log.
  public var description: String { String(account.description.prefix(8)) }
}
