import ChainCore
import Consensus
import Testing

/// Checkpoint signatures from executed height to certificate.
@Suite struct CheckpointCollecting {
  let keys: [PrivateKey]
  let genesis: Genesis
  let ids: [ReplicaID]

  init() throws {
    let plan = FoundingPlan(
      chain: "henan/410100", suite: .international, validators: Array(repeating: Founding.platform, count: 4), contracts: [], time: 1_000)
    let founding = try Founding(plan)
    keys = founding.validatorKeys
    genesis = founding.genesis
    ids = founding.genesis.validators.members.map { $0.replica(suite: .international) }
  }

  func checkpoint(_ height: BlockHeight, root: Digest = .zero) -> Checkpoint {
    Checkpoint(
      chain: genesis.chain, height: height, blockID: BlockID(.zero), stateRoot: root, receiptsRoot: .zero, historyRoot: .zero,
      validatorSetHash: .zero)
  }

  func signature(_ checkpoint: Checkpoint, _ index: Int) throws -> Signature {
    try keys[index].sign(checkpoint.digest(genesis: genesis.id, suite: .international))
  }

  func step(_ collector: inout CheckpointCollector, _ event: CheckpointCollector.Event) -> [CheckpointCollector.Effect] {
    var effects: [CheckpointCollector.Effect] = []
    collector.step(event, into: &effects)
    return effects
  }

  func certificates(_ effects: [CheckpointCollector.Effect]) -> [CheckpointCertificate] {
    effects.compactMap { if case .certified(let certificate) = $0 { certificate } else { nil } }
  }

  @Test func quorumMakesACertificateThatVerifies() throws {
    var collector = CheckpointCollector(genesis: genesis, id: ids[0], certified: 0, executed: 0)
    let one = checkpoint(1)
    #expect(step(&collector, .executed(one)) == [.sign(one)])
    _ = step(&collector, .signed(one, try signature(one, 0)))
    #expect(step(&collector, .received(.signature(one, try signature(one, 1)), from: ids[1])).isEmpty)
    // Repeated and forged signatures add no weight.
    #expect(step(&collector, .received(.signature(one, try signature(one, 1)), from: ids[1])).isEmpty)
    #expect(step(&collector, .received(.signature(one, try signature(one, 3)), from: ids[2])).isEmpty)
    let made = certificates(step(&collector, .received(.signature(one, try signature(one, 3)), from: ids[3])))
    #expect(made.count == 1 && collector.certified == 1)
    try #require(made.first).verify(in: genesis.validators, genesis: genesis.id, suite: .international)
    // Who still asks gets the certificate.
    let answer = step(&collector, .received(.signature(one, try signature(one, 2)), from: ids[2]))
    #expect(answer == [.send(.certificate(try #require(made.first)), to: ids[2])])
  }

