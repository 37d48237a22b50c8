#if DEBUG
  import ChainTesting
  import Consensus
  import Testing

  /// A checker that cannot fail shows nothing: each planted defect must be found within the seeds of the simulation.
  @Suite struct SimplexMutants {
    static let seeds: UInt64 = 300

    @Test(.enabled(if: SimplexSimulation.replayed == nil), arguments: SimplexMutation.allCases)
    func isFound(_ mutation: SimplexMutation) throws {
      for seed in 1...Self.seeds {
        var world = try SimplexWorld(members: SimplexSimulation.members(seed), seed: seed, mutation: mutation)
        do {
          try world.run(ticks: SimplexSimulation.ticks)
          try world.heal()
        } catch let failure as CheckFailure {
          print("mutant \(mutation.rawValue): seed \(seed), step \(failure.step), \(failure.what)")
          return
        }
      }
      Issue.record("\(mutation) was not found in \(Self.seeds) seeds")
    }
  }
#endif
