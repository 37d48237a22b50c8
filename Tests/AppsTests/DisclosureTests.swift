import Apps
import ChainCore
import Testing

/// Chosen fields under one root, and nothing about the others.
@Suite struct FieldDisclosure {
  static let schema = ["name", "address", "capital", "scope", "since"]
  static let values = ["name": "豫", "address": "郑州市", "scope": "", "since": "2023-11-06"]

  func commitments(_ suite: CryptoSuite, seed: UInt8 = 0) throws -> FieldCommitments {
    var counter = seed
    return try FieldCommitments(type: "t", schema: Self.schema, values: Self.values) {
      counter += 1
      return suite.hash([counter])
    }
  }

  @Test(arguments: [CryptoSuite.guomi, .international]) func everySubsetVerifies(suite: CryptoSuite) throws {
    let all = try commitments(suite)
    let root = try all.root(suite: suite)
    let names = Self.values.keys.sorted()
    for subset in 0..<(1 << names.count) {
      let chosen = names.indices.filter { subset >> $0 & 1 == 1 }.map { names[$0] }
      let shown = try all.disclose(chosen, suite: suite)
      #expect(shown.names == chosen)
      let verified = try shown.verify(root: root, schema: Self.schema, suite: suite)
      #expect(verified == Self.values.filter { chosen.contains($0.key) })
      let copy = try DisclosedFields(canonicalBytes: shown.canonicalBytes)
      #expect(copy == shown)
      // Neither value nor salt of another field is in what the verifier gets.
      for other in all.fields where !chosen.contains(other.name) {
        #expect(!contains(shown.canonicalBytes, other.salt.bytes))
      }
    }
  }

  /// The leaf as the page gives it, built here by hand: H(BCS(tag, zero, (type, name, salt, value))).
  @Test func theLeafIsWhatThePageSays() throws {
    let suite = CryptoSuite.guomi
    let field = FieldValue(name: "name", value: "豫", salt: suite.hash([1]))
    func text(_ value: String) -> [UInt8] { [UInt8(value.utf8.count)] + Array(value.utf8) }
    let bytes =
      text("YUCHAIN/1/LicenceField") + [UInt8](repeating: 0, count: 32) + text("t") + text("name") + field.salt.bytes + text("豫")
    #expect(field.leaf(type: "t", suite: suite) == suite.hash(bytes))
    let one = try FieldCommitments(type: "t", schema: ["name"], values: ["name": "豫"]) { suite.hash([1]) }
    #expect(try one.root(suite: suite) == suite.hash([0] + suite.hash(bytes).bytes))
    let blank = try FieldCommitments(type: "t", schema: ["name"], values: [:]) { suite.hash([1]) }
    #expect(try blank.root(suite: suite) == suite.hash([0] + suite.hash([1]).bytes))
  }

  @Test func whatIsChangedIsRefusedByName() throws {
    let suite = CryptoSuite.guomi
    let all = try commitments(suite)
    let root = try all.root(suite: suite)
    let shown = try all.disclose(["name", "since"], suite: suite)
    func refused(_ error: DisclosureError, schema: [String] = Self.schema, _ change: (inout DisclosedFields) -> Void) {
      var copy = shown
      change(&copy)
      #expect(throws: error) { try copy.verify(root: root, schema: schema, suite: suite) }
    }
    refused(.field("name", .rootMismatch)) { $0.fields[0].field.value = "豫 " }
    refused(.field("since", .rootMismatch)) { $0.fields[1].field.salt = .zero }
    refused(.field("name", .rootMismatch)) { $0.type = "u" }
    refused(.schema) { $0.fields[0].field.name = "address" }
    refused(.unknownField("other")) { $0.fields[0].field.name = "other" }
    refused(.unknownField("name")) { $0.fields.append($0.fields[0]) }
    refused(.schema, schema: Self.schema + ["more"]) { _ in }
    refused(.schema, schema: ["address", "name", "capital", "scope", "since"]) { _ in }
    refused(.schema) {
      let path = $0.fields[0].path
      $0.fields[0].path = InclusionProof(index: path.index + 1, size: path.size, path: path.path)
    }
    #expect(throws: DisclosureError.field("name", .rootMismatch)) {
      try shown.verify(root: suite.hash([0]), schema: Self.schema, suite: suite)
    }
  }

  @Test func buildingAndDisclosingRefuseWhatIsNotThere() throws {
    let suite = CryptoSuite.guomi
    #expect(throws: DisclosureError.unknownField("x")) {
      try FieldCommitments(type: "t", schema: ["a"], values: ["x": "1"]) { .zero }
    }
    #expect(throws: DisclosureError.unknownField("a")) {
      try FieldCommitments(type: "t", schema: ["a", "a"], values: [:]) { .zero }
    }
    let all = try commitments(suite)
    #expect(throws: DisclosureError.absentField("capital")) { try all.disclose(["capital"], suite: suite) }
    #expect(throws: DisclosureError.unknownField("x")) { try all.disclose(["x"], suite: suite) }
  }

  /// An empty value and an absent field look alike to nobody who guesses: other salts, other roots.
  @Test func saltsHideEqualRecords() throws {
    let suite = CryptoSuite.guomi
    #expect(try commitments(suite).root(suite: suite) != commitments(suite, seed: 50).root(suite: suite))
  }

  func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    bytes.count >= part.count && (0...(bytes.count - part.count)).contains { bytes[$0..<($0 + part.count)].elementsEqual(part) }
  }
}
