public import ChainCore

// What `AgriTrace` keeps and sends where goods move between chains.

/// Configuration of `AgriTrace` at genesis; none = prefixes are registered on this chain alone.
public struct AgriConfiguration: CanonicalRecord, Codable, Hashable {
  /// The chain where each GS1 prefix is registered once for all chains: the main chain.
  public var prefixRegistry: ChainID

  /// Names the chain.
  public init(prefixRegistry: ChainID) { self.prefixRegistry = prefixRegistry }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.prefixRegistry)
}

/// Whose a GS1 prefix is, and on which chain goods are numbered under it.
public struct PrefixRecord: CanonicalRecord, Codable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// The organisation.
  public var organisation: OrganisationID
  /// Whether the chain that registers prefixes has answered; until then nothing is numbered under it.
  public var isConfirmed: Bool

  /// Puts the fields together.
  public init(chain: ChainID, organisation: OrganisationID, isConfirmed: Bool) {
    self.chain = chain
    self.organisation = organisation
    self.isConfirmed = isConfirmed
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.organisation, \.isConfirmed)
}

/// A recall that comes along with goods, or is copied to where they went.
public struct RecallOrigin: CanonicalRecord, Codable, Hashable {
  /// The recall's id, the same on all chains.
  public var recall: Digest
  /// The lot that was recalled.
  public var lot: LotKey
  /// Who made it.
  public var maker: OrganisationID
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(recall: Digest, lot: LotKey, maker: OrganisationID, reason: String) {
    self.recall = recall
    self.lot = lot
    self.maker = maker
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.recall, \.lot, \.maker, \.reason)
}

/// What the destination must know of a lot.
public struct ConsignedLot: CanonicalRecord, Codable, Hashable {
  /// The lot.
  public var lot: LotKey
  /// Its class, which the destination has too.
  public var goodsClass: String
  /// The class's unit.
  public var unit: String
  /// Who made it.
  public var maker: OrganisationID
  /// Where.
  public var site: GLN
  /// The chain where it was born.
  public var birthplace: ChainID
  /// The recalls that are in force.
  public var recalls: [RecallOrigin]

  /// Puts the fields together.
  public init(
    lot: LotKey, goodsClass: String, unit: String, maker: OrganisationID, site: GLN, birthplace: ChainID, recalls: [RecallOrigin]
  ) {
    self.lot = lot
    self.goodsClass = goodsClass
    self.unit = unit
    self.maker = maker
    self.site = site
    self.birthplace = birthplace
    self.recalls = recalls
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lot, \.goodsClass, \.unit, \.maker, \.site, \.birthplace, \.recalls)
}

/// A pallet with its temperature so far.
public struct ConsignedPallet: CanonicalRecord, Codable, Hashable {
  /// The pallet.
  public var pallet: SSCC
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

  /// Puts the fields together.
  public init(pallet: SSCC, readings: UInt64, lastReading: BlockTime?, lastValue: Int32, warmest: Int32, warmSince: BlockTime?) {
    self.pallet = pallet
    self.readings = readings
    self.lastReading = lastReading
    self.lastValue = lastValue
    self.warmest = warmest
    self.warmSince = warmSince
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.pallet, \.readings, \.lastReading, \.lastValue, \.warmest, \.warmSince)
}

/// Goods on their way to another chain; the contract itself puts it into the packet.
public struct Consignment: CanonicalRecord, Codable, Hashable {
  /// The shipment's id, the same on both chains.
  public var shipment: Digest
  /// The goods, by the shipper's stock.
  public var lines: [StockPart]
  /// Their lots.
  public var lots: [ConsignedLot]
  /// The whole pallets among them.
  public var pallets: [ConsignedPallet]

  /// Puts the fields together.
  public init(shipment: Digest, lines: [StockPart], lots: [ConsignedLot], pallets: [ConsignedPallet]) {
    self.shipment = shipment
    self.lines = lines
    self.lots = lots
    self.pallets = pallets
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.shipment, \.lines, \.lots, \.pallets)
}

/// A recall's copy for another chain; the contract itself puts it into the packet.
public struct CopiedRecall: CanonicalRecord, Codable, Hashable {
  /// The recall.
  public var origin: RecallOrigin
  /// The lots that went to that chain.
  public var lots: [LotKey]

  /// Puts the fields together.
  public init(origin: RecallOrigin, lots: [LotKey]) {
    self.origin = origin
    self.lots = lots
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.origin, \.lots)
}

/// A recall's copy that its chain has not confirmed.
public struct OpenCopy: CanonicalRecord, Codable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// The lots that went there.
  public var lots: [LotKey]
  /// Whether a packet is under way; otherwise `continueRecall` sends one.
  public var isUnderWay: Bool

  /// Puts the fields together.
  public init(chain: ChainID, lots: [LotKey], isUnderWay: Bool) {
    self.chain = chain
    self.lots = lots
    self.isUnderWay = isUnderWay
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.lots, \.isUnderWay)
}

/// What a packet that is under way is about.
enum SentAbout: CanonicalCodable {
  /// A shipment.
  case shipment(Digest)
  /// A copy of a recall, by its number.
  case recall(Digest, UInt64)
  /// The registration of a prefix.
  case prefix(String)

  func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .shipment(let id):
      writer.writeVariant(0)
      id.encode(into: &writer)
    case .recall(let id, let number):
      writer.writeVariant(1)
      id.encode(into: &writer)
      number.encode(into: &writer)
    case .prefix(let prefix):
      writer.writeVariant(2)
      prefix.encode(into: &writer)
    }
  }

  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "SentAbout") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .shipment(try Digest(from: &reader))
      case 1: .recall(try Digest(from: &reader), try UInt64(from: &reader))
      case 2: .prefix(try String(from: &reader))
      default: nil
      }
    }
  }
}
