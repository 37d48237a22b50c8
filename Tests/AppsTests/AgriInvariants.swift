import Apps
import ChainCore
import ChainTesting
import Testing

/// Random trade among three firms, by whoever may and may not: quantities always add up.
struct AgriTrade {
  static let firms: [OrganisationID] = [AgriScenario.maker, "firm-2", "firm-3"]
  var world: AgriScenario
  var random: SeededRandom
  var lots: [LotKey] = []
  var shipments: [Digest] = []
  var recalls: [Digest] = []
  var succeeded = 0
  var made = 0

  init(seed: UInt64) throws {
    world = try AgriScenario(machine: "stock", state: nil, ships: false)
    random = SeededRandom(seed)
  }

  private mutating func firm() -> OrganisationID { Self.firms[random.below(3)] }
  private mutating func lot() -> LotKey? { lots.isEmpty ? nil : lots[random.below(lots.count)] }
  private mutating func newLot() throws -> LotKey {
    made += 1
    return try AgriScenario.lot("R\(made)")
  }
  private mutating func stock() throws -> StockKey? {
    guard let lot = lot() else { return nil }
    let found = try world.sandbox.query("agritrace", "holders", lot, as: [StockKey].self)
    return found.isEmpty ? nil : found[random.below(found.count)]
  }

  /// One call; what is refused must change nothing, which the sandbox itself sees to.
  mutating func step() throws {
    let event = world.event()
    do {
      let key = try stock()
      let caller = world.sandbox.caller(random.chance(90) ? key?.holder ?? firm() : firm(), roles: ["producer"])
      let quantity = UInt64(random.below(40) + 1)
      switch random.below(14) {
      case 0, 1:
        let lot = try newLot()
        let call = CommissionLot(
          lot: lot, quantity: UInt64(random.below(500) + 1), goodsClass: "pork", site: try GLN(AgriScenario.site), event: event)
        try world.sandbox.call("agritrace", "commission", call, as: world.makerCaller)
        lots.append(lot)
      case 2: try split(key, quantity, caller, event)
      case 3:
        guard let key else { return }
        let lot = try newLot()
        let others = try stock().map { $0 == key ? [] : [$0] } ?? []
        try world.sandbox.call("agritrace", "merge", MergeStocks(stocks: [key] + others, into: lot, event: event), as: caller)
        lots.append(lot)
      case 4:
        guard let key else { return }
        let lot = try newLot()
        let output = NewLot(lot: lot, goodsClass: "pork", quantity: quantity + UInt64(random.below(3)) - 1)
        let call = TransformStock(inputs: [StockPart(stock: key, quantity: quantity)], outputs: [output], event: event)
        try world.sandbox.call("agritrace", "transform", call, as: caller)
        lots.append(lot)
      case 5, 6:
        guard let key else { return }
        let pallet = try AgriScenario.pallet(number: random.below(4))
        if key.pallet == nil {
          let part = StockPart(stock: key, quantity: quantity)
          try world.sandbox.call("agritrace", "pack", PackPallet(pallet: pallet, contents: [part], event: event), as: caller)
        } else if let pallet = key.pallet {
          let part = LotPart(lot: key.lot, quantity: quantity)
          try world.sandbox.call("agritrace", "unpack", UnpackPallet(pallet: pallet, contents: [part], event: event), as: caller)
        }
      case 7, 8: try ship(key, quantity, caller, event)
      case 9: try receive(event)
      case 10: try settle(event)
      case 11: try flag(key)
      default:
        guard let key else { return }
        let call = EndStock(stock: key, quantity: quantity, event: event)
        try world.sandbox.call("agritrace", random.chance(50) ? "sell" : "destroy", call, as: caller)
      }
      succeeded += 1
    } catch let error as ContractError {
      guard error != .unexpected else { throw error }
    }
  }

  private mutating func split(_ key: StockKey?, _ quantity: UInt64, _ caller: Caller, _ event: TraceEvent) throws {
    guard let key else { return }
    let parts = [LotPart(lot: try newLot(), quantity: quantity), LotPart(lot: try newLot(), quantity: 1)]
    try world.sandbox.call("agritrace", "split", SplitStock(stock: key, parts: parts, event: event), as: caller)
    lots += parts.map(\.lot)
  }

