/// Why a call or query was refused. A call that throws leaves no write, event or packet; its receipt has `code` and `message`.
@nonexhaustive
public enum ContractError: Error, Hashable, Sendable {
  /// The caller may not do this: it lacks the role, or is not the organisation that the record names.
  case notAuthorised(String)
  /// An argument is malformed or does not fit; names the field and what is wrong.
  case badArgument(String)
  /// The record does not exist.
  case notFound
  /// The record exists already, and its key is taken for ever.
  case alreadyExists
  /// The record's state does not allow the call.
  case notAllowed(state: String, call: String)
  /// The caller worked from an old version or an old proof; read again and retry.
  case stale(found: UInt64)
  /// The time for this has passed.
  case expired
  /// A hold blocks the call until its placer releases it.
  case held(by: String)
  /// The granted number of uses is spent.
  case quota
  /// A walk would go deeper than one call may; continue from where it stopped.
  case tooDeep
  /// This chain or version cannot do that.
  case notSupported(String)
  /// The call exceeded a limit of the chain's genesis; split the work.
  case limitExceeded(String)
  /// A number left its range.
  case overflow
  /// A running cross-chain transaction holds the record; retry later.
  case locked(by: String)
  /// The contract's code failed in a way that it does not explain.
  case unexpected

  /// The code that receipts carry.
  public var code: String {
    switch self {
    case .notAuthorised: "notAuthorised"
    case .badArgument: "badArgument"
    case .notFound: "notFound"
    case .alreadyExists: "alreadyExists"
    case .notAllowed: "notAllowed"
    case .stale: "stale"
    case .expired: "expired"
    case .held: "held"
    case .quota: "quota"
    case .tooDeep: "tooDeep"
    case .notSupported: "notSupported"
    case .limitExceeded: "limitExceeded"
    case .overflow: "overflow"
    case .locked: "locked"
    case .unexpected: "unexpected"
    }
  }

  /// The sentence that receipts carry.
  public var message: String {
    switch self {
    case .notAuthorised(let reason): reason
    case .badArgument(let reason): reason
    case .notFound: "no such record"
    case .alreadyExists: "the key is taken"
    case .notAllowed(let state, let call): "\(call) is not allowed in state \(state)"
    case .stale(let found): "stale: found \(found)"
    case .expired: "expired"
    case .held(let by): "held by \(by)"
    case .quota: "no uses left"
    case .tooDeep: "too deep for one call"
    case .notSupported(let what): "not supported: \(what)"
    case .limitExceeded(let what): "limit exceeded: \(what)"
    case .overflow: "number out of range"
    case .locked(let by): "locked by \(by)"
    case .unexpected: "unexpected error"
    }
  }
}

extension ContractError: CustomStringConvertible {
  /// Code and sentence.
  public var description: String { "\(code): \(message)" }
}
