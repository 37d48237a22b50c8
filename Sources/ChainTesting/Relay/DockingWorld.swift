internal import ChainCore
internal import CrossChain

/// Two provinces' relays under a national one, two cities each, under one seed: packets between all cities, three relayers that race each
/// other on every stretch, one that lies about how packets ended, chains that pause and start again, clocks that differ.
///
/// ```swift
/// var world = try DockingWorld(seed: 7)
/// try await world.run(milliseconds: 60_000)
/// try await world.heal()
/// ```
/// Each chain is a ledger that makes a block of what came in; consensus is `ChainWorld`'s matter. Checked are: packets are received at most
/// once, in time and only if every relay on the way has them; every relay ends them once and as the destination answered; value is kept;
/// and in the end that all are settled, no chain holds anything of them, and each relay's log is a supervisor's replay.
public struct DockingWorld: Sendable {
  static let stepMs = 20
  static let nation = 0
  static let relays: [ChainID] = ["nation", "henan", "hubei"]
  static let cities: [(id: ChainID, relay: Int)] = [
    ("henan/410100", 1), ("henan/410200", 1), ("hubei/420100", 2), ("hubei/420200", 2),
  ]
  /// How long after the faults every packet has to be settled, in milliseconds: eight legs over chains whose clocks differ.
  public static let settlementBoundMs = 120_000

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
  public internal(set) var sights: [DockingSight: Int] = [:]
  /// The longest time that a packet needed to settle after the faults ended, in milliseconds.
  public internal(set) var longestSettlementMs = 0
  var random: SeededRandom
  var workload = ParcelWorkload()
  /// The nation's relay, the provinces', then the cities.
  var chains: [WorldChain] = []
  var relayers: [WorldRelayer] = []
  var calendar: [Int: [WorldDelivery]] = [:]
  var origins: [TransactionID: WorldOrigin] = [:]
  var openCalls = 0
  var salt: UInt64 = 0
  var packets: [PacketKey: DockedPacket] = [:]
  var order: [PacketKey] = []
  var unsettled = 0
  var nextSequence: [LaneID: UInt64] = [:]
  /// How many records each relay's log has.
  var logSizes = [UInt64](repeating: 0, count: 3)
  /// What the liar heard: whole calls of `copy`.
  var heard: [(chain: Int, call: CopyOutcomes)] = []
  var nextLieAt = 0
  var isHealed = false
  var healedAt = 0
  var isForgetting = false
  var recent: [String] = []
  let tracedLines: Int

  /// A nation, two provinces and four cities with fresh ledgers, registered and docked.
  /// - Parameter these: The faults; `nil` = those that the seed draws.
  public init(seed: UInt64, faults these: RelayFaults? = nil, tracedLines: Int = 60) throws {
    self.seed = seed
    self.tracedLines = max(2, tracedLines)
    random = SeededRandom(seed)
    faults = these ?? RelayFaults.swarm(&random)
    try found()
    for index in 0..<3 {
      relayers.append(
        WorldRelayer(
          organisation: WorldChain.carriers[index % WorldChain.carriers.count], periodMs: 800 + random.below(2_000),
          nextAt: now + random.below(1_000)))
    }
  }

