import ChainTesting
import Foundation
import Testing

/// Three and five replicas under loss, delay, repetition, partitions and crashes; every promise after every step.
@Suite struct RaftSimulation {
  /// 500 runs in ten parts; `YUCHAIN_SEED` replays one with its trace.
  static let replayed = ProcessInfo.processInfo.environment["YUCHAIN_SEED"].flatMap { UInt64($0) }
  static var isReplay: Bool { replayed != nil }

  @Test(arguments: replayed == nil ? 0..<10 : 0..<1) func promisesHoldUnderFaults(part: UInt64) throws {
    let seeds = Self.replayed.map { [$0] } ?? (1...50).map { part * 50 + $0 }
    var total: [RaftSight: Int] = [:]
    var steps = 0
    for seed in seeds {
      var world = RaftWorld(replicas: seed.isMultiple(of: 2) ? 3 : 5, seed: seed, tracing: Self.isReplay)
      do {
        try world.run(ticks: 500)
        try world.heal()
      } catch let failure as CheckFailure {
        print(failure)
        throw failure
      }
      steps += world.steps
      for (sight, count) in world.sights { total[sight, default: 0] += count }
      #expect(world.appliedEntries > 0, "seed \(seed) committed nothing")
    }
    guard !Self.isReplay else { return }
    // A part that did not meet the dangers shows nothing.
    for sight in RaftSight.allCases { #expect(total[sight, default: 0] > 0, "\(sight) was not seen") }
    print(
      "raft, seeds \(seeds[0])…\(seeds[seeds.count - 1]): \(steps) steps, \(total.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", "))"
    )
  }

  @Test func sameSeedSameRun() throws {
    for seed in UInt64(1)...4 {
      var hashes: Set<UInt64> = []
      for _ in 0..<2 {
        var world = RaftWorld(replicas: 5, seed: seed)
        try world.run(ticks: 120)
        hashes.insert(world.traceHash)
      }
      #expect(hashes.count == 1)
    }
  }

  @Test func withoutFaultsEverythingCommits() throws {
    var world = RaftWorld(replicas: 3, seed: 1, faults: .these(.none))
    try world.run(ticks: 200)
    try world.heal()
    #expect(world.seen(.leaderChange) == 0 && world.appliedEntries > 50)
  }
}
