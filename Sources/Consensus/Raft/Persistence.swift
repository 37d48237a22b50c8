internal import ChainCore

/// One atomic write of a replica. Batches become durable in the order of `sequence`, without gaps.
public struct PersistBatch: Hashable, Sendable {
  /// Its number, from 1 in each process life.
  public let sequence: UInt64
  /// The new term, vote and commit, if they changed.
  public let hardState: HardState?
  /// Remove stored entries from this index on, before writing `entries`.
  public let truncateFrom: LogIndex?
  /// Entries to append, in order.
  public let entries: [LogEntry]
  /// The newest snapshot that this replica's host created, if it changed.
  public let snapshot: SnapshotMeta?
  /// Entries up to this base are not needed any more, if it changed; write it, and remove them now or later.
  public let base: LogBase?
  /// Whether a promise depends on it: sync before reporting. Otherwise reporting may precede the sync, if all before it is durable.
  public let mustSync: Bool

  /// A batch of these parts.
  public init(
    sequence: UInt64, hardState: HardState?, truncateFrom: LogIndex?, entries: [LogEntry], mustSync: Bool,
    snapshot: SnapshotMeta? = nil, base: LogBase? = nil
  ) {
    self.snapshot = snapshot
    self.base = base
    self.sequence = sequence
    self.hardState = hardState
    self.truncateFrom = truncateFrom
    self.entries = entries
    self.mustSync = mustSync
  }
}

/// A batch that the host has not reported yet; `first` is the first index it touches, if any.
struct PendingWrite: Sendable {
  let sequence: UInt64
  let first: LogIndex?
  let last: LogIndex
}

/// A message that leaves when batch `hardSequence` and the log up to `match` are durable.
struct Withheld: Sendable {
  let message: RaftMessage
  let hardSequence: UInt64
  let match: LogIndex
}

// Asynchronous persistence: what is durable, and what waits for it.
extension RaftNode {
  func isDurable(hard sequence: UInt64, match: LogIndex) -> Bool { persistedSequence >= sequence && durable >= match }

  // A slow disk must not let repeated answers pile up: one of a kind is enough, and older terms' promises are void.
  mutating func withhold(_ item: Withheld) {
    withheld.removeAll { old in
      if old.message.term < hard.term { return true }
      if case .heartbeatResponse = item.message.body, case .heartbeatResponse = old.message.body {
        return old.message.to == item.message.to
      }
      return old.message == item.message
    }
    withheld.append(item)
  }

  /// Takes the disk's answer. By sequence, never by term: an entry can be written, overwritten and written again, and the first
  /// write's answer says nothing about the third (acknowledgement ABA).
  mutating func notePersisted(_ sequence: UInt64) throws(RaftFault) {
    guard sequence < nextSequence else { throw .persistedUnknown(sequence: sequence) }
    guard sequence > persistedSequence else { return }
    persistedSequence = sequence
    let done = pendingWrites.prefix { $0.sequence <= sequence }
    pendingWrites.removeFirst(done.count)
    if let last = done.last(where: { $0.first != nil })?.last {
      var bound = last
      #if DEBUG
        if has(.durableByIndex) { durable = max(durable, min(last, log.last)) }
      #endif
      for later in pendingWrites { if let first = later.first { bound = min(bound, first.previous) } }
      if let first = log.unwritten { bound = min(bound, first.previous) }
      durable = max(durable, bound)
    }
    releaseWithheld()
    if role == .candidate, persistedSequence >= hardSequence { try countVote(of: id, granted: true, as: .candidate) }
    advanceCommit()
  }

  private mutating func releaseWithheld() {
    let items = withheld
    withheld.removeAll(keepingCapacity: true)
    for item in items where item.message.term == hard.term {
      // What was promised in an older term is not worth sending any more, and may no longer be true.
      if isDurable(hard: item.hardSequence, match: item.match) {
        sends.append(item.message)
      } else {
        withheld.append(item)
      }
    }
  }

  /// Ends a step: one batch, then the messages, then what may be applied.
  mutating func flush(into effects: inout [Effect]) throws(RaftFault) {
    if role == .leader {
      try leaveJoint()
      beginReads()
      try replicate()
      confirmReads()
      advanceTransfer()
      forgetRemoved()
    }
    reportReads()
    if !facts.isEmpty {
      effects.append(contentsOf: facts)
      facts.removeAll(keepingCapacity: true)
    }
    flushBatch(into: &effects)
    if !sends.isEmpty {
      for message in sends { effects.append(.send(message)) }
      sends.removeAll(keepingCapacity: true)
    }
    installIfComplete(into: &effects)
    if !isInstalling { try handOut(into: &effects) }
    log.release(durable: durable, needed: handedOut, cacheBytes: configuration.maxInflightBytes)
    if reported != (role, hard.term, leader) {
      reported = (role, hard.term, leader)
      effects.append(.roleChanged(role, hard.term, leader: leader))
    }
  }

  private mutating func flushBatch(into effects: inout [Effect]) {
    let mustWriteHard = hard.term != hardWritten.term || hard.votedFor != hardWritten.votedFor
    let hintDue = commitHintDue && hard.commit != hardWritten.commit
    commitHintDue = false
    let unwritten = log.takeUnwritten()
    guard mustWriteHard || hintDue || unwritten != nil || unwrittenSnapshot != nil || unwrittenBase != nil else { return }
    let (snapshot, base) = (unwrittenSnapshot, unwrittenBase)
    unwrittenSnapshot = nil
    unwrittenBase = nil
    let batch = PersistBatch(
      sequence: nextSequence, hardState: hard != hardWritten ? hard : nil, truncateFrom: unwritten?.truncateFrom,
      entries: unwritten?.entries ?? [], mustSync: mustWriteHard || unwritten != nil || snapshot != nil || base != nil,
      snapshot: snapshot, base: base)
    let first = unwritten.flatMap { $0.truncateFrom ?? $0.entries.first?.index }
    pendingWrites.append(PendingWrite(sequence: nextSequence, first: first, last: log.last))
    hardWritten = hard
    nextSequence += 1
    effects.append(.persist(batch))
  }
}
