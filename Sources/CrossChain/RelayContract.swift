public import ChainCore

/// Arguments of `xc.setRoute`.
public struct SetRoute: CanonicalRecord, Codable, Hashable {
  /// Which lanes it is about.
  public var scope: RouteScope
  /// What may pass; version, openness and freeze are set by the relay.
  public var policy: RoutePolicy

  /// Puts the parts together.
  public init(scope: RouteScope, policy: RoutePolicy) {
    self.scope = scope
    self.policy = policy
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.scope, \.policy)
}

/// The relay's log as it stands: size and root.
public struct LogHead: CanonicalRecord, Codable, Hashable {
  /// How many records there are.
  public var size: UInt64
  /// The root over them (RFC 9162 §2.1); leaf data = the record's canonical bytes.
  public var root: Digest

  /// Puts the parts together.
  public init(size: UInt64, root: Digest) {
    self.size = size
    self.root = root
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.size, \.root)
}

/// The system contract `xc` of the relay: a client of every registered chain, routes, and the one outcome of every packet.
///
/// It takes no configuration: the relay learns chains by transactions only, for genesis ids cannot name each other.
public struct RelayContract: SystemContract {
  /// `xc`.
  public static let name = CrossChainState.contract

  /// The contract.
  public init() {}

  /// Registration and routes by votes, or by administrators while the relay is founded; freezing for supervisors, packets for relayers,
  /// questions for all.
  public var entries: Entries {
    Entry("registerChain", by: .role(.administrator)) { (registration: ChainRegistration, context) -> Digest in
      try Self.requireFounding("registerChain; propose admitChain", context)
      return try Self.register(registration, context)
    }
    Entry("setRoute", by: .role(.administrator)) { (call: SetRoute, context) in
      try Self.requireFounding("setRoute; propose permitRoute", context)
      try Self.setRoute(call, context)
    }
    Entry("freeze", by: .roles([.supervisor, .administrator])) { (scope: RouteScope, context) in
      try Self.setFrozen(true, scope, context)
    }
    Entry("thaw", by: .role(.administrator)) { (scope: RouteScope, context) in
      try Self.requireFounding("thaw; propose reopen", context)
      try Self.setFrozen(false, scope, context)
    }
    governed
    transactions
    docking
    Entry("updateClient", by: .role(.relayer)) { (call: UpdateClient, context) -> ClientChange in
      try ChainRegistry.update(call, context)
    }
    Entry("backfill", by: .role(.relayer)) { (call: BackfillClient, context) -> ClientChange in
      try ChainRegistry.backfill(call, context)
    }
    Entry("reportMisbehaviour", by: .member) { (call: ReportMisbehaviour, context) -> ClientChange in
      try ChainRegistry.report(call, context)
    }
    Entry("relay", by: .role(.relayer)) { (call: RelayPackets, context) -> [PacketStatus] in try Self.relay(call, context) }
    Entry("acknowledge", by: .role(.relayer)) { (call: AcknowledgePackets, context) -> [PacketStatus] in
      try Self.acknowledge(call, context)
    }
    Entry("timeout", by: .role(.relayer)) { (call: TimeOutPackets, context) -> [PacketStatus] in try Self.timeOut(call, context) }
    Entry("prune", by: .role(.relayer)) { (call: PruneSettled, context) -> [PacketStatus] in try Self.prune(call, context) }
    Query("isFounding") { (_: NoResult, context) -> Bool in try context.get(Self.founding, SingleKey()) != false }
    Query("chains") { (_: NoResult, context) -> [ChainID] in try context.range(CrossChainState.chains, limit: 1_000).map(\.key) }
    Query("chain") { (chain: ChainID, context) -> ChainRegistration? in try context.get(CrossChainState.chains, chain) }
    Query("client") { (chain: ChainID, context) -> ClientRecord? in try context.get(CrossChainState.clients, chain) }
    Query("checkpoint") { (key: CheckpointKey, context) -> TrustedCheckpoint? in try context.get(CrossChainState.checkpoints, key) }
    Query("evidence") { (chain: ChainID, context) -> Misbehaviour? in try context.get(CrossChainState.evidence, chain) }
    ForeignRegistry.entries
    Query("route") { (scope: RouteScope, context) -> RoutePolicy? in try context.get(CrossChainState.routes, scope) }
    Query("packets") { (keys: [PacketKey], context) -> [RelayedPacket] in try Self.packets(keys, context) }
    Query("lanes") { (lanes: [LaneID], context) -> [RelayLane] in
      var found: [RelayLane] = []
      for lane in lanes { found.append(try context.get(CrossChainState.relayLanes, lane) ?? RelayLane()) }
      return found
    }
    Query("log") { (_: NoResult, context) -> LogHead in
      let log = try context.get(CrossChainState.log, SingleKey()) ?? AppendOnlyTree()
      return LogHead(size: log.size, root: log.root(suite: context.suite))
    }
  }

  static func setRoute(_ call: SetRoute, _ context: ContractContext) throws(ContractError) {
    try call.policy.validate()
    if call.policy.maxClassification > .ordinary {
      let chains = [call.scope.source, call.scope.destination].compactMap { $0 }
      guard try resistsLiars(chains, context) else {
        throw .notAllowed(state: "decided by validators of whom some may crash only, or one has a third", call: "a route of this class")
      }
    }
    let old = try context.get(CrossChainState.routes, call.scope)
    var policy = call.policy
    policy.version = (old?.version ?? 0) + 1
    policy.isOpen = true
    policy.isFrozen = old?.isFrozen ?? false
    try context.put(CrossChainState.routes, call.scope, policy)
    try context.emit("xc.routeSet", call.scope)
  }

  /// Stops or reopens all lanes of a scope. A scope without a policy gets one that only carries the freeze.
  static func setFrozen(_ frozen: Bool, _ scope: RouteScope, _ context: ContractContext) throws(ContractError) {
    var policy = try context.get(CrossChainState.routes, scope) ?? .closed
    policy.version += 1
    policy.isFrozen = frozen
    try context.put(CrossChainState.routes, scope, policy)
    try context.emit(frozen ? "xc.routeFrozen" : "xc.routeThawed", scope)
  }

  private static func packets(_ keys: [PacketKey], _ context: QueryContext) throws(ContractError) -> [RelayedPacket] {
    var found: [RelayedPacket] = []
    for key in keys {
      found.append(
        RelayedPacket(
          packetID: try context.get(CrossChainState.relayed, key), outcome: try context.get(CrossChainState.outcomes, key)))
    }
    return found
  }
}
