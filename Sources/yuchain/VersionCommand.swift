internal import ArgumentParser
internal import ChainCore

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "version", abstract: "Shows versions of program and formats.")
  @Flag(help: "Print JSON.") var json = false

  struct Shown: Encodable {
    var version = "0.1.0"
    var genesisFormat = Genesis.currentVersion
    var transactionFormat = Transaction.currentVersion
  }

  func run() throws {
    let shown = Shown()
    if json { return try Console.json(shown) }
    Console.say("yuchain \(shown.version) (genesis format \(shown.genesisFormat), transaction format \(shown.transactionFormat))")
  }
}
