@testable import ChainTesting
import ChainCore
@testable import Consensus
import Testing

/// Scenarios 14 to 31: evidence, bad input, recovery, epochs, idle chains.
@Suite struct SimplexScenariosLater {
  /// A table at which only `member` is there; the test speaks for the others.
  func alone(_ member: Int, configure: @escaping (inout SimplexConfiguration) -> Void = { _ in }) throws -> SimplexTable {
    var table = try SimplexTable(configure: configure)
    for index in 0..<4 where index != member { table.crash(index) }
    table.work()
    table.inbox.removeAll()
    return table
  }

  func others(_ member: Int) -> [Int] { (0..<4).filter { $0 != member } }

  @Test func s14EquivocatingLeader() throws {
    var table = try SimplexTable()
    let liar = table.leader(1)
    let member = (liar + 1) % 4
    table = try alone(member)
    let (first, second) = (table.block(on: table.root), table.block(on: table.root))
    for block in [first, second] {
      let proposal = BlockProposal(epoch: 0, view: 1, parentView: 0, blockID: table.id(block))
      table.say(.proposal(proposal, try table.signed(.notarize(proposal), by: liar), block), from: liar, to: member)
    }
    #expect(table.evidence.count == 1)
    let evidence = try #require(table.evidence.first)
    #expect(Int(evidence.validator) == liar && EquivocationEvidence.contradict(evidence.first, evidence.second))
    // Not again, and the member goes on: it wishes to leave the view.
    let third = BlockProposal(epoch: 0, view: 1, parentView: 0, blockID: BlockID(Digest.zero))
    table.sayVote(.notarize(third), from: liar, to: member)
    #expect(table.evidence.count == 1 && table.votes[member].contains(.nullify(0, 1)))
    #expect(table.faults.isEmpty)
  }

  @Test func s15SameVoteSignedTwice() throws {
    var table = try alone(0)
    table.sayVote(.nullify(0, 1), from: 2, to: 0)
    table.sayVote(.nullify(0, 1), from: 2, to: 0)
    table.sayVote(.nullify(0, 1), from: 3, to: 0)
    table.sayVote(.nullify(0, 1), from: 3, to: 0)
    #expect(table.evidence.isEmpty && table.misbehaved.isEmpty)
    // Two members, whatever they repeat, are no quorum.
    #expect(table.view(0) == 1)
  }

  @Test func s16OneBadSignatureAmongLazyVotes() throws {
    var table = try alone(0)
    let bad = try #require(Signature([UInt8](repeating: 5, count: 64)))
    table.say(.vote(.nullify(0, 1), bad), from: 1, to: 0)
    table.sayVote(.nullify(0, 1), from: 2, to: 0)
    // Three votes could be a quorum: they were verified, and one is out. The other stays.
    table.sayVote(.nullify(0, 1), from: 3, to: 0)
    table.now += 2_000
    table.step(0, .time(MonotonicInstant(table.now)))
    #expect(table.view(0) == 2)
    #expect(table.misbehaved.contains { $0.of == table.ids[1] && $0.what == .badSignature })
    #expect(!table.misbehaved.contains { $0.of != table.ids[1] })
  }

  @Test func s17MalformedCertificates() throws {
    var table = try alone(0)
    let good = table.certificate(.nullify(0, 1), of: [1, 2, 3])
    var forms: [QuorumCertificate] = []
    for change in 0..<6 {
      var bad = good
      switch change {
      case 0: bad.bitmap[0] |= 1
      case 1: bad.signatures.removeLast()
      case 2: bad.signatures.append(good.signatures[0])
      case 3: bad.bitmap = []
      case 4: bad.bitmap.append(0)
      default: bad = table.certificate(.nullify(0, 1), of: [1, 2])
      }
      forms.append(bad)
    }
    for bad in forms { table.say(.certificate(bad), from: 1, to: 0) }
    #expect(table.view(0) == 1 && table.nodes[0]?.refused[.malformedCertificate] == 6)
    // Weight that is counted twice by a repeated signature of one member.
    var twice = table.certificate(.nullify(0, 1), of: [1, 2])
    twice.bitmap = good.bitmap
    twice.signatures.append(twice.signatures[0])
    table.say(.certificate(twice), from: 1, to: 0)
    #expect(table.view(0) == 1 && table.misbehaved.count == 7)
    table.say(.certificate(good), from: 1, to: 0)
    #expect(table.view(0) == 2)
  }

