internal import ChainCore

// On an ordered lane number n + 1 arrives after n. A packet that came too late leaves `expired`, one that the relay never relayed leaves
// `skipped`, and a pruned mark raises the next number: so a lane neither closes nor sticks.
extension CrossChainContract {
  /// Whether the packet is the next of its lane. Numbers before it that arrived while the lane was unordered do not count.
  static func isNext(_ key: PacketKey, _ lane: inout LaneIn, _ context: ContractContext) throws(ContractError) -> Bool {
    #if DEBUG
      if RelayMutation.anyOrder.isPlanted { return true }
    #endif
    while lane.nextExpected < key.sequence {
      let earlier = PacketKey(lane: key.lane, sequence: lane.nextExpected)
      guard try context.get(CrossChainState.receipts, CrossChainState.receiptPlace(earlier)) != nil else { return false }
      lane.nextExpected += 1
    }
    return lane.nextExpected == key.sequence
  }

  static func advance(_ lane: inout LaneIn, past key: PacketKey, _ context: ContractContext) throws(ContractError) {
    // The number comes from a proof, but only a liar's chain would count that far.
    let (next, isOver) = key.sequence.addingReportingOverflow(1)
    guard !isOver else { throw .overflow }
    lane.nextExpected = max(lane.nextExpected, next)
    try context.put(CrossChainState.laneIn, key.lane, lane)
  }

  static func expire(
    _ key: PacketKey, _ id: Digest, _ before: LaneIn, _ context: ContractContext
  ) throws(ContractError) -> PacketStatus {
    #if DEBUG
      if RelayMutation.expiredWithoutTrace.isPlanted { throw .expired }
    #endif
    var lane = before
    try context.put(CrossChainState.receipts, CrossChainState.receiptPlace(key), .expired(id))
    try advance(&lane, past: key, context)
    try context.emit("xc.expired", ReceivedPacket(key: key, packetID: id, acknowledgement: nil))
    return .done
  }

  private static func requireEnd(
    of key: PacketKey, _ outcome: Outcome, _ proof: StateProof?, _ proven: ProvenState
  ) throws(ContractError) {
    #if DEBUG
      if RelayMutation.skipWithoutProof.isPlanted { return }
    #endif
    try proven.require(CrossChainState.outcomeKey(key), outcome, proof)
  }

  /// Passes over numbers that the relay ended without ever relaying them.
  static func skip(_ batch: SkipPackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let network = try context.require(Self.network, SingleKey())
    let proven = try PacketLifecycle.proven(network.relay, batch, network.hash, context) { (change) throws(ContractError) in
      try moveView(change, context)
    }
    return try PacketLifecycle.run(batch.packets, context) { (item, layer) throws(ContractError) -> PacketStatus in
      let key = item.key
      guard key.lane.destination == layer.chain else { throw .badArgument("lane: it leads to \(key.lane.destination)") }
      var lane = try layer.get(CrossChainState.laneIn, key.lane) ?? LaneIn()
      guard key.sequence >= lane.prunedBelow,
        try layer.get(CrossChainState.receipts, CrossChainState.receiptPlace(key)) == nil
      else { return .alreadyDone }
      guard let proven else { throw .notAllowed(state: "frozen", call: "skip") }
      guard case .recorded(let outcome, let proof) = item.evidence else { throw .badArgument("outcome: absence skips nothing") }
      if case .acknowledged = outcome { throw .badArgument("outcome: the packet was answered, so it arrived") }
      try requireEnd(of: key, outcome, proof, proven)
      guard try isNext(key, &lane, layer) else { throw .stale(found: lane.nextExpected) }
      try layer.put(CrossChainState.receipts, CrossChainState.receiptPlace(key), .skipped)
      try advance(&lane, past: key, layer)
      try layer.emit("xc.skipped", key)
      return .done
    }
  }
}
