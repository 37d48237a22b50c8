#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes as a key of a dictionary: hashed and compared as a whole, where an array does both byte by byte, and hashed once for several
/// dictionaries.
struct ByteKey: Hashable, Sendable {
  let bytes: [UInt8]
  private let hash: Int

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var hasher = Hasher()
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    hash = hasher.finalize()
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }

  static func == (left: ByteKey, right: ByteKey) -> Bool { left.hash == right.hash && order(left.bytes, right.bytes) == 0 }

  /// Whether `left` comes before `right`, bytewise; a prefix comes before what it begins.
  static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool { order(left, right) < 0 }

  private static func order(_ left: [UInt8], _ right: [UInt8]) -> Int {
    let order = unsafe left.withUnsafeBytes { left in
      unsafe right.withUnsafeBytes { right in
        guard let first = left.baseAddress, let second = right.baseAddress else { return Int32(0) }
        return unsafe memcmp(first, second, min(left.count, right.count))
      }
    }
    return order != 0 ? Int(order) : left.count - right.count
  }
}
