/// Reads canonical (BCS) bytes strictly and within bounds.
///
/// Every failure is a `CanonicalError` with the offset. Nothing is reserved beyond what the remaining bytes could hold,
/// so hostile lengths cost nothing.
public struct CanonicalReader: Sendable {
  /// The greatest nesting of containers (BCS: structs and enums count).
  public static let depthLimit = 500
  /// The greatest length of a sequence, map or string (BCS).
  public static let lengthLimit = Int(Int32.max)

  @usableFromInline let bytes: [UInt8]
  /// Where the next value starts.
  public private(set) var offset: Int
  private var depth = 0

  /// A reader over all of `bytes`.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
    offset = 0
  }

  /// How many bytes are left.
  public var remaining: Int { bytes.count - offset }

  /// Throws unless everything was read.
  public func finish() throws(CanonicalError) {
    #if DEBUG
      if LedgerMutation.planted == .trailingBytes { return }
    #endif
    guard remaining == 0 else { throw .trailingBytes(offset: offset, count: remaining) }
  }

  /// Enters a struct or enum; `leave` ends it.
  public mutating func enter() throws(CanonicalError) {
    guard depth < Self.depthLimit else { throw .tooDeep(offset: offset, limit: Self.depthLimit) }
    depth += 1
  }

  /// Leaves a struct or enum.
  public mutating func leave() { depth -= 1 }

  /// Reads one byte.
  public mutating func readByte() throws(CanonicalError) -> UInt8 {
    guard offset < bytes.count else { throw .truncated(offset: offset, needed: 1) }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// Reads exactly `count` bytes.
  public mutating func readFixed(_ count: Int) throws(CanonicalError) -> ArraySlice<UInt8> {
    guard count <= remaining else { throw .truncated(offset: bytes.count, needed: count - remaining) }
    defer { offset += count }
    return bytes[offset..<(offset + count)]
  }

  /// Reads an integer, little-endian, in its full width.
  public mutating func readInteger<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self) throws(CanonicalError) -> Integer {
    let width = Integer.bitWidth / 8
    guard width <= remaining else { throw .truncated(offset: bytes.count, needed: width - remaining) }
    var value: Integer = 0
    unsafe withUnsafeMutableBytes(of: &value) { place in
      unsafe bytes.withUnsafeBytes { unsafe place.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + width)])) }
    }
    offset += width
    return Integer(littleEndian: value)
  }

  /// Reads a minimal ULEB128 of at most 32 bits.
  public mutating func readULEB128() throws(CanonicalError) -> UInt32 {
    let start = offset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try readByte()
      value |= UInt64(byte & 0x7f) << shift
      guard value <= UInt64(UInt32.max) else { throw .badULEB128(offset: start) }
      if byte & 0x80 == 0 {
        guard shift == 0 || byte != 0 else { throw .badULEB128(offset: start) }
        return UInt32(value)
      }
      shift += 7
      guard shift <= 28 else { throw .badULEB128(offset: start) }
    }
  }

  /// Reads the length of a sequence whose elements take at least `elementBytes` each.
  ///
  /// - Parameter limit: The greatest count that the type allows.
  public mutating func readCount(limit: Int = Self.lengthLimit, elementBytes: Int = 1) throws(CanonicalError) -> Int {
    let start = offset
    let count = Int(try readULEB128())
    guard count <= limit else { throw .lengthTooLarge(offset: start, length: UInt64(count), limit: limit) }
    if elementBytes > 0, count > remaining / elementBytes {
      throw .truncated(offset: bytes.count, needed: count.multipliedReportingOverflow(by: elementBytes).partialValue - remaining)
    }
    return count
  }

  /// Reads a byte string: length, then bytes.
  public mutating func readBytes(limit: Int = Self.lengthLimit) throws(CanonicalError) -> [UInt8] {
    let count = try readCount(limit: limit)
    return [UInt8](try readFixed(count))
  }

  /// Reads a UTF-8 string.
  public mutating func readString(limit: Int = Self.lengthLimit) throws(CanonicalError) -> String {
    let start = offset
    let count = try readCount(limit: limit)
    let slice = try readFixed(count)
    guard let string = String(validating: slice, as: UTF8.self) else { throw .badUTF8(offset: start) }
    return string
  }

  /// The bytes from `start` to here, as read: what a map compares its keys by.
  func slice(from start: Int) -> ArraySlice<UInt8> { bytes[start..<offset] }
}
