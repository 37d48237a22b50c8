import ChainCore
import ChainNode
import ChainTesting
import Synchronization
import Testing

/// The newest call that was executed.
private final class Told: Sendable {
  let number = Atomic<UInt64>(0)
}

/// Tells of its calls, as no contract of a chain may.
private struct Telling: Contract {
  static let name: ContractName = "telling"
  static let marks = Table<UInt64, UInt64>("marks")
  let told: Told

  var entries: Entries {
    Entry("mark", by: .member) { (number: UInt64, context) in
      try context.put(Self.marks, number, number)
      told.number.store(number, ordering: .relaxed)
    }
  }
}

/// A node whose disk is slow goes on with what stands on what it writes.
@Suite(.serialized) struct CommitGroups {
  /// Also where one write cannot hold so much: then they follow one by one.
  ///
  /// On a slow machine Simplex puts empty blocks between the calls, to settle what is open, and with these the pipeline may be full before
  /// the last call is executed: then the disk is let go, and less is shown.
  @Test(arguments: [EngineKind.raft, .simplex], [false, true])
  func whatWaitsForTheDiskReachesItTogether(engine: EngineKind, takesOneBlock: Bool) async throws {
    let told = Told()
    let founding = try Founding(
      FoundingPlan(
        chain: "henan/410100", suite: .international, engine: engine, validators: [Founding.platform],
        organisations: [GenesisOrganisation(id: "office", name: "office", roles: [])], members: [("office", "clerk")],
        contracts: [Telling(told: told)], parameters: ChainParameters(idleIntervalMs: 3_600_000), time: 1_700_000_000_000))
    let clerk = try #require(founding.member("office", "clerk"))
    let store = GatedStore(takesOneBlock: takesOneBlock)
    let chain = try LocalChain(founding) { _ in LocalChain.Stores(ledger: store, consensus: MemoryStore()) }
    await chain.start()
    let node = chain.nodes[0]
    func sign(_ number: UInt64) throws -> SignedTransaction {
      try clerk.sign(
        Telling.name, "mark", number, chain: founding.genesis.chain, genesis: founding.genesis.id, validUntil: 500, salt: number)
    }
    _ = try await node.receipt(for: try sign(0))
    let (height, writes) = (node.ledger.head.height, store.writes.load(ordering: .relaxed))
    store.hold()
    var isFull = false
    let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
      for number in UInt64(1)...6 {
        let signed = try sign(number)
        group.addTask { try await node.receipt(for: signed) }
        // In a block of its own, which cannot be on the disk.
        if !isFull { isFull = try await !holdsSoon { told.number.load(ordering: .relaxed) >= number } }
      }
      #expect(node.ledger.head.height == height, "nothing counts before it is on the disk")
      store.release()
      var found: [Receipt] = []
      for try await receipt in group { found.append(receipt) }
      return found
    }
    #expect(receipts.count == 6 && receipts.allSatisfy { $0.status == .succeeded })
    let (blocks, used) = (
      node.ledger.head.height.rawValue - height.rawValue, store.writes.load(ordering: .relaxed) - writes
    )
    let isAsTold = takesOneBlock ? used > Int(blocks) : used + 3 <= Int(blocks)
    #expect(engine == .simplex || !isFull, "Raft makes no empty blocks here")
    #expect(isFull || blocks >= 6 && isAsTold, "\(used) writes for \(blocks) blocks")
    for number in UInt64(0)...6 { _ = try node.ledger.receipt(try sign(number).id(genesis: founding.genesis.id, suite: .international)) }
    await chain.stop()
  }
}
