import ChainCore
@testable import Consensus
import Synchronization

/// A few replicas on a quiet table: messages arrive in order, writes are durable at once, links are cut by hand.
struct RaftCluster {
  static let ids = (0..<7).map { ReplicaID(AccountID(CryptoSuite.international.hash([UInt8($0)]))) }
  let genesis: Configuration
  var nodes: [RaftNode?] = []
  let logs: [TestLog]
  var hard: [HardState]
  var applied: [[LogEntry]]
  /// Replicas that nobody can reach.
  var away: Set<Int> = []
  /// Messages that are lost, if any.
  var loses: (RaftMessage) -> Bool = { _ in false }
  var flying: [RaftMessage] = []
  var dropped: [ProposalDropReason] = []
  var ready: [(replica: Int, read: ReadID, index: LogIndex)] = []
  var droppedReads: [ReadID] = []
  private var nextProposal: UInt64 = 1

  init(_ count: Int, voters: Int? = nil) throws {
    genesis = Configuration(voters: Array(Self.ids[..<(voters ?? count)]))
    logs = (0..<count).map { _ in TestLog() }
    hard = Array(repeating: HardState(), count: count)
    applied = Array(repeating: [], count: count)
    nodes = Array(repeating: nil, count: count)
    for index in 0..<count { try start(index) }
  }

  mutating func start(_ index: Int) throws {
    applied[index] = []
    let last = logs[index].stored.withLock { $0.last?.index ?? 0 }
    nodes[index] = try RaftNode(
      configuration: RaftConfiguration(id: Self.ids[index], group: RaftBench.group, seed: UInt64(index) + 1),
      restoring: RaftRestoredState(configuration: genesis, log: logs[index], hardState: hard[index], lastIndex: last))
  }

  func status(_ index: Int) -> RaftStatus? { nodes[index]?.status }

  var leader: Int? {
    nodes.indices.filter { nodes[$0]?.status.role == .leader && !away.contains($0) }
      .max { (status($0)?.term ?? 0) < (status($1)?.term ?? 0) }
  }

  /// Steps one replica; what it sends waits in `flying`.
  mutating func step(_ index: Int, _ event: RaftNode.Event) {
    guard var node = nodes[index] else { return }
    var effects: [RaftNode.Effect] = []
    node.step(event, into: &effects)
    nodes[index] = node
    for effect in effects {
      switch effect {
      case .persist(let batch):
        logs[index].apply(batch)
        if let state = batch.hardState { hard[index] = state }
        step(index, .persisted(sequence: batch.sequence))
      case .send(let message): if !loses(message) { flying.append(message) }
      case .apply(let entries):
        applied[index] += entries
        if let last = entries.last { step(index, .applied(through: last.index)) }
      case .proposalDropped(_, let reason): dropped.append(reason)
      case .readReady(let read, let at): ready.append((index, read, at))
      case .readDropped(let read): droppedReads.append(read)
      default: break
      }
    }
  }

  /// Delivers until nothing is on its way.
  mutating func settle() {
    while !flying.isEmpty {
      let message = flying.removeFirst()
      guard let from = Self.ids.firstIndex(of: message.from), let to = Self.ids.firstIndex(of: message.to), nodes.indices.contains(to),
        !away.contains(from), !away.contains(to)
      else { continue }
      step(to, .received(message))
    }
  }

  mutating func run(ticks: Int) {
    for _ in 0..<ticks {
      for index in nodes.indices {
        step(index, .tick)
        settle()
      }
    }
  }

  /// Makes one lead.
  mutating func elect(_ index: Int) {
    for _ in 0..<5 where leader != index {
      run(ticks: 25)
      if leader != nil, leader != index {
        step(leader ?? 0, .transferRequested(to: Self.ids[index]))
      } else {
        step(index, .campaignRequested)
      }
      settle()
    }
    run(ticks: 2)
  }

  mutating func propose(_ index: Int, _ bytes: [UInt8] = [1]) {
    step(index, .proposed(ProposalID(nextProposal), [bytes]))
    nextProposal += 1
  }

  mutating func change(_ index: Int, voters: [Int], learners: [Int] = []) {
    step(
      index,
      .changeProposed(
        ProposalID(nextProposal), to: Configuration(voters: voters.map { Self.ids[$0] }, learners: learners.map { Self.ids[$0] })))
    nextProposal += 1
  }
}
