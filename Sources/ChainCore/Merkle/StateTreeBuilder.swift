/// Builds a whole state tree from its leaves in order, one at a time, in the space of one path: what `StateTree.apply` on an empty tree
/// gives, for states that do not fit into memory.
struct StateTreeBuilder {
  private let version: UInt64
  private var hasher: TreeHasher
  /// The inner nodes along the path of `last`, from the root.
  private var open: [StateInner] = []
  private var last: StoredLeaf?
  /// Nodes that will not change any more; whoever builds takes them out now and then.
  private(set) var finished: [(key: StateNodeKey, bytes: [UInt8])] = []

  /// A tree without leaves, whose nodes belong to `version`.
  init(suite: CryptoSuite, version: UInt64) {
    hasher = TreeHasher(suite)
    self.version = version
  }

  /// Forgets the nodes in `finished` and returns them.
  mutating func takeFinished() -> [(key: StateNodeKey, bytes: [UInt8])] {
    defer { finished = [] }
    return finished
  }

  /// Adds a leaf, whose key hash is greater than all before.
  mutating func add(_ leaf: StoredLeaf) {
    defer { last = leaf }
    guard let last else { return }
    let shared = last.keyHash.sharedNibbles(with: leaf.keyHash)
    while open.count <= shared { open.append(StateInner()) }
    place(last)
    while open.count > shared + 1 { close(under: last.keyHash) }
  }

  /// Ends the tree; `finished` holds the rest, the root included.
  mutating func finish() -> Digest {
    guard let last else {
      emit(.empty, at: StatePath())
      return StateHashing.empty
    }
    guard !open.isEmpty else {
      emit(.leaf(last), at: StatePath())
      return hasher.stateLeaf(last.leaf)
    }
    place(last)
    while open.count > 1 { close(under: last.keyHash) }
    let root = open.removeLast()
    emit(.inner(root), at: StatePath())
    return hasher.stateInner(root)
  }

  /// Puts a leaf below the deepest open node.
  private mutating func place(_ leaf: StoredLeaf) {
    let depth = open.count - 1
    let nibble = leaf.keyHash.nibble(depth)
    emit(.leaf(leaf), at: leaf.keyHash.path(depth + 1))
    open[depth].children[Int(nibble)] = StateChild(kind: .leaf, version: version, hash: hasher.stateLeaf(leaf.leaf))
  }

  /// Ends the deepest open node, which lies on the path of `keyHash`, and puts it into the one above.
  private mutating func close(under keyHash: Digest) {
    let inner = open.removeLast()
    let depth = open.count
    emit(.inner(inner), at: keyHash.path(depth))
    open[depth - 1].children[Int(keyHash.nibble(depth - 1))] =
      StateChild(kind: .inner, version: version, hash: hasher.stateInner(inner))
  }

  private mutating func emit(_ node: StateNode, at path: StatePath) {
    finished.append((StateNodeKey(version: version, path: path), node.canonicalBytes))
  }
}

extension Digest {
  /// How many leading nibbles both have; 64 if they are equal.
  fileprivate func sharedNibbles(with other: Digest) -> Int {
    (0..<StatePath.lengthLimit).first { nibble($0) != other.nibble($0) } ?? StatePath.lengthLimit
  }

  /// The path of the first `count` nibbles.
  fileprivate func path(_ count: Int) -> StatePath {
    (0..<count).reduce(StatePath()) { $0.appending(nibble($1)) }
  }
}
