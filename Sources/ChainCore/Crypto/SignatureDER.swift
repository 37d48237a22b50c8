/// SEQUENCE { INTEGER r, INTEGER s }, the form that OpenSSL and certificates use for SM2; exactly one form per signature.
enum SignatureDER {
  /// The DER of a raw signature.
  static func der(_ signature: Signature) -> [UInt8] {
    let bytes = signature.bytes
    return DERWriter.sequence(DERWriter.number(bytes[..<32]) + DERWriter.number(bytes[32...]))
  }

  /// The raw form of strict DER, or `nil`.
  static func raw(_ der: [UInt8]) -> Signature? {
    var outer = DERReader(der[...])
    guard var fields = outer.content(0x30), outer.isAtEnd, let r = fields.number(), let s = fields.number(), fields.isAtEnd else {
      return nil
    }
    return Signature(r + s)
  }
}
