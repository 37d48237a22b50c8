import ChainCore
import Consensus
import Testing

@testable import ChainNode

/// Each signature is verified once, at admission. What was not admitted, byte for byte, is verified in the block.
@Suite struct WarmPools {
  /// Finds everything final, and asks for everything to be judged; after a judgement everything once more.
  private struct Yes: Engine {
    let block: Block
    var judged: Block?
    var status: EngineStatus { EngineStatus(id: ReplicaID(AccountID(.zero)), leader: nil, round: 0, decided: 0, fault: nil) }
    func step(_ event: EngineEvent, into effects: inout [EngineEffect]) {
      switch event {
      case .time:
        effects.append(.validate(ValidationRequest(id: 1, block: block, ancestors: [])))
        effects.append(.decided(position: 1, block))
      case .validated: effects.append(.decided(position: 2, judged ?? block))
      default: break
      }
    }
  }

  /// Which signatures a node with `pool` would look at before it commits, and votes for, a block of `transactions`.
  private func looks(
    _ transactions: [SignedTransaction], pool: [AdmittedTransaction], _ founding: Founding, _ ledger: Ledger
  ) throws -> Ledger.SignatureCheck {
    let block = block(transactions, founding, ledger)
    var core = NodeCore(
      genesis: founding.genesis, id: ReplicaID(AccountID(.zero)), engine: Yes(block: block), certified: 0, executed: 0)
    var effects: [NodeCore.Effect] = []
    let refusals = core.take(pool.map { ($0, false) }, into: &effects)
    #expect(refusals.allSatisfy { $0 == nil })
    core.step(.time(1), into: &effects)
    let answers = Self.checks(effects)
    try #require(answers.count == 2 && answers[0] == answers[1])
    return answers[0]
  }

  private static func checks(_ effects: [NodeCore.Effect]) -> [Ledger.SignatureCheck] {
    effects.compactMap { effect in
      switch effect {
      case .execute(_, _, let signatures), .validate(_, let signatures): signatures
      default: nil
      }
    }
  }

  private func block(_ transactions: [SignedTransaction], _ founding: Founding, _ ledger: Ledger) -> Block {
    Block(
      on: ledger.head.header, parentID: ledger.head.blockID, time: ledger.head.header.time.advanced(byMilliseconds: 1),
      proposer: AccountID(.zero), transactions: transactions, genesis: ledger.genesisID, suite: ledger.suite)
  }

  /// A chain of four validators, the ledger of one, and `count` calls of its clerk.
  private func world(_ count: UInt64) throws -> (founding: Founding, ledger: Ledger, signed: [SignedTransaction]) {
    let founding = try SyncWorld.found(validators: 4)
    let ledger = try Ledger(store: MemoryStore(), genesis: founding.genesis, contracts: founding.registry)
    let clerk = try #require(founding.member("city-hall", "clerk"))
    let signed = try (0..<count).map { number in
      try clerk.sign(
        "counter", "add", Add(amount: 1), chain: founding.genesis.chain, genesis: ledger.genesisID, validUntil: 5, salt: number)
    }
    return (founding, ledger, signed)
  }

  @Test func aByzantineProposersSignatureIsSeenThoughTheTransactionIsKnown() throws {
    let (founding, ledger, signed) = try world(3)
    let pool = try signed.prefix(2).map { try ledger.admit($0) }
    #expect(try looks([signed[0], signed[1]], pool: pool, founding, ledger) == .alreadyChecked)
    #expect(try looks([], pool: pool, founding, ledger) == .alreadyChecked)
    #expect(try looks(signed, pool: pool, founding, ledger) == .checkOnly([2]), "the third was never admitted")

    // The id covers no signature: it is the same with another one, and with another key.
    var forged = signed[1]
    forged.signature = signed[0].signature
    #expect(forged.id(genesis: ledger.genesisID, suite: ledger.suite) == pool[1].id)
    #expect(try looks([signed[0], forged], pool: pool, founding, ledger) == .checkOnly([1]))
    var stolen = signed[1]
    stolen.key = founding.administrator.key.publicKey
    #expect(try looks([stolen, signed[0]], pool: pool, founding, ledger) == .checkOnly([0]))

    // And what then becomes of it.
    for bad in [forged, stolen] {
      let block = block([signed[0], bad], founding, ledger)
      let fault = LedgerError.invalidBlock(.badSignature(index: 1))
      let request = ValidationRequest(id: 1, block: block, ancestors: [])
      #expect(Judgement.of(request, signatures: .checkOnly([1]), on: ledger, now: block.header.time) == .invalid(fault))
      let outcome = FinalBlock(block: block, position: 1, signatures: .checkOnly([1])).execute(on: ledger, after: nil)
      if case .failure(fault) = outcome {} else { Issue.record("\(outcome)") }
    }
    #expect(ledger.head.height == 0)
  }

