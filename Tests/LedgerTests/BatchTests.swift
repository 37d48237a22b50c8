import ChainCore
import ChainTesting
import Testing

/// What is done for many transactions together gives what it gives for each alone.
@Suite struct Batches {
  static func chain(_ suite: CryptoSuite) throws -> (SoloChain, [SignedTransaction]) {
    var chain = try SoloChain([NotesContract()], suite: suite, organisations: ["city-hall": ["department"]])
    let clerks = try (0..<3).map { try chain.member("city-hall", named: "clerk \($0)") }
    var signed: [SignedTransaction] = []
    for number in UInt64(0)..<40 {
      let text = String(repeating: "n", count: Int(number % 7) * 20)
      signed.append(try chain.sign("notes", "file", FileNote(number: number, text: text), by: clerks[Int(number % 3)]))
    }
    return (chain, signed)
  }

  @Test(arguments: CryptoSuite.allCases) func idsAndRootsAreThoseOfEach(suite: CryptoSuite) throws {
    let (chain, signed) = try Self.chain(suite)
    let genesis = chain.ledger.genesisID
    #expect(signed.ids(genesis: genesis, suite: suite) == signed.map { $0.transaction.id(genesis: genesis, suite: suite) })
    for count in [0, 1, 2, 3, 15, 16, 17, 40] {
      // Of these nothing is known; then of all; then of the last ones not.
      var part = try Self.copies(signed.prefix(count))
      let root = Block.transactionsRoot(of: part, genesis: genesis, suite: suite)
      #expect(Block.transactionsRoot(of: part, genesis: genesis, suite: suite) == root)
      part = try part.dropLast(2) + Self.copies(part.suffix(2))
      #expect(Block.transactionsRoot(of: part, genesis: genesis, suite: suite) == root)
      let leaves = part.map { MerkleLog.leafHash($0.leafData(genesis: genesis, suite: suite), suite: suite) }
      #expect(root == MerkleLog.root(of: leaves, suite: suite))
    }
  }

  /// Equal transactions that have nothing in common.
  static func copies(_ transactions: some Sequence<SignedTransaction>) throws -> [SignedTransaction] {
    try transactions.map { try SignedTransaction(canonicalBytes: $0.canonicalBytes) }
  }

  /// What a transaction hashes to is remembered for its copies: for no changed one, and for no other chain.
  @Test(arguments: CryptoSuite.allCases) func aChangedCopyHashesAnew(suite: CryptoSuite) throws {
    let (chain, signed) = try Self.chain(suite)
    let genesis = chain.ledger.genesisID
    func root(_ one: SignedTransaction, _ genesis: GenesisID) -> Digest {
      Block.transactionsRoot(of: [one], genesis: genesis, suite: suite)
    }
    let original = signed[0]
    let before = (id: original.id(genesis: genesis, suite: suite), root: root(original, genesis))
    var changed = [original, original, original]
    changed[0].transaction.salt += 1
    changed[1].signature = signed[1].signature
    changed[2].key = signed[1].key
    for one in changed {
      #expect(one != original && one.hashValue != original.hashValue)
      #expect(one.id(genesis: genesis, suite: suite) == one.transaction.id(genesis: genesis, suite: suite))
      #expect(root(one, genesis) == root(try Self.copies([one])[0], genesis) && root(one, genesis) != before.root)
      #expect([one].ids(genesis: genesis, suite: suite) == [one.transaction.id(genesis: genesis, suite: suite)])
    }
    // Another chain, in turn with this one.
    let other = GenesisID(suite.hash([1]))
    for _ in 0..<2 {
      #expect(original.id(genesis: genesis, suite: suite) == before.id && root(original, genesis) == before.root)
      #expect(original.id(genesis: other, suite: suite) == original.transaction.id(genesis: other, suite: suite))
      #expect(root(original, other) == root(try Self.copies([original])[0], other) && root(original, other) != before.root)
      let foreign: CryptoSuite = suite == .guomi ? .international : .guomi
      #expect(original.id(genesis: genesis, suite: foreign) == original.transaction.id(genesis: genesis, suite: foreign))
    }
    #expect(try Self.copies([original]) == [original] && Set([original] + Self.copies([original])).count == 1)
  }

  @Test(arguments: CryptoSuite.allCases) func oneBadTransactionNeitherHidesNorSpoilsAnother(suite: CryptoSuite) throws {
    let (chain, good) = try Self.chain(suite)
    let ledger = chain.ledger
    var batch = good
    batch[3].signature = batch[4].signature
    batch[17].transaction.salt += 1
    batch[20].transaction.entry = "nothing"
    batch[39].key = batch[38].key
    let other = try PrivateKey.generate(suite == .guomi ? .international : .guomi)
    batch[30] = SignedTransaction(transaction: batch[30].transaction, key: other.publicKey, signature: try other.sign(message: [1]))
    let results = ledger.admit(batch)
    for (place, result) in results.enumerated() {
      let alone = Result { () throws(AdmissionError) in try ledger.admit(batch[place].canonicalBytes) }
      #expect(result == alone, "transaction \(place)")
      let isGood = ![3, 17, 20, 30, 39].contains(place)
      #expect(((try? result.get()) != nil) == isGood, "transaction \(place)")
      if isGood { #expect(try result.get().bytes == batch[place].canonicalBytes.count) }
    }
    #expect(ledger.admit([]).isEmpty)
  }

  /// The first bad signature is named, wherever it is in the block.
  @Test(arguments: CryptoSuite.allCases) func aBlockWithOneBadSignatureIsRefused(suite: CryptoSuite) throws {
    let (chain, good) = try Self.chain(suite)
    func block(_ transactions: [SignedTransaction]) -> Block {
      Block(
        on: chain.ledger.head.header, parentID: chain.ledger.head.blockID, time: chain.time,
        proposer: suite.accountID(of: chain.validatorKeys[0].publicKey), transactions: transactions, genesis: chain.ledger.genesisID,
        suite: suite)
    }
    for place in [0, 7, 39] {
      var bad = good
      bad[place].signature = bad[(place + 1) % 40].signature
      #expect(throws: LedgerError.invalidBlock(.badSignature(index: place))) { try chain.ledger.validate(block(bad)) }
      #expect(throws: LedgerError.invalidBlock(.badSignature(index: place))) { try chain.ledger.commit(block(bad), position: 1) }
    }
    try chain.ledger.commit(block(good), position: 1)
    #expect(try chain.ledger.receipts(at: chain.ledger.head.height).count == 40)
  }
}
