public import ChainCore

// Arguments of requests, uses, applications and catalogue entries of `DataDirectory`, and questions.

/// Arguments of `directory.apply`.
public struct ApplyForData: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var item: String
  /// The fields, by number.
  public var fields: [UInt16]
  /// A code for what.
  public var purpose: String
  /// A code of the legal basis.
  public var basis: String
  /// Until when.
  public var until: BlockTime
  /// How often.
  public var maxUses: UInt32
  /// By when the owner answers.
  public var answerBy: BlockTime
  /// The serial number of the applicant's encryption certificate.
  public var certificate: [UInt8]

  /// Puts the fields together.
  public init(
    item: String, fields: [UInt16], purpose: String, basis: String, until: BlockTime, maxUses: UInt32, answerBy: BlockTime,
    certificate: [UInt8]
  ) {
    self.item = item
    self.fields = fields
    self.purpose = purpose
    self.basis = basis
    self.until = until
    self.maxUses = maxUses
    self.answerBy = answerBy
    self.certificate = certificate
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.item, \.fields, \.purpose, \.basis, \.until, \.maxUses, \.answerBy, \.certificate)
}

/// Arguments of `directory.approve`; what is given narrows the request.
public struct ApproveRequest: CanonicalRecord, Codable, Hashable {
  /// The request.
  public var request: Digest
  /// Fewer fields.
  public var fields: [UInt16]?
  /// An earlier end.
  public var until: BlockTime?
  /// Fewer uses.
  public var maxUses: UInt32?

  /// Puts the fields together.
  public init(request: Digest, fields: [UInt16]? = nil, until: BlockTime? = nil, maxUses: UInt32? = nil) {
    self.request = request
    self.fields = fields
    self.until = until
    self.maxUses = maxUses
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.fields, \.until, \.maxUses)
}

/// Arguments of `directory.decide`.
public struct DecideRequest: CanonicalRecord, Codable, Hashable {
  /// The request.
  public var request: Digest
  /// Whether the data office approves.
  public var approve: Bool
  /// Why: a code.
  public var reason: String
  /// Fewer fields.
  public var fields: [UInt16]?
  /// An earlier end.
  public var until: BlockTime?
  /// Fewer uses.
  public var maxUses: UInt32?

  /// Puts the fields together.
  public init(request: Digest, approve: Bool, reason: String, fields: [UInt16]? = nil, until: BlockTime? = nil, maxUses: UInt32? = nil) {
    self.request = request
    self.approve = approve
    self.reason = reason
    self.fields = fields
    self.until = until
    self.maxUses = maxUses
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.approve, \.reason, \.fields, \.until, \.maxUses)
}

/// Arguments of `directory.reject` and `revoke`.
public struct RequestReason: CanonicalRecord, Codable, Hashable {
  /// The request.
  public var request: Digest
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(request: Digest, reason: String) {
    self.request = request
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.reason)
}

/// Arguments of `directory.escalate` and `withdrawRequest`.
public struct RequestCall: CanonicalRecord, Codable, Hashable {
  /// The request.
  public var request: Digest

  /// Puts the fields together.
  public init(request: Digest) {
    self.request = request
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request)
}

/// Arguments of `directory.use`.
public struct UseData: CanonicalRecord, Codable, Hashable {
  /// The request.
  public var request: Digest
  /// One more than the last.
  public var number: UInt64
  /// What is asked for.
  public var kind: UseKind
  /// For which matter: a code.
  public var matter: String
  /// About whom: a reference, or another digest.
  public var about: Digest?
  /// The digest of the question, sealed to the owner.
  public var question: Digest
  /// How many uses it counts for.
  public var count: UInt32

  /// Puts the fields together.
  public init(request: Digest, number: UInt64, kind: UseKind, matter: String, about: Digest? = nil, question: Digest, count: UInt32) {
    self.request = request
    self.number = number
    self.kind = kind
    self.matter = matter
    self.about = about
    self.question = question
    self.count = count
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.number, \.kind, \.matter, \.about, \.question, \.count)
}

