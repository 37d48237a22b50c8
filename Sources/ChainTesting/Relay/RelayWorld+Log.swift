internal import ChainCore
internal import CrossChain

// What a regulator sees: the relay's log, and whether it is the whole truth.
extension RelayWorld {
  /// Replays the relay's events from its first block: their records form the very log whose root its state holds, none is missing or
  /// added, and for each packet they tell the stages that it went through, in order.
  func checkLog() throws {
    let ledger = chains[0].ledger
    var log = AppendOnlyTree()
    var stages: [PacketKey: [HopStage]] = [:]
    for found in try ledger.events(from: 1, limit: .max) where found.event.name == "xc.hop" {
      guard found.event.contract == CrossChainState.contract else { continue }
      let record = try HopRecord(canonicalBytes: found.event.payload)
      guard record.number == log.size, record.relayHeight == found.height, record.time == found.time else {
        throw failure("record \(record.number) of the relay's log does not stand where its event does, height \(found.height)")
      }
      log.append(MerkleLog.leafHash(found.event.payload, suite: ledger.suite), suite: ledger.suite)
      stages[record.key, default: []].append(record.stage)
    }
    let head: LogHead = try ledger.query(CrossChainState.contract, "log", NoResult())
    guard head == LogHead(size: log.size, root: log.root(suite: ledger.suite)) else {
      throw failure("the relay's log of \(head.size) records is not the \(log.size) that its events tell")
    }
    for key in order {
      guard let packet = packets[key] else { continue }
      let expected: [HopStage] =
        switch packet.outcome {
        case .acknowledged: [.relayed, .acknowledged]
        case .timedOut: packet.isRelayed ? [.relayed, .timedOut] : [.timedOut]
        case .rejected: [.rejected]
        case nil: packet.isRelayed ? [.relayed] : []
        }
      guard stages.removeValue(forKey: key) ?? [] == expected else { throw failure("the log tells another story of \(describe(key))") }
    }
    if let stranger = stages.keys.first { throw failure("the log tells of \(describe(stranger)), which nobody sent") }
  }
}
