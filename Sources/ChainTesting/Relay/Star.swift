package import ChainCore
package import ChainNode
internal import CrossChain
internal import Synchronization

/// A relay and members without consensus and without faults, to count what each costs: in a round every chain makes a block of what came
/// in, and one relayer looks once.
///
/// Keys, signatures, proofs and relayer are real, so messages, bytes and verifications are those of a running network whose relayers
/// tick once a block. Same plan, same counts.
package struct Star {
  /// Whose blocks are made, and what came in since.
  private struct Place {
    var chain: SoloChain
    let relayer: Account
    let clerk: Account
    let mailbox = StarMailbox()
    var tally: TrafficTally
    /// How long the chain's last blocks took to execute, in nanoseconds.
    var nanoseconds: UInt64 = 0

    var endpoint: LedgerEndpoint {
      let mailbox = mailbox
      return LedgerEndpoint(chain.ledger) { (transaction) throws(EndpointError) in mailbox.add(transaction) }
    }
  }

  /// The relay's name.
  package static let relay: ChainID = "star/relay"
  private static let start: BlockTime = 1_700_000_000_000
  private static let roundMs: UInt64 = 1_000

  private var relay: Place
  private var members: [Place] = []
  private let registration: ChainRegistration
  private let suite: CryptoSuite
  private let sendsLetters: Bool
  /// The time of the newest round; no chain's block is newer.
  private var clock = start

  /// A star of so many members.
  /// - Parameter sendsLetters: Whether each member sends a packet to the next in every round; else only light clients move.
  package init(members count: Int, suite: CryptoSuite = .guomi, sendsLetters: Bool) throws {
    self.suite = suite
    self.sendsLetters = sendsLetters
    let hub = try SoloChain(
      [RelayContract()], chain: Self.relay, suite: suite, engine: .simplex, organisations: Self.organisations, validators: 4,
      time: Self.start)
    registration = try ChainRegistration(of: hub.ledger, organisation: "carriers")
    relay = try Self.place(hub)
    for _ in 0..<count { try add() }
    let route = SetRoute(scope: RouteScope(port: StarLetters.name), policy: RoutePolicy())
    try administer("setRoute", route)
    relay.tally = TrafficTally(after: relay.chain.ledger.head.height)
  }

  /// The members' names, in the order in which they joined.
  package var names: [ChainID] { members.map(\.chain.genesis.chain) }

  /// One more member joins. Nothing is done on any other.
  package mutating func add() throws {
    guard let name = ChainID("star/\(members.count + 1)") else { throw StarError.tooMany }
    let solo = try SoloChain(
      [CrossChainContract(), StarLetters()], chain: name, suite: suite, organisations: Self.organisations,
      configurations: [CrossChainContract.name: registration.canonicalBytes], seed: UInt64(members.count + 2), time: Self.start)
    let member = try Self.place(solo)
    try administer("registerChain", try ChainRegistration(of: member.chain.ledger, organisation: "carriers"))
    members.append(member)
  }

  /// Makes so many rounds and gives what went over each chain in them.
  package mutating func run(rounds: Int) async throws -> [ChainID: TrafficTally] {
    relay.tally = TrafficTally(after: relay.chain.ledger.head.height)
    relay.nanoseconds = 0
    for index in members.indices {
      members[index].tally = TrafficTally(after: members[index].chain.ledger.head.height)
      members[index].nanoseconds = 0
    }
    for _ in 0..<rounds { try await runRound() }
    var found = [Self.relay: relay.tally]
    for member in members { found[member.chain.genesis.chain] = member.tally }
    return found
  }

  /// How long the blocks of the last `run` took one validator to check and execute, in nanoseconds.
  package func nanoseconds(of name: ChainID) -> UInt64 {
    name == Self.relay ? relay.nanoseconds : members.first { $0.chain.genesis.chain == name }?.nanoseconds ?? 0
  }

  private mutating func runRound() async throws {
    for place in [relay] + members { clock = max(clock, place.chain.ledger.head.header.time) }
    clock = clock.advanced(byMilliseconds: Self.roundMs)
    if sendsLetters, members.count > 1 {
      for index in members.indices {
        let next = members[(index + 1) % members.count].chain.genesis.chain
        members[index].mailbox.add(try members[index].chain.sign(StarLetters.name, "send", next, by: members[index].clerk))
      }
    }
    let keys = Dictionary(uniqueKeysWithValues: ([relay] + members).map { ($0.chain.genesis.chain, $0.relayer.key) })
    let relayer = Relayer(
      relay: relay.endpoint, chains: members.map(\.endpoint), keys: keys, options: RelayerOptions(idleMs: 1))
    let report = await relayer.tick(now: clock)
    if let failure = report.failures.first { throw StarError.relayer("\(failure.chain): \(failure.reason)") }
    try Self.makeBlock(&relay, clock)
    for index in members.indices { try Self.makeBlock(&members[index], clock) }
  }

  private static func makeBlock(_ place: inout Place, _ time: BlockTime) throws {
    place.chain.time = time
    let began = ContinuousClock.now
    try place.chain.makeBlock(place.mailbox.take())
    let (seconds, attoseconds) = (ContinuousClock.now - began).components
    place.nanoseconds += UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
    for receipt in try place.chain.ledger.receipts(at: place.chain.ledger.head.height) where receipt.status != .succeeded {
      throw StarError.refused(receipt)
    }
    try place.tally.follow(place.chain.ledger)
  }

  private mutating func administer(_ entry: EntryName, _ arguments: some CanonicalCodable) throws {
    let receipt = try relay.chain.call(CrossChainState.contract, entry, arguments, by: relay.chain.administrator)
    guard receipt.status == .succeeded else { throw StarError.refused(receipt) }
  }

  private static let organisations: [OrganisationID: [Role]] = ["carriers": [.relayer], "city-hall": []]

  private static func place(_ chain: SoloChain) throws -> Place {
    var chain = chain
    let (relayer, clerk) = (try chain.member("carriers"), try chain.member("city-hall"))
    return Place(chain: chain, relayer: relayer, clerk: clerk, tally: TrafficTally(after: chain.ledger.head.height))
  }
}

/// Why a star cannot be measured.
package enum StarError: Error, Hashable, Sendable {
  /// There are no more names.
  case tooMany
  /// A call failed.
  case refused(Receipt)
  /// The relayer could not do something.
  case relayer(String)
}

/// Transactions that no block holds yet.
private final class StarMailbox: Sendable {
  private let waiting = Mutex<[SignedTransaction]>([])

  func add(_ transaction: SignedTransaction) { waiting.withLock { $0.append(transaction) } }

  func take() -> [SignedTransaction] {
    waiting.withLock { all in
      defer { all = [] }
      return all
    }
  }
}

/// Sends itself a letter on another chain.
private struct StarLetters: Contract {
  static let name: ContractName = "letters"
  static let letters = Table<ChainID, UInt64>("letters")

  var entries: Entries {
    Entry("send", by: .member) { (to: ChainID, context) in
      _ = try context.send(OutgoingPacket(to: to, port: Self.name, call: "hear", payload: context.chain.canonicalBytes))
    }
    Entry("hear", by: .member) { (from: ChainID, context) in
      try context.put(Self.letters, from, (try context.get(Self.letters, from) ?? 0) + 1)
    }
  }
}
