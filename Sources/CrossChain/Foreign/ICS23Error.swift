/// Which check of an ICS-23 proof failed. A verifier that throws has accepted nothing. Steps count from 0, from the leaf upward.
@nonexhaustive
public indirect enum ICS23Error: Error, Hashable, Sendable {
  /// The bytes are no commitment proof.
  case malformed(ProtobufError)
  /// Batch proofs, compressed or not: upstream removed them.
  case batchProof
  /// The proof is one of absence; presence was asked for.
  case notExistence
  /// The proof is one of presence; absence was asked for.
  case notNonExistence
  /// The root is empty, zero or not of the hash's length: no such root is trusted anywhere.
  case badRoot
  /// The key is empty.
  case emptyKey
  /// The value is empty.
  case emptyValue
  /// The proof is about another key.
  case otherKey
  /// The proof is about another value.
  case otherValue
  /// There is no leaf operation.
  case noLeaf
  /// The leaf is hashed otherwise than the spec says.
  case leafOperation
  /// The leaf's prefix is not the spec's (of IAVL: not height 0, size 1 and a version behind it).
  case leafPrefix
  /// The path is shorter or longer than the spec allows.
  case depth(Int, allowed: ClosedRange<Int>)
  /// An inner node is hashed otherwise than the spec says.
  case innerOperation(step: Int)
  /// An inner prefix could be that of a leaf, or is shorter or longer than the spec allows.
  case innerPrefix(step: Int)
  /// An inner suffix is no whole number of children.
  case innerSuffix(step: Int)
  /// Prefix and suffix together do not hold every other child of a node once.
  case innerShape(step: Int)
  /// Height, size and version of an IAVL node are not those of a node above the one before.
  case iavlNode(step: Int)
  /// The step does not turn where the hash of the key says, in a tree whose paths are hashes of keys.
  case offPath(step: Int)
  /// The path leads to another root.
  case rootMismatch
  /// An absence proof without neighbours.
  case noNeighbours
  /// The left neighbour's key is not below the key, or the right one's not above it.
  case neighbourOrder(Side)
  /// The proof of a neighbour fails.
  case neighbour(Side, ICS23Error)
  /// Without a left neighbour the right one must be the first leaf, and without a right one the left one the last.
  case notOutermost(Side)
  /// Leaves may stand between the two neighbours.
  case notAdjacent
  /// OpenSSL has no such hash function.
  case unsupportedHash(ICS23.HashOp)
  /// The spec contradicts itself; names the part.
  case badSpec(String)

  /// A neighbour of an absent key.
  public enum Side: String, Sendable, Hashable {
    /// The one before.
    case left
    /// The one after.
    case right
  }
}

extension ICS23Error: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .malformed(let error): "not a commitment proof: \(error)"
    case .batchProof: "batch proofs are not supported"
    case .notExistence: "the proof is one of absence"
    case .notNonExistence: "the proof is one of presence"
    case .badRoot: "the root is empty, zero or of the wrong length"
    case .emptyKey: "the key is empty"
    case .emptyValue: "the value is empty"
    case .otherKey: "the proof is about another key"
    case .otherValue: "the proof is about another value"
    case .noLeaf: "the proof has no leaf"
    case .leafOperation: "the leaf is not hashed as the spec says"
    case .leafPrefix: "the leaf's prefix is not the spec's"
    case .depth(let depth, let allowed): "a path of \(depth) steps; \(allowed.lowerBound) to \(allowed.upperBound) are allowed"
    case .innerOperation(let step): "step \(step) is not hashed as the spec says"
    case .innerPrefix(let step): "the prefix of step \(step) is not one of an inner node"
    case .innerSuffix(let step): "the suffix of step \(step) is no whole number of children"
    case .innerShape(let step): "step \(step) does not hold every other child once"
    case .iavlNode(let step): "step \(step) is no IAVL node above the one before"
    case .offPath(let step): "step \(step) leaves the path of the key's hash"
    case .rootMismatch: "the proof leads to another root than the trusted one"
    case .noNeighbours: "the proof shows no neighbour of the absent key"
    case .neighbourOrder(let side): "the \(side.rawValue) neighbour stands on the wrong side of the key"
    case .neighbour(let side, let error): "\(side.rawValue) neighbour: \(error)"
    case .notOutermost(let side): "leaves may stand beyond the \(side.rawValue) neighbour"
    case .notAdjacent: "leaves may stand between the neighbours"
    case .unsupportedHash(let hash): "hash function \(hash) is not available"
    case .badSpec(let part): "the spec's \(part) contradicts itself"
    }
  }
}
