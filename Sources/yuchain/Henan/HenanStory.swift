internal import AppFormats
internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain
internal import Foundation

/// What the whole province does: the plain story first, then every city, the supervisor, and a chain that comes and goes.
struct HenanStory {
  /// A licence that a city issued to its enterprise, and who may look at it.
  struct CityLicence {
    let city: DemoCity
    let chain: LocalChain
    let licence: LicenceNumber
    /// For the next city's bureau, and for that of the joining chain.
    let grants: [OrganisationID: Digest]
    /// The transaction that deposited the city's document.
    let deposit: TransactionID
    /// Where the licence and all grants stand.
    let height: BlockHeight
  }

  /// How often one verifier may look under one grant.
  static let maxUses: UInt32 = 1_000

  let story: DemoStory
  var network: DemoNetwork { story.network }
  var cities: [DemoCity] { network.cities }

  static func tell(_ story: inout DemoStory) async throws {
    try await story.tell()
    var commitments: [LicenceNumber: FieldCommitments] = [:]
    let cities = story.network.cities
    story.heading("Every city issues a licence to an enterprise and deposits a document; the enterprise lets the next city look")
    let began = ContinuousClock.now
    var numbers: [ChainID: IssueLicence] = [:]
    for city in cities {
      let (call, fields) = try story.cityLicence(of: city)
      commitments[call.identifier.licence] = fields
      numbers[city.chain] = call
    }
    story.fields.merge(commitments) { $1 }
    let province = HenanStory(story: story)
    let licences = try await province.issueEverywhere(numbers)
    story.tell(
      "\(licences.count) licences, \(2 * licences.count) grants, \(licences.count) documents in \(DemoStory.seconds(since: began))")
    try await province.verifyAround(licences)
    try await province.supervise(licences)
    try await province.joinAndRetire(licences)
    try await province.writeFiles(licences)
    try await province.finish()
  }

  /// Every city at once; in the order of the cities.
  private func issueEverywhere(_ calls: [ChainID: IssueLicence]) async throws -> [CityLicence] {
    try await Self.together(Array(cities.enumerated())) { (index, city) in
      guard let call = calls[city.chain] else { throw Misuse("\(city.label) has no licence to issue") }
      let chain = network.cityChains[index]
      let office = try story.client(chain, city.marketOffice, "market office clerk")
      try DemoNetwork.succeeded(await office.call("licence", "issue", call))
      let enterprise = try story.client(chain, city.enterprise, "representative")
      var grants: [OrganisationID: Digest] = [:]
      for verifier in [cities[(index + 1) % cities.count], network.plans.joining].compactMap(\.self) {
        let content = GrantContent(
          licence: call.identifier.licence, verifier: verifier.bureau, verifierChain: verifier.chain, fields: ["name", "status"],
          purpose: "enterpriseService", until: BlockTime.now.advanced(byMilliseconds: 86_400_000), maxUses: Self.maxUses)
        grants[verifier.bureau] = try await enterprise.call("licence", "grant", GiveGrant(content: content), returning: Digest.self)
      }
      let notary = try story.client(chain, city.notary, "notary clerk")
      let receipt = try await notary.call("evidence", "deposit", story.deposit(of: city))
      try DemoNetwork.succeeded(receipt)
      return CityLicence(
        city: city, chain: chain, licence: call.identifier.licence, grants: grants, deposit: receipt.transaction,
        height: chain.nodes[0].ledger.head.height)
    }
  }

  private func verifyAround(_ licences: [CityLicence]) async throws {
    story.heading("Each city verifies its neighbour's licence by proof through the relay, and reports the use by packet")
    let began = ContinuousClock.now
    let lines = try await Self.together(Array(licences.enumerated())) { (index, licence) in
      let verifier = licences[(index + 1) % licences.count]
      let use = try await verify(licence, by: verifier.city, on: verifier.chain)
      return "\(verifier.city.label) → \(licence.city.label): \(use.use.result), as of height \(use.use.seen?.height ?? 0)"
    }
    for line in lines { story.tell(line) }
    try await story.wait(for: "arrival of all use records") {
      try licences.allSatisfy { try !uses(of: $0).isEmpty } ? () : nil
    }
    story.tell("\(lines.count) use records are back with the issuers; all in \(DemoStory.seconds(since: began))")
  }

  /// One verification of a licence by the bureau of another chain.
  func verify(_ licence: CityLicence, by verifier: DemoCity, on chain: LocalChain) async throws -> RemoteUse {
    guard let grant = licence.grants[verifier.bureau] else { throw Misuse("\(verifier.label) may not look at \(licence.licence)") }
    let bureau = try story.client(chain, verifier.bureau, "window clerk")
    let call = try await story.remoteCall(
      licence.licence, grant, of: licence.chain.nodes[0].ledger, from: licence.height, for: chain.nodes[0].ledger)
    let use = try await bureau.call("licence", "verifyRemote", call, returning: RemoteUse.self)
    guard use.use.result == "valid" else { throw Misuse("\(licence.licence) should be valid, not \(use.use.result)") }
    return use
  }

  /// The uses that the issuer was told of.
  func uses(of licence: CityLicence) throws -> [LicenceUse] {
    try licence.chain.nodes[0].ledger.query("licence", "uses", licence.licence)
  }

  /// Runs `body` for all at once, and gives the results in their order.
  static func together<Item: Sendable, Value: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Value
  ) async throws -> [Value] {
    try await withThrowingTaskGroup(of: (Int, Value).self) { group in
      for (place, item) in items.enumerated() { group.addTask { (place, try await body(item)) } }
      return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}

extension DemoStory {
  /// Seconds with one digit.
  static func seconds(since began: ContinuousClock.Instant) -> String {
    let (seconds, attoseconds) = (ContinuousClock.now - began).components
    return "\(seconds).\(attoseconds / 100_000_000_000_000_000) s"
  }

  /// A licence of the first type for organisations, with the enterprise's fields.
  fileprivate func cityLicence(of city: DemoCity) throws -> (IssueLicence, FieldCommitments) {
    guard let type = input.types.first(where: { $0.holder == "organisation" }) else { throw Misuse("no type that organisations hold") }
    var values: [String: String] = [:]
    for field in type.fields { values[field] = "示例" }
    values["name"] = "\(city.division.shortName)豫链示例有限公司"
    values["creditCode"] = city.enterprise.rawValue
    values["status"] = "存续"
    let commitments = try FieldCommitments(type: type.code.text, schema: type.fields, values: values, random: { Digest.random() })
    let file = commitments.canonicalBytes
    let identifier = try LicenceIdentifier(typeCode: type.code, issuer: city.marketOffice.rawValue, serial: "202600000001", version: 1)
    let call = IssueLicence(
      identifier: identifier, subject: .organisation(city.enterprise), fieldRoot: try commitments.root(suite: suite),
      fileDigest: suite.hash(file), sealDigest: suite.hash(file + [1]), validFrom: try InputDate.time("2023-11-06"), validUntil: nil)
    return (call, commitments)
  }

  /// The document that a city deposits.
  func document(of city: DemoCity) -> [UInt8] { Array("\(city.division.name) \(city.division.code): 示例文件\n".utf8) }

  fileprivate func deposit(of city: DemoCity) -> DepositEvidence {
    let bytes = document(of: city)
    let own = NamedDigest(algorithm: JudicialEvidence.algorithm(of: suite), bytes: suite.hash(bytes).bytes)
    return DepositEvidence(
      digests: [own], salted: false, size: UInt64(bytes.count), mediaType: "text/plain", originDigest: nil, nonce: .random(), token: nil)
  }
}
