/// The append-only tree of RFC 9162 §2.1 as functions over leaf hashes, for either suite.
///
/// Leaf H(0x00 ‖ data), node H(0x01 ‖ left ‖ right), empty tree H(""). Trees that are kept in memory whole use `MemoryLog`,
/// stored ones `AppendOnlyTree` and a `LogNodeReader`.
public enum MerkleLog {
  /// The hash of the leaf that holds `data`.
  public static func leafHash(_ data: [UInt8], suite: CryptoSuite) -> Digest {
    suite.publicHash([0] + data)
  }

  /// The root of the tree without leaves.
  public static func emptyRoot(suite: CryptoSuite) -> Digest { suite.hash([]) }

  /// The root over `leafHashes`.
  /// - Complexity: n − 1 hashes.
  public static func root(of leafHashes: [Digest], suite: CryptoSuite) -> Digest {
    guard !leafHashes.isEmpty else { return emptyRoot(suite: suite) }
    var hasher = TreeHasher(suite)
    var level = leafHashes
    while level.count > 1 { level = hasher.logLevel(above: level) }
    return level[0]
  }

  /// Proves that leaf `index` is one of `leafHashes`. For many proofs of one tree make a `MemoryLog` once.
  /// - Throws: `ProofError.indexOutOfRange`.
  public static func inclusionProof(
    index: UInt64, leafHashes: [Digest], suite: CryptoSuite
  ) throws(ProofError) -> InclusionProof {
    try MemoryLog(leafHashes, suite: suite).inclusionProof(index: index, size: UInt64(leafHashes.count))
  }

  /// Proves that the first `oldSize` of `leafHashes` are a tree of which all of them are a continuation.
  /// - Throws: `ProofError.sizeOrder` if `oldSize` is 0 or too large.
  public static func consistencyProof(
    oldSize: UInt64, leafHashes: [Digest], suite: CryptoSuite
  ) throws(ProofError) -> ConsistencyProof {
    try MemoryLog(leafHashes, suite: suite).consistencyProof(oldSize: oldSize, newSize: UInt64(leafHashes.count))
  }
}

/// The nodes of complete subtrees, level by level, in memory: for trees that are made and used at once, like a block's transactions.
public struct MemoryLog: Sendable {
  /// The suite whose hash the tree uses.
  public let suite: CryptoSuite
  // levels[l][i] is the root of the complete subtree over leaves i·2^l ..< (i+1)·2^l.
  private var levels: [[Digest]]

  /// The tree over `leafHashes`.
  /// - Complexity: less than n hashes.
  public init(_ leafHashes: [Digest] = [], suite: CryptoSuite) {
    self.suite = suite
    levels = [leafHashes]
    var hasher = TreeHasher(suite)
    while let last = levels.last, last.count > 1 {
      let complete = last.count.isMultiple(of: 2) ? last : last.dropLast()
      levels.append(hasher.logLevel(above: complete))
    }
  }

  /// How many leaves there are.
  public var size: UInt64 { UInt64(levels[0].count) }

  /// Adds a leaf.
  public mutating func append(_ leafHash: Digest) {
    var hasher = TreeHasher(suite)
    levels[0].append(leafHash)
    var level = 0
    while levels[level].count.isMultiple(of: 2) {
      let count = levels[level].count
      if level + 1 == levels.count { levels.append([]) }
      levels[level + 1].append(hasher.logNode(levels[level][count - 2], levels[level][count - 1]))
      level += 1
    }
  }

  /// The root over the first `size` leaves.
  /// - Throws: `ProofError.indexOutOfRange` if there are fewer.
  public func root(size: UInt64) throws(ProofError) -> Digest {
    guard size <= self.size else { throw .indexOutOfRange(index: size, size: self.size) }
    guard size > 0 else { return MerkleLog.emptyRoot(suite: suite) }
    return LogPaths.rangeRoot(start: 0, count: size, suite: suite, node: node)
  }

  /// The root over all leaves.
  public var root: Digest {
    guard size > 0 else { return MerkleLog.emptyRoot(suite: suite) }
    return LogPaths.rangeRoot(start: 0, count: size, suite: suite, node: node)
  }

  /// Proves leaf `index` in the tree of the first `size` leaves.
  /// - Throws: `ProofError.indexOutOfRange`.
  public func inclusionProof(index: UInt64, size: UInt64) throws(ProofError) -> InclusionProof {
    guard index < size, size <= self.size else { throw .indexOutOfRange(index: index, size: min(size, self.size)) }
    return InclusionProof(index: index, size: size, path: LogPaths.inclusion(index: index, size: size, suite: suite, node: node))
  }

  /// Proves that the tree of `newSize` leaves continues that of `oldSize`.
  /// - Throws: `ProofError.sizeOrder`, `.indexOutOfRange`.
  public func consistencyProof(oldSize: UInt64, newSize: UInt64) throws(ProofError) -> ConsistencyProof {
    guard newSize <= size else { throw .indexOutOfRange(index: newSize, size: size) }
    guard oldSize > 0, oldSize <= newSize else { throw .sizeOrder(old: oldSize, new: newSize) }
    return ConsistencyProof(
      oldSize: oldSize, newSize: newSize,
      path: LogPaths.consistency(oldSize: oldSize, newSize: newSize, suite: suite, node: node))
  }

  private func node(level: UInt8, index: UInt64) -> Digest { levels[Int(level)][Int(index)] }
}
