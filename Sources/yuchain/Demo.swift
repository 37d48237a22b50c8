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

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Runs a small province: relay, main chain and two cities, three or four validators each, in this process.",
    discussion: """
      Types go from the main chain to the cities, Zhengzhou issues licences, Kaifeng verifies them through the relay, a court
      verifies an evidence package offline, and a forged byte is refused.

      Engines: Raft (three validators, one may crash) and Simplex BFT (four, one may lie). By default the relay is BFT, the chains Raft.

      Examples:
        yuchain demo
        yuchain demo --engine bft
        yuchain demo --suite international --out /tmp/henan
        yuchain verify out/evidence-package.json --anchor out/anchors.json
      """)
  @Option(help: "mixed (relay BFT, chains Raft), raft, or bft (all).") var engine: EngineName = .mixed
  @Option(help: "guomi (SM2, SM3) or international (Ed25519, SHA-256).") var suite: SuiteName = .guomi
  @Option(help: "The folder for the chains' data and the documents.") var out = "out"
  @Option(help: "The folder with the input files.") var input = "Examples/Henan"

  func run() async throws {
    let files = try DemoInput(folder: input)
    let data = try prepare()
    let began = ContinuousClock.now
    Console.say("YuChain: a province in one process, suite \(suite.rawValue), engine \(engine.rawValue), data in \(data)")
    let holders = Set(files.licences.compactMap { $0.organisation?.organisation }).sorted()
    let network = try await DemoNetwork.start(suite: suite.suite, engines: engine.engines, holders: holders, folder: data)
    for chain in network.all {
      let genesis = chain.founding.genesis
      let kind = genesis.engine == .simplex ? "BFT" : "Raft"
      Console.say("  \(genesis.chain): \(chain.nodes.count) validators, \(kind), genesis \(genesis.id.description.prefix(16))…")
    }
    var story = DemoStory(network: network, input: files, out: out)
    do {
      try await story.tell()
    } catch {
      await network.stop()
      throw error
    }
    for chain in network.all {
      Console.say("\(chain.chain == network.relay.chain ? "\n" : "")\(chain.chain) ended at height \(chain.nodes[0].ledger.head.height)")
    }
    await network.stop()
    let took = (ContinuousClock.now - began).components
    Console.say(
      "Done in \(took.seconds).\(took.attoseconds / 100_000_000_000_000_000) s. Try: yuchain verify \(out)/evidence-package.json --anchor \(out)/anchors.json"
    )
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
    do {
      try files.createDirectory(atPath: data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    } catch {
      throw Misuse("cannot make \(data): choose another folder with --out")
    }
    try Console.write([], to: mark)
    return data
  }
}
