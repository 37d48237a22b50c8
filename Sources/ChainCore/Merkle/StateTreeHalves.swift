/// One version of the state tree made in two halves, which two processors can make: each applies the changes below one half of the root's
/// places to the base by itself; then both roots become one.
enum StateTreeHalves {
  private static let half = StateInner.width / 2

  /// The changes below the first half of the root's places and those below the second.
  ///
  /// - Parameter changes: Sorted, each key once.
  static func split(_ changes: [StateChange]) -> (first: ArraySlice<StateChange>, second: ArraySlice<StateChange>) {
    let cut = changes.partitioningIndex { $0.keyHash.nibble(0) >= UInt8(half) }
    return (changes[..<cut], changes[cut...])
  }

  /// What both updates are together: byte for byte what all changes at once give.
  ///
  /// - Returns: `nil` if the root is no inner node, here or in one of them: then the changes must be applied at once.
  static func joined(_ first: StateTreeUpdate, _ second: StateTreeUpdate, suite: CryptoSuite) -> StateTreeUpdate? {
    guard let left = first.rootNode, let right = second.rootNode, let root = joined(left, right) else { return nil }
    var hasher = TreeHasher(suite)
    var nodes = [(key: first.nodes[0].key, bytes: root.bytes)]
    nodes.reserveCapacity(first.nodes.count + second.nodes.count)
    // By depth, then by path.
    var (lefts, rights) = (first.nodes.dropFirst(), second.nodes.dropFirst())
    while let depth = [lefts.first, rights.first].compactMap({ $0?.key.path.count }).min() {
      let ends = (
        lefts.partitioningIndex { $0.key.path.count > depth }, rights.partitioningIndex { $0.key.path.count > depth }
      )
      nodes += lefts[..<ends.0]
      nodes += rights[..<ends.1]
      (lefts, rights) = (lefts[ends.0...], rights[ends.1...])
    }
    // Both end with the old root, if there was one.
    return StateTreeUpdate(root: hasher.stateInner(root), nodes: nodes, stale: first.stale.dropLast() + second.stale)
  }

  /// The first half of one root's places and the second of another's.
  private static func joined(_ left: StoredInner, _ right: StoredInner) -> StoredInner? {
    let lower: UInt16 = 1 << UInt16(half) - 1
    let taken = left.taken & lower | right.taken & ~lower
    let leaves = left.leaves & lower | right.leaves & ~lower
    guard StoredInner.isValid(taken: taken, leaves: leaves) else { return nil }
    var bytes = [StoredInner.variant]
    for bits in [taken, leaves] { bytes += [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)] }
    bytes += left.bytes[StoredInner.headerBytes..<StoredInner.offset(of: half, taken: left.taken)]
    bytes += right.bytes[StoredInner.offset(of: half, taken: right.taken)...]
    return StoredInner(ofNode: bytes)
  }
}

extension StateTreeUpdate {
  /// The root, if it is an inner node.
  fileprivate var rootNode: StoredInner? { nodes.first.flatMap { StoredInner(ofNode: $0.bytes) } }
}
