internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain
internal import Foundation
internal import Logging

/// Relay, main chain and two cities in this process, on LMDB: three validators for each Raft chain, four for each BFT chain.
struct DemoNetwork {
  static let relayOffice: OrganisationID = "relay-office"
  static let identityService: OrganisationID = "identity-service"
  static let citizenApp: OrganisationID = "citizen-app"
  static let dataHub: OrganisationID = "11410000MB0A00018K"
  static let marketOffice: OrganisationID = "11410100MB0A010107"
  static let notary: OrganisationID = "12410100MB0A01053H"
  static let court: OrganisationID = "11410100MB0A01045R"
  static let auditOffice: OrganisationID = "henan-audit-office"
  static let kaifengBureau: OrganisationID = "11410200MB0A02013W"
  static let zhengzhouID: ChainID = "henan/410100"
  static let kaifengID: ChainID = "henan/410200"

  let relay: LocalChain
  let main: LocalChain
  let zhengzhou: LocalChain
  let kaifeng: LocalChain
  let loop: RelayerLoop

  var all: [LocalChain] { [relay, main, zhengzhou, kaifeng] }

  /// Founds and starts the four chains under `folder`; the relay learns of the others by its administrator's transactions.
  static func start(suite: CryptoSuite, engines: (relay: EngineKind, chains: EngineKind), holders: [OrganisationID], folder: String)
    async throws -> DemoNetwork
  {
    let time = BlockTime.now
    let relay = try open(
      FoundingPlan(
        chain: HomeChain.relay, suite: suite, engine: engines.relay,
        validators: members([dataHub, relayOffice, court, auditOffice], of: engines.relay),
        organisations: [GenesisOrganisation(id: relayOffice, name: "relay office", roles: [.relayer])],
        members: [(relayOffice, "relayer")], contracts: [RelayContract()], time: time), folder)
    await relay.start()
    let anchor = try ChainRegistration(of: relay.nodes[0].ledger, organisation: relayOffice).canonicalBytes
    let cities = [zhengzhouID, kaifengID]
    let main = try open(
      plan(
        HomeChain.main, suite, engines.chains, anchor, time, validators: [dataHub, "11410000MB0A00026E", court, auditOffice],
        organisations: [(dataHub, ["dataOffice"])], members: [(dataHub, "data office clerk")],
        licence: LicenceConfiguration(copyTypesTo: cities)), folder)
    let fromMain = RemoteRoles(chain: HomeChain.main, organisation: dataHub, roles: ["dataOffice"])
    let zhengzhou = try open(
      plan(
        zhengzhouID, suite, engines.chains, anchor, time, validators: ["zhengzhou-data-bureau", marketOffice, court, auditOffice],
        organisations: [
          (marketOffice, ["department"]), (notary, ["depositor"]), (court, ["court"]), (identityService, [.identityService]),
          (citizenApp, ["citizenAgent"]),
        ] + holders.map { ($0, ["enterprise"]) },
        members: [
          (marketOffice, "market office clerk"), (notary, "notary clerk"), (court, "court clerk"), (identityService, "identity service"),
          (citizenApp, "citizen app"),
        ] + holders.map { ($0, "representative") },
        remote: [fromMain, RemoteRoles(chain: kaifengID, organisation: kaifengBureau, roles: ["verifier"])]), folder)
    let kaifeng = try open(
      plan(
        kaifengID, suite, engines.chains, anchor, time,
        validators: ["kaifeng-data-bureau", kaifengBureau, "kaifeng-court", auditOffice],
        organisations: [(kaifengBureau, ["verifier"])], members: [(kaifengBureau, "window clerk")], remote: [fromMain]), folder)
    let spokes = [main, zhengzhou, kaifeng]
    for chain in spokes { await chain.start() }
    let administrator = relay.client(relay.founding.administrator)
    for chain in spokes {
      try succeeded(
        await administrator.call(
          "xc", "registerChain", try ChainRegistration(of: chain.nodes[0].ledger, organisation: Founding.platform)))
    }
    try succeeded(
      await administrator.call("xc", "setRoute", SetRoute(scope: RouteScope(port: ElectronicLicence.name), policy: RoutePolicy())))
    var keys: [ChainID: PrivateKey] = [:]
    for chain in [relay] + spokes { keys[chain.chain] = chain.founding.member(relayOffice, "relayer")?.key }
    let relayer = Relayer(
      relay: relay.nodes[0].endpoint, chains: spokes.map { $0.nodes[0].endpoint }, keys: keys, options: RelayerOptions(idleMs: 1_500))
    let loop = RelayerLoop(relayer, every: .milliseconds(100))
    await loop.start()
    return DemoNetwork(relay: relay, main: main, zhengzhou: zhengzhou, kaifeng: kaifeng, loop: loop)
  }

  /// Who runs a validator: three where they may crash, all four where one may lie.
  private static func members(_ organisations: [OrganisationID], of engine: EngineKind) -> [OrganisationID] {
    engine == .raft ? Array(organisations.prefix(3)) : organisations
  }

  func stop() async {
    await loop.stop()
    for chain in all { await chain.stop() }
  }

  static func succeeded(_ receipt: Receipt) throws {
    guard receipt.status == .succeeded else { throw CallFailed(receipt: receipt) }
  }

  private static func plan(
    _ chain: ChainID, _ suite: CryptoSuite, _ engine: EngineKind, _ relay: [UInt8], _ time: BlockTime, validators: [OrganisationID],
    organisations: [(OrganisationID, [Role])], members: [(OrganisationID, String)], remote: [RemoteRoles] = [],
    licence: LicenceConfiguration? = nil
  ) -> FoundingPlan {
    var configurations: [ContractName: [UInt8]] = [CrossChainContract.name: relay]
    if let licence { configurations[ElectronicLicence.name] = licence.canonicalBytes }
    return FoundingPlan(
      chain: chain, suite: suite, engine: engine, validators: Self.members(validators, of: engine),
      organisations: organisations.map { GenesisOrganisation(id: $0.0, name: $0.0.rawValue, roles: $0.1) }
        + [GenesisOrganisation(id: relayOffice, name: "relay office", roles: [.relayer])],
      members: members.map { (organisation: $0.0, name: $0.1) } + [(organisation: relayOffice, name: "relayer")], remoteRoles: remote,
      contracts: [CrossChainContract(), ElectronicLicence(), JudicialEvidence()], configurations: configurations, time: time)
  }

  private static func open(_ plan: FoundingPlan, _ folder: String) throws -> LocalChain {
    let founding = try Founding(plan)
    var logger = Logger(label: "yuchain")
    logger.logLevel = .error
    return try LocalChain(founding, logger: logger) { index in
      let place = "\(folder)/\(plan.chain.rawValue.replacingOccurrences(of: "/", with: "-"))/validator-\(index + 1)"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      var options = LMDBStore.Options()
      options.initialMapMiB = 16
      // The demonstration's folders are small; a node that is to last keeps the default reserve.
      options.reserveMiB = 0
      return LocalChain.Stores(
        ledger: try LMDBStore(directory: "\(place)/ledger", options: options),
        consensus: try LMDBStore(directory: "\(place)/consensus", options: options))
    }
  }
}
