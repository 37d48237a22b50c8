internal import AppFormats
internal import Apps
internal import ChainCore

extension Story {
  /// §5: one batch of pork from the farm to the shop, a loss, a broken cold chain, a recall.
  public static let agritrace = Story(
    "agritrace", Sentence(zh: "农产品溯源：从养殖场到门店，冷链超温与召回", en: "Traced pork: farm to shop, a warm pallet, a recall")
  ) { stage in
    var telling = try AgriTelling(stage)
    try await telling.tell()
  }
}

/// Plays the events of `epcis-events.json` in their order.
struct AgriTelling {
  static let (inspector, regulator, carrier): (OrganisationID, OrganisationID, OrganisationID) = (
    "zhengzhou-food-laboratory", "henan-agriculture-office", "henan-cold-transport"
  )
  static let stem = "https://trace.example.org"
  static let sites: [(gln: String, organisation: OrganisationID, division: String, name: Sentence)] = [
    ("6923456000018", Party.farm, "411500", Sentence(zh: "养殖场", en: "farm")),
    ("6923456000025", Party.abattoir, "410100", Sentence(zh: "屠宰场", en: "abattoir")),
    ("6923456000032", Party.coldStore, "410173", Sentence(zh: "冷库", en: "cold store")),
    ("6923456000049", Party.shop, "410105", Sentence(zh: "门店", en: "shop")),
  ]

  static let prefixes: [OrganisationID: String] = [Party.farm: "6923456", Party.abattoir: "69234567"]

  struct Item {
    var id: String
    var bytes: [UInt8]
    var event: EPCISEvent
  }

  let stage: StoryStage
  let chain = Place.zhengzhou
  let items: [Item]
  let invalid: [(id: String, bytes: [UInt8])]
  let (pigs, lotA, lotB, pallet): (LotKey, LotKey, LotKey, SSCC)
  var shipment = Digest.zero
  var name: ContractName { AgriTrace.name }

  init(_ stage: StoryStage) throws {
    self.stage = stage
    let file = try stage.input.object("epcis-events.json")
    func read(_ key: String) throws -> [(id: String, bytes: [UInt8])] {
      try (file[key] as? [[String: Any]] ?? []).map { ($0["id"] as? String ?? "", try StoryInput.json($0["event"] ?? [:])) }
    }
    items = try read("events").map { Item(id: $0.id, bytes: $0.bytes, event: try EPCISEvent($0.bytes, suite: stage.suite)) }
    invalid = try read("invalid")
    pigs = LotKey(gtin: try GTIN("06923456780019"), lot: "XY20231101")
    lotA = LotKey(gtin: try GTIN("16923456780016"), lot: "ZZ231102A")
    lotB = LotKey(gtin: try GTIN("16923456780016"), lot: "ZZ231102B")
    pallet = try SSCC("006923456000000016")
  }

  mutating func tell() async throws {
    try await found()
    try await farmAndAbattoir()
    try await cutAndPack()
    try await coldChain()
    try await shopAndRecall()
    try await correctAndRefuse()
    try checkTotals()
    try scan()
  }

  private func item(_ id: String) throws -> Item {
    guard let found = items.first(where: { $0.id == id }) else { throw stage.failure("epcis-events.json has no \(id)") }
    return found
  }

  private func event(_ id: String) throws -> TraceEvent { try item(id).event.projection }

  /// Makes the call that an event stands for, and tells of it.
  @discardableResult
  private func play(
    _ id: String, _ organisation: OrganisationID, _ call: EntryName, _ arguments: some CanonicalCodable, zh: String, en: String
  ) async throws -> Happened<NoResult> {
    let done = try await stage.call(organisation, on: chain, name, call, arguments)
    stage.tell(done, zh: zh, en: en, ids: ["event": try event(id).id])
    return done
  }

  private func ship(
    _ id: String, _ organisation: OrganisationID, goods: [StockPart] = [], pallets: [SSCC] = [], to: OrganisationID, zh: String, en: String
  ) async throws -> Digest {
    let call = ShipGoods(goods: goods, pallets: pallets, to: to, carrier: Self.carrier, event: try event(id))
    let done = try await stage.call(organisation, on: chain, name, "ship", call, returning: Digest.self)
    stage.tell(done, zh: zh, en: en, ids: ["shipment": done.output.hex])
    return done.output
  }

