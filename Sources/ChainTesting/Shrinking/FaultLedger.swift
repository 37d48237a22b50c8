/// Where in a run something is drawn: the same place is found again in a run that differs elsewhere.
enum FaultScope: UInt8, Sendable {
  case partition, healing, reign, leaderCrash, member, crash, restart, clock, change, transfer, read, proposal, snapshot
  case step, role, apply, disk, write, work, send, lie, powerCut, idle, build, crypto, ledger, sync, wake, twins, call, retry
}

struct FaultPlace: Hashable, Sendable {
  var tick = 0
  var scope = FaultScope.step
  var one = 0
  var other = 0
  var turn = 0

  /// The generator's position for a place that the recorded run did not come to.
  func position(seed: UInt64) -> UInt64 {
    var mixed = SeededRandom(seed)
    for part in [tick, Int(scope.rawValue), one, other, turn] { mixed.position = mixed.next() ^ UInt64(truncatingIfNeeded: part) }
    return mixed.next()
  }
}

struct FaultSite: Hashable, Sendable {
  var place: FaultPlace
  var kind: FaultKind
  var turn: Int
}

/// What a recorded run drew, and where: enough to run it again without some of its faults while the others stay where they are.
public struct FaultScore: Sendable {
  /// All faults of the run, in the order in which they were drawn; the first has ordinal 1.
  public internal(set) var faults: [InjectedFault] = []
  var anchors: [FaultPlace: UInt64] = [:]
  var ordinals: [FaultSite: Int] = [:]
}

/// Counts the faults of a run and says whether to carry them out.
///
/// A world has one generator, so that a fault left out would move all later draws. A recorded run therefore notes the generator's
/// position at each place (tick, what for, for whom), and a run with faults left out goes on from the noted position at each place.
/// A fault that the recorded run did not draw is not carried out.
struct FaultLedger: Sendable {
  enum Mode: Sendable { case live, recording, replaying }

  private(set) var mode = Mode.live
  private(set) var score = FaultScore()
  private(set) var carriedOut: [InjectedFault] = []
  private var omitted = OmittedFaults()
  private var seed: UInt64 = 0
  private var here = FaultPlace()
  private var turns: [FaultPlace: Int] = [:]
  private var kinds: [FaultKind: Int] = [:]

  mutating func record() { mode = .recording }

  mutating func replay(_ score: FaultScore, omitting omitted: OmittedFaults, seed: UInt64) {
    mode = .replaying
    self.score = score
    self.omitted = omitted
    self.seed = seed
  }

  /// Comes to a place; answers where the generator goes on.
  mutating func enter(_ scope: FaultScope, _ one: Int, _ other: Int, at tick: Int, position: UInt64) -> UInt64 {
    guard mode != .live else { return position }
    if tick != here.tick { turns.removeAll(keepingCapacity: true) }
    kinds.removeAll(keepingCapacity: true)
    here = FaultPlace(tick: tick, scope: scope, one: one, other: other)
    let turn = turns[here, default: 0]
    turns[here] = turn + 1
    here.turn = turn
    if mode == .replaying { return score.anchors[here] ?? here.position(seed: seed) }
    score.anchors[here] = position
    return position
  }

  /// Whether a fault that was drawn is carried out.
  mutating func strikes(_ kind: FaultKind, _ one: Int?, _ other: Int?, _ amount: Int?, _ detail: String) -> Bool {
    guard mode != .live else { return true }
    let turn = kinds[kind, default: 0]
    kinds[kind] = turn + 1
    let site = FaultSite(place: here, kind: kind, turn: turn)
    let ordinal: Int
    if mode == .recording {
      ordinal = score.faults.count + 1
      score.ordinals[site] = ordinal
    } else {
      guard let known = score.ordinals[site], !omitted.contains(kind, known) else { return false }
      ordinal = known
    }
    let fault = InjectedFault(ordinal: ordinal, tick: here.tick, kind: kind, subject: one, other: other, amount: amount, detail: detail)
    if mode == .recording { score.faults.append(fault) }
    carriedOut.append(fault)
    return true
  }
}

/// A world whose faults can be left out one by one.
protocol FaultyWorld {
  var now: Int { get }
  var seed: UInt64 { get }
  var steps: Int { get }
  var traceHash: UInt64 { get }
  var random: SeededRandom { get set }
  var injection: FaultLedger { get set }
}

extension FaultyWorld {
  mutating func enter(_ scope: FaultScope, _ one: Int = 0, _ other: Int = 0) {
    guard injection.mode != .live else { return }
    random.position = injection.enter(scope, one, other, at: now, position: random.position)
  }

  mutating func strikes(
    _ kind: FaultKind, _ one: Int? = nil, _ other: Int? = nil, for amount: Int? = nil, detail: String = ""
  ) -> Bool {
    guard injection.mode != .live else { return true }
    return injection.strikes(kind, one, other, amount, detail)
  }

  /// A draw below `bound`, which is a fault unless it is 0.
  mutating func drawn(_ bound: Int, as kind: FaultKind, _ one: Int, _ other: Int? = nil) -> Int {
    let amount = random.below(bound)
    return amount == 0 || strikes(kind, one, other, for: amount) ? amount : 0
  }
}
