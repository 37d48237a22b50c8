public import ChainCore

/// Why a text is not the identifier that it should be.
@nonexhaustive
public enum IdentifierError: Error, Hashable, Sendable {
  /// The text has not the form of the standard; says which part.
  case form(kind: String, String)
  /// The check character is another one: a typing error.
  case checkCharacter(kind: String)
}

extension IdentifierError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .form(let kind, let why): "not a \(kind): \(why)"
    case .checkCharacter(let kind): "the check character of the \(kind) does not fit: compare it with the original"
    }
  }
}

/// An identifier of a published standard: one text per value, checked wherever it is made or decoded.
public protocol CheckedIdentifier: CanonicalCodable, Codable, OrderedKey, Comparable, CustomStringConvertible {
  /// What people call it.
  static var kind: String { get }
  /// The text.
  var text: String { get }
  /// Checks the text.
  init(_ text: String) throws(IdentifierError)
}

extension CheckedIdentifier {
  /// The text.
  public var description: String { text }
  /// Order of the text's bytes.
  public static func < (left: Self, right: Self) -> Bool { left.text.utf8.lexicographicallyPrecedes(right.text.utf8) }
  /// Appends length and text.
  public func encode(into writer: inout CanonicalWriter) { text.encode(into: &writer) }
  /// Reads and checks the text.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    let offset = reader.offset
    let text = try String(from: &reader)
    do throws(IdentifierError) {
      self = try Self(text)
    } catch {
      throw .invalidValue(offset: offset, expected: "a \(Self.kind)")
    }
  }
  /// Appends the text as a string key.
  public func encodeKey(into bytes: inout [UInt8]) { text.encodeKey(into: &bytes) }
  /// Reads and checks a string key.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let text = String(key: &bytes), let value = try? Self(text) else { return nil }
    self = value
  }
  /// Reads and checks a JSON string.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    try self.init(try container.decode(String.self))
  }
  /// Writes a JSON string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension StringProtocol {
  /// Whether all characters are ASCII digits.
  var isAllDigits: Bool { utf8.allSatisfy { CheckCharacters.isDigit($0) } }
}
