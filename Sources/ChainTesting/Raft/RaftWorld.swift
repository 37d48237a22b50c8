internal import ChainCore

#if DEBUG
  package import Consensus
#else
  internal import Consensus
#endif

/// A few Raft replicas under one seed: virtual clock, network and disks with faults, and every promise checked after every step.
///
/// ```swift
/// var world = RaftWorld(replicas: 5, seed: 7, faults: .swarm)
/// try world.run(ticks: 300)
/// try world.heal()
/// ```
/// Same seed, same run, on every machine: `traceHash` tells.
public struct RaftWorld: FaultyWorld {
  /// Which faults a world has.
  public enum FaultPlan: Sendable, Hashable {
    /// Those that the seed draws.
    case swarm
    /// These.
    case these(RaftFaults)
  }

  struct Writing {
    var due: Int
    var batch: PersistBatch

    /// The first index that it changes.
    var first: LogIndex? { batch.truncateFrom ?? batch.entries.first?.index }
  }

  struct Replica {
    let id: ReplicaID
    var node: RaftNode?
    var writing: [Writing] = []
    /// The state machine's own durable position: may lag behind what was applied.
    var applied: LogIndex = 0
    var appliedDurable: LogIndex = 0
    var restartAt: Int?
    var pausedUntil = 0
    /// New writes take until then at least.
    var diskHangsUntil = 0
    /// What came while it was paused.
    var waiting: [RaftMessage] = []
    /// What its host has in work, in order.
    var works: [(due: Int, work: Work)] = []
    var role = RaftRole.follower
    var term: Term = 0

    /// The first index that a pending write changes.
    var pendingFrom: LogIndex? { writing.compactMap(\.first).min() }
  }

  struct Proposal {
    var payloads: [[UInt8]]
    var first: LogIndex?
    var term: Term = 0
  }

  /// Election timeout in ticks.
  static let electionTicks = 10

  /// The seed.
  public let seed: UInt64
  /// The faults of this run.
  public let faults: RaftFaults
  /// The tick that runs.
  public private(set) var now = 0
  /// How many events replicas handled.
  public internal(set) var steps = 0
  /// A hash over everything that happened.
  public internal(set) var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
  /// What the run exercised.
  public internal(set) var sights: [RaftSight: Int] = [:]
  var random: SeededRandom
  var injection = FaultLedger()
  var replicas: [Replica]
  let disks: [SimulatedRaftDisk]
  let places: [ReplicaID: Int]
  /// Messages on their way, by the tick at which they arrive.
  var flying: [Int: [RaftMessage]] = [:]
  /// Copies that wait until their receiver leads, by receiver.
  var hoard: [[RaftMessage]]
  /// When the message that left last on a link arrives, by link.
  var lastArrival: [Int]
  var checker: RaftChecker
  /// Links that carry nothing: from * count + to.
  var blocked: Set<Int> = []
  var healsAt = 0
  /// Who is to lose its new leadership, and when.
  var reign: (leader: Int, until: Int)?
  /// Whom an operator makes lead again, and when.
  var comeback: (leader: Int, at: Int)?
  var isHealed = false
  var nextProposal: UInt64 = 1
  var nextRead: UInt64 = 1
  var reads: [ReadID: Read] = [:]
  /// Writes that were finished, and the one at which all replicas lose power.
  var writes = 0
  var powerCut: PowerCut?
  var proposals: [ProposalID: Proposal] = [:]
  var recent: RaftTrace
  private(set) var limits: RaftConfiguration
  let membership: Configuration

