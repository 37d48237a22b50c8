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
    /// An inner node, by its number in `made`.
    case inner(Int)
  }

  private let version: UInt64
  private var records: LeafRecords
  private let reader: Reader
  private var hasher: TreeHasher
  private var made: NewStateNodes
  private var stale: [StateNodeKey] = []
  /// New children of the nodes that the walk is in, those of the deepest node last.
  private var children: [NewStateNodes.Child] = []

  init(suite: CryptoSuite, version: UInt64, updates: [(key: [UInt8], value: [UInt8]?)], reader: Reader) {
    hasher = TreeHasher(suite)
    self.version = version
    records = LeafRecords(updates: updates)
    self.reader = reader
    made = NewStateNodes(version: version, capacity: updates.count)
  }

  mutating func run(_ changes: ArraySlice<StateChange>, base: UInt64?) throws -> StateTreeUpdate {
    let root = StatePath()
    let old = try base.map { try reader.storedNode(.root($0)) } ?? .empty
    let outcome =
      switch old {
      case .empty: build(changes.compactMap(\.leaf)[...], at: root)
      case .leaf(let leaf, let bytes): merge(leaf, bytes, changes, at: root)
      case .inner(let inner): try descend(inner, changes, at: root)
      }
    // Every version has its root, so an old one is always superseded.
    if let base { stale.append(.root(base)) }
    let hash: Digest
    var nodes: [(key: StateNodeKey, bytes: [UInt8])] = []
    switch outcome {
    case .inner:
      hash = made.fillHashes(by: &hasher)
      nodes = made.encoded(records)
    case .leaf(let placed):
      hash = hasher.stateLeaf(placed.leaf)
      nodes = [(key(root), records.bytes(of: placed))]
    case .empty:
      hash = StateHashing.empty
      nodes = [(key(root), StateNode.empty.canonicalBytes)]
    case .unchanged:
      switch old {
      case .empty:
        hash = StateHashing.empty
        nodes = [(key(root), StateNode.empty.canonicalBytes)]
      case .leaf(let leaf, let bytes):
        hash = hasher.stateLeaf(leaf)
        nodes = [(key(root), bytes)]
      case .inner(let inner):
        hash = hasher.stateInner(inner)
        nodes = [(key(root), inner.bytes)]
      }
    }
    return StateTreeUpdate(root: hash, nodes: nodes, stale: stale)
  }

  /// Changes below a stored inner node. Marking that node itself stale is up to the caller.
  private mutating func descend(_ old: StoredInner, _ changes: ArraySlice<StateChange>, at path: StatePath) throws -> Outcome {
    let bottom = children.count
    defer { children.removeLast(children.count - bottom) }
    var kept = old.taken
    var changed = false
    var rest = changes
    while let first = rest.first {
      let nibble = first.keyHash.nibble(path.count)
      let group = Self.group(of: rest, at: path.count)
      rest = rest[group.endIndex...]
      let outcome = try update(old.child(Int(nibble)), group, at: path.appending(nibble))
      if case .unchanged = outcome { continue }
      changed = true
      kept &= ~(1 << UInt16(nibble))
      note(outcome, at: nibble)
    }
    guard changed else { return .unchanged }
    // Keeps the inner node, unless what is left is one leaf or nothing.
    switch kept.nonzeroBitCount + children.count - bottom {
    case 0: return .empty
    case 1:
      if let only = children.dropFirst(bottom).first {
        guard case .leaf(let leaf) = only.content else { break }
        return .leaf(leaf)
      }
      guard kept & old.leaves != 0 else { break }
      // A stored leaf is left alone: it moves up.
      let place = kept.trailingZeroBitCount
      let key = StateNodeKey(version: old.child(place).version, path: path.appending(UInt8(place)))
      let (leaf, bytes) = try storedLeaf(key)
      stale.append(key)
      return .leaf(moving(leaf, bytes))
    default: break
    }
    return .inner(made.add(children[bottom...], keeping: kept, of: old, at: path))
  }

  /// Those of `sorted`, which is not empty, that go into the same place of a node at `depth` as the first one.
  private static func group<Item: Placed>(of sorted: ArraySlice<Item>, at depth: Int) -> ArraySlice<Item> {
    let nibble = sorted[sorted.startIndex].keyHash.nibble(depth)
    var end = sorted.startIndex + 1
    while end < sorted.endIndex, sorted[end].keyHash.nibble(depth) == nibble { end += 1 }
    return sorted[..<end]
  }

  private mutating func note(_ outcome: Outcome, at nibble: UInt8) {
    switch outcome {
    case .unchanged, .empty: break
    case .leaf(let leaf): children.append(NewStateNodes.Child(place: nibble, content: .leaf(leaf)))
    case .inner(let number): children.append(NewStateNodes.Child(place: nibble, content: .inner(number)))
    }
  }

  /// Changes in one place of an inner node.
  private mutating func update(
    _ child: (kind: StateChild.Kind, version: UInt64), _ changes: ArraySlice<StateChange>, at path: StatePath
  ) throws -> Outcome {
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
      guard case .inner(let inner) = try reader.storedNode(key), path.count < StatePath.lengthLimit else {
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
    // Mostly one record changes, and it is this one.
    if let only = changes.first, changes.count == 1, only.keyHash == old.keyHash {
      guard let leaf = only.leaf else { return .empty }
      return leaf.leaf == old ? .unchanged : .leaf(leaf)
    }
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
    guard case .leaf(let leaf, let bytes) = try reader.storedNode(key) else { throw ProofError.nodeDamaged(key.description) }
    return (leaf, bytes)
  }

  private mutating func moving(_ leaf: StateLeaf, _ bytes: [UInt8]) -> PlacedLeaf {
    records.moved.append(bytes)
    return PlacedLeaf(leaf: leaf, source: ~(records.moved.count - 1))
  }

  /// A new subtree of sorted leaves with different keys.
  private mutating func build(_ sorted: ArraySlice<PlacedLeaf>, at path: StatePath) -> Outcome {
    guard let first = sorted.first else { return .empty }
    guard sorted.count > 1 else { return .leaf(first) }
    let bottom = children.count
    defer { children.removeLast(children.count - bottom) }
    var rest = sorted
    while let first = rest.first {
      let nibble = first.keyHash.nibble(path.count)
      let group = Self.group(of: rest, at: path.count)
      rest = rest[group.endIndex...]
      note(build(group, at: path.appending(nibble)), at: nibble)
    }
    return .inner(made.add(children[bottom...], keeping: 0, of: nil, at: path))
  }

  private func key(_ path: StatePath) -> StateNodeKey { StateNodeKey(version: version, path: path) }
}

