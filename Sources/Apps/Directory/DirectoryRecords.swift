public import ChainCore

// What `DataDirectory` keeps.

/// Under which condition an item is shared (政务数据共享).
public enum ShareKind: UInt8, CanonicalEnum, Codable, Hashable {
  /// Any department gets it: a request is active at once.
  case unconditional = 0
  /// The owner decides each request, on a legal basis.
  case conditional = 1
  /// It is not shared, on a legal basis.
  case refused = 2
}

/// Which list (清单) an item stands on.
public enum ItemList: UInt8, CanonicalEnum, Codable, Hashable {
  /// Ordinary data.
  case ordinary = 0
  /// Important data.
  case important = 1
  /// Sensitive data: never in the clear on chain.
  case sensitive = 2
}

/// What a use of data asks for.
public enum UseKind: UInt8, CanonicalEnum, Codable, Hashable {
  /// A value.
  case query = 0
  /// Whether an attribute matches (核验).
  case verify = 1
  /// An extract.
  case extract = 2
}

/// How a use was answered.
public enum UseResult: UInt8, CanonicalEnum, Codable, Hashable {
  /// The attribute is as asked.
  case match = 0
  /// It is not.
  case mismatch = 1
  /// The data were delivered.
  case delivered = 2
  /// No answer was given: the count is given back.
  case failed = 3
}

/// What an entry of the catalogue is.
public enum EntryKind: UInt8, CanonicalEnum, Codable, Hashable {
  /// A service of the platform.
  case service = 0
  /// A filing of the platform (备案), with its number.
  case filing = 1
  /// A standard (标准体系), with version and digest.
  case standard = 2
}

/// One field of an item. Requests name fields by number, so that sealed items can be asked for too.
public struct ItemField: CanonicalRecord, Codable, Hashable {
  /// Its number, unique in the item.
  public var number: UInt16
  /// Its name.
  public var name: String
  /// A code for its type.
  public var type: String
  /// How sensitive it is.
  public var fieldClass: FieldClass

  /// Puts the fields together.
  public init(number: UInt16, name: String, type: String, fieldClass: FieldClass) {
    self.number = number
    self.name = name
    self.type = type
    self.fieldClass = fieldClass
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.number, \.name, \.type, \.fieldClass)
}

/// Whether an item is shared, and why not freely.
public struct SharePolicy: CanonicalRecord, Codable, Hashable {
  /// The condition.
  public var kind: ShareKind
  /// A code of the law that the condition rests on; an unconditional item has none.
  public var basis: String?

  /// Puts the fields together.
  public init(kind: ShareKind, basis: String?) {
    self.kind = kind
    self.basis = basis
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.kind, \.basis)
}

/// A catalogue item of the data directory: what data there are and who may have them. The data stay with their owner.
public struct DirectoryItem: CanonicalRecord, Codable, Hashable {
  /// What people call it.
  public var title: String
  /// The department that owns the data.
  public var owner: OrganisationID
  /// The division it belongs to, six digits.
  public var division: String
  /// The contract of the owner's chain that answers uses, if one does.
  public var port: ContractName?
  /// The serial number of the owner's encryption certificate.
  public var certificate: [UInt8]
  /// The condition of sharing.
  public var share: SharePolicy
  /// The list it stands on.
  public var list: ItemList
  /// How often the data are renewed, in days.
  public var updateDays: UInt32
  /// The fields, in the clear or sealed.
  public var content: ItemContent
  /// The number of the newest dataset; 0 = none.
  public var lastDataset: UInt64
  /// When the newest dataset was recorded.
  public var dataTime: BlockTime?

  /// Puts the fields together.
  public init(
    title: String, owner: OrganisationID, division: String, port: ContractName?, certificate: [UInt8], share: SharePolicy, list: ItemList,
    updateDays: UInt32, content: ItemContent, lastDataset: UInt64, dataTime: BlockTime?
  ) {
    self.title = title
    self.owner = owner
    self.division = division
    self.port = port
    self.certificate = certificate
    self.share = share
    self.list = list
    self.updateDays = updateDays
    self.content = content
    self.lastDataset = lastDataset
    self.dataTime = dataTime
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.title, \.owner, \.division, \.port, \.certificate, \.share, \.list, \.updateDays, \.content, \.lastDataset, \.dataTime)
}

/// What a draft, revision or proposal changes; absent parts stay.
public struct ItemChanges: CanonicalRecord, Codable, Hashable {
  /// A new title.
  public var title: String?
  /// A new port.
  public var port: ContractName?
  /// A new certificate.
  public var certificate: [UInt8]?
  /// A new condition: by proposal only, once published.
  public var share: SharePolicy?
  /// Another list: by proposal only, once published.
  public var list: ItemList?
  /// Another interval.
  public var updateDays: UInt32?
  /// Other fields; their classes change by proposal only, once published.
  public var content: ItemContent?

