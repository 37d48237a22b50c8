import AppFormats
import Apps
import ChainCore
import ChainTesting
import CrossChain
import Foundation
import TestSupport
import Testing

/// From a captured page to a court's ruling and a package that verifies with no network.
@Suite struct EvidenceStory {
  static let notary: OrganisationID = "12410100MB0A01053H"
  static let plaintiff: OrganisationID = "91410600MA9A0007X7"
  static let court: OrganisationID = "11410100MB0A01045R"
  static let bank: OrganisationID = "91410000MA9A00061G"
  static let number = "(2023)豫0105民初1234号"
  /// 2023-11-06T02:00:00Z, when the tokens were made.
  static let genTime: BlockTime = 1_699_236_000_000

  struct Tokens: Decodable {
    struct Case: Decodable {
      var id: String
      var response, data: String
      var imprintAlgorithm, imprint, genTime: String?
    }
    var tests: [Case]

    static func load() throws -> [Case] {
      let data = try Vectors.shared("domain/rfc3161.json") ?? Vectors.bundled("domain/rfc3161.json")
      return try JSONDecoder().decode(Tokens.self, from: data).tests
    }
  }

  static func sample(_ id: String) throws -> Tokens.Case {
    let found = try Tokens.load().first { $0.id == id }
    return try #require(found)
  }

