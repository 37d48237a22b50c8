internal import ChainCore

// Recalls, events that move nothing, and the questions.

extension AgriTrace {
  /// How many recalls may reach one lot.
  private static let recallLimit = 64

  var recallEntries: Entries {
    let recalls = Self.recalls
    return Entries(entries: [
      Entry("recall", by: .member) { (call: RecallLot, context) -> Digest in try Self.recall(call, context) },
      Entry("continueRecall", by: .member) { (call: RecallCall, context) in
        try recalls.move("continueRecall", call.recall, context) { try Self.reach(&$0, call.recall, context) }
      },
      Entry("liftRecall", by: recalls.access("liftRecall")) { (call: LiftRecall, context) in
        try recalls.move("liftRecall", call.recall, context)
      },
      Entry("observe", by: .member) { (call: ObserveEvent, context) in try Self.observe(call, context) },
      Entry("correct", by: .member) { (call: CorrectEvent, context) in
        guard call.correctiveEvents.count <= 64 else { throw ContractError.badArgument("correctiveEvents: at most 64") }
        for id in call.correctiveEvents { try Arguments.check(text: id, "correctiveEvents") }
        try Self.events.move("correct", call.event, context) { record in
          record.content.declaration = call.declaration
          record.content.corrections = call.correctiveEvents
        }
      },
    ])
  }

  private static func recall(_ call: RecallLot, _ context: ContractContext) throws -> Digest {
    try Arguments.check(code: call.reason, "reason")
    var lot = try context.require(lotRecords, call.lot)
    guard context.caller.has("regulator") || lot.maker == context.caller.organisation else {
      throw ContractError.notAuthorised("a lot is recalled by a regulator or its maker")
    }
    let id = try recalls.newID("TraceRecall", context)
    try mark(&lot, id)
    try context.put(lotRecords, call.lot, lot)
    let content = TraceRecall(
      lot: call.lot, maker: lot.maker, reason: call.reason, reached: 1, frontier: [WalkPoint(batch: call.lot)])
    var record = Registered(state: "complete", owner: context.caller.organisation, version: 1, changedAt: context.time, content: content)
    try reach(&record, id, context)
    try recalls.create("recall", id, record.content, state: record.state, context)
    return id
  }

  private static func mark(_ lot: inout TraceLot, _ recall: Digest) throws(ContractError) {
    guard lot.recalls.count < recallLimit else { throw .limitExceeded("\(recallLimit) recalls a lot") }
    lot.recalls.append(recall)
  }

  /// Reaches the next lots that were made of recalled ones; the rest stays in the frontier.
  private static func reach(_ record: inout Registered<TraceRecall>, _ id: Digest, _ context: ContractContext) throws(ContractError) {
    let walk = try lots.descendants(from: record.content.frontier, limit: recallStep, context) { (lot) throws(ContractError) in
      try context.require(lotRecords, lot).recalls.contains(id)
    }
    for key in walk.found {
      var lot = try context.require(lotRecords, key)
      try mark(&lot, id)
      try context.put(lotRecords, key, lot)
    }
    record.content.reached += UInt64(walk.found.count)
    record.content.frontier = walk.frontier
    record.state = walk.frontier.isEmpty ? "complete" : "open"
  }

  private static func observe(_ call: ObserveEvent, _ context: ContractContext) throws {
    try check(call.event, context)
    let caller = context.caller.organisation
    let isConcerned: Bool
    switch call.about {
    case .pallet(let number): isConcerned = try Self.isConcerned(caller, with: try context.require(pallets, number), context)
    case .lot(let lot):
      _ = try context.require(lotRecords, lot)
      isConcerned = try context.range(stock.records, from: StockKey(lot: lot, holder: caller, pallet: nil), limit: 64).contains {
        $0.key.lot == lot && $0.key.holder == caller && $0.value.content.quantity > 0
      }
    }
    guard isConcerned || context.caller.has("inspector") else {
      throw ContractError.notAuthorised("events are observed by holders, carriers and inspectors")
    }
    try events.create(
      "observe", call.event.id, RecordedEvent(event: call.event, call: "observe", declaration: nil, corrections: []), context)
  }

  /// Everything that a walk finds.
  /// - Throws: `.tooDeep` for more than 256 lots: walk on from some of them.
  private static func all(_ walk: ProvenanceWalk<LotKey>) throws(ContractError) -> [LotKey] {
    guard walk.frontier.isEmpty else { throw .tooDeep }
    return walk.found
  }

  var queries: Entries {
    Entries(queries: [
      Query("goodsClass") { (code: String, context) -> Registered<GoodsClass>? in try context.get(Self.classes.records, code) },
      Query("site") { (gln: GLN, context) -> Registered<TraceSite>? in try context.get(Self.sites.records, gln) },
      Query("lot") { (key: LotKey, context) -> LotView? in
        guard let lot = try context.get(Self.lotRecords, key) else { return nil }
        return LotView(
          lot: lot, batch: try context.require(Self.lots.batches, key), state: try Self.state(of: .lot(key), context),
          inspections: try context.range(Self.inspections, under: .lot(key), limit: 100).map(\.value))
      },
      Query("stockOf") { (key: StockKey, context) -> Registered<TraceStock>? in try context.get(Self.stock.records, key) },
      Query("stockState") { (key: StockKey, context) -> RecordState? in
        guard let record = try context.get(Self.stock.records, key) else { return nil }
        return try Self.state(of: key, record, context)
      },
      Query("holders") { (lot: LotKey, context) -> [StockKey] in
        let first = StockKey(lot: lot, holder: OrganisationID(unchecked: ""), pallet: nil)
        return try context.range(Self.stock.records, from: first, limit: 1_000).filter {
          $0.key.lot == lot && $0.value.content.quantity > 0
        }.map(\.key)
      },
      Query("thingState") { (thing: TraceThing, context) -> RecordState in try Self.state(of: thing, context) },
      Query("holds") { (thing: TraceThing, context) -> [Hold] in try Self.holds.all(on: thing, context).map(\.hold) },
      Query("pallet") { (number: SSCC, context) -> TracePallet? in try context.get(Self.pallets, number) },
      Query("excursions") { (pallet: SSCC, context) -> [ColdExcursion] in
        try context.range(Self.excursions, under: pallet, limit: 1_000).map(\.value)
      },
      Query("shipment") { (id: Digest, context) -> Registered<Shipment>? in try context.get(Self.shipments.records, id) },
      Query("recallRecord") { (id: Digest, context) -> Registered<TraceRecall>? in try context.get(Self.recalls.records, id) },
      Query("event") { (id: String, context) -> Registered<RecordedEvent>? in try context.get(Self.events.records, id) },
      Query("origins") { (lot: LotKey, context) -> [LotKey] in
        try Self.all(try Self.lots.ancestors(from: [WalkPoint(batch: lot)], limit: Self.recallStep, context))
      },
      Query("products") { (lot: LotKey, context) -> [LotKey] in
        try Self.all(try Self.lots.descendants(from: [WalkPoint(batch: lot)], limit: Self.recallStep, context))
      },
    ])
  }
}
