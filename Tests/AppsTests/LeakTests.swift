import ChainCore
import ChainTesting
import CrossChain
import Foundation
import Testing

/// Puts what it is told wherever a contract can put anything.
private struct LeakyContract: Contract {
  static let name: ContractName = "leaky"
  static let values = Table<String, [UInt8]>(
    "values", indexes: [TableIndex("by") { (_: String, value: [UInt8]) in String(decoding: value, as: UTF8.self) }])

  struct Call: CanonicalRecord, Codable {
    var place: String
    var bytes: [UInt8]
    static let layout = Layout(Self.init, \.place, \.bytes)
  }

  var entries: Entries {
    IndexedTable(Self.values)
    Entry("leak", by: .member) { (call: Call, context) -> [UInt8] in
      // The arguments do not show the value: it is turned around.
      let bytes = [UInt8](call.bytes.reversed())
      switch call.place {
      case "state": try context.put(Self.values, "one", bytes)
      case "key": try context.put(Self.values, String(decoding: bytes, as: UTF8.self), [])
      case "state tree":
        try context.put(Self.values, "two", bytes)
      case "overwrite": try context.put(Self.values, "two", [1])
      case "events": try context.emit("leaky.happened", bytes)
      case "receipts": throw ContractError.badArgument(String(decoding: bytes, as: UTF8.self))
      case "output": return bytes
      case "packets":
        _ = try context.send(OutgoingPacket(to: "henan/410200", port: Self.name, call: "leak", payload: bytes))
      default: break
      }
      return []
    }
  }
}

@Suite struct Leaks {
  static let secrets: [LeakScanner.Secret] = [
    .init(label: "citizen number", text: "41010518850101001X"), .init(label: "name", text: "王小明"),
    .init(label: "item code", text: "15074-8"),
    .init(label: "amount", text: "835000000"), .init(label: "address", text: "郑州市金水区花园路 1 号"),
  ]

  static let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

  func chain() throws -> SoloChain {
    let relay = try SoloChain(
      [RelayContract()], chain: "henan/relay", engine: .simplex, organisations: ["carriers": [.relayer]], validators: 4)
    let registration = try ChainRegistration(of: relay.ledger, organisation: "carriers")
    return try SoloChain(
      [CrossChainContract(), LeakyContract()], organisations: ["office": []],
      configurations: [CrossChainContract.name: registration.canonicalBytes])
  }

  /// A value in each of a contract's places is found there, whatever else stands around it.
  @Test func whatAContractLeaksIsFound() throws {
    let scanner = LeakScanner(Self.secrets)
    let clean = try scanner.scan(try chain().ledger)
    #expect(clean.leaks.isEmpty && clean.bytes.values.reduce(0, +) > 10_000)
    var found = 0
    for secret in Self.secrets {
      for place in ["state", "key", "state tree", "events", "receipts", "output", "packets", "blocks"] {
        var chain = try chain()
        let office = try chain.member("office")
        let bytes = Array("about \(secret.text).".utf8)
        var call = LeakyContract.Call(place: place, bytes: bytes.reversed())
        if place == "blocks" { call.bytes = bytes }
        _ = try chain.call("leaky", "leak", call, by: office)
        if place == "state tree" { _ = try chain.call("leaky", "leak", LeakyContract.Call(place: "overwrite", bytes: []), by: office) }
        let report = try scanner.scan(chain.ledger)
        let wanted = place == "key" ? "state" : place == "output" ? "receipts" : place
        #expect(
          report.leaks.contains { $0.label == secret.label && $0.place.hasPrefix("\(wanted) of ") },
          "\(secret.label) in \(place): \(report.leaks)")
        #expect(report.leaks.allSatisfy { $0.label == secret.label })
        found += 1
      }
    }
    print("leaks: \(found) planted values found in 8 places, \(scanner.formCount) forms of \(Self.secrets.count) values")
  }

  /// Each form of each value, at every alignment, made by other code than the scanner's.
  @Test func everyFormIsFound() throws {
    let scanner = LeakScanner(Self.secrets)
    var found = 0
    for secret in Self.secrets {
      for before in 0..<4 {
        let text = String(repeating: "x", count: before) + secret.text + "yz"
        let data = Data(text.utf8)
        var forms: [String: Data] = [
          "UTF-8": data, "hex": Data(data.map { String($0 + 0, radix: 16).leftPadded }.joined().utf8),
          "HEX": Data(data.map { String($0, radix: 16, uppercase: true).leftPadded }.joined().utf8), "base64": data.base64EncodedData(),
          "base64url": Data(data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").utf8),
          "UTF-16LE": try #require(text.data(using: .utf16LittleEndian)), "UTF-16BE": try #require(text.data(using: .utf16BigEndian)),
          "percent": Data((text.addingPercentEncoding(withAllowedCharacters: Self.unreserved) ?? "").utf8),
          "JSON": Data(text.utf16.map { $0 < 0x80 ? String(UnicodeScalar(UInt8($0))) : String(format: "\\u%04x", Int($0)) }.joined().utf8),
        ]
        if secret.text.utf8.allSatisfy({ $0 < 0x80 }) { forms["percent"] = nil }
        for suite in CryptoSuite.allCases where before == 0 {
          forms["digest \(suite)"] = Data(suite.hash(Array(secret.text.utf8)).bytes)
          forms["hex digest \(suite)"] = Data(suite.hash(Array(secret.text.utf8)).hex.utf8)
        }
        for (form, bytes) in forms {
          let leaks = scanner.leaks(in: [0, 0xff] + Array(bytes) + [7], at: "here")
          #expect(leaks.contains { $0.label == secret.label }, "\(secret.label) as \(form), \(before) before it")
          #expect(leaks.allSatisfy { $0.label == secret.label })
          found += 1
        }
      }
    }
    #expect(scanner.scan(["nothing", "the patient 王小明 said"], at: "log").leaks.map(\.label) == ["name"])
    print("leaks: \(found) forms found")
  }

  /// A salted digest, a commitment and the sealed text show nothing; nor does a part of the value.
  @Test func whatHidesTheValueIsNoLeak() throws {
    let scanner = LeakScanner(Self.secrets)
    for secret in Self.secrets {
      let salted = CryptoSuite.guomi.hash(Digest.random().bytes + Array(secret.text.utf8))
      #expect(scanner.leaks(in: salted.bytes + Array(salted.hex.utf8), at: "x").isEmpty)
      #expect(scanner.leaks(in: Array(secret.text.utf8.dropLast()), at: "x").isEmpty)
    }
    #expect(scanner.leaks(in: [], at: "x").isEmpty && scanner.leaks(in: [1], at: "x").isEmpty)
  }
}

extension String {
  fileprivate var leftPadded: String { count < 2 ? "0" + self : self }
}
