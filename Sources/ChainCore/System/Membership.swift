// How members come, change and go.
extension IdentityContract {
  /// A certificate that leads to a root of the chain, is valid now and on no list of its issuers.
  struct Verified {
    var leaf: Certificate
    var organisation: OrganisationID
    var issue: MemberIssue

    var serialPlace: Pair<Digest, String> { Pair(issue.issuer, leaf.serial.hex) }
  }

  static func admit(_ certificates: [[UInt8]], _ context: ContractContext) throws(ContractError) -> AccountID {
    let verified = try verify(certificates, context)
    let leaf = verified.leaf
    let account = context.suite.accountID(of: leaf.publicKey)
    guard try context.get(members, account) == nil else { throw .alreadyExists }
    guard try context.get(keys, account) == nil else { throw .badArgument("certificates: the key was another member's") }
    let member = Member(
      account: account, organisation: verified.organisation, name: leaf.commonName ?? "", key: leaf.publicKey, serial: leaf.serial,
      validFrom: leaf.notBefore, validUntil: leaf.notAfter, status: .active)
    try context.put(keys, account, account)
    try certify(member, verified, before: nil, context)
    try context.emit("identity.register", account)
    return account
  }

  static func renew(_ call: RenewMember, _ context: ContractContext) throws(ContractError) {
    guard call.account == context.caller.account || context.caller.has(.administrator) else {
      throw .notAuthorised("a certificate is renewed by the member itself or an administrator")
    }
    let member = try standing(call.account, "renew", context)
    let verified = try verify(call.certificates, context)
    guard verified.leaf.publicKey == member.key else {
      throw .badArgument("certificates: another key than the member's; rotate it instead")
    }
    guard verified.organisation == member.organisation else { throw .badArgument("certificates: of another organisation") }
    guard member.validUntil <= verified.leaf.notAfter else {
      throw .badArgument("certificates: valid until an earlier time than the present one")
    }
    try certify(member, verified, before: try context.get(issues, call.account), context)
    try context.emit("identity.renew", call.account)
  }

  static func rotate(_ call: RotateKey, _ context: ContractContext) throws(ContractError) {
    var member = try standing(call.account, "rotate", context)
    guard member.status == .active else { throw .notAllowed(state: "\(member.status)", call: "rotate") }
    let verified = try verify(call.certificates, context)
    guard verified.organisation == member.organisation else { throw .badArgument("certificates: of another organisation") }
    let rotation = KeyRotation(account: call.account, old: member.key, new: verified.leaf.publicKey)
    let place = context.suite.accountID(of: rotation.new)
    // A key that was ever used stays retired: what it once signed must not count again.
    guard try context.get(keys, place) == nil, try context.get(members, place) == nil else {
      throw .badArgument("certificates: the key was used before")
    }
    try context.charge(signatureSteps)
    guard member.key.verify(call.signature, of: rotation.digest(genesis: context.genesis, suite: context.suite)) else {
      throw .badArgument("signature: not the old key's of this rotation")
    }
    member.key = rotation.new
    try context.put(keys, place, call.account)
    try certify(member, verified, before: try context.get(issues, call.account), context)
    try context.emit("identity.rotate", rotation)
  }

  static func suspend(_ call: RevokeMember, _ context: ContractContext) throws(ContractError) {
    try requireOverseer(of: call.account, "suspend", context)
    guard call.reason.utf8.count <= 64 else { throw .badArgument("reason: more than 64 bytes") }
    var member = try context.require(members, call.account)
    guard member.status == .active else { throw .notAllowed(state: "\(member.status)", call: "suspend") }
    try keepingAdministrator(context) { () throws(ContractError) in
      member.status = .suspended
      try context.put(members, call.account, member)
    }
    try context.emit("identity.suspend", call)
  }

  static func resume(_ account: AccountID, _ context: ContractContext) throws(ContractError) {
    try requireOverseer(of: account, "resume", context)
    var member = try context.require(members, account)
    guard member.status == .suspended else { throw .notAllowed(state: "\(member.status)", call: "resume") }
    // What its authority holds, no administrator lets go.
    if let issue = try context.get(issues, account), try isListed(member.serial, by: issue.issuer, context) {
      throw .held(by: "the revocation list of its authority")
    }
    member.status = .active
    try context.put(members, account, member)
    try context.emit("identity.resume", account)
  }

  static func revoke(_ call: RevokeMember, _ context: ContractContext) throws(ContractError) {
    guard call.reason.utf8.count <= 64 else { throw .badArgument("reason: more than 64 bytes") }
    let member = try standing(call.account, "revoke", context)
    try keepingAdministrator(context) { () throws(ContractError) in try revoke(member, context) }
    try context.emit("identity.revoke", call)
  }

