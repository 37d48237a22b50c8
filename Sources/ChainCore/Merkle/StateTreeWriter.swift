/// One update of a batch, by hashes.
struct StateChange: Sendable {
  let keyHash: Digest
  /// Its number in the batch.
  let order: Int
  /// `nil` removes.
  let valueHash: Digest?

  /// The updates as they are given, hashed.
  static func batch(_ updates: [(key: [UInt8], value: [UInt8]?)], suite: CryptoSuite) -> [StateChange] {
    // Keys and values of a kind are of one length each, so that they share lanes.
    let keys = suite.hashes(ofPublic: updates.map(\.key))
    var values = suite.hashes(ofPublic: updates.compactMap(\.value)).makeIterator()
    var batch: [StateChange] = []
    batch.reserveCapacity(updates.count)
    for (order, update) in updates.enumerated() {
      batch.append(StateChange(keyHash: keys[order], order: order, valueHash: update.value == nil ? nil : values.next()))
    }
    return batch
  }

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

/// Makes one version of the state tree: one walk over the sorted batch finds what changes; then all nodes of a depth are hashed together,
/// from the bottom, because nodes of one depth do not depend on each other.
struct StateTreeWriter<Reader: StateNodeReader> {
  /// What became of a subtree. A leaf is placed by whoever finds out where it belongs: a lone leaf moves up.
  private enum Outcome {
    case unchanged
    case empty
    case leaf(PlacedLeaf)
    /// An inner node, by its number in `inners`.
    case inner(Int)
  }

  /// An inner node whose children's hashes are not known yet.
  private struct NewInner {
    var node: StateInner
    let path: StatePath
    /// Where it stands: the number of the node above, and the place there.
    var parent = -1
    var place = 0
  }

  private struct NewLeaf {
    let leaf: PlacedLeaf
    let path: StatePath
    var parent = -1
    var place = 0
  }

  private let version: UInt64
  /// The records of the batch.
  private let updates: [(key: [UInt8], value: [UInt8]?)]
  /// Stored leaves that stand elsewhere from now on, as they are stored.
  private var moved: [[UInt8]] = []
  private let reader: Reader
  private var hasher: TreeHasher
  private var inners: [NewInner] = []
  private var leaves: [NewLeaf] = []
  private var stale: [StateNodeKey] = []

  init(suite: CryptoSuite, version: UInt64, updates: [(key: [UInt8], value: [UInt8]?)], reader: Reader) {
    hasher = TreeHasher(suite)
    self.version = version
    self.updates = updates
    self.reader = reader
  }

  mutating func run(_ changes: [StateChange], base: UInt64?) throws -> StateTreeUpdate {
    let root = StatePath()
    let old = try base.map { try reader.stateNode(.root($0)) } ?? .empty
    let outcome =
      switch old {
      case .empty: build(changes.compactMap(\.leaf)[...], at: root)
      case .leaf(let stored): merge(stored.leaf, old.canonicalBytes, changes[...], at: root)
      case .inner(let inner): try descend(inner, changes[...], at: root)
      }
    // Every version has its root, so an old one is always superseded.
    if let base { stale.append(.root(base)) }
    let hash: Digest
    var nodes: [(key: StateNodeKey, bytes: [UInt8])] = []
    switch outcome {
    case .inner:
      hash = hashAll()
      nodes = encoded()
    case .leaf(let placed):
      hash = hasher.stateLeaf(placed.leaf)
      nodes = [(key(root), bytes(of: placed))]
    case .empty:
      hash = StateHashing.empty
      nodes = [(key(root), StateNode.empty.canonicalBytes)]
    case .unchanged:
      nodes = [(key(root), old.canonicalBytes)]
      switch old {
      case .empty: hash = StateHashing.empty
      case .leaf(let stored): hash = hasher.stateLeaf(stored.leaf)
      case .inner(let inner): hash = hasher.stateInner(inner)
      }
    }
    return StateTreeUpdate(root: hash, nodes: nodes, stale: stale)
  }

