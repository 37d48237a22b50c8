internal import ChainCore

// What must hold of an executor at a height: everything is compared with the model or verified under checkpoints.
extension LedgerWorld {
  /// Checks an executor whose head is at `height` or above; what is older is drawn.
  mutating func check(_ index: Int, _ height: BlockHeight) throws {
    let ledger = nodes[index].ledger
    let base = ledger.base
    let head = ledger.head
    steps += 1
    guard head.height >= height else { throw failure("L\(index) is at height \(head.height), not \(height)") }
    guard head.checkpoint == checkpoints[Int(head.height.rawValue)] else { throw failure("L\(index): the head is not what was committed") }
    let isImported = base > 0 && head.height == base
    guard head.position == (isImported ? base.rawValue : head.height.rawValue * 3) else {
      throw failure("L\(index): the engine's position of block \(head.height) is \(head.position)")
    }
    if height > base, height >= ledger.oldestBlock { try checkReceipts(index, height) }
    try checkHead(index)
    try checkState(index, old(ledger.oldestState, head.height))
    try checkProofs(index, old(ledger.oldestState, head.height))
    if random.chance(faults.slowReads) { try checkSlowly(index, old(ledger.oldestState, head.height)) }
    try checkForgotten(index)
    if base > 0 { try checkPruned(index, BlockHeight(UInt64(random.below(Int(base.rawValue))))) }
  }

  /// Some height that is kept; near ones are frequent.
  mutating func old(_ base: BlockHeight, _ head: BlockHeight) -> BlockHeight {
    let count = Int(head.rawValue - base.rawValue) + 1
    return BlockHeight(head.rawValue - UInt64(random.below(random.chance(50) ? min(4, count) : count)))
  }

  /// Receipts, places and events of one height.
  private mutating func checkReceipts(_ index: Int, _ height: BlockHeight) throws {
    let ledger = nodes[index].ledger
    let expected = records(at: height)
    let receipts = try ledger.receipts(at: height)
    guard receipts.count == expected.count else { throw failure("L\(index): block \(height) has \(receipts.count) receipts") }
    for (receipt, record) in zip(receipts, expected) {
      guard receipt.transaction == record.id, record.outcome.agrees(with: receipt) else {
        throw failure("L\(index): block \(height), transaction \(record.index) has \(receipt), expected \(record.outcome)")
      }
      guard try ledger.receipt(record.id) == receipt else {
        throw failure("L\(index): the receipt of transaction \(record.index) of block \(height) is another's")
      }
      let found = try ledger.transaction(record.id)
      guard found.signed == record.signed, found.height == height, found.index == record.index else {
        throw failure("L\(index): transaction \(record.index) of block \(height) is at another place")
      }
    }
    guard try ledger.block(at: height) == blocks[Int(height.rawValue)], try ledger.blockID(at: height) == blockIDs[Int(height.rawValue)]
    else { throw failure("L\(index): block \(height) is another") }
    guard try ledger.checkpoint(at: height) == checkpoints[Int(height.rawValue)] else {
      throw failure("L\(index): the checkpoint of height \(height) is another")
    }
    let events = try ledger.events(from: height, limit: 1).filter { $0.height == height }
    let emitted = expected.flatMap { record in record.outcome.events.map { (record.id, $0) } }
    guard events.count == emitted.count, zip(events, emitted).allSatisfy({ $0.transaction == $1.0 && $0.event == $1.1 }) else {
      throw failure("L\(index): the events of block \(height) are not those that were emitted, in their order")
    }
  }

  /// The newest state with its indexes.
  private mutating func checkHead(_ index: Int) throws {
    let ledger = nodes[index].ledger
    let head = ledger.head.height
    let model = models[Int(head.rawValue)]
    let all = try ledger.query(VaultContract.name, "all", NoResult(), as: [VaultAccount].self)
    guard all == model.all else { throw failure("L\(index): the accounts at the head \(head) are \(all), expected \(model.all)") }
    for owner in UInt64(0)..<UInt64(VaultModel.owners) {
      let owned = try ledger.query(VaultContract.name, "owned", owner, as: [UInt64].self)
      guard owned == model.owned(by: owner) else {
        throw failure("L\(index): owner \(owner) has \(owned) at the head \(head), expected \(model.owned(by: owner))")
      }
    }
  }

