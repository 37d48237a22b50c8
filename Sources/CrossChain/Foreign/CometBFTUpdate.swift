internal import ChainCore

/// What moves a CometBFT client: a light block, and by which trusted height it is to be verified.
///
/// Its bytes are an `ibc.lightclients.tendermint.v1.Header`, which relayers of IBC make as well.
public struct CometBFTUpdate: Sendable, Hashable {
  /// The block to be believed.
  public var block: CometBFT.LightBlock
  /// The trusted height that it is verified by.
  public var trustedHeight: UInt64
  /// The validators of the height after the trusted one; may be empty if that is the block's own.
  public var trustedValidators: CometBFT.ValidatorSet

  /// Puts the parts together; nothing is checked before it is verified.
  public init(block: CometBFT.LightBlock, trustedHeight: UInt64, trustedValidators: CometBFT.ValidatorSet) {
    self.block = block
    self.trustedHeight = trustedHeight
    self.trustedValidators = trustedValidators
  }

  /// Reads the protobuf form, strictly; at most 1 MiB.
  /// - Throws: `ProtobufError`.
  public init(decoding bytes: [UInt8]) throws(ProtobufError) {
    var reader = try ProtobufReader(bytes, limit: CometBFT.byteLimit)
    var signed: (CometBFT.Header, CometBFT.Commit)?
    var validators: CometBFT.ValidatorSet?
    var height: (revision: UInt64, number: UInt64)?
    var trusted: CometBFT.ValidatorSet?
    while let field = try reader.next() {
      var part = try reader.message(field)
      switch field.number {
      case 1: signed = try Self.signedHeader(&part)
      case 2: validators = try CometBFT.ValidatorSet(from: &part)
      case 3: height = try Self.height(&part)
      case 4: trusted = try CometBFT.ValidatorSet(from: &part)
      default: throw reader.unknown(field)
      }
    }
    guard let signed else { throw .missingField(1) }
    guard let validators else { throw .missingField(2) }
    guard let height, height.revision == Self.revision(of: signed.0.chainID) else { throw .missingField(3) }
    self.init(
      block: CometBFT.LightBlock(header: signed.0, commit: signed.1, validators: validators), trustedHeight: height.number,
      trustedValidators: trusted ?? CometBFT.ValidatorSet([]))
  }

  private static func signedHeader(
    _ reader: inout ProtobufReader
  ) throws(ProtobufError) -> (CometBFT.Header, CometBFT.Commit) {
    var header: CometBFT.Header?
    var commit: CometBFT.Commit?
    while let field = try reader.next() {
      var part = try reader.message(field)
      switch field.number {
      case 1: header = try CometBFT.Header(from: &part)
      case 2: commit = try CometBFT.Commit(from: &part)
      default: throw reader.unknown(field)
      }
    }
    guard let header else { throw .missingField(1) }
    guard let commit else { throw .missingField(2) }
    return (header, commit)
  }

  private static func height(_ reader: inout ProtobufReader) throws(ProtobufError) -> (revision: UInt64, number: UInt64) {
    var height: (revision: UInt64, number: UInt64) = (0, 0)
    while let field = try reader.next() {
      switch field.number {
      case 1: height.revision = try reader.uint64(field)
      case 2: height.number = try reader.uint64(field)
      default: throw reader.unknown(field)
      }
    }
    return height
  }

  /// The protobuf form.
  public var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      writer.message(
        1,
        ProtobufWriter.encode { writer in
          writer.message(1, block.header.encoded)
          writer.message(2, block.commit.encoded)
        })
      writer.message(2, block.validators.encoded)
      writer.message(
        3,
        ProtobufWriter.encode { writer in
          writer.uint64(1, Self.revision(of: block.header.chainID))
          writer.uint64(2, trustedHeight)
        })
      if !trustedValidators.validators.isEmpty { writer.message(4, trustedValidators.encoded) }
    }
  }

  /// The number behind the last hyphen of a chain's name, as IBC counts revisions; 0 if there is none.
  private static func revision(of chain: String) -> UInt64 {
    guard let hyphen = chain.utf8.lastIndex(of: UInt8(ascii: "-")) else { return 0 }
    let digits = chain[chain.utf8.index(after: hyphen)...]
    guard let number = UInt64(digits), String(number) == digits else { return 0 }
    return number
  }
}
