public import ChainCore
internal import Consensus

/// What a peer did wrong while this node caught up.
@nonexhaustive
public enum SyncFault: Error, Hashable, Sendable {
  /// It did not answer in time.
  case late
  /// Its certificate is not one.
  case certificate(CheckpointCertificateError)
  /// Its handover proves nothing.
  case handover(HandoverError)
  /// Its manifest or chunk fails a check.
  case snapshot(SnapshotError)
  /// Its blocks do not follow this node's head, or their certificate is of another block.
  case blocks
  /// It offered a snapshot of which nobody, itself included, gives the chunks.
  case abandonedSnapshot
}

/// Whom a catching-up node asks: one question at a time each, and none of who answered badly too often.
struct SyncPeers: Sendable {
  struct Peer: Sendable {
    /// What it was asked and when, if it did not answer yet.
    var question: (message: SyncMessage, at: MonotonicInstant)?
    /// How many answers were bad or late since it was last excluded.
    var faults = 0
    /// How often it was excluded: each time for longer.
    var exclusions = 0
    var excludedUntil: MonotonicInstant = 0
    /// Whether it said that it does not have what is fetched now.
    var lacks = false
    var lastAsked: MonotonicInstant = 0
  }

  /// By id, so that order is the same everywhere.
  private(set) var ids: [ReplicaID]
  private var peers: [ReplicaID: Peer]

  init(_ ids: [ReplicaID]) {
    self.ids = ids.sorted()
    peers = Dictionary(uniqueKeysWithValues: self.ids.map { ($0, Peer()) })
  }

  subscript(id: ReplicaID) -> Peer? { peers[id] }

  /// Who may be asked now: neither busy nor excluded nor known to lack it; who was asked longest ago first.
  func available(_ now: MonotonicInstant) -> [ReplicaID] {
    ids.filter { id in
      guard let peer = peers[id] else { return false }
      return peer.question == nil && peer.excludedUntil <= now && !peer.lacks
    }.sorted { left, right in
      let (first, second) = (peers[left]?.lastAsked ?? 0, peers[right]?.lastAsked ?? 0)
      return first != second ? first < second : left < right
    }
  }

  /// Whether anybody is left to ask who was not excluded before: nobody waits for a peer that never answers.
  var anyMayHaveIt: Bool { ids.contains { peers[$0].map { !$0.lacks && $0.exclusions == 0 } ?? false } }

  /// Whether each peer said that it does not have what is fetched now.
  var everybodyLacks: Bool { ids.allSatisfy { peers[$0]?.lacks ?? true } }
  /// Whether any did.
  var anybodyLacks: Bool { ids.contains { peers[$0]?.lacks ?? false } }

  mutating func ask(_ id: ReplicaID, _ message: SyncMessage, _ now: MonotonicInstant) {
    peers[id]?.question = (message, now)
    peers[id]?.lastAsked = now
  }

  /// Ends the open question of `id` if `matches` says that this answers it.
  mutating func answered(_ id: ReplicaID, _ matches: (SyncMessage) -> Bool) -> Bool {
    guard let question = peers[id]?.question, matches(question.message) else { return false }
    peers[id]?.question = nil
    return true
  }

  mutating func noteLacking(_ id: ReplicaID) { peers[id]?.lacks = true }

  /// What it sent was good: if it was excluded before, that is forgotten.
  mutating func noteGood(_ id: ReplicaID) { peers[id]?.exclusions = 0 }

  mutating func noteFault(_ id: ReplicaID, _ now: MonotonicInstant, limit: Int, exclusionMs: UInt64) {
    guard var peer = peers[id] else { return }
    peer.faults += 1
    if peer.faults >= limit {
      peer.faults = 0
      peer.excludedUntil = now.advanced(byMilliseconds: exclusionMs << UInt64(min(peer.exclusions, 6)))
      peer.exclusions += 1
    }
    peers[id] = peer
  }

  /// Forgets who lacks what was fetched: something else is fetched from now on. Open questions stay open.
  mutating func begin() {
    for id in ids { peers[id]?.lacks = false }
  }

  /// How many questions of a kind are open.
  func open(_ matches: (SyncMessage) -> Bool) -> Int {
    ids.count { peers[$0]?.question.map { matches($0.message) } ?? false }
  }

  /// Whose questions are open for longer than `ms`; they are ended.
  mutating func late(_ now: MonotonicInstant, after ms: UInt64) -> [(peer: ReplicaID, question: SyncMessage)] {
    var found: [(peer: ReplicaID, question: SyncMessage)] = []
    for id in ids {
      guard let question = peers[id]?.question, now.milliseconds(since: question.at) >= ms else { continue }
      found.append((id, question.message))
      peers[id]?.question = nil
    }
    return found
  }
}
