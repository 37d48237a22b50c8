import Apps
import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// Scenario 29 of the cross-chain page, over real ledgers and the relay: a department asks the directory of another chain, the owner's
/// approval is the late answer, sealed data come, and what was opened goes back as their answer. Another department gets nothing.
@Suite struct SharingScenarios {
  fileprivate static let (r, s, d) = (TestNetwork.relayID, TestNetwork.sourceID, TestNetwork.destinationID)
  fileprivate static let text = Array("91410100MA40000001 存续".utf8)

  /// Both chains with directory and desk, and an item that `land-office` owns on the destination.
  struct World {
    var network: TestNetwork
    let applicant: Account
    let other: Account
    let owner: Account
    let serials: (applicant: [UInt8], other: [UInt8])

    init() throws {
      let keepers: [OrganisationID] = ["keeper-1", "keeper-2", "keeper-3", "keeper-4"]
      let departments: [RemoteRoles] = (["city-hall", "tax-office"] as [OrganisationID]).map {
        RemoteRoles(chain: s, organisation: $0, roles: ["department"])
      }
      network = try TestNetwork(
        engine: .simplex, operators: keepers, route: nil, remoteRoles: departments, contracts: [SharingDesk()],
        more: [
          "city-hall": ["department"], "tax-office": ["department"], "land-office": ["department"], "data-office": ["dataOffice"],
        ])
      let route = SetRoute(scope: RouteScope(port: SharingDesk.name), policy: RoutePolicy(maxClassification: .sensitive))
      guard try network.administer("setRoute", route).status == .succeeded else { preconditionFailure("no route") }
      applicant = try network.member(s, "city-hall")
      other = try network.member(s, "tax-office")
      owner = try network.member(d, "land-office")
      let members: [Member?] = [
        try network.source.ledger.query("identity", "member", applicant.id),
        try network.source.ledger.query("identity", "member", other.id),
      ]
      serials = (members[0]?.serial ?? [], members[1]?.serial ?? [])
      let office = try network.member(d, "data-office")
      let item = SaveItem(
        code: "item-1", title: "企业登记信息", division: "410200", certificate: [1], share: SharePolicy(kind: .conditional, basis: "law-1"),
        list: .ordinary, updateDays: 30,
        content: .clear([ItemField(number: 1, name: "name", type: "text", fieldClass: .clear)]))
      try done("saveItem", item, by: owner)
      try done("submit", ItemVersionCall(code: "item-1", expectedVersion: 1), by: owner)
      try done("publish", ItemVersionCall(code: "item-1", expectedVersion: 2), by: office)
    }

    private mutating func done(_ entry: EntryName, _ arguments: some CanonicalCodable, by account: Account) throws {
      let receipt = try network.call(d, DataDirectory.name, entry, arguments, by: account)
      #expect(receipt.status == .succeeded, "\(entry): \(receipt.message)")
    }

    /// Lets a department of the source call its desk; returns the packet.
    mutating func ask(_ entry: EntryName, _ arguments: some CanonicalCodable, by account: Account) throws -> Digest {
      let receipt = try network.call(s, SharingDesk.name, entry, arguments, by: account)
      #expect(receipt.status == .succeeded, "\(entry): \(receipt.message)")
      return try SentPacket(canonicalBytes: receipt.output).id
    }

    func end(_ packet: Digest, on chain: ChainID) throws -> String? { try network[chain].ledger.query("directory", "end", packet) }

    var application: ApplyForData {
      let now = network.clock
      return ApplyForData(
        item: "item-1", fields: [1], purpose: "licence", basis: "law-1", until: now.advanced(byMilliseconds: 10_000_000), maxUses: 3,
        answerBy: now.advanced(byMilliseconds: 1_000_000), certificate: serials.applicant)
    }

