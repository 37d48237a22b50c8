/// Why protobuf bytes are refused. Offsets count from the start of the message that was given to the reader.
@nonexhaustive
public enum ProtobufError: Error, Hashable, Sendable {
  /// The message has more bytes than may be read.
  case tooLarge(bytes: Int, limit: Int)
  /// The input ends inside a value.
  case truncated(offset: Int)
  /// A varint is longer than needed, or than 64 bits allow.
  case badVarint(offset: Int)
  /// The number is out of the field's range.
  case outOfRange(offset: Int, field: UInt32)
  /// The field number is 0 or above 2^29 − 1.
  case badFieldNumber(offset: Int)
  /// The field has another wire type than its message says, or groups, which nobody uses.
  case wrongWireType(offset: Int, field: UInt32, found: UInt8)
  /// The message has no such field.
  case unknownField(offset: Int, field: UInt32)
  /// A field stands behind one with a greater number.
  case unsortedField(offset: Int, field: UInt32)
  /// A field that may stand once stands twice.
  case repeatedField(offset: Int, field: UInt32)
  /// A number, text or byte string has its default value, which encoders leave out.
  case explicitDefault(offset: Int, field: UInt32)
  /// A byte string or list is longer than the message allows.
  case tooLong(offset: Int, field: UInt32, limit: Int)
  /// A text is not UTF-8.
  case badUTF8(offset: Int, field: UInt32)
  /// A field that must stand is absent.
  case missingField(UInt32)
}

extension ProtobufError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .tooLarge(let bytes, let limit): "a message of \(bytes) bytes; at most \(limit) are read"
    case .truncated(let offset): "the message ends inside a value at byte \(offset)"
    case .badVarint(let offset): "the number at byte \(offset) is not a minimal varint of 64 bits"
    case .outOfRange(let offset, let field): "field \(field) at byte \(offset) is out of its range"
    case .badFieldNumber(let offset): "no valid field number at byte \(offset)"
    case .wrongWireType(let offset, let field, let found): "field \(field) at byte \(offset) has wire type \(found)"
    case .unknownField(let offset, let field): "the message has no field \(field) (byte \(offset))"
    case .unsortedField(let offset, let field): "field \(field) at byte \(offset) stands behind a greater one"
    case .repeatedField(let offset, let field): "field \(field) stands twice (byte \(offset))"
    case .explicitDefault(let offset, let field): "field \(field) at byte \(offset) writes its default value"
    case .tooLong(let offset, let field, let limit): "field \(field) at byte \(offset) is longer than \(limit)"
    case .badUTF8(let offset, let field): "field \(field) at byte \(offset) is not UTF-8"
    case .missingField(let field): "field \(field) is missing"
    }
  }
}
