import ChainCore
import Consensus
import Testing

@testable import ChainNode

/// Each signature is verified once, at admission. What was not admitted, byte for byte, is verified in the block.
@Suite struct WarmPools {
  /// Finds everything final, and asks for everything to be judged.
  private struct Yes: Engine {
    let block: Block
    var status: EngineStatus { EngineStatus(id: ReplicaID(AccountID(.zero)), leader: nil, round: 0, decided: 0, fault: nil) }
    func step(_ event: EngineEvent, into effects: inout [EngineEffect]) {
      guard case .time = event else { return }
      effects.append(.validate(ValidationRequest(id: 1, block: block, ancestors: [])))
      effects.append(.decided(position: 1, block))
    }
  }

  /// Whether a node with `pool` would commit and vote for a block of `transactions` without looking at their signatures.
  private func skipsSignatures(
    _ transactions: [SignedTransaction], pool: [AdmittedTransaction], _ founding: Founding, _ ledger: Ledger
  ) throws -> Bool {
    let block = block(transactions, founding, ledger)
    var core = NodeCore(
      genesis: founding.genesis, id: ReplicaID(AccountID(.zero)), engine: Yes(block: block), certified: 0, executed: 0)
    var effects: [NodeCore.Effect] = []
    let refusals = core.take(pool.map { ($0, false) }, into: &effects)
    #expect(refusals.allSatisfy { $0 == nil })
    core.step(.time(1), into: &effects)
    var answers: [Bool] = []
    for effect in effects {
      switch effect {
      case .execute(_, _, let areChecked): answers.append(areChecked)
      case .validate(_, let areChecked): answers.append(areChecked)
      default: break
      }
    }
    try #require(answers.count == 2 && answers[0] == answers[1])
    return answers[0]
  }

  private func block(_ transactions: [SignedTransaction], _ founding: Founding, _ ledger: Ledger) -> Block {
    Block(
      on: ledger.head.header, parentID: ledger.head.blockID, time: ledger.head.header.time.advanced(byMilliseconds: 1),
      proposer: AccountID(.zero), transactions: transactions, genesis: ledger.genesisID, suite: ledger.suite)
  }

  @Test func aByzantineProposersSignatureIsSeenThoughTheTransactionIsKnown() throws {
    let founding = try SyncWorld.found(validators: 4)
    let ledger = try Ledger(store: MemoryStore(), genesis: founding.genesis, contracts: founding.registry)
    let clerk = try #require(founding.member("city-hall", "clerk"))
    let signed = try (UInt64(0)..<3).map { number in
      try clerk.sign(
        "counter", "add", Add(amount: 1), chain: founding.genesis.chain, genesis: ledger.genesisID, validUntil: 5, salt: number)
    }
    let pool = try signed.prefix(2).map { try ledger.admit($0) }
    #expect(try skipsSignatures([signed[0], signed[1]], pool: pool, founding, ledger))
    #expect(try skipsSignatures([], pool: pool, founding, ledger))
    #expect(try !skipsSignatures(signed, pool: pool, founding, ledger), "the third was never admitted")

    // The id covers no signature: it is the same with another one, and with another key.
    var forged = signed[1]
    forged.signature = signed[0].signature
    #expect(forged.id(genesis: ledger.genesisID, suite: ledger.suite) == pool[1].id)
    #expect(try !skipsSignatures([signed[0], forged], pool: pool, founding, ledger))
    var stolen = signed[1]
    stolen.key = founding.administrator.key.publicKey
    #expect(try !skipsSignatures([signed[0], stolen], pool: pool, founding, ledger))

    // And what then becomes of it.
    for bad in [forged, stolen] {
      let block = block([signed[0], bad], founding, ledger)
      let fault = LedgerError.invalidBlock(.badSignature(index: 1))
      let request = ValidationRequest(id: 1, block: block, ancestors: [])
      #expect(Judgement.of(request, areChecked: false, on: ledger, now: block.header.time) == .invalid(fault))
      let outcome = FinalBlock(block: block, position: 1, areChecked: false).execute(on: ledger, after: nil)
      if case .failure(fault) = outcome {} else { Issue.record("\(outcome)") }
    }
    #expect(ledger.head.height == 0)
  }

  /// More at once than a batch holds, good and bad ones mixed: each gets its own answer.
  @Test func eachOfACrowdGetsItsOwnAnswer() async throws {
    let founding = try SyncWorld.found(validators: 1, engine: .raft)
    let chain = try LocalChain(founding)
    await chain.start()
    let clerk = try #require(founding.member("city-hall", "clerk"))
    let node = chain.nodes[0]
    let genesis = node.ledger.genesisID
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<300 {
        var signed = try clerk.sign(
          "counter", "add", Add(amount: 1), chain: founding.genesis.chain, genesis: genesis, validUntil: 9, salt: UInt64(number))
        let isGood = number % 10 != 3
        if !isGood { signed.transaction.salt += 1_000 }
        let given = signed
        group.addTask {
          do {
            let receipt = try await node.receipt(for: given)
            #expect(isGood && receipt.status == .succeeded)
            #expect(receipt.transaction == given.id(genesis: genesis, suite: .international))
          } catch {
            #expect(!isGood && error as? NodeError == .refused(.badSignature), "\(error)")
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try node.ledger.query("counter", "sum", NoResult(), as: UInt64.self) == 270)
    await chain.stop()
    let late = try clerk.sign(
      "counter", "add", Add(amount: 1), chain: founding.genesis.chain, genesis: genesis, validUntil: 9, salt: 5_000)
    await #expect(throws: NodeError.self) { try await node.receipt(for: late) }
  }
}
