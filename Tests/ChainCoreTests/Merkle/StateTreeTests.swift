import Foundation
import Testing
import TestSupport

@testable import ChainCore

/// The tree as it is defined: binary, over all pairs, without storage.
struct NaiveStateTree {
  let suite: CryptoSuite
  /// Key hash and value hash.
  var pairs: [Digest: Digest] = [:]

  var root: Digest { hash(pairs.keys.sorted()[...], depth: 0) }

  private func leaf(_ keyHash: Digest) -> Digest {
    suite.hash(Array("JMT::LeafNode".utf8) + keyHash.bytes + (pairs[keyHash]?.bytes ?? []))
  }

  private func hash(_ keys: ArraySlice<Digest>, depth: Int) -> Digest {
    guard let first = keys.first else { return StateTree.emptyRoot }
    guard keys.count > 1 else { return leaf(first) }
    let (left, right) = split(keys, depth)
    return suite.hash(
      Array("JMT::IntrnalNode".utf8) + hash(left, depth: depth + 1).bytes + hash(right, depth: depth + 1).bytes)
  }

  private func split(_ keys: ArraySlice<Digest>, _ depth: Int) -> (ArraySlice<Digest>, ArraySlice<Digest>) {
    let middle = keys.firstIndex { $0.bit(depth) } ?? keys.endIndex
    return (keys[..<middle], keys[middle...])
  }

  func proof(of keyHash: Digest) -> StateProof {
    var siblings: [Digest] = []
    var keys = pairs.keys.sorted()[...]
    while keys.count > 1 {
      let depth = siblings.count
      let (left, right) = split(keys, depth)
      keys = keyHash.bit(depth) ? right : left
      siblings.append(hash(keyHash.bit(depth) ? left : right, depth: depth + 1))
    }
    let end: StateProof.End
    if let only = keys.first {
      end = only == keyHash ? .present : .otherLeaf(keyHash: only, valueHash: pairs[only] ?? .zero)
    } else {
      end = .empty
    }
    return StateProof(end: end, siblings: siblings.reversed())
  }
}

/// SplitMix64: the tests' own seeded numbers.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

private struct JellyfishFile: Decodable {
  struct Pair: Decodable { let key, value: String }
  struct Vector: Decodable {
    let expected_root: String
    let data: [Pair]
  }
  let vectors: [Vector]
}

@Suite struct StateTreeVectors {
  @Test func jellyfish() throws {
    let file = try JSONDecoder().decode(JellyfishFile.self, from: Vectors.bundled("merkle/jmt/sha2_256_vectors.json"))
    for vector in file.vectors {
      let tree = StateTree(suite: .international)
      let updates = try vector.data.map { pair in
        (key: try #require([UInt8](hex: pair.key)), value: Optional(try #require([UInt8](hex: pair.value))))
      }
      var nodes = MemoryStateNodes()
      let update = try tree.apply(updates, base: nil, newVersion: 0, reader: nodes)
      nodes.store(update, version: 0)
      #expect(update.root.hex == vector.expected_root)
      #expect(try tree.root(at: 0, reader: nodes).hex == vector.expected_root)
    }
    print("jmt: \(file.vectors.count) roots")
    #expect(file.vectors.count == 2)
  }
}

@Suite struct StateTreeProperties {
  private static func value(_ version: UInt64, _ key: Int) -> [UInt8] { Array("value \(key) of \(version)".utf8) }

