internal import AppFormats
internal import AppPages
internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain
internal import Foundation
internal import Stories

/// The pages that a story's documents lead to: a trace page with its label, a report for a judge.
enum StoryPages {
  /// Names of the stories' organisations and codes, as whoever runs such a page would have them.
  private static let names = TraceNames(
    products: ["16923456780016": "冷冻猪肉分割品", "06923456780019": "活猪"], classes: ["pig": "生猪", "pork": "冷冻猪肉"],
    reasons: [
      "excursion": "冷链超温", "salmonella": "检出沙门氏菌", "inspection": "检验不合格", "residue": "检出药物残留",
    ],
    organisations: [
      Party.farm.rawValue: "信阳养殖合作社", Party.abattoir.rawValue: "郑州屠宰加工厂", Party.coldStore.rawValue: "航空港冷库", Party.shop.rawValue: "郑州门店",
      "zhengzhou-food-laboratory": "郑州食品检验所", "henan-agriculture-office": "河南省农业农村厅", "henan-cold-transport": "河南冷链运输公司",
    ])

  /// Writes what there is to write while the story's chains still run; returns the files' paths.
  static func write(_ outcome: StoryOutcome, to folder: String) throws -> [String] {
    var written: [String] = []
    func keep(_ name: String, _ text: String) throws {
      let place = "\(folder)/\(name)"
      try Console.write(Array(text.utf8), to: place)
      written.append(place)
    }
    if let bytes = outcome.documents["trace-link"] {
      let link = String(decoding: bytes, as: UTF8.self)
      let chains = outcome.chains.map { $0.nodes[0].ledger }.filter { ledger in
        ledger.genesis.contracts.contains { $0.name == AgriTrace.name }
      }
      let states = try chains.map { try VerifiedState($0, anchor: try TrustAnchor(of: $0)) }
      if let lot = try DigitalLink(link).lot, let page = try TraceReader(states, names: names).page(of: lot, link: link) {
        try keep("trace.html", try page.html())
        try keep("label.svg", try QRCode(link).svg)
      }
    }
    if let package = outcome.documents["evidence-package.json"], let anchors = outcome.documents["anchors.json"] {
      let page = try EvidencePage(try EvidencePackage(document: package), anchors: try TrustAnchors(document: anchors))
      try keep("report.html", try page.html())
    }
    return written
  }
}
