import ChainCore
import ChainTesting
import Testing

@testable import Consensus

/// When a leader of Simplex asks for more than one transaction.
@Suite struct SimplexCompany {
  /// The only validator of a chain: what it proposes is final at once.
  struct Alone {
    let founding: Founding
    let id: ReplicaID
    private let store = MemoryStore()
    private var engine: SimplexEngine
    private var now: UInt64 = 0
    private(set) var requests: [BuildRequest] = []
    private(set) var decided: [(position: UInt64, block: Block)] = []

    init() throws {
      founding = try Founding(
        FoundingPlan(chain: "henan/410100", engine: .simplex, validators: [Founding.platform], contracts: [], time: 1_000))
      let genesis = founding.genesis
      id = try #require(genesis.validators.members.first).replica(suite: genesis.suite)
      let root = BlockReference(height: 0, id: genesis.header.id(genesis: genesis.id, suite: genesis.suite))
      engine = try SimplexEngine(
        genesis: genesis, id: id, store: store,
        start: SimplexEngine.Start(
          head: root, position: 0, certified: 0, root: root, firstEpoch: 0, validators: genesis.validators,
          seats: ValidatorSeats(current: genesis.validators, since: 1)))
    }

    mutating func step(_ event: EngineEvent) throws {
      let key = try #require(founding.validatorKeys.first)
      var queue = [event]
      while !queue.isEmpty {
        var effects: [EngineEffect] = []
        engine.step(queue.removeFirst(), into: &effects)
        for effect in effects {
          switch effect {
          case .persist(let write):
            try store.write { try write.apply(to: $0) }
            queue.append(.persisted(sequence: write.sequence))
          case .sign(let statement, let digest): queue.append(.signed(statement, try key.sign(digest)))
          case .verify(let id, let checks): queue.append(.verified(id: id, checks.map { _ in true }))
          case .build(let request): requests.append(request)
          case .decided(let position, let block): decided.append((position, block))
          case .fault(let fault): throw fault
          default: break
          }
        }
      }
    }

    mutating func pass(_ milliseconds: UInt64) throws {
      let end = now + milliseconds
      while now < end {
        now += 10
        try step(.time(MonotonicInstant(now)))
      }
    }

    /// Answers the last request with a block of one call.
    mutating func build(on parent: BlockHeader) throws {
      let genesis = founding.genesis
      let call = try founding.administrator.sign(
        "notes", "file", NoResult(), chain: genesis.chain, genesis: genesis.id, validUntil: 90, salt: UInt64(requests.count))
      let block = Block(
        on: parent, parentID: parent.id(genesis: genesis.id, suite: genesis.suite), time: parent.time.advanced(byMilliseconds: 1),
        proposer: id.account, transactions: [call], genesis: genesis.id, suite: genesis.suite)
      try step(.built(try #require(requests.last), block))
    }
  }

  /// The chain while its first block is final and being executed, and the leader has been told that nothing waits.
  static func executing() throws -> Alone {
    var chain = try Alone()
    try chain.pass(20)
    try chain.step(.workPending)
    #expect(chain.requests.map(\.least) == [1], "nothing is being executed")
    try chain.build(on: chain.founding.genesis.header)
    try #require(chain.decided.count == 1)
    // Asked for in the next view, before the block was final.
    try #require(chain.requests.count == 2)
    #expect(chain.requests[1].least == 1)
    try chain.step(.built(chain.requests[1], nil))
    return chain
  }

  @Test func waitsWhileABlockIsExecuted() throws {
    var chain = try Self.executing()
    // Each new call is another chance.
    for count in 3...4 {
      try chain.step(.workPending)
      try #require(chain.requests.count == count)
      let request = chain.requests[count - 1]
      #expect(request.least == BuildRequest.leastOnOpenBlock && !request.allowsEmpty && request.ancestors.count == 1)
      try chain.step(.built(request, nil))
      #expect(chain.requests.count == count)
    }
    // What waits is proposed as soon as the block before is executed.
    try chain.step(.executed(position: chain.decided[0].position, head: 1))
    try chain.step(.workPending)
    try #require(chain.requests.count == 5)
    #expect(chain.requests[4].least == 1 && chain.requests[4].ancestors.isEmpty)
    try chain.build(on: chain.decided[0].block.header)
    #expect(chain.decided.count == 2)
  }

  @Test func doesNotWaitForExecutionForEver() throws {
    var chain = try Self.executing()
    try chain.step(.workPending)
    try chain.step(.built(try #require(chain.requests.last), nil))
    #expect(chain.requests.count == 3)
    // Half of D, long before others would give up on this leader.
    try chain.pass(200)
    #expect(chain.requests.count == 3)
    try chain.pass(60)
    try #require(chain.requests.count == 4)
    #expect(chain.requests[3].least == 1 && chain.requests[3].ancestors.count == 1)
    // Who has nothing at all is not asked over and over.
    try chain.step(.built(chain.requests[3], nil))
    try chain.pass(300)
    #expect(chain.requests.count == 4)
    try chain.step(.workPending)
    try #require(chain.requests.count == 5)
    try chain.build(on: chain.decided[0].block.header)
    #expect(chain.decided.count == 2)
  }
}

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
      for now in stride(from: UInt64(10), through: milliseconds, by: 10) {
        engine.step(.time(MonotonicInstant(now)), into: &effects)
        guard now.isMultiple(of: 500) else { continue }
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
