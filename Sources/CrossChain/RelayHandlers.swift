internal import ChainCore

extension RelayContract {
  /// Commits to packets that their source chain committed to, or refuses them for good.
  static func relay(_ batch: RelayPackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let hash = NetworkHash(suite: context.suite)
    let proven = try PacketLifecycle.proven(batch.source, batch, hash, context)
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      try relay(packet, from: batch.source, proven, hash, layer)
    }
  }

  private static func relay(
    _ item: ProvenHeader, from source: ChainID, _ proven: ProvenState?, _ hash: NetworkHash, _ context: ContractContext
  ) throws(ContractError) -> PacketStatus {
    let header = item.header
    let key = header.key
    try Docking.requireWay(of: header.lane.source, from: source, context)
    guard key.sequence > 0 else { throw .badArgument("sequence: numbers begin with 1") }
    let id = hash.packetID(header)
    let earlier = try context.get(CrossChainState.relayed, key)
    if earlier == id { return .alreadyDone }
    if earlier == nil, try hasEnded(key, context) { return .alreadyDone }
    guard let proven else { throw .notAllowed(state: "frozen", call: "relay") }
    try proven.require(Committed.key(of: header, on: source), id, item.proof)
    var record = hop(.relayed, id, key, at: proven.checkpoint.height, context)
    record.describe(header)
    // The source chain proved two packets under one number: stop the lane and keep the trace.
    guard earlier == nil else {
      record.stage = .sequenceReused
      try append(record, context)
      try setFrozen(
        true, RouteScope(source: source, port: header.lane.destinationPort, destination: header.lane.destination), context)
      return PacketStatus(.badArgument("sequence reused: another packet was relayed under \(key.sequence); the lane is frozen"))
    }
    let view = RelayView(height: context.height, time: context.time)
    guard !header.timeout.isPast(view) else {
      record.stage = .timedOut
      try end(key, .timedOut, context)
      try TransactionCoordinator.refuse(header, context)
      try append(record, context)
      return .done
    }
    let route = try route(of: header.lane, context)
    guard !route.isFrozen else { throw .notAllowed(state: "frozen", call: "relay") }
    record.policyVersion = route.policy?.version ?? 0
    if let policy = route.policy, let busy = try take(policy, route.scope, context) { return busy }
    let next = try Docking.next(to: header.lane.destination, from: source, context)
    if let refusal = try refusal(of: header, to: next, from: source, route.policy, at: view, context) {
      record.stage = .rejected
      record.reason = refusal
      try end(key, .rejected(refusal), context)
      try TransactionCoordinator.refuse(header, context)
    } else {
      try context.put(CrossChainState.relayed, key, id)
      // Those who carry it on have no other place to find the header.
      if next != header.lane.destination || source != header.lane.source { try context.put(Docking.transit, key, header) }
      try TransactionCoordinator.watch(header, context)
    }
    try append(record, context)
    return .done
  }

  /// Whether the packet has its outcome, or had one that is forgotten.
  private static func hasEnded(_ key: PacketKey, _ context: ContractContext) throws(ContractError) -> Bool {
    #if DEBUG
      if RelayMutation.relayAfterEnd.isPlanted { return false }
    #endif
    if try context.get(CrossChainState.outcomes, key) != nil { return true }
    return try isForgotten(key, context)
  }

  /// Whether the number is below the lane's mark: the source proved it settled.
  private static func isForgotten(_ key: PacketKey, _ context: ContractContext) throws(ContractError) -> Bool {
    #if DEBUG
      if RelayMutation.forgottenIsRelayed.isPlanted { return false }
    #endif
    return key.sequence < (try context.get(CrossChainState.relayLanes, key.lane) ?? RelayLane()).prunedBelow
  }

  /// Counts one packet against the route's rate; over it, the packet waits and nothing is recorded.
  private static func take(
    _ policy: RoutePolicy, _ scope: RouteScope, _ context: ContractContext
  ) throws(ContractError) -> PacketStatus? {
    #if DEBUG
      if RelayMutation.rateNotKept.isPlanted { return nil }
    #endif
    guard let rate = policy.rate else { return nil }
    let window = context.time.rawValue / rate.windowMs
    var usage = try context.get(CrossChainState.usage, scope) ?? RouteUsage(window: window, packets: 0)
    if usage.window != window { usage = RouteUsage(window: window, packets: 0) }
    guard usage.packets < rate.packets else {
      return .refused(code: "busy", message: "busy: the route takes \(rate.packets) packets in \(rate.windowMs) ms; try again")
    }
    usage.packets += 1
    try context.put(CrossChainState.usage, scope, usage)
    return nil
  }

  private static func refusal(
    of header: PacketHeader, to next: ChainID?, from previous: ChainID, _ policy: RoutePolicy?, at view: RelayView,
    _ context: ContractContext
  ) throws(ContractError) -> RouteRefusal? {
    guard header.lane.sourcePort == header.lane.destinationPort else { return .port }
    guard let next else { return .unknownDestination }
    if case .retired = try context.get(CrossChainState.clients, next)?.status { return .retired }
    if next != header.lane.destination || previous != header.lane.source, let refusal = Docking.refusal(of: header) { return refusal }
    guard let policy else { return .noRoute }
    if let refusal = policy.refusal(of: header, at: view) { return refusal }
    guard header.classification > .ordinary else { return nil }
    #if DEBUG
      if RelayMutation.classNotKept.isPlanted { return nil }
    #endif
    return try resistsLiars([previous, next], context) ? nil : .quorum
  }

  /// Whether this relay's validators and those of `chains` are fit for classes above ordinary, as they are now.
  static func resistsLiars(_ chains: [ChainID], _ context: QueryContext) throws(ContractError) -> Bool {
    let seats: ValidatorSeats = try context.query(GovernanceContract.name, "seats", NoResult())
    guard seats.current.resistsLiars else { return false }
    for chain in chains {
      guard try context.get(CrossChainState.clients, chain)?.resistsLiars == true else { return false }
    }
    return true
  }

  /// The narrowest open policy with its scope, and whether any scope that holds the lane is frozen.
  private static func route(
    of lane: LaneID, _ context: ContractContext
  ) throws(ContractError) -> (policy: RoutePolicy?, scope: RouteScope, isFrozen: Bool) {
    var narrowest: RoutePolicy?
    var place = RouteScope()
    var isFrozen = false
    for scope in RouteScope.holding(lane) {
      guard let policy = try context.get(CrossChainState.routes, scope) else { continue }
      isFrozen = isFrozen || policy.isFrozen
      if narrowest == nil, policy.isOpen { (narrowest, place) = (policy, scope) }
    }
    return (narrowest, place, isFrozen)
  }

  /// Records what destinations answered.
  static func acknowledge(_ batch: AcknowledgePackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let proven = try PacketLifecycle.proven(batch.destination, batch, NetworkHash(suite: context.suite), context)
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      let key = packet.key
      guard key.lane.destination == batch.destination else { throw .badArgument("lane: it leads to \(key.lane.destination)") }
      if try hasOutcome(key, layer) { return .alreadyDone }
      guard let id = try layer.get(CrossChainState.relayed, key) else { throw .notFound }
      guard let proven else { throw .notAllowed(state: "frozen", call: "acknowledge") }
      guard packet.acknowledgement.packetID == id else { throw .badArgument("acknowledgement: it answers another packet") }
      try proven.require(CrossChainState.acknowledgementKey(key), packet.acknowledgement, packet.proof)
      try end(key, .acknowledged(packet.acknowledgement), layer)
      try append(hop(.acknowledged, id, key, at: proven.checkpoint.height, layer), layer)
      return .done
    }
  }

  static func hasOutcome(_ key: PacketKey, _ context: ContractContext) throws(ContractError) -> Bool {
    if try context.get(CrossChainState.outcomes, key) != nil { return true }
    return key.sequence < (try context.get(CrossChainState.relayLanes, key.lane) ?? RelayLane()).prunedBelow
  }

  /// Ends packets whose destination had not received them when its relay clock was past their timeout: it never will. On an ordered lane
  /// the destination says so itself.
  static func timeOut(_ batch: TimeOutPackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let hash = NetworkHash(suite: context.suite)
    let proven = try PacketLifecycle.proven(batch.destination, batch, hash, context)
    try proven?.require(CrossChainState.viewKey, batch.view, batch.viewProof)
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      let header = packet.header
      let key = header.key
      guard header.lane.destination == batch.destination else { throw .badArgument("lane: it leads to \(header.lane.destination)") }
      if try hasOutcome(key, layer) { return .alreadyDone }
      guard let id = try layer.get(CrossChainState.relayed, key) else { throw .notFound }
      guard let proven else { throw .notAllowed(state: "frozen", call: "timeout") }
      guard hash.packetID(header) == id else { throw .badArgument("header: another packet was relayed") }
      if needsTrace(header) {
        try proven.require(CrossChainState.receiptKey(key), PacketReceipt.expired(id), packet.proof)
      } else {
        guard isOver(header, at: batch.view) else {
          throw .badArgument("timeout: \(batch.destination) had seen relay height \(batch.view.height) only")
        }
        try proven.requireAbsence(CrossChainState.receiptKey(key), packet.proof)
      }
      try end(key, .timedOut, layer)
      var record = hop(.timedOut, id, key, at: proven.checkpoint.height, layer)
      record.describe(header)
      try append(record, layer)
      return .done
    }
  }

  private static func needsTrace(_ header: PacketHeader) -> Bool {
    #if DEBUG
      if RelayMutation.orderedTimeoutByAbsence.isPlanted { return false }
    #endif
    return header.isOrdered
  }

  private static func isOver(_ header: PacketHeader, at view: RelayView) -> Bool {
    #if DEBUG
      if RelayMutation.earlyTimeout.isPlanted { return true }
    #endif
    return header.timeout.isPast(view)
  }

  static func hop(
    _ stage: HopStage, _ id: Digest, _ key: PacketKey, at height: BlockHeight, _ context: ContractContext
  ) -> HopRecord {
    HopRecord(
      number: 0, packetID: id, key: key, stage: stage, relayHeight: context.height, time: context.time, provenHeight: height,
      policyVersion: 0, organisation: nil, classification: nil, payloadDigest: nil, payloadSize: 0, relayer: context.caller.account,
      reason: nil)
  }

  /// Appends to the log: the record is an event, its hash a leaf; and counts it on its lane.
  static func append(_ record: HopRecord, _ context: ContractContext) throws(ContractError) {
    var log = try context.get(CrossChainState.log, SingleKey()) ?? AppendOnlyTree()
    var numbered = record
    numbered.number = log.size
    log.append(MerkleLog.leafHash(numbered.canonicalBytes, suite: context.suite), suite: context.suite)
    try context.put(CrossChainState.log, SingleKey(), log)
    var lane = try context.get(CrossChainState.relayLanes, record.key.lane) ?? RelayLane()
    lane.count(record.stage)
    try context.put(CrossChainState.relayLanes, record.key.lane, lane)
    try context.emit("xc.hop", numbered)
  }
}

extension HopRecord {
  /// Takes over what supervisors ask for from the packet's header.
  mutating func describe(_ header: PacketHeader) {
    organisation = header.sender.organisation
    classification = header.classification
    payloadDigest = header.payloadDigest
    payloadSize = header.payloadSize
  }
}