  /// How often `sight` was seen.
  public func seen(_ sight: DockingSight) -> Int { sights[sight] ?? 0 }

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
      for index in chains.indices.dropFirst(3) where random.below(10_000) < faults.callRate { try call(on: index) }
    }
  }

  /// Ends all faults but the liar, and checks that every packet settles, and that nothing of it is left.
  /// - Throws: `CheckFailure`.
  public mutating func heal() async throws {
    isHealed = true
    for index in chains.indices { chains[index].pausedUntil = 0 }
    for index in relayers.indices { relayers[index].pausedUntil = 0 }
    healedAt = now
    while now < healedAt + Self.settlementBoundMs, unsettled > 0 || openCalls > 0 {
      if (now - healedAt) % 2_000 == 0 {
        for index in chains.indices.dropFirst(3) {
          if let call = workload.closing(on: chains[index].id, chains[index].ledger) { try hand(in: call, on: index) }
        }
      }
      try await step()
    }
    if unsettled > 0 {
      let open = order.filter { packets[$0]?.end == nil }
      throw failure("\(unsettled) packets are not settled after \(Self.settlementBoundMs) ms without faults: \(describe(open[0]))")
    }
    isForgetting = true
    let end = now + Self.settlementBoundMs
    while now < end, try remembered() != nil { try await step() }
    if let left = try remembered() { throw failure("state has not come back to its size: \(left)") }
    note(.forgotten)
    try checkEnd()
  }

  mutating func step() async throws {
    now += Self.stepMs
    if !isHealed { try makeFaults() }
    for delivery in calendar.removeValue(forKey: now) ?? [] { try arrive(delivery) }
    for index in chains.indices {
      try certify(index)
      if chains[index].nextSeal <= now, chains[index].pausedUntil <= now { try seal(index) }
    }
    for index in relayers.indices where relayers[index].nextAt <= now && relayers[index].pausedUntil <= now { try await tick(index) }
    if faults.hasThief, nextLieAt <= now { try lie() }
  }

  private mutating func makeFaults() throws {
    if random.below(5_000) < faults.chainPauses + faults.relayPauses {
      let index = random.below(chains.count)
      note(index < 3 ? .relayPause : .chainPause)
      chains[index].pausedUntil = now + 1_000 + random.below(8_000)
    }
    if random.below(5_000) < faults.chainRestarts { try restart(random.below(chains.count)) }
    if random.below(5_000) < faults.relayerPauses {
      note(.relayerPause)
      relayers[random.below(relayers.count)].pausedUntil = now + 1_000 + random.below(10_000)
    }
    if random.below(5_000) < faults.restarts {
      note(.relayerRestart)
      let index = random.below(relayers.count)
      relayers[index].life += 1
      relayers[index].pausedUntil = now + 100 + random.below(3_000)
    }
  }

  private mutating func arrive(_ delivery: WorldDelivery) throws {
    if let relayer = delivery.relayer, relayers[relayer].life != delivery.life { return note(.loss) }
    let ledger = chains[delivery.chain].ledger
    let id = delivery.signed.id(genesis: ledger.genesisID, suite: ledger.suite)
    guard !chains[delivery.chain].knows(id) else { return }
    chains[delivery.chain].waiting.insert(id)
    chains[delivery.chain].pool.append((delivery.signed, id))
  }

  mutating func send(_ signed: SignedTransaction, to chain: Int, by relayer: Int?, in milliseconds: Int) {
    let at = now + max(1, milliseconds / Self.stepMs) * Self.stepMs
    let life = relayer.map { relayers[$0].life } ?? 0
    calendar[at, default: []].append(WorldDelivery(signed: signed, chain: chain, relayer: relayer, life: life))
  }

  private mutating func call(on index: Int) throws {
    let ids = chains.dropFirst(3).map(\.id)
    let others = ids.filter { $0 != chains[index].id }
    let time = chains[Self.nation].ledger.head.header.time
    var call: EntryName = "deliver"
    switch random.below(100) {
    case 0..<8: call = "refuse"
    case 8..<12: call = "spoil"
    case 12..<16: call = "hide"
    case 16..<28: call = "deliverLater"
    case 28..<36: return try hand(in: ChainCall(ParcelContract.name, "decide", random.chance(60), by: "post-office"), on: index)
    default: break
    }
    let lasting = random.chance(30) ? 2_000 + random.below(12_000) : 60_000 + random.below(120_000)
    try hand(
      in: ChainCall(
        ParcelContract.name, "send",
        SendParcel(
          to: random.chance(3) ? "hunan/430100" : others[random.below(others.count)], call: call,
          from: UInt64(random.below(Int(ParcelWorkload.accounts))), amount: UInt64(1 + random.below(400)),
          timeout: PacketTimeout(relayTimeMs: time.advanced(byMilliseconds: UInt64(lasting)).rawValue)), by: "post-office"),
      on: index)
  }

  private mutating func hand(in call: ChainCall, on index: Int) throws {
    guard let clerk = chains[index].founding.member(call.organisation, "clerk") else { throw failure("no clerk on \(chains[index].id)") }
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

  mutating func note(_ sight: DockingSight) { sights[sight, default: 0] += 1 }

  mutating func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 0x100_0000_01b3 }

  mutating func log(_ line: String) {
    recent.append("\(now) \(line)")
    if recent.count > tracedLines { recent.removeFirst(tracedLines / 2) }
  }

  func failure(_ what: String) -> CheckFailure { CheckFailure(seed: seed, step: steps, what: what, trace: recent, world: "docking") }

  func describe(_ key: PacketKey) -> String { "packet \(key.sequence) from \(key.lane.source) to \(key.lane.destination)" }
}

/// What a run of docked relays exercised.
public enum DockingSight: String, Sendable, Hashable, CaseIterable {
  /// A packet stayed below one relay and settled.
  case settledNearby
  /// A packet went over three relays and succeeded.
  case settledAfar
  /// A sender got its escrow back.
  case refunded
  /// A relay took over the end of a packet from the next one.
  case copied
  /// A packet was received and refused.
  case refused
  /// A relay's route refused a packet.
  case rejected
  /// A relay recorded that a packet was never received.
  case timedOut
  /// A packet ended by its absence on its own relay.
  case neverRelayed
  /// A packet was answered later than it was received.
  case answeredLate
  /// A relayer handed in what another one had done.
  case raced
  /// A false end of a packet was refused.
  case forgedEndRefused
  /// A false absence on the next relay was refused.
  case forgedAbsenceRefused
  /// In the end no chain held anything of packets any more.
  case forgotten
  /// A relay's log was what a supervisor replayed.
  case supervised
  /// A relay stood still.
  case relayPause
  /// A city's chain stood still.
  case chainPause
  /// All nodes of a chain started again.
  case chainRestart
  /// A relayer stood still.
  case relayerPause
  /// A relayer lost what it was about to hand in.
  case relayerRestart
  /// A transaction was lost.
  case loss
}
