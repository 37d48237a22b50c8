import ChainCore
import ChainTesting
import Testing

/// The platform's contracts change together, at a height that votes decide; a host without the version stops there and says so before.
@Suite struct PlatformTests {
  static func version(_ number: UInt32, _ chain: SoloChain) -> ContractVersion {
    ContractVersion(
      contract: "platform", version: number, manifest: chain.founding.registry.platformManifest(suite: chain.suite),
      code: chain.suite.hash(Array("release \(number)".utf8)))
  }

  static func propose(_ version: ContractVersion, _ chain: inout SoloChain) throws -> Receipt {
    try chain.call("contracts", "propose", version, by: chain.administrator)
  }

  static func approve(_ version: ContractVersion, from: BlockHeight, _ chain: inout SoloChain) throws -> Receipt {
    try chain.govern([version.approval(from: from, genesis: chain.ledger.genesisID, suite: chain.suite)])
  }

  @Test func onlyTheNextVersionOfTheWhole() throws {
    var chain = try SoloChain([NotesContract()], suite: .international)
    for name in ["identity", "access", "governance", "contracts", "audit"] as [ContractName] {
      var alone = Self.version(2, chain)
      alone.contract = name
      let receipt = try Self.propose(alone, &chain)
      #expect(receipt.code == "notSupported" && receipt.message.contains("platform"), "\(receipt.message)")
    }
    for number in [1, 3, .max] as [UInt32] {
      let receipt = try Self.propose(Self.version(number, chain), &chain)
      #expect(receipt.code == "badArgument" && receipt.message.contains("version"))
    }
    var configured = Self.version(2, chain)
    configured.configuration = [1]
    #expect(try Self.propose(configured, &chain).code == "badArgument")
    for call in ["freeze", "thaw", "retire"] as [EntryName] {
      #expect(try chain.govern("contracts", call, ContractName("platform")).code == "notAllowed")
    }
    #expect(throws: RegistryError.reservedName("platform")) { try ContractRegistry([Impostor()]) }
    let version = Self.version(2, chain)
    #expect(try Self.propose(version, &chain).status == .succeeded)
    #expect(try Self.propose(version, &chain).code == "alreadyExists")
    #expect(try Self.approve(version, from: chain.ledger.head.height, &chain).code == "badArgument", "too early")
    #expect(try Self.approve(version, from: chain.ledger.head.height.advanced(by: 40), &chain).status == .succeeded)
    #expect(try chain.govern("contracts", "cancel", ContractName("platform")).status == .succeeded)
    #expect(try chain.ledger.missingContracts().isEmpty)
  }

  @Test func aHostWithoutItStopsAtTheHeightAndOneWithItGoesOn() throws {
    let store = MemoryStore()
    var chain = try SoloChain([NotesContract()], suite: .international, organisations: ["city-hall": ["department"]], store: store)
    let version = Self.version(2, chain)
    let from = chain.ledger.head.height.advanced(by: 20)
    #expect(try Self.propose(version, &chain).status == .succeeded)
    #expect(try Self.approve(version, from: from, &chain).status == .succeeded)
    let missing = MissingContract(contract: "platform", version: 2, manifest: version.manifest, from: from)
    #expect(try chain.ledger.missingContracts() == [missing], "known before")
    while chain.ledger.head.height.next < from { try chain.makeBlock() }
    #expect(throws: LedgerError.missingContract(missing)) { try chain.makeBlock() }
    #expect(chain.ledger.head.height.next == from, "nothing of the block stays")

    func block(on ledger: Ledger) -> Block {
      Block(
        on: ledger.head.header, parentID: ledger.head.blockID, time: ledger.head.header.time.advanced(byMilliseconds: 1_000),
        proposer: AccountID(.zero), transactions: [], genesis: ledger.genesisID, suite: ledger.suite)
    }
    // The next release runs it, and so does the one after, which contains both.
    for release in [2, 3] as [UInt32] {
      let ledger = try Ledger(
        store: store, genesis: chain.genesis, contracts: try ContractRegistry([NotesContract()], platform: release))
      try ledger.commit(block(on: ledger), position: 0)
      let running: ActiveContract? = try ledger.query("contracts", "contract", ContractName("platform"))
      #expect(running == ActiveContract(contract: "platform", version: 2, manifest: version.manifest, status: .active, since: from))
      #expect(try ledger.verify().height == ledger.head.height, "each height by the version of its time")
    }
    #expect(throws: LedgerError.missingContract(missing), "an old host does not even open it") {
      try Ledger(store: store, genesis: chain.genesis, contracts: chain.founding.registry)
    }
  }
}