  /// Puts the fields together.
  public init(
    title: String? = nil, port: ContractName? = nil, certificate: [UInt8]? = nil, share: SharePolicy? = nil, list: ItemList? = nil,
    updateDays: UInt32? = nil, content: ItemContent? = nil
  ) {
    self.title = title
    self.port = port
    self.certificate = certificate
    self.share = share
    self.list = list
    self.updateDays = updateDays
    self.content = content
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.title, \.port, \.certificate, \.share, \.list, \.updateDays, \.content)
}

/// One delivery of an item's data, by commitments.
public struct Dataset: CanonicalRecord, Codable, Hashable {
  /// The root over the rows' commitments (RFC 9162).
  public var root: Digest
  /// The number of rows.
  public var rows: UInt64
  /// As of when.
  public var asOf: BlockTime
  /// The digest of the sealed locator of the data.
  public var locator: Digest
  /// The data themselves, if they stand on chain.
  public var body: DatasetBody
  /// When it was recorded.
  public var recorded: BlockTime

  /// Puts the fields together.
  public init(root: Digest, rows: UInt64, asOf: BlockTime, locator: Digest, body: DatasetBody, recorded: BlockTime) {
    self.root = root
    self.rows = rows
    self.asOf = asOf
    self.locator = locator
    self.body = body
    self.recorded = recorded
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.root, \.rows, \.asOf, \.locator, \.body, \.recorded)
}

/// A change that the data office decides on: of class, share or list.
public struct ItemRevision: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var item: String
  /// The version of the item that it was made for.
  public var baseVersion: UInt64
  /// The change.
  public var changes: ItemChanges

  /// Puts the fields together.
  public init(item: String, baseVersion: UInt64, changes: ItemChanges) {
    self.item = item
    self.baseVersion = baseVersion
    self.changes = changes
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.item, \.baseVersion, \.changes)
}

/// An applicant's request to use fields of an item. The applicant is the record's owner.
public struct DataRequest: CanonicalRecord, Codable, Hashable {
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
  /// By when the owner answers; the gateway computes working days.
  public var answerBy: BlockTime
  /// The serial number of the applicant's encryption certificate.
  public var certificate: [UInt8]
  /// How many uses are counted.
  public var used: UInt32
  /// The number of the last use.
  public var lastUse: UInt64

  /// Puts the fields together.
  public init(
    item: String, fields: [UInt16], purpose: String, basis: String, until: BlockTime, maxUses: UInt32, answerBy: BlockTime,
    certificate: [UInt8], used: UInt32, lastUse: UInt64
  ) {
    self.item = item
    self.fields = fields
    self.purpose = purpose
    self.basis = basis
    self.until = until
    self.maxUses = maxUses
    self.answerBy = answerBy
    self.certificate = certificate
    self.used = used
    self.lastUse = lastUse
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.item, \.fields, \.purpose, \.basis, \.until, \.maxUses, \.answerBy, \.certificate, \.used, \.lastUse)
}

/// One use of data under a request.
public struct DataUse: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var item: String
  /// What was asked for.
  public var kind: UseKind
  /// For which matter: a code.
  public var matter: String
  /// About whom: a person's reference, or another digest.
  public var about: Digest?
  /// The digest of the question, sealed to the owner.
  public var question: Digest
  /// How many uses it counts for.
  public var count: UInt32
  /// How it was answered.
  public var result: UseResult?
  /// The digest of what was delivered.
  public var resultDigest: Digest?

  /// Puts the fields together.
  public init(
    item: String, kind: UseKind, matter: String, about: Digest?, question: Digest, count: UInt32, result: UseResult?, resultDigest: Digest?
  ) {
    self.item = item
    self.kind = kind
    self.matter = matter
    self.about = about
    self.question = question
    self.count = count
    self.result = result
    self.resultDigest = resultDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.item, \.kind, \.matter, \.about, \.question, \.count, \.result, \.resultDigest)
}

/// An application for a service of the platform. The applicant is the record's owner.
public struct ServiceApplication: CanonicalRecord, Codable, Hashable {
  /// The service's code in the catalogue.
  public var entry: String
  /// A code for what.
  public var purpose: String
  /// The digest of the sealed contact.
  public var contact: Digest
  /// The governance proposal that gave the applicant its place.
  public var proposal: UInt64?

  /// Puts the fields together.
  public init(entry: String, purpose: String, contact: Digest, proposal: UInt64?) {
    self.entry = entry
    self.purpose = purpose
    self.contact = contact
    self.proposal = proposal
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.entry, \.purpose, \.contact, \.proposal)
}