  private func found() async throws {
    try await stage.found([
      StoryChain(
        chain,
        [
          StoryParty(Self.regulator, "regulator"), StoryParty(Self.inspector, "inspector"), StoryParty(Self.carrier, "carrier"),
          StoryParty(Party.farm, "producer"), StoryParty(Party.abattoir, "producer"), StoryParty(Party.coldStore, "enterprise"),
          StoryParty(Party.shop, "enterprise"),
        ], contracts: [AgriTrace()])
    ])
    stage.heading(zh: "监管部门登记品类和场所", en: "The regulator registers classes and sites")
    try await stage.call(Self.regulator, on: chain, name, "defineClass", DefineClass(code: "pig", unit: "piece", ratios: []))
    let ratio = InputRatio(input: "pig", numerator: 80_000, denominator: 1)
    try await stage.call(
      Self.regulator, on: chain, name, "defineClass", DefineClass(code: "pork", unit: "g", ratios: [ratio], limit: -180))
    for site in Self.sites {
      let call = RegisterSite(
        gln: try GLN(site.gln), organisation: site.organisation, gs1Prefix: Self.prefixes[site.organisation],
        division: site.division)
      let done = try await stage.call(Self.regulator, on: chain, name, "registerSite", call)
      stage.tell(done, zh: site.name.zh, en: site.name.en, ids: ["gln": site.gln])
    }
  }

  private mutating func farmAndAbattoir() async throws {
    stage.heading(zh: "100 头出栏，99 头到场", en: "100 pigs leave, 99 arrive")
    let site = try GLN("6923456000018")
    try await play(
      "farm-commission", Party.farm, "commission",
      CommissionLot(lot: pigs, quantity: 100, goodsClass: "pig", site: site, event: try event("farm-commission")),
      zh: "100 头生猪建档", en: "100 pigs are recorded")
    try await play(
      "farm-quarantine-inspection", Self.inspector, "inspect",
      InspectThing(about: .lot(pigs), reportDigest: .random(), event: try event("farm-quarantine-inspection")), zh: "检疫合格",
      en: "quarantine: passed")
    let stock = StockKey(lot: pigs, holder: Party.farm, pallet: nil)
    shipment = try await ship(
      "farm-ship", Party.farm, goods: [StockPart(stock: stock, quantity: 100)], to: Party.abattoir, zh: "运往屠宰场",
      en: "shipped to the abattoir")
    try await play(
      "abattoir-receive", Party.abattoir, "receive",
      ReceiveGoods(shipment: shipment, quantities: [99], event: try event("abattoir-receive")), zh: "收到 99 头：差异",
      en: "99 received: a discrepancy")
    let state = try stage.record(name, AgriTrace.shipments.records, shipment, on: chain)?.state
    try stage.expect("shipment of pigs", state?.rawValue, "discrepant")
    try await play(
      "abattoir-loss", Party.abattoir, "settle",
      SettleShipment(shipment: shipment, found: [0], returned: [0], lost: [1], event: try event("abattoir-loss")), zh: "1 头按损失结清",
      en: "one settled as lost")
  }

  private mutating func cutAndPack() async throws {
    stage.heading(zh: "分割为 4 000 + 3 500 千克，1 000 千克装托盘", en: "Cut into 4 000 + 3 500 kg; 1 000 kg on a pallet")
    let input = StockPart(stock: StockKey(lot: pigs, holder: Party.abattoir, pallet: nil), quantity: 99)
    if let gain = invalid.first(where: { $0.id == "mass-gain" }) {
      let event = try EPCISEvent(gain.bytes, suite: stage.suite)
      let outputs = event.outputs.map { NewLot(lot: $0.lot, goodsClass: "pork", quantity: $0.amount) }
      try await stage.refuse(
        "more meat than pigs give", "badArgument", zh: "产出超过出肉率上限", en: "more meat than the yield allows", Party.abattoir, on: chain, name,
        "transform", TransformStock(inputs: [input], outputs: outputs, event: event.projection))
    }
    let cut = try item("slaughter-transform").event
    let outputs = cut.outputs.map { NewLot(lot: $0.lot, goodsClass: "pork", quantity: $0.amount) }
    try await play(
      "slaughter-transform", Party.abattoir, "transform", TransformStock(inputs: [input], outputs: outputs, event: cut.projection),
      zh: "99 头分割为 A、B 两批", en: "99 pigs become lots A and B")
    try await play(
      "lab-inspection", Self.inspector, "inspect",
      InspectThing(about: .lot(lotA), reportDigest: .random(), event: try event("lab-inspection")), zh: "A 批检验合格",
      en: "lot A passes the laboratory")
    let part = StockPart(stock: StockKey(lot: lotA, holder: Party.abattoir, pallet: nil), quantity: 1_000_000)
    try await play(
      "pack-pallet", Party.abattoir, "pack", PackPallet(pallet: pallet, contents: [part], event: try event("pack-pallet")),
      zh: "1 000 千克装上托盘", en: "1 000 kg are packed")
    try await play(
      "attach-logger", Party.abattoir, "observe", ObserveEvent(event: try event("attach-logger"), about: .pallet(pallet)),
      zh: "托盘装温度记录仪", en: "a data logger goes with it")
  }

