public import ChainCore

// What `RealEstate` keeps.

/// A kind of right in a unit.
public enum RightKind: UInt8, CanonicalEnum, Codable, Hashable {
  /// 所有权.
  case ownership = 0
  /// 抵押权.
  case mortgage = 1
  /// 居住权.
  case dwelling = 2
  /// 预告登记.
  case preNotice = 3
  /// 查封登记.
  case seizure = 4
  /// 异议登记.
  case objection = 5
}

/// What a deal is about.
public enum DealKind: UInt8, CanonicalEnum, Codable, Hashable {
  /// A sale, signed on the housing office's platform (网签).
  case sale = 0
  /// A gift.
  case gift = 1
  /// An inheritance.
  case inheritance = 2
  /// A division among owners (析产).
  case division = 3
  /// A transfer that a court orders.
  case judicial = 4
  /// A mortgage alone.
  case mortgage = 5
  /// A right to dwell.
  case dwelling = 6

  /// Whether ownership passes; such deals are taxed.
  public var isTransfer: Bool { self != .mortgage && self != .dwelling }
}

/// A holder and its share of a right.
public struct HolderShare: CanonicalRecord, Codable, Hashable {
  /// Who holds it.
  public var holder: Subject
  /// How much of it.
  public var share: Share

  /// Puts the fields together.
  public init(holder: Subject, share: Share) {
    self.holder = holder
    self.share = share
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.holder, \.share)
}

/// A unit as the registry holds it.
public struct PropertyUnit: CanonicalRecord, Codable, Hashable {
  /// The parcel's code in the cadastre.
  public var parcel: String
  /// The area in square centimetres.
  public var areaCm2: UInt64
  /// A code for the use.
  public var use: String
  /// The digest of what it was registered on.
  public var basisDigest: Digest
  /// The numbers of its rights that are in force, or lapsed since the last change.
  public var rights: [UInt64]
  /// The last number given to a right.
  public var lastRight: UInt64
  /// Its deals that are under way, or lapsed since the last change.
  public var deals: [Digest]
  /// The units that it was split off or merged from.
  public var origins: [RealEstateUnit]

  /// Puts the fields together.
  public init(
    parcel: String, areaCm2: UInt64, use: String, basisDigest: Digest, rights: [UInt64], lastRight: UInt64, deals: [Digest],
    origins: [RealEstateUnit]
  ) {
    self.parcel = parcel
    self.areaCm2 = areaCm2
    self.use = use
    self.basisDigest = basisDigest
    self.rights = rights
    self.lastRight = lastRight
    self.deals = deals
    self.origins = origins
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.parcel, \.areaCm2, \.use, \.basisDigest, \.rights, \.lastRight, \.deals, \.origins)
}

/// A right: its unit and number, from 1.
public struct RightKey: CanonicalRecord, OrderedKey, Codable {
  /// The unit.
  public var unit: RealEstateUnit
  /// The number.
  public var number: UInt64

  /// Puts the fields together.
  public init(unit: RealEstateUnit, number: UInt64) {
    self.unit = unit
    self.number = number
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.unit, \.number)

  /// Appends the parts.
  public func encodeKey(into bytes: inout [UInt8]) {
    unit.encodeKey(into: &bytes)
    number.encodeKey(into: &bytes)
  }

  /// Reads the parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let unit = RealEstateUnit(key: &bytes), let number = UInt64(key: &bytes) else { return nil }
    self.init(unit: unit, number: number)
  }
}

/// A right in a unit. Amounts stand here as commitments only.
public struct PropertyRight: CanonicalRecord, Codable, Hashable {
  /// What right it is.
  public var kind: RightKind
  /// Who holds it; a seizure has none.
  public var holders: [HolderShare]
  /// Its place among rights of its kind: mortgages are served, seizures take effect in this order.
  public var rank: UInt32
  /// The commitment to a mortgage's amount.
  public var amount: Digest?
  /// Whether the unit must not be sold while the mortgage stands.
  public var transferBan: Bool
  /// Until when it stands.
  public var until: BlockTime?
  /// The digest of order, contract or certificate.
  public var basis: Digest
  /// The right that a pre-notice keeps a place for.
  public var protects: RightKind?
  /// Who placed a pre-notice, objection or seizure.
  public var placer: OrganisationID?

