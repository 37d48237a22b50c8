/// One update of a batch, by hashes.
struct StateChange {
  let keyHash: Digest
  let order: Int
  /// `nil` removes.
  let valueHash: Digest?

  /// Sorted by key hash; of several updates of a key only the last given.
  static func sortedOnce(_ batch: [StateChange]) -> [StateChange] {
    let sorted = batch.sorted { $0.keyHash != $1.keyHash ? $0.keyHash < $1.keyHash : $0.order < $1.order }
    var once: [StateChange] = []
    once.reserveCapacity(sorted.count)
    for change in sorted {
      if once.last?.keyHash == change.keyHash { once.removeLast() }
      once.append(change)
    }
    return once
  }
}

/// Makes one version of the state tree: one walk over the sorted batch, subtrees built from the bottom.
struct StateTreeWriter<Reader: StateNodeReader> {
  /// What became of a subtree. A leaf is placed by whoever finds out where it belongs: a lone leaf moves up.
  private enum Outcome {
    case unchanged
    case empty
    case leaf(StateLeaf)
    case inner(Digest)
  }

  private let version: UInt64
  private let reader: Reader
  private var hasher: TreeHasher
  private var nodes: [(key: StateNodeKey, bytes: [UInt8])] = []
  private var stale: [StateNodeKey] = []

  init(suite: CryptoSuite, version: UInt64, reader: Reader) {
    hasher = TreeHasher(suite)
    self.version = version
    self.reader = reader
  }

  mutating func run(_ changes: [StateChange], base: UInt64?) throws -> StateTreeUpdate {
    let root = StatePath()
    let old = try base.map { try reader.stateNode(.root($0)) } ?? .empty
    let outcome =
      switch old {
      case .empty: build(changes.compactMap(\.leaf)[...], at: root)
      case .leaf(let leaf): merge(leaf, changes[...], at: root)
      case .inner(let inner): try descend(inner, changes[...], at: root)
      }
    // Every version has its root, so an old one is always superseded.
    if let base { stale.append(.root(base)) }
    let hash: Digest
    switch outcome {
    case .inner(let digest): hash = digest
    case .leaf(let leaf): hash = place(leaf, at: root)
    case .empty:
      emit(.empty, at: root)
      hash = StateHashing.empty
    case .unchanged:
      emit(old, at: root)
      switch old {
      case .empty: hash = StateHashing.empty
      case .leaf(let leaf): hash = hasher.stateLeaf(leaf)
      case .inner(let inner): hash = hasher.stateInner(inner)
      }
    }
    nodes.sort { $0.key < $1.key }
    return StateTreeUpdate(root: hash, nodes: nodes, stale: stale)
  }

  /// Changes below a stored inner node. Marking that node itself stale is up to the caller.
  private mutating func descend(_ old: StateInner, _ changes: ArraySlice<StateChange>, at path: StatePath) throws -> Outcome {
    var inner = old
    var lonely: [(place: Int, leaf: StateLeaf)] = []
    var changed = false
    var rest = changes
    while let first = rest.first {
      let nibble = first.keyHash.nibble(path.count)
      let group = rest.prefix { $0.keyHash.nibble(path.count) == nibble }
      rest = rest[group.endIndex...]
      let place = Int(nibble)
      let outcome = try update(old.children[place], group, at: path.appending(nibble))
      switch outcome {
      case .unchanged: continue
      case .empty: inner.children[place] = .none
      case .leaf(let leaf):
        inner.children[place] = .none
        lonely.append((place, leaf))
      case .inner(let hash): inner.children[place] = StateChild(kind: .inner, version: version, hash: hash)
      }
      changed = true
    }
    guard changed else { return .unchanged }
    return try finish(inner, lonely, at: path)
  }

