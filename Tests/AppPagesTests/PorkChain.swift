import AppPages
import Apps
import ChainCore
import ChainTesting
import CrossChain
import Foundation
import Testing

/// The pork batch of `epcis-events.json` on one chain with real keys and certificates: pigs, carcasses, cold store, shop, recall.
struct PorkChain {
  static let (farm, abattoir): (OrganisationID, OrganisationID) = ("93411500MA9A000108", "91410100MA9A00029A")
  static let (coldStore, shop): (OrganisationID, OrganisationID) = ("91410173MA9A00037W", "91410105MA9A000458")
  static let (lab, office): (OrganisationID, OrganisationID) = ("11410100MB0A010107", "11410000MB0A00026E")
  static let pallet = "006923456000000016"

  static let names = TraceNames(
    products: ["06923456780019": "冷冻猪里脊（带包装）"], classes: ["pig": "生猪", "pork": "冷冻猪肉"],
    reasons: ["salmonella": "检出沙门氏菌", "excursion": "冷链超温"],
    organisations: [
      farm.rawValue: "信阳青山养殖合作社", abattoir.rawValue: "郑州双河肉类加工厂", coldStore.rawValue: "航空港冷链物流中心", shop.rawValue: "郑州惠民超市金水店",
      lab.rawValue: "郑州市市场监督管理局", office.rawValue: "河南省市场监督管理局",
    ])

  var chain: SoloChain
  private var counter = 0

  static func lot(_ name: String, gtin: String = "06923456780019") throws -> LotKey { LotKey(gtin: try GTIN(gtin), lot: name) }

  init(_ chain: ChainID = "henan/410100") throws {
    self.chain = try SoloChain(
      [AgriTrace()], chain: chain,
      organisations: [
        Self.farm: ["producer"], Self.abattoir: ["producer"], Self.coldStore: [], Self.shop: [], Self.lab: ["inspector"],
        Self.office: ["regulator"],
      ], time: 1_698_800_000_000)
  }

  mutating func event(_ step: String) -> TraceEvent {
    counter += 1
    return TraceEvent(
      id: "urn:page:\(counter)", type: "ObjectEvent", action: "OBSERVE", step: step, disposition: "", place: nil, time: 1_698_800_000_000,
      digest: .zero)
  }

  @discardableResult
  mutating func call(_ entry: EntryName, _ arguments: some CanonicalCodable, by: OrganisationID) throws -> Receipt {
    let receipt = try chain.call("agritrace", entry, arguments, by: try chain.member(by))
    try #require(receipt.status == .succeeded, "\(entry): \(receipt.code): \(receipt.message)")
    return receipt
  }

  mutating func wait(hours: UInt64) { chain.time = chain.time.advanced(byMilliseconds: hours * 3_600_000) }

