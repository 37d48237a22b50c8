internal import ChainCore
internal import Consensus

// The hosts' side of snapshots: bytes that are a function of index and term, stored and installed with delay, sometimes badly.
extension RaftWorld {
  /// What a host has in work for its replica.
  enum Work {
    case report(RaftNode.Event)
    case store(SnapshotMeta, through: UInt64, isBad: Bool)
    case install(SnapshotMeta)
  }

  static func snapshotBytes(_ index: LogIndex) -> [UInt8] {
    (0..<(40 + Int(index.rawValue % 97) * 5)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(index.rawValue)) }
  }

  /// Hosts create snapshots and wish logs compacted.
  mutating func makeSnapshots() throws {
    for index in replicas.indices where isRunning(index) {
      enter(.snapshot, index)
      guard random.below(1_000) < faults.snapshots, strikes(.snapshot, index) else { continue }
      guard let node = replicas[index].node, replicas[index].works.isEmpty else { continue }
      let applied = node.status.applied
      if applied > node.status.snapshot?.index ?? 0, let term = node.term(at: applied), let members = node.membership(at: applied) {
        let bytes = Self.snapshotBytes(applied)
        let meta = SnapshotMeta(
          index: applied, term: term, configuration: members, byteCount: UInt64(bytes.count), digest: CryptoSuite.international.hash(bytes))
        note(.snapshot)
        try step(index, [.snapshotCreated(meta)])
      }
      if random.chance(70) { try step(index, [.compactionRequested(through: applied)]) }
    }
  }

  mutating func enqueue(_ work: Work, _ index: Int) {
    enter(.work, index)
    let last = replicas[index].works.last?.due ?? now
    let delay = isHealed ? 1 : 1 + random.below(faults.diskDelay + 2)
    replicas[index].works.append((max(last, now + delay), work))
  }

  mutating func readChunk(_ meta: SnapshotMeta, _ offset: UInt64, _ count: Int, _ peer: ReplicaID, _ index: Int) {
    // A host may have removed it for a newer one.
    guard disks[index].snapshot == meta else { return }
    let bytes = Self.snapshotBytes(meta.index)[Int(offset)..<Int(offset) + count]
    enqueue(.report(.snapshotChunkRead(for: peer, index: meta.index, offset: offset, bytes: Array(bytes))), index)
  }

  mutating func storeChunk(_ meta: SnapshotMeta, _ offset: UInt64, _ bytes: [UInt8], _ index: Int) throws {
    let end = Int(offset) + bytes.count
    guard Array(Self.snapshotBytes(meta.index)[Int(offset)..<end]) == bytes else { throw failure("a chunk of a snapshot came in wrong") }
    enter(.disk, index)
    let isBad = !isHealed && random.chance(5) && strikes(.badSnapshot, index)
    enqueue(.store(meta, through: UInt64(end), isBad: isBad), index)
  }

  mutating func finishWorks() throws {
    for index in replicas.indices where isRunning(index) {
      while let first = replicas[index].works.first, first.due <= now {
        replicas[index].works.removeFirst()
        switch first.work {
        case .report(let event): try step(index, [event])
        case .store(let meta, let through, let isBad):
          if disks[index].store(SnapshotReceipt(meta: meta, stored: through), isBad: isBad) {
            try step(index, [.snapshotChunkStored(index: meta.index, through: through)])
          }
        case .install(let meta):
          let event: RaftNode.Event = try install(meta, index) ? .snapshotInstalled(meta) : .snapshotFailed(index: meta.index)
          try step(index, [event])
        }
      }
    }
  }

  /// Replaces state machine and log, unless the bytes are bad.
  mutating func install(_ meta: SnapshotMeta, _ index: Int) throws -> Bool {
    guard !disks[index].dropReceipt() else {
      note(.badSnapshot)
      return false
    }
    note(.installed)
    if meta.index <= replicas[index].applied {
      throw failure("replica \(index) installs a snapshot of \(meta.index), which it has applied")
    }
    try check(checker.installed(meta, replica: index))
    disks[index].install(meta, log: Array(checker.applied.prefix(Int(meta.index.rawValue))))
    replicas[index].applied = meta.index
    replicas[index].appliedDurable = meta.index
    return true
  }
}