  /// Revokes a member and takes it off the count of its root.
  static func revoke(_ member: Member, _ context: ContractContext) throws(ContractError) {
    var member = member
    member.status = .revoked
    try context.put(members, member.account, member)
    if let issue = try context.get(issues, member.account) { try count(issue.root, by: -1, context) }
  }

  /// A member that is not revoked.
  private static func standing(_ account: AccountID, _ call: String, _ context: ContractContext) throws(ContractError) -> Member {
    let member = try context.require(members, account)
    guard member.status != .revoked else { throw .notAllowed(state: "revoked", call: call) }
    return member
  }

  /// Administrators look after each other's organisations only by vote, so that one cannot put the others out.
  static func requireOverseer(of account: AccountID, _ call: String, _ context: ContractContext) throws(ContractError) {
    guard account != context.caller.account else { throw .notAuthorised("an administrator cannot \(call) itself") }
    let organisation = try context.require(members, account).organisation
    guard organisation != context.caller.organisation, try context.organisation(organisation, has: .administrator) else { return }
    throw .notAuthorised("members of \(organisation), which administers too, are left to itself or to governance (identity.expel)")
  }

  /// Writes a member under a certificate that was never used before.
  private static func certify(
    _ member: Member, _ verified: Verified, before: MemberIssue?, _ context: ContractContext
  ) throws(ContractError) {
    guard try context.get(serials, verified.serialPlace) == nil else { throw .alreadyExists }
    var member = member
    member.serial = verified.leaf.serial
    member.name = verified.leaf.commonName ?? ""
    member.validFrom = verified.leaf.notBefore
    member.validUntil = verified.leaf.notAfter
    try context.put(members, member.account, member)
    try context.put(serials, verified.serialPlace, member.account)
    try context.put(issues, member.account, verified.issue)
    if let before { try count(before.root, by: -1, context) }
    try count(verified.issue.root, by: 1, context)
  }

  private static func count(_ root: UInt32, by change: Int64, _ context: ContractContext) throws(ContractError) {
    let before = try context.get(rootMembers, root) ?? 0
    let (after, overflow) = before.addingReportingOverflow(UInt64(bitPattern: change))
    guard overflow == (change < 0) else { throw .overflow }
    try context.put(rootMembers, root, after)
  }

  static func verify(_ certificates: [[UInt8]], _ context: ContractContext) throws(ContractError) -> Verified {
    guard (1...pathLimit).contains(certificates.count) else { throw .badArgument("certificates: 1 to \(pathLimit) expected") }
    try context.charge(signatureSteps * UInt64(certificates.count))
    let roots = try roots(context)
    let path: [Certificate]
    let root: Certificate
    do throws(CertificateError) {
      path = try parse(certificates)
      root = try CertificatePath(leaf: path[0], intermediates: Array(path.dropFirst())).verify(
        under: roots.map(\.certificate), suite: context.suite, at: context.time)
    } catch {
      throw .badArgument("certificates: \(error)")
    }
    for (certificate, issuer) in zip(path, path.dropFirst() + [root]) {
      guard try !isListed(certificate.serial, by: hash(issuer, context), context) else {
        throw .badArgument("certificates: \(certificate.subject) is on the revocation list of its issuer")
      }
    }
    guard let organisation = path[0].organisation.flatMap({ OrganisationID($0) }), try context.get(organisations, organisation) != nil
    else {
      throw .badArgument("certificates: organisation \(path[0].organisation ?? "none") is not one of this chain")
    }
    guard try context.get(suspended, organisation) == nil else {
      throw .notAllowed(state: "suspended", call: "organisation \(organisation)")
    }
    guard let number = roots.first(where: { $0.certificate == root })?.number else { throw .unexpected }
    return Verified(
      leaf: path[0], organisation: organisation,
      issue: MemberIssue(root: number, issuer: hash(path.count > 1 ? path[1] : root, context)))
  }

  static func parse(_ certificates: [[UInt8]]) throws(CertificateError) -> [Certificate] {
    var parsed: [Certificate] = []
    for der in certificates { parsed.append(try Certificate(der: der)) }
    return parsed
  }

  static func hash(_ authority: Certificate, _ context: QueryContext) -> Digest { context.suite.hash(authority.publicKey.bytes) }

  static func roots(_ context: QueryContext) throws(ContractError) -> [(number: UInt32, certificate: Certificate)] {
    var found: [(number: UInt32, certificate: Certificate)] = []
    for (number, der) in try context.range(authorities, limit: authorityLimit) {
      do throws(CertificateError) {
        found.append((number, try Certificate(der: der)))
      } catch {
        throw .badArgument("root authority \(number): \(error)")
      }
    }
    return found
  }
}
