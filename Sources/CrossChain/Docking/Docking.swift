public import ChainCore

// Relays under a relay. Chains' ids are paths: `henan/410100` belongs to the relay `henan`, which is a chain of the relay above it. A packet goes
// up as far as it must, then down; each relay makes the same `relay` step and commits to the same packet; back come copies of the next
// relay's outcome. Source and destination still verify one chain.

/// How a relay stands to another one that it has a client of.
public enum DockKind: UInt8, CanonicalEnum, Hashable, Codable {
  /// It carries packets to whatever is not below this relay.
  case above = 0
  /// It carries packets to the chains whose ids begin with its own.
  case below = 1
}

/// Arguments of `xc.dock`: a registered chain is a relay.
public struct DockRelay: CanonicalRecord, Codable, Hashable {
  /// The relay.
  public var chain: ChainID
  /// How it stands to this one.
  public var kind: DockKind

  /// Puts the parts together.
  public init(chain: ChainID, kind: DockKind) {
    self.chain = chain
    self.kind = kind
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.kind)
}

/// A lane and how far it is on a relay; an answer of `xc.relayLanes`.
public struct RelayLaneMark: CanonicalRecord, Codable, Hashable {
  /// The lane.
  public var lane: LaneID
  /// How far it is.
  public var state: RelayLane

  /// Puts the parts together.
  public init(lane: LaneID, state: RelayLane) {
    self.lane = lane
    self.state = state
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lane, \.state)
}

/// Arguments of `xc.copy`: how packets ended on the next relay of their way.
public struct CopyOutcomes: CanonicalRecord, Codable, Hashable {
  /// The next relay.
  public var relay: ChainID
  /// Its height that the proofs are of.
  public var height: BlockHeight
  /// Moves the client to that height first, if needed.
  public var update: ClientUpdate?
  /// One proof for all packets that bring none of their own.
  public var shared: StateMultiProof?
  /// The packets.
  public var packets: [ProvenOutcome]

  /// Puts the parts together.
  public init(relay: ChainID, height: BlockHeight, update: ClientUpdate? = nil, shared: StateMultiProof? = nil, packets: [ProvenOutcome]) {
    self.relay = relay
    self.height = height
    self.update = update
    self.shared = shared
    self.packets = packets
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.relay, \.height, \.update, \.shared, \.packets)
}

/// Arguments of `xc.pruneBehind`: lets a relay forget what the relay before it on the way forgot.
public struct PruneBehind: CanonicalRecord, Codable, Hashable {
  /// The relay before.
  public var relay: ChainID
  /// What it forgot, with proofs.
  public var arrivals: PruneArrivals

  /// Puts the parts together.
  public init(relay: ChainID, arrivals: PruneArrivals) {
    self.relay = relay
    self.arrivals = arrivals
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.relay, \.arrivals)
}

extension CopyOutcomes: ProvenBatch {
  var count: Int { packets.count }
  func sharedFacts(_ hash: NetworkHash) -> [StateFact] { packets.flatMap(\.sharedFacts) }
}

/// The way of packets over relays, from a relay's own state.
enum Docking {
  /// The greatest number of names in both ids together: the way has fewer hops.
  static let pathLimit = 9

  static let docks = Table<ChainID, DockKind>("dock")
  /// Headers of packets on a way over several relays, until they end: what relayers carry on. Nothing is proven of it.
  static let transit = Table<PacketKey, PacketHeader>("transit")

  /// The relay above, if any.
  static func above(_ context: QueryContext) throws(ContractError) -> ChainID? {
    try context.range(docks, limit: 1_000).first { $0.value == .above }?.key
  }

  /// Whether `chain` belongs below `relay` by its name.
  static func isBelow(_ chain: ChainID, _ relay: ChainID) -> Bool { chain.rawValue.hasPrefix(relay.rawValue + "/") }

  /// The names above `chain`, the longest first.
  private static func ancestors(_ chain: ChainID) -> [ChainID] {
    var found: [ChainID] = []
    var rest = Substring(chain.rawValue)
    while let slash = rest.lastIndex(of: "/") {
      rest = rest[..<slash]
      if let name = ChainID(String(rest)) { found.append(name) }
    }
    return found
  }

