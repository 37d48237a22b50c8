/// A value with exactly one byte string: Binary Canonical Serialization (BCS), as published.
///
/// `decode(encode(v)) == v`, and no other bytes decode to `v`.
public protocol CanonicalCodable: SendableMetatype {
  /// Appends the canonical bytes of this value.
  func encode(into writer: inout CanonicalWriter)
  /// Reads one value; leaves the reader behind it.
  init(from reader: inout CanonicalReader) throws(CanonicalError)
  /// The form of the type as manifests state it: name, and fields of records. Equal text means equal encoding.
  static var canonicalShape: String { get }
}

extension CanonicalCodable {
  /// The type's name.
  public static var canonicalShape: String { String(describing: Self.self) }

  /// The canonical bytes of this value.
  public var canonicalBytes: [UInt8] {
    // Most records fit, and growing costs a copy each time.
    var writer = CanonicalWriter(reservingCapacity: 256)
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
  /// The type's name and its fields' shapes in order.
  public static var canonicalShape: String { "\(Self.self)(\(Self.layout.shape()))" }

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
  let shape: @Sendable () -> String

  /// A layout of the fields at `paths`, made into a record by `make`.
  public init<each Field: CanonicalCodable>(
    _ make: @escaping @Sendable (repeat each Field) -> Record,
    _ paths: repeat any KeyPath<Record, each Field> & Sendable
  ) {
    encode = Self.encoder(repeat each paths)
    decode = { (reader: inout CanonicalReader) throws(CanonicalError) -> Record in
      try make(repeat (each Field)(from: &reader))
    }
    shape = { Self.shape(of: repeat (each Field).self) }
  }

  /// A layout whose `make` refuses some combinations of field values; `nil` becomes `CanonicalError.invalidValue`.
  public init<each Field: CanonicalCodable>(
    checked make: @escaping @Sendable (repeat each Field) -> Record?,
    expected: String,
    _ paths: repeat any KeyPath<Record, each Field> & Sendable
  ) {
    encode = Self.encoder(repeat each paths)
    decode = { (reader: inout CanonicalReader) throws(CanonicalError) -> Record in
      guard let record = try make(repeat (each Field)(from: &reader)) else {
        throw .invalidValue(offset: reader.offset, expected: expected)
      }
      return record
    }
    shape = { Self.shape(of: repeat (each Field).self) }
  }

  /// Writes the fields one after another. Each field's code is made once: a pack that is expanded at each call looks its types up anew,
  /// which took half the time of encoding.
  private static func encoder<each Field: CanonicalCodable>(
    _ paths: repeat any KeyPath<Record, each Field> & Sendable
  ) -> @Sendable (Record, inout CanonicalWriter) -> Void {
    var fields: [FieldWriter] = []
    repeat fields.append(field(each paths))
    let all = fields
    return { record, writer in
      unsafe withUnsafePointer(to: record) { record in
        for field in all { unsafe field.write(record, &writer) }
      }
    }
  }

  /// Writes one field of the record that stands at a place in memory.
  @safe private struct FieldWriter: Sendable {
    let write: @Sendable (UnsafePointer<Record>, inout CanonicalWriter) -> Void
  }

  private static func field<Field: CanonicalCodable>(
    _ path: any KeyPath<Record, Field> & Sendable
  ) -> FieldWriter {
    // A stored field stands at a place of the record that is known once; a key path would look its types up at each read.
    guard let place = MemoryLayout<Record>.offset(of: path) else {
      return unsafe FieldWriter { record, writer in unsafe record.pointee[keyPath: path].encode(into: &writer) }
    }
    return unsafe FieldWriter { record, writer in
      // Where it stands: a copy would count references.
      unsafe (UnsafeRawPointer(record) + place).assumingMemoryBound(to: Field.self).pointee.encode(into: &writer)
    }
  }

  private static func shape<each Field: CanonicalCodable>(of fields: repeat (each Field).Type) -> String {
    var parts: [String] = []
    repeat parts.append((each fields).canonicalShape)
    return parts.joined(separator: ", ")
  }
}
