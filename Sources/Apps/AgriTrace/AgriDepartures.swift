public import ChainCore

// Goods between chains: the source reserves them and sends a packet, the destination creates them, and its acknowledgement makes the
// source's `away`; failure or timeout restores them. So one chain holds a thing at a time.

extension AgriTrace {
  /// Sends goods that were reserved for shipment `id`; the packet is this very call, with all that the destination has to know.
  static func depart(_ call: ShipGoods, _ id: Digest, _ parts: [StockPart], to chain: ChainID, _ context: ContractContext) throws {
    guard chain != context.chain else { throw ContractError.badArgument("chain: the goods are on it already") }
    var consigned: [ConsignedLot] = []
    for key in Set(parts.map(\.stock.lot)).sorted(by: { $0.keyBytes.lexicographicallyPrecedes($1.keyBytes) }) {
      let lot = try context.require(lotRecords, key)
      var recallsInForce: [RecallOrigin] = []
      for recall in lot.recalls {
        let record = try context.require(recalls.records, recall)
        guard record.state != "lifted" else { continue }
        recallsInForce.append(origin(of: recall, record.content))
      }
      consigned.append(
        ConsignedLot(
          lot: key, goodsClass: lot.goodsClass, unit: try context.require(lots.batches, key).unit, maker: lot.maker, site: lot.site,
          birthplace: lot.birthplace ?? context.chain, recalls: recallsInForce))
    }
    for part in parts {
      let place = Pair(part.stock.lot, chain)
      try context.put(abroad, place, try Provenance<String>.sum([try context.get(abroad, place) ?? 0, part.quantity]))
    }
    var onPallets: [ConsignedPallet] = []
    for number in call.pallets {
      let pallet = try context.require(pallets, number)
      onPallets.append(
        ConsignedPallet(
          pallet: number, readings: pallet.readings, lastReading: pallet.lastReading, lastValue: pallet.lastValue,
          warmest: pallet.warmest, warmSince: pallet.warmSince))
    }
    let consignment = Consignment(shipment: id, lines: parts, lots: consigned, pallets: onPallets)
    let payload = ShipGoods(
      goods: [], pallets: [], to: call.to, carrier: call.carrier, event: call.event, chain: chain, consignment: consignment)
    try send("ship", payload, to: chain, about: .shipment(id), context)
  }

  static func send(
    _ call: EntryName, _ arguments: some CanonicalCodable, to chain: ChainID, about: SentAbout, _ context: ContractContext
  ) throws(ContractError) {
    let sent = try context.send(OutgoingPacket(to: chain, port: name, call: call, payload: arguments.canonicalBytes))
    try context.put(underWay, Pair(chain, sent.sequence), about)
  }

  /// The chain whose `agritrace` sent this call.
  /// - Throws: `.badArgument` for a call that came otherwise: what only the contract itself may say was said by somebody else.
  static func sourceChain(_ field: String, _ context: ContractContext) throws(ContractError) -> ChainID {
    guard case .remote(let chain, let port) = context.caller.origin, port == name else {
      throw .badArgument("\(field): only the contract of another chain fills it in")
    }
    return chain
  }

  /// Takes in goods of another chain: they are the shipper's, reserved, until the consignee receives them.
  static func arrive(_ call: ShipGoods, _ consignment: Consignment, _ context: ContractContext) throws -> Digest {
    let source = try sourceChain("consignment", context)
    let shipper = context.caller.organisation
    guard call.chain == context.chain, call.goods.isEmpty, call.pallets.isEmpty else {
      throw ContractError.badArgument("consignment: it is for another chain")
    }
    let lines = consignment.lines
    let (numbers, keys) = (consignment.pallets.map(\.pallet), consignment.lots.map(\.lot))
    guard (1...256).contains(lines.count), Set(lines.map(\.stock)).count == lines.count, numbers.count <= 64,
      Set(numbers).count == numbers.count, Set(keys).count == keys.count, Set(keys) == Set(lines.map(\.stock.lot)),
      Set(lines.compactMap(\.stock.pallet)) == Set(numbers), lines.allSatisfy({ $0.stock.holder == shipper && $0.quantity > 0 })
    else { throw ContractError.badArgument("consignment: lines, lots and pallets do not fit together") }
    for lot in consignment.lots {
      let quantity = try Provenance<String>.sum(lines.filter { $0.stock.lot == lot.lot }.map(\.quantity))
      try takeIn(lot, quantity, from: source, context)
    }
    for pallet in consignment.pallets {
      try takeIn(pallet, lines.filter { $0.stock.pallet == pallet.pallet }.map(\.stock.lot), consignment.shipment, context)
    }
    for line in lines { try give(line.stock, line.quantity, reserved: line.quantity, call: "ship", context) }
    let shipment = Shipment(
      consignee: call.to, carrier: call.carrier, lines: lines.map { ShipmentLine(stock: $0.stock, quantity: $0.quantity, received: 0) },
      pallets: numbers, source: source)
    try shipments.create("ship", consignment.shipment, shipment, context)
    try record(call.event, call: "ship", context)
    return consignment.shipment
  }

