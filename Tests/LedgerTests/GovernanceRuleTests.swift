import ChainCore
import ChainTesting
import Testing

/// Who votes, how many must approve and how long a change waits: set at genesis, changed by governance, never below a majority.
@Suite struct GovernanceRuleTests {
  static let notes = RuleScope(contract: "notes")
  static let purge = RuleScope(contract: "notes", entry: "purge")
  static let rules = RuleScope(contract: "governance")

  static func rule(
    _ electorate: Electorate, _ threshold: ApprovalThreshold, heights: UInt64 = 0, ms: UInt64 = 0
  ) -> ProposalRule { ProposalRule(electorate: electorate, threshold: threshold, delayHeights: heights, delayMs: ms) }

  static func found(_ scope: RuleScope, _ chain: SoloChain) throws -> ProposalRule { try chain.ledger.query("governance", "rule", scope) }

  @Test func noThresholdIsBelowAMajority() throws {
    for (numerator, denominator) in [(0, 1), (0, 0), (1, 3), (1, 0), (49, 100), (2, 1), (501, 1_001)] as [(UInt32, UInt32)] {
      #expect(ApprovalThreshold(moreThan: numerator, of: denominator) == nil, "\(numerator)/\(denominator)")
      #expect(throws: CanonicalError.self) {
        try ApprovalThreshold(canonicalBytes: numerator.canonicalBytes + denominator.canonicalBytes)
      }
    }
    // Counted by hand: votes needed of 1 to 7 voters.
    let needed: [(ApprovalThreshold, [Int])] = [
      (.majority, [1, 2, 2, 3, 3, 4, 4]), (.twoThirds, [1, 2, 3, 3, 4, 5, 5]), (.unanimous, [1, 2, 3, 4, 5, 6, 7]),
      (try #require(ApprovalThreshold(moreThan: 3, of: 4)), [1, 2, 3, 4, 4, 5, 6]),
    ]
    for (threshold, counts) in needed {
      for (index, count) in counts.enumerated() {
        #expect(threshold.isReached(approvals: count, voters: index + 1), "\(threshold) of \(index + 1)")
        #expect(!threshold.isReached(approvals: count - 1, voters: index + 1), "\(threshold) of \(index + 1)")
      }
      #expect(!threshold.isReached(approvals: 0, voters: 0))
    }
  }

