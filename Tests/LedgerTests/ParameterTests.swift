import ChainCore
import ChainTesting
import Testing

/// The numbers that a chain is run by change by votes, from a height on, for every node alike, and never so that nothing could be decided.
@Suite struct ParameterTests {
  static let lag: UInt64 = 4

  static func chain(window: UInt64 = 200, _ store: any KeyValueStore = MemoryStore()) throws -> SoloChain {
    let parameters = ChainParameters(transactionWindow: window, certificateLag: lag)
    return try SoloChain(
      [NotesContract()], suite: .international, organisations: ["city-hall": ["department"]], parameters: parameters, store: store)
  }

  static func set(_ change: ParameterChange, _ chain: inout SoloChain) throws -> Receipt {
    try chain.govern("governance", "setParameters", change)
  }

  static func schedule(_ chain: SoloChain) throws -> ParameterSchedule { try chain.ledger.query("governance", "schedule", NoResult()) }

  static func pass(until height: BlockHeight, _ chain: inout SoloChain) throws {
    while chain.ledger.head.height < height { try chain.makeBlock() }
  }

  @Test func nobodyCanBrickTheChain() throws {
    var chain = try Self.chain()
    let far: BlockHeight = 1_000
    let brick: [(ParameterChange, String)] = [
      (ParameterChange(callLimits: CallLimits(reads: 0), from: far), "reads"),
      (ParameterChange(callLimits: CallLimits(writes: 999), from: far), "writes"),
      (ParameterChange(callLimits: CallLimits(bytes: (2 << 20) - 1), from: far), "bytes"),
      (ParameterChange(callLimits: CallLimits(bytes: .max), from: far), "bytes"),
      (ParameterChange(callLimits: CallLimits(steps: 0), from: far), "steps"),
      (ParameterChange(callLimits: CallLimits(steps: .max), from: far), "steps"),
      (ParameterChange(transactionBytes: 0, from: far), "transactionBytes"),
      (ParameterChange(transactionBytes: 128 * 1024 - 1, from: far), "transactionBytes"),
      (ParameterChange(transactionBytes: .max, from: far), "transactionBytes"),
      (ParameterChange(blockBytes: 0, from: far), "blockBytes"),
      (ParameterChange(blockBytes: 200 * 1024, from: far), "has to hold a transaction"),
      (ParameterChange(blockBytes: (3 << 20) + 1, from: far), "blockBytes"),
      (ParameterChange(blockTransactions: 0, from: far), "blockTransactions"),
      (ParameterChange(blockTransactions: 20_001, from: far), "blockTransactions"),
      (ParameterChange(transactionWindow: 0, from: far), "transactionWindow"),
      (ParameterChange(transactionWindow: 201, from: far), "transactionWindow"),
    ]
    for (change, field) in brick {
      let receipt = try Self.set(change, &chain)
      #expect(receipt.code == "badArgument" && receipt.message.contains(field), "\(field): \(receipt.message)")
    }
    #expect(try Self.set(ParameterChange(from: far), &chain).code == "alreadyExists", "nothing changes")
    #expect(try Self.schedule(chain) == ParameterSchedule(genesis: chain.genesis.parameters))
    let direct = try chain.call(
      "governance", "setParameters", ParameterChange(blockTransactions: 100, from: far), by: chain.administrator)
    #expect(direct.code == "notAuthorised")
  }

  @Test func notTooEarlyNotTwiceAndTakenBackInTime() throws {
    var chain = try Self.chain()
    let change = { (from: UInt64) in ParameterChange(blockTransactions: 100, from: BlockHeight(from)) }
    let now = chain.ledger.head.height.rawValue
    #expect(try Self.set(change(now + 1), &chain).message.contains("from:"), "blocks ahead of the head are checked by it already")
    #expect(try Self.set(change(.max), &chain).message.contains("from:"))
    // Proposed in time, but executed too late for its height.
    let late = try chain.approve([GovernedCall("governance", "setParameters", change(chain.ledger.head.height.rawValue + 14))])
    #expect(try chain.execute(try UInt64(canonicalBytes: late.output)).message.contains("from:"))
    let from = BlockHeight(chain.ledger.head.height.rawValue + 60)
    #expect(try Self.set(change(from.rawValue), &chain).status == .succeeded)
    #expect(try Self.set(change(500), &chain).code == "notAllowed", "one is decided already")
    #expect(try chain.govern("governance", "cancelParameters", NoResult()).status == .succeeded)
    #expect(try Self.schedule(chain).next == nil)
    #expect(try chain.govern("governance", "cancelParameters", NoResult()).code == "notFound")
    try Self.pass(until: from.next, &chain)
    #expect(chain.ledger.parameters == chain.genesis.parameters)

    let again = BlockHeight(chain.ledger.head.height.rawValue + 40)
    #expect(try Self.set(change(again.rawValue), &chain).status == .succeeded)
    let cancel = try chain.approve([GovernedCall("governance", "cancelParameters", NoResult())])
    try Self.pass(until: BlockHeight(again.rawValue - Self.lag - 1), &chain)
    let tooLate = try chain.execute(try UInt64(canonicalBytes: cancel.output))
    #expect(tooLate.code == "notAllowed" && tooLate.message.contains("too late"))
  }

