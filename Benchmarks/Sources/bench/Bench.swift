// Measures every case against its baseline in the same process and minute: `scripts/bench [--filter NAME] [--json] [--smoke]`.
import Foundation
internal import CBaselines

@main struct Bench {
  static let cases =
    SM2Cases.all + HashCases.all + EngineCases.all + EncodingCases.all + LedgerCases.all + ProofCases.all + NodeCases.all
    + AppCases.all

  static func main() throws {
    var arguments = CommandLine.arguments.dropFirst()
    var filter = ""
    var isJSON = false
    var size = Size.full
    while let argument = arguments.popFirst() {
      switch argument {
      case "--filter": filter = arguments.popFirst() ?? ""
      case "--json": isJSON = true
      case "--smoke": size = .smoke
      default:
        print("usage: bench [--filter NAME] [--json] [--smoke]\ncases: \(cases.map(\.name).joined(separator: " "))")
        exit(2)
      }
    }
    let chosen = cases.filter { filter.isEmpty || $0.name.contains(filter) }
    guard !chosen.isEmpty else {
      print("no case is named like \(filter): \(cases.map(\.name).joined(separator: " "))")
      exit(2)
    }
    let cpu = processor()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if !isJSON { print("\(cpu), \(unsafe String(cString: bench_openssl_version()))") }
    // Some gigabytes, if the larger chain was made.
    defer { CellChain.forget() }
    for one in chosen {
      let figure = try one.measured(size, cpu: cpu)
      print(isJSON ? String(decoding: try encoder.encode(figure), as: UTF8.self) : figure.line)
      fflush(nil)
    }
  }

  /// The processor's name and which vector instructions of ours it has.
  static func processor() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    func field(_ name: String) -> String {
      let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
      return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
    }
    let features = Set(field("flags").split(separator: " ").map(String.init)).intersection(["avx2", "avx512f"]).sorted()
    return ([field("model name")] + features).joined(separator: " ")
  }
}

extension Figure {
  var line: String {
    "\(name): \(Self.short(value)) \(unit); \(baseline): \(Self.short(baselineValue)); ratio \(Self.short(ratio)), "
      + "\(runs) runs, spread \(Int((spread * 100).rounded())) %"
      + details.sorted { $0.key < $1.key }.map { "\n  \($0.key): \(Self.short($0.value))" }.joined()
  }

  /// Three digits that count.
  static func short(_ value: Double) -> String {
    value >= 100 ? String(Int(value.rounded())) : String(format: value >= 10 ? "%.1f" : "%.2f", value)
  }
}
