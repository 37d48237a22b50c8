internal import ChainCore

/// Two executors of one chain's blocks under one seed, on stores that crash, fill up, fail to sync and decay, beside a model in plain Swift.
///
/// ```swift
/// var world = try LedgerWorld(seed: 7)
/// try world.run(blocks: 40)
/// ```
/// Same seed, same run, on every machine: `traceHash` tells. No consensus, no network, no time: one block after another. Checked after
/// each block, on each executor: its checkpoint is the other's; receipts, events, records, indexes and their history are the model's;
/// proofs verify under the checkpoints of their heights; what was answered is still there after a crash; what is forbidden is refused
/// and leaves nothing.
public struct LedgerWorld {
  /// A ledger and what it must remember.
  struct Node {
    var store = SimulatedStore()
    var ledger: Ledger
    /// The greatest height whose commit was answered.
    var answered: BlockHeight = 0
    /// The greatest height that it was given to commit.
    var given: BlockHeight = 0
    /// Heights whose certificates it was given; those up to `durable` are on disk.
    var certificates: [BlockHeight] = []
    var durableCertificates = 0
    /// What decayed, if anything did.
    var rot: String?
  }

  /// A transaction of the chain and what must have become of it.
  struct Record {
    var signed: SignedTransaction
    var id: TransactionID
    var height: BlockHeight
    var index: Int
    var outcome: VaultOutcome
  }

  /// The seed.
  public let seed: UInt64
  /// The faults of this run.
  public let faults: LedgerFaults
  /// How many things were done to ledgers.
  public internal(set) var steps = 0
  /// A hash over everything that happened.
  public internal(set) var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
  /// What the run exercised.
  public internal(set) var sights: [LedgerSight: Int] = [:]
  var random: SeededRandom
  let founding: Founding
  let genesisID: GenesisID
  let tellers: [Account]
  let guest: Account
  var nodes: [Node] = []
  /// By height.
  var blocks: [Block] = []
  var blockIDs: [BlockID] = []
  /// By height, as the first to execute it computed them.
  var checkpoints: [Checkpoint] = []
  var models: [VaultModel] = [VaultModel()]
  var certificates: [CheckpointCertificate?] = []
  var records: [Record] = []
  /// The first record of each height.
  var firstRecord: [Int] = [0]
  var salt: UInt64 = 0
  var roots = StateRootModel(suite: suite, genesis: [])
  var audit = AuditModel(suite: suite)
  private var recent: [String] = []
  private let tracedLines: Int

  static let suite = CryptoSuite.international
  var suite: CryptoSuite { Self.suite }

  /// Two executors at genesis.
  /// - Parameter tracedLines: How many of the last lines a failure's report tells.
  public init(seed: UInt64, tracedLines: Int = 60) throws {
    self.seed = seed
    self.tracedLines = max(2, tracedLines)
    random = SeededRandom(seed)
    faults = .swarm(&random)
    let parameters = ChainParameters(
      callLimits: CallLimits(writes: UInt32(VaultModel.writeLimit)), transactionBytes: 2_048, transactionWindow: faults.window)
    founding = try Founding(
      FoundingPlan(
        chain: "henan/410100", suite: Self.suite, engine: .raft,
        organisations: [
          GenesisOrganisation(id: "bank", name: "bank", roles: ["teller"]), GenesisOrganisation(id: "guest", name: "guest", roles: []),
        ], members: [("bank", "one"), ("bank", "two"), ("guest", "one")], contracts: [VaultContract()], parameters: parameters,
        time: 1_700_000_000_000)
    ) { purpose throws(KeyError) in
      try PrivateKey(suite: Self.suite, secret: Self.suite.hash(Array("ledger \(seed) \(purpose)".utf8)).bytes)
    }
    genesisID = founding.genesis.id
    guard let one = founding.member("bank", "one"), let two = founding.member("bank", "two"), let guest = founding.member("guest", "one")
    else { throw CheckFailure(seed: seed, step: 0, what: "the founding lacks members", trace: [], world: "ledger") }
    tellers = [one, two]
    self.guest = guest
  }

