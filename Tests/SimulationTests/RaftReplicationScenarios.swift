import ChainCore
@testable import Consensus
import Synchronization
import Testing

/// Scenarios 2, 3, 8–12, 14, 15, 17 and 18 of the design: elections that must end, logs that must meet, writes that must be waited for.
@Suite struct RaftReplicationScenarios {
  /// 2: all ask at once and vote for themselves; the next attempts are not in step.
  @Test(arguments: [2, 3, 5]) func s02SplitVotesEnd(replicas: Int) throws {
    var cluster = try RaftCluster(replicas)
    for index in 0..<replicas { cluster.step(index, .campaignRequested) }
    cluster.settle()
    #expect(cluster.leader == nil)
    #expect(cluster.nodes.indices.allSatisfy { cluster.status($0)?.term == 1 && cluster.status($0)?.votedFor == RaftCluster.ids[$0] })
    cluster.run(ticks: 200)
    let leader = try #require(cluster.leader)
    #expect(cluster.nodes.indices.allSatisfy { cluster.status($0)?.leader == RaftCluster.ids[leader] })
  }

  /// 3: a replica that was cut off for a hundred election timeouts comes back: same leader, same term.
  @Test func s03IsolatedReplicaDeposesNobody() throws {
    var cluster = try RaftCluster(3)
    cluster.elect(0)
    let term = cluster.status(0)?.term
    cluster.away = [2]
    cluster.run(ticks: 1_000)
    cluster.propose(0)
    cluster.settle()
    cluster.away = []
    cluster.run(ticks: 40)
    #expect(cluster.leader == 0 && cluster.status(0)?.term == term)
    #expect(cluster.status(2)?.lastIndex == cluster.status(0)?.lastIndex)
  }

  /// 8: two replicas do not see each other, both see the third: leadership stays where it is.
  @Test func s08CutLinkBesideABridgeMovesNoLeader() throws {
    var cluster = try RaftCluster(3)
    cluster.elect(0)
    let (term, pair) = (cluster.status(0)?.term, Set(RaftCluster.ids[..<2]))
    cluster.loses = { pair.contains($0.from) && pair.contains($0.to) }
    for _ in 0..<20 {
      cluster.run(ticks: 50)
      cluster.propose(0)
      cluster.settle()
      #expect(cluster.leader == 0 && cluster.status(0)?.term == term)
    }
    #expect(cluster.dropped.isEmpty && cluster.status(0)?.commit == cluster.status(0)?.lastIndex)
    cluster.loses = { _ in false }
    cluster.run(ticks: 40)
    #expect(cluster.leader == 0 && cluster.status(0)?.term == term && cluster.status(1)?.commit == cluster.status(0)?.commit)
  }

  /// 9: of two that are left one has the longer log, the other the higher term: the log wins, after it has learnt the term.
  @Test func s09LongLogAndHighTermDoNotBlockEachOther() throws {
    var cluster = try RaftCluster(3)
    cluster.logs[0].stored.withLock { $0 = [entry(1, 1), entry(2, 1), entry(3, 1)] }
    cluster.hard[0] = HardState(term: 1)
    cluster.logs[1].stored.withLock { $0 = [entry(1, 1)] }
    cluster.hard[1] = HardState(term: 9)
    for index in 0..<2 { try cluster.start(index) }
    cluster.away = [2]
    cluster.run(ticks: 200)
    #expect(cluster.leader == 0)
    #expect((cluster.status(0)?.term ?? 0) > 9 && cluster.status(1)?.commit == 4 && cluster.status(1)?.lastIndex == 4)
  }

