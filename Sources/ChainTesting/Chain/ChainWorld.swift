public import ChainCore
internal import ChainNode
internal import Consensus

/// Whole nodes of one chain under one seed: engine, mempool, collector, ledger and contracts of each, clients, virtual clocks and a
/// network with faults; what must hold is checked after every block.
///
/// ```swift
/// var world = try ChainWorld(MyWorkload(), engine: .simplex, seed: 7)
/// try world.run(milliseconds: 30_000)
/// try world.heal()
/// ```
/// Same seed, same run, on every machine: `traceHash` tells. Keys and signatures are real (Ed25519). A node's writes are durable
/// when reported; a crash loses those under way. Checked are: equal blocks and checkpoints at each height, each transaction once,
/// nothing that a client was told is lost, an order that no client can contradict (what was done before another call began stands
/// before it), and what the workload says; with a `RegisterWorkload` also what clients are told and read.
public struct ChainWorld: FaultyWorld, Sendable {
  /// Which faults a world has.
  public enum FaultPlan: Sendable, Hashable {
    /// Those that the seed draws.
    case swarm
    /// These.
    case these(ChainFaults)
  }

  struct Host {
    let id: ReplicaID
    let key: PrivateKey
    let clockSkew: Int
    var core: NodeCore?
    let ledger: Ledger
    let store: MemoryStore
    let votes = MemoryStore()
    /// Counts process lives: answers to an earlier one are not delivered.
    var life = 0
    var restartAt: Int?
    var isLiar = false
    var writeDue = 0
    /// Final blocks on their way through execution and commit.
    var executions: [Execution] = []
    var executionDue = 0
    /// What catching up waits with meanwhile.
    var heldSync: [StateSync.Event] = []
    var startedAt = 0
    /// Whether its votes are on disk.
    var hasJournal = false
    var steward: Steward
    var catchUp: NodeSync
    var server: SyncServer
    /// Proposed blocks that may yet become valid.
    var undecided: [(request: ValidationRequest, signatures: Ledger.SignatureCheck)] = []
  }

  /// A final block; executed early if those before it were still being written.
  struct Execution {
    let block: Block
    let position: UInt64
    let signatures: Ledger.SignatureCheck
    var early: ExecutedBlock?
  }

  enum Item {
    case message([UInt8], from: Int, to: Int)
    case event(NodeCore.Event, of: Int, life: Int)
    case write(EngineWrite, of: Int, life: Int)
    case execution(of: Int, life: Int)
    case tick(Int, life: Int)
    case retry(TransactionID)
  }

  /// What a client waits for.
  struct Call {
    let signed: SignedTransaction
    /// Whom it was given to last.
    var validator: Int
    /// What was answered to any client before this call began stands before it.
    let after: CallPlace
    var isAnswered = false
    /// Whether an honest validator has it.
    var isKnown = false
  }

  /// How often nodes are told the time, in milliseconds.
  static let tickMs = 50

  /// The seed.
  public let seed: UInt64
  /// The faults of this run.
  public let faults: ChainFaults
  /// The virtual time, in milliseconds.
  public internal(set) var now = 0
  /// How many events nodes handled.
  public internal(set) var steps = 0
  /// A hash over everything that happened.
  public internal(set) var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
  /// What the run exercised.
  public internal(set) var sights: [ChainSight: Int] = [:]
  /// The greatest time between two blocks, in milliseconds, while clients had calls open and no quorum was missing.
  public internal(set) var longestPauseMs = 0
  var random: SeededRandom
  var injection = FaultLedger()
  var workload: any ChainWorkload
  let founding: Founding
  var validators: [Host] = []
  let places: [ReplicaID: Int]
  var calendar: [Int: [Item]] = [:]
  /// Links that carry nothing: from * count + to.
  var blocked: Set<Int> = []
  var healsAt = 0
  var isHealed = false
  var calls: [TransactionID: Call] = [:]
  var open = 0
  /// Calls that an honest validator has and no block.
  var waiting = 0
  /// The chain as the first to execute each height has it.
  var chain: [Checkpoint] = []
  var committed: [TransactionID: CallPlace] = [:]
  var answered = CallPlace(height: 0, index: 0)
  var lastBlockAt = 0
  var checked: [SignatureCheck: Bool] = [:]
  var liar = ChainLiar()
  /// What stewards made.
  var attendance: [TransactionID: EntryName] = [:]
  /// Transactions that others gave to validators.
  var guests: Set<TransactionID> = []
  /// The operator's change that is under way.
  var change: TransactionID?
  /// What clients know, with a `RegisterWorkload`.
  var sessions: ChainSessions?
  var recent: [String] = []
  let tracedLines: Int