  /// Changes below a stored inner node. Marking that node itself stale is up to the caller.
  private mutating func descend(_ old: consuming StateInner, _ changes: ArraySlice<StateChange>, at path: StatePath) throws -> Outcome {
    var inner = old
    var lonely: [(place: Int, leaf: PlacedLeaf)] = []
    var below: [(place: Int, inner: Int)] = []
    var changed = false
    var rest = changes
    while let first = rest.first {
      let nibble = first.keyHash.nibble(path.count)
      let group = rest.prefix { $0.keyHash.nibble(path.count) == nibble }
      rest = rest[group.endIndex...]
      let place = Int(nibble)
      let outcome = try update(inner.children[place], group, at: path.appending(nibble))
      switch outcome {
      case .unchanged: continue
      case .empty: inner.children[place] = .none
      case .leaf(let leaf):
        inner.children[place] = .none
        lonely.append((place, leaf))
      case .inner(let number):
        inner.children[place] = StateChild(kind: .inner, version: version, hash: .zero)
        below.append((place, number))
      }
      changed = true
    }
    guard changed else { return .unchanged }
    return try finish(inner, lonely, below, at: path)
  }

  /// Keeps the inner node, unless what is left is one leaf or nothing.
  private mutating func finish(
    _ settled: consuming StateInner, _ lonely: [(place: Int, leaf: PlacedLeaf)], _ below: [(place: Int, inner: Int)], at path: StatePath
  ) throws -> Outcome {
    switch settled.occupied + lonely.count {
    case 0: return .empty
    case 1:
      if let only = lonely.first { return .leaf(only.leaf) }
      guard let place = settled.children.firstIndex(where: { $0.kind == .leaf }) else { break }
      // A stored leaf is left alone: it moves up.
      let key = StateNodeKey(version: settled.children[place].version, path: path.appending(UInt8(place)))
      let (leaf, bytes) = try storedLeaf(key)
      stale.append(key)
      return .leaf(moving(leaf, bytes))
    default: break
    }
    return keep(settled, lonely, below, at: path)
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
      let (leaf, bytes) = try storedLeaf(key)
      guard path.isPrefix(of: leaf.keyHash) else { throw ProofError.nodeDamaged(key.description) }
      outcome = merge(leaf, bytes, changes, at: path)
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
  private mutating func merge(_ old: StateLeaf, _ bytes: [UInt8], _ changes: ArraySlice<StateChange>, at path: StatePath) -> Outcome {
    var merged: [PlacedLeaf] = []
    merged.reserveCapacity(changes.count + 1)
    var waits = true
    for change in changes {
      if waits, old.keyHash <= change.keyHash {
        waits = false
        if old.keyHash < change.keyHash { merged.append(moving(old, bytes)) }
      }
      if let leaf = change.leaf { merged.append(leaf) }
    }
    if waits { merged.append(moving(old, bytes)) }
    return merged.count == 1 && merged[0].leaf == old ? .unchanged : build(merged[...], at: path)
  }

  private func storedLeaf(_ key: StateNodeKey) throws -> (StateLeaf, [UInt8]) {
    guard let bytes = try reader.node(key) else { throw ProofError.nodeMissing(key.description) }
    do {
      return (try StateLeaf(ofNode: bytes), bytes)
    } catch {
      throw ProofError.nodeDamaged(key.description)
    }
  }

  private mutating func moving(_ leaf: StateLeaf, _ bytes: [UInt8]) -> PlacedLeaf {
    moved.append(bytes)
    return PlacedLeaf(leaf: leaf, source: ~(moved.count - 1))
  }

  private func bytes(of placed: PlacedLeaf) -> [UInt8] {
    guard placed.source >= 0 else { return moved[~placed.source] }
    let (key, value) = updates[placed.source]
    // Two lengths of at most three bytes, for records of up to 2 MiB.
    var writer = CanonicalWriter(reservingCapacity: 1 + 2 * Digest.byteCount + 6 + key.count + (value?.count ?? 0))
    writer.writeVariant(StateNode.leafVariant)
    StoredLeaf(leaf: placed.leaf, key: key, value: value ?? []).encode(into: &writer)
    return writer.bytes
  }

  /// A new subtree of sorted leaves with different keys.
  private mutating func build(_ sorted: ArraySlice<PlacedLeaf>, at path: StatePath) -> Outcome {
    guard let first = sorted.first else { return .empty }
    guard sorted.count > 1 else { return .leaf(first) }
    var inner = StateInner()
    var lonely: [(place: Int, leaf: PlacedLeaf)] = []
    var below: [(place: Int, inner: Int)] = []
    var rest = sorted
    while let first = rest.first {
      let nibble = first.keyHash.nibble(path.count)
      let group = rest.prefix { $0.keyHash.nibble(path.count) == nibble }
      rest = rest[group.endIndex...]
      switch build(group, at: path.appending(nibble)) {
      case .unchanged, .empty: break
      case .leaf(let leaf): lonely.append((Int(nibble), leaf))
      case .inner(let number):
        inner.children[Int(nibble)] = StateChild(kind: .inner, version: version, hash: .zero)
        below.append((Int(nibble), number))
      }
    }
    return keep(inner, lonely, below, at: path)
  }

  /// A new inner node with its new children.
  private mutating func keep(
    _ node: consuming StateInner, _ lonely: [(place: Int, leaf: PlacedLeaf)], _ below: [(place: Int, inner: Int)], at path: StatePath
  ) -> Outcome {
    let number = inners.count
    var inner = NewInner(node: node, path: path)
    for (place, leaf) in lonely {
      inner.node.children[place] = StateChild(kind: .leaf, version: version, hash: .zero)
      leaves.append(NewLeaf(leaf: leaf, path: path.appending(UInt8(place)), parent: number, place: place))
    }
    for (place, child) in below { (inners[child].parent, inners[child].place) = (number, place) }
    inners.append(inner)
    return .inner(number)
  }

  /// Fills in the hashes of all new nodes and returns the root's, which is the last inner node.
  private mutating func hashAll() -> Digest {
    for (one, digest) in zip(leaves, hasher.stateLeaves(leaves.map(\.leaf.leaf))) {
      inners[one.parent].node.children[one.place].hash = digest
    }
    var depths: [[Int]] = []
    for (number, inner) in inners.enumerated() {
      while depths.count <= inner.path.count { depths.append([]) }
      depths[inner.path.count].append(number)
    }
    var root = StateHashing.empty
    for numbers in depths.reversed() where !numbers.isEmpty {
      let digests = hasher.stateInners(numbers.map { inners[$0].node })
      for (number, digest) in zip(numbers, digests) {
        let (parent, place) = (inners[number].parent, inners[number].place)
        if parent >= 0 { inners[parent].node.children[place].hash = digest } else { root = digest }
      }
    }
    return root
  }

  /// The new nodes in the order of their keys.
  private func encoded() -> [(key: StateNodeKey, bytes: [UInt8])] {
    var nodes: [(key: StateNodeKey, bytes: [UInt8])] = []
    nodes.reserveCapacity(inners.count + leaves.count)
    for one in leaves { nodes.append((key(one.path), bytes(of: one.leaf))) }
    var writer = CanonicalWriter(reservingCapacity: 700)
    for one in inners {
      writer.removeAll()
      writer.writeVariant(2)
      one.node.encode(into: &writer)
      nodes.append((key(one.path), Array(writer.bytes[...])))
    }
    nodes.sort { $0.key < $1.key }
    return nodes
  }

  private func key(_ path: StatePath) -> StateNodeKey { StateNodeKey(version: version, path: path) }
}

/// A leaf of the new version and where its record is: the number of an update, or the complement of the number of a moved leaf.
/// Without the record itself, so that thousands are sorted and merged cheaply.
private struct PlacedLeaf {
  let leaf: StateLeaf
  let source: Int

