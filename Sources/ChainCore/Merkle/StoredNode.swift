/// A stored node, of which no more is read than a walk needs.
enum StoredNode {
  case empty
  case leaf(StateLeaf, bytes: [UInt8])
  case inner(StoredInner)
}

extension StateNodeReader {
  /// - Throws: `ProofError.nodeMissing`, `.nodeDamaged`, and what reading throws.
  func storedNode(_ key: StateNodeKey) throws -> StoredNode {
    guard let bytes = try node(key) else { throw ProofError.nodeMissing(key.description) }
    if let inner = StoredInner(ofNode: bytes) { return .inner(inner) }
    if bytes == [StateNode.emptyVariant] { return .empty }
    do {
      return .leaf(try StateLeaf(ofNode: bytes), bytes: bytes)
    } catch {
      throw ProofError.nodeDamaged(key.description)
    }
  }
}