  /// Every number, one block before and at its height.
  @Test func eachNumberCountsFromItsHeightOn() throws {
    var chain = try Self.chain()
    let clerk = try chain.member("city-hall")
    let from = BlockHeight(chain.ledger.head.height.rawValue + 40)
    let limits = CallLimits(reads: 6_000, writes: 1_000, bytes: 2 << 20, steps: 500_000)
    let change = ParameterChange(
      callLimits: limits, transactionBytes: 128 * 1024, blockBytes: 130 * 1024, blockTransactions: 16, transactionWindow: 150, from: from)
    #expect(try Self.set(change, &chain).status == .succeeded)
    func file(_ count: Int, bytes: Int = 10, validFor: UInt64 = 50, _ chain: SoloChain) throws -> [SignedTransaction] {
      try (0..<count).map { index in
        try clerk.sign(
          "notes", "file", FileNote(number: UInt64(10_000 * bytes + index), text: String(repeating: "n", count: bytes)),
          chain: chain.genesis.chain, genesis: chain.ledger.genesisID, validUntil: chain.ledger.head.height.advanced(by: validFor),
          salt: UInt64.random(in: 0 ... .max))
      }
    }
    func isTaken(_ signed: [SignedTransaction], _ chain: SoloChain) -> Bool {
      let head = chain.ledger.head
      let block = Block(
        on: head.header, parentID: head.blockID, time: chain.time, proposer: AccountID(.zero), transactions: signed,
        genesis: chain.ledger.genesisID, suite: chain.suite)
      return (try? chain.ledger.validate(block)) != nil
    }
    try Self.pass(until: BlockHeight(from.rawValue - 2), &chain)
    let cases: [(Int, Int, UInt64)] = [(17, 10, 50), (1, 129 * 1024, 50), (2, 66 * 1024, 50), (1, 10, 151)]
    for (count, bytes, validFor) in cases {
      #expect(isTaken(try file(count, bytes: bytes, validFor: validFor, chain), chain), "before: \(count), \(bytes), \(validFor)")
    }
    let waiting = try file(1, bytes: 129 * 1024, chain) + file(1, validFor: 190, chain) + file(20, chain)
    try chain.makeBlock()
    #expect(chain.ledger.head.height.next == from && chain.ledger.parameters.callLimits == limits)
    for (count, bytes, validFor) in cases {
      #expect(!isTaken(try file(count, bytes: bytes, validFor: validFor, chain), chain), "from: \(count), \(bytes), \(validFor)")
    }
    #expect(isTaken(try file(16, validFor: 150, chain), chain))
    // What a pool took before does not make it propose blocks that nobody takes.
    var pool = Mempool()
    for signed in waiting {
      let id = signed.id(genesis: chain.ledger.genesisID, suite: chain.suite)
      try pool.insert(AdmittedTransaction(signed: signed, id: id, bytes: signed.canonicalBytes.count))
    }
    let now = chain.ledger.parameters
    let chosen = pool.candidates(
      at: from, count: Int(now.blockTransactions), bytes: Int(now.blockBytes), largest: Int(now.transactionBytes),
      window: now.transactionWindow)
    #expect(chosen.count == 16 && isTaken(chosen, chain))
    try chain.makeBlock()
    #expect(try chain.ledger.parameters(at: from.previous) == chain.genesis.parameters)
  }

