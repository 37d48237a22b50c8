public import ChainCore

/// 农产品溯源 and 郑冷链: goods by lot from farm to shop, with quantities that add up, temperatures, holds and recalls.
///
/// A hold or recall stands once, at its lot or pallet, and counts for all stock of it, wherever that goes. Goods that `ship` sends to
/// another chain are reserved, then `away`, or restored if that chain did not take them; a recall follows them.
public struct AgriTrace: Contract {
  /// `agritrace`.
  public static let name: ContractName = "agritrace"
  /// How long cooled goods may be warmer if their class says nothing, in seconds: 30 minutes.
  public static let toleranceSeconds: UInt32 = 1_800
  /// How many lots one call of a recall reaches.
  public static let recallStep = 256

  /// Classes of goods by code.
  public static let classes = Registry<String, GoodsClass>(
    "classes",
    [
      .create("defineClass", to: "defined", by: .role("regulator")),
      .amend("changeClass", from: ["defined"], by: .role("regulator")),
    ])

  /// Sites by location number.
  public static let sites = Registry<GLN, TraceSite>(
    "sites",
    [
      .create("registerSite", to: "active", by: .role("regulator")),
      .move("closeSite", from: ["active"], to: "closed", by: .role("regulator")),
    ])

  /// Stock by lot, holder and pallet.
  public static let stock = Registry<StockKey, TraceStock>(
    "stock",
    [
      .create("commission", to: "active", by: .role("producer")),
      .move("transform", from: ["active"], by: .relation("holder")),
      .move("split", from: ["active"], by: .relation("holder")),
      .move("merge", from: ["active"], by: .relation("holder")),
      .move("pack", from: ["active"], by: .relation("holder")),
      .move("unpack", from: ["active"], by: .relation("holder")),
      .move("sell", from: ["active"], by: .relation("holder")),
      .move("writeOff", from: ["active", "held", "recalled"], by: .relation("holder")),
      .move("destroy", from: ["active", "held", "recalled"], by: .relation("holder")),
    ],
    relations: { _, _, key, caller in caller.organisation == key.holder })

  /// Shipments by id.
  public static let shipments = Registry<Digest, Shipment>(
    "shipments",
    [
      .create("ship", to: "inTransit", by: .checked),
      .move("receive", from: ["inTransit"], to: "received", by: .relation("consignee")),
      .move("settle", from: ["discrepant"], to: "received", by: .relation("consignee"), .role("regulator")),
    ],
    relations: { _, record, _, caller in caller.organisation == record.content.consignee })

  /// Recalls by id.
  public static let recalls = Registry<Digest, TraceRecall>(
    "recalls",
    [
      .create("recall", to: "complete", by: .checked),
      .move("continueRecall", from: ["open"], to: "complete", by: .role("regulator"), .relation("maker")),
      .move("liftRecall", from: ["open", "complete"], to: "lifted", by: .role("regulator")),
    ],
    relations: { _, record, _, caller in caller.organisation == record.content.maker })

  /// Events by id.
  public static let events = Registry<String, RecordedEvent>(
    "events",
    [
      .create("observe", to: "recorded", by: .checked),
      .move("correct", from: ["recorded"], to: "declaredWrong", by: .owner),
    ])

  package static let lots = Provenance<LotKey>("lots")
  package static let lotRecords = Table<LotKey, TraceLot>("lot-records")
  package static let pallets = Table<SSCC, TracePallet>("pallets")
  package static let prefixes = Table<String, PrefixRecord>("prefixes")
  static let configuration = Table<SingleKey, AgriConfiguration>("configuration")
  /// How much of a lot went to a chain, or is on its way to it.
  package static let abroad = Table<Pair<LotKey, ChainID>, UInt64>("abroad")
  /// How much of a lot came from a chain.
  static let arrivals = Table<Pair<LotKey, ChainID>, UInt64>("arrivals")
  static let copies = Table<Pair<Digest, UInt64>, OpenCopy>("recall-copies")
  static let underWay = Table<Pair<ChainID, UInt64>, SentAbout>("under-way")
  package static let holds = Holds<TraceThing>("holds")
  package static let inspections = Table<Pair<TraceThing, UInt64>, TraceInspection>("inspections")
  package static let excursions = Table<Pair<SSCC, UInt64>, ColdExcursion>("excursions")

