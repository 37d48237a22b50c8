import ChainCore
@testable import Consensus
import Testing

@Suite struct RaftScenarios {
  /// 1: the noop commits first, and nothing before it.
  @Test func s01LeaderCommitsItsNoop() throws {
    var bench = try RaftBench(replicas: 3)
    bench.lead()
    #expect(bench.node.status.role == .leader && bench.node.status.commit == 0)
    bench.receive(.appendAccepted(match: 1), from: 1, term: bench.node.status.term)
    #expect(bench.node.status.commit == 1 && bench.applied.map(\.kind) == [.noop])
  }

  /// 6, thesis Figure 3.7: an entry of an older term on a majority is not committed by counting, only through one of the own term.
  @Test func s06OldTermsDoNotCommitByCounting() throws {
    var bench = try RaftBench([entry(1, 1), entry(2, 2)], hard: HardState(term: 3))
    bench.lead()
    let term = bench.node.status.term
    #expect(term > 3 && bench.node.status.lastIndex == 3)
    for peer in 1...2 { bench.receive(.appendAccepted(match: 2), from: peer, term: term) }
    #expect(bench.node.status.commit == 0, "entry 2 of term 2 is on three of five and may still be overwritten")
    for peer in 1...2 { bench.receive(.appendAccepted(match: 3), from: peer, term: term) }
    #expect(bench.node.status.commit == 3)
  }

  /// 3: a replica that was away does not depose a good leader.
  @Test func s03AwayReplicaDoesNotRaiseTheTerm() throws {
    var bench = try RaftBench(replicas: 3)
    for _ in 0..<500 { bench.step(.tick) }
    #expect(bench.node.status.term == 0, "PreVote changes nothing")
    bench.receive(.heartbeat(commit: 0, readSequence: 0), from: 1, term: 4)
    #expect(bench.node.status.leader == RaftBench.ids[1] && bench.node.status.term == 4)
  }

  /// 4: the last term counts before the length.
  @Test func s04LongerButOlderLogGetsNoVote() throws {
    var bench = try RaftBench([entry(1, 1), entry(2, 3)], hard: HardState(term: 3))
    bench.receive(.requestVote(lastIndex: 9, lastTerm: 2, transfer: false), from: 1, term: 5)
    #expect(bench.take().contains { $0.body == .voteResponse(granted: false) && $0.term == 5 })
    bench.receive(.requestVote(lastIndex: 2, lastTerm: 3, transfer: false), from: 2, term: 6)
    #expect(bench.take().contains { $0.body == .voteResponse(granted: true) && $0.to == RaftBench.ids[2] })
    bench.receive(.requestVote(lastIndex: 5, lastTerm: 3, transfer: false), from: 1, term: 6)
    #expect(!bench.take().contains { $0.body == .voteResponse(granted: true) }, "one vote a term")
  }

  /// 5: a vote leaves only when it is on the disk.
  @Test func s05VoteWaitsForTheDisk() throws {
    var bench = try RaftBench(replicas: 3)
    let ask = RaftMessage(
      group: RaftBench.group, from: RaftBench.ids[1], to: RaftBench.ids[0], term: 1,
      body: .requestVote(lastIndex: 0, lastTerm: 0, transfer: false))
    bench.step(.received(ask), holding: true)
    #expect(bench.take().isEmpty && bench.pending.count == 1)
    for event in bench.flush() { bench.step(event) }
    #expect(bench.take().map(\.body) == [.voteResponse(granted: true)])
    #expect(bench.pending.isEmpty)
  }

  /// 7: a leader that hears no quorum steps down.
  @Test func s07LeaderWithoutQuorumStepsDown() throws {
    var bench = try RaftBench()
    bench.lead()
    for _ in 0..<40 where bench.node.status.role == .leader { bench.step(.tick) }
    #expect(bench.node.status.role != .leader)
    bench.step(.proposed(1, [[1]]))
    #expect(bench.dropped.contains { if case .notLeader = $0 { true } else { false } })
  }

  /// 10: an old, shorter message cuts nothing off; only a conflict does.
  @Test func s10ShorterMessageDoesNotTruncate() throws {
    var bench = try RaftBench([entry(1, 1), entry(2, 1), entry(3, 1)], hard: HardState(term: 1))
    bench.receive(.append(previousIndex: 0, previousTerm: 0, entries: [entry(1, 1)], commit: 1), from: 1, term: 1)
    #expect(bench.node.status.lastIndex == 3 && bench.node.status.commit == 1)
    bench.receive(.append(previousIndex: 1, previousTerm: 1, entries: [entry(2, 2, [9])], commit: 1), from: 1, term: 2)
    #expect(bench.node.status.lastIndex == 2 && bench.node.term(at: 2) == 2)
  }

  /// One poll brings an old leader's message and then a new leader's that takes the entry back: no write may contradict what leaves.
  @Test func nothingIsSaidOfWhatTheSamePollTakesBack() throws {
    let bench = try RaftBench([entry(1, 1)], hard: HardState(term: 1))
    func message(_ body: RaftMessage.Body, _ from: Int, _ term: Term) -> RaftNode.Event {
      .received(RaftMessage(group: RaftBench.group, from: RaftBench.ids[from], to: RaftBench.ids[0], term: term, body: body))
    }
    var (node, effects): (RaftNode, [RaftNode.Effect]) = (bench.node, [])
    node.step(
      contentsOf: [
        message(.append(previousIndex: 1, previousTerm: 1, entries: [], commit: 0), 1, 1),
        message(.append(previousIndex: 0, previousTerm: 0, entries: [entry(1, 2)], commit: 0), 2, 2),
      ], into: &effects)
    let batch = effects.compactMap { if case .persist(let batch) = $0 { batch } else { nil } }.first
    #expect(batch?.truncateFrom == 1)
    #expect(!effects.contains { if case .send = $0 { true } else { false } })
  }

