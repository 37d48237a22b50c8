#if DEBUG
  import ChainTesting
  import Testing

  /// A checker that cannot fail shows nothing: each planted defect must be found. `simulate mutants` tells after how many seeds.
  @Suite struct RelayMutants {
    static let seeds: UInt64 = 100

    @Test(arguments: Trial.relay.mutants) func isFound(_ mutant: String) async {
      for seed in 1...Self.seeds {
        do {
          try await Trial.relay.run(seed: seed, mutant: mutant)
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
