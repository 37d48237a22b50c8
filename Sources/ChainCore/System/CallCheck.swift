/// Why a call is refused before its code runs.
@nonexhaustive
public enum CallRefusal: Error, Hashable, Sendable {
  /// No member of this chain has the account; register its certificate first.
  case unknownSender(AccountID)
  /// The member was revoked.
  case revoked(AccountID)
  /// The member is suspended; an administrator resumes it.
  case suspended(AccountID)
  /// Governance suspended the member's organisation.
  case organisationSuspended(OrganisationID)
  /// The member's certificate is not valid at this block time; renew it.
  case certificateNotValid(AccountID, from: BlockTime, until: BlockTime, at: BlockTime)
  /// The key is not the member's current one.
  case wrongKey(AccountID)
  /// This chain has no such contract.
  case unknownContract(ContractName)
  /// The contract has no such entry.
  case unknownEntry(ContractName, EntryName)
  /// Governance froze the contract: it answers queries only.
  case frozen(ContractName)
  /// Governance retired the contract.
  case retired(ContractName)
  /// The chain runs a version of the contract that this host does not contain; install a host that does.
  case missingContract(MissingContract)
  /// The organisation lacks the role, or a rule of governance denies the call.
  case roleNotAllowed(String)
  /// The state could not be read.
  case unreadable

  /// The error that a receipt carries.
  var contractError: ContractError {
    switch self {
    case .unknownContract, .unknownEntry: .notSupported(description)
    case .frozen(let contract): .notAllowed(state: "frozen", call: "a call of \(contract)")
    case .retired(let contract): .notAllowed(state: "retired", call: "a call of \(contract)")
    case .unreadable, .missingContract: .unexpected
    default: .notAuthorised(description)
    }
  }
}

extension CallRefusal: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .unknownSender(let account): "account \(account) is not a member of this chain"
    case .revoked(let account): "member \(account) was revoked"
    case .suspended(let account): "member \(account) is suspended"
    case .organisationSuspended(let organisation): "organisation \(organisation) is suspended"
    case .certificateNotValid(let account, let from, let until, let at):
      "certificate of \(account) is valid from \(from) to \(until) ms, not at \(at)"
    case .wrongKey(let account): "the signing key is not the current key of \(account)"
    case .unknownContract(let name): "no contract \(name) on this chain"
    case .unknownEntry(let contract, let entry): "contract \(contract) has no entry \(entry)"
    case .frozen(let contract): "contract \(contract) is frozen by governance; it answers queries only"
    case .retired(let contract): "contract \(contract) was retired by governance"
    case .missingContract(let missing): missing.description
    case .roleNotAllowed(let reason): reason
    case .unreadable: "the state cannot be read"
    }
  }
}

/// Whether roles and rules allow a call, and what decided.
struct AccessDecision {
  /// Why not; `nil` if they allow it.
  var refusal: String?
  /// The declaration or the rule.
  var rule: String
}

/// The check that mempool, execution, dispatch and the access query share: member valid, key current, role allowed.
struct CallCheck {
  let frame: CallFrame

  func caller(_ account: AccountID, key: PublicKey?, contract: ContractName, entry: EntryName) throws(CallRefusal) -> Caller {
    let declared = try self.entry(contract, entry)
    let caller = try caller(account, key: key)
    do throws(ContractError) {
      try require(caller, contract, entry, declared.access)
    } catch {
      guard case .notAuthorised(let reason) = error else { throw .unreadable }
      throw .roleNotAllowed(reason)
    }
    return caller
  }

  func caller(_ account: AccountID, key: PublicKey?) throws(CallRefusal) -> Caller {
    let time = frame.environment.time
    let member: Member
    let roles: [Role]
    let isSuspended: Bool
    do throws(ContractError) {
      let context = QueryContext(contract: IdentityContract.name, caller: .system, frame: frame)
      guard let found = try context.get(IdentityContract.members, account) else { throw ContractError.notFound }
      member = found
      isSuspended = try context.get(IdentityContract.suspended, member.organisation) != nil
      roles = try AccessContract.roles(of: member.organisation, chain: nil, frame)
    } catch {
      throw error == .notFound ? .unknownSender(account) : .unreadable
    }
    switch member.status {
    case .active: break
    case .revoked: throw .revoked(account)
    case .suspended: throw .suspended(account)
    }
    guard !isSuspended else { throw .organisationSuspended(member.organisation) }
    guard member.validFrom <= time, time <= member.validUntil else {
      throw .certificateNotValid(account, from: member.validFrom, until: member.validUntil, at: time)
    }
    guard key.map({ $0 == member.key }) ?? true else { throw .wrongKey(account) }
    return Caller(account: account, organisation: member.organisation, roles: roles)
  }

