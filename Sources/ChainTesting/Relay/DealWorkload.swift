internal import ChainCore
internal import CrossChain

// What clients of `ParcelWorkload` do with the contract `deals`.
extension ParcelWorkload {
  /// How far ahead a deal's deadline is at most, in milliseconds of relay time.
  static let dealMs = 20_000

  /// A deal with one or two other chains, an order over several, or a clerk's decision about one.
  mutating func deal(on chain: ChainID, among chains: [ChainID], relay: RelayView, _ random: inout SeededRandom) -> ChainCall {
    if random.chance(30) { return ChainCall(DealContract.name, "proceed", random.chance(20), by: "post-office") }
    var others = chains.filter { $0 != chain }
    let count = min(others.count, 1 + random.below(2))
    while others.count > count { others.remove(at: random.below(others.count)) }
    if random.chance(40) {
      var steps: [SagaStep] = []
      for number in 0..<(1 + random.below(3)) {
        let step = DealStep(
          account: UInt64(random.below(Int(DealContract.accounts))), amount: UInt64(1 + random.below(600)), isGift: false)
        steps.append(
          SagaStep(
            chain: others[number % others.count], call: "take", arguments: step.canonicalBytes, compensation: "giveBack"))
      }
      return ChainCall(DealContract.name, "order", steps, by: "post-office")
    }
    let isGift = random.chance(50)
    let each = UInt64(1 + random.below(400))
    func step(_ amount: UInt64, _ isGift: Bool) -> DealStep {
      DealStep(account: UInt64(random.below(Int(DealContract.accounts))), amount: amount, isGift: isGift)
    }
    let deadline = relay.time.advanced(byMilliseconds: UInt64(3_000 + random.below(Self.dealMs - 3_000)))
    let plan = TransactionPlan(initiator: chain, port: DealContract.name, participants: others, deadline: deadline, salt: random.next())
    return ChainCall(
      DealContract.name, "start",
      StartDeal(plan: plan, own: step(each * UInt64(count), !isGift), others: (0..<count).map { _ in step(each, isGift) }),
      by: "post-office")
  }

  /// An order that waits for people, before the world comes to rest.
  func closingOrder(_ ledger: Ledger) -> ChainCall? {
    guard let waiting = try? ledger.query(DealContract.name, "waiting", NoResult(), as: UInt64.self), waiting > 0 else { return nil }
    return ChainCall(DealContract.name, "proceed", false, by: "post-office")
  }
}
