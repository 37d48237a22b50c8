public import ChainCore
internal import CrossChain

/// 电子证照: e-licences on their issuer's chain, with types from the main chain, grants by holders, and use on other chains by proof.
///
/// The life of types, licences and grants is the table below; what each call checks besides stands in its method.
public struct ElectronicLicence: Contract {
  /// `licence`.
  public static let name: ContractName = "licence"
  /// How old the proof of a remote licence may be, in milliseconds.
  public static let freshnessMs: UInt64 = 600_000
  /// The domain of persons' references in licences.
  public static let domain = "licence"

  /// Types by code.
  public static let types = Registry<LicenceTypeCode, LicenceType>(
    "types",
    [
      .create("defineType", to: "defined", by: .role("dataOffice")),
      .amend("changeType", from: ["defined"], by: .role("dataOffice")),
      .move("retireType", from: ["defined"], to: "retired", by: .role("dataOffice")),
    ])

  /// Licences by number.
  public static let licences = Registry<LicenceNumber, Licence>(
    "licences",
    [
      .create("issue", to: "valid", by: .role("department")),
      .amend("amend", from: ["notYetValid", "valid"], by: .owner),
      .amend("renew", from: ["valid", "expired"], to: "valid", by: .owner),
      .move("suspend", from: ["notYetValid", "valid", "expired"], to: "suspended", by: .owner, .role(.supervisor)),
      .move("resume", from: ["suspended"], to: "valid", by: .owner, .role(.supervisor)),
      .move("annul", from: ["notYetValid", "valid", "expired", "suspended"], to: "annulled", by: .owner),
      .move("cancel", from: ["notYetValid", "valid", "expired", "suspended"], to: "cancelled", by: .owner),
      .move("revoke", from: ["notYetValid", "valid", "expired", "suspended"], to: "revoked", by: .owner, .role(.supervisor)),
      .move("transferOut", from: ["valid", "suspended"], to: "transferred", by: .owner),
      .move(
        "recordUse", from: ["notYetValid", "valid", "expired", "suspended", "annulled", "cancelled", "revoked", "transferred"],
        by: .role("verifier")),
    ],
    indexes: [TableIndex("subject") { _, record in record.content.subject.organisation }],
    derive: Licence.state)

  /// Grants by id.
  public static let grants = Grants(
    "grants",
    [
      .create("grant", to: "active", by: .checked),
      .move("revokeGrant", from: ["active"], to: "revoked", by: .checked),
    ])

  static let versions = Table<Pair<LicenceNumber, UInt64>, LicenceVersion>("versions")
  static let uses = Table<Pair<LicenceNumber, UInt64>, LicenceUse>("uses")
  static let remoteUses = Table<Pair<Digest, UInt64>, RemoteUse>("remote-uses")
  static let files = Anchors("files")
  static let proofs = SubjectProofs(domain: domain)
  static let configuration = Table<SingleKey, LicenceConfiguration>("configuration")
  static let endStates: [RecordState] = ["annulled", "cancelled", "revoked", "transferred"]

  /// The contract.
  public init() {}

  /// Keeps which chains get copies of the types.
  public func initialise(_ configuration: [UInt8], _ context: ContractContext) throws {
    guard !configuration.isEmpty else { return }
    try context.put(Self.configuration, SingleKey(), try LicenceConfiguration(canonicalBytes: configuration))
  }

  /// All calls and questions.
  public var entries: Entries {
    IndexedTable(Self.licences.records)
    typeEntries
    licenceEntries
    useEntries
    queries
  }

  private var typeEntries: Entries {
    let types = Self.types
    return Entries([
      Entries(entries: [
        Entry("defineType", by: types.access("defineType")) { (call: DefineType, context) in
          try call.content.check()
          try types.create("defineType", call.code, call.content, context)
          try Self.copy("defineType", call, context)
        },
        Entry("changeType", by: types.access("changeType")) { (call: ChangeType, context) in
          try types.move("changeType", call.code, expectedVersion: call.expectedVersion, context) { try call.apply(to: &$0.content) }
          try Self.copy("changeType", call, context)
        },
        Entry("retireType", by: types.access("retireType")) { (call: RetireType, context) in
          try Arguments.check(code: call.reason, "reason")
          try types.move("retireType", call.code, context)
          try Self.copy("retireType", call, context)
        },
      ])
    ])
  }

  /// Sends a call about a type to the chains that keep copies. What arrived by packet is not sent on.
  private static func copy(_ call: EntryName, _ arguments: some CanonicalCodable, _ context: ContractContext) throws(ContractError) {
    guard context.caller.origin == .local, let found = try context.get(configuration, SingleKey()) else { return }
    for chain in found.copyTypesTo {
      _ = try context.send(OutgoingPacket(to: chain, port: name, call: call, payload: arguments.canonicalBytes))
    }
  }

