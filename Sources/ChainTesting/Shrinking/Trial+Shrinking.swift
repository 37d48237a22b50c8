#if DEBUG
  internal import Consensus
#endif

/// Why a schedule cannot be recorded or shrunk.
public enum ShrinkError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The seed's run breaks no promise.
  case passes(seed: UInt64)
  /// This kind of world has no such defect to plant; release builds have none.
  case noSuchDefect(String)
  /// This kind of world cannot leave faults out.
  case unsupported(Trial)
  /// With nothing left out, the run is not the recorded one.
  case notRepeatable(seed: UInt64)
  /// The world could not be built.
  case noWorld(String)

  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .passes(let seed): "seed \(seed) breaks no promise: give a seed that `simulate` reports as broken"
    case .noSuchDefect(let name): "there is no defect \(name) to plant; `swift run simulate mutants` lists them, in debug builds"
    case .unsupported(let trial): "the \(trial.rawValue) world cannot leave faults out"
    case .notRepeatable(let seed): "seed \(seed) does not repeat: something in its world depends on more than the seed"
    case .noWorld(let why): "the world cannot be built: \(why)"
    }
  }
}

extension Trial {
  /// How a run with recorded or left-out faults ended.
  public struct FaultRun: Sendable {
    /// The broken promise, if one was.
    public var failure: CheckFailure?
    /// Events that replicas handled.
    public var steps: Int
    /// A hash over everything that happened.
    public var traceHash: UInt64
    /// The faults that were carried out, in order.
    public var faults: [InjectedFault]
    /// What to give to further runs.
    public var score: FaultScore
  }

  /// Before the numbers of replicas in texts.
  public var letter: String { self == .raft ? "R" : self == .simplex ? "M" : "N" }

  /// Runs a seed and records its faults, or runs it without some of those that `score` recorded.
  /// - Parameters:
  ///   - mutant: A planted defect; debug builds only.
  ///   - score: What an earlier run of the same seed recorded.
  ///   - omitted: What is left out; only with a score.
  public func run(
    seed: UInt64, mutant: String? = nil, score: FaultScore? = nil, omitting omitted: OmittedFaults = OmittedFaults(), tracedSteps: Int = 60
  ) throws(ShrinkError) -> FaultRun {
    if self == .raft {
      return play(try raft(seed, mutant, tracedSteps), score, omitted) { world throws in
        try world.run(ticks: 600)
        try world.heal()
      }
    }
    if self == .simplex {
      return play(try simplex(seed, mutant, tracedSteps), score, omitted) { world throws in
        try world.run(ticks: 4_000)
        try world.heal()
      }
    }
    if self == .chain {
      return play(try chain(seed, mutant, tracedSteps), score, omitted) { world throws in
        try world.run(milliseconds: 20_000)
        try world.heal()
        try world.checkPauses()
      }
    }
    throw .unsupported(self)
  }

  private func play<World: FaultyWorld>(
    _ world: World, _ score: FaultScore?, _ omitted: OmittedFaults, _ body: (inout World) throws -> Void
  ) -> FaultRun {
    var world = world
    if let score { world.injection.replay(score, omitting: omitted, seed: world.seed) } else { world.injection.record() }
    var failure: CheckFailure?
    do {
      try body(&world)
    } catch let broken as CheckFailure {
      failure = broken
    } catch {
      failure = CheckFailure(seed: world.seed, step: world.steps, what: "\(error)", trace: [], world: rawValue)
    }
    return FaultRun(
      failure: failure, steps: world.steps, traceHash: world.traceHash, faults: world.injection.carriedOut, score: world.injection.score)
  }

  private func raft(_ seed: UInt64, _ mutant: String?, _ tracedSteps: Int) throws(ShrinkError) -> RaftWorld {
    let replicas = seed.isMultiple(of: 2) ? 3 : 5
    guard let mutant else { return RaftWorld(replicas: replicas, seed: seed, tracedSteps: tracedSteps) }
    #if DEBUG
      if let mutation = RaftMutation(rawValue: mutant) {
        return RaftWorld(replicas: replicas, seed: seed, mutation: mutation, tracedSteps: tracedSteps)
      }
    #endif
    throw .noSuchDefect(mutant)
  }

  private func simplex(_ seed: UInt64, _ mutant: String?, _ tracedSteps: Int) throws(ShrinkError) -> SimplexWorld {
    do {
      guard let mutant else {
        return try SimplexWorld(
          members: Self.members(seed), seed: seed, epochLength: seed.isMultiple(of: 5) ? 12 : 1 << 20, tracedSteps: tracedSteps)
      }
      #if DEBUG
        if let mutation = SimplexMutation(rawValue: mutant) {
          return try SimplexWorld(members: Self.members(seed), seed: seed, mutation: mutation, tracedSteps: tracedSteps)
        }
      #endif
      throw ShrinkError.noSuchDefect(mutant)
    } catch let error as ShrinkError {
      throw error
    } catch {
      throw .noWorld("\(error)")
    }
  }

  private func chain(_ seed: UInt64, _ mutant: String?, _ tracedSteps: Int) throws(ShrinkError) -> ChainWorld {
    if let mutant { throw .noSuchDefect(mutant) }
    do { return try Self.chain(seed, tracedLines: tracedSteps) } catch { throw .noWorld("\(error)") }
  }
}
