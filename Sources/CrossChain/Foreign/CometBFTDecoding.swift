internal import ChainCore

// Reading `tendermint.types` and `ibc.lightclients.tendermint.v1`, strictly: `ProtobufReader` says what that means.

extension CometBFT.Timestamp {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(seconds: 0)
    while let field = try reader.next() {
      switch field.number {
      case 1: seconds = try reader.int64(field)
      case 2: nanoseconds = try reader.small(field, in: 1...999_999_999)
      default: throw reader.unknown(field)
      }
    }
  }
}

extension CometBFT.PartSetHeader {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init()
    while let field = try reader.next() {
      switch field.number {
      case 1: total = try reader.small(field)
      case 2: hash = try reader.digest(field)
      default: throw reader.unknown(field)
      }
    }
  }
}

extension CometBFT.BlockID {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init()
    var hasParts = false
    while let field = try reader.next() {
      switch field.number {
      case 1: hash = try reader.digest(field)
      case 2:
        var part = try reader.message(field)
        parts = try CometBFT.PartSetHeader(from: &part)
        hasParts = true
      default: throw reader.unknown(field)
      }
    }
    guard hasParts else { throw .missingField(2) }
  }
}

extension CometBFT.Header {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(chainID: "", height: 0, time: CometBFT.Timestamp(seconds: 0), validatorsHash: [], nextValidatorsHash: [])
    blockVersion = 0
    var messages: Set<UInt32> = []
    while let field = try reader.next() {
      switch field.number {
      case 1:
        var part = try reader.message(field)
        try readVersion(&part)
        messages.insert(1)
      case 2: chainID = try reader.text(field, limit: 50)
      case 3: height = try reader.int64(field)
      case 4:
        var part = try reader.message(field)
        time = try CometBFT.Timestamp(from: &part)
        messages.insert(4)
      case 5:
        var part = try reader.message(field)
        lastBlockID = try CometBFT.BlockID(from: &part)
      case 6: lastCommitHash = try reader.digest(field)
      case 7: dataHash = try reader.digest(field)
      case 8: validatorsHash = try reader.digest(field)
      case 9: nextValidatorsHash = try reader.digest(field)
      case 10: consensusHash = try reader.digest(field)
      case 11: appHash = try reader.bytes(field, limit: 64)
      case 12: lastResultsHash = try reader.digest(field)
      case 13: evidenceHash = try reader.digest(field)
      case 14: proposerAddress = try reader.bytes(field, count: 20)
      default: throw reader.unknown(field)
      }
    }
    // The first block has none before it, which some encoders leave out and others write as an empty one.
    for number in [1, 4] as [UInt32] where !messages.contains(number) { throw .missingField(number) }
  }

  private mutating func readVersion(_ reader: inout ProtobufReader) throws(ProtobufError) {
    while let field = try reader.next() {
      switch field.number {
      case 1: blockVersion = try reader.uint64(field)
      case 2: appVersion = try reader.uint64(field)
      default: throw reader.unknown(field)
      }
    }
  }
}

extension CometBFT.CommitSignature {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    var flag: UInt32 = 0
    var address: [UInt8]?
    var time: CometBFT.Timestamp?
    var signature: Signature?
    while let field = try reader.next() {
      switch field.number {
      case 1: flag = try reader.small(field, in: 1...3)
      case 2: address = try reader.bytes(field, count: 20)
      case 3:
        var part = try reader.message(field)
        time = try CometBFT.Timestamp(from: &part)
      case 4:
        signature = Signature(try reader.bytes(field, count: Signature.byteCount))
      default: throw reader.unknown(field)
      }
    }
    if flag == 1 {
      guard address == nil, signature == nil, time ?? Self.noTime == Self.noTime else { throw .missingField(1) }
      self = .absent
      return
    }
    guard let time else { throw .missingField(3) }
    guard let address else { throw .missingField(2) }
    guard let signature else { throw .missingField(4) }
    let vote = CometBFT.Vote(address: address, time: time, signature: signature)
    switch flag {
    case 2: self = .commit(vote)
    case 3: self = .none(vote)
    default: throw .missingField(1)
    }
  }
}

extension CometBFT.Commit {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(height: 0, round: 0, blockID: CometBFT.BlockID(), signatures: [])
    var hasBlockID = false
    while let field = try reader.next() {
      switch field.number {
      case 1: height = try reader.int64(field)
      case 2: round = Int32(try reader.small(field, in: 1...UInt32(Int32.max)))
      case 3:
        var part = try reader.message(field)
        blockID = try CometBFT.BlockID(from: &part)
        hasBlockID = true
      case 4:
        var part = try reader.element(field, count: signatures.count, limit: CometBFT.validatorLimit)
        signatures.append(try CometBFT.CommitSignature(from: &part))
      default: throw reader.unknown(field)
      }
    }
    guard hasBlockID else { throw .missingField(3) }
  }
}

extension CometBFT.Validator {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    var address: [UInt8] = []
    var key: PublicKey?
    power = 0
    while let field = try reader.next() {
      switch field.number {
      case 1: address = try reader.bytes(field, count: 20)
      case 2:
        var part = try reader.message(field)
        while let inner = try part.next() {
          // Field 2 would be a secp256k1 key.
          guard inner.number == 1 else { throw part.unknown(inner) }
          key = try? PublicKey(suite: .international, bytes: try part.bytes(inner, count: 32))
        }
      case 3: power = try reader.int64(field)
      // Who proposes next: of no concern here, not hashed, and read by nobody.
      case 4: _ = try reader.int64(field)
      default: throw reader.unknown(field)
      }
    }
    guard let key else { throw .missingField(2) }
    self.key = key
    guard address == self.address else { throw .missingField(1) }
  }
}

extension CometBFT.ValidatorSet {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init([])
    while let field = try reader.next() {
      switch field.number {
      case 1:
        var part = try reader.element(field, count: validators.count, limit: CometBFT.validatorLimit)
        validators.append(try CometBFT.Validator(from: &part))
      // The proposer and the sum of the power, which follow from the rest or concern nobody here.
      case 2:
        var part = try reader.message(field)
        _ = try CometBFT.Validator(from: &part)
      case 3: _ = try reader.int64(field)
      default: throw reader.unknown(field)
      }
    }
  }

  /// Reads a `ValidatorSet` of at most 1 MiB.
  /// - Throws: `ProtobufError`.
  public init(decoding bytes: [UInt8]) throws(ProtobufError) {
    var reader = try ProtobufReader(bytes, limit: CometBFT.byteLimit)
    try self.init(from: &reader)
  }
}

extension CometBFT.Header {
  /// Reads a `Header` of at most 1 MiB.
  /// - Throws: `ProtobufError`.
  public init(decoding bytes: [UInt8]) throws(ProtobufError) {
    var reader = try ProtobufReader(bytes, limit: CometBFT.byteLimit)
    try self.init(from: &reader)
  }
}

extension ProtobufReader {
  /// Reads a SHA-256 hash.
  mutating func digest(_ field: Field) throws(ProtobufError) -> [UInt8] { try bytes(field, count: 32) }

  /// Reads a byte string of exactly `count` bytes.
  mutating func bytes(_ field: Field, count: Int) throws(ProtobufError) -> [UInt8] {
    let found = try bytes(field, limit: count)
    guard found.count == count else { throw .outOfRange(offset: field.offset, field: field.number) }
    return found
  }
}
