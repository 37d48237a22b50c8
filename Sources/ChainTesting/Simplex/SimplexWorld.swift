internal import ChainCore
package import Consensus

/// Members of one Simplex epoch under one seed: virtual clocks, network and disks with faults, liars among them, and every promise
/// of agreement checked after every step.
///
/// ```swift
/// var world = try SimplexWorld(members: 4, seed: 7)
/// try world.run(ticks: 2_000)
/// try world.heal()
/// ```
/// Same seed, same run, on every machine: `traceHash` tells. A tick is a millisecond; D is 40.
public struct SimplexWorld: FaultyWorld {
  /// Which faults a world has.
  public enum FaultPlan: Sendable, Hashable {
    /// Those that the seed draws.
    case swarm
    /// These.
    case these(SimplexFaults)
  }

  /// D, in ticks.
  static let delay = 40
  /// What members take for D.
  var delay: Int { faults.isDelayTooSmall ? 2 : Self.delay }
  static let delayLimit = 400
  static let idleInterval = 600

  struct Member {
    let id: ReplicaID
    /// Its place in the validator set.
    let key: Int
    var node: SimplexNode?
    /// Counts process lives: answers to an earlier one are not delivered.
    var life = 0
    var restartAt: Int?
    var clockOffset = 0
    var hasWork = false
    var disk = SimplexDisk()
    var isLiar = false
    /// A liar that runs honest code, twice.
    var isTwin = false
    var enteredAt = 0
    /// The last view entered and finalized in this life.
    var view: View = 0
    var final: View = 0
  }

  enum Item {
    case message(SimplexMessage, from: Int, to: Int)
    case event(SimplexNode.Event, of: Int, life: Int)
    case written(Int, life: Int)
    case ledgerWritten(Int, life: Int)
    case wake(Int, life: Int)
  }

  /// The seed.
  public let seed: UInt64
  /// The faults of this run.
  public let faults: SimplexFaults
  /// The tick that runs.
  public internal(set) var now = 0
  /// How many events members handled.
  public internal(set) var steps = 0
  /// A hash over everything that happened.
  public internal(set) var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
  /// What the run exercised.
  public internal(set) var sights: [SimplexSight: Int] = [:]
  /// Why honest members dropped messages.
  package internal(set) var refused: [SimplexRefusal: UInt64] = [:]
  var random: SeededRandom
  var injection = FaultLedger()
  var members: [Member] = []
  let set: ValidatorSet
  let setTag: UInt64
  let places: [ReplicaID: Int]
  let genesis = GenesisID(Digest.zero)
  let root: BlockReference
  let emptyRoot: Digest
  let lastHeight: BlockHeight
  var calendar: [Int: [Item]] = [:]
  /// Links that carry nothing: from * count + to.
  var blocked: Set<Int> = []
  var healsAt = 0
  var isHealed = false
  /// Writes that were finished, and the one at which all members lose power.
  var writes = 0
  var powerCut: PowerCut?
  var healedAt = 0
  /// The greatest view of an honest member, and since when.
  var lead: (view: View, since: Int) = (0, 0)
  var nextBlock: UInt64 = 1
  var nonce: UInt64 = 0
  var checker: SimplexChecker
  var trace: SimplexTrace
  var adversary = SimplexAdversary()
  var twins = SimplexTwins()
  #if DEBUG
    var mutation: SimplexMutation?
  #endif

