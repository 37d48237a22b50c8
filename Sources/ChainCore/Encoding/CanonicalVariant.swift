// Enums: a ULEB128 variant number, then the fields of the case.

extension CanonicalWriter {
  /// Appends the number of an enum's case; the case's fields follow.
  public mutating func writeVariant(_ variant: UInt32) { writeULEB128(variant) }
}

extension CanonicalReader {
  /// Reads the number of an enum's case, enters the enum and reads the case's fields with `body`.
  ///
  /// `body` returns `nil` for a number that the type does not have.
  public mutating func readVariant<Value>(
    of type: @autoclosure () -> String, _ body: (UInt32, inout CanonicalReader) throws(CanonicalError) -> Value?
  ) throws(CanonicalError) -> Value {
    try enter()
    let start = offset
    let variant = try readULEB128()
    guard let value = try body(variant, &self) else {
      throw .unknownVariant(offset: start, variant: variant, type: type())
    }
    leave()
    return value
  }
}

/// An enum without fields: its canonical form is its raw number.
public protocol CanonicalEnum: CanonicalCodable, RawRepresentable, Sendable where RawValue == UInt8 {}

extension CanonicalEnum {
  /// Appends the raw number as a variant.
  public func encode(into writer: inout CanonicalWriter) { writer.writeVariant(UInt32(rawValue)) }
  /// Reads the raw number; unknown ones are refused.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "\(Self.self)") { (variant, _) throws(CanonicalError) in
      UInt8(exactly: variant).flatMap(Self.init(rawValue:))
    }
  }
}
