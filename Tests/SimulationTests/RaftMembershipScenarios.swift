import ChainCore
@testable import Consensus
import Testing

/// Scenarios 22–27 of the design: changes of membership.
@Suite struct RaftMembershipScenarios {
  static func members(_ voters: [Int], learners: [Int] = []) -> Configuration {
    Configuration(voters: voters.map { RaftCluster.ids[$0] }, learners: learners.map { RaftCluster.ids[$0] })
  }

  /// A newcomer is first a learner, then a voter; a voter becomes a learner, then is removed.
  @Test func growReplaceShrink() throws {
    var cluster = try RaftCluster(4, voters: 3)
    cluster.elect(0)
    cluster.change(0, voters: [0, 1, 2, 3])
    #expect(cluster.dropped == [.learnerBehind(RaftCluster.ids[3])])
    for (voters, learners) in [([0, 1, 2], [3]), ([0, 1, 3], [2]), ([0, 1, 3], [])] {
      cluster.change(0, voters: voters, learners: learners)
      cluster.settle()
      cluster.run(ticks: 2)
      for index in voters { #expect(cluster.status(index)?.configuration == Self.members(voters, learners: learners)) }
    }
    #expect(cluster.dropped.count == 1 && cluster.status(0)?.commit == cluster.status(0)?.lastIndex)
  }

  /// 22: a joint configuration needs a majority of the old voters too, to commit and to elect.
  @Test func s22NewMajorityAloneDoesNotCommit() throws {
    var cluster = try RaftCluster(5, voters: 3)
    cluster.elect(0)
    cluster.change(0, voters: [0, 1, 2], learners: [3, 4])
    cluster.settle()
    cluster.run(ticks: 2)
    cluster.away = [1, 2]
    let before = cluster.status(0)?.commit
    cluster.change(0, voters: [0, 3, 4])
    cluster.settle()
    #expect(cluster.status(0)?.configuration.isJoint == true && cluster.status(0)?.commit == before)
    cluster.away = []
    cluster.run(ticks: 3)
    #expect(cluster.status(0)?.configuration == Self.members([0, 3, 4]) && cluster.status(3)?.configuration.isJoint == false)
  }

  /// 23: the leader dies between the joint configuration and the new one; the next leader leaves it.
  @Test func s23NextLeaderLeavesJoint() throws {
    var cluster = try RaftCluster(4, voters: 3)
    cluster.elect(0)
    cluster.change(0, voters: [0, 1, 2], learners: [3])
    cluster.settle()
    cluster.run(ticks: 2)
    // C(new) names three replicas, the joint configuration six.
    cluster.loses = {
      if case .append(_, _, let entries, _) = $0.body {
        entries.contains { $0.kind == .configuration && $0.payload.count < 150 }
      } else {
        false
      }
    }
    cluster.change(0, voters: [0, 1, 3])
    cluster.settle()
    cluster.loses = { _ in false }
    let joint = cluster.nodes.indices.filter { cluster.status($0)?.configuration.isJoint == true }
    #expect(joint == [1, 2, 3])
    cluster.away = [0]
    cluster.run(ticks: 60)
    #expect(cluster.leader != nil)
    for index in [1, 3] { #expect(cluster.status(index)?.configuration == Self.members([0, 1, 3])) }
  }

  /// 24: a change that another leader overwrites is taken back.
  @Test func s24OverwrittenChangeIsTakenBack() throws {
    var cluster = try RaftCluster(3)
    cluster.elect(0)
    cluster.away = [0]
    cluster.change(0, voters: [0])
    #expect(cluster.status(0)?.configuration.isJoint == true)
    cluster.flying = []
    cluster.run(ticks: 60)
    cluster.propose(cluster.leader ?? 1)
    cluster.away = []
    cluster.run(ticks: 40)
    #expect(cluster.status(0)?.configuration == Self.members([0, 1, 2]))
    #expect(cluster.dropped.contains { if case .overwritten = $0 { true } else { false } })
  }

  /// 25: a removed leader replicates its removal without counting itself, hands over and steps down; one of two goes, too.
  @Test(arguments: [[0, 1, 2], [0, 1]]) func s25LeaderIsRemoved(voters: [Int]) throws {
    var cluster = try RaftCluster(voters.count)
    cluster.elect(0)
    let rest = Array(voters.dropFirst())
    cluster.change(0, voters: rest)
    cluster.settle()
    #expect(cluster.status(0)?.role == .follower)
    cluster.run(ticks: 2)
    let leader = try #require(cluster.leader)
    #expect(rest.contains(leader))
    cluster.propose(leader)
    cluster.settle()
    #expect(cluster.status(leader)?.commit == cluster.status(leader)?.lastIndex)
    cluster.run(ticks: 100)
    #expect(cluster.leader == leader, "the removed one does no harm")
  }

  /// 25, thesis §4.2.2: the leader of two holds alone the entry that removes it, and restarts. Only it can finish.
  @Test func s25RemovedLeaderOfTwoStillCampaigns() throws {
    var cluster = try RaftCluster(2)
    cluster.elect(0)
    cluster.loses = {
      if case .append(_, _, let entries, _) = $0.body {
        entries.contains { $0.kind == .configuration && $0.payload.count < 80 }
      } else {
        false
      }
    }
    cluster.change(0, voters: [1])
    cluster.settle()
    #expect(cluster.status(0)?.configuration == Self.members([1]) && cluster.status(1)?.configuration.isJoint == true)
    cluster.loses = { _ in false }
    cluster.flying = []
    try cluster.start(0)
    cluster.run(ticks: 80)
    #expect(cluster.leader == 1 && cluster.status(1)?.configuration == Self.members([1]))
  }

  /// 26: a learner that does not know of its promotion still votes.
  @Test func s26UnawareLearnerVotes() throws {
    var bench = try RaftBench(genesis: Configuration(voters: Array(RaftBench.ids[1..<4]), learners: [RaftBench.ids[0]]))
    for _ in 0..<100 { bench.step(.tick) }
    #expect(bench.take().isEmpty, "it does not campaign")
    bench.receive(.requestVote(lastIndex: 5, lastTerm: 1, transfer: false), from: 1, term: 2)
    #expect(bench.take().map(\.body) == [.voteResponse(granted: true)])
  }

  /// 27: no change before an entry of the own term is committed, nor while another is under way.
  @Test func s27ChangesWaitForTheOwnTerm() throws {
    var bench = try RaftBench(replicas: 3)
    bench.lead()
    let target = Configuration(voters: Array(RaftBench.ids[..<2]))
    bench.step(.changeProposed(1, to: target))
    #expect(bench.dropped == [.termNotCommitted])
    bench.receive(.appendAccepted(match: 1), from: 1, term: bench.node.status.term)
    for bad in [
      Configuration(voters: []), bench.node.status.configuration, Configuration(voters: [RaftBench.ids[0]], outgoing: [RaftBench.ids[1]]),
    ] {
      bench.step(.changeProposed(2, to: bad))
      #expect(bench.dropped.last == .invalidChange)
    }
    bench.step(.changeProposed(3, to: target))
    bench.step(.changeProposed(4, to: target))
    #expect(bench.dropped.last == .changeInProgress && bench.node.status.configuration.isJoint)
    bench.receive(.appendAccepted(match: 2), from: 1, term: bench.node.status.term)
    #expect(bench.node.status.configuration == target, "C(new) follows by itself")
    bench.step(.changeProposed(5, to: Configuration(voters: [RaftBench.ids[0]])))
    #expect(bench.dropped.last == .changeInProgress, "and is not committed yet")
  }
}
