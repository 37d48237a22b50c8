#if DEBUG
  import ChainTesting
  import Testing

  /// A world that finds nothing shows nothing: each planted defect must be found. `simulate mutants` tells after how many seeds.
  @Suite struct LedgerMutants {
    static let seeds: UInt64 = 200

    @Test(arguments: Trial.ledger.mutants) func isFound(_ mutant: String) async {
      for seed in 1...Self.seeds {
        do {
          try await Trial.ledger.run(seed: seed, mutant: mutant)
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
