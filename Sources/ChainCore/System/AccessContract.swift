/// Who may do what: the roles of organisations, of this chain and of others, and the rules that narrow or widen what contracts declare.
///
/// Set at genesis, changed by governance.
public struct AccessContract: SystemContract {
  /// `access`.
  public static let name: ContractName = "access"
  /// The greatest number of organisations of this chain that have one role.
  public static let holderLimit = 1_000
  /// The greatest number of rules about one contract.
  public static let ruleLimit = 64
  /// The greatest number of roles that a call names.
  public static let roleLimit = 16
  /// The greatest number of organisations that a rule allows, or denies.
  public static let listLimit = 64

  static let roles = Table<RoleHolder, [Role]>("roles")
  /// The organisations of this chain by role.
  static let holders = Table<Pair<Role, OrganisationID>, UInt8>("holders")
  /// The rules about a contract: one read tells all.
  static let rules = Table<ContractName, [AccessRule]>("rules")

  /// The contract.
  public init() {}

  /// All events of this contract are security events.
  package static func isAudited(_ event: String) -> Bool { true }

  /// Grants and rules by governance; "may X call Y, and why not?"
  public var entries: Entries {
    Entry("grant", by: .governance) { (call: RoleChange, context) in try Self.grant(call, context) }
    Entry("revoke", by: .governance) { (call: RoleChange, context) in try Self.revoke(call, context) }
    Entry("setRule", by: .governance) { (call: SetAccessRule, context) in try Self.setRule(call, context) }
    Entry("dropRule", by: .governance) { (scope: RuleScope, context) in try Self.dropRule(scope, context) }
    Query("roles") { (organisation: OrganisationID, context) -> [Role] in
      try context.get(Self.roles, RoleHolder(chain: nil, organisation: organisation)) ?? []
    }
    Query("remoteRoles") { (holder: OrganisationPlace, context) -> [Role] in
      try context.get(Self.roles, RoleHolder(chain: holder.chain, organisation: holder.organisation)) ?? []
    }
    Query("holders") { (role: Role, context) -> [OrganisationID] in try Self.holders(of: role, context.frame) }
    Query("rules") { (contract: ContractName, context) -> [AccessRule] in try context.get(Self.rules, contract) ?? [] }
    Query("mayCall") { (question: AccessQuestion, context) -> AccessAnswer in try CallCheck(frame: context.frame).answer(question) }
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

  static func grant(_ call: RoleChange, _ context: ContractContext) throws(ContractError) {
    guard (1...roleLimit).contains(call.roles.count) else { throw .badArgument("roles: 1 to \(roleLimit) expected") }
    let place = RoleHolder(chain: call.holder.chain, organisation: call.holder.organisation)
    let before = try context.get(roles, place) ?? []
    var fresh: [Role] = []
    for role in call.roles where !before.contains(role) && !fresh.contains(role) { fresh.append(role) }
    guard !fresh.isEmpty else { throw .alreadyExists }
    if call.holder.chain == nil {
      let organisation = call.holder.organisation
      let identity = QueryContext(contract: IdentityContract.name, caller: .system, frame: context.frame)
      guard try identity.get(IdentityContract.organisations, organisation) != nil else { throw .notFound }
      // An electorate of organisations that have nobody could never decide again.
      if fresh.contains(.administrator), try !IdentityContract.hasActiveMember(organisation, identity) {
        throw .notAllowed(state: "\(organisation) has no active member who could vote", call: "grant administrator")
      }
      for role in fresh {
        guard try context.range(holders, under: role, limit: holderLimit).count < holderLimit else {
          throw .limitExceeded("\(holderLimit) organisations with role \(role)")
        }
        try context.put(holders, Pair(role, organisation), 1)
      }
    }
    try context.put(roles, place, (before + fresh).sorted())
    try context.emit("access.granted", call)
  }

  static func revoke(_ call: RoleChange, _ context: ContractContext) throws(ContractError) {
    guard (1...roleLimit).contains(call.roles.count) else { throw .badArgument("roles: 1 to \(roleLimit) expected") }
    let place = RoleHolder(chain: call.holder.chain, organisation: call.holder.organisation)
    let before = try context.get(roles, place) ?? []
    guard call.roles.allSatisfy(before.contains) else { throw .notFound }
    try IdentityContract.keepingAdministrator(context) { () throws(ContractError) in
      try context.put(roles, place, before.filter { !call.roles.contains($0) })
      guard call.holder.chain == nil else { return }
      for role in call.roles { try context.remove(holders, Pair(role, call.holder.organisation)) }
    }
    try context.emit("access.revoked", call)
  }

  static func setRule(_ call: SetAccessRule, _ context: ContractContext) throws(ContractError) {
    let rule = call.rule
    let registry = context.frame.environment.registry
    // By whom it could be set right again must never depend on rules.
    guard call.contract != GovernanceContract.name else { throw .notAllowed(state: "governance has no rules but its own", call: "setRule") }
    guard registry.contract(call.contract) != nil else { throw .badArgument("contract: no contract \(call.contract) on this chain") }
    if let entry = rule.entry {
      guard let access = registry.entry(call.contract, entry)?.access ?? registry.query(call.contract, entry)?.access else {
        throw .badArgument("rule: contract \(call.contract) has no entry or query \(entry)")
      }
      guard access != .system, access != .governance else { throw .badArgument("rule: \(call.contract).\(entry) is for \(access.text)") }
    }
    guard rule.allowed.count <= listLimit, rule.denied.count <= listLimit else {
      throw .limitExceeded("\(listLimit) organisations that a rule allows or denies")
    }
    if case .roles(let roles) = rule.audience {
      guard roles.count <= roleLimit else { throw .limitExceeded("\(roleLimit) roles in a rule") }
    }
    var all = try context.get(rules, call.contract) ?? []
    all.removeAll { $0.entry == rule.entry }
    guard all.count < ruleLimit else { throw .limitExceeded("\(ruleLimit) rules about \(call.contract)") }
    try context.put(rules, call.contract, all + [rule])
    try context.emit("access.ruleSet", call)
  }

  static func dropRule(_ scope: RuleScope, _ context: ContractContext) throws(ContractError) {
    var all = try context.get(rules, scope.contract) ?? []
    guard let place = all.firstIndex(where: { $0.entry == scope.entry }) else { throw .notFound }
    all.remove(at: place)
    if all.isEmpty {
      try context.remove(rules, scope.contract)
    } else {
      try context.put(rules, scope.contract, all)
    }
    try context.emit("access.ruleDropped", scope)
  }

  /// The roles that `organisation` of `chain` (nil: this one) has here.
  static func roles(of organisation: OrganisationID, chain: ChainID?, _ frame: CallFrame) throws(ContractError) -> [Role] {
    let context = QueryContext(contract: name, caller: .system, frame: frame)
    return try context.get(roles, RoleHolder(chain: chain, organisation: organisation)) ?? []
  }

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
