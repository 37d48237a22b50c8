/// Inner nodes, or subtrees inside them, that are hashed together, level by level of the binary ones inside each.
struct StateHashLevel {
  /// Places that stand side by side in one node: a whole node, or half of one, and so on.
  private struct Subtree {
    /// Where the hashes of its places begin; a level uses the first ones.
    let base: Int
    /// How many places it has on the level that was reached.
    var width: Int
    /// Which places are taken, and which of them by inner nodes.
    var taken, inner: UInt16
  }

  private var hashes: [Digest] = []
  private var subtrees: [Subtree] = []
  private var parts: [Digest] = []

  /// How many subtrees were added.
  var count: Int { subtrees.count }

  /// Forgets the subtrees, not the room they took.
  mutating func removeAll() {
    hashes.removeAll(keepingCapacity: true)
    subtrees.removeAll(keepingCapacity: true)
  }

  /// Adds the stored inner node that begins at `start`, or what stands at `places` of it.
  ///
  /// - Parameter places: As many as a power of two, of which the first is a multiple.
  mutating func add(_ bytes: [UInt8], from start: Int, places: Range<Int> = 0..<StateInner.width) {
    let (all, allLeaves) = StoredInner.bitmaps(of: bytes, from: start)
    let mask = UInt16(truncatingIfNeeded: 1 << places.count - 1)
    let taken = all >> UInt16(places.lowerBound) & mask
    let leaves = allLeaves >> UInt16(places.lowerBound) & mask
    subtrees.append(Subtree(base: hashes.count, width: places.count, taken: taken, inner: taken & ~leaves))
    let end = start + StoredInner.headerBytes + all.nonzeroBitCount * StoredInner.childBytes
    precondition(end <= bytes.count, "a node has all its children")
    var offset = start + StoredInner.offset(of: places.lowerBound, taken: all) + 8
    unsafe bytes.withUnsafeBytes { bytes in
      for place in 0..<places.count {
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
    while subtrees.contains(where: { $0.width > 1 }) {
      parts.removeAll(keepingCapacity: true)
      for subtree in subtrees where subtree.width > 1 {
        for place in stride(from: 0, to: subtree.width, by: 2) where Self.joined(subtree, place) == .hashed {
          parts.append(hashes[subtree.base + place])
          parts.append(hashes[subtree.base + place + 1])
        }
      }
      let digests = hasher.hashes(StateHashing.innerPrefix, parts)
      var next = 0
      for number in subtrees.indices where subtrees[number].width > 1 {
        let subtree = subtrees[number]
        let base = subtree.base
        var above = Subtree(base: base, width: subtree.width / 2, taken: 0, inner: 0)
        for place in stride(from: 0, to: subtree.width, by: 2) {
          let bit: UInt16 = 1 << UInt16(place / 2)
          switch Self.joined(subtree, place) {
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
        subtrees[number] = above
      }
    }
  }

  /// The hash of the subtree that was added as number `number`.
  func result(_ number: Int) -> Digest { hashes[subtrees[number].base] }

  private enum Joined { case empty, left, right, hashed }

  /// What the places `place` and `place + 1` are together: a subtree with one leaf is that leaf, an empty one is empty.
  private static func joined(_ subtree: Subtree, _ place: Int) -> Joined {
    let (taken, inner) = (subtree.taken >> UInt16(place) & 3, subtree.inner >> UInt16(place) & 3)
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
