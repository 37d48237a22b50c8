@testable import ChainTesting
import ChainCore
@testable import Consensus
import Testing

/// The scenarios of Byzantine agreement that go wrong most easily, one by one. Members 0 to 3 of weight 1 unless said otherwise;
/// member v - 1 leads view v, in turn.
@Suite struct SimplexScenarios {
  @Test func s01TenViewsFourMembers() throws {
    var table = try SimplexTable()
    table.work()
    table.deliver { $0.finals[0].count < 10 }
    #expect(table.finals[0].count == 10)
    // No view was lost, and the next one always began before the block was final.
    #expect(table.view(0) == 12 || table.view(0) == 11)
    #expect(table.votes.joined().allSatisfy { $0.kind != .nullify })
  }

  @Test(arguments: [([1], 1), ([1, 1], 2), ([1, 1, 1], 3), ([1, 1, 1, 1, 1, 1, 1], 5), ([1, 1, 1, 97], 1)] as [([UInt64], Int)])
  func s02Quorums(weights: [UInt64], least: Int) throws {
    var table = try SimplexTable(weights)
    let heaviest = weights.indices.max { table.set.members[$0].weight < table.set.members[$1].weight } ?? 0
    // As many as needed work on, the heaviest among them; the others are gone.
    let present = Set([heaviest] + weights.indices.filter { $0 != heaviest }.prefix(least - 1))
    for index in weights.indices where !present.contains(index) { table.crash(index) }
    // Who decides alone needs no message, and would go on for ever within one step: its disk is slow.
    if least == 1 { table.slowDisks = [heaviest] }
    table.work()
    if least == 1 {
      for _ in 0..<40 {
        table.sync(heaviest)
        table.deliver(200)
        table.pass(200, deliversUpTo: 200)
      }
    } else {
      table.pass(8_000, deliversUpTo: 300)
    }
    #expect(table.finals[heaviest].count > 0)
    if least > 1 {
      var fewer = try SimplexTable(weights)
      for index in weights.indices.dropFirst(least - 1) { fewer.crash(index) }
      fewer.work()
      fewer.pass(8_000, deliversUpTo: 300)
      #expect(fewer.finals[0].isEmpty)
    }
  }

