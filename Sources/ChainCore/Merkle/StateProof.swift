/// Shows that a key has a value, or has none, in the state tree with a given root.
///
/// Key, value and root come from the verifier; the proof holds only what the verifier cannot know. A fact has one proof, a proof one encoding.
public struct StateProof: CanonicalCodable, Codable, Hashable, Sendable {
  /// The greatest number of siblings: the bits of a key's hash.
  public static let depthLimit = 256

  /// What the key's path ends at.
  public enum End: Codable, Hashable, Sendable {
    /// The leaf of the key.
    case present
    /// The leaf of another key, the only one below this place.
    case otherLeaf(keyHash: Digest, valueHash: Digest)
    /// Nothing.
    case empty
  }

  /// What the key's path ends at.
  public let end: End
  /// Sibling hashes, from the end of the path up to the root.
  public let siblings: [Digest]

  /// A proof of these parts; nothing is checked before it is verified.
  public init(end: End, siblings: [Digest]) {
    self.end = end
    self.siblings = siblings
  }

  /// Verifies that `key` has `value` in the tree with `root`.
  /// - Throws: `ProofError.tooDeep`, `.notPresent`, `.notCollapsed`, `.rootMismatch` (also if the value is another).
  /// - Complexity: one hash a sibling, and three.
  public func verifyPresence(key: [UInt8], value: [UInt8], root: Digest, suite: CryptoSuite) throws(ProofError) {
    try checkShape()
    guard case .present = end else { throw .notPresent }
    let keyHash = suite.hash(key)
    var hasher = TreeHasher(suite)
    let leaf = hasher.stateLeaf(StateLeaf(keyHash: keyHash, valueHash: suite.hash(value)))
    guard climb(from: leaf, keyHash, &hasher) == root else { throw .rootMismatch }
  }

  /// Verifies that `key` has no value in the tree with `root`.
  /// - Throws: `ProofError.tooDeep`, `.notAbsent`, `.keyMismatch`, `.notCollapsed`, `.rootMismatch`.
  /// - Complexity: one hash a sibling, and two.
  public func verifyAbsence(key: [UInt8], root: Digest, suite: CryptoSuite) throws(ProofError) {
    try checkShape()
    let keyHash = suite.hash(key)
    var hasher = TreeHasher(suite)
    let bottom: Digest
    switch end {
    case .present: throw .notAbsent
    case .empty: bottom = StateHashing.empty
    case .otherLeaf(let otherKeyHash, let valueHash):
      guard otherKeyHash != keyHash else { throw .notAbsent }
      guard (0..<siblings.count).allSatisfy({ otherKeyHash.bit($0) == keyHash.bit($0) }) else {
        throw .keyMismatch(depth: siblings.count)
      }
      bottom = hasher.stateLeaf(StateLeaf(keyHash: otherKeyHash, valueHash: valueHash))
    }
    guard climb(from: bottom, keyHash, &hasher) == root else { throw .rootMismatch }
  }

  private func checkShape() throws(ProofError) {
    guard siblings.count <= Self.depthLimit else { throw .tooDeep(depth: siblings.count, limit: Self.depthLimit) }
    guard siblings.first != StateHashing.empty else { throw .notCollapsed }
  }

  private func climb(from bottom: Digest, _ keyHash: Digest, _ hasher: inout TreeHasher) -> Digest {
    var digest = bottom
    var depth = siblings.count
    for sibling in siblings {
      depth -= 1
      digest = keyHash.bit(depth) ? hasher.stateInner(sibling, digest) : hasher.stateInner(digest, sibling)
    }
    return digest
  }

  /// Appends the end, then the siblings.
  public func encode(into writer: inout CanonicalWriter) {
    switch end {
    case .present: writer.writeVariant(0)
    case .otherLeaf(let keyHash, let valueHash):
      writer.writeVariant(1)
      keyHash.encode(into: &writer)
      valueHash.encode(into: &writer)
    case .empty: writer.writeVariant(2)
    }
    writer.writeCount(siblings.count)
    for sibling in siblings { sibling.encode(into: &writer) }
  }

  /// Reads the same; at most 256 siblings.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    end = try reader.readVariant(of: "StateProof.End") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .present
      case 1: .otherLeaf(keyHash: try Digest(from: &reader), valueHash: try Digest(from: &reader))
      case 2: .empty
      default: nil
      }
    }
    let count = try reader.readCount(limit: Self.depthLimit, elementBytes: Digest.byteCount)
    var siblings: [Digest] = []
    siblings.reserveCapacity(count)
    for _ in 0..<count { siblings.append(try Digest(from: &reader)) }
    self.siblings = siblings
    reader.leave()
  }
}
