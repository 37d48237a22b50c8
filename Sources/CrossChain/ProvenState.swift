internal import ChainCore

/// A batch of claims at one height: each claim brings its proof, or the batch's shared one shows it.
protocol ProvenBatch {
  var height: BlockHeight { get }
  var update: ClientUpdate? { get }
  var shared: StateMultiProof? { get }
  /// How many claims there are, before anything is hashed.
  var count: Int { get }
  /// The claims that bring no proof of their own.
  func sharedFacts(_ hash: NetworkHash) -> [StateFact]
}

/// A trusted height, and what a batch's shared proof shows of its state.
struct ProvenState {
  let checkpoint: TrustedCheckpoint
  /// What the shared proof shows, by state key.
  private let shown: [[UInt8]: [UInt8]?]
  /// Why the shared proof shows nothing.
  private let failure: ProofError?

  init(_ checkpoint: TrustedCheckpoint, _ batch: some ProvenBatch, _ hash: NetworkHash) {
    self.checkpoint = checkpoint
    guard let shared = batch.shared else {
      (shown, failure) = ([:], nil)
      return
    }
    let facts = batch.sharedFacts(hash)
    do throws(ProofError) {
      try shared.verify(facts, root: checkpoint.stateRoot, suite: checkpoint.suite)
      var shown: [[UInt8]: [UInt8]?] = [:]
      for fact in facts { shown[fact.key] = .some(fact.value) }
      (self.shown, failure) = (shown, nil)
    } catch {
      (shown, failure) = ([:], error)
    }
  }

  /// Throws unless it is shown that `key` has `value`.
  func require(_ key: StateKey, _ value: some CanonicalCodable, _ proof: StateProof?) throws(ContractError) {
    #if DEBUG
      if RelayMutation.planted?.forgetsPresence(of: key) == true { return }
    #endif
    if let proof { return try checkpoint.require(key, value, proof) }
    guard let found = shown[key.bytes], found == value.canonicalBytes else { throw .badArgument("proof: \(reason)") }
  }

  /// Throws unless it is shown that `key` has no value.
  func requireAbsence(_ key: StateKey, _ proof: StateProof?) throws(ContractError) {
    #if DEBUG
      if RelayMutation.planted?.forgetsAbsence(of: key) == true { return }
    #endif
    if let proof { return try checkpoint.requireAbsence(key, proof) }
    guard let found = shown[key.bytes], found == nil else { throw .badArgument("proof of absence: \(reason)") }
  }

  private var reason: String { failure.map { "\($0)" } ?? "there is none" }
}

extension RelayPackets: ProvenBatch {
  var count: Int { packets.count }

  func sharedFacts(_ hash: NetworkHash) -> [StateFact] {
    packets.filter { $0.proof == nil }.map {
      StateFact(key: Committed.key(of: $0.header, on: source).bytes, value: hash.packetID($0.header).canonicalBytes)
    }
  }
}

extension ReceivePackets: ProvenBatch {
  var count: Int { packets.count }

  func sharedFacts(_ hash: NetworkHash) -> [StateFact] {
    packets.filter { $0.proof == nil }.map {
      StateFact(key: CrossChainState.relayedKey($0.packet.header.key).bytes, value: hash.packetID($0.packet.header).canonicalBytes)
    }
  }
}

extension AcknowledgePackets: ProvenBatch {
  var count: Int { packets.count }

  func sharedFacts(_ hash: NetworkHash) -> [StateFact] {
    packets.filter { $0.proof == nil }.map {
      StateFact(key: CrossChainState.acknowledgementKey($0.key).bytes, value: $0.acknowledgement.canonicalBytes)
    }
  }
}

extension TimeOutPackets: ProvenBatch {
  var count: Int { packets.count }

  func sharedFacts(_ hash: NetworkHash) -> [StateFact] {
    var facts: [StateFact] = viewProof == nil ? [StateFact(key: CrossChainState.viewKey.bytes, value: view.canonicalBytes)] : []
    for packet in packets where packet.proof == nil {
      let expired = packet.header.isOrdered ? PacketReceipt.expired(hash.packetID(packet.header)).canonicalBytes : nil
      facts.append(StateFact(key: CrossChainState.receiptKey(packet.header.key).bytes, value: expired))
    }
    return facts
  }
}

extension SettlePackets: ProvenBatch {
  var count: Int { packets.count }

  func sharedFacts(_ hash: NetworkHash) -> [StateFact] { packets.flatMap(\.sharedFacts) }
}

extension SkipPackets: ProvenBatch {
  var count: Int { packets.count }

  func sharedFacts(_ hash: NetworkHash) -> [StateFact] { packets.flatMap(\.sharedFacts) }
}

extension ProvenOutcome {
  var sharedFacts: [StateFact] {
    switch evidence {
    case .recorded(let outcome, nil): [StateFact(key: CrossChainState.outcomeKey(key).bytes, value: outcome.canonicalBytes)]
    case .recorded: []
    case .neverRelayed(let relayed, let outcome):
      (relayed == nil ? [StateFact(key: CrossChainState.relayedKey(key).bytes, value: nil)] : [])
        + (outcome == nil ? [StateFact(key: CrossChainState.outcomeKey(key).bytes, value: nil)] : [])
    }
  }
}

extension PruneSettled: ProvenBatch {
  var count: Int { lanes.count }

  func sharedFacts(_ hash: NetworkHash) -> [StateFact] {
    lanes.filter { $0.proof == nil }.map {
      StateFact(key: CrossChainState.laneOutKey($0.lane).bytes, value: $0.state.canonicalBytes)
    }
  }
}

extension PruneArrivals: ProvenBatch {
  var count: Int { lanes.count }

  func sharedFacts(_ hash: NetworkHash) -> [StateFact] {
    lanes.filter { $0.proof == nil }.map {
      StateFact(key: CrossChainState.relayLaneKey($0.lane).bytes, value: $0.state.canonicalBytes)
    }
  }
}

/// Where a neighbour committed to a packet.
enum Committed {
  /// On the source chain the packet is pending; on a relay on the way it is relayed.
  static func key(of header: PacketHeader, on neighbour: ChainID) -> StateKey {
    header.lane.source == neighbour ? CrossChainState.pendingKey(header.key) : CrossChainState.relayedKey(header.key)
  }
}
