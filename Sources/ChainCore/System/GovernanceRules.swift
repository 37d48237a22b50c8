/// Which organisations vote; each has one vote.
public enum Electorate: UInt8, CanonicalEnum, Codable, Hashable {
  /// Those that run a validator now.
  case validators = 0
  /// Those that have the role `administrator` now.
  case administrators = 1

  /// The form in reasons.
  var text: String { self == .validators ? "organisations that run validators" : "organisations with the role administrator" }
}

/// How many of the voters must approve: more than a fraction between a half and one, or all of them.
///
/// Less than a majority, or nobody, cannot be said.
public struct ApprovalThreshold: CanonicalRecord, Codable, Hashable {
  /// The greatest denominator.
  public static let denominatorLimit: UInt32 = 1_000

  /// The fraction that must be exceeded.
  public let numerator, denominator: UInt32

  /// More than `numerator` of `denominator` voters; if both are equal, all of them.
  ///
  /// `nil` for less than a half, more than one, or a denominator outside 1 to 1,000.
  public init?(moreThan numerator: UInt32, of denominator: UInt32) {
    guard (1...Self.denominatorLimit).contains(denominator), numerator <= denominator, 2 * numerator >= denominator else { return nil }
    self.init(unchecked: numerator, denominator)
  }

  private init(unchecked numerator: UInt32, _ denominator: UInt32) {
    self.numerator = numerator
    self.denominator = denominator
  }

  /// More than half.
  public static let majority = ApprovalThreshold(unchecked: 1, 2)
  /// More than two thirds.
  public static let twoThirds = ApprovalThreshold(unchecked: 2, 3)
  /// All.
  public static let unanimous = ApprovalThreshold(unchecked: 1, 1)

  /// The fields in order.
  public static let layout = Layout(
    checked: { ApprovalThreshold(moreThan: $0, of: $1) }, expected: "a fraction of at least a half and at most one", \.numerator,
    \.denominator)

  /// Whether so many approvals of so many voters are enough.
  public func isReached(approvals: Int, voters: Int) -> Bool {
    guard approvals > 0, voters > 0 else { return false }
    return approvals >= voters || UInt64(approvals) * UInt64(denominator) > UInt64(voters) * UInt64(numerator)
  }

  /// The form in reasons.
  var text: String { numerator == denominator ? "all" : "more than \(numerator)/\(denominator)" }
}

/// What it takes to approve and to carry out a kind of proposal.
public struct ProposalRule: CanonicalRecord, Codable, Hashable {
  /// The greatest delay in heights.
  public static let delayHeightLimit: UInt64 = 1_000_000
  /// The greatest delay in milliseconds: 90 days.
  public static let delayMsLimit: UInt64 = 90 * 86_400_000

  /// Who votes.
  public var electorate: Electorate
  /// How many of them must approve.
  public var threshold: ApprovalThreshold
  /// How many heights lie between approval and execution.
  public var delayHeights: UInt64
  /// How many milliseconds of block time lie between approval and execution; both delays must be over.
  public var delayMs: UInt64

  /// Puts the fields together.
  public init(electorate: Electorate, threshold: ApprovalThreshold, delayHeights: UInt64 = 0, delayMs: UInt64 = 0) {
    self.electorate = electorate
    self.threshold = threshold
    self.delayHeights = delayHeights
    self.delayMs = delayMs
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(electorate:threshold:delayHeights:delayMs:), \.electorate, \.threshold, \.delayHeights, \.delayMs)
}

/// A kind of proposal: the entry that it calls, or all governed entries of a contract. A rule of the narrower scope counts.
public struct RuleScope: CanonicalRecord, OrderedKey, Codable, Hashable {
  /// The contract.
  public var contract: ContractName
  /// The entry; `nil` = all that have no rule of their own.
  public var entry: EntryName?

  /// Puts the parts together.
  public init(contract: ContractName, entry: EntryName? = nil) {
    self.contract = contract
    self.entry = entry
  }

  /// The kind of proposals that change the validators.
  public static let validators = RuleScope(contract: GovernanceContract.name, entry: "validators")

  /// The fields in order.
  public static let layout = Layout(Self.init, \.contract, \.entry)

  /// Appends both names; an absent entry as an empty one.
  public func encodeKey(into bytes: inout [UInt8]) {
    contract.encodeKey(into: &bytes)
    (entry?.rawValue ?? "").encodeKey(into: &bytes)
  }

  /// Reads both names.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let contract = ContractName(key: &bytes), let entry = String(key: &bytes) else { return nil }
    self.init(contract: contract, entry: EntryName(entry))
    guard self.entry != nil || entry.isEmpty else { return nil }
  }

  /// The form in reasons.
  var text: String { "\(contract)" + (entry.map { ".\($0)" } ?? "") }
}

