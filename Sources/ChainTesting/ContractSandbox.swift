public import ChainCore

/// Runs a contract's entries directly, as any caller at any time, without blocks, keys or validators.
///
/// ```swift
/// var sandbox = try ContractSandbox([MyContract()], organisations: ["city-hall": ["department"]])
/// try sandbox.call("mine", "file", FileNote(text: "one"), as: sandbox.caller("city-hall"))
/// ```
/// Each call is a block of its own: height grows by one, time by one second. A call that throws changes nothing.
public struct ContractSandbox: Sendable {
  /// The chain that the contracts run on.
  public let genesis: Genesis
  /// The time of the next call.
  public var time: BlockTime
  /// The height of the next call. May be set, never to a lower one.
  public var height: BlockHeight = 1
  /// The events of the last call that succeeded.
  public private(set) var lastEvents: [Event] = []
  private let executor: Executor
  private var state = SandboxState()

  /// A chain with `contracts` and organisations with their roles; `remote` names organisations of other chains.
  ///
  /// - Parameters:
  ///   - authorities: DER of root certificates, for contracts that look up members.
  ///   - members: DER of certificates under these roots, members from genesis on.
  ///   - configurations: What contracts get at genesis; none by default.
  /// - Throws: `RegistryError`, `GenesisError`, `KeyError`.
  public init(
    _ contracts: [any Contract], chain: ChainID = "henan/410100", suite: CryptoSuite = .guomi,
    organisations: [OrganisationID: [Role]] = [:], remote: [RemoteRoles] = [], authorities: [[UInt8]] = [], members: [[UInt8]] = [],
    configurations: [ContractName: [UInt8]] = [:], time: BlockTime = 1_700_000_000_000
  ) throws {
    let registry = try ContractRegistry(contracts)
    let key = try PrivateKey.generate(suite)
    let validators = try ValidatorSet(
      generation: 1, rule: .moreThanHalf, members: [Validator(key: key.publicKey, weight: 1, organisation: "sandbox")])
    let listed = organisations.sorted { $0.key < $1.key }.map {
      GenesisOrganisation(id: $0.key, name: $0.key.rawValue, roles: $0.value)
    }
    var active: [GenesisContract] = []
    for contract in contracts {
      let name = type(of: contract).name
      guard !active.contains(where: { $0.name == name }), let manifest = registry.manifest(name) else { continue }
      active.append(
        GenesisContract(name: name, manifest: manifest.hash(suite: suite), configuration: configurations[name] ?? []))
    }
    genesis = Genesis(
      chain: chain, suite: suite, engine: .raft, time: time, validators: validators, certificateAuthorities: authorities,
      organisations: listed, members: members, remoteRoles: remote, contracts: active)
    executor = try Executor(genesis: genesis, registry: registry)
    self.time = time.advanced(byMilliseconds: 1_000)
    let start = try executor.executeGenesis()
    state.apply(start.changes, in: .state)
    state.apply(start.indexChanges, in: .index)
  }

  /// A member of `organisation`, with the roles it has at genesis; `member` tells members apart.
  public func caller(_ organisation: OrganisationID, member: String = "clerk") -> Caller {
    let roles = genesis.organisations.first { $0.id == organisation }?.roles ?? []
    return caller(organisation, roles: roles, member: member)
  }

  /// A member of `organisation` with these roles, whether genesis knows it or not.
  public func caller(
    _ organisation: OrganisationID, roles: [Role], member: String = "clerk", origin: CallOrigin = .local
  ) -> Caller {
    let name = Array("\(organisation)/\(member)".utf8)
    return Caller(account: AccountID(genesis.suite.hash(name)), organisation: organisation, roles: roles, origin: origin)
  }

  /// Calls an entry; returns the canonical bytes of its result.
  /// - Throws: `ContractError`; then nothing changed but the clock.
  @discardableResult
  public mutating func call(
    _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable, as caller: Caller
  ) throws(ContractError) -> [UInt8] {
    defer {
      height = height.next
      time = time.advanced(byMilliseconds: 1_000)
    }
    let result = try executor.call(
      DirectCall(
        contract: contract, entry: entry, arguments: arguments.canonicalBytes, caller: caller, transaction: nextTransaction),
      on: state, height: height, time: time)
    state.apply(result.changes, in: .state)
    state.apply(result.indexChanges, in: .index)
    lastEvents = result.events
    return result.output
  }

  /// Calls an entry; returns its result.
  /// - Throws: `ContractError`, or `CanonicalError` if the result is of another type.
  public mutating func call<Output: CanonicalCodable>(
    _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable, as caller: Caller, returning: Output.Type
  ) throws -> Output {
    try Output(canonicalBytes: try call(contract, entry, arguments, as: caller))
  }

  /// Asks a query as the host.
  /// - Throws: `ContractError`, or `CanonicalError` if the answer is of another type.
  public func query<Answer: CanonicalCodable>(
    _ contract: ContractName, _ query: EntryName, _ arguments: some CanonicalCodable, as: Answer.Type = Answer.self,
    by caller: Caller? = nil
  ) throws -> Answer {
    let bytes = try executor.query(
      contract, query, arguments: arguments.canonicalBytes, caller: caller, on: state, height: height, time: time)
    return try Answer(canonicalBytes: bytes)
  }

  /// All records by state key: to show that a refused call wrote nothing.
  public var records: [[UInt8]: [UInt8]] { state.records }

  /// The id that the next call's transaction has.
  public var nextTransaction: TransactionID {
    TransactionID(genesis.suite.hash(Array("sandbox transaction \(height)".utf8)))
  }
}
