public import ChainCore
internal import Foundation

/// Why bytes are no FHIR R4 resource that the chain indexes.
@nonexhaustive
public enum FHIRError: Error, Hashable, Sendable {
  /// They are not a JSON object with a resource type and an id.
  case form(String)
  /// A key stands twice in one object.
  case repeatedKey(String)
}

extension FHIRError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .form(let what): "not a FHIR R4 resource: \(what)"
    case .repeatedKey(let key): "the key \(key) stands twice"
    }
  }
}

/// A FHIR R4 resource: bytes that stay where they are, and the few fields that an index needs.
public struct FHIRDocument: Hashable, Sendable {
  /// The greatest resource that is read, in bytes.
  public static let byteLimit = 4 << 20

  /// The bytes, as they came.
  public let bytes: [UInt8]
  /// The type, such as `Observation`.
  public let resourceType: String
  /// The resource's own id.
  public let id: String
  /// The reference to the patient, if it has one.
  public let subject: String?
  /// The codes of `code.coding`, as system and code.
  public let codes: [Coding]
  /// When it became effective or was issued, as text.
  public let time: String?
  /// Of a bundle: the types of its entries.
  public let entries: [String]

  /// A code of a system, such as LOINC.
  public struct Coding: Hashable, Sendable, Decodable {
    /// The system's URI.
    public var system: String?
    /// The code.
    public var code: String?
  }

  private struct Form: Decodable {
    struct Reference: Decodable { var reference: String? }
    struct Concept: Decodable { var coding: [Coding]? }
    struct Entry: Decodable {
      struct Resource: Decodable { var resourceType: String }
      var resource: Resource
    }
    var resourceType: String
    var id: String
    var subject: Reference?
    var patient: Reference?
    var code: Concept?
    var effectiveDateTime: String?
    var issued: String?
    var entry: [Entry]?
  }

  /// Reads a resource.
  public init(_ bytes: [UInt8]) throws(FHIRError) {
    guard bytes.count <= Self.byteLimit else { throw .form("more than \(Self.byteLimit) bytes") }
    let form: Form
    do {
      form = try JSONDecoder().decode(Form.self, from: Data(bytes))
    } catch {
      throw .form("resourceType, id or another field is missing or has another type")
    }
    if let key = UniqueKeys.firstRepeated(bytes) { throw .repeatedKey(key) }
    guard form.resourceType.wholeMatch(of: /[A-Z][A-Za-z]{2,63}/) != nil else { throw .form("resourceType is a name") }
    guard form.id.wholeMatch(of: /[A-Za-z0-9\-.]{1,64}/) != nil else { throw .form("id has 1 to 64 letters, digits, - and .") }
    self.bytes = bytes
    resourceType = form.resourceType
    id = form.id
    subject = form.subject?.reference ?? form.patient?.reference
    codes = form.code?.coding ?? []
    time = form.effectiveDateTime ?? form.issued
    entries = form.entry?.map(\.resource.resourceType) ?? []
  }

  /// What stands on chain: the plain hash of salt ‖ bytes, which any hash tool checks.
  public func digest(salt: Digest, suite: CryptoSuite) -> Digest { suite.hash(salt.bytes + bytes) }

  /// Whether fetched bytes are those that were indexed: one byte changed, and they are not.
  public static func matches(_ bytes: [UInt8], salt: Digest, digest: Digest, suite: CryptoSuite) -> Bool {
    suite.hash(salt.bytes + bytes) == digest
  }
}
