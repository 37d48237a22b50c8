internal import ChainCore

// Committing under faults, and beginning again.
extension LedgerWorld {
  /// An executor with an empty store; power may fail while genesis is written.
  mutating func begin(_ index: Int) throws {
    if blocks.isEmpty { beginChain() }
    let store = SimulatedStore()
    if random.chance(faults.crashes[index]) { store.arm(.crash(atChange: random.below(40))) }
    let node = try open(store)
    if index < nodes.count { nodes[index] = node } else { nodes.append(node) }
    if checkpoints.isEmpty {
      checkpoints.append(try node.ledger.checkpoint(at: 0))
      roots = StateRootModel(suite: suite, genesis: try Self.genesisRecords(node.store))
    }
    guard try nodes[index].ledger.checkpoint(at: 0) == checkpoints[0] else { throw failure("L\(index) has another genesis state") }
    log("L\(index) begins")
  }

  /// All records of the state at genesis.
  private static func genesisRecords(_ store: SimulatedStore) throws -> [(key: [UInt8], value: [UInt8])] {
    try store.read { reader in
      try reader.range(StoreTable("state", layout: .runs)).compactMap { key, bytes in
        var record = CanonicalReader(bytes)
        let (_, value) = (try UInt64(from: &record), try [UInt8]?(from: &record))
        return value.map { (key, $0) }
      }
    }
  }

  /// Opens the ledger in `store`, or in what is left of it when power fails meanwhile.
  private mutating func open(_ store: SimulatedStore) throws -> Node {
    var store = store
    while true {
      steps += 1
      do throws(LedgerError) {
        return Node(store: store, ledger: try Ledger(store: store, genesis: founding.genesis, contracts: founding.registry))
      } catch {
        guard store.isDead else { throw error }
        note(.crashBeforeCommit)
        store = try store.reopened()
      }
    }
  }

  /// Ends the executor's process and starts it again; what was answered must be there, and whole.
  mutating func reopen(_ index: Int) throws {
    steps += 1
    let before = nodes[index]
    nodes[index].store = try before.store.reopened()
    nodes[index].ledger = try Ledger(store: nodes[index].store, genesis: founding.genesis, contracts: founding.registry)
    note(.reopen)
    let head = nodes[index].ledger.head.height
    log("L\(index) is open again at \(head)")
    mix(head.rawValue)
    guard head >= before.answered else {
      throw failure("L\(index) answered for height \(before.answered) and is at \(head) after a restart")
    }
    guard head <= max(before.answered, before.given), Int(head.rawValue) < blocks.count else {
      throw failure("L\(index) is at height \(head) after a restart, of which it never had a block")
    }
    // What a restart shows is as good as answered.
    nodes[index].answered = head
    while checkpoints.count < Int(head.rawValue) {
      try compare(try nodes[index].ledger.checkpoint(at: BlockHeight(UInt64(checkpoints.count))), index)
    }
    try compare(nodes[index].ledger.head.checkpoint, index)
    try check(index, head)
    // What was given after the last commit may be lost, what that commit stored may not.
    let oldest = nodes[index].ledger.oldestBlock
    let kept = nodes[index].certificates.prefix(nodes[index].durableCertificates).filter { $0 >= oldest }
    for height in kept {
      guard try nodes[index].ledger.certificate(at: height) != nil else { throw failure("L\(index) lost the certificate of \(height)") }
    }
    if let newest = kept.max() {
      note(.certificateKept)
      guard nodes[index].ledger.newestCertified >= newest else { throw failure("L\(index) forgot its newest certificate") }
    }
    let ledger = nodes[index].ledger
    nodes[index].certificates = try nodes[index].certificates.filter { try ledger.certificate(at: $0) != nil }
    nodes[index].durableCertificates = nodes[index].certificates.count
  }

  /// Gives an executor all blocks it lacks.
  mutating func catchUp(_ index: Int) throws {
    let missing = tip.rawValue - nodes[index].ledger.head.height.rawValue
    if missing > 1 { note(.caughtUp) }
    while nodes[index].ledger.head.height < tip {
      try guarded(index) { world throws in try world.advance(index) }
    }
  }

  /// Commits one block, or some of those that it lacks together, as often as faults make it necessary.
  private mutating func advance(_ index: Int) throws {
    let first = nodes[index].ledger.head.height.next
    // Sometimes one alone, sometimes several; the same in each run of a seed.
    let last = BlockHeight(min(tip.rawValue, first.rawValue + first.rawValue % 3))
    if first < last { note(.committedTogether) }
    for attempt in 0... {
      let fault = attempt < 3 ? drawFault(index) : nil
      nodes[index].store.arm(fault)
      if let fault { log("L\(index), blocks \(first) to \(last): \(fault)") }
      if try commit(index, first, last, fault) { break }
      // After a crash or failed sync they may be there, or not, but no part of them.
      let head = nodes[index].ledger.head.height
      if head == last { break }
      guard head < first else { throw failure("L\(index) has a part of the blocks \(first) to \(last), which were committed together") }
    }
    nodes[index].store.arm(nil)
    for number in first.rawValue...last.rawValue {
      try check(index, BlockHeight(number))
      try giveCertificate(index, BlockHeight(number))
    }
    if random.chance(10) { try repeatBlock(index) }
  }

