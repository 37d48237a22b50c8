extension ICS23 {
  /// How a leaf is hashed: hash(prefix ‖ length(prehash(key)) ‖ length(prehash(value))).
  public struct LeafOp: Sendable, Hashable {
    /// The hash of the leaf.
    public var hash: HashOp
    /// The hash that stands for the key.
    public var prehashKey: HashOp
    /// The hash that stands for the value.
    public var prehashValue: HashOp
    /// How lengths are written.
    public var length: LengthOp
    /// What leaves begin with.
    public var prefix: [UInt8]

    /// Puts the parts together.
    public init(
      hash: HashOp = .sha256, prehashKey: HashOp = .none, prehashValue: HashOp = .none, length: LengthOp = .none, prefix: [UInt8] = []
    ) {
      self.hash = hash
      self.prehashKey = prehashKey
      self.prehashValue = prehashValue
      self.length = length
      self.prefix = prefix
    }
  }

  /// A step toward the root: hash(prefix ‖ child ‖ suffix).
  public struct InnerOp: Sendable, Hashable {
    /// The hash of the node.
    public var hash: HashOp
    /// What stands before the child; not empty.
    public var prefix: [UInt8]
    /// What stands after it.
    public var suffix: [UInt8]

    /// Puts the parts together.
    public init(hash: HashOp = .sha256, prefix: [UInt8], suffix: [UInt8] = []) {
      self.hash = hash
      self.prefix = prefix
      self.suffix = suffix
    }
  }

  /// A leaf and the steps from it to the root.
  public struct ExistenceProof: Sendable, Hashable {
    /// The key.
    public var key: [UInt8]
    /// The value.
    public var value: [UInt8]
    /// How the leaf is hashed; a proof without is refused.
    public var leaf: LeafOp?
    /// The steps, from the leaf upward.
    public var path: [InnerOp]

    /// Puts the parts together; nothing is checked before it is verified.
    public init(key: [UInt8], value: [UInt8], leaf: LeafOp?, path: [InnerOp]) {
      self.key = key
      self.value = value
      self.leaf = leaf
      self.path = path
    }
  }

  /// Two leaves without any between them, or the first or last leaf of a tree.
  public struct NonExistenceProof: Sendable, Hashable {
    /// The absent key. It is not part of what is verified: the verifier has its own.
    public var key: [UInt8]
    /// The leaf before it, if any.
    public var left: ExistenceProof?
    /// The leaf after it, if any.
    public var right: ExistenceProof?

    /// Puts the parts together; nothing is checked before it is verified.
    public init(key: [UInt8], left: ExistenceProof?, right: ExistenceProof?) {
      self.key = key
      self.left = left
      self.right = right
    }
  }

  /// What chains hand out. Batch proofs are refused.
  public enum CommitmentProof: Sendable, Hashable {
    /// A key has a value.
    case existence(ExistenceProof)
    /// A key has none.
    case nonExistence(NonExistenceProof)
  }
}

extension ICS23.CommitmentProof {
  /// Reads the protobuf form, strictly.
  /// - Throws: `ICS23Error.malformed`, `.batchProof`.
  public init(decoding bytes: [UInt8]) throws(ICS23Error) {
    let found: Self?
    do throws(ProtobufError) {
      var reader = try ProtobufReader(bytes, limit: ICS23.byteLimit)
      found = try Self.read(&reader)
    } catch {
      throw .malformed(error)
    }
    guard let found else { throw .batchProof }
    self = found
  }

  /// Reads it as part of another message; `nil` = a batch proof.
  static func read(_ reader: inout ProtobufReader) throws(ProtobufError) -> Self? {
    var proof: Self?
    while let field = try reader.next() {
      // The fields are cases of one `oneof`: the second of two would silently win.
      guard proof == nil else { throw .repeatedField(offset: field.offset, field: field.number) }
      switch field.number {
      case 1:
        var part = try reader.message(field)
        proof = .existence(try ICS23.ExistenceProof(from: &part))
      case 2:
        var part = try reader.message(field)
        proof = .nonExistence(try ICS23.NonExistenceProof(from: &part))
      case 3, 4: return nil
      default: throw reader.unknown(field)
      }
    }
    guard let proof else { throw .missingField(1) }
    return proof
  }