  @Test func signaturesThatComeFirstWaitForTheExecution() throws {
    var collector = CheckpointCollector(genesis: genesis, id: ids[0], certified: 0, executed: 0)
    let one = checkpoint(1)
    for index in 1...3 { #expect(step(&collector, .received(.signature(one, try signature(one, index)), from: ids[index])).isEmpty) }
    #expect(certificates(step(&collector, .executed(one))).count == 1)
  }

  @Test func strangersAndFarHeightsAreIgnored() throws {
    var collector = CheckpointCollector(genesis: genesis, id: ids[0], certified: 0, executed: 0)
    let stranger = ReplicaID(AccountID(.random()))
    let far = checkpoint(BlockHeight(CheckpointCollector.window + 1))
    #expect(step(&collector, .received(.signature(checkpoint(1), try signature(checkpoint(1), 1)), from: stranger)).isEmpty)
    #expect(step(&collector, .received(.signature(far, try signature(far, 1)), from: ids[1])).isEmpty)
  }

  @Test func anotherStateOfAQuorumIsAFault() throws {
    var collector = CheckpointCollector(genesis: genesis, id: ids[0], certified: 0, executed: 0)
    let mine = checkpoint(1)
    let theirs = checkpoint(1, root: CryptoSuite.international.hash([1]))
    _ = step(&collector, .executed(mine))
    for index in 1...2 { #expect(step(&collector, .received(.signature(theirs, try signature(theirs, index)), from: ids[index])).isEmpty) }
    #expect(step(&collector, .received(.signature(theirs, try signature(theirs, 3)), from: ids[3])) == [.diverged(1)])
    #expect(step(&collector, .executed(checkpoint(2))).isEmpty, "a diverged node signs nothing more")
  }

  @Test func signaturesAreRepeatedEachSecond() throws {
    var collector = CheckpointCollector(genesis: genesis, id: ids[0], certified: 0, executed: 0)
    let one = checkpoint(1)
    _ = step(&collector, .time(0))
    _ = step(&collector, .executed(one))
    #expect(step(&collector, .signed(one, try signature(one, 0))).count == 1)
    #expect(step(&collector, .time(999)).isEmpty)
    #expect(step(&collector, .time(1_000)).count == 1)
    #expect(step(&collector, .time(1_500)).isEmpty)
    #expect(step(&collector, .time(2_000)).count == 1)
  }

  @Test func forgottenHeightsAreLookedUp() throws {
    var collector = CheckpointCollector(genesis: genesis, id: ids[0], certified: 50, executed: 50)
    let old = checkpoint(7)
    #expect(step(&collector, .received(.signature(old, try signature(old, 1)), from: ids[1])) == [.lookUp(7, for: ids[1])])
  }
}

/// When the Raft engine builds, and what it does with what comes back.
@Suite struct RaftBlockEngine {
  @Test func buildsOnTheHeadAndOnBlocksBeyondIt() throws {
    let founding = try Founding(
      FoundingPlan(chain: "henan/410100", suite: .international, validators: [Founding.platform], contracts: [], time: 1_000))
    let genesis = founding.genesis
    let id = try #require(genesis.validators.members.first).replica(suite: .international)
    let store = MemoryStore()
    var chain = EngineAlone(
      try RaftEngine(genesis: genesis, id: id, store: store, position: 0, head: 0, certified: 0, seed: 1), store: store,
      key: try #require(founding.validatorKeys.first))
    try chain.pass(3_000)
    #expect(chain.status.leader == id && chain.requests.isEmpty, "nothing to order yet")
    try chain.step(.workPending)
    #expect(chain.requests == [BuildRequest(id: 1, parent: 0, allowsEmpty: false)])
    let block = Block(
      on: genesis.header, parentID: genesis.header.id(genesis: genesis.id, suite: genesis.suite), time: 2_000, proposer: id.account,
      transactions: try (UInt64(0)..<3).map { salt in
        try founding.administrator.sign(
          "notes", "file", NoResult(), chain: genesis.chain, genesis: genesis.id, validUntil: 9, salt: salt)
      }, genesis: genesis.id, suite: genesis.suite)
    try chain.step(.built(chain.requests[0], block))
    #expect(chain.decided.count == 1 && chain.decided[0].block == block)
    // While it is executed and written, the next is made on it.
    try chain.step(.workPending)
    #expect(chain.requests.count == 2 && chain.requests[1].parent == 1 && chain.requests[1].ancestors == [block])
    #expect(chain.requests[0].least == 1 && chain.requests[1].least == 3, "as many as the block has that it stands on")
    let second = Block(
      on: block.header, parentID: block.header.id(genesis: genesis.id, suite: genesis.suite), time: 3_000, proposer: id.account,
      transactions: [], genesis: genesis.id, suite: genesis.suite)
    try chain.step(.built(chain.requests[1], second))
    #expect(chain.decided.count == 2 && chain.decided[1].block == second)
    try chain.step(.workPending)
    #expect(chain.requests.count == 3 && chain.requests[2].parent == 2 && chain.requests[2].ancestors == [block, second])
    #expect(chain.requests[2].least == 1, "an empty block wants no empty one on it")
    try chain.step(.built(chain.requests[2], nil))
    try chain.step(.executed(position: chain.decided[0].position, head: 1))
    try chain.step(.workPending)
    #expect(chain.requests.count == 4 && chain.requests[3].parent == 2 && chain.requests[3].ancestors == [second])
    try chain.step(.built(chain.requests[3], nil))
    // The second was skipped: what comes next stands on the head again.
    try chain.step(.executed(position: chain.decided[1].position, head: 1))
    try chain.step(.workPending)
    #expect(chain.requests.count == 5 && chain.requests[4].parent == 1 && chain.requests[4].ancestors.isEmpty)
    try chain.step(.built(chain.requests[4], nil))
    // Eight blocks may be on their way, with what each transaction stands in; then one must be executed first.
    let open = chain.requests.count
    var parent = block
    for place in 0..<8 {
      try chain.step(.workPending)
      try #require(chain.requests.count == open + place + 1 && chain.requests[open + place].ancestors.count == place)
      let next = Block(
        on: parent.header, parentID: parent.header.id(genesis: genesis.id, suite: genesis.suite),
        time: BlockTime(4_000 + UInt64(place)), proposer: id.account,
        // The first has more than make a block on it worth while.
        transactions: place == 0 ? Array(repeating: block.transactions[0], count: 2_100) : [], genesis: genesis.id, suite: genesis.suite)
      #expect(chain.requests[open + place].least == (place == 1 ? 2_000 : 1))
      try chain.step(.built(chain.requests[open + place], next))
      parent = next
    }
    try chain.step(.workPending)
    #expect(chain.requests.count == open + 8, "eight blocks are on their way")
    for place in 0..<8 { try chain.step(.executed(position: chain.decided[2 + place].position, head: BlockHeight(UInt64(2 + place)))) }
    try #require(chain.requests.count == open + 9)
    try chain.step(.built(chain.requests[open + 8], nil))
    try chain.pass(genesis.parameters.idleIntervalMs + 100)
    #expect(chain.requests.last?.allowsEmpty == true, "an idle chain makes an empty block")
    // A new process continues from the log and does not deliver what the ledger holds.
    let again = try RaftEngine(
      genesis: genesis, id: id, store: store, position: chain.decided[0].position, head: 1, certified: 0, seed: 2)
    #expect(again.raftStatus.lastIndex.rawValue >= chain.decided[0].position)
    #expect(throws: EngineFault.self) {
      try RaftEngine(genesis: genesis, id: id, store: MemoryStore(), position: chain.decided[0].position, head: 1, certified: 0, seed: 2)
    }
  }

  @Test func certificatesThatLagStopTheLeader() throws {
    var parameters = ChainParameters()
    parameters.certificateLag = 3
    let founding = try Founding(
      FoundingPlan(
        chain: "henan/410100", suite: .international, validators: [Founding.platform], contracts: [], parameters: parameters, time: 1_000))
    let genesis = founding.genesis
    let id = try #require(genesis.validators.members.first).replica(suite: .international)
    let store = MemoryStore()
    var chain = EngineAlone(
      try RaftEngine(genesis: genesis, id: id, store: store, position: 0, head: 2, certified: 0, seed: 1), store: store,
      key: try #require(founding.validatorKeys.first))
    try chain.pass(4_000)
    try chain.step(.workPending)
    #expect(chain.status.leader == id && chain.requests.isEmpty, "height 3 may not be proposed without the certificate of 0 … 3 − 3")
    try chain.step(.certified(1))
    #expect(chain.requests.count == 1)
  }
}