private struct Impostor: Contract {
  static let name: ContractName = "platform"
  var entries: Entries { Query("nothing") { (_: NoResult, _) -> Bool in true } }
}

/// What proposals leave behind is small and bounded, and still says what was decided.
@Suite struct ClosedProposals {
  @Test func argumentsGoAndTheDigestStays() throws {
    var chain = try GovernedCallTests.chain()
    let calls = (1...3).map { GovernedCallTests.purge($0) }
    let change = GovernanceChange.calls(calls)
    let id = try UInt64(canonicalBytes: try chain.approve(calls).output)
    #expect(try GovernedCallTests.proposal(id, chain).change == change, "as long as it may be executed")
    #expect(try chain.execute(id).status == .succeeded)
    let kept = try GovernedCallTests.proposal(id, chain)
    let scope = RuleScope(contract: "notes", entry: "purge")
    #expect(kept.status == .executed && !kept.approvals.isEmpty)
    #expect(
      kept.change == .closed(ClosedCalls(scopes: [scope], digest: change.digest(genesis: chain.ledger.genesisID, suite: chain.suite))))
    let tally = try #require(try chain.ledger.query("governance", "tally", id, as: ProposalTally?.self))
    #expect(tally.status == .executed && tally.ballots.map(\.scope) == [scope])
    // It can neither run again nor be proposed.
    #expect(try chain.call("governance", "execute", id, by: chain.administrator).events.isEmpty)
    let again = try chain.call("governance", "propose", ProposeChange(kept.change, reason: ""), by: try chain.member("housing"))
    #expect(again.code == "badArgument")
  }

  @Test func theOldestAreForgotten() throws {
    var chain = try GovernedCallTests.chain()
    let call = { [keys = chain.validatorKeys] (number: UInt64) in
      ProposeChange(.validators(.remove(keys[Int(number % 3)].publicKey)), reason: "\(number)")
    }
    let towns = try chain.member("anyang")
    let count = GovernanceContract.closedLimit + 3
    var ids: [UInt64] = []
    while UInt64(ids.count) < count {
      let signed = try (0..<8).map { try chain.sign("governance", "propose", call(UInt64(ids.count + $0)), by: towns) }
      try chain.makeBlock(signed)
      let made = try signed.map {
        try UInt64(canonicalBytes: chain.ledger.receipt($0.id(genesis: chain.ledger.genesisID, suite: chain.suite)).output)
      }
      try chain.makeBlock(try made.map { try chain.sign("governance", "cancel", $0, by: towns) })
      ids += made
    }
    let forgotten = UInt64(ids.count) - GovernanceContract.closedLimit
    for id in ids.prefix(Int(forgotten)) {
      #expect(try chain.ledger.query("governance", "proposal", id, as: GovernanceProposal?.self) == nil)
      #expect(try chain.call("governance", "execute", id, by: towns).code == "notFound")
    }
    #expect(try GovernedCallTests.proposal(ids[Int(forgotten)], chain).status == .cancelled)
  }
}

/// Roles of organisations of other chains come and go by votes.
@Suite struct RemoteGrants {
  @Test func rolesOfOthersAreGivenWhileTheChainRuns() throws {
    var chain = try SoloChain([NotesContract()], suite: .international, organisations: ["tax": []])
    let there = OrganisationPlace("tax", on: "henan/410200")
    func roles(_ place: OrganisationPlace) throws -> [Role] { try chain.ledger.query("access", "remoteRoles", place) }
    #expect(try chain.govern("access", "grant", RoleChange(there, roles: ["department", "auditor"])).status == .succeeded)
    #expect(try roles(there) == ["auditor", "department"])
    #expect(try roles(OrganisationPlace("tax", on: "henan/410300")).isEmpty, "a namesake elsewhere")
    #expect(try chain.ledger.query("access", "roles", OrganisationID("tax"), as: [Role].self).isEmpty, "a namesake here")
    #expect(try chain.govern("access", "grant", RoleChange(there, roles: ["auditor"])).code == "alreadyExists")
    #expect(try chain.govern("access", "revoke", RoleChange(there, roles: ["auditor"])).status == .succeeded)
    #expect(try roles(there) == ["department"])
    #expect(try chain.govern("access", "revoke", RoleChange(there, roles: ["auditor"])).code == "notFound")
    #expect(try chain.call("access", "grant", RoleChange(there, roles: ["auditor"]), by: chain.administrator).code == "notAuthorised")
  }
}
