/// Brings a snapshot into an empty store, chunk by chunk.
///
/// ```swift
/// var snapshot = try SnapshotImport(manifest, into: store, genesis: genesis, contracts: contracts)
/// for number in snapshot.missing { try snapshot.add(fetch(number), as: number) }
/// let ledger = try snapshot.finish()
/// ```
/// Each chunk is verified against the certified checkpoint, then stored in one transaction. What is stored survives the process:
/// begin again with `init(resuming:…)`. Until `finish` the store opens as no chain.
public struct SnapshotImport: Sendable {
  /// The snapshot.
  public let manifest: SnapshotManifest
  /// The numbers of the chunks that are not here yet, ascending.
  public private(set) var missing: [Int]
  private let store: any KeyValueStore
  private let genesis: Genesis
  private let contracts: ContractRegistry
  private let running: RunningContracts
  private let suite: CryptoSuite

  /// Begins an import, or goes on with that of the same snapshot.
  ///
  /// - Throws: `SnapshotError.otherGenesis`, `.manifest`, `.storeNotEmpty`, `.otherImport`, `.genesis`, `.store`.
  public init(
    _ manifest: SnapshotManifest, into store: any KeyValueStore, genesis: Genesis, contracts: ContractRegistry
  ) throws(SnapshotError) {
    let bytes = manifest.canonicalBytes
    guard bytes.count <= SnapshotManifest.byteLimit else { throw .manifest(.tooLarge(bytes: bytes.count)) }
    try manifest.verify(genesis: genesis)
    if let begun = try Self.begun(in: store) {
      guard begun.id(suite: genesis.suite) == manifest.id(suite: genesis.suite) else { throw .otherImport(begun.height) }
      try self.init(begun, store, genesis, contracts)
      return
    }
    try Self.wrap {
      try store.write { writer in
        guard try writer.get(LedgerTables.meta, LedgerTables.genesisKey) == nil else { throw SnapshotError.storeNotEmpty }
        try writer.put(LedgerTables.importing, Self.manifestKey, bytes)
      }
    }
    try self.init(manifest, store, genesis, contracts)
  }

  /// Goes on with an unfinished import; `nil` if the store has none.
  ///
  /// - Throws: `SnapshotError.otherGenesis`, `.manifest`, `.genesis`, `.ledger`, `.store`.
  public init?(resuming store: any KeyValueStore, genesis: Genesis, contracts: ContractRegistry) throws(SnapshotError) {
    guard let begun = try Self.begun(in: store) else { return nil }
    try begun.verify(genesis: genesis)
    try self.init(begun, store, genesis, contracts)
  }

  private init(
    _ manifest: SnapshotManifest, _ store: any KeyValueStore, _ genesis: Genesis, _ contracts: ContractRegistry
  ) throws(SnapshotError) {
    self.manifest = manifest
    self.store = store
    self.genesis = genesis
    self.contracts = contracts
    suite = genesis.suite
    do throws(GenesisError) {
      running = try Executor(genesis: genesis, registry: contracts).running
    } catch {
      throw .genesis(error)
    }
    let count = manifest.chunkCount
    missing = try Self.wrap {
      try store.read { reader in
        try (0..<count).filter { try reader.get(LedgerTables.importing, Self.key($0)) == nil }
      }
    }
  }

  /// Decodes a manifest from outside.
  /// - Throws: `SnapshotError.manifest`.
  public static func manifest(_ bytes: [UInt8]) throws(SnapshotError) -> SnapshotManifest {
    guard bytes.count <= SnapshotManifest.byteLimit else { throw .manifest(.tooLarge(bytes: bytes.count)) }
    do throws(CanonicalError) {
      return try SnapshotManifest(canonicalBytes: bytes)
    } catch {
      throw .manifest(.malformed(error))
    }
  }

