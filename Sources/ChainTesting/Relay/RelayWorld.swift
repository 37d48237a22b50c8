internal import ChainCore
internal import CrossChain

/// A relay and member chains under one seed: ledgers with real contracts and certificates of a quorum, relayers that race each other,
/// one that lies, and clients that send packets both ways; what must hold is checked after every block.
///
/// ```swift
/// var world = try RelayWorld(ParcelWorkload(), seed: 7)
/// try await world.run(milliseconds: 60_000)
/// try await world.heal()
/// ```
/// Same seed, same run, on every machine: `traceHash` tells. A chain makes a block of what came in every few hundred milliseconds of its
/// own clock, and its certificate follows later; consensus is `ChainWorld`'s matter. With the shape `.province` the relay is such a
/// world of its own: four whole nodes with Simplex, of which one may lie. Checked are: packets are
/// numbered in order, received at most once and only while they have time, never both paid out and given back, and end as the
/// destination answered; records match what happened; light clients hold nothing that their chain does not have; what the workload
/// says; and in the end, that every packet is settled and the relay's log is what its events tell.
public struct RelayWorld: Sendable {
  /// Which faults a world has.
  public enum FaultPlan: Sendable, Hashable {
    /// Those that the seed draws.
    case swarm
    /// These.
    case these(RelayFaults)
  }

  /// How many chains a world has, and what its relay is.
  public enum Shape: Sendable, Hashable {
    /// Two or three members, as the seed draws; the relay is one ledger.
    case few
    /// So many members, at least two; the relay is one ledger.
    case members(Int)
    /// The main chain and so many subchains of a province, three relayers; the relay is four whole nodes.
    case province(subchains: Int)
  }

  /// The finest step of the virtual clock, in milliseconds.
  static let stepMs = 10

  /// The seed.
  public let seed: UInt64
  /// The faults of this run.
  public let faults: RelayFaults
  /// The virtual time, in milliseconds.
  public internal(set) var now = 0
  /// How many blocks were made and how often relayers looked.
  public internal(set) var steps = 0
  /// A hash over everything that happened.
  public internal(set) var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
  /// What the run exercised.
  public internal(set) var sights: [RelaySight: Int] = [:]
  /// The longest time that a packet needed to settle after the faults ended, or after it had been sent, in milliseconds.
  public internal(set) var longestSettlementMs = 0
  var random: SeededRandom
  var workload: any RelayWorkload
  /// The relay first, then the members.
  var chains: [WorldChain] = []
  var relayers: [WorldRelayer] = []
  var calendar: [Int: [WorldDelivery]] = [:]
  var isHealed = false
  var healedAt = 0
  /// Who made a transaction, for what is counted.
  var origins: [TransactionID: WorldOrigin] = [:]
  /// Calls of clients that no block holds yet.
  var openCalls = 0
  var salt: UInt64 = 0
  var packets: [PacketKey: PacketTrack] = [:]
  /// The packets in the order in which they were sent.
  var order: [PacketKey] = []
  var unsettled = 0
  /// Transactions over several chains, those that are not over in order, and how many are not decided.
  var deals: [Digest: WorldDeal] = [:]
  var dealOrder: [Digest] = []
  var openDeals = 0
  /// How many packets each member sent.
  var sentBy: [ChainID: Int] = [:]
  var nextSequence: [LaneID: UInt64] = [:]
  var logSize: UInt64 = 0
  /// Per lane: below which number the relay and the destination forgot, as they said.
  var forgottenByRelay: [LaneID: UInt64] = [:]
  var forgottenOnArrival: [LaneID: UInt64] = [:]
  /// Per ordered lane: the last number that arrived, expired or was passed over.
  var lastArrival: [LaneID: UInt64] = [:]
  /// Per window of the rated route: how many packets the relay took.
  var passed: [UInt64: UInt32] = [:]
  /// After how many settled packets relayers let a lane forget.
  let pruneLag: UInt64
  /// Whether relayers let all lanes forget what is left, in the end.
  var isForgetting = false
  /// Whether a packet is alone: the thief is silent too.
  var isQuiet = false
  /// Heights that light clients are known to trust, oldest first.
  var trusted: [ClientPlace: [BlockHeight]] = [:]
  /// The generation of the validators that light clients were seen with last.
  var followed: [ClientPlace: UInt64] = [:]
  var thief = RelayThief()
  /// The chain whose validators lied, in the very end.
  var rogue: Int?
  /// The relay's nodes, if it is whole nodes, and how far their blocks were checked.
  var cluster: ChainWorld?
  var checkedHeight: BlockHeight = 0
  /// Until when members, by their place, and relayers, by theirs, are cut off.
  var cutChains: [Int: Int] = [:]
  var cutRelayers: [Int: Int] = [:]
  var recent: [String] = []
  let tracedLines: Int

