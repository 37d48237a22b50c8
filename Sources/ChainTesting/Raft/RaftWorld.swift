internal import ChainCore
internal import Consensus

/// A few Raft replicas under one seed: virtual clock, network and disks with faults, and every promise checked after every step.
///
/// ```swift
/// var world = RaftWorld(replicas: 5, seed: 7, faults: .swarm)
/// try world.run(ticks: 300)
/// try world.heal()
/// ```
/// Same seed, same run, on every machine: `traceHash` tells.
public struct RaftWorld {
  /// Which faults a world has.
  public enum FaultPlan: Sendable, Hashable {
    /// Those that the seed draws.
    case swarm
    /// These.
    case these(RaftFaults)
  }

  struct Flying {
    var due: Int
    var order: UInt64
    var message: RaftMessage
  }

  struct Writing {
    var due: Int
    var batch: PersistBatch
  }

  struct Replica {
    let id: ReplicaID
    var node: RaftNode?
    var disk = SimulatedRaftDisk()
    var writing: [Writing] = []
    /// The state machine's own durable position: may lag behind what was applied.
    var applied: LogIndex = 0
    var appliedDurable: LogIndex = 0
    var restartAt: Int?
  }

  /// The seed.
  public let seed: UInt64
  /// The faults of this run.
  public let faults: RaftFaults
  /// The tick that runs.
  public private(set) var now = 0
  /// How many events replicas handled.
  public private(set) var steps = 0
  /// A hash over everything that happened.
  public private(set) var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
  /// What the run exercised.
  public private(set) var sights: [RaftSight: Int] = [:]
  private var random: SeededRandom
  private var replicas: [Replica]
  private var flying: [Flying] = []
  private var order: UInt64 = 0
  private var checker: RaftChecker
  /// Links that carry nothing: from, to.
  private var blocked: Set<[Int]> = []
  private var healsAt = 0
  private var isHealed = false
  private var nextProposal: UInt64 = 1
  private var payloads: [ProposalID: [UInt8]] = [:]
  private var trace: [String] = []
  private let isTracing: Bool
  private let group = GenesisID(Digest.zero)
  private let membership: Configuration

  /// A world of `replicas` empty replicas.
  /// - Parameter tracing: Keeps the last events for a failure's report; slower.
  public init(replicas count: Int, seed: UInt64, faults plan: FaultPlan = .swarm, tracing: Bool = false) {
    self.seed = seed
    random = SeededRandom(seed)
    switch plan {
    case .swarm: faults = .swarm(&random)
    case .these(let these): faults = these
    }
    isTracing = tracing
    let ids = (0..<count).map { ReplicaID(AccountID(CryptoSuite.international.hash([UInt8($0)]))) }
    membership = Configuration(voters: ids)
    checker = RaftChecker(replicas: count)
    replicas = ids.map { Replica(id: $0, restartAt: 0) }
  }

  /// How often `sight` was seen.
  public func seen(_ sight: RaftSight) -> Int { sights[sight] ?? 0 }

  /// Entries that some replica applied.
  public var appliedEntries: Int { checker.appliedCount }

  /// Runs `ticks` ticks under faults.
  /// - Throws: `CheckFailure` at the first broken promise.
  public mutating func run(ticks: Int) throws {
    let end = now + ticks
    while now < end { try tick() }
  }

  /// Ends all faults and checks that a leader is found within 20 election timeouts and that all replicas then agree.
  /// - Throws: `CheckFailure`.
  public mutating func heal() throws {
    isHealed = true
    blocked = []
    for index in replicas.indices where replicas[index].node == nil { try restart(index) }
    var leaderFound = false
    for _ in 0..<200 where !leaderFound {
      try tick()
      leaderFound = replicas.contains { $0.node?.status.role == .leader }
    }
    guard leaderFound else { throw failure("no leader 200 ticks after the last fault") }
    for _ in 0..<200 {
      try tick()
      if isAgreed { return }
    }
    throw failure("logs do not agree 200 ticks after a leader was found")
  }