  /// Decodes, verifies and stores chunk `number`. One that is here already changes nothing.
  ///
  /// - Throws: `SnapshotError.noSuchChunk`, `.chunk` naming the check, `.store`. Nothing of the chunk is stored then.
  public mutating func add(_ bytes: [UInt8], as number: Int) throws(SnapshotError) {
    guard bytes.count <= SnapshotManifest.chunkLimit(genesis.parameters) else { throw .chunk(number, .tooLarge(bytes: bytes.count)) }
    let chunk: SnapshotChunk
    do throws(CanonicalError) {
      chunk = try SnapshotChunk(canonicalBytes: bytes)
    } catch {
      throw .chunk(number, .malformed(error))
    }
    try add(chunk, as: number)
  }

  /// Verifies and stores chunk `number`. One that is here already changes nothing.
  ///
  /// - Throws: `SnapshotError.noSuchChunk`, `.chunk` naming the check, `.store`. Nothing of the chunk is stored then.
  public mutating func add(_ chunk: SnapshotChunk, as number: Int) throws(SnapshotError) {
    try chunk.verify(as: number, of: manifest, genesis: genesis)
    guard let place = missing.firstIndex(of: number) else { return }
    try Self.wrap {
      try store.write { writer in
        switch chunk {
        case .window(let blocks): for block in blocks { try put(block, writer) }
        case .state(let state): for record in state.records { try put(record, number, writer) }
        }
        try writer.put(LedgerTables.importing, Self.key(number), [])
      }
    }
    missing.remove(at: place)
  }

  private func put(_ block: WindowBlock, _ writer: any KeyValueWriter) throws {
    let height = block.header.height
    let key = LedgerTables.key(height)
    try writer.put(LedgerTables.headers, key, block.header.canonicalBytes)
    try writer.put(LedgerTables.window, key, block.leaves.canonicalBytes)
    #if DEBUG
      if LedgerMutation.planted == .importWithoutWindow { return }
    #endif
    for (index, leaf) in block.leaves.enumerated() {
      let place = TransactionPlace(height: height, index: UInt32(index))
      try writer.put(LedgerTables.places, leaf.id.digest.bytes, place.canonicalBytes)
    }
  }

  private func put(_ record: SnapshotRecord, _ number: Int, _ writer: any KeyValueWriter) throws {
    guard record.key.count <= StateKey.byteLimit else { throw SnapshotError.chunk(number, .unreadableRecord(key: record.key)) }
    // Older states are not here, so a record counts as written at the snapshot's height.
    let stored = VersionedValue(version: manifest.height, value: record.value)
    try writer.put(LedgerTables.current, record.key, stored.canonicalBytes)
    try writer.put(LedgerTables.importKeys, suite.hash(record.key).bytes, record.key)
  }

  /// Builds the state tree and the indexes, then makes the store the chain's ledger in one transaction, and opens it.
  ///
  /// May be called again after it failed or the process ended.
  /// - Parameter position: The engine's position of the snapshot's block, if the host knows it.
  /// - Throws: `SnapshotError.missingChunks`, `.damagedStore`, `.ledger`, `.store`.
  /// - Complexity: O(state), in the memory of one batch of records.
  public func finish(position: UInt64 = 0) throws(SnapshotError) -> Ledger {
    guard missing.isEmpty else { throw .missingChunks(missing) }
    if try !hasTree() {
      let root = try buildTree()
      guard root == manifest.checkpoint.stateRoot else {
        throw .damagedStore(expected: manifest.checkpoint.stateRoot, found: root)
      }
      try Self.wrap { try store.write { try $0.put(LedgerTables.importing, Self.treeKey, []) } }
    }
    try checkSeats()
    try buildIndexes()
    // The tree is in this order now.
    try Self.removeAll(LedgerTables.importKeys, to: nil, in: store)
    try Self.wrap { try store.write { try complete($0, position: position) } }
    do throws(LedgerError) {
      return try Ledger(store: store, genesis: genesis, contracts: contracts)
    } catch {
      throw .ledger(error)
    }
  }

