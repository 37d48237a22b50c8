/// One edge of a range of leaves: the path from the root to the outermost leaf, with what hangs off it outside the range.
public struct StateEdge: CanonicalRecord, Hashable {
  /// How many binary levels below the root the outermost leaf stands; at most 256.
  public let depth: UInt16
  /// Hashes of the subtrees outside the range along the path, from the root downward.
  public let siblings: [Digest]

  /// An edge of these parts; nothing is checked.
  public init(depth: UInt16, siblings: [Digest]) {
    self.depth = depth
    self.siblings = siblings
  }

  /// `depth`, `siblings`; deeper ones than any tree has are refused.
  public static let layout = Layout(
    checked: { (depth: UInt16, siblings: [Digest]) in
      Int(depth) <= StateProof.depthLimit && siblings.count <= Int(depth) ? StateEdge(depth: depth, siblings: siblings) : nil
    }, expected: "an edge of at most \(StateProof.depthLimit) levels and as many siblings", \.depth, \.siblings)
}

/// Shows that some leaves are all those of the state tree from the first of them up to the leaf `next`, which is shown by hashes only.
///
/// Verifying recomputes the root from the leaves and the edges: each subtree between the edges is hashed from the leaves alone, so none
/// can be left out or added.
public struct StateRangeProof: CanonicalRecord, Hashable {
  /// The leaf after the range, by the hashes of key and value; `nil` if the range ends the tree.
  public let next: StateLeafDigest?
  /// The edge at the first leaf; `nil` if the range begins the tree.
  public let left: StateEdge?
  /// The edge at `next`; `nil` if the range ends the tree.
  public let right: StateEdge?

  /// A proof of these parts; nothing is checked before it is verified.
  public init(next: StateLeafDigest?, left: StateEdge?, right: StateEdge?) {
    self.next = next
    self.left = left
    self.right = right
  }

  /// `next`, `left`, `right`; a right edge stands with `next` only.
  public static let layout = Layout(
    checked: { (next: StateLeafDigest?, left: StateEdge?, right: StateEdge?) in
      (next == nil) == (right == nil) ? StateRangeProof(next: next, left: left, right: right) : nil
    }, expected: "a range proof with a right edge exactly if a leaf follows", \.next, \.left, \.right)

  /// Verifies that `leaves` are all leaves of the tree with `root` from the first of them up to `next`.
  ///
  /// - Throws: `ProofError.unsortedLeaves`, `.tooDeep`, `.pathLength`, `.rootMismatch`.
  /// - Complexity: two hashes a leaf, and one a level of the edges.
  public func verify(_ leaves: [StateLeafDigest], root: Digest, suite: CryptoSuite) throws(ProofError) {
    var all = leaves
    if let next { all.append(next) }
    for index in all.indices.dropFirst() where all[index].keyHash <= all[index - 1].keyHash { throw .unsortedLeaves(index: index) }
    guard !leaves.isEmpty else { throw .notPresent }
    var walk = RangeWalk(leaves: all, left: left, right: right, hasher: TreeHasher(suite))
    let found = try walk.root(0, all.startIndex..<all.endIndex, leftOpen: left != nil, rightOpen: right != nil)
    try walk.finish()
    guard found == root else { throw .rootMismatch }
  }
}

/// A leaf of the state tree: the hashes of a key and its value.
public struct StateLeafDigest: CanonicalRecord, Hashable {
  /// H(key): the leaf's place.
  public let keyHash: Digest
  /// H(value).
  public let valueHash: Digest

  /// The leaf of these hashes.
  public init(keyHash: Digest, valueHash: Digest) {
    self.keyHash = keyHash
    self.valueHash = valueHash
  }

  /// The leaf of a record.
  public init(key: [UInt8], value: [UInt8], suite: CryptoSuite) {
    self.init(keyHash: suite.hash(key), valueHash: suite.hash(value))
  }

  /// `keyHash`, `valueHash`.
  public static let layout = Layout(Self.init, \.keyHash, \.valueHash)

