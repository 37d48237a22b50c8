extension ICS23.ExistenceProof {
  /// Verifies that the leaf stands under `root`.
  func verify(root: [UInt8], spec: ICS23.ProofSpec) throws(ICS23Error) {
    guard !root.isEmpty, root.contains(where: { $0 != 0 }) else { throw .badRoot }
    let found = try self.root(spec: spec)
    guard found.count == root.count else { throw .badRoot }
    guard found == root else { throw .rootMismatch }
  }

  /// The root that the proof leads to, once its form is checked.
  func root(spec: ICS23.ProofSpec) throws(ICS23Error) -> [UInt8] {
    try check(against: spec)
    try checkForm(against: spec)
    return try calculate()
  }

  /// The checks that upstream makes (`CheckAgainstSpec`).
  func check(against spec: ICS23.ProofSpec) throws(ICS23Error) {
    guard let leaf else { throw .noLeaf }
    try leaf.check(against: spec.leaf)
    let depths = try spec.depths
    guard depths.contains(path.count) else { throw .depth(path.count, allowed: depths) }
    try spec.inner.check()
    if spec.isIAVL { _ = try IAVLNode(leaf: leaf) }
    for (index, step) in path.enumerated() {
      try step.check(against: spec, step: index)
      if spec.isIAVL { _ = try IAVLNode(step, step: index) }
    }
  }

  /// The checks that upstream does not make: one leaf prefix, every other child once, IAVL nodes that can lie above each other, the path
  /// that the key's hash gives.
  func checkForm(against spec: ICS23.ProofSpec) throws(ICS23Error) {
    guard let leaf else { throw .noLeaf }
    guard spec.isIAVL || leaf.prefix == spec.leaf.prefix else { throw .leafPrefix }
    var below = spec.isIAVL ? try IAVLNode(leaf: leaf) : nil
    let place = spec.prehashKeyBeforeComparison && spec.inner.childOrder == [0, 1] ? try leaf.prehashKey.hash(key) : nil
    for (index, step) in path.enumerated() {
      guard let branch = spec.inner.branch(of: step) else { throw .innerShape(step: index) }
      if let lower = below {
        let node = try IAVLNode(step, step: index)
        guard node.liesAbove(lower), step.suffix.first ?? 32 == 32 else { throw .iavlNode(step: index) }
        below = node
      }
      guard let place else { continue }
      let depth = path.count - 1 - index
      guard depth < place.count * 8, Int(place[depth / 8] >> (7 - depth % 8)) & 1 == branch else { throw .offPath(step: index) }
    }
  }
}

extension ICS23.LeafOp {
  /// Throws unless the leaf is hashed as `spec` says and begins with its prefix.
  func check(against spec: ICS23.LeafOp) throws(ICS23Error) {
    guard hash == spec.hash, prehashKey == spec.prehashKey, prehashValue == spec.prehashValue, length == spec.length else {
      throw .leafOperation
    }
    guard prefix.starts(with: spec.prefix) else { throw .leafPrefix }
  }
}

extension ICS23.InnerOp {
  /// Throws unless the step is hashed as `spec` says, cannot be read as a leaf, and has as many bytes as a node's parts may have.
  func check(against spec: ICS23.ProofSpec, step: Int) throws(ICS23Error) {
    let inner = spec.inner
    guard hash == inner.hash else { throw .innerOperation(step: step) }
    guard !prefix.starts(with: spec.leaf.prefix) else { throw .innerPrefix(step: step) }
    let most = inner.maxPrefixLength + (inner.childOrder.count - 1) * inner.childSize
    guard (inner.minPrefixLength...most).contains(prefix.count) else { throw .innerPrefix(step: step) }
    guard suffix.count.isMultiple(of: inner.childSize) else { throw .innerSuffix(step: step) }
  }
}

/// What the prefix of an IAVL node says: height, size and version, as zigzag varints.
private struct IAVLNode {
  let height: Int64
  let size: Int64
  let version: Int64

  /// A leaf: height 0, size 1, and nothing behind the version.
  init(leaf: ICS23.LeafOp) throws(ICS23Error) {
    var rest = leaf.prefix[...]
    guard let node = Self(reading: &rest), rest.isEmpty, node.height == 0, node.size == 1 else { throw .leafPrefix }
    self = node
  }

  /// An inner node: behind the version stand the length byte of the child alone, or the left child and both length bytes.
  init(_ operation: ICS23.InnerOp, step: Int) throws(ICS23Error) {
    var rest = operation.prefix[...]
    guard let node = Self(reading: &rest), node.height > Int64(step), rest.count == 1 || rest.count == 34, rest.first == 32,
      rest.last == 32
    else { throw .iavlNode(step: step) }
    self = node
  }

  /// Whether the node can be the parent of `child`: a parent is higher and larger, and is written anew whenever its child is.
  func liesAbove(_ child: IAVLNode) -> Bool { height > child.height && size > child.size && version >= child.version }

  private init?(reading bytes: inout ArraySlice<UInt8>) {
    guard let height = Self.varint(&bytes), let size = Self.varint(&bytes), let version = Self.varint(&bytes) else { return nil }
    self.height = height
    self.size = size
    self.version = version
  }

  /// A minimal zigzag varint that is not negative; `nil` if there is none.
  private static func varint(_ bytes: inout ArraySlice<UInt8>) -> Int64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 63, let byte = bytes.popFirst() {
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return byte == 0 && shift > 0 || value & 1 == 1 ? nil : Int64(value >> 1) }
      shift += 7
    }
    return nil
  }
}
