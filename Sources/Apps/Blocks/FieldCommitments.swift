public import ChainCore

/// One field of a record as its holder keeps it: the value and the salt that hides it.
public struct FieldValue: CanonicalRecord, Codable, Hashable {
  /// The field's name in the schema.
  public var name: String
  /// The value, as text.
  public var value: String
  /// 32 random bytes.
  public var salt: Digest

  /// Puts the parts together.
  public init(name: String, value: String, salt: Digest) {
    self.name = name
    self.value = value
    self.salt = salt
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.name, \.value, \.salt)

  /// The leaf hash data: H(BCS(tag, zero, (type, name, salt, value))).
  ///
  /// The genesis id is zero, because a licence must verify on any chain.
  public func leaf(type: String, suite: CryptoSuite) -> Digest {
    suite.digest("LicenceField", .none, FieldLeaf(type: type, name: name, salt: salt, value: value))
  }
}

private struct FieldLeaf: CanonicalRecord {
  var type: String
  var name: String
  var salt: Digest
  var value: String
  static let layout = Layout(Self.init, \.type, \.name, \.salt, \.value)
}

/// Why disclosed fields do not prove what they say.
@nonexhaustive
public enum DisclosureError: Error, Hashable, Sendable {
  /// A field is not in the schema, or the schema names one twice.
  case unknownField(String)
  /// A field has no value to disclose.
  case absentField(String)
  /// The field, value or salt is not the committed one.
  case field(String, ProofError)
  /// The proof is about another number of fields than the schema has.
  case schema
}

extension DisclosureError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .unknownField(let name): "field \(name) is not one of the schema"
    case .absentField(let name): "field \(name) has no value"
    case .field(let name, let error): "field \(name) is not what was committed: \(error)"
    case .schema: "the proof is about another schema"
    }
  }
}

/// All fields of one record with their salts: what the holder keeps, and discloses from.
///
/// Leaf i, in schema order, is the hash of field i; of an absent field it is 32 random bytes. The root is that of RFC 9162 over
/// exactly the schema's fields, so a verifier learns no other field, not even its length.
public struct FieldCommitments: CanonicalRecord, Codable, Hashable {
  /// The record's type, such as a licence type code.
  public var type: String
  /// The names of the schema, in order.
  public var schema: [String]
  /// The fields that have a value, in schema order.
  public var fields: [FieldValue]
  /// For each absent field, in schema order, 32 random bytes.
  public var blanks: [Digest]

  init(type: String, schema: [String], fields: [FieldValue], blanks: [Digest]) {
    self.type = type
    self.schema = schema
    self.fields = fields
    self.blanks = blanks
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.type, \.schema, \.fields, \.blanks)

  /// Commits to `values` by name; `random` gives 32 fresh random bytes for each field of the schema.
  /// - Throws: `DisclosureError.unknownField` for a value that is not in the schema, or a repeated name.
  public init(
    type: String, schema: [String], values: [String: String], random: () -> Digest
  ) throws(DisclosureError) {
    for name in values.keys.sorted() where !schema.contains(name) { throw .unknownField(name) }
    for (index, name) in schema.enumerated() where schema[..<index].contains(name) { throw .unknownField(name) }
    var fields: [FieldValue] = []
    var blanks: [Digest] = []
    for name in schema {
      let salt = random()
      if let value = values[name] {
        fields.append(FieldValue(name: name, value: value, salt: salt))
      } else {
        blanks.append(salt)
      }
    }
    self.init(type: type, schema: schema, fields: fields, blanks: blanks)
  }

  /// The leaf hashes in schema order.
  public func leaves(suite: CryptoSuite) throws(DisclosureError) -> [Digest] {
    var blanks = blanks[...]
    var leaves: [Digest] = []
    for name in schema {
      if let field = fields.first(where: { $0.name == name }) {
        leaves.append(MerkleLog.leafHash(field.leaf(type: type, suite: suite).bytes, suite: suite))
      } else {
        guard let blank = blanks.popFirst() else { throw .absentField(name) }
        leaves.append(MerkleLog.leafHash(blank.bytes, suite: suite))
      }
    }
    return leaves
  }

  /// The root that goes on chain.
  public func root(suite: CryptoSuite) throws(DisclosureError) -> Digest {
    MerkleLog.root(of: try leaves(suite: suite), suite: suite)
  }

  /// Discloses the fields `names` and nothing else.
  public func disclose(_ names: [String], suite: CryptoSuite) throws(DisclosureError) -> DisclosedFields {
    let log = MemoryLog(try leaves(suite: suite), suite: suite)
    var disclosed: [DisclosedField] = []
    for name in names {
      guard let index = schema.firstIndex(of: name) else { throw .unknownField(name) }
      guard let field = fields.first(where: { $0.name == name }) else { throw .absentField(name) }
      do throws(ProofError) {
        disclosed.append(
          DisclosedField(field: field, path: try log.inclusionProof(index: UInt64(index), size: UInt64(schema.count))))
      } catch {
        throw .field(name, error)
      }
    }
    return DisclosedFields(type: type, fields: disclosed)
  }
}

/// A field that a holder shows, with the path to the root on chain.
public struct DisclosedField: CanonicalRecord, Codable, Hashable {
  /// Name, value and salt.
  public var field: FieldValue
  /// The path: index = place in the schema, size = number of the schema's fields.
  public var path: InclusionProof

  /// Puts the parts together.
  public init(field: FieldValue, path: InclusionProof) {
    self.field = field
    self.path = path
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.field, \.path)
}

/// Chosen fields of one record.
public struct DisclosedFields: CanonicalRecord, Codable, Hashable {
  /// The record's type.
  public var type: String
  /// The fields.
  public var fields: [DisclosedField]

  /// Puts the parts together.
  public init(type: String, fields: [DisclosedField]) {
    self.type = type
    self.fields = fields
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.type, \.fields)

  /// The names, in the order shown.
  public var names: [String] { fields.map(\.field.name) }

  /// Verifies that each field stands at its place in the schema under `root`, and returns the values by name.
  /// - Throws: `DisclosureError` naming the field.
  public func verify(root: Digest, schema: [String], suite: CryptoSuite) throws(DisclosureError) -> [String: String] {
    var values: [String: String] = [:]
    for item in fields {
      let name = item.field.name
      guard let index = schema.firstIndex(of: name), values[name] == nil else { throw .unknownField(name) }
      guard item.path.index == UInt64(index), item.path.size == UInt64(schema.count) else { throw .schema }
      let leaf = MerkleLog.leafHash(item.field.leaf(type: type, suite: suite).bytes, suite: suite)
      do throws(ProofError) {
        try item.path.verify(leaf: leaf, root: root, suite: suite)
      } catch {
        throw .field(name, error)
      }
      values[name] = item.field.value
    }
    return values
  }
}
