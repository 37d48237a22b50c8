import ChainCore
import ChainTesting
import Testing

/// Roles and rules decide who may call what, the same in mempool, execution, packets and the question "may X call Y, and why not?".
@Suite struct AccessTests {
  static func chain() throws -> SoloChain {
    try SoloChain(
      [NotesContract()], suite: .international,
      organisations: ["city-hall": ["department"], "tax": ["department"], "shop": [], "press": ["auditor"]])
  }

  /// Asks, tries the mempool, and executes: all three must agree.
  static func may(_ account: Account, calling entry: EntryName = "file", _ number: UInt64, _ chain: inout SoloChain) throws -> AccessAnswer
  {
    let answer: AccessAnswer = try chain.ledger.query(
      "access", "mayCall", AccessQuestion(account: account.id, contract: "notes", entry: entry))
    let signed = try chain.sign("notes", entry, FileNote(number: number, text: "t"), by: account)
    var isAdmitted = true
    do throws(AdmissionError) {
      _ = try chain.ledger.admit(signed)
    } catch {
      #expect(error == .refused(.roleNotAllowed(answer.reason)))
      isAdmitted = false
    }
    try chain.makeBlock([signed])
    let receipt = try chain.ledger.receipt(signed.id(genesis: chain.ledger.genesisID, suite: chain.suite))
    #expect(isAdmitted == answer.allowed && (receipt.status == .succeeded) == answer.allowed, "\(receipt.message)")
    if !answer.allowed { #expect(receipt.code == "notAuthorised" && receipt.message == answer.reason && !answer.reason.isEmpty) }
    return answer
  }

  static func set(_ rule: AccessRule, on contract: ContractName = "notes", _ chain: inout SoloChain) throws -> String {
    try chain.govern("access", "setRule", SetAccessRule(contract: contract, rule: rule)).code
  }

  @Test func rulesNarrowAndWiden() throws {
    var chain = try Self.chain()
    let (city, tax, shop) = (try chain.member("city-hall"), try chain.member("tax"), try chain.member("shop"))
    #expect(try Self.may(city, 1, &chain) == AccessAnswer(allowed: true, reason: "", rule: "declared: department"))
    #expect(try Self.may(shop, 2, &chain).rule == "declared: department")

    #expect(try Self.set(AccessRule("file", allowed: [.init("shop")], denied: [.init("tax")]), &chain) == "ok")
    #expect(try Self.may(city, 3, &chain) == AccessAnswer(allowed: true, reason: "", rule: "declared: department"))
    #expect(try Self.may(shop, 4, &chain) == AccessAnswer(allowed: true, reason: "", rule: "rule notes.file"))
    let denied = try Self.may(tax, 5, &chain)
    #expect(!denied.allowed && denied.rule == "rule notes.file" && denied.reason.contains("denies notes.file to tax"))

    #expect(try Self.set(AccessRule("file", audience: .roles(["auditor"])), &chain) == "ok", "it takes the old one's place")
    #expect(try Self.may(city, 6, &chain).reason.contains("rule notes.file"))
    #expect(try Self.may(chain.member("press"), 7, &chain).allowed)
    #expect(try Self.set(AccessRule("file", audience: .roles([])), &chain) == "ok")
    #expect(try Self.may(chain.member("press"), 8, &chain).reason.contains("nobody"))
    #expect(try Self.set(AccessRule("file", audience: .members), &chain) == "ok")
    #expect(try Self.may(shop, 9, &chain).allowed)

    #expect(try Self.set(AccessRule(denied: [.init("shop")]), &chain) == "ok")
    #expect(try Self.may(shop, 10, &chain).allowed, "the entry's rule is the narrower one")
    #expect(try chain.govern("access", "dropRule", RuleScope(contract: "notes", entry: "file")).status == .succeeded)
    #expect(try Self.may(shop, 11, &chain).rule == "rule notes")
    #expect(try Self.may(shop, calling: "change", 1, &chain).rule == "rule notes", "the contract's rule counts for every entry")
    #expect(try chain.govern("access", "dropRule", RuleScope(contract: "notes")).status == .succeeded)
    #expect(try chain.govern("access", "dropRule", RuleScope(contract: "notes")).code == "notFound")
    #expect(try Self.may(city, 12, &chain).rule == "declared: department")
    #expect(try chain.ledger.query("access", "rules", ContractName("notes"), as: [AccessRule].self).isEmpty)
  }

  @Test func rulesAreAboutQueriesAndOtherChainsToo() throws {
    var chain = try Self.chain()
    let (shop, press) = (try chain.member("shop"), try chain.member("press"))
    func secret(_ account: Account) -> Bool {
      (try? chain.ledger.query("notes", "secret", NoResult(), as: Bool.self, by: .member(account.id))) ?? false
    }
    #expect(!secret(shop) && secret(press))
    #expect(try Self.set(AccessRule("secret", allowed: [.init("shop")], denied: [.init("press")]), &chain) == "ok")
    #expect(secret(shop) && !secret(press))

    var sandbox = try ContractSandbox([NotesContract()])
    let governed = sandbox.caller("sandbox", roles: [], origin: .governance(proposal: 1))
    let rule = AccessRule("file", allowed: [.init("shop", on: "henan/410200")])
    try sandbox.call("access", "setRule", SetAccessRule(contract: "notes", rule: rule), as: governed)
    let namesake = sandbox.caller("shop")
    let remote = sandbox.caller("shop", roles: [], origin: .remote(chain: "henan/410200", port: "notes"))
    let elsewhere = sandbox.caller("shop", roles: [], origin: .remote(chain: "henan/410300", port: "notes"))
    for other in [namesake, elsewhere] {
      #expect(throws: ContractError.self) { try sandbox.call("notes", "file", FileNote(number: 1, text: ""), as: other) }
    }
    try sandbox.call("notes", "file", FileNote(number: 1, text: ""), as: remote)
  }

  @Test func membershipDecidesFirst() throws {
    var chain = try Self.chain()
    let city = try chain.member("city-hall")
    func answer(_ account: AccountID, _ contract: ContractName = "notes", _ entry: EntryName = "file") throws -> AccessAnswer {
      try chain.ledger.query("access", "mayCall", AccessQuestion(account: account, contract: contract, entry: entry))
    }
    #expect(try answer(AccountID(.zero)).rule == "membership")
    #expect(try answer(city.id, "nothing").rule == "contracts")
    #expect(try answer(city.id, "notes", "nothing").reason.contains("no entry"))
    #expect(try answer(city.id, "notes", "purge").reason.contains("governance.propose"))
    try chain.call("identity", "suspend", RevokeMember(account: city.id, reason: ""), by: chain.administrator)
    #expect(try answer(city.id) == AccessAnswer(allowed: false, reason: "member \(city.id) is suspended", rule: "membership"))
  }

  @Test func rolesAreGrantedAndRevokedByGovernance() throws {
    var chain = try Self.chain()
    let shop = try chain.member("shop")
    let change = RoleChange(.init("shop"), roles: ["department", "trader"])
    #expect(try chain.call("access", "grant", change, by: chain.administrator).code == "notAuthorised")
    #expect(try chain.govern("access", "grant", change).status == .succeeded)
    #expect(try chain.govern("access", "grant", change).code == "alreadyExists")
    #expect(try chain.govern("access", "grant", RoleChange(.init("nobody"), roles: ["trader"])).code == "notFound")
    #expect(try chain.govern("access", "grant", RoleChange(.init("shop"), roles: [])).code == "badArgument")
    #expect(try Self.may(shop, 1, &chain).allowed)
    #expect(try chain.ledger.query("access", "roles", OrganisationID("shop"), as: [Role].self) == ["department", "trader"])
    #expect(try chain.ledger.query("access", "holders", Role("trader"), as: [OrganisationID].self) == ["shop"])
    #expect(try chain.govern("access", "revoke", RoleChange(.init("shop"), roles: ["department"])).status == .succeeded)
    #expect(try chain.govern("access", "revoke", RoleChange(.init("shop"), roles: ["department"])).code == "notFound")
    #expect(try !Self.may(shop, 2, &chain).allowed)
    let remote = OrganisationPlace("court", on: "henan/410200")
    #expect(try chain.govern("access", "grant", RoleChange(remote, roles: ["auditor"])).status == .succeeded)
    #expect(try chain.ledger.query("access", "remoteRoles", remote, as: [Role].self) == ["auditor"])
    #expect(try chain.ledger.query("access", "holders", Role("auditor"), as: [OrganisationID].self) == ["press"], "not of this chain")
  }

  @Test func noRuleShutsGovernanceOut() throws {
    var chain = try Self.chain()
    #expect(try Self.set(AccessRule(audience: .roles([])), on: "governance", &chain) == "notAllowed")
    #expect(try Self.set(AccessRule("vote", denied: [.init("platform")]), on: "governance", &chain) == "notAllowed")
    #expect(try Self.set(AccessRule(), on: "nothing", &chain) == "badArgument")
    #expect(try Self.set(AccessRule("nothing"), &chain) == "badArgument")
    #expect(try Self.set(AccessRule("purge", audience: .members), &chain) == "badArgument", "governance's own entry")
    #expect(try Self.set(AccessRule("grant", audience: .members), on: "access", &chain) == "badArgument")
    let many = (0...AccessContract.listLimit).map { OrganisationPlace(OrganisationID("o\($0)") ?? "o") }
    #expect(try Self.set(AccessRule("file", allowed: many), &chain) == "limitExceeded")
    #expect(try Self.set(AccessRule("file", denied: many), &chain) == "limitExceeded")
    let roles = (0...AccessContract.roleLimit).map { Role("r\($0)") ?? "r" }
    #expect(try Self.set(AccessRule("file", audience: .roles(roles)), &chain) == "limitExceeded")
    // A rule that lets nobody register is set right by governance, which no rule touches.
    #expect(try Self.set(AccessRule("register", audience: .roles([])), on: "identity", &chain) == "ok")
    #expect(throws: SoloChainError.self) { try chain.member("shop") }
    #expect(try chain.govern("access", "dropRule", RuleScope(contract: "identity", entry: "register")).status == .succeeded)
    _ = try chain.member("shop")
  }
}
