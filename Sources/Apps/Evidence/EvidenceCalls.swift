public import ChainCore

// Keys, arguments and answers of `JudicialEvidence`.

/// A case: court and number.
public struct CaseKey: CanonicalRecord, OrderedKey, Codable {
  /// The court or procuratorate (法院 or 检察院).
  public var court: OrganisationID
  /// The case number, such as (2023)豫0105民初1234号.
  public var number: String

  /// Puts the fields together.
  public init(court: OrganisationID, number: String) {
    self.court = court
    self.number = number
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.court, \.number)

  /// Appends the parts.
  public func encodeKey(into bytes: inout [UInt8]) {
    court.encodeKey(into: &bytes)
    number.encodeKey(into: &bytes)
  }

  /// Reads the parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let court = OrganisationID(key: &bytes), let number = String(key: &bytes) else { return nil }
    self.init(court: court, number: number)
  }
}

/// A submission: the file and the number of its submissions, from 1.
public struct SubmissionKey: CanonicalRecord, OrderedKey, Codable {
  /// The file's evidence id.
  public var evidence: Digest
  /// The number.
  public var number: UInt64

  /// Puts the fields together.
  public init(evidence: Digest, number: UInt64) {
    self.evidence = evidence
    self.number = number
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.evidence, \.number)

  /// Appends the parts.
  public func encodeKey(into bytes: inout [UInt8]) {
    evidence.encodeKey(into: &bytes)
    number.encodeKey(into: &bytes)
  }

  /// Reads the parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let evidence = Digest(key: &bytes), let number = UInt64(key: &bytes) else { return nil }
    self.init(evidence: evidence, number: number)
  }
}

/// Arguments of `evidence.deposit`.
public struct DepositEvidence: CanonicalRecord, Codable, Hashable {
  /// The digests of the file; the chain's own suite is among them.
  public var digests: [NamedDigest]
  /// Whether they are over a salt of 32 bytes and the file.
  public var salted: Bool
  /// The size of the file in bytes.
  public var size: UInt64
  /// Its media type.
  public var mediaType: String
  /// The digest of the description of its origin.
  public var originDigest: Digest?
  /// 32 random bytes, so that equal files have different ids.
  public var nonce: Digest
  /// A time-stamp token, checked by the caller.
  public var token: TimeStampToken?

  /// Puts the fields together.
  public init(
    digests: [NamedDigest], salted: Bool, size: UInt64, mediaType: String, originDigest: Digest?, nonce: Digest,
    token: TimeStampToken? = nil
  ) {
    self.digests = digests
    self.salted = salted
    self.size = size
    self.mediaType = mediaType
    self.originDigest = originDigest
    self.nonce = nonce
    self.token = token
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.digests, \.salted, \.size, \.mediaType, \.originDigest, \.nonce, \.token)
}

/// Arguments of `evidence.attachToken`.
public struct AttachToken: CanonicalRecord, Codable, Hashable {
  /// The evidence id.
  public var evidence: Digest
  /// The token, checked by the caller.
  public var token: TimeStampToken

  /// Puts the fields together.
  public init(evidence: Digest, token: TimeStampToken) {
    self.evidence = evidence
    self.token = token
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.evidence, \.token)
}

/// Arguments of `evidence.offer`.
public struct OfferEvidence: CanonicalRecord, Codable, Hashable {
  /// The evidence id.
  public var evidence: Digest
  /// To whom.
  public var to: OrganisationID
  /// Why: a code.
  public var reason: String
  /// What the holder computed again.
  public var recheckedDigest: NamedDigest

  /// Puts the fields together.
  public init(evidence: Digest, to: OrganisationID, reason: String, recheckedDigest: NamedDigest) {
    self.evidence = evidence
    self.to = to
    self.reason = reason
    self.recheckedDigest = recheckedDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.evidence, \.to, \.reason, \.recheckedDigest)
}

/// Arguments of `evidence.withdrawOffer`.
public struct EvidenceCall: CanonicalRecord, Codable, Hashable {
  /// The evidence id.
  public var evidence: Digest

  /// Puts the fields together.
  public init(evidence: Digest) {
    self.evidence = evidence
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.evidence)
}

/// Arguments of `evidence.accept`.
public struct AcceptEvidence: CanonicalRecord, Codable, Hashable {
  /// The evidence id.
  public var evidence: Digest
  /// What the new holder computed again.
  public var recheckedDigest: NamedDigest

  /// Puts the fields together.
  public init(evidence: Digest, recheckedDigest: NamedDigest) {
    self.evidence = evidence
    self.recheckedDigest = recheckedDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.evidence, \.recheckedDigest)
}

/// Arguments of `evidence.decline`.
public struct DeclineEvidence: CanonicalRecord, Codable, Hashable {
  /// The evidence id.
  public var evidence: Digest
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(evidence: Digest, reason: String) {
    self.evidence = evidence
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.evidence, \.reason)
}

/// Arguments of `evidence.submit`.
public struct SubmitEvidence: CanonicalRecord, Codable, Hashable {
  /// The evidence id.
  public var evidence: Digest
  /// The case.
  public var caseKey: CaseKey

  /// Puts the fields together.
  public init(evidence: Digest, caseKey: CaseKey) {
    self.evidence = evidence
    self.caseKey = caseKey
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.evidence, \.caseKey)
}

/// Arguments of `evidence.admit` and `refuse`.
public struct DecideSubmission: CanonicalRecord, Codable, Hashable {
  /// The submission.
  public var submission: SubmissionKey
  /// The digest of the ruling.
  public var rulingDigest: Digest

  /// Puts the fields together.
  public init(submission: SubmissionKey, rulingDigest: Digest) {
    self.submission = submission
    self.rulingDigest = rulingDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.submission, \.rulingDigest)
}

/// Arguments of `evidence.withdraw`.
public struct WithdrawSubmission: CanonicalRecord, Codable, Hashable {
  /// The submission.
  public var submission: SubmissionKey

  /// Puts the fields together.
  public init(submission: SubmissionKey) {
    self.submission = submission
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.submission)
}

/// Arguments of `evidence.openCase`.
public struct OpenCase: CanonicalRecord, Codable, Hashable {
  /// The case number, unused at this court.
  public var number: String

  /// Puts the fields together.
  public init(number: String) {
    self.number = number
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.number)
}

/// Arguments of `evidence.closeCase`.
public struct CloseCase: CanonicalRecord, Codable, Hashable {
  /// The case.
  public var caseKey: CaseKey

  /// Puts the fields together.
  public init(caseKey: CaseKey) {
    self.caseKey = caseKey
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.caseKey)
}
