import Foundation
import Testing
import TestSupport

@testable import ChainCore

/// Hostile input against every canonical decoder: it is refused with a typed error, or it is itself the one encoding of a value.
@Suite struct HostileEncodings {
  /// Decodes hostile bytes; whether they were refused.
  private func refuses(_ sample: CanonicalSample, _ bytes: [UInt8], _ what: @autoclosure () -> String) -> Bool {
    do throws(CanonicalError) {
      let again = try sample.decode(bytes)
      #expect(again == bytes, "\(sample), \(what()): a second encoding of one value")
      return false
    } catch {
      return true
    }
  }

  @Test func everyTruncationAndExtension() throws {
    var refused = 0
    for sample in try CanonicalSamples.all() {
      let bytes = sample.bytes
      #expect(try sample.decode(bytes) == bytes)
      for length in bytes.indices {
        let error = #expect(throws: CanonicalError.self, "\(sample) cut to \(length)") { try sample.decode(Array(bytes[..<length])) }
        if case .truncated(let offset, let needed)? = error {
          #expect(offset <= length && needed > 0)
        }
        refused += 1
      }
      for tail in [[0], [0xff], [1, 2, 3]] as [[UInt8]] {
        #expect(throws: CanonicalError.trailingBytes(offset: bytes.count, count: tail.count), "\(sample) and \(tail)") {
          try sample.decode(bytes + tail)
        }
        refused += 1
      }
    }
    print("truncated and extended encodings: \(refused) refused")
    #expect(refused > 4_000)
  }

  /// Changed bytes, over-long numbers and huge lengths, put at every place of every encoding.
  @Test func everyPlace() throws {
    var refused = 0
    var accepted = 0
    for sample in try CanonicalSamples.all() {
      let bytes = sample.bytes
      // Beyond this only repeated fields follow.
      for place in bytes.indices.prefix(400) {
        let old = bytes[place]
        let replacements: [[UInt8]] = [
          [old ^ 1], [old ^ 0x80], [0], [0xff], [old | 0x80, 0], [old | 0x80, 0x80, 0], [0xff, 0xff, 0xff, 0xff, 0x07],
          [0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80, 0x80, 0x10], [],
        ]
        for replacement in replacements where replacement != [old] {
          let changed = bytes[..<place] + replacement + bytes[(place + 1)...]
          if refuses(sample, Array(changed), "byte \(place) as \(replacement)") { refused += 1 } else { accepted += 1 }
        }
      }
    }
    print("changed encodings: \(refused) refused, \(accepted) are encodings of other values")
    #expect(refused > 10_000 && accepted > 1_000)
  }

  @Test(arguments: [1, 2] as [UInt64]) func noise(seed: UInt64) throws {
    var numbers = SeededNumbers(state: seed)
    var refused = 0
    for sample in try CanonicalSamples.all() {
      for _ in 0..<60 {
        // Small bytes are lengths, tags and counts more often.
        let mask: UInt8 = Bool.random(using: &numbers) ? 0xff : 3
        let noise = (0..<Int.random(in: 0...120, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers) & mask }
        if refuses(sample, noise, "noise \(noise.hex)") { refused += 1 }
      }
    }
    #expect(refused > 3_000)
  }

  /// Every type that declares a canonical form has a sample here. In folders that still grow a missing one is only printed.
  @Test func everyTypeHasASample() throws {
    let declaration =
      /(?:struct|enum|extension) (\w+)[^\n:]*:[^\n{]*(?:Canonical(?:Record|Codable|Enum)|DigestIdentifier|NumericIdentifier|NameIdentifier)\b/
    let generic: Set<String> = ["Optional", "Array", "CanonicalMap", "Table"]
    let names = try CanonicalSamples.all().map(\.name)
    let sources = Vectors.root.appending(path: "Sources/ChainCore")
    var missing: [String: [String]] = [:]
    var found = 0
    for folder in ["Encoding", "Crypto", "Merkle", "Chain", "Contracts", "Identity", "Ledger", "System"] {
      let inside = sources.appending(path: folder)
      for file in try FileManager.default.subpathsOfDirectory(atPath: inside.path) where file.hasSuffix(".swift") {
        for line in try String(contentsOf: inside.appending(path: file), encoding: .utf8).split(separator: "\n") where !line.contains("///")
        {
          guard let name = line.firstMatch(of: declaration).map({ String($0.1) }), !line.contains("where Self") else { continue }
          found += 1
          let hasSample = names.contains { $0 == name || $0.hasPrefix(name + ".") }
          if !hasSample, !generic.contains(name) { missing[folder, default: []].append(name) }
        }
      }
    }
    #expect(found > 60)
    for folder in ["Encoding", "Crypto", "Merkle", "Chain"] {
      #expect(missing.removeValue(forKey: folder) == nil, "add a value of each to CanonicalSamples.swift")
    }
    print("canonical types: \(found) found, \(names.count) samples, without a sample: \(missing)")
  }
}
