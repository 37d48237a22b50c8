internal import ChainCore

// Stock: how it comes into being, is divided, joined, packed and ended.

extension AgriTrace {
  var stockEntries: Entries {
    Entries(entries: [
      Entry("commission", by: Self.stock.access("commission")) { (call: CommissionLot, context) in try Self.commission(call, context) },
      Entry("transform", by: .member) { (call: TransformStock, context) in try Self.transform(call, context) },
      Entry("split", by: .member) { (call: SplitStock, context) in
        let lot = try Self.take(call.stock, try Provenance<String>.sum(call.parts.map(\.quantity)), call: "split", isLoose: true, context)
        guard call.parts.allSatisfy({ $0.lot.gtin == call.stock.lot.gtin }) else {
          throw ContractError.badArgument("parts: a split keeps the trade item")
        }
        try Self.lots.split(call.stock.lot, into: call.parts.map { BatchPart(batch: $0.lot, quantity: $0.quantity) }, context)
        for part in call.parts { try Self.open(part.lot, lot, quantity: part.quantity, call: "split", context) }
        try Self.record(call.event, call: "split", context)
      },
      Entry("merge", by: .member) { (call: MergeStocks, context) in try Self.merge(call, context) },
      Entry("pack", by: .member) { (call: PackPallet, context) in try Self.pack(call, context) },
      Entry("unpack", by: .member) { (call: UnpackPallet, context) in try Self.unpack(call, context) },
      Entry("sell", by: .member) { (call: EndStock, context) in
        try Self.end(call.stock, call.quantity, as: .consumed, call: "sell", context)
        try Self.record(call.event, call: "sell", context)
      },
      Entry("writeOff", by: .member) { (call: WriteOffStock, context) in
        try Arguments.check(code: call.reason, "reason")
        try Self.end(call.stock, call.quantity, as: .writtenOff, call: "writeOff", context)
        try Self.record(call.event, call: "writeOff", context)
      },
      Entry("destroy", by: .member) { (call: EndStock, context) in
        try Self.end(call.stock, call.quantity, as: .destroyed, call: "destroy", context)
        try Self.record(call.event, call: "destroy", context)
      },
    ])
  }

  /// The state that counts: what is left may be recalled or held with its lot or pallet.
  static func state(of key: StockKey, _ record: Registered<TraceStock>, _ context: QueryContext) throws(ContractError) -> RecordState {
    guard record.content.quantity > 0 else { return record.state }
    let lot = try flags(of: key.lot, context)
    if lot.isRecalled { return "recalled" }
    if lot.isHeld { return "held" }
    guard let pallet = key.pallet, try holds.first(on: .pallet(pallet), context) != nil else { return "active" }
    return "held"
  }

  /// Whether a lot is in a recall, and whether it is held.
  static func flags(of lot: LotKey, _ context: QueryContext) throws(ContractError) -> (isRecalled: Bool, isHeld: Bool) {
    let record = try context.require(lotRecords, lot)
    for id in record.recalls where try context.require(recalls.records, id).state != "lifted" { return (true, false) }
    return (false, try holds.first(on: .lot(lot), context) != nil)
  }

  private static func commission(_ call: CommissionLot, _ context: ContractContext) throws {
    try call.lot.check()
    let goods = try context.require(classes.records, call.goodsClass)
    let site = try context.require(sites.records, call.site)
    let caller = context.caller.organisation
    guard try context.get(lotRecords, call.lot) == nil else { throw ContractError.alreadyExists }
    guard site.content.organisation == caller, site.state == "active" else {
      throw ContractError.notAuthorised("site \(call.site) is not an active site of \(caller)")
    }
    guard try isNumbered(call.lot.gtin, by: caller, context) else {
      throw ContractError.notAuthorised("the trade item is not numbered under a prefix of \(caller)")
    }
    try lots.add(NewBatch(batch: call.lot, item: call.lot.gtin.text, unit: goods.content.unit, quantity: call.quantity), context)
    try context.put(lotRecords, call.lot, TraceLot(goodsClass: call.goodsClass, maker: caller, site: call.site, recalls: [], open: []))
    try stock.create(
      "commission", StockKey(lot: call.lot, holder: caller, pallet: nil), TraceStock(quantity: call.quantity, reserved: 0), context)
    try record(call.event, call: "commission", context)
  }

  /// Whether the trade item number, behind its indicator digit, begins with a prefix of the organisation.
  private static func isNumbered(_ gtin: GTIN, by organisation: OrganisationID, _ context: QueryContext) throws(ContractError) -> Bool {
    let digits = gtin.text.dropFirst()
    for count in 4...12 {
      guard let found = try context.get(prefixes, String(digits.prefix(count))) else { continue }
      if found.organisation == organisation, found.chain == context.chain, found.isConfirmed { return true }
    }
    return false
  }