  /// A relay and two or three member chains with fresh ledgers, registered with each other.
  /// - Parameter tracedLines: How many of the last lines a failure's report tells.
  public init(
    _ workload: some RelayWorkload, shape: Shape = .few, seed: UInt64, faults plan: FaultPlan = .swarm, tracedLines: Int = 200
  ) throws {
    self.seed = seed
    self.tracedLines = max(2, tracedLines)
    self.workload = workload
    random = SeededRandom(seed)
    var isProvince = false
    if case .province = shape { isProvince = true }
    switch plan {
    case .swarm: faults = isProvince ? .province(&random) : .swarm(&random)
    case .these(let these): faults = these
    }
    pruneLag = [1, 4, 64][random.below(3)]
    switch shape {
    case .few: try found(members: WorldChain.few(random.chance(50) ? 3 : 2))
    case .members(let count): try found(members: WorldChain.few(max(2, count)))
    case .province(let subchains):
      try found(members: WorldChain.province(max(1, subchains)), isCluster: true, hasFaults: plan == .swarm)
    }
    for index in 0..<(isProvince ? 3 : 2 + random.below(2)) {
      relayers.append(
        WorldRelayer(
          organisation: WorldChain.carriers[index % WorldChain.carriers.count], periodMs: 600 + random.below(1_800),
          nextAt: (isProvince ? now : 0) + random.below(1_000)))
    }
  }

  /// How often `sight` was seen.
  public func seen(_ sight: RelaySight) -> Int { sights[sight] ?? 0 }

  /// Packets that came to their end.
  public var settledPackets: Int { packets.count - unsettled }

  /// The last things that happened, oldest first.
  public var trace: [String] { recent }

  /// Runs so long under faults, with clients sending.
  /// - Throws: `CheckFailure` at the first broken promise.
  public mutating func run(milliseconds: Int) async throws {
    let end = now + milliseconds
    while now < end {
      try await step()
      for index in chains.indices.dropFirst() where random.below(10_000) < faults.callRate { try call(on: index) }
    }
  }

  /// How long after the end of all faults, or after it was sent, every packet has to be settled, in milliseconds: four legs, each of
  /// which may wait for a clock that leads by 12 s where 5 are tolerated, and for a chain that pauses for 8 s.
  public static let settlementBoundMs = 60_000
  /// How long a member may still pause when the faults end.
  static let lastPauseMs = 8_000

  /// Ends all faults but the thief's, and checks that every packet settles and all records say so. Then single packets go to chains
  /// that pause: nothing else carries along what they need.
  /// - Throws: `CheckFailure`.
  public mutating func heal() async throws {
    isHealed = true
    try cluster?.endFaults()
    cutChains = [:]
    cutRelayers = [:]
    for index in relayers.indices { relayers[index].pausedUntil = 0 }
    // Not all come back at once.
    for index in chains.indices { chains[index].pausedUntil = index > 0 && random.chance(40) ? now + random.below(Self.lastPauseMs) : 0 }
    try await settle()
    try await closeDeals()
    for _ in 0..<2 {
      try call(on: 1 + random.below(chains.count - 1))
      chains[1 + random.below(chains.count - 1)].pausedUntil = now + random.below(Self.lastPauseMs)
      try await settle()
    }
    try await closeDeals()
    try await sendAlone()
    try checkEnd()
    try await forget()
    try checkSupervision()
    try await betray()
  }

  mutating func settle() async throws {
    healedAt = now
    while now < healedAt + Self.settlementBoundMs, unsettled > 0 || openCalls > 0 {
      if (now - healedAt) % 2_000 == 0 { for index in chains.indices.dropFirst() { try close(index) } }
      try await step()
    }
    guard unsettled > 0 else { return }
    let open = order.filter { packets[$0]?.end == nil }
    throw failure("\(unsettled) packets are not settled after \(Self.settlementBoundMs) ms without faults: \(describe(open[0]))")
  }

  mutating func step() async throws {
    now += Self.stepMs
    if !isHealed { try makeFaults() }
    for delivery in calendar.removeValue(forKey: now) ?? [] { try arrive(delivery) }
    try runCluster()
    for index in chains.indices where index > 0 || cluster == nil {
      try certify(index)
      if chains[index].nextSeal <= now, chains[index].pausedUntil <= now { try seal(index) }
    }
    for index in relayers.indices where relayers[index].nextAt <= now && relayers[index].pausedUntil <= now { try await tick(index) }
    if !isQuiet { try attendDeals() }
    if faults.hasThief, !isQuiet, thief.nextAt <= now { try steal() }
  }

  /// Lets all lanes forget what is settled, and checks that state is as small as in the beginning.
  private mutating func forget() async throws {
    isForgetting = true
    let end = now + Self.settlementBoundMs
    while now < end, try remembered() != nil { try await step() }
    if let left = try remembered() { throw failure("state has not come back to its size: \(left)") }
    isForgetting = false
    note(.forgotten)
  }

