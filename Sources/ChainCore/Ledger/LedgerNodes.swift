/// The nodes of the state tree in the store. Only this file knows how they, and the list of those that are stale, are laid out.
struct LedgerNodes: StateNodeReader {
  let reader: any KeyValueReader

  func node(_ key: StateNodeKey) throws -> [UInt8]? { try reader.get(LedgerTables.nodes, key.storeKey) }

  /// How many stale nodes one record lists.
  private static let staleInRecord = 128

  /// Stores what a version adds to the tree, and what it makes stale: a list in a few records, where a record for each node would cost
  /// a commit as much as the nodes.
  static func write(_ update: StateTreeUpdate, version: BlockHeight, to writer: any KeyValueWriter) throws(StoreError) {
    var key = CanonicalWriter(reservingCapacity: 64)
    for node in update.nodes {
      key.removeAll()
      node.key.encode(into: &key)
      try writer.put(LedgerTables.nodes, key.bytes, node.bytes)
    }
    for (number, start) in stride(from: 0, to: update.stale.count, by: staleInRecord).enumerated() {
      let part = Array(update.stale[start..<min(start + staleInRecord, update.stale.count)])
      try writer.put(LedgerTables.stale, version.keyBytes + UInt64(number).keyBytes, part.canonicalBytes)
    }
  }

  /// What one step of pruning removed.
  struct Removed {
    /// How many nodes.
    var nodes = 0
    /// The keys of the leaves among them.
    var keys: [[UInt8]] = []
    /// Whether no stale node is left.
    var isDone = false
  }

  /// Removes up to `limit` nodes that no version from `oldest` on uses, those first that have been stale longest.
  static func removeStale(through oldest: BlockHeight, limit: Int, from writer: any KeyValueWriter) throws(StoreError) -> Removed {
    var removed = Removed()
    var bound = oldest.next
    #if DEBUG
      if LedgerMutation.planted == .prunedNodeInUse { bound = bound.next }
    #endif
    var left = limit
    // A record lists few nodes where blocks were small, so one page of records may not be a step's work.
    while left > 0 {
      let found = try writer.range(LedgerTables.stale, to: bound.keyBytes, limit: left / staleInRecord + 1)
      guard !found.isEmpty else {
        removed.isDone = true
        break
      }
      for (entry, bytes) in found where left > 0 {
        guard let keys = try? [StateNodeKey](canonicalBytes: bytes), !keys.isEmpty else {
          throw .corrupt(table: LedgerTables.stale, key: entry)
        }
        for key in keys.prefix(left) { try remove(key, from: writer, noting: &removed) }
        if keys.count > left {
          try writer.put(LedgerTables.stale, entry, Array(keys.dropFirst(left)).canonicalBytes)
        } else {
          try writer.remove(LedgerTables.stale, entry)
        }
        left -= keys.count
      }
    }
    return removed
  }

  private static func remove(
    _ key: StateNodeKey, from writer: any KeyValueWriter, noting removed: inout Removed
  ) throws(StoreError) {
    let stored = key.storeKey
    guard let bytes = try writer.get(LedgerTables.nodes, stored) else { return }
    guard let node = try? StateNode(canonicalBytes: bytes) else { throw .corrupt(table: LedgerTables.nodes, key: stored) }
    if case .leaf(let leaf) = node { removed.keys.append(leaf.key) }
    #if DEBUG
      if LedgerMutation.planted != .pruningForgetsNodes { try writer.remove(LedgerTables.nodes, stored) }
    #else
      try writer.remove(LedgerTables.nodes, stored)
    #endif
    removed.nodes += 1
  }

  /// Reads every node of a version and compares its hash with what the node above says.
  ///
  /// - Throws: `LedgerError.damaged` naming the node, and what reading throws.
  func walk(_ version: BlockHeight, root: Digest, suite: CryptoSuite) throws {
    var hasher = TreeHasher(suite)
    var pending = [(key: StateNodeKey.root(version.rawValue), hash: root)]
    while let (key, expected) = pending.popLast() {
      let found: Digest
      switch try stateNode(key) {
      case .empty: found = StateHashing.empty
      case .leaf(let stored): found = hasher.stateLeaf(stored.leaf)
      case .inner(let inner):
        found = hasher.stateInner(inner)
        for (place, child) in inner.children.enumerated() where child.kind != .none {
          guard key.path.count < StatePath.lengthLimit else { throw LedgerError.damaged("state node \(key)") }
          pending.append((StateNodeKey(version: child.version, path: key.path.appending(UInt8(place))), child.hash))
        }
      }
      guard found == expected else { throw LedgerError.damaged("state node \(key) is another than the tree says") }
    }
  }

  /// How many of the stored nodes no version in `versions` uses, and the first that is used and missing.
  ///
  /// For tests: reads the whole tree of each version.
  package static func audit(_ versions: ClosedRange<BlockHeight>, in reader: any KeyValueReader) throws -> (unused: Int, missing: String?) {
    var used: Set<[UInt8]> = []
    var pending = (versions.lowerBound.rawValue...versions.upperBound.rawValue).map { StateNodeKey.root($0) }
    while let key = pending.popLast() {
      guard used.insert(key.storeKey).inserted else { continue }
      guard let bytes = try reader.get(LedgerTables.nodes, key.storeKey) else { return (0, key.description) }
      guard case .inner(let inner) = try StateNode(canonicalBytes: bytes) else { continue }
      for (place, child) in inner.children.enumerated() where child.kind != .none {
        pending.append(StateNodeKey(version: child.version, path: key.path.appending(UInt8(place))))
      }
    }
    return (try reader.range(LedgerTables.nodes).count { !used.contains($0.key) }, nil)
  }
}
