/// A few records as they were decoded before: the calls of a block read the same ones again and again, such as the type of every licence.
///
/// A record is taken for known only if its bytes are the same, and decoding depends on nothing else.
struct DecodedRecords {
  /// So few that keeping records which are read only once costs nothing that counts.
  private static let limit = 64

  private var known: [ByteKey: (bytes: ByteKey, value: any Sendable)] = [:]

  /// The value of `bytes`, the record under `key`.
  mutating func value<Value: CanonicalCodable & Sendable>(
    _ bytes: [UInt8], of key: [UInt8], as: Value.Type
  ) throws(CanonicalError) -> Value {
    let place = ByteKey(key)
    if let found = known[place], found.bytes == ByteKey(bytes), let value = found.value as? Value { return value }
    let value = try Value(canonicalBytes: bytes)
    if known.count < Self.limit || known[place] != nil { known[place] = (ByteKey(bytes), value) }
    return value
  }
}
