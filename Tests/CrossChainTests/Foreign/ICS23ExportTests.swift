import ChainCore
import ChainTesting
import Foundation
import TestSupport
import Testing

@testable import CrossChain

/// A state tree in memory, and its exported proofs.
struct ExportedTree {
  static let suite = CryptoSuite.international
  let pairs: [(key: [UInt8], value: [UInt8])]
  let root: [UInt8]
  private let nodes: MemoryStateNodes

  init(_ pairs: [(key: [UInt8], value: [UInt8])]) throws {
    self.pairs = pairs
    let update = try StateTree(suite: Self.suite).apply(
      pairs.map { ($0.key, $0.value) }, base: nil, newVersion: 1, reader: MemoryStateNodes())
    var nodes = MemoryStateNodes()
    nodes.store(update, version: 1)
    self.nodes = nodes
    root = update.root.bytes
  }

  /// A tree of `count` random pairs.
  init(_ count: Int, _ random: inout SeededRandom) throws {
    var pairs: [(key: [UInt8], value: [UInt8])] = []
    for number in 0..<count {
      let key = Array("key \(number) ".utf8) + (0..<random.below(40)).map { _ in UInt8.random(in: 0...255, using: &random) }
      pairs.append((key, (0...random.below(100)).map { _ in UInt8.random(in: 0...255, using: &random) }))
    }
    try self.init(pairs)
  }

  func record(_ pair: (key: [UInt8], value: [UInt8])) throws -> RecordProof {
    RecordProof(
      key: pair.key, value: pair.value, proof: try StateTree(suite: Self.suite).proof(of: pair.key, at: 1, reader: nodes))
  }

  func absence(of key: [UInt8]) throws -> [UInt8] {
    let neighbours = try StateTree(suite: Self.suite).neighbours(of: key, at: 1, reader: nodes)
    func record(_ leaf: StateLeafDigest?) throws -> RecordProof? {
      guard let leaf, let pair = pairs.first(where: { Self.suite.hash($0.key) == leaf.keyHash }) else { return nil }
      return try self.record(pair)
    }
    return try ICS23Export.absence(
      of: key, below: try record(neighbours.below), above: try record(neighbours.above), suite: Self.suite
    ).encoded
  }
}

/// State proofs of SHA-256 chains, shown by the rules of another project.
@Suite struct ICS23Exports {
  /// One question to the verifier in Python.
  struct Question: Encodable {
    var root: String
    var key: String
    var value: String?
    var proof: String
  }

