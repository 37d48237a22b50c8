internal import ArgumentParser
internal import ChainCore
internal import ChainNode
internal import ChainTesting
internal import CrossChain

struct StarCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "star",
    abstract: "Counts what a relay and its members cost, in rounds without faults: every chain makes a block, relayers look once.",
    discussion: """
      Calls, bytes, certificates and signatures are those of a running network whose relayers tick once a block; milliseconds are of one
      validator, and only a release build's count. Then a chain joins 19 others, beside a star without it.
      """)
  @Option(help: "How many members.", transform: Self.numbers) var members = [1, 5, 19, 50]
  @Option(help: "How many rounds are counted.") var rounds = 20

  func validate() throws {
    guard (1...1_000).contains(rounds) else { throw ValidationError("--rounds must be 1 to 1000") }
  }

  func run() async throws {
    for sendsLetters in [false, true] {
      Console.say(sendsLetters ? "\neach member sends a packet to the next in every round:" : "only light clients move:")
      Console.say("members   the relay's calls   bytes    certs  signs  ms       a member's calls    bytes    certs  signs  ms")
      for count in members {
        var star = try Star(members: count, sendsLetters: sendsLetters)
        // What the first rounds send settles in later ones.
        _ = try await star.run(rounds: 10)
        let found = try await star.run(rounds: rounds)
        let columns = [Star.relay, star.names[0]].map { line(found[$0] ?? TrafficTally(), star.nanoseconds(of: $0)) }
        Console.say("\(count)".padding(toWidth: 10) + columns.joined())
      }
    }
    try await join()
  }

  /// The same star twice: one gets another member on its way, one does not.
  private func join() async throws {
    var without = try Star(members: 19, sendsLetters: false)
    var with = try Star(members: 19, sendsLetters: false)
    _ = try await without.run(rounds: 10)
    _ = try await with.run(rounds: 10)
    try with.add()
    let (before, after) = (try await without.run(rounds: rounds), try await with.run(rounds: rounds))
    var more = (calls: 0, bytes: 0, certificates: 0, signatures: 0)
    for name in without.names {
      guard let one = before[name], let other = after[name] else { throw CleanExit.message("\(name) is missing") }
      more.calls += other.transactions - one.transactions
      more.bytes += other.bytes - one.bytes
      more.certificates += other.verified.certificates - one.verified.certificates
      more.signatures += other.verified.signatures - one.verified.signatures
    }
    Console.say(
      "\na 20th member joins: all 19 others together have, in \(rounds) rounds, \(more.calls) more calls, \(more.bytes) more bytes, "
        + "\(more.certificates) more certificates, \(more.signatures) more signatures")
  }

  private func line(_ tally: TrafficTally, _ nanoseconds: UInt64) -> String {
    let parts = [(tally.transactions, 20), (tally.bytes, 9), (tally.verified.certificates, 7), (tally.verified.signatures, 7)]
    return parts.map { each(Double($0.0)).padding(toWidth: $0.1) }.joined() + each(Double(nanoseconds) / 1e6).padding(toWidth: 9)
  }

  private func each(_ total: Double) -> String {
    let value = (total / Double(rounds) * 10).rounded() / 10
    return value == value.rounded() ? "\(Int(value))" : "\(value)"
  }

  private static func numbers(_ text: String) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Int(part), (1...500).contains(number) else { throw ValidationError("--members takes numbers like 1,5,19,50") }
      return number
    }
  }
}

extension String {
  fileprivate func padding(toWidth width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