  /// The state of an older height.
  mutating func checkState(_ index: Int, _ height: BlockHeight) throws {
    let ledger = nodes[index].ledger
    if height < ledger.head.height { note(.oldRead) }
    let all = try ledger.query(VaultContract.name, "all", NoResult(), as: [VaultAccount].self, at: height)
    let model = models[Int(height.rawValue)]
    guard all == model.all else { throw failure("L\(index): the accounts at height \(height) are \(all), expected \(model.all)") }
  }

  /// Proofs of a record, of a transaction with its receipt, and of a height under a later one.
  mutating func checkProofs(_ index: Int, _ height: BlockHeight) throws {
    let ledger = nodes[index].ledger
    let checkpoint = checkpoints[Int(height.rawValue)]
    let account = UInt64(random.below(VaultModel.accounts))
    let key = StateKey(contract: VaultContract.name, table: VaultContract.holdings.name, key: account)
    let expected = models[Int(height.rawValue)].record(account)
    let proof = try ledger.proveRecord(key, at: height)
    guard proof.value == expected, (try? proof.verify(stateRoot: checkpoint.stateRoot, suite: suite)) != nil else {
      throw failure("L\(index): the proof of account \(account) at height \(height) proves something else")
    }
    if height < ledger.head.height { note(.oldProof) }
    if expected == nil { note(.absenceProof) }
    let block = records(at: height)
    if height > ledger.base, !block.isEmpty {
      let record = block[block.startIndex + random.below(block.count)]
      let receipt = try ledger.proveReceipt(record.id)
      let transaction = try ledger.proveTransaction(record.id)
      guard receipt.receipt.transaction == record.id, (try? receipt.verify(root: checkpoint.receiptsRoot, suite: suite)) != nil else {
        throw failure("L\(index): the proof of the receipt of transaction \(record.index) of block \(height) proves nothing")
      }
      let root = blocks[Int(height.rawValue)].header.transactionsRoot
      guard transaction.signed == record.signed, (try? transaction.verify(root: root, genesis: genesisID, suite: suite)) != nil else {
        throw failure("L\(index): the proof of transaction \(record.index) of block \(height) proves nothing")
      }
    }
    let later = BlockHeight(height.rawValue + 1 + UInt64(random.below(Int(ledger.head.height.rawValue - height.rawValue))))
    guard later <= ledger.head.height, height >= ledger.base else { return }
    let history = try ledger.proveHistory(of: height, under: later)
    guard history.leaf == HistoryLeaf(checkpoint), (try? history.verify(under: checkpoints[Int(later.rawValue)], suite: suite)) != nil
    else { throw failure("L\(index): the proof of height \(height) under \(later) proves nothing") }
  }

  /// Reads that take too long at any access fail as such, or not at all.
  private mutating func checkSlowly(_ index: Int, _ height: BlockHeight) throws {
    let (ledger, store) = (nodes[index].ledger, nodes[index].store)
    defer { store.arm(nil) }
    store.arm(.expiry(afterReads: random.below(12)))
    do {
      switch random.below(3) {
      case 0: try checkState(index, height)
      case 1: try checkProofs(index, height)
      default:
        guard let transaction = sign(.close(0), by: tellers[0], until: ledger.head.height.next) else { return }
        _ = try ledger.admit(transaction)
      }
    } catch LedgerError.store(.readExpired), QueryError.ledger(.store(.readExpired)), AdmissionError.ledger(.store(.readExpired)),
      AdmissionError.refused(.unreadable)
    {
      note(.slowAnswer)
    }
  }

  /// What is below a snapshot is refused, not made up.
  private mutating func checkPruned(_ index: Int, _ height: BlockHeight) throws {
    let ledger = nodes[index].ledger
    let key = StateKey(contract: VaultContract.name, table: VaultContract.holdings.name, key: UInt64(0))
    switch Result(catching: { () throws(LedgerError) in try ledger.record(key, at: height) }) {
    case .failure(.belowSnapshot): note(.prunedRead)
    case .failure(let error): throw error
    case .success: throw failure("L\(index) reads height \(height), which is below its snapshot")
    }
  }
}