  private mutating func ship(_ key: StockKey?, _ quantity: UInt64, _ caller: Caller, _ event: TraceEvent) throws {
    guard let key else { return }
    let goods = key.pallet == nil ? [StockPart(stock: key, quantity: quantity)] : []
    let call = ShipGoods(
      goods: goods, pallets: key.pallet.map { [$0] } ?? [], to: firm(), carrier: "carrier-1", event: event)
    shipments.append(try world.sandbox.call("agritrace", "ship", call, as: caller, returning: Digest.self))
  }

  private mutating func receive(_ event: TraceEvent) throws {
    guard let id = shipments.last else { return }
    guard let found = try world.sandbox.query("agritrace", "shipment", id, as: Registered<Shipment>?.self)?.content else { return }
    let quantities = found.lines.map { line in random.chance(70) ? line.quantity : UInt64(random.below(Int(line.quantity) + 2)) }
    try world.sandbox.call(
      "agritrace", "receive", ReceiveGoods(shipment: id, quantities: quantities, event: event), as: world.sandbox.caller(found.consignee))
  }

  private mutating func settle(_ event: TraceEvent) throws {
    guard !shipments.isEmpty else { return }
    let id = shipments[random.below(shipments.count)]
    guard let found = try world.sandbox.query("agritrace", "shipment", id, as: Registered<Shipment>?.self)?.content else { return }
    let missing = found.lines.map { $0.quantity - $0.received }
    let returned = missing.map { UInt64(random.below(Int($0) + 1)) }
    let lost = zip(missing, returned).map { UInt64(random.below(Int($0 - $1) + 1)) }
    let rest = zip(missing, zip(returned, lost)).map { $0 - $1.0 - $1.1 }
    let call = SettleShipment(shipment: id, found: rest, returned: returned, lost: lost, event: event)
    try world.sandbox.call("agritrace", "settle", call, as: world.sandbox.caller(found.consignee))
  }

  private mutating func flag(_ key: StockKey?) throws {
    guard let key else { return }
    let regulator = world.regulator
    switch random.below(4) {
    case 0: try world.sandbox.call("agritrace", "hold", HoldThing(about: .lot(key.lot), reason: "r"), as: regulator)
    case 1, 2:
      try world.sandbox.call("agritrace", "release", ReleaseThing(about: .lot(key.lot), hold: 1, reportDigest: .zero), as: regulator)
    default:
      let id = try world.sandbox.call("agritrace", "recall", RecallLot(lot: key.lot, reason: "r"), as: regulator, returning: Digest.self)
      // Everything made of it is recalled, and nothing else by this recall.
      for product in try world.sandbox.query("agritrace", "products", key.lot, as: [LotKey].self) {
        let view = try #require(try world.sandbox.query("agritrace", "lot", product, as: LotView?.self))
        #expect(view.lot.recalls.contains(id) && (view.state == "recalled" || view.batch.left == 0))
      }
      if random.chance(80) { try world.sandbox.call("agritrace", "liftRecall", LiftRecall(recall: id, reportDigest: .zero), as: regulator) }
    }
  }

  /// made = on hand + consumed + written off + destroyed, on hand = Σ stock, and no lot is its own origin.
  func checkInvariants() throws {
    for lot in lots {
      let view = try #require(try world.sandbox.query("agritrace", "lot", lot, as: LotView?.self))
      var onHand: UInt64 = 0
      for key in try world.sandbox.query("agritrace", "holders", lot, as: [StockKey].self) {
        let stock = try #require(try world.sandbox.query("agritrace", "stockOf", key, as: Registered<TraceStock>?.self)).content
        #expect(stock.reserved <= stock.quantity, "\(lot)")
        onHand += stock.quantity
      }
      let batch = view.batch
      #expect(batch.made == onHand + batch.consumed + batch.writtenOff + batch.destroyed, "\(lot): \(batch), \(onHand) on hand")
      #expect(try !world.sandbox.query("agritrace", "origins", lot, as: [LotKey].self).contains(lot))
    }
  }
}

