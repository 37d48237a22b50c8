public import ChainCore

// Arguments and answers of `AgriTrace`.

/// Arguments of `agritrace.defineClass`.
public struct DefineClass: CanonicalRecord, Codable, Hashable {
  /// The class's code, unused so far.
  public var code: String
  /// The unit that quantities are counted in.
  public var unit: String
  /// What it may be made of.
  public var ratios: [InputRatio]
  /// The greatest temperature, in 0.1 °C; `nil` = not cooled.
  public var limit: Int32?
  /// How long it may be warmer; 30 minutes if absent.
  public var toleranceSeconds: UInt32?

  /// Puts the fields together.
  public init(code: String, unit: String, ratios: [InputRatio], limit: Int32? = nil, toleranceSeconds: UInt32? = nil) {
    self.code = code
    self.unit = unit
    self.ratios = ratios
    self.limit = limit
    self.toleranceSeconds = toleranceSeconds
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.unit, \.ratios, \.limit, \.toleranceSeconds)
}

/// Arguments of `agritrace.changeClass`; absent parts stay, the unit always.
public struct ChangeClass: CanonicalRecord, Codable, Hashable {
  /// The class's code.
  public var code: String
  /// The version that the caller read.
  public var expectedVersion: UInt64
  /// What it may be made of from now on.
  public var ratios: [InputRatio]?
  /// A new limit.
  public var limit: Int32?
  /// A new tolerance.
  public var toleranceSeconds: UInt32?

  /// Puts the fields together.
  public init(code: String, expectedVersion: UInt64, ratios: [InputRatio]? = nil, limit: Int32? = nil, toleranceSeconds: UInt32? = nil) {
    self.code = code
    self.expectedVersion = expectedVersion
    self.ratios = ratios
    self.limit = limit
    self.toleranceSeconds = toleranceSeconds
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.expectedVersion, \.ratios, \.limit, \.toleranceSeconds)
}

/// Arguments of `agritrace.registerSite`.
public struct RegisterSite: CanonicalRecord, Codable, Hashable {
  /// The location number, unused so far.
  public var gln: GLN
  /// Whose site it is.
  public var organisation: OrganisationID
  /// The prefix under which the organisation numbers its goods, registered nowhere else.
  public var gs1Prefix: String?
  /// The division, six digits.
  public var division: String

  /// Puts the fields together.
  public init(gln: GLN, organisation: OrganisationID, gs1Prefix: String? = nil, division: String) {
    self.gln = gln
    self.organisation = organisation
    self.gs1Prefix = gs1Prefix
    self.division = division
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.gln, \.organisation, \.gs1Prefix, \.division)
}

/// Arguments of `agritrace.closeSite`.
public struct CloseSite: CanonicalRecord, Codable, Hashable {
  /// The site.
  public var gln: GLN
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(gln: GLN, reason: String) {
    self.gln = gln
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.gln, \.reason)
}

/// Arguments of `agritrace.commission`.
public struct CommissionLot: CanonicalRecord, Codable, Hashable {
  /// The lot, unused so far.
  public var lot: LotKey
  /// How much comes into being.
  public var quantity: UInt64
  /// Its class.
  public var goodsClass: String
  /// At which site of the caller.
  public var site: GLN
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(lot: LotKey, quantity: UInt64, goodsClass: String, site: GLN, event: TraceEvent) {
    self.lot = lot
    self.quantity = quantity
    self.goodsClass = goodsClass
    self.site = site
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lot, \.quantity, \.goodsClass, \.site, \.event)
}

/// Arguments of `agritrace.inspect` and `inspectFail`.
public struct InspectThing: CanonicalRecord, Codable, Hashable {
  /// What was inspected.
  public var about: TraceThing
  /// The digest of the report.
  public var reportDigest: Digest
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(about: TraceThing, reportDigest: Digest, event: TraceEvent) {
    self.about = about
    self.reportDigest = reportDigest
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.about, \.reportDigest, \.event)
}

/// Arguments of `agritrace.hold`.
public struct HoldThing: CanonicalRecord, Codable, Hashable {
  /// What is held.
  public var about: TraceThing
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(about: TraceThing, reason: String) {
    self.about = about
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.about, \.reason)
}

/// Arguments of `agritrace.release`.
public struct ReleaseThing: CanonicalRecord, Codable, Hashable {
  /// What is held.
  public var about: TraceThing
  /// The number of the hold.
  public var hold: UInt64
  /// The digest of the report that clears it.
  public var reportDigest: Digest

  /// Puts the fields together.
  public init(about: TraceThing, hold: UInt64, reportDigest: Digest) {
    self.about = about
    self.hold = hold
    self.reportDigest = reportDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.about, \.hold, \.reportDigest)
}

/// A temperature.
public struct Reading: CanonicalRecord, Codable, Hashable {
  /// When.
  public var time: BlockTime
  /// In 0.1 °C.
  public var value: Int32

  /// Puts the fields together.
  public init(time: BlockTime, value: Int32) {
    self.time = time
    self.value = value
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.time, \.value)
}

/// Arguments of `agritrace.readings`.
public struct AddReadings: CanonicalRecord, Codable, Hashable {
  /// The pallet.
  public var pallet: SSCC
  /// One more than the last.
  public var number: UInt64
  /// At most 1,000, in order of time.
  public var readings: [Reading]
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(pallet: SSCC, number: UInt64, readings: [Reading], event: TraceEvent) {
    self.pallet = pallet
    self.number = number
    self.readings = readings
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.pallet, \.number, \.readings, \.event)
}

/// A quantity of stock.
public struct StockPart: CanonicalRecord, Codable, Hashable {
  /// The stock.
  public var stock: StockKey
  /// How much.
  public var quantity: UInt64

  /// Puts the fields together.
  public init(stock: StockKey, quantity: UInt64) {
    self.stock = stock
    self.quantity = quantity
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.stock, \.quantity)
}

/// A quantity of a lot.
public struct LotPart: CanonicalRecord, Codable, Hashable {
  /// The lot.
  public var lot: LotKey
  /// How much.
  public var quantity: UInt64

  /// Puts the fields together.
  public init(lot: LotKey, quantity: UInt64) {
    self.lot = lot
    self.quantity = quantity
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lot, \.quantity)
}

/// A lot that is made of others.
public struct NewLot: CanonicalRecord, Codable, Hashable {
  /// The lot, unused so far.
  public var lot: LotKey
  /// Its class.
  public var goodsClass: String
  /// How much.
  public var quantity: UInt64

  /// Puts the fields together.
  public init(lot: LotKey, goodsClass: String, quantity: UInt64) {
    self.lot = lot
    self.goodsClass = goodsClass
    self.quantity = quantity
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lot, \.goodsClass, \.quantity)
}

/// Arguments of `agritrace.transform`.
public struct TransformStock: CanonicalRecord, Codable, Hashable {
  /// What goes in.
  public var inputs: [StockPart]
  /// What comes out.
  public var outputs: [NewLot]
  /// The event.
  public var event: TraceEvent

  /// Puts the fields together.
  public init(inputs: [StockPart], outputs: [NewLot], event: TraceEvent) {
    self.inputs = inputs
    self.outputs = outputs
    self.event = event
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.inputs, \.outputs, \.event)
}
