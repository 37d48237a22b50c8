internal import ChainCore
internal import Consensus

/// The last steps of a run in words.
struct RaftTrace {
  typealias Item = RecentSteps<RaftNode.Event, RaftNode.Effect>.Item

  private var steps: RecentSteps<RaftNode.Event, RaftNode.Effect>
  private let ids: [ReplicaID]

  init(limit: Int, ids: [ReplicaID]) {
    steps = RecentSteps(limit: limit)
    self.ids = ids
  }

  mutating func append(_ item: Item, at tick: Int) { steps.append(item, at: tick) }

  var lines: [String] { steps.lines(letter: "R", event: describe, effect: describe) }

  private func name(_ id: ReplicaID) -> String { ids.firstIndex(of: id).map { "R\($0)" } ?? "\(id)" }

  private func describe(_ event: RaftNode.Event) -> String {
    switch event {
    case .tick: "tick"
    case .received(let message): "← \(describe(message))"
    case .proposed(let id, let payloads): "proposed \(id) (\(payloads.count))"
    case .changeProposed(let id, let target): "change \(id) to\(describe(target))"
    case .readRequested(let id): "read \(id)"
    case .transferRequested(let target): "transfer to \(name(target))"
    case .standsAside(let isAside): "stands aside: \(isAside)"
    case .campaignRequested: "campaign"
    case .persisted(let sequence): "persisted #\(sequence)"
    case .applied(let through): "applied \(through)"
    case .peerUnreachable(let peer): "unreachable \(name(peer))"
    case .snapshotCreated(let meta): "snapshot created at \(meta.index)"
    case .compactionRequested(let through): "compaction through \(through)"
    case .snapshotChunkRead(let peer, let index, let offset, let bytes): "read \(index) at \(offset)+\(bytes.count) for \(name(peer))"
    case .snapshotChunkStored(let index, let through): "stored \(index) through \(through)"
    case .snapshotInstalled(let meta): "installed \(meta.index)"
    case .snapshotFailed(let index): "snapshot \(index) failed"
    @unknown default: "\(event)"
    }
  }

  private func describe(_ effect: RaftNode.Effect) -> String {
    switch effect {
    case .persist(let batch):
      "persist #\(batch.sequence)"
        + (batch.hardState.map { " term \($0.term) vote \($0.votedFor.map(name) ?? "-") commit \($0.commit)" } ?? "")
        + (batch.truncateFrom.map { " truncate \($0)…" } ?? "") + describe(batch.entries)
    case .send(let message): "→ \(describe(message))"
    case .apply(let entries): "apply\(describe(entries))"
    case .readSnapshotChunk(let meta, let offset, let count, let peer): "read \(meta.index) at \(offset)+\(count) for \(name(peer))"
    case .storeSnapshotChunk(let meta, let offset, let bytes): "store \(meta.index) at \(offset)+\(bytes.count)"
    case .installSnapshot(let meta): "install \(meta.index)/\(meta.term)"
    case .readReady(let id, let index): "ready \(id) at \(index)"
    case .readDropped(let id): "read dropped \(id)"
    case .proposalPlaced(let id, let index, let term): "placed \(id) at \(index) of \(term)"
    case .proposalDropped(let id, let reason): "dropped \(id): \(reason)"
    case .roleChanged(let role, let term, let leader): "\(role) in term \(term), leader \(leader.map(name) ?? "-")"
    case .fault(let fault): "FAULT \(fault)"
    @unknown default: "\(effect)"
    }
  }

  private func describe(_ members: Configuration) -> String {
    func names(_ list: [ReplicaID]) -> String { list.map { " \(name($0))" }.joined() }
    return names(members.voters) + (members.isJoint ? " from" + names(members.outgoing) : "")
      + (members.learners.isEmpty ? "" : " learners" + names(members.learners + members.learnersNext))
  }

  private func describe(_ entries: [LogEntry]) -> String {
    guard let first = entries.first, let last = entries.last else { return "" }
    return " [\(first.index)/\(first.term)…\(last.index)/\(last.term)]"
  }

  private func describe(_ message: RaftMessage) -> String {
    let body =
      switch message.body {
      case .snapshotChunk(let meta, let offset, let bytes): "chunk of \(meta.index)/\(meta.term) at \(offset)+\(bytes.count)"
      case .append(let index, let term, let entries, let commit): "append after \(index)/\(term)\(describe(entries)) commit \(commit)"
      default: "\(message.body)"
      }
    return "\(name(message.from))→\(name(message.to)) term \(message.term) \(body)"
  }
}