  private mutating func coldChain() async throws {
    stage.heading(zh: "冷链超温，托盘被控制", en: "The cold chain breaks, and the pallet is held")
    shipment = try await ship(
      "cold-ship", Party.abattoir, pallets: [pallet], to: Party.coldStore, zh: "冷藏车运往冷库", en: "by refrigerated lorry to the cold store")
    for (number, id) in [(UInt64(1), "cold-sensor-ok"), (2, "cold-sensor-excursion")] {
      let event = try item(id).event
      try await play(
        id, Self.carrier, "readings",
        AddReadings(pallet: pallet, number: number, readings: event.readings, event: event.projection),
        zh: "温度：\(Self.celsius(event.readings))", en: "readings: \(Self.celsius(event.readings))")
    }
    let excursions: [ColdExcursion] = try stage.ask(Self.regulator, on: chain, name, "excursions", pallet)
    try stage.expect("excursions", excursions.count, 1)
    guard let excursion = excursions.first else { throw stage.failure("no excursion") }
    try stage.expect("seconds above the limit", excursion.seconds, 11_628)
    try stage.expect("warmest, in 0.1 °C", excursion.greatest, -128)
    try stage.expect("crossed at", excursion.crossedAt, 1_698_910_800_000)
    try stage.expect("pallet after the excursion", try state(of: .pallet(pallet)).rawValue, "held")
    stage.tell(
      .done, zh: "超温 \(excursion.seconds) 秒，最高 -12.8 °C：托盘自动被控制",
      en: "\(excursion.seconds) s too warm, at most -12.8 °C: the pallet is held",
      on: chain, ids: ["pallet": pallet.text])
    try await play(
      "cold-receive", Party.coldStore, "receive",
      ReceiveGoods(shipment: shipment, quantities: [1_000_000], event: try event("cold-receive")), zh: "冷库收货，仍被控制",
      en: "received by the cold store, still held")
    try stage.expect("pallet when received", try state(of: .pallet(pallet)).rawValue, "held")
    var sale = try event("sale-transaction")
    sale.id = "urn:uuid:00000000-0000-4000-8000-0000000000aa"
    try await stage.refuse(
      "shipping a held pallet", "notAllowed", zh: "被控制时发货", en: "shipping it while held", Party.coldStore, on: chain, name, "ship",
      ShipGoods(goods: [], pallets: [pallet], to: Party.shop, carrier: Self.carrier, event: sale))
    let holds: [Hold] = try stage.ask(Self.regulator, on: chain, name, "holds", TraceThing.pallet(pallet))
    try stage.expect("holds", holds.count, 1)
    let released = try await stage.call(
      Self.regulator, on: chain, name, "release", ReleaseThing(about: .pallet(pallet), hold: 1, reportDigest: .random()))
    stage.tell(released, zh: "检验后监管部门解除控制", en: "after a test the regulator releases it")
    try await play(
      "unpack", Party.coldStore, "unpack",
      UnpackPallet(pallet: pallet, contents: [LotPart(lot: lotA, quantity: 1_000_000)], event: try event("unpack")), zh: "拆托",
      en: "unpacked")
  }

  private func state(of thing: TraceThing) throws -> RecordState {
    try stage.ask(Self.regulator, on: chain, name, "thingState", thing)
  }

  private static func celsius(_ readings: [Reading]) -> String {
    readings.map { "\($0.value < 0 ? "-" : "")\($0.value.magnitude / 10).\($0.value.magnitude % 10)" }.joined(separator: ", ")
  }

  private mutating func shopAndRecall() async throws {
    stage.heading(zh: "200 千克到门店，A 批召回", en: "200 kg to the shop; lot A is recalled")
    let stock = StockKey(lot: lotA, holder: Party.coldStore, pallet: nil)
    shipment = try await ship(
      "sale-transaction", Party.coldStore, goods: [StockPart(stock: stock, quantity: 200_000)], to: Party.shop, zh: "200 千克售与门店",
      en: "200 kg are sold to the shop")
    try await play(
      "shop-receive", Party.shop, "receive",
      ReceiveGoods(shipment: shipment, quantities: [200_000], event: try event("shop-receive")), zh: "门店上架", en: "on the shelf")
    let recall = try await stage.call(
      Self.regulator, on: chain, name, "recall", RecallLot(lot: lotA, reason: "residue"), returning: Digest.self)
    stage.tell(recall, zh: "召回 A 批", en: "lot A is recalled", ids: ["recall": recall.output.hex])
    let holders: [StockKey] = try stage.ask(Self.regulator, on: chain, name, "holders", lotA)
    for key in holders {
      let state: RecordState? = try stage.ask(Self.regulator, on: chain, name, "stockState", key)
      let quantity = try stage.record(name, AgriTrace.stock.records, key, on: chain)?.content.quantity ?? 0
      guard quantity > 0 else { continue }
      try stage.expect("lot A at \(key.holder)", "\(quantity) g \(state?.rawValue ?? "")", "\(Self.expected[key.holder] ?? 0) g recalled")
    }
    let other: RecordState? = try stage.ask(
      Self.regulator, on: chain, name, "stockState", StockKey(lot: lotB, holder: Party.abattoir, pallet: nil))
    try stage.expect("lot B", other?.rawValue, "active")
    try await stage.refuse(
      "selling recalled meat", "notAllowed", zh: "出售被召回的肉", en: "selling recalled meat", Party.shop, on: chain, name, "sell",
      EndStock(stock: StockKey(lot: lotA, holder: Party.shop, pallet: nil), quantity: 1_000, event: try event("recall")))
  }

