public import ChainCore

// What `MedicalRecords` keeps. Neither diagnosis, kind of test nor what a patient takes stands here.

/// A package of a drug, by its trace code.
public struct TracedDrug: CanonicalRecord, Codable, Hashable {
  /// The carton that it was packed in.
  public var carton: String
  /// The batch.
  public var batch: String
  /// Until when it may be dispensed, included.
  public var expiry: BlockTime
  /// The holder of the authorisation.
  public var maker: OrganisationID
  /// Who has it.
  public var holder: OrganisationID
  /// To whom it is under way.
  public var consignee: OrganisationID?

  /// Puts the fields together.
  public init(
    carton: String, batch: String, expiry: BlockTime, maker: OrganisationID, holder: OrganisationID, consignee: OrganisationID?
  ) {
    self.carton = carton
    self.batch = batch
    self.expiry = expiry
    self.maker = maker
    self.holder = holder
    self.consignee = consignee
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.carton, \.batch, \.expiry, \.maker, \.holder, \.consignee)
}

/// A carton and the codes that are still in it.
public struct DrugCarton: CanonicalRecord, Codable, Hashable {
  /// The codes; what was dispensed, returned or lost is no longer in it.
  public var codes: [DrugTraceCode]
  /// Who has it.
  public var holder: OrganisationID
  /// To whom it is under way.
  public var consignee: OrganisationID?

  /// Puts the fields together.
  public init(codes: [DrugTraceCode], holder: OrganisationID, consignee: OrganisationID? = nil) {
    self.codes = codes
    self.holder = holder
    self.consignee = consignee
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.codes, \.holder, \.consignee)
}

/// A batch of a maker.
public struct DrugBatch: CanonicalRecord, Codable, Hashable {
  /// The maker.
  public var maker: OrganisationID
  /// How many packages are neither dispensed, destroyed nor lost.
  public var recallable: UInt64
  /// Whether it is recalled.
  public var recalled: Bool
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(maker: OrganisationID, recallable: UInt64, recalled: Bool, reason: String) {
    self.maker = maker
    self.recallable = recallable
    self.recalled = recalled
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.maker, \.recallable, \.recalled, \.reason)
}

/// A batch: maker and number.
public struct BatchKey: CanonicalRecord, OrderedKey, Codable {
  /// The maker.
  public var maker: OrganisationID
  /// The number.
  public var number: String

  /// Puts the fields together.
  public init(maker: OrganisationID, number: String) {
    self.maker = maker
    self.number = number
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.maker, \.number)

  /// Appends the parts.
  public func encodeKey(into bytes: inout [UInt8]) {
    maker.encodeKey(into: &bytes)
    number.encodeKey(into: &bytes)
  }

  /// Reads the parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let maker = OrganisationID(key: &bytes), let number = String(key: &bytes) else { return nil }
    self.init(maker: maker, number: number)
  }
}

/// A scan of a package that is not where it should be.
public struct SuspectScan: CanonicalRecord, Codable, Hashable {
  /// Who scanned it.
  public var organisation: OrganisationID
  /// In which state it was, or `unknown`.
  public var state: String
  /// Who had it.
  public var holder: OrganisationID?
  /// When.
  public var time: BlockTime

  /// Puts the fields together.
  public init(organisation: OrganisationID, state: String, holder: OrganisationID?, time: BlockTime) {
    self.organisation = organisation
    self.state = state
    self.holder = holder
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.organisation, \.state, \.holder, \.time)
}

/// What a scan tells.
public struct ScanAnswer: CanonicalRecord, Codable, Hashable {
  /// The package's state, or `unknown`.
  public var state: String
  /// Whether the scan was recorded as suspect.
  public var isSuspect: Bool
  /// Whether its batch is recalled, dispensed or not.
  public var isRecalled: Bool
  /// Whether its time is over.
  public var isExpired: Bool

  /// Puts the fields together.
  public init(state: String, isSuspect: Bool, isRecalled: Bool, isExpired: Bool) {
    self.state = state
    self.isSuspect = isSuspect
    self.isRecalled = isRecalled
    self.isExpired = isExpired
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.state, \.isSuspect, \.isRecalled, \.isExpired)
}

/// An indexed document of a patient. The custodian is the record's owner.
public struct HealthRecord: CanonicalRecord, Codable, Hashable {
  /// The FHIR resource type, such as `Observation`.
  public var kind: String
  /// The commitment to the item's code (LOINC).
  public var itemCommitment: Digest
  /// The patient.
  public var subject: SubjectRef
  /// The plain hash of salt ‖ bytes.
  public var digest: Digest
  /// The digest of the sealed envelope.
  public var envelope: Digest
  /// Until when other hospitals recognise it.
  public var recognisableUntil: BlockTime
  /// The document that supersedes it.
  public var replacedBy: Digest?

