/// SEQUENCE { INTEGER r, INTEGER s }, the form that OpenSSL and certificates use for SM2; exactly one form per signature.
enum SignatureDER {
  /// The DER of a raw signature.
  static func der(_ signature: Signature) -> [UInt8] {
    let bytes = signature.bytes
    let body = integer(bytes[..<32]) + integer(bytes[32...])
    return [0x30, UInt8(body.count)] + body
  }

  /// The raw form of strict DER with 1 to 32-byte positive integers, or `nil`.
  static func raw(_ der: [UInt8]) -> Signature? {
    guard der.count >= 8, der[0] == 0x30, Int(der[1]) == der.count - 2, der[1] < 0x80 else { return nil }
    var rest = der[2...]
    guard let r = number(&rest), let s = number(&rest), rest.isEmpty else { return nil }
    return Signature(r + s)
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var digits = Array(bytes.drop { $0 == 0 })
    if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
    return [0x02, UInt8(digits.count)] + digits
  }

  private static func number(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard rest.popFirst() == 0x02, let length = rest.popFirst(), (1...33).contains(length), rest.count >= Int(length) else { return nil }
    var digits = rest.prefix(Int(length))
    rest = rest.dropFirst(Int(length))
    guard let first = digits.first, first < 0x80 else { return nil }
    if first == 0, digits.count > 1 {
      digits = digits.dropFirst()
      guard let next = digits.first, next >= 0x80 else { return nil }
    }
    guard digits.count <= 32 else { return nil }
    return [UInt8](repeating: 0, count: 32 - digits.count) + digits
  }
}
