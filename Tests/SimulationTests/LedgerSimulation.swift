import ChainTesting
import Foundation
import Testing

/// Two ledgers on failing stores beside a model; every promise after every block.
@Suite struct LedgerSimulation {
  /// The seed of `YUCHAIN_SEED`: replayed alone, with its trace.
  static let replayed = ProcessInfo.processInfo.environment["YUCHAIN_SEED"].flatMap { UInt64($0) }

  static let blocks = 40

  /// 100 seeds in two parts.
  @Test(.enabled(if: replayed == nil), arguments: UInt64(0)..<2) func promisesHoldUnderFaults(part: UInt64) throws {
    let seeds = (part * 50 + 1)...(part * 50 + 50)
    var total: [LedgerSight: Int] = [:]
    for seed in seeds {
      var world = try LedgerWorld(seed: seed)
      do {
        try world.run(blocks: Self.blocks)
      } catch let failure as CheckFailure {
        print(failure)
        throw failure
      }
      for (sight, count) in world.sights { total[sight, default: 0] += count }
      #expect(world.transactions > 0, "seed \(seed) committed nothing")
    }
    // A part that did not meet the dangers shows nothing.
    for sight in LedgerSight.allCases { #expect(total[sight, default: 0] > 0, "\(sight) was not seen") }
    print("ledger, seeds \(seeds): \(total.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", "))")
  }

  @Test(.enabled(if: replayed != nil)) func replay() throws {
    var world = try LedgerWorld(seed: try #require(Self.replayed), tracedLines: 5_000)
    print("seed \(world.seed): \(world.faults)")
    do {
      try world.run(blocks: Self.blocks)
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
        var world = try LedgerWorld(seed: seed)
        try world.run(blocks: 15)
        return world.traceHash
      }
      #expect(pair[0] == pair[1])
      hashes.insert(pair[0])
    }
    #expect(hashes.count == 4)
  }
}
