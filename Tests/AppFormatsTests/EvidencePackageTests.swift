import AppFormats
import Apps
import ChainCore
import ChainTesting
import CrossChain
import Foundation
import Testing

@Suite struct EvidencePackages {
  struct Made {
    var chain: SoloChain
    var deposit: TransactionID
    var package: EvidencePackage
    var anchors: TrustAnchors
  }

  static let file = Array("豫链司法存证测试 captured page".utf8)
  static let origin = Array(#"{"tool":"browser","device":"notary 3"}"#.utf8)

  /// A package at a height before which the validators changed `changes` times, the first time before the deposit.
  func make(
    _ suite: CryptoSuite = .guomi, salted: Bool = false, handOver: Bool = true, changes: Int = 0, generation: UInt64? = nil,
    pinned: BlockHeight? = nil, seed: UInt64 = 1, isFiled: Bool = false
  ) throws -> Made {
    var chain = try SoloChain(
      isFiled ? [JudicialEvidence(), DataDirectory()] : [JudicialEvidence()], suite: suite,
      organisations: [
        "12410100MB0A01053H": ["depositor"], "91410600MA9A0007X7": ["enterprise"], "11410100MB0A01045R": ["court"],
        "henan-platform": ["platform"],
      ], seed: seed)
    if isFiled { try file(on: &chain) }
    if changes > 0 { try chain.replaceValidator(0) }
    let notary = try chain.member("12410100MB0A01053H")
    let plaintiff = try chain.member("91410600MA9A0007X7")
    let salt = salted ? Digest.random() : nil
    let own = NamedDigest(
      algorithm: JudicialEvidence.algorithm(of: suite), bytes: suite.hash((salt?.bytes ?? []) + Self.file).bytes)
    let call = DepositEvidence(
      digests: [own], salted: salted, size: UInt64(Self.file.count), mediaType: "text/plain", originDigest: suite.hash(Self.origin),
      nonce: .random(), token: nil)
    // Other transactions beside it, so that paths are not empty.
    let deposit = try chain.sign("evidence", "deposit", call, by: notary)
    let other = try chain.sign("evidence", "openCase", OpenCase(number: "x"), by: notary)
    try chain.makeBlock([other, deposit])
    let id = deposit.id(genesis: chain.ledger.genesisID, suite: suite)
    let evidence = try Digest(canonicalBytes: try chain.ledger.receipt(id).output)
    if handOver {
      let offer = OfferEvidence(evidence: evidence, to: plaintiff.organisation, reason: "forPlaintiff", recheckedDigest: own)
      #expect(try chain.call("evidence", "offer", offer, by: notary).code == "ok")
      #expect(try chain.call("evidence", "accept", AcceptEvidence(evidence: evidence, recheckedDigest: own), by: plaintiff).code == "ok")
    }
    for number in 1..<max(1, changes) { try chain.replaceValidator(number % 3) }
    if changes > 0 { try chain.makeBlock() }
    let package = try EvidencePackage(
      ledger: chain.ledger, deposit: id, file: ("页面.txt", salt, Self.file), origin: Self.origin, generation: generation, pinned: pinned)
    let anchor = try TrustAnchor(of: chain.ledger, generation: generation, pinned: pinned)
    return Made(chain: chain, deposit: id, package: package, anchors: TrustAnchors([anchor]))
  }

  /// Lists a standard, a filing that is withdrawn again, and the platform's filing.
  func file(on chain: inout SoloChain) throws {
    let platform = try chain.member("henan-platform")
    for (code, kind, number) in [
      ("a-standard", EntryKind.standard, nil), ("b-old", .filing, "豫网信备 0"), ("c-filing", .filing, "豫网信备 41000023000001 号"),
    ] {
      let entry = ListEntry(
        code: code, kind: kind, title: "豫链区块链信息服务", version: "1", number: number, documentDigest: chain.suite.hash(Array(code.utf8)))
      #expect(try chain.call("directory", "listEntry", entry, by: platform).code == "ok")
    }
    let old = ItemReason(code: "b-old", reason: "superseded")
    #expect(try chain.call("directory", "withdrawEntry", old, by: platform).code == "ok")
  }

  /// The filing in force is proven and reported; a withdrawn one, or an entry that is no filing, is none.
  @Test(arguments: CryptoSuite.allCases) func theFilingIsShown(suite: CryptoSuite) throws {
    let made = try make(suite, isFiled: true)
    let checks = try EvidencePackage(document: try made.package.document()).verify(anchors: made.anchors)
    #expect(checks.allSatisfy { $0.holds } && checks.contains { $0.name == "filing" && $0.detail.contains("41000023000001") })
    #expect(!made.package.missing.contains("platform-filing"))
    #expect(made.package.report.contains { $0.hasPrefix("平台备案：豫链区块链信息服务，备案号 豫网信备 41000023000001 号") })
    for code in ["a-standard", "b-old", "none"] {
      #expect(throws: EvidencePackageError.unknownFiling(code)) {
        try EvidencePackage(ledger: made.chain.ledger, deposit: made.deposit, filing: code)
      }
      // The proof of such an entry in the filing's place is refused, and so is a package that leaves the filing out.
      var forged = made.package
      let key = StateKey(contract: DataDirectory.name, table: "catalogue", key: code)
      forged.filing = RecordForm(try made.chain.ledger.proveRecord(key, at: made.chain.ledger.newestCertified))
      #expect(forged.verify(anchors: made.anchors).last.map { $0.name == "filing" && !$0.holds } == true)
    }
    var without = made.package
    without.filing = nil
    #expect(without.verify(anchors: made.anchors).last.map { $0.name == "missing" && !$0.holds } == true)
    #expect(try make(suite).package.missing.first == "platform-filing")
  }

