import ChainCore
import Consensus

/// The consensus engines' state machines alone. The yardstick is SHA-256 of 256 bytes, the size of an entry.
enum EngineCases {
  static let all = [
    raft("raft.core", perRound: 1, entries: 30_000),
    raft("raft.core.batched", perRound: 256, entries: 256_000),
    simplex("simplex.core.4", members: 4, views: 2_000),
    simplex("simplex.core.20", members: 20, views: 100),
  ]

  private static let yardstick = "SHA-256 of 256 bytes, EVP"

  /// 3 replicas, 256-byte entries.
  private static func raft(_ name: String, perRound: Int, entries: Int) -> Case {
    Case(name: name, unit: "proposals/s", baseline: yardstick) { size in
      Sides(
        ours: {
          var loop = try RaftLoop()
          return loop.rate(entries: max(perRound, size.count(entries)), perRound: perRound)
        },
        baseline: { HashCases.evpRate(size.count(50_000)) })
    }
  }

  private static func simplex(_ name: String, members: Int, views: Int) -> Case {
    Case(name: name, unit: "views/s", baseline: yardstick) { size in
      Sides(
        ours: {
          var loop = try SimplexLoop(members: members)
          return loop.rate(views: size.count(views))
        },
        baseline: { HashCases.evpRate(size.count(50_000)) })
    }
  }
}