  /// A call that needs more than the new limit fails from the height on, succeeded before, and is executed again as it was.
  @Test func historyIsExecutedByTheNumbersOfItsTime() throws {
    let store = MemoryStore()
    var chain = try Self.chain(store)
    let clerk = try chain.member("city-hall")
    let from = BlockHeight(chain.ledger.head.height.rawValue + 30)
    var change = ParameterChange(callLimits: CallLimits(reads: 5_000, writes: 1_000, bytes: 2 << 20, steps: 500_000), from: from)
    #expect(try Self.set(change, &chain).status == .succeeded)
    let heavy = try chain.call("notes", "burn", UInt64(600_000), by: clerk)
    #expect(heavy.status == .succeeded, "\(heavy.message)")
    // Twenty transactions in one block, which the third change forbids.
    var many: [SignedTransaction] = []
    for number in UInt64(0)..<20 { many.append(try chain.sign("notes", "file", FileNote(number: number, text: "x"), by: clerk)) }
    try chain.makeBlock(many)
    try Self.pass(until: from.previous, &chain)
    #expect(try chain.call("notes", "burn", UInt64(600_000), by: clerk).code == "limitExceeded")
    #expect(throws: QueryError.self, "queries are bounded by the same numbers") {
      let _: UInt64 = try chain.ledger.query("notes", "burnt", UInt64(600_000))
    }
    change = ParameterChange(blockTransactions: 16, transactionWindow: 100, from: BlockHeight(chain.ledger.head.height.rawValue + 30))
    #expect(try Self.set(change, &chain).status == .succeeded)
    try Self.pass(until: change.from.next, &chain)
    #expect(try chain.ledger.verify().height == chain.ledger.head.height)
    let found = chain.ledger.examine()
    #expect(found.fault == nil, "\(found)")
    let reopened = try Ledger(store: store, genesis: chain.genesis, contracts: chain.founding.registry)
    #expect(reopened.head == chain.ledger.head && reopened.parameters.blockTransactions == 16)
    #expect(try reopened.parameters(at: from.previous) == chain.genesis.parameters)
    #expect(try reopened.parameters(at: from).callLimits.steps == 500_000)
    #expect(try reopened.parameters(at: change.from).transactionWindow == 100)

    // A snapshot brings them along, and what was in a block before the window shrank comes in none again.
    let manifest = try chain.ledger.snapshot(at: chain.ledger.newestCertified)
    var copy = try SnapshotImport(manifest, into: MemoryStore(), genesis: chain.genesis, contracts: chain.founding.registry)
    for number in copy.missing { try copy.add(try chain.ledger.snapshotChunk(number, of: manifest), as: number) }
    let imported = try copy.finish()
    #expect(imported.parameters == chain.ledger.parameters)
    #expect(try imported.parameters(at: from).callLimits.steps == 500_000)
    #expect(throws: AdmissionError.self) { try imported.admit(many[0]) }
  }

  /// The platform's largest calls pass at the least that can be set: so what was set can always be changed again.
  @Test func atTheLeastEverythingCanStillBeDecided() throws {
    var chain = try Self.chain()
    let least = ParameterChange(
      callLimits: CallLimits(
        reads: ParameterBounds.reads.lowerBound, writes: ParameterBounds.writes.lowerBound, bytes: ParameterBounds.bytes.lowerBound,
        steps: ParameterBounds.steps.lowerBound), transactionBytes: ParameterBounds.transactionBytes.lowerBound,
      blockBytes: ParameterBounds.blockBytes.lowerBound, blockTransactions: ParameterBounds.blockTransactions.lowerBound,
      transactionWindow: ParameterBounds.shortestWindow, from: BlockHeight(chain.ledger.head.height.rawValue + 30))
    #expect(try Self.set(least, &chain).status == .succeeded)
    try Self.pass(until: least.from, &chain)
    // Sixteen calls with as many bytes as a proposal may have.
    let clerk = try chain.member("city-hall")
    for number in UInt64(1)...16 { try chain.call("notes", "file", FileNote(number: number, text: "n"), by: clerk) }
    #expect(try chain.govern((1...16).map { GovernedCall("notes", "purge", UInt64($0)) }).status == .succeeded)
    let large = ContractVersion(
      contract: "notes", version: 2, manifest: chain.suite.hash([1]), code: chain.suite.hash([2]))
    #expect(try chain.call("contracts", "propose", large, by: chain.administrator).status == .succeeded)
    let back = ParameterChange(
      callLimits: chain.genesis.parameters.callLimits, transactionBytes: chain.genesis.parameters.transactionBytes,
      blockBytes: chain.genesis.parameters.blockBytes, blockTransactions: chain.genesis.parameters.blockTransactions,
      transactionWindow: chain.genesis.parameters.transactionWindow, from: BlockHeight(chain.ledger.head.height.rawValue + 40))
    #expect(try Self.set(back, &chain).status == .succeeded)
    try Self.pass(until: back.from, &chain)
    #expect(chain.ledger.parameters == chain.genesis.parameters)
  }
}