  /// Puts the fields together.
  public init(
    kind: String, itemCommitment: Digest, subject: SubjectRef, digest: Digest, envelope: Digest, recognisableUntil: BlockTime,
    replacedBy: Digest?
  ) {
    self.kind = kind
    self.itemCommitment = itemCommitment
    self.subject = subject
    self.digest = digest
    self.envelope = envelope
    self.recognisableUntil = recognisableUntil
    self.replacedBy = replacedBy
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.kind, \.itemCommitment, \.subject, \.digest, \.envelope, \.recognisableUntil, \.replacedBy)
}

/// One access to a document, written before the key is wrapped.
public struct RecordAccess: CanonicalRecord, Codable, Hashable {
  /// Who got it.
  public var organisation: OrganisationID
  /// `consent`, `glass` or `own`.
  public var basis: String
  /// The consent, glass or proof.
  public var reference: Digest
  /// A code for what.
  public var purpose: String
  /// The serial number of the certificate that the key is wrapped to.
  public var certificate: [UInt8]
  /// When.
  public var time: BlockTime

  /// Puts the fields together.
  public init(organisation: OrganisationID, basis: String, reference: Digest, purpose: String, certificate: [UInt8], time: BlockTime) {
    self.organisation = organisation
    self.basis = basis
    self.reference = reference
    self.purpose = purpose
    self.certificate = certificate
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.organisation, \.basis, \.reference, \.purpose, \.certificate, \.time)
}

/// What another hospital made of a document.
public struct Recognition: CanonicalRecord, Codable, Hashable {
  /// The hospital.
  public var organisation: OrganisationID
  /// Whether it recognises the result, so that the test is not repeated.
  public var accepted: Bool
  /// Why not: a code.
  public var reason: String?
  /// When.
  public var time: BlockTime

  /// Puts the fields together.
  public init(organisation: OrganisationID, accepted: Bool, reason: String?, time: BlockTime) {
    self.organisation = organisation
    self.accepted = accepted
    self.reason = reason
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.organisation, \.accepted, \.reason, \.time)
}

/// What a patient lets a hospital read.
public struct PatientConsent: CanonicalRecord, Codable, Hashable {
  /// The patient.
  public var subject: SubjectRef
  /// Who may read.
  public var hospital: OrganisationID
  /// On which chain.
  public var chain: ChainID
  /// Which FHIR resource types.
  public var kinds: [String]
  /// Until when.
  public var until: BlockTime

  /// Puts the fields together.
  public init(subject: SubjectRef, hospital: OrganisationID, chain: ChainID, kinds: [String], until: BlockTime) {
    self.subject = subject
    self.hospital = hospital
    self.chain = chain
    self.kinds = kinds
    self.until = until
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.subject, \.hospital, \.chain, \.kinds, \.until)
}

/// Access in an emergency, without consent. The hospital is the record's owner.
public struct BrokenGlass: CanonicalRecord, Codable, Hashable {
  /// The patient.
  public var subject: SubjectRef
  /// A reference to the doctor.
  public var doctor: Digest
  /// A reference to a second doctor.
  public var secondDoctor: Digest?
  /// Why: a code.
  public var reasonCode: String
  /// When it was declared.
  public var declared: BlockTime
  /// Its number among the hospital's.
  public var number: UInt64
  /// What the review found.
  public var justified: Bool?
  /// The digest of the review.
  public var noteDigest: Digest?

  /// Puts the fields together.
  public init(
    subject: SubjectRef, doctor: Digest, secondDoctor: Digest?, reasonCode: String, declared: BlockTime, number: UInt64, justified: Bool?,
    noteDigest: Digest?
  ) {
    self.subject = subject
    self.doctor = doctor
    self.secondDoctor = secondDoctor
    self.reasonCode = reasonCode
    self.declared = declared
    self.number = number
    self.justified = justified
    self.noteDigest = noteDigest
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.subject, \.doctor, \.secondDoctor, \.reasonCode, \.declared, \.number, \.justified, \.noteDigest)
}

/// What the last review of a hospital's emergencies found.
public struct HospitalGlasses: CanonicalRecord, Codable, Hashable {
  /// The number of the last one declared.
  public var last: UInt64
  /// Whether the last review found it not justified.
  public var unjustified: Bool

  /// Puts the fields together.
  public init(last: UInt64, unjustified: Bool) {
    self.last = last
    self.unjustified = unjustified
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.last, \.unjustified)
}
