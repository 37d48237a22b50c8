internal import AppFormats
internal import Apps
internal import ArgumentParser
internal import ChainCore
internal import ChainNode
internal import Foundation

enum EngineName: String, ExpressibleByArgument, CaseIterable {
  case mixed
  case raft
  case bft

  /// The engine of the relay, which many parties share, and that of the chains, each of one operator.
  var engines: (relay: EngineKind, chains: EngineKind) {
    switch self {
    case .mixed: (.simplex, .raft)
    case .raft: (.raft, .raft)
    case .bft: (.simplex, .simplex)
    }
  }
}

enum TopologyName: String, ExpressibleByArgument, CaseIterable {
  /// Relay, main chain, two cities.
  case plain
  /// Relay, main chain, the province's 19 subchains, and one that joins.
  case henan
}

enum StoreName: String, ExpressibleByArgument, CaseIterable {
  case lmdb
  case memory
}

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Runs a small province: relay, main chain and two cities, three or four validators each, in this process.",
    discussion: """
      Types go from the main chain to the cities, Zhengzhou issues licences, Kaifeng verifies them through the relay, a court
      verifies an evidence package offline, and a forged byte is refused. With --topology henan every one of the 19 subchains issues,
      verifies and deposits, one is stopped by the supervisor and released, and a chain joins and retires while traffic flows.

      Engines: Raft (three validators, one may crash) and Simplex BFT (four, one may lie). By default the relay is BFT, the chains Raft.

      Examples:
        yuchain demo
        yuchain demo --topology henan
        yuchain demo --engine bft
        yuchain demo --suite international --out /tmp/henan
        yuchain verify out/evidence-package.json --anchor out/anchors.json
      """)
  @Option(help: "plain (relay, main chain, two cities) or henan (relay, main chain, 19 subchains, one that joins).")
  var topology: TopologyName = .plain
  @Option(help: "lmdb (on disk) or memory.") var stores: StoreName = .lmdb
  @Option(help: "mixed (relay BFT, chains Raft), raft, or bft (all).") var engine: EngineName = .mixed
  @Option(help: "guomi (SM2, SM3) or international (Ed25519, SHA-256).") var suite: SuiteName = .guomi
  @Option(help: "The folder for the chains' data and the documents.") var out = "out"
  @Option(help: "The folder with the input files.") var input = "Examples/Henan"

  func run() async throws {
    let began = ContinuousClock.now
    var files = try DemoInput(folder: input)
    let plans = try plans(&files)
    Console.say(
      "YuChain: a province in one process, suite \(suite.rawValue), engine \(engine.rawValue), data \(plans.setting.folder.map { "in \($0)" } ?? "in memory")"
    )
    let network = try await DemoNetwork.start(plans)
    do {
      var story = DemoStory(network: network, input: files, out: out)
      introduce(network)
      switch topology {
      case .plain: try await story.tell()
      case .henan: try await HenanStory.tell(&story)
      }
    } catch {
      await network.stop()
      throw error
    }
    if topology == .plain {
      for chain in network.all {
        Console.say("\(chain.chain == network.relay.chain ? "\n" : "")\(chain.chain) ended at height \(chain.nodes[0].ledger.head.height)")
      }
    }
    await network.stop()
    Console.say("Done in \(DemoStory.seconds(since: began)). Try: yuchain verify \(out)/evidence-package.json --anchor \(out)/anchors.json")
  }

  /// What the chains are founded with; in the whole province every city's market office may issue.
  private func plans(_ files: inout DemoInput) throws -> DemoPlans {
    let holders = Set(files.licences.compactMap { $0.organisation?.organisation }).sorted()
    let folder = stores == .lmdb ? try prepare() : nil
    if folder == nil { try makeFolder(out) }
    func setting(idleMs: UInt64) -> DemoSetting {
      DemoSetting(suite: suite.suite, engines: engine.engines, folder: folder, idleMs: idleMs)
    }
    switch topology {
    case .plain:
      return DemoPlans(setting(idleMs: 1_500), cities: try Division.two.map { try DemoCity($0) }, holders: holders)
    case .henan:
      let divisions = try Divisions(folder: input)
      let cities = try divisions.subchains.map { try DemoCity($0) }
      try files.letIssue(cities.map(\.marketOffice))
      return DemoPlans(setting(idleMs: 3_000), cities: cities, holders: holders, joining: try DemoCity(divisions.joining))
    }
  }

  private func introduce(_ network: DemoNetwork) {
    for chain in network.all {
      let genesis = chain.founding.genesis
      let kind = genesis.engine == .simplex ? "BFT" : "Raft"
      let city = network.cities.first { $0.chain == chain.chain }.map { " \($0.label)" } ?? ""
      Console.say("  \(genesis.chain)\(city): \(chain.nodes.count) validators, \(kind), genesis \(genesis.id.description.prefix(16))…")
    }
  }

  /// Makes room for the chains' data. Only what an earlier demonstration left is removed.
  private func prepare() throws -> String {
    let data = "\(out)/chains"
    let mark = "\(data)/made-by-yuchain-demo"
    let files = FileManager.default
    if files.fileExists(atPath: data) {
      guard files.fileExists(atPath: mark) else {
        throw Misuse("\(data) exists and is not a demonstration's: choose another folder with --out")
      }
      try files.removeItem(atPath: data)
    }
    try makeFolder(data)
    try Console.write([], to: mark)
    return data
  }

  private func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    } catch {
      throw Misuse("cannot make \(path): choose another folder with --out")
    }
  }
}
