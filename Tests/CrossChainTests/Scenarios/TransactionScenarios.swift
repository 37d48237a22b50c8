import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// What a swap does on one chain: takes from an account, or gives to it.
struct SwapStep: CanonicalRecord, Codable, Hashable {
  var account: String
  var amount: UInt64
  var isGift: Bool
  static let layout = Layout(Self.init, \.account, \.amount, \.isGift)
}

struct StartSwap: CanonicalRecord, Codable, Hashable {
  var plan: TransactionPlan
  var own: SwapStep
  var other: SwapStep
  static let layout = Layout(Self.init, \.plan, \.own, \.other)
}

/// Balances that change on two chains together, and orders that are undone if one of them fails.
struct Swapper: Contract {
  static let name: ContractName = "swapper"
  static let balances = Table<String, UInt64>("balances")
  static let part = TransactionParticipant()
  static let sagas = Sagas()

  var entries: Entries {
    Entry("start", by: .member) { (call: StartSwap, context) -> Digest in
      try Self.check(call.own, context)
      return try Self.part.begin(
        call.plan, own: call.own.canonicalBytes, locking: [call.own.account], asking: [call.other.canonicalBytes], context)
    }
    Entry("prepare", by: .member) { (call: PrepareCall, context) in
      let step = try SwapStep(canonicalBytes: call.step)
      try Self.check(step, context)
      try Self.part.prepare(call, locking: [step.account], context)
    }
    Entry("decide", by: .member) { (proven: ProvenDecision, context) -> TransactionDecision in
      let (prepared, decision) = try Self.part.decide(proven, context)
      if decision == .commit { try Self.change(try SwapStep(canonicalBytes: prepared.step), context) }
      return decision
    }
    Entry("change", by: .member) { (step: SwapStep, context) in try Self.change(step, context) }
    Entry("startOrder", by: .member) { (steps: [SagaStep], context) in try Self.sagas.start(1, steps, context) }
    Entry("advance", by: .member) { (number: UInt64, context) in try Self.sagas.advance(number, context) }
    Entry("abandon", by: .member) { (number: UInt64, context) in try Self.sagas.abandon(number, context) }
    Entry("take", by: .member) { (call: SagaCall, context) in try Self.step(call, isGift: false, context) }
    Entry("giveBack", by: .member) { (call: SagaCall, context) in try Self.step(call, isGift: true, context) }
    Query("balance") { (account: String, context) -> UInt64 in try context.get(Self.balances, account) ?? 100 }
    Query("order") { (number: UInt64, context) -> SagaRecord? in try Self.sagas.saga(number, context) }
  }

  private static func step(_ call: SagaCall, isGift: Bool, _ context: ContractContext) throws {
    var step = try SwapStep(canonicalBytes: call.arguments)
    step.isGift = isGift
    guard try sagas.once(call.id, context) else { return }
    try change(step, context)
  }

  private static func check(_ step: SwapStep, _ context: QueryContext) throws {
    guard try step.isGift || (context.get(balances, step.account) ?? 100) >= step.amount else { throw ContractError.quota }
  }

  private static func change(_ step: SwapStep, _ context: ContractContext) throws {
    try part.requireFree(step.account, context)
    try check(step, context)
    let balance = try context.get(balances, step.account) ?? 100
    try context.put(balances, step.account, step.isGift ? balance + step.amount : balance - step.amount)
  }

  func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws { _ = try Self.sagas.settled(packet, context) }
}

/// Scenarios 27 and 28: several chains change together, or one after the other with a way back.
@Suite struct TransactionScenarios {
  private let r = TestNetwork.relayID
  private let s = TestNetwork.sourceID
  private let d = TestNetwork.destinationID

  private func plan(_ participants: [ChainID], deadline: BlockTime = 100) -> TransactionPlan {
    TransactionPlan(initiator: s, port: "swapper", participants: participants, deadline: deadline, salt: 1)
  }

  enum Happening: Hashable { case vote(Int, Bool), finish, tick }

  /// All orders of votes, the deadline and somebody who finishes: the record against the rule, written down anew.
  private func walk(_ voters: Int, _ record: TransactionRecord, _ left: [Happening], _ time: BlockTime, _ log: [Happening]) -> String? {
    for (index, next) in left.enumerated() {
      var record = record
      var time = time
      var rest = left
      rest.remove(at: index)
      let before = record.decision
      switch next {
      case .vote(let voter, let isYes): record.vote(voter, isYes, at: time)
      case .finish: try? record.finish(at: time)
      case .tick: time = 200
      }
      let history = log + [next]
      if let before, record.decision != before { return "decided twice: \(history)" }
      // What must have been decided by now, from the whole history.
      var expected: TransactionDecision?
      var yes: Set<Int> = []
      var isLate = false
      for happening in history where expected == nil {
        switch happening {
        case .tick: isLate = true
        case .finish: if isLate { expected = .abort }
        case .vote(let voter, let isYes):
          if !isYes || isLate {
            expected = .abort
          } else {
            yes.insert(voter)
            if yes.count == voters { expected = .commit }
          }
        }
      }
      if record.decision != expected { return "\(String(describing: record.decision)) after \(history)" }
      if let wrong = walk(voters, record, rest, time, history) { return wrong }
    }
    return nil
  }

