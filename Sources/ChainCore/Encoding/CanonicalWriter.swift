/// Appends canonical (BCS) bytes. Values write themselves into it; nothing is ever read back.
public struct CanonicalWriter: Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8]

  /// An empty writer.
  public init(reservingCapacity capacity: Int = 0) {
    bytes = []
    if capacity > 0 { bytes.reserveCapacity(capacity) }
  }

  /// Forgets what was written but keeps the buffer, so that a hot loop allocates once.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Appends one byte.
  public mutating func writeByte(_ byte: UInt8) { bytes.append(byte) }

  /// Appends bytes as they are, without a length (fixed-size arrays).
  public mutating func writeFixed(_ fixed: some Sequence<UInt8>) { bytes.append(contentsOf: fixed) }

  /// Appends bytes as they are, without a length.
  public mutating func writeFixed(_ fixed: [UInt8]) {
    // Lent, not given: an array that is appended as such costs its reference a count, which threads share.
    unsafe fixed.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends an integer, little-endian, in its full width.
  public mutating func writeInteger<Integer: FixedWidthInteger>(_ value: Integer) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends a length or variant as minimal ULEB128.
  public mutating func writeULEB128(_ value: UInt32) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Appends the count of a sequence. Values built in memory never reach 2^31 elements.
  public mutating func writeCount(_ count: Int) { writeULEB128(UInt32(truncatingIfNeeded: count)) }

  /// Appends a byte string: length, then bytes.
  public mutating func writeBytes(_ value: [UInt8]) {
    writeCount(value.count)
    writeFixed(value)
  }

  /// Appends a string as its UTF-8 bytes.
  public mutating func writeString(_ value: String) {
    writeCount(value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }
}
