// Proposals a second of three Raft replicas and views a second of four Simplex members, in one thread, without network, disk or
// signatures: what the state machines themselves cost. Beside them SHA-256 of 256 bytes, as a yardstick. Run it in release mode.
import ChainCore
import Consensus
import Synchronization

@main struct ConsensusBenchmark {
  static func main() throws {
    var rates: [(name: String, unit: String, run: () throws -> Double)] = []
    rates.append(("SHA-256 of 256 bytes, OpenSSL", "hashes/s", { hashes() }))
    rates.append(
      (
        "Raft, 3 replicas, 256-byte entries, 1 a round", "proposals/s",
        {
          var loop = try RaftLoop()
          return loop.rate(entries: 100_000, perRound: 1)
        }
      ))
    rates.append(
      (
        "Raft, 3 replicas, 256-byte entries, 256 a round", "proposals/s",
        {
          var loop = try RaftLoop()
          return loop.rate(entries: 512_000, perRound: 256)
        }
      ))
    rates.append(
      (
        "Simplex, 4 members, null signatures", "views/s",
        {
          var loop = try SimplexLoop(members: 4)
          return loop.rate(views: 5_000)
        }
      ))
    rates.append(
      (
        "Simplex, 20 members, null signatures", "views/s",
        {
          var loop = try SimplexLoop(members: 20)
          return loop.rate(views: 300)
        }
      ))
    for (name, unit, run) in rates {
      let median = try (0..<5).map { _ in try run() }.sorted()[2]
      print("\(name): \(Int(median)) \(unit)")
    }
  }

  static func hashes() -> Double {
    let bytes = [UInt8](repeating: 7, count: 256)
    return measure(200_000) { for _ in 0..<200_000 { _ = CryptoSuite.international.hash(bytes) } }
  }
}

func measure(_ count: Int, _ body: () -> Void) -> Double {
  let began = ContinuousClock.now
  body()
  let parts = (ContinuousClock.now - began).components
  return Double(count) / (Double(parts.seconds) + Double(parts.attoseconds) / 1e18)
}

/// A log in memory.
final class MemoryLog: RaftLogReader {
  private let entries = Mutex<[LogEntry]>([])

  func append(_ new: [LogEntry]) { entries.withLock { $0 += new } }

  func entries(_ range: Range<LogIndex>, maxBytes: Int) throws -> [LogEntry] {
    entries.withLock { log in
      let lower = Int(range.lowerBound.rawValue) - 1
      let upper = min(log.count, Int(range.upperBound.rawValue) - 1)
      return lower < upper ? Array(log[lower..<min(upper, lower + 256)]) : []
    }
  }

  func term(at index: LogIndex) throws -> Term? {
    entries.withLock { log in
      let place = Int(index.rawValue) - 1
      return log.indices.contains(place) ? log[place].term : nil
    }
  }
}

struct RaftLoop {
  var nodes: [RaftNode] = []
  let logs = (0..<3).map { _ in MemoryLog() }
  let ids = (0..<3).map { ReplicaID(AccountID(CryptoSuite.international.hash([UInt8($0)]))) }
  var places: [ReplicaID: Int] = [:]
  var queue: [(to: Int, event: RaftNode.Event)] = []
  var applied = 0

  init() throws {
    for (index, id) in ids.enumerated() {
      places[id] = index
      let configuration = RaftConfiguration(id: id, group: GenesisID(Digest.zero), seed: UInt64(index))
      nodes.append(
        try RaftNode(
          configuration: configuration,
          restoring: RaftRestoredState(
            configuration: Configuration(voters: ids), log: logs[index], hardState: HardState(), lastIndex: 0, applied: 0)))
    }
    for _ in 0..<20 {
      run(0, .tick)
      for other in 1..<3 where nodes[0].status.role == .leader { run(other, .tick) }
      if nodes[0].status.role == .leader { break }
    }
    precondition(nodes[0].status.role == .leader)
  }

  mutating func run(_ index: Int, _ event: RaftNode.Event) {
    queue.append((index, event))
    var next = 0
    var effects: [RaftNode.Effect] = []
    while next < queue.count {
      let (to, event) = queue[next]
      next += 1
      effects.removeAll(keepingCapacity: true)
      nodes[to].step(event, into: &effects)
      for effect in effects {
        switch effect {
        case .persist(let batch):
          logs[to].append(batch.entries)
          queue.append((to, .persisted(sequence: batch.sequence)))
        case .send(let message): if let place = places[message.to] { queue.append((place, .received(message))) }
        case .apply(let entries):
          if to == 0 { applied += entries.count }
          if let last = entries.last { queue.append((to, .applied(through: last.index))) }
        default: break
        }
      }
    }
    queue.removeAll(keepingCapacity: true)
  }

  mutating func rate(entries: Int, perRound: Int) -> Double {
    let payloads = Array(repeating: [UInt8](repeating: 7, count: 256), count: perRound)
    let before = applied
    let rate = measure(entries) {
      for round in 0..<(entries / perRound) { run(0, .proposed(ProposalID(UInt64(round)), payloads)) }
    }
    precondition(applied - before == entries)
    return rate
  }
}

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

  mutating func rate(views: Int) -> Double {
    var isDone = false
    for index in nodes.indices { queue.append((index, .workPending(true))) }
    let rate = measure(views) {
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
