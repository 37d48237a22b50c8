/// The form of a record on disk: 4 bytes that check the key, 8 bytes that check key and value, then the value; little-endian.
///
/// LMDB has no checksums of its own. The key has one apart, so that a search which finds nothing can cheaply check the records
/// between which it found nothing: a damaged key would otherwise make its record silently absent.
package enum StoreRecord {
  /// The bytes before the value.
  static let headerBytes = 12

  /// The checksums of a record.
  static func header(key: [UInt8], value: [UInt8]) -> (key: UInt32, record: UInt64) {
    let keyHash = XXH64.hash(key)
    return (UInt32(truncatingIfNeeded: keyHash), XXH64.hash(value, seed: keyHash))
  }

  /// Whether the four bytes at the start of `record` are those of `key`.
  static func checksKey(_ key: RawSpan, record: RawSpan) -> Bool {
    guard record.byteCount >= headerBytes else { return false }
    return UInt32(truncatingIfNeeded: hash(key)) == word32(record)
  }

  /// Whether both checksums of `record` are right.
  static func checks(_ key: RawSpan, record: RawSpan) -> Bool {
    guard record.byteCount >= headerBytes else { return false }
    let keyHash = hash(key)
    guard UInt32(truncatingIfNeeded: keyHash) == word32(record) else { return false }
    let valueHash = XXH64.hash(record.extracting(headerBytes..<record.byteCount), seed: keyHash)
    return valueHash == UInt64(littleEndian: unsafe record.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt64.self))
  }

  /// The record of `value` under `key`.
  package static func sealed(_ value: [UInt8], key: [UInt8]) -> [UInt8] {
    let header = header(key: key, value: value)
    return (0..<4).map { UInt8(truncatingIfNeeded: header.key >> ($0 * 8)) }
      + (0..<8).map { UInt8(truncatingIfNeeded: header.record >> ($0 * 8)) } + value
  }

  /// The value in `record`, or `nil` if a checksum is wrong.
  package static func opened(_ record: [UInt8], key: [UInt8]) -> [UInt8]? {
    guard unsafe checks(key.span.bytes, record: record.span.bytes) else { return nil }
    return Array(record[headerBytes...])
  }

  private static func hash(_ bytes: RawSpan) -> UInt64 { XXH64.hash(bytes) }

  private static func word32(_ record: RawSpan) -> UInt32 {
    UInt32(littleEndian: unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self))
  }
}
