import ChainCore
import Consensus
import Testing

/// Change of members, transfer of leadership and linearizable reads: scenarios 20 to 28 of what goes wrong most easily.
@Suite struct RaftMembershipScenarios {
  /// Three voters, of whom the first leads, and as many others that exist.
  func cluster(others: Int = 2) throws -> RaftCluster {
    var cluster = try RaftCluster(3 + others, voters: 3)
    cluster.elect(0)
    cluster.step(0, .proposed(1, [[1]]))
    cluster.deliver()
    return cluster
  }

  @Test func replacesAVoterByWayOfALearner() throws {
    var cluster = try cluster()
    cluster.change(0, voters: [0, 1, 2], learners: [3])
    cluster.tick(3)
    #expect(cluster.applied[3].count == cluster.applied[0].count)
    cluster.change(0, voters: [0, 1, 3])
    cluster.tick(3)
    for index in [0, 1, 3] {
      #expect(try cluster.configuration(index) == Configuration(voters: [0, 1, 3].map { cluster.ids[$0] }))
    }
    // Who was removed knows it, and stays quiet.
    #expect(try !cluster.configuration(2).isVoter(cluster.ids[2]))
    cluster.tick(60)
    #expect(cluster.leaders() == [0] && cluster.dropped.isEmpty && cluster.faults.isEmpty)
  }

  /// 20: to a laggard it waits, to a learner, a stranger or itself it does nothing.
  @Test func s20Transfer() throws {
    var cluster = try cluster()
    cluster.change(0, voters: [0, 1, 2], learners: [3])
    cluster.tick(3)
    for target in [0, 3, 4] {
      cluster.step(0, .transferRequested(to: cluster.ids[target]))
      cluster.tick(2)
      #expect(cluster.leaders() == [0])
    }
    cluster.isCut = { from, to in from == 2 || to == 2 }
    cluster.step(0, .proposed(2, [[2]]))
    cluster.deliver()
    cluster.step(0, .transferRequested(to: cluster.ids[2]))
    cluster.tick(2)
    cluster.step(0, .proposed(3, [[3]]))
    #expect(cluster.dropped.last?.reason == .transferring)
    cluster.isCut = { _, _ in false }
    cluster.tick(4)
    #expect(cluster.leaders() == [2])
    #expect(cluster.disks[2].log.contains { $0.payload == [2] })
  }

  /// 21: the target dies; after an election timeout the old leader goes on.
  @Test func s21TransferTargetDies() throws {
    var cluster = try cluster()
    cluster.nodes[1] = nil
    cluster.step(0, .transferRequested(to: cluster.ids[1]))
    cluster.tick(11)
    let before = cluster.dropped.count
    cluster.step(0, .proposed(5, [[5]]))
    cluster.tick(2)
    #expect(cluster.dropped.count == before && cluster.leaders() == [0])
    #expect(cluster.applied[2].contains { $0.payload == [5] })
  }

