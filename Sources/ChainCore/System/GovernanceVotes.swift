// How proposals come about and end: votes, delays, execution.
extension GovernanceContract {
  static func propose(_ call: ProposeChange, _ context: ContractContext) throws(ContractError) -> UInt64 {
    guard call.reason.utf8.count <= 256 else { throw .badArgument("reason: more than 256 bytes") }
    let organisation = context.caller.organisation
    try checkForm(call.change, context)
    let ballots = try ballots(on: call.change, context)
    try requireVoter(organisation, ballots)
    // What can't be done now is refused at once; things may change until it is approved.
    try context.rehearse { context throws(ContractError) in
      try make(call.change, by: organisation, proposal: 0, context)
    }
    try closeExpired(of: organisation, context)
    guard try context.range(openBy, under: organisation, limit: openLimit).count < openLimit else {
      throw .limitExceeded("\(openLimit) open proposals of \(organisation); cancel one or wait")
    }
    let id = (try context.get(counters, 0) ?? 0) + 1
    try context.put(counters, 0, id)
    let proposal = GovernanceProposal(
      change: call.change, reason: call.reason, proposer: organisation, until: context.height.advanced(by: proposalLifetime))
    try context.put(open, id, 1)
    try context.put(openBy, Pair(organisation, id), 1)
    try context.put(proposals, id, proposal)
    try context.emit("governance.proposed", id)
    _ = try vote(CastVote(proposal: id, approves: true), context)
    return id
  }

  static func vote(_ call: CastVote, _ context: ContractContext) throws(ContractError) -> GovernanceProposal {
    var proposal = try context.require(proposals, call.proposal)
    guard proposal.status == .open else { throw .notAllowed(state: "\(proposal.status)", call: "vote") }
    guard context.height <= proposal.until else { throw .expired }
    let organisation = context.caller.organisation
    let ballots = try ballots(on: proposal.change, context)
    try requireVoter(organisation, ballots)
    guard !proposal.approvals.contains(organisation), !proposal.refusals.contains(organisation) else { throw .alreadyExists }
    if call.approves {
      proposal.approvals = (proposal.approvals + [organisation]).sorted()
    } else {
      proposal.refusals = (proposal.refusals + [organisation]).sorted()
    }
    if ballots.allSatisfy({ $0.isApproved(proposal) }) {
      try approve(&proposal, call.proposal, ballots, context)
    } else if !ballots.allSatisfy({ $0.canBeApproved(proposal) }) {
      proposal.status = .rejected
      try context.emit("governance.rejected", call.proposal)
    }
    try store(proposal, call.proposal, context)
    return proposal
  }

  /// Carries out what was approved once its delay is over. Anybody may; a second time changes nothing.
  static func execute(_ id: UInt64, _ context: ContractContext) throws(ContractError) -> GovernanceProposal {
    var proposal = try context.require(proposals, id)
    guard proposal.status != .executed else { return proposal }
    guard proposal.status == .approved else { throw .notAllowed(state: "\(proposal.status)", call: "execute") }
    guard proposal.fromHeight <= context.height, proposal.fromTime <= context.time else {
      throw .notAllowed(
        state: "approved and locked until height \(proposal.fromHeight) and block time \(proposal.fromTime) ms", call: "execute")
    }
    guard !isOver(proposal, context) else { throw .expired }
    proposal.status = .executed
    try store(proposal, id, context)
    try make(proposal.change, by: proposal.proposer, proposal: id, context)
    try context.emit("governance.executed", id)
    return proposal
  }

  /// Takes a proposal back before it is executed.
  static func cancel(_ id: UInt64, _ context: ContractContext) throws(ContractError) {
    var proposal = try context.require(proposals, id)
    guard proposal.proposer == context.caller.organisation else {
      throw .notAuthorised("\(proposal.proposer) made the proposal and alone may take it back")
    }
    guard proposal.status == .open || proposal.status == .approved else { throw .notAllowed(state: "\(proposal.status)", call: "cancel") }
    guard !isOver(proposal, context) else { throw .expired }
    proposal.status = .cancelled
    try store(proposal, id, context)
    try context.emit("governance.cancelled", id)
  }

