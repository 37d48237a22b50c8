internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain

/// What the demonstration's chains are founded with.
struct DemoPlans {
  let setting: DemoSetting
  /// The cities that have a chain from the start.
  let cities: [DemoCity]
  /// Organisations that hold Zhengzhou's licences.
  let holders: [OrganisationID]
  /// The one that gets its chain later. Its bureau may verify everywhere from the start, so that its coming changes no other chain.
  let joining: DemoCity?
  let time: BlockTime

  init(_ setting: DemoSetting, cities: [DemoCity], holders: [OrganisationID], joining: DemoCity? = nil) {
    self.setting = setting
    self.cities = cities
    self.holders = holders
    self.joining = joining
    time = .now
  }

  /// The relay: its organisations vote on chains and routes, the audit office supervises.
  var relay: FoundingPlan {
    let owners = [DemoNetwork.dataHub, DemoNetwork.relayOffice, DemoNetwork.court]
    var plan = FoundingPlan(
      chain: HomeChain.relay, suite: setting.suite, engine: setting.engines.relay,
      validators: Self.members(owners + [DemoNetwork.auditOffice], of: setting.engines.relay),
      organisations: owners.map { GenesisOrganisation(id: $0, name: $0.rawValue, roles: [.administrator]) } + [
        GenesisOrganisation(id: DemoNetwork.auditOffice, name: "audit office", roles: [.supervisor])
      ],
      members: owners.map { (organisation: $0, name: LocalChain.administrator) } + [(DemoNetwork.auditOffice, "supervisor")],
      contracts: [], time: time)
    // A real relay waits a day before it lets a chain in (`RelayContract.recommendedRules`); a demonstration can't.
    let rule = ProposalRule(electorate: .administrators, threshold: .twoThirds, delayHeights: 2)
    plan.configurations[GovernanceContract.name] =
      [RuleSetting(scope: RuleScope(contract: RelayContract.name), rule: rule)].canonicalBytes
    return plan
  }

  /// The main chain, whose data office defines licence types and sends them to the cities.
  var main: FoundingPlan {
    var plan = plan(
      HomeChain.main, validators: [DemoNetwork.dataHub, "11410000MB0A00026E", DemoNetwork.court, DemoNetwork.auditOffice],
      offices: [(DemoNetwork.dataHub, "dataOffice", "data office clerk")])
    plan.configurations[ElectronicLicence.name] = LicenceConfiguration(copyTypesTo: cities.map(\.chain)).canonicalBytes
    return plan
  }

  /// A city's chain: offices that issue, verify and deposit, and an enterprise that holds a licence.
  func city(_ city: DemoCity) -> FoundingPlan {
    var offices: [(OrganisationID, Role, String)] = [
      (city.marketOffice, "department", "market office clerk"), (city.bureau, "verifier", "window clerk"),
      (city.notary, "depositor", "notary clerk"), (city.enterprise, "enterprise", "representative"),
    ]
    if city.chain == DemoNetwork.zhengzhouID {
      offices += [
        (DemoNetwork.court, "court", "court clerk"), (DemoNetwork.identityService, .identityService, "identity service"),
        (DemoNetwork.citizenApp, "citizenAgent", "citizen app"),
      ]
      offices += holders.filter { $0 != city.enterprise }.map { ($0, "enterprise", "representative") }
    }
    var plan = plan(
      city.chain, validators: [city.marketOffice, city.bureau, DemoNetwork.court, DemoNetwork.auditOffice], offices: offices)
    plan.remoteRoles = [RemoteRoles(chain: HomeChain.main, organisation: DemoNetwork.dataHub, roles: ["dataOffice"])]
    for other in cities + [joining].compactMap(\.self) where other.chain != city.chain {
      plan.remoteRoles.append(RemoteRoles(chain: other.chain, organisation: other.bureau, roles: ["verifier"]))
    }
    return plan
  }

  /// Who runs a validator: three where they may crash, all four where one may lie.
  private static func members(_ organisations: [OrganisationID], of engine: EngineKind) -> [OrganisationID] {
    engine == .raft ? Array(organisations.prefix(3)) : organisations
  }

  private func plan(
    _ chain: ChainID, validators: [OrganisationID], offices: [(organisation: OrganisationID, role: Role, member: String)]
  ) -> FoundingPlan {
    FoundingPlan(
      chain: chain, suite: setting.suite, engine: setting.engines.chains, validators: Self.members(validators, of: setting.engines.chains),
      organisations: offices.map { GenesisOrganisation(id: $0.organisation, name: $0.organisation.rawValue, roles: [$0.role]) },
      members: offices.map { (organisation: $0.organisation, name: $0.member) }, contracts: [ElectronicLicence(), JudicialEvidence()],
      time: time)
  }
}