  private mutating func drawFault(_ index: Int) -> StoreFault? {
    let change = random.below(random.chance(80) ? 30 : 200)
    if random.chance(faults.crashes[index]) { return random.chance(30) ? .crashAfterCommit : .crash(atChange: change) }
    if random.chance(faults.full) { return .full(atChange: change) }
    if random.chance(faults.failedSyncs) { return .failedSync(isDurable: random.chance(50)) }
    if random.chance(faults.growth) { return .growth(atChange: change) }
    if random.chance(faults.slowReads) { return .expiry(afterReads: random.below(25)) }
    return nil
  }

  /// One attempt; whether the blocks are there.
  private mutating func commit(_ index: Int, _ first: BlockHeight, _ height: BlockHeight, _ fault: StoreFault?) throws -> Bool {
    steps += 1
    let (ledger, store) = (nodes[index].ledger, nodes[index].store)
    let waiting = blocks[Int(first.rawValue)...Int(height.rawValue)]
    nodes[index].given = height
    let before = ledger.head
    let signatures: Ledger.SignatureCheck = random.chance(20) ? .check : .alreadyChecked
    let result =
      if fault == nil, waiting.count > 1, random.chance(50) {
        // Only damage that was there before fails it, which whoever began this notices.
        Result<[Checkpoint], LedgerError>.success(try commitMeanwhile(index, waiting, signatures))
      } else {
        Result(catching: { () throws(LedgerError) in try Self.commit(waiting, to: ledger, signatures) })
      }
    switch result {
    case .success(let found):
      store.arm(nil)
      switch fault {
      case .growth: note(.growth)
      case nil, .expiry: break
      case .some(let fault): throw failure("L\(index) answers for block \(height) in spite of \(fault)")
      }
      nodes[index].answered = height
      nodes[index].durableCertificates = nodes[index].certificates.count
      for checkpoint in found {
        try compare(checkpoint, index)
        note(.block)
      }
      return true
    case .failure(let error):
      guard store.isDead else { return try recover(index, height, fault, error, before) }
      log("L\(index): power fails at block \(height)")
      note(fault == .crashAfterCommit ? .crashAfterCommit : .crashBeforeCommit)
      try reopen(index)
      let isThere = nodes[index].ledger.head.height == height
      guard isThere == (fault == .crashAfterCommit) else {
        throw failure("L\(index): block \(height) is \(isThere ? "there" : "not there") after \(fault.map { "\($0)" } ?? "nothing")")
      }
      return isThere
    }
  }

  /// One block as a whole, several each executed on the one before it.
  private static func commit(
    _ blocks: ArraySlice<Block>, to ledger: Ledger, _ signatures: Ledger.SignatureCheck
  ) throws(LedgerError) -> [Checkpoint] {
    if blocks.count == 1, let block = blocks.first {
      return [try ledger.commit(block, position: block.header.height.rawValue * 3, signatures: signatures)]
    }
    var executed: [ExecutedBlock] = []
    for block in blocks { executed.append(try execute(block, on: ledger, after: executed.last, signatures)) }
    return try ledger.commit(executed).map(\.checkpoint)
  }

  private static func execute(
    _ block: Block, on ledger: Ledger, after previous: ExecutedBlock?, _ signatures: Ledger.SignatureCheck
  ) throws(LedgerError) -> ExecutedBlock {
    let height = block.header.height
    guard let executed = try ledger.execute(block, position: height.rawValue * 3, after: previous, signatures: signatures) else {
      throw .wrongHeight(expected: ledger.head.height.next, got: height)
    }
    return executed
  }

