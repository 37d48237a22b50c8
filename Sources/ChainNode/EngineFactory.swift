package import ChainCore
package import Consensus

/// Opens the engine that a chain's genesis names.
package enum EngineFactory {
  /// The engine of replica `id`, where it stopped.
  /// - Parameters:
  ///   - store: Its log and votes.
  ///   - firstEpoch: See `NodeConfiguration.firstEpoch`.
  ///   - logLength: See `NodeConfiguration.raftLogLength`.
  ///   - seed: Of election timeouts.
  package static func make(
    ledger: Ledger, id: ReplicaID, store: any KeyValueStore, firstEpoch: Epoch?, logLength: UInt64 = RaftEngine.logLength,
    seed: UInt64
  ) throws(EngineFault) -> any Engine {
    let head = ledger.head
    let genesis = ledger.genesis
    switch genesis.engine {
    case .raft:
      return try RaftEngine(
        genesis: genesis, id: id, store: store, position: head.position, head: head.height, certified: ledger.newestCertified,
        seats: head.seats, logLength: logLength, seed: seed)
    case .simplex:
      let root = SimplexEngine.rootHeight(
        head: head.height, certified: ledger.newestCertified, epochLength: genesis.parameters.epochLength)
      guard let rootID = try? ledger.blockID(at: root) else {
        throw .simplex(.journalCorrupt("the ledger lacks height \(root), where the epoch of height \(head.height) begins"))
      }
      return try SimplexEngine(
        genesis: genesis, id: id, store: store,
        start: SimplexEngine.Start(
          head: BlockReference(height: head.height, id: head.blockID), position: head.position, certified: ledger.newestCertified,
          root: BlockReference(height: root, id: rootID), firstEpoch: firstEpoch,
          validators: ledger.validators(signing: root.next), seats: head.seats))
    }
  }
}
