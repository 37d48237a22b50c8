/// Shows that a tree of `newSize` leaves begins with the `oldSize` leaves of an older tree: that nothing was rewritten. RFC 9162 §2.1.4.
public struct ConsistencyProof: CanonicalRecord, Codable, Hashable {
  /// The greatest length of a path: one more than an inclusion path.
  public static let pathLimit = 65

  /// How many leaves the old tree has; at least 1.
  public let oldSize: UInt64
  /// How many leaves the new tree has; at least `oldSize`.
  public let newSize: UInt64
  /// The nodes in the order of RFC 9162; empty if the sizes are equal.
  public let path: [Digest]

  /// A proof of these parts; nothing is checked before `verify`.
  public init(oldSize: UInt64, newSize: UInt64, path: [Digest]) {
    self.oldSize = oldSize
    self.newSize = newSize
    self.path = path
  }

  /// `oldSize`, `newSize`, `path`; a longer path than any tree has is refused.
  public static let layout = Layout(
    checked: { (oldSize: UInt64, newSize: UInt64, path: [Digest]) in
      path.count <= pathLimit ? ConsistencyProof(oldSize: oldSize, newSize: newSize, path: path) : nil
    }, expected: "a consistency proof of at most \(pathLimit) digests", \.oldSize, \.newSize, \.path)

  /// Verifies that the tree with root `newRoot` continues the one with root `oldRoot`.
  ///
  /// A root does not tell the size of its tree: compare `oldSize` and `newSize` with those you trust together with the roots, else they
  /// remain the prover's claim. A proof from size 0 is refused: every tree continues the empty one, so it says nothing.
  /// - Throws: `ProofError.sizeOrder`, `.pathLength`, `.oldRootMismatch`, `.rootMismatch`.
  /// - Complexity: O(log `newSize`) hashes. Source: RFC 9162 §2.1.4.2.
  public func verify(oldRoot: Digest, newRoot: Digest, suite: CryptoSuite) throws(ProofError) {
    guard oldSize > 0, oldSize <= newSize else { throw .sizeOrder(old: oldSize, new: newSize) }
    guard oldSize < newSize else {
      guard path.isEmpty else { throw .pathLength(expected: 0, got: path.count) }
      guard oldRoot == newRoot else { throw .rootMismatch }
      return
    }
    // The proof starts at the old tree's last complete subtree, `shift` levels up; if that is the whole old tree, it is not sent.
    let shift = oldSize.trailingZeroBitCount
    let index = oldSize - 1
    let inner = 64 - (index ^ (newSize - 1)).leadingZeroBitCount - shift
    let upper = index >> UInt64(inner + shift)
    let border = upper.nonzeroBitCount
    let seeded = oldSize.nonzeroBitCount == 1 ? 0 : 1
    guard path.count == seeded + inner + border else { throw .pathLength(expected: seeded + inner + border, got: path.count) }
    var hasher = TreeHasher(suite)
    var new = seeded == 1 ? path[0] : oldRoot
    var old = new
    for (level, sibling) in path.dropFirst(seeded).enumerated() {
      let siblingIsLeft = level >= inner || index >> UInt64(level + shift) & 1 == 1
      if siblingIsLeft {
        new = hasher.logNode(sibling, new)
        old = hasher.logNode(sibling, old)
      } else {
        new = hasher.logNode(new, sibling)
      }
    }
    guard old == oldRoot else { throw .oldRootMismatch }
    guard new == newRoot else { throw .rootMismatch }
  }
}
