internal import ChainCore

/// What a leader knows about one peer (thesis §10.2.1).
struct Progress: Sendable {
  enum State: Sendable, Equatable {
    /// One AppendEntries until it, or a heartbeat, is answered.
    case probe
    /// `next` advances when sending.
    case replicate
    /// What it needs was compacted: heartbeats and chunks of a snapshot only.
    case snapshot
  }

  struct Inflight: Sendable {
    var last: LogIndex
    var bytes: Int
  }

  let id: ReplicaID
  /// The greatest index known to be on the peer's disk and equal to ours.
  var match: LogIndex = 0
  /// The next entry to send; always greater than `match`.
  var next: LogIndex
  var state: State = .probe
  /// In probe: an AppendEntries waits for its answer.
  var isProbing = false
  /// Something came from the peer since the last quorum check.
  var isActive = false
  /// The greatest commit index the peer was told.
  var commitSent: LogIndex = 0
  /// The latest round of reads that the peer answered.
  var readSequence: UInt64 = 0
  var stream: SnapshotStream?
  /// The log after this index is kept until the peer has joined it, but not for ever.
  var pin: LogIndex?
  var pinSilence = 0
  private(set) var inflight: [Inflight] = []
  private(set) var inflightBytes = 0

  init(id: ReplicaID, next: LogIndex) {
    self.id = id
    self.next = next
  }

  mutating func becomeProbe(next: LogIndex) {
    state = .probe
    stream = nil
    self.next = max(next, match.next)
    isProbing = false
    inflight.removeAll(keepingCapacity: true)
    inflightBytes = 0
  }

  mutating func becomeReplicate() {
    becomeProbe(next: match.next)
    state = .replicate
  }

  mutating func becomeSnapshot(_ stream: SnapshotStream) {
    becomeProbe(next: match.next)
    state = .snapshot
    self.stream = stream
    if pin == nil { pinSilence = 0 }
    pin = stream.meta.index
  }

  mutating func sent(through last: LogIndex, bytes: Int) {
    next = last.next
    inflight.append(Inflight(last: last, bytes: bytes))
    inflightBytes += bytes
  }

  /// Raises `match`; answers whether it grew.
  mutating func acknowledge(_ index: LogIndex) -> Bool {
    let done = inflight.prefix { $0.last <= index }
    for one in done { inflightBytes -= one.bytes }
    inflight.removeFirst(done.count)
    guard index > match else { return false }
    match = index
    next = max(next, index.next)
    return true
  }

  /// Whether another AppendEntries of entries may leave: one always may when none is on its way.
  func hasRoom(_ configuration: RaftConfiguration) -> Bool {
    switch state {
    case .probe: !isProbing
    case .snapshot: false
    case .replicate:
      inflight.isEmpty
        || inflight.count < configuration.maxInflightMessages && inflightBytes < configuration.maxInflightBytes
    }
  }
}