  var keyHash: Digest { leaf.keyHash }
}

extension StateChange {
  /// The leaf this change puts, if it does not remove.
  fileprivate var leaf: PlacedLeaf? {
    valueHash.map { PlacedLeaf(leaf: StateLeaf(keyHash: keyHash, valueHash: $0), source: order) }
  }
}

extension TreeHasher {
  /// Leaves of the state tree.
  mutating func stateLeaves(_ leaves: [StateLeaf]) -> [Digest] {
    var parts: [Digest] = []
    parts.reserveCapacity(2 * leaves.count)
    for leaf in leaves {
      parts.append(leaf.keyHash)
      parts.append(leaf.valueHash)
    }
    return hashes(StateHashing.leafPrefix, parts)
  }

  /// What inner nodes hash to: their four binary levels, each level of all nodes at once.
  mutating func stateInners(_ nodes: some Sequence<StateInner>) -> [Digest] {
    var level: [StateChild] = []
    for node in nodes { level += node.children }
    var parts: [Digest] = []
    for _ in 0..<4 {
      parts.removeAll(keepingCapacity: true)
      for place in stride(from: 0, to: level.count, by: 2) where StateInner.joined(level[place], level[place + 1]) == nil {
        parts.append(level[place].hash)
        parts.append(level[place + 1].hash)
      }
      let digests = hashes(StateHashing.innerPrefix, parts)
      var next = 0
      for place in stride(from: 0, to: level.count, by: 2) {
        if let joined = StateInner.joined(level[place], level[place + 1]) {
          level[place / 2] = joined
        } else {
          level[place / 2] = StateChild(kind: .inner, version: 0, hash: digests[next])
          next += 1
        }
      }
      level.removeLast(level.count / 2)
    }
    return level.map(\.hash)
  }
}
