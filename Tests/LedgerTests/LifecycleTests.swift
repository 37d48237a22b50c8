import ChainCore
import ChainTesting
import Testing

/// A counter whose versions differ in what they store, and one whose migration fails half-way.
struct CounterV1: Contract {
  static let name: ContractName = "counter"
  static let counts = Table<UInt64, UInt32>("counts", indexes: [TableIndex("value") { _, value in value }])

  var entries: Entries {
    IndexedTable(Self.counts)
    Entry("add", by: .member) { (number: UInt64, context) -> UInt32 in
      let count = (try context.get(Self.counts, number) ?? 0) + 1
      try context.put(Self.counts, number, count)
      return count
    }
    Query("count") { (number: UInt64, context) -> UInt32? in try context.get(Self.counts, number) }
    Query("withValue") { (value: UInt32, context) -> [UInt64] in
      try context.range(Self.counts, index: "value", equals: value, limit: 10).map(\.key)
    }
  }
}

struct CounterV2: Contract {
  struct Count: CanonicalRecord, Codable, Hashable {
    var value: UInt64
    var label: String
    static let layout = Layout(Self.init, \.value, \.label)
  }
  static let name: ContractName = "counter"
  static let version: UInt32 = 2
  static let counts = Table<UInt64, Count>("counts", indexes: [TableIndex("value") { _, count in count.value }])

  var entries: Entries {
    IndexedTable(Self.counts)
    Entry("add", by: .member) { (number: UInt64, context) -> UInt64 in
      var count = try context.get(Self.counts, number) ?? Count(value: 0, label: "new")
      count.value += 10
      try context.put(Self.counts, number, count)
      return count.value
    }
    Query("count") { (number: UInt64, context) -> Count? in try context.get(Self.counts, number) }
    Query("withValue") { (value: UInt64, context) -> [UInt64] in
      try context.range(Self.counts, index: "value", equals: value, limit: 10).map(\.key)
    }
  }

  func migrate(from version: UInt32, _ context: ContractContext) throws {
    guard version == 1 else { throw ContractError.notSupported("version \(version)") }
    for (number, value) in try context.range(CounterV1.counts, limit: 1_000) {
      try context.remove(CounterV1.counts, number)
      try context.put(Self.counts, number, Count(value: UInt64(value), label: "old"))
    }
    try context.emit("counter.migrated", version)
  }
}

struct CounterV3: Contract {
  static let name: ContractName = "counter"
  static let version: UInt32 = 3
  var entries: Entries {
    IndexedTable(CounterV2.counts)
    Query("count") { (number: UInt64, context) -> UInt64? in try context.get(CounterV2.counts, number)?.value }
  }
  func migrate(from version: UInt32, _ context: ContractContext) throws {
    for (number, _) in try context.range(CounterV2.counts, limit: 1_000) { try context.remove(CounterV2.counts, number) }
    throw ContractError.notSupported("half-way")
  }
}

struct LateContract: Contract {
  static let name: ContractName = "late"
  static let words = Table<SingleKey, String>("words")
  var entries: Entries {
    Entry("say", by: .member) { (word: String, context) in try context.put(Self.words, SingleKey(), word) }
    Query("said") { (_: NoResult, context) -> String? in try context.get(Self.words, SingleKey()) }
  }
  func initialise(_ configuration: [UInt8], _ context: ContractContext) throws {
    try context.put(Self.words, SingleKey(), try String(canonicalBytes: configuration))
  }
}

/// A contract's life is on the chain: proposed, approved, active from a height, frozen, upgraded, retired; every node follows it.
@Suite struct LifecycleTests {
  static let hosted: [any Contract] = [CounterV1(), CounterV2(), CounterV3()]

  static func chain(_ contracts: [any Contract] = hosted, store: any KeyValueStore = MemoryStore()) throws -> SoloChain {
    var chain = try SoloChain(
      contracts, suite: .international,
      organisations: ["housing": ["administrator"], "tax": ["administrator"], "city-hall": ["department"]], store: store)
    for number in UInt64(1)...3 { _ = try chain.call("counter", "add", number, by: try chain.member("city-hall")) }
    return chain
  }

