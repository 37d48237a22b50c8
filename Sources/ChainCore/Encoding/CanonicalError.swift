/// Why bytes are not the canonical form of the value that was asked for.
///
/// `offset` counts bytes from the start of the input.
@nonexhaustive
public enum CanonicalError: Error, Hashable, Sendable {
  /// The input ended while `needed` more bytes were expected.
  case truncated(offset: Int, needed: Int)
  /// The value ended, but `count` bytes follow it.
  case trailingBytes(offset: Int, count: Int)
  /// A ULEB128 number is not minimal or does not fit 32 bits.
  case badULEB128(offset: Int)
  /// A length is greater than the limit of the type or than the input could hold.
  case lengthTooLarge(offset: Int, length: UInt64, limit: Int)
  /// A byte that must be 0 or 1 is neither.
  case badBool(offset: Int, found: UInt8)
  /// A string is not UTF-8.
  case badUTF8(offset: Int)
  /// Map keys are unsorted or repeated.
  case unsortedKeys(offset: Int)
  /// An enum variant that the type does not have.
  case unknownVariant(offset: Int, variant: UInt32, type: String)
  /// Containers are nested deeper than the limit.
  case tooDeep(offset: Int, limit: Int)
  /// The bytes decode, but to a value that the type refuses.
  case invalidValue(offset: Int, expected: String)
}

extension CanonicalError: CustomStringConvertible {
  /// The sentence for a person: where it is wrong and what was expected there.
  public var description: String {
    switch self {
    case .truncated(let offset, let needed): "input ends at byte \(offset); \(needed) more expected"
    case .trailingBytes(let offset, let count): "\(count) bytes after the value, from byte \(offset)"
    case .badULEB128(let offset): "length or variant at byte \(offset) is not minimal ULEB128 of 32 bits"
    case .lengthTooLarge(let offset, let length, let limit): "length \(length) at byte \(offset) exceeds \(limit)"
    case .badBool(let offset, let found): "byte \(offset) is \(found); 0 or 1 expected"
    case .badUTF8(let offset): "string at byte \(offset) is not UTF-8"
    case .unsortedKeys(let offset): "map key at byte \(offset) is not greater than the one before"
    case .unknownVariant(let offset, let variant, let type): "\(type) has no variant \(variant) (byte \(offset))"
    case .tooDeep(let offset, let limit): "nesting at byte \(offset) is deeper than \(limit)"
    case .invalidValue(let offset, let expected): "value before byte \(offset) is not \(expected)"
    }
  }
}
