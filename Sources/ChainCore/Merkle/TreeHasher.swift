/// Hashes tree nodes: all hashing of both trees goes through here. Nodes are public, so SM3 takes many of them in lanes at once.
struct TreeHasher {
  private static let leafPrefix: [UInt8] = [0]
  private static let logPrefix: [UInt8] = [1]

  private let suite: CryptoSuite
  private var writer = CanonicalWriter(reservingCapacity: 80)

  init(_ suite: CryptoSuite) { self.suite = suite }

  /// H(prefix ‖ left ‖ right).
  mutating func hash(_ prefix: [UInt8], _ left: Digest, _ right: Digest) -> Digest {
    if suite == .guomi { return SM3Lanes.node(prefix, left, right) }
    writer.removeAll()
    writer.writeFixed(prefix)
    left.encode(into: &writer)
    right.encode(into: &writer)
    return suite.hash(writer.bytes)
  }

  /// H(prefix ‖ left ‖ right) of every pair in `children`, whose count is even.
  mutating func hashes(_ prefix: [UInt8], _ children: [Digest]) -> [Digest] {
    if suite == .guomi { return SM3Lanes.nodes(prefix, children) }
    return stride(from: 0, to: children.count - 1, by: 2).map { hash(prefix, children[$0], children[$0 + 1]) }
  }

  /// Leaves of an append-only tree whose data are two digests each.
  mutating func logLeaves(_ parts: [Digest]) -> [Digest] { hashes(Self.leafPrefix, parts) }

  /// Inner node of an append-only tree.
  mutating func logNode(_ left: Digest, _ right: Digest) -> Digest { hash(Self.logPrefix, left, right) }

  /// The level above `nodes`; an odd last node rises as it is, which is RFC 9162's split at the largest power of two.
  mutating func logLevel(above nodes: [Digest]) -> [Digest] {
    guard !nodes.count.isMultiple(of: 2), let last = nodes.last else { return hashes(Self.logPrefix, nodes) }
    return hashes(Self.logPrefix, nodes.dropLast()) + [last]
  }
}
