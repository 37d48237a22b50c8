public import ChainCore

/// What became of a packet at its destination.
public enum PacketReceipt: CanonicalCodable, Codable, Hashable, Sendable {
  /// It was received; the packet's id. Its call may have failed all the same.
  case received(Digest)
  /// On an ordered lane: it came after its timeout; the packet's id. It was not received and never will be.
  case expired(Digest)
  /// On an ordered lane: the relay had ended it without ever relaying it.
  case skipped

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .received(let id):
      writer.writeVariant(0)
      id.encode(into: &writer)
    case .expired(let id):
      writer.writeVariant(1)
      id.encode(into: &writer)
    case .skipped: writer.writeVariant(2)
    }
  }
  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "PacketReceipt") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .received(try Digest(from: &reader))
      case 1: .expired(try Digest(from: &reader))
      case 2: .skipped
      default: nil
      }
    }
  }
}

/// What the called contract answered.
public enum AckResult: CanonicalCodable, Codable, Hashable, Sendable {
  /// The greatest size of a query's answer in bytes: it travels with the acknowledgement.
  public static let answerLimit = 4_096

  /// The call succeeded; the digest of its result.
  case success(Digest)
  /// The call failed and left nothing; the error's code and the digest of its message.
  case failure(code: String, Digest)
  /// The query was answered; the canonical bytes of the answer. All chains on the way see it.
  case answer([UInt8])

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .success(let result):
      writer.writeVariant(0)
      result.encode(into: &writer)
    case .failure(let code, let message):
      writer.writeVariant(1)
      writer.writeString(code)
      message.encode(into: &writer)
    case .answer(let bytes):
      writer.writeVariant(2)
      writer.writeBytes(bytes)
    }
  }
  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "AckResult") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .success(try Digest(from: &reader))
      case 1: .failure(code: try reader.readString(limit: 64), try Digest(from: &reader))
      case 2: .answer(try reader.readBytes(limit: Self.answerLimit))
      default: nil
      }
    }
  }
}

/// The destination's answer to one packet.
public struct Acknowledgement: CanonicalRecord, Codable, Hashable {
  /// The packet.
  public var packetID: Digest
  /// What its call gave.
  public var result: AckResult

  /// Puts the parts together.
  public init(packetID: Digest, result: AckResult) {
    self.packetID = packetID
    self.result = result
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.packetID, \.result)
}

/// How a packet ended: written once, on the relay.
public enum Outcome: CanonicalCodable, Codable, Hashable, Sendable {
  /// The destination answered.
  case acknowledged(Acknowledgement)
  /// It was never and will never be received.
  case timedOut
  /// The relay's route refused it; the reason code.
  case rejected(RouteRefusal)
  /// The relay's governance ended it because its destination can't any more; the decision.
  case adjudicated(Digest)

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .acknowledged(let acknowledgement):
      writer.writeVariant(0)
      acknowledgement.encode(into: &writer)
    case .timedOut: writer.writeVariant(1)
    case .rejected(let reason):
      writer.writeVariant(2)
      reason.encode(into: &writer)
    case .adjudicated(let decision):
      writer.writeVariant(3)
      decision.encode(into: &writer)
    }
  }
  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "Outcome") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .acknowledged(try Acknowledgement(from: &reader))
      case 1: .timedOut
      case 2: .rejected(try RouteRefusal(from: &reader))
      case 3: .adjudicated(try Digest(from: &reader))
      default: nil
      }
    }
  }

  /// What the sender's contract learns.
  var settled: PacketOutcome {
    switch self {
    case .acknowledged(let acknowledgement):
      switch acknowledgement.result {
      case .success(let result): .succeeded(result)
      case .failure(let code, let message): .failed(code: code, message)
      case .answer(let bytes): .answered(bytes)
      }
    case .timedOut: .timedOut
    case .rejected(let reason): .rejected(reason.text)
    case .adjudicated(let decision): .adjudicated(decision)
    }
  }
}

/// Why the relay's route refuses a packet for good.
public enum RouteRefusal: UInt8, CanonicalEnum, Hashable, Codable {
  /// The destination is not registered.
  case unknownDestination = 0
  /// No route allows the lane: denied by default.
  case noRoute = 1
  /// The route does not allow this call.
  case call = 2
  /// The class is above the route's.
  case classification = 3
  /// The payload is larger than the route allows.
  case payloadSize = 4
  /// The timeout is further off than the route allows, or unused.
  case timeout = 5
  /// The route is not valid at this time.
  case notValidNow = 6
  /// Source and destination port differ.
  case port = 7
  /// A chain on the way is decided by crashes-only validators, or one organisation has a third of the weight: not fit for the class.
  case quorum = 8
  /// The class is sensitive and the payload not sealed.
  case unsealed = 9
  /// The route is ordered and the packet not, or the other way round.
  case order = 10
  /// The destination was retired.
  case retired = 11
  /// The way over several relays is too long, goes up again, or its timeout is a height.
  case way = 12

