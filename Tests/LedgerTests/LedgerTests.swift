import ChainCore
import ChainTesting
import Testing

@Suite struct LedgerPromises {
  func busy(_ suite: CryptoSuite = .guomi, store: any KeyValueStore = MemoryStore(), blocks: UInt64 = 12) throws -> SoloChain {
    var chain = try SoloChain([NotesContract()], suite: suite, organisations: ["city-hall": ["department"]], store: store)
    let clerk = try chain.member("city-hall")
    for number in 0..<blocks {
      if number.isMultiple(of: 4) {
        try chain.makeBlock()
      } else {
        try chain.makeBlock([
          try chain.sign("notes", "file", FileNote(number: number, text: "n\(number % 3)"), by: clerk),
          try chain.sign("notes", "change", FileNote(number: number / 2, text: "c\(number)"), by: clerk),
        ])
      }
    }
    return chain
  }

  @Test(arguments: CryptoSuite.allCases) func reexecutionGivesTheSameChain(suite: CryptoSuite) throws {
    let chain = try busy(suite)
    let report = try chain.ledger.verify()
    #expect(report.height == chain.ledger.head.height)
    #expect(report.transactions == 19 && report.certificates == 13)
  }

  @Test func reopeningFindsTheSameHead() throws {
    let store = MemoryStore()
    let chain = try busy(store: store)
    let again = try Ledger(store: store, genesis: chain.genesis, contracts: try ContractRegistry([NotesContract()]))
    #expect(again.head == chain.ledger.head)
    #expect(try again.verify().height == chain.ledger.head.height)
    // The newest certificate waits for the next commit; older ones are stored.
    #expect(again.newestCertified == chain.ledger.head.height.previous)
    let other = try SoloChain([NotesContract()], seed: 9)
    #expect(throws: LedgerError.otherGenesis(expected: other.ledger.genesisID, found: chain.ledger.genesisID)) {
      try Ledger(store: store, genesis: other.genesis, contracts: try ContractRegistry([NotesContract()]))
    }
  }

  @Test func hostWithoutTheContractDoesNotStart() throws {
    let chain = try busy(blocks: 1)
    #expect(throws: LedgerError.genesis(.unknownContract("notes"))) {
      try Ledger(store: MemoryStore(), genesis: chain.genesis, contracts: try ContractRegistry([]))
    }
    var changed = chain.genesis
    changed.contracts[0].manifest = .zero
    #expect(throws: LedgerError.self) {
      try Ledger(store: MemoryStore(), genesis: changed, contracts: try ContractRegistry([NotesContract()]))
    }
  }

  @Test func sameBlockAgainIsNothingAnotherIsAnError() throws {
    var chain = try busy(blocks: 3)
    let head = chain.ledger.head
    let block = try chain.ledger.block(at: head.height)
    #expect(try chain.ledger.commit(block, position: 99) == head.checkpoint)
    #expect(chain.ledger.head == head)
    var other = block
    other.header.time = other.header.time.advanced(byMilliseconds: 1)
    #expect(throws: LedgerError.self) { try chain.ledger.commit(other, position: 99) }
    try chain.makeBlock()
    #expect(chain.ledger.head.height == head.height.next)
  }

  @Test func brokenBlocksAreRefusedByName() throws {
    var chain = try busy(blocks: 3)
    let clerk = try chain.member("city-hall")
    let head = chain.ledger.head
    let signed = try chain.sign("notes", "file", FileNote(number: 50, text: "x"), by: clerk)
    func block(_ transactions: [SignedTransaction], _ change: (inout BlockHeader) -> Void = { _ in }) -> Block {
      var block = Block(
        on: head.header, parentID: head.blockID, time: chain.time, proposer: clerk.id, transactions: transactions,
        genesis: chain.ledger.genesisID, suite: chain.suite)
      change(&block.header)
      return block
    }
    func fault(_ block: Block) -> BlockFault? {
      do throws(LedgerError) {
        try chain.ledger.commit(block, position: 1)
      } catch {
        if case .invalidBlock(let fault) = error { return fault }
      }
      return nil
    }
    #expect(fault(block([signed]) { $0.chain = "elsewhere" }) == .wrongChain("elsewhere"))
    #expect(fault(block([signed]) { $0.parent = BlockID(.zero) }) == .wrongParent(BlockID(.zero)))
    #expect(fault(block([signed]) { $0.time = head.header.time }) == .timeNotLater)
    #expect(fault(block([signed]) { $0.transactionsRoot = .zero }) == .wrongTransactionsRoot)
    #expect(fault(block([signed, signed])) == .repeatedTransaction(index: 1))
    var forged = signed
    forged.signature = try clerk.key.sign(Digest.zero)
    #expect(fault(block([forged])) == .badSignature(index: 0))
    var late = signed.transaction
    late.validUntilHeight = head.height
    let expired = try late.signed(by: clerk.key, genesis: chain.ledger.genesisID)
    #expect(fault(block([expired])) == .badTransaction(index: 0, "valid until height \(head.height), now at \(head.height.next)"))
    #expect(chain.ledger.head == head)
    try chain.makeBlock([signed])
    let next = chain.ledger.head
    let replay = Block(
      on: next.header, parentID: next.blockID, time: chain.time, proposer: clerk.id, transactions: [signed],
      genesis: chain.ledger.genesisID, suite: chain.suite)
    #expect(fault(replay) == .repeatedTransaction(index: 0))
  }

  @Test(arguments: CryptoSuite.allCases) func proofsVerifyWithoutTheLedger(suite: CryptoSuite) throws {
    let chain = try busy(suite)
    let ledger = chain.ledger
    let certificate = try #require(try ledger.newestCertificate())
    try certificate.verify(in: chain.genesis.validators, genesis: ledger.genesisID, suite: suite)
    let top = certificate.checkpoint
    var height: BlockHeight = 0
    var transactions = 0
    while height < top.height {
      let history = try ledger.proveHistory(of: height, under: top.height)
      try history.verify(under: top, suite: suite)
      let header = try ledger.header(at: height)
      #expect(header.id(genesis: ledger.genesisID, suite: suite) == history.leaf.blockID)
      for signed in try ledger.block(at: height).transactions {
        let id = signed.id(genesis: ledger.genesisID, suite: suite)
        try ledger.proveTransaction(id).verify(root: header.transactionsRoot, genesis: ledger.genesisID, suite: suite)
        let receipt = try ledger.proveReceipt(id)
        try receipt.verify(root: history.leaf.receiptsRoot, suite: suite)
        #expect(receipt.receipt.transaction == id)
        transactions += 1
      }
      for number in UInt64(0)..<12 {
        let key = StateKey(contract: "notes", table: "notes", key: number)
        let proof = try ledger.proveRecord(key, at: height)
        try proof.verify(stateRoot: history.leaf.stateRoot, suite: suite)
        let known: Note? = try ledger.query("notes", "note", number, at: height)
        #expect(try proof.value.map { try Note(canonicalBytes: $0) } == known)
        var lie = proof
        lie.value = known == nil ? [1] : nil
        #expect(throws: ProofError.self) { try lie.verify(stateRoot: history.leaf.stateRoot, suite: suite) }
      }
      height = height.next
    }
    #expect(transactions == 19 - 2)
  }

  @Test func certificatesAreCheckedAndDivergenceIsNoticed() throws {
    var chain = try busy(blocks: 2)
    let certificate = try chain.makeBlock()
    var forged = certificate
    forged.checkpoint.stateRoot = .zero
    #expect(throws: LedgerError.badCertificate(.badSignature(index: 0))) { try chain.ledger.add(forged) }
    let other = try chain.certify(forged.checkpoint)
    #expect(throws: LedgerError.diverged(certificate.checkpoint.height)) { try chain.ledger.add(other) }
    let minority = try chain.certify(certificate.checkpoint, signers: [1])
    #expect(throws: LedgerError.badCertificate(.insufficientWeight(signed: 1, total: 3))) { try chain.ledger.add(minority) }
  }

  @Test func eventsResumeFromAHeight() throws {
    let chain = try busy()
    let all = try chain.ledger.events(from: 0)
    #expect(all.filter { $0.event.name == "notes.file" }.count == 9)
    let later = try chain.ledger.events(from: all[3].height)
    #expect(later == all.filter { $0.height >= all[3].height })
  }
}
