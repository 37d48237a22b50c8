/// Where a call came from.
public enum CallOrigin: Sendable, Hashable {
  /// A transaction of this chain.
  case local
  /// A packet of `port` on another chain.
  case remote(chain: ChainID, port: ContractName)
  /// The runtime itself: genesis and settlements.
  case system
  /// An approved proposal that is executed; 0 while it is tried before it is voted on. The caller's organisation proposed it.
  case governance(proposal: UInt64)
}

extension CallOrigin {
  /// The other chain that it came from, if any.
  var chain: ChainID? {
    guard case .remote(let chain, _) = self else { return nil }
    return chain
  }
}

/// Who calls, as the runtime verified it.
public struct Caller: Sendable, Hashable {
  /// The account; of a remote call, the account on its own chain.
  public let account: AccountID
  /// The organisation that the account belongs to.
  public let organisation: OrganisationID
  /// The roles that this chain gives to that organisation, sorted.
  public let roles: [Role]
  /// Where the call came from.
  public let origin: CallOrigin

  /// Puts the fields together. Only tests and the runtime make callers.
  public init(account: AccountID, organisation: OrganisationID, roles: [Role], origin: CallOrigin = .local) {
    self.account = account
    self.organisation = organisation
    self.roles = roles.sorted()
    self.origin = origin
  }

  /// The runtime as caller.
  public static let system = Caller(account: AccountID(.zero), organisation: "system", roles: [], origin: .system)

  /// Whether the organisation has `role` here.
  public func has(_ role: Role) -> Bool { roles.contains(role) }
}
