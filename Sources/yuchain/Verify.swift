internal import AppFormats
internal import ArgumentParser
internal import ChainCore
internal import Foundation

/// Recognises a document by its format and checks it.
enum Verification {
  private struct Named: Decodable { var format: String }

  static func checks(of document: [UInt8], anchors: TrustAnchors) throws -> [Check] {
    guard document.count <= StrictJSON.byteLimit else { throw DocumentError.tooLarge(document.count) }
    let format = (try? JSONDecoder().decode(Named.self, from: Data(document)))?.format
    do {
      switch format {
      case EvidencePackage.format: return try EvidencePackage(document: document).verify(anchors: anchors)
      case RemoteProofDocument.format: return try RemoteProofDocument(document: document).verify(anchors: anchors)
      default:
        return [Check(name: "document", holds: false, detail: "format \(format ?? "missing"): neither evidence package nor remote proof")]
      }
    } catch let error as DocumentError {
      return [Check(name: "document", holds: false, detail: error.description)]
    }
  }
}

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Verifies an evidence package or remote proof offline.",
    discussion: """
      The anchor file says which chains you trust, by genesis and validators: get it from somebody you trust, not with the proof.

      Examples:
        yuchain verify out/evidence-package.json --anchor out/anchors.json
        yuchain verify out/remote-proof.json --anchor out/anchors.json --json
      """)
  @Argument(help: "The document.") var file: String
  @Option(help: "The file with the trusted chains.") var anchor: String
  @Flag(help: "Print the checks as JSON.") var json = false

  struct Answer: Encodable {
    var valid: Bool
    var checks: [Check]
  }

  func run() async throws {
    let document = try Console.read(file)
    let anchors: TrustAnchors
    do {
      anchors = try TrustAnchors(document: try Console.read(anchor))
    } catch let error as DocumentError {
      throw Misuse("\(anchor): \(error)")
    }
    let checks = try Verification.checks(of: document, anchors: anchors)
    let valid = checks.allSatisfy(\.holds)
    if json {
      try Console.json(Answer(valid: valid, checks: checks))
    } else {
      for check in checks { Console.say("\(check.holds ? "holds " : "FAILS ") \(check.name): \(check.detail)") }
      if valid, let package = try? EvidencePackage(document: document) { Console.say("\n" + package.report.joined(separator: "\n") + "\n") }
      Console.say(valid ? "valid" : "not valid")
    }
    if !valid { throw ExitCode(1) }
  }
}