  /// How the votes on a proposal stand; `nil` for one that does not exist.
  static func tally(_ id: UInt64, _ context: QueryContext) throws(ContractError) -> ProposalTally? {
    guard let proposal = try context.get(proposals, id) else { return nil }
    let ballots = try ballots(on: proposal.change, context).map { ballot in
      BallotTally(
        scope: ballot.scope, rule: ballot.rule, voters: ballot.voters, approvals: UInt32(ballot.approvals(proposal)),
        refusals: UInt32(ballot.refusals(proposal)), isApproved: ballot.isApproved(proposal))
    }
    return ProposalTally(status: isOver(proposal, context) ? .expired : proposal.status, ballots: ballots)
  }

  private static func approve(
    _ proposal: inout GovernanceProposal, _ id: UInt64, _ ballots: [Ballot], _ context: ContractContext
  ) throws(ContractError) {
    for ballot in ballots {
      proposal.fromHeight = max(proposal.fromHeight, context.height.advanced(by: ballot.rule.delayHeights))
      proposal.fromTime = max(proposal.fromTime, context.time.advanced(byMilliseconds: ballot.rule.delayMs))
    }
    let isLocked = proposal.fromHeight > context.height || proposal.fromTime > context.time
    if case .validators = proposal.change, !isLocked {
      // It waits for the end of the epoch anyway.
      try make(proposal.change, by: proposal.proposer, proposal: id, context)
      proposal.status = .executed
      try context.emit("governance.executed", id)
    } else {
      proposal.status = .approved
      try context.emit("governance.approved", id)
    }
  }

  /// Makes a change as far as it can be made now.
  private static func make(
    _ change: GovernanceChange, by organisation: OrganisationID, proposal: UInt64, _ context: ContractContext
  ) throws(ContractError) {
    switch change {
    case .validators(let change):
      var seats = try context.require(seats, 0)
      try make(change, &seats, try context.require(terms, 0))
      try context.put(Self.seats, 0, seats)
    case .calls(let calls):
      let caller = Caller(
        account: context.caller.account, organisation: organisation, roles: [], origin: .governance(proposal: proposal))
      for call in calls { try context.govern(call, as: caller) }
    case .closed: throw .notAllowed(state: "closed", call: "execute")
    }
  }

  /// Whether what a proposal asks for exists, and its arguments decode.
  private static func checkForm(_ change: GovernanceChange, _ context: ContractContext) throws(ContractError) {
    let calls: [GovernedCall]
    switch change {
    case .validators: return
    case .closed: throw .badArgument("change: what a closed proposal was about can't be proposed")
    case .calls(let found): calls = found
    }
    guard (1...callLimit).contains(calls.count) else { throw .badArgument("calls: 1 to \(callLimit) expected") }
    guard calls.reduce(0, { $0 + $1.arguments.count }) <= argumentLimit else {
      throw .limitExceeded("\(argumentLimit) bytes of arguments in a proposal")
    }
    for call in calls {
      let entry = try context.governedEntry(call)
      do throws(CanonicalError) {
        _ = try entry.argumentsType.init(canonicalBytes: call.arguments)
      } catch {
        throw .badArgument("arguments of \(call.contract).\(call.entry): \(error)")
      }
    }
  }

  private static func ballots(on change: GovernanceChange, _ context: QueryContext) throws(ContractError) -> [Ballot] {
    var found: [Ballot] = []
    for scope in scopes(of: change) {
      let rule = try rule(scope, context)
      found.append(Ballot(scope: scope, rule: rule, voters: try voters(rule.electorate, context)))
    }
    return found
  }

  private static func requireVoter(_ organisation: OrganisationID, _ ballots: [Ballot]) throws(ContractError) {
    guard !ballots.contains(where: { $0.voters.contains(organisation) }) else { return }
    let who = ballots.map { "on \($0.scope.text) vote \($0.rule.electorate.text)" }.joined(separator: "; ")
    throw .notAuthorised("\(organisation) has no vote: \(who)")
  }

  /// Whether a proposal's time is over: for votes, or for its execution.
  private static func isOver(_ proposal: GovernanceProposal, _ context: QueryContext) -> Bool {
    switch proposal.status {
    case .open: proposal.until < context.height
    case .approved:
      // Heights pass at any speed, so that a day's work on an idle chain would not be enough for one and too much for the other.
      proposal.fromHeight.advanced(by: proposalLifetime) < context.height
        && proposal.fromTime.advanced(byMilliseconds: executionWindowMs) < context.time
    default: false
    }
  }

