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
  /// Whether roles and membership allow it now; relations to a record are checked by the call.
  public var allowed: Bool
  /// Why not; empty if allowed.
  public var reason: String
  /// The answer with its reason.
  public init(allowed: Bool, reason: String) {
    self.allowed = allowed
    self.reason = reason
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.allowed, \.reason)
}

/// Who may do what: the roles of organisations, of this chain and of others. Set at genesis.
public struct AccessContract: SystemContract {
  /// `access`.
  public static let name: ContractName = "access"

  static let roles = Table<RoleHolder, [Role]>("roles")
  /// The organisations of this chain by role.
  static let holders = Table<Pair<Role, OrganisationID>, UInt8>("holders")

  /// The contract.
  public init() {}

  /// "May X call Y, and why not?", and the roles of an organisation.
  public var entries: Entries {
    Query("roles") { (organisation: OrganisationID, context) -> [Role] in
      try context.get(Self.roles, RoleHolder(chain: nil, organisation: organisation)) ?? []
    }
    Query("holders") { (role: Role, context) -> [OrganisationID] in try Self.holders(of: role, context.frame) }
    Query("mayCall") { (question: AccessQuestion, context) -> AccessAnswer in
      do throws(CallRefusal) {
        _ = try CallCheck(frame: context.frame).caller(question.account, key: nil, contract: question.contract, entry: question.entry)
        return AccessAnswer(allowed: true, reason: "")
      } catch {
        return AccessAnswer(allowed: false, reason: error.description)
      }
    }
  }

  static func initialise(_ genesis: Genesis, _ context: ContractContext) throws(ContractError) {
    for organisation in genesis.organisations {
      try context.put(roles, RoleHolder(chain: nil, organisation: organisation.id), organisation.roles.sorted())
      for role in organisation.roles { try context.put(holders, Pair(role, organisation.id), 1) }
    }
    for remote in genesis.remoteRoles {
      try context.put(roles, RoleHolder(chain: remote.chain, organisation: remote.organisation), remote.roles.sorted())
    }
  }

  /// The roles that `organisation` of `chain` (nil: this one) has here.
  static func roles(of organisation: OrganisationID, chain: ChainID?, _ frame: CallFrame) throws(ContractError) -> [Role] {
    let context = QueryContext(contract: name, caller: .system, frame: frame)
    return try context.get(roles, RoleHolder(chain: chain, organisation: organisation)) ?? []
  }
}

extension AccessContract {
  /// The greatest number of organisations of this chain that have one role.
  public static let holderLimit = 1_000

  /// The organisations of this chain that have `role`, sorted.
  static func holders(of role: Role, _ frame: CallFrame) throws(ContractError) -> [OrganisationID] {
    let context = QueryContext(contract: name, caller: .system, frame: frame)
    return try context.range(holders, under: role, limit: holderLimit).map(\.key.second)
  }
}

extension QueryContext {
  /// The roles that this chain gives to an organisation of another chain, sorted.
  package func remoteRoles(of organisation: OrganisationID, on chain: ChainID) throws(ContractError) -> [Role] {
    try AccessContract.roles(of: organisation, chain: chain, frame)
  }

  /// Whether `organisation` of this chain has `role`.
  public func organisation(_ organisation: OrganisationID, has role: Role) throws(ContractError) -> Bool {
    try AccessContract.roles(of: organisation, chain: nil, frame).contains(role)
  }

  /// The member with this account, if any.
  public func member(_ account: AccountID) throws(ContractError) -> Member? {
    try QueryContext(contract: IdentityContract.name, caller: .system, frame: frame).get(IdentityContract.members, account)
  }
}
