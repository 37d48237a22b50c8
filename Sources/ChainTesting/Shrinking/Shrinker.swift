/// Makes a failing schedule small: leaves out whole kinds of faults, then single ones, as long as the same promise breaks.
///
/// ```swift
/// let small = try Shrinker(trial: .raft, seed: 17).shrink()
/// for fault in small.faults { print(fault.text(letter: "R")) }
/// ```
/// The single ones go by delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002), of which
/// only the complements are tried: a subset alone rarely fails. Deterministic.
public struct Shrinker: Sendable {
  /// A small schedule that breaks the same promise.
  public struct Result: Sendable {
    /// The kind of world.
    public let trial: Trial
    /// The seed.
    public let seed: UInt64
    /// The planted defect, if any.
    public let mutant: String?
    /// How the whole schedule failed.
    public let original: CheckFailure
    /// How many faults the whole schedule carried out.
    public let originalFaults: Int
    /// How the small one fails: the promise, the step, and its trace.
    public let failure: CheckFailure
    /// What is left, in order.
    public let faults: [InjectedFault]
    /// Runs that it took.
    public let runs: Int
    /// Whether none of what is left can be left out alone; false if the number of runs was too small to tell.
    public let isMinimal: Bool

    /// The kinds of what is left.
    public var kinds: [FaultKind] { FaultKind.allCases.filter { kind in faults.contains { $0.kind == kind } } }
  }

  let trial: Trial
  let seed: UInt64
  let mutant: String?
  let runLimit: Int
  let tracedSteps: Int
  private var runs = 0
  private var score = FaultScore()
  private var rule = ""

  /// A shrinker of one seed's schedule.
  /// - Parameters:
  ///   - mutant: A planted defect; debug builds only.
  ///   - runLimit: No more runs than that, 2 at least.
  ///   - tracedSteps: How many steps the trace of the small run holds.
  public init(trial: Trial, seed: UInt64, mutant: String? = nil, runLimit: Int = 500, tracedSteps: Int = 60) {
    self.trial = trial
    self.seed = seed
    self.mutant = mutant
    self.runLimit = max(2, runLimit)
    self.tracedSteps = tracedSteps
  }

  /// What a failure is about: its words without those that hold a digit, which are numbers, names and hashes.
  public static func rule(of failure: CheckFailure) -> String {
    failure.what.split { !$0.isLetter && !$0.isNumber }.filter { !$0.contains(where: \.isNumber) }.joined(separator: " ")
  }

  /// Runs the seed, and then smaller and smaller schedules of it.
  /// - Throws: `ShrinkError.passes` if nothing breaks.
  public func shrink() throws(ShrinkError) -> Result {
    var shrinker = self
    return try shrinker.search()
  }

  private mutating func search() throws(ShrinkError) -> Result {
    let first = try trial.run(seed: seed, mutant: mutant, tracedSteps: tracedSteps)
    guard let original = first.failure else { throw .passes(seed: seed) }
    score = first.score
    rule = Self.rule(of: original)
    let again = try trial.run(seed: seed, mutant: mutant, score: score, tracedSteps: tracedSteps)
    guard again.traceHash == first.traceHash, again.failure?.what == original.what else { throw .notRepeatable(seed: seed) }
    runs = 2
    var best = again
    try leaveKindsOut(&best)
    let isMinimal = try minimise(&best)
    return Result(
      trial: trial, seed: seed, mutant: mutant, original: original, originalFaults: first.faults.count, failure: best.failure ?? original,
      faults: best.faults.sorted { $0.ordinal < $1.ordinal }, runs: runs, isMinimal: isMinimal)
  }

  /// Tries to leave whole kinds out; those that struck most often first, as they are what makes a schedule long.
  private mutating func leaveKindsOut(_ best: inout Trial.FaultRun) throws(ShrinkError) {
    var counts: [FaultKind: Int] = [:]
    for fault in best.faults { counts[fault.kind, default: 0] += 1 }
    let kinds = FaultKind.allCases.filter { counts[$0] != nil }.sorted { counts[$0, default: 0] > counts[$1, default: 0] }
    for kind in kinds { _ = try keep(best.faults.filter { $0.kind != kind }, &best) }
  }

  /// Tries these faults alone; takes the run over if it breaks the same promise.
  private mutating func keep(_ faults: [InjectedFault], _ best: inout Trial.FaultRun) throws(ShrinkError) -> Bool {
    guard faults.count < best.faults.count, runs < runLimit else { return false }
    runs += 1
    let run = try trial.run(
      seed: seed, mutant: mutant, score: score, omitting: OmittedFaults(allBut: Set(faults.map(\.ordinal))), tracedSteps: tracedSteps)
    guard let failure = run.failure, Self.rule(of: failure) == rule else { return false }
    best = run
    return true
  }

  /// Leaves parts out, at first halves, at last single faults; tells whether each single one is needed.
  private mutating func minimise(_ best: inout Trial.FaultRun) throws(ShrinkError) -> Bool {
    var size = max(1, best.faults.count / 2)
    while !best.faults.isEmpty, runs < runLimit {
      var wasSmaller = false
      // The last first: what comes late often only follows from the failure's cause.
      var end = best.faults.count
      while end > 0 {
        let start = max(0, end - size)
        if try keep(Array(best.faults[..<start] + best.faults[end...]), &best) { wasSmaller = true }
        end = min(start, best.faults.count)
      }
      if wasSmaller { try leaveKindsOut(&best) }
      if size == 1, !wasSmaller { return runs < runLimit }
      size = max(1, size / 2)
    }
    return best.faults.isEmpty
  }
}