  @Test func genesisSetsRules() throws {
    let chain = try GovernedCallTests.chain(rules: [
      RuleSetting(scope: Self.purge, rule: Self.rule(.validators, .unanimous, ms: 60_000))
    ])
    #expect(try Self.found(Self.purge, chain) == Self.rule(.validators, .unanimous, ms: 60_000))
    #expect(try Self.found(Self.notes, chain) == Self.rule(.administrators, .majority, heights: 10), "the default")
    #expect(try Self.found(.validators, chain) == Self.rule(.validators, .twoThirds))
    #expect(try Self.found(Self.rules, chain) == Self.rule(.validators, .twoThirds, heights: 10))
    #expect(try Self.found(RuleScope(contract: "identity"), chain) == Self.rule(.administrators, .majority))
    #expect(throws: LedgerError.self, "rules that are none") {
      try SoloChain([NotesContract()], configurations: [GovernanceContract.name: [1, 2, 3]])
    }
  }

  @Test func rulesDecideByWhomAndWhen() throws {
    var chain = try GovernedCallTests.chain(rules: [
      RuleSetting(scope: Self.purge, rule: Self.rule(.validators, .unanimous, ms: 60_000))
    ])
    #expect(try GovernedCallTests.propose([GovernedCallTests.purge(1)], by: "housing", &chain).code == "notAuthorised")
    let proposed = try GovernedCallTests.propose([GovernedCallTests.purge(1)], by: "anyang", &chain)
    let id = try UInt64(canonicalBytes: proposed.output)
    for voter in ["kaifeng", "luoyang"] as [OrganisationID] { try GovernedCallTests.vote(id, by: voter, &chain) }
    #expect(try GovernedCallTests.proposal(id, chain).status == .open, "three of four are not all")
    let tally = try #require(try chain.ledger.query("governance", "tally", id, as: ProposalTally?.self))
    #expect(tally.ballots.map(\.approvals) == [3] && tally.ballots[0].voters == GovernedCallTests.towns && !tally.ballots[0].isApproved)
    try GovernedCallTests.vote(id, by: "xinxiang", &chain)
    let before = chain.time
    #expect(try chain.call("governance", "execute", id, by: chain.administrator).code == "notAllowed", "60 s are not over")
    #expect(try chain.execute(id).status == .succeeded)
    #expect(chain.time >= before.advanced(byMilliseconds: 59_000))
  }

  @Test func aProposalOfTwoKindsNeedsBoth() throws {
    var chain = try GovernedCallTests.chain()
    let change = RuleSetting(scope: Self.purge, rule: Self.rule(.administrators, .majority))
    let calls = [GovernedCall("governance", "setRule", change), GovernedCallTests.purge(1)]
    let id = try UInt64(canonicalBytes: try GovernedCallTests.propose(calls, by: "housing", &chain).output)
    for voter in ["police", "tax", "civil"] as [OrganisationID] { try GovernedCallTests.vote(id, by: voter, &chain) }
    #expect(try GovernedCallTests.proposal(id, chain).status == .open, "the validators have not agreed")
    for voter in ["anyang", "kaifeng", "luoyang"] as [OrganisationID] { try GovernedCallTests.vote(id, by: voter, &chain) }
    #expect(try GovernedCallTests.proposal(id, chain).status == .approved)
    #expect(try chain.execute(id).status == .succeeded)
    #expect(try Self.found(Self.purge, chain) == change.rule)
  }

  @Test func rulesChangeOnlySoThatTheyCanChangeAgain() throws {
    var chain = try GovernedCallTests.chain()
    func set(_ scope: RuleScope, _ rule: ProposalRule) throws -> String {
      try chain.govern("governance", "setRule", RuleSetting(scope: scope, rule: rule)).code
    }
    let setting = RuleSetting(scope: Self.notes, rule: Self.rule(.validators, .twoThirds))
    #expect(try chain.call("governance", "setRule", setting, by: chain.administrator).code == "notAuthorised")
    #expect(try set(Self.rules, Self.rule(.validators, .unanimous)) == "notAllowed")
    #expect(try set(.validators, Self.rule(.validators, .unanimous)) == "notAllowed")
    #expect(try set(Self.notes, Self.rule(.administrators, .majority, heights: .max)) == "badArgument")
    #expect(try set(Self.notes, Self.rule(.administrators, .majority, ms: .max)) == "badArgument")
    #expect(try set(RuleScope(contract: "nothing"), Self.rule(.administrators, .majority)) == "badArgument")
    #expect(try set(RuleScope(contract: "notes", entry: "file"), Self.rule(.administrators, .majority)) == "badArgument")
    let weak = [UInt8](RuleSetting(scope: Self.notes, rule: Self.rule(.administrators, .majority)).canonicalBytes)
    var zero = weak
    // Scope: "notes" and no entry; then the electorate and the fraction.
    zero.replaceSubrange(8..<12, with: UInt32(0).canonicalBytes)
    #expect(weak[8] == 1)
    #expect(try chain.approve([GovernedCall(contract: "governance", entry: "setRule", arguments: zero)]).code == "badArgument")

    #expect(try set(Self.notes, Self.rule(.validators, .twoThirds)) == "ok")
    #expect(try Self.found(Self.purge, chain) == Self.rule(.validators, .twoThirds), "the contract's rule counts for its entries")
    #expect(try chain.govern("governance", "dropRule", Self.purge).code == "notFound")
    #expect(try chain.govern("governance", "dropRule", Self.notes).code == "ok")
    #expect(try Self.found(Self.purge, chain) == Self.rule(.administrators, .majority, heights: 10))
    var lonely = try ContractSandbox([NotesContract()], organisations: [:])
    let caller = lonely.caller("sandbox", roles: [], origin: .governance(proposal: 1))
    #expect(throws: ContractError.notAllowed(state: "there are no organisations with the role administrator", call: "setRule")) {
      try lonely.call(
        "governance", "setRule", RuleSetting(scope: Self.notes, rule: Self.rule(.administrators, .majority)), as: caller)
    }
  }

  @Test(arguments: EngineKind.allCases) func validatorsMayHaveADelayToo(engine: EngineKind) throws {
    var chain = try GovernedCallTests.chain(
      rules: [RuleSetting(scope: .validators, rule: Self.rule(.validators, .twoThirds, heights: 5))], engine: engine)
    let gone = chain.validatorKeys[3].publicKey
    let proposed = try GovernanceTests.pass(.remove(gone), by: GovernedCallTests.towns, &chain)
    let proposal = try GovernanceProposal(canonicalBytes: proposed.output)
    #expect(proposal.status == .approved)
    #expect(try GovernanceTests.seats(chain).next == nil && chain.ledger.head.validators.generation == 1)
    #expect(try chain.execute(1).status == .succeeded)
    let seats = try GovernanceTests.seats(chain)
    #expect(engine == .raft ? seats.current.index(of: gone) == nil : seats.next?.count == 3)
  }
}