  private var licenceEntries: Entries {
    let licences = Self.licences
    func move(_ call: EntryName) -> Entry {
      Entry(call, by: licences.access(call)) { (arguments: ChangeLicence, context) in
        try Arguments.check(code: arguments.reason, "reason")
        try licences.move(call, arguments.licence, context) { try Self.leaveSuspension(&$0, call: call, context) }
      }
    }
    return Entries(entries: [
      Entry("issue", by: licences.access("issue")) { (call: IssueLicence, context) in try Self.issue(call, context) },
      Entry("amend", by: licences.access("amend")) { (call: AmendLicence, context) in try Self.amend(call, context) },
      Entry("renew", by: licences.access("renew")) { (call: RenewLicence, context) in try Self.renew(call, context) },
      Entry("suspend", by: licences.access("suspend")) { (call: SuspendLicence, context) in
        try Arguments.check(code: call.reason, "reason")
        guard call.until.map({ $0 > context.time }) ?? true else { throw ContractError.badArgument("until: it has passed") }
        try licences.move("suspend", call.licence, context) { record in
          record.content.suspendedBy = context.caller.organisation
          record.content.suspendedUntil = call.until
        }
      },
      move("resume"),
      move("annul"),
      move("cancel"),
      Entry("revoke", by: licences.access("revoke")) { (call: RevokeLicence, context) in
        try Arguments.check(code: call.reason, "reason")
        try licences.move("revoke", call.licence, context) { try Self.leaveSuspension(&$0, call: "revoke", context) }
      },
      Entry("transferOut", by: licences.access("transferOut")) { (call: TransferLicence, context) in
        try licences.move("transferOut", call.licence, context) { record in
          try Self.leaveSuspension(&record, call: "transferOut", context)
          record.content.transferredTo = call.toAuthority
        }
      },
    ])
  }

  private static func issue(_ call: IssueLicence, _ context: ContractContext) throws {
    let identifier = call.identifier
    guard identifier.version == 1 else { throw ContractError.badArgument("identifier: the first version is 001") }
    guard identifier.issuer == context.caller.organisation.rawValue else {
      throw ContractError.badArgument("identifier: its issuer is not the caller")
    }
    guard !CitizenNumber.occurs(in: identifier.serial) else {
      throw ContractError.badArgument("identifier: the serial holds a citizen number")
    }
    let licence = Licence(
      identifier: identifier, subject: call.subject, schemaVersion: 0, fieldRoot: call.fieldRoot, fileDigest: call.fileDigest,
      sealDigest: call.sealDigest, validFrom: call.validFrom, validUntil: call.validUntil)
    try licence.checkDates()
    let number = identifier.licence
    try context.require(try context.get(licences.records, number) == nil, .alreadyExists)
    let type = try context.require(types.records, identifier.typeCode)
    guard type.content.issuers.contains(context.caller.organisation) else {
      throw ContractError.notAuthorised("type \(identifier.typeCode) does not list \(context.caller.organisation) as an issuer")
    }
    guard type.state == "defined" else { throw ContractError.notAllowed(state: type.state.rawValue, call: "issue") }
    guard (call.subject.organisation != nil) == (type.content.holderKind == .organisation) else {
      throw ContractError.badArgument("subject: the type is for holders of another kind")
    }
    var recorded = licence
    recorded.schemaVersion = type.content.schemaVersion
    try licences.create("issue", number, recorded, context)
    try record(recorded, of: number, context)
  }

  private static func amend(_ call: AmendLicence, _ context: ContractContext) throws {
    try Arguments.check(code: call.reason, "reason")
    try licences.move("amend", call.identifier.licence, expectedVersion: call.expectedVersion, context) { record in
      try leaveSuspension(&record, call: "amend", context)
      try next(call.identifier, after: record.content.identifier)
      record.content.identifier = call.identifier
      record.content.fieldRoot = call.fieldRoot
      record.content.fileDigest = call.fileDigest
      record.content.sealDigest = call.sealDigest
      try Self.record(record.content, of: record.content.identifier.licence, context)
    }
  }

  private static func renew(_ call: RenewLicence, _ context: ContractContext) throws {
    try licences.move("renew", call.identifier.licence, expectedVersion: call.expectedVersion, context) { record in
      try leaveSuspension(&record, call: "renew", context)
      try next(call.identifier, after: record.content.identifier)
      let type = try context.require(types.records, call.identifier.typeCode)
      guard type.state == "defined" else { throw ContractError.notAllowed(state: "type \(type.state)", call: "renew") }
      record.content.identifier = call.identifier
      record.content.schemaVersion = type.content.schemaVersion
      record.content.fieldRoot = call.fieldRoot
      record.content.fileDigest = call.fileDigest
      record.content.sealDigest = call.sealDigest
      record.content.validFrom = call.validFrom
      record.content.validUntil = call.validUntil
      try record.content.checkDates()
      try Self.record(record.content, of: record.content.identifier.licence, context)
    }
  }

  private static func next(_ identifier: LicenceIdentifier, after current: LicenceIdentifier) throws(ContractError) {
    guard identifier.version == current.version + 1 else {
      throw .badArgument("identifier: version \(current.version + 1) is next")
    }
  }

  /// Keeps the version and anchors the file.
  private static func record(_ licence: Licence, of number: LicenceNumber, _ context: ContractContext) throws(ContractError) {
    try context.put(
      versions, Pair(number, UInt64(licence.identifier.version)), LicenceVersion(licence, recorded: context.time))
    try files.deposit(licence.fileDigest, record: number.text, context)
  }

  /// Ends a suspension that the call lifts, or that has ended by itself.
  private static func leaveSuspension(
    _ record: inout Registered<Licence>, call: EntryName, _ context: ContractContext
  ) throws(ContractError) {
    if call == "resume", context.caller.organisation != record.content.suspendedBy, !context.caller.has(.supervisor) {
      throw .notAuthorised("\(record.content.suspendedBy?.rawValue ?? "another organisation") suspended the licence")
    }
    if record.state == "suspended" { record.state = "valid" }
    record.content.suspendedBy = nil
    record.content.suspendedUntil = nil
  }
}
