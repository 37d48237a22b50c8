import ChainCore
import Foundation
import TestSupport
import Testing

@Suite struct TimeStamps {
  struct File: Decodable {
    struct Case: Decodable {
      var id, response, data, expect, why: String
      var request, genTime, policy, imprint, nonce: String?
    }
    var caCertificate, tsaCertificate: String
    var tests: [Case]
  }

  func hex(_ text: String) throws -> [UInt8] { try #require([UInt8](hex: text)) }

  func load() throws -> File? {
    try Vectors.shared("domain/rfc3161.json").map { try JSONDecoder().decode(File.self, from: $0) }
  }

  /// Reads and verifies as a verifier would: digest of the data, trusted root, the request where there is one.
  func check(_ item: File.Case, _ file: File, root: [UInt8]? = nil) throws -> TimeStampResponse {
    let response = try TimeStampResponse(der: try hex(item.response))
    let data = try hex(item.data)
    let digest = response.algorithm == .sm3 ? CryptoSuite.guomi.hash(data).bytes : CryptoSuite.international.hash(data).bytes
    let certificates = item.id == "no-cert" ? [try hex(file.tsaCertificate)] : []
    try response.verify(
      digest: digest, roots: [try root ?? hex(file.caCertificate)], certificates: certificates, request: try item.request.map(hex))
    return response
  }

  @Test func publishedResponses() throws {
    guard let file = try load() else { return }
    for item in file.tests where item.expect == "valid" {
      let response = try check(item, file)
      #expect(response.imprint.hex == item.imprint && response.policy == item.policy, "\(item.id)")
      #expect(response.time == 1_699_236_000_000, "\(item.id)")
      let nonce = item.nonce.map { $0.count.isMultiple(of: 2) ? $0 : "0" + $0 }
      #expect(response.nonce?.hex == nonce, "\(item.id)")
      // The same without its request, and never under another root.
      var alone = item
      alone.request = nil
      _ = try check(alone, file)
      #expect(throws: TimeStampError.self) { try check(item, file, root: try hex(file.tsaCertificate)) }
      #expect(throws: TimeStampError.mismatch) {
        try response.verify(digest: Array(repeating: 1, count: response.imprint.count), roots: [try hex(file.caCertificate)])
      }
    }
    for item in file.tests where item.expect == "invalid" {
      #expect(throws: TimeStampError.self, "\(item.id): \(item.why)") { try check(item, file) }
    }
    let valid = file.tests.count { $0.expect == "valid" }
    print("rfc3161: \(valid) valid, \(file.tests.count - valid) refused")
  }

  /// A response answers its own request only: another nonce is another request.
  @Test func anotherRequestIsNotAnswered() throws {
    guard let file = try load() else { return }
    let item = try #require(file.tests.first { $0.id == "sm3-imprint" })
    let response = try check(item, file)
    let roots = [try hex(file.caCertificate)]
    let nonce = try #require(response.nonce)
    let other = try TimeStampRequest(digest: response.imprint, algorithm: .sm3, nonce: [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(throws: TimeStampError.mismatch) { try response.verify(digest: response.imprint, roots: roots, request: other.der) }
    #expect(nonce.count == 8)
    #expect(throws: TimeStampError.self) { try TimeStampRequest(digest: [1, 2], algorithm: .sm3) }
    #expect(throws: TimeStampError.self) { try TimeStampRequest(digest: response.imprint, algorithm: .sm3, nonce: []) }
  }

  @Test func truncatedResponsesFailAndNoChangeSaysAnythingElse() throws {
    guard let file = try load() else { return }
    let item = try #require(file.tests.first { $0.id == "sm3-imprint" })
    let bytes = try hex(item.response)
    for count in stride(from: 0, to: bytes.count, by: 13) {
      #expect(throws: TimeStampError.self) { try TimeStampResponse(der: Array(bytes[..<count])) }
    }
    #expect(throws: TimeStampError.self) { try TimeStampResponse(der: bytes + [0]) }
    let original = try check(item, file)
    for place in stride(from: 0, to: bytes.count, by: 7) {
      var changed = item
      var copy = bytes
      copy[place] ^= 0x01
      changed.response = copy.hex
      changed.request = nil
      guard let found = try? check(changed, file) else { continue }
      // The envelope around the signed content has bytes that no signature covers: what is said must not change by them.
      print("rfc3161: byte \(place) is not covered by the signature")
      #expect(found.imprint == original.imprint && found.time == original.time && found.serial == original.serial)
      #expect(found.policy == original.policy && found.nonce == original.nonce && found.algorithm == original.algorithm)
    }
  }

  /// OpenSSL's own command agrees on every token, and reads the requests that we make.
  @Test func theCommandAgrees() throws {
    guard let file = try load(), FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl") else { return }
    let folder = FileManager.default.temporaryDirectory.appending(path: "time-stamps-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ bytes: [UInt8], _ name: String) throws -> String {
      let url = folder.appending(path: name)
      try Data(bytes).write(to: url)
      return url.path
    }
    func run(_ arguments: [String]) throws -> Bool {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/openssl")
      process.arguments = arguments
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus == 0
    }
    let root = try write(try hex(file.caCertificate), "ca.der")
    let other = try write(try hex(file.tsaCertificate), "tsa.der")
    let (rootText, otherText) = (folder.appending(path: "ca.pem").path, folder.appending(path: "tsa.pem").path)
    #expect(try run(["x509", "-inform", "DER", "-in", root, "-out", rootText]))
    #expect(try run(["x509", "-inform", "DER", "-in", other, "-out", otherText]))
    var agreed = 0
    for item in file.tests {
      let data = try write(try hex(item.data), "data")
      let response = try write(try hex(item.response), "response")
      var arguments = ["ts", "-verify", "-data", data, "-in", response, "-CAfile", rootText, "-attime", "1699236000"]
      if item.id == "no-cert" { arguments += ["-untrusted", otherText] }
      #expect(try run(arguments) == (item.expect == "valid"), "\(item.id)")
      agreed += 1
    }
    let request = try TimeStampRequest(digest: CryptoSuite.guomi.hash([1]).bytes, algorithm: .sm3, nonce: [0xff, 2, 3, 4, 5, 6, 7, 8])
    #expect(try run(["ts", "-query", "-in", try write(request.der, "request"), "-text"]))
    print("openssl ts -verify agrees on \(agreed) responses")
  }
}
