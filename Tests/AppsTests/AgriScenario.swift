import Apps
import ChainCore
import ChainTesting
import Testing

/// The contract `agritrace` in a state of one of its machines.
struct AgriScenario: LifecycleScenario {
  static let contract: ContractName = "agritrace"
  static let maker: OrganisationID = "91411500MA9A000115"
  static let consignee: OrganisationID = "consignee-1"
  static let carrier: OrganisationID = "carrier-1"
  static let submitter: OrganisationID = "inspector-1"

  static let gtin = "06923456780019"
  static let foreignGtin = "09506000134352"
  static func lot(_ name: String, gtin: String = gtin) throws -> LotKey { LotKey(gtin: try GTIN(gtin), lot: name) }
  static func pallet(_ text: String = "006923456000000016") throws -> SSCC { try SSCC(text) }
  /// Pallets with valid check digits.
  static func pallet(number: Int) throws -> SSCC {
    for check in 0...9 {
      if let found = try? SSCC("0069234560000" + String(1_000 + number) + String(check)) { return found }
    }
    throw ContractError.notFound
  }
  static let site = "6923456000018"
  static let foreignSite = "9506000134352"

  static let template: Result<ContractSandbox, any Error> = Result {
    var sandbox = try ContractSandbox([AgriTrace()], organisations: foreigners(try Lifecycles.load().roles))
    let regulator = sandbox.caller("office", roles: ["regulator"])
    try sandbox.call("agritrace", "defineClass", DefineClass(code: "pig", unit: "piece", ratios: [], limit: nil), as: regulator)
    let ratios = [
      InputRatio(input: "pig", numerator: 80_000, denominator: 1), InputRatio(input: "pork", numerator: 1, denominator: 1),
    ]
    try sandbox.call("agritrace", "defineClass", DefineClass(code: "pork", unit: "g", ratios: ratios, limit: -180), as: regulator)
    for (gln, holder, prefix) in [(site, maker, "6923456"), (foreignSite, organisation(withRole: "producer"), "9506000")] {
      let call = RegisterSite(gln: try GLN(gln), organisation: holder, gs1Prefix: prefix, division: "411500")
      try sandbox.call("agritrace", "registerSite", call, as: regulator)
    }
    return sandbox
  }

  /// A lot with more descendants than one call of a recall reaches.
  static let wide: Result<ContractSandbox, any Error> = Result {
    var world = try AgriScenario(machine: "stock", state: "active", ships: false)
    for round in 0..<5 {
      let parts = try (0..<64).map { LotPart(lot: try lot("W\(round)-\($0)"), quantity: 1) }
      let call = SplitStock(stock: try world.loose, parts: parts, event: world.event())
      try world.sandbox.call("agritrace", "split", call, as: world.sandbox.caller(maker))
    }
    return world.sandbox
  }

  var sandbox: ContractSandbox
  let machine: String
  let startState: String?
  var isCommissioned = false
  var shipment: Digest?
  var recall: Digest?
  var hold: UInt64 = 1
  var tracked: String?
  var commissioned: StockKey?
  private var counter = 0

  var loose: StockKey { get throws { StockKey(lot: try Self.lot("L1"), holder: Self.maker, pallet: nil) } }
  var makerCaller: Caller { sandbox.caller(Self.maker, roles: ["producer"]) }
  var regulator: Caller { sandbox.caller("office", roles: ["regulator"]) }

  init(machine: String, state: String?, variant: String = "") throws { try self.init(machine: machine, state: state, ships: true) }

