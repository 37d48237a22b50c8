public import ChainCore

/// Arguments of `xc.updateForeign`.
public struct UpdateForeign: CanonicalRecord, Codable, Hashable {
  /// The chain whose client moves.
  public var chain: ChainID
  /// What moves it, in the kind's encoding; of CometBFT a `CometBFTUpdate`.
  public var message: [UInt8]

  /// Puts the parts together.
  public init(chain: ChainID, message: [UInt8]) {
    self.chain = chain
    self.message = message
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.message)
}

/// Arguments of `xc.reportForeign`: two messages that contradict each other.
public struct ReportForeign: CanonicalRecord, Codable, Hashable {
  /// The chain that misbehaved.
  public var chain: ChainID
  /// One message.
  public var first: [UInt8]
  /// One that contradicts it.
  public var second: [UInt8]

  /// Puts the parts together.
  public init(chain: ChainID, first: [UInt8], second: [UInt8]) {
    self.chain = chain
    self.first = first
    self.second = second
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.first, \.second)
}

/// Arguments of `xc.freezeForeign`.
public struct FreezeForeign: CanonicalRecord, Codable, Hashable {
  /// The greatest length of a reason in bytes.
  public static let reasonLimit = 256

  /// The chain whose client proves nothing from now on.
  public var chain: ChainID
  /// Why, for people.
  public var reason: String

  /// Puts the parts together.
  public init(chain: ChainID, reason: String) {
    self.chain = chain
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.reason)
}

/// What froze a foreign client. Messages can be checked again later by anybody, with what the client trusted.
public enum ForeignEvidence: CanonicalCodable, Codable, Hashable, Sendable {
  /// A valid update that contradicts what was trusted.
  case update([UInt8])
  /// Two valid messages that contradict each other.
  case pair([UInt8], [UInt8])
  /// A supervisor's or administrator's order, at a height of the relay.
  case order(String, by: OrganisationID, at: BlockHeight)

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .update(let message):
      writer.writeVariant(0)
      message.encode(into: &writer)
    case .pair(let first, let second):
      writer.writeVariant(1)
      first.encode(into: &writer)
      second.encode(into: &writer)
    case .order(let reason, let organisation, let height):
      writer.writeVariant(2)
      reason.encode(into: &writer)
      organisation.encode(into: &writer)
      height.encode(into: &writer)
    }
  }

  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "ForeignEvidence") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .update(try [UInt8](from: &reader))
      case 1: .pair(try [UInt8](from: &reader), try [UInt8](from: &reader))
      case 2: .order(try String(from: &reader), by: try OrganisationID(from: &reader), at: try BlockHeight(from: &reader))
      default: nil
      }
    }
  }

  /// The id that the frozen client names, by the relay's suite.
  public func id(suite: CryptoSuite) -> Digest { suite.digest("ForeignEvidence", .none, self) }
}

/// Arguments of `xc.reviveForeign`: a new beginning for a client that is frozen or expired.
public struct ReviveForeign: CanonicalRecord, Codable, Hashable {
  /// The registration anew, with a trusted header of greater height.
  public var registration: ForeignRegistration
  /// The evidence that was reviewed; `nil` for a client that merely expired.
  public var evidence: Digest?

  /// Puts the parts together.
  public init(registration: ForeignRegistration, evidence: Digest?) {
    self.registration = registration
    self.evidence = evidence
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.registration, \.evidence)
}

/// What the relay says of a foreign client.
public struct ForeignStatus: CanonicalRecord, Codable, Hashable {
  /// Whether it may prove anything, within the trusting period.
  public var status: ClientStatus
  /// The greatest trusted height.
  public var height: UInt64
  /// The time of that height.
  public var time: BlockTime

  /// Puts the parts together.
  public init(status: ClientStatus, height: UInt64, time: BlockTime) {
    self.status = status
    self.height = height
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.status, \.height, \.time)
}

/// Arguments of `xc.verifyForeign`.
public struct ForeignQuestion: CanonicalRecord, Codable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// What is said of it.
  public var claim: ForeignClaim
  /// The height that it is said of.
  public var height: UInt64
  /// The proof, in the kind's encoding; of CometBFT a `CometBFTStateProof`.
  public var proof: [UInt8]
  /// How old the proven height may be, in milliseconds before the relay's block time.
  public var maxAgeMs: UInt64

  /// Puts the parts together.
  public init(chain: ChainID, claim: ForeignClaim, height: UInt64, proof: [UInt8], maxAgeMs: UInt64 = 600_000) {
    self.chain = chain
    self.claim = claim
    self.height = height
    self.proof = proof
    self.maxAgeMs = maxAgeMs
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.claim, \.height, \.proof, \.maxAgeMs)
}

/// A foreign chain's client in the relay's state, by its kind.
enum ForeignRecord: CanonicalCodable, Sendable, Hashable {
  case cometBFT(CometBFTClient)

  /// The client of a registration.
  init(_ registration: ForeignRegistration) throws(ForeignError) {
    switch registration.kind {
    case .cometBFT: self = .cometBFT(try CometBFTClient(registration))
    }
  }

  /// The client, whatever its kind.
  var client: any ForeignClient {
    switch self {
    case .cometBFT(let client): client
    }
  }

  /// Lets the client move on or be frozen.
  mutating func update<Result>(
    _ body: (inout any ForeignClient) throws(ForeignError) -> Result
  ) throws(ForeignError) -> Result {
    switch self {
    case .cometBFT(let client):
      var changed: any ForeignClient = client
      let result = try body(&changed)
      if let changed = changed as? CometBFTClient { self = .cometBFT(changed) }
      return result
    }
  }

  func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .cometBFT(let client):
      writer.writeVariant(UInt32(ForeignKind.cometBFT.rawValue))
      client.encode(into: &writer)
    }
  }

  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "ForeignRecord") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case UInt32(ForeignKind.cometBFT.rawValue): .cometBFT(try CometBFTClient(from: &reader))
      default: nil
      }
    }
  }
}
