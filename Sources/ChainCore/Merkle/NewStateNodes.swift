/// The nodes that one version adds to the state tree, while they are made.
///
/// Inner nodes stand one after another in one buffer, as the bytes that they are stored as; what they keep of an older node is copied there
/// once. A new child's hash is filled in when it is known.
struct NewStateNodes {
  /// A new child of an inner node.
  struct Child {
    enum Content {
      case leaf(PlacedLeaf)
      /// An inner node, by its number.
      case inner(Int)
    }

    let place: UInt8
    let content: Content
  }

  private struct Inner {
    let path: StatePath
    /// Where its bytes are.
    let start: Int
    /// Where its own hash goes; `nil` for the root.
    var slot: Int?
  }

  private struct Leaf {
    let leaf: PlacedLeaf
    let path: StatePath
    let slot: Int
  }

  private let version: UInt64
  private var bytes: [UInt8] = []
  /// Children come before their parents, and those of one depth in the order of their paths.
  private var inners: [Inner] = []
  private var leaves: [Leaf] = []

  /// No nodes, with room for those that `capacity` changed records make.
  init(version: UInt64, capacity: Int) {
    self.version = version
    leaves.reserveCapacity(capacity)
    inners.reserveCapacity(capacity)
  }

  /// Adds an inner node.
  ///
  /// - Parameters:
  ///   - children: Its new children, sorted by place.
  ///   - kept: The places whose children are those of `old`.
  /// - Returns: Its number.
  mutating func add(_ children: ArraySlice<Child>, keeping kept: UInt16, of old: StoredInner?, at path: StatePath) -> Int {
    let number = inners.count
    let start = bytes.count
    var (taken, leafPlaces) = (kept, kept & (old?.leaves ?? 0))
    for child in children {
      taken |= 1 << UInt16(child.place)
      if case .leaf = child.content { leafPlaces |= 1 << UInt16(child.place) }
    }
    inners.append(Inner(path: path, start: start, slot: nil))
    appendNode(taken: taken, leaves: leafPlaces, keeping: kept, of: old)
    for child in children {
      let slot = start + StoredInner.offset(of: Int(child.place), taken: taken) + 8
      switch child.content {
      case .leaf(let leaf): leaves.append(Leaf(leaf: leaf, path: path.appending(child.place), slot: slot))
      case .inner(let below): inners[below].slot = slot
      }
    }
    return number
  }

  /// Appends a node whose new children have this version and no hash yet.
  private mutating func appendNode(taken: UInt16, leaves: UInt16, keeping kept: UInt16, of old: StoredInner?) {
    bytes.append(StoredInner.variant)
    for bits in [taken, leaves] {
      bytes.append(UInt8(truncatingIfNeeded: bits))
      bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
    var rest = taken
    while rest != 0 {
      let place = rest.trailingZeroBitCount
      rest &= rest &- 1
      if let old, kept & 1 << UInt16(place) != 0 {
        let from = StoredInner.offset(of: place, taken: old.taken)
        bytes.append(contentsOf: old.bytes[from..<(from + StoredInner.childBytes)])
      } else {
        unsafe withUnsafeBytes(of: version.littleEndian) { unsafe bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: repeatElement(0, count: Digest.byteCount))
      }
    }
  }

  /// How many nodes are hashed together: enough for all lanes, few enough that they stay in the processor's nearest cache.
  private static let hashedAtOnce = 64

  /// Fills in the hashes of all nodes and returns the root's.
  mutating func fillHashes(by hasher: inout TreeHasher) -> Digest {
    for (one, digest) in zip(leaves, hasher.stateLeaves(leaves.map(\.leaf.leaf))) { put(digest, at: one.slot) }
    var root = StateHashing.empty
    var level = StateHashLevel()
    for numbers in innersByDepth.reversed() {
      for first in stride(from: 0, to: numbers.count, by: Self.hashedAtOnce) {
        let part = numbers[first..<min(first + Self.hashedAtOnce, numbers.count)]
        level.removeAll()
        for number in part { level.add(bytes, from: inners[number].start) }
        level.hash(by: &hasher)
        for (place, number) in part.enumerated() {
          if let slot = inners[number].slot { put(level.result(place), at: slot) } else { root = level.result(place) }
        }
      }
    }
    return root
  }

  private mutating func put(_ digest: Digest, at slot: Int) {
    let words = digest.words
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe bytes.storeBytes(of: words.0.bigEndian, toByteOffset: slot, as: UInt64.self)
      unsafe bytes.storeBytes(of: words.1.bigEndian, toByteOffset: slot + 8, as: UInt64.self)
      unsafe bytes.storeBytes(of: words.2.bigEndian, toByteOffset: slot + 16, as: UInt64.self)
      unsafe bytes.storeBytes(of: words.3.bigEndian, toByteOffset: slot + 24, as: UInt64.self)
    }
  }

  /// The numbers of the inner nodes of each depth, in the order of their paths.
  private var innersByDepth: [[Int]] {
    var depths: [[Int]] = []
    for (number, inner) in inners.enumerated() {
      while depths.count <= inner.path.count { depths.append([]) }
      depths[inner.path.count].append(number)
    }
    return depths
  }

  /// All nodes in the order of their keys: by depth, then by path; in both lists a depth is in order already.
  ///
  /// - Parameter stored: Gives the bytes of a leaf.
  func encoded(_ stored: (PlacedLeaf) -> [UInt8]) -> [(key: StateNodeKey, bytes: [UInt8])] {
    let inners = innersByDepth
    var leaves: [[Int]] = []
    for (number, leaf) in self.leaves.enumerated() {
      while leaves.count <= leaf.path.count { leaves.append([]) }
      leaves[leaf.path.count].append(number)
    }
    var nodes: [(key: StateNodeKey, bytes: [UInt8])] = []
    nodes.reserveCapacity(self.inners.count + self.leaves.count)
    func append(_ path: StatePath, _ bytes: [UInt8]) { nodes.append((StateNodeKey(version: version, path: path), bytes)) }
    func append(leaf number: Int) { append(self.leaves[number].path, stored(self.leaves[number].leaf)) }
    for depth in 0..<max(inners.count, leaves.count) {
      var waiting = (depth < leaves.count ? leaves[depth] : [])[...]
      for number in depth < inners.count ? inners[depth] : [] {
        let inner = self.inners[number]
        while let leaf = waiting.first, self.leaves[leaf].path < inner.path {
          append(leaf: leaf)
          waiting.removeFirst()
        }
        let end = number + 1 < self.inners.count ? self.inners[number + 1].start : bytes.count
        append(inner.path, Array(bytes[inner.start..<end]))
      }
      for leaf in waiting { append(leaf: leaf) }
    }
    return nodes
  }
}

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
    let taken = UInt16(bytes[start + 1]) | UInt16(bytes[start + 2]) << 8
    let leaves = UInt16(bytes[start + 3]) | UInt16(bytes[start + 4]) << 8
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
