import ChainTesting
import Testing

/// Several chains with contracts, racing relayers and one that lies; `simulate relay` runs more.
@Suite struct RelaySimulation {
  /// `simulate replay relay --seed S --trace` runs one again.
  @Test func promisesHoldUnderFaults() async throws {
    var total: [String: Int] = [:]
    for seed in UInt64(1)...20 {
      do {
        let outcome = try await Trial.relay.run(seed: seed)
        #expect(outcome.agreed > 0, "seed \(seed) settled nothing")
        total.merge(outcome.sights, uniquingKeysWith: +)
      } catch let failure as CheckFailure {
        print(failure)
        throw failure
      }
    }
    // Seeds that did not meet the dangers show nothing.
    // One seed in ten meets its route's limit; `s18RateAndWindow` and the defect `rateNotKept` are about it.
    #expect(total.filter { $0.value == 0 && $0.key != "busyRoute" }.keys.sorted() == [], "never seen")
    print("relay, seeds 1 to 20: \(total.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", "))")
  }

  @Test func sameSeedSameRun() async throws {
    var hashes: Set<UInt64> = []
    for seed in UInt64(1)...3 {
      var pair: [UInt64] = []
      for _ in 0..<2 {
        var world = try RelayWorld(ParcelWorkload(), seed: seed)
        try await world.run(milliseconds: 20_000)
        pair.append(world.traceHash)
      }
      #expect(pair[0] == pair[1])
      hashes.insert(pair[0])
    }
    #expect(hashes.count == 3)
  }

  /// Scenario 25: twice a second all nodes of some chain start again, relayers lose what they were about to hand in, and nothing is lost or doubled.
  @Test func s25EveryNodeStartsAgainAllTheTime() async throws {
    var faults = RelayFaults.none
    faults.chainRestarts = 200
    faults.restarts = 20
    faults.callRate = 100
    for seed in UInt64(101)...102 {
      var world = try RelayWorld(ParcelWorkload(), shape: .members(2), seed: seed, faults: .these(faults))
      try await world.run(milliseconds: 20_000)
      try await world.heal()
      #expect(world.seen(.chainRestart) > 20 && world.settledPackets > 10, "seed \(seed)")
    }
  }

  /// Scenario 32, smaller: `simulate relay --chains 19 --packets 1000` is the whole one.
  @Test func s32ManyChainsSettleWhatTheySent() async throws {
    let load = try await RelayLoad.run(chains: 6, packets: 12, seed: 32)
    print("s32: \(load.sent) packets sent, \(load.ends), \(load.steps) steps, settled \(load.longestSettlementMs) ms after the faults")
    #expect(load.sent >= 6 * 12 && load.ends["succeeded", default: 0] > 20)
    #expect(load.sent == load.settled + load.ends["stopped", default: 0])
    for sight in ["forgotten", "supervised", "settled", "refunded"] { #expect(load.sights[sight] ?? 0 > 0, "never seen: \(sight)") }
  }

  @Test func withoutFaultsPacketsSettleSoon() async throws {
    var world = try RelayWorld(ParcelWorkload(), shape: .members(2), seed: 1, faults: .these(.none))
    try await world.run(milliseconds: 20_000)
    try await world.heal()
    #expect(world.seen(.settled) > 10 && world.seen(.relayPause) == 0)
    #expect(world.longestSettlementMs < 15_000)
  }
}
