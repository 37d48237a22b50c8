import ChainCore
import ChainTesting
@testable import CrossChain
import Synchronization

/// Transactions that a relayer handed in and no block holds yet.
final class Mailbox: Sendable {
  private let waiting = Mutex<[SignedTransaction]>([])
  func add(_ transaction: SignedTransaction) { waiting.withLock { $0.append(transaction) } }
  func take() -> [SignedTransaction] {
    waiting.withLock { all in
      defer { all = [] }
      return all
    }
  }
}

/// One chain of the network: its blocks, and certificates that may lag behind.
struct TestChain {
  var solo: SoloChain
  let mailbox = Mailbox()
  var uncertified: [Checkpoint] = []
  var ledger: Ledger { solo.ledger }
  var id: ChainID { solo.genesis.chain }

  var endpoint: LedgerEndpoint {
    let (mailbox, ledger) = (mailbox, ledger)
    return LedgerEndpoint(ledger) { (transaction) throws(EndpointError) in
      // As pools do: what is in the chain already is not taken again.
      let id = transaction.id(genesis: ledger.genesisID, suite: ledger.suite)
      guard (try? ledger.transaction(id)) == nil else { throw .alreadySubmitted }
      mailbox.add(transaction)
    }
  }

  /// Makes a block and certifies all but the newest `lag` heights.
  mutating func makeBlock(_ transactions: [SignedTransaction], time: BlockTime, lag: Int) throws -> [Receipt] {
    let head = ledger.head
    let block = Block(
      on: head.header, parentID: head.blockID, time: max(time, head.header.time.advanced(byMilliseconds: 1)),
      proposer: AccountID(.zero), transactions: transactions, genesis: ledger.genesisID, suite: ledger.suite)
    uncertified.append(try ledger.commit(block, position: 0))
    while uncertified.count > lag { try ledger.add(try solo.certify(uncertified.removeFirst())) }
    return try ledger.receipts(at: block.header.height)
  }
}

/// A relay, a source and a destination with real keys, ledgers in memory, and one clock.
struct TestNetwork {
  static let relayID: ChainID = "henan"
  static let sourceID: ChainID = "henan/410100"
  static let destinationID: ChainID = "henan/410200"
  static let start: BlockTime = 1_700_000_000_000

  var chains: [ChainID: TestChain] = [:]
  var accounts: [ChainID: Account] = [:]
  var relayers: [ChainID: Account] = [:]
  var clock = Self.start
  /// How many heights certificates lag behind the head.
  var lag = 0
  /// Receipts of the last round, by chain.
  var receipts: [ChainID: [Receipt]] = [:]
  var submissions: [RelayerSubmission] = []

