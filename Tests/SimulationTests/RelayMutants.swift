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

    /// What only a relay whose validators change shows, or only relays under a relay.
    @Test(arguments: [Trial.henan, .docking]) func areFoundElsewhere(_ trial: Trial) async {
      for mutant in trial.mutants {
        var found = false
        for seed in 1...30 as ClosedRange<UInt64> where !found {
          do {
            try await trial.run(seed: seed, mutant: mutant)
          } catch let failure as CheckFailure {
            print("mutant \(mutant): seed \(seed) of \(trial), step \(failure.step), \(failure.what)")
            found = true
          } catch {
            Issue.record(error)
          }
        }
        #expect(found, "\(mutant) was not found")
      }
    }
  }
#endif
