public import ChainCore
internal import Consensus
public import Logging

/// All validators of a founded chain in this process: for trials, demonstrations and tests with real time and real stores.
///
/// ```swift
/// let chain = try LocalChain(founding)
/// await chain.start()
/// let receipt = try await chain.client(clerk).call("notes", "file", FileNote(number: 1, text: "one"))
/// ```
public struct LocalChain: Sendable {
  /// The stores of one validator.
  public struct Stores: Sendable {
    /// For blocks and state.
    public var ledger: any KeyValueStore
    /// For the engine's log and votes.
    public var consensus: any KeyValueStore
    /// How much of the past the node keeps.
    public var retention: RetentionPolicy
    /// Where operators reach the node; `nil` = nowhere. See `NodeConfiguration.adminSocket`.
    public var adminSocket: String?

    /// Names the stores.
    public init(
      ledger: any KeyValueStore, consensus: any KeyValueStore, retention: RetentionPolicy = .standard, adminSocket: String? = nil
    ) {
      self.ledger = ledger
      self.consensus = consensus
      self.retention = retention
      self.adminSocket = adminSocket
    }
  }

  /// What the chain was founded with.
  public let founding: Founding
  /// The validators' nodes, in the order of the set.
  public let nodes: [Node]
  /// What connects them.
  public let network: InProcessNetwork
  private let stores: [Stores]
  private let clock: NodeClock
  private let logger: Logger

  /// Opens every validator's node.
  /// - Parameters:
  ///   - clock: The nodes' clock.
  ///   - stores: The stores of validator `index`; in memory by default.
  public init(
    _ founding: Founding, clock: NodeClock = .system, logger: Logger = Logger(label: "yuchain"),
    stores: (_ index: Int) throws -> Stores = { _ in Stores(ledger: MemoryStore(), consensus: MemoryStore()) }
  ) throws {
    try self.init(founding, clock: clock, logger: logger, over: try founding.validatorKeys.indices.map { try stores($0) })
  }

  private init(_ founding: Founding, clock: NodeClock, logger: Logger, over stores: [Stores]) throws {
    self.founding = founding
    self.stores = stores
    self.clock = clock
    self.logger = logger
    network = InProcessNetwork()
    let suite = founding.genesis.suite
    let replicas = founding.genesis.validators.members.map { $0.replica(suite: suite) }
    var nodes: [Node] = []
    for ((opened, replica), key) in zip(zip(stores, replicas), founding.validatorKeys) {
      var configuration = NodeConfiguration(
        genesis: founding.genesis, contracts: founding.registry, key: key, ledgerStore: opened.ledger,
        consensusStore: opened.consensus, transport: network.transport(for: replica, peers: replicas), logger: logger)
      configuration.retention = opened.retention
      configuration.adminSocket = opened.adminSocket
      configuration.clock = clock
      // The keys were made with the chain: before its first block they never voted.
      let ledger = try Ledger(store: opened.ledger, genesis: founding.genesis, contracts: founding.registry)
      configuration.firstEpoch = ledger.head.height == 0 ? 0 : nil
      nodes.append(try Node(configuration))
    }
    self.nodes = nodes
  }

  /// The chain's name.
  public var chain: ChainID { founding.genesis.chain }

  /// Starts every node.
  public func start() async {
    for node in nodes { await node.start() }
  }

  /// Stops every node.
  public func stop() async {
    for node in nodes { await node.stop() }
  }

  /// Stops every node but leaves the stores open, for reading and for `restarted`.
  public func halt() async {
    for node in nodes { await node.halt() }
  }

  /// The same chain with new nodes over the same stores, not yet started: what a restart of all validators makes. Halt this one first;
  /// two nodes over one store are not supported.
  /// - Throws: `NodeError`, `LedgerError`.
  public func restarted() throws -> LocalChain { try LocalChain(founding, clock: clock, logger: logger, over: stores) }

  /// A client that speaks for `account` to the node of validator `index`.
  public func client(_ account: Account, at index: Int = 0) -> ChainClient { ChainClient(account: account, node: nodes[index]) }
}

/// Signs, submits and waits: what a business system does with a node.
public struct ChainClient: Sendable {
  /// For how many heights its transactions are valid.
  public static let validFor: UInt64 = 100

  /// Who signs.
  public let account: Account
  /// Where it submits and asks.
  public let node: Node

  /// A client of `node`.
  public init(account: Account, node: Node) {
    self.account = account
    self.node = node
  }

  /// Calls an entry and waits for the receipt, which also tells of a failed call.
  /// - Throws: `NodeError.refused` before ordering, `.expired`, `.stopped`; `KeyError`.
  public func call(_ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable) async throws -> Receipt {
    let genesis = node.ledger.genesis
    let validFor = min(Self.validFor, node.ledger.parameters.transactionWindow / 2)
    let signed = try account.sign(
      contract, entry, arguments, chain: genesis.chain, genesis: node.ledger.genesisID,
      validUntil: node.ledger.head.height.advanced(by: validFor))
    return try await node.receipt(of: try await node.submit(signed))
  }

  /// Calls an entry and returns its result.
  /// - Throws: `CallFailed` with the receipt if the call failed, and as `call`.
  public func call<Output: CanonicalCodable>(
    _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable, returning: Output.Type
  ) async throws -> Output {
    let receipt = try await call(contract, entry, arguments)
    guard receipt.status == .succeeded else { throw CallFailed(receipt: receipt) }
    return try Output(canonicalBytes: receipt.output)
  }

  /// Asks a query of the node's newest state.
  public func query<Answer: CanonicalCodable & Sendable>(
    _ contract: ContractName, _ query: EntryName, _ question: some CanonicalCodable, as: Answer.Type = Answer.self
  ) throws(QueryError) -> Answer {
    try node.ledger.query(contract, query, question, as: Answer.self, by: .member(account.id))
  }
}

/// A call was ordered and failed; it left nothing.
public struct CallFailed: Error, Sendable, Hashable, CustomStringConvertible {
  /// Code and message say why.
  public var receipt: Receipt

  /// The failure that this receipt tells of.
  public init(receipt: Receipt) { self.receipt = receipt }

  /// The receipt's reason.
  public var description: String { "the call failed: \(receipt.code): \(receipt.message)" }
}
