import Foundation
import Testing

@testable import ChainCore

@Suite struct StateProofStrictness {
  private let suite = CryptoSuite.guomi
  private let pairs = (0..<40).map { (key: Array("key \($0)".utf8), value: Array("value \($0)".utf8)) }

  private func tree(_ count: Int) throws -> (root: Digest, nodes: MemoryStateNodes) {
    let update = try StateTree(suite: suite).apply(
      pairs.prefix(count).map { ($0.key, $0.value) }, base: nil, newVersion: 1, reader: MemoryStateNodes())
    var nodes = MemoryStateNodes()
    nodes.store(update, version: 1)
    return (update.root, nodes)
  }

  @Test func everyFlippedByteIsRefused() throws {
    let (root, nodes) = try tree(40)
    var refused = 0
    var kinds: Set<String> = []
    for (key, value) in pairs.prefix(5).map({ ($0.key, Optional($0.value)) }) + (0..<25).map({ (Array("absent \($0)".utf8), nil) }) {
      let proof = try StateTree(suite: suite).proof(of: key, at: 1, reader: nodes)
      let bytes = proof.canonicalBytes
      #expect(try StateProof(canonicalBytes: bytes) == proof)
      #expect(try JSONDecoder().decode(StateProof.self, from: JSONEncoder().encode(proof)) == proof)
      kinds.insert(proof.end == .present ? "present" : proof.end == .empty ? "empty" : "other")
      for index in bytes.indices {
        for mask in [1, 2, 0x80] as [UInt8] {
          var changed = bytes
          changed[index] ^= mask
          #expect(throws: (any Error).self, "byte \(index)") {
            let proof = try StateProof(canonicalBytes: changed)
            if let value {
              try proof.verifyPresence(key: key, value: value, root: root, suite: suite)
            } else {
              try proof.verifyAbsence(key: key, root: root, suite: suite)
            }
          }
          refused += 1
        }
      }
      for length in bytes.indices {
        #expect(throws: CanonicalError.self) { try StateProof(canonicalBytes: Array(bytes[..<length])) }
      }
    }
    #expect(kinds == ["present", "empty", "other"])
    print("state proofs: \(refused) changed encodings refused")
  }

  @Test func emptyAndSingleLeafTrees() throws {
    let empty = StateProof(end: .empty, siblings: [])
    try empty.verifyAbsence(key: [1], root: StateTree.emptyRoot, suite: suite)
    let (root, nodes) = try tree(1)
    let tree = StateTree(suite: suite)
    let present = try tree.proof(of: pairs[0].key, at: 1, reader: nodes)
    #expect(present == StateProof(end: .present, siblings: []))
    try present.verifyPresence(key: pairs[0].key, value: pairs[0].value, root: root, suite: suite)
    try tree.proof(of: [9], at: 1, reader: nodes).verifyAbsence(key: [9], root: root, suite: suite)
    #expect(throws: ProofError.rootMismatch) { try empty.verifyAbsence(key: [9], root: root, suite: suite) }
  }

  @Test func shapesThatNoTreeHas() throws {
    let keyHash = suite.hash([1])
    var hasher = TreeHasher(suite)
    let leaf = hasher.stateLeaf(StateLeaf(keyHash: keyHash, valueHash: suite.hash([2])))
    // A dishonest owner could hash a leaf beside an empty sibling; honest trees would have moved it up.
    let root = keyHash.bit(0) ? hasher.stateInner(StateHashing.empty, leaf) : hasher.stateInner(leaf, StateHashing.empty)
    #expect(throws: ProofError.notCollapsed) {
      try StateProof(end: .present, siblings: [StateHashing.empty]).verifyPresence(key: [1], value: [2], root: root, suite: suite)
    }
    #expect(throws: ProofError.notCollapsed) {
      let root = hasher.stateInner(StateHashing.empty, StateHashing.empty)
      try StateProof(end: .empty, siblings: [StateHashing.empty]).verifyAbsence(key: [1], root: root, suite: suite)
    }
    let deep = StateProof(end: .present, siblings: Array(repeating: .zero, count: 257))
    #expect(throws: ProofError.tooDeep(depth: 257, limit: 256)) {
      try deep.verifyPresence(key: [1], value: [2], root: root, suite: suite)
    }
    #expect(throws: ProofError.tooDeep(depth: 257, limit: 256)) { try deep.verifyAbsence(key: [1], root: root, suite: suite) }
    #expect(throws: CanonicalError.self) { try StateProof(canonicalBytes: deep.canonicalBytes) }
    let whole = StateProof(end: .empty, siblings: Array(repeating: .zero, count: 256))
    #expect(try StateProof(canonicalBytes: whole.canonicalBytes) == whole)
    #expect(throws: ProofError.rootMismatch) { try whole.verifyAbsence(key: [1], root: root, suite: suite) }
  }

  @Test func aLeafFromAnotherPlaceProvesNothing() throws {
    let (root, nodes) = try tree(40)
    let tree = StateTree(suite: suite)
    let present = try tree.proof(of: pairs[0].key, at: 1, reader: nodes)
    let keyHash = suite.hash(pairs[0].key)
    // The true leaf of key 0, offered as proof that another key is absent.
    let claim = StateProof(
      end: .otherLeaf(keyHash: keyHash, valueHash: suite.hash(pairs[0].value)), siblings: present.siblings)
    let stranger = try #require(pairs.dropFirst().first { suite.hash($0.key).nibble(0) != keyHash.nibble(0) })
    #expect(throws: ProofError.keyMismatch(depth: present.siblings.count)) {
      try claim.verifyAbsence(key: stranger.key, root: root, suite: suite)
    }
    #expect(throws: ProofError.notAbsent) { try claim.verifyAbsence(key: pairs[0].key, root: root, suite: suite) }
  }

  @Test func damagedNodesAreErrors() throws {
    struct Damaged: StateNodeReader {
      let bytes: [UInt8]
      func node(_ key: StateNodeKey) -> [UInt8]? { key.path.count <= 64 ? bytes : nil }
    }
    let child = StateChild(kind: .inner, version: 1, hash: .zero)
    let endless = StateInner(children: Array(repeating: child, count: 16))
    let tree = StateTree(suite: suite)
    // Every node claims to be inner: the walk ends at the 64th nibble with an error.
    let reader = Damaged(bytes: StateNode.inner(endless).canonicalBytes)
    #expect(throws: ProofError.self) { try tree.proof(of: [1], at: 1, reader: reader) }
    #expect(throws: ProofError.self) { try tree.valueHash(of: [1], at: 1, reader: reader) }
    #expect(throws: ProofError.self) { try tree.apply([([1], [2])], base: 1, newVersion: 2, reader: reader) }
    for bytes in [[], [3], [0, 0], [1], [2, 0, 0, 0, 0], [2, 1, 0, 1, 0] + Array(repeating: 0, count: 40)] as [[UInt8]] {
      #expect(throws: ProofError.nodeDamaged("1/")) { try tree.root(at: 1, reader: Damaged(bytes: bytes)) }
    }
    let stray = Damaged(
      bytes: StateNode.leaf(StoredLeaf(leaf: StateLeaf(keyHash: .zero, valueHash: .zero), key: [], value: [])).canonicalBytes)
    #expect(try tree.valueHash(of: [1], at: 1, reader: stray) == nil)
  }

  @Test func nodeKeysKeepTheirOrder() throws {
    var path = StatePath()
    var keys: [StateNodeKey] = []
    for nibble in [3, 15, 0, 7, 1] as [UInt8] {
      for version in [0, 1, 256, 1 << 40] as [UInt64] { keys.append(StateNodeKey(version: version, path: path)) }
      path = path.appending(nibble)
    }
    for left in keys {
      #expect(try StateNodeKey(canonicalBytes: left.canonicalBytes) == left)
      for right in keys { #expect((left < right) == left.canonicalBytes.lexicographicallyPrecedes(right.canonicalBytes)) }
    }
    #expect(throws: CanonicalError.self) { try StatePath(canonicalBytes: [1, 0x31]) }
    #expect(throws: CanonicalError.self) { try StatePath(canonicalBytes: [65] + Array(repeating: 0, count: 33)) }
  }
}

/// Which leaves stand next to a place.
@Suite struct StateNeighbourhood {
  @Test func neighboursAreThoseOfTheSortedHashes() throws {
    let suite = CryptoSuite.international
    let tree = StateTree(suite: suite)
    var questions = 0
    for size in [0, 1, 2, 3, 17, 300] {
      let pairs = (0..<size).map { (key: Array("key \($0)".utf8), value: [UInt8(truncatingIfNeeded: $0)]) }
      let update = try tree.apply(pairs.map { ($0.key, $0.value) }, base: nil, newVersion: 1, reader: MemoryStateNodes())
      var nodes = MemoryStateNodes()
      nodes.store(update, version: 1)
      let leaves = pairs.map { StateLeafDigest(key: $0.key, value: $0.value, suite: suite) }.sorted { $0.keyHash < $1.keyHash }
      for key in pairs.map(\.key) + (0..<200).map({ Array("other \($0)".utf8) }) {
        let place = suite.hash(key)
        let found = try tree.neighbours(of: key, at: 1, reader: nodes)
        #expect(found.below == leaves.last { $0.keyHash < place })
        #expect(found.above == leaves.first { $0.keyHash > place })
        questions += 1
      }
    }
    print("state neighbours: \(questions) questions")
  }
}