  /// The contract.
  public init() {}

  /// Keeps where prefixes are registered, if it is not here.
  public func initialise(_ configuration: [UInt8], _ context: ContractContext) throws {
    guard !configuration.isEmpty else { return }
    try context.put(Self.configuration, SingleKey(), try AgriConfiguration(canonicalBytes: configuration))
  }

  /// All calls and questions.
  public var entries: Entries {
    siteEntries
    stockEntries
    thingEntries
    shipmentEntries
    recallEntries
    queries
  }

  private var siteEntries: Entries {
    let (classes, sites) = (Self.classes, Self.sites)
    return Entries(entries: [
      Entry("defineClass", by: classes.access("defineClass")) { (call: DefineClass, context) in
        try Arguments.check(code: call.code, "code")
        let goods = GoodsClass(
          unit: call.unit, ratios: call.ratios, limit: call.limit, toleranceSeconds: call.toleranceSeconds ?? Self.toleranceSeconds)
        try goods.check()
        try classes.create("defineClass", call.code, goods, context)
      },
      Entry("changeClass", by: classes.access("changeClass")) { (call: ChangeClass, context) in
        try classes.move("changeClass", call.code, expectedVersion: call.expectedVersion, context) { record in
          if let ratios = call.ratios { record.content.ratios = ratios }
          if let limit = call.limit { record.content.limit = limit }
          if let tolerance = call.toleranceSeconds { record.content.toleranceSeconds = tolerance }
          try record.content.check()
        }
      },
      Entry("registerSite", by: sites.access("registerSite")) { (call: RegisterSite, context) in
        guard call.division.utf8.count == 6, call.division.isAllDigits else { throw ContractError.badArgument("division: six digits") }
        if let prefix = call.gs1Prefix {
          guard (4...12).contains(prefix.utf8.count), prefix.isAllDigits else {
            throw ContractError.badArgument("gs1Prefix: 4 to 12 digits")
          }
        }
        if case .remote = context.caller.origin {
          // The site is the other chain's; here only its prefix is kept, once for all chains.
          guard let prefix = call.gs1Prefix else { throw ContractError.badArgument("gs1Prefix: it is what other chains register") }
          try Self.register(prefix: prefix, of: call, context)
          return try context.emit("agritrace.registerSite", RecordChanged(key: call.gln, version: 1))
        }
        let site = TraceSite(organisation: call.organisation, gs1Prefix: call.gs1Prefix, division: call.division)
        try sites.create("registerSite", call.gln, site, context) {
          if let prefix = call.gs1Prefix { try Self.register(prefix: prefix, of: call, context) }
        }
      },
      Entry("closeSite", by: sites.access("closeSite")) { (call: CloseSite, context) in
        try Arguments.check(code: call.reason, "reason")
        try sites.move("closeSite", call.gln, context)
      },
    ])
  }

  /// Keeps an event that a call carries: its time has come, and its id is used once.
  static func record(_ event: TraceEvent, call: EntryName, _ context: ContractContext) throws(ContractError) {
    try check(event, context)
    try events.insert(
      call, event.id, RecordedEvent(event: event, call: call, declaration: nil, corrections: []), state: "recorded", context)
  }

  static func check(_ event: TraceEvent, _ context: ContractContext) throws(ContractError) {
    try Arguments.check(text: event.id, "event.id")
    for (text, field) in [(event.type, "event.type"), (event.step, "event.step")] { try Arguments.check(code: text, field) }
    guard ["ADD", "OBSERVE", "DELETE", ""].contains(event.action) else { throw .badArgument("event.action: ADD, OBSERVE or DELETE") }
    if !event.disposition.isEmpty { try Arguments.check(code: event.disposition, "event.disposition") }
    guard event.time <= context.time else { throw .badArgument("event.time: it lies after this block's") }
  }
}

extension GoodsClass {
  func check() throws(ContractError) {
    try Arguments.check(code: unit, "unit")
    guard ratios.count <= 64, Set(ratios.map(\.input)).count == ratios.count else { throw .badArgument("ratios: at most 64, one a class") }
    for ratio in ratios {
      try Arguments.check(code: ratio.input, "ratios")
      guard ratio.numerator > 0, ratio.denominator > 0 else { throw .badArgument("ratios: greater than zero") }
    }
  }
}
