internal import ChainCore

// Recalls, events that move nothing, and the questions.

extension AgriTrace {
  /// How many recalls may reach one lot.
  static let recallLimit = 64
  /// How many copies one call sends again.
  private static let copiesPerCall = 20

  var recallEntries: Entries {
    let recalls = Self.recalls
    return Entries(entries: [
      Entry("recall", by: .member) { (call: RecallLot, context) -> Digest in try Self.recall(call, context) },
      Entry("continueRecall", by: .member) { (call: RecallCall, context) in
        try recalls.move("continueRecall", call.recall, context) { record in
          try Self.sendCopies(&record, call.recall, context)
          try Self.reach(&record, call.recall, context)
        }
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
    if let copy = call.copy { return try take(copy, context) }
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
    try follow([call.lot], &record, id, context)
    try reach(&record, id, context)
    try recalls.create("recall", id, record.content, state: record.state, context)
    return id
  }

  /// Takes over a recall of the chain that lots came from; that chain's contract saw to it that a regulator or the maker recalls.
  private static func take(_ copy: CopiedRecall, _ context: ContractContext) throws -> Digest {
    let source = try sourceChain("copy", context)
    guard (1...recallStep).contains(copy.lots.count), Set(copy.lots).count == copy.lots.count else {
      throw ContractError.badArgument("copy: 1 to \(recallStep) different lots")
    }
    let id = copy.origin.recall
    var new: [LotKey] = []
    for key in copy.lots {
      var lot = try context.require(lotRecords, key)
      let isFromThere = try context.get(arrivals, Pair(key, source)) != nil
      guard isFromThere || context.caller.has("regulator") || lot.maker == context.caller.organisation else {
        throw ContractError.notAuthorised("\(key.lot) did not come from \(source)")
      }
      guard !lot.recalls.contains(id) else { continue }
      try mark(&lot, id)
      try context.put(lotRecords, key, lot)
      new.append(key)
    }
    let known = try context.get(recalls.records, id)
    var record =
      known
      ?? Registered(
        state: "complete", owner: context.caller.organisation, version: 1, changedAt: context.time,
        content: TraceRecall(lot: copy.origin.lot, maker: copy.origin.maker, reason: copy.origin.reason, reached: 0, frontier: []))
    let isLifted = record.state == "lifted"
    record.content.reached += UInt64(new.count)
    record.content.frontier += new.map { WalkPoint(batch: $0) }
    try follow(new, &record, id, context)
    try reach(&record, id, context)
    if isLifted { record.state = "lifted" }
    if known == nil {
      try recalls.create("recall", id, record.content, state: record.state, context)
    } else {
      try recalls.rewrite("recall", id, record, context)
      try context.emit("agritrace.recall", RecordChanged(key: id, version: record.version + 1))
    }
    return id
  }

  static func origin(of id: Digest, _ recall: TraceRecall) -> RecallOrigin {
    RecallOrigin(recall: id, lot: recall.lot, maker: recall.maker, reason: recall.reason)
  }

  /// Makes copies for the chains that lots went to, or are on their way to.
  private static func follow(
    _ reached: [LotKey], _ record: inout Registered<TraceRecall>, _ id: Digest, _ context: ContractContext
  ) throws(ContractError) {
    var byChain: [ChainID: [LotKey]] = [:]
    for lot in reached {
      for place in try context.range(abroad, under: lot, limit: 64) { byChain[place.key.second, default: []].append(lot) }
    }
    for (chain, lots) in byChain.sorted(by: { $0.key < $1.key }) {
      record.content.copies += 1
      record.content.openCopies += 1
      let copy = OpenCopy(chain: chain, lots: lots, isUnderWay: false)
      try context.put(copies, Pair(id, record.content.copies), copy)
      // What came by packet sends none: a regulator or the maker here goes on with `continueRecall`.
      if context.caller.origin == .local { try send(copy, number: record.content.copies, record.content, id, context) }
    }
  }

  private static func send(
    _ copy: OpenCopy, number: UInt64, _ recall: TraceRecall, _ id: Digest, _ context: ContractContext
  ) throws(ContractError) {
    let call = RecallLot(
      lot: recall.lot, reason: recall.reason, copy: CopiedRecall(origin: origin(of: id, recall), lots: copy.lots))
    try send("recall", call, to: copy.chain, about: .recall(id, number), context)
    try context.put(copies, Pair(id, number), OpenCopy(chain: copy.chain, lots: copy.lots, isUnderWay: true))
  }

  /// Sends copies that no packet carries, because one failed or none could be sent.
  private static func sendCopies(
    _ record: inout Registered<TraceRecall>, _ id: Digest, _ context: ContractContext
  ) throws(ContractError) {
    let waiting = try context.range(copies, under: id, limit: 1_000).filter { !$0.value.isUnderWay }
    for item in waiting.prefix(copiesPerCall) { try send(item.value, number: item.key.second, record.content, id, context) }
  }

  /// The other chain has the copy, or `continueRecall` has to send it again.
  static func settled(recall id: Digest, copy number: UInt64, _ isTaken: Bool, _ context: ContractContext) throws(ContractError) {
    var record = try context.require(recalls.records, id)
    let place = Pair(id, number)
    var copy = try context.require(copies, place)
    guard isTaken else {
      copy.isUnderWay = false
      return try context.put(copies, place, copy)
    }
    try context.remove(copies, place)
    record.content.openCopies -= 1
    if record.state == "open", record.content.openCopies == 0, record.content.frontier.isEmpty { record.state = "complete" }
    try recalls.rewrite("recall", id, record, context)
    try context.emit("agritrace.recalledAway", RecordChanged(key: id, version: record.version + 1))
  }

  static func mark(_ lot: inout TraceLot, _ recall: Digest) throws(ContractError) {
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
    try follow(walk.found, &record, id, context)
    record.content.reached += UInt64(walk.found.count)
    record.content.frontier = walk.frontier
    record.state = walk.frontier.isEmpty && record.content.openCopies == 0 ? "complete" : "open"
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
      Query("stockKeys") { (lot: LotKey, context) -> [StockKey] in
        let first = StockKey(lot: lot, holder: OrganisationID(unchecked: ""), pallet: nil)
        return try context.range(Self.stock.records, from: first, limit: 1_000).map(\.key).filter { $0.lot == lot }
      },
      Query("thingState") { (thing: TraceThing, context) -> RecordState in try Self.state(of: thing, context) },
      Query("holds") { (thing: TraceThing, context) -> [Hold] in try Self.holds.all(on: thing, context).map(\.hold) },
      Query("pallet") { (number: SSCC, context) -> TracePallet? in try context.get(Self.pallets, number) },
      Query("excursions") { (pallet: SSCC, context) -> [ColdExcursion] in
        try context.range(Self.excursions, under: pallet, limit: 1_000).map(\.value)
      },
      Query("shipment") { (id: Digest, context) -> Registered<Shipment>? in try context.get(Self.shipments.records, id) },
      Query("recallRecord") { (id: Digest, context) -> Registered<TraceRecall>? in try context.get(Self.recalls.records, id) },
      Query("abroad") { (lot: LotKey, context) -> [ChainID] in
        try context.range(Self.abroad, under: lot, limit: 64).map(\.key.second)
      },
      Query("prefix") { (prefix: String, context) -> PrefixRecord? in try context.get(Self.prefixes, prefix) },
      Query("prefixOf") { (digits: String, context) -> PrefixRecord? in
        for count in 4...12 where count <= digits.utf8.count {
          if let found = try context.get(Self.prefixes, String(digits.prefix(count))) { return found }
        }
        return nil
      },
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
