/// A value with exactly one byte string: Binary Canonical Serialization (BCS), as published.
///
/// `decode(encode(v)) == v`, and no other bytes decode to `v`.
public protocol CanonicalCodable: SendableMetatype {
  /// Appends the canonical bytes of this value.
  func encode(into writer: inout CanonicalWriter)
  /// Reads one value; leaves the reader behind it.
  init(from reader: inout CanonicalReader) throws(CanonicalError)
}

extension CanonicalCodable {
  /// The canonical bytes of this value.
  public var canonicalBytes: [UInt8] {
    var writer = CanonicalWriter()
    encode(into: &writer)
    return writer.bytes
  }

  /// Decodes a value that is the whole of `bytes`.
  /// - Throws: `CanonicalError`, with the offset; trailing bytes are refused.
  public init(canonicalBytes bytes: [UInt8]) throws(CanonicalError) {
    var reader = CanonicalReader(bytes)
    self = try Self(from: &reader)
    try reader.finish()
  }
}

/// A struct whose canonical form is its fields in order, declared in one line:
///
/// ```swift
/// struct Move: CanonicalRecord {
///   var item: ItemID
///   var quantity: UInt64
///   static let layout = Layout(Self.init, \.item, \.quantity)
/// }
/// ```
public protocol CanonicalRecord: CanonicalCodable, Sendable {
  /// The fields in order, and how to put them together again.
  static var layout: Layout<Self> { get }
}

extension CanonicalRecord {
  /// Appends the fields in the order of `layout`.
  public func encode(into writer: inout CanonicalWriter) { Self.layout.encode(self, &writer) }

  /// Reads the fields in the order of `layout`.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    self = try Self.layout.decode(&reader)
    reader.leave()
  }
}

/// The canonical form of a record: key paths in order and the function that makes the record from their values.
public struct Layout<Record: Sendable>: Sendable {
  let encode: @Sendable (Record, inout CanonicalWriter) -> Void
  let decode: @Sendable (inout CanonicalReader) throws(CanonicalError) -> Record

  /// A layout of the fields at `paths`, made into a record by `make`.
  public init<each Field: CanonicalCodable>(
    _ make: @escaping @Sendable (repeat each Field) -> Record,
    _ paths: repeat any KeyPath<Record, each Field> & Sendable
  ) {
    encode = { record, writer in
      repeat record[keyPath: each paths].encode(into: &writer)
    }
    decode = { (reader: inout CanonicalReader) throws(CanonicalError) -> Record in
      try make(repeat (each Field)(from: &reader))
    }
  }

  /// A layout whose `make` refuses some combinations of field values; `nil` becomes `CanonicalError.invalidValue`.
  public init<each Field: CanonicalCodable>(
    checked make: @escaping @Sendable (repeat each Field) -> Record?,
    expected: String,
    _ paths: repeat any KeyPath<Record, each Field> & Sendable
  ) {
    encode = { record, writer in
      repeat record[keyPath: each paths].encode(into: &writer)
    }
    decode = { (reader: inout CanonicalReader) throws(CanonicalError) -> Record in
      guard let record = try make(repeat (each Field)(from: &reader)) else {
        throw .invalidValue(offset: reader.offset, expected: expected)
      }
      return record
    }
  }
}