  init(machine: String, state: String?, ships: Bool) throws {
    sandbox = try Self.template.get()
    self.machine = machine
    startState = state
    switch machine {
    case "class", "site":
      guard let state else { return }
      tracked = machine == "class" ? "beef" : "6923456000049"
      try perform(machine == "class" ? "defineClass" : "registerSite", by: regulator)
      if state == "closed" { try perform("closeSite", by: regulator) }
    case "stock": try makeStock(state, ships: ships)
    case "shipment":
      try makeStock("active", ships: false)
      guard let state else { return }
      try perform("ship", by: makerCaller)
      let consignee = sandbox.caller(Self.consignee)
      if state == "received" { try perform("receive", by: consignee) }
      if state == "discrepant" {
        try sandbox.call(
          "agritrace", "receive", ReceiveGoods(shipment: shipment ?? .zero, quantities: [6], event: event()), as: consignee)
      }
    case "recall":
      try makeStock("active", ships: false)
      guard let state else { return }
      if state == "open" { sandbox = try Self.wide.get() }
      try perform("recall", by: regulator)
      if state == "lifted" { try perform("liftRecall", by: regulator) }
    default:
      try makeStock("active", ships: true)
      guard let state else { return }
      tracked = "urn:event:tracked"
      try perform("observe", by: sandbox.caller(Self.submitter, roles: ["inspector"]))
      if state == "declaredWrong" { try perform("correct", by: sandbox.caller(Self.submitter)) }
    }
  }

  private mutating func makeStock(_ state: String?, ships: Bool) throws {
    guard let state else { return }
    // A second lot, for creating calls beside the tracked record.
    try commission("L2", 1_000, by: makerCaller)
    try commission("L1", 1_000, by: makerCaller)
    isCommissioned = true
    let ends = state == "consumed" || state == "destroyed"
    if !ends {
      try pack(Self.pallet(), by: makerCaller)
      guard ships else { return }
      try pack(Self.pallet(number: 2), by: makerCaller)
      let call = ShipGoods(
        goods: [], pallets: [try Self.pallet(number: 2)], to: Self.consignee, carrier: Self.carrier, event: event())
      shipment = try sandbox.call("agritrace", "ship", call, as: makerCaller, returning: Digest.self)
    } else {
      // An emptied pallet, and nothing left.
      try pack(Self.pallet(), by: makerCaller)
      let key = StockKey(lot: try Self.lot("L1"), holder: Self.maker, pallet: try Self.pallet())
      for (stock, quantity) in [(key, 200), (try loose, 800)] as [(StockKey, UInt64)] {
        let call = EndStock(stock: stock, quantity: quantity, event: event())
        try sandbox.call("agritrace", state == "consumed" ? "sell" : "destroy", call, as: makerCaller)
      }
    }
    if state == "held" { try perform("hold", by: regulator) }
    if state == "recalled" { try perform("recall", by: regulator) }
  }

  mutating func commission(_ name: String, _ quantity: UInt64, goodsClass: String = "pork", by caller: Caller) throws {
    let isForeign = caller.organisation != Self.maker
    let call = CommissionLot(
      lot: try Self.lot(name, gtin: isForeign ? Self.foreignGtin : Self.gtin), quantity: quantity, goodsClass: goodsClass,
      site: try GLN(isForeign ? Self.foreignSite : Self.site), event: event())
    try sandbox.call("agritrace", "commission", call, as: caller)
  }

  private mutating func pack(_ pallet: SSCC, by caller: Caller) throws {
    let part = StockPart(stock: try loose, quantity: 200)
    try sandbox.call("agritrace", "pack", PackPallet(pallet: pallet, contents: [part], event: event()), as: caller)
  }

  mutating func event(_ id: String? = nil) -> TraceEvent {
    counter += 1
    return TraceEvent(
      id: id ?? "urn:event:\(sandbox.height):\(counter)", type: "ObjectEvent", action: "OBSERVE", step: "holding", disposition: "",
      place: nil,
      time: sandbox.time, digest: .zero)
  }

  func organisation(in relation: String) -> OrganisationID? {
    let isGone = startState == "consumed" || startState == "destroyed"
    switch (machine, relation) {
    case ("stock", "holder"), ("stock", "maker"): return startState == nil ? nil : Self.maker
    case ("stock", "carrier"): return startState == nil || isGone ? nil : Self.carrier
    case ("stock", "consignee"): return startState == nil || isGone ? nil : Self.consignee
    case ("shipment", "holder"): return Self.maker
    case ("shipment", "shipper"): return startState == nil ? nil : Self.maker
    case ("shipment", "consignee"): return startState == nil ? nil : Self.consignee
    case ("shipment", "carrier"): return startState == nil ? nil : Self.carrier
    case ("recall", "maker"): return Self.maker
    case ("event", "holder"): return Self.maker
    case ("event", "carrier"): return Self.carrier
    case ("event", "submitter"): return startState == nil ? nil : Self.submitter
    default: return nil
    }
  }

