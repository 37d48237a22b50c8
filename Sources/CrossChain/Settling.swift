public import ChainCore

extension CrossChainContract {
  /// Ends packets by what the relay's state shows, and tells the contracts that sent them.
  static func settle(_ batch: SettlePackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let network = try context.require(Self.network, SingleKey())
    let proven = try PacketLifecycle.proven(network.relay, batch, network.hash, context) { (change) throws(ContractError) in
      try moveView(change, context)
    }
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      try settle(packet, proven, layer)
    }
  }

  private static func settle(
    _ item: ProvenOutcome, _ proven: ProvenState?, _ context: ContractContext
  ) throws(ContractError) -> PacketStatus {
    let key = item.key
    guard key.lane.source == context.chain else { throw .badArgument("lane: it begins on \(key.lane.source)") }
    var out = try context.get(CrossChainState.laneOut, key.lane) ?? LaneOut()
    guard let id = try context.get(CrossChainState.pending, key) else {
      guard key.sequence > 0, key.sequence < out.next else { throw .notFound }
      return .alreadyDone
    }
    guard let proven else { throw .notAllowed(state: "frozen", call: "settle") }
    let header = try context.require(CrossChainState.outbox, key).header
    let outcome = try outcome(of: header, item.evidence, proven)
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

  private static func endsByRecordOnly(_ header: PacketHeader) -> Bool {
    #if DEBUG
      if RelayMutation.orderedEndsByAbsence.isPlanted { return false }
    #endif
    return header.isOrdered
  }

  private static func isOver(_ header: PacketHeader, at view: RelayView) -> Bool {
    #if DEBUG
      if RelayMutation.refundWithoutTimeout.isPlanted { return true }
    #endif
    return header.timeout.isPast(view)
  }

  private static func outcome(
    of header: PacketHeader, _ evidence: OutcomeEvidence, _ proven: ProvenState
  ) throws(ContractError) -> Outcome {
    switch evidence {
    case .recorded(let outcome, let proof):
      try proven.require(CrossChainState.outcomeKey(header.key), outcome, proof)
      return outcome
    case .neverRelayed(let relayed, let recorded):
      // The destination waits for this number: it can only pass over it by the relay's record.
      guard !endsByRecordOnly(header) else { throw .badArgument("evidence: packets of ordered lanes end by the relay's record only") }
      let checkpoint = proven.checkpoint
      guard isOver(header, at: RelayView(height: checkpoint.height, time: checkpoint.time)) else {
        throw .badArgument("timeout: it is not past at relay height \(checkpoint.height)")
      }
      try proven.requireAbsence(CrossChainState.relayedKey(header.key), relayed)
      try proven.requireAbsence(CrossChainState.outcomeKey(header.key), recorded)
      return .timedOut
    }
  }
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
