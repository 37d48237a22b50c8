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
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: StoredInner.headerBytes + taken.nonzeroBitCount * StoredInner.childBytes))
    unsafe bytes.withUnsafeMutableBytes { all in
      let node = unsafe UnsafeMutableRawBufferPointer(rebasing: all[start...])
      unsafe node[0] = StoredInner.variant
      unsafe node.storeBytes(of: taken.littleEndian, toByteOffset: 1, as: UInt16.self)
      unsafe node.storeBytes(of: leaves.littleEndian, toByteOffset: 3, as: UInt16.self)
      var (rest, offset) = (taken, StoredInner.headerBytes)
      while rest != 0 {
        let place = rest.trailingZeroBitCount
        rest &= rest &- 1
        let child = unsafe UnsafeMutableRawBufferPointer(rebasing: node[offset..<(offset + StoredInner.childBytes)])
        if let old, kept & 1 << UInt16(place) != 0 {
          let from = StoredInner.offset(of: place, taken: old.taken)
          unsafe child.copyBytes(from: old.bytes[from..<(from + StoredInner.childBytes)])
        } else {
          unsafe child.storeBytes(of: version.littleEndian, as: UInt64.self)
        }
        offset += StoredInner.childBytes
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
  /// - Parameter records: What the leaves have their bytes from.
  func encoded(_ records: LeafRecords) -> [(key: StateNodeKey, bytes: [UInt8])] {
    let inners = innersByDepth
    var leaves: [[Int]] = []
    for (number, leaf) in self.leaves.enumerated() {
      while leaves.count <= leaf.path.count { leaves.append([]) }
      leaves[leaf.path.count].append(number)
    }
    var nodes: [(key: StateNodeKey, bytes: [UInt8])] = []
    nodes.reserveCapacity(self.inners.count + self.leaves.count)
    func append(_ path: StatePath, _ bytes: [UInt8]) { nodes.append((StateNodeKey(version: version, path: path), bytes)) }
    func append(leaf number: Int) { append(self.leaves[number].path, records.bytes(of: self.leaves[number].leaf)) }
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
