internal import Apps
public import ChainCore
public import ChainNode
internal import CrossChain
internal import Foundation
internal import Logging
internal import Synchronization

/// An organisation of a story's chain. It has one member there, `clerk`.
public struct StoryParty: Sendable {
  /// The organisation.
  public var organisation: OrganisationID
  /// Its roles.
  public var roles: [Role]

  /// Names organisation and roles.
  public init(_ organisation: OrganisationID, _ roles: Role...) {
    self.organisation = organisation
    self.roles = roles
  }
}

/// A chain of a story.
public struct StoryChain: Sendable {
  /// Its name.
  public var chain: ChainID
  /// Its organisations.
  public var parties: [StoryParty]
  /// Its contracts.
  public var contracts: [any Contract]
  /// What they get at genesis.
  public var configurations: [ContractName: [UInt8]]
  /// Roles of organisations of other chains.
  public var remoteRoles: [RemoteRoles]
  /// How many validators it has; `nil` = three of Raft, four of Simplex BFT.
  public var validators: Int?

  /// Puts the parts together.
  public init(
    _ chain: ChainID, _ parties: [StoryParty], contracts: [any Contract], configurations: [ContractName: [UInt8]] = [:],
    remoteRoles: [RemoteRoles] = [], validators: Int? = nil
  ) {
    self.validators = validators
    self.chain = chain
    self.parties = parties
    self.contracts = contracts
    self.configurations = configurations
    self.remoteRoles = remoteRoles
  }
}

/// Where a story is played: its chains, its clock, what it told so far.
public final class StoryStage: Sendable {
  /// The name of every organisation's member.
  public static let clerk = "clerk"
  /// When stories begin: 2023-11-06 10:00 in UTC+8, when the time stamps of the evidence story were made.
  public static let beginning = BlockTime(1_699_236_000_000)

  /// The story's name.
  public let story: String
  /// How it is played.
  public let setting: StorySetting
  /// The clock of all chains.
  public let clock = TrialClock(from: StoryStage.beginning)
  private let hear: @Sendable (Narration) -> Void
  private let state = Mutex(State())
  private let lines = LineLog()

  private struct State: Sendable {
    var network: Network?
    var chains: [LocalChain] = []
    var narrations: [Narration] = []
    var facts: [String: String] = [:]
    var secrets: [StorySecret] = []
    var documents: [String: [UInt8]] = [:]
  }

  init(story: String, setting: StorySetting, hear: @escaping @Sendable (Narration) -> Void) {
    self.story = story
    self.setting = setting
    self.hear = hear
  }

  /// The suite of all chains.
  public var suite: CryptoSuite { setting.suite }

  var input: StoryInput { StoryInput(folder: setting.input) }

  /// What the story's clock shows.
  public var now: BlockTime { clock.now }

  /// The time some days and minutes from now.
  public func after(days: UInt64 = 0, minutes: UInt64 = 0) -> BlockTime {
    clock.now.advanced(byMilliseconds: days * 86_400_000 + minutes * 60_000)
  }

  // MARK: Chains

  /// Founds and starts chains: with a relay if any contract is to reach another chain.
  /// - Parameter ports: The contracts whose packets the relay lets through; empty = no relay.
  public func found(_ chains: [StoryChain], ports: [ContractName] = []) async throws {
    guard !ports.isEmpty else {
      for chain in chains {
        let plan = plan(chain)
        let local = try LocalChain(try Founding(plan), clock: clock.clock, logger: logger) { try stores(of: chain.chain, $0) }
        state.withLock { $0.chains.append(local) }
        await local.start()
      }
      return
    }
    var options = NetworkOptions(
      interval: .milliseconds(40), relayer: RelayerOptions(idleMs: 600),
      routes: ports.map { port in
        SetRoute(scope: RouteScope(port: port), policy: RoutePolicy())
      }, clock: clock.clock, logger: logger)
    let folder = setting.folder
    options.stores = { try Self.stores(of: $0, $1, in: folder) }
    let network = try await Network(relay: plan(StoryChain(HomeChain.relay, [], contracts: [])), options: options)
    state.withLock {
      $0.network = network
      $0.chains.append(network.relay)
    }
    for chain in chains {
      let local = try await network.add(plan(chain))
      state.withLock { $0.chains.append(local) }
    }
  }

  /// A chain that was founded.
  public func chain(_ name: ChainID) throws -> LocalChain {
    guard let chain = state.withLock({ $0.chains.first { $0.chain == name } }) else { throw failure("there is no chain \(name)") }
    return chain
  }

  /// The names of the chains, the relay first.
  public var chainNames: [ChainID] { state.withLock { $0.chains.map(\.chain) } }

  /// The first node's ledger of a chain.
  public func ledger(_ name: ChainID) throws -> Ledger { try chain(name).nodes[0].ledger }

  /// The relay's ledger.
  public var relay: Ledger { get throws { try ledger(HomeChain.relay) } }

