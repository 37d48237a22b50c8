/// The leaves that stand next to a place of the state tree.
public struct StateNeighbours: Hashable, Sendable {
  /// The leaf with the greatest hash below that of the key; `nil` if the key's place is before all leaves.
  public let below: StateLeafDigest?
  /// The leaf with the least hash above that of the key; `nil` if the key's place is after all leaves.
  public let above: StateLeafDigest?
}

extension StateTree {
  /// The leaves next to the place of `key` at `version`, whether the key has a value or not.
  ///
  /// Our own proofs of absence need none; formats of other projects, which show an absent key between two present ones, do.
  /// - Throws: as `root(at:reader:)`.
  /// - Complexity: O(log n) reads.
  public func neighbours(of key: [UInt8], at version: UInt64, reader: some StateNodeReader) throws -> StateNeighbours {
    let keyHash = suite.hash(key)
    var below: StateNodeKey?
    var above: StateNodeKey?
    var met: StateLeaf?
    var place: StateNodeKey? = .root(version)
    while let current = place {
      place = nil
      switch try reader.stateNode(current) {
      case .empty: break
      case .leaf(let stored): met = stored.leaf
      case .inner(let inner):
        let nibble = Int(try current.nextNibble(of: keyHash))
        // A deeper sibling stands nearer than one further up.
        below = inner.last(in: 0..<nibble, under: current) ?? below
        above = inner.first(in: (nibble + 1)..<StateInner.width, under: current) ?? above
        place = inner.first(in: nibble..<(nibble + 1), under: current)
      }
    }
    if let met, met.keyHash != keyHash {
      let leaf = StateLeafDigest(keyHash: met.keyHash, valueHash: met.valueHash)
      return met.keyHash < keyHash
        ? StateNeighbours(below: leaf, above: try above.map { try edge(below: $0, last: false, reader) })
        : StateNeighbours(below: try below.map { try edge(below: $0, last: true, reader) }, above: leaf)
    }
    return StateNeighbours(
      below: try below.map { try edge(below: $0, last: true, reader) },
      above: try above.map { try edge(below: $0, last: false, reader) })
  }

  /// The first or last leaf of the subtree at `place`.
  private func edge(below place: StateNodeKey, last isLast: Bool, _ reader: some StateNodeReader) throws -> StateLeafDigest {
    var place = place
    while true {
      switch try reader.stateNode(place) {
      case .leaf(let leaf): return StateLeafDigest(keyHash: leaf.keyHash, valueHash: leaf.valueHash)
      case .inner(let inner):
        guard place.path.count < StatePath.lengthLimit else { throw ProofError.nodeDamaged(place.description) }
        let places = 0..<StateInner.width
        let next = isLast ? inner.last(in: places, under: place) : inner.first(in: places, under: place)
        guard let next else { throw ProofError.nodeDamaged(place.description) }
        place = next
      case .empty: throw ProofError.nodeDamaged(place.description)
      }
    }
  }
}

extension StateInner {
  fileprivate func first(in places: Range<Int>, under parent: StateNodeKey) -> StateNodeKey? {
    places.first { children[$0].kind != .none }.map { key(of: $0, under: parent) }
  }

  fileprivate func last(in places: Range<Int>, under parent: StateNodeKey) -> StateNodeKey? {
    places.last { children[$0].kind != .none }.map { key(of: $0, under: parent) }
  }

  private func key(of place: Int, under parent: StateNodeKey) -> StateNodeKey {
    StateNodeKey(version: children[place].version, path: parent.path.appending(UInt8(place)))
  }
}
