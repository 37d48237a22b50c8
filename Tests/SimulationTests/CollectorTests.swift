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
    var engine = try RaftEngine(genesis: genesis, id: id, store: store, position: 0, head: 0, certified: 0, seed: 1)
    var now: UInt64 = 0
    var requests: [BuildRequest] = []
    var decided: [(position: UInt64, block: Block)] = []
    func step(_ event: EngineEvent) throws {
      var queue = [event]
      while !queue.isEmpty {
        var effects: [EngineEffect] = []
        engine.step(queue.removeFirst(), into: &effects)
        for effect in effects {
          switch effect {
          case .persist(let write):
            try store.write { try write.apply(to: $0) }
            queue.append(.persisted(sequence: write.sequence))
          case .build(let request): requests.append(request)
          case .decided(let position, let block): decided.append((position, block))
          case .fault(let fault): throw fault
          default: break
          }
        }
      }
    }
    func pass(_ milliseconds: UInt64) throws {
      let end = now + milliseconds
      while now < end {
        now += 50
        try step(.time(MonotonicInstant(now)))
      }
    }
    try pass(3_000)
    #expect(engine.status.leader == id && requests.isEmpty, "nothing to order yet")
    try step(.workPending)
    #expect(requests == [BuildRequest(id: 1, parent: 0, allowsEmpty: false)])
    let block = Block(
      on: genesis.header, parentID: genesis.header.id(genesis: genesis.id, suite: genesis.suite), time: 2_000, proposer: id.account,
      transactions: try (UInt64(0)..<3).map { salt in
        try founding.administrator.sign(
          "notes", "file", NoResult(), chain: genesis.chain, genesis: genesis.id, validUntil: 9, salt: salt)
      }, genesis: genesis.id, suite: genesis.suite)
    try step(.built(requests[0], block))
    #expect(decided.count == 1 && decided[0].block == block)
    // While it is executed and written, the next is made on it.
    try step(.workPending)
    #expect(requests.count == 2 && requests[1].parent == 1 && requests[1].ancestors == [block])
    #expect(requests[0].least == 1 && requests[1].least == 3, "as many as the block has that it stands on")
    let second = Block(
      on: block.header, parentID: block.header.id(genesis: genesis.id, suite: genesis.suite), time: 3_000, proposer: id.account,
      transactions: [], genesis: genesis.id, suite: genesis.suite)
    try step(.built(requests[1], second))
    #expect(decided.count == 2 && decided[1].block == second)
    try step(.workPending)
    #expect(requests.count == 3 && requests[2].parent == 2 && requests[2].ancestors == [block, second])
    #expect(requests[2].least == 1, "an empty block wants no empty one on it")
    try step(.built(requests[2], nil))
    try step(.executed(position: decided[0].position, head: 1))
    try step(.workPending)
    #expect(requests.count == 4 && requests[3].parent == 2 && requests[3].ancestors == [second])
    try step(.built(requests[3], nil))
    // The second was skipped: what comes next stands on the head again.
    try step(.executed(position: decided[1].position, head: 1))
    try step(.workPending)
    #expect(requests.count == 5 && requests[4].parent == 1 && requests[4].ancestors.isEmpty)
    try step(.built(requests[4], nil))
    // Eight blocks may be on their way, with what each transaction stands in; then one must be executed first.
    let open = requests.count
    var parent = block
    for place in 0..<8 {
      try step(.workPending)
      try #require(requests.count == open + place + 1 && requests[open + place].ancestors.count == place)
      let next = Block(
        on: parent.header, parentID: parent.header.id(genesis: genesis.id, suite: genesis.suite),
        time: BlockTime(4_000 + UInt64(place)), proposer: id.account,
        // The first has more than make a block on it worth while.
        transactions: place == 0 ? Array(repeating: block.transactions[0], count: 2_100) : [], genesis: genesis.id, suite: genesis.suite)
      #expect(requests[open + place].least == (place == 1 ? 2_000 : 1))
      try step(.built(requests[open + place], next))
      parent = next
    }
    try step(.workPending)
    #expect(requests.count == open + 8, "eight blocks are on their way")
    for place in 0..<8 { try step(.executed(position: decided[2 + place].position, head: BlockHeight(UInt64(2 + place)))) }
    try #require(requests.count == open + 9)
    try step(.built(requests[open + 8], nil))
    try pass(genesis.parameters.idleIntervalMs + 100)
    #expect(requests.last?.allowsEmpty == true, "an idle chain makes an empty block")
    // A new process continues from the log and does not deliver what the ledger holds.
    let again = try RaftEngine(
      genesis: genesis, id: id, store: store, position: decided[0].position, head: 1, certified: 0, seed: 2)
    #expect(again.raftStatus.lastIndex.rawValue >= decided[0].position)
    #expect(throws: EngineFault.self) {
      try RaftEngine(genesis: genesis, id: id, store: MemoryStore(), position: decided[0].position, head: 1, certified: 0, seed: 2)
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
    var engine = try RaftEngine(genesis: genesis, id: id, store: store, position: 0, head: 2, certified: 0, seed: 1)
    var requests = 0
    func step(_ event: EngineEvent) throws {
      var effects: [EngineEffect] = []
      engine.step(event, into: &effects)
      for effect in effects {
        if case .persist(let write) = effect {
          try store.write { try write.apply(to: $0) }
          try step(.persisted(sequence: write.sequence))
        }
        if case .build = effect { requests += 1 }
      }
    }
    for tick in UInt64(1)...80 { try step(.time(MonotonicInstant(tick * 50))) }
    try step(.workPending)
    #expect(engine.status.leader == id && requests == 0, "height 3 may not be proposed without the certificate of 0 … 3 − 3")
    try step(.certified(1))
    #expect(requests == 1)
  }
}