  /// A world of `replicas` empty replicas.
  /// - Parameter tracedSteps: How many of the last steps a failure's report tells.
  public init(replicas count: Int, seed: UInt64, faults plan: FaultPlan = .swarm, tracedSteps: Int = 60) {
    self.seed = seed
    random = SeededRandom(seed)
    switch plan {
    case .swarm: faults = .swarm(&random)
    case .these(let these): faults = these
    }
    let total = faults.changes > 0 ? count + 2 : count
    let ids = (0..<total).map { ReplicaID(AccountID(CryptoSuite.international.hash([UInt8($0)]))) }
    membership = Configuration(voters: Array(ids[..<count]))
    var limits = RaftConfiguration(id: ids[0], group: GenesisID(Digest.zero), seed: 0)
    limits.electionTicks = Self.electionTicks
    limits.promotionSlack = 10
    limits.snapshotChunkBytes = 50
    limits.trailingEntries = UInt64(random.below(20))
    limits.maxMessageBytes = 200
    limits.maxInflightMessages = faults.tightLimits ? 3 : 16
    limits.maxInflightBytes = faults.tightLimits ? 300 : 512
    if faults.tightLimits {
      limits.maxUncommittedBytes = 250
      limits.maxApplyingBytes = 150
    }
    self.limits = limits
    checker = RaftChecker(replicas: ids, genesis: membership, limits: limits)
    replicas = ids.map { Replica(id: $0, restartAt: 0) }
    disks = ids.map { _ in SimulatedRaftDisk() }
    places = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
    hoard = Array(repeating: [], count: total)
    lastArrival = Array(repeating: 0, count: total * total)
    recent = RaftTrace(limit: tracedSteps, ids: ids)
  }

  #if DEBUG
    /// A world whose replicas have a defect, which it must find.
    package init(replicas count: Int, seed: UInt64, mutation: RaftMutation, tracedSteps: Int = 60) {
      self.init(replicas: count, seed: seed, tracedSteps: tracedSteps)
      limits.mutation = mutation
    }
  #endif

  /// How often `sight` was seen.
  public func seen(_ sight: RaftSight) -> Int { sights[sight] ?? 0 }

  /// Entries that some replica applied.
  public var appliedEntries: Int { checker.applied.count }

  /// The last steps, oldest first: what each replica was told and what it did.
  public var trace: [String] { recent.lines }

  /// Runs `ticks` ticks under faults.
  /// - Throws: `CheckFailure` at the first broken promise.
  public mutating func run(ticks: Int) throws {
    let end = now + ticks
    while now < end { try tick() }
  }

  /// Ends all faults and checks that a leader is found within 20 election timeouts, and that all replicas then
  /// agree without standing still so long: same log on every disk, all of it applied everywhere.
  /// - Throws: `CheckFailure`.
  public mutating func heal() throws {
    if faults.endsInPowerLoss, strikes(.powerCut) {
      note(.powerLoss)
      for index in replicas.indices where replicas[index].node != nil { try crash(index) }
      flying = [:]
    }
    isHealed = true
    blocked = []
    for index in replicas.indices {
      replicas[index].pausedUntil = 0
      if replicas[index].node == nil { try restart(index) }
    }
    let bound = 20 * Self.electionTicks
    var leaderFound = false
    for _ in 0..<bound where !leaderFound {
      try tick()
      leaderFound = replicas.contains { $0.role == .leader }
    }
    guard leaderFound else { throw failure("no leader \(bound) ticks after the last fault") }
    // A replica far behind may need long, but each so many ticks somebody must have applied more.
    var last = (applied: applications, at: now)
    while now - last.at < bound {
      try tick()
      if let members = agreedMembers { return try check(checker.agreed(members.compactMap { places[$0] }.map { ($0, disks[$0]) })) }
      if applications > last.applied { last = (applications, now) }
    }
    throw failure("logs do not agree, and nobody applied anything for \(bound) ticks")
  }

  private var applications: UInt64 { replicas.reduce(0) { $0 + $1.applied.rawValue } }

  /// Everyone whom the present leader counts as a member, if they agree in everything.
  private var agreedMembers: [ReplicaID]? {
    let statuses = replicas.compactMap { $0.node?.status }
    let leader = statuses.filter { $0.role == .leader }.max { $0.term < $1.term }
    guard let leader, statuses.count == replicas.count, leader.commit == leader.lastIndex, !leader.configuration.isJoint else { return nil }
    let members = leader.configuration.members
    let agree = statuses.allSatisfy {
      !members.contains($0.id)
        || $0.commit == leader.commit && $0.lastIndex == leader.lastIndex && $0.lastTerm == leader.lastTerm
          && $0.applied == leader.commit && $0.durable == leader.lastIndex
    }
    return agree ? members : nil
  }

