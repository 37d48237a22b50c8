/// Arguments of `identity.register`.
public struct RegisterMember: CanonicalRecord, Codable, Hashable {
  /// DER of the member's certificate, then of any intermediate authorities, root left out.
  public var certificates: [[UInt8]]
  /// Names the certificates.
  public init(certificates: [[UInt8]]) { self.certificates = certificates }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.certificates)
}

/// Arguments of `identity.revoke`.
public struct RevokeMember: CanonicalRecord, Codable, Hashable {
  /// Who is revoked.
  public var account: AccountID
  /// A reason code, such as `left` or `keyCompromised`.
  public var reason: String
  /// Names member and reason.
  public init(account: AccountID, reason: String) {
    self.account = account
    self.reason = reason
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.account, \.reason)
}

/// Who is a member of this chain: root authorities, organisations and the members that certificates admit.
public struct IdentityContract: SystemContract {
  /// `identity`.
  public static let name: ContractName = "identity"
  /// The longest chain of certificates that is read.
  public static let pathLimit = 4

  static let authorities = Table<UInt32, [UInt8]>("authorities")
  static let organisations = Table<OrganisationID, Organisation>("organisations")
  package static let members = Table<AccountID, Member>(
    "members", indexes: [TableIndex("organisation") { _, member in member.organisation }])

  /// The contract.
  public init() {}

  /// Registration and revocation by administrators, and who is who.
  public var entries: Entries {
    IndexedTable(Self.members)
    Entry("register", by: .role(.administrator)) { (call: RegisterMember, context) -> AccountID in
      try Self.admit(call.certificates, context)
    }
    Entry("revoke", by: .role(.administrator)) { (call: RevokeMember, context) in
      var member = try context.require(Self.members, call.account)
      guard member.status == .active else { throw ContractError.notAllowed(state: "revoked", call: "revoke") }
      guard member.account != context.caller.account else { throw ContractError.notAuthorised("an administrator cannot revoke itself") }
      member.status = .revoked
      try context.put(Self.members, call.account, member)
      try context.emit("identity.revoke", call)
    }
    Query("member") { (account: AccountID, context) -> Member? in try context.get(Self.members, account) }
    Query("organisation") { (id: OrganisationID, context) -> Organisation? in try context.get(Self.organisations, id) }
    Query("membersOf") { (id: OrganisationID, context) -> [Member] in
      try context.range(Self.members, index: "organisation", equals: id, limit: 1_000).map(\.value)
    }
  }

  static func initialise(_ genesis: Genesis, _ context: ContractContext) throws(ContractError) {
    for (index, der) in genesis.certificateAuthorities.enumerated() {
      try context.put(authorities, UInt32(index), der)
    }
    for organisation in genesis.organisations {
      guard try context.get(organisations, organisation.id) == nil else { throw .alreadyExists }
      try context.put(organisations, organisation.id, Organisation(id: organisation.id, name: organisation.name))
    }
    for der in genesis.members { _ = try admit([der], context) }
  }

  private static func admit(_ certificates: [[UInt8]], _ context: ContractContext) throws(ContractError) -> AccountID {
    guard (1...pathLimit).contains(certificates.count) else { throw .badArgument("certificates: 1 to \(pathLimit) expected") }
    let path: [Certificate]
    let leaf: Certificate
    do throws(CertificateError) {
      var parsed: [Certificate] = []
      for der in certificates { parsed.append(try Certificate(der: der)) }
      path = parsed
      leaf = parsed[0]
      var roots: [Certificate] = []
      for (_, der) in try authorityList(context) { roots.append(try Certificate(der: der)) }
      try CertificatePath(leaf: leaf, intermediates: Array(path.dropFirst())).verify(
        under: roots, suite: context.suite, at: context.time)
    } catch {
      throw .badArgument("certificates: \(error)")
    }
    guard let organisation = leaf.organisation.flatMap({ OrganisationID($0) }), try context.get(organisations, organisation) != nil else {
      throw .badArgument("certificates: organisation \(leaf.organisation ?? "none") is not one of this chain")
    }
    let account = context.suite.accountID(of: leaf.publicKey)
    guard try context.get(members, account) == nil else { throw .alreadyExists }
    let member = Member(
      account: account, organisation: organisation, name: leaf.commonName ?? "", key: leaf.publicKey, serial: leaf.serial,
      validFrom: leaf.notBefore, validUntil: leaf.notAfter, status: .active)
    try context.put(members, account, member)
    try context.emit("identity.register", account)
    return account
  }

  private static func authorityList(_ context: ContractContext) throws(CertificateError) -> [(UInt32, [UInt8])] {
    do {
      return try context.range(authorities, limit: 64).map { ($0.key, $0.value) }
    } catch {
      return []
    }
  }
}
