import Foundation
import TestSupport
import Testing

@Suite struct Examples {
  func run(_ name: String, _ arguments: [String] = []) throws -> (status: Int32, output: String) {
    try ChildProcess.run(try BuiltProducts.executable(name), arguments)
  }

  @Test func embed() throws {
    let (status, output) = try run("Embed")
    #expect(status == 0 && output.hasSuffix("ok 你好\n"), "\(output)")
  }

  @Test func credential() throws {
    let (status, output) = try run("Credential")
    #expect(status == 0)
    let lines = output.split(separator: "\n")
    #expect(lines.count == 3 && lines.first == "holds: true" && lines.last == "holds: false" && output.contains("notAuthorised"))
  }

  @Test func province() throws {
    let (status, output) = try run("Province")
    #expect(status == 0 && output.hasSuffix("你好\n"), "\(output)")
    #expect(
      output.contains("henan/410300 retired sent 1, received 0") && output.contains("henan/410200 running sent 0, received 1"), "\(output)")
  }

  @Test func underFaults() throws {
    let (status, output) = try run("UnderFaults", ["3"])
    #expect(status == 0 && output.hasSuffix("ok: no plot was ever sold twice\n"), "\(output)")
    let mistaken = try run("UnderFaults", ["--mistake", "3"])
    #expect(mistaken.output.contains("seed 1, step") && mistaken.output.contains("has deeds of"), "\(mistaken.output)")
  }

  @Test(arguments: [("guomi", "mixed"), ("international", "bft"), ("international", "raft")])
  func demoThenVerifyThenForge(suite: String, engine: String) throws {
    let out = FileManager.default.temporaryDirectory.appending(path: "yuchain-demo-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: out) }
    try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
    let demo = try run("yuchain", ["demo", "--suite", suite, "--engine", engine, "--out", out.path])
    #expect(demo.status == 0, "\(demo.output)")
    #expect(demo.output.contains("refused by check \"file\""))
    // The report as a page: it follows from the package, and a changed one does not.
    let (package, anchors) = (out.appending(path: "evidence-package.json").path, out.appending(path: "anchors.json").path)
    let page = out.appending(path: "report.html")
    #expect(try run("yuchain", ["page", "evidence", package, "--anchor", anchors, "--out", page.path]).status == 0)
    #expect(try run("yuchain", ["page", "evidence", package, "--anchor", anchors, "--compare", page.path]).status == 0)
    let claims = try String(contentsOf: page, encoding: .utf8).replacing("未被篡改", with: "完全真实")
    try claims.write(to: page, atomically: true, encoding: .utf8)
    #expect(try run("yuchain", ["page", "evidence", package, "--anchor", anchors, "--compare", page.path]).status == 1)
    let wrong = try run("yuchain", ["page", "trace", "no code", "--ledger", "x", "--anchor", anchors, "--out", page.path])
    let shown = try String(contentsOf: page, encoding: .utf8)
    #expect(wrong.status == 1 && shown.contains("无法识别这个码"))
    for name in ["evidence-package.json", "remote-proof.json"] {
      let file = out.appending(path: name)
      let anchor = out.appending(path: "anchors.json").path
      #expect(try run("yuchain", ["verify", file.path, "--anchor", anchor]).status == 0)
      var text = try String(contentsOf: file, encoding: .utf8)
      text = text.replacing("\"chain\" : \"henan/410100\"", with: "\"chain\" : \"henan/410101\"")
      try text.write(to: file, atomically: true, encoding: .utf8)
      let forged = try run("yuchain", ["verify", file.path, "--anchor", anchor])
      #expect(forged.status == 1 && forged.output.contains("FAILS"))
    }
    let ledger = out.appending(path: "chains/henan-410100/validator-3/ledger").path
    let inspected = try run("yuchain", ["inspect", ledger, "--verify"])
    #expect(inspected.status == 0 && inspected.output.contains("all equal"), "\(inspected.output)")
    let again = try run("yuchain", ["demo", "--suite", suite, "--out", out.path])
    #expect(again.status == 0, "a second run in the same folder")
  }

  @Test func misuseSaysWhatToDo() throws {
    let nothing = try run("yuchain", ["verify", "/nowhere/x.json", "--anchor", "/nowhere/y.json"])
    #expect(nothing.status == 2 && nothing.output.contains("cannot read"))
    #expect(try run("yuchain", ["demo", "--engine", "none"]).status == 2)
    #expect(try run("yuchain", ["inspect", "/nowhere"]).status == 2)
    #expect(try run("yuchain", ["--help"]).status == 0)
    #expect(try run("yuchain", ["version", "--json"]).output.contains("\"version\""))
  }
}
