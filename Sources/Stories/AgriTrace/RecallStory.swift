internal import Apps
internal import ChainCore

extension Story {
  /// Goods move to another city's chain, and a recall follows them.
  public static let recall = Story(
    "recall", Sentence(zh: "跨链召回：货物移到航空港区链，召回随之到达", en: "A recall reaches a batch that moved to another city's chain")
  ) { stage in try await RecallTelling(stage: stage).tell() }
}

struct RecallTelling {
  static let regulator: OrganisationID = "henan-agriculture-office"
  let stage: StoryStage
  let lot: LotKey
  let pallet: SSCC
  var name: ContractName { AgriTrace.name }
  let here = Place.zhengzhou
  let there = Place.airport

  init(stage: StoryStage) throws {
    self.stage = stage
    lot = LotKey(gtin: try GTIN("16923456780016"), lot: "ZZ231106C")
    pallet = try SSCC("006923456000000016")
  }

  private func event(_ number: Int, _ step: String) -> TraceEvent {
    TraceEvent(
      id: "urn:uuid:00000000-0000-4000-8000-0000000001\(number < 10 ? "0" : "")\(number)", type: "ObjectEvent", action: "OBSERVE",
      step: step,
      disposition: "", place: nil, time: stage.now, digest: .random())
  }

  func tell() async throws {
    try await stage.found(
      [
        StoryChain(here, [StoryParty(Self.regulator, "regulator"), StoryParty(Party.abattoir, "producer")], contracts: [AgriTrace()]),
        StoryChain(there, [StoryParty(Self.regulator, "regulator"), StoryParty(Party.coldStore, "enterprise")], contracts: [AgriTrace()]),
      ], ports: [name])
    for chain in [here, there] {
      try await stage.call(
        Self.regulator, on: chain, name, "defineClass", DefineClass(code: "pork", unit: "g", ratios: [], limit: -180))
    }
    try await make()
    let shipment = try await move()
    try await receive(shipment)
    try await recall()
  }

  private func make() async throws {
    stage.heading(zh: "郑州：1 000 千克装托", en: "Zhengzhou: 1 000 kg on a pallet")
    try await stage.call(
      Self.regulator, on: here, name, "registerSite",
      RegisterSite(gln: try GLN("6923456000025"), organisation: Party.abattoir, gs1Prefix: "6923456", division: "410100"))
    try await stage.call(
      Party.abattoir, on: here, name, "commission",
      CommissionLot(
        lot: lot, quantity: 3_000_000, goodsClass: "pork", site: try GLN("6923456000025"), event: event(1, "commissioning")))
    let part = StockPart(stock: StockKey(lot: lot, holder: Party.abattoir, pallet: nil), quantity: 1_000_000)
    let packed = try await stage.call(
      Party.abattoir, on: here, name, "pack", PackPallet(pallet: pallet, contents: [part], event: event(2, "packing")))
    stage.tell(
      packed, zh: "批次 \(lot.lot)，3 000 千克中 1 000 千克装托", en: "lot \(lot.lot): 1 000 of 3 000 kg are packed", ids: ["pallet": pallet.text])
  }

  private func move() async throws -> Digest {
    stage.heading(zh: "托盘移到航空港区链", en: "The pallet moves to the airport zone's chain")
    let call = ShipGoods(
      goods: [], pallets: [pallet], to: Party.coldStore, carrier: "henan-cold-transport", event: event(3, "shipping"), chain: there)
    let shipped = try await stage.call(Party.abattoir, on: here, name, "ship", call, returning: Digest.self)
    stage.tell(shipped, zh: "发货：源链先行占用", en: "shipped: reserved on its own chain first", ids: ["shipment": shipped.output.hex])
    let state: RecordState = try await stage.wait(for: "the end of the consignment") {
      let state = try stage.record(name, AgriTrace.shipments.records, shipped.output, on: here)?.state
      return state == "leaving" ? nil : state
    }
    try stage.expect("shipment at its source", state.rawValue, "away")
    let arrived = try stage.record(name, AgriTrace.shipments.records, shipped.output, on: there)?.state
    try stage.expect("shipment at its destination", arrived?.rawValue, "inTransit")
    stage.tell(.done, zh: "目的链已建批次，源链记为“已移出”", en: "the destination has it, the source says away", on: there)
    return shipped.output
  }

  private func receive(_ shipment: Digest) async throws {
    let received = try await stage.call(
      Party.coldStore, on: there, name, "receive",
      ReceiveGoods(shipment: shipment, quantities: [1_000_000], event: event(4, "receiving")))
    stage.tell(received, zh: "冷库收货", en: "the cold store receives it")
    let view: LotView? = try stage.ask(Self.regulator, on: there, name, "lot", lot)
    try stage.expect("birthplace as the zone knows it", view?.lot.birthplace, here)
  }

  private func recall() async throws {
    stage.heading(zh: "郑州监管部门召回该批次", en: "Zhengzhou's regulator recalls the lot")
    let recalled = try await stage.call(
      Self.regulator, on: here, name, "recall", RecallLot(lot: lot, reason: "residue"), returning: Digest.self)
    stage.tell(recalled, zh: "召回发出", en: "recalled", ids: ["recall": recalled.output.hex])
    let key = StockKey(lot: lot, holder: Party.coldStore, pallet: pallet)
    try await stage.wait(for: "arrival of the recall") {
      let state: RecordState? = try stage.ask(Self.regulator, on: there, name, "stockState", key)
      return state == "recalled" ? () : nil
    }
    let complete: RecordState = try await stage.wait(for: "the zone's confirmation") {
      let state = try stage.record(name, AgriTrace.recalls.records, recalled.output, on: here)?.state
      return state == "open" ? nil : state
    }
    try stage.expect("recall after the confirmation", complete.rawValue, "complete")
    stage.tell(
      .done, zh: "航空港区链上的库存已被召回，并已确认", en: "the stock on the zone's chain is recalled, and the zone confirmed it", on: there,
      height: try stage.ledger(there).head.height, ids: ["pallet": pallet.text])
    try await stage.refuse(
      "selling it there", "notAllowed", zh: "冷库出售", en: "the cold store sells it", Party.coldStore, on: there, name, "sell",
      EndStock(stock: key, quantity: 1_000, event: event(5, "retail_selling")))
  }
}