  private func walkAll() -> String? {
    let chains: [ChainID] = ["henan/410200", "henan/410300", "henan/410400"]
    for voters in 1...3 {
      for pattern in 0..<(1 << voters) {
        // Each voter votes once, and once more: packets may be told twice.
        let votes = (0..<voters).map { Happening.vote($0, pattern >> $0 & 1 == 1) }
        let repeated = voters < 3 ? votes : []
        let record = TransactionRecord(plan(Array(chains.prefix(voters))))
        if let wrong = walk(voters, record, votes + repeated + [.finish, .tick], 50, []) { return wrong }
      }
    }
    return nil
  }

  @Test func s27AllOrdersOfVotesAndDeadline() {
    #expect(walkAll() == nil)
  }

  #if DEBUG
    @Test(arguments: TransactionMutation.allCases) func walkingThroughAllOrdersFinds(_ mutation: TransactionMutation) {
      let wrong = TransactionMutation.$planted.withValue(mutation) { walkAll() }
      #expect(wrong != nil, "\(mutation) was not found")
      print("mutant \(mutation.rawValue): \(wrong ?? "")")
    }
  #endif

  private func network() throws -> TestNetwork {
    var network = try TestNetwork(contracts: [Swapper()])
    _ = try network.administer("setRoute", SetRoute(scope: RouteScope(port: "swapper"), policy: RoutePolicy()))
    return network
  }

  private func balance(_ network: TestNetwork, _ id: ChainID, _ account: String) throws -> UInt64 {
    try network[id].ledger.query("swapper", "balance", account)
  }

  private func decide(_ network: inout TestNetwork, _ id: Digest, on chain: ChainID) throws -> Receipt {
    try network.updateClient(of: r, on: chain)
    let proven = try ProvenDecision(of: id, on: network.relay.ledger, for: network[chain].ledger)
    return try network.call(chain, "swapper", "decide", proven)
  }

  /// A relayer that leaves decisions to others.
  private func packetsOnly(_ network: TestNetwork) -> Relayer { network.relayer(options: RelayerOptions(decisionMs: nil)) }

  /// How the world ends a transaction.
  enum Course: CaseIterable, Sendable { case commit, refused, notRelayed, lateVote, begunLate, neverBegun }

