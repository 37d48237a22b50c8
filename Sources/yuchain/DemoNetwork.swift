internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain
internal import Foundation
internal import Logging

/// How a demonstration's chains are run.
struct DemoSetting {
  let suite: CryptoSuite
  let engines: (relay: EngineKind, chains: EngineKind)
  /// Where chains keep their data; `nil` = in memory.
  let folder: String?
  /// After how many milliseconds without work the relayers update a light client.
  let idleMs: UInt64
}

/// Relay, main chain and cities in this process: three validators for each Raft chain, four for each BFT chain.
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

  let network: Network
  let main: LocalChain
  /// The cities' chains in the order of the divisions.
  let cityChains: [LocalChain]
  let zhengzhou: LocalChain
  let kaifeng: LocalChain
  let plans: DemoPlans

  var relay: LocalChain { network.relay }
  var all: [LocalChain] { [relay, main] + cityChains }
  var cities: [DemoCity] { plans.cities }

  /// Founds and starts the chains; the relay learns of the others by its administrator's transactions.
  static func start(_ plans: DemoPlans) async throws -> DemoNetwork {
    var logger = Logger(label: "yuchain")
    logger.logLevel = .error
    var options = NetworkOptions(
      interval: .milliseconds(100), relayer: RelayerOptions(idleMs: plans.setting.idleMs), organisation: relayOffice,
      routes: [SetRoute(scope: RouteScope(port: ElectronicLicence.name), policy: RoutePolicy())], logger: logger)
    if let folder = plans.setting.folder { options.stores = { try stores(of: $0, $1, in: folder) } }
    let network = try await Network(relay: plans.relay, options: options)
    do {
      let main = try await network.add(plans.main)
      let chains = try await withThrowingTaskGroup(of: LocalChain.self) { group in
        for city in plans.cities {
          let plan = plans.city(city)
          group.addTask { try await network.add(plan) }
        }
        return try await group.reduce(into: [ChainID: LocalChain]()) { $0[$1.chain] = $1 }
      }
      let ordered = plans.cities.compactMap { chains[$0.chain] }
      guard let zhengzhou = chains[zhengzhouID], let kaifeng = chains[kaifengID] else { throw Misuse("no Zhengzhou or no Kaifeng") }
      return DemoNetwork(network: network, main: main, cityChains: ordered, zhengzhou: zhengzhou, kaifeng: kaifeng, plans: plans)
    } catch {
      await network.stop()
      throw error
    }
  }

  func stop() async { await network.stop() }

  /// What the relayers could not do when they looked last.
  func complaints() async -> String {
    await network.relayers().flatMap(\.failures).map { "\($0.chain): \($0.reason)" }.joined(separator: "; ")
  }

  static func succeeded(_ receipt: Receipt) throws {
    guard receipt.status == .succeeded else { throw CallFailed(receipt: receipt) }
  }

  private static func stores(of chain: ChainID, _ index: Int, in folder: String) throws -> LocalChain.Stores {
    let place = "\(folder)/\(chain.rawValue.replacingOccurrences(of: "/", with: "-"))/validator-\(index + 1)"
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