  /// Writes the inner node, unless what is left is one leaf or nothing.
  private mutating func finish(
    _ settled: StateInner, _ lonely: [(place: Int, leaf: StateLeaf)], at path: StatePath
  ) throws -> Outcome {
    var inner = settled
    switch inner.occupied + lonely.count {
    case 0: return .empty
    case 1:
      if let only = lonely.first { return .leaf(only.leaf) }
      guard let place = inner.children.firstIndex(where: { $0.kind == .leaf }) else { break }
      // A stored leaf is left alone: it moves up.
      let key = StateNodeKey(version: inner.children[place].version, path: path.appending(UInt8(place)))
      guard case .leaf(let leaf) = try reader.stateNode(key) else { throw ProofError.nodeDamaged(key.description) }
      stale.append(key)
      return .leaf(leaf)
    default: break
    }
    for (place, leaf) in lonely {
      let hash = self.place(leaf, at: path.appending(UInt8(place)))
      inner.children[place] = StateChild(kind: .leaf, version: version, hash: hash)
    }
    return write(inner, at: path)
  }

  /// Changes in one place of an inner node.
  private mutating func update(_ child: StateChild, _ changes: ArraySlice<StateChange>, at path: StatePath) throws -> Outcome {
    let key = StateNodeKey(version: child.version, path: path)
    let outcome: Outcome
    switch child.kind {
    case .none:
      outcome = build(changes.compactMap(\.leaf)[...], at: path)
      if case .empty = outcome { return .unchanged }
      return outcome
    case .leaf:
      guard case .leaf(let leaf) = try reader.stateNode(key), path.isPrefix(of: leaf.keyHash) else {
        throw ProofError.nodeDamaged(key.description)
      }
      outcome = merge(leaf, changes, at: path)
    case .inner:
      guard case .inner(let inner) = try reader.stateNode(key), path.count < StatePath.lengthLimit else {
        throw ProofError.nodeDamaged(key.description)
      }
      outcome = try descend(inner, changes, at: path)
    }
    if case .unchanged = outcome { return outcome }
    stale.append(key)
    return outcome
  }

  /// Changes in a place where one stored leaf is.
  private mutating func merge(_ old: StateLeaf, _ changes: ArraySlice<StateChange>, at path: StatePath) -> Outcome {
    var leaves: [StateLeaf] = []
    leaves.reserveCapacity(changes.count + 1)
    var waits = true
    for change in changes {
      if waits, old.keyHash <= change.keyHash {
        waits = false
        if old.keyHash < change.keyHash { leaves.append(old) }
      }
      if let leaf = change.leaf { leaves.append(leaf) }
    }
    if waits { leaves.append(old) }
    return leaves == [old] ? .unchanged : build(leaves[...], at: path)
  }

  /// A new subtree of sorted leaves with different keys.
  private mutating func build(_ leaves: ArraySlice<StateLeaf>, at path: StatePath) -> Outcome {
    guard let first = leaves.first else { return .empty }
    guard leaves.count > 1 else { return .leaf(first) }
    var inner = StateInner()
    var rest = leaves
    while let first = rest.first {
      let nibble = first.keyHash.nibble(path.count)
      let group = rest.prefix { $0.keyHash.nibble(path.count) == nibble }
      rest = rest[group.endIndex...]
      let below = path.appending(nibble)
      switch build(group, at: below) {
      case .unchanged, .empty: break
      case .leaf(let leaf):
        inner.children[Int(nibble)] = StateChild(kind: .leaf, version: version, hash: place(leaf, at: below))
      case .inner(let hash): inner.children[Int(nibble)] = StateChild(kind: .inner, version: version, hash: hash)
      }
    }
    return write(inner, at: path)
  }

  private mutating func write(_ inner: StateInner, at path: StatePath) -> Outcome {
    emit(.inner(inner), at: path)
    return .inner(hasher.stateInner(inner))
  }

  private mutating func place(_ leaf: StateLeaf, at path: StatePath) -> Digest {
    emit(.leaf(leaf), at: path)
    return hasher.stateLeaf(leaf)
  }

  private mutating func emit(_ node: StateNode, at path: StatePath) {
    nodes.append((key(path), node.canonicalBytes))
  }

  private func key(_ path: StatePath) -> StateNodeKey { StateNodeKey(version: version, path: path) }
}

extension StateChange {
  /// The leaf this change puts, if it does not remove.
  var leaf: StateLeaf? { valueHash.map { StateLeaf(keyHash: keyHash, valueHash: $0) } }
}
