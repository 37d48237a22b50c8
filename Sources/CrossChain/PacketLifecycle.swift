internal import ChainCore

// What the packet handlers of both forms of `xc` share. Order in every handler: decode → duplicate? → client status → proof →
// policy and payload digest → write → call the contract.

/// The heights and layers that a batch runs with.
enum PacketLifecycle {
  /// Runs `handle` for each packet in a layer of its own: a packet that throws leaves nothing and says why.
  static func run<Item>(
    _ packets: [Item], _ context: ContractContext,
    _ handle: (Item, ContractContext) throws(ContractError) -> PacketStatus
  ) throws(ContractError) -> [PacketStatus] {
    guard (1...PacketBatch.limit).contains(packets.count) else {
      throw .badArgument("packets: 1 to \(PacketBatch.limit) expected, found \(packets.count)")
    }
    var statuses: [PacketStatus] = []
    for packet in packets {
      do throws(ContractError) {
        statuses.append(try context.attempt { layer throws(ContractError) in try handle(packet, layer) })
      } catch {
        statuses.append(PacketStatus(error))
      }
    }
    return statuses
  }

  /// The root that a batch's proofs are checked against, after moving the client if the batch says so.
  static func checkpoint(
    of chain: ChainID, at height: BlockHeight, after update: ClientUpdate?, _ context: ContractContext,
    moved: (ClientChange) throws(ContractError) -> Void = { _ in }
  ) throws(ContractError) -> TrustedCheckpoint? {
    if let update {
      let change = try ChainRegistry.update(UpdateClient(chain: chain, update: update), context)
      try moved(change)
      // The evidence has to stay, so the call must not fail; but nothing is proven any more.
      if change == .frozen { return nil }
    }
    return try ChainRegistry.trusted(chain, height, context)
  }
}

extension TrustedCheckpoint {
  /// Throws unless `proof` shows that `key` has `value` here.
  func require(_ key: StateKey, _ value: some CanonicalCodable, _ proof: StateProof) throws(ContractError) {
    #if DEBUG
      if RelayMutation.planted?.forgetsPresence(of: key) == true { return }
    #endif
    do throws(ProofError) {
      try proof.verifyPresence(key: key.bytes, value: value.canonicalBytes, root: stateRoot, suite: suite)
    } catch {
      throw .badArgument("proof: \(error)")
    }
  }

  /// Throws unless `proof` shows that `key` has no value here.
  func requireAbsence(_ key: StateKey, _ proof: StateProof) throws(ContractError) {
    #if DEBUG
      if RelayMutation.planted?.forgetsAbsence(of: key) == true { return }
    #endif
    do throws(ProofError) {
      try proof.verifyAbsence(key: key.bytes, root: stateRoot, suite: suite)
    } catch {
      throw .badArgument("proof of absence: \(error)")
    }
  }
}
