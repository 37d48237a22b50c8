internal import ArgumentParser
internal import ChainTesting
internal import Foundation

@main
struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Runs seeds of simulated worlds and checks every promise after every step.",
    discussion: """
      Examples:
        simulate raft --seeds 2000
        simulate simplex --seeds 2000 --from 1 --json
        simulate relay --chains 19 --packets 1000
        simulate replay simplex --seed 186 --trace
        simulate shrink raft --seed 16 --mutant forgottenVote
        simulate mutants
        simulate sm2 --cases 100000

      Exit codes: 0 no promise was broken and every danger was met, 1 otherwise, 2 misuse.
      """,
    subcommands: [
      RaftCommand.self, SimplexCommand.self, ChainCommand.self, RelayCommand.self, DockingCommand.self, LedgerCommand.self,
      StarCommand.self, SM2Command.self,
      Replay.self, Shrink.self, Mutants.self,
    ])

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      let code = exitCode(for: error)
      if code == .validationFailure || code == ExitCode(64) {
        Console.complain(fullMessage(for: error))
        Foundation.exit(2)
      }
      exit(withError: error)
    }
  }
}

struct RaftCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "raft", abstract: "Worlds of three and five Raft replicas.")
  @OptionGroup var options: CampaignOptions
  func run() async throws { try await Campaign(trial: .raft, options: options).run() }
}

struct SimplexCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simplex", abstract: "Worlds of three to ten Simplex members, less than a third of the weight lying.")
  @OptionGroup var options: CampaignOptions
  func run() async throws { try await Campaign(trial: .simplex, options: options).run() }
}

struct ChainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chain",
    abstract: "Whole nodes with contracts and clients: conflicting transactions under load while a validator restarts or lies.",
    discussion: """
      With --topology henan: a relay of four whole nodes of which one may lie, the main chain, 19 subchains, three racing relayers and one
      that lies. `simulate replay henan --seed S` runs one again.
      """)
  @Option(help: "one (a chain) or henan (a province).") var topology: TopologyName = .one
  @OptionGroup var options: CampaignOptions
  func run() async throws { try await Campaign(trial: topology == .henan ? .henan : .chain, options: options).run() }

  enum TopologyName: String, ExpressibleByArgument, CaseIterable {
    case one
    case henan
  }
}

struct DockingCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docking", abstract: "Two relays under a third with two chains each: racing relayers, one that lies, chains that pause.")
  @OptionGroup var options: CampaignOptions
  func run() async throws { try await Campaign(trial: .docking, options: options).run() }
}

struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "Ledgers on stores that crash, fill up, fail to sync and decay, beside a model of what must come out.")
  @OptionGroup var options: CampaignOptions
  func run() async throws { try await Campaign(trial: .ledger, options: options).run() }
}

struct SM2Command: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sm2", abstract: "Random and mutated SM2 signatures: every path of our verifier must answer as OpenSSL does.")
  @Option(help: "How many cases.") var cases = 100_000
  @Option(help: "The first seed; every 1,000 cases have their own.") var from: UInt64 = 1

  func validate() throws {
    guard (1...1_000_000_000).contains(cases), from <= UInt64.max / 2 else { throw ValidationError("--cases must be 1 to 1,000,000,000") }
  }

  func run() async throws {
    var total: [SM2Differential.Kind: Int] = [:]
    var valid = 0
    for seed in from..<(from + UInt64((cases + 999) / 1_000)) {
      let report = try SM2Differential.run(cases: min(cases, 1_000), seed: seed)
      total.merge(report.cases) { $0 + $1 }
      valid += report.valid
    }
    let kinds = total.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", ")
    Console.say("\(total.values.reduce(0, +)) cases, \(valid) of them valid, all answered as by OpenSSL: \(kinds)")
  }
}

struct CampaignOptions: ParsableArguments {
  @Option(help: "How many seeds to run.") var seeds: UInt64 = 300
  @Option(help: "The first seed.") var from: UInt64 = 1
  @Option(help: "How many seeds run at once; by default one a processor.") var jobs: Int?
  @Flag(help: "Print the result as JSON.") var json = false

  func validate() throws {
    guard seeds > 0, from <= UInt64.max - seeds else { throw ValidationError("--seeds must be 1 or more, and --from no more than fits") }
    guard jobs.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("--jobs must be 1 to 256") }
  }
}

struct Replay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Runs one seed again, step by step the same.",
    discussion: "Example: simulate replay raft --seed 17 --trace")
  @Argument(help: "raft, simplex, chain, relay, henan, docking or ledger.", transform: Self.trial) var trial: Trial
  @Option(help: "The seed.") var seed: UInt64
  @Flag(help: "Print every step.") var trace = false
  @Option(help: "Carry out these faults alone, by ordinal: 3,17,40, or none. `simulate shrink` tells them.", transform: Self.ordinals)
  var onlyFaults: Set<Int>?
  @Option(help: "A planted defect; debug builds only.") var mutant: String?

  static func trial(_ name: String) throws -> Trial {
    guard let trial = Trial(rawValue: name) else {
      throw ValidationError("the world is raft, simplex, chain, relay, henan, docking or ledger, not \(name)")
    }
    return trial
  }

  func run() async throws {
    Console.say("seed \(seed): \(try trial.faults(seed: seed))")
    if onlyFaults != nil || mutant != nil { return try runAlone(onlyFaults) }
    do {
      let outcome = try await trial.run(seed: seed, tracedSteps: trace ? 1_000_000 : 60, wantsTrace: trace)
      for line in outcome.trace { Console.say(line) }
      Console.say("no promise broken; \(outcome.steps) steps, \(outcome.agreed) agreed, trace \(String(outcome.traceHash, radix: 16))")
    } catch let failure as CheckFailure {
      for line in failure.trace { Console.say(line) }
      Console.say("seed \(failure.seed), step \(failure.step): \(failure.what)")
      throw ExitCode(1)
    }
  }
}
