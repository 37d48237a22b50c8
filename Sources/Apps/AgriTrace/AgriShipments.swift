internal import ChainCore

// Goods from holder to holder. They stay in the shipper's stock, reserved, until they are received.

extension AgriTrace {
  /// How many discrepant shipments a lot may have at a time.
  private static let openLimit = 64

  var shipmentEntries: Entries {
    Entries(entries: [
      Entry("ship", by: .member) { (call: ShipGoods, context) -> Digest in try Self.ship(call, context) },
      Entry("receive", by: .member) { (call: ReceiveGoods, context) in try Self.receive(call, context) },
      Entry("settle", by: .member) { (call: SettleShipment, context) in try Self.settle(call, context) },
    ])
  }

  private static func ship(_ call: ShipGoods, _ context: ContractContext) throws -> Digest {
    if let consignment = call.consignment { return try arrive(call, consignment, context) }
    guard (1...64).contains(call.goods.count + call.pallets.count), Set(call.goods.map(\.stock)).count == call.goods.count,
      Set(call.pallets).count == call.pallets.count
    else { throw ContractError.badArgument("goods, pallets: 1 to 64 different ones") }
    guard call.goods.allSatisfy({ $0.stock.pallet == nil }) else { throw ContractError.badArgument("goods: a pallet is shipped whole") }
    let caller = context.caller.organisation
    var parts = call.goods
    for number in call.pallets {
      let pallet = try context.require(pallets, number)
      guard pallet.holder == caller else { throw ContractError.notAuthorised("\(pallet.holder) has the pallet") }
      guard pallet.shipment == nil else { throw ContractError.notAllowed(state: "inTransit", call: "ship") }
      guard !pallet.lots.isEmpty else { throw ContractError.notAllowed(state: "empty", call: "ship") }
      for lot in pallet.lots {
        let key = StockKey(lot: lot, holder: caller, pallet: number)
        parts.append(StockPart(stock: key, quantity: try context.require(stock.records, key).content.quantity))
      }
    }
    guard parts.count <= 256 else { throw ContractError.limitExceeded("256 lines a shipment") }
    let id = try shipments.newID("Shipment", context)
    for part in parts { try reserve(part, to: call.to, context) }
    guard call.chain != nil || call.to != caller else { throw ContractError.badArgument("to: the shipper has the goods already") }
    for number in call.pallets {
      var pallet = try context.require(pallets, number)
      pallet.shipment = id
      try context.put(pallets, number, pallet)
    }
    let lines = parts.map { ShipmentLine(stock: $0.stock, quantity: $0.quantity, received: 0) }
    let shipment = Shipment(
      consignee: call.to, carrier: call.carrier, lines: lines, pallets: call.pallets, destination: call.chain)
    try shipments.create("ship", id, shipment, state: call.chain.map { _ in "leaving" }, context)
    if let chain = call.chain { try depart(call, id, parts, to: chain, context) }
    try record(call.event, call: "ship", context)
    return id
  }

  private static func reserve(_ part: StockPart, to consignee: OrganisationID, _ context: ContractContext) throws(ContractError) {
    var record = try context.require(stock.records, part.stock)
    guard part.stock.holder == context.caller.organisation else { throw .notAuthorised("\(part.stock.holder) has the goods") }
    let lot = try context.require(lotRecords, part.stock.lot)
    switch try state(of: part.stock, record, context) {
    case "active": break
    case "recalled" where lot.maker == consignee: break
    case let state: throw .notAllowed(state: state.rawValue, call: "ship")
    }
    for id in lot.open where try context.require(shipments.records, id).owner == context.caller.organisation {
      throw .notAllowed(state: "discrepant", call: "ship")
    }
    guard part.quantity > 0, part.quantity <= record.content.quantity - record.content.reserved else {
      throw .badArgument("quantity: 1 to \(record.content.quantity - record.content.reserved) are at hand")
    }
    record.content.reserved += part.quantity
    try stock.rewrite("ship", part.stock, record, context)
  }

