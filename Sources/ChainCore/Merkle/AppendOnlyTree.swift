/// The right edge of a growing append-only tree (RFC 9162 §2.1): enough to append and to know the root, in O(log n) space.
///
/// Store it beside the log. `append` also hands out the nodes that became complete; whoever stores them can prove anything later
/// through a `LogNodeReader`.
public struct AppendOnlyTree: CanonicalRecord, Codable, Hashable {
  /// The greatest size that decodes; appending one leaf a nanosecond would take centuries to pass it.
  public static let sizeLimit: UInt64 = 1 << 63

  /// How many leaves there are.
  public private(set) var size: UInt64
  /// Roots of the complete subtrees, largest first; one for each bit set in `size`.
  public private(set) var peaks: [Digest]

  /// The empty tree.
  public init() {
    size = 0
    peaks = []
  }

  /// The tree with these parts, or `nil` if the number of peaks is not that of the bits set in `size`.
  public init?(size: UInt64, peaks: [Digest]) {
    guard size <= Self.sizeLimit, peaks.count == size.nonzeroBitCount else { return nil }
    self.size = size
    self.peaks = peaks
  }

  /// `size`, `peaks`; their numbers must fit together.
  public static let layout = Layout(
    checked: { (size: UInt64, peaks: [Digest]) in AppendOnlyTree(size: size, peaks: peaks) },
    expected: "a tree edge with one peak for each bit of its size", \.size, \.peaks)

  private enum CodingKeys: String, CodingKey { case size, peaks }

  /// Reads the parts; their numbers must fit together.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let size = try container.decode(UInt64.self, forKey: .size)
    guard let tree = AppendOnlyTree(size: size, peaks: try container.decode([Digest].self, forKey: .peaks)) else {
      throw DecodingError.dataCorruptedError(forKey: .peaks, in: container, debugDescription: "one peak for each bit of the size expected")
    }
    self = tree
  }

  /// The root.
  /// - Complexity: O(log n) hashes.
  public func root(suite: CryptoSuite) -> Digest {
    guard var root = peaks.last else { return MerkleLog.emptyRoot(suite: suite) }
    var hasher = TreeHasher(suite)
    for peak in peaks.dropLast().reversed() { root = hasher.logNode(peak, root) }
    return root
  }

  /// Adds a leaf by its hash.
  /// - Complexity: O(log n) hashes, two on average.
  public mutating func append(_ leafHash: Digest, suite: CryptoSuite) {
    append(leafHash, suite: suite) { _ in }
  }

  /// Adds a leaf by its hash and appends every node that this completed, the leaf included, to `nodes`.
  public mutating func append(_ leafHash: Digest, suite: CryptoSuite, into nodes: inout [LogNode]) {
    append(leafHash, suite: suite) { nodes.append($0) }
  }

  private mutating func append(_ leafHash: Digest, suite: CryptoSuite, completed: (LogNode) -> Void) {
    var hasher = TreeHasher(suite)
    var digest = leafHash
    var level: UInt8 = 0
    completed(LogNode(level: 0, index: size, digest: digest))
    while size >> UInt64(level) & 1 == 1 {
      digest = hasher.logNode(peaks.removeLast(), digest)
      level += 1
      completed(LogNode(level: level, index: size >> UInt64(level), digest: digest))
    }
    peaks.append(digest)
    size += 1
  }
}

/// The root of a complete subtree of an append-only tree. It never changes once it exists.
public struct LogNode: CanonicalRecord, Hashable {
  /// How many levels above the leaves; 0 to 63.
  public let level: UInt8
  /// Its number within the level: it covers leaves `index << level ..< (index + 1) << level`.
  public let index: UInt64
  /// The hash.
  public let digest: Digest

  /// A node of these parts.
  public init(level: UInt8, index: UInt64, digest: Digest) {
    self.level = level
    self.index = index
    self.digest = digest
  }

  /// `level`, `index`, `digest`.
  public static let layout = Layout(Self.init, \.level, \.index, \.digest)
}

/// Where the complete nodes of a stored log are read from.
public protocol LogNodeReader {
  /// The node that covers leaves `index << level ..< (index + 1) << level`, or `nil` if it is not stored.
  func node(level: UInt8, index: UInt64) throws -> Digest?
}

extension LogNodeReader {
  /// The root over the first `size` leaves.
  /// - Throws: `ProofError.nodeMissing`, and what reading throws.
  /// - Complexity: O(log n) reads.
  public func root(size: UInt64, suite: CryptoSuite) throws -> Digest {
    guard size > 0 else { return MerkleLog.emptyRoot(suite: suite) }
    return try LogPaths.rangeRoot(start: 0, count: size, suite: suite, node: required)
  }

  /// Proves leaf `index` in the tree of the first `size` leaves.
  /// - Throws: `ProofError.indexOutOfRange`, `.nodeMissing`, and what reading throws.
  /// - Complexity: O(log n) reads.
  public func inclusionProof(index: UInt64, size: UInt64, suite: CryptoSuite) throws -> InclusionProof {
    guard index < size else { throw ProofError.indexOutOfRange(index: index, size: size) }
    return InclusionProof(
      index: index, size: size, path: try LogPaths.inclusion(index: index, size: size, suite: suite, node: required))
  }

  /// Proves that the tree of `newSize` leaves continues that of `oldSize`.
  /// - Throws: `ProofError.sizeOrder`, `.nodeMissing`, and what reading throws.
  /// - Complexity: O(log n) reads.
  public func consistencyProof(oldSize: UInt64, newSize: UInt64, suite: CryptoSuite) throws -> ConsistencyProof {
    guard oldSize > 0, oldSize <= newSize else { throw ProofError.sizeOrder(old: oldSize, new: newSize) }
    return ConsistencyProof(
      oldSize: oldSize, newSize: newSize,
      path: try LogPaths.consistency(oldSize: oldSize, newSize: newSize, suite: suite, node: required))
  }

  private func required(level: UInt8, index: UInt64) throws -> Digest {
    guard let digest = try node(level: level, index: index) else { throw ProofError.nodeMissing("level \(level) index \(index)") }
    return digest
  }
}
