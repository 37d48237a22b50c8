internal import ArgumentParser
internal import ChainTesting
internal import Foundation

struct Shrink: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shrink", abstract: "Leaves faults of a broken seed out, one by one, until each that is left is needed.",
    discussion: """
      Example: simulate shrink raft --seed 16 --mutant forgottenVote
      Planted defects (--mutant) are in debug builds only. Exit codes: 0 shrunk, 1 the seed breaks no promise, 2 misuse.
      """)
  @Argument(help: "raft, simplex or chain.", transform: Replay.trial) var trial: Trial
  @Option(help: "The seed.") var seed: UInt64
  @Option(help: "A planted defect.") var mutant: String?
  @Option(help: "No more runs than that.") var runs = 500
  @Flag(help: "Print every step of the small run.") var trace = false

  func run() throws {
    let result = try Shrinker(trial: trial, seed: seed, mutant: mutant, runLimit: runs, tracedSteps: trace ? 1_000_000 : 60).shrink()
    let count = result.faults.count
    Console.say(
      "\(trial.rawValue), seed \(seed): \(result.originalFaults) faults shrunk to \(count) in \(result.runs) runs"
        + (result.isMinimal ? "; each of them is needed" : "; more runs might leave more out"))
    Console.say("before: step \(result.original.step): \(result.original.what)")
    Console.say("now:    step \(result.failure.step): \(result.failure.what)")
    for fault in result.faults.prefix(trace ? .max : 60) {
      Console.say("  \("\(fault.ordinal)".padding(toLength: 7, withPad: " ", startingAt: 0))" + text(fault))
    }
    if !trace, count > 60 {
      let kinds = result.kinds.map { kind in "\(kind) \(result.faults.count { $0.kind == kind })" }
      Console.say("  and \(count - 60) more; of all: \(kinds.joined(separator: ", "))")
    }
    let ordinals = result.faults.map { "\($0.ordinal)" }.joined(separator: ",")
    Console.say(
      "again: simulate replay \(trial.rawValue) --seed \(seed)" + (mutant.map { " --mutant \($0)" } ?? "") + " --only-faults "
        + (ordinals.isEmpty ? "none" : ordinals) + " --trace")
    if trace { for line in result.failure.trace { Console.say(line) } }
  }

  private func text(_ fault: InjectedFault) -> String { fault.text(letter: trial.letter) }
}

extension Replay {
  /// Records the seed's run, and runs it again with these faults alone.
  func runAlone(_ ordinals: Set<Int>?) throws {
    let tracedSteps = trace ? 1_000_000 : 60
    var run = try trial.run(seed: seed, mutant: mutant, tracedSteps: tracedSteps)
    if let ordinals {
      run = try trial.run(
        seed: seed, mutant: mutant, score: run.score, omitting: OmittedFaults(allBut: ordinals), tracedSteps: tracedSteps)
      for fault in run.faults { Console.say("fault \(fault.ordinal): \(fault.text(letter: trial.letter))") }
    }
    guard let failure = run.failure else {
      return Console.say("no promise broken; \(run.steps) steps, \(run.faults.count) faults, trace \(String(run.traceHash, radix: 16))")
    }
    for line in failure.trace { Console.say(line) }
    Console.say("seed \(failure.seed), step \(failure.step): \(failure.what)")
    throw ExitCode(1)
  }
}

extension ParsableCommand {
  /// Ordinals that commas separate, or "none".
  static func ordinals(_ text: String) throws -> Set<Int> {
    if text == "none" { return [] }
    return Set(
      try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let ordinal = Int(part), ordinal > 0 else { throw ValidationError("--only-faults takes numbers like 3,17,40, or none") }
        return ordinal
      })
  }
}
