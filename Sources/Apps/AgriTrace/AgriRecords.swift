public import ChainCore

// What `AgriTrace` keeps.

/// How much of a class may come out of one unit of another: output × denominator ≤ input × numerator.
public struct InputRatio: CanonicalRecord, Codable, Hashable {
  /// The class that goes in.
  public var input: String
  /// Units out,
  public var numerator: UInt64
  /// for so many units in.
  public var denominator: UInt64

  /// Puts the fields together.
  public init(input: String, numerator: UInt64, denominator: UInt64) {
    self.input = input
    self.numerator = numerator
    self.denominator = denominator
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.input, \.numerator, \.denominator)
}

/// A class of goods: unit, what it may be made of, and how cold it must stay.
public struct GoodsClass: CanonicalRecord, Codable, Hashable {
  /// The unit that quantities are counted in, such as `g` or `piece`.
  public var unit: String
  /// What it may be made of.
  public var ratios: [InputRatio]
  /// The greatest temperature, in 0.1 °C; `nil` = not cooled.
  public var limit: Int32?
  /// How long it may be warmer, in seconds.
  public var toleranceSeconds: UInt32

  /// Puts the fields together.
  public init(unit: String, ratios: [InputRatio], limit: Int32?, toleranceSeconds: UInt32) {
    self.unit = unit
    self.ratios = ratios
    self.limit = limit
    self.toleranceSeconds = toleranceSeconds
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.unit, \.ratios, \.limit, \.toleranceSeconds)
}

/// A place of an organisation, by its location number.
public struct TraceSite: CanonicalRecord, Codable, Hashable {
  /// Whose it is.
  public var organisation: OrganisationID
  /// The prefix under which the organisation numbers its goods.
  public var gs1Prefix: String?
  /// The division, six digits.
  public var division: String

  /// Puts the fields together.
  public init(organisation: OrganisationID, gs1Prefix: String?, division: String) {
    self.organisation = organisation
    self.gs1Prefix = gs1Prefix
    self.division = division
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.organisation, \.gs1Prefix, \.division)
}

/// A lot: trade item number and lot number.
public struct LotKey: CanonicalRecord, OrderedKey, Codable {
  /// The trade item number, 14 digits.
  public var gtin: GTIN
  /// The lot number, 1 to 20 characters.
  public var lot: String

  /// Puts the fields together.
  public init(gtin: GTIN, lot: String) {
    self.gtin = gtin
    self.lot = lot
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.gtin, \.lot)

  /// Appends the parts.
  public func encodeKey(into bytes: inout [UInt8]) {
    gtin.encodeKey(into: &bytes)
    lot.encodeKey(into: &bytes)
  }

  /// Reads the parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let gtin = GTIN(key: &bytes), let lot = String(key: &bytes) else { return nil }
    self.init(gtin: gtin, lot: lot)
  }

  func check() throws(ContractError) {
    // GS1 AI (10): 1 to 20 characters of set 82.
    let punctuation = Array("!\"%&'()*+,-./:;<=>?_".utf8)
    let isFine = lot.utf8.allSatisfy { byte in CheckCharacters.isCode(byte) || punctuation.contains(byte) }
    guard (1...20).contains(lot.utf8.count), isFine else { throw .badArgument("lot: 1 to 20 characters of GS1 set 82") }
    guard !CitizenNumber.occurs(in: lot) else { throw .badArgument("lot: a citizen number must not stand on chain") }
  }
}

/// What holds for all stock of a lot, wherever it is.
public struct TraceLot: CanonicalRecord, Codable, Hashable {
  /// The class of goods.
  public var goodsClass: String
  /// Who made it.
  public var maker: OrganisationID
  /// Where.
  public var site: GLN
  /// The recalls that reached it, lifted or not.
  public var recalls: [Digest]
  /// Its shipments that are discrepant.
  public var open: [Digest]
  /// The chain where it was born; `nil` = this one.
  public var birthplace: ChainID?

  /// Puts the fields together.
  public init(
    goodsClass: String, maker: OrganisationID, site: GLN, recalls: [Digest], open: [Digest], birthplace: ChainID? = nil
  ) {
    self.goodsClass = goodsClass
    self.maker = maker
    self.site = site
    self.recalls = recalls
    self.open = open
    self.birthplace = birthplace
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.goodsClass, \.maker, \.site, \.recalls, \.open, \.birthplace)
}