  @Test func s18CertificateFormsAtOneMemberOnly() throws {
    var table = try SimplexTable()
    // Nullify votes reach only member 0, who alone can form the nullification.
    table.isLost = { _, to, body in
      if to != 0, case .vote(let vote, _) = body { vote.kind == .nullify } else { false }
    }
    table.makesBlocks = false
    table.work()
    table.pass(1_600, deliversUpTo: 500)
    for index in 0..<4 { #expect(table.view(index) >= 2) }
    #expect(Set((0..<4).map { table.view($0) }).count == 1)
  }

  @Test func s19AsleepForThousandsOfViews() throws {
    var table = try SimplexTable()
    table.isLost = { from, to, _ in from == 3 || to == 3 }
    table.work()
    var views = 0
    while views < 400 {
      table.pass(2_000, deliversUpTo: 4_000)
      views = Int(table.view(0).rawValue)
    }
    table.inbox.removeAll()
    let height = table.finals[0].count
    #expect(height > 100 && table.finals[3].isEmpty)
    table.isLost = { _, _, _ in false }
    var messages = 0
    table.pass(4_000, deliversUpTo: 4_000)
    messages = table.finals[3].count
    #expect(messages >= height)
    #expect(table.finals[3].prefix(height).map(table.id) == table.finals[0].prefix(height).map(table.id))
  }

  @Test func s20Floods() throws {
    var table = try alone(0)
    for view in UInt64(1)...3_000 {
      table.say(.fetchView(View(view)), from: 1, to: 0)
      table.sayVote(.nullify(0, View(view + 50)), from: 1, to: 0)
      table.say(.fetchBlocks(BlockReference(height: BlockHeight(view), id: table.root.id), count: 64), from: 1, to: 0)
    }
    // A host that verifies nothing: certificates of one peer wait, and not for ever more.
    var node = try #require(table.nodes[0])
    var effects: [SimplexNode.Effect] = []
    for view in UInt64(10)..<200 {
      node.step(
        .received(table.message(.certificate(table.certificate(.nullify(0, View(view)), of: [1, 2, 3]))), from: table.ids[1]),
        into: &effects)
    }
    let verified = effects.count { if case .verify = $0 { true } else { false } }
    #expect(verified == 1 && node.load.waitingCertificates == 16)
    #expect(node.refused[.certificateFlood] == 173)
    #expect((node.refused[.viewOutOfRange] ?? 0) >= 2_900 && (node.refused[.fetchFlood] ?? 0) > 5_000)
    #expect(node.load.views < 20 && node.load.blocks < 5)
  }

  @Test func s21AllCrashAfterNullifyBeforeItsCertificate() throws {
    var table = try SimplexTable()
    table.isLost = { _, _, body in
      if case .vote(let vote, _) = body { vote.kind == .nullify } else { false }
    }
    table.makesBlocks = false
    table.work()
    table.pass(1_100)
    for index in 0..<4 {
      #expect(table.votes[index].contains(.nullify(0, 1)))
      table.crash(index)
    }
    table.isLost = { _, _, _ in false }
    for index in 0..<4 { try table.start(index) }
    table.work()
    table.deliver(1_000)
    // The votes count again without being cast again.
    for index in 0..<4 { #expect(table.view(index) == 2) }
    #expect(table.votes[0].count { $0 == .nullify(0, 1) } >= 1)
  }

  @Test func s23FinalizeNeverAfterNullifyHoweverOld() throws {
    let member = (try SimplexTable().leader(1) + 1) % 4
    let others = others(member)
    var table = try alone(member)
    table.now += 2_000
    table.step(member, .time(MonotonicInstant(table.now)))
    #expect(table.votes[member] == [.nullify(0, 1)])
    for view in UInt64(1)...60 {
      table.say(.certificate(table.certificate(.nullify(0, View(view)), of: others)), from: others[0], to: member)
    }
    table.crash(member)
    try table.start(member)
    table.step(member, .time(MonotonicInstant(table.now)))
    let proposal = BlockProposal(epoch: 0, view: 1, parentView: 0, blockID: table.root.id)
    table.say(.certificate(table.certificate(.notarize(proposal), of: others)), from: others[0], to: member)
    #expect(!table.votes[member].contains { $0.kind == .finalize })
  }

  @Test func s24LedgerAheadOfAndBehindTheJournal() throws {
    var table = try SimplexTable()
    table.work()
    table.deliver { $0.finals[0].count < 6 }
    // Ahead: the journal is empty, the ledger is not. No vote at or below its view.
    table.crash(0)
    let final = try #require(table.ledgers[0].last)
    table.journals[0] = []
    table.votes[0] = []
    try table.start(0)
    table.step(0, .workPending(true))
    table.pass(3_000, deliversUpTo: 500)
    #expect(table.votes[0].allSatisfy { $0.view > final.view })
    // Behind: blocks that the ledger lacks come again, in order.
    table.crash(1)
    let given = table.finals[1]
    table.ledgers[1].removeLast(3)
    table.finals[1].removeLast(3)
    try table.start(1)
    table.step(1, .workPending(true))
    table.pass(1_000, deliversUpTo: 500)
    #expect(table.finals[1].prefix(given.count).map(table.id) == given.map(table.id))
  }

  @Test func s25BoundaryBlockIsProposedAgain() throws {
    var table = try SimplexTable(lastHeight: 3)
    // Finalize votes are lost for a while: the last block is notarized and cannot be final.
    table.isLost = { _, _, body in
      if case .vote(let vote, _) = body { vote.kind == .finalize } else { false }
    }
    table.work()
    table.deliver(1_500)
    let blocks = Set(table.votes.joined().compactMap { $0.proposal?.blockID })
    #expect(blocks.count == 3 && table.view(0) > 5)
    table.isLost = { _, _, _ in false }
    table.pass(5_000, deliversUpTo: 500)
    for index in 0..<4 {
      #expect(table.finals[index].map(\.header.height) == [1, 2, 3])
      #expect(table.nodes[index]?.isComplete == true)
    }
  }

  @Test func s26VotesOfAnotherEpochOrChain() throws {
    var table = try alone(0)
    let old = table.certificate(.nullify(7, 1), of: [1, 2, 3])
    table.say(.certificate(old), from: 1, to: 0)
    table.sayVote(.nullify(7, 1), from: 1, to: 0)
    table.step(0, .received(SimplexMessage(genesis: table.genesis, epoch: 7, body: .certificate(old)), from: table.ids[1]))
    #expect(table.nodes[0]?.refused[.otherEpoch] == 3)
    let chain = GenesisID(CryptoSuite.international.hash([3]))
    table.step(0, .received(SimplexMessage(genesis: chain, epoch: 0, body: .fetchView(1)), from: table.ids[1]))
    #expect(table.nodes[0]?.refused[.otherChain] == 1)
    let stranger = ReplicaID(AccountID(CryptoSuite.international.hash([4])))
    table.step(0, .received(table.message(.fetchView(1)), from: stranger))
    #expect(table.nodes[0]?.refused[.stranger] == 1 && table.view(0) == 1)
  }

  @Test func s28LeaderAwayForLongIsNotWaitedFor() throws {
    var table = try SimplexTable { $0.skipViews = 6 }
    let away = table.leader(3)
    table.isLost = { from, to, _ in from == away || to == away }
    table.work()
    table.pass(20_000, deliversUpTo: 300)
    table.inbox.removeAll()
    let member = (away + 1) % 4
    // Ten of its turns cost far less than 2D each.
    let (views, began) = (table.view(member), table.now)
    while table.view(member) < views.advanced(by: 40) { table.pass(100, deliversUpTo: 300) }
    #expect(table.now - began < 10 * 1_000)
    // When it is heard again it leads again.
    table.isLost = { _, _, _ in false }
    table.pass(15_000, deliversUpTo: 300)
    #expect(table.builds.contains { table.leader($0) == away && $0 > views })
  }

  @Test func s29IdleThenOneTransaction() throws {
    var table = try SimplexTable()
    table.makesBlocks = false
    table.pass(9_000)
    #expect(table.view(0) == 1 && table.votes.joined().isEmpty)
    table.makesBlocks = true
    table.work()
    table.deliver { $0.finals[0].isEmpty }
    #expect(table.finals[0].count == 1)
  }

  @Test func s30DelayFarTooSmall() throws {
    var table = try SimplexTable { $0.delayMs = 10 }
    table.work()
    // Each message is 200 ms on its way: 3D would be over long before anything could be agreed.
    var waves: [[(from: Int, to: Int, message: SimplexMessage)]] = []
    for _ in 0..<3_000 where table.finals[0].isEmpty {
      waves.append(table.inbox)
      table.inbox = []
      if waves.count > 10 {
        for item in waves.removeFirst() { table.step(item.to, .received(item.message, from: table.ids[item.from])) }
      }
      table.now += 20
      for index in 0..<4 { table.step(index, .time(MonotonicInstant(table.now))) }
    }
    #expect(!table.finals[0].isEmpty)
    #expect(table.votes.joined().contains { $0.kind == .nullify })
  }

  @Test func s31NothingIsDecidedTwiceInAView() throws {
    var table = try SimplexTable()
    table.work()
    for round in 0..<30 {
      table.deliver(40)
      let index = round % 4
      table.crash(index)
      try table.start(index)
      table.step(index, .workPending(true))
    }
    table.pass(5_000, deliversUpTo: 300)
    for index in 0..<4 {
      for kind in [VoteKind.notarize, .finalize] {
        let said = Set(table.votes[index].filter { $0.kind == kind })
        #expect(said.count == Set(said.map(\.view)).count)
      }
    }
    #expect(table.evidence.isEmpty && table.faults.isEmpty)
  }

  @Test func conflictingFinalizationStopsAndKeepsBoth() throws {
    var table = try alone(0)
    let block = table.block(on: table.root)
    let one = BlockProposal(epoch: 0, view: 1, parentView: 0, blockID: table.id(block))
    let two = BlockProposal(epoch: 0, view: 1, parentView: 0, blockID: table.root.id)
    table.say(.certificate(table.certificate(.finalize(one), of: [1, 2, 3])), from: 1, to: 0)
    table.say(.certificate(table.certificate(.finalize(two), of: [1, 2, 3])), from: 2, to: 0)
    guard case .conflictingFinalization(let first, let second) = table.faults[0] else {
      Issue.record("no fault: \(table.faults)")
      return
    }
    #expect(first.statement == .finalize(one) && second.statement == .finalize(two))
  }
}
