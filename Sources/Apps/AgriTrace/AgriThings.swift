internal import ChainCore

// Inspections, holds and temperatures of lots and pallets.

extension AgriTrace {
  var thingEntries: Entries {
    Entries(entries: [
      Entry("inspect", by: .role("inspector")) { (call: InspectThing, context) in
        try Self.inspect(call, passed: true, call: "inspect", from: ["active", "held", "recalled"], context)
      },
      Entry("inspectFail", by: .role("inspector")) { (call: InspectThing, context) in
        try Self.inspect(call, passed: false, call: "inspectFail", from: ["active", "held"], context)
        try Self.holds.place("inspection", reference: call.reportDigest.hex, blocking: Self.blocked, on: call.about, context)
      },
      Entry("hold", by: .role("regulator")) { (call: HoldThing, context) -> UInt64 in
        try Arguments.check(code: call.reason, "reason")
        try Self.require(call.about, in: ["active", "held"], call: "hold", context)
        let number = try Self.holds.place("hold", reference: call.reason, blocking: Self.blocked, on: call.about, context)
        try context.emit("agritrace.hold", RecordChanged(key: call.about, version: number))
        return number
      },
      Entry("release", by: .role("regulator")) { (call: ReleaseThing, context) in
        try Self.require(call.about, in: ["held"], call: "release", context)
        try Self.holds.release(call.hold, of: call.about, byAnyone: true, context)
        try context.emit("agritrace.release", RecordChanged(key: call.about, version: call.hold))
      },
      Entry("readings", by: .member) { (call: AddReadings, context) in try Self.addReadings(call, context) },
    ])
  }

  /// What goods must not do while they are held.
  private static let blocked: [EntryName] = ["ship", "sell", "transform", "split", "merge", "pack", "unpack"]

  /// The state of all goods of a lot, or on a pallet.
  static func state(of thing: TraceThing, _ context: QueryContext) throws(ContractError) -> RecordState {
    switch thing {
    case .lot(let lot):
      let batch = try context.require(lots.batches, lot)
      guard batch.left > 0 else {
        return batch.away > batch.arrived ? "away" : batch.destroyed > 0 && batch.consumed == 0 ? "destroyed" : "consumed"
      }
      let flags = try flags(of: lot, context)
      return flags.isRecalled ? "recalled" : flags.isHeld ? "held" : "active"
    case .pallet(let number):
      let pallet = try context.require(pallets, number)
      guard !pallet.lots.isEmpty else { return pallet.away == nil ? "consumed" : "away" }
      var isHeld = try holds.first(on: thing, context) != nil
      for lot in pallet.lots {
        let flags = try flags(of: lot, context)
        if flags.isRecalled { return "recalled" }
        isHeld = isHeld || flags.isHeld
      }
      return isHeld ? "held" : "active"
    }
  }

  @discardableResult
  private static func require(
    _ thing: TraceThing, in states: [RecordState], call: String, _ context: QueryContext
  ) throws(ContractError) -> RecordState {
    let state = try state(of: thing, context)
    guard states.contains(state) else { throw .notAllowed(state: state.rawValue, call: call) }
    return state
  }

  private static func inspect(
    _ call: InspectThing, passed: Bool, call name: EntryName, from states: [RecordState], _ context: ContractContext
  ) throws(ContractError) {
    try require(call.about, in: states, call: name.rawValue, context)
    let number = (try context.range(inspections, under: call.about, reverse: true, limit: 1).first?.key.second ?? 0) + 1
    try context.put(
      inspections, Pair(call.about, number),
      TraceInspection(
        about: call.about, inspector: context.caller.organisation, passed: passed, reportDigest: call.reportDigest, time: context.time))
    try record(call.event, call: name, context)
    try context.emit("agritrace.\(name)", RecordChanged(key: call.about, version: number))
  }

  private static func addReadings(_ call: AddReadings, _ context: ContractContext) throws {
    guard (1...1_000).contains(call.readings.count) else { throw ContractError.badArgument("readings: 1 to 1,000") }
    for (earlier, later) in zip(call.readings, call.readings.dropFirst()) where earlier.time >= later.time {
      throw ContractError.badArgument("readings: their times increase")
    }
    var pallet = try context.require(pallets, call.pallet)
    guard try isConcerned(context.caller.organisation, with: pallet, context) else {
      throw ContractError.notAuthorised("readings come from holder, carrier or consignee")
    }
    try require(.pallet(call.pallet), in: ["active", "held", "recalled"], call: "readings", context)
    guard call.number == pallet.readings + 1 else { throw ContractError.stale(found: pallet.readings) }
    guard let first = call.readings.first, let last = call.readings.last, pallet.lastReading.map({ $0 < first.time }) ?? true,
      last.time <= context.time
    else { throw ContractError.badArgument("readings: after the last ones, and not after this block") }
    try context.charge(UInt64(call.readings.count))
    pallet.readings = call.number
    if let (limit, tolerance) = try coldest(pallet.lots, context) {
      let chain = ColdChain(pallet: call.pallet, limit: limit, toleranceSeconds: tolerance)
      for excursion in chain.follow(call.readings, &pallet) { try keep(excursion, context) }
    } else {
      pallet.lastReading = last.time
      pallet.lastValue = last.value
    }
    try context.put(pallets, call.pallet, pallet)
    try record(call.event, call: "readings", context)
    try context.emit("agritrace.readings", RecordChanged(key: call.pallet, version: call.number))
  }

  /// Whether the organisation has the pallet, carries it or is to get it.
  static func isConcerned(
    _ organisation: OrganisationID, with pallet: TracePallet, _ context: QueryContext
  ) throws(ContractError) -> Bool {
    if pallet.holder == organisation { return true }
    guard let id = pallet.shipment else { return false }
    let shipment = try context.require(shipments.records, id).content
    return shipment.carrier == organisation || shipment.consignee == organisation
  }

  /// The strictest limit and tolerance of the lots, or `nil` if none is cooled.
  private static func coldest(_ lots: [LotKey], _ context: QueryContext) throws(ContractError) -> (Int32, UInt32)? {
    var found: (Int32, UInt32)?
    for lot in lots {
      let goods = try context.require(classes.records, try context.require(lotRecords, lot).goodsClass).content
      guard let limit = goods.limit else { continue }
      found = (min(found?.0 ?? limit, limit), min(found?.1 ?? goods.toleranceSeconds, goods.toleranceSeconds))
    }
    return found
  }

  /// One excursion has one record, which grows while it goes on, and one hold.
  private static func keep(_ excursion: ColdExcursion, _ context: ContractContext) throws(ContractError) {
    let key = Pair(excursion.pallet, excursion.crossedAt.rawValue)
    if try context.get(excursions, key) == nil {
      let reference = String(excursion.crossedAt.rawValue)
      try holds.place("excursion", reference: reference, blocking: blocked, on: .pallet(excursion.pallet), context)
    }
    try context.put(excursions, key, excursion)
  }
}
