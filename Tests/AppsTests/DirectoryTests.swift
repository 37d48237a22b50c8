import Apps
import ChainCore
import ChainTesting
import Testing

@Suite struct DirectoryLifecycle {
  @Test func everyTriple() throws {
    let counts = try LifecycleOracle.run(DirectoryScenario.self)
    print("directory: \(counts)")
    #expect(counts.allowed > 60 && counts.total > 4_000)
  }

  @Test func noOtherCalls() throws { try LifecycleOracle.checkCalls(of: DataDirectory()) }

  @Test func aUseOutsideItsBoundsSaysWhy() throws {
    for (state, code) in [("expired", "expired"), ("exhausted", "quota"), ("revoked", "notAllowed"), ("applied", "notAllowed")] {
      var world = try DirectoryScenario(machine: "request", state: state)
      expect(code) { try world.perform("use", by: world.sandbox.caller(DirectoryScenario.applicant)) }
    }
  }

  /// Story of the section: three uses, the fourth is over quota; after a revision and a revocation nothing goes.
  @Test func usesAreCountedAndAFailedOneIsGivenBack() throws {
    var world = try DirectoryScenario(machine: "request", state: "active")
    let applicant = world.sandbox.caller(DirectoryScenario.applicant)
    let owner = world.sandbox.caller(DirectoryScenario.owner)
    let id = try #require(world.request)
    for _ in 0..<3 { try world.perform("use", by: applicant) }
    expect("quota") { try world.perform("use", by: applicant) }
    try world.sandbox.call("directory", "answerUse", AnswerData(request: id, number: 2, result: .failed), as: owner)
    try world.sandbox.call("directory", "answerUse", AnswerData(request: id, number: 1, result: .match), as: owner)
    #expect(try world.record(id)?.content.used == 2)
    try world.perform("revise", by: owner)
    try world.sandbox.call("directory", "revoke", RequestReason(request: id, reason: "misuse"), as: owner)
    expect("notAllowed") { try world.perform("use", by: applicant) }
    expect("notAllowed") {
      try world.sandbox.call("directory", "answerUse", AnswerData(request: id, number: 3, result: .match), as: owner)
    }
    try world.sandbox.call("directory", "answerUse", AnswerData(request: id, number: 3, result: .failed), as: owner)
    let uses = try world.sandbox.query("directory", "uses", id, as: [Registered<DataUse>].self)
    #expect(uses.map(\.content.result) == [.match, .failed, .failed])
  }

  @Test func sensitiveContentIsNeverClear() throws {
    var world = try DirectoryScenario(machine: "item", state: nil)
    var call = DirectoryScenario.save("s1")
    call.list = .sensitive
    let owner = world.sandbox.caller(DirectoryScenario.owner)
    expect("badArgument") { try world.sandbox.call("directory", "saveItem", call, as: owner) }
    call.content = .sealed(envelope: .zero, numbers: [1, 2])
    try world.sandbox.call("directory", "saveItem", call, as: owner)
    var body = AddDataset(code: "s1", number: 1, root: .zero, rows: 1, asOf: 1, locator: .zero, body: .clear([1]))
    let office = world.sandbox.caller("office", roles: ["dataOffice"])
    try world.sandbox.call("directory", "submit", ItemVersionCall(code: "s1", expectedVersion: 1), as: owner)
    try world.sandbox.call("directory", "publish", ItemVersionCall(code: "s1", expectedVersion: 2), as: office)
    expect("badArgument") { try world.sandbox.call("directory", "addDataset", body, as: owner) }
    body.body = .sealed(.zero)
    try world.sandbox.call("directory", "addDataset", body, as: owner)
    expect("stale") { try world.sandbox.call("directory", "addDataset", body, as: owner) }
    var text = DirectoryScenario.save("s2")
    text.title = "张 410105188501010014"
    expect("badArgument") { try world.sandbox.call("directory", "saveItem", text, as: owner) }
  }

