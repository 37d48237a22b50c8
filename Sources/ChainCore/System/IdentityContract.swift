/// Who is a member of this chain: root authorities, organisations and the members that certificates admit.
///
/// Administrators admit members and suspend or revoke them; authorities revoke what they issued by their lists, whoever brings these.
/// Organisations and root authorities come and go by governance. Whoever administers now cannot all be gone afterwards.
public struct IdentityContract: SystemContract {
  /// `identity`.
  public static let name: ContractName = "identity"
  /// The longest chain of certificates that is read.
  public static let pathLimit = 4
  /// The greatest number of root authorities.
  public static let authorityLimit = 64
  /// What checking a signature of a certificate costs, in steps.
  static let signatureSteps: UInt64 = 1_000

  static let authorities = Table<UInt32, [UInt8]>("authorities")
  static let organisations = Table<OrganisationID, Organisation>("organisations")
  package static let members = Table<AccountID, Member>(
    "members", indexes: [TableIndex("organisation") { _, member in member.organisation }])
  /// Suspended organisations, and since which height.
  static let suspended = Table<OrganisationID, BlockHeight>("suspended")
  static let issues = Table<AccountID, MemberIssue>("issues")
  /// Issuer and serial number of every certificate that was ever admitted, and whose it was.
  static let serials = Table<Pair<Digest, String>, AccountID>("serials")
  /// Every key that ever was a member's, by its hash, and whose it was.
  static let keys = Table<AccountID, AccountID>("keys")
  /// How many members that are not revoked hang on a root.
  static let rootMembers = Table<UInt32, UInt64>("rootMembers")
  static let revocations = Table<Digest, StoredRevocations>("revocations")
  static let counters = Table<UInt8, UInt32>("counters")

  /// The contract.
  public init() {}

  /// All events of this contract are security events.
  package static func isAudited(_ event: String) -> Bool { true }

  /// Members by administrators and themselves, lists of authorities, organisations and authorities by governance, and who is who.
  public var entries: Entries {
    Entries([memberEntries, governedEntries, questions])
  }

  @EntriesBuilder private var memberEntries: Entries {
    IndexedTable(Self.members)
    Entry("register", by: .role(.administrator)) { (call: RegisterMember, context) -> AccountID in
      try Self.admit(call.certificates, context)
    }
    Entry("renew", by: .member) { (call: RenewMember, context) in try Self.renew(call, context) }
    Entry("rotate", by: .member) { (call: RotateKey, context) in try Self.rotate(call, context) }
    Entry("suspend", by: .role(.administrator)) { (call: RevokeMember, context) in try Self.suspend(call, context) }
    Entry("resume", by: .role(.administrator)) { (account: AccountID, context) in try Self.resume(account, context) }
    Entry("revoke", by: .role(.administrator)) { (call: RevokeMember, context) in
      try Self.requireOverseer(of: call.account, "revoke", context)
      try Self.revoke(call, context)
    }
    Entry("importRevocations", by: .member) { (call: ImportRevocations, context) -> ImportedRevocations in
      try Self.importList(call, context)
    }
  }

  @EntriesBuilder private var governedEntries: Entries {
    Entry("expel", by: .governance) { (call: RevokeMember, context) in try Self.revoke(call, context) }
    Entry("addOrganisation", by: .governance) { (organisation: Organisation, context) in try Self.add(organisation, context) }
    Entry("renameOrganisation", by: .governance) { (organisation: Organisation, context) in try Self.rename(organisation, context) }
    Entry("suspendOrganisation", by: .governance) { (id: OrganisationID, context) in try Self.suspend(id, context) }
    Entry("resumeOrganisation", by: .governance) { (id: OrganisationID, context) in try Self.resume(id, context) }
    Entry("addAuthority", by: .governance) { (certificate: [UInt8], context) -> UInt32 in try Self.addRoot(certificate, context) }
    Entry("removeAuthority", by: .governance) { (number: UInt32, context) in try Self.removeRoot(number, context) }
  }

  @EntriesBuilder private var questions: Entries {
    Query("member") { (account: AccountID, context) -> Member? in try context.get(Self.members, account) }
    Query("organisation") { (id: OrganisationID, context) -> Organisation? in try context.get(Self.organisations, id) }
    Query("standing") { (id: OrganisationID, context) -> OrganisationStanding? in
      guard let organisation = try context.get(Self.organisations, id) else { return nil }
      return OrganisationStanding(organisation: organisation, isSuspended: try context.get(Self.suspended, id) != nil)
    }
    Query("membersOf") { (id: OrganisationID, context) -> [Member] in
      try context.range(Self.members, index: "organisation", equals: id, limit: 1_000).map(\.value)
    }
    Query("authorities") { (_: NoResult, context) -> [RootAuthority] in
      var found: [RootAuthority] = []
      for (number, der) in try context.range(Self.authorities, limit: Self.authorityLimit) {
        found.append(RootAuthority(number: number, certificate: der, members: try context.get(Self.rootMembers, number) ?? 0))
      }
      return found
    }
    Query("revocations") { (issuer: Digest, context) -> ImportedRevocations? in try context.get(Self.revocations, issuer)?.summary }
  }

  static func initialise(_ genesis: Genesis, _ context: ContractContext) throws(ContractError) {
    for (index, der) in genesis.certificateAuthorities.enumerated() {
      try context.put(authorities, UInt32(index), der)
    }
    try context.put(counters, 0, UInt32(genesis.certificateAuthorities.count))
    for organisation in genesis.organisations {
      guard try context.get(organisations, organisation.id) == nil else { throw .alreadyExists }
      try context.put(organisations, organisation.id, Organisation(id: organisation.id, name: organisation.name))
    }
    for der in genesis.members { _ = try admit([der], context) }
  }
}