  /// 13: a heartbeat commits no more than is known to match.
  @Test func s13FollowerCommitIsBounded() throws {
    var bench = try RaftBench([entry(1, 1), entry(2, 1)], hard: HardState(term: 1))
    bench.receive(.append(previousIndex: 0, previousTerm: 0, entries: [entry(1, 1)], commit: 9), from: 1, term: 1)
    #expect(bench.node.status.commit == 1)
  }

  /// 16: the leader counts itself only when its own disk has the entry.
  @Test func s16SlowLeaderDiskDoesNotCount() throws {
    var bench = try RaftBench(replicas: 3)
    bench.lead()
    bench.receive(.appendAccepted(match: 1), from: 1, term: bench.node.status.term)
    bench.step(.proposed(1, [[1]]), holding: true)
    #expect(bench.node.status.commit == 1)
    #expect(bench.take().contains { if case .append(_, _, let entries, _) = $0.body { entries.count == 1 } else { false } })
    for event in bench.flush() { bench.step(event) }
    #expect(bench.node.status.commit == 1)
    bench.receive(.appendAccepted(match: 2), from: 2, term: bench.node.status.term)
    #expect(bench.node.status.commit == 2)
  }

  /// 15, 19: limits refuse, and a large entry still fits when nothing waits.
  @Test func s19LimitsRefuseAndRecover() throws {
    var bench = try RaftBench(replicas: 3)
    bench.lead()
    bench.step(.proposed(1, [[UInt8](repeating: 0, count: 5 << 20)]))
    #expect(bench.dropped == [.entryTooLarge])
    let large = [UInt8](repeating: 0, count: 4 << 20)
    var accepted: UInt64 = 0
    for number in UInt64(2)..<40 {
      bench.step(.proposed(ProposalID(number), [large]))
      if bench.dropped.last != .uncommittedLimit { accepted += 1 }
    }
    #expect(accepted == 16 && bench.dropped.last == .uncommittedLimit)
    bench.receive(.appendAccepted(match: LogIndex(1 + accepted)), from: 1, term: bench.node.status.term)
    let refusals = bench.dropped.count
    bench.step(.proposed(99, [large]))
    #expect(bench.dropped.count == refusals, "the counter fell with the commit")
  }

  /// 33: foreign group, stranger, overflow: nothing happens, nothing is stored.
  @Test func s33ForeignMessagesAreDropped() throws {
    var bench = try RaftBench(replicas: 3)
    bench.receive(.heartbeat(commit: 0, readSequence: 0), from: 1, term: 9, group: GenesisID(CryptoSuite.guomi.hash([])))
    bench.receive(.heartbeat(commit: 0, readSequence: 0), from: 1, term: Term(.max))
    #expect(bench.node.status.term == 0 && bench.take().isEmpty)
    #expect(bench.node.status.refusals == [.otherGroup: 1, .outOfRange: 1])
    bench.receive(.heartbeat(commit: 0, readSequence: 0), from: 0, term: 1)
    bench.receive(.append(previousIndex: 0, previousTerm: 0, entries: [entry(2, 1)], commit: 0), from: 1, term: 1)
    bench.receive(.append(previousIndex: 0, previousTerm: 0, entries: [entry(1, 2)], commit: 0), from: 1, term: 1)
    bench.receive(.append(previousIndex: 0, previousTerm: 0, entries: [], commit: LogIndex(.max)), from: 1, term: 1)
    let empty = SnapshotMeta(index: 3, term: 1, configuration: bench.node.status.configuration, byteCount: 0, digest: .zero)
    bench.receive(.snapshotChunk(meta: empty, offset: 0, bytes: [1]), from: 1, term: 1)
    #expect(
      bench.node.status.refusals == [.otherGroup: 1, .outOfRange: 2, .notForThisReplica: 1, .malformedEntries: 2, .malformedSnapshot: 1])
    bench.receive(.append(previousIndex: LogIndex(.max), previousTerm: 1, entries: [], commit: 5), from: 1, term: 1)
    #expect(bench.node.status.lastIndex == 0 && bench.node.status.commit == 0 && bench.node.status.fault == nil)
  }

  /// Storage that contradicts itself is refused at start, not repaired.
  @Test func contradictoryStorageIsRefused() throws {
    #expect(throws: RaftFault.self) { try RaftBench([entry(1, 5)], hard: HardState(term: 3)) }
    #expect(throws: RaftFault.self) { try RaftBench([entry(1, 1)], hard: HardState(term: 3, commit: 4)) }
    #expect(throws: RaftFault.self) { try RaftBench([entry(1, 1), entry(3, 1)], hard: HardState(term: 1)) }
  }

  /// Every byte of a message cut off or changed: an error or another message, never a trap.
  @Test func brokenMessagesDoNotDecode() throws {
    let message = RaftMessage(
      group: RaftBench.group, from: RaftBench.ids[1], to: RaftBench.ids[0], term: 3,
      body: .append(previousIndex: 1, previousTerm: 1, entries: [entry(2, 2), entry(3, 2)], commit: 1))
    let bytes = message.canonicalBytes
    #expect(try RaftMessage(canonicalBytes: bytes) == message)
    for length in bytes.indices { #expect(throws: CanonicalError.self) { try RaftMessage(canonicalBytes: Array(bytes[..<length])) } }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x81
      if let other = try? RaftMessage(canonicalBytes: changed) { #expect(other != message && other.canonicalBytes == changed) }
    }
  }
}
