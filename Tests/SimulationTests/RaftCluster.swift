import ChainCore
import Consensus
import Synchronization
import Testing

/// Replicas moved by hand: messages arrive in order unless a test says otherwise, disks answer at once.
struct RaftCluster {
  final class Disk: RaftLogReader {
    private let entries = Mutex<[LogEntry]>([])
    let hard = Mutex(HardState())

    var log: [LogEntry] { entries.withLock { $0 } }

    func apply(_ batch: PersistBatch) {
      entries.withLock { log in
        if let from = batch.truncateFrom { log.removeAll { $0.index >= from } }
        log += batch.entries
      }
      if let state = batch.hardState { hard.withLock { $0 = state } }
    }

    func entries(_ range: Range<LogIndex>, maxBytes: Int) throws -> [LogEntry] {
      entries.withLock { $0.filter { range.contains($0.index) } }
    }
    func term(at index: LogIndex) throws -> Term? { entries.withLock { log in log.first { $0.index == index }?.term } }
  }

  let ids: [ReplicaID]
  let first: Configuration
  var nodes: [RaftNode?]
  let disks: [Disk]
  var inbox: [RaftMessage] = []
  /// Links that carry nothing: (from, to).
  var isCut: (Int, Int) -> Bool = { _, _ in false }
  var applied: [[LogEntry]]
  var dropped: [(at: Int, reason: ProposalDropReason)] = []
  var ready: [(at: Int, id: ReadID, index: LogIndex)] = []
  var droppedReads: [ReadID] = []
  var faults: [RaftFault] = []
  private var seed: UInt64 = 1

  /// `voters` of the first configuration, of `count` replicas that exist.
  init(_ count: Int, voters: Int) throws {
    ids = (0..<count).map { ReplicaID(AccountID(CryptoSuite.international.hash([UInt8($0)]))) }
    first = Configuration(voters: Array(ids[..<voters]))
    nodes = Array(repeating: nil, count: count)
    disks = (0..<count).map { _ in Disk() }
    applied = Array(repeating: [], count: count)
    for index in 0..<count { try start(index) }
  }

  mutating func start(_ index: Int) throws {
    seed += 1
    nodes[index] = try RaftNode(
      configuration: RaftConfiguration(id: ids[index], group: GenesisID(Digest.zero), seed: seed),
      restoring: RaftRestoredState(
        configuration: first, log: disks[index], hardState: disks[index].hard.withLock { $0 },
        lastIndex: LogIndex(UInt64(disks[index].log.count))))
    applied[index] = []
  }

  mutating func step(_ index: Int, _ event: RaftNode.Event) {
    var events = [event]
    while !events.isEmpty {
      let next = events.removeFirst()
      var effects: [RaftNode.Effect] = []
      nodes[index]?.step(next, into: &effects)
      for effect in effects {
        switch effect {
        case .persist(let batch):
          disks[index].apply(batch)
          events.append(.persisted(sequence: batch.sequence))
        case .send(let message): inbox.append(message)
        case .apply(let entries):
          applied[index] += entries
          if let last = entries.last { events.append(.applied(through: last.index)) }
        case .proposalDropped(_, let reason): dropped.append((index, reason))
        case .readReady(let id, let at): ready.append((index, id, at))
        case .readDropped(let id): droppedReads.append(id)
        case .fault(let fault): faults.append(fault)
        default: break
        }
      }
    }
  }

  mutating func deliver(while isWanted: (RaftCluster) -> Bool = { _ in true }) {
    var count = 0
    while !inbox.isEmpty, count < 20_000, isWanted(self) {
      let message = inbox.removeFirst()
      count += 1
      guard let from = ids.firstIndex(of: message.from), let to = ids.firstIndex(of: message.to), !isCut(from, to) else { continue }
      step(to, .received(message))
    }
  }

  mutating func tick(_ count: Int) {
    for _ in 0..<count {
      for index in nodes.indices { step(index, .tick) }
      deliver()
    }
  }

  mutating func tick(_ count: Int, of replica: Int) {
    for _ in 0..<count {
      step(replica, .tick)
      deliver()
    }
  }

  /// Makes replica `index` lead.
  mutating func elect(_ index: Int) {
    for _ in 0..<40 where status(index).role != .leader { tick(1, of: index) }
  }

  mutating func change(_ index: Int, voters: [Int], learners: [Int] = []) {
    step(index, .changeProposed(1, Configuration(voters: voters.map { ids[$0] }, learners: learners.map { ids[$0] })))
  }

  func status(_ index: Int) -> RaftStatus { nodes[index]?.status ?? RaftCluster.none }
  static let none: RaftStatus = {
    let id = ReplicaID(AccountID(Digest.zero))
    let disk = Disk()
    guard
      let node = try? RaftNode(
        configuration: RaftConfiguration(id: id, group: GenesisID(Digest.zero), seed: 0),
        restoring: RaftRestoredState(configuration: Configuration(voters: [id]), log: disk))
    else { preconditionFailure("a replica alone") }
    return node.status
  }()

  /// The last configuration in a replica's log.
  func configuration(_ index: Int) throws -> Configuration {
    guard let last = disks[index].log.last(where: { $0.kind == .configuration }) else { return first }
    return try Configuration(canonicalBytes: last.payload)
  }

  func leaders() -> [Int] { nodes.indices.filter { status($0).role == .leader } }
}