  /// The code as text.
  public var text: String {
    switch self {
    case .unknownDestination: "unknownDestination"
    case .noRoute: "noRoute"
    case .call: "call"
    case .classification: "classification"
    case .payloadSize: "payloadSize"
    case .timeout: "timeout"
    case .notValidNow: "notValidNow"
    case .port: "port"
    case .quorum: "quorum"
    case .unsealed: "unsealed"
    case .order: "order"
    case .retired: "retired"
    case .way: "way"
    }
  }
}

/// What became of one packet of a batch.
public enum PacketStatus: CanonicalCodable, Codable, Hashable, Sendable {
  /// It took effect.
  case done
  /// It had taken effect before; nothing changed.
  case alreadyDone
  /// It was refused and changed nothing; code and sentence.
  case refused(code: String, message: String)

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .done: writer.writeVariant(0)
    case .alreadyDone: writer.writeVariant(1)
    case .refused(let code, let message):
      writer.writeVariant(2)
      writer.writeString(code)
      writer.writeString(message)
    }
  }
  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "PacketStatus") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .done
      case 1: .alreadyDone
      case 2: .refused(code: try reader.readString(limit: 64), message: try reader.readString(limit: Receipt.messageLimit))
      default: nil
      }
    }
  }

  init(_ error: ContractError) {
    var message = ""
    for character in error.message {
      guard message.utf8.count + character.utf8.count <= Receipt.messageLimit else { break }
      message.append(character)
    }
    self = .refused(code: error.code, message: message)
  }
}

/// How far a packet has come on a lane.
public enum HopStage: UInt8, CanonicalEnum, Hashable, Codable {
  /// The relay committed to it.
  case relayed = 0
  /// The relay's route refused it.
  case rejected = 1
  /// The destination's answer is recorded.
  case acknowledged = 2
  /// It ended by timeout.
  case timedOut = 3
  /// Its number had been used by another packet: refused, and the route frozen.
  case sequenceReused = 4
  /// The relay's governance ended it.
  case adjudicated = 5
}

/// One line of the relay's log: what supervisors see of every packet. An event of the relay; its digest is a leaf of the log.
public struct HopRecord: CanonicalRecord, Codable, Hashable {
  /// The number of the leaf, from 0.
  public var number: UInt64
  /// The packet.
  public var packetID: Digest
  /// Its place.
  public var key: PacketKey
  /// What happened.
  public var stage: HopStage
  /// The relay's height.
  public var relayHeight: BlockHeight
  /// The relay's block time.
  public var time: BlockTime
  /// The height of the chain whose proof showed it.
  public var provenHeight: BlockHeight
  /// The version of the route that allowed or refused it; 0 if none did.
  public var policyVersion: UInt64
  /// The sender's organisation; `nil` where the header is not at hand.
  public var organisation: OrganisationID?
  /// The class; `nil` where the header is not at hand.
  public var classification: PacketClass?
  /// The payload's digest and size; `nil` where the header is not at hand.
  public var payloadDigest: Digest?
  /// The payload's size in bytes.
  public var payloadSize: UInt32
  /// The account that submitted it.
  public var relayer: AccountID
  /// Why, if it was refused.
  public var reason: RouteRefusal?

  /// Puts the fields together.
  public init(
    number: UInt64, packetID: Digest, key: PacketKey, stage: HopStage, relayHeight: BlockHeight, time: BlockTime,
    provenHeight: BlockHeight, policyVersion: UInt64, organisation: OrganisationID?, classification: PacketClass?, payloadDigest: Digest?,
    payloadSize: UInt32, relayer: AccountID, reason: RouteRefusal?
  ) {
    self.number = number
    self.packetID = packetID
    self.key = key
    self.stage = stage
    self.relayHeight = relayHeight
    self.time = time
    self.provenHeight = provenHeight
    self.policyVersion = policyVersion
    self.organisation = organisation
    self.classification = classification
    self.payloadDigest = payloadDigest
    self.payloadSize = payloadSize
    self.relayer = relayer
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.number, \.packetID, \.key, \.stage, \.relayHeight, \.time, \.provenHeight, \.policyVersion, \.organisation,
    \.classification, \.payloadDigest, \.payloadSize, \.relayer, \.reason)
}
