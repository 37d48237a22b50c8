import Foundation
import TestSupport
import Testing

/// `yuchain story` as somebody types it: what it prints and how it exits.
@Suite struct StoryCommandLine {
  private func run(_ arguments: String...) throws -> (status: Int32, output: String, complaints: String) {
    let process = Process()
    process.executableURL = try BuiltProducts.executable("yuchain")
    process.arguments = ["story"] + arguments
    process.currentDirectoryURL = Vectors.root
    let (output, complaints) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = complaints
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    let complained = complaints.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: said, as: UTF8.self), String(decoding: complained, as: UTF8.self))
  }

  struct Line: Decodable {
    var story: String
    var number: Int?
    var sentence: [String: String]?
    var facts: [String: String]?
  }

  @Test func tellsLineByLine() throws {
    let told = try run("pilot-joint-approval", "--engine", "raft", "--suite", "international", "--json")
    #expect(told.status == 0, "\(told.complaints)")
    let lines = try told.output.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    #expect(lines.dropLast().compactMap(\.number) == Array(1..<lines.count) && lines.count > 10)
    #expect(lines.dropLast().allSatisfy { $0.sentence?["zh"]?.isEmpty == false && $0.sentence?["en"]?.isEmpty == false })
    #expect(lines.last?.facts?["project"] == "finished 2")
    let chinese = try run("pilot-dossier", "--engine", "raft", "--lang", "zh")
    #expect(chinese.status == 0 && chinese.output.contains("首次归档企业章程 [henan/410200 #1]"), "\(chinese.output)")
  }

  /// Without its data the story cannot come to its end, and says why.
  @Test func aStoryThatDoesNotEndAsToldExitsWithOne() throws {
    let failed = try run("evidence", "--engine", "raft", "--input", "/nowhere")
    #expect(failed.status == 1)
    #expect(failed.complaints.contains("story evidence: cannot read /nowhere/rfc3161.json"), "\(failed.complaints)")
    #expect(failed.output.contains("0 of 1 stories"))
  }

  @Test func misuseExitsWithTwo() throws {
    for arguments in [["nothing"], [], ["licence", "--all"]] as [[String]] {
      let process = Process()
      process.executableURL = try BuiltProducts.executable("yuchain")
      process.arguments = ["story"] + arguments
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 2, "\(arguments)")
    }
    let list = try run("--list")
    #expect(list.status == 0 && list.output.split(separator: "\n").count == 17)
  }
}
