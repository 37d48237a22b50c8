public import ChainCore

/// How sensitive a field is, and so in which form it may leave its holder.
public enum FieldClass: UInt8, CanonicalEnum, Codable, Hashable {
  /// Everybody may see it.
  case clear = 0
  /// Only its digest stands on chain.
  case digest = 1
  /// Only a salted commitment stands on chain.
  case commitment = 2
  /// Only a reference to a sealed envelope stands on chain.
  case sealed = 3
}

/// One field of a licence type.
public struct SchemaField: CanonicalRecord, Codable, Hashable {
  /// The field's name.
  public var name: String
  /// Its class.
  public var fieldClass: FieldClass

  /// Names a field.
  public init(name: String, fieldClass: FieldClass) {
    self.name = name
    self.fieldClass = fieldClass
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.name, \.fieldClass)
}

/// Whether persons or organisations hold licences of a type.
public enum HolderKind: UInt8, CanonicalEnum, Codable, Hashable {
  /// Persons.
  case person = 0
  /// Organisations.
  case organisation = 1
}

/// A type of licence: the directory entry that the main chain defines and the cities copy (GB/T 36902).
public struct LicenceType: CanonicalRecord, Codable, Hashable {
  /// What people call it.
  public var name: String
  /// The fields, in order; the order is part of every commitment.
  public var schema: [SchemaField]
  /// The organisations that may issue.
  public var issuers: [OrganisationID]
  /// Codes of the laws under which others may use licences without a grant.
  public var bases: [String]
  /// A code for how long licences are valid.
  public var validityRule: String
  /// Who holds licences of this type.
  public var holderKind: HolderKind
  /// Counts changes of the schema, from 1; a licence keeps the number it was issued under.
  public var schemaVersion: UInt32

  /// Puts the fields together.
  public init(
    name: String, schema: [SchemaField], issuers: [OrganisationID], bases: [String], validityRule: String, holderKind: HolderKind,
    schemaVersion: UInt32 = 1
  ) {
    self.name = name
    self.schema = schema
    self.issuers = issuers
    self.bases = bases
    self.validityRule = validityRule
    self.holderKind = holderKind
    self.schemaVersion = schemaVersion
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.name, \.schema, \.issuers, \.bases, \.validityRule, \.holderKind, \.schemaVersion)

  func check() throws(ContractError) {
    try Arguments.check(text: name, "name")
    try Arguments.check(names: schema.map(\.name), "schema")
    guard (1...64).contains(issuers.count), Set(issuers).count == issuers.count else {
      throw .badArgument("issuers: 1 to 64 different organisations are expected")
    }
    if !bases.isEmpty { try Arguments.check(names: bases, "bases") }
    try Arguments.check(code: validityRule, "validityRule")
  }
}

/// Arguments of `licence.defineType`.
public struct DefineType: CanonicalRecord, Codable, Hashable {
  /// The type's code, unused so far.
  public var code: LicenceTypeCode
  /// What people call it.
  public var name: String
  /// The fields, in order.
  public var schema: [SchemaField]
  /// The organisations that may issue.
  public var issuers: [OrganisationID]
  /// Codes of laws under which others may use licences without a grant.
  public var bases: [String]
  /// A code for how long licences are valid.
  public var validityRule: String
  /// Who holds licences of this type.
  public var holderKind: HolderKind

  /// Puts the fields together.
  public init(
    code: LicenceTypeCode, name: String, schema: [SchemaField], issuers: [OrganisationID], bases: [String], validityRule: String,
    holderKind: HolderKind
  ) {
    self.code = code
    self.name = name
    self.schema = schema
    self.issuers = issuers
    self.bases = bases
    self.validityRule = validityRule
    self.holderKind = holderKind
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.code, \.name, \.schema, \.issuers, \.bases, \.validityRule, \.holderKind)

  var content: LicenceType {
    LicenceType(name: name, schema: schema, issuers: issuers, bases: bases, validityRule: validityRule, holderKind: holderKind)
  }
}

/// Arguments of `licence.changeType`; absent parts stay.
public struct ChangeType: CanonicalRecord, Codable, Hashable {
  /// The type's code.
  public var code: LicenceTypeCode
  /// The version that the caller read.
  public var expectedVersion: UInt64
  /// A new name.
  public var name: String?
  /// A new schema, for licences issued from now on.
  public var schema: [SchemaField]?
  /// New issuers.
  public var issuers: [OrganisationID]?
  /// New bases.
  public var bases: [String]?
  /// A new validity rule.
  public var validityRule: String?

  /// Names type, version and what changes.
  public init(
    code: LicenceTypeCode, expectedVersion: UInt64, name: String? = nil, schema: [SchemaField]? = nil, issuers: [OrganisationID]? = nil,
    bases: [String]? = nil, validityRule: String? = nil
  ) {
    self.code = code
    self.expectedVersion = expectedVersion
    self.name = name
    self.schema = schema
    self.issuers = issuers
    self.bases = bases
    self.validityRule = validityRule
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.code, \.expectedVersion, \.name, \.schema, \.issuers, \.bases, \.validityRule)

  func apply(to type: inout LicenceType) throws(ContractError) {
    if let name { type.name = name }
    if let schema {
      let (next, overflow) = type.schemaVersion.addingReportingOverflow(1)
      guard !overflow else { throw .overflow }
      type.schema = schema
      type.schemaVersion = next
    }
    if let issuers { type.issuers = issuers }
    if let bases { type.bases = bases }
    if let validityRule { type.validityRule = validityRule }
    try type.check()
  }
}

/// Arguments of `licence.retireType`.
public struct RetireType: CanonicalRecord, Codable, Hashable {
  /// The type's code.
  public var code: LicenceTypeCode
  /// Why: a code.
  public var reason: String

  /// Names type and reason.
  public init(code: LicenceTypeCode, reason: String) {
    self.code = code
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.reason)
}
