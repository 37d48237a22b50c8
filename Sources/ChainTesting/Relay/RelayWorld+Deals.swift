internal import ChainCore
internal import CrossChain

/// A transaction over several chains, as the world knows it from the blocks.
struct WorldDeal: Sendable {
  let plan: TransactionPlan
  /// When somebody begins it on the relay, finishes it after its deadline, and comes back; virtual time.
  var beginAt: Int
  var finishAt: Int?
  var lookAt: Int
  var isBegun = false
  /// What the relay decided.
  var decision: TransactionDecision?
  /// The chains that prepared, the initiator among them, and those that carried the decision out; by their place.
  var prepared: Set<Int>
  var applied: Set<Int> = []
}

// Two-phase commits and sagas: who carries decisions, and what must hold of them.
extension RelayWorld {
  /// After how long the notary looks after a deal again, in milliseconds.
  private static let lookMs = 2_000

  /// Looks at what an event tells of a deal.
  mutating func checkDeal(_ event: Event, on index: Int) throws {
    // Each step locks one account, and no account is locked by two.
    let ledger = chains[index].ledger
    guard try ledger.recordCount(of: DealContract.name, "tx-locks") == ledger.recordCount(of: DealContract.name, "tx-prepared") else {
      throw failure("two transactions lock one account of \(chains[index].id), or one keeps its lock")
    }
    switch event.name {
    case "deals.started":
      let plan = try TransactionPlan(canonicalBytes: event.payload)
      let id = id(of: plan)
      let beginAt = now + random.below(random.chance(80) ? 1_000 : 15_000)
      deals[id] = WorldDeal(plan: plan, beginAt: beginAt, lookAt: beginAt, prepared: [index])
      dealOrder.append(id)
      openDeals += 1
    case "deals.prepared": deals[id(of: try TransactionPlan(canonicalBytes: event.payload))]?.prepared.insert(index)
    case "deals.decided":
      let decided = try DecidedDeal(canonicalBytes: event.payload)
      let id = id(of: decided.plan)
      guard let deal = deals[id], let decision = deal.decision else {
        throw failure("\(chains[index].id) carries out a decision that the relay has not made")
      }
      guard decided.decision == decision else {
        throw failure("\(chains[index].id) carries out \(decided.decision), and the relay decided \(decision)")
      }
      guard deals[id]?.applied.insert(index).inserted == true else {
        throw failure("\(chains[index].id) carries out a decision twice")
      }
      guard decided.isDone else { throw failure("\(chains[index].id) cannot do what it prepared and locked") }
      note(decision == .commit ? .dealCommitted : .dealAborted)
    default: return
    }
  }

  private func id(of plan: TransactionPlan) -> Digest { plan.id(NetworkHash(suite: chains[0].ledger.suite)) }

  /// Compares a decision of the relay with what the participants answered, and when.
  mutating func checkDecided(_ id: Digest) throws {
    let relay = chains[0].ledger
    guard let deal = deals[id], let record = try relay.query(CrossChainState.contract, "transaction", id, as: TransactionRecord?.self),
      let decision = record.decision
    else { throw failure("the relay decides a transaction that nobody started") }
    guard deal.decision == nil else { throw failure("the relay decides a transaction twice") }
    let isLate = relay.head.header.time > deal.plan.deadline
    var yes = 0
    var no = 0
    for track in packets.values where track.header.requestID == id && track.header.call == "prepare" {
      switch (track.answer?.result, track.outcome) {
      case (.success, _): yes += 1
      case (.failure, _), (nil, .timedOut), (nil, .rejected): no += 1
      default: break
      }
    }
    switch decision {
    case .commit:
      guard yes == deal.plan.participants.count else {
        throw failure("the relay commits though \(yes) of \(deal.plan.participants.count) prepared")
      }
      guard !isLate else { throw failure("the relay commits after the deadline") }
    case .abort: guard isLate || no > 0 else { throw failure("the relay aborts in time though nobody refused") }
    }
    deals[id]?.decision = decision
    deals[id]?.lookAt = now
    openDeals -= 1
  }

  /// Anybody may begin, finish and carry decisions: here an outsider does, late, twice, or too early.
  mutating func attendDeals() throws {
    for id in dealOrder {
      guard let deal = deals[id], deal.lookAt <= now, !isSettled(deal) else { continue }
      deals[id]?.lookAt = now + Self.lookMs + random.below(1_000)
      guard let decision = deal.decision else {
        try urge(id, deal)
        continue
      }
      // Some finish what is decided, to see whether it changes.
      if random.chance(20) { try notarise("finish", deal.plan.canonicalBytes, on: 0) }
      for index in deal.prepared.subtracting(deal.applied).sorted() { try carry(id, decision, to: index) }
    }
    dealOrder = dealOrder.filter { deals[$0].map { !isSettled($0) } ?? false }
  }

  private func isSettled(_ deal: WorldDeal) -> Bool { deal.decision != nil && deal.prepared == deal.applied }