  /// Where a packet goes next; `nil` = nowhere. What came from above never goes up again.
  static func next(to destination: ChainID, from neighbour: ChainID, _ context: QueryContext) throws(ContractError) -> ChainID? {
    if try context.get(CrossChainState.chains, destination) != nil, try context.get(docks, destination) == nil { return destination }
    for name in ancestors(destination) where try context.get(docks, name) == .below { return name == neighbour ? nil : name }
    guard let above = try above(context), above != neighbour, destination != above else { return nil }
    return above
  }

  /// Who brings packets of `source`: itself, the relay below that it belongs to, or the one above.
  static func previous(of source: ChainID, _ context: QueryContext) throws(ContractError) -> ChainID? {
    if try context.get(CrossChainState.chains, source) != nil, try context.get(docks, source) == nil { return source }
    for name in ancestors(source) where try context.get(docks, name) == .below { return name }
    return try above(context)
  }

  /// Where a lane goes next.
  static func next(of lane: LaneID, _ context: QueryContext) throws(ContractError) -> ChainID? {
    guard let previous = try previous(of: lane.source, context) else { return nil }
    return try next(to: lane.destination, from: previous, context)
  }

  /// Throws unless `neighbour` may bring packets of `source`: its own, those below it, or from above those that are not below here.
  static func requireWay(of source: ChainID, from neighbour: ChainID, _ context: QueryContext) throws(ContractError) {
    let kind = try context.get(docks, neighbour)
    switch kind {
    case nil: guard source == neighbour else { throw .badArgument("lane: it begins on \(source)") }
    case .below: guard isBelow(source, neighbour) else { throw .badArgument("lane: it does not begin below \(neighbour)") }
    case .above:
      guard try context.get(CrossChainState.chains, source) == nil, !isBelow(source, context.chain) else {
        throw .badArgument("lane: it begins below here, not above")
      }
    }
  }

  /// Why a packet cannot go over several relays, or `nil`.
  static func refusal(of header: PacketHeader) -> RouteRefusal? {
    let names = [header.lane.source, header.lane.destination].map { $0.rawValue.split(separator: "/").count }
    guard names[0] + names[1] <= pathLimit else { return .way }
    // Each relay has heights of its own, but all clocks are close to each other.
    return header.timeout.relayHeight == 0 ? nil : .way
  }
}

extension RelayContract {
  /// Docking of relays, and what goes back along the way.
  var docking: Entries {
    Entries(
      entries: [
        Entry("dock", by: .role(.administrator)) { (call: DockRelay, context) in
          try Self.requireFounding("dock; propose joinRelay", context)
          try Self.dock(call, context)
        },
        Entry("joinRelay", by: .governance) { (call: DockRelay, context) in
          try Self.endFounding(context)
          try Self.dock(call, context)
        },
        Entry("copy", by: .role(.relayer)) { (call: CopyOutcomes, context) -> [PacketStatus] in try Self.copy(call, context) },
        Entry("pruneBehind", by: .role(.relayer)) { (call: PruneBehind, context) -> [PacketStatus] in try Self.prune(call, context) },
      ],
      queries: [
        Query("dock") { (chain: ChainID, context) -> DockKind? in try context.get(Docking.docks, chain) },
        Query("transit") { (question: PendingQuestion, context) -> [PacketHeader] in
          let from = question.after.map { PacketKey(lane: $0.lane, sequence: $0.sequence == .max ? .max : $0.sequence + 1) }
          return try context.range(Docking.transit, from: from, limit: Int(min(question.limit, 200))).map(\.value)
        },
        Query("relayLanes") { (question: LanesQuestion, context) -> [RelayLaneMark] in
          let limit = Int(min(question.limit, 200))
          let found = try context.range(CrossChainState.relayLanes, from: question.after, limit: limit + 1)
          return found.filter { $0.key != question.after }.prefix(limit).map { RelayLaneMark(lane: $0.key, state: $0.value) }
        },
        Query("way") { (lane: LaneID, context) -> ChainID? in try Docking.next(of: lane, context) },
      ])
  }