  /// What was verified when a block was judged is not again when it is final; what was found invalid, or is another block, is.
  @Test func aBlockThatWasJudgedIsVerifiedOnce() throws {
    let (founding, ledger, signed) = try world(2)
    let proposed = block(signed, founding, ledger)
    // The same transactions by their ids, with another signature: another block.
    var forged = signed
    forged[1].signature = signed[0].signature
    let other = block(forged, founding, ledger)
    func last(_ isValid: Bool, request: UInt64 = 1, then judged: Block) -> Ledger.SignatureCheck? {
      var core = NodeCore(
        genesis: founding.genesis, id: ReplicaID(AccountID(.zero)), engine: Yes(block: proposed, judged: judged), certified: 0, executed: 0)
      var effects: [NodeCore.Effect] = []
      core.step(.time(1), into: &effects)
      #expect(Self.checks(effects) == [.checkOnly([0, 1]), .checkOnly([0, 1])])
      effects = []
      core.step(.validated(id: request, isValid), into: &effects)
      return Self.checks(effects).last
    }
    #expect(last(true, then: proposed) == .alreadyChecked)
    #expect(last(false, then: proposed) == .checkOnly([0, 1]))
    #expect(last(true, request: 2, then: proposed) == .checkOnly([0, 1]), "an answer to no question")
    #expect(last(true, then: other) == .checkOnly([0, 1]))
  }

