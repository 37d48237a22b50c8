internal import ChainCore

/// How a version of the protocol writes what it hashes and signs. The rules of verification are the same for all.
protocol CometBFTForm: Sendable {
  /// The 14 leaves whose root is the header's hash.
  func leaves(of header: CometBFT.Header) -> [[UInt8]]
  /// The leaf of a validator in the hash of its set.
  func leaf(of validator: CometBFT.Validator) -> [UInt8]
  /// What a validator signs.
  ///
  /// - Parameter block: What it votes for; `nil` = no block.
  func signBytes(chain: String, height: Int64, round: Int32, block: CometBFT.BlockID?, time: CometBFT.Timestamp) -> [UInt8]
}

extension CometBFTForm {
  /// The hash of a header.
  func hash(_ header: CometBFT.Header) -> [UInt8] { root(leaves(of: header)) }

  /// The hash of a validator set.
  func hash(_ set: CometBFT.ValidatorSet) -> [UInt8] { root(set.validators.map(leaf)) }

  /// The root of RFC 6962 with SHA-256.
  private func root(_ leaves: [[UInt8]]) -> [UInt8] {
    MerkleLog.root(of: leaves.map { MerkleLog.leafHash($0, suite: .international) }, suite: .international).bytes
  }
}

/// The form of version 0.34 and all later ones: protobuf.
struct CometBFTProtobufForm: CometBFTForm {
  func leaves(of header: CometBFT.Header) -> [[UInt8]] {
    // Single values stand in wrapper messages with one field; empty ones are empty leaves.
    [
      header.version, ProtobufWriter.encode { $0.text(1, header.chainID) }, ProtobufWriter.encode { $0.int64(1, header.height) },
      header.time.encoded, header.lastBlockID.encoded,
    ] + header.byteFields.map { bytes in ProtobufWriter.encode { $0.bytes(1, bytes) } }
  }

  func leaf(of validator: CometBFT.Validator) -> [UInt8] {
    ProtobufWriter.encode { writer in
      writer.message(1, ProtobufWriter.encode { $0.bytes(1, validator.key.bytes) })
      writer.int64(2, validator.power)
    }
  }

  func signBytes(chain: String, height: Int64, round: Int32, block: CometBFT.BlockID?, time: CometBFT.Timestamp) -> [UInt8] {
    let vote = ProtobufWriter.encode { writer in
      writer.uint64(1, 2)
      writer.sfixed64(2, height)
      writer.sfixed64(3, Int64(round))
      if let block { writer.message(4, block.encoded) }
      writer.message(5, time.encoded)
      writer.text(6, chain)
    }
    var framed = ProtobufWriter()
    framed.varint(UInt64(vote.count))
    return framed.bytes + vote
  }
}
