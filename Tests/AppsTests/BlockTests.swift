import Apps
import ChainCore
import ChainTesting
import Testing

/// A contract made of every block, as a department would write it.
struct BlocksContract: Contract {
  static let name: ContractName = "blocks"
  struct Permit: CanonicalRecord, Codable, Hashable {
    var about: String
    static let layout = Layout(Self.init, \.about)
  }
  struct HoldCall: CanonicalRecord, Codable {
    var key: String
    var kind: String
    var until: BlockTime?
    static let layout = Layout(Self.init, \.key, \.kind, \.until)
  }
  struct ReleaseCall: CanonicalRecord, Codable {
    var key: String
    var rank: UInt64
    static let layout = Layout(Self.init, \.key, \.rank)
  }
  struct WrapCall: CanonicalRecord, Codable {
    var key: String
    var reader: OrganisationID
    var renewing: Bool
    static let layout = Layout(Self.init, \.key, \.reader, \.renewing)
  }
  struct Made: CanonicalRecord, Codable {
    var inputs: [BatchPart<String>]
    var outputs: [NewBatch<String>]
    static let layout = Layout(Self.init, \.inputs, \.outputs)
  }
  struct OpenCall: CanonicalRecord, Codable {
    var key: String
    var fields: DisclosedFields
    static let layout = Layout(Self.init, \.key, \.fields)
  }

  let permits = Registry<String, Permit>(
    "permits",
    [
      .create("issue", to: "valid", by: .role("department")),
      .move("revoke", from: ["valid"], to: "revoked", by: .owner),
    ], holds: Holds("permit-holds"))
  let grants = Grants(life: "grants")
  let lots = Provenance<String>("lots")
  let hidden = Disclosure<String>("hidden")
  let approvals = Workflow<String, Permit>(
    "approvals", filedBy: "department", finishedBy: "planning",
    steps: [
      WorkflowStep("fire", by: "fireService"), WorkflowStep("water", by: "waterOffice"),
      WorkflowStep("drawings", by: "planning", after: ["fire", "water"]),
    ])

  var entries: Entries {
    permits.entries
    grants.entries { (record, context) throws(ContractError) in try context.require(permits.records, record).owner }
    approvals.entries { content, _, _ in
      guard content.about != "refused" else { throw ContractError.badArgument("about: refused at the end") }
    }
    Entries(entries: [
      Entry("hold", by: .member) { (call: HoldCall, context) -> UInt64 in
        guard let holds = permits.holds else { throw ContractError.unexpected }
        return try holds.place(call.kind, reference: "r", blocking: ["revoke"], until: call.until, on: call.key, context)
      },
      Entry("release", by: .member) { (call: ReleaseCall, context) in try permits.holds?.release(call.rank, of: call.key, context) },
      Entry("add", by: .member) { (call: NewBatch<String>, context) in try lots.add(call, context) },
      Entry("split", by: .member) { (call: Made, context) in
        try lots.split(call.inputs[0].batch, into: call.outputs.map { BatchPart(batch: $0.batch, quantity: $0.quantity) }, context)
      },
      Entry("merge", by: .member) { (call: Made, context) in try lots.merge(call.inputs, into: call.outputs[0].batch, context) },
      Entry("transform", by: .member) { (call: Made, context) in
        try lots.transform(call.inputs, into: call.outputs, context) { (inputs, outputs) throws(ContractError) in
          guard outputs.reduce(0, { $0 + $1.quantity }) <= inputs.reduce(0, { $0 + $1.quantity }) else {
            throw .badArgument("more out than in")
          }
        }
      },
      Entry("lose", by: .member) { (call: BatchPart<String>, context) in try lots.end(call, as: .writtenOff, context) },
      Entry("commit", by: .member) { (call: CreateRecord<String, HiddenContent>, context) in
        try hidden.commit(call.key, call.content, context)
      },
      Entry("wrap", by: .member) { (call: WrapCall, context) in
        try hidden.wrap(call.key, to: call.reader, certificate: [1], digest: .zero, renewing: call.renewing, context)
      },
      Entry("unwrap", by: .member) { (call: WrapCall, context) in try hidden.revoke(call.key, from: call.reader, context) },
    ])
    Entries(queries: [
      Query("lot") { (key: String, context) -> Batch? in try context.get(lots.batches, key) },
      Query("down") { (limit: UInt64, context) -> ProvenanceWalk<String> in
        try lots.descendants(from: [WalkPoint(batch: "L0")], limit: Int(limit), context)
      },
      Query("up") { (key: String, context) -> ProvenanceWalk<String> in
        try lots.ancestors(from: [WalkPoint(batch: key)], limit: 256, context)
      },
      Query("open") { (call: OpenCall, context) -> String in
        try hidden.open(call.key, call.fields, context).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ";")
      },
      Query("wraps") { (key: String, context) -> [KeyWrap] in try hidden.wraps(of: key, context) },
    ])
  }
}

