import ChainCore
import ChainTesting
import Testing

/// Whole nodes with contracts and clients under faults; `simulate chain` runs more.
@Suite struct ChainSimulation {
  @Test(arguments: UInt64(1)...6) func promisesHoldUnderFaults(seed: UInt64) async throws {
    do {
      let outcome = try await Trial.chain.run(seed: seed)
      #expect(outcome.agreed > 100, "seed \(seed) ordered little")
      print("chain, seed \(seed): \(outcome.agreed) transactions, \(outcome.steps) steps")
    } catch let failure as CheckFailure {
      print(failure)
      throw failure
    }
  }

  @Test func sameSeedSameRun() throws {
    let pair = try (0..<2).map { _ in
      var world = try ChainWorld(BankWorkload(), seed: 11)
      try world.run(milliseconds: 3_000)
      return world.traceHash
    }
    #expect(pair[0] == pair[1])
  }

  /// Its clock is ten seconds ahead: it finds out, and others set the time of blocks; the world checks who proposes.
  @Test func aRaftNodeWithAWrongClockDoesNotLead() throws {
    for seed in UInt64(1)...4 {
      var faults = ChainFaults.restarting
      faults.wrongClockMs = 10_000
      var world = try ChainWorld(BankWorkload(), engine: .raft, seed: seed, faults: .these(faults))
      try world.run(milliseconds: 12_000)
      try world.heal()
      #expect(world.seen(.wrongClock) > 0 && world.transactions > 100)
    }
  }
}