  @Test(arguments: CryptoSuite.allCases, [true, false]) func verifiesOffline(suite: CryptoSuite, isDeep: Bool) throws {
    let made = try make(suite, salted: isDeep, handOver: isDeep, pinned: isDeep ? 1 : nil)
    let document = try made.package.document()
    let anchors = try TrustAnchors(document: try StrictJSON.encode(made.anchors))
    let checks = try EvidencePackage(document: document).verify(anchors: anchors)
    #expect(checks.allSatisfy { $0.holds }, "\(checks.last.map { "\($0)" } ?? "")")
    #expect(checks.map(\.name).contains("custody") && checks.last?.name == "report")
    #expect(made.package.report.contains { $0.contains("未被篡改") })
  }

  /// Changes every value of the document, one at a time, in every place where it can be changed without breaking JSON.
  @Test(arguments: [0, 2]) func everyChangedValueIsRefused(changes: Int) throws {
    let made = try make(salted: true, changes: changes, pinned: 1, isFiled: changes == 2)
    let document = try made.package.document()
    let tree = try JSONSerialization.jsonObject(with: Data(document))
    var changed = 0
    var names: Set<String> = []
    try Mutation.each(tree) { mutated, path in
      let bytes = Array(try JSONSerialization.data(withJSONObject: mutated, options: [.sortedKeys, .withoutEscapingSlashes]))
      changed += 1
      do {
        let checks = try EvidencePackage(document: bytes).verify(anchors: made.anchors)
        let failed = checks.first { !$0.holds }
        #expect(failed != nil, "changing \(path) went unnoticed")
        if let failed { names.insert(failed.name) }
      } catch is DocumentError {
        names.insert("document")
      }
    }
    #expect(changed > 150)
    print("evidence package: \(changed) changed values refused by checks \(names.sorted().joined(separator: ", "))")
  }

