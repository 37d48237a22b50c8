import ChainCore
import Foundation
import Testing

/// The definitions of RFC 9162 §2.1 word for word, to compare with.
private func naiveRoot(_ leaves: ArraySlice<Digest>, _ suite: CryptoSuite) -> Digest {
  guard let first = leaves.first else { return suite.hash([]) }
  guard leaves.count > 1 else { return first }
  var split = 1
  while split * 2 < leaves.count { split *= 2 }
  let left = naiveRoot(leaves.prefix(split), suite)
  return suite.hash([1] + left.bytes + naiveRoot(leaves.dropFirst(split), suite).bytes)
}

/// A log kept as a table of nodes, as a store would.
private struct TableReader: LogNodeReader {
  struct Place: Hashable {
    let level: UInt8
    let index: UInt64
  }
  var table: [Place: Digest] = [:]
  func node(level: UInt8, index: UInt64) throws -> Digest? { table[Place(level: level, index: index)] }
}

@Suite struct AppendOnlyTreeProperties {
  static let count = 70

  @Test(arguments: CryptoSuite.allCases) func allSizesAgreeWithTheDefinition(suite: CryptoSuite) throws {
    let leaves = (0..<Self.count).map { MerkleLog.leafHash(Array("leaf \($0)".utf8), suite: suite) }
    var tree = AppendOnlyTree()
    var log = MemoryLog(suite: suite)
    var reader = TableReader()
    var roots = [naiveRoot([], suite)]
    for (index, leaf) in leaves.enumerated() {
      var nodes: [LogNode] = []
      tree.append(leaf, suite: suite, into: &nodes)
      log.append(leaf)
      for node in nodes {
        #expect(reader.table.updateValue(node.digest, forKey: .init(level: node.level, index: node.index)) == nil)
      }
      let root = naiveRoot(leaves[...index], suite)
      roots.append(root)
      #expect(tree.root(suite: suite) == root)
      #expect(log.root == root)
      #expect(MerkleLog.root(of: Array(leaves[...index]), suite: suite) == root)
      #expect(try reader.root(size: tree.size, suite: suite) == root)
      #expect(try AppendOnlyTree(canonicalBytes: tree.canonicalBytes) == tree)
      #expect(try JSONDecoder().decode(AppendOnlyTree.self, from: JSONEncoder().encode(tree)) == tree)
    }
    for size in 1...UInt64(Self.count) {
      for index in 0..<size {
        let proof = try reader.inclusionProof(index: index, size: size, suite: suite)
        #expect(try log.inclusionProof(index: index, size: size) == proof)
        try proof.verify(leaf: leaves[Int(index)], root: roots[Int(size)], suite: suite)
      }
      for old in 1...size {
        let proof = try reader.consistencyProof(oldSize: old, newSize: size, suite: suite)
        #expect(try log.consistencyProof(oldSize: old, newSize: size) == proof)
        try proof.verify(oldRoot: roots[Int(old)], newRoot: roots[Int(size)], suite: suite)
        if old < size {
          #expect(throws: ProofError.self) { try proof.verify(oldRoot: roots[Int(old) - 1], newRoot: roots[Int(size)], suite: suite) }
        }
      }
    }
  }

