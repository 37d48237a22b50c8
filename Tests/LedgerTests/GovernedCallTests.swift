import ChainCore
import ChainTesting
import Testing

/// A call that governance decides is made once, after enough votes and its delay, by nobody else and in no other way.
@Suite struct GovernedCallTests {
  static let towns: [OrganisationID] = ["anyang", "kaifeng", "luoyang", "xinxiang"]

  /// Four towns run validators; four departments and the platform administer.
  static func chain(rules: [RuleSetting] = [], engine: EngineKind = .raft) throws -> SoloChain {
    var chain = try SoloChain(
      [NotesContract()], suite: .international, engine: engine,
      organisations: [
        "city-hall": ["department"], "housing": ["administrator"], "police": ["administrator"], "tax": ["administrator"],
        "civil": ["administrator"],
      ], configurations: rules.isEmpty ? [:] : [GovernanceContract.name: rules.canonicalBytes], operators: towns)
    let clerk = try chain.member("city-hall")
    for number in UInt64(1)...3 { try chain.call("notes", "file", FileNote(number: number, text: "n"), by: clerk) }
    return chain
  }

  static func purge(_ number: UInt64) -> GovernedCall { GovernedCall("notes", "purge", number) }

  static func proposal(_ id: UInt64, _ chain: SoloChain) throws -> GovernanceProposal {
    try #require(try chain.ledger.query("governance", "proposal", id, as: GovernanceProposal?.self))
  }

  static func note(_ number: UInt64, _ chain: SoloChain) throws -> Note? { try chain.ledger.query("notes", "note", number) }

  @discardableResult static func vote(_ id: UInt64, _ approves: Bool = true, by voter: OrganisationID, _ chain: inout SoloChain) throws
    -> Receipt
  {
    try chain.call("governance", "vote", CastVote(proposal: id, approves: approves), by: try chain.member(voter))
  }

  static func propose(_ calls: [GovernedCall], by voter: OrganisationID, _ chain: inout SoloChain) throws -> Receipt {
    try chain.call("governance", "propose", ProposeChange(calls: calls, reason: "court order"), by: try chain.member(voter))
  }

