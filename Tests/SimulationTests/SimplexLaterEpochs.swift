import ChainCore
import Testing

@testable import Consensus

/// A replica in an epoch that is over, and peers that forgot it.
@Suite struct SimplexLaterEpochs {
  @Test func twoOfFourAreBelievedOneIsNot() throws {
    let founding = try Founding(
      FoundingPlan(
        chain: "henan/410100", engine: .simplex, validators: Array(repeating: Founding.platform, count: 4), contracts: [], time: 1_000))
    let genesis = founding.genesis
    let ids = genesis.validators.members.map { $0.replica(suite: genesis.suite) }
    let root = BlockReference(height: 0, id: genesis.header.id(genesis: genesis.id, suite: genesis.suite))
    func behind(_ id: ReplicaID? = nil, speaking: [ReplicaID], epoch: Epoch, for milliseconds: UInt64) throws -> [BlockID?] {
      var engine = try SimplexEngine(
        genesis: genesis, id: id ?? ids[0], store: MemoryStore(),
        start: SimplexEngine.Start(
          head: root, position: 0, certified: 0, root: root, firstEpoch: 0, validators: genesis.validators,
          seats: ValidatorSeats(current: genesis.validators, since: 1)))
      var effects: [EngineEffect] = []
      for time in stride(from: UInt64(10), through: milliseconds, by: 10) {
        engine.step(.time(MonotonicInstant(time)), into: &effects)
        guard time.isMultiple(of: 500) else { continue }
        for peer in speaking {
          let message = SimplexMessage(genesis: genesis.id, epoch: epoch, body: .fetchView(1))
          engine.step(.received(message.canonicalBytes, from: peer), into: &effects)
        }
      }
      return effects.compactMap { if case .behind(let id) = $0 { id } else { nil } as BlockID?? }
    }
    #expect(try behind(speaking: [ids[1], ids[2]], epoch: 1, for: 3_000) == [nil])
    #expect(try behind(speaking: [ids[3], ids[2]], epoch: 7, for: 6_000) == [nil, nil], "once each two seconds")
    #expect(try behind(speaking: [ids[1], ids[2]], epoch: 1, for: 2_400).isEmpty, "about to enter it itself, perhaps")
    #expect(try behind(speaking: [ids[1]], epoch: 1, for: 30_000).isEmpty, "one of four may lie")
    #expect(try behind(speaking: [ids[1], ReplicaID(AccountID(.zero))], epoch: 1, for: 30_000).isEmpty, "a stranger")
    #expect(try behind(ReplicaID(AccountID(.zero)), speaking: [ids[1], ids[2]], epoch: 1, for: 30_000).isEmpty, "who has no seat")
    #expect(try behind(speaking: [ids[1], ids[2]], epoch: 0, for: 30_000).isEmpty, "the same epoch")
  }
}
