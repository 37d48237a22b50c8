public import ChainCore

// What `JudicialEvidence` keeps.

/// A digest and its algorithm.
public struct NamedDigest: CanonicalRecord, Codable, Hashable {
  /// `sm3`, `sha256`, `sha384` or `sha512`.
  public var algorithm: String
  /// The digest.
  public var bytes: [UInt8]

  /// Puts the fields together.
  public init(algorithm: String, bytes: [UInt8]) {
    self.algorithm = algorithm
    self.bytes = bytes
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.algorithm, \.bytes)
}

/// A time-stamp token (RFC 3161) as recorded: its signature is not checked on chain.
public struct TimeStampToken: CanonicalRecord, Codable, Hashable {
  /// The digest of the token by the chain's suite.
  public var digest: Digest
  /// What the token is about.
  public var imprint: NamedDigest
  /// The token's own time.
  public var genTime: BlockTime

  /// Puts the fields together.
  public init(digest: Digest, imprint: NamedDigest, genTime: BlockTime) {
    self.digest = digest
    self.imprint = imprint
    self.genTime = genTime
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.digest, \.imprint, \.genTime)
}

/// A deposited file, by its digests.
public struct EvidenceItem: CanonicalRecord, Codable, Hashable {
  /// The digests of the file, or of salt ‖ file if salted; they never change.
  public var digests: [NamedDigest]
  /// Whether the digests are over a salt of 32 bytes and the file.
  public var salted: Bool
  /// The size of the file in bytes.
  public var size: UInt64
  /// Its media type, such as `application/pdf`.
  public var mediaType: String
  /// The digest of the description of its origin, by the chain's suite.
  public var originDigest: Digest?
  /// Who deposited it.
  public var depositor: OrganisationID
  /// Who holds it now; exactly one.
  public var holder: OrganisationID
  /// To whom it is offered.
  public var offeree: OrganisationID?
  /// The time-stamp token, if one is attached.
  public var token: TimeStampToken?

  /// Puts the fields together.
  public init(
    digests: [NamedDigest], salted: Bool, size: UInt64, mediaType: String, originDigest: Digest?, depositor: OrganisationID,
    holder: OrganisationID, offeree: OrganisationID? = nil, token: TimeStampToken? = nil
  ) {
    self.digests = digests
    self.salted = salted
    self.size = size
    self.mediaType = mediaType
    self.originDigest = originDigest
    self.depositor = depositor
    self.holder = holder
    self.offeree = offeree
    self.token = token
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.digests, \.salted, \.size, \.mediaType, \.originDigest, \.depositor, \.holder, \.offeree, \.token)
}

/// One link of a file's custody; entry 1 is the deposit.
public struct CustodyEntry: CanonicalRecord, Codable, Hashable {
  /// Who held it before; `nil` at the deposit.
  public var from: OrganisationID?
  /// Who holds it from here on.
  public var to: OrganisationID
  /// Why: a code.
  public var reason: String
  /// The digest that the new holder computed again.
  public var rechecked: NamedDigest
  /// The block's time.
  public var time: BlockTime
  /// The hash of the entry before; zero for the first.
  public var previous: Digest

  /// Puts the fields together.
  public init(from: OrganisationID?, to: OrganisationID, reason: String, rechecked: NamedDigest, time: BlockTime, previous: Digest) {
    self.from = from
    self.to = to
    self.reason = reason
    self.rechecked = rechecked
    self.time = time
    self.previous = previous
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.from, \.to, \.reason, \.rechecked, \.time, \.previous)
}

/// An open offer: what the next custody entry will say.
public struct Offer: CanonicalRecord, Codable, Hashable {
  /// To whom.
  public var to: OrganisationID
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(to: OrganisationID, reason: String) {
    self.to = to
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.to, \.reason)
}

/// A case before a court or procuratorate.
public struct CourtCase: CanonicalRecord, Codable, Hashable {
  /// How many submissions are not decided.
  public var open: UInt32

  /// Puts the fields together.
  public init(open: UInt32) {
    self.open = open
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.open)
}

/// A file submitted to a case.
public struct Submission: CanonicalRecord, Codable, Hashable {
  /// The case.
  public var caseKey: CaseKey
  /// The holder that submitted it.
  public var submitter: OrganisationID
  /// The digest of the ruling, once decided.
  public var rulingDigest: Digest?

  /// Puts the fields together.
  public init(caseKey: CaseKey, submitter: OrganisationID, rulingDigest: Digest? = nil) {
    self.caseKey = caseKey
    self.submitter = submitter
    self.rulingDigest = rulingDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.caseKey, \.submitter, \.rulingDigest)
}