  /// Several blocks, each executed on the one before it, and between these what a running node does: it prunes, and commits the first of
  /// them while the others stand on it.
  private mutating func commitMeanwhile(
    _ index: Int, _ blocks: ArraySlice<Block>, _ signatures: Ledger.SignatureCheck
  ) throws(LedgerError) -> [Checkpoint] {
    let ledger = nodes[index].ledger
    var waiting: [ExecutedBlock] = []
    var last: ExecutedBlock?
    var found: [Checkpoint] = []
    for block in blocks {
      let next = try Self.execute(block, on: ledger, after: last, signatures)
      waiting.append(next)
      last = next
      switch random.below(3) {
      case 0:
        let policy = RetentionPolicy(states: 1 + UInt64(random.below(3)), blocks: random.chance(50) ? .archived(keeping: 1) : .all)
        let progress = try ledger.prune(policy, limit: 1 + random.below(200))
        if progress.nodes > 0 { note(.prunedUnderExecuted) }
      case 1:
        found.append(try ledger.commit(waiting.removeFirst()).checkpoint)
        note(.committedUnderExecuted)
      default: break
      }
    }
    return try waiting.isEmpty ? found : found + ledger.commit(waiting).map(\.checkpoint)
  }

  /// What must hold when a commit failed and the process lives.
  private mutating func recover(
    _ index: Int, _ height: BlockHeight, _ fault: StoreFault?, _ error: LedgerError, _ before: LedgerHead
  ) throws -> Bool {
    guard case .store(let reason) = error else { throw failure("L\(index) does not execute block \(height): \(error)") }
    guard nodes[index].ledger.head == before else { throw failure("L\(index): a commit failed and the head moved") }
    switch (fault, reason) {
    case (.full, .storageFull):
      note(.storageFull)
      log("L\(index) has no room for block \(height)")
      if before.height > nodes[index].ledger.base { try check(index, before.height) }
      return false
    case (.failedSync(let isDurable), .io):
      note(isDurable ? .failedSyncDurable : .failedSync)
      log("L\(index): the sync of block \(height) fails")
      let (ledger, block) = (nodes[index].ledger, blocks[Int(height.rawValue)])
      let again = Result(catching: { try ledger.commit(block, position: 0) })
      if case .success = again { throw failure("L\(index) goes on after a failed sync") }
      try reopen(index)
      let isThere = nodes[index].ledger.head.height == height
      guard isThere == isDurable else { throw failure("L\(index): what a failed sync left on disk is not what is read") }
      return isThere
    case (.expiry, .readExpired):
      note(.readExpired)
      return false
    default: throw error
    }
  }

  /// Both executors compute the same.
  private mutating func compare(_ checkpoint: Checkpoint, _ index: Int) throws {
    mix(checkpoint.digest(genesis: genesisID, suite: suite).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    let place = Int(checkpoint.height.rawValue)
    if place == checkpoints.count {
      let denied = records(at: checkpoint.height).filter { $0.outcome.code == "notAuthorised" }
      audit.add(denied: denied.map { ($0.id, $0.signed.transaction) }, in: blocks[place].header)
      guard checkpoint.stateRoot == roots.root(of: models[place], audit: audit) else {
        throw failure("L\(index): the root of height \(place) is not that of its records")
      }
      checkpoints.append(checkpoint)
    }
    guard place < checkpoints.count, checkpoints[place] == checkpoint else {
      throw failure("L\(index) computes another checkpoint of height \(place) than another executor")
    }
  }

  /// Makes the certificate of a height, if it has none, and gives it.
  private mutating func giveCertificate(_ index: Int, _ height: BlockHeight) throws {
    guard random.chance(35) else { return }
    let place = Int(height.rawValue)
    if certificates[place] == nil {
      let digest = checkpoints[place].digest(genesis: genesisID, suite: suite)
      let signatures = try (0..<2).map { (index: $0, signature: try founding.validatorKeys[$0].sign(digest)) }
      certificates[place] = CheckpointCertificate(checkpoint: checkpoints[place], set: founding.genesis.validators, signatures: signatures)
    }
    guard let certificate = certificates[place] else { return }
    try nodes[index].ledger.add(certificate)
    nodes[index].certificates.append(height)
  }

  /// A block of the chain again, and another one for its height.
  private mutating func repeatBlock(_ index: Int) throws {
    let ledger = nodes[index].ledger
    let base = ledger.base.rawValue
    guard ledger.head.height.rawValue > base else { return }
    let height = Int(base + 1) + random.below(Int(ledger.head.height.rawValue - base))
    let (head, commits) = (ledger.head, nodes[index].store.commits)
    guard try ledger.commit(blocks[height], position: 1) == checkpoints[height] else {
      throw failure("L\(index): a block again is another")
    }
    note(.repeatedBlock)
    let other = block([], on: blocks[height - 1], id: blockIDs[height - 1], later: 7)
    switch Result(catching: { () throws(LedgerError) in try ledger.commit(other, position: 1) }) {
    case .failure(.otherBlock): note(.otherBlockRefused)
    case .failure(let error): throw error
    case .success: throw failure("L\(index) takes a second block \(height)")
    }
    guard ledger.head == head, nodes[index].store.commits == commits else { throw failure("L\(index): a repeated block changed something") }
  }
}
