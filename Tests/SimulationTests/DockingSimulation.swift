import ChainTesting
import Testing

/// Two relays under a third, with packets between members of different relays; `simulate docking` runs more.
@Suite struct DockingSimulation {
  @Test func promisesHoldUnderFaults() async throws {
    var total: [DockingSight: Int] = [:]
    for seed in UInt64(1)...4 {
      do {
        var world = try DockingWorld(seed: seed)
        try await world.run(milliseconds: 40_000)
        try await world.heal()
        #expect(world.settledPackets > 0, "seed \(seed) settled nothing")
        total.merge(world.sights, uniquingKeysWith: +)
      } catch let failure as CheckFailure {
        print(failure)
        throw failure
      }
    }
    for sight in [DockingSight.settledNearby, .settledAfar, .refunded, .copied, .timedOut, .raced, .forgedEndRefused, .forgotten] {
      #expect(total[sight] ?? 0 > 0, "never seen: \(sight)")
    }
    print("docking, seeds 1 to 4: \(total.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", "))")
  }

  @Test func sameSeedSameRun() async throws {
    var hashes: [UInt64] = []
    for seed in [UInt64(5), 5, 6] {
      var world = try DockingWorld(seed: seed)
      try await world.run(milliseconds: 6_000)
      hashes.append(world.traceHash)
    }
    #expect(hashes[0] == hashes[1] && hashes[0] != hashes[2])
  }
}
