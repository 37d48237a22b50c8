@testable import ChainTesting
import ChainCore
@testable import Consensus
import Testing

/// Members around a table, moved by hand: messages arrive in order unless a test says otherwise, disks and hosts answer at once.
struct SimplexTable {
  let set: ValidatorSet
  let ids: [ReplicaID]
  let genesis = GenesisID(Digest.zero)
  let root: BlockReference
  let emptyRoot: Digest
  var nodes: [SimplexNode?] = []
  var now: UInt64 = 0
  /// What is on its way.
  var inbox: [(from: Int, to: Int, message: SimplexMessage)] = []
  /// Which messages are lost.
  var isLost: (_ from: Int, _ to: Int, _ body: SimplexMessage.Body) -> Bool = { _, _, _ in false }
  /// Members whose writes are not reported, and those writes.
  var slowDisks: Set<Int> = []
  var pending: [Int: [SimplexBatch]] = [:]
  var journals: [[SimplexRecord]] = []
  var ledgers: [[(reference: BlockReference, view: View)]] = []
  var finals: [[Block]] = []
  var evidence: [EquivocationEvidence] = []
  var misbehaved: [(by: Int, of: ReplicaID, what: Misbehaviour)] = []
  var faults: [Int: SimplexFault] = [:]
  /// Own votes as they left, by member.
  var votes: [[VoteStatement]] = []
  var isBlockValid: (Block) -> Bool = { _ in true }
  var makesBlocks = true
  var builds: [View] = []
  var nonce: UInt64 = 1
  private var events: [(index: Int, event: SimplexNode.Event)] = []
  private var isStepping = false
  var configure: (inout SimplexConfiguration) -> Void

  init(
    _ weights: [UInt64] = [1, 1, 1, 1], lastHeight: UInt64 = 1_000_000, configure: @escaping (inout SimplexConfiguration) -> Void = { _ in }
  )
    throws
  {
    let keys = try SimplexKeys.members(weights.count)
    set = try ValidatorSet(
      generation: 0, rule: .moreThanTwoThirds,
      members: zip(keys, weights).map { Validator(key: $0, weight: $1, organisation: OrganisationID(stringLiteral: "table")) })
    ids = set.members.map { $0.replica(suite: .international) }
    root = BlockReference(height: 0, id: BlockID(CryptoSuite.international.hash([0])))
    emptyRoot = Block.transactionsRoot(of: [], genesis: genesis, suite: .international)
    self.configure = {
      $0.lastHeight = BlockHeight(lastHeight)
      configure(&$0)
    }
    let count = weights.count
    (journals, ledgers, finals) = (
      Array(repeating: [], count: count), Array(repeating: [], count: count), Array(repeating: [], count: count)
    )
    (nodes, votes) = (Array(repeating: nil, count: count), Array(repeating: [], count: count))
    for index in 0..<count { try start(index) }
  }

  /// Starts a member from its journal and ledger.
  mutating func start(_ index: Int) throws {
    var configuration = SimplexConfiguration(
      id: ids[index], genesis: genesis, suite: .international, epoch: 0, validators: set, root: root, lastHeight: 2)
    configure(&configuration)
    let last = ledgers[index].last
    nodes[index] = try SimplexNode(
      configuration: configuration,
      restoring: SimplexRestoredState(records: journals[index], ledger: last?.reference ?? root, ledgerView: last?.view ?? 0))
    pending[index] = nil
  }

  /// Stops a member; writes that were not reported are lost.
  mutating func crash(_ index: Int) {
    nodes[index] = nil
    pending[index] = nil
    inbox.removeAll { $0.to == index }
  }

  mutating func work(_ hasWork: Bool = true) { for index in nodes.indices { step(index, .workPending(hasWork)) } }

  /// Steps a member, and again with whatever its host answers at once.
  mutating func step(_ index: Int, _ event: SimplexNode.Event) {
    events.append((index, event))
    guard !isStepping else { return }
    isStepping = true
    var next = 0
    while next < events.count {
      let (index, event) = events[next]
      next += 1
      guard nodes[index] != nil else { continue }
      var effects: [SimplexNode.Effect] = []
      nodes[index]?.step(.time(MonotonicInstant(now)), into: &effects)
      nodes[index]?.step(event, into: &effects)
      for effect in effects { carryOut(effect, index) }
    }
    events.removeAll()
    isStepping = false
  }

