import ChainCore
@testable import Consensus
import Testing

/// Scenarios 20, 21 and 28 of the design: handing over leadership, and reads.
@Suite struct RaftReadScenarios {
  /// 20: a laggard is levelled first; learner, stranger and the leader itself are no targets, and block nothing.
  @Test func s20TransferLevelsFirst() throws {
    var cluster = try RaftCluster(4, voters: 3)
    cluster.elect(0)
    cluster.change(0, voters: [0, 1, 2], learners: [3])
    cluster.settle()
    for target in [0, 3, 6] {
      cluster.step(0, .transferRequested(to: RaftCluster.ids[target]))
      cluster.propose(0)
      cluster.settle()
    }
    #expect(cluster.dropped.isEmpty && cluster.leader == 0)
    cluster.away = [1]
    for _ in 0..<5 { cluster.propose(0) }
    cluster.settle()
    cluster.away = []
    cluster.step(0, .transferRequested(to: RaftCluster.ids[1]))
    cluster.propose(0)
    #expect(cluster.dropped == [.transferring])
    cluster.run(ticks: 5)
    #expect(cluster.leader == 1 && cluster.status(1)?.commit == cluster.status(1)?.lastIndex)
  }

  /// 21: the target is dead: after E ticks proposals are taken again. A newer target replaces the first.
  @Test func s21TransferToTheDeadEnds() throws {
    var cluster = try RaftCluster(3)
    cluster.elect(0)
    cluster.away = [1]
    cluster.step(0, .transferRequested(to: RaftCluster.ids[1]))
    cluster.run(ticks: 12)
    cluster.propose(0)
    #expect(cluster.dropped.isEmpty && cluster.leader == 0)
    cluster.step(0, .transferRequested(to: RaftCluster.ids[1]))
    cluster.step(0, .transferRequested(to: RaftCluster.ids[2]))
    cluster.run(ticks: 2)
    #expect(cluster.leader == 2, "the vote it asks for is given although its leader was heard")
  }

  /// 28: a deposed leader's read is not answered; a fresh leader's waits for its own entry.
  @Test func s28DeposedLeaderAnswersNoRead() throws {
    var cluster = try RaftCluster(3)
    cluster.elect(0)
    cluster.step(0, .readRequested(1))
    cluster.settle()
    #expect(cluster.ready.map(\.read) == [1])
    cluster.away = [0]
    cluster.step(0, .readRequested(2))
    cluster.run(ticks: 60)
    #expect(cluster.ready.count == 1 && cluster.droppedReads == [2] && cluster.leader != nil)
  }

  @Test func s28FreshLeaderWaitsForItsOwnEntry() throws {
    var bench = try RaftBench([entry(1, 1)], hard: HardState(term: 1), replicas: 3)
    bench.lead()
    let term = bench.node.status.term
    bench.step(.readRequested(1))
    for _ in 0..<3 { bench.receive(.heartbeatResponse(readSequence: 9), from: 1, term: term) }
    #expect(bench.ready.isEmpty, "what is committed is not known yet")
    bench.receive(.appendAccepted(match: 2), from: 1, term: term)
    #expect(bench.ready.isEmpty, "and now nobody has confirmed the leadership since")
    bench.receive(.heartbeatResponse(readSequence: 0), from: 1, term: term)
    #expect(bench.ready.isEmpty)
    bench.receive(.heartbeatResponse(readSequence: 1), from: 1, term: term)
    #expect(bench.ready == [1])
  }

  /// A follower asks the leader, again if the question is lost, and waits until it has applied as much.
  @Test func followerReads() throws {
    var cluster = try RaftCluster(3)
    cluster.elect(0)
    cluster.loses = { if case .readIndexRequest = $0.body { true } else { false } }
    cluster.propose(0)
    cluster.settle()
    cluster.step(1, .readRequested(7))
    cluster.settle()
    #expect(cluster.ready.isEmpty)
    cluster.loses = { _ in false }
    cluster.run(ticks: 12)
    #expect(cluster.ready.map(\.read) == [7] && cluster.ready[0].replica == 1)
    #expect(cluster.ready[0].index == cluster.status(0)?.commit)
    cluster.away = [0]
    cluster.step(1, .readRequested(8))
    cluster.run(ticks: 40)
    #expect(cluster.droppedReads == [8])
  }
}