  /// The state says who signs from here on, and the checkpoint has to say the same.
  private func checkSeats() throws(SnapshotError) {
    let height = manifest.height
    let seats = try Self.wrap { try store.read { try Ledger.seats(LedgerState(reader: $0, height: height, isHead: true, suite: suite)) } }
    guard seats.current.hash(genesis: manifest.genesis, suite: suite) == manifest.checkpoint.validatorSetHash else {
      throw .manifest(.validatorSet)
    }
  }

  /// How many records one transaction of `buildTree` covers.
  private static let recordsPerWrite = 2_000

  private func buildTree() throws(SnapshotError) -> Digest {
    var builder = StateTreeBuilder(suite: suite, version: manifest.height.rawValue)
    var from: [UInt8] = []
    while true {
      // What a write does may be repeated, so reading and building stand outside of it.
      let leaves = try Self.wrap { try store.read { try Self.leaves(from: from, suite: suite, reader: $0) } }
      for leaf in leaves { builder.add(leaf) }
      let nodes = builder.takeFinished()
      if !nodes.isEmpty { try Self.wrap { try store.write { try Self.put(nodes, $0) } } }
      guard leaves.count == Self.recordsPerWrite, let last = leaves.last else { break }
      from = last.keyHash.bytes + [0]
    }
    let root = builder.finish()
    let rest = builder.takeFinished()
    try Self.wrap { try store.write { try Self.put(rest, $0) } }
    return root
  }

  /// Index entries are derived by the contracts that run in this state: only when all of it is here, it says which these are.
  private func buildIndexes() throws(SnapshotError) {
    #if DEBUG
      if LedgerMutation.planted == .importWithoutIndex { return }
    #endif
    let height = manifest.height
    let contracts = try Self.wrap {
      try store.read { try running.registry(in: LedgerState(reader: $0, height: height, isHead: true, suite: suite)).registry }
    }
    if let missing = contracts.missing.first { throw .ledger(.missingContract(missing)) }
    var from: [UInt8] = []
    while true {
      let records = try Self.wrap { try store.read { try $0.range(LedgerTables.current, from: from, limit: Self.recordsPerWrite) } }
      try Self.wrap {
        try store.write { writer in
          for (key, bytes) in records {
            guard let value = try LedgerState.decode(bytes, table: LedgerTables.current, key: key).value else { continue }
            guard let entries = contracts.indexEntries(of: key, value: value) else { throw SnapshotError.unreadableRecord(key: key) }
            for entry in entries { try writer.put(LedgerTables.index, entry, IndexedTable.mark) }
          }
        }
      }
      guard records.count == Self.recordsPerWrite, let last = records.last else { return }
      from = last.key + [0]
    }
  }

  private static func leaves(from: [UInt8], suite: CryptoSuite, reader: any KeyValueReader) throws -> [StoredLeaf] {
    try reader.range(LedgerTables.importKeys, from: from, limit: recordsPerWrite).map { hash, key in
      guard let keyHash = Digest(hash), let bytes = try reader.get(LedgerTables.current, key),
        let value = try LedgerState.decode(bytes, table: LedgerTables.current, key: key).value
      else { throw StoreError.corrupt(table: LedgerTables.importKeys, key: hash) }
      return StoredLeaf(leaf: StateLeaf(keyHash: keyHash, valueHash: suite.hash(value)), key: key, value: value)
    }
  }

  private static func put(_ nodes: [(key: StateNodeKey, bytes: [UInt8])], _ writer: any KeyValueWriter) throws {
    for node in nodes { try writer.put(LedgerTables.nodes, node.key.storeKey, node.bytes) }
  }

