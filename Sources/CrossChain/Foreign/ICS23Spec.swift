extension ICS23 {
  /// How the inner nodes of a tree are made.
  public struct InnerSpec: Sendable, Hashable {
    /// Which child, in order of keys, stands at which place; of a binary tree 0, 1.
    public var childOrder: [Int]
    /// The number of bytes of a child in a node.
    public var childSize: Int
    /// The least number of bytes before the first child.
    public var minPrefixLength: Int
    /// The greatest number of bytes before the first child; less than a child more than the least.
    public var maxPrefixLength: Int
    /// What stands for an empty child; empty if there are none.
    public var emptyChild: [UInt8]
    /// The hash of inner nodes.
    public var hash: HashOp

    /// Puts the parts together.
    public init(
      childOrder: [Int] = [0, 1], childSize: Int, minPrefixLength: Int, maxPrefixLength: Int, emptyChild: [UInt8] = [],
      hash: HashOp = .sha256
    ) {
      self.childOrder = childOrder
      self.childSize = childSize
      self.minPrefixLength = minPrefixLength
      self.maxPrefixLength = maxPrefixLength
      self.emptyChild = emptyChild
      self.hash = hash
    }
  }

  /// How the trees of a chain are made.
  public struct ProofSpec: Sendable, Hashable {
    /// How leaves are hashed.
    public var leaf: LeafOp
    /// How inner nodes are.
    public var inner: InnerSpec
    /// The least number of steps.
    public var minDepth: Int
    /// The greatest number of steps; 0 = 128, as upstream has it.
    public var maxDepth: Int
    /// Whether leaves are ordered by the hashes of their keys, and lie where those hashes say.
    public var prehashKeyBeforeComparison: Bool

    /// Puts the parts together; contradictions are found when it is used.
    public init(
      leaf: LeafOp, inner: InnerSpec, minDepth: Int = 0, maxDepth: Int = 0, prehashKeyBeforeComparison: Bool = false
    ) {
      self.leaf = leaf
      self.inner = inner
      self.minDepth = minDepth
      self.maxDepth = maxDepth
      self.prehashKeyBeforeComparison = prehashKeyBeforeComparison
    }

    /// IAVL, the balanced tree of Cosmos SDK's stores. Its node prefixes hold height, size and version.
    public static let iavl = ProofSpec(
      leaf: LeafOp(prehashValue: .sha256, length: .varint, prefix: [0]),
      inner: InnerSpec(childSize: 33, minPrefixLength: 4, maxPrefixLength: 12))

    /// The simple tree of CometBFT, which joins the stores of Cosmos SDK to one app hash.
    public static let tendermint = ProofSpec(
      leaf: LeafOp(prehashValue: .sha256, length: .varint, prefix: [0]),
      inner: InnerSpec(childSize: 32, minPrefixLength: 1, maxPrefixLength: 1))

    /// The sparse Merkle tree of Cosmos SDK's storage version 2 (Celestia's).
    public static let smt = ProofSpec(
      leaf: LeafOp(prehashKey: .sha256, prehashValue: .sha256, prefix: [0]),
      inner: InnerSpec(childSize: 32, minPrefixLength: 1, maxPrefixLength: 1, emptyChild: [UInt8](repeating: 0, count: 32)),
      maxDepth: 256, prehashKeyBeforeComparison: true)

    /// The Jellyfish Merkle tree, as its published crate defines it: state of this project's SHA-256 chains.
    public static let jmt = ProofSpec(
      leaf: LeafOp(prehashKey: .sha256, prehashValue: .sha256, prefix: Array("JMT::LeafNode".utf8)),
      inner: InnerSpec(
        childSize: 32, minPrefixLength: 16, maxPrefixLength: 16, emptyChild: Array("SPARSE_MERKLE_PLACEHOLDER_HASH__".utf8)),
      maxDepth: 64, prehashKeyBeforeComparison: true)

    /// Whether nodes are those of IAVL: upstream, too, compares leaf and inner spec, not the depths.
    var isIAVL: Bool { leaf == Self.iavl.leaf && inner == Self.iavl.inner }

    /// How many steps a path may have.
    var depths: ClosedRange<Int> {
      get throws(ICS23Error) {
        let greatest = min(maxDepth == 0 ? 128 : maxDepth, ICS23.depthLimit)
        guard minDepth >= 0, minDepth <= greatest else { throw .badSpec("depth") }
        return minDepth...greatest
      }
    }

    /// What keys are compared by.
    func comparable(_ key: [UInt8]) throws(ICS23Error) -> [UInt8] {
      prehashKeyBeforeComparison ? try leaf.prehashKey.hash(key) : key
    }
  }
}

extension ICS23.InnerSpec {
  /// Throws unless a child's place can be told from the lengths of prefix and suffix.
  func check() throws(ICS23Error) {
    guard childSize > 0, childSize <= 1_024 else { throw .badSpec("childSize") }
    guard childOrder.count > 1, childOrder.count <= 256, childOrder.sorted() == Array(0..<childOrder.count) else {
      throw .badSpec("childOrder")
    }
    guard minPrefixLength > 0, maxPrefixLength >= minPrefixLength, maxPrefixLength - minPrefixLength < childSize else {
      throw .badSpec("prefix lengths")
    }
    guard emptyChild.isEmpty || emptyChild.count == childSize else { throw .badSpec("emptyChild") }
  }

  /// The number of the child, in order of keys, that `step` leads up from; `nil` if the step holds not every other child once.
  func branch(of step: ICS23.InnerOp) -> Int? {
    guard childSize > 0 else { return nil }
    for (branch, place) in childOrder.enumerated() {
      let before = step.prefix.count - place * childSize
      if before >= minPrefixLength, before <= maxPrefixLength, step.suffix.count == (childOrder.count - 1 - place) * childSize {
        return branch
      }
    }
    return nil
  }

  /// Whether all children before that of `step`, in order of keys, are empty. False if there are none before it.
  func leftBranchesAreEmpty(_ step: ICS23.InnerOp) -> Bool { others(of: step) { $0 < $1 } }

  /// Whether all children after that of `step` are empty. False if there are none after it.
  func rightBranchesAreEmpty(_ step: ICS23.InnerOp) -> Bool { others(of: step) { $0 > $1 } }

  private func others(of step: ICS23.InnerOp, _ isMeant: (Int, Int) -> Bool) -> Bool {
    guard !emptyChild.isEmpty, let own = branch(of: step) else { return false }
    let ownPlace = childOrder[own]
    let start = step.prefix.count - ownPlace * childSize
    var found = false
    for (branch, place) in childOrder.enumerated() where isMeant(branch, own) {
      let child =
        place < ownPlace
        ? step.prefix[(start + place * childSize)...].prefix(childSize)
        : step.suffix[((place - ownPlace - 1) * childSize)...].prefix(childSize)
      guard child.elementsEqual(emptyChild) else { return false }
      found = true
    }
    return found
  }
}
