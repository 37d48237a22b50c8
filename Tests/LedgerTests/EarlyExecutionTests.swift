import ChainCore
import ChainTesting
import Testing

/// Numbered entries whose calls depend on ranges of the table and of its index: what a block before changed shows in each.
private struct Tape: Contract {
  static let name: ContractName = "tape"
  static let entries = Table<UInt64, UInt64>("entries", indexes: [TableIndex("value") { _, value in value % 7 }])

  var entries: Entries {
    IndexedTable(Self.entries)
    Entry("append", by: .member) { (value: UInt64, context) -> [UInt64] in
      let last = try context.range(Self.entries, reverse: true, limit: 1).first?.key ?? 0
      try context.put(Self.entries, last + 1, value)
      return try context.range(Self.entries, index: "value", equals: value % 7, limit: 5).map(\.key)
    }
    Entry("drop", by: .member) { (count: UInt64, context) in
      for (key, _) in try context.range(Self.entries, limit: Int(count)) { try context.remove(Self.entries, key) }
      try context.require(count != 3, .expired)
    }
    Entry("fill", by: .member) { (count: UInt64, context) in
      for number in 0..<count { try context.put(Self.entries, 1_000_000 + number, number) }
    }
  }
}

/// A block that is executed while the one before it is not committed gives what it would give afterwards.
@Suite struct EarlyExecution {
  private struct Twins {
    var plain: SoloChain
    /// The same chain, committed early.
    let early: Ledger
    let clerk: Account

    init() throws {
      var parameters = ChainParameters()
      parameters.callLimits.writes = 10_000
      plain = try SoloChain([Tape()], organisations: ["office": []], parameters: parameters, validators: 1)
      clerk = try plain.member("office")
      early = try Ledger(store: MemoryStore(), genesis: plain.genesis, contracts: plain.founding.registry)
      try early.commit(plain.ledger.block(at: 1), position: 1)
    }

    /// A block on `parent`, or on the head.
    mutating func block(_ calls: [SignedTransaction], on parent: Block? = nil) -> Block {
      let ledger = early
      let header = parent?.header ?? ledger.head.header
      let id = parent.map { $0.header.id(genesis: ledger.genesisID, suite: ledger.suite) } ?? ledger.head.blockID
      return Block(
        on: header, parentID: id, time: header.time.advanced(byMilliseconds: 1_000), proposer: clerk.id, transactions: calls,
        genesis: ledger.genesisID, suite: ledger.suite)
    }
  }

  @Test(arguments: [UInt64](1...4)) func givesWhatPlainCommitsGive(seed: UInt64) throws {
    var twins = try Twins()
    #expect(twins.plain.ledger.head.checkpoint == twins.early.head.checkpoint)
    var random = SeededRandom(seed)
    var blocks: [Block] = []
    var open: [ExecutedBlock] = []
    var most = 0
    for number in 0..<40 {
      var calls: [SignedTransaction] = []
      for _ in 0..<random.below(6) {
        let (entry, argument): (EntryName, UInt64) =
          random.chance(70) ? ("append", UInt64(random.below(100))) : ("drop", UInt64(random.below(5)))
        calls.append(try twins.plain.sign(Tape.name, entry, argument, by: twins.clerk))
      }
      // Enough to give the tree a thread of its own, or each half of it.
      if number % 10 == 5 {
        let count = number % 20 == 5 ? 600 + number : 2_100 + number
        calls.append(try twins.plain.sign(Tape.name, "fill", UInt64(count), by: twins.clerk))
      }
      let block = twins.block(calls, on: blocks.last)
      blocks.append(block)
      let ledger = twins.early
      // Before or after some of those before it are committed, one by one or together: the answer is the same.
      func commitSome() throws {
        let count = random.chance(50) ? 0 : random.below(open.count + 1)
        if random.chance(50) {
          try ledger.commit(Array(open.prefix(count)))
        } else {
          for block in open.prefix(count) { try ledger.commit(block) }
        }
        committed = open.prefix(count).last ?? committed
        open.removeFirst(count)
      }
      var committed: ExecutedBlock?
      try commitSome()
      let executed = try #require(try ledger.execute(block, position: UInt64(number), after: open.last ?? committed))
      open.append(executed)
      most = max(most, open.count)
    }
    #expect(most > 3)
    let done = try twins.early.commit(open)
    #expect(done.map(\.checkpoint.height) == open.map(\.block.header.height) && done.allSatisfy { $0.receipts != nil })
    for (number, block) in blocks.enumerated() { try twins.plain.ledger.commit(block, position: UInt64(number)) }
    #expect(twins.plain.ledger.head == twins.early.head, "seed \(seed)")
    // The root once more, made in another way.
    #expect(twins.early.examine().fault == nil, "seed \(seed)")
    var height = twins.plain.ledger.head.height
    var outputs: Set<[UInt8]> = []
    while height > 0 {
      #expect(try twins.plain.ledger.checkpoint(at: height) == twins.early.checkpoint(at: height), "seed \(seed) height \(height)")
      let receipts = try twins.plain.ledger.receipts(at: height)
      #expect(try receipts == twins.early.receipts(at: height))
      outputs.formUnion(receipts.map(\.output))
      height = BlockHeight(height.rawValue - 1)
    }
    #expect(outputs.count > 10)
  }