  /// The protobuf form.
  public var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      switch self {
      case .existence(let proof): writer.message(1, proof.encoded)
      case .nonExistence(let proof):
        writer.message(
          2,
          ProtobufWriter.encode { writer in
            writer.bytes(1, proof.key)
            if let left = proof.left { writer.message(2, left.encoded) }
            if let right = proof.right { writer.message(3, right.encoded) }
          })
      }
    }
  }
}

extension ICS23.NonExistenceProof {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(key: [], left: nil, right: nil)
    while let field = try reader.next() {
      switch field.number {
      case 1: key = try reader.bytes(field, limit: ICS23.byteLimit)
      case 2:
        var part = try reader.message(field)
        left = try ICS23.ExistenceProof(from: &part)
      case 3:
        var part = try reader.message(field)
        right = try ICS23.ExistenceProof(from: &part)
      default: throw reader.unknown(field)
      }
    }
  }
}

extension ICS23.ExistenceProof {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(key: [], value: [], leaf: nil, path: [])
    while let field = try reader.next() {
      switch field.number {
      case 1: key = try reader.bytes(field, limit: ICS23.byteLimit)
      case 2: value = try reader.bytes(field, limit: ICS23.byteLimit)
      case 3:
        var part = try reader.message(field)
        leaf = try ICS23.LeafOp(from: &part)
      case 4:
        var part = try reader.element(field, count: path.count, limit: ICS23.depthLimit)
        path.append(try ICS23.InnerOp(from: &part))
      default: throw reader.unknown(field)
      }
    }
  }

  var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      writer.bytes(1, key)
      writer.bytes(2, value)
      if let leaf {
        writer.message(
          3,
          ProtobufWriter.encode { writer in
            writer.uint64(1, UInt64(leaf.hash.rawValue))
            writer.uint64(2, UInt64(leaf.prehashKey.rawValue))
            writer.uint64(3, UInt64(leaf.prehashValue.rawValue))
            writer.uint64(4, UInt64(leaf.length.rawValue))
            writer.bytes(5, leaf.prefix)
          })
      }
      for step in path {
        writer.message(
          4,
          ProtobufWriter.encode { writer in
            writer.uint64(1, UInt64(step.hash.rawValue))
            writer.bytes(2, step.prefix)
            writer.bytes(3, step.suffix)
          })
      }
    }
  }
}

extension ICS23.LeafOp {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(hash: .none)
    while let field = try reader.next() {
      switch field.number {
      case 1: hash = try ICS23.HashOp(field, &reader)
      case 2: prehashKey = try ICS23.HashOp(field, &reader)
      case 3: prehashValue = try ICS23.HashOp(field, &reader)
      case 4:
        guard let found = ICS23.LengthOp(rawValue: try reader.small(field)) else {
          throw .outOfRange(offset: field.offset, field: field.number)
        }
        length = found
      case 5: prefix = try reader.bytes(field, limit: ICS23.byteLimit)
      default: throw reader.unknown(field)
      }
    }
  }
}

extension ICS23.InnerOp {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(hash: .none, prefix: [])
    while let field = try reader.next() {
      switch field.number {
      case 1: hash = try ICS23.HashOp(field, &reader)
      case 2: prefix = try reader.bytes(field, limit: ICS23.byteLimit)
      case 3: suffix = try reader.bytes(field, limit: ICS23.byteLimit)
      default: throw reader.unknown(field)
      }
    }
  }
}

extension ICS23.HashOp {
  init(_ field: ProtobufReader.Field, _ reader: inout ProtobufReader) throws(ProtobufError) {
    guard let found = Self(rawValue: try reader.small(field)) else { throw .outOfRange(offset: field.offset, field: field.number) }
    self = found
  }
}