  @Test func s03SilentLeader() throws {
    var table = try SimplexTable()
    let silent = table.leader(2)
    table.isLost = { from, _, body in
      if from == silent, case .proposal = body { true } else { false }
    }
    table.work()
    table.pass(2_000, deliversUpTo: 400)
    #expect(table.votes[0].contains(.nullify(0, 2)))
    let blocks = table.finals[0]
    #expect(blocks.count > 2)
    // The block after the silent view stands on the one before it.
    for (older, newer) in zip(blocks, blocks.dropFirst()) { #expect(newer.header.parent == table.id(older)) }
  }

  @Test func s04SplitViewIsRepaired() throws {
    var table = try SimplexTable()
    // Members 0 and 1 see the notarization of view 1; 2 and 3 get no notarize votes of it, time out, and get 0's help to nullify.
    table.isLost = { _, to, body in
      if to >= 2, case .vote(let vote, _) = body, vote.kind == .notarize, vote.view == 1 { return true }
      if to >= 2, case .certificate(let certificate) = body, certificate.statement.kind == .notarize, certificate.statement.view == 1 {
        return true
      }
      return false
    }
    table.work()
    table.pass(1_000, deliversUpTo: 400)
    table.isLost = { _, _, _ in false }
    table.pass(20_000, deliversUpTo: 400)
    for index in 0..<4 { #expect(table.finals[index].count > 3) }
    #expect(Set(table.finals.map { $0.first.map(table.id) }).count == 1)
  }

  @Test func s05FinalizesWhatIsNotarizedNotItsOwn() throws {
    var table = try SimplexTable()
    let liar = table.leader(1)
    table.crash(liar)
    table.work()
    let others = (0..<4).filter { $0 != liar }
    let (first, second) = (table.block(on: table.root), table.block(on: table.root))
    let one = BlockProposal(epoch: 0, view: 1, parentView: 0, blockID: table.id(first))
    let two = BlockProposal(epoch: 0, view: 1, parentView: 0, blockID: table.id(second))
    let (signedOne, signedTwo) = (try table.signed(.notarize(one), by: liar), try table.signed(.notarize(two), by: liar))
    table.say(.proposal(one, signedOne, first), from: liar, to: others[0])
    for other in others.dropFirst() { table.say(.proposal(two, signedTwo, second), from: liar, to: other) }
    table.deliver(400)
    #expect(table.votes[others[0]].contains(.notarize(one)))
    let certificate = table.certificate(.notarize(two), of: [liar, others[1], others[2]].sorted())
    table.say(.certificate(certificate), from: liar, to: others[0])
    table.deliver(400)
    #expect(!table.votes[others[0]].contains(.finalize(one)))
    #expect(table.votes[others[1]].contains(.finalize(two)))
  }

  @Test func s06NullifiedThenNotarized() throws {
    var table = try SimplexTable()
    let leader = table.leader(1)
    let late = (leader + 1) % 4
    table.isLost = { _, to, body in
      if to == late, case .fetchView = body { return false }
      return to == late
    }
    table.work()
    table.deliver { $0.finals[leader].count < 2 }
    for index in 0..<4 where index != late { table.crash(index) }
    table.now += 1_200
    table.step(late, .time(MonotonicInstant(table.now)))
    #expect(table.votes[late] == [.nullify(0, 1)])
    let notarized = try #require(table.votes[leader].first { $0.kind == .notarize && $0.view == 1 })
    let signers = (0..<4).filter { $0 != late }
    table.isLost = { _, _, _ in false }
    let certificate = table.certificate(notarized, of: signers)
    table.say(.certificate(certificate), from: leader, to: late)
    // It goes on, but will never finalize what it voted to leave.
    #expect(table.view(late) == 2)
    #expect(!table.votes[late].contains { $0.kind == .finalize })
  }

  @Test func s07FinalizeSurvivesTheCrash() throws {
    var table = try SimplexTable()
    table.work()
    table.deliver { $0.journals[2].contains { if case .vote(.finalize, _) = $0 { true } else { false } } == false }
    let view = try #require(table.votes[2].first { $0.kind == .finalize }).view
    table.crash(2)
    for index in [0, 1, 3] { table.crash(index) }
    try table.start(2)
    table.step(2, .workPending(true))
    table.pass(10_000)
    #expect(!table.votes[2].contains(.nullify(0, view)))
  }

  @Test func s08BlockIsOnDiskWithTheVote() throws {
    var table = try SimplexTable()
    table.work()
    table.deliver(60)
    for index in 0..<4 {
      var blocks: Set<BlockID> = []
      for record in table.journals[index] {
        if case .block(let block) = record { blocks.insert(table.id(block)) }
        if case .vote(.notarize(let proposal), _) = record { #expect(blocks.contains(proposal.blockID)) }
      }
    }
    // A vote does not leave before its write is reported.
    var slow = try SimplexTable()
    slow.slowDisks = [0, 1, 2, 3]
    slow.work()
    slow.deliver(400)
    #expect(slow.votes.joined().isEmpty)
    slow.sync(slow.leader(1))
    #expect(slow.votes[slow.leader(1)].count == 1)
  }

  @Test func s09NullificationOfAViewThatWasLeft() throws {
    var table = try SimplexTable()
    for index in 1..<4 { table.crash(index) }
    table.work()
    let block = table.block(on: table.root)
    let proposal = BlockProposal(epoch: 0, view: 1, parentView: 0, blockID: table.id(block))
    table.say(.certificate(table.certificate(.notarize(proposal), of: [1, 2, 3])), from: 1, to: 0)
    #expect(table.view(0) == 2)
    table.inbox.removeAll()
    table.say(.certificate(table.certificate(.nullify(0, 1), of: [1, 2, 3])), from: 2, to: 0)
    // Kept, written, and sent on to who may need it.
    let isWritten = table.journals[0].contains { if case .certificate(let held) = $0 { held.statement == .nullify(0, 1) } else { false } }
    let isSentOn = table.inbox.contains {
      if case .certificate(let sent) = $0.message.body { sent.statement == .nullify(0, 1) } else { false }
    }
    #expect(isWritten && isSentOn)
  }

  @Test func s10ProposalBeforeItsParentsCertificate() throws {
    var table = try SimplexTable()
    let leader = table.leader(2)
    let member = (0..<4).first { $0 != leader && $0 != table.leader(1) } ?? 0
    for index in 0..<4 where index != member { table.crash(index) }
    table.work()
    let first = table.block(on: table.root)
    let one = BlockProposal(epoch: 0, view: 1, parentView: 0, blockID: table.id(first))
    let second = table.block(on: BlockReference(height: 1, id: one.blockID))
    let two = BlockProposal(epoch: 0, view: 2, parentView: 1, blockID: table.id(second))
    let signature = try table.signed(.notarize(two), by: leader)
    table.say(.proposal(two, signature, second), from: leader, to: member)
    #expect(table.misbehaved.isEmpty)
    let signedOne = try table.signed(.notarize(one), by: table.leader(1))
    table.say(.proposal(one, signedOne, first), from: table.leader(1), to: member)
    table.say(.certificate(table.certificate(.notarize(one), of: [0, 1, 2, 3].filter { $0 != member })), from: leader, to: member)
    #expect(table.votes[member].contains(.notarize(two)) && table.misbehaved.isEmpty)
  }

  @Test func s11GapWithOneNullificationMissing() throws {
    var table = try SimplexTable()
    let leader = table.leader(6)
    let member = (leader + 1) % 4
    for index in 0..<4 where index != member { table.crash(index) }
    table.work()
    let others = (0..<4).filter { $0 != member }
    for view in [1, 2, 4, 5] as [View] {
      table.say(.certificate(table.certificate(.nullify(0, view), of: others)), from: leader, to: member)
    }
    #expect(table.view(member) == 6)
    table.inbox.removeAll()
    let block = table.block(on: table.root)
    let proposal = BlockProposal(epoch: 0, view: 6, parentView: 0, blockID: table.id(block))
    let signature = try table.signed(.notarize(proposal), by: leader)
    table.say(.proposal(proposal, signature, block), from: leader, to: member)
    #expect(!table.votes[member].contains(.notarize(proposal)) && table.misbehaved.isEmpty)
    #expect(table.inbox.contains { $0.message.body == .fetchView(3) })
    table.say(.certificate(table.certificate(.nullify(0, 3), of: others)), from: leader, to: member)
    #expect(table.votes[member].contains(.notarize(proposal)))
  }

  @Test func s12ParentBelowTheFinalOne() throws {
    var table = try SimplexTable()
    table.work()
    table.deliver { $0.finals[0].count < 3 || $0.finals[1].count < 3 }
    let view = table.view(1)
    let leader = table.leader(view)
    let member = leader == 1 ? 0 : 1
    let current = table.view(member)
    let author = table.leader(current)
    guard author != member else { return }
    let block = table.block(on: table.root)
    let proposal = BlockProposal(epoch: 0, view: current, parentView: 0, blockID: table.id(block))
    let signature = try table.signed(.notarize(proposal), by: author)
    table.inbox.removeAll()
    table.say(.proposal(proposal, signature, block), from: author, to: member)
    #expect(!table.votes[member].contains(.notarize(proposal)))
  }

  @Test func s13FinalizeQuorumManyViewsLate() throws {
    var table = try SimplexTable { $0.viewRetention = 8 }
    table.isLost = { _, _, body in
      if case .vote(let vote, _) = body { vote.kind == .finalize } else { false }
    }
    table.work()
    table.deliver { $0.view(0) < 50 }
    #expect(table.finals[0].isEmpty)
    table.isLost = { _, _, _ in false }
    let first = try #require(table.votes[1].first { $0.kind == .finalize })
    table.say(.certificate(table.certificate(first, of: [1, 2, 3])), from: 1, to: 0)
    #expect(table.finals[0].count == 1)
    table.deliver { $0.finals[0].count < 40 }
    #expect(table.finals[0].count >= 40)
  }
}
