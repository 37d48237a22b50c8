public import ChainCore
public import CrossChain
public import Logging

/// How a `Network` is run.
public struct NetworkOptions: Sendable {
  /// How many relayers race. One is enough; more survive the loss of some.
  public var relayers: Int
  /// How often each relayer looks.
  public var interval: Duration
  /// How each relayer works.
  public var relayer: RelayerOptions
  /// The organisation that answers for the relayers, on each chain; every relayer is a member of it with an account of its own.
  public var organisation: OrganisationID
  /// The routes that the relay opens at the start; none lets anything pass unless told.
  public var routes: [SetRoute]
  /// The stores of validator `index` of a chain; in memory by default.
  public var stores: @Sendable (_ chain: ChainID, _ index: Int) throws -> LocalChain.Stores
  /// How the relay's owners decide: makes calls of `xc` take effect on the relay. By default as `LocalChain.decide`: by the administrator
  /// while the relay is being founded, by votes afterwards.
  public var decide: @Sendable (_ calls: [GovernedCall], _ relay: LocalChain) async throws -> Void
  /// The clock of nodes and relayers; the system's but in trials.
  public var clock: NodeClock
  /// Where nodes report.
  public var logger: Logger

  /// Options; the defaults suit trials: one relayer that looks each 200 ms, and stores in memory.
  public init(
    relayers: Int = 1, interval: Duration = .milliseconds(200), relayer: RelayerOptions = RelayerOptions(),
    organisation: OrganisationID = "relay-office", routes: [SetRoute] = [], clock: NodeClock = .system,
    logger: Logger = Logger(label: "yuchain"),
    stores: @escaping @Sendable (_ chain: ChainID, _ index: Int) throws -> LocalChain.Stores = { _, _ in
      LocalChain.Stores(ledger: MemoryStore(), consensus: MemoryStore())
    }
  ) {
    self.relayers = max(1, relayers)
    self.interval = interval
    self.relayer = relayer
    self.organisation = organisation
    self.routes = routes
    self.stores = stores
    self.clock = clock
    self.logger = logger
    decide = { calls, relay in try await relay.decide(calls) }
  }

  /// The name of relayer `index`, a member of `organisation`.
  static func relayerName(_ index: Int) -> String { "relayer \(index + 1)" }

  /// The plan with what every chain of a network has: the cross-chain contract, and the relayers' accounts.
  /// - Parameter relay: The relay's registration; `nil` for the relay itself.
  func complete(_ plan: FoundingPlan, relay: ChainRegistration?) throws(NetworkError) -> FoundingPlan {
    var plan = plan
    let name = CrossChainState.contract
    if !plan.contracts.contains(where: { type(of: $0).name == name }) {
      plan.contracts.insert(relay == nil ? RelayContract() : CrossChainContract(), at: 0)
    }
    if let relay {
      let configuration = relay.canonicalBytes
      guard plan.configurations[name].map({ $0 == configuration }) ?? true else { throw .foreignRelay(plan.chain) }
      plan.configurations[name] = configuration
    }
    if let place = plan.organisations.firstIndex(where: { $0.id == organisation }) {
      if !plan.organisations[place].roles.contains(.relayer) { plan.organisations[place].roles.append(.relayer) }
    } else {
      plan.organisations.append(GenesisOrganisation(id: organisation, name: organisation.rawValue, roles: [.relayer]))
    }
    for index in 0..<relayers {
      let member = (organisation: organisation, name: Self.relayerName(index))
      if !plan.members.contains(where: { $0 == member }) { plan.members.append(member) }
    }
    return plan
  }
}
