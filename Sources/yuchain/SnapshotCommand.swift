internal import ArgumentParser
internal import ChainCore
internal import ChainNode

struct SnapshotCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "Writes a certified state to files, and makes a new ledger of such files.",
    subcommands: [Export.self, Import.self])

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes the state of a certified height, with the replay window, to files.",
      discussion: "Example: yuchain snapshot export out/chains/henan-410100/validator-1/ledger --out snapshot")
    @Argument(help: "The ledger's directory, or the admin socket of a running node.") var ledger: String
    @Option(help: "The directory of the snapshot.") var out: String
    @Option(help: "The height; by default the greatest certified one.") var height: UInt64?

    func run() async throws {
      if RunningNode.listens(at: ledger) {
        return try RunningNode.ask(ledger, .snapshot(to: RunningNode.absolute(out), height: height))
      }
      let opened = try OpenedLedger(ledger)
      defer { opened.store.close() }
      let manifest = try refusing { try SnapshotFiles(out).export(opened.ledger, at: height.map { BlockHeight($0) }) }
      Console.say(
        """
        snapshot    \(out)
        genesis     \(manifest.genesis)
        height      \(manifest.height)
        state root  \(manifest.checkpoint.stateRoot)
        chunks      \(manifest.chunkCount)
        """)
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a new ledger of a snapshot, each part of which is verified; goes on where it was interrupted.",
      discussion: """
        The new ledger has no blocks before the snapshot. Run it with a new key: a validator that lost its votes must not vote again with
        the old one.

        Example: yuchain snapshot import snapshot ledger --genesis 5d1c…
        """)
    @Argument(help: "The directory of the snapshot.") var snapshot: String
    @Argument(help: "The directory of the new ledger; its parent must exist.") var ledger: String
    @Option(help: "The genesis id that is trusted.") var genesis: GenesisText

    func run() async throws {
      let files = SnapshotFiles(snapshot)
      let document = try refusing { try files.read(trusting: genesis.id).genesis }
      let registry = try OpenedLedger.registry(of: document)
      let store = try LMDBStore(directory: ledger)
      defer { store.close() }
      let made = try refusing { try files.load(into: store, trusting: genesis.id, contracts: registry) }
      Console.say(
        """
        ledger      \(ledger)
        chain       \(made.genesis.chain)
        height      \(made.head.height)
        state root  \(made.head.checkpoint.stateRoot)
        """)
    }
  }
}
