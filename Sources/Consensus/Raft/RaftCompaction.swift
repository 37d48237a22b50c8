internal import ChainCore
internal import DequeModule

/// An entry that the replica handed out.
struct AppliedEntry: Sendable {
  let index: LogIndex
  let term: Term
  /// The block in it; `nil` if there is nothing to execute.
  let block: BlockReference?
  var isDone: Bool

  init(index: LogIndex, term: Term, block: BlockReference?) {
    self.index = index
    self.term = term
    self.block = block
    isDone = block == nil
  }
}

/// What the engine knows of snapshots. One is no more than the name of a certified block: whoever has that block has all before it.
struct RaftCompaction: Sendable {
  /// An entry and the block that executing it made the ledger's head.
  struct Point: Sendable {
    var index: LogIndex
    var term: Term = 0
    var block: BlockReference
  }

  /// What a write of the engine stands for.
  enum Write: Sendable {
    /// A batch of the replica of this sequence.
    case batch(UInt64)
    /// The log that begins after a snapshot.
    case install(SnapshotMeta)
  }

  let logLength: UInt64
  /// The newest snapshot, and the one before, which may still be on its way to a peer.
  private(set) var newest: Point?
  private var previous: Point?
  /// What the next snapshot will stand for, as soon as it is certified.
  private(set) var candidate: Point?
  /// A snapshot that came in.
  private var intake: (meta: SnapshotMeta, block: BlockReference)?
  /// Whether that one waits for the ledger.
  private(set) var isWaiting = false
  private var writes: Deque<(sequence: UInt64, write: Write)> = []
  private var nextWrite: UInt64 = 1

  init(logLength: UInt64, snapshot: SnapshotMeta?, block: BlockReference?) {
    self.logLength = logLength
    if let snapshot, let block { newest = Point(index: snapshot.index, term: snapshot.term, block: block) }
  }

  /// Takes note of an executed entry: every `logLength` entries one is to be a snapshot, if it made its block the ledger's head.
  mutating func noteExecuted(_ entry: AppliedEntry, head: BlockHeight) {
    let last = newest?.index.rawValue ?? 0
    guard candidate == nil, let block = entry.block, block.height == head, entry.index.rawValue > last,
      entry.index.rawValue - last >= logLength
    else { return }
    candidate = Point(index: entry.index, term: entry.term, block: block)
  }

  /// The snapshot to create now, if one is due.
  mutating func due(certified: BlockHeight, applied: LogIndex) -> Point? {
    guard let point = candidate, point.block.height <= certified, point.index <= applied else { return nil }
    candidate = nil
    previous = newest
    newest = point
    return point
  }

  /// What the snapshot of this index stands for, if it is known still.
  func block(_ index: LogIndex) -> BlockReference? { [newest, previous].compactMap(\.self).first { $0.index == index }?.block }

  /// Keeps the block that a peer's snapshot stands for; `false` if its bytes are none.
  mutating func take(_ bytes: [UInt8], of meta: SnapshotMeta, suite: CryptoSuite) -> Bool {
    guard UInt64(bytes.count) == meta.byteCount, suite.hash(bytes) == meta.digest, let block = try? BlockReference(canonicalBytes: bytes)
    else { return false }
    intake = (meta, block)
    isWaiting = false
    return true
  }

  /// The block of the snapshot that is to be installed.
  mutating func incoming(_ meta: SnapshotMeta) -> BlockReference? {
    guard let intake, intake.meta == meta else { return nil }
    isWaiting = true
    return intake.block
  }

  /// What waits for the ledger to reach its block.
  var waiting: (meta: SnapshotMeta, block: BlockReference)? { isWaiting ? intake : nil }

  /// The replica's batch as a write.
  mutating func write(_ batch: PersistBatch) -> EngineWrite {
    RaftStore.write(batch, block: batch.snapshot.flatMap { block($0.index) }, sequence: number(.batch(batch.sequence)))
  }

  /// The write that begins the log anew.
  mutating func write(_ meta: SnapshotMeta, _ block: BlockReference) -> EngineWrite {
    isWaiting = false
    intake = nil
    candidate = nil
    previous = nil
    newest = Point(index: meta.index, term: meta.term, block: block)
    return RaftStore.write(meta, block: block, sequence: number(.install(meta)))
  }

  private mutating func number(_ write: Write) -> UInt64 {
    defer { nextWrite += 1 }
    writes.append((nextWrite, write))
    return nextWrite
  }

  /// What the writes up to `sequence` stood for.
  mutating func persisted(_ sequence: UInt64) -> [Write] {
    var done: [Write] = []
    while let first = writes.first, first.sequence <= sequence {
      done.append(first.write)
      writes.removeFirst()
    }
    return done
  }
}

extension RaftEngine {
  mutating func notePersisted(_ sequence: UInt64, into effects: inout [EngineEffect]) {
    for write in compaction.persisted(sequence) {
      switch write {
      case .batch(let sequence): run([.persisted(sequence: sequence)], into: &effects)
      case .install(let meta):
        applying.removeAll()
        run([.snapshotInstalled(meta)], into: &effects)
      }
    }
  }

  /// Makes the newest certified block that is due a snapshot, and forgets the log before it.
  mutating func compactIfDue(into effects: inout [EngineEffect]) {
    guard let point = compaction.due(certified: certified, applied: node.status.applied), let members = node.membership(at: point.index)
    else { return }
    let bytes = point.block.canonicalBytes
    let meta = SnapshotMeta(
      index: point.index, term: point.term, configuration: members, byteCount: UInt64(bytes.count), digest: suite.hash(bytes))
    run([.snapshotCreated(meta), .compactionRequested(through: point.index)], into: &effects)
  }

  /// The answer to `readSnapshotChunk`.
  func chunk(of meta: SnapshotMeta, for peer: ReplicaID) -> [RaftNode.Event] {
    guard let block = compaction.block(meta.index) else { return [] }
    return [.snapshotChunkRead(for: peer, index: meta.index, offset: 0, bytes: block.canonicalBytes)]
  }

  /// The answer to `storeSnapshotChunk`.
  mutating func take(_ bytes: [UInt8], at offset: UInt64, of meta: SnapshotMeta) -> RaftNode.Event {
    guard offset == 0, compaction.take(bytes, of: meta, suite: suite) else { return .snapshotFailed(index: meta.index) }
    return .snapshotChunkStored(index: meta.index, through: meta.byteCount)
  }

  /// Begins the log anew if the ledger has the snapshot's block; else the host has to catch up first.
  mutating func install(_ meta: SnapshotMeta, into effects: inout [EngineEffect]) -> [RaftNode.Event] {
    guard let block = compaction.incoming(meta) else { return [.snapshotFailed(index: meta.index)] }
    effects.append(block.height <= head ? .persist(compaction.write(meta, block)) : .behind(block.id))
    return []
  }

  mutating func installIfReached(into effects: inout [EngineEffect]) {
    if let (meta, block) = compaction.waiting, block.height <= head { effects.append(.persist(compaction.write(meta, block))) }
  }
}