    /// Applies, waits for the owner, and returns the request, approved.
    mutating func approved() async throws -> Digest {
      let asked = try ask("ask", AskDirectory(to: d, call: "apply", arguments: application.canonicalBytes), by: applicant)
      _ = try await network.run()
      let requests: [Digest] = try network.destination.ledger.query("directory", "requests", "city-hall" as OrganisationID)
      let request = try #require(requests.last)
      let hash = NetworkHash(suite: .guomi)
      #expect(try end(asked, on: s) == "succeeded \(hash.result(request.canonicalBytes))")
      let waiting = try ask("awaitDecision", AwaitDecision(to: d, request: request), by: applicant)
      _ = try await network.run()
      // Received, and open as long as people need: also past any timeout.
      network.clock = network.clock.advanced(byMilliseconds: 500_000)
      try network.block(r)
      _ = try await network.run()
      #expect(try end(waiting, on: s) == nil)
      #expect(try network.call(d, "directory", "announce", request, by: owner).code == "notAllowed")
      try done("approve", ApproveRequest(request: request), by: owner)
      try done("announce", request, by: owner)
      _ = try await network.run()
      let approval = Approval(request: request, fields: [1], until: try record(request).content.until)
      #expect(try end(waiting, on: s) == "succeeded \(hash.result(approval.canonicalBytes))")
      // The use is counted on the owner's chain before anything is delivered.
      let use = UseData(request: request, number: 1, kind: .extract, matter: "m1", question: .zero, count: 1)
      _ = try ask("ask", AskDirectory(to: d, call: "use", arguments: use.canonicalBytes), by: applicant)
      _ = try await network.run()
      #expect(try record(request).content.used == 1)
      return request
    }

    func record(_ request: Digest) throws -> Registered<DataRequest> {
      try #require(try network.destination.ledger.query("directory", "request", request, as: Registered<DataRequest>?.self))
    }

    /// Seals the text to the holder of a certificate.
    func sealed(_ request: Digest, to account: Account, serial: [UInt8], of department: OrganisationID) throws -> SealedData {
      let key = ContentKey.random()
      let purpose = SealedData.purpose(request, 1, from: d, to: s, version: 3, serial: serial)
      return SealedData(
        request: request, number: 1, department: department, serial: serial, wrap: try key.wrap(to: account.key.publicKey),
        envelope: try key.seal(text, associated: purpose))
    }

    /// Hands data to the relay; returns the packet.
    mutating func deliver(_ delivery: SealedData, isBlind: Bool = false) async throws -> Digest {
      let receipt = try network.call(d, "directory", "deliver", SendData(to: s, delivery: delivery, isBlind: isBlind), by: owner)
      #expect(receipt.status == .succeeded, "\(receipt.message)")
      let sent = try SentPacket(canonicalBytes: receipt.output).id
      _ = try await network.run()
      return sent
    }

    mutating func confirm(_ request: Digest, _ content: Digest?, by account: Account) throws -> Receipt {
      try network.call(s, "directory", "confirm", ConfirmData(request: request, number: 1, content: content), by: account)
    }
  }

