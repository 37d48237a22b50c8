internal import ChainCore

// State is O(packets in flight): the relay forgets what the source proved settled, the destination what the relay proved forgotten. So a
// record's absence never means that it was pruned.

/// Deletes a lane's records below a mark, a bounded number a call.
enum Pruning {
  /// How many records of a table one call deletes for one lane.
  static let limit = 200

  /// Deletes records of `table` with numbers in `from..<to`.
  /// - Returns: All numbers below it are free of records now: `to`, unless there were more than the limit.
  static func clear<Value>(
    _ table: Table<PacketKey, Value>, _ lane: LaneID, from: UInt64, to: UInt64, _ context: ContractContext
  ) throws(ContractError) -> UInt64 {
    #if DEBUG
      if RelayMutation.markWithoutPruning.isPlanted { return to }
    #endif
    let found = try context.range(
      table, from: PacketKey(lane: lane, sequence: from), to: PacketKey(lane: lane, sequence: to), limit: limit + 1)
    for (key, _) in found.prefix(limit) { try context.remove(table, key) }
    return found.count > limit ? found[limit].key.sequence : to
  }
}

extension RelayContract {
  /// Forgets commitments and outcomes of packets that their source proved settled.
  static func prune(_ batch: PruneSettled, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let proven = try PacketLifecycle.proven(batch.source, batch, NetworkHash(suite: context.suite), context)
    return try PacketLifecycle.run(batch.lanes, context) { (item, layer) throws(ContractError) -> PacketStatus in
      guard item.lane.source == batch.source else { throw .badArgument("lane: it begins on \(item.lane.source)") }
      return try forget(item.lane, below: item.state.settledBelow, layer) { () throws(ContractError) in
        guard let proven else { throw .notAllowed(state: "frozen", call: "prune") }
        try proven.require(CrossChainState.laneOutKey(item.lane), item.state, item.proof)
      }
    }
  }

  /// Deletes what the relay holds of a lane below `mark`, a bounded number a call.
  static func forget(
    _ lane: LaneID, below mark: UInt64, _ context: ContractContext, if verify: () throws(ContractError) -> Void
  ) throws(ContractError) -> PacketStatus {
    var record = try context.get(CrossChainState.relayLanes, lane) ?? RelayLane()
    guard record.prunedBelow < mark else { return .alreadyDone }
    try verify()
    let below = record.prunedBelow
    record.prunedBelow = try context.metered { () throws(ContractError) -> UInt64 in
      let relayed = try Pruning.clear(CrossChainState.relayed, lane, from: below, to: mark, context)
      // Only a source that settles without an outcome leaves a vote or a header behind.
      let watched = try Pruning.clear(TransactionCoordinator.votes, lane, from: below, to: mark, context)
      let kept = try Pruning.clear(Docking.transit, lane, from: below, to: mark, context)
      return min(relayed, watched, kept, try Pruning.clear(CrossChainState.outcomes, lane, from: below, to: mark, context))
    }
    try context.put(CrossChainState.relayLanes, lane, record)
    try context.emit("xc.pruned", PrunedLane(lane: lane, below: record.prunedBelow))
    return .done
  }
}

extension CrossChainContract {
  /// Forgets receipts and answers of packets that the relay proved forgotten.
  static func prune(_ batch: PruneArrivals, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let network = try context.require(Self.network, SingleKey())
    let proven = try PacketLifecycle.proven(network.relay, batch, network.hash, context) { (change) throws(ContractError) in
      try moveView(change, context)
    }
    return try PacketLifecycle.run(batch.lanes, context) { (item, layer) throws(ContractError) -> PacketStatus in
      guard item.lane.destination == context.chain else { throw .badArgument("lane: it leads to \(item.lane.destination)") }
      var lane = try layer.get(CrossChainState.laneIn, item.lane) ?? LaneIn()
      let mark = item.state.prunedBelow
      guard lane.prunedBelow < mark else { return .alreadyDone }
      guard let proven else { throw .notAllowed(state: "frozen", call: "prune") }
      try proven.require(CrossChainState.relayLaneKey(item.lane), item.state, item.proof)
      let below = lane.prunedBelow
      lane.prunedBelow = try layer.metered { () throws(ContractError) -> UInt64 in
        let received = try Pruning.clear(CrossChainState.receipts, item.lane, from: below, to: mark, layer)
        let answered = try Pruning.clear(CrossChainState.acks, item.lane, from: below, to: mark, layer)
        // Only what governance ended can still be open.
        return min(received, answered, try Pruning.clear(CrossChainState.open, item.lane, from: below, to: mark, layer))
      }
      lane.nextExpected = max(lane.nextExpected, lane.prunedBelow)
      try layer.put(CrossChainState.laneIn, item.lane, lane)
      try layer.emit("xc.pruned", PrunedLane(lane: item.lane, below: lane.prunedBelow))
      return .done
    }
  }
}
