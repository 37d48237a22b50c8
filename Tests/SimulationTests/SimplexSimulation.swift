import ChainTesting
import Foundation
import Testing

/// One, four and seven members under loss, delay, partitions, crashes, power cuts and liars; every promise after every step.
@Suite struct SimplexSimulation {
  /// The seed of `YUCHAIN_SIMPLEX_SEED`: replayed alone, with its trace.
  static let replayed = ProcessInfo.processInfo.environment["YUCHAIN_SIMPLEX_SEED"].flatMap { UInt64($0) }
  static let ticks = 4_000

  static func members(_ seed: UInt64) -> Int { [4, 4, 7, 4, 5, 4, 10, 3][Int(seed % 8)] }

  static func world(_ seed: UInt64) throws -> SimplexWorld {
    try SimplexWorld(
      members: members(seed), seed: seed, epochLength: seed.isMultiple(of: 5) ? 12 : 1 << 20, tracedSteps: replayed == nil ? 60 : 100_000)
  }

  @Test(.enabled(if: replayed == nil), arguments: UInt64(0)..<4) func promisesHoldUnderFaults(part: UInt64) throws {
    let seeds = (part * 100 + 1)...(part * 100 + 100)
    var total: [SimplexSight: Int] = [:]
    var steps = 0
    for seed in seeds {
      var world = try Self.world(seed)
      do {
        try world.run(ticks: Self.ticks)
        try world.heal()
      } catch let failure as CheckFailure {
        print(failure)
        throw failure
      }
      steps += world.steps
      for (sight, count) in world.sights { total[sight, default: 0] += count }
      #expect(world.finalBlocks > 0, "seed \(seed) finalized nothing")
    }
    // A part that did not meet the dangers shows nothing. Being too far behind is rare: the four parts together must see it.
    for sight in SimplexSight.allCases where sight != .synced { #expect(total[sight, default: 0] > 0, "\(sight) was not seen") }
    print("simplex, seeds \(seeds): \(steps) steps, \(total.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", "))")
  }

  @Test(.enabled(if: replayed != nil)) func replay() throws {
    var world = try Self.world(try #require(Self.replayed))
    print("seed \(world.seed): \(world.faults)")
    do {
      try world.run(ticks: Self.ticks)
      try world.heal()
    } catch let failure as CheckFailure {
      print(failure)
      throw failure
    }
    print(world.traceLines.joined(separator: "\n"))
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

  @Test func sameSeedSameRun() throws {
    var hashes: Set<UInt64> = []
    for seed in UInt64(1)...4 {
      let pair = try (0..<2).map { _ in
        var world = try Self.world(seed)
        try world.run(ticks: 1_000)
        return world.traceHash
      }
      #expect(pair[0] == pair[1])
      hashes.insert(pair[0])
    }
    #expect(hashes.count == 4)
  }

  @Test func withoutFaultsEveryViewHasABlock() throws {
    var world = try SimplexWorld(members: 4, seed: 1, faults: .these(.none))
    try world.run(ticks: 2_000)
    #expect(world.seen(.nullified) == 0 && world.finalBlocks > 50)
  }
}
