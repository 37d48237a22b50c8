import ChainCore
import ChainTesting
import Testing

/// What the ledger makes of a store that fails. `simulate ledger` has it fail everywhere.
@Suite struct FailingStore {
  @Test func queryThatCannotReadIsNotRefusedByTheContract() throws {
    let store = SimulatedStore()
    var chain = try SoloChain([NotesContract()], organisations: ["city-hall": ["department"]], store: store)
    let clerk = try chain.member("city-hall")
    try chain.call("notes", "file", FileNote(number: 1, text: "one"), by: clerk)
    for reads in 0..<3 {
      store.arm(.expiry(afterReads: reads))
      #expect(throws: QueryError.ledger(.store(.readExpired))) { try chain.ledger.query("notes", "note", UInt64(1), as: Note?.self) }
    }
    store.arm(nil)
    let found = try chain.ledger.query("notes", "note", UInt64(1), as: Note?.self)
    #expect(found?.text == "one")
  }

  @Test func commitThatFailsLeavesTheHead() throws {
    let store = SimulatedStore()
    var chain = try SoloChain([NotesContract()], organisations: ["city-hall": ["department"]], store: store)
    let head = chain.ledger.head
    store.arm(.full(atChange: 5))
    #expect(throws: LedgerError.store(.storageFull(usedMiB: 1))) { try chain.makeBlock() }
    #expect(chain.ledger.head == head)
    store.arm(.failedSync(isDurable: true))
    #expect(throws: LedgerError.store(.io("sync"))) { try chain.makeBlock() }
    #expect(throws: LedgerError.store(.io("sync"))) { try chain.makeBlock() }
    #expect(chain.ledger.head == head)
    let again = try Ledger(store: try store.reopened(), genesis: chain.genesis, contracts: chain.founding.registry)
    #expect(again.head.height == head.height.next)
  }
}
