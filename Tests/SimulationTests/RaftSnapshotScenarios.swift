import ChainCore
@testable import Consensus
import Testing

/// Scenarios 29–31 of the design: snapshots and compaction.
@Suite struct RaftSnapshotScenarios {
  static let bytes: [UInt8] = (0..<100).map { UInt8($0) }

  static func meta(_ index: UInt64, _ term: UInt64, voters: Int = 3) -> SnapshotMeta {
    SnapshotMeta(
      index: LogIndex(index), term: Term(term), configuration: Configuration(voters: Array(RaftBench.ids[..<voters])),
      byteCount: UInt64(bytes.count), digest: CryptoSuite.international.hash(bytes))
  }

  /// A leader of three with entries 1 ... 20 applied, whose peer 2 has nothing, compacted through 10.
  static func leader() throws -> RaftBench {
    var bench = try RaftBench(replicas: 3) { configuration in
      configuration.snapshotChunkBytes = 10
      configuration.trailingEntries = 2
    }
    bench.lead()
    for number in UInt64(1)..<20 { bench.step(.proposed(ProposalID(number), [[UInt8(number)]])) }
    bench.receive(.appendAccepted(match: 20), from: 1, term: bench.node.status.term)
    bench.step(.snapshotCreated(meta(10, bench.node.status.term.rawValue)))
    bench.step(.compactionRequested(through: 20))
    return bench
  }

  /// 29: only what the newest snapshot holds goes, less the trailing entries; a slow peer's snapshot pins the log, but not for ever.
  @Test func s29CompactionWaitsForASlowSnapshot() throws {
    var bench = try Self.leader()
    let term = bench.node.status.term
    #expect(bench.node.status.base == LogBase(index: 10, term: term) && bench.node.term(at: 9) == nil)
    bench.receive(.appendRejected(previousIndex: 0, hintIndex: 0, hintTerm: 0), from: 2, term: term)
    bench.step(.peerUnreachable(RaftBench.ids[2]))
    #expect(bench.chunks.map(\.offset) == [0, 10, 20, 30], "four chunks at once")
    bench.step(.snapshotCreated(Self.meta(18, term.rawValue)))
    bench.step(.compactionRequested(through: 20))
    #expect(bench.node.status.base.index == 10, "pinned")
    for _ in 0..<130 {
      bench.step(.tick)
      bench.receive(.heartbeatResponse(readSequence: 0), from: 1, term: term)
    }
    bench.step(.compactionRequested(through: 20))
    #expect(bench.node.status.base.index == 18)
    #expect(bench.chunks.last?.meta.index == 18, "the newest one instead")
  }

  /// 30: the snapshot's bytes survived a crash, the term in which they came did not: that is written first, else the log would be of a later
  /// term than the replica knows, and never open again.
  @Test func s30ASnapshotOfALaterTermThanTheDisksRaisesTheTermFirst() throws {
    let receipt = SnapshotReceipt(meta: Self.meta(10, 5), stored: UInt64(Self.bytes.count))
    var node = try RaftNode(
      configuration: RaftConfiguration(id: RaftBench.ids[0], group: RaftBench.group, seed: 7),
      restoring: RaftRestoredState(
        configuration: Configuration(voters: Array(RaftBench.ids[..<3])), log: TestLog(),
        hardState: HardState(term: 3, votedFor: RaftBench.ids[1]), lastIndex: 0, receipt: receipt))
    func installs(_ effects: [RaftNode.Effect]) -> Bool { effects.contains { if case .installSnapshot = $0 { true } else { false } } }
    var effects: [RaftNode.Effect] = []
    node.step(.tick, into: &effects)
    #expect(!installs(effects))
    let written = effects.compactMap { if case .persist(let batch) = $0 { batch.hardState } else { nil } }
    #expect(written == [HardState(term: 5)])
    effects = []
    node.step(.persisted(sequence: 1), into: &effects)
    #expect(installs(effects))
  }

  /// 30: chunks go on from what is stored; a lost answer to the last one does not end in silence.
  @Test func s30ChunksResumeAndTheEndIsAskedAgain() throws {
    var bench = try Self.leader()
    let term = bench.node.status.term
    bench.step(.peerUnreachable(RaftBench.ids[2]))
    bench.receive(.snapshotAnswer(index: 10, .stored(through: 80)), from: 2, term: term)
    #expect(bench.chunks.suffix(2).map(\.offset) == [80, 90], "another leader had sent eighty")
    bench.receive(.snapshotAnswer(index: 10, .stored(through: 100)), from: 2, term: term)
    let count = bench.chunks.count
    for _ in 0..<12 {
      bench.step(.tick)
      bench.receive(.heartbeatResponse(readSequence: 0), from: 1, term: term)
    }
    #expect(bench.chunks.count == count + 1 && bench.chunks.last?.offset == 90)
    bench.receive(.snapshotAnswer(index: 10, .installed), from: 2, term: term)
    let peer = try #require(bench.node.status.peers.first { $0.id == RaftBench.ids[2] })
    #expect(peer.match == 10 && peer.isReplicating && peer.next == 21)
  }