  /// Takes a quantity from stock of the caller that is not under way.
  ///
  /// Order: existence, relation, state, guards. The lot's own account is the caller's to write.
  @discardableResult
  static func take(
    _ key: StockKey, _ quantity: UInt64, call: EntryName, isLoose: Bool = false, leaving: RecordState = "consumed",
    _ context: ContractContext
  ) throws -> TraceLot {
    let found = try context.require(stock.records, key)
    try stock.move(call, key, state: try state(of: key, found, context), context) { record in
      guard !isLoose || key.pallet == nil else { throw ContractError.badArgument("stock: it is on a pallet; unpack it first") }
      guard quantity > 0, quantity <= record.content.quantity - record.content.reserved else {
        throw ContractError.badArgument("quantity: 1 to \(record.content.quantity - record.content.reserved) are at hand")
      }
      record.content.quantity -= quantity
      if record.content.quantity == 0 { record.state = leaving }
    }
    if let pallet = key.pallet, found.content.quantity == quantity { try leave(pallet, key.lot, context) }
    return try context.require(lotRecords, key.lot)
  }

  /// A lot of which nothing is left on a pallet.
  static func leave(_ number: SSCC, _ lot: LotKey, _ context: ContractContext) throws(ContractError) {
    var pallet = try context.require(pallets, number)
    pallet.lots.removeAll { $0 == lot }
    try context.put(pallets, number, pallet)
  }

  /// Adds to a holder's stock of a lot, which is there or not.
  static func give(
    _ key: StockKey, _ quantity: UInt64, reserved: UInt64 = 0, call: EntryName, _ context: ContractContext
  ) throws(ContractError) {
    guard quantity > 0 else { return }
    guard var record = try context.get(stock.records, key) else {
      try stock.insert(
        call, key, TraceStock(quantity: quantity, reserved: reserved), state: "active", owner: key.holder, context)
      return
    }
    record.content.quantity = try Provenance<String>.sum([record.content.quantity, quantity])
    record.content.reserved = try Provenance<String>.sum([record.content.reserved, reserved])
    record.state = "active"
    try stock.rewrite(call, key, record, context)
  }

  /// A new lot, loose with the caller; its account stands in `lots` already.
  private static func open(
    _ lot: LotKey, _ record: TraceLot, quantity: UInt64, call: EntryName, _ context: ContractContext
  ) throws(ContractError) {
    try lot.check()
    var record = record
    record.recalls = []
    record.open = []
    try context.put(lotRecords, lot, record)
    try give(StockKey(lot: lot, holder: context.caller.organisation, pallet: nil), quantity, call: call, context)
  }

  private static func transform(_ call: TransformStock, _ context: ContractContext) throws {
    guard !call.outputs.isEmpty, !call.inputs.isEmpty else { throw ContractError.badArgument("inputs, outputs: at least one each") }
    guard Set(call.inputs.map(\.stock.lot)).count == call.inputs.count else { throw ContractError.badArgument("inputs: a lot is repeated") }
    var site: GLN?
    var inputs: [(goodsClass: String, quantity: UInt64)] = []
    for input in call.inputs {
      let lot = try take(input.stock, input.quantity, call: "transform", isLoose: true, context)
      inputs.append((lot.goodsClass, input.quantity))
      site = site ?? lot.site
    }
    guard let site = call.event.place ?? site else { throw ContractError.unexpected }
    var new: [NewBatch<LotKey>] = []
    var totals: [String: UInt64] = [:]
    for output in call.outputs {
      let goods = try context.require(classes.records, output.goodsClass)
      new.append(NewBatch(batch: output.lot, item: output.lot.gtin.text, unit: goods.content.unit, quantity: output.quantity))
      totals[output.goodsClass] = try Provenance<String>.sum([totals[output.goodsClass] ?? 0, output.quantity])
    }
    for (goodsClass, total) in totals.sorted(by: { $0.key < $1.key }) {
      let ratios = try context.require(classes.records, goodsClass).content.ratios
      guard try isPossible(total, from: inputs, ratios) else {
        throw ContractError.badArgument("outputs: more of \(goodsClass) than the inputs can give")
      }
    }
    let parts = call.inputs.map { BatchPart(batch: $0.stock.lot, quantity: $0.quantity) }
    try lots.transform(parts, into: new, context) { _, _ in }
    for output in call.outputs {
      let lot = TraceLot(goodsClass: output.goodsClass, maker: context.caller.organisation, site: site, recalls: [], open: [])
      try open(output.lot, lot, quantity: output.quantity, call: "transform", context)
    }
    try record(call.event, call: "transform", context)
  }

