import ChainCore
import ChainTesting
import Testing

@Suite struct Snapshots {
  @Test(arguments: CryptoSuite.allCases) func anImporterGoesOnLikeTheOthers(suite: CryptoSuite) throws {
    var world = try SnapshotWorld(suite)
    let store = MemoryStore()
    let ledger = try world.imported(into: store)
    let original = world.ledger
    #expect(try original.recordCount() > 200)
    #expect(ledger.head.checkpoint == original.head.checkpoint && ledger.head.header == original.head.header)
    #expect(ledger.base == original.head.height && ledger.newestCertified == original.head.height)
    #expect(try ledger.recordCount() == original.recordCount())
    let base = ledger.base
    // Fifty blocks more, on both: equal checkpoints mean equal states, indexes included, because `count` writes what it finds by index.
    for _ in 0..<50 {
      let certificate = try world.step()
      let block = try original.block(at: original.head.height)
      #expect(try ledger.commit(block, position: 1) == certificate.checkpoint)
      try ledger.add(certificate)
      #expect(try ledger.receipts(at: block.header.height) == original.receipts(at: block.header.height))
    }
    for text in ["t1", "c3"] {
      let answers = try [ledger, original].map { try $0.query("notes", "byText", text, as: [UInt64].self) }
      #expect(answers[0] == answers[1] && !answers[0].isEmpty)
    }
    // Proofs at and above the snapshot's height.
    let top = ledger.head.checkpoint
    for height in [base, base.next, ledger.head.height.previous] {
      let history = try ledger.proveHistory(of: height, under: top.height)
      try history.verify(under: top, suite: suite)
      #expect(try history == original.proveHistory(of: height, under: top.height))
      for number in UInt64(1)..<60 {
        let key = StateKey(contract: "notes", table: "notes", key: number)
        let proof = try ledger.proveRecord(key, at: height)
        #expect(try proof == original.proveRecord(key, at: height))
        try proof.verify(stateRoot: history.leaf.stateRoot, suite: suite)
      }
    }
    let opened = try Ledger(store: store, genesis: world.genesis, contracts: world.registry)
    #expect(opened.head == ledger.head && opened.base == base)
    // An importer serves others, below its own first block too.
    let again = try ledger.snapshot(at: ledger.newestCertified, chunkBytes: 2_000)
    #expect(try again == original.snapshot(at: original.newestCertified, chunkBytes: 2_000))
    for number in 0..<again.chunkCount {
      #expect(try ledger.snapshotChunk(number, of: again) == original.snapshotChunk(number, of: again))
    }
  }

