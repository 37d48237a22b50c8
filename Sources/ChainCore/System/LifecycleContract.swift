/// Which contracts run in which version: from proposal over approval to activation at a height, freeze, upgrade and retirement.
///
/// Organisations propose versions by interface, code and audit digests; everything else is decided by governance. The runtime activates
/// approved versions before the first transaction of their height.
public struct LifecycleContract: SystemContract {
  /// `contracts`.
  public static let name: ContractName = "contracts"
  /// The greatest number of contracts on a chain, retired ones included.
  public static let contractLimit = 256
  /// The greatest number of versions that one organisation has proposed and nobody decided about.
  public static let proposedLimit = 16
  /// The greatest size of a configuration, in bytes.
  public static let configurationLimit = 64 * 1024
  /// How far ahead an activation may lie, in heights.
  public static let aheadLimit: UInt64 = 10_000_000
  /// How many calls' worth of reads, writes, bytes and steps a migration may use.
  static let migrationFactor: UInt32 = 16

  static let active = Table<SingleKey, ActiveContracts>("active")
  static let versions = Table<Pair<ContractName, UInt32>, VersionRecord>("versions")
  static let proposed = Table<Pair<OrganisationID, Pair<ContractName, UInt32>>, UInt8>("proposed")

  /// The contract.
  public init() {}

  /// All events of this contract are security events.
  package static func isAudited(_ event: String) -> Bool { true }

  /// Proposals by organisations that administer or run validators, decisions by governance, and what runs.
  public var entries: Entries {
    Entry("propose", by: .roles([.administrator, .validator])) { (version: ContractVersion, context) in
      try Self.propose(version, context)
    }
    Entry("withdraw", by: .member) { (id: ContractVersionID, context) in try Self.withdraw(id, context) }
    Entry("approve", by: .governance) { (call: ApproveVersion, context) in try Self.approve(call, context) }
    Entry("cancel", by: .governance) { (contract: ContractName, context) in try Self.cancel(contract, context) }
    Entry("freeze", by: .governance) { (contract: ContractName, context) in try Self.freeze(contract, context) }
    Entry("thaw", by: .governance) { (contract: ContractName, context) in try Self.thaw(contract, context) }
    Entry("retire", by: .governance) { (contract: ContractName, context) in try Self.retire(contract, context) }
    Query("active") { (_: NoResult, context) -> ActiveContracts in try context.require(Self.active, SingleKey()) }
    Query("contract") { (name: ContractName, context) -> ActiveContract? in try context.require(Self.active, SingleKey())[name] }
    Query("version") { (id: ContractVersionID, context) -> VersionRecord? in
      try context.get(Self.versions, Pair(id.contract, id.version))
    }
    Query("versions") { (name: ContractName, context) -> [VersionRecord] in
      try context.range(Self.versions, under: name, limit: 100).map(\.value)
    }
  }

  static func initialise(_ genesis: Genesis, _ context: ContractContext) throws(ContractError) {
    var all = ActiveContracts(contracts: [])
    for listed in genesis.contracts where !ContractRegistry.isCore(listed.name) {
      guard all[listed.name] == nil else { throw .alreadyExists }
      guard let version = context.frame.environment.registry.version(of: listed.name) else { throw .unexpected }
      all.set(ActiveContract(contract: listed.name, version: version, manifest: listed.manifest, status: .active, since: 0))
      let described = ContractVersion(contract: listed.name, version: version, manifest: listed.manifest, code: .zero)
      try context.put(
        versions, Pair(listed.name, version), VersionRecord(version: described, state: .active, proposer: nil, since: 0))
    }
    try context.put(active, SingleKey(), all)
  }

  static func propose(_ version: ContractVersion, _ context: ContractContext) throws(ContractError) {
    let organisation = context.caller.organisation
    guard !ContractRegistry.isCore(version.contract) else {
      throw .notSupported("versions of \(version.contract) alone: propose one of \(ContractRegistry.platformName), of which it is a part")
    }
    guard version.version > 0 else { throw .badArgument("version: 0") }
    guard version.manifest != .zero, version.code != .zero, version.audit != .zero else { throw .badArgument("a digest is zero") }
    guard version.configuration.count <= configurationLimit else { throw .limitExceeded("\(configurationLimit) bytes of configuration") }
    let all = try context.require(active, SingleKey())
    if version.contract == ContractRegistry.platformName {
      let running = context.platform
      guard version.version == running + 1 else { throw .badArgument("version: \(running) runs; the next one is expected") }
      guard version.configuration.isEmpty else { throw .badArgument("configuration: the platform takes none") }
    } else if let running = all[version.contract] {
      guard running.status != .retired else { throw .notAllowed(state: "retired", call: "propose") }
      guard version.version > running.version else { throw .badArgument("version: \(running.version) runs; a later one is expected") }
      guard version.configuration.isEmpty else { throw .badArgument("configuration: later versions migrate and take none") }
    }
    if let before = try context.get(versions, Pair(version.contract, version.version)) {
      guard before.state == .withdrawn || before.state == .failed else { throw .alreadyExists }
    }
    guard try context.range(proposed, under: organisation, limit: proposedLimit).count < proposedLimit else {
      throw .limitExceeded("\(proposedLimit) versions proposed by \(organisation); withdraw one")
    }
    try context.put(proposed, Pair(organisation, Pair(version.contract, version.version)), 1)
    try context.put(
      versions, Pair(version.contract, version.version),
      VersionRecord(version: version, state: .proposed, proposer: organisation, since: context.height))
    try context.emit("contracts.proposed", version)
  }

