import Testing

@testable import ChainCore

@Suite struct StateRanges {
  /// Leaves whose hashes share long prefixes, so that every shape of edge occurs.
  func leaves(_ count: Int, _ numbers: inout SeededNumbers) -> [StateLeafDigest] {
    var found: [Digest: StateLeafDigest] = [:]
    var base = [UInt8](repeating: 0, count: 32)
    for index in base.indices { base[index] = UInt8.random(in: 0...255, using: &numbers) }
    while found.count < count {
      var bytes = base
      let bit = Int.random(in: 0..<(Bool.random(using: &numbers) ? 12 : 250), using: &numbers)
      bytes[bit / 8] ^= 0x80 >> UInt8(bit % 8)
      for index in (bit / 8 + 1)..<32 { bytes[index] = UInt8.random(in: 0...255, using: &numbers) }
      guard let keyHash = Digest(bytes), let value = Digest(bytes.reversed()) else { continue }
      found[keyHash] = StateLeafDigest(keyHash: keyHash, valueHash: value)
    }
    return found.values.sorted { $0.keyHash < $1.keyHash }
  }

  /// A record for a leaf, whose hashes are not its own.
  static func record(_ leaf: StateLeafDigest) -> StoredLeaf {
    StoredLeaf(leaf: leaf.leaf, key: Array(leaf.keyHash.bytes.suffix(9)), value: Array(leaf.valueHash.bytes.prefix(5)))
  }

  func tree(_ leaves: [StateLeafDigest], _ suite: CryptoSuite) throws -> (update: StateTreeUpdate, nodes: MemoryStateNodes) {
    let changes = leaves.enumerated().map { StateChange(keyHash: $1.keyHash, order: $0, valueHash: $1.valueHash) }
    let update = try StateTree(suite: suite).apply(
      StateChange.sortedOnce(changes)[...], of: leaves.map { (Self.record($0).key, Self.record($0).value) }, base: nil, newVersion: 7,
      reader: MemoryStateNodes())
    var nodes = MemoryStateNodes()
    nodes.store(update, version: 7)
    return (update, nodes)
  }

  @Test(arguments: CryptoSuite.allCases) func builderMakesTheNodesOfTheWriter(suite: CryptoSuite) throws {
    var numbers = SeededNumbers(state: 1)
    for count in Array(0...40) + [300] {
      let leaves = leaves(count, &numbers)
      let (update, _) = try tree(leaves, suite)
      var builder = StateTreeBuilder(suite: suite, version: 7)
      var nodes: [(key: StateNodeKey, bytes: [UInt8])] = []
      for leaf in leaves {
        builder.add(Self.record(leaf))
        nodes += builder.takeFinished()
      }
      #expect(builder.finish() == update.root)
      nodes += builder.takeFinished()
      nodes.sort { $0.key < $1.key }
      #expect(nodes.map(\.key) == update.nodes.map(\.key) && nodes.map(\.bytes) == update.nodes.map(\.bytes))
    }
  }

  @Test(arguments: CryptoSuite.allCases) func aRangeHasItsLeavesAndNoOthers(suite: CryptoSuite) throws {
    var numbers = SeededNumbers(state: 2)
    for count in 1...10 {
      let leaves = leaves(count, &numbers)
      let (update, nodes) = try tree(leaves, suite)
      let other = self.leaves(1, &numbers)[0]
      for first in 0..<count {
        for end in (first + 1)...count {
          let proof = try StateTree(suite: suite).rangeProof(
            from: first == 0 ? nil : leaves[first].keyHash, to: end == count ? nil : leaves[end], at: 7, reader: nodes)
          #expect(try StateRangeProof(canonicalBytes: proof.canonicalBytes) == proof)
          let range = Array(leaves[first..<end])
          try proof.verify(range, root: update.root, suite: suite)
          func refused(_ change: (inout [StateLeafDigest]) -> Void) {
            var changed = range
            change(&changed)
            guard changed != range else { return }
            #expect(throws: ProofError.self) { try proof.verify(changed, root: update.root, suite: suite) }
          }
          for index in range.indices {
            refused { $0.remove(at: index) }
            refused { $0.insert(range[index], at: index) }
            refused { $0[index] = StateLeafDigest(keyHash: range[index].keyHash, valueHash: other.valueHash) }
            refused { $0[index] = StateLeafDigest(keyHash: other.keyHash, valueHash: range[index].valueHash) }
            refused { $0.swapAt(index, range.count - 1 - index) }
          }
          refused { $0 = ($0 + [other]).sorted { $0.keyHash < $1.keyHash } }
          // The leaves of another range, and a range that claims to begin or end the tree.
          let longer = Array(leaves[max(first - 1, 0)..<end])
          if first > 0 { #expect(throws: ProofError.self) { try proof.verify(longer, root: update.root, suite: suite) } }
          let bold = [
            StateRangeProof(next: proof.next, left: nil, right: proof.right), StateRangeProof(next: nil, left: proof.left, right: nil),
          ]
          for claim in bold where claim != proof {
            #expect(throws: ProofError.self) { try claim.verify(range, root: update.root, suite: suite) }
          }
        }
      }
    }
  }

  @Test func everyBitOfARangeProofCounts() throws {
    var numbers = SeededNumbers(state: 3)
    let leaves = leaves(60, &numbers)
    let (update, nodes) = try tree(leaves, .international)
    let proof = try StateTree(suite: .international).rangeProof(from: leaves[20].keyHash, to: leaves[41], at: 7, reader: nodes)
    let bytes = proof.canonicalBytes
    for index in bytes.indices {
      var flipped = bytes
      flipped[index] ^= 1 << UInt8(index % 8)
      guard let lie = try? StateRangeProof(canonicalBytes: flipped) else { continue }
      #expect(throws: ProofError.self) { try lie.verify(Array(leaves[20...40]), root: update.root, suite: .international) }
    }
  }
}
