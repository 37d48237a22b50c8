public import ChainCore
public import CrossChain

// Arguments of `MedicalRecords`.

/// On what somebody may read a document.
public enum AccessBasis: CanonicalCodable, Codable, Hashable, Sendable {
  /// The patient's consent.
  case consent(Digest)
  /// An emergency that the caller declared on this chain.
  case glass(Digest)
  /// An emergency that the caller declared on its own chain, with the proof of it.
  case remoteGlass(Digest, RemoteProof)
  /// The patient's own wish, through a citizen's agent.
  case own(SubjectProof)

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .consent(let id):
      writer.writeVariant(0)
      id.encode(into: &writer)
    case .glass(let id):
      writer.writeVariant(1)
      id.encode(into: &writer)
    case .remoteGlass(let id, let proof):
      writer.writeVariant(2)
      id.encode(into: &writer)
      proof.encode(into: &writer)
    case .own(let proof):
      writer.writeVariant(3)
      proof.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "AccessBasis") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .consent(try Digest(from: &reader))
      case 1: .glass(try Digest(from: &reader))
      case 2: .remoteGlass(try Digest(from: &reader), try RemoteProof(from: &reader))
      case 3: .own(try SubjectProof(from: &reader))
      default: nil
      }
    }
  }
}

/// Arguments of `medical.produce`.
public struct ProduceDrugs: CanonicalRecord, Codable, Hashable {
  /// The codes, unused so far.
  public var codes: [DrugTraceCode]
  /// The carton, unused so far.
  public var carton: String
  /// The batch.
  public var batch: String
  /// Until when they may be dispensed.
  public var expiry: BlockTime

  /// Puts the fields together.
  public init(codes: [DrugTraceCode], carton: String, batch: String, expiry: BlockTime) {
    self.codes = codes
    self.carton = carton
    self.batch = batch
    self.expiry = expiry
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.codes, \.carton, \.batch, \.expiry)
}

/// Arguments of `medical.shipDrug`.
public struct ShipDrugs: CanonicalRecord, Codable, Hashable {
  /// The cartons.
  public var cartons: [String]
  /// To whom.
  public var to: OrganisationID

  /// Puts the fields together.
  public init(cartons: [String], to: OrganisationID) {
    self.cartons = cartons
    self.to = to
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.cartons, \.to)
}

/// Arguments of `medical.receiveDrug`.
public struct ReceiveDrugs: CanonicalRecord, Codable, Hashable {
  /// The cartons.
  public var cartons: [String]

  /// Puts the fields together.
  public init(cartons: [String]) {
    self.cartons = cartons
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.cartons)
}

/// Arguments of `medical.dispense` and `scan`.
public struct DrugCall: CanonicalRecord, Codable, Hashable {
  /// The code.
  public var code: DrugTraceCode

  /// Puts the fields together.
  public init(code: DrugTraceCode) {
    self.code = code
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code)
}

/// Arguments of `medical.recallDrug`.
public struct RecallDrugs: CanonicalRecord, Codable, Hashable {
  /// The batch.
  public var batch: BatchKey
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(batch: BatchKey, reason: String) {
    self.batch = batch
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.batch, \.reason)
}

/// Arguments of `medical.returnDrug` and `reportLost`.
public struct DrugReason: CanonicalRecord, Codable, Hashable {
  /// The code.
  public var code: DrugTraceCode
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(code: DrugTraceCode, reason: String) {
    self.code = code
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.reason)
}

/// Arguments of `medical.destroyDrug`.
public struct DestroyDrug: CanonicalRecord, Codable, Hashable {
  /// The code.
  public var code: DrugTraceCode
  /// A reference to the witness.
  public var witness: Digest

  /// Puts the fields together.
  public init(code: DrugTraceCode, witness: Digest) {
    self.code = code
    self.witness = witness
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.witness)
}

/// Arguments of `medical.index`.
public struct IndexRecord: CanonicalRecord, Codable, Hashable {
  /// The FHIR resource type.
  public var kind: String
  /// The commitment to the item's code.
  public var itemCommitment: Digest
  /// The patient.
  public var subject: SubjectRef
  /// The plain hash of salt ‖ bytes.
  public var digest: Digest
  /// The digest of the sealed envelope.
  public var envelope: Digest
  /// Until when other hospitals recognise it.
  public var recognisableUntil: BlockTime