  /// The story up to the shop; `lot` is what the shop sells.
  mutating func play(lot name: String = "ZZ231102A", isWarm: Bool = true) throws {
    let (pigs, pork) = (try Self.lot("XY231101", gtin: "06923456780026"), try Self.lot(name))
    try call("defineClass", DefineClass(code: "pig", unit: "piece", ratios: []), by: Self.office)
    let ratio = InputRatio(input: "pig", numerator: 80_000, denominator: 1)
    try call("defineClass", DefineClass(code: "pork", unit: "g", ratios: [ratio], limit: -180), by: Self.office)
    let site = RegisterSite(gln: try GLN("6923456000018"), organisation: Self.farm, gs1Prefix: "6923456", division: "411500")
    try call("registerSite", site, by: Self.office)
    let commission = CommissionLot(lot: pigs, quantity: 100, goodsClass: "pig", site: site.gln, event: event("commissioning"))
    try call("commission", commission, by: Self.farm)
    try call("inspect", InspectThing(about: .lot(pigs), reportDigest: .zero, event: event("inspecting")), by: Self.lab)
    try move(pigs, 100, from: Self.farm, to: Self.abattoir)
    wait(hours: 10)
    let stock = StockKey(lot: pigs, holder: Self.abattoir, pallet: nil)
    let cut = TransformStock(
      inputs: [StockPart(stock: stock, quantity: 100)], outputs: [NewLot(lot: pork, goodsClass: "pork", quantity: 4_000_000)],
      event: event("slaughtering"))
    try call("transform", cut, by: Self.abattoir)
    let report = chain.suite.hash(Array("laboratory report".utf8))
    try call("inspect", InspectThing(about: .lot(pork), reportDigest: report, event: event("inspecting")), by: Self.lab)
    let pallet = try SSCC(Self.pallet)
    let onto = StockPart(stock: StockKey(lot: pork, holder: Self.abattoir, pallet: nil), quantity: 1_000_000)
    try call("pack", PackPallet(pallet: pallet, contents: [onto], event: event("packing")), by: Self.abattoir)
    try ship([], [pallet], from: Self.abattoir, to: Self.coldStore, quantities: [1_000_000]) { story in
      let start = story.chain.time
      story.wait(hours: 8)
      let values: [Int32] = isWarm ? [-195, -190, -172, -128, -186] : [-195, -190, -188, -190, -186]
      let readings = values.enumerated().map {
        Reading(time: start.advanced(byMilliseconds: UInt64($0.offset) * 5_400_000), value: $0.element)
      }
      try story.call(
        "readings", AddReadings(pallet: pallet, number: 1, readings: readings, event: story.event("sensor_reporting")), by: Self.coldStore)
    }
    if isWarm {
      let release = ReleaseThing(about: .pallet(pallet), hold: 1, reportDigest: report)
      try call("release", release, by: Self.office)
    }
    wait(hours: 5)
    let off = UnpackPallet(pallet: pallet, contents: [LotPart(lot: pork, quantity: 1_000_000)], event: event("unpacking"))
    try call("unpack", off, by: Self.coldStore)
    try move(pork, 200_000, from: Self.coldStore, to: Self.shop)
  }

  private mutating func move(_ lot: LotKey, _ quantity: UInt64, from: OrganisationID, to: OrganisationID) throws {
    let part = StockPart(stock: StockKey(lot: lot, holder: from, pallet: nil), quantity: quantity)
    try ship([part], [], from: from, to: to, quantities: [quantity]) { $0.wait(hours: 3) }
  }

  private mutating func ship(
    _ goods: [StockPart], _ pallets: [SSCC], from: OrganisationID, to: OrganisationID, quantities: [UInt64],
    underWay: (inout PorkChain) throws -> Void
  ) throws {
    let ship = ShipGoods(goods: goods, pallets: pallets, to: to, carrier: Self.coldStore, event: event("shipping"))
    let id = try Digest(canonicalBytes: try call("ship", ship, by: from).output)
    try underWay(&self)
    try call("receive", ReceiveGoods(shipment: id, quantities: quantities, event: event("receiving")), by: to)
  }

  mutating func recall(_ name: String = "ZZ231102A") throws {
    wait(hours: 30)
    try call("recall", RecallLot(lot: try Self.lot(name), reason: "salmonella"), by: Self.office)
  }

  func page(_ name: String = "ZZ231102A", names: TraceNames = names) throws -> TracePage? {
    let state = try VerifiedState(chain.ledger, anchor: try TrustAnchor(of: chain.ledger))
    let lot = try Self.lot(name)
    return try TraceReader([state], names: names).page(
      of: lot, link: "https://trace.example.org/01/\(lot.gtin.text)/10/\(name)")
  }
}

extension SoloChain {
  /// One validator's seat goes to a new key; the set that signs is another from the next height on.
  mutating func replaceFirstValidator() throws {
    let set = ledger.head.validators
    let new = try PrivateKey(suite: suite, secret: suite.hash(Array("validator \(set.generation)".utf8)).bytes)
    let change = ProposeChange(change: .replace(set.members[0].key, by: new.publicKey), reason: "")
    try #require(try call("governance", "propose", change, by: administrator).status == .succeeded)
    let certificate = try #require(try ledger.newestCertificate())
    let signature = try new.sign(certificate.checkpoint.digest(genesis: ledger.genesisID, suite: suite))
    joinedKeys.append(new)
    let ready = ValidatorReady(key: new.publicKey, certificate: certificate, signature: signature)
    try #require(try call("governance", "ready", ready, by: administrator).status == .succeeded)
  }
}
