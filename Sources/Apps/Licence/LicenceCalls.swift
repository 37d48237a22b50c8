public import ChainCore
public import CrossChain

// Arguments of the calls of `ElectronicLicence`.

/// Arguments of `licence.issue`.
public struct IssueLicence: CanonicalRecord, Codable, Hashable {
  /// The identifier, version 001, whose issuer is the caller.
  public var identifier: LicenceIdentifier
  /// Whom it is about.
  public var subject: Subject
  /// The root over the salted fields.
  public var fieldRoot: Digest
  /// The digest of the signed file.
  public var fileDigest: Digest
  /// The digest of the electronic seal.
  public var sealDigest: Digest
  /// From when it is valid.
  public var validFrom: BlockTime
  /// Until when, included; `nil` = without end.
  public var validUntil: BlockTime?

  /// Puts the fields together.
  public init(
    identifier: LicenceIdentifier, subject: Subject, fieldRoot: Digest, fileDigest: Digest, sealDigest: Digest, validFrom: BlockTime,
    validUntil: BlockTime? = nil
  ) {
    self.identifier = identifier
    self.subject = subject
    self.fieldRoot = fieldRoot
    self.fileDigest = fileDigest
    self.sealDigest = sealDigest
    self.validFrom = validFrom
    self.validUntil = validUntil
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.identifier, \.subject, \.fieldRoot, \.fileDigest, \.sealDigest, \.validFrom, \.validUntil)
}

/// Arguments of `licence.amend`.
public struct AmendLicence: CanonicalRecord, Codable, Hashable {
  /// The identifier with the next version.
  public var identifier: LicenceIdentifier
  /// The record version that the caller read.
  public var expectedVersion: UInt64
  /// The new root over the salted fields.
  public var fieldRoot: Digest
  /// The digest of the new file.
  public var fileDigest: Digest
  /// The digest of the new seal.
  public var sealDigest: Digest
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(
    identifier: LicenceIdentifier, expectedVersion: UInt64, fieldRoot: Digest, fileDigest: Digest, sealDigest: Digest, reason: String
  ) {
    self.identifier = identifier
    self.expectedVersion = expectedVersion
    self.fieldRoot = fieldRoot
    self.fileDigest = fileDigest
    self.sealDigest = sealDigest
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.identifier, \.expectedVersion, \.fieldRoot, \.fileDigest, \.sealDigest, \.reason)
}

/// Arguments of `licence.renew`.
public struct RenewLicence: CanonicalRecord, Codable, Hashable {
  /// The identifier with the next version.
  public var identifier: LicenceIdentifier
  /// The record version that the caller read.
  public var expectedVersion: UInt64
  /// The new root over the salted fields.
  public var fieldRoot: Digest
  /// The digest of the new file.
  public var fileDigest: Digest
  /// The digest of the new seal.
  public var sealDigest: Digest
  /// From when it is valid again.
  public var validFrom: BlockTime
  /// Until when, included; `nil` = without end.
  public var validUntil: BlockTime?

  /// Puts the fields together.
  public init(
    identifier: LicenceIdentifier, expectedVersion: UInt64, fieldRoot: Digest, fileDigest: Digest, sealDigest: Digest, validFrom: BlockTime,
    validUntil: BlockTime? = nil
  ) {
    self.identifier = identifier
    self.expectedVersion = expectedVersion
    self.fieldRoot = fieldRoot
    self.fileDigest = fileDigest
    self.sealDigest = sealDigest
    self.validFrom = validFrom
    self.validUntil = validUntil
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.identifier, \.expectedVersion, \.fieldRoot, \.fileDigest, \.sealDigest, \.validFrom, \.validUntil)
}

/// Arguments of `licence.suspend`.
public struct SuspendLicence: CanonicalRecord, Codable, Hashable {
  /// The licence.
  public var licence: LicenceNumber
  /// Why: a code.
  public var reason: String
  /// When it ends by itself.
  public var until: BlockTime?

  /// Puts the fields together.
  public init(licence: LicenceNumber, reason: String, until: BlockTime? = nil) {
    self.licence = licence
    self.reason = reason
    self.until = until
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.licence, \.reason, \.until)
}

/// Arguments of `licence.resume`, `annul` and `cancel`.
public struct ChangeLicence: CanonicalRecord, Codable, Hashable {
  /// The licence.
  public var licence: LicenceNumber
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(licence: LicenceNumber, reason: String) {
    self.licence = licence
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.licence, \.reason)
}

/// Arguments of `licence.revoke`.
public struct RevokeLicence: CanonicalRecord, Codable, Hashable {
  /// The licence.
  public var licence: LicenceNumber
  /// Why: a code.
  public var reason: String
  /// The digest of the decision.
  public var decisionDigest: Digest

  /// Puts the fields together.
  public init(licence: LicenceNumber, reason: String, decisionDigest: Digest) {
    self.licence = licence
    self.reason = reason
    self.decisionDigest = decisionDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.licence, \.reason, \.decisionDigest)
}

