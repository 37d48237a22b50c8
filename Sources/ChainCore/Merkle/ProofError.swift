/// Which check of a proof failed, or why a proof cannot be made.
///
/// A verifier that throws has accepted nothing. Unless a case says otherwise, treat the proof as forged or damaged and ask for another.
@nonexhaustive
public enum ProofError: Error, Hashable, Sendable {
  /// There is no leaf `index` in a tree of `size` leaves.
  case indexOutOfRange(index: UInt64, size: UInt64)
  /// The old tree is empty or larger than the new one. A proof from the empty tree says nothing: none is needed.
  case sizeOrder(old: UInt64, new: UInt64)
  /// The path has not the one length that its index and sizes allow.
  case pathLength(expected: Int, got: Int)
  /// The path leads to another root: leaf, place, path or root is not the one that was proven.
  case rootMismatch
  /// The path leads to another old root than the one that was trusted.
  case oldRootMismatch
  /// The proof has more than `limit` siblings. Refused before anything was hashed.
  case tooDeep(depth: Int, limit: Int)
  /// Presence was asked for, but the proof is one of absence.
  case notPresent
  /// Absence was asked for, but the proof is one of presence, or the leaf it shows is that of the key itself.
  case notAbsent
  /// The leaf that stands in the key's place does not lie on the key's path below `depth` siblings.
  case keyMismatch(depth: Int)
  /// The deepest sibling is empty although the leaf beside it would have moved up, or an empty slot has an empty sibling.
  case notCollapsed
  /// The leaf at this index of a range does not stand after the one before.
  case unsortedLeaves(index: Int)
  /// The proof is of another record than the one that it has to be about.
  case otherKey
  /// A node of the tree is not in the store: the version was pruned, never written, or the store is damaged.
  case nodeMissing(String)
  /// A stored node does not decode: the store is damaged. Restore it from a snapshot.
  case nodeDamaged(String)
}

extension ProofError: CustomStringConvertible {
  /// The sentence for a person: what failed and what to do.
  public var description: String {
    switch self {
    case .indexOutOfRange(let index, let size): "no leaf \(index) in a tree of \(size)"
    case .sizeOrder(let old, let new): "no consistency proof from size \(old) to size \(new)"
    case .pathLength(let expected, let got): "the path has \(got) digests; \(expected) expected"
    case .rootMismatch: "the proof leads to another root than the trusted one"
    case .oldRootMismatch: "the proof leads to another old root than the trusted one"
    case .tooDeep(let depth, let limit): "the proof has \(depth) siblings; at most \(limit) are possible"
    case .notPresent: "the proof shows that the key is absent"
    case .notAbsent: "the proof shows that the key is present"
    case .keyMismatch(let depth): "the leaf shown does not lie on the key's first \(depth) bits"
    case .notCollapsed: "the deepest sibling is empty, which a tree never holds beside a leaf or an empty slot"
    case .unsortedLeaves(let index): "leaf \(index) of the range does not stand after the one before"
    case .otherKey: "the proof is of another record than the one it has to be about"
    case .nodeMissing(let node): "tree node \(node) is not stored: pruned version or damaged store"
    case .nodeDamaged(let node): "tree node \(node) does not decode: the store is damaged, restore from a snapshot"
    }
  }
}
