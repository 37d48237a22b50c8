internal import ChainCore

/// The root of a state, computed from all of its records at once, by the definition: no versions, no stored nodes, no batches.
struct StateRootModel {
  private struct Leaf {
    var key: Digest
    var hash: Digest
  }

  let suite: CryptoSuite
  /// Records that no call changes: those of genesis.
  private let fixed: [Leaf]

  init(suite: CryptoSuite, genesis records: [(key: [UInt8], value: [UInt8])]) {
    self.suite = suite
    fixed = records.map { Self.leaf($0.key, $0.value, suite) }
  }

  func root(of model: VaultModel, audit: AuditModel) -> Digest {
    var leaves = fixed + audit.records.map { Self.leaf($0.key, $0.value, suite) }
    for (place, holding) in model.holdings.enumerated() {
      guard let holding else { continue }
      let key = StateKey(contract: VaultContract.name, table: VaultContract.holdings.name, key: UInt64(place))
      leaves.append(Self.leaf(key.bytes, holding.canonicalBytes, suite))
    }
    for (place, number) in model.scratch.enumerated() {
      guard let number else { continue }
      let key = StateKey(contract: VaultContract.name, table: VaultContract.scratch.name, key: UInt64(place))
      leaves.append(Self.leaf(key.bytes, number.canonicalBytes, suite))
    }
    leaves.sort { $0.key < $1.key }
    return root(leaves[...], depth: 0)
  }

  /// The root of the subtree of `leaves`, sorted, which share the first `depth` bits.
  private func root(_ leaves: ArraySlice<Leaf>, depth: Int) -> Digest {
    guard let first = leaves.first else { return StateTree.emptyRoot }
    if leaves.count == 1 { return first.hash }
    let cut = leaves.firstIndex { $0.key.bytes[depth / 8] >> (7 - depth % 8) & 1 == 1 } ?? leaves.endIndex
    let (left, right) = (root(leaves[..<cut], depth: depth + 1), root(leaves[cut...], depth: depth + 1))
    return suite.hash(Array("JMT::IntrnalNode".utf8) + left.bytes + right.bytes)
  }

  private static func leaf(_ key: [UInt8], _ value: [UInt8], _ suite: CryptoSuite) -> Leaf {
    let keyHash = suite.hash(key)
    return Leaf(key: keyHash, hash: suite.hash(Array("JMT::LeafNode".utf8) + keyHash.bytes + suite.hash(value).bytes))
  }
}
