/// Why a list of contracts cannot form a chain's registry. Each is a bug in the host's list.
@nonexhaustive
public enum RegistryError: Error, Hashable, Sendable {
  /// Two contracts have one name and version.
  case repeatedContract(ContractName)
  /// Two entries, or two queries, of a contract have one name.
  case repeatedEntry(ContractName, EntryName)
  /// A contract declares a table with indexes twice.
  case repeatedTable(ContractName, TableName)
  /// A contract has the name `platform`, which stands for the contracts of the platform together.
  case reservedName(ContractName)
  /// Two contracts want to send packets.
  case twoPacketSenders(ContractName, ContractName)
}

/// A contract of the base platform, which may dispatch calls to others.
package protocol SystemContract: Contract {
  /// Whether an event of this contract belongs into the chain's audit log; by default none does.
  static func isAudited(_ event: String) -> Bool
}

extension SystemContract {
  package static func isAudited(_ event: String) -> Bool { false }
}

/// The contracts compiled into a host, by name and version, with what their declarations say; or those of them that a chain runs.
///
/// A host may contain several versions of a contract: which one runs is on-chain state. Without a state the first one listed counts.
public struct ContractRegistry: Sendable {
  struct Registered: Sendable {
    let contract: any Contract
    let version: UInt32
    let entries: [EntryName: Entry]
    let queries: [EntryName: Query]
    let indexed: [TableName: IndexedTable]
    let manifest: ContractManifest
    let isSystem: Bool
    let isAudited: @Sendable (String) -> Bool
  }

  private let contracts: [ContractName: [Registered]]
  /// All names, sorted.
  public let names: [ContractName]
  let packetSender: (ContractName, any PacketSender)?
  /// Of a chain: contracts that do not take calls. Retired ones are not registered.
  private let halted: [ContractName: ContractStatus]
  /// Of a chain: what it runs and this host does not contain.
  let missing: [MissingContract]
  /// Of a host: the latest version of the platform that it contains, all before it included. Of a chain: the one that runs.
  public let platform: UInt32

  /// The contracts of the base platform and `contracts`.
  public init(_ contracts: [any Contract]) throws(RegistryError) { try self.init(contracts, platform: Self.latestPlatform) }

  /// As `init(_:)`, for a host of another release.
  package init(_ contracts: [any Contract], platform: UInt32) throws(RegistryError) {
    var registered: [ContractName: [Registered]] = [:]
    var sender: (ContractName, any PacketSender)?
    for contract in Self.core + contracts {
      let name = type(of: contract).name
      guard name != Self.platformName else { throw .reservedName(name) }
      let found = try Self.register(contract, name: name)
      guard !Self.isCore(name) || registered[name] == nil, registered[name]?.contains(where: { $0.version == found.version }) != true else {
        throw .repeatedContract(name)
      }
      registered[name, default: []].append(found)
      if let packetSender = contract as? any PacketSender {
        if let sender, sender.0 != name { throw .twoPacketSenders(sender.0, name) }
        sender = sender ?? (name, packetSender)
      }
    }
    self.init(contracts: registered, packetSender: sender, platform: platform)
  }

  private init(
    contracts: [ContractName: [Registered]], packetSender: (ContractName, any PacketSender)?,
    halted: [ContractName: ContractStatus] = [:], missing: [MissingContract] = [], platform: UInt32
  ) {
    self.contracts = contracts
    names = contracts.keys.sorted()
    self.packetSender = packetSender
    self.halted = halted
    self.missing = missing
    self.platform = platform
  }

  /// The contracts that every chain has, in whatever state it is.
  private static let core: [any Contract] = [
    IdentityContract(), AccessContract(), GovernanceContract(), LifecycleContract(), AuditContract(),
  ]

  /// Whether every chain has the contract.
  static func isCore(_ name: ContractName) -> Bool { core.contains { type(of: $0).name == name } }

  /// The part of this host that a chain runs: what is compiled in but not active can't be reached in any way.
  func running(_ active: ActiveContracts, suite: CryptoSuite) -> ContractRegistry {
    var chosen = contracts.filter { Self.isCore($0.key) }
    var halted: [ContractName: ContractStatus] = [:]
    var missing: [MissingContract] = []
    var version: UInt32 = 1
    for listed in active.contracts {
      if listed.status != .active { halted[listed.contract] = listed.status }
      guard listed.status != .retired else { continue }
      if listed.contract == Self.platformName {
        version = listed.version
        if !hasPlatform(listed.version, manifest: listed.manifest, suite: suite) { missing.append(MissingContract(listed)) }
        continue
      }
      guard let found = registered(listed.contract, version: listed.version, manifest: listed.manifest, suite: suite) else {
        missing.append(MissingContract(listed))
        continue
      }
      chosen[listed.contract] = [found]
    }
    let sender = packetSender.flatMap { sender in
      (chosen[sender.0]?.first?.contract as? any PacketSender).map { (sender.0, $0) }
    }
    return ContractRegistry(contracts: chosen, packetSender: sender, halted: halted, missing: missing, platform: version)
  }