  private static func store(_ proposal: GovernanceProposal, _ id: UInt64, _ context: ContractContext) throws(ContractError) {
    if proposal.status != .open, proposal.status != .approved {
      try context.remove(open, id)
      try context.remove(openBy, Pair(proposal.proposer, id))
      return try close(proposal, id, context)
    }
    try context.put(proposals, id, proposal)
  }

  /// Keeps a proposal that is over, without the arguments of its calls, until many others are over as well.
  private static func close(_ proposal: GovernanceProposal, _ id: UInt64, _ context: ContractContext) throws(ContractError) {
    var kept = proposal
    if case .calls = proposal.change {
      kept.change = .closed(
        ClosedCalls(scopes: scopes(of: proposal.change), digest: proposal.change.digest(genesis: context.genesis, suite: context.suite)))
    }
    try context.put(proposals, id, kept)
    let number = (try context.get(counters, 1) ?? 0) + 1
    try context.put(counters, 1, number)
    try context.put(closed, number, id)
    guard number > closedLimit else { return }
    let oldest = number - closedLimit
    try context.remove(proposals, try context.require(closed, oldest))
    try context.remove(closed, oldest)
  }

  /// Closes what is over: of one organisation, and the oldest of all.
  private static func closeExpired(of organisation: OrganisationID, _ context: ContractContext) throws(ContractError) {
    var ids = try context.range(openBy, under: organisation, limit: openLimit).map(\.key.second)
    for (id, _) in try context.range(open, limit: 4) where !ids.contains(id) { ids.append(id) }
    for id in ids {
      guard var proposal = try context.get(proposals, id), isOver(proposal, context) else { continue }
      proposal.status = .expired
      try store(proposal, id, context)
    }
  }
}

/// One rule that a proposal has to satisfy, and those who vote under it now: an organisation that left has no voice any more.
private struct Ballot {
  var scope: RuleScope
  var rule: ProposalRule
  var voters: [OrganisationID]

  func approvals(_ proposal: GovernanceProposal) -> Int { proposal.approvals.count { voters.contains($0) } }

  func refusals(_ proposal: GovernanceProposal) -> Int { proposal.refusals.count { voters.contains($0) } }

  func isApproved(_ proposal: GovernanceProposal) -> Bool {
    rule.threshold.isReached(approvals: approvals(proposal), voters: voters.count)
  }

  func canBeApproved(_ proposal: GovernanceProposal) -> Bool {
    rule.threshold.isReached(approvals: voters.count - refusals(proposal), voters: voters.count)
  }
}

/// How the votes under one rule stand.
public struct BallotTally: CanonicalRecord, Codable, Hashable {
  /// The kind of proposal.
  public var scope: RuleScope
  /// The rule that counts for it now.
  public var rule: ProposalRule
  /// Who votes under it now, sorted.
  public var voters: [OrganisationID]
  /// How many of them approve.
  public var approvals: UInt32
  /// How many of them refuse.
  public var refusals: UInt32
  /// Whether that is enough.
  public var isApproved: Bool

  /// Puts the fields together.
  public init(
    scope: RuleScope, rule: ProposalRule, voters: [OrganisationID], approvals: UInt32, refusals: UInt32, isApproved: Bool
  ) {
    self.scope = scope
    self.rule = rule
    self.voters = voters
    self.approvals = approvals
    self.refusals = refusals
    self.isApproved = isApproved
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.scope, \.rule, \.voters, \.approvals, \.refusals, \.isApproved)
}

/// The answer of `governance.tally`.
public struct ProposalTally: CanonicalRecord, Codable, Hashable {
  /// What became of the proposal, as of the height asked.
  public var status: GovernanceProposal.Status
  /// The votes under each rule that it has to satisfy.
  public var ballots: [BallotTally]

  /// Puts the fields together.
  public init(status: GovernanceProposal.Status, ballots: [BallotTally]) {
    self.status = status
    self.ballots = ballots
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.status, \.ballots)
}
