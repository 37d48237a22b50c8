import ChainCore
import ChainNode
import ChainTesting
import Synchronization
import Testing

/// Tells of its calls, as no contract of a chain may.
private struct Telling: Contract {
  static let name: ContractName = "telling"
  static let marks = Table<UInt64, UInt64>("marks")
  let calls: AsyncStream<UInt64>.Continuation

  var entries: Entries {
    Entry("mark", by: .member) { (number: UInt64, context) in
      try context.put(Self.marks, number, number)
      calls.yield(number)
    }
  }
}

/// A node whose disk is slow goes on with what stands on what it writes.
@Suite(.serialized) struct CommitGroups {
  /// Also where one write cannot hold so much: then they follow one by one. Empty blocks of a chain with nothing to do would fill the pipeline
  /// of a slow machine, so there are none.
  @Test(arguments: [EngineKind.raft, .simplex], [false, true])
  func whatWaitsForTheDiskReachesItTogether(engine: EngineKind, takesOneBlock: Bool) async throws {
    let (executed, calls) = AsyncStream<UInt64>.makeStream()
    let founding = try Founding(
      FoundingPlan(
        chain: "henan/410100", suite: .international, engine: engine, validators: [Founding.platform],
        organisations: [GenesisOrganisation(id: "office", name: "office", roles: [])], members: [("office", "clerk")],
        contracts: [Telling(calls: calls)], parameters: ChainParameters(idleIntervalMs: 3_600_000), time: 1_700_000_000_000))
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
    let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
      var executed = executed.makeAsyncIterator()
      for number in UInt64(1)...6 {
        let signed = try sign(number)
        group.addTask { try await node.receipt(for: signed) }
        // In a block of its own, which cannot be on the disk.
        while let told = await executed.next(), told != number {}
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
    #expect(blocks >= 6 && (takesOneBlock ? used > Int(blocks) : used <= 4), "\(used) writes for \(blocks) blocks")
    for number in UInt64(0)...6 { _ = try node.ledger.receipt(try sign(number).id(genesis: founding.genesis.id, suite: .international)) }
    await chain.stop()
  }
}
