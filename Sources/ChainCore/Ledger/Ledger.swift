internal import Synchronization

/// The newest block of a ledger.
public struct LedgerHead: Sendable, Hashable {
  /// Its header.
  public var header: BlockHeader
  /// Its id.
  public var blockID: BlockID
  /// What validators sign of it.
  public var checkpoint: Checkpoint
  /// The engine's position of it, such as a Raft log index.
  public var position: UInt64
  /// Who has a seat, or will have one.
  public var seats: ValidatorSeats
  /// The numbers the chain is run by, and what was decided of them.
  public var schedule: ParameterSchedule

  /// The set that signs the checkpoint of the next height.
  public var validators: ValidatorSet { seats.current }

  /// Its height.
  public var height: BlockHeight { header.height }
}

/// One chain's blocks, receipts, state and proofs in one store.
///
/// Each block is one storage transaction: after a crash the ledger is at a block boundary, and the same block again is a no-op.
/// Reads take snapshots and may come from any thread; commits come one at a time.
public final class Ledger: Sendable {
  /// The chain's genesis.
  public let genesis: Genesis
  /// Its id.
  public let genesisID: GenesisID
  /// What runs the contracts.
  public let executor: Executor
  private let genesisRules: BlockRules
  /// The height of the snapshot that this ledger began with; 0 if it began with genesis. It never had blocks up to it nor states below it.
  public let base: BlockHeight
  let store: any KeyValueStore
  let memory: Mutex<Memory>
  private let writing = Mutex<Void>(())
  let admittedCallers = Mutex(AdmittedCallers())
  #if DEBUG
    /// The head when the ledger was opened, for a planted defect.
    let openedAt: BlockHeight
  #endif

  struct Memory: Sendable {
    var head: LedgerHead
    var history: AppendOnlyTree
    /// Certificates that the next commit stores.
    var certificates: [BlockHeight: CheckpointCertificate] = [:]
    var newestCertified: BlockHeight
    /// Every set that was current and the first height that it signs, oldest first.
    var sets: [SeatedSet]
    /// The oldest height whose state is kept.
    var oldestState: BlockHeight
    /// The oldest height whose block is kept.
    var oldestBlock: BlockHeight
    /// How often the states of heights are held.
    var holds: [BlockHeight: Int] = [:]
  }

  /// The chain's suite.
  public var suite: CryptoSuite { genesis.suite }
  /// The rules of form for blocks after the head.
  public var rules: BlockRules { genesisRules.with(memory.withLock { $0.head.schedule }) }
  /// The newest block.
  public var head: LedgerHead { memory.withLock { $0.head } }

  /// Opens the chain of `genesis` in `store`, creating its genesis state if the store is empty.
  ///
  /// - Throws: `LedgerError.otherGenesis` if the store holds another chain, `.genesis` if this host lacks a contract of genesis that an
  ///   empty store needs, `.missingContract` if it lacks one that runs now.
  public init(store: any KeyValueStore, genesis: Genesis, contracts: ContractRegistry) throws(LedgerError) {
    self.genesis = genesis
    self.store = store
    genesisRules = BlockRules(genesis: genesis)
    genesisID = genesisRules.genesisID
    do throws(GenesisError) {
      executor = try Executor(genesis: genesis, registry: contracts)
    } catch {
      throw .genesis(error)
    }
    let (found, importing, base) = try Self.reading(store) { reader throws(LedgerError) in
      (
        try LedgerError.wrap { try reader.get(LedgerTables.meta, LedgerTables.genesisKey) },
        try SnapshotImport.manifest(in: reader)?.height,
        try LedgerError.wrap { try reader.get(LedgerTables.meta, LedgerTables.snapshotKey) }
      )
    }
    if let importing { throw .unfinishedImport(importing) }
    self.base = try base.map { bytes throws(LedgerError) in try LedgerError.decode(bytes, "height of the snapshot") } ?? 0
    if let found {
      let stored: Genesis = try LedgerError.decode(found, "genesis")
      guard stored.id == genesisID else { throw .otherGenesis(expected: genesisID, found: stored.id) }
    } else {
      try Self.create(genesis, id: genesisID, executor: executor, store: store)
    }
    let loaded = try Self.load(genesis, base: self.base, store: store)
    try Self.requireContracts(executor, at: loaded.head.height, store: store)
    memory = Mutex(loaded)
    SM2Verifier.pin(loaded.head.seats.current.members.map(\.key))
    #if DEBUG
      openedAt = loaded.head.height
    #endif
  }

