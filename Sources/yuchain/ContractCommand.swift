internal import Apps
internal import ArgumentParser
internal import ChainCore
internal import CrossChain

/// The contracts of this program.
enum KnownContracts {
  /// What a city's or the main chain may run; `xc` is that of every chain but the relay.
  static var ofChains: [any Contract] {
    [
      CrossChainContract(), ElectronicLicence(), JudicialEvidence(), RealEstate(), DataDirectory(), AgriTrace(), MedicalRecords(),
    ]
  }
  /// The same with the relay's `xc`.
  static var ofRelays: [any Contract] { [RelayContract(), ElectronicLicence(), JudicialEvidence(), RealEstate(), DataDirectory()] }

  /// The interfaces, and what tells two of one name apart.
  static func manifests() throws -> [(manifest: ContractManifest, form: String?)] {
    let (chains, relays) = (try ContractRegistry(ofChains), try ContractRegistry(ofRelays))
    var found: [(manifest: ContractManifest, form: String?)] = []
    for name in chains.names {
      let manifests = chains.manifests(name)
      let others = relays.manifests(name).filter { !manifests.contains($0) }
      found += manifests.map { ($0, others.isEmpty ? nil : "of chains") } + others.map { ($0, "of the relay") }
    }
    return found
  }
}

struct ContractCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "contract", abstract: "Shows what contracts are, as governance decides about them.", subcommands: [Manifest.self])

  struct Manifest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints the interface of a contract, derived from its declarations, and its digest in both suites.",
      discussion: "Examples:\n  yuchain contract manifest licence\n  yuchain contract manifest --all --json")
    @Argument(help: "The contract.") var name: String?
    @Flag(help: "All contracts of this program.") var all = false
    @Flag(help: "Print JSON.") var json = false

    struct Shown: Encodable {
      struct Digests: Encodable {
        var guomi: Digest
        var international: Digest
      }
      var contract: ContractName
      var form: String?
      var version: UInt32
      var digest: Digests
      var entries: [ManifestItem]
      var queries: [ManifestItem]

      init(_ manifest: ContractManifest, form: String?) {
        contract = manifest.contract
        self.form = form
        version = manifest.version
        digest = Digests(guomi: manifest.hash(suite: .guomi), international: manifest.hash(suite: .international))
        entries = manifest.entries
        queries = manifest.queries
      }
    }

    func validate() throws {
      guard (name == nil) == all else { throw ValidationError("Name one contract, or say --all.") }
    }

    func run() async throws {
      let known = try KnownContracts.manifests()
      let chosen = known.filter { all || $0.manifest.contract.rawValue == name }
      guard !chosen.isEmpty else {
        let names = known.map(\.manifest.contract.rawValue)
        let distinct = names.indices.filter { names.firstIndex(of: names[$0]) == $0 }.map { names[$0] }
        throw Misuse("no contract \(name ?? "") in this program; it has \(distinct.joined(separator: ", "))")
      }
      let shown = chosen.map { Shown($0.manifest, form: $0.form) }
      if json { return try Console.json(shown) }
      Console.say(shown.map(Self.text).joined(separator: "\n\n"))
    }

    private static func text(_ shown: Shown) -> String {
      var table = TextTable(["", "name", "by", "arguments", "result"])
      for item in shown.entries { table.add(["entry", item.name.rawValue, item.access, item.arguments, item.result]) }
      for item in shown.queries { table.add(["query", item.name.rawValue, item.access, item.arguments, item.result]) }
      return """
        \(shown.contract), version \(shown.version)\(shown.form.map { " (\($0))" } ?? "")
        guomi         \(shown.digest.guomi)
        international \(shown.digest.international)
        \(table.lines.joined(separator: "\n"))
        """
    }
  }
}
