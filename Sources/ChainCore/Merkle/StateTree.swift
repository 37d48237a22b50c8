/// Where stored nodes of the state tree are read from.
public protocol StateNodeReader {
  /// The bytes stored under `key`, or `nil`.
  func node(_ key: StateNodeKey) throws -> [UInt8]?
}

/// What one version adds to the stored tree. Write all of it, or nothing, in one transaction.
public struct StateTreeUpdate: Sendable {
  /// The root of the new version.
  public let root: Digest
  /// New nodes in the order of their keys. The root is always among them, even if nothing changed.
  public let nodes: [(key: StateNodeKey, bytes: [UInt8])]
  /// Nodes of older versions that this version does not use. They may be deleted once no older version is kept.
  public let stale: [StateNodeKey]

  /// The bytes of a new node, or `nil` if it is none of them.
  func node(_ key: StateNodeKey) -> [UInt8]? {
    let place = nodes.partitioningIndex { $0.key >= key }
    return place < nodes.count && nodes[place].key == key ? nodes[place].bytes : nil
  }
}

/// The authenticated state: a versioned sparse Merkle tree of 256 levels (Gao et al., "Jellyfish Merkle Tree", 2021).
///
/// A key's path is its hash; leaf H("JMT::LeafNode" ‖ H(key) ‖ H(value)), inner node H("JMT::IntrnalNode" ‖ left ‖ right); a subtree with one
/// leaf is that leaf, an empty one is the placeholder. The root depends on the pairs alone, never on the order in which they came. Nodes are
/// 16-ary in storage, keyed by version and path, and never overwritten: every version that is not pruned can be read and proven.
/// A stored leaf holds its record too, so a version needs nothing but its nodes.
public struct StateTree: Sendable {
  /// The root of the tree without pairs: the 32 characters `SPARSE_MERKLE_PLACEHOLDER_HASH__`.
  public static var emptyRoot: Digest { StateHashing.empty }

  /// The suite whose hash the tree uses.
  public let suite: CryptoSuite

  /// The tree of a chain with `suite`.
  public init(suite: CryptoSuite) { self.suite = suite }

  /// The root at `version`.
  /// - Throws: `ProofError.nodeMissing` if the version is not stored, `.nodeDamaged`, and what reading throws.
  public func root(at version: UInt64, reader: some StateNodeReader) throws -> Digest {
    var hasher = TreeHasher(suite)
    switch try reader.stateNode(.root(version)) {
    case .empty: return Self.emptyRoot
    case .leaf(let stored): return hasher.stateLeaf(stored.leaf)
    case .inner(let inner): return hasher.stateInner(inner)
    }
  }

  /// The hash of the value of `key` at `version`, or `nil` if it has none.
  /// - Throws: as `root(at:reader:)`.
  public func valueHash(of key: [UInt8], at version: UInt64, reader: some StateNodeReader) throws -> Digest? {
    try leaf(of: suite.publicHash(key), at: version, reader: reader)?.valueHash
  }

  /// The value of `key` at `version`, or `nil` if it has none.
  /// - Throws: as `root(at:reader:)`.
  /// - Complexity: O(log n) reads.
  public func value(of key: [UInt8], at version: UInt64, reader: some StateNodeReader) throws -> [UInt8]? {
    try leaf(of: suite.publicHash(key), at: version, reader: reader)?.value
  }

  func leaf(of keyHash: Digest, at version: UInt64, reader: some StateNodeReader) throws -> StoredLeaf? {
    var place = StateNodeKey.root(version)
    while true {
      switch try reader.stateNode(place) {
      case .empty: return nil
      case .leaf(let leaf): return leaf.keyHash == keyHash ? leaf : nil
      case .inner(let inner):
        let nibble = try place.nextNibble(of: keyHash)
        let child = inner.children[Int(nibble)]
        guard child.kind != .none else { return nil }
        place = StateNodeKey(version: child.version, path: place.path.appending(nibble))
      }
    }
  }

  /// Proves what `key` has at `version`: its value, or nothing.
  /// - Throws: as `root(at:reader:)`.
  /// - Complexity: O(log n) reads and 11 hashes a read.
  public func proof(of key: [UInt8], at version: UInt64, reader: some StateNodeReader) throws -> StateProof {
    try proof(ofHash: suite.publicHash(key), at: version, reader: reader)
  }

