internal import ChainCore

// What the packet handlers of both forms of `xc` share. Order in every handler: decode → duplicate? → client status → proof →
// policy and payload digest → write → call the contract.

/// The heights and layers that a batch runs with.
enum PacketLifecycle {
  /// Steps that one claim of a shared proof is charged.
  private static let sharedSteps: UInt64 = 64

  /// Runs `handle` for each packet in a layer of its own: a packet that throws leaves nothing and says why.
  static func run<Item>(
    _ packets: [Item], _ context: ContractContext,
    _ handle: (Item, ContractContext) throws(ContractError) -> PacketStatus
  ) throws(ContractError) -> [PacketStatus] {
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

  /// What a batch's claims are checked against, after moving the client if the batch says so; `nil` if that froze it.
  static func proven(
    _ chain: ChainID, _ batch: some ProvenBatch, _ hash: NetworkHash, _ context: ContractContext,
    moved: (ClientChange) throws(ContractError) -> Void = { _ in }
  ) throws(ContractError) -> ProvenState? {
    guard (1...PacketBatch.limit).contains(batch.count) else {
      throw .badArgument("packets: 1 to \(PacketBatch.limit) expected, found \(batch.count)")
    }
    if let update = batch.update {
      let change = try ChainRegistry.update(UpdateClient(chain: chain, update: update), context)
      try moved(change)
      // The evidence has to stay, so the call must not fail; but nothing is proven any more.
      if change == .frozen { return nil }
    }
    if batch.shared != nil { try context.charge(UInt64(batch.count) * sharedSteps) }
    return ProvenState(try ChainRegistry.trusted(chain, batch.height, context), batch, hash)
  }
}

extension TrustedCheckpoint {
  /// Throws unless `proof` shows that `key` has `value` here.
  func require(_ key: StateKey, _ value: some CanonicalCodable, _ proof: StateProof) throws(ContractError) {
    do throws(ProofError) {
      try proof.verifyPresence(key: key.bytes, value: value.canonicalBytes, root: stateRoot, suite: suite)
    } catch {
      throw .badArgument("proof: \(error)")
    }
  }

  /// Throws unless `proof` shows that `key` has no value here.
  func requireAbsence(_ key: StateKey, _ proof: StateProof) throws(ContractError) {
    do throws(ProofError) {
      try proof.verifyAbsence(key: key.bytes, root: stateRoot, suite: suite)
    } catch {
      throw .badArgument("proof of absence: \(error)")
    }
  }
}
