import ChainCore
import Testing

@testable import ChainNode

/// Transactions are checked beside the node's actor, so one may be committed between its check and its entry into the pool.
@Suite struct LateAdmissions {
  /// Otherwise the pool would keep it for ever, and each block that a leader makes of the pool would repeat it and be void.
  @Test(.timeLimit(.minutes(2)), arguments: [EngineKind.raft, .simplex])
  func whatWasCommittedMeanwhileIsNotTaken(engine: EngineKind) async throws {
    let founding = try SyncWorld.found(validators: 1, engine: engine)
    let chain = try LocalChain(founding)
    await chain.start()
    let node = chain.nodes[0]
    let clerk = try #require(founding.member("city-hall", "clerk"))
    func sign(_ salt: UInt64) throws -> SignedTransaction {
      try clerk.sign(
        "counter", "add", Add(amount: 1), chain: founding.genesis.chain, genesis: node.ledger.genesisID, validUntil: 9, salt: salt)
    }
    let head = node.ledger.head.height
    let signed = try sign(1)
    let admitted = try node.ledger.admit(signed)
    #expect(try await node.receipt(for: signed).status == .succeeded)
    await node.accept([Intake.Admission(result: .success(admitted), head: head, answer: .none)])
    #expect(await node.waiting == 0)
    #expect(try await node.receipt(for: sign(2)).status == .succeeded)
    await #expect(throws: NodeError.self) { try await node.submit(signed) }
    await chain.stop()
  }
}
