import AppFormats
import AppPages
import Apps
import ChainCore
import ChainTesting
import CrossChain
import Foundation
import Testing

@Suite struct TracePages {
  @Test func whatTheShopSellsAndWhatARecallChanges() throws {
    var story = try PorkChain()
    try story.play()
    let before = try #require(try story.page())
    #expect(before.verdict == .fine && before.inspections.map(\.goods) == ["生猪", "冷冻猪肉"] && before.limit == -180)
    #expect(before.origins.map(\.lot) == ["XY231101", "ZZ231102A"] && before.origins.first?.place == "信阳市")
    #expect(before.route.map(\.name) == ["郑州双河肉类加工厂", "航空港冷链物流中心", "郑州惠民超市金水店"])
    #expect(before.route.last?.did.keys.sorted() == ["receive"] && before.route[0].did["receive"] == nil)
    #expect(before.excursions.count == 1 && before.excursions.first?.greatest == -128)
    let head = try #require(try story.chain.ledger.newestCertificate()).checkpoint.height.rawValue
    #expect(before.proofs.map(\.height) == [head] && before.route.allSatisfy { $0.height == head })
    let html = try before.html()
    for text in [
      "链上没有召回，没有查封", "冷冻猪里脊（带包装）", "ZZ231102A", "信阳市", "信阳青山养殖合作社", "\u{2212}12.8 °C", "高度 \(head)", "3 个验证节点中 3 个签名",
    ] {
      #expect(html.contains(text), "\(text)")
    }
    try story.recall()
    let after = try #require(try story.page())
    #expect(after.verdict == .recalled && after.recalls.map(\.reason) == ["检出沙门氏菌"])
    let banner = try after.html()
    #expect(banner.contains("已召回，请不要食用或使用") && banner.contains("检出沙门氏菌") && banner.contains("class=\"recalled\""))
    #expect(!banner.contains("链上没有召回"))
    #expect(try story.page("ZZ231102B") == nil)
    try Screenshots.keep(html, "trace-fine")
    try Screenshots.keep(banner, "trace-recalled")
  }

  @Test func heldGoodsAreShownAsHeld() throws {
    var story = try PorkChain()
    try story.play(isWarm: false)
    #expect(try story.page()?.excursions.isEmpty == true)
    try story.call("hold", HoldThing(about: .lot(try PorkChain.lot("ZZ231102A")), reason: "audit"), by: PorkChain.office)
    let page = try #require(try story.page())
    #expect(page.verdict == .held)
    #expect(try page.html().contains("暂停流通，正在核查"))
    try Screenshots.keep(try page.html(), "trace-held")
  }

  /// Nothing is shown that another chain's validators signed, or nobody.
  @Test func onlyWhatTheAnchorsValidatorsSignedIsShown() throws {
    var story = try PorkChain()
    try story.play()
    let stranger = try SoloChain([AgriTrace()], chain: "henan/410100", seed: 9)
    #expect(throws: (any Error).self) { try VerifiedState(story.chain.ledger, anchor: try TrustAnchor(of: stranger.ledger)) }
    let other = try SoloChain([AgriTrace()], chain: "henan/410200", seed: 1)
    #expect(throws: (any Error).self) { try VerifiedState(story.chain.ledger, anchor: try TrustAnchor(of: other.ledger)) }
    // After a change of the validators the anchor of the first set still leads there; that of the new one verifies alone.
    try story.chain.replaceFirstValidator()
    try story.chain.makeBlock()
    #expect(try story.chain.ledger.newestCertificate()?.generation == 2)
    let state = try VerifiedState(story.chain.ledger, anchor: try TrustAnchor(of: story.chain.ledger))
    #expect(state.height == story.chain.ledger.newestCertified)
    let later = try TrustAnchor(of: story.chain.ledger, generation: 2)
    #expect(try VerifiedState(story.chain.ledger, anchor: later).height == state.height)
  }

  /// Goods that went through two chains have one page; the worst that any chain knows is in the banner.
  @Test func severalChainsOnOnePage() throws {
    var (first, second) = (try PorkChain(), try PorkChain("henan/410200"))
    try first.play(isWarm: false)
    try second.play(isWarm: false)
    try second.recall()
    let states = try [first, second].map { try VerifiedState($0.chain.ledger, anchor: try TrustAnchor(of: $0.chain.ledger)) }
    let page = try #require(
      try TraceReader(states, names: PorkChain.names).page(
        of: try PorkChain.lot("ZZ231102A"), link: "https://t.example/01/06923456780019/10/A"))
    #expect(page.proofs.map(\.chain) == ["henan/410100", "henan/410200"] && page.verdict == .recalled && page.route.count == 3)
  }

  @Test func badCodesGetAClearPage() throws {
    var pages = 0
    for code in [
      "", "hello", "https://trace.example.org/01/06923456780010/10/A", "<script>alert(1)</script>", String(repeating: "9", count: 5_000),
    ] {
      do throws(DigitalLinkError) {
        _ = try DigitalLink(code)
        Issue.record("\(code.prefix(20)) is no link")
      } catch {
        let page = try UnknownCodePage(code: code, reason: .malformed(error.description)).html()
        #expect(page.contains("无法识别这个码") && !page.contains("<script") && page.utf8.count < 20_000)
        pages += 1
      }
    }
    let unknown = try UnknownCodePage(code: "https://trace.example.org/01/06923456780019/10/NONE", reason: .unknownLot).html()
    #expect(unknown.contains("链上没有这一批商品"))
    #expect(try UnknownCodePage(code: "https://a/00/006923456000000016", reason: .noLot).html().contains("没有指明批次"))
    try Screenshots.keep(unknown, "trace-unknown")
    print("pages: \(pages + 2) bad codes with a page each")
  }
}

/// Keeps pages for looking at them: in the folder that `PAGES` names, if it is set.
enum Screenshots {
  static func keep(_ html: String, _ name: String) throws {
    guard let folder = ProcessInfo.processInfo.environment["PAGES"] else { return }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(html.utf8).write(to: URL(filePath: folder).appending(path: name + ".html"))
  }
}
