import ChainCore
import ChainNode
import Consensus
import Foundation
import Testing

/// Promise 11: a store that was restored from a backup never votes with its old key. It follows, and votes with a new one that governance seats.
@Suite struct RestoredNodes {
  /// What a site has after a disaster: the ledger's backup, nothing of the votes.
  struct Site {
    var town: ValidatorChanges.Town
    let folder: String
    let manifest: BackupManifest

    /// Runs a chain, copies the last validator's ledger while it runs, and loses that node when the chain is further.
    init(_ engine: EngineKind) async throws {
      town = try ValidatorChanges.Town(engine, epoch: 8)
      folder = FileManager.default.temporaryDirectory.appending(path: "yuchain-restored-\(UUID().uuidString)").path
      for node in town.nodes { await node.start() }
      for amount in UInt64(1)...3 { #expect(try await town.add(amount).status == .succeeded) }
      let lost = town.nodes[town.nodes.count - 1]
      try await lost.executed(town.nodes[0].ledger.head.height)
      manifest = try LedgerBackup.make(of: lost.ledger, in: folder)
      for amount in UInt64(4)...6 { #expect(try await town.add(amount).status == .succeeded) }
      #expect(town.nodes[0].ledger.head.height > manifest.head.height)
      await lost.stop()
    }

    func restored(for key: PrivateKey) throws -> MemoryStore {
      let store = MemoryStore()
      _ = try LedgerBackup.restore(manifest, from: folder, into: store, key: key.publicKey, contracts: town.founding.registry)
      return store
    }

    func configuration(_ store: MemoryStore, key: PrivateKey, votes: MemoryStore = MemoryStore()) -> NodeConfiguration {
      let suite = town.founding.genesis.suite
      let keys = (town.founding.validatorKeys + [town.newcomer]).map(\.publicKey)
      let peers = keys.map { ReplicaID(suite.accountID(of: $0)) }
      var configuration = NodeConfiguration(
        genesis: town.founding.genesis, contracts: town.founding.registry, key: key, ledgerStore: store, consensusStore: votes,
        transport: town.network.transport(for: ReplicaID(suite.accountID(of: key.publicKey)), peers: peers))
      // What an operator might say who does not know better.
      configuration.firstEpoch = 0
      configuration.steward = town.administrator
      return configuration
    }
  }

  @Test(.timeLimit(.minutes(3)), arguments: RunningNodes.engines) func theOldKeyNeverVotesAgain(engine: EngineKind) async throws {
    var site = try await Site(engine)
    defer { try? FileManager.default.removeItem(atPath: site.folder) }
    let oldKey = site.town.founding.validatorKeys[site.town.nodes.count - 1]
    let newKey = site.town.newcomer

    // The old key: not by restoring for it, not by starting with it, not with the old votes.
    #expect(throws: BackupError.oldKey(oldKey.publicKey)) { try site.restored(for: oldKey) }
    let store = try site.restored(for: newKey)
    let refusal = NodeError.restored(.key(restoredFor: newKey.publicKey))
    #expect(throws: refusal) { try Node(site.configuration(store, key: oldKey)) }
    let otherKey = try PrivateKey.generate(.international)
    #expect(throws: refusal) { try Node(site.configuration(store, key: otherKey)) }
    let used = MemoryStore()
    try used.write { try $0.put(StoreTable(engine == .raft ? "raft-meta" : "simplex-meta"), [1], [1]) }
    #expect(throws: NodeError.restored(.foreignVotes)) { try Node(site.configuration(store, key: newKey, votes: used)) }

    // Governance puts the new key in the place of the old one; from then on the others answer it, and it follows, past the backup.
    let votes = MemoryStore()
    var node = try Node(site.configuration(store, key: newKey, votes: votes))
    #expect(node.ledger.head.validators.index(of: newKey.publicKey) == nil)
    await node.start()
    let change = ValidatorChange.replace(oldKey.publicKey, by: newKey.publicKey)
    let proposed = try await site.town.client(0).call("governance", "propose", ProposeChange(change: change, reason: "the site burnt down"))
    #expect(proposed.status == .succeeded)
    let height = site.town.nodes[0].ledger.head.height
    try await node.executed(height)
    #expect(try node.ledger.checkpoint(at: height) == site.town.nodes[0].ledger.checkpoint(at: height))

    // Votes are tied to it from now on: who loses them does not vote again with this key, either.
    await node.halt()
    #expect(throws: NodeError.restored(.votesMissing)) { try Node(site.configuration(store, key: newKey)) }
    node = try Node(site.configuration(store, key: newKey, votes: votes))
    await node.start()

    // It shows that it holds the state, gets the seat, and signs.
    let place = site.town.nodes.count - 1
    site.town.nodes[place] = node
    try await site.town.reaches(generation: 2)
    let set = site.town.nodes[0].ledger.head.validators
    #expect(set.index(of: newKey.publicKey) != nil && set.index(of: oldKey.publicKey) == nil)
    // Whose signatures make a certificate first is chance; that the new key is never among them is not.
    let seat = try #require(set.index(of: newKey.publicKey))
    var hasSigned = false
    var amount: UInt64 = 8
    while !hasSigned {
      amount += 1
      let receipt = try await site.town.add(amount)
      let height = try site.town.nodes[0].ledger.transaction(receipt.transaction).height
      for validator in site.town.nodes {
        try await validator.certified(height)
        let signers = try validator.ledger.certificate(at: height)?.signers ?? []
        hasSigned = hasSigned || signers.contains(seat)
      }
    }
    #expect(try node.ledger.checkpoint(at: height) == site.town.nodes[0].ledger.checkpoint(at: height))
    for node in site.town.nodes { await node.stop() }
  }
}
