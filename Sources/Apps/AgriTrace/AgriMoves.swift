public import ChainCore

// Arguments of `AgriTrace` that divide, join, pack, ship and recall goods, and answers.

/// Arguments of `agritrace.split`.
public struct SplitStock: CanonicalRecord, Codable, Hashable {
  /// What is divided.
  public var stock: StockKey
  /// New lots of the same trade item.
  public var parts: [LotPart]
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(stock: StockKey, parts: [LotPart], event: TraceEvent) {
    self.stock = stock
    self.parts = parts
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.stock, \.parts, \.event)
}

/// Arguments of `agritrace.merge`.
public struct MergeStocks: CanonicalRecord, Codable, Hashable {
  /// What is joined, whole.
  public var stocks: [StockKey]
  /// The new lot.
  public var into: LotKey
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(stocks: [StockKey], into: LotKey, event: TraceEvent) {
    self.stocks = stocks
    self.into = into
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.stocks, \.into, \.event)
}

/// Arguments of `agritrace.pack`.
public struct PackPallet: CanonicalRecord, Codable, Hashable {
  /// The pallet.
  public var pallet: SSCC
  /// What goes onto it, from loose stock of the caller.
  public var contents: [StockPart]
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(pallet: SSCC, contents: [StockPart], event: TraceEvent) {
    self.pallet = pallet
    self.contents = contents
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.pallet, \.contents, \.event)
}

/// Arguments of `agritrace.unpack`.
public struct UnpackPallet: CanonicalRecord, Codable, Hashable {
  /// The pallet.
  public var pallet: SSCC
  /// What comes off it.
  public var contents: [LotPart]
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(pallet: SSCC, contents: [LotPart], event: TraceEvent) {
    self.pallet = pallet
    self.contents = contents
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.pallet, \.contents, \.event)
}

/// Arguments of `agritrace.sell` and `destroy`.
public struct EndStock: CanonicalRecord, Codable, Hashable {
  /// The stock.
  public var stock: StockKey
  /// How much.
  public var quantity: UInt64
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(stock: StockKey, quantity: UInt64, event: TraceEvent) {
    self.stock = stock
    self.quantity = quantity
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.stock, \.quantity, \.event)
}

/// Arguments of `agritrace.writeOff`.
public struct WriteOffStock: CanonicalRecord, Codable, Hashable {
  /// The stock.
  public var stock: StockKey
  /// How much.
  public var quantity: UInt64
  /// Why: a code.
  public var reason: String
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(stock: StockKey, quantity: UInt64, reason: String, event: TraceEvent) {
    self.stock = stock
    self.quantity = quantity
    self.reason = reason
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.stock, \.quantity, \.reason, \.event)
}

/// Arguments of `agritrace.ship`.
public struct ShipGoods: CanonicalRecord, Codable, Hashable {
  /// Loose goods.
  public var goods: [StockPart]
  /// Whole pallets.
  public var pallets: [SSCC]
  /// The consignee.
  public var to: OrganisationID
  /// The carrier.
  public var carrier: OrganisationID
  /// The event.
  public var event: TraceEvent
  /// The chain where the consignee receives them; `nil` = this one.
  public var chain: ChainID?
  /// The goods as the source's contract describes them to the destination's; by packet only.
  public var consignment: Consignment?

  /// Puts the fields together.
  public init(
    goods: [StockPart], pallets: [SSCC], to: OrganisationID, carrier: OrganisationID, event: TraceEvent, chain: ChainID? = nil,
    consignment: Consignment? = nil
  ) {
    self.goods = goods
    self.pallets = pallets
    self.to = to
    self.carrier = carrier
    self.event = event
    self.chain = chain
    self.consignment = consignment
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.goods, \.pallets, \.to, \.carrier, \.event, \.chain, \.consignment)
}

/// Arguments of `agritrace.receive`.
public struct ReceiveGoods: CanonicalRecord, Codable, Hashable {
  /// The shipment.
  public var shipment: Digest
  /// What arrived, by line.
  public var quantities: [UInt64]
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(shipment: Digest, quantities: [UInt64], event: TraceEvent) {
    self.shipment = shipment
    self.quantities = quantities
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.shipment, \.quantities, \.event)
}

/// Arguments of `agritrace.settle`; by line, the sums are what is missing.
public struct SettleShipment: CanonicalRecord, Codable, Hashable {
  /// The shipment.
  public var shipment: Digest
  /// What the consignee found after all.
  public var found: [UInt64]
  /// What the shipper has again.
  public var returned: [UInt64]
  /// What is lost.
  public var lost: [UInt64]
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(shipment: Digest, found: [UInt64], returned: [UInt64], lost: [UInt64], event: TraceEvent) {
    self.shipment = shipment
    self.found = found
    self.returned = returned
    self.lost = lost
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.shipment, \.found, \.returned, \.lost, \.event)
}

/// Arguments of `agritrace.recall`.
public struct RecallLot: CanonicalRecord, Codable, Hashable {
  /// The lot.
  public var lot: LotKey
  /// Why: a code.
  public var reason: String
  /// A recall of the chain that the lots came from; by packet only.
  public var copy: CopiedRecall?

  /// Puts the fields together.
  public init(lot: LotKey, reason: String, copy: CopiedRecall? = nil) {
    self.lot = lot
    self.reason = reason
    self.copy = copy
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lot, \.reason, \.copy)
}

/// Arguments of `agritrace.continueRecall`.
public struct RecallCall: CanonicalRecord, Codable, Hashable {
  /// The recall.
  public var recall: Digest

  /// Puts the fields together.
  public init(recall: Digest) {
    self.recall = recall
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.recall)
}

/// Arguments of `agritrace.liftRecall`.
public struct LiftRecall: CanonicalRecord, Codable, Hashable {
  /// The recall.
  public var recall: Digest
  /// The digest of the report that clears it.
  public var reportDigest: Digest

  /// Puts the fields together.
  public init(recall: Digest, reportDigest: Digest) {
    self.recall = recall
    self.reportDigest = reportDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.recall, \.reportDigest)
}

/// Arguments of `agritrace.observe`.
public struct ObserveEvent: CanonicalRecord, Codable, Hashable {
  /// An event that moves nothing.
  public var event: TraceEvent
  /// The lot or pallet that it is about.
  public var about: TraceThing

  /// Puts the fields together.
  public init(event: TraceEvent, about: TraceThing) {
    self.event = event
    self.about = about
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.event, \.about)
}

/// Arguments of `agritrace.correct`.
public struct CorrectEvent: CanonicalRecord, Codable, Hashable {
  /// The id of the event that was wrong.
  public var event: String
  /// The digest of the declaration's bytes.
  public var declaration: Digest
  /// The ids of the events that correct it.
  public var correctiveEvents: [String]

  /// Puts the fields together.
  public init(event: String, declaration: Digest, correctiveEvents: [String]) {
    self.event = event
    self.declaration = declaration
    self.correctiveEvents = correctiveEvents
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.event, \.declaration, \.correctiveEvents)
}

/// What a consumer sees of a lot.
public struct LotView: CanonicalRecord, Codable, Hashable {
  /// Class, maker, site and recalls.
  public var lot: TraceLot
  /// How much was made and what became of it.
  public var batch: Batch
  /// Its state in this block.
  public var state: RecordState
  /// Its inspections.
  public var inspections: [TraceInspection]

  /// Puts the fields together.
  public init(lot: TraceLot, batch: Batch, state: RecordState, inspections: [TraceInspection]) {
    self.lot = lot
    self.batch = batch
    self.state = state
    self.inspections = inspections
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lot, \.batch, \.state, \.inspections)
}