  init(
    relay: CryptoSuite = .guomi, source: CryptoSuite = .guomi, destination: CryptoSuite = .guomi, validators: Int = 3,
    engine: EngineKind = .raft, operators: [OrganisationID]? = nil, destinationOperators: [OrganisationID]? = nil,
    registered: [ChainID] = [Self.sourceID, Self.destinationID], route: RoutePolicy? = RoutePolicy(),
    remoteRoles: [RemoteRoles] = [RemoteRoles(chain: Self.sourceID, organisation: "city-hall", roles: ["department"])],
    parameters: ChainParameters = ChainParameters(), trustingPeriodMs: UInt64 = 14 * 86_400_000, contracts: [any Contract] = [],
    more: [OrganisationID: [Role]] = [:]
  ) throws {
    var organisations: [OrganisationID: [Role]] = ["relay-office": [.relayer], "city-hall": [], "watch": [.supervisor]]
    organisations.merge(more) { $1 }
    let hub = try SoloChain(
      [RelayContract()], chain: Self.relayID, suite: relay, engine: engine, organisations: organisations, parameters: parameters,
      validators: validators, operators: operators, seed: 1, time: clock)
    chains[Self.relayID] = TestChain(solo: hub)
    let configuration = try ChainRegistration(
      of: hub.ledger, organisation: "relay-office", trustingPeriodMs: trustingPeriodMs
    ).canonicalBytes
    for (index, (id, suite)) in [(Self.sourceID, source), (Self.destinationID, destination)].enumerated() {
      let solo = try SoloChain(
        [CrossChainContract(), Courier(), Checker()] + contracts, chain: id, suite: suite, engine: engine, organisations: organisations,
        remote: id == Self.destinationID ? remoteRoles : [], configurations: [CrossChainContract.name: configuration],
        parameters: parameters, validators: validators,
        operators: id == Self.destinationID ? destinationOperators ?? operators : operators, seed: UInt64(index + 2), time: clock)
      chains[id] = TestChain(solo: solo)
    }
    for id in ids {
      guard var chain = chains[id] else { continue }
      accounts[id] = try chain.solo.member("city-hall")
      relayers[id] = try chain.solo.member("relay-office")
      chains[id] = chain
    }
    clock = clock.advanced(byMilliseconds: 10_000)
    for id in registered {
      let registration = try ChainRegistration(of: self[id].ledger, organisation: "city-hall", trustingPeriodMs: trustingPeriodMs)
      _ = try administer("registerChain", registration)
    }
    if let route { _ = try administer("setRoute", SetRoute(scope: RouteScope(port: "courier"), policy: route)) }
  }

  var ids: [ChainID] { [Self.relayID, Self.sourceID, Self.destinationID] }

  subscript(id: ChainID) -> TestChain {
    get {
      guard let chain = chains[id] else { preconditionFailure("no chain \(id)") }
      return chain
    }
    set { chains[id] = newValue }
  }
  var relay: TestChain { self[Self.relayID] }
  var source: TestChain { self[Self.sourceID] }
  var destination: TestChain { self[Self.destinationID] }

  var keys: [ChainID: PrivateKey] { relayers.mapValues(\.key) }

  func relayer(of ids: [ChainID] = [Self.sourceID, Self.destinationID], options: RelayerOptions = RelayerOptions()) -> Relayer {
    Relayer(relay: relay.endpoint, chains: ids.map { self[$0].endpoint }, keys: keys, options: options)
  }

  /// One block on `id` with these transactions.
  @discardableResult
  mutating func block(_ id: ChainID, _ transactions: [SignedTransaction] = []) throws -> [Receipt] {
    clock = clock.advanced(byMilliseconds: 100)
    var chain = self[id]
    let receipts = try chain.makeBlock(transactions, time: clock, lag: lag)
    self[id] = chain
    return receipts
  }

  /// Calls an entry in a block of its own.
  @discardableResult
  mutating func call(
    _ id: ChainID, _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable,
    by account: Account? = nil
  ) throws -> Receipt {
    guard let account = account ?? accounts[id] else { preconditionFailure("no account") }
    var chain = self[id]
    let signed = try chain.solo.sign(contract, entry, arguments, by: account)
    self[id] = chain
    return try block(id, [signed])[0]
  }

  mutating func administer(_ entry: EntryName, _ arguments: some CanonicalCodable) throws -> Receipt {
    try call(Self.relayID, RelayContract.name, entry, arguments, by: relay.solo.administrator)
  }

  /// Calls an entry of `xc` as the relayer and gives the status of each packet.
  mutating func deliver(_ id: ChainID, _ entry: EntryName, _ arguments: some CanonicalCodable) throws -> [PacketStatus] {
    let receipt = try call(id, CrossChainState.contract, entry, arguments, by: relayers[id])
    guard receipt.status == .succeeded else { return [.refused(code: receipt.code, message: receipt.message)] }
    return try [PacketStatus](canonicalBytes: receipt.output)
  }

