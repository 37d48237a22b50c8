public import ChainCore

// Answers of the queries that relayers work from.

/// Arguments of `xc.pending` on a source chain.
public struct PendingQuestion: CanonicalRecord, Codable, Hashable {
  /// Begin after this packet; `nil` = from the first.
  public var after: PacketKey?
  /// At most this many; at most 200 are given.
  public var limit: UInt32
  /// Asks for a page.
  public init(after: PacketKey? = nil, limit: UInt32 = 200) {
    self.after = after
    self.limit = limit
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.after, \.limit)
}

/// What the relay knows of a packet; an answer of `xc.packets`.
public struct RelayedPacket: CanonicalRecord, Codable, Hashable {
  /// The packet's id, once relayed.
  public var packetID: Digest?
  /// How it ended, once it has.
  public var outcome: Outcome?
  /// Puts the parts together.
  public init(packetID: Digest?, outcome: Outcome?) {
    self.packetID = packetID
    self.outcome = outcome
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.packetID, \.outcome)
}

/// What the destination knows of a packet; an answer of `xc.deliveries`.
public struct Delivery: CanonicalRecord, Codable, Hashable {
  /// That it arrived, once it has.
  public var receipt: PacketReceipt?
  /// The answer, once there is one.
  public var acknowledgement: Acknowledgement?
  /// Puts the parts together.
  public init(receipt: PacketReceipt?, acknowledgement: Acknowledgement?) {
    self.receipt = receipt
    self.acknowledgement = acknowledgement
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.receipt, \.acknowledgement)
}