/// Arguments of `governance.setRule`, and what genesis may set.
public struct RuleSetting: CanonicalRecord, Codable, Hashable {
  /// The kind of proposals.
  public var scope: RuleScope
  /// The rule.
  public var rule: ProposalRule

  /// Puts the parts together.
  public init(scope: RuleScope, rule: ProposalRule) {
    self.scope = scope
    self.rule = rule
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.scope, \.rule)
}

// Which rule counts for a proposal, and who changes rules.
extension GovernanceContract {
  /// What counts where nobody set another rule. Docs/Governance.md gives the reasons.
  static func defaultRule(_ scope: RuleScope) -> ProposalRule {
    if scope == .validators { return ProposalRule(electorate: .validators, threshold: .twoThirds) }
    // What stops harm does not wait.
    if scope == RuleScope(contract: LifecycleContract.name, entry: "freeze") {
      return ProposalRule(electorate: .administrators, threshold: .majority)
    }
    switch scope.contract {
    case name: return ProposalRule(electorate: .validators, threshold: .twoThirds, delayHeights: defaultDelay)
    case IdentityContract.name, AccessContract.name: return ProposalRule(electorate: .administrators, threshold: .majority)
    default: return ProposalRule(electorate: .administrators, threshold: .majority, delayHeights: defaultDelay)
    }
  }

  /// The rule of a kind of proposal.
  static func rule(_ scope: RuleScope, _ context: QueryContext) throws(ContractError) -> ProposalRule {
    if let own = try context.get(rules, scope) { return own }
    return try context.get(rules, RuleScope(contract: scope.contract)) ?? defaultRule(scope)
  }

  /// The kinds that a proposal is of, each once.
  static func scopes(of change: GovernanceChange) -> [RuleScope] {
    switch change {
    case .validators: return [.validators]
    case .closed(let closed): return closed.scopes
    case .calls(let calls):
      var found: [RuleScope] = []
      for call in calls {
        let scope = RuleScope(contract: call.contract, entry: call.entry)
        if !found.contains(scope) { found.append(scope) }
      }
      return found
    }
  }

  /// The organisations that vote, sorted.
  static func voters(_ electorate: Electorate, _ context: QueryContext) throws(ContractError) -> [OrganisationID] {
    switch electorate {
    case .validators:
      var found: [OrganisationID] = []
      for member in try context.require(seats, 0).current.members where !found.contains(member.organisation) {
        found.append(member.organisation)
      }
      return found.sorted()
    case .administrators:
      let identity = QueryContext(contract: IdentityContract.name, caller: .system, frame: context.frame)
      var found: [OrganisationID] = []
      for organisation in try AccessContract.holders(of: .administrator, context.frame)
      where try identity.get(IdentityContract.suspended, organisation) == nil { found.append(organisation) }
      return found
    }
  }

  /// Sets a rule. What could never be approved again, or would wait for ever, is refused.
  static func setRule(_ setting: RuleSetting, _ context: ContractContext) throws(ContractError) {
    let (scope, rule) = (setting.scope, setting.rule)
    let registry = context.frame.environment.registry
    guard registry.contract(scope.contract) != nil else { throw .badArgument("scope: no contract \(scope.contract) on this chain") }
    if let entry = scope.entry, scope != .validators {
      guard registry.entry(scope.contract, entry)?.access == .governance else {
        throw .badArgument("scope: \(scope.text) is no entry of governance")
      }
    }
    guard rule.delayHeights <= ProposalRule.delayHeightLimit, rule.delayMs <= ProposalRule.delayMsLimit else {
      throw .badArgument("delay: at most \(ProposalRule.delayHeightLimit) heights and \(ProposalRule.delayMsLimit) ms")
    }
    guard try !voters(rule.electorate, context).isEmpty else {
      throw .notAllowed(state: "there are no \(rule.electorate.text)", call: "setRule")
    }
    // One organisation that is gone must not make rules and validators unchangeable.
    guard scope.contract != name || 4 * rule.threshold.numerator <= 3 * rule.threshold.denominator else {
      throw .notAllowed(state: "rules and validators change by more than 3/4 at most", call: "setRule")
    }
    try context.put(rules, scope, rule)
    try context.emit("governance.ruleSet", setting)
  }

  /// Drops a rule, so that the wider one or the default counts again.
  static func dropRule(_ scope: RuleScope, _ context: ContractContext) throws(ContractError) {
    guard try context.get(rules, scope) != nil else { throw .notFound }
    try context.remove(rules, scope)
    try context.emit("governance.ruleDropped", scope)
  }
}
