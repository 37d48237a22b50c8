public import ChainCore
public import CrossChain

/// A relay chain and its member chains in this process, with relayers between them. Chains join and retire while the others work.
///
/// ```swift
/// var options = NetworkOptions()
/// options.routes = [SetRoute(scope: RouteScope(port: "notes"), policy: RoutePolicy())]
/// let network = try await Network(relay: FoundingPlan(chain: "henan/relay", engine: .simplex, contracts: [], time: .now), options: options)
/// let city = try await network.add(FoundingPlan(chain: "henan/410100", contracts: [Notes()], time: .now))
/// try await network.retire("henan/410100")
/// await network.stop()
/// ```
/// What a joining chain costs is the relay's and the relayers': the relay holds one more light client, the relayers look at one more
/// chain. The other members verify the relay alone, so no file, object or configuration of theirs changes, and nothing that they do.
public actor Network {
  struct Member {
    var chain: LocalChain
    let keys: [PrivateKey]
    var phase: ChainPhase
    var tally = TrafficTally()
  }

  /// The relay.
  public nonisolated let relay: LocalChain
  nonisolated let options: NetworkOptions
  /// What each member's genesis holds of the relay.
  private let registration: ChainRegistration
  private let relayKeys: [PrivateKey]
  private var relayTally = TrafficTally()
  var members: [ChainID: Member] = [:]
  /// Members in the order in which they joined, and the last status of those that retired.
  private var order: [ChainID] = []
  private var retired: [ChainID: ChainStatus] = [:]
  /// Whose retirement is under way now.
  var retiring: Set<ChainID> = []
  private let loops: [RelayerLoop]
  private(set) var isStopped = false

  /// Founds and starts the relay, opens the routes and lets the relayers begin.
  /// - Parameter plan: Of the relay. The network adds `xc` and the relayers' accounts.
  /// - Throws: `FoundingError`, `NodeError`, what the stores throw, and `CallFailed` if a route is refused.
  public init(relay plan: FoundingPlan, options: NetworkOptions = NetworkOptions()) async throws {
    self.options = options
    relay = try Self.open(try options.complete(plan, relay: nil), options)
    relayKeys = try Self.keys(of: relay, options)
    registration = try ChainRegistration(of: relay.nodes[0].ledger, organisation: options.organisation)
    await relay.start()
    var loops: [RelayerLoop] = []
    for index in 0..<options.relayers {
      let relayer = Self.relayer(index, relay, relayKeys, [], options)
      loops.append(
        RelayerLoop(relayer, every: options.interval, clock: options.clock, label: "yuchain.\(NetworkOptions.relayerName(index))"))
    }
    self.loops = loops
    do {
      for route in options.routes { try await decide(.setRoute(route)) }
    } catch {
      await relay.stop()
      throw error
    }
    for loop in loops { await loop.start() }
  }

  /// Founds a chain, starts it, registers it on the relay and lets the relayers serve it.
  /// - Parameter plan: The network adds `xc` with the relay's registration, and the relayers' accounts.
  /// - Returns: The running chain.
  /// - Throws: `NetworkError.taken`, `.stopped`, `.foreignRelay`; `FoundingError`, `NodeError`, what the stores throw, and `CallFailed`
  ///   if the relay refuses the registration. Then nothing of it runs, and the name is free again.
  @discardableResult
  public func add(_ plan: FoundingPlan) async throws -> LocalChain {
    guard !isStopped else { throw NetworkError.stopped }
    guard plan.chain != relay.chain, members[plan.chain] == nil, retired[plan.chain] == nil else { throw NetworkError.taken(plan.chain) }
    let chain = try Self.open(try options.complete(plan, relay: registration), options)
    members[plan.chain] = Member(chain: chain, keys: try Self.keys(of: chain, options), phase: .joining)
    order.append(plan.chain)
    await chain.start()
    do {
      let own = try ChainRegistration(of: chain.nodes[0].ledger, organisation: Founding.platform)
      try await decide(.register(own))
      guard !isStopped else { throw NetworkError.stopped }
    } catch {
      await chain.stop()
      members[plan.chain] = nil
      order.removeAll { $0 == plan.chain }
      throw error
    }
    members[plan.chain]?.phase = .running
    await serve()
    return chain
  }

  /// What the relay's owners decide: administrators while the relay is being founded, votes afterwards.
  @nonexhaustive
  public enum Decision: Sendable, Hashable {
    /// A chain is let in.
    case register(ChainRegistration)
    /// A route is opened, changed or ended.
    case setRoute(SetRoute)
    /// A frozen scope is opened again.
    case reopen(RouteScope)
    /// A chain is gone for good and proves nothing more; by a vote only.
    case retire(RetireChain)

    func call(isFounding: Bool) -> GovernedCall {
      let name = CrossChainState.contract
      return switch self {
      case .register(let registration): GovernedCall(name, isFounding ? "registerChain" : "admitChain", registration)
      case .setRoute(let route): GovernedCall(name, isFounding ? "setRoute" : "permitRoute", route)
      case .reopen(let scope): GovernedCall(name, isFounding ? "thaw" : "reopen", scope)
      case .retire(let chain): GovernedCall(name, "retireChain", chain)
      }
    }
  }

  /// Whether the relay is still being founded: see `RelayContract`.
  public nonisolated var isFounding: Bool {
    get throws { try relay.nodes[0].ledger.query(CrossChainState.contract, "isFounding", NoResult()) }
  }

  /// Ends the relay's founding: from now on chains and routes change by votes only.
  public func endFounding() async throws {
    try await options.decide([GovernedCall(CrossChainState.contract, "endFounding", NoResult())], relay)
  }

  /// Makes decisions take effect on the relay, as `NetworkOptions.decide` says. Votes take up to 16 at once.
  public nonisolated func decide(_ decisions: Decision...) async throws { try await decide(decisions) }

  nonisolated func decide(_ decisions: [Decision]) async throws {
    let isFounding = try isFounding
    for start in stride(from: 0, to: decisions.count, by: 16) {
      let some = decisions[start..<min(start + 16, decisions.count)]
      try await options.decide(some.map { $0.call(isFounding: isFounding) }, relay)
    }
  }

  /// The member chain of this name, if it has not retired.
  public func chain(_ name: ChainID) -> LocalChain? { members[name]?.chain }

  /// The members that have not retired, in the order in which they joined.
  public var chains: [LocalChain] { order.compactMap { members[$0]?.chain } }

  /// How every chain gets on: the relay first, then the members in the order in which they joined, retired ones as they ended.
  /// - Throws: `LedgerError`, `QueryError` if a store cannot be read.
  /// - Complexity: O(blocks since the last time), and O(records) of each chain.
  public func status() async throws -> [ChainStatus] {
    try relayTally.follow(relay.nodes[0].ledger)
    var found = [try await status(of: relay, phase: .running, relayTally)]
    for name in order {
      if let last = retired[name] {
        found.append(last)
      } else {
        found.append(try await status(of: name))
      }
    }
    return found
  }

  /// How many transactions the relayers handed in, and what each could not do when it looked last.
  public func relayers() async -> [(submitted: Int, failures: [RelayerFailure])] {
    var found: [(submitted: Int, failures: [RelayerFailure])] = []
    for loop in loops { found.append((await loop.submitted, await loop.failures)) }
    return found
  }

  /// Stops relayers and chains. Whoever waits at a node is told `.stopped`.
  public func stop() async {
    isStopped = true
    for loop in loops { await loop.stop() }
    for name in order { await members[name]?.chain.stop() }
    await relay.stop()
  }

  /// Stops all nodes of a member chain, as a city's power cut does. The relay keeps what it knows of it; its packets wait.
  /// - Throws: `NetworkError.unknown`.
  public func halt(_ name: ChainID) async throws {
    guard let chain = members[name]?.chain else { throw NetworkError.unknown(name) }
    await chain.halt()
  }

  /// Starts the nodes of a halted chain again, over what they had stored.
  /// - Returns: The running chain: its nodes are new ones.
  /// - Throws: `NetworkError.unknown`, `NodeError`, `LedgerError`.
  @discardableResult
  public func restart(_ name: ChainID) async throws -> LocalChain {
    guard let halted = members[name]?.chain else { throw NetworkError.unknown(name) }
    await halted.halt()
    let chain = try halted.restarted()
    members[name]?.chain = chain
    await chain.start()
    await serve()
    return chain
  }

  /// Tells the relayers which chains there are now.
  func serve() async {
    let served = order.compactMap { name in members[name].flatMap { $0.phase == .joining ? nil : $0 } }
    for (index, loop) in loops.enumerated() { await loop.carry(for: Self.relayer(index, relay, relayKeys, served, options)) }
  }

  func status(of name: ChainID) async throws -> ChainStatus {
    guard let chain = members[name]?.chain, let phase = members[name]?.phase else { throw NetworkError.unknown(name) }
    var tally = members[name]?.tally ?? TrafficTally()
    try tally.follow(chain.nodes[0].ledger)
    members[name]?.tally = tally
    return try await status(of: chain, phase: phase, tally)
  }

  /// Forgets the chain but for its last status. Its name stays taken.
  func bury(_ name: ChainID, _ last: ChainStatus) {
    members[name] = nil
    retired[name] = last
  }

  private func status(of chain: LocalChain, phase: ChainPhase, _ tally: TrafficTally) async throws -> ChainStatus {
    let ledger = chain.nodes[0].ledger
    let client: ClientRecord? =
      chain.chain == relay.chain ? nil : try relay.nodes[0].ledger.query(CrossChainState.contract, "client", chain.chain)
    var failures: [NodeError] = []
    for node in chain.nodes {
      if let failure = await node.failure { failures.append(failure) }
    }
    return ChainStatus(
      chain: chain.chain, isRelay: chain.chain == relay.chain, engine: ledger.genesis.engine,
      validators: ledger.head.validators.members.count, phase: phase, head: ledger.head.height, certified: ledger.newestCertified,
      traffic: tally, stateRecords: try ledger.recordCount(), client: client?.status, trusted: client?.latest.height, failures: failures)
  }

  private static func open(_ plan: FoundingPlan, _ options: NetworkOptions) throws -> LocalChain {
    let name = plan.chain
    return try LocalChain(try Founding(plan), clock: options.clock, logger: options.logger) { try options.stores(name, $0) }
  }

  /// The relayers' keys on a chain.
  private static func keys(of chain: LocalChain, _ options: NetworkOptions) throws -> [PrivateKey] {
    try (0..<options.relayers).map { index in
      guard let account = chain.founding.member(options.organisation, NetworkOptions.relayerName(index)) else {
        throw NetworkError.unknown(chain.chain)
      }
      return account.key
    }
  }

  /// Relayer `index`. Each speaks to another node of a chain, so that one node's loss stops one relayer only.
  private static func relayer(
    _ index: Int, _ relay: LocalChain, _ relayKeys: [PrivateKey], _ served: [Member], _ options: NetworkOptions
  ) -> Relayer {
    func endpoint(_ chain: LocalChain) -> any ChainEndpoint { chain.nodes[index % chain.nodes.count].endpoint }
    var keys = [relay.chain: relayKeys[index]]
    for member in served { keys[member.chain.chain] = member.keys[index] }
    return Relayer(relay: endpoint(relay), chains: served.map { endpoint($0.chain) }, keys: keys, options: options.relayer)
  }
}
