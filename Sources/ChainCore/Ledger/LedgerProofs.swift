// Proving parts of the chain to somebody who trusts only its validator set. Verifiers need no storage.

/// A contract's record, or its absence, under one state root.
public struct RecordProof: CanonicalRecord, Hashable, Codable {
  /// The state key: BCS(contract) ‖ BCS(table) ‖ ordered key.
  public var key: [UInt8]
  /// The record's canonical bytes; `nil` = proven absent.
  public var value: [UInt8]?
  /// The path to the state root.
  public var proof: StateProof

  /// Puts the parts together; nothing is checked.
  public init(key: [UInt8], value: [UInt8]?, proof: StateProof) {
    self.key = key
    self.value = value
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.value, \.proof)

  /// Verifies presence, or absence if `value` is `nil`, under `stateRoot`.
  /// - Throws: `ProofError` naming the failed check.
  public func verify(stateRoot: Digest, suite: CryptoSuite) throws(ProofError) {
    if let value {
      try proof.verifyPresence(key: key, value: value, root: stateRoot, suite: suite)
    } else {
      try proof.verifyAbsence(key: key, root: stateRoot, suite: suite)
    }
  }
}

/// A transaction in a block: its leaf under the header's `transactionsRoot`.
public struct TransactionProof: CanonicalRecord, Hashable, Codable {
  /// The transaction with key and signature.
  public var signed: SignedTransaction
  /// The path to the transactions root.
  public var path: InclusionProof

  /// Puts the parts together; nothing is checked.
  public init(signed: SignedTransaction, path: InclusionProof) {
    self.signed = signed
    self.path = path
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.signed, \.path)

  /// Verifies that the transaction stands under `root`.
  /// - Throws: `ProofError` naming the failed check.
  public func verify(root: Digest, genesis: GenesisID, suite: CryptoSuite) throws(ProofError) {
    let leaf = MerkleLog.leafHash(signed.leafData(genesis: genesis, suite: suite), suite: suite)
    try path.verify(leaf: leaf, root: root, suite: suite)
  }
}

/// A receipt of a block: its leaf under the checkpoint's `receiptsRoot`.
public struct ReceiptProof: CanonicalRecord, Hashable, Codable {
  /// The receipt.
  public var receipt: Receipt
  /// The path to the receipts root.
  public var path: InclusionProof

  /// Puts the parts together; nothing is checked.
  public init(receipt: Receipt, path: InclusionProof) {
    self.receipt = receipt
    self.path = path
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.receipt, \.path)

  /// Verifies that the receipt stands under `root`.
  /// - Throws: `ProofError` naming the failed check.
  public func verify(root: Digest, suite: CryptoSuite) throws(ProofError) {
    try path.verify(leaf: MerkleLog.leafHash(receipt.canonicalBytes, suite: suite), root: root, suite: suite)
  }
}

/// An earlier height under a later checkpoint's `historyRoot`.
public struct HistoryProof: CanonicalRecord, Hashable, Codable {
  /// What the chain was at the earlier height.
  public var leaf: HistoryLeaf
  /// The path: index = earlier height, size = later height.
  public var path: InclusionProof

  /// Puts the parts together; nothing is checked.
  public init(leaf: HistoryLeaf, path: InclusionProof) {
    self.leaf = leaf
    self.path = path
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.leaf, \.path)

  /// Verifies that `leaf` is in the history of `checkpoint`.
  /// - Throws: `ProofError` naming the failed check.
  public func verify(under checkpoint: Checkpoint, suite: CryptoSuite) throws(ProofError) {
    guard path.index == leaf.height.rawValue, path.size == checkpoint.height.rawValue else {
      throw .indexOutOfRange(index: path.index, size: path.size)
    }
    try path.verify(leaf: MerkleLog.leafHash(leaf.canonicalBytes, suite: suite), root: checkpoint.historyRoot, suite: suite)
  }
}

extension Ledger {
  /// Proves the record under `key`, or its absence, in the state of `height`.
  public func proveRecord(_ key: StateKey, at height: BlockHeight) throws(LedgerError) -> RecordProof {
    try atHeight(height) { state, _ throws(LedgerError) in
      try LedgerError.wrap {
        RecordProof(
          key: key.bytes, value: try state.value(.state, key.bytes),
          proof: try StateTree(suite: suite).proof(of: key.bytes, at: height.rawValue, reader: LedgerNodes(reader: state.reader)))
      }
    }
  }

  /// Proves that transaction `id` stands in its block.
  public func proveTransaction(_ id: TransactionID) throws(LedgerError) -> TransactionProof {
    let place = try place(of: id)
    let block = try block(at: place.height)
    guard block.transactions.indices.contains(Int(place.index)) else { throw .damaged("place of transaction \(id)") }
    let leaves = block.transactions.map {
      MerkleLog.leafHash($0.leafData(genesis: genesisID, suite: suite), suite: suite)
    }
    return try LedgerError.wrap {
      TransactionProof(
        signed: block.transactions[Int(place.index)],
        path: try MemoryLog(leaves, suite: suite).inclusionProof(index: UInt64(place.index), size: UInt64(leaves.count)))
    }
  }

  /// Proves the receipt of transaction `id`.
  public func proveReceipt(_ id: TransactionID) throws(LedgerError) -> ReceiptProof {
    let place = try place(of: id)
    let receipts = try receipts(at: place.height)
    guard receipts.indices.contains(Int(place.index)) else { throw .damaged("place of transaction \(id)") }
    let leaves = receipts.map { MerkleLog.leafHash($0.canonicalBytes, suite: suite) }
    return try LedgerError.wrap {
      ReceiptProof(
        receipt: receipts[Int(place.index)],
        path: try MemoryLog(leaves, suite: suite).inclusionProof(index: UInt64(place.index), size: UInt64(leaves.count)))
    }
  }

  /// Proves the earlier `height` under the checkpoint of `later`.
  public func proveHistory(of height: BlockHeight, under later: BlockHeight) throws(LedgerError) -> HistoryProof {
    guard height < later else { throw .noSuchHeight(height, head: later) }
    let leaf = HistoryLeaf(try checkpoint(at: height))
    return try reading { reader throws(LedgerError) in
      try LedgerError.wrap {
        HistoryProof(
          leaf: leaf,
          path: try HistoryNodes(reader: reader).inclusionProof(index: height.rawValue, size: later.rawValue, suite: suite))
      }
    }
  }
}
