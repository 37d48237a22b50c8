/// The key of an organisation's roles: its chain (empty for this one) and its id.
struct RoleHolder: OrderedKey {
  var chain: String
  var organisation: OrganisationID

  func encodeKey(into bytes: inout [UInt8]) {
    chain.encodeKey(into: &bytes)
    organisation.encodeKey(into: &bytes)
  }

  init(chain: ChainID?, organisation: OrganisationID) {
    self.chain = chain?.rawValue ?? ""
    self.organisation = organisation
  }

  init?(key bytes: inout ArraySlice<UInt8>) {
    guard let chain = String(key: &bytes), let organisation = OrganisationID(key: &bytes) else { return nil }
    self.chain = chain
    self.organisation = organisation
  }
}

/// An organisation of this chain, or of another.
public struct OrganisationPlace: CanonicalRecord, Codable, Hashable {
  /// The chain that it is an organisation of; `nil` = this one.
  public var chain: ChainID?
  /// The organisation.
  public var organisation: OrganisationID

  /// Puts the parts together.
  public init(_ organisation: OrganisationID, on chain: ChainID? = nil) {
    self.chain = chain
    self.organisation = organisation
  }

  /// The fields in order.
  public static let layout = Layout({ Self($1, on: $0) }, \.chain, \.organisation)

  /// The form in reasons.
  var text: String { chain.map { "\(organisation) of \($0)" } ?? "\(organisation)" }
}

/// Arguments of `access.grant` and `.revoke`.
public struct RoleChange: CanonicalRecord, Codable, Hashable {
  /// Whose roles change.
  public var holder: OrganisationPlace
  /// Which roles it gets or loses; at most 16.
  public var roles: [Role]
  /// Puts the fields together.
  public init(_ holder: OrganisationPlace, roles: [Role]) {
    self.holder = holder
    self.roles = roles
  }
  /// The fields in order.
  public static let layout = Layout(Self.init(_:roles:), \.holder, \.roles)
}

/// Whom a rule lets call.
public enum RuleAudience: CanonicalCodable, Hashable, Sendable, Codable {
  /// Those whom the contract declares.
  case declared
  /// Every member.
  case members
  /// Members of organisations with any of these roles; without roles nobody.
  case roles([Role])

  /// Appends the variant and its roles.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .declared: writer.writeVariant(0)
    case .members: writer.writeVariant(1)
    case .roles(let roles):
      writer.writeVariant(2)
      roles.encode(into: &writer)
    }
  }

  /// Reads the variant and its roles.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "RuleAudience") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .declared
      case 1: .members
      case 2: .roles(try [Role](from: &reader))
      default: nil
      }
    }
  }
}

/// A rule of governance about who may call an entry, or ask a query, in place of what the contract declares.
///
/// Read in this order: who is denied may not; who is allowed may; for the others the audience decides.
public struct AccessRule: CanonicalRecord, Codable, Hashable {
  /// The entry or query; `nil` = all of the contract that have no rule of their own.
  public var entry: EntryName?
  /// Whom it lets call.
  public var audience: RuleAudience
  /// Organisations that may call whatever their roles; at most 64.
  public var allowed: [OrganisationPlace]
  /// Organisations that may not call whatever their roles; at most 64.
  public var denied: [OrganisationPlace]

  /// A rule; everything but the entry has a default that changes nothing.
  public init(
    _ entry: EntryName? = nil, audience: RuleAudience = .declared, allowed: [OrganisationPlace] = [], denied: [OrganisationPlace] = []
  ) {
    self.entry = entry
    self.audience = audience
    self.allowed = allowed
    self.denied = denied
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(_:audience:allowed:denied:), \.entry, \.audience, \.allowed, \.denied)
}

/// Arguments of `access.setRule`.
public struct SetAccessRule: CanonicalRecord, Codable, Hashable {
  /// The contract that the rule is about.
  public var contract: ContractName
  /// The rule; it takes the place of one for the same entry.
  public var rule: AccessRule
  /// Puts the fields together.
  public init(contract: ContractName, rule: AccessRule) {
    self.contract = contract
    self.rule = rule
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.contract, \.rule)
}

/// A question of `access.roles` and `access.mayCall`.
public struct AccessQuestion: CanonicalRecord, Codable, Hashable {
  /// The account that would call.
  public var account: AccountID
  /// The contract it would call.
  public var contract: ContractName
  /// The entry it would call.
  public var entry: EntryName
  /// Asks about one call.
  public init(account: AccountID, contract: ContractName, entry: EntryName) {
    self.account = account
    self.contract = contract
    self.entry = entry
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.account, \.contract, \.entry)
}

/// The answer of `access.mayCall`.
public struct AccessAnswer: CanonicalRecord, Codable, Hashable {
  /// Whether membership, the contract's state, roles and rules allow it now; relations to a record are checked by the call.
  public var allowed: Bool
  /// Why not; empty if allowed.
  public var reason: String
  /// What decided: `membership`, `contracts`, `declared: …` or `rule …`.
  public var rule: String
  /// The answer with its reason.
  public init(allowed: Bool, reason: String, rule: String) {
    self.allowed = allowed
    self.reason = reason
    self.rule = rule
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.allowed, \.reason, \.rule)
}
