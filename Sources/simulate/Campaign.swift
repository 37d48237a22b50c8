internal import ArgumentParser
internal import ChainTesting
internal import Foundation

/// Many seeds of one kind of world, on all processors, with progress and a table of what they met.
struct Campaign {
  let trial: Trial
  let options: CampaignOptions

  /// What all seeds showed together.
  struct Report: Encodable {
    var world: String
    var from: UInt64
    var seeds: UInt64
    var steps = 0
    var agreed = 0
    var seconds = 0.0
    var seedsPerSecond = 0.0
    /// The greatest virtual time between two blocks while clients waited; only of `chain`.
    var longestPauseMs = 0
    /// The greatest virtual time that a packet needed to settle once the faults had ended; only of `relay`.
    var longestSettlementMs = 0
    var sights: [String: Int] = [:]
    /// Dangers that no seed met.
    var unseen: [String] = []
    /// Seeds that agreed on nothing: they show little.
    var emptySeeds = 0
    var failures: [Failure] = []

    struct Failure: Encodable {
      var seed: UInt64
      var step: Int
      var what: String
    }
  }

  enum Result: Sendable {
    case passed(Trial.Outcome)
    case failed(CheckFailure)
    case broken(UInt64, String)
  }

  func run() async throws {
    var report = Report(world: trial.rawValue, from: options.from, seeds: options.seeds)
    let began = ContinuousClock.now
    var told = began
    var done: UInt64 = 0
    await withTaskGroup(of: Result.self) { group in
      var next = options.from
      let end = options.from + options.seeds
      let jobs = options.jobs ?? max(1, ProcessInfo.processInfo.activeProcessorCount)
      func start() {
        guard next < end else { return }
        let seed = next
        next += 1
        group.addTask { await Self.run(trial, seed) }
      }
      for _ in 0..<jobs { start() }
      for await result in group {
        note(result, in: &report)
        start()
        done += 1
        let now = ContinuousClock.now
        if now - told >= .seconds(2) {
          told = now
          let rate = Double(done) / Self.seconds(now - began)
          Console.complain(
            "\(trial.rawValue): \(done) of \(options.seeds) seeds, \(Self.rounded(rate)) a second, \(report.failures.count) failures")
        }
      }
    }
    report.seconds = Self.seconds(ContinuousClock.now - began)
    report.seedsPerSecond = Double(options.seeds) / report.seconds
    report.unseen = report.sights.filter { $0.value == 0 }.keys.sorted()
    report.failures.sort { $0.seed < $1.seed }
    try tell(report)
    // A few seeds need not meet everything; many that do not are no proof.
    let isVoid = options.seeds >= 300 && !report.unseen.isEmpty
    if !report.failures.isEmpty || isVoid { throw ExitCode(1) }
  }

  private static func run(_ trial: Trial, _ seed: UInt64) async -> Result {
    do {
      return .passed(try await trial.run(seed: seed))
    } catch let failure as CheckFailure {
      return .failed(failure)
    } catch {
      return .broken(seed, "\(error)")
    }
  }

  private func note(_ result: Result, in report: inout Report) {
    switch result {
    case .passed(let outcome):
      report.steps += outcome.steps
      report.agreed += outcome.agreed
      report.longestPauseMs = max(report.longestPauseMs, outcome.longestPauseMs)
      report.longestSettlementMs = max(report.longestSettlementMs, outcome.longestSettlementMs)
      if outcome.agreed == 0 { report.emptySeeds += 1 }
      for (sight, count) in outcome.sights { report.sights[sight, default: 0] += count }
    case .failed(let failure):
      report.failures.append(Report.Failure(seed: failure.seed, step: failure.step, what: failure.what))
      Console.complain("\(failure)")
    case .broken(let seed, let what):
      report.failures.append(Report.Failure(seed: seed, step: 0, what: what))
    }
  }

  private func tell(_ report: Report) throws {
    if options.json { return try Console.json(report) }
    Console.say("seen in all seeds:")
    let width = report.sights.keys.map(\.count).max() ?? 0
    for (sight, count) in report.sights.sorted(by: { $0.key < $1.key }) {
      Console.say("  \(sight.padding(toLength: width + 2, withPad: " ", startingAt: 0))\(count)\(count == 0 ? "  NEVER" : "")")
    }
    let last = report.from + report.seeds - 1
    Console.say(
      "\(trial.rawValue): seeds \(report.from) to \(last), \(report.steps) steps, \(report.agreed) agreed, in \(Self.rounded(report.seconds)) s: "
        + "\(Self.rounded(report.seedsPerSecond)) seeds a second")
    if report.longestPauseMs > 0 { Console.say("longest pause while clients waited: \(report.longestPauseMs) ms of virtual time") }
    if report.longestSettlementMs > 0 {
      Console.say("longest settlement after the faults ended: \(report.longestSettlementMs) ms of virtual time")
    }
    if report.failures.isEmpty {
      Console.say("no promise was broken")
    } else {
      Console.say("BROKEN in \(report.failures.count) seeds; the first: seed \(report.failures[0].seed), \(report.failures[0].what)")
    }
    if !report.unseen.isEmpty { Console.say("never seen: \(report.unseen.joined(separator: ", ")): more seeds would show more") }
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }

  private static func rounded(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }
}