  /// A lot that is born elsewhere, or comes back; never one that was born here under the same number.
  private static func takeIn(_ new: ConsignedLot, _ quantity: UInt64, from source: ChainID, _ context: ContractContext) throws {
    try new.lot.check()
    let goods = try context.require(classes.records, new.goodsClass)
    guard goods.content.unit == new.unit else {
      throw ContractError.badArgument("consignment: \(new.goodsClass) is counted in another unit")
    }
    let batch = NewBatch(batch: new.lot, item: new.lot.gtin.text, unit: new.unit, quantity: quantity)
    var lot: TraceLot
    if let known = try context.get(lotRecords, new.lot) {
      guard known.birthplace ?? context.chain == new.birthplace, known.maker == new.maker, known.goodsClass == new.goodsClass else {
        throw ContractError.alreadyExists
      }
      lot = known
    } else {
      guard new.birthplace != context.chain else { throw ContractError.notFound }
      lot = TraceLot(
        goodsClass: new.goodsClass, maker: new.maker, site: new.site, recalls: [], open: [], birthplace: new.birthplace)
    }
    try lots.arrive(batch, context)
    if new.birthplace == context.chain {
      // No more of a lot comes home than went away.
      let home = try context.require(lots.batches, new.lot)
      guard home.arrived <= home.away else { throw ContractError.badArgument("consignment: more of \(new.lot.lot) than went away") }
    }
    guard new.recalls.count <= recallLimit else { throw ContractError.limitExceeded("\(recallLimit) recalls a lot") }
    for recall in new.recalls where !lot.recalls.contains(recall.recall) {
      if try context.get(recalls.records, recall.recall) == nil {
        let content = TraceRecall(lot: recall.lot, maker: recall.maker, reason: recall.reason, reached: 0, frontier: [])
        try recalls.insert("recall", recall.recall, content, state: "complete", context)
      }
      try mark(&lot, recall.recall)
    }
    try context.put(lotRecords, new.lot, lot)
    let place = Pair(new.lot, source)
    try context.put(arrivals, place, try Provenance<String>.sum([try context.get(arrivals, place) ?? 0, quantity]))
  }

  private static func takeIn(
    _ new: ConsignedPallet, _ lots: [LotKey], _ shipment: Digest, _ context: ContractContext
  ) throws(ContractError) {
    if let known = try context.get(pallets, new.pallet) {
      guard known.lots.isEmpty else { throw .alreadyExists }
    }
    try context.put(
      pallets, new.pallet,
      TracePallet(
        holder: context.caller.organisation, lots: lots, shipment: shipment, readings: new.readings, lastReading: new.lastReading,
        lastValue: new.lastValue, warmest: new.warmest, warmSince: new.warmSince))
  }

  /// Learns how a packet ended.
  public func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws {
    let place = Pair(packet.destination, packet.packet.sequence)
    guard let about = try context.get(Self.underWay, place) else { return }
    try context.remove(Self.underWay, place)
    var isDone = false
    if case .succeeded = packet.outcome { isDone = true }
    switch about {
    case .shipment(let id): try Self.settled(shipment: id, isDone, context)
    case .recall(let id, let number): try Self.settled(recall: id, copy: number, isDone, context)
    case .prefix(let prefix): try Self.settled(prefix: prefix, isDone, context)
    }
  }

  /// The other chain has the goods, or this one has them again.
  private static func settled(shipment id: Digest, _ isAway: Bool, _ context: ContractContext) throws(ContractError) {
    var record = try context.require(shipments.records, id)
    guard record.state == "leaving", let chain = record.content.destination else { throw .unexpected }
    for line in record.content.lines {
      if isAway {
        try withdraw(line.quantity, from: line.stock, call: "ship", leaving: "away", context)
        try lots.end(BatchPart(batch: line.stock.lot, quantity: line.quantity), as: .away, context)
      } else {
        var stocked = try context.require(stock.records, line.stock)
        guard line.quantity <= stocked.content.reserved else { throw .unexpected }
        stocked.content.reserved -= line.quantity
        try stock.rewrite("ship", line.stock, stocked, context)
        let place = Pair(line.stock.lot, chain)
        let gone = try context.require(abroad, place)
        if gone == line.quantity { try context.remove(abroad, place) } else { try context.put(abroad, place, gone - line.quantity) }
      }
    }
    for number in record.content.pallets {
      var pallet = try context.require(pallets, number)
      pallet.shipment = nil
      if isAway {
        pallet.lots = []
        pallet.away = chain
      }
      try context.put(pallets, number, pallet)
    }
    record.state = isAway ? "away" : "restored"
    try shipments.rewrite("ship", id, record, context)
    try context.emit("agritrace.\(record.state)", RecordChanged(key: id, version: record.version + 1))
  }

  /// A prefix that the registering chain took is good from now on; one that it refused is forgotten here.
  private static func settled(prefix: String, _ isTaken: Bool, _ context: ContractContext) throws(ContractError) {
    guard var record = try context.get(prefixes, prefix), !record.isConfirmed else { return }
    guard isTaken else { return try context.remove(prefixes, prefix) }
    record.isConfirmed = true
    try context.put(prefixes, prefix, record)
  }

  /// Registers a prefix: here, or on the chain that registers them for all, whose answer makes it good.
  static func register(prefix: String, of call: RegisterSite, _ context: ContractContext) throws(ContractError) {
    var chain = context.chain
    if case .remote(let source, let port) = context.caller.origin {
      guard port == name else { throw .notAuthorised("prefixes are registered by regulators, here or by the contract of their chain") }
      chain = source
    }
    if let known = try context.get(prefixes, prefix) {
      guard known.chain == chain, known.organisation == call.organisation else { throw .alreadyExists }
      return
    }
    let registry = try context.get(configuration, SingleKey())?.prefixRegistry
    let asks = registry.map { $0 != context.chain } ?? false
    guard !asks || chain == context.chain else { throw .notSupported("prefixes of other chains: they are registered on another chain") }
    try context.put(prefixes, prefix, PrefixRecord(chain: chain, organisation: call.organisation, isConfirmed: !asks))
    if asks, let registry { try send("registerSite", call, to: registry, about: .prefix(prefix), context) }
  }
}
