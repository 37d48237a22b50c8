/// A change of a chain's validators that its organisations vote on.
public enum ValidatorChange: CanonicalCodable, Hashable, Sendable, Codable {
  /// A newcomer. It gets its seat when it is ready.
  case add(Validator)
  /// A validator leaves.
  case remove(PublicKey)
  /// A validator's weight; Byzantine chains only.
  case weight(PublicKey, UInt64)
  /// A new key takes a seat with the old one's weight and organisation, when it is ready.
  case replace(PublicKey, by: PublicKey)

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .add(let validator):
      writer.writeVariant(0)
      validator.encode(into: &writer)
    case .remove(let key):
      writer.writeVariant(1)
      key.encode(into: &writer)
    case .weight(let key, let weight):
      writer.writeVariant(2)
      key.encode(into: &writer)
      writer.writeInteger(weight)
    case .replace(let key, let new):
      writer.writeVariant(3)
      key.encode(into: &writer)
      new.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "ValidatorChange") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .add(try Validator(from: &reader))
      case 1: .remove(try PublicKey(from: &reader))
      case 2: .weight(try PublicKey(from: &reader), try reader.readInteger())
      case 3: .replace(try PublicKey(from: &reader), by: try PublicKey(from: &reader))
      default: nil
      }
    }
  }
}

/// Arguments of `governance.ready`: a newcomer's proof that it follows the chain.
public struct ValidatorReady: CanonicalRecord, Codable, Hashable {
  /// The newcomer.
  public var key: PublicKey
  /// The certificate of a checkpoint at most `GovernanceContract.readyLimit` heights old.
  public var certificate: CheckpointCertificate
  /// The newcomer's signature of that checkpoint: it holds this state.
  public var signature: Signature
  /// Puts the fields together.
  public init(key: PublicKey, certificate: CheckpointCertificate, signature: Signature) {
    self.key = key
    self.certificate = certificate
    self.signature = signature
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.certificate, \.signature)
}

/// What a validator lost its seat for.
public struct Conviction: CanonicalRecord, Codable, Hashable {
  /// The key.
  public var key: PublicKey
  /// The epoch and view of the contradiction.
  public var epoch: Epoch
  /// The view.
  public var view: View
  /// The height at which the chain learnt of it.
  public var height: BlockHeight
  /// Who submitted the evidence.
  public var reporter: AccountID
  /// Puts the fields together.
  public init(key: PublicKey, epoch: Epoch, view: View, height: BlockHeight, reporter: AccountID) {
    self.key = key
    self.epoch = epoch
    self.view = view
    self.height = height
    self.reporter = reporter
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.epoch, \.view, \.height, \.reporter)
}
