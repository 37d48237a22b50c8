public import ChainCore

/// What a consumer sees of a lot: made of proven records only, with the height that each was proven at.
public struct TracePage: Sendable, Hashable {
  /// An organisation.
  public struct Party: Sendable, Hashable {
    /// Its name, or its code where the chain knows none.
    public var name: String
    /// Its code.
    public var code: String
    /// The city that its code names.
    public var place: String?
  }

  /// A lot on the way from the beginning to this one.
  public struct Origin: Sendable, Hashable {
    /// Its number.
    public var lot: String
    /// What it is.
    public var goods: String
    /// Who made it.
    public var maker: String
    /// In which city.
    public var place: String?
    /// At which site.
    public var gln: String
    /// When.
    public var time: BlockTime?
    /// The height of the proof.
    public var height: UInt64
  }

  /// Who had the goods.
  public struct Stop: Sendable, Hashable {
    /// Who.
    public var name: String
    /// Its code.
    public var code: String
    /// In which city.
    public var place: String?
    /// On which chain.
    public var chain: String
    /// Since when.
    public var time: BlockTime
    /// The height of the proof.
    public var height: UInt64
    /// Calls that concerned its stock, with the time of the first.
    public var did: [String: BlockTime]
  }

  /// An inspector's report.
  public struct Inspection: Sendable, Hashable {
    /// What was inspected: the goods, or what they were made of.
    public var goods: String
    /// Who inspected.
    public var inspector: String
    /// Whether it passed.
    public var passed: Bool
    /// The digest of the report.
    public var report: String
    /// When.
    public var time: BlockTime
    /// The height of the proof.
    public var height: UInt64
  }

  /// A recall or a hold in force.
  public struct Notice: Sendable, Hashable {
    /// Why.
    public var reason: String
    /// Who.
    public var by: String
    /// Since when.
    public var time: BlockTime
    /// The height of the proof.
    public var height: UInt64
  }

  /// Too warm, or a gap without readings.
  public struct Excursion: Sendable, Hashable {
    /// The pallet.
    public var pallet: String
    /// When the limit was crossed.
    public var time: BlockTime
    /// For how long, in seconds.
    public var seconds: UInt64
    /// The greatest reading, in 0.1 °C.
    public var greatest: Int32
    /// Whether it is a gap.
    public var isGap: Bool
    /// The height of the proof.
    public var height: UInt64
  }

  /// A temperature.
  public struct Reading: Sendable, Hashable {
    /// When.
    public var time: BlockTime
    /// In 0.1 °C.
    public var value: Int32
  }

  /// What a chain's validators signed.
  public struct Proof: Sendable, Hashable {
    /// The chain.
    public var chain: String
    /// The height.
    public var height: UInt64
    /// The time of its block.
    public var time: BlockTime
    /// The block.
    public var block: String
    /// How many signed.
    public var signers: Int
    /// Of how many.
    public var members: Int
  }

  /// What the banner says.
  public enum Verdict: Sendable, Hashable {
    /// In a recall.
    case recalled
    /// Held.
    case held
    /// Nothing is against it.
    case fine
    /// Nothing is left of it.
    case gone
  }

  /// The product's name.
  public var product: String
  /// The class of goods.
  public var goods: String
  /// The trade item number.
  public var gtin: String
  /// The lot number.
  public var lot: String
  /// The link on the label.
  public var link: String
  /// Who made it.
  public var maker: Party
  /// The unit of quantities.
  public var unit: String
  /// How much was made.
  public var made: UInt64 = 0
  /// How much is left on the chains that were read.
  public var left: UInt64 = 0
  /// What it comes from, oldest first, with itself at the end.
  public var origins: [Origin] = []
  /// Who had it.
  public var route: [Stop] = []
  /// Its inspections.
  public var inspections: [Inspection] = []
  /// Its recalls in force.
  public var recalls: [Notice] = []
  /// Its holds in force, and those of pallets that it was or is on.
  public var holds: [Notice] = []
  /// The greatest temperature, in 0.1 °C, of cooled goods.
  public var limit: Int32?
  /// How many batches of readings there are.
  public var readings: UInt64 = 0
  /// The last reading.
  public var lastReading: Reading?
  /// When it was too warm.
  public var excursions: [Excursion] = []
  /// What all this is proven under.
  public var proofs: [Proof] = []

  init(product: String, goods: String, gtin: String, lot: String, link: String, maker: Party, unit: String) {
    self.product = product
    self.goods = goods
    self.gtin = gtin
    self.lot = lot
    self.link = link
    self.maker = maker
    self.unit = unit
  }

  /// What the banner says: the worst that any chain knows.
  public var verdict: Verdict {
    if !recalls.isEmpty { return .recalled }
    if !holds.isEmpty { return .held }
    return left == 0 ? .gone : .fine
  }
}
