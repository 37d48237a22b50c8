/// Why a call is refused before its code runs.
@nonexhaustive
public enum CallRefusal: Error, Hashable, Sendable {
  /// No member of this chain has the account; register its certificate first.
  case unknownSender(AccountID)
  /// The member was revoked.
  case revoked(AccountID)
  /// The member's certificate is not valid at this block time; renew it.
  case certificateNotValid(AccountID, from: BlockTime, until: BlockTime, at: BlockTime)
  /// The key is not the member's current one.
  case wrongKey(AccountID)
  /// This chain has no such contract.
  case unknownContract(ContractName)
  /// The contract has no such entry.
  case unknownEntry(ContractName, EntryName)
  /// The organisation lacks the role.
  case roleNotAllowed(String)
  /// The state could not be read.
  case unreadable

  /// The error that a receipt carries.
  var contractError: ContractError {
    switch self {
    case .unknownContract, .unknownEntry: .notSupported(description)
    case .unreadable: .unexpected
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
    case .certificateNotValid(let account, let from, let until, let at):
      "certificate of \(account) is valid from \(from) to \(until) ms, not at \(at)"
    case .wrongKey(let account): "the signing key is not the current key of \(account)"
    case .unknownContract(let name): "no contract \(name) on this chain"
    case .unknownEntry(let contract, let entry): "contract \(contract) has no entry \(entry)"
    case .roleNotAllowed(let reason): reason
    case .unreadable: "the state cannot be read"
    }
  }
}

/// The check that mempool, execution and the access query share: member valid, key current, role allowed.
struct CallCheck {
  let frame: CallFrame

  func caller(_ account: AccountID, key: PublicKey?, contract: ContractName, entry: EntryName) throws(CallRefusal) -> Caller {
    let registry = frame.environment.registry
    guard registry.contract(contract) != nil else { throw .unknownContract(contract) }
    guard let declared = registry.entry(contract, entry) else { throw .unknownEntry(contract, entry) }
    let caller = try caller(account, key: key)
    do throws(ContractError) {
      try declared.checkAccess(of: caller, contract: contract)
    } catch {
      throw .roleNotAllowed(error.message)
    }
    return caller
  }

  func caller(_ account: AccountID, key: PublicKey?) throws(CallRefusal) -> Caller {
    let time = frame.environment.time
    let member: Member
    let roles: [Role]
    do throws(ContractError) {
      let context = QueryContext(contract: IdentityContract.name, caller: .system, frame: frame)
      guard let found = try context.get(IdentityContract.members, account) else { throw ContractError.notFound }
      member = found
      roles = try AccessContract.roles(of: member.organisation, chain: nil, frame)
    } catch {
      throw error == .notFound ? .unknownSender(account) : .unreadable
    }
    guard member.status == .active else { throw .revoked(account) }
    guard member.validFrom <= time, time <= member.validUntil else {
      throw .certificateNotValid(account, from: member.validFrom, until: member.validUntil, at: time)
    }
    guard key.map({ $0 == member.key }) ?? true else { throw .wrongKey(account) }
    return Caller(account: account, organisation: member.organisation, roles: roles)
  }
}
