public import ChainCore
public import CrossChain

// Arguments of `RealEstate`, and its configuration.

/// Where the answers about persons come from.
public struct PropertyConfiguration: CanonicalRecord, Codable, Hashable {
  /// The chain of the data directory.
  public var main: ChainID
  /// The code of the item that confirms identities.
  public var identityItem: String
  /// The code of the item that confirms marriages.
  public var marriageItem: String

  /// Puts the fields together.
  public init(main: ChainID, identityItem: String, marriageItem: String) {
    self.main = main
    self.identityItem = identityItem
    self.marriageItem = marriageItem
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.main, \.identityItem, \.marriageItem)
}

/// A unit that comes out of a split or merger.
public struct UnitPart: CanonicalRecord, Codable, Hashable {
  /// Its code, unused so far.
  public var code: RealEstateUnit
  /// Its area in square centimetres.
  public var areaCm2: UInt64

  /// Puts the fields together.
  public init(code: RealEstateUnit, areaCm2: UInt64) {
    self.code = code
    self.areaCm2 = areaCm2
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.areaCm2)
}

/// Arguments of `property.registerUnit`.
public struct RegisterUnit: CanonicalRecord, Codable, Hashable {
  /// The unit's code, unused so far.
  public var code: RealEstateUnit
  /// The parcel's code in the cadastre.
  public var parcel: String
  /// The area in square centimetres.
  public var areaCm2: UInt64
  /// A code for the use.
  public var use: String
  /// The owners; their shares make the whole.
  public var holders: [HolderShare]
  /// The digest of what it is registered on.
  public var basisDigest: Digest

  /// Puts the fields together.
  public init(code: RealEstateUnit, parcel: String, areaCm2: UInt64, use: String, holders: [HolderShare], basisDigest: Digest) {
    self.code = code
    self.parcel = parcel
    self.areaCm2 = areaCm2
    self.use = use
    self.holders = holders
    self.basisDigest = basisDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.parcel, \.areaCm2, \.use, \.holders, \.basisDigest)
}

/// Arguments of `property.splitUnit`.
public struct SplitUnit: CanonicalRecord, Codable, Hashable {
  /// The unit.
  public var code: RealEstateUnit
  /// What it becomes.
  public var children: [UnitPart]

  /// Puts the fields together.
  public init(code: RealEstateUnit, children: [UnitPart]) {
    self.code = code
    self.children = children
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.children)
}

/// Arguments of `property.mergeUnits`.
public struct MergeUnits: CanonicalRecord, Codable, Hashable {
  /// The units.
  public var codes: [RealEstateUnit]
  /// What they become.
  public var child: UnitPart

  /// Puts the fields together.
  public init(codes: [RealEstateUnit], child: UnitPart) {
    self.codes = codes
    self.child = child
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.codes, \.child)
}

/// Arguments of `property.extinguish`.
public struct ExtinguishUnit: CanonicalRecord, Codable, Hashable {
  /// The unit.
  public var code: RealEstateUnit
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(code: RealEstateUnit, reason: String) {
    self.code = code
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.reason)
}

/// Arguments of `property.file`.
public struct FileDeal: CanonicalRecord, Codable, Hashable {
  /// The deal.
  public var content: DealContent
  /// Consents of the parties to `content`.
  public var consents: [PartyConsent]

  /// Puts the fields together.
  public init(content: DealContent, consents: [PartyConsent]) {
    self.content = content
    self.consents = consents
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.content, \.consents)
}

/// Arguments of `property.assessTax`.
public struct AssessTax: CanonicalRecord, Codable, Hashable {
  /// The deal.
  public var deal: Digest
  /// The commitment to the tax.
  public var amountCommitment: Digest

  /// Puts the fields together.
  public init(deal: Digest, amountCommitment: Digest) {
    self.deal = deal
    self.amountCommitment = amountCommitment
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.deal, \.amountCommitment)
}

