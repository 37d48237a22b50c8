public import ChainCore
public import Consensus
public import Logging

/// What a node needs to run.
public struct NodeConfiguration: Sendable {
  /// The chain.
  public var genesis: Genesis
  /// The contracts compiled into this host; at least those that the chain has active.
  public var contracts: ContractRegistry
  /// The validator's key.
  public var key: PrivateKey
  /// Where blocks and state are kept.
  public var ledgerStore: any KeyValueStore
  /// Where the consensus engine's log and votes are kept. Must not be an older copy: a node that forgets its votes may split the chain.
  public var consensusStore: any KeyValueStore
  /// For a new `consensusStore` of a Simplex chain: this key never voted in this epoch or a later one. Say so only if you know; a key
  /// that votes again without its old votes may split the chain.
  public var firstEpoch: Epoch?
  /// The way to the other nodes.
  public var transport: any Transport
  /// As whom the node reports double votes to the chain, and takes the seat that governance gave it: any member of the chain. Without
  /// one it only logs.
  public var steward: Account?
  /// On Raft chains: how many entries the log keeps at least; longer ones are compacted when it has about twice as many.
  public var raftLogLength = RaftEngine.logLength
  /// How much of the past the node keeps. The states of at least two snapshot intervals stay while peers may fetch them.
  public var retention = RetentionPolicy.standard
  /// How much may wait to be ordered.
  public var mempool = MempoolLimits()
  /// The path of a socket for operators of this machine, in a directory that only the node's user may write; `nil` = none. See `AdminClient`.
  public var adminSocket: String?
  /// By what the node stamps and judges blocks; the system's clock but in trials.
  public var clock = NodeClock.system
  /// Where the node reports what it does.
  public var logger: Logger

  /// Puts the parts together.
  public init(
    genesis: Genesis, contracts: ContractRegistry, key: PrivateKey, ledgerStore: any KeyValueStore, consensusStore: any KeyValueStore,
    transport: any Transport, logger: Logger = Logger(label: "yuchain.node")
  ) {
    self.genesis = genesis
    self.contracts = contracts
    self.key = key
    self.ledgerStore = ledgerStore
    self.consensusStore = consensusStore
    self.transport = transport
    self.logger = logger
  }
}

/// Why a node does not do what was asked.
@nonexhaustive
public enum NodeError: Error, Hashable, Sendable {
  /// The ledger does not open.
  case ledger(LedgerError)
  /// The consensus engine does not start, or stopped.
  case engine(EngineFault)
  /// The transaction is refused; the reason tells what to do.
  case refused(AdmissionError)
  /// The transaction's last height passed before it was ordered. It will never take effect; sign it again.
  case expired(TransactionID)
  /// The key could not sign.
  case key(KeyError)
  /// Catching up brought this about: the ledger is not what a quorum certified, or cannot be imported. Keep the data.
  case sync(SyncFailure)
  /// The ledger was restored from a backup, and does not run like this.
  case restored(RestorationFault)
  /// Nobody can listen on the admin socket.
  case admin(AdminError)
  /// The node was stopped.
  case stopped
}

extension NodeError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .ledger(let error): error.description
    case .engine(let fault): fault.description
    case .refused(let error): error.description
    case .expired(let id): "transaction \(id) was not ordered before its last height; sign it again with a later one"
    case .key(let error): error.description
    case .sync(let failure): "catching up: \(failure)"
    case .restored(let fault): fault.description
    case .admin(let error): "admin socket: \(error)"
    case .stopped: "the node was stopped"
    }
  }
}
