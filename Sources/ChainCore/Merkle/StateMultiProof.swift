/// What is claimed of one key: its value, or that it has none.
public struct StateFact: Sendable, Hashable {
  /// The state key's bytes.
  public var key: [UInt8]
  /// The value's bytes; `nil` = the key has none.
  public var value: [UInt8]?

  /// A claim; nothing is checked before it is verified.
  public init(key: [UInt8], value: [UInt8]?) {
    self.key = key
    self.value = value
  }
}

/// Where one key's path ends in a proof of many.
public struct StatePathEnd: CanonicalCodable, Codable, Hashable, Sendable {
  /// How many binary levels below the root the path ends; at most 256.
  public let depth: UInt16
  /// What it ends at.
  public let end: StateProof.End

  /// An end of these parts; nothing is checked.
  public init(depth: UInt16, end: StateProof.End) {
    self.depth = depth
    self.end = end
  }

  /// Appends the variant, the depth, and the hashes of another leaf.
  public func encode(into writer: inout CanonicalWriter) {
    switch end {
    case .present:
      writer.writeVariant(0)
      writer.writeInteger(depth)
    case .otherLeaf(let keyHash, let valueHash):
      writer.writeVariant(1)
      writer.writeInteger(depth)
      keyHash.encode(into: &writer)
      valueHash.encode(into: &writer)
    case .empty:
      writer.writeVariant(2)
      writer.writeInteger(depth)
    }
  }

  /// Reads the same.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "StatePathEnd") { (variant, reader) throws(CanonicalError) -> Self? in
      guard variant < 3 else { return nil }
      let depth: UInt16 = try reader.readInteger()
      switch variant {
      case 0: return Self(depth: depth, end: .present)
      case 1: return Self(depth: depth, end: .otherLeaf(keyHash: try Digest(from: &reader), valueHash: try Digest(from: &reader)))
      default: return Self(depth: depth, end: .empty)
      }
    }
  }
}

/// Shows what many keys have in the state tree with a given root, in fewer bytes than one proof each: what their paths share stands once.
///
/// Keys, values and root come from the verifier. All claims hold, or none is shown.
public struct StateMultiProof: CanonicalRecord, Codable, Hashable {
  /// The greatest number of keys.
  public static let keyLimit = 1_024

  /// Where the keys' paths end, in the order of the keys' hashes.
  public let ends: [StatePathEnd]
  /// Hashes of the subtrees beside the paths that hold none of the keys, from the root downward, left before right.
  public let siblings: [Digest]

  /// A proof of these parts; nothing is checked before it is verified.
  public init(ends: [StatePathEnd], siblings: [Digest]) {
    self.ends = ends
    self.siblings = siblings
  }

  /// `ends`, `siblings`; more keys than the limit or more siblings than their paths could have are refused.
  public static let layout = Layout(
    checked: { (ends: [StatePathEnd], siblings: [Digest]) in
      ends.count <= keyLimit && siblings.count <= ends.count * StateProof.depthLimit
        && ends.allSatisfy { Int($0.depth) <= StateProof.depthLimit } ? StateMultiProof(ends: ends, siblings: siblings) : nil
    }, expected: "at most \(keyLimit) keys with paths of at most \(StateProof.depthLimit) levels", \.ends, \.siblings)

  /// Joins proofs of single keys under one root; a key that stands twice is taken once.
  /// - Throws: `ProofError.pathLength` if they are not of one tree. That they are is shown by verifying only.
  public init(joining proofs: [(keyHash: Digest, proof: StateProof)]) throws(ProofError) {
    var sorted: [(keyHash: Digest, proof: StateProof)] = []
    for item in proofs.sorted(by: { $0.keyHash < $1.keyHash }) where sorted.last?.keyHash != item.keyHash { sorted.append(item) }
    var siblings: [Digest] = []
    try Self.collect(sorted[...], depth: 0, into: &siblings)
    self.init(
      ends: sorted.map { StatePathEnd(depth: UInt16(truncatingIfNeeded: $0.proof.siblings.count), end: $0.proof.end) }, siblings: siblings)
  }

  private static func collect(
    _ items: ArraySlice<(keyHash: Digest, proof: StateProof)>, depth: Int, into siblings: inout [Digest]
  ) throws(ProofError) {
    guard let first = items.first, first.proof.siblings.count > depth else { return }
    guard depth < StateProof.depthLimit else { throw .tooDeep(depth: depth + 1, limit: StateProof.depthLimit) }
    guard items.allSatisfy({ $0.proof.siblings.count > depth }) else {
      throw .pathLength(expected: depth, got: first.proof.siblings.count)
    }
    let middle = items.firstIndex { $0.keyHash.bit(depth) } ?? items.endIndex
    if middle == items.startIndex || middle == items.endIndex {
      siblings.append(first.proof.siblings[first.proof.siblings.count - 1 - depth])
    }
    try collect(items[..<middle], depth: depth + 1, into: &siblings)
    try collect(items[middle...], depth: depth + 1, into: &siblings)
  }

