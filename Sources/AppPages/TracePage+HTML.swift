internal import AppFormats
internal import ChainCore

extension TracePage {
  /// The page as one HTML file that needs nothing else: no script, font or picture from elsewhere.
  /// - Throws: `PageError`.
  public func html() throws -> String { try PageTemplate(TraceTemplates.page).render(content()) }

  private struct Content {
    struct Text { var text: String }
    struct Tile { var kind, label, value, note: String }
    struct Step {
      var kind, title: String
      var place: String?
      var detail, chain: String
      var height: UInt64
    }
    struct Report {
      var kind, result, inspector, time, report: String
      var height: UInt64
    }
    struct Item {
      var kind, title, detail: String
      var height: UInt64
    }
    struct Signed {
      var chain: String
      var height: UInt64
      var time: String
      var members, signers: Int
      var block: String
    }
    var product, goods, lot, gtin, maker: String
    var makerPlace: String?
    var tone, icon, verdict, verdictEnglish: String
    var notices: [Text]
    var qrSide: Int
    var qrPath: String
    var tiles: [Tile]
    var stops: [Step]
    var inspections: [Report]
    var hasInspections, isCooled: Bool
    var temperatureText: String
    var excursions: [Item]
    var hasExcursions: Bool
    var blocks: [Item]
    var hasBlocks: Bool
    var proofs: [Signed]
    var link: String
  }

  private func content() throws -> Content {
    let code = try QRCode(link)
    let words = Self.words(of: verdict)
    let stopped =
      recalls.map { Content.Item(kind: "bad", title: "召回：\($0.reason)", detail: Self.detail(of: $0), height: $0.height) }
      + holds.map { Content.Item(kind: "warn", title: "查封：\($0.reason)", detail: Self.detail(of: $0), height: $0.height) }
    return Content(
      product: product, goods: goods, lot: lot, gtin: gtin, maker: maker.name, makerPlace: maker.place, tone: words.tone, icon: words.icon,
      verdict: words.title, verdictEnglish: words.english,
      notices: (recalls + holds).prefix(2).map { Content.Text(text: "\($0.reason)，\(PageNumbers.date($0.time))，\($0.by)") },
      qrSide: code.framedSide, qrPath: code.path, tiles: tiles(), stops: steps(),
      inspections: inspections.map {
        Content.Report(
          kind: $0.passed ? "good" : "bad", result: $0.goods + ($0.passed ? "　合格" : "　不合格"), inspector: $0.inspector,
          time: PageNumbers.minute($0.time), report: String($0.report.prefix(16)), height: $0.height)
      },
      hasInspections: !inspections.isEmpty, isCooled: limit != nil, temperatureText: temperatureText(), excursions: warmTimes(),
      hasExcursions: !excursions.isEmpty, blocks: stopped, hasBlocks: !stopped.isEmpty,
      proofs: proofs.map {
        Content.Signed(
          chain: $0.chain, height: $0.height, time: PageNumbers.moment($0.time), members: $0.members, signers: $0.signers, block: $0.block)
      }, link: link)
  }

  private static func words(of verdict: Verdict) -> (tone: String, icon: String, title: String, english: String) {
    switch verdict {
    case .fine: ("fine", "M6 12.5l4 4 8-9", "链上没有召回，没有查封", "No recall and no hold on record")
    case .held: ("held", "M12 6v7M12 17v.5", "暂停流通，正在核查", "On hold while it is being checked")
    case .recalled: ("recalled", "M7 7l10 10M17 7L7 17", "已召回，请不要食用或使用", "Recalled: do not eat or use")
    case .gone: ("gone", "M6 12h12", "这一批已全部售出或处理", "Nothing is left of this lot")
    }
  }

  private static func detail(of notice: Notice) -> String { "\(notice.by)，\(PageNumbers.minute(notice.time))" }

