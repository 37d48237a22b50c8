internal import ChainCore
internal import CrossChain
internal import Synchronization

/// One relayer of the world. It remembers nothing itself; what it handed in is under way.
struct WorldRelayer: Sendable {
  let organisation: OrganisationID
  let periodMs: Int
  var nextAt: Int
  var pausedUntil = 0
  /// Counts process lives: what an earlier one was about to hand in is lost.
  var life = 0
}

/// What a relayer hands in during one tick.
final class WorldOutbox: Sendable {
  private let waiting = Mutex<[SignedTransaction]>([])

  func add(_ transaction: SignedTransaction) { waiting.withLock { $0.append(transaction) } }

  var all: [SignedTransaction] { waiting.withLock { $0 } }
}

/// A node of a chain as a relayer meets it: perhaps behind, perhaps silent.
struct WorldEndpoint: ChainEndpoint {
  let inner: LedgerEndpoint
  /// The newest height that this node has.
  let height: BlockHeight
  let isSilent: Bool

  var chain: ChainID { inner.chain }
  var genesis: GenesisID { inner.genesis }
  var suite: CryptoSuite { inner.suite }
  var parameters: ChainParameters { inner.parameters }

  func status() async throws(EndpointError) -> EndpointStatus {
    guard !isSilent else { throw .unreachable("silent") }
    let status = try await inner.status()
    return EndpointStatus(head: min(status.head, height), certified: status.certified.map { min($0, height) })
  }

  func lightBlock(at height: BlockHeight) async throws(EndpointError) -> LightBlock { try await inner.lightBlock(at: height) }

  func history(of height: BlockHeight, under later: BlockHeight) async throws(EndpointError) -> HistoryProof {
    try await inner.history(of: height, under: later)
  }

  func handovers(after generation: UInt64, limit: Int) async throws(EndpointError) -> [Handover] {
    try await inner.handovers(after: generation, limit: limit).filter { $0.certificate.checkpoint.height <= height }
  }

  func prove(_ keys: [StateKey], at height: BlockHeight) async throws(EndpointError) -> [RecordProof] {
    try await inner.prove(keys, at: height)
  }

  func query(_ name: EntryName, _ arguments: [UInt8], at height: BlockHeight?) async throws(EndpointError) -> [UInt8] {
    try await inner.query(name, arguments, at: height ?? self.height)
  }

  func submit(_ transaction: SignedTransaction) async throws(EndpointError) { try await inner.submit(transaction) }
}

extension RelayWorld {
  /// Lets a relayer look once and sends off what it hands in.
  mutating func tick(_ index: Int) async throws {
    relayers[index].nextAt = now + relayers[index].periodMs
    let relayer = relayers[index]
    // With nothing under way there is nothing to look for; the clients grow old for a while.
    guard unsettled > 0 || isForgetting || !dealOrder.isEmpty else { return }
    steps += 1
    var keys: [ChainID: PrivateKey] = [:]
    var outboxes: [WorldOutbox] = []
    var endpoints: [WorldEndpoint] = []
    for (place, chain) in chains.enumerated() {
      guard let account = chain.founding.member(relayer.organisation, "clerk") else { throw failure("no relayer on \(chain.id)") }
      keys[chain.id] = account.key
      let outbox = WorldOutbox()
      let (ledger, isSilent) = place == 0 && cluster != nil ? relayNode() : (chain.ledger, isCut(place, index))
      outboxes.append(outbox)
      let inner = LedgerEndpoint(ledger) { (transaction) throws(EndpointError) in
        guard !chain.knows(transaction.id(genesis: ledger.genesisID, suite: ledger.suite)) else { throw .alreadySubmitted }
        outbox.add(transaction)
      }
      endpoints.append(
        isSilent ? WorldEndpoint(inner: inner, height: 0, isSilent: true) : node(of: inner, ledger.head.height))
    }
    // While the last packets settle nothing else may carry along what they need.
    let options = RelayerOptions(pruneLag: isForgetting ? 1 : isHealed ? 10_000 : pruneLag)
    let worker = Relayer(relay: endpoints[0], chains: Array(endpoints.dropFirst()), keys: keys, options: options)
    let report = await worker.tick(now: WorldChain.start.advanced(byMilliseconds: UInt64(now)))
    for failure in report.failures { log("relayer \(index): \(failure.chain) \(failure.reason)") }
    for (place, outbox) in outboxes.enumerated() {
      for signed in outbox.all { dispatch(signed, to: place, by: index) }
    }
  }

  /// The node that answers this time.
  private mutating func node(of inner: LedgerEndpoint, _ head: BlockHeight) -> WorldEndpoint {
    guard !isHealed else { return WorldEndpoint(inner: inner, height: head, isSilent: false) }
    if faults.silentNodes > 0, random.chance(faults.silentNodes) {
      note(.silentNode)
      return WorldEndpoint(inner: inner, height: head, isSilent: true)
    }
    guard faults.staleNodes > 0, random.chance(faults.staleNodes) else { return WorldEndpoint(inner: inner, height: head, isSilent: false) }
    note(.staleNode)
    let behind = UInt64(1 + random.below(6))
    return WorldEndpoint(
      inner: inner, height: BlockHeight(head.rawValue > behind + 1 ? head.rawValue - behind : min(head.rawValue, 1)), isSilent: false)
  }

  private mutating func dispatch(_ signed: SignedTransaction, to chain: Int, by relayer: Int) {
    let id = signed.id(genesis: chains[chain].ledger.genesisID, suite: chains[chain].ledger.suite)
    origins[id] = .relayer(relayer)
    thief.hear(chain, signed.transaction)
    log("relayer \(relayer) calls \(signed.transaction.entry) on \(chains[chain].id)")
    let latency = isHealed ? min(faults.latencyMs, 100) : faults.latencyMs
    if !isHealed {
      if random.chance(faults.loss) { return note(.loss) }
      if random.chance(faults.repetition) {
        note(.repetition)
        send(signed, to: chain, by: nil, in: random.below(8_000))
      }
    }
    send(signed, to: chain, by: relayer, in: random.below(latency))
  }
}