  private mutating func makeFaults() throws {
    if random.below(10_000) < faults.relayPauses {
      note(.relayPause)
      chains[0].pausedUntil = now + 1_000 + random.below(6_000)
      log("the relay pauses")
    }
    if random.below(10_000) < faults.chainPauses {
      note(.chainPause)
      let index = 1 + random.below(chains.count - 1)
      chains[index].pausedUntil = now + 1_000 + random.below(10_000)
      log("\(chains[index].id) pauses")
    }
    if random.below(10_000) < faults.chainRestarts {
      let index = random.below(chains.count)
      if index > 0 || cluster == nil { try restart(index) }
    }
    if faults.cutOffs > 0 { cutOff() }
    if random.below(10_000) < faults.relayerPauses {
      note(.relayerPause)
      relayers[random.below(relayers.count)].pausedUntil = now + 1_000 + random.below(10_000)
    }
    if random.below(10_000) < faults.restarts {
      note(.relayerRestart)
      let index = random.below(relayers.count)
      relayers[index].life += 1
      relayers[index].pausedUntil = now + 100 + random.below(3_000)
      log("relayer \(index) restarts")
    }
  }

  /// Hands a transaction to a chain's pool, later.
  mutating func send(_ signed: SignedTransaction, to chain: Int, by relayer: Int?, in milliseconds: Int) {
    let at = now + max(1, milliseconds / Self.stepMs) * Self.stepMs
    let life = relayer.map { relayers[$0].life } ?? 0
    calendar[at, default: []].append(WorldDelivery(signed: signed, chain: chain, relayer: relayer, life: life))
  }

  private mutating func arrive(_ delivery: WorldDelivery) throws {
    if let relayer = delivery.relayer, relayers[relayer].life != delivery.life || isCut(delivery.chain, relayer) { return note(.loss) }
    let ledger = chains[delivery.chain].ledger
    let id = delivery.signed.id(genesis: ledger.genesisID, suite: ledger.suite)
    if delivery.chain == 0, cluster != nil { return try give(delivery.signed, id) }
    // As pools do: what waits or is in the chain already is not taken again.
    guard !chains[delivery.chain].knows(id) else { return }
    chains[delivery.chain].waiting.insert(id)
    chains[delivery.chain].pool.append((delivery.signed, id))
  }

  mutating func call(on index: Int) throws {
    let head = chains[0].ledger.head
    let ids = chains.dropFirst().map(\.id)
    try hand(
      in: workload.next(on: chains[index].id, among: ids, relay: RelayView(height: head.height, time: head.header.time), &random), on: index
    )
  }

  /// Lets a client finish what it left open, while the world comes to rest.
  mutating func close(_ index: Int) throws {
    if let call = workload.closing(on: chains[index].id, chains[index].ledger) { try hand(in: call, on: index) }
  }

  mutating func hand(in call: ChainCall, on index: Int) throws {
    guard let clerk = chains[index].founding.member(call.organisation, "clerk") else { throw failure("\(call.organisation) has no clerk") }
    let signed = try sign(call.contract, call.entry, call.arguments, by: clerk, on: index)
    origins[signed.id(genesis: chains[index].ledger.genesisID, suite: chains[index].ledger.suite)] = .client
    openCalls += 1
    send(signed, to: index, by: nil, in: random.below(200))
  }

  mutating func sign(
    _ contract: ContractName, _ entry: EntryName, _ arguments: [UInt8], by account: Account, on index: Int
  ) throws -> SignedTransaction {
    salt += 1
    let chain = chains[index]
    return try Transaction(
      chain: chain.id, sender: account.id, contract: contract, entry: entry, arguments: arguments, salt: salt,
      validUntilHeight: chain.ledger.head.height.advanced(by: chain.ledger.genesis.parameters.transactionWindow - 5)
    ).signed(by: account.key, genesis: chain.ledger.genesisID)
  }

  mutating func note(_ sight: RelaySight) { sights[sight, default: 0] += 1 }

  mutating func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 0x100_0000_01b3 }

  mutating func log(_ line: String) {
    recent.append("\(now) \(line)")
    if recent.count > tracedLines { recent.removeFirst(tracedLines / 2) }
  }

  func failure(_ what: String) -> CheckFailure { CheckFailure(seed: seed, step: steps, what: what, trace: recent, world: "relay") }
}

/// A transaction on its way to a chain.
struct WorldDelivery: Sendable {
  var signed: SignedTransaction
  var chain: Int
  /// Whose it is, if it dies with a relayer.
  var relayer: Int?
  var life: Int
}

/// Who made a transaction.
enum WorldOrigin: Hashable, Sendable {
  case client
  case relayer(Int)
  case thief(RelayTrick)
}

/// A light client: of `subject`, on `chain`; both by their place in the world.
struct ClientPlace: Hashable, Sendable {
  var subject: Int
  var chain: Int
}