  /// This registry with the version that the chain runs next in place of the one before.
  func replacing(_ contract: ContractName, by new: Registered) -> ContractRegistry {
    var changed = contracts
    changed[contract] = [new]
    let sender = (new.contract as? any PacketSender).map { (contract, $0) } ?? packetSender
    return ContractRegistry(contracts: changed, packetSender: sender, halted: halted, missing: missing, platform: platform)
  }

  /// This registry with another version of the platform.
  func changed(platform: UInt32) -> ContractRegistry {
    ContractRegistry(contracts: contracts, packetSender: packetSender, halted: halted, missing: missing, platform: platform)
  }

  /// The compiled contract of this name, version and interface.
  func registered(_ name: ContractName, version: UInt32? = nil, manifest: Digest, suite: CryptoSuite) -> Registered? {
    contracts[name]?.first { (version ?? $0.version) == $0.version && $0.manifest.hash(suite: suite) == manifest }
  }

  private static func register(_ contract: any Contract, name: ContractName) throws(RegistryError) -> Registered {
    let declared = contract.entries
    var entries: [EntryName: Entry] = [:]
    var queries: [EntryName: Query] = [:]
    for entry in declared.entries {
      guard entries.updateValue(entry, forKey: entry.name) == nil else { throw .repeatedEntry(name, entry.name) }
    }
    for query in declared.queries {
      guard queries.updateValue(query, forKey: query.name) == nil else { throw .repeatedEntry(name, query.name) }
    }
    var indexed: [TableName: IndexedTable] = [:]
    for table in declared.indexed {
      guard indexed.updateValue(table, forKey: table.name) == nil else { throw .repeatedTable(name, table.name) }
    }
    let version = type(of: contract).version
    let system = (contract as? any SystemContract).map { type(of: $0) }
    return Registered(
      contract: contract, version: version, entries: entries, queries: queries, indexed: indexed,
      manifest: ContractManifest(name: name, version: version, declared: declared), isSystem: system != nil,
      isAudited: { event in system?.isAudited(event) ?? false })
  }

  /// The contract of this name.
  public func contract(_ name: ContractName) -> (any Contract)? { contracts[name]?.first?.contract }
  /// The version of the contract of this name.
  public func version(of name: ContractName) -> UInt32? { contracts[name]?.first?.version }
  /// The entry `entry` of contract `name`.
  public func entry(_ name: ContractName, _ entry: EntryName) -> Entry? { contracts[name]?.first?.entries[entry] }
  /// The query `query` of contract `name`.
  public func query(_ name: ContractName, _ query: EntryName) -> Query? { contracts[name]?.first?.queries[query] }
  /// The declared table with indexes `table` of contract `name`.
  func indexed(_ name: ContractName, _ table: TableName) -> IndexedTable? { contracts[name]?.first?.indexed[table] }
  /// The interface of contract `name`.
  public func manifest(_ name: ContractName) -> ContractManifest? { contracts[name]?.first?.manifest }
  /// The interfaces of all versions of contract `name` in this host, in the order of its list.
  public func manifests(_ name: ContractName) -> [ContractManifest] { contracts[name]?.map(\.manifest) ?? [] }
  /// Whether the contract belongs to the base platform.
  public func isSystem(_ name: ContractName) -> Bool { contracts[name]?.first?.isSystem ?? Self.isCore(name) }
  /// Of a chain: whether the contract is frozen or retired; `nil` if it is neither.
  func halt(of name: ContractName) -> ContractStatus? { halted[name] }
  /// Of a chain: the rest of a sentence that says that a contract is not there.
  func whyAbsent(_ name: ContractName) -> String {
    if halted[name] == .retired { return ": the contract was retired" }
    return missing.first { $0.contract == name }.map { ": \($0)" } ?? ""
  }
  /// Whether the event belongs into the audit log.
  func isAudited(_ event: Event) -> Bool { contracts[event.contract]?.first?.isAudited(event.name) ?? false }
}
