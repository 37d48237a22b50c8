/// What changes only by recorded votes: the chain's validators, and every call that a contract declares `by: .governance`.
///
/// Each organisation of the electorate has one vote; a rule a kind of proposal says who votes, how many must approve and how long the
/// change waits then (Docs/Governance.md). Approved calls are made by `execute`. Approved validators take their seats after the last
/// block of the running epoch; on a Raft chain after the block. The old set signs that block, and its checkpoint names the new one.
public struct GovernanceContract: SystemContract {
  /// `governance`.
  public static let name: ContractName = "governance"
  /// How long a proposal is open, and how long at least it can be executed once approved, in heights.
  public static let proposalLifetime: UInt64 = 10_000
  /// How long at least it can be executed once approved, in milliseconds: 7 days.
  public static let executionWindowMs: UInt64 = 7 * 86_400_000
  /// The greatest number of open proposals of one organisation.
  public static let openLimit = 8
  /// How many closed proposals the state remembers; blocks and the audit log tell of all.
  public static let closedLimit: UInt64 = 1_024
  /// The greatest number of calls in a proposal.
  public static let callLimit = 16
  /// The greatest size of all arguments in a proposal, in bytes.
  public static let argumentLimit = 64 * 1024
  /// The delay that most calls have where no rule says otherwise, in heights: so many checkpoints show what is about to happen.
  public static let defaultDelay: UInt64 = 10
  /// How old a newcomer's certified checkpoint may be, in heights.
  public static let readyLimit: UInt64 = 64
  /// Through how many sets evidence is followed back.
  static let evidenceSets = 64

  static let seats = Table<UInt8, ValidatorSeats>("seats")
  static let sets = Table<UInt64, SeatedSet>("sets")
  static let terms = Table<UInt8, GovernanceTerms>("terms")
  static let proposals = Table<UInt64, GovernanceProposal>("proposals")
  /// 0: the last proposal's id; 1: how many were closed.
  static let counters = Table<UInt8, UInt64>("counters")
  /// Closed proposals that are remembered, in the order of closing.
  static let closed = Table<UInt64, UInt64>("closed")
  static let open = Table<UInt64, UInt8>("open")
  static let openBy = Table<Pair<OrganisationID, UInt64>, UInt8>("openBy")
  static let rules = Table<RuleScope, ProposalRule>("rules")
  static let convictions = Table<AccountID, Conviction>("convictions")

  /// The contract.
  public init() {}

  /// All events of this contract are security events.
  package static func isAudited(_ event: String) -> Bool { true }

  /// Proposals and votes, newcomers that are ready, evidence, and who has a seat.
  public var entries: Entries {
    Entry("propose", by: .member) { (call: ProposeChange, context) -> UInt64 in try Self.propose(call, context) }
    Entry("vote", by: .member) { (call: CastVote, context) -> GovernanceProposal in try Self.vote(call, context) }
    Entry("execute", by: .member) { (id: UInt64, context) -> GovernanceProposal in try Self.execute(id, context) }
    Entry("cancel", by: .member) { (id: UInt64, context) in try Self.cancel(id, context) }
    Entry("setRule", by: .governance) { (setting: RuleSetting, context) in try Self.setRule(setting, context) }
    Entry("dropRule", by: .governance) { (scope: RuleScope, context) in try Self.dropRule(scope, context) }
    Entry("setParameters", by: .governance) { (change: ParameterChange, context) in try Self.setParameters(change, context) }
    Entry("cancelParameters", by: .governance) { (_: NoResult, context) in try Self.cancelParameters(context) }
    Entry("ready", by: .member) { (call: ValidatorReady, context) in try Self.seat(call, context) }
    Entry("evidence", by: .member) { (call: EquivocationEvidence, context) -> Conviction in try Self.convict(call, context) }
    Query("seats") { (_: NoResult, context) -> ValidatorSeats in try context.require(Self.seats, 0) }
    Query("set") { (generation: UInt64, context) -> ValidatorSet? in try context.get(Self.sets, generation)?.set }
    Query("proposal") { (id: UInt64, context) -> GovernanceProposal? in try context.get(Self.proposals, id) }
    Query("openProposals") { (_: NoResult, context) -> [UInt64] in
      try context.range(Self.open, limit: 1_000).map(\.key)
    }
    Query("tally") { (id: UInt64, context) -> ProposalTally? in try Self.tally(id, context) }
    Query("rule") { (scope: RuleScope, context) -> ProposalRule in try Self.rule(scope, context) }
    Query("voters") { (electorate: Electorate, context) -> [OrganisationID] in try Self.voters(electorate, context) }
    Query("schedule") { (_: NoResult, context) -> ParameterSchedule in try Self.schedule(context) }
    Query("parameters") { (height: BlockHeight, context) -> ChainParameters in try Self.parameters(at: height, context) }
    Query("conviction") { (validator: AccountID, context) -> Conviction? in try context.get(Self.convictions, validator) }
  }

