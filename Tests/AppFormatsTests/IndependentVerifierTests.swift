import AppFormats
import ChainCore
import Foundation
import TestSupport
import Testing

/// A verifier in another language, written from `Docs/EvidencePackage.md`, comes to the same answers.
@Suite struct IndependentVerifier {
  func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }

  @Test(arguments: CryptoSuite.allCases) func agrees(suite: CryptoSuite) throws {
    let probe = suite == .guomi ? "import hashlib; hashlib.new('sm3')" : "import hashlib"
    guard try run(["python3", "-c", probe]).status == 0 else {
      print("skipped: no python3 with \(suite == .guomi ? "SM3" : "hashlib") on this machine")
      return
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "yuchain-independent-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = Vectors.root.appending(path: "Tests/AppFormatsTests/Independent/verify_package.py").path
    let (package, anchors) = (folder.appending(path: "package.json"), folder.appending(path: "anchors.json"))
    func answer(_ document: [UInt8]) throws -> (status: Int32, output: String) {
      try Data(document).write(to: package)
      return try run(["python3", script, package.path, anchors.path])
    }
    for (salted, changes, pinned) in [(true, 0, BlockHeight?.some(1)), (false, 0, nil), (false, 2, nil)] {
      let made = try EvidencePackages().make(
        suite, salted: salted, handOver: salted, changes: changes, pinned: pinned, isFiled: salted || changes > 0)
      try Data(try StrictJSON.encode(made.anchors)).write(to: anchors)
      let good = try answer(try made.package.document())
      #expect(good.status == 0 && good.output == "valid\n", "\(good.output)")
      var changes = 0
      let tree = try JSONSerialization.jsonObject(with: Data(try made.package.document()))
      try Mutation.each(tree) { changed, place in
        changes += 1
        guard changes.isMultiple(of: 29) else { return }
        let bytes = Array(try JSONSerialization.data(withJSONObject: changed, options: [.sortedKeys, .withoutEscapingSlashes]))
        #expect(try answer(bytes).status == 1, "\(place) went unnoticed")
      }
    }
  }
}
