#if DEBUG
  import ChainTesting
  import Testing

  /// A checker that cannot fail shows nothing: each planted defect must be found. `simulate mutants` tells after how many seeds.
  @Suite struct RaftMutants {
    static let seeds: UInt64 = 500

    @Test(arguments: Trial.raft.mutants) func isFound(_ mutant: String) {
      for seed in 1...Self.seeds {
        do {
          try Trial.raft.run(seed: seed, mutant: mutant)
        } catch let failure as CheckFailure {
          print("mutant \(mutant): seed \(seed), step \(failure.step), \(failure.what)")
          return
        } catch {
          Issue.record(error)
        }
      }
      Issue.record("\(mutant) was not found in \(Self.seeds) seeds")
    }
  }
#endif
