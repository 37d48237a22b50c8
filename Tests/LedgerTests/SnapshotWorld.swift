import ChainCore
import ChainTesting

/// Composite keys, values of all sizes, and an entry that depends on an index: a missing index entry would change the state.
struct ShelvesContract: Contract {
  static let name: ContractName = "shelves"
  static let places = Table<Pair<String, UInt64>, [UInt8]>("places", indexes: [TableIndex("size") { _, value in UInt32(value.count) }])
  static let found = Table<UInt64, UInt64>("found")

  var entries: Entries {
    IndexedTable(Self.places)
    Entry("put", by: .member) { (call: FileNote, context) in
      try context.put(Self.places, Pair(call.text, call.number), Array(repeating: UInt8(call.number % 251), count: Int(call.number % 97)))
    }
    Entry("count", by: .member) { (size: UInt64, context) in
      let count = try context.range(Self.places, index: "size", equals: UInt32(size), limit: 100).count
      try context.put(Self.found, size, UInt64(count))
    }
  }
}

/// A chain with hundreds of records in several contracts, changes, removals and failures; its blocks come from a seed.
struct SnapshotWorld {
  static let contracts: [any Contract] = [NotesContract(), ShelvesContract()]
  var chain: SoloChain
  let clerk: Account
  private var random: SeededRandom
  private var number: UInt64 = 0
  /// A transaction inside the replay window.
  private(set) var recent: SignedTransaction?

  init(_ suite: CryptoSuite = .international, blocks: Int = 50, window: UInt64 = 20, store: any KeyValueStore = MemoryStore()) throws {
    chain = try SoloChain(
      Self.contracts, suite: suite, organisations: ["city-hall": ["department"]],
      parameters: ChainParameters(transactionWindow: window), store: store)
    clerk = try chain.member("city-hall")
    random = SeededRandom(5)
    for _ in 0..<blocks { try step() }
  }

  var ledger: Ledger { chain.ledger }
  var genesis: Genesis { chain.genesis }
  var registry: ContractRegistry { chain.founding.registry }

  mutating func transactions() throws -> [SignedTransaction] {
    var signed: [SignedTransaction] = []
    for _ in 0..<Int.random(in: 0...20, using: &random) {
      number += 1
      let old = UInt64.random(in: 1...number, using: &random)
      switch UInt8.random(in: 0...9, using: &random) {
      case 0...3: signed.append(try chain.sign("notes", "file", FileNote(number: number, text: "t\(number % 7)"), by: clerk))
      case 4: signed.append(try chain.sign("notes", "change", FileNote(number: old, text: "c\(old % 5)"), by: clerk))
      case 5: signed.append(try chain.sign("notes", "remove", old, by: clerk))
      case 6: signed.append(try chain.sign("shelves", "count", number % 97, by: clerk))
      default: signed.append(try chain.sign("shelves", "put", FileNote(number: number, text: "s\(number % 11)"), by: clerk))
      }
    }
    return signed
  }

  @discardableResult
  mutating func step() throws -> CheckpointCertificate {
    let signed = try transactions()
    recent = signed.last ?? recent
    return try chain.makeBlock(signed)
  }

  /// Everything that a snapshot of the newest certified height consists of, as bytes.
  func export(chunkBytes: Int = 2_000) throws -> (manifest: SnapshotManifest, chunks: [[UInt8]]) {
    let manifest = try ledger.snapshot(at: ledger.newestCertified, chunkBytes: chunkBytes)
    return (manifest, try (0..<manifest.chunkCount).map { try ledger.snapshotChunk($0, of: manifest).canonicalBytes })
  }

  func begin(_ manifest: SnapshotManifest, in store: any KeyValueStore = MemoryStore()) throws -> SnapshotImport {
    try SnapshotImport(manifest, into: store, genesis: genesis, contracts: registry)
  }

  func imported(into store: any KeyValueStore = MemoryStore()) throws -> Ledger {
    let (manifest, chunks) = try export()
    var snapshot = try begin(manifest, in: store)
    for (index, bytes) in chunks.enumerated().reversed() { try snapshot.add(bytes, as: index) }
    return try snapshot.finish()
  }
}
