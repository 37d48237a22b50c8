/// Shows that a leaf is number `index` of a tree of `size` leaves. RFC 9162 §2.1.3.
public struct InclusionProof: CanonicalRecord, Codable, Hashable {
  /// The greatest length of a path: a tree has less than 2^64 leaves.
  public static let pathLimit = 64

  /// The number of the leaf, from 0.
  public let index: UInt64
  /// How many leaves the tree has.
  public let size: UInt64
  /// Sibling digests, leaf upward; at most 64.
  public let path: [Digest]

  /// A proof of these parts; nothing is checked before `verify`.
  public init(index: UInt64, size: UInt64, path: [Digest]) {
    self.index = index
    self.size = size
    self.path = path
  }

  /// `index`, `size`, `path`; a longer path than any tree has is refused.
  public static let layout = Layout(
    checked: { (index: UInt64, size: UInt64, path: [Digest]) in
      path.count <= pathLimit ? InclusionProof(index: index, size: size, path: path) : nil
    }, expected: "an inclusion proof of at most \(pathLimit) digests", \.index, \.size, \.path)

  /// Verifies that the leaf with hash `leaf` is number `index` of `size` leaves under `root`.
  ///
  /// A root does not tell the size of its tree, so without more this proves only that the leaf is in the tree. Compare `size` with the
  /// one you trust together with the root: then `index` is proven too, else both remain the prover's claim.
  /// - Throws: `ProofError.indexOutOfRange`, `.pathLength`, `.rootMismatch`.
  /// - Complexity: O(log `size`) hashes. Source: RFC 9162 §2.1.3.2.
  public func verify(leaf: Digest, root: Digest, suite: CryptoSuite) throws(ProofError) {
    guard index < size else { throw .indexOutOfRange(index: index, size: size) }
    // Below `inner` levels index and last leaf lie in different subtrees, so each level has a sibling; above, only where the path
    // turns right.
    let inner = 64 - (index ^ (size - 1)).leadingZeroBitCount
    let border = (index >> UInt64(inner)).nonzeroBitCount
    guard path.count == inner + border else { throw .pathLength(expected: inner + border, got: path.count) }
    var hasher = TreeHasher(suite)
    var digest = leaf
    for (level, sibling) in path.enumerated() {
      let siblingIsRight = level < inner && index >> UInt64(level) & 1 == 0
      digest = siblingIsRight ? hasher.logNode(digest, sibling) : hasher.logNode(sibling, digest)
    }
    guard digest == root else { throw .rootMismatch }
  }
}
