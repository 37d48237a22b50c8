internal import ChainCore

// Writing the same, in the one form that is read.

extension CometBFT.Timestamp {
  var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      writer.int64(1, seconds)
      writer.uint64(2, UInt64(nanoseconds))
    }
  }
}

extension CometBFT.BlockID {
  var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      writer.bytes(1, hash)
      writer.message(2, parts.encoded)
    }
  }
}

extension CometBFT.PartSetHeader {
  var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      writer.uint64(1, UInt64(total))
      writer.bytes(2, hash)
    }
  }
}

extension CometBFT.Header {
  /// The protobuf form.
  public var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      writer.message(1, version)
      writer.text(2, chainID)
      writer.int64(3, height)
      writer.message(4, time.encoded)
      writer.message(5, lastBlockID.encoded)
      for (index, bytes) in byteFields.enumerated() { writer.bytes(UInt32(6 + index), bytes) }
    }
  }

  /// The field `version`.
  var version: [UInt8] {
    ProtobufWriter.encode { writer in
      writer.uint64(1, blockVersion)
      writer.uint64(2, appVersion)
    }
  }

  /// Fields 6 to 14.
  var byteFields: [[UInt8]] {
    [
      lastCommitHash, dataHash, validatorsHash, nextValidatorsHash, consensusHash, appHash, lastResultsHash, evidenceHash,
      proposerAddress,
    ]
  }
}

extension CometBFT.Commit {
  var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      writer.int64(1, height)
      writer.int64(2, Int64(round))
      writer.message(3, blockID.encoded)
      for signature in signatures { writer.message(4, signature.encoded) }
    }
  }
}

extension CometBFT.CommitSignature {
  /// The time that Go writes where there is none: the year 1.
  static let noTime = CometBFT.Timestamp(seconds: -62_135_596_800)

  var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      switch self {
      case .absent:
        writer.uint64(1, 1)
        writer.message(3, Self.noTime.encoded)
      case .commit(let vote): Self.write(vote, flag: 2, &writer)
      case .none(let vote): Self.write(vote, flag: 3, &writer)
      }
    }
  }

  private static func write(_ vote: CometBFT.Vote, flag: UInt64, _ writer: inout ProtobufWriter) {
    writer.uint64(1, flag)
    writer.bytes(2, vote.address)
    writer.message(3, vote.time.encoded)
    writer.bytes(4, vote.signature.bytes)
  }
}

extension CometBFT.ValidatorSet {
  /// The protobuf form, without proposer and priorities.
  public var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      for validator in validators {
        writer.message(
          1,
          ProtobufWriter.encode { writer in
            writer.bytes(1, validator.address)
            writer.message(2, ProtobufWriter.encode { $0.bytes(1, validator.key.bytes) })
            writer.int64(3, validator.power)
          })
      }
    }
  }
}