  @Test func nobodyCallsItDirectly() throws {
    var chain = try Self.chain()
    for caller in [chain.administrator, try chain.member("housing"), try chain.member("anyang"), try chain.member("city-hall")] {
      let receipt = try chain.call("notes", "purge", UInt64(1), by: caller)
      #expect(receipt.code == "notAuthorised" && receipt.message.contains("governance.propose"), "\(receipt.message)")
      #expect(throws: AdmissionError.refused(.roleNotAllowed(receipt.message))) {
        try chain.ledger.admit(try chain.sign("notes", "purge", UInt64(1), by: caller))
      }
    }
    var sandbox = try ContractSandbox([NotesContract()])
    let origins: [CallOrigin] = [.local, .remote(chain: "henan/410200", port: "notes"), .system]
    for origin in origins {
      let caller = sandbox.caller("x", roles: [.administrator, .validator, "department"], origin: origin)
      #expect(throws: ContractError.self) { try sandbox.call("notes", "purge", UInt64(1), as: caller) }
    }
    #expect(try Self.note(1, chain) != nil)
  }

  @Test func majorityAndDelayThenAnybodyExecutesOnce() throws {
    var chain = try Self.chain()
    let clerk = try chain.member("city-hall")
    let proposed = try Self.propose([Self.purge(1)], by: "housing", &chain)
    let id = try UInt64(canonicalBytes: proposed.output)
    try Self.vote(id, by: "police", &chain)
    #expect(try Self.proposal(id, chain).status == .open, "two of five")
    let early = try chain.call("governance", "execute", id, by: clerk)
    #expect(early.code == "notAllowed" && early.message.contains("open"))
    #expect(try Self.vote(id, by: "tax", &chain).status == .succeeded)
    let approved = try Self.proposal(id, chain)
    #expect(approved.status == .approved && approved.fromHeight == chain.ledger.head.height.advanced(by: GovernanceContract.defaultDelay))
    #expect(try Self.vote(id, by: "civil", &chain).code == "notAllowed", "nobody votes on what is decided")
    while chain.ledger.head.height.next.next < approved.fromHeight { try chain.makeBlock() }
    let locked = try chain.call("governance", "execute", id, by: clerk)
    #expect(locked.code == "notAllowed" && locked.message.contains("locked until height \(approved.fromHeight)"))
    #expect(try Self.note(1, chain) != nil)
    let done = try chain.call("governance", "execute", id, by: clerk)
    #expect(try done.status == .succeeded && Self.note(1, chain) == nil)
    #expect(done.events.map(\.name) == ["notes.purged", "governance.executed"])
    #expect(try OrganisationID(canonicalBytes: done.events[0].payload) == "housing")
    let again = try chain.call("governance", "execute", id, by: clerk)
    #expect(again.status == .succeeded && again.events.isEmpty, "a second time changes nothing")
    #expect(try Self.proposal(id, chain).status == .executed)
    #expect(try chain.ledger.query("governance", "openProposals", NoResult(), as: [UInt64].self).isEmpty)
    #expect(try chain.ledger.verify().height == chain.ledger.head.height)
  }

  @Test func callsOfAProposalAreMadeTogetherOrNotAtAll() throws {
    var chain = try Self.chain()
    let id = try UInt64(canonicalBytes: try chain.approve([Self.purge(1), Self.purge(2)]).output)
    #expect(try chain.call("notes", "remove", UInt64(2), by: try chain.member("city-hall")).status == .succeeded)
    #expect(try chain.execute(id).code == "notFound")
    #expect(try Self.note(1, chain) != nil && Self.proposal(id, chain).status == .approved)
    // It can still be done once it is possible again.
    try chain.call("notes", "file", FileNote(number: 2, text: "again"), by: try chain.member("city-hall"))
    #expect(try chain.execute(id).status == .succeeded)
    #expect(try Self.note(1, chain) == nil && Self.note(2, chain) == nil)
  }

  @Test func whatCannotBeDoneIsNotProposed() throws {
    var chain = try Self.chain()
    func refused(_ calls: [GovernedCall]) throws -> String { try Self.propose(calls, by: "housing", &chain).code }
    #expect(try refused([]) == "badArgument")
    #expect(try refused(Array(repeating: Self.purge(1), count: GovernanceContract.callLimit + 1)) == "badArgument")
    #expect(try refused([GovernedCall(contract: "notes", entry: "purge", arguments: [1])]) == "badArgument", "seven bytes short")
    #expect(try refused([GovernedCall(contract: "notes", entry: "purge", arguments: UInt64(1).canonicalBytes + [0])]) == "badArgument")
    #expect(try refused([GovernedCall("notes", "file", FileNote(number: 9, text: ""))]) == "badArgument", "an ordinary entry")
    #expect(try refused([GovernedCall("notes", "vanish", UInt64(1))]) == "notSupported")
    #expect(try refused([GovernedCall("nothing", "purge", UInt64(1))]) == "notSupported")
    #expect(try refused([Self.purge(77)]) == "notFound", "it would fail now")
    #expect(try refused([Self.purge(1), Self.purge(1)]) == "notFound", "the second would fail now")
    let large = GovernedCall(
      contract: "notes", entry: "purge", arguments: [UInt8](repeating: 0, count: GovernanceContract.argumentLimit + 1))
    #expect(try refused([large]) == "limitExceeded")
    #expect(try refused([GovernedCall("governance", "execute", UInt64(1))]) == "badArgument")
    #expect(try Self.note(1, chain) != nil, "trying leaves nothing")
    #expect(try chain.ledger.query("governance", "openProposals", NoResult(), as: [UInt64].self).isEmpty)
    let long = ProposeChange(calls: [Self.purge(1)], reason: String(repeating: "因", count: 86))
    #expect(try chain.call("governance", "propose", long, by: try chain.member("housing")).code == "badArgument")
  }

  @Test func onlyTheElectorateHasAVote() throws {
    var chain = try Self.chain()
    let stranger = try Self.propose([Self.purge(1)], by: "anyang", &chain)
    #expect(stranger.code == "notAuthorised" && stranger.message.contains("administrator"))
    let id = try UInt64(canonicalBytes: try Self.propose([Self.purge(1)], by: "housing", &chain).output)
    #expect(try Self.vote(id, by: "kaifeng", &chain).code == "notAuthorised")
    #expect(try Self.vote(id, by: "housing", &chain).code == "alreadyExists")
    #expect(try Self.vote(99, by: "police", &chain).code == "notFound")
    for voter in ["police", "tax"] as [OrganisationID] { try Self.vote(id, false, by: voter, &chain) }
    #expect(try Self.proposal(id, chain).status == .open)
    #expect(try Self.vote(id, false, by: "civil", &chain).status == .succeeded)
    #expect(try Self.proposal(id, chain).status == .rejected, "three of five refuse: no majority is left")
    #expect(try chain.call("governance", "execute", id, by: chain.administrator).code == "notAllowed")
  }

  @Test func theProposerTakesItBack() throws {
    var chain = try Self.chain()
    let id = try UInt64(canonicalBytes: try Self.propose([Self.purge(1)], by: "housing", &chain).output)
    #expect(try chain.call("governance", "cancel", id, by: try chain.member("police")).code == "notAuthorised")
    #expect(try chain.call("governance", "cancel", UInt64(7), by: try chain.member("housing")).code == "notFound")
    #expect(try chain.call("governance", "cancel", id, by: try chain.member("housing")).status == .succeeded)
    #expect(try chain.call("governance", "cancel", id, by: try chain.member("housing")).code == "notAllowed")
    #expect(try Self.vote(id, by: "police", &chain).code == "notAllowed")
    let approved = try UInt64(canonicalBytes: try chain.approve([Self.purge(1)]).output)
    let proposer = try Self.proposal(approved, chain).proposer
    #expect(try chain.call("governance", "cancel", approved, by: try chain.member(proposer)).status == .succeeded)
    #expect(try chain.execute(approved).code == "notAllowed")
  }

  @Test func whatWaitsTooLongIsOver() throws {
    var sandbox = try ContractSandbox([NotesContract()], organisations: ["housing": ["administrator"], "city-hall": ["department"]])
    let (housing, clerk) = (sandbox.caller("housing"), sandbox.caller("city-hall"))
    func status(_ id: UInt64) throws -> GovernanceProposal.Status? {
      try sandbox.query("governance", "tally", id, as: ProposalTally?.self)?.status
    }
    func propose() throws -> UInt64 {
      try sandbox.call("governance", "propose", ProposeChange(calls: [Self.purge(1)], reason: ""), as: housing, returning: UInt64.self)
    }
    try sandbox.call("notes", "file", FileNote(number: 1, text: ""), as: clerk)
    let id = try propose()
    #expect(try status(id) == .approved, "the only administrator approves by proposing")
    sandbox.time = sandbox.time.advanced(byMilliseconds: 2 * GovernanceContract.executionWindowMs)
    sandbox.height = sandbox.height.advanced(by: GovernanceContract.proposalLifetime)
    #expect(try status(id) == .approved, "enough time, not enough heights")
    sandbox.height = sandbox.height.advanced(by: GovernanceContract.defaultDelay)
    #expect(try status(id) == .expired)
    #expect(throws: ContractError.expired) { try sandbox.call("governance", "execute", id, as: clerk) }
    #expect(throws: ContractError.expired) { try sandbox.call("governance", "cancel", id, as: housing) }
    let next = try propose()
    let closed: GovernanceProposal? = try sandbox.query("governance", "proposal", id)
    #expect(closed?.status == .expired, "the next proposal closes it")
    sandbox.height = sandbox.height.advanced(by: 2 * GovernanceContract.proposalLifetime)
    #expect(try status(next) == .approved, "enough heights, not enough time")
    try sandbox.call("governance", "execute", next, as: clerk)
    #expect(try status(next) == .executed)
  }

  @Test func anOrganisationHoldsOnlySoManyProposals() throws {
    var chain = try Self.chain()
    for _ in 0..<GovernanceContract.openLimit { #expect(try Self.propose([Self.purge(1)], by: "housing", &chain).status == .succeeded) }
    #expect(try Self.propose([Self.purge(1)], by: "housing", &chain).code == "limitExceeded")
    #expect(try Self.propose([Self.purge(1)], by: "police", &chain).status == .succeeded, "nobody blocks the others")
    #expect(try chain.call("governance", "cancel", UInt64(3), by: try chain.member("housing")).status == .succeeded)
    #expect(try Self.propose([Self.purge(1)], by: "housing", &chain).status == .succeeded)
  }
}