  /// How often `sight` was seen.
  public func seen(_ sight: LedgerSight) -> Int { sights[sight] ?? 0 }

  /// The last things that happened, oldest first.
  public var trace: [String] { recent }

  /// Transactions in blocks.
  public var transactions: Int { records.count }

  /// Makes so many blocks under faults, then compares everything.
  /// - Throws: `CheckFailure` at the first broken promise.
  public mutating func run(blocks count: Int) throws {
    do {
      for index in 0..<2 { try begin(index) }
      for _ in 0..<count {
        makeBlock()
        for index in nodes.indices where index == 0 || !random.chance(faults.lag) { try catchUp(index) }
        let index = random.below(nodes.count)
        if random.chance(faults.attacks) { try guarded(index) { world throws in try world.attack(index) } }
        try disturb()
      }
      for index in nodes.indices { try catchUp(index) }
      try finish()
    } catch let failure as CheckFailure {
      throw failure
    } catch {
      throw failure("unexpected: \(error)")
    }
  }

  /// Does `body` on an executor; if it meets the decay that was planted there, the executor begins again from the blocks.
  mutating func guarded(_ index: Int, _ body: (inout LedgerWorld) throws -> Void) throws {
    do {
      try body(&self)
    } catch  where Self.isDamage(error) {
      guard let rot = nodes[index].rot else { throw failure("L\(index) finds damage where there is none: \(error)") }
      log("L\(index) notices \(rot)")
      note(.rotFound)
      try begin(index)
      try catchUp(index)
    }
  }

  private static func isDamage(_ error: any Error) -> Bool {
    switch error {
    case StoreError.corrupt, LedgerError.store(.corrupt), QueryError.ledger(.store(.corrupt)), AdmissionError.ledger(.store(.corrupt)),
      AdmissionError.refused(.unreadable),
      SnapshotError.store(.corrupt), SnapshotError.ledger(.store(.corrupt)):
      true
    default: false
    }
  }

  /// What happens between blocks.
  private mutating func disturb() throws {
    for index in nodes.indices {
      if random.chance(faults.restarts) {
        log("L\(index) restarts")
        try guarded(index) { world throws in try world.reopen(index) }
      }
      if nodes[index].rot == nil, random.chance(faults.rot) {
        let place = try nodes[index].store.rot(&random)
        nodes[index].rot = place
        log("L\(index): decay in \(place ?? "nothing")")
      }
    }
    if random.chance(faults.snapshots) { try beginWithSnapshot() }
    for index in nodes.indices where random.chance(faults.pruning) {
      try guarded(index) { world throws in try world.prune(index) }
    }
  }

  private mutating func finish() throws {
    for index in nodes.indices {
      try guarded(index) { world throws in
        try world.reopen(index)
        for height in 1...UInt64(world.blocks.count - 1) { try world.check(index, BlockHeight(height)) }
        let ledger = world.nodes[index].ledger
        guard ledger.base == 0, ledger.oldestBlock == 0, world.seed.isMultiple(of: 4) else { return }
        let report = try ledger.verify()
        guard report.height == ledger.head.height else { throw world.failure("L\(index): not everything was executed again") }
        world.note(.verified)
      }
    }
  }

  mutating func note(_ sight: LedgerSight) {
    sights[sight, default: 0] += 1
    mix(sight.rawValue.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
  }

  mutating func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 0x100_0000_01b3 }

  mutating func log(_ line: @autoclosure () -> String) {
    recent.append("\(steps) \(line())")
    if recent.count > tracedLines { recent.removeFirst(tracedLines / 2) }
  }

  func failure(_ what: String) -> CheckFailure { CheckFailure(seed: seed, step: steps, what: what, trace: recent, world: "ledger") }
}
