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

/// How much care a packet's content needs; decides which routes may carry it.
public enum PacketClass: UInt8, CanonicalEnum, Hashable, Codable, Comparable {
  /// Any route.
  case ordinary = 0
  /// Byzantine quorums only.
  case important = 1
  /// Byzantine quorums only, and sealed.
  case sensitive = 2

  /// By care.
  public static func < (left: PacketClass, right: PacketClass) -> Bool { left.rawValue < right.rawValue }
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
  /// The request that it answers, or the transaction that it belongs to, if any.
  public var requestID: Digest?
  /// The care that the content needs; above ordinary, the relay's route and all validators on the way have to be fit for it.
  public var classification: PacketClass
  /// The serial number of the certificate that the payload is sealed to. Sensitive content is always sealed.
  public var sealedTo: [UInt8]?
  /// Whether packets of this lane arrive in the order of their numbers; the relay's route has to say the same.
  public var isOrdered: Bool

  /// A packet that calls `call` of `port` on `destination`. Defaults: of class ordinary, unsealed, unordered.
  public init(
    to destination: ChainID, port: ContractName, call: EntryName, payload: [UInt8], timeout: PacketTimeout? = nil,
    requestID: Digest? = nil, classification: PacketClass = .ordinary, sealedTo: [UInt8]? = nil, isOrdered: Bool = false
  ) {
    self.destination = destination
    self.port = port
    self.call = call
    self.payload = payload
    self.timeout = timeout
    self.requestID = requestID
    self.classification = classification
    self.sealedTo = sealedTo
    self.isOrdered = isOrdered
  }
}

/// A packet that a contract received and has not answered yet: what it answers by later.
public struct PacketTicket: CanonicalRecord, OrderedKey, Hashable, Codable {
  /// The chain that sent it.
  public var source: ChainID
  /// The contract that sent it.
  public var port: ContractName
  /// Its number on its lane.
  public var sequence: UInt64

  /// Puts the fields together.
  public init(source: ChainID, port: ContractName, sequence: UInt64) {
    self.source = source
    self.port = port
    self.sequence = sequence
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.source, \.port, \.sequence)

  /// Appends chain, contract and number.
  public func encodeKey(into bytes: inout [UInt8]) {
    source.encodeKey(into: &bytes)
    port.encodeKey(into: &bytes)
    sequence.encodeKey(into: &bytes)
  }

  /// Reads chain, contract and number.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let source = ChainID(key: &bytes), let port = ContractName(key: &bytes), let sequence = UInt64(key: &bytes) else { return nil }
    self.init(source: source, port: port, sequence: sequence)
  }
}

/// What a contract answers to a packet later than it received it.
public enum LateAnswer: Sendable, Hashable {
  /// It is done; the canonical bytes of the result.
  case succeeded([UInt8])
  /// It is refused; code and sentence, as of an error.
  case failed(code: String, message: String)
}

/// What came of calling a contract for a packet.
package enum PacketReply: Sendable, Hashable {
  /// An entry's result.
  case result([UInt8])
  /// A query's answer.
  case answer([UInt8])
  /// The contract answers later.
  case later
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
  /// The query was answered; the canonical bytes of the answer.
  case answered([UInt8])
  /// The call failed there; code and digest of the message.
  case failed(code: String, Digest)
  /// It was never and will never be received.
  case timedOut
  /// The relay refused it; the reason.
  case rejected(String)
  /// The network's governance ended it, because the destination can't any more; the decision.
  case adjudicated(Digest)
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

  /// Records a contract's answer to a packet that it received earlier and left open. `context` is this contract's own.
  func answer(
    _ ticket: PacketTicket, with answer: LateAnswer, from port: ContractName, _ context: ContractContext
  ) throws(ContractError)
}

extension PacketSender {
  /// Most senders have no open packets.
  public func answer(
    _ ticket: PacketTicket, with answer: LateAnswer, from port: ContractName, _ context: ContractContext
  ) throws(ContractError) {
    throw .notSupported("answering packets later")
  }
}
