/// A table key. Its bytes sort as the values do, so that ranges over a table follow the order of its keys.
///
/// This encoding is apart from BCS (whose little-endian numbers do not sort) and just as strict: one value, one byte string.
public protocol OrderedKey: Hashable, Sendable {
  /// Appends the sorting bytes.
  func encodeKey(into bytes: inout [UInt8])
  /// Reads one key from the front of `bytes`, which it removes.
  init?(key bytes: inout ArraySlice<UInt8>)
}

extension OrderedKey {
  /// The sorting bytes of this key alone.
  public var keyBytes: [UInt8] {
    var bytes: [UInt8] = []
    encodeKey(into: &bytes)
    return bytes
  }
}

extension OrderedKey where Self: FixedWidthInteger & UnsignedInteger {
  /// Appends the number, big-endian.
  public func encodeKey(into bytes: inout [UInt8]) {
    var shift = Self.bitWidth
    while shift > 0 {
      shift -= 8
      bytes.append(UInt8(truncatingIfNeeded: self >> Self(shift)))
    }
  }
  /// Reads a big-endian number.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    let width = Self.bitWidth / 8
    guard bytes.count >= width else { return nil }
    var value: Self = 0
    for byte in bytes.prefix(width) {
      if Self.bitWidth > 8 { value <<= 8 }
      value |= Self(byte)
    }
    bytes.removeFirst(width)
    self = value
  }
}

extension UInt8: OrderedKey {}
extension UInt16: OrderedKey {}
extension UInt32: OrderedKey {}
extension UInt64: OrderedKey {}

extension String: OrderedKey {
  /// Appends the UTF-8 bytes, zero bytes escaped, and an end mark that sorts before every longer string.
  public func encodeKey(into bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(contentsOf: utf8)
    // Hardly any text has one: all of it is copied at once.
    if bytes[start...].contains(0) {
      bytes.removeSubrange(start...)
      for byte in utf8 {
        bytes.append(byte)
        if byte == 0 { bytes.append(0xff) }
      }
    }
    bytes.append(0)
    bytes.append(0)
  }
  /// Reads up to the end mark.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    var text: [UInt8] = []
    while let byte = bytes.popFirst() {
      guard byte == 0 else {
        text.append(byte)
        continue
      }
      switch bytes.popFirst() {
      case 0xff: text.append(0)
      case 0:
        guard let string = String(validating: text, as: UTF8.self) else { return nil }
        self = string
        return
      default: return nil
      }
    }
    return nil
  }
}

extension Digest: OrderedKey {
  /// Appends the 32 bytes.
  public func encodeKey(into bytes: inout [UInt8]) { bytes.append(contentsOf: self.bytes) }
  /// Reads 32 bytes.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let digest = Digest(bytes.prefix(Digest.byteCount)) else { return nil }
    bytes.removeFirst(Digest.byteCount)
    self = digest
  }
}

extension OrderedKey where Self: DigestIdentifier {
  /// Appends the 32 bytes.
  public func encodeKey(into bytes: inout [UInt8]) { digest.encodeKey(into: &bytes) }
  /// Reads 32 bytes.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let digest = Digest(key: &bytes) else { return nil }
    self.init(digest)
  }
}

extension OrderedKey where Self: NumericIdentifier {
  /// Appends the number, big-endian.
  public func encodeKey(into bytes: inout [UInt8]) { rawValue.encodeKey(into: &bytes) }
  /// Reads a big-endian number.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let value = UInt64(key: &bytes) else { return nil }
    self.init(value)
  }
}

extension OrderedKey where Self: NameIdentifier {
  /// Appends the name as a string key.
  public func encodeKey(into bytes: inout [UInt8]) { rawValue.encodeKey(into: &bytes) }
  /// Reads a well-formed name.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let text = String(key: &bytes) else { return nil }
    self.init(text)
  }
}

extension GenesisID: OrderedKey {}
extension AccountID: OrderedKey {}
extension TransactionID: OrderedKey {}
extension BlockID: OrderedKey {}
extension BlockHeight: OrderedKey {}
extension BlockTime: OrderedKey {}
extension ChainID: OrderedKey {}
extension ContractName: OrderedKey {}
extension EntryName: OrderedKey {}
extension Role: OrderedKey {}
extension OrganisationID: OrderedKey {}

/// The key of a table with one record.
public struct SingleKey: OrderedKey, Codable, CanonicalCodable {
  /// The one key.
  public init() {}
  /// Appends one zero byte: a key is never empty.
  public func encodeKey(into bytes: inout [UInt8]) { bytes.append(0) }
  /// Reads one zero byte.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard bytes.popFirst() == 0 else { return nil }
  }
  /// Appends nothing.
  public func encode(into writer: inout CanonicalWriter) {}
  /// Reads nothing.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {}
}

/// A key of two parts; sorts by the first, then the second.
public struct Pair<First: OrderedKey, Second: OrderedKey>: OrderedKey {
  /// The greater part.
  public var first: First
  /// The lesser part.
  public var second: Second
  /// Joins the parts.
  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }
  /// Appends both parts.
  public func encodeKey(into bytes: inout [UInt8]) {
    first.encodeKey(into: &bytes)
    second.encodeKey(into: &bytes)
  }
  /// Reads both parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let first = First(key: &bytes), let second = Second(key: &bytes) else { return nil }
    self.init(first, second)
  }
}
