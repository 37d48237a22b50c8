import ChainCore
import Consensus
import Testing

@testable import ChainNode

/// Who must not set the time of blocks.
@Suite struct ClockWatchTests {
  static let peers = (UInt8(1)...4).map { ReplicaID(AccountID(CryptoSuite.international.hash([$0]))) }
  static let ours: BlockTime = 1_700_000_000_000

  /// The judgement of a node whose peers' clocks are so far ahead of its own.
  func isWrong(_ offsets: [Int64]) -> Bool {
    var watch = ClockWatch()
    for (peer, offset) in zip(Self.peers, offsets) {
      watch.note(peer, theirs: BlockTime(UInt64(Int64(Self.ours.rawValue) + offset)), ours: Self.ours, at: 1_000)
    }
    return watch.judge(Self.peers, at: 1_000) && watch.isWrong
  }

  @Test func theMedianOfAllClocksDecides() {
    #expect(!isWrong([]))
    #expect(!isWrong([0, 0]) && !isWrong([2_000, 2_000]) && !isWrong([-2_000, -2_000]))
    #expect(isWrong([2_001, 2_001]) && isWrong([-2_001, -2_001]))
    #expect(!isWrong([3_600_000, 0]), "one peer's clock is wrong, not ours")
    #expect(!isWrong([3_600_000, 3_600_000, 10, -20]), "two of four others are not a majority of five")
    #expect(isWrong([3_600_000, 3_600_000, 3_600_000, 10]))
    // Of two clocks the one ahead stands aside, the other does not.
    #expect(isWrong([-5_000]) && !isWrong([5_000]))
  }

  @Test func oldWordsAndStrangersDoNotCount() {
    var watch = ClockWatch()
    for peer in Self.peers { watch.note(peer, theirs: 0, ours: Self.ours, at: 1_000) }
    #expect(watch.judge(Self.peers, at: 1_000) && watch.isWrong)
    #expect(watch.judge(Array(Self.peers.prefix(0)), at: 1_000) && !watch.isWrong)
    for peer in Self.peers { watch.note(peer, theirs: BlockTime(.max), ours: 0, at: 2_000) }
    #expect(watch.judge(Self.peers, at: 7_000) && watch.isWrong)
    #expect(watch.judge(Self.peers, at: 7_001) && !watch.isWrong)
    #expect(watch.isDue(at: 5_000) && !watch.isDue(at: 5_999) && watch.isDue(at: 6_000))
  }
}

/// What clients gave is sent again, ever more rarely, until a block has it.
@Suite struct RebroadcastTests {
  @Test func waitsDoubleAndEndWithTheTransaction() throws {
    let founding = try SyncWorld.found(validators: 3, engine: .raft)
    let ledger = try Ledger(store: MemoryStore(), genesis: founding.genesis, contracts: founding.registry)
    let clerk = try #require(founding.member("city-hall", "clerk"))
    var (pool, own) = (Mempool(), Rebroadcast())
    let admitted = try (0..<20).map { number in
      try ledger.admit(
        clerk.sign(
          "counter", "add", Add(amount: UInt64(number)), chain: founding.genesis.chain, genesis: ledger.genesisID, validUntil: 5,
          salt: UInt64(number)))
    }
    try pool.insert(admitted[0])
    #expect(own.add(admitted[0].id, at: 0) && !own.add(admitted[0].id, at: 0) && own.contains(admitted[0].id))
    var sent: [UInt64] = []
    for now in stride(from: UInt64(0), through: 40_000, by: 50) where !own.due(at: MonotonicInstant(now), in: pool).isEmpty {
      sent.append(now)
    }
    #expect(sent == [1_000, 3_000, 7_000, 15_000, 23_000, 31_000, 39_000])
    pool.committed([admitted[0].id], at: 1)
    #expect(own.due(at: 47_000, in: pool).isEmpty && !own.contains(admitted[0].id))
    // Load must not add to itself: only so many at once, the others soon after.
    for transaction in admitted[1...] {
      try pool.insert(transaction)
      _ = own.add(transaction.id, at: 50_000)
    }
    #expect(own.due(at: 51_000, in: pool).count == Rebroadcast.burst)
    #expect(own.due(at: 51_050, in: pool).count == 19 - Rebroadcast.burst)
  }
}