  static func bytes(_ hex: String) throws -> [UInt8] { try #require([UInt8](hex: hex)) }

  static let algorithms = ["1.2.156.10197.1.401": "sm3", "2.16.840.1.101.3.4.2.1": "sha256"]

  let store = MemoryStore()
  var chain: SoloChain
  let page: [UInt8]

  init() throws {
    page = try Self.bytes(try Self.sample("sm3-imprint").data)
    chain = try SoloChain(
      [JudicialEvidence()],
      organisations: [Self.notary: ["depositor"], Self.plaintiff: ["enterprise"], Self.court: ["court"], Self.bank: ["depositor"]],
      store: store, time: BlockTime(Self.genTime.rawValue - 60_000))
  }

  var digests: [NamedDigest] {
    [
      NamedDigest(algorithm: "sm3", bytes: CryptoSuite.guomi.hash(page).bytes),
      NamedDigest(algorithm: "sha256", bytes: CryptoSuite.international.hash(page).bytes),
    ]
  }

  func token(_ item: Tokens.Case) throws -> TimeStampToken? {
    guard let oid = item.imprintAlgorithm, let algorithm = Self.algorithms[oid], let imprint = item.imprint, let genTime = item.genTime,
      let date = try? Date(genTime, strategy: .iso8601)
    else { return nil }
    return TimeStampToken(
      digest: CryptoSuite.guomi.hash(try Self.bytes(item.response)),
      imprint: NamedDigest(algorithm: algorithm, bytes: try Self.bytes(imprint)),
      genTime: BlockTime(UInt64(date.timeIntervalSince1970) * 1_000))
  }

  func deposit(_ token: TimeStampToken? = nil, origin: [UInt8]? = nil) -> DepositEvidence {
    DepositEvidence(
      digests: digests, salted: false, size: UInt64(page.count), mediaType: "text/plain", originDigest: origin.map(chain.suite.hash),
      nonce: chain.suite.hash([UInt8(truncatingIfNeeded: chain.ledger.head.height.rawValue)]), token: token)
  }

  @Test mutating func fromTheNotaryToTheCourt() throws {
    let origin = Array(#"{"tool":"browser 118","device":"公证处 3 号机"}"#.utf8)
    let sm3 = try token(try Self.sample("sm3-imprint"))
    let notary = try chain.member(Self.notary)
    let plaintiff = try chain.member(Self.plaintiff)
    let court = try chain.member(Self.court)
    func accepted(_ receipt: Receipt) throws -> [UInt8] {
      try #require(receipt.status == .succeeded, "\(receipt.code): \(receipt.message)")
      return receipt.output
    }
    chain.time = Self.genTime
    let first = try chain.sign("evidence", "deposit", deposit(sm3, origin: origin), by: notary)
    try chain.makeBlock([first])
    let id = first.id(genesis: chain.ledger.genesisID, suite: chain.suite)
    let receipt = try chain.ledger.receipt(id)
    let evidence = try Digest(canonicalBytes: try accepted(receipt))
    #expect(receipt.events.map(\.name) == ["evidence.deposit"])

    let own = digests[0]
    let offer = OfferEvidence(evidence: evidence, to: Self.plaintiff, reason: "for-plaintiff", recheckedDigest: own)
    _ = try accepted(try chain.call("evidence", "offer", offer, by: notary))
    let take = AcceptEvidence(evidence: evidence, recheckedDigest: digests[1])
    _ = try accepted(try chain.call("evidence", "accept", take, by: plaintiff))
    let key = try CaseKey(canonicalBytes: try accepted(try chain.call("evidence", "openCase", OpenCase(number: Self.number), by: court)))
    let submission = try SubmissionKey(
      canonicalBytes: try accepted(try chain.call("evidence", "submit", SubmitEvidence(evidence: evidence, caseKey: key), by: plaintiff)))
    // The notary gave it away: it neither submits nor withdraws any more.
    let late = try chain.call("evidence", "withdraw", WithdrawSubmission(submission: submission), by: notary)
    #expect(late.code == "notAuthorised" && late.events.isEmpty)
    let ruling = chain.suite.hash(Array("ruling".utf8))
    _ = try accepted(
      try chain.call("evidence", "admit", DecideSubmission(submission: submission, rulingDigest: ruling), by: court))
    _ = try accepted(try chain.call("evidence", "closeCase", CloseCase(caseKey: key), by: court))

    // A copy deposited later shows the earlier deposit.
    let bank = try chain.member(Self.bank)
    _ = try accepted(try chain.call("evidence", "deposit", deposit(), by: bank))
    let digest = try #require(Digest(own.bytes))
    let found: [Anchor] = try chain.ledger.query("evidence", "byDigest", digest)
    #expect(found.map(\.depositor) == [Self.notary, Self.bank] && found[0].time < found[1].time)

    let package = try EvidencePackage(ledger: chain.ledger, deposit: id, file: ("page.txt", nil, page), origin: origin)
    let anchors = TrustAnchors([try TrustAnchor(of: chain.ledger)])
    let checks = try EvidencePackage(document: try package.document()).verify(anchors: anchors)
    #expect(checks.allSatisfy { $0.holds }, "\(checks.last.map { "\($0)" } ?? "")")
    #expect(package.missing == ["platform-filing", "code-and-audit-digests", "incidents", "time-stamp-token-signature"])
    let report = package.report.joined(separator: "\n")
    #expect(report.contains("当前持有单位：\(Self.plaintiff)") && report.contains("时间戳时间：2023年11月6日 10:00:00"))
    #expect(report.contains("存证单位是否运行验证节点：否"))
    try expectNoTrace(of: [page, origin])
  }

  /// The contract compares imprint and time. A wrong signature it cannot see: packages name that check as missing.
  @Test mutating func tokensOfOtherDataAreRefused() throws {
    let notary = try chain.member(Self.notary)
    chain.time = Self.genTime
    var outcomes: [String: String] = [:]
    for item in try Tokens.load() {
      guard let token = try token(item) else { continue }
      let data = try Self.bytes(item.data)
      var call = deposit(token)
      call.digests = [NamedDigest(algorithm: "sm3", bytes: CryptoSuite.guomi.hash(data).bytes)]
      if token.imprint.algorithm == "sha256" {
        call.digests.append(NamedDigest(algorithm: "sha256", bytes: CryptoSuite.international.hash(data).bytes))
      }
      outcomes[item.id] = try chain.call("evidence", "deposit", call, by: notary).code
    }
    print("time stamps: \(outcomes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))")
    for id in ["sha256", "sm3-imprint", "no-nonce", "no-cert"] { #expect(outcomes[id] == "ok", "\(id)") }
    #expect(outcomes["other-data"] == "badArgument")
  }

  /// A block takes tokens of up to two seconds after it: clocks differ.
  @Test mutating func aTokenFromTheFutureIsRefused() throws {
    let token = try token(try Self.sample("sha256"))
    let notary = try chain.member(Self.notary)
    chain.time = BlockTime(Self.genTime.rawValue - 2_001)
    #expect(try chain.call("evidence", "deposit", deposit(token), by: notary).code == "badArgument")
    #expect(try chain.call("evidence", "deposit", deposit(token), by: notary).code == "ok")
  }

  /// A wrong role never comes into a block; a wrong relation is known only when the call runs.
  @Test mutating func nodesRefuseWrongRolesBeforeOrdering() throws {
    let plaintiff = try chain.member(Self.plaintiff)
    let notary = try chain.member(Self.notary)
    let opened = try chain.sign("evidence", "openCase", OpenCase(number: Self.number), by: notary)
    for transaction in [opened, try chain.sign("evidence", "deposit", deposit(), by: plaintiff)] {
      do {
        _ = try chain.ledger.admit(transaction.canonicalBytes)
        Issue.record("must be refused")
      } catch AdmissionError.refused(.roleNotAllowed) {}
    }
    let close = try chain.sign("evidence", "closeCase", CloseCase(caseKey: CaseKey(court: Self.court, number: "x")), by: notary)
    _ = try chain.ledger.admit(close.canonicalBytes)
  }

  /// A package whose file fits one digest and not another is not about that file.
  @Test mutating func everyDigestOfTheFileIsCompared() throws {
    let notary = try chain.member(Self.notary)
    var call = deposit()
    call.digests[1].bytes = Array(repeating: 9, count: 32)
    let signed = try chain.sign("evidence", "deposit", call, by: notary)
    try chain.makeBlock([signed])
    let id = signed.id(genesis: chain.ledger.genesisID, suite: chain.suite)
    let (page, ledger) = (page, chain.ledger)
    #expect(throws: EvidencePackageError.otherFile) {
      try EvidencePackage(ledger: ledger, deposit: id, file: ("page.txt", nil, page))
    }
  }

  /// Searches everything that the chain stores for the values, as they are and as people would write them.
  func expectNoTrace(of values: [[UInt8]]) throws {
    let names: [StaticString] = [
      "meta", "headers", "transactions", "receipts", "places", "checkpoints", "certificates", "history", "state",
      "state-nodes", "state-stale", "index",
    ]
    var needles: [Data] = []
    for value in values {
      let text = String(decoding: value, as: UTF8.self)
      needles += [Data(value), Data(value.hex.utf8), Data(value).base64EncodedData()]
      needles += [String.Encoding.utf16LittleEndian, .utf16BigEndian].compactMap { text.data(using: $0) }
    }
    var bytes = 0
    try store.read { reader in
      for name in names {
        let isInRuns = ["places", "state"].contains(name.description)
        let records = try reader.range(StoreTable(name, layout: isInRuns ? .runs : .tree))
        #expect(!records.isEmpty || name.description == "state-stale", "\(name) is empty: is it still called so?")
        for record in records {
          let data = Data(record.key + record.value)
          bytes += data.count
          for needle in needles { #expect(data.range(of: needle) == nil, "a private value stands in \(name)") }
        }
      }
    }
    #expect(bytes > 10_000)
    // The search finds what is there: the reason of the custody entry is clear.
    let isSeen = try store.read { reader in
      try reader.range(StoreTable("state", layout: .runs)).contains { Data($0.value).range(of: Data("for-plaintiff".utf8)) != nil }
    }
    #expect(isSeen)
  }
}
