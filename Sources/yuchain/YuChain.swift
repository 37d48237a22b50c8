internal import ArgumentParser
internal import ChainNode

/// The command: wires the libraries together.
@main struct YuChain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "yuchain",
    abstract: "Chains of a province that prove things to each other.",
    discussion: """
      Examples:
        yuchain demo
        yuchain story --all
        yuchain verify out/evidence-package.json --anchor out/anchors.json
        yuchain inspect out/chains/henan-410100/validator-1/ledger --verify
        yuchain backup out/chains/henan-410100/validator-1/ledger --out backup
        yuchain key new --suite guomi --out clerk.pem
        yuchain key show clerk.pem
        yuchain contract manifest licence
        yuchain version --json

      Exit codes: 0 it holds, 1 it does not hold, 2 the command was misused or could not run.
      """,
    subcommands: [
      Demo.self, StoryCommand.self, Verify.self, Inspect.self, Backup.self, Restore.self, ArchiveCommand.self, SnapshotCommand.self,
      Prune.self,
      KeyCommand.self, ContractCommand.self, PageCommand.self, VersionCommand.self,
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
      let text = code == .validationFailure || code == .success || error is CleanExit ? fullMessage(for: error) : "\(error)"
      if code == .success {
        print(text)
        exit(withError: CleanExit.message(""))
      }
      if let refusal = error as? Refusal {
        Console.say("does not hold: \(refusal)")
        exit(withError: ExitCode(1))
      }
      if !(error is ExitCode) { Console.complain(code == .validationFailure ? text : "Error: \(text)") }
      exit(withError: error is ExitCode ? error : ExitCode(2))
    }
  }
}
