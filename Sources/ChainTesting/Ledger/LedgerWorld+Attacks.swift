internal import ChainCore

// What must be refused, at admission and in a block, and must leave nothing.
extension LedgerWorld {
  private enum Attack: CaseIterable {
    case expired, far, replay, double, otherChain, otherGenesis, otherPurpose, altered, trailing, badBlock, certificate
  }

  /// Tries one forbidden thing on an executor.
  mutating func attack(_ index: Int) throws {
    steps += 1
    let ledger = nodes[index].ledger
    let (head, commits) = (ledger.head, nodes[index].store.commits)
    let attack = Attack.allCases[random.below(Attack.allCases.count)]
    log("L\(index) is attacked: \(attack)")
    try carryOut(attack, index, head.height.next)
    guard ledger.head == head, nodes[index].store.commits == commits else {
      throw failure("L\(index): what was refused (\(attack)) changed something")
    }
  }

  private mutating func carryOut(_ attack: Attack, _ index: Int, _ next: BlockHeight) throws {
    let account = tellers[random.below(2)]
    let window = faults.window
    let call = nextValidCall()
    let inside = next.advanced(by: UInt64(random.below(Int(window))))
    switch attack {
    case .expired:
      guard let signed = sign(call, by: account, until: BlockHeight(next.rawValue - 1)) else { return }
      try refuse(signed, index, .expiredRefused) { if case .unfit(.expired) = $0 { true } else { false } }
    case .far:
      guard let signed = sign(call, by: account, until: next.advanced(by: window)) else { return }
      try refuse(signed, index, .farRefused) { if case .unfit(.tooFarAhead) = $0 { true } else { false } }
    case .replay: try replay(index, next)
    case .double:
      guard let signed = sign(call, by: account, until: inside) else { return }
      try refuse([signed, signed], index, .doubleRefused, signatures: .check)
    case .otherChain:
      guard let signed = sign(call, by: account, until: inside, chain: "henan/410200") else { return }
      try refuse(signed, index, .otherChainRefused) { if case .unfit(.wrongChain) = $0 { true } else { false } }
    case .otherGenesis:
      let other = GenesisID(suite.hash(Array("another chain of this name".utf8)))
      guard let signed = sign(call, by: account, until: inside, genesis: other) else { return }
      try refuse(signed, index, .otherGenesisRefused) { $0 == .badSignature }
    case .otherPurpose:
      guard var signed = sign(call, by: account, until: inside) else { return }
      // Signed as something else, of which these are the bytes.
      signed.signature = try account.key.sign(suite.digest("Letter", genesisID, signed.transaction))
      try refuse(signed, index, .forgeryRefused) { $0 == .badSignature }
    case .altered:
      guard var signed = sign(call, by: account, until: inside) else { return }
      signed.transaction.salt += 1
      try refuse(signed, index, .forgeryRefused) { $0 == .badSignature }
    case .trailing:
      guard let signed = sign(call, by: account, until: inside) else { return }
      let bytes = signed.canonicalBytes + [UInt8(random.below(256))]
      let ledger = nodes[index].ledger
      switch Result(catching: { () throws(AdmissionError) in try ledger.admit(bytes) }) {
      case .failure(.malformed): note(.trailingRefused)
      case .failure(let error): throw error
      case .success: throw failure("L\(index) admits a transaction with a byte after its end")
      }
    case .badBlock: try offerBadBlock(index)
    case .certificate: try offerCertificate(index)
    }
  }

  /// A call that admission would let pass.
  private mutating func nextValidCall() -> VaultCall {
    while true {
      let call = nextCall()
      if call != .unknown { return call }
    }
  }

  /// A transaction of the chain again: within the window by its id, after its last height by that.
  mutating func replay(_ index: Int, _ next: BlockHeight) throws {
    // Newer ones are likelier to be within the window.
    let known = records.prefix { $0.height < next }
    guard !known.isEmpty else { return }
    let recent = min(known.count, random.chance(70) ? 8 : known.count)
    let record = known[known.count - 1 - random.below(recent)]
    if record.signed.transaction.validUntilHeight >= next {
      try refuse(record.signed, index, .replayRefused) {
        // Who imported a snapshot has the ids of the window.
        if case .alreadyCommitted(record.id, record.height) = $0 { return true }
        if case .refused = $0 { return record.outcome.code == "notAuthorised" || record.outcome.code == "notSupported" }
        return false
      }
    } else {
      try refuse(record.signed, index, .oldReplayRefused) { if case .unfit(.expired) = $0 { true } else { false } }
    }
  }