  private var isAgreed: Bool {
    let statuses = replicas.compactMap { $0.node?.status }
    guard statuses.count == replicas.count, let first = statuses.first, first.commit == first.lastIndex else { return false }
    return statuses.allSatisfy {
      $0.commit == first.commit && $0.lastIndex == first.lastIndex && $0.lastTerm == first.lastTerm && $0.applied == first.commit
        && $0.durable == first.lastIndex
    }
  }

  private mutating func tick() throws {
    now += 1
    if !isHealed { try makeFaults() }
    for index in replicas.indices {
      if let due = replicas[index].restartAt, due <= now { try restart(index) }
    }
    try finishWrites()
    try deliver()
    for index in replicas.indices where replicas[index].node != nil {
      if !isHealed, random.chance(faults.slowClocks) { continue }
      try step(index, .tick)
    }
    if !isHealed, now.isMultiple(of: 3) || random.chance(20) { try propose() }
  }

  private mutating func makeFaults() throws {
    if blocked.isEmpty, random.below(1_000) < faults.partitions {
      let size = 1 + random.below(max(1, replicas.count - 1))
      let isOneWay = random.chance(25)
      for inside in 0..<size {
        for outside in size..<replicas.count {
          let (one, other) = (position(inside), position(outside))
          blocked.insert([one, other])
          if !isOneWay { blocked.insert([other, one]) }
        }
      }
      healsAt = now + 5 + random.below(60)
      note(isOneWay ? .oneWayPartition : .partition)
    } else if !blocked.isEmpty, now >= healsAt {
      blocked = []
    }
    for index in replicas.indices where replicas[index].node != nil && random.below(1_000) < faults.crashes { try crash(index) }
  }

  /// A place among the replicas that differs from run to run, so that not always the same ones are cut off.
  private func position(_ index: Int) -> Int { (index + now) % replicas.count }

  private mutating func crash(_ index: Int) throws {
    let kept = random.below(replicas[index].writing.count + 1)
    let writing = replicas[index].writing
    for item in writing[..<kept] { try write(item.batch, index) }
    if kept > 0 { note(.unreportedWrites) }
    if kept < writing.count { note(.lostWrites) }
    replicas[index].writing = []
    replicas[index].node = nil
    replicas[index].applied = replicas[index].appliedDurable
    replicas[index].restartAt = now + 1 + random.below(30)
    log("replica \(index) crashes, \(writing.count - kept) writes lost")
  }

  private mutating func restart(_ index: Int) throws {
    replicas[index].restartAt = nil
    checker.restarted(index)
    var configuration = RaftConfiguration(id: replicas[index].id, group: group, seed: random.next())
    configuration.maxInflightMessages = 16
    configuration.maxInflightBytes = 512
    configuration.maxMessageBytes = 200
    let disk = replicas[index].disk
    do {
      replicas[index].node = try RaftNode(
        configuration: configuration,
        restoring: RaftRestoredState(
          configuration: membership, log: disk, hardState: disk.hard, lastIndex: disk.lastIndex, applied: replicas[index].appliedDurable))
    } catch {
      throw failure("replica \(index) does not restart: \(error)")
    }
    log("replica \(index) starts")
  }

  private mutating func finishWrites() throws {
    for index in replicas.indices {
      while let first = replicas[index].writing.first, first.due <= now {
        replicas[index].writing.removeFirst()
        try write(first.batch, index)
        try step(index, .persisted(sequence: first.batch.sequence))
      }
    }
  }

  private mutating func write(_ batch: PersistBatch, _ index: Int) throws {
    let disk = replicas[index].disk
    if disk.apply(batch) { note(.truncation) }
    var previous = batch.entries.first.flatMap { disk.entry(at: $0.index.previous)?.term } ?? 0
    for entry in batch.entries {
      try check(checker.wrote(entry, previous: previous, replica: index))
      previous = entry.term
    }
    if let hard = batch.hardState { try check(checker.voted(hard, replica: index)) }
  }

  private mutating func deliver() throws {
    var due: [Flying] = []
    flying.removeAll { item in
      guard item.due <= now else { return false }
      due.append(item)
      return true
    }
    due.sort { ($0.due, $0.order) < ($1.due, $1.order) }
    for item in due {
      guard let index = replicas.firstIndex(where: { $0.id == item.message.to }), replicas[index].node != nil else { continue }
      try step(index, .received(item.message))
    }
  }