  @Test func whatTheOfficeDecidesGoesByProposalAndEarlierVersionsStayReadable() throws {
    var world = try DirectoryScenario(machine: "item", state: "published")
    let owner = world.sandbox.caller(DirectoryScenario.owner)
    let version = try #require(try world.item()).version
    for changes in [
      ItemChanges(list: .important), ItemChanges(share: SharePolicy(kind: .unconditional, basis: nil)),
      ItemChanges(content: .clear([ItemField(number: 1, name: "name", type: "text", fieldClass: .sealed)])),
    ] {
      expect("badArgument") {
        try world.sandbox.call(
          "directory", "revise", ChangeItem(code: DirectoryScenario.code, expectedVersion: version, changes: changes), as: owner)
      }
    }
    let before = try world.item()?.content
    try world.perform("proposeRevision", by: owner)
    let office = world.sandbox.caller("office", roles: ["dataOffice"])
    var late = world
    try late.perform("revise", by: owner)
    expect("stale") { try late.perform("approveRevision", by: office) }
    try world.perform("approveRevision", by: office)
    #expect(try world.item()?.content.list == .important)
    let old = try world.sandbox.query(
      "directory", "item", ItemQuestion(code: DirectoryScenario.code, version: version), as: DirectoryItem?.self)
    #expect(old == before && old?.list == .ordinary)
  }

  @Test func unconditionalDataAreThereAtOnceAndRefusedDataNever() throws {
    var world = try DirectoryScenario(machine: "request", state: nil)
    let owner = world.sandbox.caller(DirectoryScenario.owner)
    let office = world.sandbox.caller("office", roles: ["dataOffice"])
    let applicant = world.sandbox.caller(DirectoryScenario.applicant)
    for (code, kind) in [("free", ShareKind.unconditional), ("closed", .refused)] {
      let share = SharePolicy(kind: kind, basis: kind == .refused ? "law-2" : nil)
      try world.sandbox.call("directory", "saveItem", DirectoryScenario.save(code, share: share), as: owner)
      try world.sandbox.call("directory", "submit", ItemVersionCall(code: code, expectedVersion: 1), as: owner)
      try world.sandbox.call("directory", "publish", ItemVersionCall(code: code, expectedVersion: 2), as: office)
    }
    var call = ApplyForData(
      item: "free", fields: [1], purpose: "p", basis: "b", until: world.sandbox.time.advanced(byMilliseconds: 9_000), maxUses: 1,
      answerBy: world.sandbox.time.advanced(byMilliseconds: 9_000), certificate: world.parties.serials[DirectoryScenario.applicant] ?? [])
    let id = try world.sandbox.call("directory", "apply", call, as: applicant, returning: Digest.self)
    #expect(try world.record(id)?.state == "active")
    call.certificate = world.parties.serials[DirectoryScenario.owner] ?? []
    expect("badArgument") { try world.sandbox.call("directory", "apply", call, as: applicant) }
    call.item = "closed"
    expect("notAllowed") { try world.sandbox.call("directory", "apply", call, as: applicant) }
  }

  @Test func rowsAreVerifiedAgainstTheirDataset() throws {
    var world = try DirectoryScenario(machine: "item", state: "published")
    let suite = CryptoSuite.guomi
    let rows = (0..<5).map { suite.hash([UInt8($0)]) }
    let leaves = rows.map { MerkleLog.leafHash($0.bytes, suite: suite) }
    let log = MemoryLog(leaves, suite: suite)
    let data = AddDataset(
      code: DirectoryScenario.code, number: 1, root: MerkleLog.root(of: leaves, suite: suite), rows: 5, asOf: 1, locator: .zero,
      body: .offChain)
    try world.sandbox.call("directory", "addDataset", data, as: world.sandbox.caller(DirectoryScenario.owner))
    for (index, row) in rows.enumerated() {
      let proof = try log.inclusionProof(index: UInt64(index), size: 5)
      func ask(_ row: Digest) throws -> Bool {
        try world.sandbox.query(
          "directory", "verifyRow", RowQuestion(code: DirectoryScenario.code, number: 1, row: row, proof: proof), as: Bool.self)
      }
      #expect(try ask(row))
      #expect(try !ask(suite.hash([99])))
    }
  }
}