  /// 10: whatever the order and repetition of a leader's messages, the log never shrinks below what was accepted, and ends as the leader's.
  @Test func s10MessagesInAnyOrderBuildOneLog() throws {
    let messages: [RaftMessage.Body] = [
      .append(previousIndex: 0, previousTerm: 0, entries: [entry(1, 1)], commit: 0),
      .append(previousIndex: 1, previousTerm: 1, entries: [entry(2, 1), entry(3, 2)], commit: 1),
      .append(previousIndex: 3, previousTerm: 2, entries: [entry(4, 2)], commit: 3),
      .append(previousIndex: 4, previousTerm: 2, entries: [], commit: 4),
    ]
    var orders = 0
    for order in Self.permutations(Array(messages.indices)) {
      orders += 1
      // What an older leader wrote beyond the common part has to go.
      var bench = try RaftBench([entry(1, 1), entry(2, 1), entry(3, 1), entry(4, 1), entry(5, 1)], hard: HardState(term: 1), replicas: 3)
      var accepted: LogIndex = 0
      for place in order + order + Array(messages.indices) {
        bench.receive(messages[place], from: 1, term: 2)
        for message in bench.take() { if case .appendAccepted(let match) = message.body { accepted = max(accepted, match) } }
        #expect(bench.node.status.lastIndex >= accepted, "order \(order)")
      }
      #expect(bench.node.status.lastIndex == 4 && bench.node.status.commit == 4 && bench.applied.map(\.term) == [1, 1, 2, 2])
    }
    #expect(orders == 24)
  }

