import Foundation
import TestSupport
import Testing

/// What a formatter does not see: who may import what, which calls are banned, how long a file may be.
@Suite struct HouseStyle {
  struct Source {
    var path: String
    var lines: [Substring]
    var module: String
  }

  static func sources(_ folder: String) throws -> [Source] {
    let root = Vectors.root.appending(path: folder)
    guard let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil) else { return [] }
    return try files.compactMap { item -> Source? in
      guard let url = item as? URL, url.pathExtension == "swift" else { return nil }
      let path = String(url.path.dropFirst(root.path.count + 1))
      let text = try String(contentsOf: url, encoding: .utf8)
      return Source(
        path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false), module: String(path.prefix { $0 != "/" }))
    }
  }

  static let pure: Set<String> = ["ChainCore", "Consensus", "CrossChain", "Apps"]
  static let mayImport: [String: Set<String>] = [
    // Dispatch: what a block derives is computed on another processor, by one file that hands over values only.
    "ChainCore": ["COpenSSL", "CLMDB", "CHashLanes", "CPointLanes", "DequeModule", "Dispatch", "Synchronization", "Glibc", "Darwin"],
    "Consensus": ["ChainCore", "DequeModule"],
    "CrossChain": ["ChainCore"],
    "Apps": ["ChainCore", "CrossChain"],
    "AppFormats": ["ChainCore", "CrossChain", "Apps", "Foundation"],
    "AppPages": ["ChainCore", "CrossChain", "Apps", "AppFormats", "CQREncode", "Mustache"],
    // Dispatch: upkeep and the admin socket block threads that must not be those of tasks.
    "ChainNode": [
      "ChainCore", "Consensus", "CrossChain", "DequeModule", "Dispatch", "Logging", "Synchronization", "Glibc", "Darwin",
    ],
    "Stories": ["ChainCore", "CrossChain", "Apps", "AppFormats", "ChainNode", "Foundation", "Logging", "Synchronization"],
    "ChainTesting": ["ChainCore", "Consensus", "CrossChain", "ChainNode", "Synchronization"],
  ]

  @Test func modulesImportOnlyWhatIsBelowThem() throws {
    let sources = try Self.sources("Sources")
    #expect(sources.count > 50)
    for source in sources {
      guard let allowed = Self.mayImport[source.module] else { continue }
      for line in source.lines {
        guard let range = line.firstMatch(of: /^\s*(?:public |internal |package |private )?import (?:struct |class |func )?(\w+)/) else {
          continue
        }
        #expect(allowed.contains(String(range.1)), "\(source.path) imports \(range.1)")
      }
    }
  }

  /// Threads are no part of what the core decides.
  @Test func threadsStayInOneFileOfTheCore() throws {
    for source in try Self.sources("Sources") where source.module == "ChainCore" {
      guard source.lines.contains(where: { $0.contains("import Dispatch") }) else { continue }
      #expect(source.path == "ChainCore/Ledger/BackgroundWork.swift", "\(source.path)")
    }
  }

  @Test func openSSLStaysInItsFolders() throws {
    for source in try Self.sources("Sources") where source.lines.contains(where: { $0.contains("import COpenSSL") }) {
      #expect(source.path.hasPrefix("ChainCore/Crypto/") || source.path.hasPrefix("ChainCore/Identity/"), "\(source.path)")
    }
  }

  @Test func bannedCallsDoNotOccur() throws {
    for source in try Self.sources("Sources") {
      for (index, line) in source.lines.enumerated() {
        let code = line.prefix { $0 != "\"" }.split(separator: "//", omittingEmptySubsequences: false).first ?? ""
        for banned in ["try!", "fatalError(", "@unchecked Sendable", "as!", "TODO", "FIXME"] {
          #expect(!code.contains(banned), "\(source.path):\(index + 1) \(banned)")
        }
        guard Self.pure.contains(source.module) else { continue }
        for banned in ["Date()", ": Double", "Float", "SystemRandomNumberGenerator", "shuffled()"] {
          #expect(!code.contains(banned), "\(source.path):\(index + 1) \(banned)")
        }
      }
    }
  }

  @Test func filesHoldOneIdea() throws {
    for source in try Self.sources("Sources") { #expect(source.lines.count <= 500, "\(source.path) has \(source.lines.count) lines") }
  }

  @Test func examplesStaySmall() throws {
    let embed = try Self.sources("Examples/Embed").reduce(0) { $0 + Self.ownLines($1) }
    #expect(embed > 0 && embed <= 25, "Embed has \(embed) lines")
    for source in try Self.sources("Examples") where source.path.hasSuffix("Contract.swift") {
      #expect(Self.ownLines(source) <= 100, "\(source.path)")
    }
  }

  /// Lines with code of a user's own: neither blank nor comment.
  static func ownLines(_ source: Source) -> Int {
    source.lines.count { line in
      let text = line.trimmingCharacters(in: .whitespaces)
      return !text.isEmpty && !text.hasPrefix("//")
    }
  }
}