  /// A chain of `validators` validators with empty ledgers.
  /// - Parameter tracedLines: How many of the last lines a failure's report tells.
  public init(
    _ workload: some ChainWorkload, engine: EngineKind = .simplex, validators count: Int? = nil, seed: UInt64,
    faults plan: FaultPlan = .swarm,
    tracedLines: Int = 200
  ) throws {
    var random = SeededRandom(seed)
    let faults: ChainFaults
    switch plan {
    case .swarm: faults = .swarm(&random, mayLie: engine == .simplex)
    case .these(let these): faults = these
    }
    let count = count ?? (engine == .simplex ? 4 : 3)
    let organisations = workload.organisations.sorted { $0.key < $1.key }
    var parameters = ChainParameters()
    parameters.idleIntervalMs = 3_000
    if faults.changes > 0 { parameters.epochLength = Self.shortEpoch }
    let founding = try Founding(
      FoundingPlan(
        chain: "henan/410100", suite: .international, engine: engine, validators: Array(repeating: Founding.platform, count: count),
        organisations: organisations.map { GenesisOrganisation(id: $0.key, name: $0.key.rawValue, roles: $0.value) },
        members: organisations.map { (organisation: $0.key, name: "clerk") }, contracts: workload.contracts,
        configurations: workload.configurations, parameters: parameters, time: 1_700_000_000_000)
    ) { purpose throws(KeyError) in
      try PrivateKey(
        suite: .international, secret: CryptoSuite.international.hash(Array("world \(seed) \(purpose)".utf8)).bytes)
    }
    try self.init(workload, founding: founding, seed: seed, faults: faults, random: random, tracedLines: tracedLines)
  }

  /// Nodes of a chain that was founded with the suite `international`; their ledgers are empty.
  init(
    _ workload: some ChainWorkload, founding: Founding, seed: UInt64, faults: ChainFaults, random: SeededRandom, tracedLines: Int
  ) throws {
    self.seed = seed
    self.tracedLines = max(2, tracedLines)
    self.workload = workload
    if workload is RegisterWorkload { sessions = ChainSessions() }
    self.random = random
    self.faults = faults
    self.founding = founding
    let engine = founding.genesis.engine
    var keys = founding.validatorKeys
    let count = keys.count
    for spare in 0..<(faults.changes > 0 ? 2 : 0) {
      keys.append(
        try PrivateKey(suite: .international, secret: CryptoSuite.international.hash(Array("world \(seed) spare \(spare)".utf8)).bytes))
    }
    let ids = keys.map { ReplicaID(CryptoSuite.international.accountID(of: $0.publicKey)) }
    places = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
    for (index, id) in ids.enumerated() {
      let error = engine == .raft && index == 0 ? faults.wrongClockMs : 0
      let store = MemoryStore()
      let ledger = try Ledger(store: store, genesis: founding.genesis, contracts: founding.registry)
      validators.append(
        Host(
          id: id, key: keys[index], clockSkew: error + self.random.below(faults.clockSkewMs + 1), core: nil, ledger: ledger, store: store,
          steward: Steward(account: founding.administrator, key: keys[index]),
          catchUp: NodeSync(ledger, key: keys[index].publicKey, store: store, peers: ids.filter { $0 != id }), server: SyncServer(ledger)))
    }
    for _ in 0..<faults.liars where engine == .simplex { validators[self.random.below(count)].isLiar = true }
    for index in validators.indices { try start(index) }
  }

  var honest: [Int] { validators.indices.filter { !validators[$0].isLiar } }

  /// How often `sight` was seen.
  public func seen(_ sight: ChainSight) -> Int { sights[sight] ?? 0 }

  /// The height that some honest node reached.
  public var height: Int { chain.count }

  /// Transactions in blocks.
  public var transactions: Int { committed.count }

  /// The last things that happened, oldest first.
  public var trace: [String] { recent }

  /// Runs so long under faults, with clients calling.
  /// - Throws: `CheckFailure` at the first broken promise.
  public mutating func run(milliseconds: Int) throws {
    let end = now + milliseconds
    while now < end {
      try tick()
      enter(.call)
      if random.below(100) < faults.callRate, open < 400 { try call() }
      if faults.changes > 0 { try changeValidators() }
      if sessions != nil, now.isMultiple(of: 10) { try read() }
    }
  }

