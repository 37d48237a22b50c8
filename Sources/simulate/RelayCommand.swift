internal import ArgumentParser
internal import ChainTesting
internal import Foundation

struct RelayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay", abstract: "A relay and two or three chains with contracts: racing relayers, one that lies, chains that pause.",
    discussion: """
      With --chains and --packets: so many chains, of which each sends so many packets under the faults that the first seed draws; then all
      are settled, each once, and no chain holds anything of them any more. Use a release build:
        simulate relay --chains 19 --packets 1000
      """)
  @Option(help: "How many chains; needs --packets.") var chains: Int?
  @Option(help: "How many packets each of them sends; needs --chains.") var packets: Int?
  @OptionGroup var options: CampaignOptions

  func validate() throws {
    guard (chains == nil) == (packets == nil) else { throw ValidationError("--chains and --packets go together") }
    guard (2...100).contains(chains ?? 2), (1...100_000).contains(packets ?? 1) else {
      throw ValidationError("--chains must be 2 to 100, --packets 1 to 100,000")
    }
  }

  func run() async throws {
    guard let chains, let packets else { return try await Campaign(trial: .relay, options: options).run() }
    let began = ContinuousClock.now
    do {
      let load = try await RelayLoad.run(chains: chains, packets: packets, seed: options.from) {
        Console.complain("relay: \($0) of \(chains * packets) packets sent")
      }
      tell(load, chains: chains, packets: packets, ContinuousClock.now - began)
    } catch let failure as CheckFailure {
      Console.complain("\(failure)")
      throw ExitCode(1)
    }
  }

  private func tell(_ load: RelayLoad, chains: Int, packets: Int, _ duration: Duration) {
    Console.say("seed \(options.from): \(load.faults)")
    Console.say("  " + load.sights.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    Console.say(
      "\(chains) chains, \(packets) packets each and a few more: \(load.sent) sent, \(load.settled) of them settled, each once: "
        + load.ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
    Console.say(
      "sent in \(load.sendingMs / 1_000) s of virtual time; the last settled \(load.longestSettlementMs) ms after the faults; "
        + "\(load.steps) blocks and looks of relayers; the state is as small as in the beginning")
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    Console.say("in \(String(format: "%.0f", seconds)) s")
  }
}