  @Test(arguments: Course.allCases) func s27BothChainsDoTheSame(course: Course) async throws {
    var network = try network()
    let deadline = network.clock.advanced(byMilliseconds: 60_000)
    let plan = TransactionPlan(initiator: s, port: "swapper", participants: [d], deadline: deadline, salt: 7)
    let amount: UInt64 = course == .refused ? 500 : 30
    let start = StartSwap(
      plan: plan, own: SwapStep(account: "anna", amount: 30, isGift: true), other: SwapStep(account: "boris", amount: amount, isGift: false)
    )
    let started = try network.call(s, "swapper", "start", start)
    let id = try Digest(canonicalBytes: started.output)
    // What is touched meanwhile is locked, at once.
    let touch = SwapStep(account: "anna", amount: 1, isGift: true)
    #expect(try network.call(s, "swapper", "change", touch).code == "locked")
    if course != .begunLate, course != .neverBegun {
      #expect(try network.call(r, "xc", "begin", plan).status == .succeeded)
      #expect(try network.call(r, "xc", "begin", plan).code == "alreadyExists")
    }
    #expect(try network.call(r, "xc", "finish", plan).code == "notAllowed")
    switch course {
    case .notRelayed: break
    case .lateVote:
      // The vote is given in time, and reaches the relay too late.
      for (chain, entry) in [(r, "relay"), (d, "receive")] as [(ChainID, EntryName)] {
        let call = try #require(await network.plan().first { $0.entry == entry })
        _ = try network.call(chain, "xc", entry, Raw(call.arguments), by: network.relayers[chain])
      }
      network.clock = deadline.advanced(byMilliseconds: 1_000)
      try network.block(r)
      _ = try await network.run(packetsOnly(network))
    case .begunLate:
      let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
      #expect(try network.deliver(r, "relay", relay) == [.done])
      #expect(try network.call(r, "xc", "begin", plan).status == .succeeded)
      var other = relay.packets[0].header
      other.call = "change"
      #expect(try network.call(r, "xc", "enlist", other).code == "notFound")
      #expect(try network.call(r, "xc", "enlist", relay.packets[0].header).status == .succeeded)
      _ = try await network.run(packetsOnly(network))
    case .commit, .refused, .neverBegun: _ = try await network.run(packetsOnly(network))
    }
    let isCommit = course == .commit || course == .begunLate
    let record = try network.relay.ledger.query("xc", "transaction", id, as: TransactionRecord?.self)
    if !isCommit, record?.decision == nil {
      // Nothing is decided on either side until somebody finishes after the deadline.
      let early = try decide(&network, id, on: s)
      #expect(early.code == "badArgument")
      network.clock = max(network.clock, deadline.advanced(byMilliseconds: 1_000))
      try network.block(r)
      #expect(try network.call(r, "xc", "finish", plan).status == .succeeded)
    }
    try network.block(r)
    let decision = try #require(try network.relay.ledger.query("xc", "transaction", id, as: TransactionRecord?.self)?.decision)
    #expect(decision == (isCommit ? .commit : .abort))
    let voted = try network.destination.ledger.recordCount(of: "swapper", "tx-prepared") == 1
    #expect(voted == (course != .refused && course != .notRelayed))
    if voted { #expect(try network.call(d, "swapper", "change", SwapStep(account: "boris", amount: 1, isGift: true)).code == "locked") }
    // A decision that is not the relay's releases nothing.
    try network.updateClient(of: r, on: s)
    var forged = try ProvenDecision(of: id, on: network.relay.ledger, for: network.source.ledger)
    var record2 = try TransactionRecord(canonicalBytes: try #require(forged.record.value))
    record2.decision = isCommit ? .abort : .commit
    forged.record.value = record2.canonicalBytes
    #expect(try network.call(s, "swapper", "decide", forged).code == "badArgument")
    for chain in [s, d] {
      let receipt = try decide(&network, id, on: chain)
      #expect(receipt.code == (chain == s || voted ? "ok" : "notFound"))
      #expect(try decide(&network, id, on: chain).code == "notFound")
      #expect(try network[chain].ledger.recordCount(of: "swapper", "tx-locks") == 0)
    }
    #expect(try balance(network, s, "anna") == (isCommit ? 130 : 100))
    #expect(try balance(network, d, "boris") == (isCommit ? 70 : 100))
    // Write-once: neither finishing nor beginning again changes it.
    network.clock = max(network.clock, deadline.advanced(byMilliseconds: 5_000))
    try network.block(r)
    #expect(try network.call(r, "xc", "finish", plan).status == .failed)
    #expect(try network.call(r, "xc", "begin", plan).status == .failed)
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: 1, decisionMs: nil)))
    #expect(try network.relay.ledger.recordCount(of: "xc", "vote") == 0)
  }

  /// Whatever the course, relayers alone bring both chains to the same end, and nothing is left locked.
  @Test(arguments: [Course.commit, .refused, .notRelayed, .begunLate], [0, 2]) func s27RelayersBringTheDecision(
    course: Course, lag: Int
  ) async throws {
    var network = try network()
    network.lag = lag
    let deadline = network.clock.advanced(byMilliseconds: 60_000)
    let plan = TransactionPlan(initiator: s, port: "swapper", participants: [d], deadline: deadline, salt: 8)
    let start = StartSwap(
      plan: plan, own: SwapStep(account: "anna", amount: 30, isGift: true),
      other: SwapStep(account: "boris", amount: course == .refused ? 500 : 30, isGift: false))
    #expect(try network.call(s, "swapper", "start", start).status == .succeeded)
    if course != .begunLate { #expect(try network.call(r, "xc", "begin", plan).status == .succeeded) }
    if course == .notRelayed {
      // The packet waits until it is too late: nobody but the deadline decides.
      _ = try network.administer("freeze", RouteScope(port: "swapper"))
      _ = try await network.run()
      #expect(try network.source.ledger.recordCount(of: "swapper", "tx-prepared") == 1)
      network.clock = deadline.advanced(byMilliseconds: 1_000)
      try network.block(r)
    }
    if course == .begunLate {
      _ = try await network.run()
      network.clock = network.clock.advanced(byMilliseconds: 1_000)
      #expect(try network.call(r, "xc", "begin", plan).status == .succeeded)
      network.clock = deadline.advanced(byMilliseconds: 1_000)
      try network.block(r)
    }
    for _ in 0..<4 {
      _ = try await network.run()
      for id in network.ids { try network.block(id) }
    }
    for chain in [s, d] {
      #expect(try network[chain].ledger.recordCount(of: "swapper", "tx-locks") == 0, "\(chain)")
      #expect(try network[chain].ledger.recordCount(of: "swapper", "tx-prepared") == 0, "\(chain)")
    }
    #expect(try balance(network, s, "anna") == (course == .commit ? 130 : 100))
    #expect(try balance(network, d, "boris") == (course == .commit ? 70 : 100))
    // Once is enough: what is done is not handed in again and again.
    let before = network.submissions.count { $0.entry == "decide" || $0.entry == "finish" }
    #expect(before <= 8, "\(before)")
    _ = try await network.run()
    #expect(network.submissions.count { $0.entry == "decide" || $0.entry == "finish" } == before)
  }

  @Test func plansThatCannotBeCarriedOutAreRefused() throws {
    var network = try network()
    let soon = network.clock.advanced(byMilliseconds: 60_000)
    let many = (0..<17).map { ChainID(unchecked: "henan/4\(10_000 + $0)") }
    let bad: [TransactionPlan] = [
      plan([], deadline: soon), plan([s], deadline: soon), plan([d, d], deadline: soon), plan(many, deadline: soon),
      plan([d], deadline: network.clock.advanced(byMilliseconds: 8 * 86_400_000)),
    ]
    for plan in bad { #expect(try network.call(r, "xc", "begin", plan).code == "badArgument") }
    #expect(try network.call(r, "xc", "begin", plan([d], deadline: 1)).code == "expired")
    #expect(try network.call(r, "xc", "finish", plan([d], deadline: 1)).code == "expired")
  }

  @Test func s28Saga() async throws {
    for fails in [false, true] {
      var network = try network()
      func step(_ account: String, _ amount: UInt64, _ compensation: EntryName?) -> SagaStep {
        SagaStep(
          chain: d, call: "take", arguments: SwapStep(account: account, amount: amount, isGift: false).canonicalBytes,
          compensation: compensation)
      }
      let irreversibleFirst = [step("a", 10, nil), step("b", 10, "giveBack")]
      #expect(try network.call(s, "swapper", "startOrder", irreversibleFirst).code == "badArgument")
      let steps = [step("a", 10, "giveBack"), step("b", 20, "giveBack"), step("c", fails ? 500 : 30, nil)]
      #expect(try network.call(s, "swapper", "startOrder", steps).status == .succeeded)
      var rounds = 0
      while try network.call(s, "swapper", "advance", UInt64(1)).status == .succeeded {
        rounds += 1
        // People decide between steps; while one is under way nobody goes on.
        #expect(try network.call(s, "swapper", "advance", UInt64(1)).code == "notAllowed")
        #expect(try network.call(s, "swapper", "abandon", UInt64(1)).code == "notAllowed")
        _ = try await network.run()
        try network.block(s)
      }
      let saga = try #require(try network.source.ledger.query("swapper", "order", UInt64(1), as: SagaRecord?.self))
      #expect(saga.status == (fails ? .undone : .done))
      // Three steps; or three, of which the last failed, and two back.
      #expect(rounds == (fails ? 5 : 3))
      #expect(try balance(network, d, "a") == (fails ? 100 : 90))
      #expect(try balance(network, d, "b") == (fails ? 100 : 80))
      #expect(try balance(network, d, "c") == (fails ? 100 : 70))
    }
  }

  /// Somebody gives up between two steps: the first is undone, once.
  @Test func aSagaIsAbandonedBetweenSteps() async throws {
    var network = try network()
    let take = SwapStep(account: "a", amount: 10, isGift: false).canonicalBytes
    let steps = [
      SagaStep(chain: d, call: "take", arguments: take, compensation: "giveBack"),
      SagaStep(chain: d, call: "take", arguments: take, compensation: nil),
    ]
    #expect(try network.call(s, "swapper", "startOrder", steps).status == .succeeded)
    #expect(try network.call(s, "swapper", "advance", UInt64(1)).status == .succeeded)
    _ = try await network.run()
    #expect(try balance(network, d, "a") == 90)
    #expect(try network.call(s, "swapper", "abandon", UInt64(1)).status == .succeeded)
    #expect(try network.call(s, "swapper", "advance", UInt64(1)).status == .succeeded)
    _ = try await network.run()
    #expect(try balance(network, d, "a") == 100)
    #expect(try network.call(s, "swapper", "advance", UInt64(1)).code == "notAllowed")
    // A step that is told again is answered and does nothing; one that comes from here is refused.
    let call = SagaCall(id: SagaStepID(chain: s, saga: 1, step: 0, isCompensation: true), arguments: take)
    #expect(try network.call(d, "swapper", "giveBack", call).code == "notAuthorised")
    #expect(try balance(network, d, "a") == 100)
  }
}