  /// Ends all faults but the liars', and checks that every open call is answered and all honest nodes have the same state.
  /// - Throws: `CheckFailure`.
  public mutating func heal() throws {
    try endFaults()
    let end = now + 60_000
    while now < end, open > 0 || !isAgreed { try tick() }
    if open > 0 { throw failure("\(open) calls are not answered after a minute of calm") }
    guard isAgreed else {
      throw failure(
        "honest nodes differ after a minute of calm: heights \(concerned.map { "N\($0): \(validators[$0].ledger.head.height)" })")
    }
    try checkCalls()
  }

  /// Ends all faults but the liars'.
  mutating func endFaults() throws {
    isHealed = true
    blocked = []
    for index in validators.indices where validators[index].core == nil { try start(index) }
  }

  /// How long a chain may stand still, in milliseconds, while at most one of its validators restarts or lies and the network is quick.
  ///
  /// A view whose leader is away costs 2D, one whose leader lies 3D; D is 500 ms, and the next one's leader is honest. Beside that:
  /// the restarted node's own pause, hops and writes.
  public static let pauseBoundMs = 3_000

  /// Whether the faults of this world are those that `pauseBoundMs` is for.
  public var isBounded: Bool { faults == .restarting || faults == .lying }

  /// Checks `longestPauseMs` against `pauseBoundMs`, for worlds whose faults are within what the bound is for.
  /// - Throws: `CheckFailure`.
  public func checkPauses() throws {
    if isBounded, longestPauseMs > Self.pauseBoundMs { throw failure("nothing was executed for \(longestPauseMs) ms while clients waited") }
  }

  /// The honest nodes that the chain knows: strangers and those that left are told nothing.
  private var concerned: [Int] {
    let seats = newestSeats.everyone.compactMap { places[$0.replica(suite: .international)] }
    return honest.filter { seats.contains($0) }
  }

  private var isAgreed: Bool {
    guard let first = concerned.first else { return true }
    let head = validators[first].ledger.head
    return concerned.allSatisfy { validators[$0].ledger.head.checkpoint == head.checkpoint }
      && concerned.allSatisfy { validators[$0].ledger.newestCertified == head.height }
  }

  mutating func tick() throws {
    now += 1
    if !isHealed { makeFaults() }
    for index in validators.indices {
      if let due = validators[index].restartAt, due <= now { try start(index) }
    }
    guard let items = calendar.removeValue(forKey: now) else { return }
    for item in items { try happen(item) }
  }

  mutating func schedule(_ item: Item, in milliseconds: Int) { calendar[now + max(1, milliseconds), default: []].append(item) }

  private mutating func happen(_ item: Item) throws {
    switch item {
    case .message(let bytes, let from, let to): try step(to, .received(bytes, from: validators[from].id))
    case .event(let event, let index, let life): if validators[index].life == life { try step(index, event) }
    case .write(let write, let index, let life):
      guard validators[index].life == life else { return note(.lostWrite) }
      try validators[index].votes.write { try write.apply(to: $0) }
      validators[index].hasJournal = true
      try step(index, .persisted(sequence: write.sequence))
    case .execution(let index, let life): if validators[index].life == life { try executeNext(index) }
    case .tick(let index, let life):
      guard validators[index].life == life else { return }
      schedule(.tick(index, life: life), in: Self.tickMs)
      judgeAgain(index)
      try step(index, .time(clock(index)))
      try tellTime(index)
      try attend(index)
    case .retry(let id): try retry(id)
    }
  }

  func clock(_ index: Int) -> MonotonicInstant { MonotonicInstant(UInt64(now)) }

  func wallClock(_ index: Int) -> BlockTime {
    BlockTime(founding.genesis.time.rawValue + UInt64(now + validators[index].clockSkew))
  }

  mutating func note(_ sight: ChainSight) { sights[sight, default: 0] += 1 }

  mutating func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 0x100_0000_01b3 }

  mutating func log(_ line: String) {
    recent.append("\(now) \(line)")
    if recent.count > tracedLines { recent.removeFirst(tracedLines / 2) }
  }

  func failure(_ what: String) -> CheckFailure { CheckFailure(seed: seed, step: steps, what: what, trace: recent, world: "chain") }
}
