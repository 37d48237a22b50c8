/// Writes protobuf (proto3) in the one form that `ProtobufReader` reads; defaults are left out.
///
/// Fields are written in ascending order by whoever calls.
struct ProtobufWriter {
  /// What was written so far.
  private(set) var bytes: [UInt8] = []

  /// A number without a tag: what lengths and IAVL's prefixes are made of.
  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// An unsigned number, unless it is 0.
  mutating func uint64(_ field: UInt32, _ value: UInt64) {
    guard value != 0 else { return }
    varint(UInt64(field) << 3)
    varint(value)
  }

  /// A signed number (`int64`, `int32`), unless it is 0.
  mutating func int64(_ field: UInt32, _ value: Int64) { uint64(field, UInt64(bitPattern: value)) }

  /// A signed number in eight bytes, little-endian (`sfixed64`), unless it is 0.
  mutating func sfixed64(_ field: UInt32, _ value: Int64) {
    guard value != 0 else { return }
    varint(UInt64(field) << 3 | 1)
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> Int64(shift))) }
  }

  /// A byte string, unless it is empty.
  mutating func bytes(_ field: UInt32, _ value: [UInt8]) {
    guard !value.isEmpty else { return }
    message(field, value)
  }

  /// A text, unless it is empty.
  mutating func text(_ field: UInt32, _ value: String) { bytes(field, Array(value.utf8)) }

  /// A message that stands, empty or not.
  mutating func message(_ field: UInt32, _ value: [UInt8]) {
    varint(UInt64(field) << 3 | 2)
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  /// The bytes that `body` writes.
  static func encode(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
    var writer = ProtobufWriter()
    body(&writer)
    return writer.bytes
  }
}