  /// An organisation's clerk on a chain.
  public func account(_ organisation: OrganisationID, on chain: ChainID) throws -> Account {
    guard let account = try self.chain(chain).founding.member(organisation, Self.clerk) else {
      throw failure("\(organisation) has no clerk on \(chain)")
    }
    return account
  }

  /// Stops all nodes of a chain; what is stored stays.
  public func halt(_ name: ChainID) async throws {
    guard let network = state.withLock({ $0.network }) else { return await (try chain(name)).halt() }
    try await network.halt(name)
  }

  /// Starts a halted chain again.
  public func restart(_ name: ChainID) async throws {
    let halted = try chain(name)
    let running: LocalChain
    if let network = state.withLock({ $0.network }) {
      running = try await network.restart(name)
    } else {
      running = try halted.restarted()
      await running.start()
    }
    state.withLock { state in
      if let place = state.chains.firstIndex(where: { $0.chain == name }) { state.chains[place] = running }
    }
  }

  /// Stops everything.
  func stop() async {
    let (network, chains) = state.withLock { ($0.network, $0.chains) }
    await network?.stop()
    for chain in network == nil ? chains : [] { await chain.stop() }
  }

  func outcome() -> StoryOutcome {
    let state = state.withLock { $0 }
    return StoryOutcome(
      story: story, setting: setting, narrations: state.narrations, facts: state.facts, secrets: state.secrets,
      documents: state.documents, chains: state.chains, log: lines.all, stage: self)
  }

  // MARK: Telling

  /// Tells something.
  public func tell(
    _ kind: Narration.Kind, zh: String, en: String, on chain: ChainID? = nil, height: BlockHeight? = nil, ids: [String: String] = [:]
  ) {
    let narration = state.withLock { state in
      let narration = Narration(
        story: story, number: state.narrations.count + 1, kind: kind, chain: chain, height: height, ids: ids,
        sentence: Sentence(zh: zh, en: en))
      state.narrations.append(narration)
      return narration
    }
    hear(narration)
  }

  /// Begins a part.
  public func heading(zh: String, en: String) { tell(.heading, zh: zh, en: en) }

  /// Keeps a result, and checks it against what the story is told to come to.
  /// - Throws: `StoryFailure` if `found` is not `expected`.
  public func expect<Value: Equatable>(_ name: String, _ found: Value, _ expected: Value) throws {
    guard found == expected else { throw failure("\(name) should be \(expected) and is \(found)") }
    let isNew = state.withLock { state in
      defer { state.facts[name] = "\(found)" }
      return state.facts[name] == nil
    }
    guard isNew else { throw failure("two results are called \(name)") }
  }

  /// Names a value that must not be found anywhere.
  public func keepSecret(_ label: String, _ text: String) {
    state.withLock { $0.secrets.append(StorySecret(label: label, text: text)) }
  }

  /// Hands a document on.
  public func handOn(_ name: String, _ bytes: [UInt8]) { state.withLock { $0.documents[name] = bytes } }

  /// Says why the story ends here.
  public func failure(_ reason: String) -> StoryFailure { StoryFailure(story: story, reason: reason) }

  // MARK: Founding

  private var logger: Logger {
    Logger(label: "yuchain.story") { [lines] _ in LineHandler(lines: lines) }
  }

  private func stores(of chain: ChainID, _ index: Int) throws -> LocalChain.Stores {
    try Self.stores(of: chain, index, in: setting.folder)
  }

  static func folder(of chain: ChainID, _ index: Int, in folder: String) -> String {
    "\(folder)/\(chain.rawValue.replacing("/", with: "-"))/validator-\(index + 1)"
  }

  private static func stores(of chain: ChainID, _ index: Int, in folder: String?) throws -> LocalChain.Stores {
    guard let folder else { return LocalChain.Stores(ledger: MemoryStore(), consensus: MemoryStore()) }
    let place = Self.folder(of: chain, index, in: folder)
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    var options = LMDBStore.Options()
    options.initialMapMiB = 16
    options.reserveMiB = 0
    return LocalChain.Stores(
      ledger: try LMDBStore(directory: "\(place)/ledger", options: options),
      consensus: try LMDBStore(directory: "\(place)/consensus", options: options))
  }

  private static let validators: [OrganisationID] = ["validator-1", "validator-2", "validator-3", "validator-4"]

  private func plan(_ chain: StoryChain) -> FoundingPlan {
    // An idle chain's blocks come often, so that checkpoints follow the story's clock when it is put forward.
    let parameters = ChainParameters(idleIntervalMs: 800)
    return FoundingPlan(
      chain: chain.chain, suite: setting.suite, engine: setting.engine,
      validators: Array(Self.validators.prefix(chain.validators ?? (setting.engine == .raft ? 3 : 4))),
      organisations: chain.parties.map { GenesisOrganisation(id: $0.organisation, name: $0.organisation.rawValue, roles: $0.roles) },
      members: chain.parties.map { (organisation: $0.organisation, name: Self.clerk) }, remoteRoles: chain.remoteRoles,
      contracts: chain.contracts, configurations: chain.configurations, parameters: parameters, time: clock.now)
  }
}