  static func version(_ contract: any Contract, _ chain: SoloChain, configuration: [UInt8] = []) throws -> ContractVersion {
    let registry = try ContractRegistry([contract])
    let type = type(of: contract)
    return ContractVersion(
      contract: type.name, version: type.version, manifest: try #require(registry.manifest(type.name)).hash(suite: chain.suite),
      code: chain.suite.hash(Array("code".utf8)), audit: chain.suite.hash(Array("report".utf8)), configuration: configuration)
  }

  @discardableResult static func propose(_ version: ContractVersion, _ chain: inout SoloChain) throws -> Receipt {
    try chain.call("contracts", "propose", version, by: try chain.member("housing"))
  }

  @discardableResult static func approve(_ version: ContractVersion, in heights: UInt64 = 30, _ chain: inout SoloChain) throws -> Receipt {
    let from = chain.ledger.head.height.advanced(by: heights)
    return try chain.govern([version.approval(from: from, genesis: chain.ledger.genesisID, suite: chain.suite)])
  }

  static func running(_ chain: SoloChain, _ name: ContractName = "counter") throws -> ActiveContract? {
    try chain.ledger.query("contracts", "contract", name)
  }

  static func state(_ version: ContractVersion, _ chain: SoloChain) throws -> VersionRecord? {
    try chain.ledger.query("contracts", "version", ContractVersionID(contract: version.contract, version: version.version))
  }

  static func passUntil(_ height: BlockHeight, _ chain: inout SoloChain) throws {
    while chain.ledger.head.height < height { try chain.makeBlock() }
  }

