extension StateTree {
  /// Gives the leaves of `version` whose key hashes are not below `start` to `body`, in the order of those hashes, until it returns `false`.
  ///
  /// - Throws: as `root(at:reader:)`.
  /// - Complexity: O(log n) reads to the first, then each node once.
  func scanLeaves(
    at version: UInt64, from start: Digest = .zero, reader: some StateNodeReader, _ body: (StoredLeaf) throws -> Bool
  ) throws {
    // The next node is the last; below the edge are places before `start`.
    var pending = [(key: StateNodeKey.root(version), isEdge: true)]
    while let (key, isEdge) = pending.popLast() {
      switch try reader.stateNode(key) {
      case .empty: continue
      case .leaf(let leaf):
        if isEdge, leaf.keyHash < start { continue }
        guard try body(leaf) else { return }
      case .inner(let inner):
        let edge = Int(try key.nextNibble(of: start))
        for place in (0..<StateInner.width).reversed() where inner.children[place].kind != .none {
          if isEdge, place < edge { break }
          let child = StateNodeKey(version: inner.children[place].version, path: key.path.appending(UInt8(place)))
          pending.append((child, isEdge && place == edge))
        }
      }
    }
  }
}
