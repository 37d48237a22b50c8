import Testing

@testable import ChainCore

@Suite struct StateMultiProofs {
  /// A tree of `count` records, and where it is read.
  private func tree(_ count: Int, _ suite: CryptoSuite) throws -> (root: Digest, nodes: MemoryStateNodes) {
    let pairs = (0..<count).map { (key: key($0), value: Optional(value($0))) }
    let update = try StateTree(suite: suite).apply(pairs, base: nil, newVersion: 1, reader: MemoryStateNodes())
    var nodes = MemoryStateNodes()
    nodes.store(update, version: 1)
    return (update.root, nodes)
  }

  private func key(_ number: Int) -> [UInt8] { UInt64(number).canonicalBytes }
  private func value(_ number: Int) -> [UInt8] { "value \(number)".canonicalBytes }

  /// Numbers below `present` are in the tree.
  private func proof(
    of numbers: [Int], present: Int, _ nodes: MemoryStateNodes, _ suite: CryptoSuite
  ) throws -> (facts: [StateFact], proof: StateMultiProof, single: Int) {
    var proofs: [(keyHash: Digest, proof: StateProof)] = []
    var facts: [StateFact] = []
    for number in numbers {
      proofs.append((suite.hash(key(number)), try StateTree(suite: suite).proof(of: key(number), at: 1, reader: nodes)))
      facts.append(StateFact(key: key(number), value: number < present ? value(number) : nil))
    }
    return (facts, try StateMultiProof(joining: proofs), proofs.reduce(0) { $0 + $1.proof.canonicalBytes.count })
  }

  @Test(arguments: CryptoSuite.allCases) func anySetOfKeysIsShownTogether(suite: CryptoSuite) throws {
    var numbers = SeededNumbers(state: 5)
    for count in [0, 1, 2, 3, 5, 17, 200] {
      let (root, nodes) = try tree(count, suite)
      for size in [1, 2, 3, 8, 40] {
        // Half of them are in the tree; some stand twice.
        let chosen = (0..<size).map { _ in Int.random(in: 0..<(2 * count + 4), using: &numbers) }
        let (facts, proof, _) = try self.proof(of: chosen, present: count, nodes, suite)
        try proof.verify(facts, root: root, suite: suite)
        #expect(try StateMultiProof(canonicalBytes: proof.canonicalBytes) == proof)
        // In any order, and not with one claim changed, added or left out.
        try proof.verify(facts.shuffled(using: &numbers), root: root, suite: suite)
        for index in facts.indices {
          var changed = facts
          changed[index].value = facts[index].value == nil ? value(0) : nil
          #expect(throws: ProofError.self) { try proof.verify(changed, root: root, suite: suite) }
          changed[index].value = value(1_000)
          #expect(throws: ProofError.self) { try proof.verify(changed, root: root, suite: suite) }
          changed[index] = StateFact(key: key(5_000), value: value(0))
          #expect(throws: ProofError.self) { try proof.verify(changed, root: root, suite: suite) }
        }
        #expect(throws: ProofError.self) { try proof.verify([], root: root, suite: suite) }
        #expect(throws: ProofError.self) { try proof.verify(facts + [StateFact(key: key(9_999), value: nil)], root: root, suite: suite) }
      }
    }
  }

  @Test(arguments: CryptoSuite.allCases) func everyByteIsHashedOrRefused(suite: CryptoSuite) throws {
    let (root, nodes) = try tree(60, suite)
    let (facts, proof, _) = try proof(of: [1, 7, 30, 59, 61, 90, 200], present: 60, nodes, suite)
    let bytes = proof.canonicalBytes
    var verified = 0
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= UInt8(1 << bit)
        guard let other = try? StateMultiProof(canonicalBytes: changed) else { continue }
        do throws(ProofError) {
          try other.verify(facts, root: root, suite: suite)
          verified += 1
        } catch {}
      }
    }
    #expect(verified == 0)
  }

  /// What could stand for nothing has one form only, and bounds hold before anything is hashed.
  @Test func formsThatNoTreeHasAreRefused() throws {
    let suite = CryptoSuite.international
    let (root, nodes) = try tree(60, suite)
    let (facts, proof, _) = try proof(of: [1, 2, 100], present: 60, nodes, suite)
    let more = StateMultiProof(ends: proof.ends, siblings: proof.siblings + [root])
    #expect(throws: ProofError.pathLength(expected: proof.siblings.count, got: proof.siblings.count + 1)) {
      try more.verify(facts, root: root, suite: suite)
    }
    let fewer = StateMultiProof(ends: proof.ends, siblings: Array(proof.siblings.dropLast()))
    #expect(throws: ProofError.self) { try fewer.verify(facts, root: root, suite: suite) }
    let deep = StateMultiProof(ends: [StatePathEnd(depth: 257, end: .present)], siblings: [])
    #expect(throws: ProofError.self) { try deep.verify([StateFact(key: [1], value: [1])], root: root, suite: suite) }
    #expect(throws: CanonicalError.self) { try StateMultiProof(canonicalBytes: deep.canonicalBytes) }
    let many = Array(repeating: StatePathEnd(depth: 0, end: .empty), count: StateMultiProof.keyLimit + 1)
    #expect(throws: CanonicalError.self) {
      try StateMultiProof(canonicalBytes: StateMultiProof(ends: many, siblings: []).canonicalBytes)
    }
    let all = (0...StateMultiProof.keyLimit).map { StateFact(key: key($0), value: nil) }
    #expect(throws: ProofError.self) { try proof.verify(all, root: root, suite: suite) }
    // A leaf beside an empty half would stand one level higher.
    let leaf = suite.hash(key(1))
    let collapsed = StateMultiProof(ends: [StatePathEnd(depth: 1, end: .present)], siblings: [StateTree.emptyRoot])
    var hasher = TreeHasher(suite)
    let bottom = hasher.stateLeaf(StateLeaf(keyHash: leaf, valueHash: suite.hash(value(1))))
    let top = leaf.bit(0) ? hasher.stateInner(StateTree.emptyRoot, bottom) : hasher.stateInner(bottom, StateTree.emptyRoot)
    #expect(throws: ProofError.notCollapsed) {
      try collapsed.verify([StateFact(key: key(1), value: value(1))], root: top, suite: suite)
    }
  }

  /// What a batch of a hundred saves, for `Docs/Performance.md`.
  @Test func aHundredTogetherAreSmaller() throws {
    let suite = CryptoSuite.international
    let (root, nodes) = try tree(20_000, suite)
    let (facts, proof, single) = try proof(of: (0..<100).map { $0 * 150 }, present: 20_000, nodes, suite)
    try proof.verify(facts, root: root, suite: suite)
    let shared = proof.canonicalBytes.count
    print("100 keys of 20,000: \(single / 100) bytes a key alone, \(shared / 100) shared")
    #expect(shared * 10 < single * 7)
  }
}