  /// Sets the rules that genesis names: its configuration is the canonical bytes of `[RuleSetting]`, or nothing.
  public func initialise(_ configuration: [UInt8], _ context: ContractContext) throws {
    guard !configuration.isEmpty else { return }
    let settings: [RuleSetting]
    do throws(CanonicalError) {
      settings = try [RuleSetting](canonicalBytes: configuration)
    } catch {
      throw ContractError.badArgument("configuration of governance is no list of rules: \(error)")
    }
    for setting in settings { try Self.setRule(setting, context) }
  }

  static func initialise(_ genesis: Genesis, _ context: ContractContext) throws(ContractError) {
    try context.put(terms, 0, GovernanceTerms(engine: genesis.engine, epochLength: genesis.parameters.epochLength))
    try store(ValidatorSeats(current: genesis.validators, since: 1), context)
  }

  private static func store(_ seats: ValidatorSeats, _ context: ContractContext) throws(ContractError) {
    try context.put(Self.seats, 0, seats)
    guard try context.get(sets, seats.current.generation) == nil else { return }
    try context.put(sets, seats.current.generation, SeatedSet(set: seats.current, since: seats.since))
  }

  /// Ends a block: after an epoch's last one the coming set is current. Called by the runtime.
  static func rotate(_ context: ContractContext) throws(ContractError) {
    guard let seats = try context.get(seats, 0), let rotated = seats.rotated(after: context.height) else { return }
    try store(rotated, context)
    try context.emit("governance.seated", rotated.current)
  }

  /// Makes an approved change, as far as it can be made now.
  static func make(_ change: ValidatorChange, _ seats: inout ValidatorSeats, _ terms: GovernanceTerms) throws(ContractError) {
    switch change {
    case .add(let validator): try admit(validator, replacing: nil, &seats, terms)
    case .replace(let old, let new):
      guard let seat = seats.coming.first(where: { $0.key == old }) else { throw .notFound }
      try admit(Validator(key: new, weight: seat.weight, organisation: seat.organisation), replacing: old, &seats, terms)
    case .weight(let key, let weight):
      guard terms.engine == .simplex else { throw .notSupported("weights on a Raft chain: each validator counts one") }
      guard weight > 0 else { throw .badArgument("weight: 0; remove the validator instead") }
      var coming = seats.coming
      guard let place = coming.firstIndex(where: { $0.key == key }) else { throw .notFound }
      coming[place].weight = weight
      try setNext(coming, &seats)
    case .remove(let key):
      if seats.joining.contains(where: { $0.validator.key == key }) {
        seats.joining.removeAll { $0.validator.key == key }
        return
      }
      let coming = seats.coming.filter { $0.key != key }
      guard coming.count < seats.coming.count else { throw .notFound }
      try setNext(coming, &seats)
    }
  }

  private static func admit(
    _ validator: Validator, replacing old: PublicKey?, _ seats: inout ValidatorSeats, _ terms: GovernanceTerms
  ) throws(ContractError) {
    guard validator.weight > 0, terms.engine == .simplex || validator.weight == 1 else {
      throw .badArgument("weight: \(validator.weight); on a Raft chain it is 1")
    }
    guard validator.key.suite == seats.current.members[0].key.suite else { throw .badArgument("key: of another suite than the chain's") }
    guard !seats.everyone.contains(where: { $0.key == validator.key }) else { throw .alreadyExists }
    guard seats.joining.count < ValidatorSeats.joiningLimit else {
      throw .limitExceeded("\(ValidatorSeats.joiningLimit) validators that join at once")
    }
    seats.joining.append(ValidatorSeats.Joining(validator: validator, replaces: old))
  }

  /// Guards: a set needs members, and a quorum of the present one must not vanish at once.
  static func setNext(_ members: [Validator], _ seats: inout ValidatorSeats) throws(ContractError) {
    guard let next = try? ValidatorSet(generation: 0, rule: seats.current.rule, members: members) else {
      throw .notAllowed(state: "\(members.count) validators would be left", call: "change")
    }
    var lost: UInt128 = 0
    for member in seats.current.members {
      let kept = next.members.first { $0.key == member.key }?.weight ?? 0
      lost += UInt128(member.weight - min(member.weight, kept))
    }
    guard !seats.current.rule.isReached(signed: lost, total: seats.current.totalWeight) else {
      throw .notAllowed(state: "a quorum of the current validators would be gone at once", call: "change")
    }
    seats.next = next.members == seats.current.members ? nil : next.members
  }
}

/// What governance has to know of the genesis document.
struct GovernanceTerms: CanonicalRecord {
  var engine: EngineKind
  var epochLength: UInt64

  static let layout = Layout(Self.init, \.engine, \.epochLength)
}