  /// 30: what is lost, repeated or out of order is asked for from where the disk stands; wrong bytes begin again.
  @Test func s30ReceiverAcknowledgesWhatItStored() throws {
    var bench = try RaftBench(replicas: 3)
    let meta = Self.meta(10, 2)
    func chunk(_ offset: UInt64) -> RaftMessage.Body {
      .snapshotChunk(meta: meta, offset: offset, bytes: Array(Self.bytes[Int(offset)..<Int(offset) + 50]))
    }
    func answers(_ bench: inout RaftBench) -> [RaftMessage.Body] { bench.take().map(\.body) }
    bench.receive(chunk(50), from: 1, term: 2)
    #expect(answers(&bench) == [.snapshotAnswer(index: 10, .stored(through: 0))])
    bench.receive(chunk(0), from: 1, term: 2)
    bench.step(.snapshotChunkStored(index: 10, through: 50))
    bench.receive(chunk(0), from: 1, term: 2)
    #expect(answers(&bench) == Array(repeating: .snapshotAnswer(index: 10, .stored(through: 50)), count: 2))
    bench.receive(chunk(50), from: 2, term: 3)
    #expect(bench.stored == [0, 50] && bench.installs.isEmpty, "another leader goes on")
    bench.step(.snapshotChunkStored(index: 10, through: 100))
    #expect(bench.installs == [meta])
    bench.step(.snapshotFailed(index: 10))
    #expect(answers(&bench).last == .snapshotAnswer(index: 10, .refused))
    for offset in [UInt64(0), 50] { bench.receive(chunk(offset), from: 2, term: 3) }
    bench.step(.snapshotChunkStored(index: 10, through: 100))
    bench.step(.snapshotInstalled(meta))
    #expect(answers(&bench).last == .snapshotAnswer(index: 10, .installed))
    let status = bench.node.status
    #expect(status.commit == 10 && status.applied == 10 && status.lastIndex == 10 && status.lastTerm == 2)
    bench.receive(.append(previousIndex: 10, previousTerm: 2, entries: [entry(11, 2)], commit: 11), from: 2, term: 3)
    #expect(bench.applied.map(\.index) == [11])
  }

  /// 31: a snapshot of what is committed, or in the log, leaves the tail alone.
  @Test func s31KnownSnapshotDestroysNothing() throws {
    let log = (UInt64(1)...20).map { entry($0, 1) }
    var bench = try RaftBench(log, hard: HardState(term: 1, commit: 5), replicas: 3)
    bench.receive(.snapshotChunk(meta: Self.meta(4, 1), offset: 0, bytes: Self.bytes), from: 1, term: 1)
    #expect(bench.take().map(\.body) == [.appendAccepted(match: 5)])
    bench.receive(.snapshotChunk(meta: Self.meta(12, 1), offset: 0, bytes: Self.bytes), from: 1, term: 1)
    #expect(bench.take().map(\.body) == [.appendAccepted(match: 12)])
    #expect(bench.node.status.lastIndex == 20 && bench.node.status.commit == 12 && bench.stored.isEmpty)
  }

  /// A restart from snapshot and the rest of the log; a log that begins after its snapshot is corrupt.
  @Test func restartFromSnapshot() throws {
    let log = TestLog((UInt64(11)...20).map { entry($0, 2) })
    func start(applied: LogIndex, snapshot: SnapshotMeta?) throws(RaftFault) -> RaftNode {
      try RaftNode(
        configuration: RaftConfiguration(id: RaftBench.ids[0], group: RaftBench.group, seed: 1),
        restoring: RaftRestoredState(
          configuration: Configuration(voters: [RaftBench.ids[4]]), log: log, hardState: HardState(term: 2), lastIndex: 20,
          applied: applied, snapshot: snapshot, base: LogBase(index: 10, term: 1)))
    }
    let node = try start(applied: 12, snapshot: Self.meta(12, 2))
    #expect(node.status.commit == 12 && node.status.configuration.voters.count == 3 && node.term(at: 10) == 1 && node.term(at: 9) == nil)
    #expect(throws: RaftFault.self) { try start(applied: 9, snapshot: Self.meta(12, 2)) }
    #expect(throws: RaftFault.self) { try start(applied: 12, snapshot: Self.meta(9, 1)) }
    #expect(throws: RaftFault.self) { try start(applied: 12, snapshot: nil) }
    #expect(throws: RaftFault.self) { try start(applied: 12, snapshot: Self.meta(12, 1)) }
  }
}
