public import ChainCore
internal import Foundation

/// Why a document is not read.
@nonexhaustive
public enum DocumentError: Error, Hashable, Sendable {
  /// The file is larger than any document of its kind may be.
  case tooLarge(Int)
  /// It is not JSON, or a field is missing or of another form; says where.
  case malformed(String)
  /// It has unknown or repeated keys, keys out of order, or a value in another spelling than the one allowed.
  case notStrict
  /// It is another kind of document, or another version.
  case format(found: String, expected: String)
}

extension DocumentError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .tooLarge(let bytes): "a document of \(bytes) bytes; at most \(StrictJSON.byteLimit) are read"
    case .malformed(let what): "not a document of this kind: \(what)"
    case .notStrict: "the document has an unknown or repeated key, keys out of order, or a value in another spelling than the one allowed"
    case .format(let found, let expected): "the document says it is \(found); \(expected) is expected"
    }
  }
}

/// JSON documents with one spelling: keys sorted, each once, none unknown; only white space between values is free.
public enum StrictJSON {
  /// The greatest document that is read, in bytes.
  public static let byteLimit = 64 << 20

  /// The document of `value`: keys sorted, indented.
  public static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value)) + [0x0a]
  }

  /// Reads a document and checks that it is spelled as `encode` would, white space aside.
  public static func decode<Value: Codable>(_ bytes: [UInt8], as: Value.Type) throws -> Value {
    guard bytes.count <= byteLimit else { throw DocumentError.tooLarge(bytes.count) }
    let value: Value
    do {
      value = try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw DocumentError.malformed(describe(error))
    } catch {
      throw DocumentError.malformed("no JSON")
    }
    guard compact(bytes) == compact(try encode(value)) else { throw DocumentError.notStrict }
    return value
  }

  /// The document without white space between its values.
  static func compact(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var isString = false
    var isEscaped = false
    for byte in bytes {
      if isString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isString = false
        }
        result.append(byte)
      } else if byte == UInt8(ascii: "\"") {
        isString = true
        result.append(byte)
      } else if ![0x20, 0x09, 0x0a, 0x0d].contains(byte) {
        result.append(byte)
      }
    }
    return result
  }

  private static func describe(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context): return "\(path(context)).\(key.stringValue) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): return "\(path(context)): \(context.debugDescription)"
    case .dataCorrupted(let context): return "\(path(context)): \(context.debugDescription)"
    @unknown default: return "no JSON of this form"
    }
  }
}

/// Bytes as lower-case hexadecimal text.
public struct HexBytes: Codable, Hashable, Sendable {
  /// The bytes.
  public var bytes: [UInt8]

  /// The text of these bytes.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Reads lower-case hexadecimal text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = [UInt8](hex: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "lower-case hexadecimal text expected")
    }
    self.bytes = bytes
  }

  /// Writes lower-case hexadecimal text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bytes.hex)
  }
}

/// The suite as documents spell it.
public enum SuiteText: String, Codable, Hashable, Sendable {
  /// SM2, SM3, SM4.
  case guomi
  /// Ed25519, SHA-256, AES.
  case international

  /// The text of a suite.
  public init(_ suite: CryptoSuite) { self = suite == .guomi ? .guomi : .international }
  /// The suite.
  public var suite: CryptoSuite { self == .guomi ? .guomi : .international }
}
