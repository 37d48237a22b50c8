import ChainCore
import Consensus
import Testing

@testable import ChainNode

/// Clients' transactions go to the other validators many in a message, and come from them so.
@Suite struct Gossip {
  private struct Idle: Engine {
    var status: EngineStatus { EngineStatus(id: ReplicaID(AccountID(.zero)), leader: nil, round: 0, decided: 0, fault: nil) }
    func step(_ event: EngineEvent, into effects: inout [EngineEffect]) {}
  }

  let founding: Founding
  let ledger: Ledger
  let validators: [ReplicaID]

  init() throws {
    founding = try SyncWorld.found(validators: 4)
    ledger = try Ledger(store: MemoryStore(), genesis: founding.genesis, contracts: founding.registry)
    let suite = founding.genesis.suite
    validators = ledger.head.seats.current.members.map { ReplicaID(suite.accountID(of: $0.key)) }
  }

  /// The first validator's core.
  private func core() -> NodeCore { NodeCore(genesis: founding.genesis, id: validators[0], engine: Idle(), certified: 0, executed: 0) }

  private func sign(_ salt: UInt64, arguments bytes: Int = 8) throws -> SignedTransaction {
    let clerk = try #require(founding.member("city-hall", "clerk"))
    return try Transaction(
      chain: founding.genesis.chain, sender: clerk.id, contract: "counter", entry: "add", arguments: [UInt8](repeating: 1, count: bytes),
      salt: salt, validUntilHeight: 5
    ).signed(by: clerk.key, genesis: ledger.genesisID)
  }

  private func admitted(_ signed: SignedTransaction) -> AdmittedTransaction {
    AdmittedTransaction(
      signed: signed, id: signed.id(genesis: ledger.genesisID, suite: ledger.suite), bytes: signed.canonicalBytes.count)
  }

  /// What goes to a peer, by message.
  private func sent(_ effects: [NodeCore.Effect], to peer: ReplicaID) throws -> [[SignedTransaction]] {
    try effects.compactMap { effect in
      guard case .send(.transactions(let all), peer) = effect else { return nil }
      return try all.map { try SignedTransaction(canonicalBytes: $0) }
    }
  }

  @Test func whatCameTogetherGoesTogether() throws {
    let signed = try (0..<5).map { try sign($0) }
    var core = core()
    var effects: [NodeCore.Effect] = []
    // The second is a peer's: its own node sends it.
    #expect(core.take(signed.enumerated().map { (admitted($1), $0 != 1) }, into: &effects) == [nil, nil, nil, nil, nil])
    for peer in validators[1...] { #expect(try sent(effects, to: peer) == [[signed[0], signed[2], signed[3], signed[4]]]) }
    #expect(try sent(effects, to: validators[0]).isEmpty)
    // What a client gives again is sent only if a peer gave it before; what is due goes together too.
    effects = []
    let again = core.take(signed.prefix(2).map { (admitted($0), true) }, into: &effects)
    #expect(again == signed.prefix(2).map { .alreadyWaiting(admitted($0).id) })
    #expect(try sent(effects, to: validators[2]) == [[signed[1]]])
    effects = []
    core.step(.time(1_000), into: &effects)
    #expect(try sent(effects, to: validators[3]).map { Set($0) } == [Set(signed)])
    effects = []
    #expect(throws: AdmissionError.self) { try core.submit(admitted(signed[0]), into: &effects) }
    #expect(try sent(effects, to: validators[1]).isEmpty)
  }

  @Test func messagesAreBounded() throws {
    let limit = NodeCore.transactionBytesPerMessage
    let sizes = [limit / 3, limit / 3, limit / 3, 8, 2 * limit, 8, limit - 500, 8]
    let signed = try sizes.enumerated().map { try sign(UInt64($0), arguments: $1) }
    var effects: [NodeCore.Effect] = []
    var core = core()
    _ = core.take(signed.map { (admitted($0), true) }, into: &effects)
    let messages = try sent(effects, to: validators[1])
    #expect(messages.flatMap(\.self) == signed)
    for message in messages {
      #expect(message.count == 1 || message.reduce(0) { $0 + $1.canonicalBytes.count } <= limit)
    }
    #expect(messages.map(\.count) == [2, 2, 1, 2, 1])
  }

  @Test func whatIsNoTransactionSpoilsNoOther() throws {
    let signed = try (0..<3).map { try sign($0) }
    var core = core()
    var effects: [NodeCore.Effect] = []
    _ = core.take([(admitted(signed[0]), false)], into: &effects)
    func receive(_ all: [[UInt8]], from: ReplicaID) -> [[SignedTransaction]] {
      effects = []
      core.step(.received(NodeMessage.transactions(all).canonicalBytes, from: from), into: &effects)
      return effects.compactMap { effect in
        guard case .admit(let transactions) = effect else { return nil }
        return transactions
      }
    }
    let bytes = signed.map(\.canonicalBytes)
    #expect(receive([bytes[1], [1, 2, 3], bytes[0], bytes[2] + [0], bytes[2]], from: validators[1]) == [[signed[1], signed[2]]])
    #expect(core.refusedMessages == 1)
    // It waits already, but with another signature.
    var forged = signed[0]
    forged.signature = signed[1].signature
    #expect(receive([forged.canonicalBytes, bytes[0]], from: validators[1]) == [[forged]])
    #expect(receive([bytes[0]], from: validators[1]).isEmpty && receive([], from: validators[1]).isEmpty)
    #expect(core.refusedMessages == 1)
    #expect(receive(bytes, from: ReplicaID(AccountID(.zero))).isEmpty, "no validator")
    // A count that the message does not hold.
    let before = core.refusedMessages
    core.step(.received([1, 0xff, 0xff, 0xff, 0xff, 0x07], from: validators[1]), into: &effects)
    #expect(core.refusedMessages == before + 1)
  }
}