  @Test func anImporterServesAtOnce() throws {
    let world = try SnapshotWorld()
    let ledger = try world.imported()
    let (manifest, chunks) = try world.export()
    #expect(try ledger.snapshot(at: ledger.base, chunkBytes: 2_000) == manifest)
    for (number, bytes) in chunks.enumerated() { #expect(try ledger.snapshotChunk(number, of: manifest).canonicalBytes == bytes) }
  }

  @Test func pastHeightsExportAsTheyWere() throws {
    var world = try SnapshotWorld(blocks: 25)
    let (manifest, chunks) = try world.export()
    for _ in 0..<20 { try world.step() }
    // The newest block stores the certificates of those before.
    #expect(try world.ledger.snapshot(at: manifest.height, chunkBytes: 2_000) == manifest)
    for (number, bytes) in chunks.enumerated() { #expect(try world.ledger.snapshotChunk(number, of: manifest).canonicalBytes == bytes) }
  }

  @Test func belowTheSnapshotIsATypedError() throws {
    var world = try SnapshotWorld()
    let ledger = try world.imported()
    let base = ledger.base
    let old = base.previous
    let recent = try #require(world.recent)
    let id = recent.id(genesis: ledger.genesisID, suite: ledger.suite)
    func refused(_ body: () throws -> Void) { #expect(throws: LedgerError.belowSnapshot(old, base: base)) { try body() } }
    refused { _ = try ledger.checkpoint(at: old) }
    refused { _ = try ledger.block(at: old) }
    refused { _ = try ledger.receipts(at: old) }
    refused { _ = try ledger.events(from: old) }
    refused { _ = try ledger.proveHistory(of: old, under: base) }
    refused { _ = try ledger.proveRecord(StateKey(contract: "notes", table: "notes", key: UInt64(1)), at: old) }
    #expect(throws: LedgerError.self) { try ledger.transaction(id) }
    #expect(throws: LedgerError.self) { try ledger.receipt(id) }
    #expect(throws: LedgerError.self) { try ledger.proveTransaction(id) }
    // Execution begins with what the snapshot brought.
    #expect(try ledger.verify() == LedgerReport(height: base, start: base, transactions: 0, certificates: 1))
    #expect(throws: QueryError.ledger(.belowSnapshot(old, base: base))) {
      try ledger.query("notes", "note", UInt64(1), as: Note?.self, at: old)
    }
    #expect(throws: LedgerError.wrongHeight(expected: base.next, got: old)) {
      try ledger.commit(try world.ledger.block(at: old), position: 1)
    }
    #expect(throws: SnapshotError.ledger(.belowSnapshot(old, base: base))) { try ledger.snapshot(at: old) }
    // Headers of the window are here, and the block of the snapshot again is nothing new.
    #expect(try ledger.header(at: old) == world.ledger.header(at: old))
    #expect(try ledger.commit(try world.ledger.block(at: base), position: 1) == ledger.head.checkpoint)
    try world.step()
    let next = try world.ledger.block(at: base.next)
    try ledger.commit(next, position: 1)
    #expect(try ledger.block(at: base.next) == next)
  }

  @Test func replaysInsideTheWindowAreRefused() throws {
    let world = try SnapshotWorld()
    let ledger = try world.imported()
    let recent = try #require(world.recent)
    func fault(_ ledger: Ledger, _ signed: SignedTransaction) throws -> LedgerError? {
      let head = ledger.head
      let block = Block(
        on: head.header, parentID: head.blockID, time: world.chain.time, proposer: world.clerk.id, transactions: [signed],
        genesis: ledger.genesisID, suite: ledger.suite)
      do throws(LedgerError) {
        try ledger.commit(block, position: 1)
        return nil
      } catch {
        return error
      }
    }
    #expect(try fault(ledger, recent) == .invalidBlock(.repeatedTransaction(index: 0)))
    #expect(try fault(world.ledger, recent) == .invalidBlock(.repeatedTransaction(index: 0)))
    // Every transaction that form would still allow is known to the importer.
    var height: BlockHeight = 1
    var seen = 0
    while height <= world.ledger.head.height {
      for signed in try world.ledger.block(at: height).transactions where signed.transaction.validUntilHeight > ledger.head.height {
        #expect(throws: AdmissionError.self) { try ledger.admit(signed) }
        #expect(try fault(ledger, signed) == .invalidBlock(.repeatedTransaction(index: 0)))
        seen += 1
      }
      height = height.next
    }
    #expect(seen > 20)
  }

  @Test func importGoesOnAfterAnInterruption() throws {
    let world = try SnapshotWorld()
    let (manifest, chunks) = try world.export()
    let store = MemoryStore()
    var first = try world.begin(manifest, in: store)
    for (number, bytes) in chunks.enumerated() where number % 3 != 0 { try first.add(bytes, as: number) }
    #expect(throws: LedgerError.unfinishedImport(manifest.height)) {
      try Ledger(store: store, genesis: world.genesis, contracts: world.registry)
    }
    var second = try #require(try SnapshotImport(resuming: store, genesis: world.genesis, contracts: world.registry))
    #expect(second.manifest == manifest && second.missing == first.missing && !second.missing.isEmpty)
    #expect(throws: SnapshotError.missingChunks(second.missing)) { try second.finish() }
    for number in second.missing { try second.add(chunks[number], as: number) }
    var third = try world.begin(manifest, in: store)
    #expect(third.missing.isEmpty)
    // A chunk that is here already is nothing new.
    try third.add(chunks[0], as: 0)
    #expect(try third.finish().head.checkpoint == world.ledger.head.checkpoint)
    #expect(throws: SnapshotError.storeNotEmpty) { try world.begin(manifest, in: store) }
    let none = try SnapshotImport(resuming: store, genesis: world.genesis, contracts: world.registry)
    #expect(none?.missing == nil)
  }

  @Test func anImportCanBeDiscarded() throws {
    var world = try SnapshotWorld()
    let (manifest, chunks) = try world.export()
    let store = MemoryStore()
    var first = try world.begin(manifest, in: store)
    for (number, bytes) in chunks.enumerated() { try first.add(bytes, as: number) }
    for _ in 0..<5 { try world.step() }
    let (newer, newerChunks) = try world.export()
    #expect(throws: SnapshotError.otherImport(manifest.height)) { try world.begin(newer, in: store) }
    try SnapshotImport.discard(in: store)
    var second = try world.begin(newer, in: store)
    #expect(second.missing.count == newer.chunkCount)
    for (number, bytes) in newerChunks.enumerated() { try second.add(bytes, as: number) }
    let ledger = try second.finish()
    #expect(ledger.head.checkpoint == world.ledger.head.checkpoint)
    try SnapshotImport.discard(in: store)
    #expect(try Ledger(store: store, genesis: world.genesis, contracts: world.registry).head == ledger.head)
  }
}
