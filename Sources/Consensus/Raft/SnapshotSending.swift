internal import ChainCore

// The leader's end of a snapshot: chunks, a small window, and the part of the log that must wait for it.
extension RaftNode {
  mutating func noteSnapshotCreated(_ meta: SnapshotMeta) throws(RaftFault) {
    guard meta.index > snapshot?.index ?? 0, !isInstalling else { return }
    guard meta.index <= applied, log.term(at: meta.index) == meta.term, meta.configuration == membership(at: meta.index) else {
      throw .badSnapshot(meta.index)
    }
    snapshot = meta
    unwrittenSnapshot = meta
  }

  /// The membership at a committed entry that is in the log or at its newest snapshot, for the host that creates one.
  /// - Complexity: O(memberships in the log).
  public func membership(at index: LogIndex) -> Configuration? {
    guard index <= log.last else { return nil }
    return memberships.last { $0.index <= index }?.configuration
  }

  /// Forgets what the newest snapshot holds, but for the trailing entries and what a peer's snapshot will soon need.
  mutating func compact(through wished: LogIndex) {
    guard let snapshot, !isInstalling else { return }
    let trailing = LogIndex(log.last.rawValue - min(log.last.rawValue, configuration.trailingEntries))
    var end = min(wished, snapshot.index, applied, durable, trailing)
    for peer in peers { if let pin = peer.pin { end = min(end, pin) } }
    guard end > log.base.index, let term = log.term(at: end) else { return }
    log.compact(to: LogBase(index: end, term: term))
    unwrittenBase = log.base
    let first = memberships.lastIndex { $0.index <= snapshot.index } ?? 0
    memberships.removeFirst(first)
  }

  /// The entry that the peer needs next is gone: it gets a snapshot, if there is one.
  mutating func beginSnapshot(_ place: Int) {
    guard let snapshot else { return }
    peers[place].becomeSnapshot(SnapshotStream(meta: snapshot))
  }

  /// Asks the host for as many chunks as may be on their way.
  mutating func streamSnapshot(_ place: Int) {
    guard var stream = peers[place].stream else { return }
    let chunk = UInt64(configuration.snapshotChunkBytes)
    while stream.sent < stream.meta.byteCount, stream.sent < stream.stored + SnapshotStream.window * chunk {
      let count = min(chunk, stream.meta.byteCount - stream.sent)
      facts.append(.readSnapshotChunk(stream.meta, offset: stream.sent, byteCount: Int(count), for: peers[place].id))
      stream.sent += count
    }
    peers[place].stream = stream
  }

  mutating func noteChunkRead(_ peer: ReplicaID, _ index: LogIndex, _ offset: UInt64, _ bytes: [UInt8]) {
    guard let place = peers.firstIndex(where: { $0.id == peer }), let stream = peers[place].stream, stream.meta.index == index,
      !bytes.isEmpty, bytes.count <= configuration.snapshotChunkBytes
    else { return }
    send(.snapshotChunk(meta: stream.meta, offset: offset, bytes: bytes), to: peer)
  }

  mutating func receiveSnapshotAnswer(_ peer: ReplicaID, _ index: LogIndex, _ answer: SnapshotAnswer) {
    guard role == .leader, let place = peers.firstIndex(where: { $0.id == peer }) else { return }
    peers[place].isActive = true
    guard var stream = peers[place].stream, stream.meta.index == index else { return }
    switch answer {
    case .stored(let through):
      guard through <= stream.meta.byteCount else { return }
      if through > stream.stored {
        stream.stored = through
        stream.silence = 0
        peers[place].pinSilence = 0
      }
      // It begins anew, or goes on where an earlier leader stopped.
      if through < stream.stored { stream.stored = through }
      stream.sent = max(stream.sent, through)
      peers[place].stream = stream
    case .installed:
      if peers[place].acknowledge(index) { advanceCommit() }
      peers[place].becomeReplicate()
    case .refused:
      peers[place].becomeProbe(next: peers[place].match.next)
      peers[place].isProbing = true
    }
  }

  /// Each tick: what is unanswered for long is sent again, and nobody keeps the log for ever.
  mutating func tickSnapshots() {
    for place in peers.indices {
      if peers[place].pin != nil {
        peers[place].pinSilence += 1
        if peers[place].pinSilence >= 10 * configuration.electionTicks { peers[place].pin = nil }
      }
      guard var stream = peers[place].stream else { continue }
      stream.silence += 1
      let isStuck = stream.silence.isMultiple(of: configuration.electionTicks)
      if isStuck {
        // At the end the last chunk goes again: the answer that it is installed may be lost.
        let chunk = UInt64(configuration.snapshotChunkBytes)
        let isWhole = stream.stored == stream.meta.byteCount
        stream.sent = isWhole ? stream.stored - min(stream.stored, chunk) : stream.stored
      }
      peers[place].stream = stream
      // The newest one instead, if the log behind this one is gone, or if it does not get on: the host may have removed it.
      if let snapshot, snapshot.index > stream.meta.index, isStuck || stream.meta.index < log.base.index { beginSnapshot(place) }
    }
  }
}
