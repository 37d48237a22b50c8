/// A stored node of the state tree: 16-ary, so that a path reads few nodes; its hash is that of the four binary levels inside.
enum StateNode: Equatable {
  /// The root of a tree without leaves.
  case empty
  case leaf(StoredLeaf)
  case inner(StateInner)
}

/// A key and its value, by their hashes: what the tree's hash covers.
struct StateLeaf: Hashable, Sendable {
  let keyHash: Digest
  let valueHash: Digest
}

/// A leaf as it is stored: with its record, so that every version that is kept has its own values.
struct StoredLeaf: Hashable, Sendable {
  let leaf: StateLeaf
  let key: [UInt8]
  let value: [UInt8]

  var keyHash: Digest { leaf.keyHash }
  var valueHash: Digest { leaf.valueHash }
}

/// What stands in one of the 16 places of an inner node.
struct StateChild: Equatable {
  enum Kind { case none, leaf, inner }
  static let none = StateChild(kind: .none, version: 0, hash: StateHashing.empty)

  let kind: Kind
  /// The version that wrote the child.
  let version: UInt64
  var hash: Digest
}

/// An inner node. It has two children or more, or one that is itself an inner node.
struct StateInner: Equatable {
  static let width = 16
  /// Always 16.
  var children = [StateChild](repeating: .none, count: width)

  /// The hash of the subtree over places `first ..< first + count`; `count` is a power of two.
  func hash(_ first: Int, _ count: Int, _ hasher: inout TreeHasher) -> StateChild {
    guard count > 1 else { return children[first] }
    let left = hash(first, count / 2, &hasher)
    let right = hash(first + count / 2, count / 2, &hasher)
    return Self.joined(left, right) ?? StateChild(kind: .inner, version: 0, hash: hasher.stateInner(left.hash, right.hash))
  }

  /// What two halves are without hashing; `nil` = an inner node of both.
  static func joined(_ left: StateChild, _ right: StateChild) -> StateChild? {
    switch (left.kind, right.kind) {
    // A subtree with one leaf is that leaf, an empty one is empty.
    case (_, .none) where left.kind != .inner: left
    case (.none, .leaf): right
    default: nil
    }
  }
}

/// The published hash rules of the Jellyfish Merkle tree, spelling included.
enum StateHashing {
  static let leafPrefix = Array("JMT::LeafNode".utf8)
  static let innerPrefix = Array("JMT::IntrnalNode".utf8)
  static let empty = makeEmpty()

  private static func makeEmpty() -> Digest {
    guard let digest = Digest(Array("SPARSE_MERKLE_PLACEHOLDER_HASH__".utf8)) else { preconditionFailure("the placeholder has 32 bytes") }
    return digest
  }
}

extension TreeHasher {
  /// Inner node of the state tree.
  mutating func stateInner(_ left: Digest, _ right: Digest) -> Digest { hash(StateHashing.innerPrefix, left, right) }

  /// Leaf of the state tree.
  mutating func stateLeaf(_ leaf: StateLeaf) -> Digest { hash(StateHashing.leafPrefix, leaf.keyHash, leaf.valueHash) }

  /// What an inner node hashes to.
  mutating func stateInner(_ node: StateInner) -> Digest { node.hash(0, StateInner.width, &self).hash }
}

extension StateLeaf: CanonicalRecord {
  static let layout = Layout(Self.init, \.keyHash, \.valueHash)

  /// As `layout` says, without its key paths.
  func encode(into writer: inout CanonicalWriter) {
    keyHash.encode(into: &writer)
    valueHash.encode(into: &writer)
  }

  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    self.init(keyHash: try Digest(from: &reader), valueHash: try Digest(from: &reader))
    reader.leave()
  }
}

extension StoredLeaf: CanonicalRecord {
  static let layout = Layout(Self.init, \.leaf, \.key, \.value)

  /// As `layout` says, without its key paths.
  func encode(into writer: inout CanonicalWriter) {
    leaf.encode(into: &writer)
    key.encode(into: &writer)
    value.encode(into: &writer)
  }

  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    self.init(leaf: try StateLeaf(from: &reader), key: try [UInt8](from: &reader), value: try [UInt8](from: &reader))
    reader.leave()
  }
}

extension StateLeaf {
  /// The hashes of a stored leaf, without reading its record; any other node is refused.
  init(ofNode bytes: [UInt8]) throws(CanonicalError) {
    var reader = CanonicalReader(bytes)
    self = try reader.readVariant(of: "StateNode") { (variant, reader) throws(CanonicalError) in
      variant == StateNode.leafVariant ? try StateLeaf(from: &reader) : nil
    }
  }
}

extension StateNode: CanonicalCodable {
  /// All of a node without children.
  static let emptyVariant: UInt8 = 0
  /// What stands before a leaf. 1 stood before leaves without records, in stores of format 1.
  static let leafVariant: UInt32 = 3

  func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .empty: writer.writeVariant(UInt32(Self.emptyVariant))
    case .leaf(let leaf):
      writer.writeVariant(Self.leafVariant)
      leaf.encode(into: &writer)
    case .inner(let inner):
      writer.writeVariant(UInt32(StoredInner.variant))
      inner.encode(into: &writer)
    }
  }

  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "StateNode") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case UInt32(Self.emptyVariant): .empty
      case UInt32(StoredInner.variant): .inner(try StateInner(from: &reader))
      case Self.leafVariant: .leaf(try StoredLeaf(from: &reader))
      default: nil
      }
    }
  }
}

extension StateInner: CanonicalCodable {
  /// Which places are taken, which of them by leaves (a bit each), then version and hash of each child.
  func encode(into writer: inout CanonicalWriter) {
    var taken: UInt16 = 0
    var leaves: UInt16 = 0
    for (place, child) in children.enumerated() where child.kind != .none {
      taken |= 1 << UInt16(place)
      if child.kind == .leaf { leaves |= 1 << UInt16(place) }
    }
    writer.writeInteger(taken)
    writer.writeInteger(leaves)
    for child in children where child.kind != .none {
      writer.writeInteger(child.version)
      child.hash.encode(into: &writer)
    }
  }

  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    let taken: UInt16 = try reader.readInteger()
    let leaves: UInt16 = try reader.readInteger()
    guard StoredInner.isValid(taken: taken, leaves: leaves) else {
      throw .invalidValue(offset: reader.offset, expected: "an inner node of two children or one inner child")
    }
    for place in 0..<Self.width where taken >> UInt16(place) & 1 == 1 {
      let version: UInt64 = try reader.readInteger()
      children[place] = StateChild(
        kind: leaves >> UInt16(place) & 1 == 1 ? .leaf : .inner, version: version, hash: try Digest(from: &reader))
    }
  }
}
