import ChainTesting
import Testing

/// Two honest nodes with one key, each seen by others, are a faulty member: less than a third of the weight breaks nothing.
@Suite struct SimplexTwinTests {
  static func faults(twins: Int) -> SimplexFaults {
    var faults = SimplexFaults.none
    faults.twins = twins
    faults.liars = twins
    faults.latency = 20
    faults.crashes = 5
    return faults
  }

  @Test(arguments: [(4, 1), (7, 2), (10, 3)]) func fewTwinsBreakNothing(members: Int, twins: Int) throws {
    var total: [SimplexSight: Int] = [:]
    for seed in UInt64(1)...8 {
      var world = try SimplexWorld(members: members, seed: seed, faults: .these(Self.faults(twins: twins)))
      do {
        try world.run(ticks: 3_000)
        try world.heal()
      } catch let failure as CheckFailure {
        print(failure)
        throw failure
      }
      #expect(world.finalBlocks > 0, "seed \(seed) finalized nothing")
      total.merge(world.sights, uniquingKeysWith: +)
    }
    #expect(total[.twins, default: 0] > 0 && total[.evidence, default: 0] > 0)
  }

  /// With half of the weight twins, two blocks of one height become final: the world would have told.
  @Test func tooManyTwinsAreSeen() throws {
    var faults = Self.faults(twins: 2)
    faults.liars = 8
    faults.liarsMayBeTooMany = true
    var broken: [String] = []
    for seed in UInt64(1)...60 where broken.isEmpty {
      var world = try SimplexWorld(members: 4, seed: seed, faults: .these(faults))
      do { try world.run(ticks: 4_000) } catch let failure as CheckFailure { broken.append(failure.what) }
    }
    print("half of the weight twins: \(broken)")
    #expect(!broken.isEmpty)
  }
}