  static let expected: [OrganisationID: UInt64] = [Party.abattoir: 3_000_000, Party.coldStore: 800_000, Party.shop: 200_000]

  private func correctAndRefuse() async throws {
    stage.heading(zh: "更正声明；格式错误的事件被拒绝", en: "A correction; malformed events are refused")
    let declaration = try item("error-declaration")
    try await play(
      "error-declaration", Self.inspector, "correct",
      CorrectEvent(
        event: try event("lab-inspection").id, declaration: declaration.event.projection.digest,
        correctiveEvents: declaration.event.corrections ?? []), zh: "实验室声明事件有误，原记录仍在链上",
      en: "the laboratory declares its event wrong; the record stays")
    let state = try stage.record(name, AgriTrace.events.records, try event("lab-inspection").id, on: chain)?.state
    try stage.expect("laboratory's event", state?.rawValue, "declaredWrong")
    var refused: [String] = []
    for (id, bytes) in invalid where !["mass-gain", "time-far-future"].contains(id) {
      guard (try? EPCISEvent(bytes, suite: stage.suite)) == nil else { continue }
      refused.append(id)
    }
    try stage.expect("malformed events refused by the reader", refused.count, invalid.count - 2)
    stage.tell(.refused, zh: "\(refused.count) 个格式错误的事件在网关被拒绝", en: "\(refused.count) malformed events are refused at the gateway")
    guard let future = invalid.first(where: { $0.id == "time-far-future" }) else { return }
    let event = try EPCISEvent(future.bytes, suite: stage.suite).projection
    try await stage.refuse(
      "an event of the future", "badArgument", zh: "时间在未来的事件", en: "an event of the future", Self.inspector, on: chain, name, "observe",
      ObserveEvent(event: event, about: .lot(lotB)))
  }

  private func view(_ lot: LotKey) throws -> LotView {
    let view: LotView? = try stage.ask(Self.regulator, on: chain, name, "lot", lot)
    guard let view else { throw stage.failure("lot \(lot.lot) is not there") }
    return view
  }

  /// `expected` of the published events.
  private func checkTotals() throws {
    let pigs = try view(pigs).batch
    try stage.expect("pigs", [pigs.made, pigs.consumed, pigs.writtenOff, pigs.destroyed], [100, 99, 1, 0])
    for (lot, made) in [(lotA, UInt64(4_000_000)), (lotB, 3_500_000)] {
      let batch = try view(lot).batch
      try stage.expect("grams of \(lot.lot)", [batch.made, batch.consumed, batch.writtenOff], [made, 0, 0])
    }
    stage.tell(.verified, zh: "每个批次：产出 = 在手 + 消耗 + 损失，分毫不差", en: "every lot: made = on hand + consumed + lost, to the gram")
  }

  /// What a consumer's scan leads to.
  private func scan() throws {
    let link = try DigitalLink(stem: Self.stem, lot: lotA)
    let found = try DigitalLink(link.uri).lot
    let (a, b) = (try view(lotA), try view(lotB))
    try stage.expect("scan of lot A", found == lotA ? a.state.rawValue : "", "recalled")
    try stage.expect("scan of lot B", b.state.rawValue, "active")
    let origins: [LotKey] = try stage.ask(Self.regulator, on: chain, name, "origins", lotA)
    try stage.expect("origin", origins, [pigs])
    for item in items { stage.handOn("epcis/\(item.id).json", item.bytes) }
    stage.handOn("trace-link", Array(link.uri.utf8))
    stage.tell(
      .verified, zh: "扫码：产地、路径、检验、温度，红色召回提示", en: "the scan shows origin, route, checks, temperature, and the recall banner", on: chain,
      height: try stage.ledger(chain).head.height, ids: ["link": link.uri])
  }
}
