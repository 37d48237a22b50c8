public import ChainCore

extension CrossChainContract {
  /// Receives packets that the relay committed to, and calls their contracts.
  static func receive(_ batch: ReceivePackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let network = try context.require(Self.network, SingleKey())
    let checkpoint = try PacketLifecycle.checkpoint(of: network.relay, at: batch.height, after: batch.update, context) {
      (change) throws(ContractError) in try moveView(change, context)
    }
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      try receive(packet, network.hash, checkpoint, layer)
    }
  }

  private static func receive(
    _ proven: ProvenPacket, _ hash: NetworkHash, _ checkpoint: TrustedCheckpoint?, _ context: ContractContext
  ) throws(ContractError) -> PacketStatus {
    let header = proven.packet.header
    let key = header.key
    guard header.lane.destination == context.chain else { throw .badArgument("lane: it leads to \(header.lane.destination)") }
    let id = hash.packetID(header)
    if let receipt = try receipt(key, context) {
      guard receipt == .received(id) else { throw .badArgument("sequence reused: another packet was received under \(key.sequence)") }
      return .alreadyDone
    }
    guard let checkpoint else { throw .notAllowed(state: "frozen", call: "receive") }
    try checkpoint.require(CrossChainState.relayedKey(key), id, proven.proof)
    guard hasTime(header, at: try context.require(CrossChainState.view, SingleKey())) else { throw .expired }
    guard isPayload(proven.packet.payload, of: header, hash) else {
      throw .badArgument("payload: it is not the one that the header commits to")
    }
    try context.put(CrossChainState.receipts, CrossChainState.receiptPlace(key), .received(id))
    let acknowledgement = Acknowledgement(packetID: id, result: try call(proven.packet, hash, context))
    try context.put(CrossChainState.acks, key, acknowledgement)
    try context.emit("xc.received", ReceivedPacket(key: key, acknowledgement: acknowledgement))
    return .done
  }

  private static func receipt(_ key: PacketKey, _ context: ContractContext) throws(ContractError) -> PacketReceipt? {
    #if DEBUG
      if RelayMutation.doubleReceive.isPlanted { return nil }
    #endif
    return try context.get(CrossChainState.receipts, CrossChainState.receiptPlace(key))
  }

  private static func hasTime(_ header: PacketHeader, at view: RelayView) -> Bool {
    #if DEBUG
      if RelayMutation.lateReceive.isPlanted { return true }
    #endif
    return !header.timeout.isPast(view)
  }

  private static func isPayload(_ payload: [UInt8], of header: PacketHeader, _ hash: NetworkHash) -> Bool {
    #if DEBUG
      if RelayMutation.noPayloadCheck.isPlanted { return true }
    #endif
    return payload.count == Int(header.payloadSize) && hash.payload(payload) == header.payloadDigest
  }

  /// Calls the contract as the remote sender. Whatever it throws is an answer, and leaves nothing else.
  private static func call(_ packet: Packet, _ hash: NetworkHash, _ context: ContractContext) throws(ContractError) -> AckResult {
    let header = packet.header
    let lane = header.lane
    let roles = try context.remoteRoles(of: header.sender.organisation, on: lane.source)
    let caller = Caller(
      account: header.sender.account, organisation: header.sender.organisation, roles: roles,
      origin: .remote(chain: lane.source, port: lane.sourcePort))
    do throws(ContractError) {
      guard lane.sourcePort == lane.destinationPort else { throw .notAuthorised("calls come from the same contract only") }
      let output = try context.metered { () throws(ContractError) -> [UInt8] in
        try context.dispatch(lane.destinationPort, header.call, packet.payload, as: caller)
      }
      return .success(hash.result(output))
    } catch {
      #if DEBUG
        if RelayMutation.failureAsSuccess.isPlanted { return .success(hash.result([])) }
      #endif
      return .failure(code: error.code, hash.message(error.message))
    }
  }

  /// Ends packets by what the relay's state shows, and tells the contracts that sent them.
  static func settle(_ batch: SettlePackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let network = try context.require(Self.network, SingleKey())
    let checkpoint = try PacketLifecycle.checkpoint(of: network.relay, at: batch.height, after: batch.update, context) {
      (change) throws(ContractError) in try moveView(change, context)
    }
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      try settle(packet, checkpoint, layer)
    }
  }

  private static func settle(
    _ proven: ProvenOutcome, _ checkpoint: TrustedCheckpoint?, _ context: ContractContext
  ) throws(ContractError) -> PacketStatus {
    let key = proven.key
    guard key.lane.source == context.chain else { throw .badArgument("lane: it begins on \(key.lane.source)") }
    var out = try context.get(CrossChainState.laneOut, key.lane) ?? LaneOut()
    guard let id = try context.get(CrossChainState.pending, key) else {
      guard key.sequence > 0, key.sequence < out.next else { throw .notFound }
      return .alreadyDone
    }
    guard let checkpoint else { throw .notAllowed(state: "frozen", call: "settle") }
    let header = try context.require(CrossChainState.outbox, key).header
    let outcome = try outcome(of: header, proven.evidence, checkpoint)
    if case .acknowledged(let acknowledgement) = outcome, acknowledgement.packetID != id {
      throw .badArgument("outcome: it answers another packet")
    }
    try remove(key, context)
    if frees(key, out) {
      let first = try context.range(
        CrossChainState.pending, from: PacketKey(lane: key.lane, sequence: key.sequence),
        to: PacketKey(lane: key.lane, sequence: out.next), limit: 1
      ).first
      out.settledBelow = first?.key.sequence ?? out.next
      try context.put(CrossChainState.laneOut, key.lane, out)
    }
    try context.emit("xc.settled", SettledEvent(key: key, packetID: id, outcome: outcome))
    let settled = SettledPacket(
      packet: SentPacket(id: id, sequence: key.sequence), destination: key.lane.destination, port: key.lane.destinationPort,
      call: header.call, outcome: outcome.settled)
    try context.metered { () throws(ContractError) in try context.settle(settled, port: key.lane.sourcePort) }
    return .done
  }

  private static func frees(_ key: PacketKey, _ out: LaneOut) -> Bool {
    #if DEBUG
      if RelayMutation.laneNeverFree.isPlanted { return false }
    #endif
    return out.settledBelow == key.sequence
  }

  private static func remove(_ key: PacketKey, _ context: ContractContext) throws(ContractError) {
    #if DEBUG
      if RelayMutation.pendingForever.isPlanted { return }
    #endif
    try context.remove(CrossChainState.pending, key)
    try context.remove(CrossChainState.outbox, key)
  }

  private static func isOver(_ header: PacketHeader, at view: RelayView) -> Bool {
    #if DEBUG
      if RelayMutation.refundWithoutTimeout.isPlanted { return true }
    #endif
    return header.timeout.isPast(view)
  }

  private static func outcome(
    of header: PacketHeader, _ evidence: OutcomeEvidence, _ checkpoint: TrustedCheckpoint
  ) throws(ContractError) -> Outcome {
    switch evidence {
    case .recorded(let outcome, let proof):
      try checkpoint.require(CrossChainState.outcomeKey(header.key), outcome, proof)
      return outcome
    case .neverRelayed(let relayed, let recorded):
      guard isOver(header, at: RelayView(height: checkpoint.height, time: checkpoint.time)) else {
        throw .badArgument("timeout: it is not past at relay height \(checkpoint.height)")
      }
      try checkpoint.requireAbsence(CrossChainState.relayedKey(header.key), relayed)
      try checkpoint.requireAbsence(CrossChainState.outcomeKey(header.key), recorded)
      return .timedOut
    }
  }
}

/// The event `xc.received`.
public struct ReceivedPacket: CanonicalRecord, Codable, Hashable {
  /// The packet's place.
  public var key: PacketKey
  /// The answer.
  public var acknowledgement: Acknowledgement

  /// Puts the parts together.
  public init(key: PacketKey, acknowledgement: Acknowledgement) {
    self.key = key
    self.acknowledgement = acknowledgement
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.acknowledgement)
}

/// The event `xc.settled`.
public struct SettledEvent: CanonicalRecord, Codable, Hashable {
  /// The packet's place.
  public var key: PacketKey
  /// The packet.
  public var packetID: Digest
  /// How it ended.
  public var outcome: Outcome

  /// Puts the parts together.
  public init(key: PacketKey, packetID: Digest, outcome: Outcome) {
    self.key = key
    self.packetID = packetID
    self.outcome = outcome
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.packetID, \.outcome)
}