  private mutating func propose() throws {
    let leaders = replicas.indices.filter { replicas[$0].node?.status.role == .leader }
    guard !leaders.isEmpty else { return }
    let leader = leaders[random.below(leaders.count)]
    // Bursts give a leader that nobody hears any more a longer log than the rest.
    for _ in 0..<(random.chance(5) ? 5 + random.below(25) : 1) {
      guard replicas[leader].node != nil else { return }
      let id = ProposalID(nextProposal)
      nextProposal += 1
      let payload = id.rawValue.keyBytes + [UInt8](repeating: 7, count: random.below(60))
      payloads[id] = payload
      try step(leader, .proposed(id, [payload]))
    }
  }

  private mutating func step(_ index: Int, _ event: RaftNode.Event) throws {
    guard var node = replicas[index].node else { return }
    replicas[index].node = nil
    steps += 1
    var effects: [RaftNode.Effect] = []
    node.step(event, into: &effects)
    if isTracing { log("replica \(index): \(event) → \(effects)") }
    mix(UInt64(index) &+ UInt64(effects.count) << 8)
    var reports: [RaftNode.Event] = []
    for effect in effects { try carryOut(effect, index, node, into: &reports) }
    try check(checker.stepped(index, node, disks: replicas.map(\.disk)))
    replicas[index].node = node
    for report in reports { try step(index, report) }
  }

  private mutating func carryOut(
    _ effect: RaftNode.Effect, _ index: Int, _ node: RaftNode, into reports: inout [RaftNode.Event]
  ) throws {
    switch effect {
    case .persist(let batch):
      let earliest = replicas[index].writing.last?.due ?? now
      let delay = isHealed ? 1 : random.below(faults.diskDelay + 1)
      replicas[index].writing.append(Writing(due: max(earliest, now + delay), batch: batch))
      mix(batch.sequence)
    case .send(let message):
      try check(checker.promise(message, disk: replicas[index].disk, node: node, replica: index))
      send(message, from: index)
    case .apply(let entries):
      for entry in entries {
        try check(checker.applied(entry, replica: index))
        if entry.kind == .normal { note(.commit) }
        replicas[index].applied = entry.index
        mix(entry.index.rawValue &* 31 &+ entry.term.rawValue)
      }
      // The state machine writes lazily, and never ahead of what it applied.
      if random.chance(50) { replicas[index].appliedDurable = replicas[index].applied }
      reports.append(.applied(through: replicas[index].applied))
    case .proposalPlaced: break
    case .proposalDropped(let id, let reason):
      guard case .overwritten = reason, let payload = payloads[id] else { return }
      note(.overwritten)
      try check(checker.dropped(payload))
    case .roleChanged(let role, _, _):
      guard role == .leader else { return }
      note(checker.leaderCount == 0 ? .leader : .leaderChange)
      try check(checker.becameLeader(index, node))
    case .fault(let fault): throw failure("replica \(index) stopped: \(fault)")
    }
  }

  private mutating func send(_ message: RaftMessage, from index: Int) {
    guard let target = replicas.firstIndex(where: { $0.id == message.to }) else { return }
    if blocked.contains([index, target]) { return }
    var copies = 1
    if !isHealed, random.chance(faults.loss) {
      copies = 0
      note(.loss)
    } else if !isHealed, random.chance(faults.repetition) {
      copies = 2
      note(.repetition)
    }
    for _ in 0..<copies {
      order += 1
      let delay = isHealed ? 1 : 1 + random.below(faults.delay)
      flying.append(Flying(due: now + delay, order: order, message: message))
    }
  }

  private mutating func note(_ sight: RaftSight) { sights[sight, default: 0] += 1 }

  private mutating func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 0x100_0000_01b3 }

  private mutating func log(_ line: @autoclosure () -> String) {
    guard isTracing else { return }
    trace.append("\(now): \(line())")
    if trace.count > 400 { trace.removeFirst(200) }
  }

  private func check(_ broken: String?) throws {
    if let broken { throw failure(broken) }
  }

  private func failure(_ what: String) -> CheckFailure { CheckFailure(seed: seed, step: steps, what: what, trace: trace) }
}