  /// Whether total ≤ Σ input × ratio, exactly. Every input has a ratio.
  private static func isPossible(
    _ total: UInt64, from inputs: [(goodsClass: String, quantity: UInt64)], _ ratios: [InputRatio]
  ) throws(ContractError) -> Bool {
    var top: UInt128 = 0
    var bottom: UInt128 = 1
    for input in inputs {
      guard let ratio = ratios.first(where: { $0.input == input.goodsClass }) else { return false }
      let (left, first) = top.multipliedReportingOverflow(by: UInt128(ratio.denominator))
      let (right, second) = (UInt128(input.quantity) * UInt128(ratio.numerator)).multipliedReportingOverflow(by: bottom)
      let (sum, third) = left.addingReportingOverflow(right)
      let (product, fourth) = bottom.multipliedReportingOverflow(by: UInt128(ratio.denominator))
      guard !first, !second, !third, !fourth else { throw .overflow }
      let divisor = gcd(sum, product)
      (top, bottom) = (sum / divisor, product / divisor)
    }
    let (wanted, overflow) = UInt128(total).multipliedReportingOverflow(by: bottom)
    guard !overflow else { throw .overflow }
    return wanted <= top
  }

  private static func gcd(_ first: UInt128, _ second: UInt128) -> UInt128 {
    var (first, second) = (first, second)
    while second > 0 { (first, second) = (second, first % second) }
    return max(first, 1)
  }

  private static func merge(_ call: MergeStocks, _ context: ContractContext) throws {
    guard Set(call.stocks).count == call.stocks.count else { throw ContractError.badArgument("stocks: one is repeated") }
    var parts: [BatchPart<LotKey>] = []
    var merged: TraceLot?
    for key in call.stocks {
      let quantity = try context.require(stock.records, key).content.quantity
      let lot = try take(key, quantity, call: "merge", isLoose: true, context)
      guard key.lot.gtin == call.into.gtin, merged?.goodsClass ?? lot.goodsClass == lot.goodsClass else {
        throw ContractError.badArgument("stocks: only goods of one trade item and class merge")
      }
      // Goods of several makers are from now on those of who joined them.
      var joined = merged ?? lot
      if joined.maker != lot.maker { joined.maker = context.caller.organisation }
      merged = joined
      parts.append(BatchPart(batch: key.lot, quantity: quantity))
    }
    guard let merged else { throw ContractError.badArgument("stocks: at least one is expected") }
    try lots.merge(parts, into: call.into, context)
    try open(call.into, merged, quantity: try Provenance<String>.sum(parts.map(\.quantity)), call: "merge", context)
    try record(call.event, call: "merge", context)
  }

  private static func pack(_ call: PackPallet, _ context: ContractContext) throws {
    guard (1...64).contains(call.contents.count) else { throw ContractError.badArgument("contents: 1 to 64 lots") }
    let caller = context.caller.organisation
    let found = try context.get(pallets, call.pallet)
    for part in call.contents { try take(part.stock, part.quantity, call: "pack", isLoose: true, context) }
    var pallet =
      found
      ?? TracePallet(
        holder: caller, lots: [], shipment: nil, readings: 0, lastReading: nil, lastValue: 0, warmest: .min, warmSince: nil)
    if let chain = pallet.away { throw ContractError.notAllowed(state: "away on \(chain)", call: "pack") }
    guard pallet.holder == caller || pallet.lots.isEmpty else { throw ContractError.notAuthorised("\(pallet.holder) has the pallet") }
    guard pallet.shipment == nil else { throw ContractError.notAllowed(state: "inTransit", call: "pack") }
    if pallet.lots.isEmpty {
      // An emptied pallet begins anew: its temperature was that of other goods.
      pallet.holder = caller
      pallet.lastReading = nil
      pallet.warmSince = nil
    }
    for part in call.contents where !pallet.lots.contains(part.stock.lot) { pallet.lots.append(part.stock.lot) }
    guard pallet.lots.count <= 64 else { throw ContractError.limitExceeded("64 lots a pallet") }
    try context.put(pallets, call.pallet, pallet)
    for part in call.contents {
      try give(StockKey(lot: part.stock.lot, holder: caller, pallet: call.pallet), part.quantity, call: "pack", context)
    }
    try record(call.event, call: "pack", context)
  }

  private static func unpack(_ call: UnpackPallet, _ context: ContractContext) throws {
    guard (1...64).contains(call.contents.count) else { throw ContractError.badArgument("contents: 1 to 64 lots") }
    let pallet = try context.require(pallets, call.pallet)
    let caller = context.caller.organisation
    guard pallet.holder == caller else { throw ContractError.notAuthorised("\(pallet.holder) has the pallet") }
    guard pallet.shipment == nil else { throw ContractError.notAllowed(state: "inTransit", call: "unpack") }
    for part in call.contents {
      try take(StockKey(lot: part.lot, holder: caller, pallet: call.pallet), part.quantity, call: "unpack", context)
      try give(StockKey(lot: part.lot, holder: caller, pallet: nil), part.quantity, call: "unpack", context)
    }
    try record(call.event, call: "unpack", context)
  }

  private static func end(
    _ key: StockKey, _ quantity: UInt64, as ending: Provenance<LotKey>.Ending, call: EntryName, _ context: ContractContext
  ) throws {
    try take(key, quantity, call: call, leaving: ending == .destroyed ? "destroyed" : "consumed", context)
    try lots.end(BatchPart(batch: key.lot, quantity: quantity), as: ending, context)
  }
}
