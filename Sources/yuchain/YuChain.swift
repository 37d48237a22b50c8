import ArgumentParser

@main
struct YuChain: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "yuchain", abstract: "Government consortium chains.")
}