  @Test func anUpgradeTakesOverTheRecordsAtItsHeight() throws {
    var chain = try Self.chain()
    let clerk = try chain.member("city-hall")
    let version = try Self.version(CounterV2(), chain)
    #expect(try Self.propose(version, &chain).status == .succeeded)
    #expect(try Self.state(version, chain)?.state == .proposed)
    #expect(try Self.approve(version, &chain).status == .succeeded)
    let from = try #require(try Self.state(version, chain)).since
    #expect(try Self.state(version, chain)?.state == .approved)
    try Self.passUntil(from.previous.previous, &chain)
    #expect(try UInt32(canonicalBytes: chain.call("counter", "add", UInt64(1), by: clerk).output) == 2, "the old version still runs")
    let before = chain.ledger.head.height
    // The first call of the new version is in the very block that it starts with.
    #expect(try UInt64(canonicalBytes: chain.call("counter", "add", UInt64(1), by: clerk).output) == 12)
    #expect(chain.ledger.head.height == from)
    #expect(
      try Self.running(chain) == ActiveContract(contract: "counter", version: 2, manifest: version.manifest, status: .active, since: from))
    #expect(try Self.state(version, chain)?.state == .active)
    #expect(try Self.state(try Self.version(CounterV1(), chain), chain)?.state == .upgraded)
    #expect(try chain.ledger.query("counter", "withValue", UInt64(1), as: [UInt64].self) == [2, 3], "indexes moved too")
    let old = try chain.ledger.query("counter", "count", arguments: UInt64(1).canonicalBytes, at: before)
    #expect(try UInt32?(canonicalBytes: old.value) == 2, "past heights are read by the version of their time")
    #expect(try chain.ledger.verify().height == chain.ledger.head.height)
  }

  @Test func aFailedMigrationLeavesEverythingAsItWas() throws {
    var chain = try Self.chain()
    for contract in [CounterV2(), CounterV3()] as [any Contract] {
      let version = try Self.version(contract, chain)
      try Self.propose(version, &chain)
      try Self.approve(version, &chain)
      try Self.passUntil(try #require(try Self.state(version, chain)).since, &chain)
    }
    let version = try Self.version(CounterV3(), chain)
    #expect(try Self.state(version, chain)?.state == .failed)
    #expect(try Self.running(chain)?.version == 2)
    #expect(try chain.ledger.query("counter", "count", UInt64(2), as: CounterV2.Count?.self) == CounterV2.Count(value: 1, label: "old"))
    let head: AuditHead = try chain.ledger.query("audit", "head", NoResult())
    let records: [AuditRecord] = try chain.ledger.query("audit", "records", AuditQuestion(from: 0, limit: 200))
    #expect(records.count == Int(head.size) && records.last?.action == "contracts.failed")
    #expect(try Self.propose(version, &chain).status == .succeeded, "it may be proposed again")
    #expect(try chain.ledger.verify().height == chain.ledger.head.height)
  }

  @Test func aNodeWithoutTheVersionStopsBeforeItsHeight() throws {
    let store = MemoryStore()
    var chain = try Self.chain()
    let version = try Self.version(CounterV2(), chain)
    try Self.propose(version, &chain)
    try Self.approve(version, &chain)
    let from = try #require(try Self.state(version, chain)).since
    try Self.passUntil(from.next, &chain)

    let old = try Ledger(store: store, genesis: chain.genesis, contracts: try ContractRegistry([CounterV1()]))
    var height: BlockHeight = 1
    while height < from {
      try old.commit(try chain.ledger.block(at: height), position: height.rawValue)
      height = height.next
    }
    let missing = MissingContract(contract: "counter", version: 2, manifest: version.manifest, from: from)
    #expect(try old.missingContracts() == [missing], "it can be told in time")
    #expect(throws: LedgerError.missingContract(missing)) { try old.commit(try chain.ledger.block(at: from), position: 1) }
    #expect(old.head.height == from.previous, "nothing was executed")
    #expect("\(missing)".contains("version 2") && "\(missing)".contains("install"))

    // Another interface under the same number is not it either.
    let both = try Ledger(store: store, genesis: chain.genesis, contracts: try ContractRegistry([CounterV1(), CounterV2()]))
    while height <= chain.ledger.head.height {
      try both.commit(try chain.ledger.block(at: height), position: height.rawValue)
      height = height.next
    }
    #expect(both.head.checkpoint == chain.ledger.head.checkpoint)
    #expect(throws: LedgerError.self) {
      try Ledger(store: store, genesis: chain.genesis, contracts: try ContractRegistry([CounterV1()]))
    }
    let new = try Ledger(store: store, genesis: chain.genesis, contracts: try ContractRegistry([CounterV2()]))
    #expect(new.head == both.head, "what ran before is not needed any more")
    #expect(throws: LedgerError.self, "only re-execution needs it") { try new.verify() }
  }

  @Test func aSnapshotIsReadByTheVersionThatRunsInIt() throws {
    var chain = try SoloChain(
      Self.hosted, suite: .international, organisations: ["housing": ["administrator"], "city-hall": []],
      parameters: ChainParameters(transactionWindow: 40))
    for number in UInt64(1)...3 { _ = try chain.call("counter", "add", number, by: try chain.member("city-hall")) }
    let version = try Self.version(CounterV2(), chain)
    try Self.propose(version, &chain)
    try Self.approve(version, &chain)
    try Self.passUntil(try #require(try Self.state(version, chain)).since.advanced(by: 2), &chain)
    let height = try #require(try chain.ledger.newestCertificate()).checkpoint.height
    let manifest = try chain.ledger.snapshot(at: height)
    func bring(_ contracts: [any Contract]) throws -> Ledger {
      var target = try SnapshotImport(
        manifest, into: MemoryStore(), genesis: chain.genesis, contracts: try ContractRegistry(contracts))
      for number in target.missing { try target.add(try chain.ledger.snapshotChunk(number, of: manifest), as: number) }
      return try target.finish()
    }
    let ledger = try bring([CounterV2()])
    #expect(try ledger.query("counter", "withValue", UInt64(1), as: [UInt64].self) == [1, 2, 3])
    #expect(throws: SnapshotError.self) { try bring([CounterV1()]) }
    let index: UInt64 = 0
    #expect(try ledger.proveAudit(index) == chain.ledger.proveAudit(index, at: height), "the audit log came along")
  }

  @Test func aNewContractStartsWithItsConfiguration() throws {
    var chain = try SoloChain(
      [CounterV1()], suite: .international, organisations: ["housing": ["administrator"], "city-hall": []], dormant: [LateContract()])
    let clerk = try chain.member("city-hall")
    func say() throws -> String { try chain.call("late", "say", "x", by: clerk).code }
    #expect(try say() == "notSupported", "compiled in is not active")
    let good = try Self.version(LateContract(), chain, configuration: "hello".canonicalBytes)
    var bad = good
    bad.configuration = [0xff]
    try Self.propose(bad, &chain)
    try Self.approve(bad, &chain)
    try Self.passUntil(try #require(try Self.state(bad, chain)).since, &chain)
    #expect(try Self.state(bad, chain)?.state == .failed && Self.running(chain, "late") == nil)
    #expect(try say() == "notSupported")
    try Self.propose(good, &chain)
    try Self.approve(good, &chain)
    try Self.passUntil(try #require(try Self.state(good, chain)).since, &chain)
    #expect(try chain.ledger.query("late", "said", NoResult(), as: String?.self) == "hello")
    #expect(try say() == "ok")
    #expect(try chain.ledger.verify().height == chain.ledger.head.height)
  }

  @Test func frozenContractsAnswerQueriesAndRetiredOnesNothing() throws {
    var chain = try Self.chain()
    let clerk = try chain.member("city-hall")
    #expect(try chain.call("contracts", "freeze", ContractName("counter"), by: chain.administrator).code == "notAuthorised")
    #expect(try chain.govern("contracts", "thaw", ContractName("counter")).code == "notAllowed")
    #expect(try chain.govern("contracts", "freeze", ContractName("counter")).status == .succeeded)
    let refused = try chain.call("counter", "add", UInt64(1), by: clerk)
    #expect(refused.code == "notAllowed" && refused.message.contains("frozen"))
    let signed = try chain.sign("counter", "add", UInt64(1), by: clerk)
    #expect(throws: AdmissionError.refused(.frozen("counter"))) { try chain.ledger.admit(signed) }
    let question = AccessQuestion(account: clerk.id, contract: "counter", entry: "add")
    let answer: AccessAnswer = try chain.ledger.query("access", "mayCall", question)
    #expect(!answer.allowed && answer.rule == "contracts" && answer.reason.contains("frozen"))
    #expect(try chain.ledger.query("counter", "count", UInt64(1), as: UInt32?.self) == 1)
    #expect(try chain.govern("contracts", "freeze", ContractName("counter")).code == "notAllowed")
    #expect(try chain.govern("contracts", "thaw", ContractName("counter")).status == .succeeded)
    #expect(try chain.call("counter", "add", UInt64(1), by: clerk).status == .succeeded)

    #expect(try chain.govern("contracts", "retire", ContractName("counter")).status == .succeeded)
    #expect(try chain.call("counter", "add", UInt64(1), by: clerk).message.contains("retired"))
    #expect(throws: QueryError.self) { try chain.ledger.query("counter", "count", UInt64(1), as: UInt32?.self) }
    for entry in ["freeze", "thaw", "retire"] as [EntryName] {
      #expect(try chain.govern("contracts", entry, ContractName("counter")).code == "notAllowed", "it is final")
    }
    let version = try Self.version(CounterV2(), chain)
    #expect(try Self.propose(version, &chain).code == "notAllowed")
    #expect(try chain.ledger.verify().height == chain.ledger.head.height)
    let without = try ContractRegistry([LateContract()])
    #expect(try Ledger(store: MemoryStore(), genesis: chain.genesis, contracts: chain.founding.registry).head.height == 0)
    #expect(throws: LedgerError.genesis(.unknownContract("counter"))) {
      try Ledger(store: MemoryStore(), genesis: chain.genesis, contracts: without)
    }
  }

  @Test func nothingOfThePlatformIsFrozenOrReplaced() throws {
    var chain = try Self.chain()
    for name in ["governance", "identity", "access", "contracts", "audit"] as [ContractName] {
      for entry in ["freeze", "retire"] as [EntryName] {
        let receipt = try chain.govern("contracts", entry, name)
        #expect(receipt.code == "notAllowed" && receipt.message.contains("platform"))
      }
      var version = try Self.version(CounterV2(), chain)
      version.contract = name
      #expect(try Self.propose(version, &chain).code == "notSupported")
    }
    #expect(try chain.govern("contracts", "freeze", ContractName("nothing")).code == "notFound")
  }

  @Test func versionsAreDecidedAboutAsTheyWereProposed() throws {
    var chain = try Self.chain()
    let version = try Self.version(CounterV2(), chain)
    #expect(try chain.call("contracts", "propose", version, by: try chain.member("city-hall")).code == "notAuthorised")
    #expect(try Self.approve(version, &chain).code == "notFound", "nobody proposed it")
    #expect(try Self.propose(try Self.version(CounterV1(), chain), &chain).code == "badArgument", "it runs already")
    var configured = version
    configured.configuration = [1]
    #expect(try Self.propose(configured, &chain).code == "badArgument")
    var empty = version
    empty.code = .zero
    #expect(try Self.propose(empty, &chain).code == "badArgument")
    #expect(try Self.propose(version, &chain).status == .succeeded)
    #expect(try Self.propose(version, &chain).code == "alreadyExists")
    var other = version
    other.audit = nil
    #expect(try Self.approve(other, &chain).code == "badArgument", "another digest than the proposed one")
    #expect(try Self.approve(version, in: 0, &chain).code == "badArgument", "a height that is over")
    #expect(try Self.approve(version, in: LifecycleContract.aheadLimit + 1_000, &chain).code == "badArgument")
    let id = ContractVersionID(contract: "counter", version: 2)
    #expect(try chain.call("contracts", "withdraw", id, by: try chain.member("tax")).code == "notAuthorised")
    #expect(try chain.call("contracts", "withdraw", id, by: try chain.member("housing")).status == .succeeded)
    #expect(try chain.call("contracts", "withdraw", id, by: try chain.member("housing")).code == "notAllowed")
    #expect(try Self.approve(version, &chain).code == "notAllowed")
    try Self.propose(version, &chain)
    #expect(try Self.approve(version, in: 200, &chain).status == .succeeded)
    #expect(try Self.approve(version, in: 200, &chain).code == "notAllowed")
    #expect(try chain.govern("contracts", "retire", ContractName("counter")).code == "notAllowed", "an upgrade is on its way")
    #expect(try chain.govern("contracts", "cancel", ContractName("counter")).status == .succeeded)
    #expect(try chain.govern("contracts", "cancel", ContractName("counter")).code == "notFound")
    #expect(try Self.state(version, chain)?.state == .withdrawn)
    try Self.passUntil(chain.ledger.head.height.advanced(by: 200), &chain)
    #expect(try Self.running(chain)?.version == 1)
    // Approved too late: the height passes between vote and execution.
    try Self.propose(version, &chain)
    let from = chain.ledger.head.height.advanced(by: 8)
    let approved = try chain.approve([version.approval(from: from, genesis: chain.ledger.genesisID, suite: chain.suite)])
    #expect(try chain.execute(try UInt64(canonicalBytes: approved.output)).code == "badArgument")
  }

  @Test func aHostHoldsEachVersionOnce() throws {
    #expect(throws: RegistryError.repeatedContract("counter")) { try ContractRegistry([CounterV1(), CounterV1()]) }
    #expect(throws: RegistryError.repeatedContract("identity")) { try ContractRegistry([IdentityContract()]) }
    let registry = try ContractRegistry(Self.hosted)
    #expect(registry.version(of: "counter") == 1 && registry.manifests("counter").map(\.version) == [1, 2, 3])
    #expect(Set(registry.manifests("counter").map { $0.hash(suite: .guomi) }).count == 3)
  }
}
