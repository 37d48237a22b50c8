/// What a block's id commits to.
public struct BlockHeader: CanonicalRecord, Hashable, Codable {
  /// The chain.
  public var chain: ChainID
  /// The block's place, from 1; header 0 stands for the genesis state.
  public var height: BlockHeight
  /// The id of the block before; of header 0, the genesis id.
  public var parent: BlockID
  /// When it was proposed; later than the parent's time.
  public var time: BlockTime
  /// The validator that proposed it.
  public var proposer: AccountID
  /// The root of the tree over its transactions.
  public var transactionsRoot: Digest

  /// Puts the fields together.
  public init(chain: ChainID, height: BlockHeight, parent: BlockID, time: BlockTime, proposer: AccountID, transactionsRoot: Digest) {
    self.chain = chain
    self.height = height
    self.parent = parent
    self.time = time
    self.proposer = proposer
    self.transactionsRoot = transactionsRoot
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.height, \.parent, \.time, \.proposer, \.transactionsRoot)

  /// The block's id on the chain with this genesis.
  public func id(genesis: GenesisID, suite: CryptoSuite) -> BlockID { BlockID(suite.digest("BlockHeader", genesis, self)) }
}

/// A header and the transactions that its root commits to, in execution order.
public struct Block: CanonicalRecord, Hashable {
  /// The header.
  public var header: BlockHeader
  /// The transactions in execution order.
  public var transactions: [SignedTransaction]

  /// Puts the parts together; the root is not checked.
  public init(header: BlockHeader, transactions: [SignedTransaction]) {
    self.header = header
    self.transactions = transactions
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.header, \.transactions)

  /// The root over `transactions` (RFC 9162 §2.1.1), leaf = id ‖ H(key, signature).
  public static func transactionsRoot(of transactions: [SignedTransaction], genesis: GenesisID, suite: CryptoSuite) -> Digest {
    TransactionBatch(transactions, genesis: genesis, suite: suite).root
  }

  /// Builds a block on `parent`.
  public init(
    on parent: BlockHeader, parentID: BlockID, time: BlockTime, proposer: AccountID, transactions: [SignedTransaction],
    genesis: GenesisID, suite: CryptoSuite
  ) {
    self.init(
      header: BlockHeader(
        chain: parent.chain, height: parent.height.next, parent: parentID, time: time, proposer: proposer,
        transactionsRoot: Self.transactionsRoot(of: transactions, genesis: genesis, suite: suite)),
      transactions: transactions)
  }
}
