/// Inner nodes that are hashed together, level by level of the four binary ones inside each.
struct StateHashLevel {
  /// 16 places a node, of which a level uses the first ones.
  private var hashes: [Digest] = []
  /// Which places are taken, and which of them by inner nodes; a pair of bitmaps a node.
  private var nodes: [(taken: UInt16, inner: UInt16)] = []
  private var parts: [Digest] = []

  /// Forgets the nodes, not the room they took.
  mutating func removeAll() {
    hashes.removeAll(keepingCapacity: true)
    nodes.removeAll(keepingCapacity: true)
  }

  /// Adds the stored inner node that begins at `start`.
  mutating func add(_ bytes: [UInt8], from start: Int) {
    let (taken, leaves) = StoredInner.bitmaps(of: bytes, from: start)
    nodes.append((taken, taken & ~leaves))
    let end = start + StoredInner.headerBytes + taken.nonzeroBitCount * StoredInner.childBytes
    precondition(end <= bytes.count, "a node has all its children")
    var offset = start + StoredInner.headerBytes + 8
    unsafe bytes.withUnsafeBytes { bytes in
      for place in 0..<StateInner.width {
        guard taken & 1 << UInt16(place) != 0 else {
          hashes.append(StateHashing.empty)
          continue
        }
        func word(_ index: Int) -> UInt64 {
          UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset + 8 * index, as: UInt64.self))
        }
        hashes.append(Digest(words: (word(0), word(1), word(2), word(3))))
        offset += StoredInner.childBytes
      }
    }
  }

  /// Hashes all: afterwards `result` has them.
  mutating func hash(by hasher: inout TreeHasher) {
    var width = StateInner.width
    while width > 1 {
      parts.removeAll(keepingCapacity: true)
      for (number, node) in nodes.enumerated() {
        let base = number * StateInner.width
        for place in stride(from: 0, to: width, by: 2) where Self.joined(node, place) == .hashed {
          parts.append(hashes[base + place])
          parts.append(hashes[base + place + 1])
        }
      }
      let digests = hasher.hashes(StateHashing.innerPrefix, parts)
      var next = 0
      for number in nodes.indices {
        let base = number * StateInner.width
        let node = nodes[number]
        var above: (taken: UInt16, inner: UInt16) = (0, 0)
        for place in stride(from: 0, to: width, by: 2) {
          let bit: UInt16 = 1 << UInt16(place / 2)
          switch Self.joined(node, place) {
          case .empty: hashes[base + place / 2] = StateHashing.empty
          case .left:
            hashes[base + place / 2] = hashes[base + place]
            above.taken |= bit
          case .right:
            hashes[base + place / 2] = hashes[base + place + 1]
            above.taken |= bit
          case .hashed:
            hashes[base + place / 2] = digests[next]
            next += 1
            above.taken |= bit
            above.inner |= bit
          }
        }
        nodes[number] = above
      }
      width /= 2
    }
  }

  /// The hash of the node that was added as number `place`.
  func result(_ place: Int) -> Digest { hashes[place * StateInner.width] }

  private enum Joined { case empty, left, right, hashed }

  /// What the places `place` and `place + 1` are together: a subtree with one leaf is that leaf, an empty one is empty.
  private static func joined(_ node: (taken: UInt16, inner: UInt16), _ place: Int) -> Joined {
    let (taken, inner) = (node.taken >> UInt16(place) & 3, node.inner >> UInt16(place) & 3)
    switch taken {
    case 0: return .empty
    case 1: return inner == 0 ? .left : .hashed
    case 2: return inner == 0 ? .right : .hashed
    default: return .hashed
    }
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

  /// What an inner node hashes to.
  mutating func stateInner(_ node: StoredInner) -> Digest {
    var level = StateHashLevel()
    level.add(node.bytes, from: 0)
    level.hash(by: &self)
    return level.result(0)
  }
}