  @Test func everyKeyOfRandomTrees() throws {
    let seed: UInt64 = 23
    print("seed \(seed)")
    var random = SeededRandom(seed)
    var counts = (present: 0, absent: 0, outermost: 0, overEmpty: 0)
    for size in [1, 2, 3, 4, 5, 8, 13, 40, 200] {
      let tree = try ExportedTree(size, &random)
      for pair in tree.pairs {
        let bytes = try tree.record(pair).proof.ics23(key: pair.key, value: pair.value, suite: .international)
        try ICS23.verifyMembership(bytes, key: pair.key, value: pair.value, root: tree.root, spec: .jmt)
        #expect(throws: ICS23Error.otherValue) {
          try ICS23.verifyMembership(bytes, key: pair.key, value: pair.value + [0], root: tree.root, spec: .jmt)
        }
        #expect(throws: ICS23Error.notNonExistence) {
          try ICS23.verifyNonMembership(bytes, key: pair.key, root: tree.root, spec: .jmt)
        }
        counts.present += 1
      }
      for number in 0..<60 {
        let key = Array("absent \(number)".utf8)
        let bytes = try tree.absence(of: key)
        try ICS23.verifyNonMembership(bytes, key: key, root: tree.root, spec: .jmt)
        guard case .nonExistence(let proof) = try ICS23.CommitmentProof(decoding: bytes) else { continue }
        if proof.left == nil || proof.right == nil { counts.outermost += 1 }
        let empty = ICS23.ProofSpec.jmt.inner.emptyChild
        if [proof.left, proof.right].contains(where: { $0?.path.contains { $0.suffix == empty || $0.prefix.suffix(32) == empty } ?? false })
        {
          counts.overEmpty += 1
        }
        // The same neighbours show the absence of no key that is there, and of none beyond them.
        for pair in tree.pairs.prefix(20) {
          #expect(throws: ICS23Error.self) { try ICS23.verifyNonMembership(bytes, key: pair.key, root: tree.root, spec: .jmt) }
        }
        counts.absent += 1
      }
    }
    print("ics23 exports: \(counts)")
    #expect(counts.present == 276 && counts.absent == 540)
    #expect(counts.outermost > 10 && counts.overEmpty > 10)
  }

  @Test func publishedRoots() throws {
    struct File: Decodable {
      struct Vector: Decodable {
        struct Pair: Decodable {
          var key: String
          var value: String
        }
        var expected_root: String
        var data: [Pair]
      }
      var vectors: [Vector]
    }
    let file = try JSONDecoder().decode(File.self, from: try Vectors.bundled("merkle/jmt/sha2_256_vectors.json"))
    let vector = try #require(file.vectors.first { !$0.data.isEmpty })
    let tree = try ExportedTree(try vector.data.map { (try #require([UInt8](hex: $0.key)), try #require([UInt8](hex: $0.value))) })
    let root = try #require([UInt8](hex: vector.expected_root))
    for pair in tree.pairs {
      try ICS23.verifyMembership(
        try ICS23Export.existence(try tree.record(pair), suite: .international).encoded, key: pair.key, value: pair.value, root: root,
        spec: .jmt)
    }
    try ICS23.verifyNonMembership(try tree.absence(of: Array("absent".utf8)), key: Array("absent".utf8), root: root, spec: .jmt)
  }

  @Test func everyChangedByteIsRefused() throws {
    let seed: UInt64 = 24
    print("seed \(seed)")
    var random = SeededRandom(seed)
    var refused = 0
    var unstated = 0
    for size in [1, 2, 7, 60] {
      let tree = try ExportedTree(size, &random)
      let pair = tree.pairs[0]
      let present = try tree.record(pair).proof.ics23(key: pair.key, value: pair.value, suite: .international)
      let flips = Flips.run(present) { (changed) throws(ICS23Error) in
        try ICS23.verifyMembership(changed, key: pair.key, value: pair.value, root: tree.root, spec: .jmt)
      }
      #expect(flips.unstated == 0)
      refused += flips.refused
      for number in 0..<3 {
        let key = Array("absent \(number)".utf8)
        let flips = Flips.run(try tree.absence(of: key)) { (changed) throws(ICS23Error) in
          try ICS23.verifyNonMembership(changed, key: key, root: tree.root, spec: .jmt)
        }
        refused += flips.refused
        unstated += flips.unstated
      }
    }
    print("ics23 exports, changed bytes: \(refused) refused, \(unstated) in the unproven key of an absence proof")
    #expect(refused > 10_000)
  }

  /// What is told of another leaf's path is refused even if it hashes to the root: a path is the hash of its key.
  @Test func wrongTurnsAreRefused() throws {
    var random = SeededRandom(25)
    let tree = try ExportedTree(8, &random)
    guard case .existence(var proof) = try ICS23Export.existence(try tree.record(tree.pairs[0]), suite: .international) else {
      Issue.record("no existence proof")
      return
    }
    let node = Array("JMT::IntrnalNode".utf8)
    let step = proof.path[0]
    let sibling = step.suffix.isEmpty ? Array(step.prefix.dropFirst(16)) : step.suffix
    proof.path[0] =
      step.suffix.isEmpty ? ICS23.InnerOp(prefix: node, suffix: sibling) : ICS23.InnerOp(prefix: node + sibling)
    let root = try proof.calculate()
    #expect(throws: ICS23Error.offPath(step: 0)) {
      try ICS23.verifyMembership(.existence(proof), key: proof.key, value: proof.value, root: root, spec: .jmt)
    }
  }

  @Test func whatCannotBeShownIsSaid() throws {
    let suite = ExportedTree.suite
    let leaf = RecordProof(key: [1], value: [2], proof: StateProof(end: .present, siblings: []))
    #expect(throws: ICS23ExportError.notSupported(.guomi)) { try ICS23Export.existence(leaf, suite: .guomi) }
    #expect(throws: ICS23ExportError.notSupported(.guomi)) { try leaf.proof.ics23(key: [1], value: [2], suite: .guomi) }
    #expect(throws: ICS23ExportError.notSupported(.guomi)) {
      try ICS23Export.absence(of: [3], below: leaf, above: nil, suite: .guomi)
    }
    #expect(throws: ICS23ExportError.emptyTree) { try ICS23Export.absence(of: [3], below: nil, above: nil, suite: suite) }
    #expect(throws: ICS23ExportError.emptyRecord(key: [])) { try ICS23Export.absence(of: [], below: leaf, above: nil, suite: suite) }
    var changed = leaf
    changed.value = []
    #expect(throws: ICS23ExportError.emptyRecord(key: [1])) { try ICS23Export.existence(changed, suite: suite) }
    changed.value = nil
    #expect(throws: ICS23ExportError.notPresent) { try ICS23Export.existence(changed, suite: suite) }
    changed = leaf
    changed.proof = StateProof(end: .empty, siblings: [])
    #expect(throws: ICS23ExportError.notPresent) { try ICS23Export.existence(changed, suite: suite) }
    changed.proof = StateProof(end: .present, siblings: Array(repeating: suite.hash([]), count: 65))
    #expect(throws: ICS23ExportError.tooDeep(steps: 65)) { try ICS23Export.existence(changed, suite: suite) }
  }

  @Test func recordsOfAChain() throws {
    var chain = try SoloChain([], suite: .international, organisations: ["city-hall": []])
    for name in ["a", "b", "c"] { _ = try chain.member("city-hall", named: name) }
    let height = chain.ledger.head.height
    let root = try chain.ledger.checkpoint(at: height).stateRoot.bytes
    let members = [try chain.member("city-hall", named: "a"), try chain.member("city-hall", named: "b")]
    for account in members {
      let key = StateKey(contract: IdentityContract.name, table: "members", key: account.id)
      let (value, proof) = try chain.ledger.proveICS23(key, at: height)
      try ICS23.verifyMembership(proof, key: key.bytes, value: try #require(value), root: root, spec: .jmt)
    }
    for number in 0..<40 as Range<UInt8> {
      let key = StateKey(
        contract: IdentityContract.name, table: "members", key: AccountID(chain.suite.hash([number])))
      let (value, proof) = try chain.ledger.proveICS23(key, at: height)
      #expect(value == nil)
      try ICS23.verifyNonMembership(proof, key: key.bytes, root: root, spec: .jmt)
    }
    // An earlier height has its own root, and the member who came later is absent there.
    let key = StateKey(contract: IdentityContract.name, table: "members", key: try chain.member("city-hall", named: "c").id)
    let earlier = try chain.ledger.proveICS23(key, at: height.previous)
    #expect(earlier.value == nil)
    try ICS23.verifyNonMembership(
      earlier.proof, key: key.bytes, root: try chain.ledger.checkpoint(at: height.previous).stateRoot.bytes, spec: .jmt)
    #expect(throws: ICS23ExportError.ledger(.noSuchHeight(99, head: height))) { try chain.ledger.proveICS23(key, at: 99) }
    let national = try SoloChain([])
    #expect(throws: ICS23ExportError.notSupported(.guomi)) { try national.ledger.proveICS23(key, at: 0) }
  }

  /// A verifier in another language, written from the rules of ICS-23, comes to the same answers.
  @Test func independentVerifierAgrees() throws {
    let script = Vectors.root.appending(path: "Tests/CrossChainTests/Independent/verify_ics23.py").path
    var random = SeededRandom(26)
    var questions: [Question] = []
    var expected: [Bool] = []
    func ask(_ tree: ExportedTree, _ key: [UInt8], _ value: [UInt8]?, _ proof: [UInt8], _ isValid: Bool) {
      questions.append(Question(root: tree.root.hex, key: key.hex, value: value?.hex, proof: proof.hex))
      expected.append(isValid)
    }
    for size in [1, 2, 3, 10, 100] {
      let tree = try ExportedTree(size, &random)
      for pair in tree.pairs {
        let proof = try tree.record(pair).proof.ics23(key: pair.key, value: pair.value, suite: .international)
        ask(tree, pair.key, pair.value, proof, true)
        var changed = proof
        // Not the tag of a field that the value hides: any byte of the key's own bytes on.
        changed[random.below(proof.count)] ^= 1 << UInt8(random.below(8))
        ask(tree, pair.key, pair.value, changed, false)
      }
      for number in 0..<40 {
        let key = Array("absent \(number)".utf8)
        let proof = try tree.absence(of: key)
        ask(tree, key, nil, proof, true)
        var changed = proof
        // The last bytes are a neighbour's; the key at the front is not part of the statement.
        changed[proof.count - 1 - random.below(30)] ^= 1 << UInt8(random.below(8))
        ask(tree, key, nil, changed, false)
        ask(tree, tree.pairs[0].key, nil, proof, false)
      }
    }
    let file = FileManager.default.temporaryDirectory.appending(path: "yuchain-ics23-\(UUID().uuidString).json")
    try JSONEncoder().encode(questions).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", script, file.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus != 127 else {
      print("skipped: no python3 on this machine")
      return
    }
    #expect(process.terminationStatus == 0)
    let answers = output.split(separator: "\n")
    #expect(answers.count == questions.count)
    for (index, answer) in answers.enumerated() {
      #expect((answer == "valid") == expected[index], "question \(index): \(answer)")
    }
    print("ics23 exports: an independent verifier answered \(answers.count) questions, \(expected.count(where: { $0 })) valid")
  }
}