  /// The genesis of the chain in `store`.
  /// - Throws: `LedgerError.empty` if there is none.
  public static func genesis(in store: any KeyValueStore) throws(LedgerError) -> Genesis {
    let bytes = try reading(store) { reader throws(LedgerError) in
      try LedgerError.wrap { try reader.get(LedgerTables.meta, LedgerTables.genesisKey) }
    }
    guard let bytes else { throw .empty }
    return try LedgerError.decode(bytes, "genesis")
  }

  /// Runs `body` alone among writers.
  func exclusively<Value: Sendable>(_ body: () throws(LedgerError) -> Value) throws(LedgerError) -> Value {
    try writing.withLock { _ throws(LedgerError) in try body() }
  }

  func reading<Value>(_ body: (any KeyValueReader) throws(LedgerError) -> Value) throws(LedgerError) -> Value {
    try Self.reading(store, body)
  }

  /// As `reading`, without the limit of time that a read has; begins again if a writer had to grow the store.
  func readingAtLength<Value>(_ body: (any KeyValueReader) throws(LedgerError) -> Value) throws(LedgerError) -> Value {
    while true {
      do throws(LedgerError) {
        return try LedgerError.wrap { try store.readAtLength { reader in try body(reader) } }
      } catch {
        guard case .store(.readExpired) = error else { throw error }
      }
    }
  }

  static func reading<Value>(
    _ store: any KeyValueStore, _ body: (any KeyValueReader) throws(LedgerError) -> Value
  ) throws(LedgerError) -> Value {
    try LedgerError.wrap { try store.read { reader in try body(reader) } }
  }

  private static func load(_ genesis: Genesis, base: BlockHeight, store: any KeyValueStore) throws(LedgerError) -> Memory {
    try reading(store) { reader throws(LedgerError) in
      func required<Value: CanonicalCodable>(_ table: StoreTable, _ key: [UInt8], _ what: String) throws(LedgerError) -> Value {
        guard let bytes = try LedgerError.wrap({ try reader.get(table, key) }) else { throw .damaged("\(what) is missing") }
        return try LedgerError.decode(bytes, what)
      }
      let record: HeadRecord = try required(LedgerTables.meta, LedgerTables.headKey, "head")
      let key = LedgerTables.key(record.height)
      let state = LedgerState(reader: reader, height: record.height, isHead: true, suite: genesis.suite)
      let head = LedgerHead(
        header: try required(LedgerTables.headers, key, "header \(record.height)"), blockID: record.blockID,
        checkpoint: try required(LedgerTables.checkpoints, key, "checkpoint \(record.height)"), position: record.position,
        seats: try Self.seats(state), schedule: try LedgerError.wrap { try ParameterSchedule.read(from: state, genesis: genesis) })
      let certified = try LedgerError.wrap { try reader.last(LedgerTables.certificates) }
      let newest = certified.flatMap { UInt64(bigEndian: $0.key) }.map { BlockHeight($0) } ?? 0
      return Memory(
        head: head, history: record.history, newestCertified: newest, sets: try Self.sets(state),
        oldestState: try Self.height(LedgerTables.oldestStateKey, in: reader) ?? base,
        oldestBlock: try Self.height(LedgerTables.oldestBlockKey, in: reader)
          ?? (base == 0 ? 0 : SnapshotManifest.windowStart(at: base, parameters: genesis.parameters)))
    }
  }
}

extension UInt64 {
  /// The number of eight big-endian bytes.
  init?(bigEndian bytes: [UInt8]) {
    var slice = bytes[...]
    guard bytes.count == 8, let value = UInt64(key: &slice) else { return nil }
    self = value
  }
}

extension LedgerError {
  /// Runs what may throw a `StoreError`; anything else that is not of ours is damage.
  static func wrap<Value>(_ body: () throws -> Value) throws(LedgerError) -> Value {
    do {
      return try body()
    } catch let error as LedgerError {
      throw error
    } catch let error as StoreError {
      throw .store(error)
    } catch let fault as ExecutionFault {
      switch fault {
      case .store(let error): throw .store(error)
      case .missingContract(let missing): throw .missingContract(missing)
      }
    } catch {
      throw .damaged("\(error)")
    }
  }

  static func decode<Value: CanonicalCodable>(_ bytes: [UInt8], _ what: String) throws(LedgerError) -> Value {
    do {
      return try Value(canonicalBytes: bytes)
    } catch {
      throw .damaged("\(what): \(error)")
    }
  }
}