  /// A world of `members` members with empty disks.
  /// - Parameters:
  ///   - epochLength: The height of the epoch's last block.
  ///   - tracedSteps: How many of the last steps a failure's report tells.
  public init(members count: Int, seed: UInt64, faults plan: FaultPlan = .swarm, epochLength: UInt64 = 1 << 20, tracedSteps: Int = 60)
    throws
  {
    self.seed = seed
    random = SeededRandom(seed)
    switch plan {
    case .swarm: faults = .swarm(&random, members: count)
    case .these(let these): faults = these
    }
    let organisation = OrganisationID(stringLiteral: "world")
    var weights = [UInt64](repeating: 1, count: count)
    if faults.unequalWeights { for index in weights.indices { weights[index] = 1 + UInt64(random.below(5)) } }
    set = try ValidatorSet(
      generation: 0, rule: .moreThanTwoThirds,
      members: zip(try SimplexKeys.members(count), weights).map { Validator(key: $0, weight: $1, organisation: organisation) })
    setTag = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    root = BlockReference(height: 0, id: BlockID(CryptoSuite.international.hash([0])))
    emptyRoot = Block.transactionsRoot(of: [], genesis: genesis, suite: .international)
    lastHeight = BlockHeight(epochLength)
    let ids = set.members.map { $0.replica(suite: .international) }
    places = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
    members = zip(ids, ids.indices).map { Member(id: $0, key: $1) }
    checker = SimplexChecker(members: count, root: root)
    trace = SimplexTrace(limit: tracedSteps, ids: ids)
    chooseLiars()
    makeTwins()
    checker.honest = members.map { !$0.isLiar }
    for index in members.indices {
      members[index].hasWork = !faults.isIdle
      try restart(index)
    }
  }

  #if DEBUG
    /// A world whose honest members have a defect, which it must find.
    package init(members count: Int, seed: UInt64, mutation: SimplexMutation, tracedSteps: Int = 60) throws {
      try self.init(members: count, seed: seed, tracedSteps: tracedSteps)
      self.mutation = mutation
      for index in members.indices { try restart(index) }
    }
  #endif

  /// Liars hold less than a third of the weight.
  private mutating func chooseLiars() {
    var lying: UInt128 = 0
    for _ in 0..<faults.liars {
      let index = random.below(members.count)
      let weight = UInt128(set.members[index].weight)
      guard !members[index].isLiar, faults.liarsMayBeTooMany || 3 * (lying + weight) < set.totalWeight else { continue }
      lying += weight
      members[index].isLiar = true
    }
  }

  var honest: [Int] { members.indices.filter { !members[$0].isLiar } }

  /// How often `sight` was seen.
  public func seen(_ sight: SimplexSight) -> Int { sights[sight] ?? 0 }

  /// Blocks that some honest member gave out.
  public var finalBlocks: Int { checker.chain.count }

  /// The greatest number of ticks between two finalizations of the same member, so far.
  public var longestPause: Int { checker.longestPause }

  /// Views that were left, by the member that is furthest.
  public var viewsPassed: Int { Int(members.map(\.view.rawValue).max() ?? 0) }

  /// Runs `ticks` ticks under faults.
  /// - Throws: `CheckFailure` at the first broken promise.
  public mutating func run(ticks: Int) throws {
    let end = now + ticks
    while now < end { try tick() }
  }

  /// Tells all members whether there is something to order.
  public mutating func setWork(_ hasWork: Bool) throws {
    for index in members.indices {
      members[index].hasWork = hasWork
      if members[index].node != nil { try step(index, .workPending(hasWork)) }
    }
  }

  /// Ends all faults but the liars', and checks that all honest members go on to agree.
  ///
  /// A finalization must come within the time that as many views take as there are turns and liars to wait out, and all honest
  /// members must then hold the same chain.
  /// - Throws: `CheckFailure`.
  public mutating func heal() throws {
    isHealed = true
    healedAt = now
    blocked = []
    for index in members.indices where members[index].node == nil { try restart(index) }
    try setWork(true)
    // Whoever lives in the last view may have to wait its timers out at the greatest D, and each lying leader costs 3D.
    let bound = (2 * members.count + 8) * 4 * Self.delayLimit
    let goal = checker.chain.count + 3
    let end = now + bound
    while now < end, checker.chain.count < goal, !isEnded { try tick() }
    guard checker.chain.count >= goal || isEnded else { throw failure("nothing became final within \(bound) ticks of calm") }
    while now < end, !isAgreed(goal) { try tick() }
    guard isAgreed(goal) else { throw failure("members do not hold the same chain \(bound) ticks after the last fault") }
    if let broken = checker.finished(disks: members.map(\.disk)) { throw failure(broken) }
  }

  private var isEnded: Bool { honest.allSatisfy { members[$0].disk.ledger.last?.reference.height == lastHeight } }

