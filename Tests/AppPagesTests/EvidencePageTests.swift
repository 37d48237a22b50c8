import AppFormats
import AppPages
import Apps
import ChainCore
import ChainTesting
import CrossChain
import Foundation
import Testing

@Suite struct EvidencePages {
  static let file = Array("捕获的网页 <b>正文</b>".utf8)

  func make(origin: [UInt8]? = Array("{}".utf8), name: String = "page.html") throws -> (package: EvidencePackage, anchors: TrustAnchors) {
    var chain = try SoloChain(
      [JudicialEvidence(), DataDirectory()],
      organisations: ["12410100MB0A01053H": ["depositor"], "91410600MA9A0007X7": [], "henan-platform": ["platform"]],
      time: 1_699_236_000_000)
    let filing = ListEntry(
      code: "filing", kind: .filing, title: "豫链区块链信息服务", version: "1", number: "豫网信备41000023000001号", documentDigest: .zero)
    #expect(try chain.call("directory", "listEntry", filing, by: try chain.member("henan-platform")).code == "ok")
    let own = NamedDigest(algorithm: "sm3", bytes: chain.suite.hash(Self.file).bytes)
    let call = DepositEvidence(
      digests: [own, NamedDigest(algorithm: "sha256", bytes: CryptoSuite.international.hash(Self.file).bytes)], salted: false,
      size: UInt64(Self.file.count), mediaType: "text/html", originDigest: origin.map { chain.suite.hash($0) }, nonce: .zero, token: nil)
    let notary = try chain.member("12410100MB0A01053H")
    let signed = try chain.sign("evidence", "deposit", call, by: notary)
    try chain.makeBlock([signed])
    let id = signed.id(genesis: chain.ledger.genesisID, suite: chain.suite)
    let evidence = try Digest(canonicalBytes: try chain.ledger.receipt(id).output)
    let offer = OfferEvidence(evidence: evidence, to: "91410600MA9A0007X7", reason: "for-plaintiff", recheckedDigest: own)
    #expect(try chain.call("evidence", "offer", offer, by: notary).code == "ok")
    let take = AcceptEvidence(evidence: evidence, recheckedDigest: own)
    #expect(try chain.call("evidence", "accept", take, by: try chain.member("91410600MA9A0007X7")).code == "ok")
    let package = try EvidencePackage(ledger: chain.ledger, deposit: id, file: (name, nil, Self.file), origin: origin)
    return (package, TrustAnchors([try TrustAnchor(of: chain.ledger)]))
  }

  @Test func thePageFollowsFromThePackage() throws {
    let made = try make()
    let page = try EvidencePage(made.package, anchors: made.anchors)
    let html = try page.html()
    let again = try EvidencePage(EvidencePackage(document: try made.package.document()), anchors: made.anchors).html()
    #expect(html == again)
    #expect(try page.matches(Array(html.utf8)))
    #expect(try !page.matches(Array(html.replacing("未被篡改", with: "完全真实").utf8)))
    for line in made.package.report.dropFirst() where !line.hasPrefix("结论") {
      let text = line.split(separator: "\u{3000}")[0].split(separator: "：", maxSplits: 1)[1]
      #expect(html.contains(text.replacing("'", with: "&#39;")), "\(line)")
    }
    for text in ["第十六条", "第十七条", "第十八条", "第十九条", "不证明上链前的真实性", "有相反证据足以推翻的除外", "未能证明的事项", "豫网信备41000023000001号"] {
      #expect(html.contains(text), "\(text)")
    }
    // It never says more than that the data are unchanged since the deposit.
    for claim in ["证据真实", "内容真实", "属实", "保证", "应予采信", "具有法律效力"] { #expect(!html.contains(claim), "\(claim)") }
    try Screenshots.keep(html, "evidence-report")
  }

  @Test func aPackageThatDoesNotVerifyHasNoPage() throws {
    let made = try make()
    var forged = made.package
    forged.report[1] += " "
    #expect(throws: PageError.self) { try EvidencePage(forged, anchors: made.anchors) }
    #expect(throws: PageError.self) { try EvidencePage(made.package, anchors: TrustAnchors([])) }
    let bare = try make(origin: nil)
    #expect(try EvidencePage(bare.package, anchors: bare.anchors).html().contains("没有附来源说明"))
  }

  /// A file's name is what somebody wrote.
  @Test func hostileNamesStayText() throws {
    let plain = Escaping.skeleton(try page(named: "page.html")).tags
    for name in Escaping.hostile {
      let html = try page(named: name)
      #expect(Escaping.skeleton(html).tags == plain, "\(name.debugDescription)")
      #expect(!html.unicodeScalars.contains { $0 != "\n" && [.control, .format].contains($0.properties.generalCategory) })
    }
  }

  private func page(named name: String) throws -> String {
    let made = try make(name: name)
    return try EvidencePage(made.package, anchors: made.anchors).html()
  }
}
