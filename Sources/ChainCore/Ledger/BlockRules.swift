/// The rules of form that make a block valid on a parent. They read no state but the numbers that governance decided long before.
public struct BlockRules: Sendable {
  /// The chain's genesis.
  public let genesis: Genesis
  /// Its id.
  public let genesisID: GenesisID

  /// The numbers that count at the head and soon after.
  public private(set) var schedule: ParameterSchedule

  /// The rules of the chain of `genesis`, as long as nothing else was decided.
  public init(genesis: Genesis) {
    self.genesis = genesis
    genesisID = genesis.id
    schedule = ParameterSchedule(genesis: genesis.parameters)
  }

  /// The same rules with the numbers that a state says.
  func with(_ schedule: ParameterSchedule) -> BlockRules {
    var rules = self
    rules.schedule = schedule
    return rules
  }

  /// Checks one transaction's form for a block at `height`: version, chain, size, window.
  public func check(_ signed: SignedTransaction, bytes: Int, at height: BlockHeight) throws(TransactionFault) {
    let transaction = signed.transaction
    guard transaction.version == Transaction.currentVersion else { throw .version(transaction.version) }
    guard transaction.chain == genesis.chain else { throw .wrongChain(transaction.chain) }
    let parameters = schedule.parameters(at: height)
    guard bytes <= Int(parameters.transactionBytes) else {
      throw .tooLarge(bytes: bytes, limit: Int(parameters.transactionBytes))
    }
    #if DEBUG
      if LedgerMutation.planted == .noExpiry, height > transaction.validUntilHeight { return }
    #endif
    guard height <= transaction.validUntilHeight else { throw .expired(validUntil: transaction.validUntilHeight, height: height) }
    #if DEBUG
      let window = parameters.transactionWindow + (LedgerMutation.planted == .windowTooWide ? 1 : 0)
    #else
      let window = parameters.transactionWindow
    #endif
    guard transaction.validUntilHeight < height.advanced(by: window) else {
      throw .tooFarAhead(validUntil: transaction.validUntilHeight, limit: height.advanced(by: window))
    }
  }

  /// Checks a block on its parent; returns its transactions' ids.
  ///
  /// - Parameter isCommitted: Whether an id is in the chain within the window already.
  public func check(
    _ block: Block, parent: BlockHeader, parentID: BlockID, isCommitted: (TransactionID) throws(LedgerError) -> Bool
  ) throws(LedgerError) -> [TransactionID] {
    let header = block.header
    guard header.chain == genesis.chain else { throw .invalidBlock(.wrongChain(header.chain)) }
    guard header.height == parent.height.next else { throw .wrongHeight(expected: parent.height.next, got: header.height) }
    guard header.parent == parentID else { throw .invalidBlock(.wrongParent(header.parent)) }
    guard header.time > parent.time else { throw .invalidBlock(.timeNotLater) }
    let parameters = schedule.parameters(at: header.height)
    guard block.transactions.count <= Int(parameters.blockTransactions) else {
      throw .invalidBlock(.tooLarge("\(block.transactions.count) transactions"))
    }
    let batch = TransactionBatch(block.transactions, genesis: genesisID, suite: genesis.suite)
    var seen: Set<TransactionID> = []
    seen.reserveCapacity(block.transactions.count)
    var total = 0
    for (index, signed) in block.transactions.enumerated() {
      let bytes = batch.sizes[index]
      total += bytes
      do throws(TransactionFault) {
        try check(signed, bytes: bytes, at: header.height)
      } catch {
        throw .invalidBlock(.badTransaction(index: index, error.description))
      }
      let id = batch.ids[index]
      #if DEBUG
        if LedgerMutation.planted == .twiceInBlock { seen.remove(id) }
      #endif
      guard seen.insert(id).inserted, try !isCommitted(id) else { throw .invalidBlock(.repeatedTransaction(index: index)) }
    }
    guard total <= Int(parameters.blockBytes) else { throw .invalidBlock(.tooLarge("\(total) bytes")) }
    guard batch.root == header.transactionsRoot else { throw .invalidBlock(.wrongTransactionsRoot) }
    return batch.ids
  }

  /// Checks every signature of a block.
  public func checkSignatures(_ block: Block) throws(BlockFault) { try checkSignatures(block, at: Array(block.transactions.indices)) }

  /// Checks the signatures of the transactions at `places`; places that the block does not have are passed over.
  func checkSignatures(_ block: Block, at places: [Int]) throws(BlockFault) {
    #if DEBUG
      if LedgerMutation.planted == .noSignatureCheck { return }
    #endif
    let places = places.filter(block.transactions.indices.contains)
    let transactions = places.map { block.transactions[$0] }
    let ids = transactions.ids(genesis: genesisID, suite: genesis.suite)
    var requests: [SignatureRequest] = []
    requests.reserveCapacity(ids.count)
    for (number, (signed, id)) in zip(transactions, ids).enumerated() {
      guard signed.key.suite == genesis.suite else { throw .badSignature(index: places[number]) }
      requests.append(SignatureRequest(key: signed.key, signature: signed.signature, message: id.digest.bytes))
    }
    if let bad = requests.verified().firstIndex(of: false) { throw .badSignature(index: places[bad]) }
  }
}

/// Why a transaction cannot stand in a block at a height, whatever the state.
@nonexhaustive
public enum TransactionFault: Error, Hashable, Sendable {
  /// Its format version is unknown.
  case version(UInt16)
  /// It is for another chain.
  case wrongChain(ChainID)
  /// It is larger than the chain allows.
  case tooLarge(bytes: Int, limit: Int)
  /// Its last height has passed; sign it again with a later one.
  case expired(validUntil: BlockHeight, height: BlockHeight)
  /// Its last height is further ahead than the window; sign it with one below `limit`.
  case tooFarAhead(validUntil: BlockHeight, limit: BlockHeight)
}

extension TransactionFault: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .version(let version): "unknown transaction version \(version)"
    case .wrongChain(let chain): "it is for chain \(chain)"
    case .tooLarge(let bytes, let limit): "\(bytes) bytes exceed \(limit)"
    case .expired(let until, let height): "valid until height \(until), now at \(height)"
    case .tooFarAhead(let until, let limit): "valid until height \(until); less than \(limit) is allowed"
    }
  }
}