/// A service, filing or standard.
public struct CatalogueEntry: CanonicalRecord, Codable, Hashable {
  /// What it is.
  public var kind: EntryKind
  /// What people call it.
  public var title: String
  /// Its version.
  public var version: String
  /// The filing's number.
  public var number: String?
  /// The digest of the document.
  public var documentDigest: Digest

  /// Puts the fields together.
  public init(kind: EntryKind, title: String, version: String, number: String?, documentDigest: Digest) {
    self.kind = kind
    self.title = title
    self.version = version
    self.number = number
    self.documentDigest = documentDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.kind, \.title, \.version, \.number, \.documentDigest)
}
/// The fields of an item.
public enum ItemContent: CanonicalCodable, Codable, Hashable, Sendable {
  /// Everybody may see which fields there are.
  case clear([ItemField])
  /// The description is sealed: digest of the envelope, and the numbers of the fields.
  case sealed(envelope: Digest, numbers: [UInt16])

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .clear(let fields):
      writer.writeVariant(0)
      fields.encode(into: &writer)
    case .sealed(let envelope, let numbers):
      writer.writeVariant(1)
      envelope.encode(into: &writer)
      numbers.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "ItemContent") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .clear(try [ItemField](from: &reader))
      case 1: .sealed(envelope: try Digest(from: &reader), numbers: try [UInt16](from: &reader))
      default: nil
      }
    }
  }

  /// The numbers of the fields.
  public var numbers: [UInt16] {
    switch self {
    case .clear(let fields): fields.map(\.number)
    case .sealed(_, let numbers): numbers
    }
  }

  /// The classes by number, as far as they can be seen.
  var classes: [UInt16: FieldClass] {
    guard case .clear(let fields) = self else { return [:] }
    return Dictionary(fields.map { ($0.number, $0.fieldClass) }) { first, _ in first }
  }
}

/// Where a dataset's data are.
public enum DatasetBody: CanonicalCodable, Codable, Hashable, Sendable {
  /// Off chain.
  case offChain
  /// On chain in the clear, at most 64 KiB.
  case clear([UInt8])
  /// In an envelope with this digest.
  case sealed(Digest)

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .offChain: writer.writeVariant(0)
    case .clear(let bytes):
      writer.writeVariant(1)
      bytes.encode(into: &writer)
    case .sealed(let envelope):
      writer.writeVariant(2)
      envelope.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "DatasetBody") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .offChain
      case 1: .clear(try [UInt8](from: &reader))
      case 2: .sealed(try Digest(from: &reader))
      default: nil
      }
    }
  }
}

extension DirectoryItem {
  func check() throws(ContractError) {
    try Arguments.check(text: title, "title")
    guard division.utf8.count == 6, division.isAllDigits else { throw .badArgument("division: six digits are expected") }
    guard (1...32).contains(certificate.count) else { throw .badArgument("certificate: a serial number is expected") }
    guard (share.kind == .unconditional) == (share.basis == nil) else {
      throw .badArgument("share: a condition has a basis, and only a condition")
    }
    if let basis = share.basis { try Arguments.check(code: basis, "share") }
    guard updateDays > 0 else { throw .badArgument("updateDays: at least 1") }
    let numbers = content.numbers
    guard (1...256).contains(numbers.count), Set(numbers).count == numbers.count else {
      throw .badArgument("fields: 1 to 256 of different numbers are expected")
    }
    guard case .clear(let fields) = content else { return }
    guard list != .sensitive else { throw .badArgument("content: sensitive content is sealed") }
    try Arguments.check(names: fields.map(\.name), "fields", limit: 256)
    for field in fields { try Arguments.check(code: field.type, "fields") }
  }

  mutating func apply(_ changes: ItemChanges) throws(ContractError) {
    if let title = changes.title { self.title = title }
    if let port = changes.port { self.port = port }
    if let certificate = changes.certificate { self.certificate = certificate }
    if let share = changes.share { self.share = share }
    if let list = changes.list { self.list = list }
    if let updateDays = changes.updateDays { self.updateDays = updateDays }
    if let content = changes.content { self.content = content }
    try check()
  }

  /// Whether the change is the data office's to decide: class, share or list.
  func needsProposal(_ changes: ItemChanges) -> Bool {
    if let share = changes.share, share != self.share { return true }
    if let list = changes.list, list != self.list { return true }
    guard let content = changes.content else { return false }
    switch (self.content, content) {
    case (.clear, .clear(let fields)):
      let old = self.content.classes
      return fields.contains { field in old[field.number].map { $0 != field.fieldClass } ?? false }
    case (.sealed, .sealed): return false
    default: return true
    }
  }
}
