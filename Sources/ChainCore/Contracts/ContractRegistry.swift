/// Why a list of contracts cannot form a chain's registry. Each is a bug in the host's list.
@nonexhaustive
public enum RegistryError: Error, Hashable, Sendable {
  /// Two contracts have one name.
  case repeatedContract(ContractName)
  /// Two entries, or two queries, of a contract have one name.
  case repeatedEntry(ContractName, EntryName)
  /// A contract declares a table with indexes twice.
  case repeatedTable(ContractName, TableName)
  /// Two contracts want to send packets.
  case twoPacketSenders(ContractName, ContractName)
}

/// A contract of the base platform, which may dispatch calls to others.
package protocol SystemContract: Contract {}

/// The contracts compiled into a host, by name, with what their declarations say.
public struct ContractRegistry: Sendable {
  struct Registered: Sendable {
    let contract: any Contract
    let entries: [EntryName: Entry]
    let queries: [EntryName: Query]
    let indexed: [TableName: IndexedTable]
    let manifest: ContractManifest
    let isSystem: Bool
  }

  private let contracts: [ContractName: Registered]
  /// All names, sorted.
  public let names: [ContractName]
  let packetSender: (ContractName, any PacketSender)?

  /// The contracts of the base platform and `contracts`.
  public init(_ contracts: [any Contract]) throws(RegistryError) {
    var registered: [ContractName: Registered] = [:]
    var sender: (ContractName, any PacketSender)?
    for contract in [IdentityContract(), AccessContract(), GovernanceContract()] + contracts {
      let name = type(of: contract).name
      guard registered[name] == nil else { throw .repeatedContract(name) }
      registered[name] = try Self.register(contract, name: name)
      if let packetSender = contract as? any PacketSender {
        if let sender { throw .twoPacketSenders(sender.0, name) }
        sender = (name, packetSender)
      }
    }
    self.contracts = registered
    names = registered.keys.sorted()
    packetSender = sender
  }

  private init(contracts: [ContractName: Registered], packetSender: (ContractName, any PacketSender)?) {
    self.contracts = contracts
    names = contracts.keys.sorted()
    self.packetSender = packetSender
  }

  /// The part of the registry that a chain has activated: what is compiled in but not active can't be reached in any way.
  func activated(_ isActive: (ContractName) -> Bool) -> ContractRegistry {
    ContractRegistry(
      contracts: contracts.filter { isActive($0.key) }, packetSender: packetSender.flatMap { isActive($0.0) ? $0 : nil })
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
    return Registered(
      contract: contract, entries: entries, queries: queries, indexed: indexed, manifest: ContractManifest(name: name, declared: declared),
      isSystem: contract is any SystemContract)
  }

  /// The contract of this name.
  public func contract(_ name: ContractName) -> (any Contract)? { contracts[name]?.contract }
  /// The entry `entry` of contract `name`.
  public func entry(_ name: ContractName, _ entry: EntryName) -> Entry? { contracts[name]?.entries[entry] }
  /// The query `query` of contract `name`.
  public func query(_ name: ContractName, _ query: EntryName) -> Query? { contracts[name]?.queries[query] }
  /// The declared table with indexes `table` of contract `name`.
  func indexed(_ name: ContractName, _ table: TableName) -> IndexedTable? { contracts[name]?.indexed[table] }
  /// The interface of contract `name`.
  public func manifest(_ name: ContractName) -> ContractManifest? { contracts[name]?.manifest }
  /// Whether the contract belongs to the base platform.
  public func isSystem(_ name: ContractName) -> Bool { contracts[name]?.isSystem ?? false }
}
