import ChainCore
import Consensus
import Synchronization

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

/// Three Raft replicas in one thread: what the state machine itself costs, without network or disk.
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

  /// Proposals a second of 256 bytes each.
  mutating func rate(entries: Int, perRound: Int) -> Double {
    let payloads = Array(repeating: [UInt8](repeating: 7, count: 256), count: perRound)
    let before = applied
    let rate = processorRate(of: entries) {
      for round in 0..<(entries / perRound) { run(0, .proposed(ProposalID(UInt64(round)), payloads)) }
    }
    precondition(applied - before == entries)
    return rate
  }
}
