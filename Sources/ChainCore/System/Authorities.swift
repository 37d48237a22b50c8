// Root authorities, their revocation lists, and organisations.
extension IdentityContract {
  static func add(_ organisation: Organisation, _ context: ContractContext) throws(ContractError) {
    try checkName(organisation)
    guard try context.get(organisations, organisation.id) == nil else { throw .alreadyExists }
    try context.put(organisations, organisation.id, organisation)
    try context.emit("identity.organisationAdded", organisation)
  }

  static func rename(_ organisation: Organisation, _ context: ContractContext) throws(ContractError) {
    try checkName(organisation)
    _ = try context.require(organisations, organisation.id)
    try context.put(organisations, organisation.id, organisation)
    try context.emit("identity.organisationRenamed", organisation)
  }

  private static func checkName(_ organisation: Organisation) throws(ContractError) {
    guard (1...256).contains(organisation.name.utf8.count) else { throw .badArgument("name: 1 to 256 bytes expected") }
  }

  static func suspend(_ id: OrganisationID, _ context: ContractContext) throws(ContractError) {
    _ = try context.require(organisations, id)
    guard try context.get(suspended, id) == nil else { throw .notAllowed(state: "suspended", call: "suspendOrganisation") }
    let seats = try QueryContext(contract: GovernanceContract.name, caller: .system, frame: context.frame).require(
      GovernanceContract.seats, 0)
    guard !(seats.everyone + seats.coming).contains(where: { $0.organisation == id }) else {
      throw .notAllowed(state: "\(id) runs a validator; remove its validators first", call: "suspendOrganisation")
    }
    try keepingAdministrator(context) { () throws(ContractError) in try context.put(suspended, id, context.height) }
    try context.emit("identity.organisationSuspended", id)
  }

  static func resume(_ id: OrganisationID, _ context: ContractContext) throws(ContractError) {
    _ = try context.require(organisations, id)
    guard try context.get(suspended, id) != nil else { throw .notAllowed(state: "active", call: "resumeOrganisation") }
    try context.remove(suspended, id)
    try context.emit("identity.organisationResumed", id)
  }

  static func addRoot(_ der: [UInt8], _ context: ContractContext) throws(ContractError) -> UInt32 {
    let roots = try roots(context)
    guard roots.count < authorityLimit else { throw .limitExceeded("\(authorityLimit) root authorities") }
    try context.charge(signatureSteps)
    let root: Certificate
    do throws(CertificateError) {
      root = try Certificate(der: der)
      try CertificatePath.checkRoot(root, suite: context.suite, at: context.time)
    } catch {
      throw .badArgument("certificate: \(error)")
    }
    guard !roots.contains(where: { $0.certificate.publicKey == root.publicKey }) else { throw .alreadyExists }
    let number = try context.get(counters, 0) ?? 0
    guard number < .max else { throw .overflow }
    try context.put(counters, 0, number + 1)
    try context.put(authorities, number, der)
    try context.emit("identity.authorityAdded", number)
    return number
  }

  static func removeRoot(_ number: UInt32, _ context: ContractContext) throws(ContractError) {
    _ = try context.require(authorities, number)
    let members = try context.get(rootMembers, number) ?? 0
    guard members == 0 else {
      throw .notAllowed(
        state: "\(members) members hang on it; renew their certificates elsewhere or revoke them first", call: "removeAuthority")
    }
    guard try context.range(authorities, limit: 2).count > 1 else {
      throw .notAllowed(state: "it is the last root authority: nobody could be admitted", call: "removeAuthority")
    }
    try context.remove(authorities, number)
    try context.remove(rootMembers, number)
    try context.emit("identity.authorityRemoved", number)
  }

