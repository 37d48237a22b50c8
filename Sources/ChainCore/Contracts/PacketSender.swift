// How contracts and the cross-chain module meet without knowing each other.

/// When a packet is no longer accepted, on the relay's clock. Zero means unused; not both.
public struct PacketTimeout: CanonicalRecord, Hashable, Codable {
  /// The last relay height at which it may arrive.
  public var relayHeight: UInt64
  /// The last relay time (ms since 1970) at which it may arrive.
  public var relayTimeMs: UInt64

  /// A timeout; at least one part is not zero.
  public init(relayHeight: UInt64 = 0, relayTimeMs: UInt64 = 0) {
    self.relayHeight = relayHeight
    self.relayTimeMs = relayTimeMs
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.relayHeight, \.relayTimeMs)
}

/// A call of a contract on another chain, as the sending contract asks for it.
public struct OutgoingPacket: Sendable, Hashable {
  /// The chain that gets it.
  public var destination: ChainID
  /// The contract there.
  public var port: ContractName
  /// The entry of that contract.
  public var call: EntryName
  /// The canonical bytes of the entry's arguments.
  public var payload: [UInt8]
  /// When it is too late; `nil` = the sender module's default.
  public var timeout: PacketTimeout?
  /// The request that it answers, if any.
  public var requestID: Digest?

  /// A packet that calls `call` of `port` on `destination`.
  public init(
    to destination: ChainID, port: ContractName, call: EntryName, payload: [UInt8], timeout: PacketTimeout? = nil, requestID: Digest? = nil
  ) {
    self.destination = destination
    self.port = port
    self.call = call
    self.payload = payload
    self.timeout = timeout
    self.requestID = requestID
  }
}

/// What a sent packet is known by afterwards.
public struct SentPacket: CanonicalRecord, Hashable, Codable {
  /// The packet's id on every chain.
  public var id: Digest
  /// Its number on its lane.
  public var sequence: UInt64

  /// Puts the fields together.
  public init(id: Digest, sequence: UInt64) {
    self.id = id
    self.sequence = sequence
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.id, \.sequence)
}

/// How a packet ended.
public enum PacketOutcome: Sendable, Hashable {
  /// The call succeeded there; the digest of its result.
  case succeeded(Digest)
  /// The call failed there; code and digest of the message.
  case failed(code: String, Digest)
  /// It was never and will never be received.
  case timedOut
  /// The relay refused it; the reason.
  case rejected(String)
}

/// A packet that came to its one end, as its sender learns it.
public struct SettledPacket: Sendable, Hashable {
  /// The packet.
  public var packet: SentPacket
  /// Where it went.
  public var destination: ChainID
  /// The contract it called.
  public var port: ContractName
  /// The entry it called.
  public var call: EntryName
  /// How it ended.
  public var outcome: PacketOutcome

  /// Puts the fields together.
  public init(packet: SentPacket, destination: ChainID, port: ContractName, call: EntryName, outcome: PacketOutcome) {
    self.packet = packet
    self.destination = destination
    self.port = port
    self.call = call
    self.outcome = outcome
  }
}

/// The one contract through which packets leave a chain.
public protocol PacketSender: Contract {
  /// Commits to the packet. `context` is this contract's own; `port` and `caller` are the sender's, as the runtime verified them.
  func send(_ packet: OutgoingPacket, from port: ContractName, by caller: Caller, _ context: ContractContext) throws(ContractError)
    -> SentPacket
}
