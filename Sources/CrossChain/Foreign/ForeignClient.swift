public import ChainCore

/// How a foreign chain is verified. No kind accepts everything.
public enum ForeignKind: UInt8, CanonicalEnum, Hashable, Codable {
  /// CometBFT (Tendermint) with state in Cosmos SDK's stores.
  case cometBFT = 0
}

/// What a client of a kind can verify.
public enum ForeignCapability: String, Sendable, Hashable, CaseIterable {
  /// That a key has a value in the chain's state.
  case statePresence
  /// That a key has none.
  case stateAbsence
  /// That a receipt or event stands in a block.
  case receiptInclusion
}

/// What somebody says of a foreign chain.
public enum ForeignClaim: CanonicalCodable, Codable, Hashable, Sendable {
  /// In the state after a height, `key` of `store` has `value`; `nil` = it has none.
  case state(store: String, key: [UInt8], value: [UInt8]?)
  /// A block holds this receipt.
  case receipt([UInt8])

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .state(let store, let key, let value):
      writer.writeVariant(0)
      store.encode(into: &writer)
      key.encode(into: &writer)
      value.encode(into: &writer)
    case .receipt(let receipt):
      writer.writeVariant(1)
      receipt.encode(into: &writer)
    }
  }

  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "ForeignClaim") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .state(store: try String(from: &reader), key: try [UInt8](from: &reader), value: try [UInt8]?(from: &reader))
      case 1: .receipt(try [UInt8](from: &reader))
      default: nil
      }
    }
  }

  /// What a client must be able to do to verify it.
  public var capability: ForeignCapability {
    switch self {
    case .state(_, _, .some): .statePresence
    case .state(_, _, nil): .stateAbsence
    case .receipt: .receiptInclusion
    }
  }
}

/// Believes a chain of another project: pure, chosen by the kind that was registered.
///
/// A client is a value that holds all it trusts. `update` either moves it on, or changes nothing, or freezes it; a message that is merely
/// invalid throws and never freezes.
public protocol ForeignClient: CanonicalCodable, Sendable {
  /// The kind that chooses it.
  static var kind: ForeignKind { get }
  /// What its proofs can show.
  static var capabilities: Set<ForeignCapability> { get }
  /// The registration's client, which trusts the registered height alone.
  init(_ registration: ForeignRegistration) throws(ForeignError)

  /// Whether it may prove anything.
  var status: ClientStatus { get set }
  /// The greatest trusted height.
  var latestHeight: UInt64 { get }
  /// The time of that height, rounded down to a millisecond.
  var latestTime: BlockTime { get }

  /// Moves the client on.
  ///
  /// - Parameters:
  ///   - message: What the kind's relayers send.
  ///   - now: The verifier's own block time.
  mutating func update(_ message: [UInt8], now: BlockTime) throws(ForeignError) -> ClientChange

  /// Whether two valid messages contradict each other, or the chain's own rules; then `freeze`.
  ///
  /// - Parameter now: The verifier's own block time: who signed long ago may have lost its keys since.
  /// - Throws: `ForeignError` if either message is not valid by itself.
  func misbehaviour(_ first: [UInt8], _ second: [UInt8], now: BlockTime) throws(ForeignError) -> Bool

  /// Verifies a claim about the state after `height`, or about the block of that height.
  ///
  /// - Returns: The time at which the chain was so, as far as the proof shows.
  func verify(_ claim: ForeignClaim, proof: [UInt8], at height: UInt64, now: BlockTime) throws(ForeignError) -> BlockTime
}

/// Why a foreign client did not believe something. The client is unchanged whenever this is thrown.
@nonexhaustive
public enum ForeignError: Error, Hashable, Sendable {
  /// A message or proof is not well formed.
  case malformed(ProtobufError)
  /// The client is frozen; governance reviews the evidence.
  case frozen(evidence: Digest)
  /// The trusted height is older than the trusting period: governance registers a new one.
  case expired(height: UInt64)
  /// The client does not trust this height, or no longer.
  case unknownHeight(UInt64, latest: UInt64)
  /// Clients of this kind cannot verify such claims.
  case notSupported(ForeignCapability)
  /// The registration does not fit; names the field.
  case badRegistration(String)
  /// The header does not follow from what is trusted.
  case header(CometBFTError)
  /// The state proof does not hold.
  case stateProof(ICS23Error)
  /// A state proof leads over two trees; this one has another number of parts.
  case proofCount(Int)
}

extension ForeignError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .malformed(let error): "malformed message: \(error)"
    case .frozen(let evidence): "the client is frozen by evidence \(evidence)"
    case .expired(let height): "trusted height \(height) is older than the trusting period"
    case .unknownHeight(let height, let latest): "height \(height) is not trusted (the latest is \(latest))"
    case .notSupported(let capability): "clients of this kind cannot verify \(capability.rawValue)"
    case .badRegistration(let field): "registration: \(field)"
    case .header(let error): "header: \(error)"
    case .stateProof(let error): "state proof: \(error)"
    case .proofCount(let count): "a state proof of \(count) parts; 2 are expected"
    }
  }
}