  private mutating func carryOut(_ effect: SimplexNode.Effect, _ index: Int) {
    switch effect {
    case .persist(let batch):
      if slowDisks.contains(index) {
        pending[index, default: []].append(batch)
      } else {
        journals[index] += batch.records
        step(index, .persisted(sequence: batch.sequence))
      }
    case .send(let message, let to): if let place = ids.firstIndex(of: to) { post(message, index, place) }
    case .broadcast(let message):
      note(message, index)
      for to in ids.indices where to != index { post(message, index, to) }
    case .sign(let statement): if let signature = sign(statement, index) { step(index, .signed(statement, signature)) }
    case .verify(let batch, let statements):
      step(index, .verified(batch, statements.map { SimplexKeys.isValid($0.signature, of: $0.statement, by: $0.validator, set: 1) }))
    case .build(let view, let parent, _, _):
      builds.append(view)
      step(index, .built(view, makesBlocks ? block(on: parent) : nil))
    case .validate(let proposal, let block, _): step(index, .validated(proposal, isBlockValid(block)))
    case .finalized(let block, let view, _):
      finals[index].append(block)
      let reference = BlockReference(height: block.header.height, id: id(block))
      ledgers[index].append((reference, view))
      step(index, .executed(through: view))
    case .provide(let reference, let count, let to):
      let known = finals[index].filter { $0.header.height <= reference.height || reference.height == 0 }
      guard let last = known.lastIndex(where: { id($0) == reference.id }), let place = ids.firstIndex(of: to) else { return }
      post(message(.blocks(known[max(0, last + 1 - count)...last].reversed())), index, place)
    case .evidence(let found): evidence.append(found)
    case .misbehaved(let peer, let what): misbehaved.append((index, peer, what))
    case .fault(let fault): faults[index] = fault
    default: break
    }
  }

  private mutating func note(_ message: SimplexMessage, _ index: Int) {
    switch message.body {
    case .vote(let statement, _): votes[index].append(statement)
    case .proposal(let proposal, _, _): votes[index].append(.notarize(proposal))
    default: break
    }
  }

  mutating func sign(_ statement: VoteStatement, _ member: Int) -> Signature? {
    nonce += 1
    return SimplexKeys.sign(statement, by: member, set: 1, nonce: nonce)
  }

  struct NoSignature: Error {}

  mutating func signed(_ statement: VoteStatement, by member: Int) throws -> Signature {
    guard let signature = sign(statement, member) else { throw NoSignature() }
    return signature
  }

  func message(_ body: SimplexMessage.Body) -> SimplexMessage { SimplexMessage(genesis: genesis, epoch: 0, body: body) }

  mutating func post(_ message: SimplexMessage, _ from: Int, _ to: Int) {
    if !isLost(from, to, message.body) { inbox.append((from, to, message)) }
  }

  /// A message of a member that the test speaks for.
  mutating func say(_ body: SimplexMessage.Body, from: Int, to: Int) { step(to, .received(message(body), from: ids[from])) }

  mutating func sayVote(_ statement: VoteStatement, from: Int, to: Int) {
    if let signature = sign(statement, from) { say(.vote(statement, signature), from: from, to: to) }
  }

  func id(_ block: Block) -> BlockID { block.header.id(genesis: genesis, suite: .international) }

  mutating func block(on parent: BlockReference) -> Block {
    nonce += 1
    let header = BlockHeader(
      chain: "world", height: parent.height.next, parent: parent.id, time: BlockTime(nonce), proposer: ids[0].account,
      transactionsRoot: emptyRoot)
    return Block(header: header, transactions: [])
  }

  mutating func certificate(_ statement: VoteStatement, of signers: [Int]) -> QuorumCertificate {
    QuorumCertificate(
      statement: statement, members: ids.count, signatures: signers.compactMap { signer in sign(statement, signer).map { (signer, $0) } })
  }

  /// Delivers messages until none is left; at most so many.
  mutating func deliver(_ limit: Int = 20_000, while isWanted: (SimplexTable) -> Bool = { _ in true }) {
    var count = 0
    while !inbox.isEmpty, count < limit, isWanted(self) {
      let next = inbox.removeFirst()
      count += 1
      step(next.to, .received(next.message, from: ids[next.from]))
    }
  }

  /// Lets time pass and delivers what it brings, in steps of a fifth of D.
  mutating func pass(_ milliseconds: UInt64, deliversUpTo limit: Int = 20_000) {
    let end = now + milliseconds
    while now < end {
      now = min(end, now + 100)
      for index in nodes.indices { step(index, .time(MonotonicInstant(now))) }
      deliver(limit)
    }
  }

  /// The writes of a slow disk become durable.
  mutating func sync(_ index: Int) {
    for batch in pending.removeValue(forKey: index) ?? [] {
      journals[index] += batch.records
      step(index, .persisted(sequence: batch.sequence))
    }
  }

  func view(_ index: Int) -> View { nodes[index]?.status.view ?? 0 }
  func leader(_ view: View) -> Int { (try? LeaderSchedule(set).leader(of: view)) ?? 0 }
}
