import ChainCore
@testable import Consensus
import Synchronization

/// A log in memory for single replicas that a test steps by hand.
final class TestLog: RaftLogReader {
  let stored: Mutex<[LogEntry]>
  init(_ entries: [LogEntry] = []) { stored = Mutex(entries) }

  func apply(_ batch: PersistBatch) {
    stored.withLock { log in
      if let from = batch.truncateFrom { log.removeAll { $0.index >= from } }
      log.append(contentsOf: batch.entries)
    }
  }

  func entries(_ range: Range<LogIndex>, maxBytes: Int) throws -> [LogEntry] {
    stored.withLock { log in log.filter { range.contains($0.index) } }
  }

  func term(at index: LogIndex) throws -> Term? { stored.withLock { log in log.first { $0.index == index }?.term } }
}

/// One replica among imagined peers.
struct RaftBench {
  static let ids = (0..<5).map { ReplicaID(AccountID(CryptoSuite.international.hash([UInt8($0)]))) }
  static let group = GenesisID(.zero)
  let log: TestLog
  var node: RaftNode
  var sent: [RaftMessage] = []
  var dropped: [ProposalDropReason] = []
  var applied: [LogEntry] = []
  var ready: [ReadID] = []
  var chunks: [(meta: SnapshotMeta, offset: UInt64)] = []
  var stored: [UInt64] = []
  var installs: [SnapshotMeta] = []
  var pending: [PersistBatch] = []

  init(
    _ entries: [LogEntry] = [], hard: HardState = HardState(), replicas: Int = 5, genesis: Configuration? = nil,
    adjust: (inout RaftConfiguration) -> Void = { _ in }
  ) throws {
    log = TestLog(entries)
    var configuration = RaftConfiguration(id: Self.ids[0], group: Self.group, seed: 7)
    adjust(&configuration)
    node = try RaftNode(
      configuration: configuration,
      restoring: RaftRestoredState(
        configuration: genesis ?? Configuration(voters: Array(Self.ids[..<replicas])), log: log, hardState: hard,
        lastIndex: LogIndex(UInt64(entries.count))))
  }

  /// Steps; writes are durable at once unless `holding`.
  mutating func step(_ event: RaftNode.Event, holding: Bool = false) {
    var effects: [RaftNode.Effect] = []
    node.step(event, into: &effects)
    var reports: [RaftNode.Event] = []
    for effect in effects {
      switch effect {
      case .persist(let batch):
        pending.append(batch)
        if !holding { reports += flush() }
      case .send(let message): sent.append(message)
      case .apply(let entries):
        applied += entries
        if let last = entries.last { reports.append(.applied(through: last.index)) }
      case .proposalDropped(_, let reason): dropped.append(reason)
      case .readReady(let id, _): ready.append(id)
      case .readSnapshotChunk(let meta, let offset, _, _): chunks.append((meta, offset))
      case .storeSnapshotChunk(_, let offset, _): stored.append(offset)
      case .installSnapshot(let meta): installs.append(meta)
      default: break
      }
    }
    for report in reports { step(report, holding: holding) }
  }

  mutating func flush() -> [RaftNode.Event] {
    let batches = pending
    pending = []
    for batch in batches { log.apply(batch) }
    return batches.last.map { [.persisted(sequence: $0.sequence)] } ?? []
  }

  mutating func receive(_ body: RaftMessage.Body, from peer: Int, term: Term, group: GenesisID = RaftBench.group) {
    step(.received(RaftMessage(group: group, from: Self.ids[peer], to: Self.ids[0], term: term, body: body)))
  }

  /// Wins an election by the votes of peers 1 and 2.
  mutating func lead() {
    while node.status.role == .follower { step(.tick) }
    let term = node.status.term
    for peer in 1...2 { receive(.preVoteResponse(granted: true), from: peer, term: term.next) }
    for peer in 1...2 { receive(.voteResponse(granted: true), from: peer, term: node.status.term) }
  }

  mutating func take() -> [RaftMessage] {
    defer { sent = [] }
    return sent
  }
}

func entry(_ index: UInt64, _ term: UInt64, _ payload: [UInt8] = [1]) -> LogEntry {
  LogEntry(index: LogIndex(index), term: Term(term), kind: .normal, payload: payload)
}