  /// Puts the fields together.
  public init(
    kind: RightKind, holders: [HolderShare], rank: UInt32, amount: Digest? = nil, transferBan: Bool = false, until: BlockTime? = nil,
    basis: Digest, protects: RightKind? = nil, placer: OrganisationID? = nil
  ) {
    self.kind = kind
    self.holders = holders
    self.rank = rank
    self.amount = amount
    self.transferBan = transferBan
    self.until = until
    self.basis = basis
    self.protects = protects
    self.placer = placer
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.kind, \.holders, \.rank, \.amount, \.transferBan, \.until, \.basis, \.protects, \.placer)
}

/// A mortgage that a deal registers.
public struct MortgageTerms: CanonicalRecord, Codable, Hashable {
  /// The lender.
  public var mortgagee: OrganisationID
  /// The commitment to the amount.
  public var amountCommitment: Digest
  /// Whether the unit must not be sold while the mortgage stands.
  public var transferBan: Bool

  /// Puts the fields together.
  public init(mortgagee: OrganisationID, amountCommitment: Digest, transferBan: Bool) {
    self.mortgagee = mortgagee
    self.amountCommitment = amountCommitment
    self.transferBan = transferBan
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.mortgagee, \.amountCommitment, \.transferBan)
}

/// What the parties agree to, and sign.
public struct DealContent: CanonicalRecord, Codable, Hashable {
  /// The unit.
  public var unit: RealEstateUnit
  /// What the deal is about.
  public var kind: DealKind
  /// The owners who give.
  public var from: [Subject]
  /// Who gets which share of the unit; of a right to dwell, who gets it, whole.
  public var to: [HolderShare]
  /// The commitment to the price.
  public var priceCommitment: Digest?
  /// A mortgage registered with it.
  public var mortgage: MortgageTerms?
  /// Until when a right to dwell stands.
  public var dwellingUntil: BlockTime?
  /// The numbers of objections that the acquirers know of.
  public var acknowledges: [UInt64]
  /// When the deal lapses.
  public var deadline: BlockTime

  /// Puts the fields together.
  public init(
    unit: RealEstateUnit, kind: DealKind, from: [Subject], to: [HolderShare], priceCommitment: Digest? = nil,
    mortgage: MortgageTerms? = nil, dwellingUntil: BlockTime? = nil, acknowledges: [UInt64] = [], deadline: BlockTime
  ) {
    self.unit = unit
    self.kind = kind
    self.from = from
    self.to = to
    self.priceCommitment = priceCommitment
    self.mortgage = mortgage
    self.dwellingUntil = dwellingUntil
    self.acknowledges = acknowledges
    self.deadline = deadline
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.unit, \.kind, \.from, \.to, \.priceCommitment, \.mortgage, \.dwellingUntil, \.acknowledges, \.deadline)
}

/// A deal on its way to registration.
public struct PropertyDeal: CanonicalRecord, Codable, Hashable {
  /// What the parties agreed to.
  public var content: DealContent
  /// Who filed it.
  public var filedBy: OrganisationID
  /// Who agreed to it.
  public var consenting: [Subject]
  /// The one tax office that assesses it.
  public var assessor: OrganisationID?
  /// The commitment to the assessed tax.
  public var tax: Digest?
  /// The commitment to the paid tax.
  public var taxPaid: Digest?
  /// The digest of the tax receipt.
  public var receiptDigest: Digest?
  /// The directory uses that proved identity and marriage.
  public var answers: [UseKey]
  /// The digest of the certificate of title.
  public var certificateDigest: Digest?

  /// Puts the fields together.
  public init(
    content: DealContent, filedBy: OrganisationID, consenting: [Subject], assessor: OrganisationID? = nil, tax: Digest? = nil,
    taxPaid: Digest? = nil, receiptDigest: Digest? = nil, answers: [UseKey] = [], certificateDigest: Digest? = nil
  ) {
    self.content = content
    self.filedBy = filedBy
    self.consenting = consenting
    self.assessor = assessor
    self.tax = tax
    self.taxPaid = taxPaid
    self.receiptDigest = receiptDigest
    self.answers = answers
    self.certificateDigest = certificateDigest
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.content, \.filedBy, \.consenting, \.assessor, \.tax, \.taxPaid, \.receiptDigest, \.answers, \.certificateDigest)
}