  private static func receive(_ call: ReceiveGoods, _ context: ContractContext) throws {
    let shipment = try shipments.move("receive", call.shipment, context) { record in
      guard call.quantities.count == record.content.lines.count else { throw ContractError.badArgument("quantities: one a line") }
      for (index, quantity) in call.quantities.enumerated() {
        guard quantity <= record.content.lines[index].quantity else { throw ContractError.badArgument("quantities: more than was shipped") }
        record.content.lines[index].received = quantity
      }
      if record.content.lines.contains(where: { $0.received < $0.quantity }) { record.state = "discrepant" }
    }
    let consignee = shipment.content.consignee
    for number in shipment.content.pallets {
      var pallet = try context.require(pallets, number)
      pallet.holder = consignee
      pallet.shipment = nil
      try context.put(pallets, number, pallet)
    }
    for line in shipment.content.lines {
      try withdraw(line.quantity, from: line.stock, call: "receive", context)
      let key = StockKey(lot: line.stock.lot, holder: consignee, pallet: line.stock.pallet)
      try give(key, line.received, call: "receive", context)
      if let pallet = line.stock.pallet, line.received == 0 { try leave(pallet, line.stock.lot, context) }
      let missing = line.quantity - line.received
      guard missing > 0 else { continue }
      // What did not arrive waits in the shipper's loose stock, reserved, until it is settled.
      let loose = StockKey(lot: line.stock.lot, holder: shipment.owner, pallet: nil)
      try give(loose, missing, reserved: missing, call: "receive", context)
      var lot = try context.require(lotRecords, line.stock.lot)
      guard !lot.open.contains(call.shipment) else { continue }
      guard lot.open.count < openLimit else { throw ContractError.limitExceeded("\(openLimit) discrepant shipments a lot") }
      lot.open.append(call.shipment)
      try context.put(lotRecords, line.stock.lot, lot)
    }
    try record(call.event, call: "receive", context)
  }

  private static func settle(_ call: SettleShipment, _ context: ContractContext) throws {
    let shipment = try shipments.move("settle", call.shipment, context) { record in
      let lines = record.content.lines
      guard [call.found, call.returned, call.lost].allSatisfy({ $0.count == lines.count }) else {
        throw ContractError.badArgument("found, returned, lost: one a line")
      }
      for (index, line) in lines.enumerated() {
        let sum = try Provenance<String>.sum([call.found[index], call.returned[index], call.lost[index]])
        guard sum == line.quantity - line.received else {
          throw ContractError.badArgument("found, returned, lost: they do not sum to what is missing")
        }
      }
    }
    for (index, line) in shipment.content.lines.enumerated() where line.received < line.quantity {
      let lot = line.stock.lot
      let loose = StockKey(lot: lot, holder: shipment.owner, pallet: nil)
      try withdraw(line.quantity - line.received, from: loose, call: "settle", context)
      try give(loose, call.returned[index], call: "settle", context)
      try give(StockKey(lot: lot, holder: shipment.content.consignee, pallet: nil), call.found[index], call: "settle", context)
      if call.lost[index] > 0 { try lots.end(BatchPart(batch: lot, quantity: call.lost[index]), as: .writtenOff, context) }
      var record = try context.require(lotRecords, lot)
      record.open.removeAll { $0 == call.shipment }
      try context.put(lotRecords, lot, record)
    }
    try record(call.event, call: "settle", context)
  }

  /// Takes reserved goods out of stock.
  static func withdraw(
    _ quantity: UInt64, from key: StockKey, call: EntryName, leaving: RecordState = "consumed", _ context: ContractContext
  ) throws(ContractError) {
    var record = try context.require(stock.records, key)
    guard quantity <= record.content.reserved, quantity <= record.content.quantity else { throw .unexpected }
    record.content.quantity -= quantity
    record.content.reserved -= quantity
    if record.content.quantity == 0 { record.state = leaving }
    try stock.rewrite(call, key, record, context)
  }
}
