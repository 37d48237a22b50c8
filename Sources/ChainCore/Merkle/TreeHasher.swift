/// Hashes tree nodes with one reused buffer: all hashing of both trees goes through here.
struct TreeHasher {
  private let suite: CryptoSuite
  private var writer = CanonicalWriter(reservingCapacity: 80)

  init(_ suite: CryptoSuite) { self.suite = suite }

  /// H(prefix ‖ left ‖ right).
  mutating func hash(_ prefix: [UInt8], _ left: Digest, _ right: Digest) -> Digest {
    writer.removeAll()
    writer.writeFixed(prefix)
    left.encode(into: &writer)
    right.encode(into: &writer)
    return suite.hash(writer.bytes)
  }

  /// Inner node of an append-only tree.
  mutating func logNode(_ left: Digest, _ right: Digest) -> Digest {
    writer.removeAll()
    writer.writeByte(1)
    left.encode(into: &writer)
    right.encode(into: &writer)
    return suite.hash(writer.bytes)
  }

  /// The level above `nodes`; an odd last node rises as it is, which is RFC 9162's split at the largest power of two.
  mutating func logLevel(above nodes: [Digest]) -> [Digest] {
    var parents: [Digest] = []
    parents.reserveCapacity(nodes.count / 2 + 1)
    var index = 0
    while index + 1 < nodes.count {
      parents.append(logNode(nodes[index], nodes[index + 1]))
      index += 2
    }
    if index < nodes.count { parents.append(nodes[index]) }
    return parents
  }
}