  private func tiles() -> [Content.Tile] {
    let first = origins.first
    let place = first?.place ?? maker.place ?? "未登记"
    let failed = inspections.count { !$0.passed }
    let inspected: Content.Tile =
      inspections.isEmpty
      ? .init(kind: "plain", label: "检验", value: "无记录", note: "链上没有检验报告")
      : failed > 0
        ? .init(kind: "bad", label: "检验", value: "\(failed) 次不合格", note: "共 \(inspections.count) 次")
        : .init(
          kind: "good", label: "检验", value: "\(inspections.count) 次合格", note: inspections.last.map { PageNumbers.date($0.time) } ?? "")
    let stopped: Content.Tile =
      !recalls.isEmpty
      ? .init(kind: "bad", label: "召回", value: "已召回", note: recalls[0].reason)
      : !holds.isEmpty
        ? .init(kind: "warn", label: "召回", value: "未召回，已查封", note: holds[0].reason)
        : .init(kind: "good", label: "召回", value: "无", note: "截至核验时")
    let proof = proofs.first
    return [
      .init(
        kind: place == "未登记" ? "plain" : "good", label: "产地", value: place,
        note: [first?.goods, first?.time.map(PageNumbers.date)].compactMap { $0 }.joined(separator: "，")),
      inspected, temperatureTile(), stopped,
      .init(
        kind: "good", label: "核验", value: "高度 \(proof?.height ?? 0)",
        note: proof.map { "\($0.members) 个节点中 \($0.signers) 个签名" } ?? ""),
    ]
  }

  private func temperatureTile() -> Content.Tile {
    guard let limit else { return .init(kind: "plain", label: "温度", value: "不要求", note: "非冷链商品") }
    guard readings > 0 else { return .init(kind: "plain", label: "温度", value: "无读数", note: "应不高于 \(PageNumbers.temperature(limit))") }
    guard let worst = excursions.map(\.greatest).max() else {
      return .init(kind: "good", label: "温度", value: "没有超温", note: "不高于 \(PageNumbers.temperature(limit))")
    }
    return .init(
      kind: "warn", label: "温度", value: "曾到 \(PageNumbers.temperature(worst))", note: "应不高于 \(PageNumbers.temperature(limit))")
  }

  private func temperatureText() -> String {
    guard let limit else { return "" }
    var text = "应不高于 \(PageNumbers.temperature(limit))。"
    text += readings == 0 ? "链上没有读数。" : "链上有 \(readings) 组读数"
    if readings > 0 { text += excursions.isEmpty ? "，没有超温记录。" : "，其中超温 \(excursions.count) 次。" }
    if let last = lastReading { text += "最近一次 \(PageNumbers.temperature(last.value))（\(PageNumbers.minute(last.time))）。" }
    return text
  }

  private func warmTimes() -> [Content.Item] {
    excursions.map {
      Content.Item(
        kind: "warn",
        title: $0.isGap
          ? "无读数 \(PageNumbers.duration($0.seconds))"
          : "最高 \(PageNumbers.temperature($0.greatest))，持续 \(PageNumbers.duration($0.seconds))",
        detail: "托盘 \($0.pallet)，\(PageNumbers.minute($0.time)) 起", height: $0.height)
    }
  }

  private static let verbs: [(call: String, word: String)] = [
    ("commission", "生产登记"), ("transform", "加工"), ("receive", "收货"), ("unpack", "拆托盘"), ("split", "分装"), ("merge", "并批"),
    ("pack", "装托盘"), ("ship", "发运"), ("settle", "差异结清"), ("sell", "售出"), ("writeOff", "损耗"), ("destroy", "销毁"),
  ]

  private func steps() -> [Content.Step] {
    let before = origins.dropLast().map { origin in
      Content.Step(
        kind: "origin", title: origin.maker, place: origin.place,
        detail: "原料：\(origin.goods)，批号 \(origin.lot)" + (origin.time.map { "，" + PageNumbers.minute($0) } ?? ""),
        chain: proofs.first?.chain ?? "", height: origin.height)
    }
    return before
      + route.map { stop in
        let did = Self.verbs.compactMap { verb in stop.did[verb.call].map { (time: $0, word: verb.word) } }
          .sorted { $0.time < $1.time }
        return Content.Step(
          kind: "stop", title: stop.name, place: stop.place,
          detail: did.map { "\($0.word) \(PageNumbers.minute($0.time))" }.joined(separator: "；"), chain: stop.chain, height: stop.height)
      }
  }
}