  @Test func unknownRepeatedAndMissingKeysAreRefused() throws {
    let made = try make()
    let text = String(decoding: try made.package.document(), as: UTF8.self)
    let unknown = text.replacing("{\n  \"certificate\"", with: "{\n  \"aaa\" : 1,\n  \"certificate\"", maxReplacements: 1)
    #expect(unknown != text)
    #expect(throws: DocumentError.notStrict) { try EvidencePackage(document: Array(unknown.utf8)) }
    let line = "\"chain\" : \"henan/410100\",\n  "
    let repeated = text.replacing("\n  \(line)\"custody\"", with: "\n  \(line)\(line)\"custody\"")
    #expect(repeated != text)
    #expect(throws: DocumentError.self) { try EvidencePackage(document: Array(repeated.utf8)) }
    let upper = text.replacing(made.package.evidenceID.hex, with: made.package.evidenceID.hex.uppercased())
    #expect(throws: DocumentError.self) { try EvidencePackage(document: Array(upper.utf8)) }
    for length in stride(from: 0, to: text.utf8.count, by: 997) {
      #expect(throws: DocumentError.self) { try EvidencePackage(document: Array(text.utf8.prefix(length))) }
    }
    let spaced = text.replacing("\n", with: " ")
    #expect(try EvidencePackage(document: Array(spaced.utf8)) == made.package)
  }

  @Test func anchorDecidesWhatIsTrusted() throws {
    let made = try make()
    let stranger = try SoloChain([JudicialEvidence()], seed: 77)
    let wrong = TrustAnchors([try TrustAnchor(of: stranger.ledger)])
    #expect(made.package.verify(anchors: wrong).last.map { $0.name == "anchor" && !$0.holds } ?? false)
    #expect(made.package.verify(anchors: TrustAnchors([])).last?.name == "anchor")
    let pinnedElsewhere = TrustAnchors([try TrustAnchor(of: made.chain.ledger, pinned: 1)])
    #expect(made.package.verify(anchors: pinnedElsewhere).last.map { $0.name == "pinned block" && !$0.holds } ?? false)
  }

  @Test func otherFilesMakeNoPackage() throws {
    let made = try make()
    let transaction = try SignedTransaction(canonicalBytes: made.package.deposit.transaction.bytes)
    let id = transaction.id(genesis: made.chain.ledger.genesisID, suite: .guomi)
    #expect(throws: EvidencePackageError.otherFile) {
      try EvidencePackage(ledger: made.chain.ledger, deposit: id, file: ("x", nil, [1, 2, 3]))
    }
    let without = try EvidencePackage(ledger: made.chain.ledger, deposit: id)
    #expect(without.missing.contains("origin"))
    #expect(without.verify(anchors: made.anchors).allSatisfy { $0.holds })
  }
}

/// Every document that differs from a JSON tree in one value.
enum Mutation {
  static func each(_ tree: Any, _ path: String = "", _ body: (Any, String) throws -> Void) throws {
    switch tree {
    case let object as [String: Any]:
      for key in object.keys.sorted() {
        guard let value = object[key] else { continue }
        try each(value, "\(path).\(key)") { changed, place in
          var copy = object
          copy[key] = changed
          try body(copy, place)
        }
      }
    case let array as [Any]:
      for (index, value) in array.enumerated() {
        try each(value, "\(path)[\(index)]") { changed, place in
          var copy = array
          copy[index] = changed
          try body(copy, place)
        }
      }
      if !array.isEmpty { try body(Array(array.dropLast()), "\(path) without its last") }
    case let text as String:
      let characters = Array(text)
      guard !characters.isEmpty else { return try body("x", path) }
      for place in Set([0, characters.count / 3, characters.count / 2, characters.count - 1]).sorted() {
        var copy = characters
        copy[place] = copy[place] == "0" ? "1" : "0"
        try body(String(copy), "\(path) character \(place)")
      }
    case let number as NSNumber:
      if unsafe String(cString: number.objCType) == "c" {
        try body(!number.boolValue, path)
      } else {
        try body(NSNumber(value: number.uint64Value + 1), path)
      }
    default: try body("x", path)
    }
  }
}
