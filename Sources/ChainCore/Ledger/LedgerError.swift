/// Why the ledger did not do what was asked. It is unchanged whenever this is thrown.
@nonexhaustive
public enum LedgerError: Error, Hashable, Sendable {
  /// The store belongs to another chain; use the right directory or genesis.
  case otherGenesis(expected: GenesisID, found: GenesisID)
  /// The store holds no chain yet.
  case empty
  /// The block does not follow the head. Fetch the heights between first.
  case wrongHeight(expected: BlockHeight, got: BlockHeight)
  /// Another block is committed at this height: somebody equivocates, or the engines disagree.
  case otherBlock(height: BlockHeight, committed: BlockID, got: BlockID)
  /// The block breaks a rule of form; skip it.
  case invalidBlock(BlockFault)
  /// This height is above the head, or nothing of this kind is stored of it.
  case noSuchHeight(BlockHeight, head: BlockHeight)
  /// This ledger began with a snapshot of height `base` and holds blocks above it, states from it on. Ask a node with the whole chain.
  case belowSnapshot(BlockHeight, base: BlockHeight)
  /// The state of this height was pruned; those of `kept` can be read. Ask a node that keeps more.
  case stateNotKept(BlockHeight, kept: ClosedRange<BlockHeight>)
  /// The block of this height was archived and pruned; those of `kept` are here. Look into the archive.
  case blockNotKept(BlockHeight, kept: ClosedRange<BlockHeight>)
  /// A snapshot of this height was begun to be imported into the store. Finish or discard it.
  case unfinishedImport(BlockHeight)
  /// The chain's validators never were of this generation; ask for one between the first and `head`, or wait for the change.
  case noSuchGeneration(UInt64, head: UInt64)
  /// No transaction of this id is in the chain.
  case noSuchTransaction(TransactionID)
  /// The audit log has no such record, or not so many.
  case noSuchAuditRecord(UInt64, size: UInt64)
  /// The chain runs a version of a contract that this host does not contain. Install a host that does, then start again.
  case missingContract(MissingContract)
  /// The certificate does not prove the checkpoint of this ledger.
  case badCertificate(CheckpointCertificateError)
  /// The certificate is for another checkpoint than this ledger computed: states diverged at this height. Stop and keep the data.
  case diverged(BlockHeight)
  /// The genesis and this host do not fit.
  case genesis(GenesisError)
  /// A record does not decode or a tree does not hold what it should; restore from a backup or another node.
  case damaged(String)
  /// The store failed.
  case store(StoreError)
}

extension LedgerError: CustomStringConvertible {
  /// The sentence for a person, with what to do.
  public var description: String {
    switch self {
    case .otherGenesis(let expected, let found):
      "the store belongs to genesis \(found), not \(expected): use another directory or the genesis it was made with"
    case .empty: "the store holds no chain"
    case .wrongHeight(let expected, let got): "block \(got) does not follow the head; \(expected) is next"
    case .otherBlock(let height, let committed, let got): "height \(height) holds block \(committed), not \(got)"
    case .invalidBlock(let fault): "invalid block: \(fault)"
    case .noSuchHeight(let height, let head): "there is no height \(height) here (head is \(head))"
    case .belowSnapshot(let height, let base):
      "height \(height) is not here: this ledger began with a snapshot of height \(base); ask a node with the whole chain"
    case .stateNotKept(let height, let kept):
      "the state of height \(height) was pruned; states of heights \(kept.lowerBound) to \(kept.upperBound) can be read"
    case .blockNotKept(let height, let kept):
      "block \(height) was archived and pruned; blocks \(kept.lowerBound) to \(kept.upperBound) are here: look into the archive"
    case .unfinishedImport(let height): "the store holds an unfinished import of height \(height): finish or discard it"
    case .noSuchGeneration(let generation, let head):
      "the chain has had no validators of generation \(generation) (the newest is \(head))"
    case .noSuchTransaction(let id): "no transaction \(id) in this chain"
    case .noSuchAuditRecord(let index, let size): "no audit record \(index): the log has \(size)"
    case .missingContract(let missing): missing.description
    case .badCertificate(let error): "checkpoint certificate: \(error)"
    case .diverged(let height): "a quorum certified another state at height \(height): stop this node and keep its data"
    case .genesis(let error): "\(error)"
    case .damaged(let what): "the store is damaged (\(what)): restore it from a backup or another node"
    case .store(let error): "\(error)"
    }
  }
}

/// The rule of form that a block breaks. None needs contract state.
@nonexhaustive
public enum BlockFault: Error, Hashable, Sendable {
  /// It is of another chain.
  case wrongChain(ChainID)
  /// Its parent is not the block before.
  case wrongParent(BlockID)
  /// Its time is not later than its parent's.
  case timeNotLater
  /// It has too many transactions or bytes.
  case tooLarge(String)
  /// Its root is not that of its transactions.
  case wrongTransactionsRoot
  /// A transaction at this index is of another chain, version or outside its window, or too large.
  case badTransaction(index: Int, String)
  /// A transaction at this index is committed already or stands twice in the block.
  case repeatedTransaction(index: Int)
  /// The signature at this index is not valid.
  case badSignature(index: Int)
}

extension BlockFault: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .wrongChain(let chain): "it is of chain \(chain)"
    case .wrongParent(let parent): "its parent \(parent) is not the block before"
    case .timeNotLater: "its time is not later than its parent's"
    case .tooLarge(let what): "too large: \(what)"
    case .wrongTransactionsRoot: "its transactions do not have the root in its header"
    case .badTransaction(let index, let why): "transaction \(index): \(why)"
    case .repeatedTransaction(let index): "transaction \(index) is a repetition"
    case .badSignature(let index): "signature of transaction \(index) is not valid"
    }
  }
}