  private func complete(_ writer: any KeyValueWriter, position: UInt64) throws {
    let height = manifest.height
    let key = LedgerTables.key(height)
    for node in manifest.historyNodes(suite: suite) {
      try writer.put(LedgerTables.history, HistoryNodes.key(level: node.level, index: node.index), node.digest.bytes)
    }
    for leaf in manifest.window { try writer.put(LedgerTables.leaves, LedgerTables.key(leaf.height), leaf.canonicalBytes) }
    try writer.put(LedgerTables.checkpoints, key, manifest.checkpoint.canonicalBytes)
    try writer.put(LedgerTables.certificates, key, manifest.certificate.canonicalBytes)
    for handover in manifest.handovers {
      let height = handover.certificate.checkpoint.height
      try writer.put(LedgerTables.certificates, LedgerTables.key(height), handover.certificate.canonicalBytes)
    }
    try writer.put(LedgerTables.meta, LedgerTables.snapshotKey, height.canonicalBytes)
    try writer.put(LedgerTables.meta, LedgerTables.genesisKey, genesis.canonicalBytes)
    let record = HeadRecord(
      height: height, blockID: manifest.checkpoint.blockID, position: position, history: manifest.history(suite: suite))
    try writer.put(LedgerTables.meta, LedgerTables.headKey, record.canonicalBytes)
    for (key, _) in try writer.range(LedgerTables.importing) { try writer.remove(LedgerTables.importing, key) }
  }
}

extension SnapshotImport {
  private static let manifestKey = Array("manifest".utf8)

  /// Says that the tree is built; less than `manifestKey`.
  private static let treeKey = Array("built".utf8)

  private func hasTree() throws(SnapshotError) -> Bool {
    try Self.wrap { try store.read { try $0.get(LedgerTables.importing, Self.treeKey) != nil } }
  }

  private static func key(_ number: Int) -> [UInt8] { UInt32(truncatingIfNeeded: number).keyBytes }

  /// The manifest of the unfinished import in a store, if there is one.
  static func manifest(in reader: any KeyValueReader) throws(LedgerError) -> SnapshotManifest? {
    let bytes = try LedgerError.wrap { try reader.get(LedgerTables.importing, manifestKey) }
    return try bytes.map { bytes throws(LedgerError) in try LedgerError.decode(bytes, "manifest of the import") }
  }

  private static func begun(in store: any KeyValueStore) throws(SnapshotError) -> SnapshotManifest? {
    try wrap { try store.read { try manifest(in: $0) } }
  }

  /// How many keys one transaction of `discard` removes.
  private static let removalsPerWrite = 5_000

  /// Removes an unfinished import. Does nothing to a store that holds a chain or nothing.
  ///
  /// - Throws: `SnapshotError.store`, `.ledger`.
  public static func discard(in store: any KeyValueStore) throws(SnapshotError) {
    guard try begun(in: store) != nil else { return }
    // First what says that chunks are here, last what says that there is an import.
    try removeAll(LedgerTables.importing, to: manifestKey, in: store)
    let tables = [
      LedgerTables.current, LedgerTables.importKeys, LedgerTables.index, LedgerTables.nodes, LedgerTables.places, LedgerTables.headers,
      LedgerTables.window, LedgerTables.importing,
    ]
    for table in tables { try removeAll(table, to: nil, in: store) }
  }

  private static func removeAll(_ table: StoreTable, to end: [UInt8]?, in store: any KeyValueStore) throws(SnapshotError) {
    var goesOn = true
    while goesOn {
      goesOn = try wrap {
        try store.write { writer in
          let found = try writer.range(table, to: end, limit: removalsPerWrite)
          for (key, _) in found { try writer.remove(table, key) }
          return found.count == removalsPerWrite
        }
      }
    }
  }

  private static func wrap<Value>(_ body: () throws -> Value) throws(SnapshotError) -> Value {
    do {
      return try body()
    } catch let error as SnapshotError {
      throw error
    } catch let error as LedgerError {
      throw .ledger(error)
    } catch let error as StoreError {
      throw .store(error)
    } catch {
      throw .ledger(.damaged("\(error)"))
    }
  }
}
