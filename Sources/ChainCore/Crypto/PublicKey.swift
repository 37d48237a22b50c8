/// A public key: 64 bytes x ‖ y of SM2, or 32 bytes of Ed25519. The length tells the suite.
public struct PublicKey: Sendable, Hashable {
  /// The suite whose signatures it verifies.
  public let suite: CryptoSuite
  /// The 64 or 32 bytes.
  public let bytes: [UInt8]

  /// The number of bytes of a key of `suite`.
  public static func byteCount(_ suite: CryptoSuite) -> Int { suite == .guomi ? 64 : 32 }

  /// A key of these bytes.
  /// - Throws: `KeyError.wrongLength`, `.notOnCurve` for what is no SM2 point.
  public init(suite: CryptoSuite, bytes: [UInt8]) throws(KeyError) {
    guard bytes.count == Self.byteCount(suite) else { throw .wrongLength(bytes.count, expected: Self.byteCount(suite)) }
    if suite == .guomi, !Self.isOnCurve(bytes) { throw .notOnCurve }
    self.init(checked: suite, bytes)
  }

  /// By our own arithmetic where it verifies signatures too: OpenSSL takes longer for this than we for a signature.
  private static func isOnCurve(_ bytes: [UInt8]) -> Bool {
    SM2Verifier.isPreferred ? SM2AffinePoint(bytes) != nil : KeyHandle.isOnCurve(bytes)
  }

  init(checked suite: CryptoSuite, _ bytes: [UInt8]) {
    self.suite = suite
    self.bytes = bytes
  }

  /// Whether `signature` is valid for `digest` under this key. SM2 hashes it once more with ZA of the default id (GM/T 0009).
  public func verify(_ signature: Signature, of digest: Digest) -> Bool { verify(signature, ofMessage: digest.bytes) }

  /// Whether `signature` is valid for `message` under this key.
  ///
  /// - Parameter id: The SM2 distinguishing id; `nil` = `1234567812345678`. Ed25519 takes none.
  public func verify(_ signature: Signature, ofMessage message: [UInt8], id: [UInt8]? = nil) -> Bool {
    if suite == .guomi, SM2Verifier.isPreferred { return SM2Verifier.verify(signature, of: message, key: bytes, id: id) }
    return verifyByOpenSSL(signature, ofMessage: message, id: id)
  }

  /// Whether SM2 signatures are verified by our own code, which passed its self-test, rather than by OpenSSL: so in release builds.
  public static var hasFastSM2: Bool { SM2Verifier.isPreferred }

  /// The same through OpenSSL alone: what the fast verifier is held to.
  package func verifyByOpenSSL(_ signature: Signature, ofMessage message: [UInt8], id: [UInt8]? = nil) -> Bool {
    guard let handle = try? KeyHandle(self) else { return false }
    return handle.verify(signature, of: message, id: id)
  }
}

extension PublicKey {
  /// Whether the SM2 signature in `der` is valid, decoded by OpenSSL too.
  package func verifyByOpenSSL(der: [UInt8], ofMessage message: [UInt8], id: [UInt8]? = nil) -> Bool {
    (try? KeyHandle(self))?.verify(der: der, of: message, id: id) ?? false
  }

  /// Whether an SM2 signature is valid for `hash` = SM3(ZA ‖ message), given ready.
  package func verify(_ signature: Signature, ofHash hash: Digest) -> Bool {
    (try? KeyHandle(self))?.verify(signature, ofHash: hash) ?? false
  }

  /// ZA of this SM2 key: SM3(ENTL ‖ id ‖ a ‖ b ‖ G ‖ P) (GM/T 0003.2 §5.5).
  /// - Throws: `KeyError.idTooLong`, `.idNotSupported` for Ed25519.
  public func za(id: [UInt8]? = nil) throws(KeyError) -> Digest {
    guard suite == .guomi else { throw .idNotSupported }
    let id = id ?? KeyHandle.defaultID
    guard id.count <= KeyHandle.idLimit else { throw .idTooLong(id.count) }
    let bits = id.count * 8
    return suite.hash([UInt8(bits >> 8), UInt8(bits & 0xff)] + id + SM2Group.parameters + bytes)
  }
}

extension PublicKey: Comparable {
  /// Byte order.
  public static func < (left: PublicKey, right: PublicKey) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

extension PublicKey: CustomStringConvertible {
  /// The hexadecimal form.
  public var description: String { bytes.hex }
}

extension PublicKey: CanonicalCodable {
  /// Appends length and bytes.
  public func encode(into writer: inout CanonicalWriter) { writer.writeBytes(bytes) }

  /// Reads a key; an SM2 point that is not on the curve is refused.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    let offset = reader.offset
    let bytes = try [UInt8](from: &reader)
    guard let key = try? PublicKey(suite: bytes.count == 64 ? .guomi : .international, bytes: bytes) else {
      throw .invalidValue(offset: offset, expected: "a public key of 64 (SM2) or 32 (Ed25519) bytes")
    }
    self = key
  }
}

extension PublicKey: Codable {
  /// Reads the hexadecimal form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = [UInt8](hex: try container.decode(String.self)),
      let key = try? PublicKey(suite: bytes.count == 64 ? .guomi : .international, bytes: bytes)
    else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "a public key in lower-case hexadecimal expected")
    }
    self = key
  }
  /// Writes the hexadecimal form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension CryptoSuite {
  /// The account whose first key is `key`.
  public func accountID(of key: PublicKey) -> AccountID { AccountID(digest("Account", .none, key)) }
}