@Suite struct Blocks {
  var sandbox: ContractSandbox
  var office: Caller { sandbox.caller("office") }
  var stranger: Caller { sandbox.caller("stranger", roles: []) }
  init() throws { sandbox = try ContractSandbox([BlocksContract()], organisations: ["office": ["department"]]) }

  @discardableResult
  mutating func call(_ entry: EntryName, _ arguments: some CanonicalCodable, _ caller: Caller? = nil) throws -> [UInt8] {
    try sandbox.call("blocks", entry, arguments, as: caller ?? office)
  }
  func part(_ batch: String, _ quantity: UInt64) -> BatchPart<String> { BatchPart(batch: batch, quantity: quantity) }
  func new(_ batch: String, _ quantity: UInt64, unit: String = "g", item: String = "i") -> NewBatch<String> {
    NewBatch(batch: batch, item: item, unit: unit, quantity: quantity)
  }
  func lot(_ key: String) throws -> Batch { try #require(try sandbox.query("blocks", "lot", key, as: Batch?.self)) }

  @Test mutating func holdsBlockInOrderOfRankUntilTheirPlacerReleasesThem() throws {
    try call("issue", CreateRecord(key: "P", content: BlocksContract.Permit(about: "a")))
    let soon = sandbox.time.advanced(byMilliseconds: 5_000)
    try call("hold", BlocksContract.HoldCall(key: "P", kind: "audit", until: soon), stranger)
    try call("hold", BlocksContract.HoldCall(key: "P", kind: "seizure", until: nil), stranger)
    func revoke() throws {
      var copy = self
      try copy.call("revoke", MoveRecord(key: "P", reason: "r"))
    }
    #expect(throws: ContractError.held(by: "audit")) { try revoke() }
    sandbox.time = soon.advanced(byMilliseconds: 1)
    #expect(throws: ContractError.held(by: "seizure")) { try revoke() }
    expect("notAuthorised") { try call("release", BlocksContract.ReleaseCall(key: "P", rank: 2)) }
    try call("release", BlocksContract.ReleaseCall(key: "P", rank: 2), stranger)
    expect("notFound") { try call("release", BlocksContract.ReleaseCall(key: "P", rank: 2), stranger) }
    try call("revoke", MoveRecord(key: "P", reason: "r"))
    for _ in 0..<(Holds<String>.limit - 1) { try call("hold", BlocksContract.HoldCall(key: "P", kind: "k", until: nil)) }
    expect("limitExceeded") { try call("hold", BlocksContract.HoldCall(key: "P", kind: "k", until: nil)) }
  }

  @Test mutating func aGrantGoesThroughItsLife() throws {
    try call("issue", CreateRecord(key: "P", content: BlocksContract.Permit(about: "a")))
    let until = sandbox.time.advanced(byMilliseconds: 60_000)
    let request = RequestGrant(record: "P", fields: ["a", "b"], purpose: "p", until: until, maxUses: 2)
    expect("notFound") {
      try call("requestGrant", RequestGrant(record: "Q", fields: ["a"], purpose: "p", until: until, maxUses: 2), stranger)
    }
    let id = try Digest(canonicalBytes: try call("requestGrant", request, stranger))
    func use(_ number: UInt64, _ fields: [String] = ["a"]) -> UseGrant { UseGrant(grant: id, number: number, fields: fields, matter: "m") }
    expect("notAllowed") { try call("useGrant", use(1), stranger) }
    expect("notAuthorised") { try call("approveGrant", ApproveGrant(grant: id), stranger) }
    expect("badArgument") { try call("approveGrant", ApproveGrant(grant: id, fields: ["a", "c"])) }
    expect("badArgument") { try call("approveGrant", ApproveGrant(grant: id, maxUses: 3)) }
    try call("approveGrant", ApproveGrant(grant: id, fields: ["a"]))
    expect("notAuthorised") { try call("useGrant", use(1, ["b"]), stranger) }
    expect("notAuthorised") { try call("useGrant", use(1)) }
    expect("stale") { try call("useGrant", use(2), stranger) }
    for number in 1...2 { try call("useGrant", use(UInt64(number)), stranger) }
    expect("quota") { try call("useGrant", use(3), stranger) }
    // No data left their owner: the use is given back, once.
    try call("answerGrant", AnswerUse(grant: id, number: 1))
    expect("alreadyExists") { try call("answerGrant", AnswerUse(grant: id, number: 1)) }
    try call("useGrant", use(3), stranger)
    try call("answerGrant", AnswerUse(grant: id, number: 2, resultDigest: .zero))
    try call("revokeGrant", CloseGrant(grant: id, reason: "r"))
    expect("notAllowed") { try call("answerGrant", AnswerUse(grant: id, number: 3, resultDigest: .zero)) }
    expect("notAllowed") { try call("useGrant", use(4), stranger) }
    let uses = try sandbox.query("blocks", "grantUses", id, as: [GrantUse].self)
    #expect(uses.map(\.resultDigest) == [nil, .zero, nil] && uses.allSatisfy { $0.user == "stranger" })
  }

  @Test mutating func batchesConserveWhatTheyHold() throws {
    try call("add", new("L0", 100))
    expect("alreadyExists") { try call("add", new("L0", 1)) }
    expect("badArgument") { try call("add", new("L9", 0)) }
    try call("split", BlocksContract.Made(inputs: [part("L0", 0)], outputs: [new("L1", 30), new("L2", 60)]))
    #expect(try lot("L0").left == 10 && lot("L1").left == 30)
    expect("badArgument") { try call("split", BlocksContract.Made(inputs: [part("L0", 0)], outputs: [new("L3", 11)])) }
    expect("alreadyExists") { try call("split", BlocksContract.Made(inputs: [part("L0", 0)], outputs: [new("L1", 5)])) }
    try call("merge", BlocksContract.Made(inputs: [part("L1", 30), part("L2", 20)], outputs: [new("L4", 0)]))
    #expect(try lot("L4").made == 50)
    try call("add", new("X", 5, unit: "piece"))
    expect("badArgument") { try call("merge", BlocksContract.Made(inputs: [part("L2", 1), part("X", 1)], outputs: [new("L5", 0)])) }
    try call("transform", BlocksContract.Made(inputs: [part("L4", 50)], outputs: [new("L6", 40, item: "j")]))
    expect("badArgument") { try call("transform", BlocksContract.Made(inputs: [part("L6", 2)], outputs: [new("L7", 3)])) }
    try call("lose", part("L6", 40))
    expect("badArgument") { try call("lose", part("L6", 1)) }
    // No way back: what comes out is new, so nothing descends from itself.
    expect("alreadyExists") { try call("transform", BlocksContract.Made(inputs: [part("L2", 1)], outputs: [new("L0", 1)])) }
    expect("alreadyExists") { try call("transform", BlocksContract.Made(inputs: [part("L2", 1)], outputs: [new("L2", 1)])) }
    expect("badArgument") {
      try call("transform", BlocksContract.Made(inputs: [part("L2", 1), part("L2", 1)], outputs: [new("L8", 2)]))
    }
    let down = try sandbox.query("blocks", "down", UInt64(256), as: ProvenanceWalk<String>.self)
    #expect(down.found == ["L1", "L2", "L4", "L6"] && down.frontier.isEmpty)
    #expect(try sandbox.query("blocks", "up", "L6", as: ProvenanceWalk<String>.self).found.sorted() == ["L0", "L1", "L2", "L4"])
    let some = try sandbox.query("blocks", "down", UInt64(1), as: ProvenanceWalk<String>.self)
    #expect(some.found == ["L1"] && some.frontier == [WalkPoint(batch: "L0", after: "L1"), WalkPoint(batch: "L1")])
    expect("overflow") {
      try call("split", BlocksContract.Made(inputs: [part("L2", 0)], outputs: [new("A", .max), new("B", 2)]))
    }
  }

  @Test mutating func aWorkflowKeepsItsOrderAndItsDeadlines() throws {
    let permit = BlocksContract.Permit(about: "a")
    let fire = sandbox.caller("f", roles: ["fireService"])
    let water = sandbox.caller("w", roles: ["waterOffice"])
    let planning = sandbox.caller("p", roles: ["planning"])
    func step(_ name: String, _ key: String = "C") -> DoStep<String> { DoStep(key: key, step: name, digest: .zero) }
    expect("notAuthorised") { try call("file", FileCase(key: "C", content: permit), stranger) }
    try call("file", FileCase(key: "C", content: permit))
    expect("notAllowed") { try call("step", step("drawings"), planning) }
    expect("notAuthorised") { try call("step", step("water"), fire) }
    expect("badArgument") { try call("step", step("gas"), fire) }
    try call("step", step("water"), water)
    try call("step", step("fire"), fire)
    expect("notAllowed") { try call("step", step("fire"), fire) }
    expect("notAllowed") { try call("finish", MoveRecord(key: "C", reason: "r"), planning) }
    try call("step", step("drawings"), planning)
    try call("reopen", ReopenStep(key: "C", step: "fire", reason: "new-drawing"))
    let record = try #require(try sandbox.query("blocks", "approvals", "C", as: Registered<WorkflowCase<BlocksContract.Permit>>?.self))
    #expect(record.content.done.map(\.step) == ["water"])
    try call("step", step("fire"), fire)
    try call("step", step("drawings"), planning)
    try call("finish", MoveRecord(key: "C", reason: "r"), planning)
    expect("notAllowed") { try call("withdraw", MoveRecord(key: "C", reason: "r")) }
    // A case may lapse by time or by height.
    try call("file", FileCase(key: "T", content: permit, deadline: sandbox.time.advanced(byMilliseconds: 2_000)))
    try call("file", FileCase(key: "H", content: permit, deadlineHeight: sandbox.height.advanced(by: 2)))
    try call("step", step("fire", "T"), fire)
    try call("step", step("fire", "H"), fire)
    sandbox.time = sandbox.time.advanced(byMilliseconds: 10_000)
    expect("notAllowed") { try call("step", step("water", "T"), water) }
    expect("notAllowed") { try call("step", step("water", "H"), water) }
    // The guards of the end are checked at the end, and leave the case as it was.
    try call("file", FileCase(key: "R", content: BlocksContract.Permit(about: "refused")))
    for (name, caller) in [("fire", fire), ("water", water), ("drawings", planning)] { try call("step", step(name, "R"), caller) }
    expect("badArgument") { try call("finish", MoveRecord(key: "R", reason: "r"), planning) }
    try call("reject", MoveRecord(key: "R", reason: "r"), planning)
  }

  @Test mutating func hiddenContentOpensByFieldAndItsWrapsEnd() throws {
    let suite = CryptoSuite.guomi
    let kept = try FieldCommitments(type: "t", schema: ["a", "b"], values: ["a": "1", "b": "2"], random: { .random() })
    let content = HiddenContent(
      fieldRoot: try kept.root(suite: suite), schema: ["a", "b"], type: "t", envelope: .zero, custodian: "office")
    try call("commit", CreateRecord(key: "K", content: content))
    expect("alreadyExists") { try call("commit", CreateRecord(key: "K", content: content)) }
    let shown = BlocksContract.OpenCall(key: "K", fields: try kept.disclose(["b"], suite: suite))
    #expect(try sandbox.query("blocks", "open", shown, as: String.self) == "b=2")
    var forged = shown
    forged.fields.fields[0].field.value = "3"
    expect("badArgument") { _ = try sandbox.query("blocks", "open", forged, as: String.self) }
    let wrap = BlocksContract.WrapCall(key: "K", reader: "reader", renewing: false)
    expect("notAuthorised") { try call("wrap", wrap, stranger) }
    try call("wrap", wrap)
    expect("alreadyExists") { try call("wrap", wrap) }
    try call("unwrap", wrap)
    expect("notAllowed") { try call("wrap", wrap) }
    #expect(try sandbox.query("blocks", "wraps", "K", as: [KeyWrap].self).first?.revoked != nil)
    try call("wrap", BlocksContract.WrapCall(key: "K", reader: "reader", renewing: true))
  }
}

@Suite struct Envelopes {
  @Test(arguments: CryptoSuite.allCases) func onlyTheReaderOpensAndNothingMayChange(suite: CryptoSuite) throws {
    let reader = try EncryptionKey.generate(suite)
    let other = try EncryptionKey.generate(suite)
    let key = ContentKey.random(suite)
    for count in [0, 1, 251, 252, 253, 508, 509, 5_000] {
      let text = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
      let envelope = try key.seal(text, associated: [1])
      #expect(envelope.ciphertext.count == SealedEnvelope.paddedCount(count))
      #expect(envelope.ciphertext.count >= 256 && envelope.ciphertext.count.nonzeroBitCount == 1)
      let wrap = try key.wrap(to: try reader.publicKey())
      #expect(try ContentKey(unwrapping: wrap, with: reader).open(envelope, associated: [1]) == text)
      #expect(throws: EnvelopeError.self) { try ContentKey(unwrapping: wrap, with: other) }
      #expect(throws: EnvelopeError.authentication) { try key.open(envelope, associated: [2]) }
      #expect(throws: EnvelopeError.authentication) { try ContentKey.random(suite).open(envelope, associated: [1]) }
    }
    let envelope = try key.seal([1, 2, 3], associated: [])
    for place in 0..<envelope.ciphertext.count {
      var changed = envelope
      changed.ciphertext[place] ^= 1
      #expect(throws: EnvelopeError.authentication) { try key.open(changed, associated: []) }
    }
    for place in 0..<16 {
      var changed = envelope
      changed.counter[place] ^= 0x80
      #expect(throws: EnvelopeError.authentication) { try key.open(changed, associated: []) }
    }
    #expect(try SealedEnvelope(canonicalBytes: envelope.canonicalBytes) == envelope)
    #expect(try key.seal([1, 2, 3], associated: []) != envelope)
  }

