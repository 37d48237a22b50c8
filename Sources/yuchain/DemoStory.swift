internal import AppFormats
internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain
internal import Foundation

/// What the demonstration does, told as it happens.
struct DemoStory {
  let network: DemoNetwork
  let input: DemoInput
  let out: String
  /// What holders keep: the fields with their salts.
  var fields: [LicenceNumber: FieldCommitments] = [:]
  private let identityKey = Digest.random().bytes

  init(network: DemoNetwork, input: DemoInput, out: String) {
    self.network = network
    self.input = input
    self.out = out
  }

  var suite: CryptoSuite { network.zhengzhou.founding.genesis.suite }
  var zhengzhou: Ledger { network.zhengzhou.nodes[0].ledger }
  var kaifeng: Ledger { network.kaifeng.nodes[0].ledger }
  var relay: Ledger { network.relay.nodes[0].ledger }

  /// The whole story.
  mutating func tell() async throws {
    try await defineTypes()
    try await issueLicences()
    let deposit = try await depositDocuments()
    try await verifyAcrossCities()
    try await writeDocuments(deposit)
    try refuseForgery()
  }

  func heading(_ text: String) { Console.say("\n\(text)") }
  func tell(_ text: String) { Console.say("  \(text)") }

  func client(_ chain: LocalChain, _ organisation: OrganisationID, _ name: String) throws -> ChainClient {
    guard let account = chain.founding.member(organisation, name) else { throw Misuse("\(chain.chain) has no \(name) of \(organisation)") }
    return chain.client(account)
  }