/// Goods of one lot with one holder, loose or on one pallet.
public struct StockKey: CanonicalRecord, OrderedKey, Codable {
  /// The lot.
  public var lot: LotKey
  /// Who has them.
  public var holder: OrganisationID
  /// The pallet they are on; `nil` = loose.
  public var pallet: SSCC?

  /// Puts the fields together.
  public init(lot: LotKey, holder: OrganisationID, pallet: SSCC?) {
    self.lot = lot
    self.holder = holder
    self.pallet = pallet
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lot, \.holder, \.pallet)

  /// Appends the parts; loose goods sort before those on pallets.
  public func encodeKey(into bytes: inout [UInt8]) {
    lot.encodeKey(into: &bytes)
    holder.encodeKey(into: &bytes)
    (pallet?.text ?? "").encodeKey(into: &bytes)
  }

  /// Reads the parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let lot = LotKey(key: &bytes), let holder = OrganisationID(key: &bytes), let text = String(key: &bytes) else { return nil }
    guard !text.isEmpty else {
      self.init(lot: lot, holder: holder, pallet: nil)
      return
    }
    guard let pallet = try? SSCC(text) else { return nil }
    self.init(lot: lot, holder: holder, pallet: pallet)
  }
}

/// How much there is.
public struct TraceStock: CanonicalRecord, Codable, Hashable {
  /// How much, in the class's unit.
  public var quantity: UInt64
  /// How much of it is under way to a consignee.
  public var reserved: UInt64

  /// Puts the fields together.
  public init(quantity: UInt64, reserved: UInt64) {
    self.quantity = quantity
    self.reserved = reserved
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.quantity, \.reserved)
}

/// A pallet and what is on it.
public struct TracePallet: CanonicalRecord, Codable, Hashable {
  /// Who has it.
  public var holder: OrganisationID
  /// The lots on it.
  public var lots: [LotKey]
  /// The shipment that it is in.
  public var shipment: Digest?
  /// The number of the last batch of readings.
  public var readings: UInt64
  /// The time of the last reading.
  public var lastReading: BlockTime?
  /// The last reading, in 0.1 °C.
  public var lastValue: Int32
  /// The greatest reading since it is above the limit, in 0.1 °C.
  public var warmest: Int32
  /// Since when it is above the limit.
  public var warmSince: BlockTime?
  /// The chain that it went to.
  public var away: ChainID?

  /// Puts the fields together.
  public init(
    holder: OrganisationID, lots: [LotKey], shipment: Digest?, readings: UInt64, lastReading: BlockTime?, lastValue: Int32, warmest: Int32,
    warmSince: BlockTime?, away: ChainID? = nil
  ) {
    self.holder = holder
    self.lots = lots
    self.shipment = shipment
    self.readings = readings
    self.lastReading = lastReading
    self.lastValue = lastValue
    self.warmest = warmest
    self.warmSince = warmSince
    self.away = away
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.holder, \.lots, \.shipment, \.readings, \.lastReading, \.lastValue, \.warmest, \.warmSince, \.away)
}

/// An EPCIS 2.0 event as far as the chain needs it; the bytes stay off chain.
public struct TraceEvent: CanonicalRecord, Codable, Hashable {
  /// The event's id.
  public var id: String
  /// Its type, such as `ObjectEvent`.
  public var type: String
  /// `ADD`, `OBSERVE`, `DELETE`, or empty for transformations.
  public var action: String
  /// The business step.
  public var step: String
  /// The disposition, or empty.
  public var disposition: String
  /// Where.
  public var place: GLN?
  /// When.
  public var time: BlockTime
  /// The digest of the JSON bytes as submitted.
  public var digest: Digest

  /// Puts the fields together.
  public init(id: String, type: String, action: String, step: String, disposition: String, place: GLN?, time: BlockTime, digest: Digest) {
    self.id = id
    self.type = type
    self.action = action
    self.step = step
    self.disposition = disposition
    self.place = place
    self.time = time
    self.digest = digest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.id, \.type, \.action, \.step, \.disposition, \.place, \.time, \.digest)
}

/// An event and what the chain did with it.
public struct RecordedEvent: CanonicalRecord, Codable, Hashable {
  /// The event.
  public var event: TraceEvent
  /// The call that carried it.
  public var call: EntryName
  /// The digest of the declaration that it was wrong.
  public var declaration: Digest?
  /// The ids of the events that correct it.
  public var corrections: [String]

  /// Puts the fields together.
  public init(event: TraceEvent, call: EntryName, declaration: Digest?, corrections: [String]) {
    self.event = event
    self.call = call
    self.declaration = declaration
    self.corrections = corrections
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.event, \.call, \.declaration, \.corrections)
}

