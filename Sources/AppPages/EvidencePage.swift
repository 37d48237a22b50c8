public import AppFormats
internal import Apps
internal import ChainCore

/// The report on a deposited file, for a judge: made from a package that verifies, and from nothing else, so that every verifier makes the
/// same page and can compare it byte by byte.
///
/// It claims what the online litigation rules of 2021 let a court find, and says beside each of articles 16 to 19 what it leaves open.
public struct EvidencePage: Sendable {
  private let package: EvidencePackage
  private let checks: [Check]

  /// Verifies the package.
  /// - Throws: `PageError.notVerified` with the failed check.
  public init(_ package: EvidencePackage, anchors: TrustAnchors) throws {
    checks = package.verify(anchors: anchors)
    if let failed = checks.first(where: { !$0.holds }) { throw PageError.notVerified("\(failed.name): \(failed.detail)") }
    self.package = package
  }

  /// Whether these bytes are the page that follows from the package.
  public func matches(_ page: [UInt8]) throws -> Bool { Array(try html().utf8) == page }

  private struct Content {
    struct Row { var label, text: String }
    struct Article { var name, asks, here: String }
    var title, chain, conclusion: String
    var limits: [Row]
    var missing: String
    var facts: [Row]
    var articles: [Article]
    var checks: [Row]
  }

  /// The page as one HTML file.
  /// - Throws: `PageError.template`.
  public func html() throws -> String {
    var lines = package.report
    let title = lines.isEmpty ? "" : lines.removeFirst()
    func take(_ label: String) -> String {
      guard let index = lines.firstIndex(where: { $0.hasPrefix(label + "：") }) else { return "" }
      return String(lines.remove(at: index).dropFirst(label.count + 1))
    }
    // On the page it stands before what it is about.
    let conclusion = take("结论").replacing("上述", with: "下列")
    let missing = take("未能证明的事项")
    let sentences = conclusion.split(separator: "。").map { String($0) + "。" }
    let facts = lines.flatMap { $0.split(separator: "\u{3000}").map(String.init) }.map { line -> Content.Row in
      let parts = line.split(separator: "：", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return parts.count == 2 ? .init(label: parts[0], text: parts[1]) : .init(label: "", text: line)
    }
    let content = Content(
      title: title, chain: package.chain.rawValue, conclusion: sentences.first ?? conclusion,
      limits: sentences.dropFirst().map { .init(label: "", text: $0) }, missing: missing, facts: facts, articles: articles(),
      checks: checks.map { .init(label: Self.names[$0.name] ?? $0.name, text: $0.detail) })
    return try PageTemplate(EvidenceTemplates.report).render(content)
  }

  private func articles() -> [Content.Article] {
    let isFiled = package.filing != nil
    return [
      .init(
        name: "第十六条", asks: "上链后是否被改动",
        here: "技术核验一致：文件摘要、交易、回执、区块、验证节点签名相互吻合。法院可以据此认定上链后未经篡改；有相反证据足以推翻的除外。"),
      .init(
        name: "第十七条", asks: "平台是否合规、中立，系统是否可靠",
        here: (isFiled ? "列明了链上登记的平台备案。" : "没有平台备案的证明。") + "列明了签名节点所属单位，以及存证单位是否运行验证节点。是否采信，由法庭审查。"),
      .init(
        name: "第十八条", asks: "上链前是否真实",
        here: (package.origin == nil ? "没有附来源说明。" : "附有来源说明，其摘要与存证时一致；说明的内容未经核实。") + "本报告不证明上链前的真实性。"),
      .init(name: "第十九条", asks: "专门知识人的意见、鉴定与比对", here: "证据包格式公开，可以脱离网络由任何人用其他程序或手工重新核验。"),
    ]
  }

  private static let names: [String: String] = [
    "anchor": "可信锚点", "validators": "验证节点变更", "certificate": "节点签名", "pinned block": "指定区块", "block": "区块", "header": "区块",
    "history": "历史", "transaction": "存证交易", "signature": "存证人签名", "receipt": "执行回执", "item": "证据记录", "evidence id": "证据编号",
    "custody": "保管链", "depositor": "存证人", "filing": "平台备案", "file": "文件", "origin": "来源说明", "missing": "未证明事项", "report": "本报告",
  ]
}