  /// Waits until `condition` gives a value, at most 60 seconds.
  func wait<Value>(for what: String, _ condition: () async throws -> Value?) async throws -> Value {
    for round in 0..<1_200 {
      if let value = try await condition() { return value }
      for chain in round % 20 == 19 ? network.all : [] {
        for node in chain.nodes { if let failure = await node.failure { throw failure } }
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Misuse("\(what) did not happen within 60 s; relayer: \(await network.complaints())")
  }

  func defineTypes() async throws {
    heading("The provincial main chain defines licence types and sends them to the cities through the relay")
    let office = try client(network.main, DemoNetwork.dataHub, "data office clerk")
    for type in input.types {
      let call = DefineType(
        code: type.code, name: type.name, schema: type.fields.map { SchemaField(name: $0, fieldClass: .commitment) },
        issuers: type.issuers.map(\.organisation), bases: type.bases, validityRule: type.validityRule,
        holderKind: type.holder == "person" ? .person : .organisation)
      try DemoNetwork.succeeded(await office.call("licence", "defineType", call))
      tell("\(type.code) \(type.name): defined at height \(office.node.ledger.head.height) of \(network.main.chain)")
    }
    for chain in network.cityChains {
      let ledger = chain.nodes[0].ledger
      try await wait(for: "arrival of the types in \(chain.chain)") {
        try input.types.allSatisfy { type in
          let found: Registered<LicenceType>? = try ledger.query("licence", "type", type.code)
          return found != nil
        } ? () : nil
      }
      tell(
        "\(chain.chain) has \(input.types.count) types at height \(ledger.head.height); no validator there trusted the main chain's nodes")
    }
  }

  private mutating func issueLicences() async throws {
    heading("Zhengzhou's market office issues \(input.licences.count) licences on its own chain")
    let office = try client(network.zhengzhou, DemoNetwork.marketOffice, "market office clerk")
    var calls: [IssueLicence] = []
    for entry in input.licences {
      guard let type = input.types.first(where: { $0.code == entry.identifier.typeCode }) else {
        throw Misuse("licences.json: \(entry.identifier) is of no type in licence-types.json")
      }
      let commitments = try FieldCommitments(
        type: type.code.text, schema: type.fields, values: entry.fields, random: { Digest.random() })
      fields[entry.identifier.licence] = commitments
      let file = commitments.canonicalBytes
      calls.append(
        IssueLicence(
          identifier: entry.identifier, subject: try subject(of: entry), fieldRoot: try commitments.root(suite: suite),
          fileDigest: suite.hash(file), sealDigest: suite.hash(file + [1]), validFrom: try InputDate.time(entry.validFrom),
          validUntil: try entry.validUntil.map { try InputDate.time($0, isEnd: true) }))
    }
    let began = ContinuousClock.now
    try await withThrowingTaskGroup(of: Receipt.self) { group in
      for call in calls { group.addTask { try await office.call("licence", "issue", call) } }
      for try await receipt in group { try DemoNetwork.succeeded(receipt) }
    }
    let took = (ContinuousClock.now - began).components
    tell(
      "\(calls.count) issued in \(took.seconds * 1_000 + took.attoseconds / 1_000_000_000_000_000) ms, chain at height \(zhengzhou.head.height)"
    )
    let again = try await office.call("licence", "issue", calls[0])
    tell("the first serial once more: refused, \(again.code)")
    guard again.code == "alreadyExists" else { throw CallFailed(receipt: again) }
  }

  func subject(of entry: DemoInput.LicenceEntry) throws -> Subject {
    if let organisation = entry.organisation { return .organisation(organisation.organisation) }
    let number = entry.citizenNumber ?? ""
    return .person(try SubjectRef(citizenNumber: number, domain: ElectronicLicence.domain, key: identityKey, suite: suite))
  }

  private func depositDocuments() async throws -> (TransactionID, DemoInput.Document) {
    heading("A notary in Zhengzhou deposits \(input.documents.count) documents; one is handed to the plaintiff and admitted by the court")
    let notary = try client(network.zhengzhou, DemoNetwork.notary, "notary clerk")
    let court = try client(network.zhengzhou, DemoNetwork.court, "court clerk")
    var chosen: (TransactionID, DemoInput.Document)?
    for document in input.documents {
      let own = NamedDigest(algorithm: JudicialEvidence.algorithm(of: suite), bytes: suite.hash(document.bytes).bytes)
      let call = DepositEvidence(
        digests: [own], salted: false, size: UInt64(document.bytes.count), mediaType: document.mediaType,
        originDigest: document.origin.map { suite.hash($0) }, nonce: .random(), token: nil)
      let receipt = try await notary.call("evidence", "deposit", call)
      try DemoNetwork.succeeded(receipt)
      let id = try Digest(canonicalBytes: receipt.output)
      tell("\(document.name): evidence \(id.hex.prefix(16))…, \(document.bytes.count) bytes, only the digest is on chain")
      if document.origin != nil || chosen == nil { chosen = (receipt.transaction, document) }
    }
    guard let chosen else { throw Misuse("no document") }
    let receipt = try zhengzhou.receipt(chosen.0)
    let id = try Digest(canonicalBytes: receipt.output)
    let own = NamedDigest(algorithm: JudicialEvidence.algorithm(of: suite), bytes: suite.hash(chosen.1.bytes).bytes)
    guard let holder = input.licences.compactMap(\.organisation).first?.organisation else {
      throw Misuse("no organisation holds a licence")
    }
    let plaintiff = try client(network.zhengzhou, holder, "representative")
    try DemoNetwork.succeeded(
      await notary.call("evidence", "offer", OfferEvidence(evidence: id, to: holder, reason: "forPlaintiff", recheckedDigest: own)))
    try DemoNetwork.succeeded(await plaintiff.call("evidence", "accept", AcceptEvidence(evidence: id, recheckedDigest: own)))
    let key = try await court.call("evidence", "openCase", OpenCase(number: "(2023)豫0105民初1234号"), returning: CaseKey.self)
    let submission = try await plaintiff.call(
      "evidence", "submit", SubmitEvidence(evidence: id, caseKey: key), returning: SubmissionKey.self)
    try DemoNetwork.succeeded(
      await court.call("evidence", "admit", DecideSubmission(submission: submission, rulingDigest: suite.hash(Array("ruling".utf8)))))
    tell("\(chosen.1.name): held by \(holder), admitted in case \(key.number)")
    return chosen
  }
}
