import ChainTesting
import Testing

/// Three to ten members under loss, delay, partitions, crashes, power cuts and liars; every promise after every step.
@Suite struct SimplexSimulation {
  /// 200 seeds in four parts; `simulate simplex` runs more. `simulate replay simplex --seed S --trace` runs one again.
  @Test(arguments: UInt64(0)..<4) func promisesHoldUnderFaults(part: UInt64) async throws {
    let seeds = (part * 50 + 1)...(part * 50 + 50)
    var total: [String: Int] = [:]
    var steps = 0
    for seed in seeds {
      do {
        let outcome = try await Trial.simplex.run(seed: seed)
        #expect(outcome.agreed > 0, "seed \(seed) finalized nothing")
        steps += outcome.steps
        total.merge(outcome.sights, uniquingKeysWith: +)
      } catch let failure as CheckFailure {
        print(failure)
        throw failure
      }
    }
    // A part that did not meet the dangers shows nothing. To be too far behind is rare.
    let unseen = total.filter { $0.value == 0 && $0.key != SimplexSight.synced.rawValue }.keys.sorted()
    #expect(unseen.isEmpty, "never seen")
    print("simplex, seeds \(seeds): \(steps) steps, \(total.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", "))")
  }

  @Test func idleChainMakesFewBlocks() throws {
    var world = try SimplexWorld(members: 4, seed: 1, faults: .these(.none))
    try world.run(ticks: 1_000)
    try world.setWork(false)
    try world.run(ticks: 100)
    let (blocks, views) = (world.finalBlocks, world.viewsPassed)
    // Ten idle intervals: a block each, and nothing between.
    try world.run(ticks: 6_000)
    #expect((8...11).contains(world.finalBlocks - blocks) && world.viewsPassed - views <= 12)
    #expect(world.seen(.nullified) == 0)
  }

  @Test func sameSeedSameRun() async throws {
    var hashes: Set<UInt64> = []
    for seed in UInt64(1)...4 {
      let first = try await Trial.simplex.run(seed: seed).traceHash
      let second = try await Trial.simplex.run(seed: seed).traceHash
      #expect(first == second)
      hashes.insert(first)
    }
    #expect(hashes.count == 4)
  }

  @Test func withoutFaultsEveryViewHasABlock() throws {
    var world = try SimplexWorld(members: 4, seed: 1, faults: .these(.none))
    try world.run(ticks: 2_000)
    #expect(world.seen(.nullified) == 0 && world.finalBlocks > 50)
  }
}
