// Canonical forms of the standard library's types.

extension CanonicalCodable where Self: FixedWidthInteger {
  /// Appends the integer, little-endian.
  public func encode(into writer: inout CanonicalWriter) { writer.writeInteger(self) }
  /// Reads the integer, little-endian.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) { self = try reader.readInteger() }
}

extension UInt8: CanonicalCodable {}
extension UInt16: CanonicalCodable {}
extension UInt32: CanonicalCodable {}
extension UInt64: CanonicalCodable {}
extension UInt128: CanonicalCodable {}
extension Int8: CanonicalCodable {}
extension Int16: CanonicalCodable {}
extension Int32: CanonicalCodable {}
extension Int64: CanonicalCodable {}
extension Int128: CanonicalCodable {}

extension Bool: CanonicalCodable {
  /// Appends 0 or 1.
  public func encode(into writer: inout CanonicalWriter) { writer.writeByte(self ? 1 : 0) }
  /// Reads 0 or 1.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    let start = reader.offset
    switch try reader.readByte() {
    case 0: self = false
    case 1: self = true
    case let found: throw .badBool(offset: start, found: found)
    }
  }
}

extension String: CanonicalCodable {
  /// Appends length and UTF-8 bytes.
  public func encode(into writer: inout CanonicalWriter) { writer.writeString(self) }
  /// Reads length and UTF-8 bytes.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) { self = try reader.readString() }
}

extension Optional: CanonicalCodable where Wrapped: CanonicalCodable {
  /// The value's shape and a question mark.
  public static var canonicalShape: String { Wrapped.canonicalShape + "?" }
  /// Appends 0, or 1 and the value.
  public func encode(into writer: inout CanonicalWriter) {
    guard let value = self else { return writer.writeByte(0) }
    writer.writeByte(1)
    value.encode(into: &writer)
  }
  /// Reads 0, or 1 and the value.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try Bool(from: &reader) ? Wrapped(from: &reader) : nil
  }
}

extension Array: CanonicalCodable where Element: CanonicalCodable {
  /// The element's shape in brackets.
  public static var canonicalShape: String { "[\(Element.canonicalShape)]" }
  /// Appends the count and the elements.
  public func encode(into writer: inout CanonicalWriter) {
    // A cast of arrays would look at each byte where this code is not specialised.
    if Element.self == UInt8.self { return writer.writeBytes(unsafe unsafeBitCast(self, to: [UInt8].self)) }
    writer.writeCount(count)
    for element in self { element.encode(into: &writer) }
  }
  /// Reads the count and the elements. Elements take at least a byte each, so a hostile count runs out of input.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    if Element.self == UInt8.self {
      self = unsafe unsafeBitCast(try reader.readBytes(), to: [Element].self)
      return
    }
    let count = try reader.readCount()
    self = []
    reserveCapacity(Swift.min(count, reader.remaining / Swift.max(MemoryLayout<Element>.stride, 1)))
    for _ in 0..<count { append(try Element(from: &reader)) }
  }
}

/// A map in canonical order: by the canonical bytes of its keys, each once.
public struct CanonicalMap<Key: CanonicalCodable & Hashable & Sendable, Value: CanonicalCodable & Sendable>: CanonicalCodable, Sendable {
  /// The pairs, sorted by the canonical bytes of their keys.
  public let pairs: [(key: Key, value: Value)]

  /// Sorts `pairs`; of equal keys the last wins.
  public init(_ pairs: some Sequence<(Key, Value)>) {
    var byBytes: [(bytes: [UInt8], key: Key, value: Value)] = []
    var places: [[UInt8]: Int] = [:]
    for (key, value) in pairs {
      let bytes = key.canonicalBytes
      if let place = places[bytes] {
        byBytes[place].value = value
      } else {
        places[bytes] = byBytes.count
        byBytes.append((bytes, key, value))
      }
    }
    byBytes.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    self.pairs = byBytes.map { ($0.key, $0.value) }
  }

  /// The value of `key`, if any.
  /// - Complexity: O(n).
  public subscript(key: Key) -> Value? {
    // By bytes: `String` takes composed and decomposed characters for equal, their encodings differ.
    let bytes = key.canonicalBytes
    return pairs.first { $0.key.canonicalBytes == bytes }?.value
  }

  /// Appends the count and the pairs.
  public func encode(into writer: inout CanonicalWriter) {
    writer.writeCount(pairs.count)
    for (key, value) in pairs {
      key.encode(into: &writer)
      value.encode(into: &writer)
    }
  }

  /// Reads the pairs; keys must strictly grow.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    let count = try reader.readCount()
    var pairs: [(key: Key, value: Value)] = []
    var previous: ArraySlice<UInt8>?
    for _ in 0..<count {
      let start = reader.offset
      let key = try Key(from: &reader)
      let bytes = reader.slice(from: start)
      if let previous, !previous.lexicographicallyPrecedes(bytes) { throw .unsortedKeys(offset: start) }
      previous = bytes
      pairs.append((key, try Value(from: &reader)))
    }
    self.pairs = pairs
  }
}
