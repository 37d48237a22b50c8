public import ChainCore

// Arguments of the packet entries. A batch is one transaction at one proven height; each packet has its own layer, meter and result.

/// The bounds of a batch.
public enum PacketBatch {
  /// The greatest number of packets.
  public static let limit = 100
}

/// A packet's header with the proof that its source chain committed to it.
public struct ProvenHeader: CanonicalRecord, Codable, Hashable {
  /// The header.
  public var header: PacketHeader
  /// `CrossChainState.pendingKey` → packet id, on the source chain; `nil` = the batch's shared proof shows it.
  public var proof: StateProof?
  /// Puts the parts together; nothing is checked.
  public init(header: PacketHeader, proof: StateProof? = nil) {
    self.header = header
    self.proof = proof
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.header, \.proof)
}

/// Arguments of `xc.relay` on the relay.
public struct RelayPackets: CanonicalRecord, Codable, Hashable {
  /// The chain that sent them.
  public var source: ChainID
  /// Its height that the proofs are of.
  public var height: BlockHeight
  /// Moves the client to that height first, if needed.
  public var update: ClientUpdate?
  /// One proof for all packets that bring none of their own.
  public var shared: StateMultiProof?
  /// The packets.
  public var packets: [ProvenHeader]
  /// Puts the parts together.
  public init(source: ChainID, height: BlockHeight, update: ClientUpdate? = nil, shared: StateMultiProof? = nil, packets: [ProvenHeader]) {
    self.source = source
    self.height = height
    self.update = update
    self.shared = shared
    self.packets = packets
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.source, \.height, \.update, \.shared, \.packets)
}

/// A packet with the proof that the relay committed to it.
public struct ProvenPacket: CanonicalRecord, Codable, Hashable {
  /// The packet.
  public var packet: Packet
  /// `CrossChainState.relayedKey` → packet id, on the relay; `nil` = the batch's shared proof shows it.
  public var proof: StateProof?
  /// Puts the parts together; nothing is checked.
  public init(packet: Packet, proof: StateProof? = nil) {
    self.packet = packet
    self.proof = proof
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.packet, \.proof)
}

/// Arguments of `xc.receive` on the destination.
public struct ReceivePackets: CanonicalRecord, Codable, Hashable {
  /// The relay's height that the proofs are of.
  public var height: BlockHeight
  /// Moves the client to that height first, if needed.
  public var update: ClientUpdate?
  /// One proof for all packets that bring none of their own.
  public var shared: StateMultiProof?
  /// The packets.
  public var packets: [ProvenPacket]
  /// Puts the parts together.
  public init(height: BlockHeight, update: ClientUpdate? = nil, shared: StateMultiProof? = nil, packets: [ProvenPacket]) {
    self.height = height
    self.update = update
    self.shared = shared
    self.packets = packets
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.update, \.shared, \.packets)
}

/// A destination's answer with its proof.
public struct ProvenAcknowledgement: CanonicalRecord, Codable, Hashable {
  /// The packet's place.
  public var key: PacketKey
  /// The answer.
  public var acknowledgement: Acknowledgement
  /// `CrossChainState.acknowledgementKey` → the answer, on the destination; `nil` = the batch's shared proof shows it.
  public var proof: StateProof?
  /// Puts the parts together; nothing is checked.
  public init(key: PacketKey, acknowledgement: Acknowledgement, proof: StateProof? = nil) {
    self.key = key
    self.acknowledgement = acknowledgement
    self.proof = proof
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.acknowledgement, \.proof)
}

/// Arguments of `xc.acknowledge` on the relay.
public struct AcknowledgePackets: CanonicalRecord, Codable, Hashable {
  /// The chain that answered.
  public var destination: ChainID
  /// Its height that the proofs are of.
  public var height: BlockHeight
  /// Moves the client to that height first, if needed.
  public var update: ClientUpdate?
  /// One proof for all packets that bring none of their own.
  public var shared: StateMultiProof?
  /// The answers.
  public var packets: [ProvenAcknowledgement]
  /// Puts the parts together.
  public init(
    destination: ChainID, height: BlockHeight, update: ClientUpdate? = nil, shared: StateMultiProof? = nil, packets: [ProvenAcknowledgement]
  ) {
    self.destination = destination
    self.height = height
    self.update = update
    self.shared = shared
    self.packets = packets
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.destination, \.height, \.update, \.shared, \.packets)
}