/// What is sorted by key hash.
private protocol Placed {
  var keyHash: Digest { get }
}

extension StateChange: Placed {}
extension PlacedLeaf: Placed {}

/// A leaf of the new version and where its record is: the number of an update, or the complement of the number of a moved leaf.
/// Without the record itself, so that thousands are sorted and merged cheaply.
struct PlacedLeaf {
  let leaf: StateLeaf
  let source: Int

  var keyHash: Digest { leaf.keyHash }
}

/// Where leaves of the new version have their records from.
struct LeafRecords {
  /// The records of the batch.
  let updates: [(key: [UInt8], value: [UInt8]?)]
  /// Stored leaves that stand elsewhere from now on, as they are stored.
  var moved: [[UInt8]] = []

  /// A leaf as it is stored.
  func bytes(of placed: PlacedLeaf) -> [UInt8] {
    guard placed.source >= 0 else { return moved[~placed.source] }
    let (key, value) = updates[placed.source]
    // Two lengths of at most three bytes, for records of up to 2 MiB.
    var writer = CanonicalWriter(reservingCapacity: 1 + 2 * Digest.byteCount + 6 + key.count + (value?.count ?? 0))
    writer.writeVariant(StateNode.leafVariant)
    StoredLeaf(leaf: placed.leaf, key: key, value: value ?? []).encode(into: &writer)
    return writer.bytes
  }
}

extension StateChange {
  /// The leaf this change puts, if it does not remove.
  fileprivate var leaf: PlacedLeaf? {
    valueHash.map { PlacedLeaf(leaf: StateLeaf(keyHash: keyHash, valueHash: $0), source: order) }
  }
}