  /// The declaration of an entry.
  private func entry(_ contract: ContractName, _ entry: EntryName) throws(CallRefusal) -> Entry {
    let registry = frame.environment.registry
    if registry.halt(of: contract) == .retired { throw .retired(contract) }
    if let missing = registry.missing.first(where: { $0.contract == contract }) { throw .missingContract(missing) }
    guard registry.contract(contract) != nil else { throw .unknownContract(contract) }
    guard let declared = registry.entry(contract, entry) else { throw .unknownEntry(contract, entry) }
    if registry.halt(of: contract) == .frozen { throw .frozen(contract) }
    return declared
  }

  /// Throws the reason unless the contract takes calls, and roles and rules let `caller` call this entry.
  func requireCall(_ caller: Caller, _ contract: ContractName, _ name: EntryName, _ access: Access) throws(ContractError) {
    if frame.environment.registry.halt(of: contract) == .frozen { throw CallRefusal.frozen(contract).contractError }
    try require(caller, contract, name, access)
  }

  /// Throws `.notAuthorised` with the reason unless roles and rules let `caller` call an entry, or ask a query.
  func require(_ caller: Caller, _ contract: ContractName, _ name: EntryName, _ access: Access) throws(ContractError) {
    if let refusal = try decide(caller, contract, name, access).refusal { throw .notAuthorised(refusal) }
  }

  /// What roles and rules say of a call.
  func decide(
    _ caller: Caller, _ contract: ContractName, _ name: EntryName, _ access: Access
  ) throws(ContractError) -> AccessDecision {
    let declared = "declared: \(access.text)"
    switch access {
    case .system:
      let reason = "\(contract).\(name) is called by the runtime only"
      return AccessDecision(refusal: caller.origin == .system ? nil : reason, rule: declared)
    case .governance:
      if case .governance = caller.origin { return AccessDecision(refusal: nil, rule: declared) }
      return AccessDecision(
        refusal:
          "\(contract).\(name) is decided by governance: propose the call by governance.propose; governance.execute makes it once approved",
        rule: declared)
    case .member, .roles: break
    }
    let rules = try QueryContext(contract: AccessContract.name, caller: .system, frame: frame).get(AccessContract.rules, contract) ?? []
    guard caller.origin != .system, let rule = rules.first(where: { $0.entry == name }) ?? rules.first(where: { $0.entry == nil }) else {
      return AccessDecision(refusal: refusal(caller, contract, name, access), rule: declared)
    }
    let text = "rule \(RuleScope(contract: contract, entry: rule.entry).text)"
    let place = OrganisationPlace(caller.organisation, on: caller.origin.chain)
    if rule.denied.contains(place) {
      return AccessDecision(refusal: "\(text) denies \(contract).\(name) to \(place.text)", rule: text)
    }
    if rule.allowed.contains(place) { return AccessDecision(refusal: nil, rule: text) }
    switch rule.audience {
    case .declared: return AccessDecision(refusal: refusal(caller, contract, name, access), rule: declared)
    case .members: return AccessDecision(refusal: nil, rule: text)
    case .roles(let roles):
      let reason = refusal(caller, contract, name, .roles(roles))
      return AccessDecision(refusal: reason.map { "\($0) (\(text))" }, rule: text)
    }
  }

  private func refusal(_ caller: Caller, _ contract: ContractName, _ name: EntryName, _ access: Access) -> String? {
    guard case .roles(let roles) = access, !roles.contains(where: caller.has) else { return nil }
    let who = roles.isEmpty ? "nobody" : "role \(access.text)"
    return "\(contract).\(name) is for \(who); \(caller.organisation) has \(caller.roleText)"
  }

  /// "May X call Y, and why not?"
  func answer(_ question: AccessQuestion) throws(ContractError) -> AccessAnswer {
    let declared: Entry
    do throws(CallRefusal) {
      declared = try entry(question.contract, question.entry)
    } catch {
      return AccessAnswer(allowed: false, reason: error.description, rule: "contracts")
    }
    let caller: Caller
    do throws(CallRefusal) {
      caller = try self.caller(question.account, key: nil)
    } catch {
      guard error != .unreadable else { throw .unexpected }
      return AccessAnswer(allowed: false, reason: error.description, rule: "membership")
    }
    let decision = try decide(caller, question.contract, question.entry, declared.access)
    return AccessAnswer(allowed: decision.refusal == nil, reason: decision.refusal ?? "", rule: decision.rule)
  }
}