/// Arguments of `licence.transferOut`.
public struct TransferLicence: CanonicalRecord, Codable, Hashable {
  /// The licence.
  public var licence: LicenceNumber
  /// Who takes it over.
  public var toAuthority: OrganisationID

  /// Puts the fields together.
  public init(licence: LicenceNumber, toAuthority: OrganisationID) {
    self.licence = licence
    self.toAuthority = toAuthority
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.licence, \.toAuthority)
}

/// Arguments of `licence.recordUse`.
public struct RecordUse: CanonicalRecord, Codable, Hashable {
  /// The licence.
  public var licence: LicenceNumber
  /// For which matter: a code.
  public var matterCode: String
  /// The fields that are looked at.
  public var fieldNames: [String]
  /// The grant that allows it,
  public var grant: Digest?
  /// or a legal basis of the type.
  public var basis: String?
  /// What was seen on another chain; by packet only.
  public var seen: SeenState?

  /// Puts the fields together.
  public init(
    licence: LicenceNumber, matterCode: String, fieldNames: [String], grant: Digest? = nil, basis: String? = nil, seen: SeenState? = nil
  ) {
    self.licence = licence
    self.matterCode = matterCode
    self.fieldNames = fieldNames
    self.grant = grant
    self.basis = basis
    self.seen = seen
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.licence, \.matterCode, \.fieldNames, \.grant, \.basis, \.seen)
}

/// What a holder agrees to: the content of a grant, which a person signs.
public struct GrantContent: CanonicalRecord, Codable, Hashable {
  /// The licence.
  public var licence: LicenceNumber
  /// Who may use it.
  public var verifier: OrganisationID
  /// On which chain: uses are counted there only.
  public var verifierChain: ChainID
  /// Which fields.
  public var fields: [String]
  /// What for: a code.
  public var purpose: String
  /// Until when.
  public var until: BlockTime
  /// How often.
  public var maxUses: UInt32

  /// Puts the fields together.
  public init(
    licence: LicenceNumber, verifier: OrganisationID, verifierChain: ChainID, fields: [String], purpose: String, until: BlockTime,
    maxUses: UInt32
  ) {
    self.licence = licence
    self.verifier = verifier
    self.verifierChain = verifierChain
    self.fields = fields
    self.purpose = purpose
    self.until = until
    self.maxUses = maxUses
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.licence, \.verifier, \.verifierChain, \.fields, \.purpose, \.until, \.maxUses)
}

/// Arguments of `licence.grant`.
public struct GiveGrant: CanonicalRecord, Codable, Hashable {
  /// What is granted.
  public var content: GrantContent
  /// The person's consent, if a citizen's agent calls.
  public var proof: SubjectProof?

  /// Puts the fields together.
  public init(content: GrantContent, proof: SubjectProof? = nil) {
    self.content = content
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.content, \.proof)
}

/// Arguments of `licence.revokeGrant`.
public struct RevokeGrant: CanonicalRecord, Codable, Hashable {
  /// The grant.
  public var grant: Digest
  /// The person's consent to the grant's digest, if another agent than the grantor calls.
  public var proof: SubjectProof?

  /// Puts the fields together.
  public init(grant: Digest, proof: SubjectProof? = nil) {
    self.grant = grant
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.grant, \.proof)
}

/// Arguments of `licence.verifyRemote`, on the verifier's chain.
public struct VerifyRemote: CanonicalRecord, Codable, Hashable {
  /// The licence on another chain.
  public var licence: LicenceNumber
  /// For which matter: a code.
  public var matterCode: String
  /// The fields that the holder discloses.
  public var fieldNames: [String]
  /// The grant on the issuing chain.
  public var grant: Digest
  /// The digest of the disclosed fields.
  public var disclosure: Digest
  /// Proof of the licence's record.
  public var licenceProof: RemoteProof
  /// Proof of the grant's record.
  public var grantProof: RemoteProof

  /// Puts the fields together.
  public init(
    licence: LicenceNumber, matterCode: String, fieldNames: [String], grant: Digest, disclosure: Digest, licenceProof: RemoteProof,
    grantProof: RemoteProof
  ) {
    self.licence = licence
    self.matterCode = matterCode
    self.fieldNames = fieldNames
    self.grant = grant
    self.disclosure = disclosure
    self.licenceProof = licenceProof
    self.grantProof = grantProof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.licence, \.matterCode, \.fieldNames, \.grant, \.disclosure, \.licenceProof, \.grantProof)
}

/// What the verifier's chain keeps of a use of a licence of another chain.
public struct RemoteUse: CanonicalRecord, Codable, Hashable {
  /// The licence.
  public var licence: LicenceNumber
  /// Who, what for, under which grant, with which result.
  public var use: LicenceUse
  /// The digest of the disclosed fields.
  public var disclosure: Digest

  /// Puts the fields together.
  public init(licence: LicenceNumber, use: LicenceUse, disclosure: Digest) {
    self.licence = licence
    self.use = use
    self.disclosure = disclosure
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.licence, \.use, \.disclosure)
}
