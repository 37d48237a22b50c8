internal import COpenSSL

/// An SM2 ciphertext (GM/T 0003.4, GM/T 0009): C1 the point, C3 the hash, C2 the encrypted bytes.
public struct SM2Ciphertext: Sendable, Hashable {
  /// The greatest number of encrypted bytes that is read.
  public static let byteLimit = 64 * 1024

  /// x ‖ y of the point, 64 bytes.
  public let point: [UInt8]
  /// The hash, 32 bytes.
  public let hash: [UInt8]
  /// The encrypted bytes, at least one.
  public let body: [UInt8]

  /// Reads SEQUENCE { INTEGER x, INTEGER y, OCTET STRING C3, OCTET STRING C2 } in strict DER.
  /// - Throws: `CipherError.malformed`.
  public init(der: [UInt8]) throws(CipherError) {
    var outer = DERReader(der[...])
    guard var fields = outer.content(0x30), outer.isAtEnd, let x = fields.number(), let y = fields.number(),
      let hash = fields.content(0x04), let body = fields.content(0x04), fields.isAtEnd
    else { throw .malformed }
    try self.init(point: x + y, hash: Array(hash.rest), body: Array(body.rest))
  }

  /// Reads 04 ‖ x ‖ y ‖ C3 ‖ C2.
  /// - Throws: `CipherError.malformed`; also for the old order C1 ‖ C2 ‖ C3 wherever that shows.
  public init(c1c3c2 bytes: [UInt8]) throws(CipherError) {
    guard bytes.count >= 98, bytes[0] == 4 else { throw .malformed }
    try self.init(point: Array(bytes[1..<65]), hash: Array(bytes[65..<97]), body: Array(bytes[97...]))
  }

  private init(point: [UInt8], hash: [UInt8], body: [UInt8]) throws(CipherError) {
    guard hash.count == 32, (1...Self.byteLimit).contains(body.count), KeyHandle.isOnCurve(point) else { throw .malformed }
    self.point = point
    self.hash = hash
    self.body = body
  }

  /// The DER form.
  public var der: [UInt8] {
    DERWriter.sequence(
      DERWriter.number(point[..<32]) + DERWriter.number(point[32...]) + DERWriter.value(0x04, hash) + DERWriter.value(0x04, body))
  }

  /// 04 ‖ x ‖ y ‖ C3 ‖ C2.
  public var c1c3c2: [UInt8] { [4] + point + hash + body }
}

extension PublicKey {
  /// Encrypts a short secret to the holder of this SM2 key.
  /// - Throws: `CipherError.notSupported` for Ed25519 keys.
  public func encrypt(_ plaintext: [UInt8]) throws(CipherError) -> SM2Ciphertext {
    guard suite == .guomi else { throw .notSupported("encryption with Ed25519 keys") }
    guard let handle = try? KeyHandle(self) else { throw .openSSL("key") }
    return try SM2Ciphertext(der: try handle.crypt(plaintext, encrypts: true))
  }
}

extension PrivateKey {
  /// Decrypts what was encrypted to this SM2 key.
  /// - Throws: `CipherError.authentication` if it was not, or was changed.
  public func decrypt(_ ciphertext: SM2Ciphertext) throws(CipherError) -> [UInt8] {
    guard suite == .guomi else { throw .notSupported("encryption with Ed25519 keys") }
    return try handle.crypt(ciphertext.der, encrypts: false)
  }
}

extension KeyHandle {
  func crypt(_ bytes: [UInt8], encrypts: Bool) throws(CipherError) -> [UInt8] {
    guard !bytes.isEmpty, bytes.count <= 2 * SM2Ciphertext.byteLimit else { throw .malformed }
    guard let context = unsafe EVP_PKEY_CTX_new(pointer, nil) else { throw .openSSL("key context") }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    let started = unsafe encrypts ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context)
    guard started == 1 else { throw .openSSL("SM2 encryption") }
    var output = [UInt8](repeating: 0, count: bytes.count + 512)
    var length = output.count
    let done =
      unsafe encrypts
      ? EVP_PKEY_encrypt(context, &output, &length, bytes, bytes.count) : EVP_PKEY_decrypt(context, &output, &length, bytes, bytes.count)
    guard done == 1, length <= output.count else {
      Self.clearErrors()
      throw encrypts ? .openSSL("SM2 encryption") : .authentication
    }
    return Array(output[..<length])
  }
}
