internal import AppFormats
internal import ArgumentParser
internal import ChainCore
internal import ChainNode
internal import CrossChain

struct ArchiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "archive", abstract: "Writes blocks to files that prove themselves, and verifies such files.",
    subcommands: [Export.self, Verify.self])

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Archives the certified blocks of a ledger; goes on where the directory ends.",
      discussion: """
        Each file holds blocks with receipts, and a certificate that proves them. What is archived is noted in the ledger, so that
        `yuchain prune --blocks` may remove it.

        Example: yuchain archive export out/chains/henan-410100/validator-1/ledger --out archive
        """)
    @Argument(help: "The ledger's directory, or the admin socket of a running node.") var ledger: String
    @Option(help: "The directory of the archive.") var out: String
    @Option(help: "The first height of a new archive; by default the oldest block here.") var from: UInt64?
    @Option(help: "The last height; by default the greatest certified one.") var through: UInt64?
    @Option(help: "A file ends once it has so many MiB.") var fileMib: Int = 64
    @Flag(help: "Do not note in the ledger what is archived.") var copy = false
    @Flag(help: "Print JSON.") var json = false

    struct Shown: Encodable {
      var first: BlockHeight
      var last: BlockHeight
      var files: Int
      var bytes: Int
    }

    func run() async throws {
      guard (1...1_048_576).contains(fileMib) else { throw Misuse("--file-mib: 1 to 1048576") }
      if RunningNode.listens(at: ledger) {
        let request = AdminRequest.archive(
          to: RunningNode.absolute(out), from: from, through: through, fileMiB: UInt32(fileMib), isNoted: !copy)
        return try RunningNode.ask(ledger, request, json: json)
      }
      let opened = try OpenedLedger(ledger)
      defer { opened.store.close() }
      let report = try refusing {
        var export = try ArchiveExport(
          opened.ledger, to: out, from: from.map { BlockHeight($0) }, fileBytes: fileMib << 20, isNoted: !copy)
        return try export.run(through: through.map { BlockHeight($0) }) { Console.complain("archived up to height \($0)") }
      }
      if json {
        return try Console.json(
          Shown(first: report.heights.lowerBound, last: report.heights.upperBound, files: report.written, bytes: report.bytes))
      }
      Console.say(
        """
        archive     \(out)
        genesis     \(opened.ledger.genesisID)
        heights     \(report.heights.lowerBound) to \(report.heights.upperBound)
        files       \(report.written) written, \(report.bytes) bytes
        """)
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Verifies an archive without any node.",
      discussion: """
        Give the genesis id, or the anchor file with the chain's validators, as you got it from somebody you trust.

        Examples:
          yuchain archive verify archive --genesis 5d1c…
          yuchain archive verify archive --anchor out/anchors.json --chain henan/410100
        """)
    @Argument(help: "The directory of the archive.") var directory: String
    @Option(help: "The genesis id that is trusted.") var genesis: GenesisText?
    @Option(help: "The file with the trusted chains.") var anchor: String?
    @Option(help: "Which chain of the anchor file.") var chain: String?
    @Flag(help: "Print JSON.") var json = false

    struct Shown: Encodable {
      var valid: Bool
      var problem: String?
      var chain: ChainID?
      var first: BlockHeight?
      var last: BlockHeight?
      var files: Int?
      var transactions: Int?
    }

    func run() async throws {
      var verifier = ArchiveVerifier(trust: try trust())
      let report: ArchiveVerifier.Report
      do {
        report = try refusing { try verifier.verify(directory: directory) }
      } catch let refusal as Refusal {
        if json {
          try Console.json(Shown(valid: false, problem: refusal.description))
        } else {
          let before = verifier.report.map { "; heights \($0.first) to \($0.last) hold" } ?? ""
          Console.say("not valid: \(refusal)\(before)")
        }
        throw ExitCode(1)
      }
      if json {
        return try Console.json(
          Shown(
            valid: true, chain: report.chain, first: report.first, last: report.last, files: report.files,
            transactions: report.transactions))
      }
      Console.say(
        """
        chain       \(report.chain)
        heights     \(report.first) to \(report.last), none missing
        files       \(report.files)
        holds       \(report.transactions) transactions with receipts
        signed by   validator generation \(report.signers.generation), after \(report.handovers) changes
        valid
        """)
    }

    private func trust() throws -> ArchiveTrust {
      if let genesis {
        guard anchor == nil, chain == nil else { throw Misuse("give --genesis, or --anchor with --chain") }
        return ArchiveTrust(genesis: genesis.id)
      }
      guard let anchor, let chain else { throw Misuse("say what is trusted: --genesis ID, or --anchor FILE with --chain NAME") }
      let anchors: TrustAnchors
      do {
        anchors = try TrustAnchors(document: try Console.read(anchor))
      } catch let error as DocumentError {
        throw Misuse("\(anchor): \(error)")
      }
      guard let name = ChainID(chain), let found = anchors.anchor(of: name) else { throw Misuse("\(anchor) has no chain \(chain)") }
      return ArchiveTrust(genesis: found.genesis, validators: found.validators)
    }
  }
}