/// Arguments of `property.payTax`.
public struct PayTax: CanonicalRecord, Codable, Hashable {
  /// The deal.
  public var deal: Digest
  /// The commitment to what was paid.
  public var amountCommitment: Digest
  /// The digest of the receipt.
  public var receiptDigest: Digest

  /// Puts the fields together.
  public init(deal: Digest, amountCommitment: Digest, receiptDigest: Digest) {
    self.deal = deal
    self.amountCommitment = amountCommitment
    self.receiptDigest = receiptDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.deal, \.amountCommitment, \.receiptDigest)
}

/// Arguments of `property.acceptDeal`.
public struct DealCall: CanonicalRecord, Codable, Hashable {
  /// The deal.
  public var deal: Digest

  /// Puts the fields together.
  public init(deal: Digest) {
    self.deal = deal
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.deal)
}

/// An answered use of the data directory, with the proof of it.
public struct ProvenAnswer: CanonicalRecord, Codable, Hashable {
  /// The use.
  public var use: UseKey
  /// The proof of its record.
  public var proof: RemoteProof

  /// Puts the fields together.
  public init(use: UseKey, proof: RemoteProof) {
    self.use = use
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.use, \.proof)
}

/// Arguments of `property.examine`.
public struct ExamineDeal: CanonicalRecord, Codable, Hashable {
  /// The deal.
  public var deal: Digest
  /// For each person an identity, and a marriage where the kind asks for one.
  public var verifications: [ProvenAnswer]

  /// Puts the fields together.
  public init(deal: Digest, verifications: [ProvenAnswer]) {
    self.deal = deal
    self.verifications = verifications
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.deal, \.verifications)
}

/// Arguments of `property.register`.
public struct RegisterDeal: CanonicalRecord, Codable, Hashable {
  /// The deal.
  public var deal: Digest
  /// The digest of the certificate of title.
  public var certificateDigest: Digest

  /// Puts the fields together.
  public init(deal: Digest, certificateDigest: Digest) {
    self.deal = deal
    self.certificateDigest = certificateDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.deal, \.certificateDigest)
}

/// Arguments of `property.reject`.
public struct RejectDeal: CanonicalRecord, Codable, Hashable {
  /// The deal.
  public var deal: Digest
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(deal: Digest, reason: String) {
    self.deal = deal
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.deal, \.reason)
}

/// Arguments of `property.withdraw`.
public struct WithdrawDeal: CanonicalRecord, Codable, Hashable {
  /// The deal.
  public var deal: Digest
  /// Consents of all parties to the withdrawal of the deal.
  public var proofs: [PartyConsent]

  /// Puts the fields together.
  public init(deal: Digest, proofs: [PartyConsent]) {
    self.deal = deal
    self.proofs = proofs
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.deal, \.proofs)
}

/// What the parties to a pre-notice agree to, and sign.
public struct NoticeContent: CanonicalRecord, Codable, Hashable {
  /// The unit.
  public var unit: RealEstateUnit
  /// Who is to get the right.
  public var holder: Subject
  /// Ownership or mortgage.
  public var forRight: RightKind
  /// The numbers of objections that the holder knows of.
  public var acknowledges: [UInt64]

  /// Puts the fields together.
  public init(unit: RealEstateUnit, holder: Subject, forRight: RightKind, acknowledges: [UInt64] = []) {
    self.unit = unit
    self.holder = holder
    self.forRight = forRight
    self.acknowledges = acknowledges
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.unit, \.holder, \.forRight, \.acknowledges)
}

/// Arguments of `property.preNotice`.
public struct PlacePreNotice: CanonicalRecord, Codable, Hashable {
  /// The pre-notice.
  public var content: NoticeContent
  /// Consents of owners and holder to `content`.
  public var consents: [PartyConsent]

  /// Puts the fields together.
  public init(content: NoticeContent, consents: [PartyConsent]) {
    self.content = content
    self.consents = consents
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.content, \.consents)
}

/// Arguments of `property.objection`.
public struct PlaceObjection: CanonicalRecord, Codable, Hashable {
  /// The unit.
  public var unit: RealEstateUnit
  /// Who objects.
  public var objector: Subject
  /// The digest of the grounds.
  public var basisDigest: Digest

