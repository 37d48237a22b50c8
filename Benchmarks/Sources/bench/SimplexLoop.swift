import ChainCore
import Consensus

/// Simplex members in one thread, with null signatures.
struct SimplexLoop {
  var nodes: [SimplexNode] = []
  let ids: [ReplicaID]
  var places: [ReplicaID: Int] = [:]
  var queue: [(to: Int, event: SimplexNode.Event)] = []
  var finals = 0
  var blocks: UInt64 = 0
  let genesis = GenesisID(Digest.zero)
  let emptyRoot: Digest
  let signature: Signature

  init(members: Int) throws {
    let keys = try (0..<members).map { try PrivateKey(suite: .international, secret: [UInt8](repeating: UInt8($0 + 1), count: 32)) }
    let set = try ValidatorSet(
      generation: 0, rule: .moreThanTwoThirds,
      members: keys.map { Validator(key: $0.publicKey, weight: 1, organisation: OrganisationID(stringLiteral: "bench")) })
    ids = set.members.map { $0.replica(suite: .international) }
    emptyRoot = Block.transactionsRoot(of: [], genesis: genesis, suite: .international)
    signature = try keys[0].sign(message: [1])
    let root = BlockReference(height: 0, id: BlockID(Digest.zero))
    for (index, id) in ids.enumerated() {
      places[id] = index
      nodes.append(
        try SimplexNode(
          configuration: SimplexConfiguration(
            id: id, genesis: genesis, suite: .international, epoch: 0, validators: set, root: root, lastHeight: BlockHeight(1 << 40)),
          restoring: SimplexRestoredState(records: [], ledger: root, ledgerView: 0)))
    }
  }

  /// Views a second, each with a final block.
  mutating func rate(views: Int) -> Double {
    var isDone = false
    for index in nodes.indices { queue.append((index, .workPending(true))) }
    let rate = processorRate(of: views) {
      var next = 0
      var effects: [SimplexNode.Effect] = []
      while next < queue.count, !isDone {
        let (to, event) = queue[next]
        next += 1
        effects.removeAll(keepingCapacity: true)
        nodes[to].step(event, into: &effects)
        for effect in effects { carryOut(effect, to) }
        isDone = finals >= views
        if next == 65_536 {
          queue.removeFirst(next)
          next = 0
        }
      }
    }
    precondition(isDone)
    return rate
  }

  private mutating func carryOut(_ effect: SimplexNode.Effect, _ from: Int) {
    switch effect {
    case .persist(let batch): queue.append((from, .persisted(sequence: batch.sequence)))
    case .send(let message, let to): if let place = places[to] { queue.append((place, .received(message, from: ids[from]))) }
    case .broadcast(let message): for to in nodes.indices where to != from { queue.append((to, .received(message, from: ids[from]))) }
    case .sign(let statement): queue.append((from, .signed(statement, signature)))
    case .verify(let id, let statements): queue.append((from, .verified(id, statements.map { _ in true })))
    case .build(let view, let parent, _, _):
      blocks += 1
      let header = BlockHeader(
        chain: "henan/410100", height: parent.height.next, parent: parent.id, time: BlockTime(blocks), proposer: ids[from].account,
        transactionsRoot: emptyRoot)
      queue.append((from, .built(view, Block(header: header, transactions: []))))
    case .validate(let proposal, _, _): queue.append((from, .validated(proposal, true)))
    case .finalized(_, let view, _):
      if from == 0 { finals += 1 }
      queue.append((from, .executed(through: view)))
    default: break
    }
  }
}