  var leaf: StateLeaf { StateLeaf(keyHash: keyHash, valueHash: valueHash) }
}

/// Recomputes the root over a range. A subtree is open on a side if leaves outside the range may stand there.
private struct RangeWalk {
  let leaves: [StateLeafDigest]
  let left: StateEdge?
  let right: StateEdge?
  var hasher: TreeHasher
  var leftTaken = 0
  var rightTaken = 0

  mutating func root(_ depth: Int, _ range: Range<Int>, leftOpen: Bool, rightOpen: Bool) throws(ProofError) -> Digest {
    if range.isEmpty { return StateHashing.empty }
    if range.count == 1 {
      let ends = (!leftOpen || depth == left.map { Int($0.depth) }) && (!rightOpen || depth == right.map { Int($0.depth) })
      if ends { return hasher.stateLeaf(leaves[range.lowerBound].leaf) }
    }
    guard depth < StateProof.depthLimit else { throw .tooDeep(depth: depth + 1, limit: StateProof.depthLimit) }
    let middle = leaves[range].partitioningIndex { $0.keyHash.bit(depth) }
    let leftIsOutside = leftOpen && middle == range.lowerBound
    let rightIsOutside = rightOpen && middle == range.upperBound
    // Siblings stand from the root downward, so they are taken before going deeper.
    let outerLeft = leftIsOutside ? try take(left, &leftTaken) : nil
    let outerRight = rightIsOutside ? try take(right, &rightTaken) : nil
    let leftHash: Digest
    if let outerLeft {
      leftHash = outerLeft
    } else {
      leftHash = try root(depth + 1, range.lowerBound..<middle, leftOpen: leftOpen, rightOpen: rightIsOutside)
    }
    let rightHash: Digest
    if let outerRight {
      rightHash = outerRight
    } else {
      rightHash = try root(depth + 1, middle..<range.upperBound, leftOpen: leftIsOutside, rightOpen: rightOpen)
    }
    return hasher.stateInner(leftHash, rightHash)
  }

  /// Throws unless every sibling was used.
  func finish() throws(ProofError) {
    for (edge, taken) in [(left, leftTaken), (right, rightTaken)] {
      let count = edge?.siblings.count ?? 0
      guard count == taken else { throw .pathLength(expected: taken, got: count) }
    }
  }

  private func take(_ edge: StateEdge?, _ taken: inout Int) throws(ProofError) -> Digest {
    guard let siblings = edge?.siblings, taken < siblings.count else { throw .pathLength(expected: taken + 1, got: taken) }
    taken += 1
    return siblings[taken - 1]
  }
}

extension StateTree {
  /// Proves that the leaves from `first` on, up to `next`, are a range of the tree at `version`.
  ///
  /// - Parameters:
  ///   - first: The hash of the first leaf's key; `nil` if the range begins the tree.
  ///   - next: The leaf after the range; `nil` if the range ends the tree.
  /// - Throws: `ProofError.notPresent` if there is no such leaf, and as `root(at:reader:)`.
  /// - Complexity: O(log n) reads.
  public func rangeProof(
    from first: Digest?, to next: StateLeafDigest?, at version: UInt64, reader: some StateNodeReader
  ) throws -> StateRangeProof {
    let left = try first.map { try edge(at: $0, onLeft: true, version, reader) }
    let right = try next.map { try edge(at: $0.keyHash, onLeft: false, version, reader) }
    return StateRangeProof(next: next, left: left, right: right)
  }

  /// The path to a leaf with the siblings on one side: those on the left, or those on the right.
  private func edge(at keyHash: Digest, onLeft isLeft: Bool, _ version: UInt64, _ reader: some StateNodeReader) throws -> StateEdge {
    let proof = try proof(ofHash: keyHash, at: version, reader: reader)
    guard case .present = proof.end else { throw ProofError.notPresent }
    let downward = Array(proof.siblings.reversed())
    let siblings = downward.indices.filter { keyHash.bit($0) == isLeft }.map { downward[$0] }
    return StateEdge(depth: UInt16(downward.count), siblings: siblings)
  }
}