  /// What is said to be checked is not looked at, all else is, and a bad one is named by its place in the block.
  @Test func onlyTheNamedSignaturesAreVerified() throws {
    let (founding, ledger, good) = try world(6)
    var signed = good
    signed[4].signature = signed[0].signature
    let block = block(signed, founding, ledger)
    for (check, isSeen) in [
      (.check, true), (.checkOnly([4]), true), (.checkOnly([1, 4, 5]), true), (.checkOnly([0, 1, 2, 3, 5]), false),
      (.checkOnly([99, -1]), false), (.alreadyChecked, false),
    ] as [(Ledger.SignatureCheck, Bool)] {
      if isSeen {
        #expect(throws: LedgerError.invalidBlock(.badSignature(index: 4))) { try ledger.validate(block, signatures: check) }
        #expect(throws: LedgerError.invalidBlock(.badSignature(index: 4))) { _ = try ledger.execute(block, position: 1, signatures: check) }
      } else {
        try ledger.validate(block, signatures: check)
        #expect(try ledger.execute(block, position: 1, signatures: check) != nil)
      }
    }
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

/// A leader that was told to wait for company makes no block before there is enough.
@Suite struct BlocksWithCompany {
  private struct Wants: Engine {
    let least: Int
    /// Of calls that never were in the node's pool.
    let foreign: Block
    var status: EngineStatus { EngineStatus(id: ReplicaID(AccountID(.zero)), leader: nil, round: 0, decided: 0, fault: nil) }
    func step(_ event: EngineEvent, into effects: inout [EngineEffect]) {
      switch event {
      case .workPending: effects.append(.build(BuildRequest(id: 1, parent: 0, allowsEmpty: false, least: least)))
      case .time: effects.append(.build(BuildRequest(id: 2, parent: 0, allowsEmpty: true, least: least)))
      case .verified: effects.append(.decided(position: 1, foreign))
      default: break
      }
    }
  }

  @Test func nobodyWaitsForMoreThanABlockMayHave() throws {
    let founding = try SyncWorld.found(validators: 1)
    let ledger = try Ledger(store: MemoryStore(), genesis: founding.genesis, contracts: founding.registry)
    let clerk = try #require(founding.member("city-hall", "clerk"))
    let calls = try (UInt64(0)..<3).map { salt in
      try ledger.admit(
        try clerk.sign(
          "counter", "add", Add(amount: 1), chain: founding.genesis.chain, genesis: ledger.genesisID, validUntil: 5, salt: salt))
    }
    let unused = Block(
      on: ledger.head.header, parentID: ledger.head.blockID, time: 2_000, proposer: AccountID(.zero), transactions: [],
      genesis: ledger.genesisID, suite: ledger.suite)
    func isBuilt(_ parameters: ChainParameters) -> Bool {
      var core = NodeCore(
        genesis: founding.genesis, id: ReplicaID(AccountID(.zero)), engine: Wants(least: 4, foreign: unused), certified: 0, executed: 0,
        schedule: ParameterSchedule(genesis: parameters))
      var effects: [NodeCore.Effect] = []
      _ = core.take(calls.map { ($0, false) }, into: &effects)
      return effects.contains { if case .build = $0 { true } else { false } }
    }
    #expect(!isBuilt(ChainParameters(blockTransactions: 4)))
    #expect(isBuilt(ChainParameters(blockTransactions: 3)))
    var narrow = ChainParameters()
    narrow.blockBytes = UInt32(3 * calls[0].bytes)
    #expect(isBuilt(narrow))
    narrow.blockBytes = UInt32(3 * calls[0].bytes + 100)
    #expect(!isBuilt(narrow))
  }

  @Test func fewerThanWantedMakeNoBlock() throws {
    let founding = try SyncWorld.found(validators: 1)
    let ledger = try Ledger(store: MemoryStore(), genesis: founding.genesis, contracts: founding.registry)
    let clerk = try #require(founding.member("city-hall", "clerk"))
    func call(_ number: UInt64) throws -> SignedTransaction {
      try clerk.sign(
        "counter", "add", Add(amount: 1), chain: founding.genesis.chain, genesis: ledger.genesisID, validUntil: 5, salt: number)
    }
    let calls = try (UInt64(0)..<3).map { try ledger.admit(try call($0)) }
    let more = try ledger.admit(try call(3))
    let foreign = Block(
      on: ledger.head.header, parentID: ledger.head.blockID, time: ledger.head.header.time.advanced(byMilliseconds: 1),
      proposer: AccountID(.zero), transactions: try (10..<20).map { try call($0) }, genesis: ledger.genesisID, suite: ledger.suite)
    for least in 1...4 {
      var core = NodeCore(
        genesis: founding.genesis, id: ReplicaID(AccountID(.zero)), engine: Wants(least: least, foreign: foreign), certified: 0, executed: 0
      )
      for (place, call) in calls.enumerated() {
        var effects: [NodeCore.Effect] = []
        _ = core.take([(call, false)], into: &effects)
        let built = effects.compactMap { if case .build(_, let transactions) = $0 { transactions } else { nil } }
        #expect(built == (place + 1 >= least ? [calls[...place].map(\.signed)] : []))
      }
      // What is decided and not executed need not have been in this pool: a block that may be of one call is made all the same.
      if least == 1 {
        var busy = core
        var effects: [NodeCore.Effect] = []
        busy.step(.verified(id: 1, []), into: &effects)
        #expect(effects.contains { if case .execute = $0 { true } else { false } })
        effects = []
        _ = busy.take([(more, false)], into: &effects)
        #expect(effects.contains { if case .build(_, let transactions) = $0 { transactions.count == 4 } else { false } })
      }
      // An idle chain's block is made of whatever there is.
      var effects: [NodeCore.Effect] = []
      core.step(.time(1), into: &effects)
      #expect(effects.contains { if case .build(_, let transactions) = $0 { transactions.count == 3 } else { false } })
    }
  }
}
