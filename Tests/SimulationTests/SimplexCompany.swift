import ChainCore
import Testing

@testable import Consensus

/// When a leader of Simplex asks for more than one transaction.
@Suite struct SimplexCompany {
  private let founding: Founding
  private var genesis: Genesis { founding.genesis }

  init() throws {
    founding = try Founding(
      FoundingPlan(chain: "henan/410100", engine: .simplex, validators: [Founding.platform], contracts: [], time: 1_000))
  }

  /// A block of one call.
  private func block(on parent: BlockHeader) throws -> Block {
    let call = try founding.administrator.sign(
      "notes", "file", NoResult(), chain: genesis.chain, genesis: genesis.id, validUntil: 90, salt: parent.height.rawValue)
    return Block(
      on: parent, parentID: parent.id(genesis: genesis.id, suite: genesis.suite), time: parent.time.advanced(byMilliseconds: 1),
      proposer: AccountID(.zero), transactions: [call], genesis: genesis.id, suite: genesis.suite)
  }

  /// The chain while its first block is final and being executed, and the leader has been told that nothing waits.
  private func executing() throws -> EngineAlone {
    let store = MemoryStore()
    let root = BlockReference(height: 0, id: genesis.header.id(genesis: genesis.id, suite: genesis.suite))
    let engine = try SimplexEngine(
      genesis: genesis, id: try #require(genesis.validators.members.first).replica(suite: genesis.suite), store: store,
      start: SimplexEngine.Start(
        head: root, position: 0, certified: 0, root: root, firstEpoch: 0, validators: genesis.validators,
        seats: ValidatorSeats(current: genesis.validators, since: 1)))
    var chain = EngineAlone(engine, store: store, key: try #require(founding.validatorKeys.first))
    try chain.pass(20)
    try chain.step(.workPending)
    try #require(chain.requests.map(\.least) == [1], "nothing is being executed")
    try chain.step(.built(chain.requests[0], try block(on: genesis.header)))
    try #require(chain.decided.count == 1)
    // Asked for in the next view, before the block was final.
    try #require(chain.requests.map(\.least) == [1, 1])
    try chain.step(.built(chain.requests[1], nil))
    return chain
  }

  @Test func waitsWhileABlockIsExecuted() throws {
    var chain = try executing()
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
    try chain.step(.built(chain.requests[4], try block(on: chain.decided[0].block.header)))
    #expect(chain.decided.count == 2)
  }

  @Test func doesNotWaitForExecutionForEver() throws {
    var chain = try executing()
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
    try chain.step(.built(chain.requests[4], try block(on: chain.decided[0].block.header)))
    #expect(chain.decided.count == 2)
  }

  @Test func whoWaitedInVainWantsNothing() throws {
    var chain = try executing()
    try chain.step(.workPending)
    try chain.step(.built(try #require(chain.requests.last), nil))
    // Executed, and nothing waits any more: the host says nothing of work.
    try chain.step(.executed(position: chain.decided[0].position, head: 1))
    try chain.pass(5_000)
    #expect(chain.requests.count == 3)
  }
}