  /// Neither admission nor a block takes `signed`.
  private mutating func refuse(
    _ signed: SignedTransaction, _ index: Int, _ sight: LedgerSight, because isReason: (AdmissionError) -> Bool
  ) throws {
    let ledger = nodes[index].ledger
    switch Result(catching: { () throws(AdmissionError) in try ledger.admit(signed) }) {
    case .failure(.ledger(let error)): throw error
    case .failure(.refused(.unreadable)): throw AdmissionError.refused(.unreadable)
    case .failure(let error):
      guard isReason(error) else { throw failure("L\(index) refuses \(sight) for another reason: \(error)") }
    case .success: throw failure("L\(index) admits what it must refuse: \(sight)")
    }
    var transactions = [signed]
    if random.chance(50), let other = sign(nextCall(), by: tellers[0], until: ledger.head.height.next) {
      transactions.insert(other, at: random.below(2))
    }
    try refuse(transactions, index, sight, signatures: .check)
  }

  /// No block with `transactions` is valid or committed.
  private mutating func refuse(
    _ transactions: [SignedTransaction], _ index: Int, _ sight: LedgerSight, signatures: Ledger.SignatureCheck
  ) throws {
    let head = Int(nodes[index].ledger.head.height.rawValue)
    try refuse(block(transactions, on: blocks[head], id: blockIDs[head]), index, sight)
  }

  private mutating func refuse(_ block: Block, _ index: Int, _ sight: LedgerSight) throws {
    let ledger = nodes[index].ledger
    let commits = random.chance(50)
    let result = Result { () throws(LedgerError) in
      if commits { try ledger.commit(block, position: 0) } else { try ledger.validate(block) }
    }
    switch result {
    case .failure(.invalidBlock), .failure(.wrongHeight), .failure(.otherBlock): note(sight)
    case .failure(let error): throw error
    case .success: throw failure("L\(index) takes a block that it must refuse: \(sight)")
    }
  }

  /// A certificate that proves nothing, or that proves another state.
  private mutating func offerCertificate(_ index: Int) throws {
    let ledger = nodes[index].ledger
    guard ledger.head.height > ledger.base else { return }
    var checkpoint = ledger.head.checkpoint
    let kind = random.below(4)
    if kind == 0 { checkpoint.stateRoot = suite.hash([3]) }
    let digest = checkpoint.digest(genesis: genesisID, suite: suite)
    var signatures = try (0..<(kind == 1 ? 1 : 2)).map { (index: $0, signature: try founding.validatorKeys[$0].sign(digest)) }
    if kind == 2 { signatures[1].signature = signatures[0].signature }
    if kind == 3 { checkpoint.receiptsRoot = suite.hash([4]) }
    let certificate = CheckpointCertificate(checkpoint: checkpoint, set: founding.genesis.validators, signatures: signatures)
    switch Result(catching: { () throws(LedgerError) in try ledger.add(certificate) }) {
    case .failure(.diverged) where kind == 0: note(.divergenceFound)
    case .failure(.badCertificate) where kind != 0: note(.badCertificateRefused)
    case .failure(let error): throw error
    case .success: throw failure("L\(index) takes a certificate that it must refuse")
    }
  }

  /// A block on the head that breaks one rule.
  private mutating func offerBadBlock(_ index: Int) throws {
    let head = Int(nodes[index].ledger.head.height.rawValue)
    guard let signed = sign(nextCall(), by: tellers[0], until: BlockHeight(UInt64(head + 1))) else { return }
    var bad = block([signed], on: blocks[head], id: blockIDs[head])
    switch random.below(6) {
    case 0: bad.header.time = blocks[head].header.time
    case 1: bad.header.parent = BlockID(suite.hash([1]))
    case 2: bad.header.transactionsRoot = suite.hash([2])
    case 3: bad.header.height = BlockHeight(UInt64(head + 2))
    case 4: bad.header.chain = "henan/410200"
    default: bad.transactions = []
    }
    try refuse(bad, index, .badBlockRefused)
  }
}
