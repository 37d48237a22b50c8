#if DEBUG
  import ChainTesting
  import Consensus
  import Testing

  /// A checker that cannot fail shows nothing: each planted defect must be found within the seeds of the simulation.
  @Suite struct RaftMutants {
    static let seeds: UInt64 = 500

    @Test(.enabled(if: RaftSimulation.replayed == nil), arguments: RaftMutation.allCases)
    func isFound(_ mutation: RaftMutation) throws {
      for seed in 1...Self.seeds {
        var world = RaftWorld(replicas: seed.isMultiple(of: 2) ? 3 : 5, seed: seed, mutation: mutation)
        do {
          try world.run(ticks: RaftSimulation.ticks)
          try world.heal()
        } catch let failure as CheckFailure {
          let name = mutation.rawValue.padding(27)
          print("mutant \(name) seed \("\(seed)".padding(4)) step \("\(failure.step)".padding(6)) \(failure.what)")
          return
        }
      }
      Issue.record("\(mutation) was not found in \(Self.seeds) seeds")
    }
  }

  extension String {
    fileprivate func padding(_ count: Int) -> String { self + String(repeating: " ", count: max(0, count - self.count)) }
  }
#endif
