public import ChainCore

/// An e-licence as the issuing chain holds it: nothing of its content but commitments and digests.
public struct Licence: CanonicalRecord, Codable, Hashable {
  /// The identifier of the current version.
  public var identifier: LicenceIdentifier
  /// Whom it is about.
  public var subject: Subject
  /// The schema version that `fieldRoot` is built on.
  public var schemaVersion: UInt32
  /// The root over the salted fields.
  public var fieldRoot: Digest
  /// The digest of the signed file (OFD), findable.
  public var fileDigest: Digest
  /// The digest of the electronic seal.
  public var sealDigest: Digest
  /// From when it is valid.
  public var validFrom: BlockTime
  /// Until when, included; `nil` = without end.
  public var validUntil: BlockTime?
  /// The organisation that suspended it, while it is suspended.
  public var suspendedBy: OrganisationID?
  /// When the suspension ends by itself.
  public var suspendedUntil: BlockTime?
  /// The authority that took the licence over, once it is transferred.
  public var transferredTo: OrganisationID?

  /// Puts the fields together.
  public init(
    identifier: LicenceIdentifier, subject: Subject, schemaVersion: UInt32, fieldRoot: Digest, fileDigest: Digest, sealDigest: Digest,
    validFrom: BlockTime, validUntil: BlockTime?, suspendedBy: OrganisationID? = nil, suspendedUntil: BlockTime? = nil,
    transferredTo: OrganisationID? = nil
  ) {
    self.identifier = identifier
    self.subject = subject
    self.schemaVersion = schemaVersion
    self.fieldRoot = fieldRoot
    self.fileDigest = fileDigest
    self.sealDigest = sealDigest
    self.validFrom = validFrom
    self.validUntil = validUntil
    self.suspendedBy = suspendedBy
    self.suspendedUntil = suspendedUntil
    self.transferredTo = transferredTo
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.identifier, \.subject, \.schemaVersion, \.fieldRoot, \.fileDigest, \.sealDigest, \.validFrom, \.validUntil, \.suspendedBy,
    \.suspendedUntil, \.transferredTo)

  /// The state that counts at `time`: a suspension may have ended, a valid licence may not have begun or may have expired.
  public static func state(of record: Registered<Licence>, at time: BlockTime) -> RecordState {
    var state = record.state
    if state == "suspended", let until = record.content.suspendedUntil, time > until { state = "valid" }
    guard state == "valid" else { return state }
    if time < record.content.validFrom { return "notYetValid" }
    if let until = record.content.validUntil, time > until { return "expired" }
    return "valid"
  }

  func checkDates() throws(ContractError) {
    guard validUntil.map({ validFrom <= $0 }) ?? true else { throw .badArgument("validUntil: it is before validFrom") }
  }
}

/// One version of a licence; older ones stay readable.
public struct LicenceVersion: CanonicalRecord, Codable, Hashable {
  /// Its identifier.
  public var identifier: LicenceIdentifier
  /// The root over its fields.
  public var fieldRoot: Digest
  /// The digest of its file.
  public var fileDigest: Digest
  /// The digest of its seal.
  public var sealDigest: Digest
  /// From when it was valid.
  public var validFrom: BlockTime
  /// Until when, if it ends.
  public var validUntil: BlockTime?
  /// When it was recorded.
  public var recorded: BlockTime

  init(_ licence: Licence, recorded: BlockTime) {
    self.init(
      identifier: licence.identifier, fieldRoot: licence.fieldRoot, fileDigest: licence.fileDigest, sealDigest: licence.sealDigest,
      validFrom: licence.validFrom, validUntil: licence.validUntil, recorded: recorded)
  }

  /// Puts the fields together.
  public init(
    identifier: LicenceIdentifier, fieldRoot: Digest, fileDigest: Digest, sealDigest: Digest, validFrom: BlockTime, validUntil: BlockTime?,
    recorded: BlockTime
  ) {
    self.identifier = identifier
    self.fieldRoot = fieldRoot
    self.fileDigest = fileDigest
    self.sealDigest = sealDigest
    self.validFrom = validFrom
    self.validUntil = validUntil
    self.recorded = recorded
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.identifier, \.fieldRoot, \.fileDigest, \.sealDigest, \.validFrom, \.validUntil, \.recorded)
}

/// What a verifier on another chain saw.
public struct SeenState: CanonicalRecord, Codable, Hashable {
  /// The height of the issuing chain that its proof was about.
  public var height: BlockHeight
  /// The licence's state in that proof.
  public var result: RecordState

  /// Puts the fields together.
  public init(height: BlockHeight, result: RecordState) {
    self.height = height
    self.result = result
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.result)
}

/// One use of a licence, for its holder, issuer and the auditors.
public struct LicenceUse: CanonicalRecord, Codable, Hashable {
  /// Who used it.
  public var verifier: OrganisationID
  /// On which chain.
  public var chain: ChainID
  /// For which matter: a code.
  public var matterCode: String
  /// The fields that were looked at.
  public var fieldNames: [String]
  /// Under which grant,
  public var grant: Digest?
  /// or under which legal basis.
  public var basis: String?
  /// The licence's state here; of a use by packet, what this chain's state was at the height seen.
  public var result: RecordState
  /// What a verifier on another chain saw.
  public var seen: SeenState?
  /// When it was recorded.
  public var time: BlockTime

  /// Puts the fields together.
  public init(
    verifier: OrganisationID, chain: ChainID, matterCode: String, fieldNames: [String], grant: Digest?, basis: String?,
    result: RecordState, seen: SeenState?, time: BlockTime
  ) {
    self.verifier = verifier
    self.chain = chain
    self.matterCode = matterCode
    self.fieldNames = fieldNames
    self.grant = grant
    self.basis = basis
    self.result = result
    self.seen = seen
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.verifier, \.chain, \.matterCode, \.fieldNames, \.grant, \.basis, \.result, \.seen, \.time)
}