  @Test(arguments: CryptoSuite.allCases, [1, 2] as [UInt64])
  func everyVersionAgreesWithTheDefinition(suite: CryptoSuite, seed: UInt64) throws {
    var numbers = SeededNumbers(state: seed)
    let tree = StateTree(suite: suite)
    var nodes = MemoryStateNodes()
    var naive = NaiveStateTree(suite: suite)
    var state: [Int: [UInt8]] = [:]
    var history: [UInt64: (NaiveStateTree, [Int: [UInt8]])] = [:]
    let universe = 50
    let keys = (0..<universe).map { Array("key \($0)".utf8) }
    var base: UInt64?
    var (removals, joined) = (0, 0)
    for step in 1...30 as ClosedRange<UInt64> {
      // Versions may have gaps; batches grow, shrink, empty the tree now and then, and repeat keys.
      let version = step * 3
      var updates: [(key: [UInt8], value: [UInt8]?)] = []
      let clears = step.isMultiple(of: 13)
      for key in clears
        ? Array(0..<universe) : (0..<Int.random(in: 0...12, using: &numbers)).map({ _ in .random(in: 0..<universe, using: &numbers) })
      {
        let removes = clears || Int.random(in: 0..<3, using: &numbers) == 0
        let value = removes ? nil : Self.value(Bool.random(using: &numbers) ? version : 0, key)
        updates.append((keys[key], value))
        naive.pairs[suite.hash(keys[key])] = value.map(suite.hash)
        state[key] = value
        if removes { removals += 1 }
      }
      let update = try tree.apply(updates, base: base, newVersion: version, reader: nodes)
      #expect(update.root == naive.root)
      let changes = StateChange.sortedOnce(StateChange.batch(updates, suite: suite))
      if try Self.checkHalves(suite, changes, updates, update, base: base, nodes) { joined += 1 }
      #expect(update.nodes.allSatisfy { $0.key.version == version })
      #expect(update.nodes.map(\.key) == update.nodes.map(\.key).sorted())
      #expect(Set(update.stale).count == update.stale.count)
      for key in update.stale { #expect(nodes.node(key) != nil, "\(key) became stale twice or never was") }
      nodes.store(update, version: version)
      history[version] = (naive, state)
      base = version
    }
    #expect(removals > 60)
    #expect((15..<30).contains(joined))
    for (version, (naive, state)) in history {
      let root = naive.root
      #expect(try tree.root(at: version, reader: nodes) == root)
      for (index, key) in keys.enumerated() { #expect(try tree.value(of: key, at: version, reader: nodes) == state[index]) }
      let sorted = state.keys.map { (hash: suite.hash(keys[$0]), key: keys[$0], value: state[$0]) }.sorted { $0.hash < $1.hash }
      // From the first leaf, from a leaf, and from between two.
      for start in [.zero, sorted.dropFirst(sorted.count / 2).first?.hash ?? .zero, suite.hash([9])] {
        for limit in [3, Int.max] {
          var found: [StoredLeaf] = []
          try tree.scanLeaves(at: version, from: start, reader: nodes) { leaf in
            found.append(leaf)
            return found.count < limit
          }
          let expected = sorted.filter { $0.hash >= start }.prefix(limit)
          #expect(found.map(\.keyHash) == expected.map(\.hash) && found.map(\.key) == expected.map(\.key))
          #expect(found.map(\.value) == expected.map(\.value) && found.map(\.valueHash) == expected.map { suite.hash($0.value ?? []) })
        }
      }
      // A third of the keys at each version, another third at the next.
      for (index, key) in keys.enumerated() where (UInt64(index) + version / 3).isMultiple(of: 3) {
        let proof = try tree.proof(of: key, at: version, reader: nodes)
        #expect(proof == naive.proof(of: suite.hash(key)))
        #expect(try tree.valueHash(of: key, at: version, reader: nodes) == state[index].map(suite.hash))
        if let value = state[index] {
          try proof.verifyPresence(key: key, value: value, root: root, suite: suite)
          #expect(throws: ProofError.rootMismatch) {
            try proof.verifyPresence(key: key, value: value + [0], root: root, suite: suite)
          }
          #expect(throws: ProofError.notAbsent) { try proof.verifyAbsence(key: key, root: root, suite: suite) }
        } else {
          try proof.verifyAbsence(key: key, root: root, suite: suite)
          #expect(throws: ProofError.notPresent) { try proof.verifyPresence(key: key, value: [], root: root, suite: suite) }
        }
      }
    }
    try pruneOneByOne(&nodes, tree, history.mapValues { $0.0.root })
  }

  /// Halves that are made by themselves are together what the whole batch gives, or say that they are not; returns whether they are.
  private static func checkHalves(
    _ suite: CryptoSuite, _ changes: [StateChange], _ updates: [(key: [UInt8], value: [UInt8]?)], _ whole: StateTreeUpdate, base: UInt64?,
    _ nodes: MemoryStateNodes
  ) throws -> Bool {
    let version = try #require(whole.nodes.first?.key.version)
    let tree = StateTree(suite: suite)
    let (first, second) = StateTreeHalves.split(changes)
    #expect(first.allSatisfy { !$0.keyHash.bit(0) } && second.allSatisfy { $0.keyHash.bit(0) })
    #expect(first.count + second.count == changes.count)
    let halves = try [first, second].map { try tree.apply($0, of: updates, base: base, newVersion: version, reader: nodes) }
    guard let joined = StateTreeHalves.joined(halves[0], halves[1], suite: suite) else {
      // A root with one leaf below it, or none, in all or in what the half would leave.
      #expect(([whole] + halves).contains { StoredInner(ofNode: $0.nodes[0].bytes) == nil })
      return false
    }
    #expect(joined.root == whole.root)
    #expect(joined.nodes.map(\.key) == whole.nodes.map(\.key) && joined.nodes.map(\.bytes) == whole.nodes.map(\.bytes))
    #expect(joined.stale == whole.stale)
    return true
  }

  /// Pruning leaves exactly the nodes that the kept versions reach.
  private func pruneOneByOne(_ nodes: inout MemoryStateNodes, _ tree: StateTree, _ roots: [UInt64: Digest]) throws {
    let versions = roots.keys.sorted()
    for (index, oldest) in versions.enumerated() where index % 5 == 4 || index == versions.count - 1 {
      nodes.prune(keepingFrom: oldest)
      var reached: Set<StateNodeKey> = []
      for version in versions[index...] {
        #expect(try tree.root(at: version, reader: nodes) == roots[version])
        try reach(.root(version), nodes, &reached)
      }
      #expect(nodes.count == reached.count)
      #expect(throws: ProofError.nodeMissing("\(versions[index - 1])/")) { try tree.root(at: versions[index - 1], reader: nodes) }
    }
  }

  private func reach(_ key: StateNodeKey, _ nodes: MemoryStateNodes, _ reached: inout Set<StateNodeKey>) throws {
    guard reached.insert(key).inserted, case .inner(let inner) = try nodes.stateNode(key) else { return }
    for (place, child) in inner.children.enumerated() where child.kind != .none {
      try reach(StateNodeKey(version: child.version, path: key.path.appending(UInt8(place))), nodes, &reached)
    }
  }

  /// Batches of hundreds, each on the last; then all that became stale is deleted and the newest version is read whole.
  @Test(arguments: [5, 6] as [UInt64]) func largeBatchesSurvivePruning(seed: UInt64) throws {
    let suite = CryptoSuite.guomi
    let tree = StateTree(suite: suite)
    var numbers = SeededNumbers(state: seed)
    var nodes = MemoryStateNodes()
    var naive = NaiveStateTree(suite: suite)
    var state: [Int: [UInt8]] = [:]
    let keys = (0..<700).map { Array("key \($0)".utf8) }
    let newest: UInt64 = 4
    for version in 1...newest {
      var updates: [(key: [UInt8], value: [UInt8]?)] = []
      for _ in 0..<Int.random(in: 200...600, using: &numbers) {
        let index = Int.random(in: keys.indices, using: &numbers)
        let value = version > 1 && Bool.random(using: &numbers) ? nil : Self.value(version, index)
        updates.append((keys[index], value))
        state[index] = value
        naive.pairs[suite.hash(keys[index])] = value.map(suite.hash)
      }
      let update = try tree.apply(updates, base: version == 1 ? nil : version - 1, newVersion: version, reader: nodes)
      #expect(update.root == naive.root)
      let changes = StateChange.sortedOnce(StateChange.batch(updates, suite: suite))
      #expect(try Self.checkHalves(suite, changes, updates, update, base: version == 1 ? nil : version - 1, nodes))
      nodes.store(update, version: version)
    }
    let root = naive.root
    nodes.prune(keepingFrom: newest)
    var reached: Set<StateNodeKey> = []
    try reach(.root(newest), nodes, &reached)
    #expect(nodes.count == reached.count)
    for (index, key) in keys.enumerated() {
      #expect(try tree.valueHash(of: key, at: newest, reader: nodes) == state[index].map(suite.hash))
      let proof = try tree.proof(of: key, at: newest, reader: nodes)
      if let value = state[index] {
        try proof.verifyPresence(key: key, value: value, root: root, suite: suite)
      } else {
        try proof.verifyAbsence(key: key, root: root, suite: suite)
      }
    }
    #expect((100..<600).contains(state.count))
  }

  /// Key hashes that share all but the last bits, as no attacker can make them: the deepest possible paths.
  @Test func deepestPaths() throws {
    let suite = CryptoSuite.guomi
    let tree = StateTree(suite: suite)
    var numbers = SeededNumbers(state: 9)
    var nodes = MemoryStateNodes()
    var naive = NaiveStateTree(suite: suite)
    func hash(_ last: UInt64) -> Digest { Digest(words: (7, 7, 7, last)) }
    let hashes = (0..<20).map { hash($0) } + [hash(1 << 63), Digest(words: (1 << 63, 0, 0, 0)), Digest(words: (7, 8, 0, 0))]
    var (deepest, joined) = (0, 0)
    for version in 1...30 as ClosedRange<UInt64> {
      var changes: [StateChange] = []
      for order in 0..<Int.random(in: 1...9, using: &numbers) {
        let keyHash = hashes[Int.random(in: 0..<hashes.count, using: &numbers)]
        let valueHash = Bool.random(using: &numbers) ? suite.hash([UInt8(version)]) : nil
        changes.append(StateChange(keyHash: keyHash, order: order, valueHash: valueHash))
        naive.pairs[keyHash] = valueHash
      }
      changes = StateChange.sortedOnce(changes)
      let updates = (0..<10).map { _ in (key: [1] as [UInt8], value: [2] as [UInt8]?) }
      let base = version == 1 ? nil : version - 1
      let update = try tree.apply(changes[...], of: updates, base: base, newVersion: version, reader: nodes)
      if try Self.checkHalves(suite, changes, updates, update, base: base, nodes) { joined += 1 }
      nodes.store(update, version: version)
      #expect(update.root == naive.root)
      for keyHash in hashes {
        let proof = try tree.proof(ofHash: keyHash, at: version, reader: nodes)
        #expect(proof == naive.proof(of: keyHash))
        deepest = max(deepest, proof.siblings.count)
      }
    }
    #expect(deepest == 256)
    #expect((3..<30).contains(joined))
  }

  @Test func orderOfUpdatesDoesNotMatter() throws {
    let tree = StateTree(suite: .guomi)
    var numbers = SeededNumbers(state: 4)
    let pairs = (0..<200).map { (key: Array("k\($0)".utf8), value: Optional([UInt8($0)])) }
    let whole = try tree.apply(pairs, base: nil, newVersion: 1, reader: MemoryStateNodes())
    var nodes = MemoryStateNodes()
    var last = StateTree.emptyRoot
    for (index, pair) in pairs.shuffled(using: &numbers).enumerated() {
      let update = try tree.apply([pair], base: index == 0 ? nil : UInt64(index), newVersion: UInt64(index) + 1, reader: nodes)
      nodes.store(update, version: UInt64(index) + 1)
      last = update.root
    }
    #expect(last == whole.root)
    // Same pairs again: only the root is written.
    let again = try tree.apply(pairs, base: 200, newVersion: 201, reader: nodes)
    #expect(again.root == last)
    #expect(again.nodes.map(\.key) == [.root(201)])
    #expect(again.stale == [.root(200)])
  }
}
