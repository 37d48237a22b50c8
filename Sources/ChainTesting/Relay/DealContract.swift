internal import ChainCore
internal import CrossChain

/// What a deal does on one chain: takes from an account, or gives to it.
struct DealStep: CanonicalRecord, Codable, Hashable {
  var account: UInt64
  var amount: UInt64
  var isGift: Bool

  static let layout = Layout(Self.init, \.account, \.amount, \.isGift)

  /// What it locks.
  var lock: String { "account \(account)" }
}

/// Starts a deal: what this chain and each of the others does.
struct StartDeal: CanonicalRecord, Codable, Hashable {
  var plan: TransactionPlan
  var own: DealStep
  var others: [DealStep]

  static let layout = Layout(Self.init, \.plan, \.own, \.others)
}

/// What a chain did with a decision.
struct DecidedDeal: CanonicalRecord, Codable, Hashable {
  var plan: TransactionPlan
  var decision: TransactionDecision
  /// Whether what was prepared could be done.
  var isDone: Bool

  static let layout = Layout(Self.init, \.plan, \.decision, \.isDone)
}

/// Deals on several chains at once, by two-phase commit, and orders on one chain after the other, by sagas. It counts how often each step
/// of an order had an effect.
struct DealContract: Contract {
  static let name: ContractName = "deals"
  static let opening: UInt64 = 1_000
  static let accounts: UInt64 = 6
  static let balances = Table<UInt64, UInt64>("balances")
  static let effects = Table<SagaStepID, UInt64>("effects")
  static let nextOrder = Table<SingleKey, UInt64>("next-order")
  static let open = Table<UInt64, Bool>("open-orders")
  static let part = TransactionParticipant()
  static let sagas = Sagas()

  var entries: Entries {
    Entry("start", by: .role("clerk")) { (call: StartDeal, context) in
      try Self.check(call.own, context)
      _ = try Self.part.begin(
        call.plan, own: call.own.canonicalBytes, locking: [call.own.lock], asking: call.others.map(\.canonicalBytes), context)
      try context.emit("deals.started", call.plan)
    }
    Entry("prepare", by: .member) { (call: PrepareCall, context) in
      let step = try DealStep(canonicalBytes: call.step)
      try Self.check(step, context)
      try Self.part.prepare(call, locking: [step.lock], context)
      try context.emit("deals.prepared", call.plan)
    }
    Entry("decide", by: .member) { (proven: ProvenDecision, context) in
      let (prepared, decision) = try Self.part.decide(proven, context)
      var isDone = true
      if decision == .commit { isDone = try Self.change(try DealStep(canonicalBytes: prepared.step), context) }
      try context.emit("deals.decided", DecidedDeal(plan: prepared.plan, decision: decision, isDone: isDone))
    }
    Entry("order", by: .role("clerk")) { (steps: [SagaStep], context) in
      let number = try context.get(Self.nextOrder, SingleKey()) ?? 1
      try context.put(Self.nextOrder, SingleKey(), number + 1)
      try Self.sagas.start(number, steps, context)
      try context.put(Self.open, number, true)
      try Self.sagas.advance(number, context)
    }
    // The first order that waits for people goes on, or is given up.
    Entry("proceed", by: .role("clerk")) { (givesUp: Bool, context) in
      guard let number = try Self.waiting(context).first else { throw ContractError.notFound }
      if givesUp, try Self.sagas.saga(number, context)?.status == .running {
        try Self.sagas.abandon(number, context)
        if try Self.isOver(number, context) { return try context.remove(Self.open, number) }
      }
      try Self.sagas.advance(number, context)
    }
    Entry("take", by: .member) { (call: SagaCall, context) in try Self.step(call, isGift: false, context) }
    Entry("giveBack", by: .member) { (call: SagaCall, context) in try Self.step(call, isGift: true, context) }
    Query("total") { (_: NoResult, context) -> UInt64 in
      var sum: UInt64 = 0
      for account in 0..<Self.accounts { sum += try context.get(Self.balances, account) ?? Self.opening }
      return sum
    }
    Query("waiting") { (_: NoResult, context) -> UInt64 in UInt64(try Self.waiting(context).count) }
    Query("orders") { (_: NoResult, context) -> [SagaRecord] in
      var found: [SagaRecord] = []
      for number in 1..<(try context.get(Self.nextOrder, SingleKey()) ?? 1) {
        if let saga = try Self.sagas.saga(number, context) { found.append(saga) }
      }
      return found
    }
    Query("effects") { (steps: [SagaStepID], context) -> [UInt64] in
      var times: [UInt64] = []
      for step in steps { times.append(try context.get(Self.effects, step) ?? 0) }
      return times
    }
  }

  private static func isOver(_ number: UInt64, _ context: QueryContext) throws -> Bool {
    let status = try sagas.saga(number, context)?.status
    return status == .done || status == .undone
  }

  /// The open orders that no packet is under way for.
  private static func waiting(_ context: QueryContext) throws -> [UInt64] {
    try context.range(open, limit: 100).map(\.key).filter { try sagas.saga($0, context)?.isWaiting == false }
  }

  private static func step(_ call: SagaCall, isGift: Bool, _ context: ContractContext) throws {
    var step = try DealStep(canonicalBytes: call.arguments)
    step.isGift = isGift
    guard try sagas.once(call.id, context) else { return }
    try part.requireFree(step.lock, context)
    guard try change(step, context) else { throw ContractError.quota }
    try context.put(effects, call.id, (try context.get(effects, call.id) ?? 0) + 1)
  }

  private static func check(_ step: DealStep, _ context: QueryContext) throws {
    guard try step.isGift || (context.get(balances, step.account) ?? opening) >= step.amount else { throw ContractError.quota }
  }

  /// Takes or gives; says whether there was enough.
  private static func change(_ step: DealStep, _ context: ContractContext) throws -> Bool {
    let balance = try context.get(balances, step.account) ?? opening
    guard step.isGift || balance >= step.amount else { return false }
    try context.put(balances, step.account, step.isGift ? balance + step.amount : balance - step.amount)
    return true
  }

  func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws {
    guard let (number, _) = try Self.sagas.settled(packet, context) else { return }
    if try Self.isOver(number, context) { try context.remove(Self.open, number) }
  }
}
