/// The page for a code that leads to nothing: says why and what to do, and shows the code as text.
public struct UnknownCodePage: Sendable, Hashable {
  /// Why there is nothing to show.
  public enum Reason: Sendable, Hashable {
    /// It is no Digital Link, or one with a wrong check digit; the parser's sentence.
    case malformed(String)
    /// It is well formed, and no chain has such a lot.
    case unknownLot
    /// It leads to something else than a lot of goods.
    case noLot
  }

  /// The code as it was scanned.
  public var code: String
  /// Why.
  public var reason: Reason

  /// A page for this code.
  public init(code: String, reason: Reason) {
    self.code = code
    self.reason = reason
  }

  private struct Content {
    struct Text { var text: String }
    var title, titleEnglish, why, code: String
    var hasCode: Bool
    var steps: [Text]
  }

  /// The page as one HTML file.
  /// - Throws: `PageError.template`.
  public func html() throws -> String {
    // Whoever made the code does not fill the page with it.
    let shown = code.unicodeScalars.count > 300 ? String(String.UnicodeScalarView(code.unicodeScalars.prefix(300))) + "…" : code
    let (title, english, why): (String, String, String) =
      switch reason {
      case .malformed(let sentence): ("无法识别这个码", "This code cannot be read", "它不是溯源码，或者有数字不对（\(sentence)）。")
      case .unknownLot: ("链上没有这一批商品", "No chain knows this lot", "码的格式正确，但是没有登记过这个批号。它可能印错了，也可能是假冒的。")
      case .noLot: ("这个码没有指明批次", "This code names no lot", "溯源需要商品条码和批号。")
      }
    let steps = [
      "核对包装上的批号和商品条码，再扫一次。", "如果还是不行，请向售货单位查问，并保留包装。", "怀疑是假冒商品的，请拨打 12315 举报。",
    ]
    let content = Content(
      title: title, titleEnglish: english, why: why, code: shown, hasCode: !shown.isEmpty, steps: steps.map { Content.Text(text: $0) })
    return try PageTemplate(TraceTemplates.unknown).render(content)
  }
}