  func state() throws -> String? {
    switch machine {
    case "class":
      return try tracked.flatMap { try sandbox.query("agritrace", "goodsClass", $0, as: Registered<GoodsClass>?.self) }?.state.rawValue
    case "site":
      guard let tracked else { return nil }
      return try sandbox.query("agritrace", "site", try GLN(tracked), as: Registered<TraceSite>?.self)?.state.rawValue
    case "stock":
      return isCommissioned ? try sandbox.query("agritrace", "stockState", try commissioned ?? loose, as: RecordState?.self)?.rawValue : nil
    case "shipment":
      guard let shipment else { return nil }
      return try sandbox.query("agritrace", "shipment", shipment, as: Registered<Shipment>?.self)?.state.rawValue
    case "recall":
      guard let recall else { return nil }
      return try sandbox.query("agritrace", "recallRecord", recall, as: Registered<TraceRecall>?.self)?.state.rawValue
    default:
      guard let tracked else { return nil }
      return try sandbox.query("agritrace", "event", tracked, as: Registered<RecordedEvent>?.self)?.state.rawValue
    }
  }

  mutating func perform(_ call: String, by caller: Caller) throws {
    let name = EntryName(unchecked: call)
    switch call {
    case "defineClass", "changeClass", "registerSite", "closeSite": try define(name, caller)
    case "ship", "receive", "settle": try move(name, caller)
    case "recall", "continueRecall", "liftRecall", "observe", "correct": try report(name, caller)
    default: try change(name, caller)
    }
  }

  private mutating func define(_ call: EntryName, _ caller: Caller) throws {
    switch call {
    case "defineClass":
      let isFirst = tracked == nil || (try? state()) ?? nil == nil
      try sandbox.call("agritrace", call, DefineClass(code: isFirst ? "beef" : "c\(sandbox.height)", unit: "g", ratios: []), as: caller)
      tracked = tracked ?? "beef"
    case "changeClass":
      try sandbox.call("agritrace", call, ChangeClass(code: "beef", expectedVersion: 1, toleranceSeconds: 60), as: caller)
    case "registerSite":
      let isFirst = try state() == nil
      let gln = try GLN(isFirst ? "6923456000049" : "6923456000032")
      try sandbox.call("agritrace", call, RegisterSite(gln: gln, organisation: "shop", division: "410100"), as: caller)
      tracked = tracked ?? gln.text
    default: try sandbox.call("agritrace", call, CloseSite(gln: try GLN("6923456000049"), reason: "r1"), as: caller)
    }
  }