  static func withdraw(_ id: ContractVersionID, _ context: ContractContext) throws(ContractError) {
    let record = try context.require(versions, Pair(id.contract, id.version))
    guard let proposer = record.proposer, proposer == context.caller.organisation else {
      throw .notAuthorised("\(record.proposer.map { "\($0)" } ?? "genesis") proposed it and alone may take it back")
    }
    guard record.state == .proposed else { throw .notAllowed(state: "\(record.state)", call: "withdraw") }
    try move(record, to: .withdrawn, since: context.height, context)
    try context.emit("contracts.withdrawn", id)
  }

  static func approve(_ call: ApproveVersion, _ context: ContractContext) throws(ContractError) {
    let record = try context.require(versions, Pair(call.contract, call.version))
    guard record.state == .proposed else { throw .notAllowed(state: "\(record.state)", call: "approve") }
    guard record.version.digest(genesis: context.genesis, suite: context.suite) == call.proposed else {
      throw .badArgument("proposed: another version \(call.version) of \(call.contract) was proposed since")
    }
    guard context.height < call.from, call.from <= context.height.advanced(by: aheadLimit) else {
      throw .badArgument("from: a height above \(context.height), at most \(aheadLimit) ahead")
    }
    var all = try context.require(active, SingleKey())
    guard !all.pending.contains(where: { $0.contract == call.contract }) else {
      throw .notAllowed(state: "another version is approved; cancel it first", call: "approve")
    }
    if call.contract == ContractRegistry.platformName {
      guard call.version == context.platform + 1 else {
        throw .badArgument("version: \(context.platform) runs; the next one is expected")
      }
    } else if let running = all[call.contract] {
      guard running.status != .retired else { throw .notAllowed(state: "retired", call: "approve") }
      guard call.version > running.version else { throw .badArgument("version: \(running.version) runs; a later one is expected") }
    } else {
      guard all.contracts.count + all.pending.count < contractLimit else { throw .limitExceeded("\(contractLimit) contracts") }
    }
    all.pending.append(
      PendingVersion(contract: call.contract, version: call.version, manifest: record.version.manifest, from: call.from))
    all.pending.sort { $0.contract < $1.contract }
    try context.put(active, SingleKey(), all)
    try move(record, to: .approved, since: call.from, context)
    try context.emit("contracts.approved", call)
  }

  static func cancel(_ contract: ContractName, _ context: ContractContext) throws(ContractError) {
    var all = try context.require(active, SingleKey())
    guard let place = all.pending.firstIndex(where: { $0.contract == contract }) else { throw .notFound }
    let pending = all.pending.remove(at: place)
    try context.put(active, SingleKey(), all)
    try move(try context.require(versions, Pair(contract, pending.version)), to: .withdrawn, since: context.height, context)
    try context.emit("contracts.cancelled", ContractVersionID(contract: contract, version: pending.version))
  }

  static func freeze(_ contract: ContractName, _ context: ContractContext) throws(ContractError) {
    try setStatus(contract, from: [.active], to: .frozen, "freeze", context)
    try context.emit("contracts.frozen", contract)
  }

  static func thaw(_ contract: ContractName, _ context: ContractContext) throws(ContractError) {
    try setStatus(contract, from: [.frozen], to: .active, "thaw", context)
    try context.emit("contracts.thawed", contract)
  }

  static func retire(_ contract: ContractName, _ context: ContractContext) throws(ContractError) {
    let all = try context.require(active, SingleKey())
    guard !all.pending.contains(where: { $0.contract == contract }) else {
      throw .notAllowed(state: "a version of it is approved; cancel that first", call: "retire")
    }
    try setStatus(contract, from: [.active, .frozen], to: .retired, "retire", context)
    if let version = all[contract]?.version {
      try move(try context.require(versions, Pair(contract, version)), to: .retired, since: context.height, context)
    }
    try context.emit("contracts.retired", contract)
  }

  private static func setStatus(
    _ contract: ContractName, from before: [ContractStatus], to status: ContractStatus, _ call: String, _ context: ContractContext
  ) throws(ContractError) {
    guard contract != ContractRegistry.platformName, !context.frame.environment.registry.isSystem(contract) else {
      throw .notAllowed(state: "\(contract) belongs to the platform, without which nothing could be set right again", call: call)
    }
    var all = try context.require(active, SingleKey())
    guard var found = all[contract] else { throw .notFound }
    guard before.contains(found.status) else { throw .notAllowed(state: "\(found.status)", call: call) }
    found.status = status
    // What changes now counts from the next block on.
    found.since = context.height.next
    all.set(found)
    try context.put(active, SingleKey(), all)
  }

  /// Writes where a version stands now.
  static func move(
    _ record: VersionRecord, to state: VersionRecord.State, since: BlockHeight, _ context: ContractContext
  ) throws(ContractError) {
    var record = record
    if record.state == .proposed, let proposer = record.proposer {
      try context.remove(proposed, Pair(proposer, Pair(record.version.contract, record.version.version)))
    }
    record.state = state
    record.since = since
    try context.put(versions, Pair(record.version.contract, record.version.version), record)
  }
}
