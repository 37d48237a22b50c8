import ChainCore
import Consensus
import Synchronization

/// A log in memory.
final class MemoryLog: RaftLogReader {
  private let entries = Mutex<[LogEntry]>([])

  /// Room for so many entries, so that growing is not measured.
  func reserve(_ count: Int) { entries.withLock { $0.reserveCapacity(count) } }

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
  var queue: [(to: Int, event: RaftNode.Event)] = []
  private var effects: [RaftNode.Effect] = []
  var applied = 0

  init() throws {
    for (index, id) in ids.enumerated() {
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
    while next < queue.count {
      // Events and effects are taken out, not copied: what is measured is the node.
      let to = queue[next].to
      var event = RaftNode.Event.tick
      swap(&event, &queue[next].event)
      next += 1
      nodes[to].step(event, into: &effects)
      for place in effects.indices {
        var effect = RaftNode.Effect.readDropped(0)
        swap(&effect, &effects[place])
        switch effect {
        case .persist(let batch):
          logs[to].append(batch.entries)
          queue.append((to, .persisted(sequence: batch.sequence)))
        case .send(let message): if let place = ids.firstIndex(of: message.to) { queue.append((place, .received(message))) }
        case .apply(let entries):
          if to == 0 { applied += entries.count }
          if let last = entries.last { queue.append((to, .applied(through: last.index))) }
        default: break
        }
      }
      effects.removeAll(keepingCapacity: true)
    }
    queue.removeAll(keepingCapacity: true)
  }

  /// Proposals a second of 256 bytes each.
  mutating func rate(entries: Int, perRound: Int) -> Double {
    for log in logs { log.reserve(entries + 1) }
    let payloads = Array(repeating: [UInt8](repeating: 7, count: 256), count: perRound)
    let before = applied
    let rate = processorRate(of: entries) {
      for round in 0..<(entries / perRound) { run(0, .proposed(ProposalID(UInt64(round)), payloads)) }
    }
    precondition(applied - before == entries)
    return rate
  }
}