  private static func dock(_ call: DockRelay, _ context: ContractContext) throws(ContractError) {
    guard try context.get(CrossChainState.chains, call.chain) != nil else { throw .notFound }
    switch call.kind {
    case .above:
      guard try Docking.above(context).map({ $0 == call.chain }) ?? true else { throw .alreadyExists }
      guard !Docking.isBelow(call.chain, context.chain) else { throw .badArgument("chain: its name is below this relay's") }
    case .below:
      // The names of chains that a relay speaks for are those under its own.
      guard call.chain != context.chain else { throw .badArgument("chain: a relay is not below itself") }
    }
    try context.put(Docking.docks, call.chain, call.kind)
    try context.emit("xc.docked", call)
  }

  /// Writes a packet's one outcome, and lets go what was kept to carry it on.
  static func end(_ key: PacketKey, _ outcome: Outcome, _ context: ContractContext) throws(ContractError) {
    try context.put(CrossChainState.outcomes, key, outcome)
    try context.remove(Docking.transit, key)
    try TransactionCoordinator.count(key, outcome, context)
  }

  /// Takes over how packets ended on the next relay of their way.
  static func copy(_ batch: CopyOutcomes, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let proven = try PacketLifecycle.proven(batch.relay, batch, NetworkHash(suite: context.suite), context)
    return try PacketLifecycle.run(batch.packets, context) { (item, layer) throws(ContractError) -> PacketStatus in
      let key = item.key
      if try hasOutcome(key, layer) { return .alreadyDone }
      guard let id = try layer.get(CrossChainState.relayed, key) else { throw .notFound }
      guard try layer.get(Docking.docks, batch.relay) != nil,
        try Docking.next(of: key.lane, layer) == batch.relay
      else { throw .badArgument("relay: the way does not go over \(batch.relay)") }
      guard let proven else { throw .notAllowed(state: "frozen", call: "copy") }
      let outcome = try outcome(of: item, id, proven, layer)
      try end(key, outcome, layer)
      try append(hop(stage(of: outcome), id, key, at: proven.checkpoint.height, layer), layer)
      return .done
    }
  }

  private static func outcome(
    of item: ProvenOutcome, _ id: Digest, _ proven: ProvenState, _ context: ContractContext
  ) throws(ContractError) -> Outcome {
    let key = item.key
    switch item.evidence {
    case .recorded(let outcome, let proof):
      try proven.require(CrossChainState.outcomeKey(key), outcome, proof)
      if case .acknowledged(let acknowledgement) = outcome, acknowledgement.packetID != id {
        throw .badArgument("outcome: it answers another packet")
      }
      return outcome
    case .neverRelayed(let relayed, let recorded):
      let header = try context.require(Docking.transit, key)
      guard !header.isOrdered else { throw .badArgument("evidence: packets of ordered lanes end by a record only") }
      guard header.timeout.relayTimeMs < proven.checkpoint.time.rawValue else {
        throw .badArgument("timeout: it is not past at height \(proven.checkpoint.height)")
      }
      try proven.requireAbsence(CrossChainState.relayedKey(key), relayed)
      try proven.requireAbsence(CrossChainState.outcomeKey(key), recorded)
      return .timedOut
    }
  }

  private static func stage(of outcome: Outcome) -> HopStage {
    switch outcome {
    case .acknowledged: .acknowledged
    case .timedOut: .timedOut
    case .rejected: .rejected
    case .adjudicated: .adjudicated
    }
  }

  /// Forgets what the relay before forgot: it proved to it that the source has settled.
  private static func prune(_ batch: PruneBehind, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let proven = try PacketLifecycle.proven(batch.relay, batch.arrivals, NetworkHash(suite: context.suite), context)
    return try PacketLifecycle.run(batch.arrivals.lanes, context) { (item, layer) throws(ContractError) -> PacketStatus in
      guard try layer.get(Docking.docks, batch.relay) != nil else { throw .badArgument("relay: \(batch.relay) is no relay here") }
      try Docking.requireWay(of: item.lane.source, from: batch.relay, layer)
      return try forget(item.lane, below: item.state.prunedBelow, layer) { () throws(ContractError) in
        guard let proven else { throw .notAllowed(state: "frozen", call: "pruneBehind") }
        try proven.require(CrossChainState.relayLaneKey(item.lane), item.state, item.proof)
      }
    }
  }
}
