internal import ChainCore
internal import ChainNode
internal import CrossChain

// A relay of four whole nodes: a `ChainWorld` inside this one, on the same clock. Relayers read from any node and give transactions to
// any; what one honest node executes first is what happened.

/// No clients of its own: all that comes is from relayers and administrators.
struct RelayDuty: ChainWorkload {
  var contracts: [any Contract] { [RelayContract()] }
  var organisations: [OrganisationID: [Role]] { [:] }
  mutating func next(_ random: inout SeededRandom) -> ChainCall { ChainCall("none", "none", NoResult(), by: Founding.platform) }
}

extension RelayWorld {
  /// After how long a transaction that the relay has not executed at its beginning is given to another node.
  private static let beginRetryMs = 1_000
  /// How long the relay may take to register all chains.
  private static let beginLimitMs = 60_000

  /// What goes wrong among the relay's nodes.
  public var clusterFaults: ChainFaults? { cluster?.faults }

  /// The relay's blocks so far, if it is whole nodes.
  public var relayHeight: Int { cluster?.height ?? 0 }

  mutating func openCluster(_ founding: Founding, hasFaults: Bool) throws {
    var draw = SeededRandom(seed ^ 0x7265_6c61_79)
    var faults = ChainFaults.none
    if hasFaults {
      faults = .swarm(&draw, mayLie: true)
      // Most worlds have the liar, which loses its seat when a contradiction of it is proven; in most, others come and go too.
      faults.liars = draw.chance(75) ? 1 : 0
      faults.changes = draw.chance(70) ? 30 + draw.below(120) : 0
      faults.callRate = 0
    }
    cluster = try ChainWorld(RelayDuty(), founding: founding, seed: seed, faults: faults, random: draw, tracedLines: tracedLines)
    follow(0)
  }

  /// Gives the first transactions to the relay until all are executed.
  mutating func begin(_ transactions: [(signed: SignedTransaction, id: TransactionID)]) throws {
    var missing = transactions
    while !missing.isEmpty {
      guard now < Self.beginLimitMs else { throw failure("the relay did not register its chains within \(Self.beginLimitMs) ms") }
      if now % Self.beginRetryMs == 0 {
        for (signed, id) in missing { try give(signed, id) }
      }
      now += Self.stepMs
      try runCluster()
      missing.removeAll { chains[0].knows($0.id) }
    }
  }

  /// Lets the relay's nodes live for one step of this world, and checks each block as the first honest node executes it.
  mutating func runCluster() throws {
    guard cluster != nil else { return }
    for _ in 0..<Self.stepMs {
      try cluster?.tick()
      if !isHealed, let changes = cluster?.faults.changes, changes > 0 { try cluster?.changeValidators() }
      while let height = cluster.map({ BlockHeight(UInt64($0.height)) }), checkedHeight < height {
        checkedHeight = checkedHeight.next
        follow(checkedHeight)
        let ledger = chains[0].ledger
        let block = try ledger.block(at: checkedHeight)
        steps += 1
        mix(checkedHeight.rawValue)
        for byte in try ledger.checkpoint(at: checkedHeight).stateRoot.bytes.prefix(8) { mix(UInt64(byte)) }
        try check(block, ids: try ledger.receipts(at: checkedHeight).map(\.transaction), on: 0, viewBefore: nil)
      }
    }
    if let hash = cluster?.traceHash { mix(hash) }
    noteClusterSights()
  }

  /// The world's relay is that of an honest node which has this height.
  private mutating func follow(_ height: BlockHeight) {
    guard let cluster else { return }
    if let first = cluster.honest.first(where: { cluster.validators[$0].ledger.head.height >= height }) {
      chains[0].ledger = cluster.validators[first].ledger
    }
  }

  /// Gives a transaction to some node of the relay; one that stopped loses it, a liar may.
  mutating func give(_ signed: SignedTransaction, _ id: TransactionID) throws {
    // Whoever hands something in knows who has a seat.
    guard let index = cluster?.desk() else { return }
    guard cluster?.validators[index].core != nil else { return note(.loss) }
    guard let refusal = try cluster?.take(signed, id, at: index) else { return }
    switch refusal {
    case .alreadyWaiting, .alreadyCommitted: return
    case .unfit: note(.expiredTransaction)
    default:
      note(.refusedByRelayNode)
      if case .thief(let trick) = origins[id] { note(trick.refusal) }
    }
    log("N\(index) refuses \(signed.transaction.entry): \(refusal)")
  }

  /// The relay's node that a relayer asks this time, and whether it does not answer.
  mutating func relayNode() -> (ledger: Ledger, isSilent: Bool) {
    guard let cluster else { return (chains[0].ledger, false) }
    let host = cluster.validators[random.below(cluster.validators.count)]
    if host.core == nil { note(.stoppedRelayNode) }
    return (host.ledger, host.core == nil)
  }

  /// Whether a relayer and a chain cannot reach each other now.
  func isCut(_ chain: Int, _ relayer: Int) -> Bool { (cutChains[chain] ?? 0) > now || (cutRelayers[relayer] ?? 0) > now }

  /// Cuts a member off from all relayers, or a relayer from all chains.
  mutating func cutOff() {
    guard random.below(10_000) < faults.cutOffs else { return }
    note(.cutOff)
    let end = now + 500 + random.below(8_000)
    if random.chance(70) {
      let index = 1 + random.below(chains.count - 1)
      cutChains[index] = end
      log("\(chains[index].id) is cut off until \(end)")
    } else {
      let index = random.below(relayers.count)
      cutRelayers[index] = end
      log("relayer \(index) is cut off until \(end)")
    }
  }

  private mutating func noteClusterSights() {
    guard let cluster else { return }
    sights[.relayNodeRestart] = cluster.seen(.restart)
    sights[.relayPowerCut] = cluster.seen(.powerCut)
    sights[.relayPartition] = cluster.seen(.partition)
    sights[.relayEquivocation] = cluster.seen(.equivocation)
    sights[.relayFalseCheckpoint] = cluster.seen(.falseCheckpoint)
    sights[.relayConviction] = cluster.seen(.conviction)
  }
}