@Suite struct AgriInvariants {
  @Test func quantitiesAddUp() throws {
    var (succeeded, lots) = (0, 0)
    for seed in UInt64(0)..<100 {
      var trade = try AgriTrade(seed: seed)
      for _ in 0..<100 { try trade.step() }
      try trade.checkInvariants()
      succeeded += trade.succeeded
      lots += trade.lots.count
    }
    print("agritrace, seeds 0 to 99: \(succeeded) of 10,000 calls went through, \(lots) lots")
    #expect(succeeded > 3_000)
  }

  /// The published excursion: crossed at 15:40, 11,628 s.
  @Test func anExcursionIsFoundBetweenTheReadings() throws {
    var world = try AgriScenario(machine: "stock", state: "active", ships: true)
    let start: UInt64 = 1_698_901_200_000  // 2023-11-02T13:00:00+08:00
    world.sandbox.time = BlockTime(start + 9 * 3_600_000)
    let carrier = world.sandbox.caller(AgriScenario.carrier)
    func readings(_ hours: [(UInt64, Int32)]) -> [Reading] { hours.map { Reading(time: BlockTime(start + $0.0 * 3_600_000), value: $0.1) } }
    let pallet = try AgriScenario.pallet(number: 2)
    func add(_ number: UInt64, _ list: [Reading], _ world: inout AgriScenario) throws {
      let call = AddReadings(pallet: pallet, number: number, readings: list, event: world.event())
      try world.sandbox.call("agritrace", "readings", call, as: carrier)
    }
    try add(1, readings([(0, -195), (1, -190), (2, -184)]), &world)
    #expect(try world.sandbox.query("agritrace", "excursions", pallet, as: [ColdExcursion].self).isEmpty)
    expect("stale") { try add(1, readings([(4, -172)]), &world) }
    expect("badArgument") { try add(2, readings([(2, -172)]), &world) }
    expect("badArgument") { try add(2, readings([(5, -172), (4, -172)]), &world) }
    expect("badArgument") { try add(2, readings([(100, -172)]), &world) }
    try add(2, readings([(4, -172), (5, -128), (6, -186)]), &world)
    let found = try world.sandbox.query("agritrace", "excursions", pallet, as: [ColdExcursion].self)
    #expect(found.count == 1 && found.first?.seconds == 11_628 && found.first?.greatest == -128 && found.first?.limit == -180)
    #expect(found.first?.crossedAt == BlockTime(start + 2 * 3_600_000 + 40 * 60_000))
    #expect(try world.sandbox.query("agritrace", "thingState", TraceThing.pallet(pallet), as: RecordState.self) == "held")
    #expect(try world.sandbox.query("agritrace", "holds", TraceThing.pallet(pallet), as: [Hold].self).map(\.kind) == ["excursion"])
    // Two hours without a reading are no gap; a second more is one.
    var gap = world
    gap.sandbox.time = gap.sandbox.time.advanced(byMilliseconds: 20_000_000)
    try add(3, [Reading(time: BlockTime(start + 8 * 3_600_000), value: -190)], &gap)
    #expect(try gap.sandbox.query("agritrace", "excursions", pallet, as: [ColdExcursion].self).count == 1)
    try add(4, [Reading(time: BlockTime(start + 10 * 3_600_000 + 1), value: -190)], &gap)
    #expect(try gap.sandbox.query("agritrace", "excursions", pallet, as: [ColdExcursion].self).last?.isGap == true)
  }

  @Test func aRecallReachesMoreThanOneCallCan() throws {
    var world = try AgriScenario(machine: "recall", state: "open")
    let id = try #require(world.recall)
    func record() throws -> TraceRecall {
      try #require(try world.sandbox.query("agritrace", "recallRecord", id, as: Registered<TraceRecall>?.self)).content
    }
    #expect(try record().reached == 257)
    expect("tooDeep") { _ = try world.sandbox.query("agritrace", "products", try AgriScenario.lot("L1"), as: [LotKey].self) }
    try world.perform("continueRecall", by: world.regulator)
    #expect(try record().reached == 321 && record().frontier.isEmpty)
    #expect(try world.state() == "complete")
    for name in ["W0-0", "W4-63"] {
      let view = try world.sandbox.query("agritrace", "lot", try AgriScenario.lot(name), as: LotView?.self)
      #expect(view?.state == "recalled")
    }
    let other = try world.sandbox.query("agritrace", "lot", try AgriScenario.lot("L2"), as: LotView?.self)
    #expect(other?.state == "active")
  }
}