  @Test func refusesWhatThePlainOrderRefuses() throws {
    var twins = try Twins()
    let ledger = twins.early
    let call = try twins.plain.sign(Tape.name, "append", UInt64(1), by: twins.clerk)
    let first = twins.block([call])
    let executed = try #require(try ledger.execute(first, position: 1))
    // A transaction of the block before, though nothing is committed yet.
    let repeating = twins.block([call], on: first)
    #expect(throws: LedgerError.invalidBlock(.repeatedTransaction(index: 0))) {
      try ledger.execute(repeating, position: 2, after: executed)
    }
    let second = twins.block([], on: first)
    let next = try #require(try ledger.execute(second, position: 2, after: executed))
    #expect(throws: LedgerError.wrongHeight(expected: first.header.height, got: second.header.height)) { try ledger.commit(next) }
    #expect(throws: LedgerError.invalidBlock(.wrongParent(first.header.parent))) {
      try ledger.execute(
        Block(
          on: first.header, parentID: first.header.parent, time: second.header.time, proposer: twins.clerk.id, transactions: [],
          genesis: ledger.genesisID, suite: ledger.suite), position: 2, after: executed)
    }
    #expect(ledger.head.height < first.header.height)
    try ledger.commit(executed)
    #expect(throws: LedgerError.wrongHeight(expected: second.header.height, got: first.header.height)) { try ledger.commit(executed) }
    try ledger.commit(next)
    #expect(try ledger.execute(first, position: 1) == nil)
    #expect(ledger.head.header == second.header)
  }

  /// What is committed together is committed whole or not at all.
  @Test func committedTogetherOrNotAtAll() throws {
    var twins = try Twins()
    let ledger = twins.early
    var blocks: [Block] = []
    var executed: [ExecutedBlock] = []
    for value in UInt64(0)..<4 {
      blocks.append(twins.block([try twins.plain.sign(Tape.name, "append", value, by: twins.clerk)], on: blocks.last))
      executed.append(try #require(try ledger.execute(blocks[Int(value)], position: value, after: executed.last)))
    }
    // A repeated transaction is found in whichever block below it stands.
    for place in 0..<3 {
      let repeating = twins.block(blocks[place].transactions, on: blocks[3])
      #expect(throws: LedgerError.invalidBlock(.repeatedTransaction(index: 0))) {
        try ledger.execute(repeating, position: 9, after: executed[3])
      }
    }
    let before = ledger.head
    for wrong in [[0, 2], [1, 2], [0, 1, 3], [1, 0], [0, 0]] {
      #expect(throws: LedgerError.self, "\(wrong)") { try ledger.commit(wrong.map { executed[$0] }) }
      #expect(ledger.head == before)
    }
    #expect(try ledger.commit([]).isEmpty)
    #expect(ledger.head == before)
    #expect(try ledger.commit(Array(executed[0...1])).count == 2)
    #expect(throws: LedgerError.self) { try ledger.commit(executed) }
    #expect(ledger.head.height == blocks[1].header.height)
    try ledger.commit(Array(executed[2...]))
    for (number, block) in blocks.enumerated() { try twins.plain.ledger.commit(block, position: UInt64(number)) }
    #expect(ledger.head == twins.plain.ledger.head)
  }

  /// Pruning may forget, between the two, that a record was removed; when it comes back, all that belongs to it is written anew.
  @Test func recordComesBackThoughItsTombstoneWentMeanwhile() throws {
    let store = MemoryStore()
    var chain = try SoloChain([Tape()], organisations: ["office": []], validators: 1, store: store)
    let clerk = try chain.member("office")
    func call(_ entry: EntryName) throws { #expect(try chain.call(Tape.name, entry, UInt64(1), by: clerk).status == .succeeded) }
    try call("append")
    try call("drop")
    for _ in 0..<3 { try chain.makeBlock() }
    let head = chain.ledger.head
    let block = Block(
      on: head.header, parentID: head.blockID, time: head.header.time.advanced(byMilliseconds: 500), proposer: clerk.id,
      transactions: [try chain.sign(Tape.name, "append", UInt64(1), by: clerk)], genesis: chain.ledger.genesisID, suite: chain.suite)
    let executed = try #require(try chain.ledger.execute(block, position: block.header.height.rawValue))
    let before = try Pruning.sizes(store)
    try Pruning.prune(chain.ledger, RetentionPolicy(states: 1))
    let after = try Pruning.sizes(store)
    #expect(before["state", default: 0] == after["state", default: 0] + 1, "the tombstone is gone")
    try chain.ledger.commit(executed)
    #expect(try Pruning.sizes(store)["state"] == before["state"])
    try chain.ledger.add(try chain.certify(chain.ledger.head.checkpoint))
    try chain.makeBlock()
    try Pruning.prune(chain.ledger, RetentionPolicy(states: 1))
    #expect(try chain.ledger.auditPruning().isExact)
  }
}
