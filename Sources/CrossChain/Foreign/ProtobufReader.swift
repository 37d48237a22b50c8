/// Reads protobuf (proto3) strictly and within bounds, for messages of other chains that are hashed, signed or trusted.
///
/// Protobuf lets many byte strings mean one message; here one does. Fields stand in ascending order, scalar fields at most once, packed
/// or not as declared, without their default value; varints are minimal; unknown fields and groups are refused, because nobody hashed
/// what they say. That is the form which the encoders of CometBFT, Cosmos SDK and ICS-23 produce (gogoproto, prost), so only altered
/// messages are refused by it. A message that a future version extends is refused until we know what the new field means.
///
/// Nothing is allocated that the input does not hold, and messages nest as deep as the code that reads them.
struct ProtobufReader {
  /// A field's number and wire type, as read.
  struct Field {
    let number: UInt32
    let wire: UInt8
    /// Where the field begins.
    let offset: Int
    /// Whether the field before had the same number.
    let isRepeat: Bool
  }

  private let bytes: ArraySlice<UInt8>
  private let base: Int
  private var position: Int
  private var last: UInt32 = 0

  /// A reader over a whole message.
  /// - Throws: `ProtobufError.tooLarge`.
  init(_ message: [UInt8], limit: Int) throws(ProtobufError) {
    guard message.count <= limit else { throw .tooLarge(bytes: message.count, limit: limit) }
    self.init(message[...], base: 0)
  }

  private init(_ bytes: ArraySlice<UInt8>, base: Int) {
    self.bytes = bytes
    self.base = base
    position = bytes.startIndex
  }

  private var offset: Int { position - base }

  /// The next field's number and wire type; `nil` at the end. Its value is to be read before the next call.
  mutating func next() throws(ProtobufError) -> Field? {
    guard position < bytes.endIndex else { return nil }
    let start = offset
    let tag = try varint()
    guard tag >> 3 >= 1, tag >> 3 < 1 << 29 else { throw .badFieldNumber(offset: start) }
    let number = UInt32(tag >> 3)
    guard number >= last else { throw .unsortedField(offset: start, field: number) }
    defer { last = number }
    return Field(number: number, wire: UInt8(tag & 7), offset: start, isRepeat: number == last)
  }

  /// The error for a field that the message does not have.
  func unknown(_ field: Field) -> ProtobufError { .unknownField(offset: field.offset, field: field.number) }

  /// Reads an unsigned number.
  mutating func uint64(_ field: Field) throws(ProtobufError) -> UInt64 {
    try single(field, wire: 0)
    let value = try varint()
    guard value != 0 else { throw .explicitDefault(offset: field.offset, field: field.number) }
    return value
  }

  /// Reads a signed number (`int64`): ten bytes if it is negative.
  mutating func int64(_ field: Field) throws(ProtobufError) -> Int64 { Int64(bitPattern: try uint64(field)) }

  /// Reads a number that must be in `range`: `int32`, `uint32` and enums that are never negative.
  mutating func small(_ field: Field, in range: ClosedRange<UInt32> = 0 ... .max) throws(ProtobufError) -> UInt32 {
    guard let value = UInt32(exactly: try uint64(field)), range.contains(value) else {
      throw .outOfRange(offset: field.offset, field: field.number)
    }
    return value
  }

  /// Reads a byte string of 1 to `limit` bytes.
  mutating func bytes(_ field: Field, limit: Int) throws(ProtobufError) -> [UInt8] {
    try single(field, wire: 2)
    let content = try content(field, limit: limit)
    guard !content.isEmpty else { throw .explicitDefault(offset: field.offset, field: field.number) }
    return [UInt8](content)
  }

  /// Reads a byte string of at most `limit` bytes that stands even if it is empty (a case of a `oneof`).
  mutating func bytesOrEmpty(_ field: Field, limit: Int) throws(ProtobufError) -> [UInt8] {
    try single(field, wire: 2)
    return [UInt8](try content(field, limit: limit))
  }

  /// Reads a text of 1 to `limit` bytes.
  mutating func text(_ field: Field, limit: Int) throws(ProtobufError) -> String {
    guard let text = String(validating: try bytes(field, limit: limit), as: UTF8.self) else {
      throw .badUTF8(offset: field.offset, field: field.number)
    }
    return text
  }

  /// Reads a message that stands at most once; it may be empty.
  mutating func message(_ field: Field) throws(ProtobufError) -> ProtobufReader {
    try single(field, wire: 2)
    return ProtobufReader(try content(field, limit: .max), base: base)
  }

  /// Reads one of several messages of a list that has `count` so far and may have `limit`.
  mutating func element(_ field: Field, count: Int, limit: Int) throws(ProtobufError) -> ProtobufReader {
    guard field.wire == 2 else { throw .wrongWireType(offset: field.offset, field: field.number, found: field.wire) }
    guard count < limit else { throw .tooLong(offset: field.offset, field: field.number, limit: limit) }
    return ProtobufReader(try content(field, limit: .max), base: base)
  }

  private func single(_ field: Field, wire: UInt8) throws(ProtobufError) {
    guard field.wire == wire else { throw .wrongWireType(offset: field.offset, field: field.number, found: field.wire) }
    guard !field.isRepeat else { throw .repeatedField(offset: field.offset, field: field.number) }
  }

  private mutating func content(_ field: Field, limit: Int) throws(ProtobufError) -> ArraySlice<UInt8> {
    let start = offset
    let length = try varint()
    guard length <= UInt64(limit) else { throw .tooLong(offset: field.offset, field: field.number, limit: limit) }
    guard length <= UInt64(bytes.endIndex - position) else { throw .truncated(offset: start) }
    defer { position += Int(length) }
    return bytes[position..<(position + Int(length))]
  }

  private mutating func varint() throws(ProtobufError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard position < bytes.endIndex else { throw .truncated(offset: start) }
      let byte = bytes[position]
      position += 1
      // The tenth byte holds the one bit that is left.
      guard shift < 63 || byte <= 1 else { throw .badVarint(offset: start) }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 {
        guard byte != 0 || shift == 0 else { throw .badVarint(offset: start) }
        return value
      }
      shift += 7
      guard shift <= 63 else { throw .badVarint(offset: start) }
    }
  }
}