/// Goods in a shipment.
public struct ShipmentLine: CanonicalRecord, Codable, Hashable {
  /// The shipper's stock that they come from.
  public var stock: StockKey
  /// How much was shipped.
  public var quantity: UInt64
  /// How much arrived.
  public var received: UInt64

  /// Puts the fields together.
  public init(stock: StockKey, quantity: UInt64, received: UInt64) {
    self.stock = stock
    self.quantity = quantity
    self.received = received
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.stock, \.quantity, \.received)
}

/// Goods under way; they stay in the shipper's stock, reserved, until they are received. The shipper is the record's owner.
///
/// To another chain they go from `leaving` to `away`, or to `restored` if that chain did not take them; there a shipment of the same id
/// begins, `inTransit`.
public struct Shipment: CanonicalRecord, Codable, Hashable {
  /// To whom.
  public var consignee: OrganisationID
  /// By whom.
  public var carrier: OrganisationID
  /// The goods, by stock.
  public var lines: [ShipmentLine]
  /// The whole pallets among them.
  public var pallets: [SSCC]
  /// The chain that they go to, or went to.
  public var destination: ChainID?
  /// The chain that they came from.
  public var source: ChainID?

  /// Puts the fields together.
  public init(
    consignee: OrganisationID, carrier: OrganisationID, lines: [ShipmentLine], pallets: [SSCC], destination: ChainID? = nil,
    source: ChainID? = nil
  ) {
    self.consignee = consignee
    self.carrier = carrier
    self.lines = lines
    self.pallets = pallets
    self.destination = destination
    self.source = source
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.consignee, \.carrier, \.lines, \.pallets, \.destination, \.source)
}

/// A recall of a lot and of all that was made of it.
public struct TraceRecall: CanonicalRecord, Codable, Hashable {
  /// The lot.
  public var lot: LotKey
  /// Who made it.
  public var maker: OrganisationID
  /// Why: a code.
  public var reason: String
  /// How many lots it has reached.
  public var reached: UInt64
  /// Where the walk to further lots goes on.
  public var frontier: [WalkPoint<LotKey>]
  /// How many copies were made for other chains.
  public var copies: UInt64
  /// How many of them are not confirmed yet.
  public var openCopies: UInt64

  /// Puts the fields together.
  public init(
    lot: LotKey, maker: OrganisationID, reason: String, reached: UInt64, frontier: [WalkPoint<LotKey>], copies: UInt64 = 0,
    openCopies: UInt64 = 0
  ) {
    self.lot = lot
    self.maker = maker
    self.reason = reason
    self.reached = reached
    self.frontier = frontier
    self.copies = copies
    self.openCopies = openCopies
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lot, \.maker, \.reason, \.reached, \.frontier, \.copies, \.openCopies)
}

/// A time above the limit, longer than the tolerance, or a gap without readings.
public struct ColdExcursion: CanonicalRecord, Codable, Hashable {
  /// The pallet.
  public var pallet: SSCC
  /// When the limit was crossed.
  public var crossedAt: BlockTime
  /// For how long, in seconds, rounded up.
  public var seconds: UInt64
  /// The greatest reading, in 0.1 °C.
  public var greatest: Int32
  /// The limit.
  public var limit: Int32
  /// Whether it is a gap without readings.
  public var isGap: Bool

  /// Puts the fields together.
  public init(pallet: SSCC, crossedAt: BlockTime, seconds: UInt64, greatest: Int32, limit: Int32, isGap: Bool) {
    self.pallet = pallet
    self.crossedAt = crossedAt
    self.seconds = seconds
    self.greatest = greatest
    self.limit = limit
    self.isGap = isGap
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.pallet, \.crossedAt, \.seconds, \.greatest, \.limit, \.isGap)
}

/// An inspector's report on a lot or pallet.
public struct TraceInspection: CanonicalRecord, Codable, Hashable {
  /// What was inspected.
  public var about: TraceThing
  /// Who did.
  public var inspector: OrganisationID
  /// Whether it passed.
  public var passed: Bool
  /// The digest of the report.
  public var reportDigest: Digest
  /// When it was recorded.
  public var time: BlockTime

  /// Puts the fields together.
  public init(about: TraceThing, inspector: OrganisationID, passed: Bool, reportDigest: Digest, time: BlockTime) {
    self.about = about
    self.inspector = inspector
    self.passed = passed
    self.reportDigest = reportDigest
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.about, \.inspector, \.passed, \.reportDigest, \.time)
}
