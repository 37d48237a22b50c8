/// What validators sign once a block is executed and durable: the one thing that light clients need.
public struct Checkpoint: CanonicalRecord, Hashable, Codable {
  /// The chain.
  public var chain: ChainID
  /// The executed height.
  public var height: BlockHeight
  /// The block at that height.
  public var blockID: BlockID
  /// The root of the state tree after it.
  public var stateRoot: Digest
  /// The root of the tree over its receipts.
  public var receiptsRoot: Digest
  /// The root of the tree over the history leaves of all earlier heights, 0..<height.
  public var historyRoot: Digest
  /// The hash of the set that signs height + 1.
  public var validatorSetHash: Digest

  /// Puts the fields together.
  public init(
    chain: ChainID, height: BlockHeight, blockID: BlockID, stateRoot: Digest, receiptsRoot: Digest, historyRoot: Digest,
    validatorSetHash: Digest
  ) {
    self.chain = chain
    self.height = height
    self.blockID = blockID
    self.stateRoot = stateRoot
    self.receiptsRoot = receiptsRoot
    self.historyRoot = historyRoot
    self.validatorSetHash = validatorSetHash
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.chain, \.height, \.blockID, \.stateRoot, \.receiptsRoot, \.historyRoot, \.validatorSetHash)

  /// The digest that validators sign.
  public func digest(genesis: GenesisID, suite: CryptoSuite) -> Digest { suite.digest("Checkpoint", genesis, self) }
}

/// A leaf of the history tree: leaf number = height.
public struct HistoryLeaf: CanonicalRecord, Hashable, Codable {
  /// The height, which is also the leaf's number.
  public var height: BlockHeight
  /// The block.
  public var blockID: BlockID
  /// The state root after it.
  public var stateRoot: Digest
  /// The receipts root of it.
  public var receiptsRoot: Digest

  /// Puts the fields together.
  public init(height: BlockHeight, blockID: BlockID, stateRoot: Digest, receiptsRoot: Digest) {
    self.height = height
    self.blockID = blockID
    self.stateRoot = stateRoot
    self.receiptsRoot = receiptsRoot
  }

  /// The leaf that `checkpoint` becomes once a later block stands on it.
  public init(_ checkpoint: Checkpoint) {
    self.init(
      height: checkpoint.height, blockID: checkpoint.blockID, stateRoot: checkpoint.stateRoot, receiptsRoot: checkpoint.receiptsRoot)
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.blockID, \.stateRoot, \.receiptsRoot)
}
