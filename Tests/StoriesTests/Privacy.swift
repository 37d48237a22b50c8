import ChainNode
import ChainTesting
import Stories
import Testing

/// The global invariant of the applications: no private value stands anywhere on the chains or in what their nodes say.
enum Privacy {
  /// Searches every chain and the log of a story that is over, while its chains still run.
  static func check(_ outcome: StoryOutcome) throws {
    let scanner = LeakScanner(outcome.secrets.map { LeakScanner.Secret(label: $0.label, text: $0.text) })
    var report = scanner.scan(outcome.log, at: "log")
    for chain in outcome.chains {
      for node in chain.nodes.prefix(1) { report.add(try scanner.scan(node.ledger)) }
    }
    // A page in evidence and a material of a dossier are found again by their plain digests; nobody can guess them from those.
    let documents = ["captured page", "material"]
    report.leaks.removeAll { documents.contains($0.label) && $0.form.hasPrefix("unsalted digest") }
    for leak in report.leaks.prefix(20) { Issue.record("\(outcome.story): \(leak)") }
    let places = report.bytes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    print(
      "privacy, \(outcome.story): \(report.leaks.count) of \(outcome.secrets.count) values (\(scanner.formCount) forms) found in "
        + "\(outcome.chains.count) chains; bytes: \(places)")
    // One pilot plays another story twice, on chains of its own, which that story's own test searches.
    guard !outcome.chains.isEmpty else { return }
    #expect(report.bytes["blocks", default: 0] > 0 && report.bytes["state", default: 0] > 0)
  }
}
