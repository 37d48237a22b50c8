extension ICS23.LeafOp {
  /// The hash of the leaf of `key` and `value`.
  /// - Throws: `ICS23Error.emptyKey`, `.emptyValue`, `.leafOperation` if a length rule is not met, `.unsupportedHash`.
  func apply(key: [UInt8], value: [UInt8]) throws(ICS23Error) -> [UInt8] {
    guard !key.isEmpty else { throw .emptyKey }
    guard !value.isEmpty else { throw .emptyValue }
    return try hash.hash(prefix + length.apply(to: try prehashKey.hash(key)) + length.apply(to: try prehashValue.hash(value)))
  }
}

extension ICS23.InnerOp {
  /// The hash of the node above `child`.
  /// - Throws: `ICS23Error.innerShape` without a child, `.unsupportedHash`.
  func apply(child: [UInt8], step: Int = 0) throws(ICS23Error) -> [UInt8] {
    guard !child.isEmpty else { throw .innerShape(step: step) }
    return try hash.hash(prefix + child + suffix)
  }
}

extension ICS23.ExistenceProof {
  /// The root that leaf and path lead to, whatever they are.
  func calculate() throws(ICS23Error) -> [UInt8] {
    guard let leaf else { throw .noLeaf }
    var node = try leaf.apply(key: key, value: value)
    for (index, step) in path.enumerated() { node = try step.apply(child: node, step: index) }
    return node
  }
}

extension ICS23.LengthOp {
  /// `data` behind its length.
  func apply(to data: [UInt8]) throws(ICS23Error) -> [UInt8] {
    switch self {
    case .none: return data
    case .varint:
      var writer = ProtobufWriter()
      writer.varint(UInt64(data.count))
      return writer.bytes + data
    // No known tree uses it, upstream does not implement it either.
    case .rlp: throw .leafOperation
    case .fixed32Big: return Self.bigEndian(data.count, bytes: 4) + data
    case .fixed32Little: return Self.bigEndian(data.count, bytes: 4).reversed() + data
    case .fixed64Big: return Self.bigEndian(data.count, bytes: 8) + data
    case .fixed64Little: return Self.bigEndian(data.count, bytes: 8).reversed() + data
    case .require32: return try Self.require(data, 32)
    case .require64: return try Self.require(data, 64)
    }
  }

  private static func bigEndian(_ count: Int, bytes: Int) -> [UInt8] {
    (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) }
  }

  private static func require(_ data: [UInt8], _ count: Int) throws(ICS23Error) -> [UInt8] {
    guard data.count == count else { throw .leafOperation }
    return data
  }
}