  private mutating func tick() throws {
    now += 1
    if !isHealed { try makeFaults() }
    for index in replicas.indices {
      if let due = replicas[index].restartAt, due <= now { try restart(index) }
    }
    for index in replicas.indices where !replicas[index].waiting.isEmpty && replicas[index].pausedUntil <= now {
      let waiting = replicas[index].waiting
      replicas[index].waiting = []
      try step(index, waiting.map { .received($0) })
    }
    try finishWrites()
    try finishWorks()
    for message in flying.removeValue(forKey: now) ?? [] { try deliver(message) }
    for index in replicas.indices where isRunning(index) {
      for _ in 0..<drawTicks(index) { try step(index, [.tick]) }
    }
    if !isHealed {
      try makeWishes()
      try makeSnapshots()
    }
    enter(.proposal)
    if !isHealed, random.chance(30) { try propose() }
  }

  private mutating func drawTicks(_ index: Int) -> Int {
    if isHealed { return 1 }
    enter(.clock, index)
    if random.chance(index == slowest ? faults.slowClocks : faults.slowClocks / 4) { return strikes(.slowClock, index) ? 0 : 1 }
    if random.below(1_000) < faults.clockJumps {
      note(.clockJump)
      let ticks = random.below(40)
      return strikes(.clockJump, index, for: ticks) ? 1 + ticks : 1
    }
    return random.chance(faults.fastClocks) && strikes(.fastClock, index) ? 2 : 1
  }

  func isRunning(_ index: Int) -> Bool { replicas[index].node != nil && replicas[index].pausedUntil <= now }

  private mutating func deliver(_ message: RaftMessage) throws {
    guard let index = places[message.to], replicas[index].node != nil else { return }
    if isRunning(index) {
      try step(index, [.received(message)])
    } else if replicas[index].waiting.count < 1_000 {
      replicas[index].waiting.append(message)
    }
  }

  /// Cuts the power of all replicas at one write.
  /// - Parameter cut: At which.
  public mutating func schedule(_ cut: PowerCut) { powerCut = cut }

  private mutating func cutPower(_ index: Int) throws {
    if powerCut?.isAfter == true { try write(replicas[index].writing.removeFirst().batch, index) }
    log("the power fails at write \(writes)")
    for other in replicas.indices where replicas[other].node != nil { try crash(other) }
  }

  private mutating func finishWrites() throws {
    for index in replicas.indices where isRunning(index) {
      while let first = replicas[index].writing.first, first.due <= now {
        writes += 1
        if powerCut?.write == writes { return try cutPower(index) }
        replicas[index].writing.removeFirst()
        try write(first.batch, index)
        enter(.write, index)
        // A disk may report several writes by the last of them.
        if let second = replicas[index].writing.first, second.due <= now, random.chance(50) { continue }
        try step(index, [.persisted(sequence: first.batch.sequence)])
      }
    }
  }

  private mutating func propose() throws {
    let leaders = replicas.indices.filter { isRunning($0) && replicas[$0].role == .leader }
    guard !leaders.isEmpty else { return }
    let leader = leaders[random.below(leaders.count)]
    guard strikes(.proposal, leader) else { return }
    var events: [RaftNode.Event] = []
    for _ in 0...random.below(3) {
      let id = ProposalID(nextProposal)
      nextProposal += 1
      var payloads: [[UInt8]] = []
      for part in 0...UInt8(random.below(3)) {
        let payload = id.rawValue.keyBytes + [part] + [UInt8](repeating: 7, count: random.below(60))
        payloads.append(payload)
        checker.proposed(payload)
      }
      proposals[id] = Proposal(payloads: payloads)
      events.append(.proposed(id, payloads))
    }
    try step(leader, events)
  }

  mutating func note(_ sight: RaftSight) { sights[sight, default: 0] += 1 }

  mutating func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 0x100_0000_01b3 }

  mutating func log(_ line: String) { recent.append(.note(line), at: now) }

  func check(_ broken: String?) throws {
    if let broken { throw failure(broken) }
  }

  func failure(_ what: String) -> CheckFailure { CheckFailure(seed: seed, step: steps, what: what, trace: trace) }
}