  static func importList(_ call: ImportRevocations, _ context: ContractContext) throws(ContractError) -> ImportedRevocations {
    guard call.authorities.count < pathLimit else { throw .badArgument("authorities: at most \(pathLimit - 1) expected") }
    try context.charge(signatureSteps * UInt64(call.authorities.count + 1))
    let roots = try roots(context).map(\.certificate)
    let list: RevocationList
    let issuer: Certificate
    do throws(CertificateError) {
      list = try RevocationList(der: call.list)
      let authorities = try parse(call.authorities)
      _ = try CertificatePath.verify(authorities: authorities, under: roots, suite: context.suite, at: context.time)
      if let first = authorities.first { issuer = first } else { issuer = try root(of: list, roots, context) }
      try list.verify(by: issuer, suite: context.suite, at: context.time)
    } catch {
      throw .badArgument("list: \(error)")
    }
    let place = hash(issuer, context)
    if let before = try context.get(revocations, place)?.summary {
      guard list.isNewer(than: before.number) else { throw .badArgument("list: its number is not greater than that of the last one") }
      guard before.thisUpdate <= list.thisUpdate else { throw .badArgument("list: it is older than the last one") }
    }
    var summary = ImportedRevocations(
      issuer: place, number: list.number, thisUpdate: list.thisUpdate, nextUpdate: list.nextUpdate, height: context.height, revoked: 0,
      suspended: 0)
    try keepingAdministrator(context) { () throws(ContractError) in
      for entry in list.entries { try apply(entry, of: place, &summary, context) }
    }
    try context.put(revocations, place, StoredRevocations(summary: summary, list: call.list))
    try context.emit("identity.revocations", summary)
    return summary
  }

  /// The root that a list names, the one whose key verifies if several have that name.
  private static func root(
    of list: RevocationList, _ roots: [Certificate], _ context: QueryContext
  ) throws(CertificateError) -> Certificate {
    let named = roots.filter { list.isIssued(by: $0) }
    for root in named where (try? list.verify(by: root, suite: context.suite, at: context.time)) != nil { return root }
    guard let first = named.first else { throw .untrusted(issuer: list.issuer) }
    return first
  }

  private static func apply(
    _ entry: RevocationList.Entry, of issuer: Digest, _ summary: inout ImportedRevocations, _ context: ContractContext
  ) throws(ContractError) {
    guard let account = try context.get(serials, Pair(issuer, entry.serial.hex)) else { return }
    var member = try context.require(members, account)
    // A certificate that was renewed or rotated away may be listed as superseded: the member has another one now.
    guard member.status != .revoked, member.serial == entry.serial, try context.get(issues, account)?.issuer == issuer else { return }
    switch entry.reason {
    case .final(let code):
      try revoke(member, context)
      summary.revoked += 1
      try context.emit("identity.revoke", RevokeMember(account: account, reason: "list:\(code)"))
    case .hold:
      guard member.status == .active else { return }
      member.status = .suspended
      try context.put(members, account, member)
      summary.suspended += 1
      try context.emit("identity.suspend", RevokeMember(account: account, reason: "list:6"))
    }
  }

  /// Whether the newest list of an authority names a certificate.
  static func isListed(_ serial: [UInt8], by issuer: Digest, _ context: QueryContext) throws(ContractError) -> Bool {
    guard let stored = try context.get(revocations, issuer) else { return false }
    do throws(CertificateError) {
      return try RevocationList(der: stored.list).entries.contains { $0.serial == serial }
    } catch {
      throw .unexpected
    }
  }

  /// Makes a change unless it takes away the last one who could administer.
  static func keepingAdministrator(
    _ context: ContractContext, _ change: () throws(ContractError) -> Void
  ) throws(ContractError) {
    let before = try hasAdministrator(context.frame)
    try change()
    guard before, try !hasAdministrator(context.frame) else { return }
    throw .notAllowed(state: "nobody would be left to administer the chain", call: "change")
  }

  /// Whether an active member with a valid certificate belongs to an organisation that administers and is not suspended.
  static func hasAdministrator(_ frame: CallFrame) throws(ContractError) -> Bool {
    let context = QueryContext(contract: name, caller: .system, frame: frame)
    for organisation in try AccessContract.holders(of: .administrator, frame) where try context.get(suspended, organisation) == nil {
      if try hasActiveMember(organisation, context) { return true }
    }
    return false
  }

  /// Whether a member of the organisation may act now.
  static func hasActiveMember(_ organisation: OrganisationID, _ context: QueryContext) throws(ContractError) -> Bool {
    // Mostly one of the first may; only if not, more are read.
    for limit in [16, 1_000] {
      let found = try context.range(members, index: "organisation", equals: organisation, limit: limit)
      if found.contains(where: { $0.value.mayAct(at: context.time) }) { return true }
      if found.count < limit { return false }
    }
    return false
  }
}
