import ChainTesting
import Foundation
import Testing

/// Three and five replicas under loss, delay, repetition, partitions and crashes; every promise after every step.
@Suite struct RaftSimulation {
  /// The seed of `YUCHAIN_SEED`: replayed alone, with its trace.
  static let replayed = ProcessInfo.processInfo.environment["YUCHAIN_SEED"].flatMap { UInt64($0) }

  static let ticks = 600

  static func world(_ seed: UInt64) -> RaftWorld {
    RaftWorld(replicas: seed.isMultiple(of: 2) ? 3 : 5, seed: seed, tracedSteps: replayed == nil ? 60 : 5_000)
  }

  /// 500 seeds in four parts.
  @Test(.enabled(if: replayed == nil), arguments: UInt64(0)..<4) func promisesHoldUnderFaults(part: UInt64) throws {
    let seeds = (part * 125 + 1)...(part * 125 + 125)
    var total: [RaftSight: Int] = [:]
    var steps = 0
    for seed in seeds {
      var world = Self.world(seed)
      do {
        try world.run(ticks: Self.ticks)
        try world.heal()
      } catch let failure as CheckFailure {
        print(failure)
        throw failure
      }
      steps += world.steps
      for (sight, count) in world.sights { total[sight, default: 0] += count }
      #expect(world.appliedEntries > 0, "seed \(seed) committed nothing")
    }
    // A part that did not meet the dangers shows nothing.
    for sight in RaftSight.allCases { #expect(total[sight, default: 0] > 0, "\(sight) was not seen") }
    print("raft, seeds \(seeds): \(steps) steps, \(total.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", "))")
  }

  @Test(.enabled(if: replayed != nil)) func replay() throws {
    var world = Self.world(try #require(Self.replayed))
    print("seed \(world.seed): \(world.faults)")
    do {
      try world.run(ticks: Self.ticks)
      try world.heal()
    } catch let failure as CheckFailure {
      print(failure)
      throw failure
    }
    print(world.trace.joined(separator: "\n"))
  }

  @Test func sameSeedSameRun() throws {
    var hashes: Set<UInt64> = []
    for seed in UInt64(1)...4 {
      let pair = try (0..<2).map { _ in
        var world = RaftWorld(replicas: 5, seed: seed)
        try world.run(ticks: 120)
        return world.traceHash
      }
      #expect(pair[0] == pair[1])
      hashes.insert(pair[0])
    }
    #expect(hashes.count == 4)
  }

  @Test func withoutFaultsEverythingCommits() throws {
    var world = RaftWorld(replicas: 3, seed: 1, faults: .these(.none))
    try world.run(ticks: 200)
    try world.heal()
    #expect(world.seen(.leaderChange) == 0 && world.appliedEntries > 50)
  }
}