  private mutating func change(_ call: EntryName, _ caller: Caller) throws {
    let key = try loose
    let lot = try Self.lot("L1")
    let event = event()
    switch call {
    case "commission":
      try commission(isCommissioned ? "L\(sandbox.height)" : "L1", 1_000, by: caller)
      let isForeign = caller.organisation != Self.maker
      commissioned =
        try isCommissioned || !isForeign
        ? commissioned
        : StockKey(
          lot: Self.lot("L1", gtin: Self.foreignGtin), holder: caller.organisation, pallet: nil)
      isCommissioned = true
    case "inspect", "inspectFail":
      try sandbox.call("agritrace", call, InspectThing(about: .lot(lot), reportDigest: .zero, event: event), as: caller)
    case "hold": hold = try sandbox.call("agritrace", call, HoldThing(about: .lot(lot), reason: "r1"), as: caller, returning: UInt64.self)
    case "release":
      try sandbox.call("agritrace", call, ReleaseThing(about: .lot(lot), hold: hold, reportDigest: .zero), as: caller)
    case "readings":
      let isGone = startState == "consumed" || startState == "destroyed"
      let pallet = try isGone ? Self.pallet() : Self.pallet(number: 2)
      let reading = Reading(time: sandbox.time, value: -190)
      try sandbox.call("agritrace", call, AddReadings(pallet: pallet, number: 1, readings: [reading], event: event), as: caller)
    case "transform":
      let output = NewLot(lot: try Self.lot("T\(sandbox.height)"), goodsClass: "pork", quantity: 90)
      let call = TransformStock(inputs: [StockPart(stock: key, quantity: 100)], outputs: [output], event: event)
      try sandbox.call("agritrace", "transform", call, as: caller)
    case "split":
      let part = LotPart(lot: try Self.lot("S\(sandbox.height)"), quantity: 100)
      try sandbox.call("agritrace", call, SplitStock(stock: key, parts: [part], event: event), as: caller)
    case "merge":
      try sandbox.call("agritrace", call, MergeStocks(stocks: [key], into: try Self.lot("M\(sandbox.height)"), event: event), as: caller)
    case "pack":
      let call = PackPallet(pallet: try Self.pallet(), contents: [StockPart(stock: key, quantity: 100)], event: event)
      try sandbox.call("agritrace", "pack", call, as: caller)
    case "unpack":
      let call = UnpackPallet(pallet: try Self.pallet(), contents: [LotPart(lot: lot, quantity: 100)], event: event)
      try sandbox.call("agritrace", "unpack", call, as: caller)
    case "writeOff":
      try sandbox.call("agritrace", call, WriteOffStock(stock: key, quantity: 100, reason: "r1", event: event), as: caller)
    default: try sandbox.call("agritrace", call, EndStock(stock: key, quantity: 100, event: event), as: caller)
    }
  }

  private mutating func move(_ call: EntryName, _ caller: Caller) throws {
    let id = shipment ?? .zero
    let event = event()
    switch call {
    case "ship":
      let key = StockKey(lot: try Self.lot(shipment == nil ? "L1" : "L2"), holder: Self.maker, pallet: nil)
      let call = ShipGoods(
        goods: [StockPart(stock: key, quantity: 10)], pallets: [], to: Self.consignee, carrier: Self.carrier, event: event)
      let id = try sandbox.call("agritrace", "ship", call, as: caller, returning: Digest.self)
      shipment = shipment ?? id
    case "receive": try sandbox.call("agritrace", call, ReceiveGoods(shipment: id, quantities: [10], event: event), as: caller)
    default:
      let call = SettleShipment(shipment: id, found: [1], returned: [1], lost: [2], event: event)
      try sandbox.call("agritrace", "settle", call, as: caller)
    }
  }

  private mutating func report(_ call: EntryName, _ caller: Caller) throws {
    let id = recall ?? .zero
    switch call {
    case "recall":
      let lot = try Self.lot(recall == nil ? "L1" : "L2")
      let id = try sandbox.call("agritrace", call, RecallLot(lot: lot, reason: "r1"), as: caller, returning: Digest.self)
      recall = recall ?? id
    case "continueRecall": try sandbox.call("agritrace", call, RecallCall(recall: id), as: caller)
    case "liftRecall": try sandbox.call("agritrace", call, LiftRecall(recall: id, reportDigest: .zero), as: caller)
    case "observe":
      let isFirst = try state() == nil
      tracked = tracked ?? "urn:event:tracked"
      let event = event(isFirst ? tracked : nil)
      try sandbox.call("agritrace", call, ObserveEvent(event: event, about: .pallet(try Self.pallet(number: 2))), as: caller)
    default:
      let call = CorrectEvent(event: tracked ?? "urn:event:tracked", declaration: .zero, correctiveEvents: [])
      try sandbox.call("agritrace", "correct", call, as: caller)
    }
  }
}

@Suite struct AgriLifecycle {
  @Test func everyTriple() throws {
    let counts = try LifecycleOracle.run(AgriScenario.self)
    print("agritrace: \(counts)")
    #expect(counts.allowed > 60 && counts.total > 3_000)
  }

  @Test func noOtherCalls() throws { try LifecycleOracle.checkCalls(of: AgriTrace()) }
}