  private mutating func urge(_ id: Digest, _ deal: WorldDeal) throws {
    let time = chains[0].ledger.head.header.time
    if !deal.isBegun {
      deals[id]?.isBegun = try chains[0].ledger.query(CrossChainState.contract, "transaction", id, as: TransactionRecord?.self) != nil
      if now >= deal.beginAt, time < deal.plan.deadline { try notarise("begin", deal.plan.canonicalBytes, on: 0) }
    } else {
      for track in order.compactMap({ packets[$0] }) where track.header.requestID == id && track.isRelayed {
        if random.chance(30) { try notarise("enlist", track.header.canonicalBytes, on: 0) }
      }
    }
    let isLate = time > deal.plan.deadline
    if isLate, deal.finishAt == nil { deals[id]?.finishAt = now + random.below(isHealed ? 1_000 : 8_000) }
    if let finishAt = deal.finishAt, finishAt <= now { try notarise("finish", deal.plan.canonicalBytes, on: 0) }
    if !isLate, random.chance(10) { try notarise("finish", deal.plan.canonicalBytes, on: 0) }
  }

  /// Brings a decision to a chain that waits for it, and what makes the chain see it.
  private mutating func carry(_ id: Digest, _ decision: TransactionDecision, to index: Int) throws {
    let ledger = chains[index].ledger
    guard let proven = try? ProvenDecision(of: id, on: chains[0].ledger, for: ledger),
      let bytes = proven.record.value, let record = try? TransactionRecord(canonicalBytes: bytes), record.decision != nil
    else {
      guard let update = try newest(0, on: index), let carrier = chains[index].founding.member(WorldChain.carriers[0], "clerk") else {
        return
      }
      let call = UpdateClient(chain: chains[0].id, update: update)
      send(
        try sign(CrossChainState.contract, "updateClient", call.canonicalBytes, by: carrier, on: index), to: index, by: nil,
        in: random.below(200))
      return
    }
    if random.chance(15) {
      // A decision that the relay did not make.
      var forged = record
      forged.decision = decision == .commit ? .abort : .commit
      var proof = proven
      proof.record.value = forged.canonicalBytes
      try notarise("decide", proof.canonicalBytes, on: index)
      note(.forgedDecision)
    }
    for _ in 0..<(random.chance(40) ? 2 : 1) { try notarise("decide", proven.canonicalBytes, on: index) }
  }

  private mutating func notarise(_ entry: EntryName, _ arguments: [UInt8], on index: Int) throws {
    guard let notary = chains[index].founding.member(WorldChain.outsider, "clerk") else {
      throw failure("no notary on \(chains[index].id)")
    }
    if !isHealed, random.chance(faults.loss) { return note(.loss) }
    let signed = try sign(index == 0 ? CrossChainState.contract : DealContract.name, entry, arguments, by: notary, on: index)
    send(signed, to: index, by: nil, in: random.below(isHealed ? 100 : min(faults.latencyMs, 2_000)))
  }

  /// Ends all deals and orders, and checks that each happened on all its chains or on none.
  mutating func closeDeals() async throws {
    let begin = now
    let end = now + Self.settlementBoundMs + ParcelWorkload.dealMs
    while now < end, try !isAtRest() {
      if (now - begin) % 2_000 == 0 { for index in chains.indices.dropFirst() { try close(index) } }
      try await step()
    }
    guard try isAtRest() else {
      throw failure(
        "after \(now - begin) ms without faults \(openDeals) deals are not decided, \(dealOrder.count) not carried out, or orders open")
    }
    var total: UInt64 = 0
    var taken: UInt64 = 0
    for (index, chain) in chains.enumerated() where index > 0 {
      for table: TableName in ["tx-locks", "tx-prepared"] {
        let left = try chain.ledger.recordCount(of: DealContract.name, table)
        if left > 0 { throw failure("\(left) records of \(table) are left on \(chain.id)") }
      }
      total += try chain.ledger.query(DealContract.name, "total", NoResult(), as: UInt64.self)
      taken += try checkOrders(of: index)
    }
    for deal in deals.values where deal.decision == .commit && deal.applied.count != deal.plan.participants.count + 1 {
      throw failure("a deal was carried out on \(deal.applied.count) chains, and \(deal.plan.participants.count + 1) take part")
    }
    let expected = UInt64(chains.count - 1) * DealContract.accounts * DealContract.opening
    guard total + taken == expected else { throw failure("deals left \(total) and orders took \(taken), of \(expected)") }
  }

  private func isAtRest() throws -> Bool {
    guard openDeals == 0, dealOrder.isEmpty, unsettled == 0, openCalls == 0 else { return false }
    return chains.dropFirst().allSatisfy { workload.closing(on: $0.id, $0.ledger) == nil }
  }

  /// Each order is done, each step once, or undone, each step that had an effect once and back once. Returns what they took.
  private mutating func checkOrders(of index: Int) throws -> UInt64 {
    let orders: [SagaRecord] = try chains[index].ledger.query(DealContract.name, "orders", NoResult())
    var taken: UInt64 = 0
    for (place, order) in orders.enumerated() {
      guard order.status == .done || order.status == .undone else { throw failure("order \(place + 1) of \(chains[index].id) is not over") }
      note(order.status == .done ? .orderDone : .orderUndone)
      for (number, step) in order.steps.enumerated() {
        guard let other = self.place(step.chain) else { continue }
        let ids = [false, true].map {
          SagaStepID(chain: chains[index].id, saga: UInt64(place + 1), step: UInt32(number), isCompensation: $0)
        }
        let times: [UInt64] = try chains[other].ledger.query(DealContract.name, "effects", ids)
        let isRight = order.status == .done ? times == [1, 0] : times[0] == times[1] && times[0] <= 1
        guard isRight else {
          throw failure("step \(number) of order \(place + 1) of \(chains[index].id) took effect \(times[0]) times, back \(times[1])")
        }
        if order.status == .done { taken += try DealStep(canonicalBytes: step.arguments).amount }
      }
    }
    return taken
  }
}