/// Arguments of `xc.timeout` on the relay: late packets with the proof that they had not arrived.
public struct TimeOutPackets: CanonicalRecord, Codable, Hashable {
  /// The chain that will never receive them.
  public var destination: ChainID
  /// Its one height that all proofs are of.
  public var height: BlockHeight
  /// Moves the client to that height first, if needed.
  public var update: ClientUpdate?
  /// One proof for all packets that bring none of their own.
  public var shared: StateMultiProof?
  /// The relay block that the destination had seen there.
  public var view: RelayView
  /// `CrossChainState.viewKey` → the view, on the destination; `nil` = the shared proof shows it.
  public var viewProof: StateProof?
  /// Headers, each with the proof of `CrossChainState.receiptKey` on the destination: absence, or on an ordered lane `expired`.
  public var packets: [ProvenHeader]
  /// Puts the parts together.
  public init(
    destination: ChainID, height: BlockHeight, update: ClientUpdate? = nil, shared: StateMultiProof? = nil, view: RelayView,
    viewProof: StateProof? = nil, packets: [ProvenHeader]
  ) {
    self.destination = destination
    self.height = height
    self.update = update
    self.shared = shared
    self.view = view
    self.viewProof = viewProof
    self.packets = packets
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.destination, \.height, \.update, \.shared, \.view, \.viewProof, \.packets)
}

/// What shows that a packet ended.
public enum OutcomeEvidence: CanonicalCodable, Codable, Hashable, Sendable {
  /// The relay's record: `CrossChainState.outcomeKey` → outcome, on the relay; no proof = the batch's shared one shows it.
  case recorded(Outcome, StateProof?)
  /// The relay's clock is past the timeout at this height, and it had neither relayed nor recorded the packet: it never will.
  /// No proofs = the batch's shared one shows both absences. On an ordered lane this ends nothing.
  case neverRelayed(relayed: StateProof?, outcome: StateProof?)

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .recorded(let outcome, let proof):
      writer.writeVariant(0)
      outcome.encode(into: &writer)
      proof.encode(into: &writer)
    case .neverRelayed(let relayed, let outcome):
      writer.writeVariant(1)
      relayed.encode(into: &writer)
      outcome.encode(into: &writer)
    }
  }
  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "OutcomeEvidence") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .recorded(try Outcome(from: &reader), try StateProof?(from: &reader))
      case 1: .neverRelayed(relayed: try StateProof?(from: &reader), outcome: try StateProof?(from: &reader))
      default: nil
      }
    }
  }
}

/// A packet's place and what shows how it ended.
public struct ProvenOutcome: CanonicalRecord, Codable, Hashable {
  /// The packet's place.
  public var key: PacketKey
  /// What shows how it ended.
  public var evidence: OutcomeEvidence
  /// Puts the parts together; nothing is checked.
  public init(key: PacketKey, evidence: OutcomeEvidence) {
    self.key = key
    self.evidence = evidence
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.evidence)
}

/// Arguments of `xc.skip` on the destination of ordered lanes: numbers that the relay ended without ever relaying them.
public struct SkipPackets: CanonicalRecord, Codable, Hashable {
  /// The relay's height that the proofs are of.
  public var height: BlockHeight
  /// Moves the client to that height first, if needed.
  public var update: ClientUpdate?
  /// One proof for all packets that bring none of their own.
  public var shared: StateMultiProof?
  /// The packets with the relay's records of their ends, in the order of their numbers.
  public var packets: [ProvenOutcome]
  /// Puts the parts together.
  public init(height: BlockHeight, update: ClientUpdate? = nil, shared: StateMultiProof? = nil, packets: [ProvenOutcome]) {
    self.height = height
    self.update = update
    self.shared = shared
    self.packets = packets
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.update, \.shared, \.packets)
}

/// Arguments of `xc.settle` on the source chain.
public struct SettlePackets: CanonicalRecord, Codable, Hashable {
  /// The relay's height that the proofs are of.
  public var height: BlockHeight
  /// Moves the client to that height first, if needed.
  public var update: ClientUpdate?
  /// One proof for all packets that bring none of their own.
  public var shared: StateMultiProof?
  /// The packets.
  public var packets: [ProvenOutcome]
  /// Puts the parts together.
  public init(height: BlockHeight, update: ClientUpdate? = nil, shared: StateMultiProof? = nil, packets: [ProvenOutcome]) {
    self.height = height
    self.update = update
    self.shared = shared
    self.packets = packets
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.update, \.shared, \.packets)
}