  /// Sends a note from the source; returns its number.
  mutating func send(
    _ text: String, call entry: EntryName = "file", to: ChainID = Self.destinationID, timeout: PacketTimeout? = nil
  ) throws -> SentPacket {
    let receipt = try call(Self.sourceID, "courier", "send", SendNote(to: to, call: entry, text: text, timeout: timeout))
    return try SentPacket(canonicalBytes: receipt.output)
  }

  /// Lets `relayer` tick and every chain make a block of what came in, until nothing comes any more.
  mutating func run(_ relayer: Relayer? = nil, rounds: Int = 40, quiet: Int = 1) async throws -> Int {
    var silent = 0
    for round in 0..<rounds {
      let report = await (relayer ?? self.relayer()).tick(now: clock)
      submissions += report.submitted
      for id in ids {
        let transactions = self[id].mailbox.take()
        if !transactions.isEmpty || lag > 0 { receipts[id] = try block(id, transactions) }
      }
      silent = report.submitted.isEmpty ? silent + 1 : 0
      if silent >= quiet + lag { return round }
    }
    return rounds
  }

  /// The calls that a relayer would make now.
  func plan(of ids: [ChainID] = [Self.sourceID, Self.destinationID]) async -> [RelayerCall] {
    var report = RelayerReport()
    // Each packet with a proof of its own, so that tests can change one.
    return await relayer(of: ids, options: RelayerOptions(sharesProofs: false)).plan(now: clock, into: &report)
  }

  /// The planned call of one entry, with any update made beforehand so that proofs stand alone.
  mutating func planned<Call: CanonicalCodable>(_ entry: EntryName, as: Call.Type = Call.self) async throws -> Call? {
    let calls = await plan()
    guard let call = calls.first(where: { $0.entry == entry }) else { return nil }
    return try Call(canonicalBytes: call.arguments)
  }

  /// A member of `organisation` on `id`.
  mutating func member(_ id: ChainID, _ organisation: OrganisationID) throws -> Account {
    var chain = self[id]
    clock = max(clock, chain.ledger.head.header.time).advanced(byMilliseconds: 100)
    chain.solo.time = clock
    let account = try chain.solo.member(organisation)
    self[id] = chain
    return account
  }

  /// What moves a client of `subject` from `from` to `to`, or to the newest certified height.
  func update(of subject: ChainID, from: BlockHeight, to: BlockHeight? = nil) throws -> ClientUpdate {
    let ledger = self[subject].ledger
    let height = to ?? ledger.newestCertified
    guard let certificate = try ledger.certificate(at: height) else { preconditionFailure("not certified") }
    return ClientUpdate(
      steps: [UpdateStep(block: LightBlock(header: try ledger.header(at: height), certificate: certificate))],
      history: try ledger.proveHistory(of: from, under: height))
  }

  /// Moves the client of `subject` on chain `id` to the newest certified height.
  mutating func updateClient(of subject: ChainID, on id: ChainID) throws {
    let client: ClientRecord? = try self[id].ledger.query("xc", "client", subject)
    guard let client, client.latest.height < self[subject].ledger.newestCertified else { return }
    let receipt = try call(
      id, "xc", "updateClient", UpdateClient(chain: subject, update: try update(of: subject, from: client.latest.height)),
      by: relayers[id])
    precondition(receipt.status == .succeeded, receipt.message)
  }

  func lane(to destination: ChainID = Self.destinationID) -> LaneID {
    LaneID(source: Self.sourceID, sourcePort: "courier", destination: destination, destinationPort: "courier")
  }

  func key(_ sequence: UInt64) -> PacketKey { PacketKey(lane: lane(), sequence: sequence) }

  func end(_ sequence: UInt64) throws -> String? { try source.ledger.query("courier", "end", sequence) }
  func note(_ text: String) throws -> FiledNote? { try destination.ledger.query("courier", "note", text) }
  func outcome(_ sequence: UInt64) throws -> Outcome? {
    let found: [RelayedPacket] = try relay.ledger.query("xc", "packets", [key(sequence)])
    return found[0].outcome
  }
}
