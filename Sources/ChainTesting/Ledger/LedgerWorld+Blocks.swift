internal import ChainCore

// Transactions and blocks, and what the model says must become of them.
extension LedgerWorld {
  var tip: BlockHeight { BlockHeight(UInt64(blocks.count - 1)) }

  /// Makes the next block on the tip; the model executes it.
  mutating func makeBlock() {
    let height = tip.next
    var model = models[models.count - 1]
    var signed: [SignedTransaction] = []
    for index in 0..<random.below(random.chance(10) ? 9 : 4) {
      let call = nextCall()
      let isTeller = !random.chance(8)
      let account = isTeller ? tellers[random.below(2)] : guest
      let until = validUntil(height)
      guard let transaction = sign(call, by: account, until: until) else { continue }
      let outcome = model.run(call, isTeller: isTeller)
      note(outcome, call, isTeller: isTeller)
      if until == height { note(.lastHeight) }
      if until == height.advanced(by: faults.window - 1) { note(.wholeWindow) }
      log("block \(height), \(index): \(call) \(isTeller ? "" : "by a guest ")until \(until): \(outcome.code)")
      let id = transaction.id(genesis: genesisID, suite: suite)
      records.append(Record(signed: transaction, id: id, height: height, index: signed.count, outcome: outcome))
      signed.append(transaction)
    }
    if signed.count > 1 { note(.batch) }
    models.append(model)
    firstRecord.append(records.count)
    append(block(signed, on: blocks[blocks.count - 1], id: blockIDs[blockIDs.count - 1]))
  }

  private mutating func append(_ block: Block) {
    blocks.append(block)
    blockIDs.append(block.header.id(genesis: genesisID, suite: suite))
    certificates.append(nil)
  }

  /// Height 0, before the first executor begins.
  mutating func beginChain() {
    append(Block(header: founding.genesis.header, transactions: []))
    firstRecord = [0, 0]
  }

  func block(_ transactions: [SignedTransaction], on parent: Block, id: BlockID, later: UInt64 = 1_000) -> Block {
    Block(
      on: parent.header, parentID: id, time: parent.header.time.advanced(byMilliseconds: later),
      proposer: suite.accountID(of: founding.validatorKeys[0].publicKey), transactions: transactions, genesis: genesisID, suite: suite)
  }

  /// The records of a height.
  func records(at height: BlockHeight) -> ArraySlice<Record> {
    records[firstRecord[Int(height.rawValue)]..<firstRecord[Int(height.rawValue) + 1]]
  }

  mutating func sign(
    _ call: VaultCall, by account: Account, until: BlockHeight, genesis: GenesisID? = nil, chain: ChainID? = nil
  ) -> SignedTransaction? {
    salt += 1
    return try? Transaction(
      chain: chain ?? founding.genesis.chain, sender: account.id, contract: VaultContract.name, entry: call.entry,
      arguments: call.arguments, salt: salt, validUntilHeight: until
    ).signed(by: account.key, genesis: genesis ?? genesisID)
  }

  /// A last height that a block at `height` allows; the edges are frequent.
  private mutating func validUntil(_ height: BlockHeight) -> BlockHeight {
    switch random.below(4) {
    case 0: height
    case 1: height.advanced(by: faults.window - 1)
    default: height.advanced(by: UInt64(random.below(Int(faults.window))))
    }
  }

  mutating func nextCall() -> VaultCall {
    switch random.below(100) {
    case 0..<20:
      return .open(account(), Holding(balance: UInt64(random.below(1_000)), owner: UInt64(random.below(VaultModel.owners))))
    case 20..<26: return .close(account())
    case 26..<38: return .assign(account(), to: UInt64(random.below(VaultModel.owners)))
    case 38..<58: return .move(move())
    case 58..<75: return .moves((0..<random.below(5)).map { _ in move() })
    case 75..<83:
      return .sweep(VaultSweep(above: account(), count: UInt64(random.below(5)), isReverse: random.chance(50)))
    case 83..<89: return .gather(UInt64(random.below(VaultModel.owners)))
    case 89..<93: return .waste(UInt64(random.chance(50) ? VaultModel.writeLimit + random.below(2) : random.below(4)))
    case 93..<96: return .unknown
    default: return .trailing(move())
    }
  }

  private mutating func account() -> UInt64 { UInt64(random.below(VaultModel.accounts)) }

  private mutating func move() -> VaultMove { VaultMove(from: account(), to: account(), amount: UInt64(random.below(300))) }

  private mutating func note(_ outcome: VaultOutcome, _ call: VaultCall, isTeller: Bool) {
    if outcome.code != "ok" { note(.failedCall) }
    if outcome.code == "limitExceeded" { note(.limitReached) }
    if outcome.wroteInVain { note(.wroteInVain) }
    if outcome.events.count > 1 { note(.severalEvents) }
    if !isTeller { note(.unauthorisedCall) }
    if case .gather = call, outcome.code == "ok" { note(.indexUsed) }
  }
}
