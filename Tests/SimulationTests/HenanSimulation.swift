import ChainTesting
import Testing

/// A whole province: a relay of four whole nodes of which one may lie, the main chain, 19 subchains, three racing relayers and one that
/// lies; `simulate chain --topology henan` runs more.
@Suite struct HenanSimulation {
  /// `simulate replay henan --seed S --trace` runs one again.
  @Test func promisesHoldUnderFaults() async throws {
    let outcome = try await Trial.henan.run(seed: 1)
    #expect(outcome.agreed > 20)
    for sight in [
      "cutOff", "relayEquivocation", "relayFalseCheckpoint", "relayPartition", "racedSubmission", "settled", "refunded", "frozen",
    ] {
      #expect(outcome.sights[sight] ?? 0 > 0, "never seen: \(sight)")
    }
  }

  @Test func sameSeedSameRun() async throws {
    var hashes: [UInt64] = []
    for seed in [UInt64(5), 5, 6] {
      var world = try RelayWorld(ParcelWorkload(), shape: .province(subchains: 4), seed: seed)
      try await world.run(milliseconds: 6_000)
      hashes.append(world.traceHash)
    }
    #expect(hashes[0] == hashes[1] && hashes[0] != hashes[2])
  }

  @Test func withoutFaultsPacketsSettleSoon() async throws {
    var world = try RelayWorld(ParcelWorkload(), shape: .province(subchains: 3), seed: 1, faults: .these(.none))
    try await world.run(milliseconds: 10_000)
    try await world.heal()
    #expect(world.seen(.settled) > 10 && world.relayHeight > 10)
    for sight in [RelaySight.cutOff, .relayNodeRestart, .relayEquivocation] { #expect(world.seen(sight) == 0, "\(sight)") }
    #expect(world.longestSettlementMs < 15_000)
  }
}
