internal import ChainCore

extension RelayContract {
  /// Commits to packets that their source chain committed to, or refuses them for good.
  static func relay(_ batch: RelayPackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let checkpoint = try PacketLifecycle.checkpoint(of: batch.source, at: batch.height, after: batch.update, context)
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      try relay(packet, from: batch.source, checkpoint, layer)
    }
  }

  private static func relay(
    _ proven: ProvenHeader, from source: ChainID, _ checkpoint: TrustedCheckpoint?, _ context: ContractContext
  ) throws(ContractError) -> PacketStatus {
    let header = proven.header
    let key = header.key
    guard header.lane.source == source else { throw .badArgument("lane: it begins on \(header.lane.source)") }
    let id = NetworkHash(suite: context.suite).packetID(header)
    let earlier = try context.get(CrossChainState.relayed, key)
    if earlier == id { return .alreadyDone }
    if earlier == nil, try hasEnded(key, context) { return .alreadyDone }
    guard let checkpoint else { throw .notAllowed(state: "frozen", call: "relay") }
    try checkpoint.require(CrossChainState.pendingKey(key), id, proven.proof)
    var record = hop(.relayed, id, key, at: checkpoint.height, context)
    record.classification = header.classification
    record.payloadDigest = header.payloadDigest
    record.payloadSize = header.payloadSize
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
      try context.put(CrossChainState.outcomes, key, .timedOut)
      try append(record, context)
      return .done
    }
    let route = try route(of: header.lane, context)
    guard !route.isFrozen else { throw .notAllowed(state: "frozen", call: "relay") }
    record.policyVersion = route.policy?.version ?? 0
    if let refusal = try refusal(of: header, route.policy, at: view, context) {
      record.stage = .rejected
      record.reason = refusal
      try context.put(CrossChainState.outcomes, key, .rejected(refusal))
    } else {
      try context.put(CrossChainState.relayed, key, id)
    }
    try append(record, context)
    return .done
  }

  private static func hasEnded(_ key: PacketKey, _ context: ContractContext) throws(ContractError) -> Bool {
    #if DEBUG
      if RelayMutation.relayAfterEnd.isPlanted { return false }
    #endif
    return try context.get(CrossChainState.outcomes, key) != nil
  }

  private static func refusal(
    of header: PacketHeader, _ policy: RoutePolicy?, at view: RelayView, _ context: ContractContext
  ) throws(ContractError) -> RouteRefusal? {
    guard header.lane.sourcePort == header.lane.destinationPort else { return .port }
    guard try context.get(CrossChainState.chains, header.lane.destination) != nil else { return .unknownDestination }
    guard let policy else { return .noRoute }
    return policy.refusal(of: header, at: view)
  }

  /// The narrowest open policy, and whether any scope that holds the lane is frozen.
  private static func route(
    of lane: LaneID, _ context: ContractContext
  ) throws(ContractError) -> (policy: RoutePolicy?, isFrozen: Bool) {
    var narrowest: RoutePolicy?
    var isFrozen = false
    for scope in RouteScope.holding(lane) {
      guard let policy = try context.get(CrossChainState.routes, scope) else { continue }
      isFrozen = isFrozen || policy.isFrozen
      if narrowest == nil, policy.isOpen { narrowest = policy }
    }
    return (narrowest, isFrozen)
  }

  /// Records what destinations answered.
  static func acknowledge(_ batch: AcknowledgePackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let checkpoint = try PacketLifecycle.checkpoint(of: batch.destination, at: batch.height, after: batch.update, context)
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      let key = packet.key
      guard key.lane.destination == batch.destination else { throw .badArgument("lane: it leads to \(key.lane.destination)") }
      guard try layer.get(CrossChainState.outcomes, key) == nil else { return .alreadyDone }
      guard let id = try layer.get(CrossChainState.relayed, key) else { throw .notFound }
      guard let checkpoint else { throw .notAllowed(state: "frozen", call: "acknowledge") }
      guard packet.acknowledgement.packetID == id else { throw .badArgument("acknowledgement: it answers another packet") }
      try checkpoint.require(CrossChainState.acknowledgementKey(key), packet.acknowledgement, packet.proof)
      try layer.put(CrossChainState.outcomes, key, .acknowledged(packet.acknowledgement))
      try append(hop(.acknowledged, id, key, at: checkpoint.height, layer), layer)
      return .done
    }
  }

  /// Ends packets whose destination had not received them when its relay clock was past their timeout: it never will.
  static func timeOut(_ batch: TimeOutPackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let checkpoint = try PacketLifecycle.checkpoint(of: batch.destination, at: batch.height, after: batch.update, context)
    try checkpoint?.require(CrossChainState.viewKey, batch.view, batch.viewProof)
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      let header = packet.header
      let key = header.key
      guard header.lane.destination == batch.destination else { throw .badArgument("lane: it leads to \(header.lane.destination)") }
      guard try layer.get(CrossChainState.outcomes, key) == nil else { return .alreadyDone }
      guard let id = try layer.get(CrossChainState.relayed, key) else { throw .notFound }
      guard let checkpoint else { throw .notAllowed(state: "frozen", call: "timeout") }
      guard NetworkHash(suite: layer.suite).packetID(header) == id else { throw .badArgument("header: another packet was relayed") }
      guard isOver(header, at: batch.view) else {
        throw .badArgument("timeout: \(batch.destination) had seen relay height \(batch.view.height) only")
      }
      try checkpoint.requireAbsence(CrossChainState.receiptKey(key), packet.proof)
      try layer.put(CrossChainState.outcomes, key, .timedOut)
      var record = hop(.timedOut, id, key, at: checkpoint.height, layer)
      record.classification = header.classification
      record.payloadDigest = header.payloadDigest
      record.payloadSize = header.payloadSize
      try append(record, layer)
      return .done
    }
  }

  private static func isOver(_ header: PacketHeader, at view: RelayView) -> Bool {
    #if DEBUG
      if RelayMutation.earlyTimeout.isPlanted { return true }
    #endif
    return header.timeout.isPast(view)
  }

  private static func hop(
    _ stage: HopStage, _ id: Digest, _ key: PacketKey, at height: BlockHeight, _ context: ContractContext
  ) -> HopRecord {
    HopRecord(
      number: 0, packetID: id, key: key, stage: stage, relayHeight: context.height, time: context.time, provenHeight: height,
      policyVersion: 0, classification: nil, payloadDigest: nil, payloadSize: 0, relayer: context.caller.account, reason: nil)
  }

  /// Appends to the log: the record is an event, its hash a leaf.
  private static func append(_ record: HopRecord, _ context: ContractContext) throws(ContractError) {
    var log = try context.get(CrossChainState.log, SingleKey()) ?? AppendOnlyTree()
    var numbered = record
    numbered.number = log.size
    log.append(MerkleLog.leafHash(numbered.canonicalBytes, suite: context.suite), suite: context.suite)
    try context.put(CrossChainState.log, SingleKey(), log)
    try context.emit("xc.hop", numbered)
  }
}
