public import ChainCore

/// The way of packets from a contract on one chain to a contract on another.
public struct LaneID: CanonicalRecord, OrderedKey, Codable, Hashable {
  /// The chain that sends.
  public var source: ChainID
  /// The contract that sends.
  public var sourcePort: ContractName
  /// The chain that receives.
  public var destination: ChainID
  /// The contract that is called.
  public var destinationPort: ContractName

  /// Puts the parts together.
  public init(source: ChainID, sourcePort: ContractName, destination: ChainID, destinationPort: ContractName) {
    self.source = source
    self.sourcePort = sourcePort
    self.destination = destination
    self.destinationPort = destinationPort
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.source, \.sourcePort, \.destination, \.destinationPort)

  /// Appends the four names.
  public func encodeKey(into bytes: inout [UInt8]) {
    source.encodeKey(into: &bytes)
    sourcePort.encodeKey(into: &bytes)
    destination.encodeKey(into: &bytes)
    destinationPort.encodeKey(into: &bytes)
  }

  /// Reads the four names.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let source = ChainID(key: &bytes), let sourcePort = ContractName(key: &bytes), let destination = ChainID(key: &bytes),
      let destinationPort = ContractName(key: &bytes)
    else { return nil }
    self.init(source: source, sourcePort: sourcePort, destination: destination, destinationPort: destinationPort)
  }
}

/// One packet's place: its lane and its number there, from 1.
public struct PacketKey: CanonicalRecord, OrderedKey, Codable, Hashable {
  /// The lane.
  public var lane: LaneID
  /// The number on the lane, from 1.
  public var sequence: UInt64

  /// Puts the parts together.
  public init(lane: LaneID, sequence: UInt64) {
    self.lane = lane
    self.sequence = sequence
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lane, \.sequence)

  /// Appends lane and number, so that a lane's packets stand in their order.
  public func encodeKey(into bytes: inout [UInt8]) {
    lane.encodeKey(into: &bytes)
    sequence.encodeKey(into: &bytes)
  }

  /// Reads lane and number.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let lane = LaneID(key: &bytes), let sequence = UInt64(key: &bytes) else { return nil }
    self.init(lane: lane, sequence: sequence)
  }
}

/// Who sent a packet, as the source chain's runtime verified it.
public struct PacketParty: CanonicalRecord, Codable, Hashable {
  /// The account on the source chain.
  public var account: AccountID
  /// Its organisation there.
  public var organisation: OrganisationID

  /// Puts the parts together.
  public init(account: AccountID, organisation: OrganisationID) {
    self.account = account
    self.organisation = organisation
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.account, \.organisation)
}

/// Everything of a packet but its payload: what its id commits to. The relay never needs the payload.
public struct PacketHeader: CanonicalRecord, Codable, Hashable {
  /// The lane.
  public var lane: LaneID
  /// The number on the lane, from 1.
  public var sequence: UInt64
  /// Who sent it.
  public var sender: PacketParty
  /// The entry that is called.
  public var call: EntryName
  /// The care that the content needs.
  public var classification: PacketClass
  /// The request that it answers, if any.
  public var requestID: Digest?
  /// When it is too late, on the relay's clock as the destination has seen it.
  public var timeout: PacketTimeout
  /// The payload's digest under the network hash.
  public var payloadDigest: Digest
  /// The payload's size in bytes.
  public var payloadSize: UInt32
  /// The serial number of the certificate that the payload is sealed to, if it is sealed; at most 64 bytes.
  public var sealedTo: [UInt8]?
  /// Whether the lane's packets arrive in the order of their numbers.
  public var isOrdered: Bool

  /// Puts the fields together.
  public init(
    lane: LaneID, sequence: UInt64, sender: PacketParty, call: EntryName, classification: PacketClass = .ordinary,
    requestID: Digest? = nil, timeout: PacketTimeout, payloadDigest: Digest, payloadSize: UInt32, sealedTo: [UInt8]? = nil,
    isOrdered: Bool = false
  ) {
    self.lane = lane
    self.sequence = sequence
    self.sender = sender
    self.call = call
    self.classification = classification
    self.requestID = requestID
    self.timeout = timeout
    self.payloadDigest = payloadDigest
    self.payloadSize = payloadSize
    self.sealedTo = sealedTo
    self.isOrdered = isOrdered
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(lane:sequence:sender:call:classification:requestID:timeout:payloadDigest:payloadSize:sealedTo:isOrdered:),
    \.lane, \.sequence, \.sender, \.call, \.classification, \.requestID, \.timeout, \.payloadDigest, \.payloadSize, \.sealedTo,
    \.isOrdered)

  /// The packet's place.
  public var key: PacketKey { PacketKey(lane: lane, sequence: sequence) }
}

/// A packet as the source chain keeps it until it is settled.
public struct Packet: CanonicalRecord, Codable, Hashable {
  /// The greatest size of a payload in bytes; larger content goes beside the chain.
  public static let payloadLimit = 64 * 1024
  /// The greatest size of a certificate's serial number in bytes.
  public static let sealLimit = 64

  /// What the id commits to.
  public var header: PacketHeader
  /// The canonical bytes of the called entry's arguments.
  public var payload: [UInt8]

  /// Puts the parts together; nothing is checked.
  public init(header: PacketHeader, payload: [UInt8]) {
    self.header = header
    self.payload = payload
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.header, \.payload)
}

/// The hash that packets are known by on every chain of a network: the relay's, fixed at its genesis.
public struct NetworkHash: Sendable, Hashable {
  /// The relay's suite.
  public let suite: CryptoSuite

  /// The network whose relay has this suite.
  public init(suite: CryptoSuite) { self.suite = suite }

  /// The packet's id.
  public func packetID(_ header: PacketHeader) -> Digest { suite.digest("Packet", .none, header) }
  /// A payload's digest.
  public func payload(_ bytes: [UInt8]) -> Digest { suite.digest("PacketPayload", .none, bytes) }
  /// The digest of a call's result.
  public func result(_ bytes: [UInt8]) -> Digest { suite.digest("PacketResult", .none, bytes) }
  /// The digest of a failure's message.
  public func message(_ text: String) -> Digest { suite.digest("PacketMessage", .none, text) }
}

extension PacketTimeout {
  /// Whether it is too late at this relay height and time. The last height and time themselves are not.
  public func isPast(_ view: RelayView) -> Bool {
    (relayHeight != 0 && view.height.rawValue > relayHeight) || (relayTimeMs != 0 && view.time.rawValue > relayTimeMs)
  }

  /// Whether a part is used.
  public var isUsed: Bool { relayHeight != 0 || relayTimeMs != 0 }
}

/// Height and time of the newest relay block that a chain has verified: the one clock of timeouts. It only grows.
public struct RelayView: CanonicalRecord, Codable, Hashable {
  /// The relay's height.
  public var height: BlockHeight
  /// The time of that block.
  public var time: BlockTime

  /// Puts the fields together.
  public init(height: BlockHeight, time: BlockTime) {
    self.height = height
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.time)
}
