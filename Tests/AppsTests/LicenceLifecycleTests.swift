import Apps
import ChainCore
import ChainTesting
import Testing

@Suite struct LicenceLifecycle {
  @Test func everyTriple() throws {
    let counts = try LifecycleOracle.run(LicenceScenario.self)
    print("licence: \(counts)")
    #expect(counts.allowed > 60 && counts.total > 2_000)
  }

  @Test func noOtherCalls() throws { try LifecycleOracle.checkCalls(of: ElectronicLicence()) }

  /// A use is a write of its own version; a gap in the history would stop every later one.
  @Test func aUsedGrantCanBeRevoked() throws {
    var world = try LicenceScenario(machine: "grant", state: "active", variant: "organisation")
    let grant = try #require(world.grant)
    let used = try #require(try world.sandbox.query("licence", "grantRecord", grant, as: Registered<Grant>?.self))
    #expect(used.content.used == 1 && used.version == 2)
    try world.perform("revokeGrant", by: world.sandbox.caller(LicenceScenario.holder))
    #expect(try world.state() == "revoked")
  }

  @Test func anAgentHasNoSayInAnOrganisationsLicence() throws {
    var world = try LicenceScenario(machine: "grant", state: "active", variant: "organisation")
    let agent = world.sandbox.caller(LicenceScenario.agent)
    expect("notAuthorised") { try world.perform("grant", by: agent) }
    expect("notAuthorised") { try world.perform("revokeGrant", by: agent) }
  }

  /// A suspension with an end is `valid` again after it, and may be suspended anew.
  @Test func aSuspensionEndsByItself() throws {
    var world = try LicenceScenario(machine: "licence", state: "valid", variant: "organisation")
    let issuer = world.sandbox.caller(LicenceScenario.issuer)
    let until = world.sandbox.time.advanced(byMilliseconds: 60_000)
    try world.sandbox.call("licence", "suspend", SuspendLicence(licence: world.number, reason: "r", until: until), as: issuer)
    #expect(try world.state() == "suspended")
    expect("notAllowed") { try world.perform("suspend", by: issuer) }
    world.sandbox.time = until
    #expect(try world.state() == "suspended")
    world.sandbox.time = until.advanced(byMilliseconds: 1)
    #expect(try world.state() == "valid")
    expect("notAllowed") { try world.perform("resume", by: issuer) }
    try world.perform("suspend", by: issuer)
  }

  /// Lifted by who imposed it, or by a supervisor.
  @Test func theIssuerCannotLiftASupervisorsSuspension() throws {
    var world = try LicenceScenario(machine: "licence", state: "valid", variant: "organisation")
    let supervisor = world.sandbox.caller("foreign-supervisor", roles: [.supervisor])
    try world.perform("suspend", by: supervisor)
    expect("notAuthorised") { try world.perform("resume", by: world.sandbox.caller(LicenceScenario.issuer)) }
    try world.perform("resume", by: supervisor)
    #expect(try world.state() == "valid")
  }

  @Test func aGrantIsGoodForItsUsesItsFieldsItsVerifierAndItsTime() throws {
    let world = try LicenceScenario(machine: "grant", state: "active", variant: "organisation")
    func use(_ world: LicenceScenario, by organisation: OrganisationID = "bureau", fields: [String] = ["name"]) throws {
      var copy = world
      try copy.sandbox.call(
        "licence", "recordUse", RecordUse(licence: world.number, matterCode: "m1", fieldNames: fields, grant: world.grant),
        as: world.sandbox.caller(organisation, roles: ["verifier"]))
    }
    try use(world)
    expect("notAuthorised") { try use(world, by: "other-bureau") }
    expect("notAuthorised") { try use(world, fields: ["name", "address"]) }
    for (state, code) in [("exhausted", "quota"), ("expired", "expired"), ("revoked", "notAllowed")] {
      let other = try LicenceScenario(machine: "grant", state: state, variant: "organisation")
      expect(code) { try use(other) }
    }
  }
}

/// Expects `body` to be refused with this code.
func expect(_ code: String, _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
  do {
    try body()
    Issue.record("must be refused with \(code)", sourceLocation: location)
  } catch {
    #expect((error as? ContractError)?.code == code, "\(error)", sourceLocation: location)
  }
}