  /// Puts the fields together.
  public init(kind: String, itemCommitment: Digest, subject: SubjectRef, digest: Digest, envelope: Digest, recognisableUntil: BlockTime) {
    self.kind = kind
    self.itemCommitment = itemCommitment
    self.subject = subject
    self.digest = digest
    self.envelope = envelope
    self.recognisableUntil = recognisableUntil
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.kind, \.itemCommitment, \.subject, \.digest, \.envelope, \.recognisableUntil)
}

/// Arguments of `medical.supersede`.
public struct SupersedeRecord: CanonicalRecord, Codable, Hashable {
  /// The document.
  public var record: Digest
  /// The document that takes its place.
  public var by: Digest

  /// Puts the fields together.
  public init(record: Digest, by: Digest) {
    self.record = record
    self.by = by
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.record, \.by)
}

/// What a patient signs to read its own document.
public struct AccessScope: CanonicalRecord, Codable, Hashable {
  /// The document.
  public var record: Digest
  /// A code for what.
  public var purpose: String
  /// The serial number of the certificate that the key is wrapped to.
  public var certificate: [UInt8]

  /// Puts the fields together.
  public init(record: Digest, purpose: String, certificate: [UInt8]) {
    self.record = record
    self.purpose = purpose
    self.certificate = certificate
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.record, \.purpose, \.certificate)
}

/// Arguments of `medical.access`.
public struct AccessRecord: CanonicalRecord, Codable, Hashable {
  /// Which document, what for, and to which certificate.
  public var scope: AccessScope
  /// On what.
  public var basis: AccessBasis

  /// Puts the fields together.
  public init(scope: AccessScope, basis: AccessBasis) {
    self.scope = scope
    self.basis = basis
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.scope, \.basis)
}

/// Arguments of `medical.recognise`.
public struct RecogniseRecord: CanonicalRecord, Codable, Hashable {
  /// The document.
  public var record: Digest
  /// Whether the result is recognised.
  public var accept: Bool
  /// Why not: a code.
  public var reason: String?

  /// Puts the fields together.
  public init(record: Digest, accept: Bool, reason: String? = nil) {
    self.record = record
    self.accept = accept
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.record, \.accept, \.reason)
}

/// Arguments of `medical.give`.
public struct GiveConsent: CanonicalRecord, Codable, Hashable {
  /// What the patient agrees to, and signs.
  public var content: PatientConsent
  /// The patient's consent to `content`.
  public var proof: SubjectProof

  /// Puts the fields together.
  public init(content: PatientConsent, proof: SubjectProof) {
    self.content = content
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.content, \.proof)
}

/// Arguments of `medical.revoke`.
public struct RevokeConsent: CanonicalRecord, Codable, Hashable {
  /// The consent.
  public var consent: Digest
  /// The patient's wish, through another agent than the grantor.
  public var proof: SubjectProof?

  /// Puts the fields together.
  public init(consent: Digest, proof: SubjectProof? = nil) {
    self.consent = consent
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.consent, \.proof)
}

/// Arguments of `medical.declare`.
public struct DeclareGlass: CanonicalRecord, Codable, Hashable {
  /// The patient.
  public var subject: SubjectRef
  /// A reference to the doctor.
  public var doctorRef: Digest
  /// A reference to a second doctor.
  public var secondDoctorRef: Digest?
  /// Why: a code.
  public var reasonCode: String

  /// Puts the fields together.
  public init(subject: SubjectRef, doctorRef: Digest, secondDoctorRef: Digest? = nil, reasonCode: String) {
    self.subject = subject
    self.doctorRef = doctorRef
    self.secondDoctorRef = secondDoctorRef
    self.reasonCode = reasonCode
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.subject, \.doctorRef, \.secondDoctorRef, \.reasonCode)
}

/// Arguments of `medical.review`.
public struct ReviewGlass: CanonicalRecord, Codable, Hashable {
  /// The emergency.
  public var glass: Digest
  /// Whether it was justified.
  public var justified: Bool
  /// The digest of the review.
  public var noteDigest: Digest

  /// Puts the fields together.
  public init(glass: Digest, justified: Bool, noteDigest: Digest) {
    self.glass = glass
    self.justified = justified
    self.noteDigest = noteDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.glass, \.justified, \.noteDigest)
}
