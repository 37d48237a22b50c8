internal import AppFormats
internal import AppPages
internal import Apps
internal import ArgumentParser
internal import ChainCore
internal import CrossChain
internal import Foundation

/// Writes pages that need no server: of traced goods for consumers, of evidence for judges.
struct PageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "page", abstract: "Writes a page as one HTML file: of traced goods, or of an evidence package.",
    subcommands: [PageTrace.self, PageEvidence.self])
}

struct PageTrace: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "The page that the code on a label leads to, from the ledgers of stopped nodes.",
    discussion: """
      Each record on the page is proven under the newest certificate of its chain, from the anchor's validators on. Exit code 1 with a page that
      says so if the code is wrong or no chain knows the lot.

      Example:
        yuchain page trace 'https://trace.example.org/01/06923456780019/10/ZZ231102A' \\
          --ledger chains/henan-410100/validator-1/ledger --anchor anchors.json --out page.html
      """)
  @Argument(help: "The Digital Link that was scanned.") var code: String
  @Option(help: "A node's ledger; several for goods that went through several chains, the first where the code leads to.")
  var ledger: [String]
  @Option(help: "The file with the trusted chains.") var anchor: String
  @Option(help: "A JSON file of names that are not on chain: products, classes, reasons, organisations, each by code.") var names: String?
  @Option(help: "The page.") var out: String

  private struct Names: Decodable {
    var products, classes, reasons, organisations: [String: String]?
  }

  func run() throws {
    let link: DigitalLink
    do throws(DigitalLinkError) {
      link = try DigitalLink(code)
    } catch {
      return try refuse(.malformed(error.description))
    }
    guard let lot = link.lot else { return try refuse(.noLot) }
    let anchors = try TrustAnchors(document: try Console.read(anchor))
    var states: [VerifiedState] = []
    for directory in ledger {
      let opened = try OpenedLedger(directory)
      guard let trusted = anchors.anchor(of: opened.ledger.genesis.chain) else {
        throw Misuse("\(anchor) has no anchor of \(opened.ledger.genesis.chain)")
      }
      states.append(try VerifiedState(opened.ledger, anchor: trusted))
    }
    var words = TraceNames()
    if let names {
      let read = try JSONDecoder().decode(Names.self, from: Data(try Console.read(names)))
      words = TraceNames(
        products: read.products ?? [:], classes: read.classes ?? [:], reasons: read.reasons ?? [:],
        organisations: read.organisations ?? [:])
    }
    guard let page = try TraceReader(states, names: words).page(of: lot, link: code) else { return try refuse(.unknownLot) }
    try write(try page.html())
    Console.say(
      "\(lot.gtin.text) \(lot.lot): \(page.verdict), \(page.proofs.map { "\($0.chain) at height \($0.height)" }.joined(separator: ", "))")
  }

  private func refuse(_ reason: UnknownCodePage.Reason) throws {
    try write(try UnknownCodePage(code: code, reason: reason).html())
    Console.say("no lot to show: \(reason)")
    throw ExitCode(1)
  }

  private func write(_ html: String) throws { try Data(html.utf8).write(to: URL(filePath: out), options: .atomic) }
}

struct PageEvidence: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence", abstract: "The report on an evidence package, in Chinese, for a judge; or its comparison with one.",
    discussion: """
      The page follows from the package alone, so that everybody makes the same one.

      Examples:
        yuchain page evidence evidence-package.json --anchor anchors.json --out report.html
        yuchain page evidence evidence-package.json --anchor anchors.json --compare report.html
      """)
  @Argument(help: "The package.") var file: String
  @Option(help: "The file with the trusted chains.") var anchor: String
  @Option(help: "Where the page is written.") var out: String?
  @Option(help: "A page to compare with.") var compare: String?

  func validate() throws {
    guard (out == nil) != (compare == nil) else { throw ValidationError("say --out or --compare") }
  }

  func run() throws {
    let anchors = try TrustAnchors(document: try Console.read(anchor))
    let page: EvidencePage
    do {
      page = try EvidencePage(try EvidencePackage(document: try Console.read(file)), anchors: anchors)
    } catch let error as PageError {
      throw Refusal(error)
    }
    if let compare {
      guard try page.matches(try Console.read(compare)) else { throw Refusal("\(compare) is not the page that follows from \(file)") }
      return Console.say("\(compare) follows from \(file)")
    }
    if let out { try Data(try page.html().utf8).write(to: URL(filePath: out), options: .atomic) }
  }
}