/// Arguments of `directory.answerUse`.
public struct AnswerData: CanonicalRecord, Codable, Hashable {
  /// The request.
  public var request: Digest
  /// The number of the use.
  public var number: UInt64
  /// The answer.
  public var result: UseResult
  /// The digest of what was delivered.
  public var resultDigest: Digest?

  /// Puts the fields together.
  public init(request: Digest, number: UInt64, result: UseResult, resultDigest: Digest? = nil) {
    self.request = request
    self.number = number
    self.result = result
    self.resultDigest = resultDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.number, \.result, \.resultDigest)
}

/// Arguments of `directory.applyService`.
public struct ApplyForService: CanonicalRecord, Codable, Hashable {
  /// The service's code in the catalogue.
  public var entry: String
  /// A code for what.
  public var purpose: String
  /// The digest of the sealed contact.
  public var contact: Digest

  /// Puts the fields together.
  public init(entry: String, purpose: String, contact: Digest) {
    self.entry = entry
    self.purpose = purpose
    self.contact = contact
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.entry, \.purpose, \.contact)
}

/// Arguments of `directory.approveService`.
public struct ApplicationCall: CanonicalRecord, Codable, Hashable {
  /// The application.
  public var application: Digest

  /// Puts the fields together.
  public init(application: Digest) {
    self.application = application
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.application)
}

/// Arguments of `directory.rejectService` and `closeService`.
public struct ApplicationReason: CanonicalRecord, Codable, Hashable {
  /// The application.
  public var application: Digest
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(application: Digest, reason: String) {
    self.application = application
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.application, \.reason)
}

/// Arguments of `directory.provision`.
public struct ProvisionService: CanonicalRecord, Codable, Hashable {
  /// The application.
  public var application: Digest
  /// The executed governance proposal that names the applicant.
  public var proposal: UInt64

  /// Puts the fields together.
  public init(application: Digest, proposal: UInt64) {
    self.application = application
    self.proposal = proposal
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.application, \.proposal)
}

/// Arguments of `directory.listEntry`.
public struct ListEntry: CanonicalRecord, Codable, Hashable {
  /// The entry's code, unused so far.
  public var code: String
  /// What it is.
  public var kind: EntryKind
  /// What people call it.
  public var title: String
  /// Its version.
  public var version: String
  /// A filing's number.
  public var number: String?
  /// The digest of the document.
  public var documentDigest: Digest

  /// Puts the fields together.
  public init(code: String, kind: EntryKind, title: String, version: String, number: String? = nil, documentDigest: Digest) {
    self.code = code
    self.kind = kind
    self.title = title
    self.version = version
    self.number = number
    self.documentDigest = documentDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.kind, \.title, \.version, \.number, \.documentDigest)
}

/// Arguments of `directory.changeEntry`; absent parts stay, the kind always.
public struct ChangeEntry: CanonicalRecord, Codable, Hashable {
  /// The entry's code.
  public var code: String
  /// The version that the caller read.
  public var expectedVersion: UInt64
  /// A new title.
  public var title: String?
  /// A new version.
  public var version: String?
  /// A new number.
  public var number: String?
  /// A new document.
  public var documentDigest: Digest?

  /// Puts the fields together.
  public init(
    code: String, expectedVersion: UInt64, title: String? = nil, version: String? = nil, number: String? = nil,
    documentDigest: Digest? = nil
  ) {
    self.code = code
    self.expectedVersion = expectedVersion
    self.title = title
    self.version = version
    self.number = number
    self.documentDigest = documentDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.expectedVersion, \.title, \.version, \.number, \.documentDigest)
}

/// A question about an item, as of a version.
public struct ItemQuestion: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var code: String
  /// The version; `nil` = the newest.
  public var version: UInt64?

  /// Puts the fields together.
  public init(code: String, version: UInt64? = nil) {
    self.code = code
    self.version = version
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.version)
}

/// Whether a row belongs to a dataset.
public struct RowQuestion: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var code: String
  /// The dataset.
  public var number: UInt64
  /// The row's commitment.
  public var row: Digest
  /// Its place under the dataset's root.
  public var proof: InclusionProof

  /// Puts the fields together.
  public init(code: String, number: UInt64, row: Digest, proof: InclusionProof) {
    self.code = code
    self.number = number
    self.row = row
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.number, \.row, \.proof)
}