  /// 22: in the joint configuration a majority of the new half alone commits nothing.
  @Test func s22JointNeedsBothHalves() throws {
    var cluster = try cluster(others: 3)
    cluster.change(0, voters: [0, 1, 2], learners: [3, 4, 5])
    cluster.tick(4)
    // The leader and the new half see each other; the rest of the old half sees nobody.
    cluster.isCut = { from, to in [1, 2].contains(from) != [1, 2].contains(to) }
    let committed = cluster.status(0).commit
    cluster.change(0, voters: [3, 4, 5])
    cluster.tick(5)
    #expect(cluster.status(0).commit == committed)
    #expect(try cluster.configuration(3).isJoint)
    cluster.isCut = { _, _ in false }
    cluster.tick(60)
    for index in [3, 4, 5] { #expect(try cluster.configuration(index) == Configuration(voters: [3, 4, 5].map { cluster.ids[$0] })) }
    #expect(cluster.leaders().allSatisfy { [3, 4, 5].contains($0) } && cluster.leaders().count == 1)
  }

  /// 23: the leader dies between the joint and the new configuration; the next one ends the change.
  @Test func s23LeaderDiesInTheMiddle() throws {
    var cluster = try cluster()
    cluster.change(0, voters: [0, 1, 2], learners: [3])
    cluster.tick(3)
    cluster.change(0, voters: [0, 1, 3])
    // The joint entry is on all disks, and the leader dies before it knows.
    cluster.deliver { cluster in !(1...3).allSatisfy { (try? cluster.configuration($0).isJoint) == true } }
    cluster.nodes[0] = nil
    cluster.inbox = []
    cluster.tick(80)
    for index in [1, 3] { #expect(try cluster.configuration(index) == Configuration(voters: [0, 1, 3].map { cluster.ids[$0] })) }
    #expect(cluster.leaders().count == 1 && cluster.faults.isEmpty)
  }

  /// 24: a change that a new leader overwrites never was.
  @Test func s24TruncatedChangeIsRolledBack() throws {
    var cluster = try cluster()
    cluster.change(0, voters: [0, 1, 2], learners: [3])
    cluster.tick(3)
    cluster.isCut = { from, to in from == 0 || to == 0 }
    cluster.change(0, voters: [0, 3])
    cluster.deliver()
    #expect(try cluster.configuration(0).isJoint)
    for _ in 0..<60 where !cluster.leaders().contains(where: { $0 != 0 }) {
      cluster.tick(1, of: 1)
      cluster.tick(1, of: 2)
    }
    cluster.isCut = { _, _ in false }
    cluster.tick(30)
    for index in 0..<4 {
      #expect(try cluster.configuration(index) == Configuration(voters: [0, 1, 2].map { cluster.ids[$0] }, learners: [cluster.ids[3]]))
    }
    #expect(cluster.leaders().count == 1)
  }

  /// 25: a leader that is removed does not count itself, hands over, and the last of two goes on alone.
  @Test func s25RemoveTheLeaderThenOneOfTwo() throws {
    var cluster = try cluster()
    cluster.change(0, voters: [1, 2])
    cluster.tick(4)
    let leader = try #require(cluster.leaders().first)
    #expect(cluster.leaders().count == 1 && leader != 0)
    let other = leader == 1 ? 2 : 1
    cluster.change(leader, voters: [leader])
    cluster.tick(4)
    cluster.nodes[other] = nil
    cluster.nodes[0] = nil
    cluster.step(leader, .proposed(9, [[9]]))
    cluster.tick(30)
    #expect(cluster.applied[leader].contains { $0.payload == [9] } && cluster.leaders() == [leader])
  }

  /// 26: a learner that does not know of its promotion votes all the same.
  @Test func s26PromotedLearnerVotes() throws {
    var cluster = try cluster()
    cluster.change(0, voters: [0, 1, 2], learners: [3, 4])
    cluster.tick(4)
    // Three and four hear nothing of their promotion.
    cluster.isCut = { _, to in to >= 3 }
    cluster.change(0, voters: [0, 1, 2, 3, 4])
    cluster.deliver()
    #expect(try !cluster.configuration(3).isVoter(cluster.ids[3]))
    cluster.nodes[0] = nil
    cluster.isCut = { _, _ in false }
    cluster.inbox = []
    cluster.tick(60)
    // One and two alone are no majority of five.
    #expect(cluster.leaders().count == 1 && cluster.faults.isEmpty)
  }

  /// 27: no change before an entry of the own term is committed; none while another is under way.
  @Test func s27SingleServerBug() throws {
    var lone = try RaftCluster(3, voters: 3)
    lone.elect(0)
    lone.isCut = { _, to in to == 0 }
    lone.change(0, voters: [0, 1])
    // The noop may be committed already here; a second change is not taken before the first is.
    lone.change(0, voters: [0, 2])
    #expect(lone.dropped.contains { $0.reason == .changeInProgress || $0.reason == .termNotCommitted })
    var fresh = try RaftCluster(3, voters: 3)
    // Elected by hand: its noop is committed nowhere yet.
    for _ in 0..<40 where fresh.status(0).role != .leader {
      fresh.step(0, .tick)
      fresh.deliver { $0.status(0).role != .leader }
    }
    fresh.inbox = []
    fresh.change(0, voters: [0, 1])
    #expect(fresh.dropped.map(\.reason) == [.termNotCommitted])
  }

  @Test func badChangesAreRefused() throws {
    var cluster = try cluster()
    cluster.change(1, voters: [0, 1])
    cluster.change(0, voters: [])
    cluster.change(0, voters: [0, 1, 2])
    cluster.change(0, voters: [0, 1, 2], learners: [0])
    cluster.step(0, .changeProposed(7, Configuration(voters: [cluster.ids[0]], outgoing: [cluster.ids[1]])))
    let reasons = cluster.dropped.map(\.reason)
    #expect(reasons == [.notLeader(cluster.ids[0]), .invalidChange, .invalidChange, .invalidChange, .invalidChange])
    #expect(try cluster.configuration(0) == cluster.first)
  }

  /// 28: a deposed leader answers no read; a new one not before it has committed something of its own.
  @Test func s28ReadsOfDeposedAndOfFreshLeaders() throws {
    var cluster = try cluster(others: 0)
    cluster.step(0, .readRequested(1))
    #expect(cluster.ready.isEmpty)
    cluster.deliver()
    #expect(cluster.ready.map(\.index) == [cluster.status(0).commit])
    // A follower asks its leader.
    cluster.step(1, .readRequested(2))
    cluster.tick(1)
    #expect(cluster.ready.contains { $0.at == 1 && $0.id == 2 && $0.index == cluster.status(0).commit })
    // Cut off, the old leader confirms nothing; when it steps down the read is dropped.
    cluster.isCut = { from, to in from == 0 || to == 0 }
    cluster.step(0, .readRequested(3))
    for _ in 0..<60 where !cluster.leaders().contains(where: { $0 != 0 }) {
      cluster.tick(1, of: 1)
      cluster.tick(1, of: 2)
    }
    let leader = try #require(cluster.leaders().first { $0 != 0 })
    cluster.step(leader, .proposed(8, [[8]]))
    cluster.deliver()
    cluster.tick(25, of: 0)
    #expect(!cluster.ready.contains { $0.id == 3 } && cluster.droppedReads.contains(3))
    // Nobody to ask: dropped at once.
    cluster.step(0, .readRequested(4))
    #expect(cluster.droppedReads.contains(4))
  }
}