  /// Puts the fields together.
  public init(unit: RealEstateUnit, objector: Subject, basisDigest: Digest) {
    self.unit = unit
    self.objector = objector
    self.basisDigest = basisDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.unit, \.objector, \.basisDigest)
}

/// Arguments of `property.seize`.
public struct SeizeUnit: CanonicalRecord, Codable, Hashable {
  /// The unit.
  public var unit: RealEstateUnit
  /// The digest of the court's order.
  public var orderDigest: Digest
  /// Until when it stands.
  public var until: BlockTime

  /// Puts the fields together.
  public init(unit: RealEstateUnit, orderDigest: Digest, until: BlockTime) {
    self.unit = unit
    self.orderDigest = orderDigest
    self.until = until
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.unit, \.orderDigest, \.until)
}

/// Arguments of `property.setTerm`.
public struct SetTerm: CanonicalRecord, Codable, Hashable {
  /// The right.
  public var right: RightKey
  /// The new end; none once a suit is filed.
  public var until: BlockTime?
  /// The digest of the grounds.
  public var basisDigest: Digest

  /// Puts the fields together.
  public init(right: RightKey, until: BlockTime?, basisDigest: Digest) {
    self.right = right
    self.until = until
    self.basisDigest = basisDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.right, \.until, \.basisDigest)
}

/// Arguments of `property.endRight`.
public struct EndRight: CanonicalRecord, Codable, Hashable {
  /// The right.
  public var right: RightKey
  /// Why: a code.
  public var reason: String
  /// The consent of who dwells, to the end of the right.
  public var proof: PartyConsent?

  /// Puts the fields together.
  public init(right: RightKey, reason: String, proof: PartyConsent? = nil) {
    self.right = right
    self.reason = reason
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.right, \.reason, \.proof)
}

/// What an owner agrees to: answers about its unit for somebody.
public struct LookupContent: CanonicalRecord, Codable, Hashable {
  /// The unit.
  public var unit: RealEstateUnit
  /// Who may ask.
  public var grantee: OrganisationID
  /// What may be asked: `freeOfSeizure`, `freeOfMortgage`, `freeOfPreNotice`, `freeOfObjection`, `freeOfDwelling`, `ownedByGrantor`.
  public var statements: [String]
  /// Until when.
  public var until: BlockTime
  /// How often.
  public var maxUses: UInt32

  /// Puts the fields together.
  public init(unit: RealEstateUnit, grantee: OrganisationID, statements: [String], until: BlockTime, maxUses: UInt32) {
    self.unit = unit
    self.grantee = grantee
    self.statements = statements
    self.until = until
    self.maxUses = maxUses
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.unit, \.grantee, \.statements, \.until, \.maxUses)
}

/// Arguments of `property.grantLookup`.
public struct GrantLookup: CanonicalRecord, Codable, Hashable {
  /// What is granted.
  public var content: LookupContent
  /// A person's consent to `content`.
  public var proof: SubjectProof?

  /// Puts the fields together.
  public init(content: LookupContent, proof: SubjectProof? = nil) {
    self.content = content
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.content, \.proof)
}

/// Arguments of `property.lookup`.
public struct LookUp: CanonicalRecord, Codable, Hashable {
  /// The grant.
  public var grant: Digest
  /// The statement.
  public var statement: String

  /// Puts the fields together.
  public init(grant: Digest, statement: String) {
    self.grant = grant
    self.statement = statement
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.grant, \.statement)
}

/// Arguments of `property.revokeLookup`.
public struct RevokeLookup: CanonicalRecord, Codable, Hashable {
  /// The grant.
  public var grant: Digest
  /// A person's consent, through another agent than the grantor.
  public var proof: SubjectProof?

  /// Puts the fields together.
  public init(grant: Digest, proof: SubjectProof? = nil) {
    self.grant = grant
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.grant, \.proof)
}