  private func isAgreed(_ goal: Int) -> Bool {
    honest.allSatisfy {
      members[$0].node != nil && (members[$0].disk.ledger.count >= goal || members[$0].disk.ledger.last?.reference.height == lastHeight)
    }
  }

  /// The last steps, oldest first.
  public var traceLines: [String] { trace.lines }

  mutating func tick() throws {
    now += 1
    if !isHealed { try makeFaults() }
    turnTwins()
    for index in members.indices {
      if let due = members[index].restartAt, due <= now { try restart(index) }
    }
    if let items = calendar.removeValue(forKey: now) {
      for item in items { try happen(item) }
    }
    if isHealed { try checkThatViewsMeet() }
  }

  /// In calm, whoever enters a view takes all others with it within 2D: certificates are forwarded, not waited for.
  private mutating func checkThatViewsMeet() throws {
    guard let furthest = honest.map({ members[$0].view }).max() else { return }
    if furthest > lead.view { lead = (furthest, now) }
    guard now > healedAt + 4 * Self.delayLimit, now - lead.since > 2 * Self.delay else { return }
    if let late = honest.first(where: { members[$0].view < lead.view && !(members[$0].node?.isComplete ?? true) }) {
      throw failure("M\(late) is in view \(members[late].view), 2D after another entered \(lead.view)")
    }
  }

  mutating func schedule(_ item: Item, in ticks: Int) { calendar[now + max(1, ticks), default: []].append(item) }

  private mutating func happen(_ item: Item) throws {
    switch item {
    case .message(let message, let from, let to):
      guard members[to].node != nil else { return }
      enter(.lie, to, from)
      if members[to].isLiar, !members[to].isTwin, faults.liarsSignBadly, strikes(.lie, to) { spoil(message, from: to) }
      try step(to, .received(message, from: members[from].id))
    case .event(let event, let index, let life):
      if members[index].life == life { try step(index, event) }
    case .written(let index, let life):
      guard members[index].life == life, !members[index].disk.writing.isEmpty else { return }
      writes += 1
      if powerCut?.write == writes { return cutPower(index) }
      let batch = members[index].disk.writing.removeFirst().batch
      members[index].disk.write(batch)
      try step(index, .persisted(sequence: batch.sequence))
    case .ledgerWritten(let index, let life):
      guard members[index].life == life, !members[index].disk.ledgerDue.isEmpty else { return }
      let count = members[index].disk.ledgerDue.removeFirst().count
      members[index].disk.ledgerDurable = max(members[index].disk.ledgerDurable, count)
      try step(index, .executed(through: members[index].disk.ledger[members[index].disk.ledgerDurable - 1].view))
    case .wake(let index, let life):
      guard members[index].life == life else { return }
      enter(.wake, index)
      if !isHealed, random.chance(faults.clockJumps) {
        note(.clockJump)
        if random.chance(50) {
          // It stands still: the wake comes much later.
          let ticks = 1 + random.below(4 * Self.delay)
          if strikes(.slowClock, index, for: ticks) { return schedule(.wake(index, life: life), in: ticks) }
        } else {
          members[index].clockOffset += drawn(6 * Self.delay, as: .clockJump, index)
        }
      }
      try step(index, .time(clock(index)))
    }
  }

  /// Cuts the power of all members at one write.
  /// - Parameter cut: At which.
  public mutating func schedule(_ cut: PowerCut) { powerCut = cut }

  private mutating func cutPower(_ index: Int) {
    if powerCut?.isAfter == true { members[index].disk.write(members[index].disk.writing.removeFirst().batch) }
    trace.append(.note("the power fails at write \(writes)"), at: now)
    note(.powerCut)
    for other in members.indices where members[other].node != nil { crash(other, for: 1 + random.below(40)) }
  }

  func clock(_ index: Int) -> MonotonicInstant { MonotonicInstant(UInt64(now + members[index].clockOffset)) }

  mutating func note(_ sight: SimplexSight) { sights[sight, default: 0] += 1 }

  mutating func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 0x100_0000_01b3 }

  func failure(_ what: String) -> CheckFailure { CheckFailure(seed: seed, step: steps, what: what, trace: traceLines, world: "simplex") }
}