  /// SM2 keys of members open as they did; a key of the other suite, or one that only signs, says so.
  @Test func keysOfAnotherKindAreRefused() throws {
    let signer = try PrivateKey.generate(.guomi)
    let wrap = try ContentKey.random().wrap(to: signer.publicKey)
    let envelope = try ContentKey(unwrapping: wrap, with: signer).seal([7], associated: [])
    #expect(try ContentKey(unwrapping: wrap, with: try EncryptionKey(signer)).open(envelope, associated: []) == [7])
    let rsa = try EncryptionKey.generate(.international)
    #expect(throws: EnvelopeError.otherSuite) { try ContentKey.random(.guomi).wrap(to: try rsa.publicKey()) }
    #expect(throws: EnvelopeError.self) { try ContentKey(unwrapping: wrap, with: rsa) }
    let named = EncryptionPublicKey(suite: .international, der: try EncryptionKey(signer).publicKey().der)
    #expect(throws: EnvelopeError.cipher(.malformed)) { try ContentKey.random(.international).wrap(to: named) }
    let trailing = EncryptionPublicKey(suite: .international, der: try rsa.publicKey().der + [0])
    #expect(throws: EnvelopeError.cipher(.malformed)) { try ContentKey.random(.international).wrap(to: trailing) }
    #expect(throws: KeyError.unknownAlgorithm) { try EncryptionKey(try PrivateKey.generate(.international)) }
    let reader = try PrivateKey.generate(.international)
    #expect(throws: EnvelopeError.notSupported) { try ContentKey.random().wrap(to: reader.publicKey) }
    #expect(throws: EnvelopeError.notSupported) { try ContentKey(unwrapping: [], with: reader) }
  }
}
