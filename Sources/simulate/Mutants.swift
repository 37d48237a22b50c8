internal import ArgumentParser
internal import ChainTesting
internal import Foundation

struct Mutants: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutants",
    abstract: "Plants defects in replicas and light clients, one at a time, and shows after how many seeds each is found.",
    discussion: "Release builds of the libraries hold no defects to plant: run it as `swift run simulate mutants`, without -c release.")
  @Option(help: "Give up on a defect after so many seeds.") var seeds: UInt64 = 500
  @Option(help: "Only the defects whose names begin so.") var only = ""

  func run() async throws {
    #if DEBUG
      var survivors: [String] = []
      var count = 0
      Console.say("world    defect                      seed  step    what was broken")
      for trial in Trial.allCases {
        for mutant in trial.mutants where mutant.hasPrefix(only) {
          count += 1
          if await !find(mutant, in: trial) { survivors.append(mutant) }
        }
      }
      Console.say(survivors.isEmpty ? "all \(count) found" : "NOT FOUND: \(survivors.joined(separator: ", "))")
      if !survivors.isEmpty { throw ExitCode(1) }
    #else
      throw ValidationError("this is a release build, which holds no defects to plant; run: swift run simulate mutants")
    #endif
  }

  #if DEBUG
    private func find(_ mutant: String, in trial: Trial) async -> Bool {
      for seed in 1...seeds {
        do {
          try await trial.run(seed: seed, mutant: mutant)
        } catch let failure as CheckFailure {
          let columns = [(trial.rawValue, 9), (mutant, 28), ("\(seed)", 6), ("\(failure.step)", 8)]
          let line = columns.map { $0.0.padding(toLength: max($0.1, $0.0.count + 1), withPad: " ", startingAt: 0) }.joined()
          Console.say(line + failure.what)
          return true
        } catch {
          Console.complain("\(mutant), seed \(seed): \(error)")
        }
      }
      return false
    }
  #endif
}