  /// Verifies that every key has what is claimed in the tree with `root`. A claim may stand twice, not with two values.
  ///
  /// - Throws: `ProofError`: `.pathLength` if the numbers do not fit, `.notPresent`, `.notAbsent`, `.keyMismatch`, `.notCollapsed`,
  ///   `.rootMismatch` (also if a value is another).
  /// - Complexity: two hashes a key, and one for each level of the paths, those that they share once.
  public func verify(_ facts: [StateFact], root: Digest, suite: CryptoSuite) throws(ProofError) {
    guard facts.count <= Self.keyLimit else { throw .pathLength(expected: Self.keyLimit, got: facts.count) }
    var claims = facts.map { Claim(keyHash: suite.hash($0.key), valueHash: $0.value.map(suite.hash)) }
    claims.sort { $0.keyHash < $1.keyHash }
    var once: [Claim] = []
    for claim in claims {
      guard let last = once.last, last.keyHash == claim.keyHash else {
        once.append(claim)
        continue
      }
      guard last == claim else { throw .notPresent }
    }
    guard !once.isEmpty, once.count == ends.count else { throw .pathLength(expected: once.count, got: ends.count) }
    var walk = MultiWalk(claims: once, ends: ends, siblings: siblings, hasher: TreeHasher(suite))
    let found = try walk.subtree(0, once.indices)
    guard walk.taken == siblings.count else { throw .pathLength(expected: walk.taken, got: siblings.count) }
    guard found.hash == root else { throw .rootMismatch }
  }
}

private struct Claim: Equatable {
  let keyHash: Digest
  let valueHash: Digest?
}

/// Recomputes the root from the claims; each shared level is hashed once.
private struct MultiWalk {
  enum Kind { case empty, leaf, inner }

  let claims: [Claim]
  let ends: [StatePathEnd]
  let siblings: [Digest]
  var hasher: TreeHasher
  var taken = 0

  mutating func subtree(_ depth: Int, _ range: Range<Int>) throws(ProofError) -> (hash: Digest, kind: Kind) {
    if range.contains(where: { Int(ends[$0].depth) == depth }) { return try bottom(depth, range) }
    guard depth < StateProof.depthLimit else { throw .tooDeep(depth: depth + 1, limit: StateProof.depthLimit) }
    let middle = range.first { claims[$0].keyHash.bit(depth) } ?? range.upperBound
    // Siblings stand before what lies deeper.
    let outside = middle == range.lowerBound || middle == range.upperBound ? try take() : nil
    let left = middle == range.lowerBound ? outside : try subtree(depth + 1, range.lowerBound..<middle)
    let right = middle == range.upperBound ? outside : try subtree(depth + 1, middle..<range.upperBound)
    guard let left, let right else { throw .pathLength(expected: taken + 1, got: siblings.count) }
    // A leaf beside nothing would have moved up, and two empty halves are one.
    guard left.kind != .empty || right.kind == .inner, right.kind != .empty || left.kind == .inner else { throw .notCollapsed }
    return (hasher.stateInner(left.hash, right.hash), .inner)
  }

  /// What the paths of all claims in `range` end at: one leaf, or nothing.
  private mutating func bottom(_ depth: Int, _ range: Range<Int>) throws(ProofError) -> (hash: Digest, kind: Kind) {
    guard range.allSatisfy({ Int(ends[$0].depth) == depth }) else { throw .pathLength(expected: depth, got: range.count) }
    var found: StateLeaf?
    var isEmpty = false
    for index in range {
      let claim = claims[index]
      let leaf: StateLeaf
      switch ends[index].end {
      case .present:
        guard let valueHash = claim.valueHash else { throw .notAbsent }
        leaf = StateLeaf(keyHash: claim.keyHash, valueHash: valueHash)
      case .otherLeaf(let keyHash, let valueHash):
        guard claim.valueHash == nil else { throw .notPresent }
        guard keyHash != claim.keyHash else { throw .notAbsent }
        guard (0..<depth).allSatisfy({ keyHash.bit($0) == claim.keyHash.bit($0) }) else { throw .keyMismatch(depth: depth) }
        leaf = StateLeaf(keyHash: keyHash, valueHash: valueHash)
      case .empty:
        guard claim.valueHash == nil else { throw .notPresent }
        isEmpty = true
        continue
      }
      guard found == nil || found == leaf else { throw .rootMismatch }
      found = leaf
    }
    guard let found else { return (StateHashing.empty, .empty) }
    guard !isEmpty else { throw .rootMismatch }
    return (hasher.stateLeaf(found), .leaf)
  }

  private mutating func take() throws(ProofError) -> (hash: Digest, kind: Kind) {
    guard taken < siblings.count else { throw .pathLength(expected: taken + 1, got: siblings.count) }
    taken += 1
    let hash = siblings[taken - 1]
    // Whether it is a leaf cannot be told from the hash, and need not be: a leaf beside a leaf is as it should be.
    return (hash, hash == StateHashing.empty ? .empty : .inner)
  }
}
