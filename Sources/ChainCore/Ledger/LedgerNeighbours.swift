/// What a key has in a state, shown by records only: its own, or those that stand next to its place.
///
/// Our own `RecordProof` is shorter. This is what formats need that show an absent key between two present ones.
public enum RecordSurroundings: Hashable, Sendable {
  /// The key's record.
  case present(RecordProof)
  /// The records with the greatest hash below and the least hash above that of the key; `nil` where there is none.
  case absent(below: RecordProof?, above: RecordProof?)
}

extension Ledger {
  /// Proves the record under `key` in the state of `height`, or the records next to its place.
  public func proveSurroundings(of key: StateKey, at height: BlockHeight) throws(LedgerError) -> RecordSurroundings {
    try atHeight(height) { state, _ throws(LedgerError) in
      try LedgerError.wrap {
        let tree = StateTree(suite: suite)
        let nodes = LedgerNodes(reader: state.reader)
        func record(_ key: [UInt8], _ value: [UInt8]) throws -> RecordProof {
          RecordProof(key: key, value: value, proof: try tree.proof(of: key, at: height.rawValue, reader: nodes))
        }
        func record(_ leaf: StateLeafDigest?) throws -> RecordProof? {
          guard let leaf else { return nil }
          guard let stored = try tree.leaf(of: leaf.keyHash, at: height.rawValue, reader: nodes) else {
            throw LedgerError.damaged("leaf \(leaf.keyHash)")
          }
          return try record(stored.key, stored.value)
        }
        if let value = try state.value(.state, key.bytes) { return .present(try record(key.bytes, value)) }
        let neighbours = try tree.neighbours(of: key.bytes, at: height.rawValue, reader: nodes)
        return .absent(below: try record(neighbours.below), above: try record(neighbours.above))
      }
    }
  }
}