  @Test func s29DataSharingOverTheRelay() async throws {
    var world = try World()
    let request = try await world.approved()
    let sent = try await world.deliver(
      try world.sealed(request, to: world.applicant, serial: world.serials.applicant, of: "city-hall"))
    // They are there, and wait until somebody opens them.
    #expect(try world.end(sent, on: Self.d) == nil)
    let arrived = try #require(
      try world.network.source.ledger.query("directory", "arrived", UseKey(request: request, number: 1), as: SealedData?.self))
    let purpose = SealedData.purpose(request, 1, from: Self.d, to: Self.s, version: 3, serial: world.serials.applicant)
    let opened = try ContentKey(unwrapping: arrived.wrap, with: world.applicant.key).open(arrived.envelope, associated: purpose)
    #expect(opened == Self.text)
    let content = CryptoSuite.guomi.hash(opened)
    #expect(try world.confirm(request, content, by: world.applicant).status == .succeeded)
    _ = try await world.network.run()
    #expect(try world.end(sent, on: Self.d) == "succeeded \(NetworkHash(suite: .guomi).result(content.canonicalBytes))")
    let answer = AnswerData(request: request, number: 1, result: .delivered, resultDigest: content)
    #expect(try world.network.call(Self.d, "directory", "answerUse", answer, by: world.owner).status == .succeeded)
    // Nobody opens for anybody again, and the relay saw digests only.
    #expect(try world.confirm(request, content, by: world.applicant).code == "notFound")
    let relay = world.network.relay.ledger
    let secret = arrived.envelope.ciphertext
    for height in 1...relay.head.height.rawValue {
      let bytes = try relay.block(at: BlockHeight(height)).canonicalBytes
      #expect(bytes.firstRange(of: secret.prefix(32)) == nil && bytes.firstRange(of: Self.text) == nil)
    }
  }

  @Test func s29AWrongDepartmentGetsNothing() async throws {
    var world = try World()
    // Without the role there is no request; another's request is nobody else's.
    let request = try await world.approved()
    let use = UseData(request: request, number: 2, kind: .extract, matter: "m1", question: .zero, count: 1)
    let used = try world.ask("ask", AskDirectory(to: Self.d, call: "use", arguments: use.canonicalBytes), by: world.other)
    let waited = try world.ask("awaitDecision", AwaitDecision(to: Self.d, request: request), by: world.other)
    _ = try await world.network.run()
    #expect(try world.end(used, on: Self.s) == "failed notAuthorised")
    #expect(try world.end(waited, on: Self.s) == "failed notAuthorised")
    #expect(try world.record(request).content.used == 1)
    // The owner's desk sends nothing that is sealed to another certificate than the request names.
    let wrong = try world.sealed(request, to: world.other, serial: world.serials.other, of: "tax-office")
    let refused = try world.network.call(
      Self.d, "directory", "deliver", SendData(to: Self.s, delivery: wrong, isBlind: false), by: world.owner)
    #expect(refused.code == "badArgument")
    // If it does not look, the applicant's desk refuses a certificate that is not the department's, and the owner learns it.
    var foreign = wrong
    foreign.department = "city-hall"
    let sent = try await world.deliver(foreign, isBlind: true)
    #expect(try world.end(sent, on: Self.d) == "failed badArgument")
    #expect(
      try world.network.source.ledger.query("directory", "arrived", UseKey(request: request, number: 1), as: SealedData?.self) == nil)
    // What arrived for one department is not another's to open or to confirm.
    let delivery = try world.sealed(request, to: world.applicant, serial: world.serials.applicant, of: "city-hall")
    let rightly = try await world.deliver(delivery)
    #expect(throws: EnvelopeError.self) { try ContentKey(unwrapping: delivery.wrap, with: world.other.key) }
    #expect(try world.confirm(request, .zero, by: world.other).code == "notAuthorised")
    // Nor is it for another use: the tag covers request, way, version and certificate.
    let key = try ContentKey(unwrapping: delivery.wrap, with: world.applicant.key)
    for purpose in [
      SealedData.purpose(request, 2, from: Self.d, to: Self.s, version: 3, serial: world.serials.applicant),
      SealedData.purpose(request, 1, from: Self.s, to: Self.d, version: 3, serial: world.serials.applicant),
      SealedData.purpose(request, 1, from: Self.d, to: Self.s, version: 2, serial: world.serials.applicant),
      SealedData.purpose(request, 1, from: Self.d, to: Self.s, version: 3, serial: world.serials.other),
    ] {
      #expect(throws: EnvelopeError.authentication) { try key.open(delivery.envelope, associated: purpose) }
    }
    // One that cannot be opened is said to have failed, and its use is given back.
    #expect(try world.confirm(request, nil, by: world.applicant).status == .succeeded)
    _ = try await world.network.run()
    #expect(try world.end(rightly, on: Self.d) == "failed unopened")
    let answer = AnswerData(request: request, number: 1, result: .failed)
    #expect(try world.network.call(Self.d, "directory", "answerUse", answer, by: world.owner).status == .succeeded)
    #expect(try world.record(request).content.used == 0)
  }
}