  func proof(ofHash keyHash: Digest, at version: UInt64, reader: some StateNodeReader) throws -> StateProof {
    // The subtrees beside the path, of all its nodes: they do not depend on each other, so they are hashed together.
    var beside = StateHashLevel()
    let end = try walk(to: keyHash, at: version, reader: reader) { beside.add($0.bytes, from: 0, places: $1) }
    var hasher = TreeHasher(suite)
    beside.hash(by: &hasher)
    return StateProof(end: end, siblings: (0..<beside.count).reversed().map(beside.result))
  }

  /// What the path of `keyHash` ends at; `body` takes the places of a node that lie beside it, from the root downward.
  private func walk(
    to keyHash: Digest, at version: UInt64, reader: some StateNodeReader, _ body: (StoredInner, Range<Int>) -> Void
  ) throws -> StateProof.End {
    var place = StateNodeKey.root(version)
    while true {
      switch try reader.storedNode(place) {
      case .empty: return .empty
      case .leaf(let leaf, _):
        return leaf.keyHash == keyHash ? .present : .otherLeaf(keyHash: leaf.keyHash, valueHash: leaf.valueHash)
      case .inner(let inner):
        let nibble = try place.nextNibble(of: keyHash)
        // Down the four binary levels, until the half that holds the key has less than two leaves.
        var first = 0
        var count = StateInner.width
        var ending: Int?
        while count > 1, ending == nil {
          count /= 2
          let goesRight = Int(nibble) & count != 0
          let other = goesRight ? first : first + count
          body(inner, other..<(other + count))
          if goesRight { first += count }
          let rest = inner.taken >> UInt16(first) & (1 << UInt16(count) - 1)
          if rest == 0 { return .empty }
          if rest.nonzeroBitCount == 1, inner.leaves >> UInt16(first) & rest != 0 { ending = first + rest.trailingZeroBitCount }
        }
        let next = ending ?? Int(nibble)
        place = StateNodeKey(version: inner.child(next).version, path: place.path.appending(UInt8(next)))
      }
    }
  }

  /// Applies a batch to the tree of version `base` (`nil`: an empty tree) and returns what `newVersion` adds to the store.
  ///
  /// Of updates to one key the last counts; `nil` removes; removing what is absent and writing what is there change nothing.
  /// - Precondition: `newVersion` is greater than `base`.
  /// - Throws: as `root(at:reader:)`, about `base`.
  /// - Complexity: every changed node is read, hashed and written once, however many updates lie below it.
  public func apply(
    _ updates: [(key: [UInt8], value: [UInt8]?)], base: UInt64?, newVersion: UInt64, reader: some StateNodeReader
  ) throws -> StateTreeUpdate {
    let changes = StateChange.sortedOnce(StateChange.batch(updates, suite: suite))
    return try apply(changes[...], of: updates, base: base, newVersion: newVersion, reader: reader)
  }

  /// As above; `changes` are `updates`, or some of them, by their hashes.
  func apply(
    _ changes: ArraySlice<StateChange>, of updates: [(key: [UInt8], value: [UInt8]?)], base: UInt64?, newVersion: UInt64,
    reader: some StateNodeReader
  ) throws -> StateTreeUpdate {
    precondition(base.map { $0 < newVersion } ?? true, "versions grow")
    var writer = StateTreeWriter(suite: suite, version: newVersion, updates: updates, reader: reader)
    return try writer.run(changes, base: base)
  }
}

extension StateNodeReader {
  func stateNode(_ key: StateNodeKey) throws -> StateNode {
    guard let bytes = try node(key) else { throw ProofError.nodeMissing(key.description) }
    do {
      return try StateNode(canonicalBytes: bytes)
    } catch {
      throw ProofError.nodeDamaged(key.description)
    }
  }
}

extension StateNodeKey {
  /// The nibble of `keyHash` below this node. An inner node at the end of all paths is damage.
  func nextNibble(of keyHash: Digest) throws(ProofError) -> UInt8 {
    guard path.count < StatePath.lengthLimit else { throw .nodeDamaged(description) }
    return keyHash.nibble(path.count)
  }
}
