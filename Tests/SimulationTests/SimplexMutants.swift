#if DEBUG
  import ChainTesting
  import Testing

  /// A checker that cannot fail shows nothing: each planted defect must be found within the seeds of the simulation.
  @Suite struct SimplexMutants {
    static let seeds: UInt64 = 300

    @Test(arguments: Trial.simplex.mutants) func isFound(_ mutant: String) async {
      for seed in 1...Self.seeds {
        do {
          try await Trial.simplex.run(seed: seed, mutant: mutant)
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