  /// Every byte of every proof of the small trees, and one byte of every proof of all sizes up to 70.
  @Test(arguments: CryptoSuite.allCases) func everyFlippedByteIsRefused(suite: CryptoSuite) throws {
    let leaves = (0..<Self.count).map { MerkleLog.leafHash([UInt8($0)], suite: suite) }
    let log = MemoryLog(leaves, suite: suite)
    let roots = try (0...UInt64(Self.count)).map { try log.root(size: $0) }
    var numbers = SeededNumbers(state: 11)
    var refused = 0
    for size in 1...UInt64(Self.count) {
      for number in 0..<size {
        let inclusion = try log.inclusionProof(index: number, size: size).canonicalBytes
        let consistency = try log.consistencyProof(oldSize: number + 1, newSize: size).canonicalBytes
        let all = size <= 14
        for place in all ? Array(inclusion.indices) : [.random(in: inclusion.indices, using: &numbers)] {
          let bytes = flipped(inclusion, place, &numbers)
          #expect(throws: (any Error).self, "leaf \(number) of \(size), byte \(place)") {
            let proof = try InclusionProof(canonicalBytes: bytes)
            guard proof.size == size else { throw OtherSize() }
            try proof.verify(leaf: leaves[Int(number)], root: roots[Int(size)], suite: suite)
          }
          refused += 1
        }
        for place in all ? Array(consistency.indices) : [.random(in: consistency.indices, using: &numbers)] {
          let bytes = flipped(consistency, place, &numbers)
          #expect(throws: (any Error).self, "\(number + 1) to \(size), byte \(place)") {
            let proof = try ConsistencyProof(canonicalBytes: bytes)
            guard (proof.oldSize, proof.newSize) == (number + 1, size) else { throw OtherSize() }
            try proof.verify(oldRoot: roots[Int(number) + 1], newRoot: roots[Int(size)], suite: suite)
          }
          refused += 1
        }
      }
    }
    print("log proofs, \(suite): \(refused) changed encodings refused")
  }

  /// What a verifier says who compares the sizes with those it trusts, as the proofs' comments ask.
  private struct OtherSize: Error {}

  /// Why it must: a root says nothing about the size. With the true size, no other index verifies.
  @Test func aRootDoesNotTellTheSize() throws {
    let suite = CryptoSuite.guomi
    let leaves = (0..<Self.count).map { MerkleLog.leafHash([UInt8($0)], suite: suite) }
    let three = MemoryLog(Array(leaves[..<3]), suite: suite)
    let first = try three.inclusionProof(index: 0, size: 3).path
    try InclusionProof(index: 0, size: 4, path: first).verify(leaf: leaves[0], root: three.root, suite: suite)
    let last = try three.inclusionProof(index: 2, size: 3).path
    try InclusionProof(index: 1, size: 2, path: last).verify(leaf: leaves[2], root: three.root, suite: suite)
    let two = MemoryLog(Array(leaves[..<2]), suite: suite)
    let grown = try three.consistencyProof(oldSize: 2, newSize: 3).path
    try ConsistencyProof(oldSize: 1, newSize: 2, path: grown).verify(oldRoot: two.root, newRoot: three.root, suite: suite)

    let log = MemoryLog(leaves, suite: suite)
    for size in 1...UInt64(Self.count) {
      let index = size / 3
      let path = try log.inclusionProof(index: index, size: size).path
      for other in 0..<size where other != index {
        #expect(throws: ProofError.self, "\(other) instead of \(index) of \(size)") {
          try InclusionProof(index: other, size: size, path: path).verify(
            leaf: leaves[Int(index)], root: log.root(size: size), suite: suite)
        }
      }
    }
  }

  private func flipped(_ bytes: [UInt8], _ place: Int, _ numbers: inout SeededNumbers) -> [UInt8] {
    var changed = bytes
    changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
    return changed
  }

  @Test func truncatedProofsAreTypedErrors() throws {
    let log = MemoryLog((0..<13).map { MerkleLog.leafHash([$0], suite: .guomi) }, suite: .guomi)
    let inclusion = try log.inclusionProof(index: 5, size: 13).canonicalBytes
    let consistency = try log.consistencyProof(oldSize: 6, newSize: 13).canonicalBytes
    let edge = AppendOnlyTree(size: 7, peaks: [.zero, .zero, .zero])?.canonicalBytes ?? []
    for length in inclusion.indices {
      #expect(throws: CanonicalError.self) { try InclusionProof(canonicalBytes: Array(inclusion[..<length])) }
    }
    for length in consistency.indices {
      #expect(throws: CanonicalError.self) { try ConsistencyProof(canonicalBytes: Array(consistency[..<length])) }
    }
    #expect(!edge.isEmpty)
    for length in edge.indices {
      #expect(throws: CanonicalError.self) { try AppendOnlyTree(canonicalBytes: Array(edge[..<length])) }
    }
  }

  @Test func extremesAreErrorsNotTraps() throws {
    let most = UInt64.max
    let suite = CryptoSuite.international
    for path in [[], [Digest.zero], Array(repeating: Digest.zero, count: 64), Array(repeating: .zero, count: 65)] {
      for (index, size) in [(0, 0), (most, most), (most - 1, most), (0, most), (0, most - 1), (most, 0)] as [(UInt64, UInt64)] {
        #expect(throws: ProofError.self) {
          try InclusionProof(index: index, size: size, path: path).verify(leaf: .zero, root: .zero, suite: suite)
        }
        #expect(throws: ProofError.self) {
          try ConsistencyProof(oldSize: index, newSize: size, path: path).verify(oldRoot: .zero, newRoot: emptyRoot, suite: suite)
        }
      }
    }
    #expect(AppendOnlyTree(size: 3, peaks: [.zero]) == nil)
    #expect(AppendOnlyTree(size: most, peaks: Array(repeating: .zero, count: 64)) == nil)
    let reader = TableReader()
    #expect(throws: ProofError.nodeMissing("level 1 index 0")) { try reader.inclusionProof(index: 2, size: 3, suite: suite) }
    #expect(throws: ProofError.indexOutOfRange(index: 3, size: 3)) { try reader.inclusionProof(index: 3, size: 3, suite: suite) }
    #expect(throws: ProofError.sizeOrder(old: 0, new: 3)) { try reader.consistencyProof(oldSize: 0, newSize: 3, suite: suite) }
    #expect(throws: CanonicalError.self) {
      try InclusionProof(canonicalBytes: InclusionProof(index: 0, size: 1, path: Array(repeating: .zero, count: 65)).canonicalBytes)
    }
  }

  private var emptyRoot: Digest { MerkleLog.emptyRoot(suite: .international) }
}