  /// 11: logs that differ over ten terms of a thousand entries meet after one question a term, not one an entry.
  @Test func s11DivergenceCostsARoundTripATerm() throws {
    let terms = UInt64(10)
    func log(_ first: UInt64) -> [LogEntry] {
      [entry(1, 1)] + (0..<terms * 1_000).map { entry($0 + 2, first + 2 * ($0 / 1_000), [UInt8(first)]) }
    }
    var cluster = try RaftCluster(3)
    for index in 0..<3 {
      cluster.logs[index].stored.withLock { $0 = log(index == 1 ? 2 : 3) }
      cluster.hard[index] = HardState(term: Term(3 + 2 * terms))
      try cluster.start(index)
    }
    cluster.elect(0)
    var rejections = 0
    var lost = false
    cluster.loses = { message in
      if case .appendRejected = message.body { lost = true }
      return false
    }
    for _ in 0..<200 where cluster.status(1)?.lastIndex != cluster.status(0)?.lastIndex || cluster.status(1)?.commit == 0 {
      lost = false
      cluster.run(ticks: 1)
      if lost { rejections += 1 }
    }
    #expect(rejections <= Int(terms) + 2)
    for index in [LogIndex(2), 1_001, 5_000, 10_001] { #expect(cluster.nodes[1]?.term(at: index) == cluster.nodes[0]?.term(at: index)) }
    #expect(cluster.status(1)?.commit == cluster.status(0)?.commit && cluster.status(0)?.commit == cluster.status(0)?.lastIndex)
  }

  /// 12: a rejection that comes after later entries were accepted moves nothing back.
  @Test func s12StaleRejectionIsIgnored() throws {
    var bench = try RaftBench(replicas: 3)
    bench.lead()
    let term = bench.node.status.term
    for number in UInt64(1)...5 { bench.step(.proposed(ProposalID(number), [[1]])) }
    bench.receive(.appendAccepted(match: 4), from: 1, term: term)
    for previous in [LogIndex(0), 2, 4] {
      bench.receive(.appendRejected(previousIndex: previous, hintIndex: 0, hintTerm: 0), from: 1, term: term)
      let peer = try #require(bench.node.status.peers.first { $0.id == RaftBench.ids[1] })
      #expect(peer.match == 4 && peer.next > peer.match && peer.isReplicating)
    }
  }

  /// 14: the window is full and all answers were lost: a heartbeat's answer is enough to go on.
  @Test func s14FullWindowResumes() throws {
    var bench = try RaftBench(replicas: 3) { $0.maxInflightMessages = 2 }
    bench.lead()
    let term = bench.node.status.term
    bench.receive(.appendAccepted(match: 1), from: 1, term: term)
    _ = bench.take()
    for number in UInt64(1)...6 { bench.step(.proposed(ProposalID(number), [[1]])) }
    func ends(_ bench: inout RaftBench) -> [LogIndex] {
      bench.take().compactMap {
        if $0.to == RaftBench.ids[1], case .append(let previous, _, let entries, _) = $0.body, !entries.isEmpty {
          previous.advanced(by: UInt64(entries.count))
        } else {
          nil
        }
      }
    }
    #expect(ends(&bench) == [2, 3], "two messages, then it waits")
    bench.receive(.heartbeatResponse(readSequence: 0), from: 1, term: term)
    bench.receive(.appendRejected(previousIndex: 3, hintIndex: 1, hintTerm: term), from: 1, term: term)
    let again = ends(&bench)
    #expect(again.last == 7, "all that is missing, in one message: \(again)")
    bench.receive(.appendAccepted(match: 7), from: 1, term: term)
    #expect(bench.node.status.commit == 7)
  }

  /// 15: an entry larger than message and window still goes, alone.
  @Test func s15EntryLargerThanTheWindowIsSent() throws {
    var bench = try RaftBench(replicas: 3) {
      $0.maxInflightBytes = 100
      $0.maxMessageBytes = 50
    }
    bench.lead()
    let term = bench.node.status.term
    bench.receive(.appendAccepted(match: 1), from: 1, term: term)
    _ = bench.take()
    for number in UInt64(1)...3 { bench.step(.proposed(ProposalID(number), [[UInt8](repeating: 7, count: 1_000)])) }
    for index in UInt64(2)...4 {
      let sent = bench.take().filter { $0.to == RaftBench.ids[1] }.compactMap {
        if case .append(_, _, let entries, _) = $0.body, !entries.isEmpty { entries.map(\.index) } else { nil }
      }
      #expect(sent == [[LogIndex(index)]], "one at a time")
      bench.receive(.appendAccepted(match: LogIndex(index)), from: 1, term: term)
    }
    #expect(bench.node.status.commit == 4)
  }

  /// 17: an entry is written, overwritten, and written again; the first write's report says nothing of the third.
  @Test func s17ReportOfAnOverwrittenWriteDoesNotCount() throws {
    var bench = try RaftBench(replicas: 3)
    func leader(_ peer: Int, _ term: Term, _ entryTerm: UInt64) -> RaftNode.Event {
      .received(
        RaftMessage(
          group: RaftBench.group, from: RaftBench.ids[peer], to: RaftBench.ids[0], term: term,
          body: .append(previousIndex: 0, previousTerm: 0, entries: [entry(1, entryTerm)], commit: 0)))
    }
    bench.step(leader(1, 1, 1), holding: true)
    bench.step(leader(2, 2, 2), holding: true)
    bench.step(leader(1, 3, 1), holding: true)
    let batches = bench.pending
    #expect(batches.count == 3 && batches.map { $0.entries.map(\.term) } == [[1], [2], [1]])
    for batch in batches.dropLast() {
      bench.step(.persisted(sequence: batch.sequence), holding: true)
      #expect(bench.node.status.durable == 0 && bench.take().isEmpty, "write \(batch.sequence)")
    }
    bench.step(.persisted(sequence: batches[2].sequence), holding: true)
    #expect(bench.node.status.durable == 1)
    #expect(bench.take().map(\.body) == [.appendAccepted(match: 1)])
  }

  /// 18: what a quorum has committed is not applied here before it is on this disk; a crash before loses nothing that was applied.
  @Test func s18NothingIsAppliedBeforeItIsDurableHere() throws {
    var bench = try RaftBench(replicas: 3)
    bench.step(
      .received(
        RaftMessage(
          group: RaftBench.group, from: RaftBench.ids[1], to: RaftBench.ids[0], term: 1,
          body: .append(previousIndex: 0, previousTerm: 0, entries: [entry(1, 1), entry(2, 1)], commit: 2))), holding: true)
    #expect(bench.node.status.commit == 2 && bench.applied.isEmpty && bench.node.status.handedOut == 0)
    // The process ends here: neither entry nor term is on the disk, and the state machine holds nothing.
    let restarted = try RaftBench(bench.log.stored.withLock { $0 }, replicas: 3)
    #expect(restarted.node.status.commit == 0 && restarted.node.status.lastIndex == 0)
    for event in bench.flush() { bench.step(event) }
    #expect(bench.applied.map(\.index) == [1, 2])
  }

  private static func permutations(_ items: [Int]) -> [[Int]] {
    guard items.count > 1 else { return [items] }
    return items.flatMap { first in permutations(items.filter { $0 != first }).map { [first] + $0 } }
  }
}
