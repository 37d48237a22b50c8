internal import COpenSSL

/// The public part of an `EncryptionKey`: whoever has it encrypts short secrets to the key's holder.
public struct EncryptionPublicKey: CanonicalRecord, Hashable, Codable {
  /// The suite: SM2, or RSA-3072 with OAEP.
  public let suite: CryptoSuite
  /// SubjectPublicKeyInfo in DER (RFC 5280).
  public let der: [UInt8]

  /// Names suite and key; the key is read when something is encrypted to it.
  public init(suite: CryptoSuite, der: [UInt8]) {
    self.suite = suite
    self.der = der
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.suite, \.der)

  /// Encrypts a secret of at most 64 bytes.
  ///
  /// `guomi`: SM2 (GM/T 0003.4) in DER. `international`: RSAES-OAEP with SHA-256 (RFC 8017 §7.1), as long as the key's modulus.
  /// - Throws: `CipherError.wrongLength`, `.malformed` for a key of another kind or size.
  public func encrypt(_ secret: [UInt8]) throws(CipherError) -> [UInt8] {
    guard (1...EncryptionKey.secretLimit).contains(secret.count) else { throw .wrongLength(secret.count) }
    switch suite {
    case .guomi:
      guard let handle = try? KeyHandle(subjectPublicKeyInfo: der), handle.suite == .guomi else { throw .malformed }
      return try handle.crypt(secret, encrypts: true)
    case .international: return try RSAHandle(publicKey: der).crypt(secret, encrypts: true)
    }
  }
}

/// A key that others encrypt short secrets to, such as the key of an envelope: SM2, or RSA-3072 because Ed25519 keys only sign.
///
/// It is another key than the one its holder signs with, as encryption certificates are of their own. The secret stays in OpenSSL.
public struct EncryptionKey: Sendable {
  /// The longest secret in bytes.
  public static let secretLimit = 64
  /// The length of RSA keys in bits.
  public static let modulusBits = 3_072

  private enum Handle: Sendable {
    case sm2(PrivateKey)
    case rsa(RSAHandle)
  }
  private let handle: Handle

  /// A new random key.
  /// - Throws: `KeyError.openSSL`.
  public static func generate(_ suite: CryptoSuite) throws(KeyError) -> EncryptionKey {
    switch suite {
    case .guomi: EncryptionKey(handle: .sm2(try PrivateKey.generate(.guomi)))
    case .international: EncryptionKey(handle: .rsa(try RSAHandle.generate()))
    }
  }

  private init(handle: Handle) { self.handle = handle }

  /// An SM2 key that exists already.
  /// - Throws: `KeyError.unknownAlgorithm` for an Ed25519 key.
  public init(_ key: PrivateKey) throws(KeyError) {
    guard key.suite == .guomi else { throw .unknownAlgorithm }
    handle = .sm2(key)
  }

  /// The suite.
  public var suite: CryptoSuite {
    switch handle {
    case .sm2: .guomi
    case .rsa: .international
    }
  }

  /// The public part.
  /// - Throws: `KeyError.openSSL`.
  public func publicKey() throws(KeyError) -> EncryptionPublicKey {
    switch handle {
    case .sm2(let key): EncryptionPublicKey(suite: .guomi, der: try KeyHandle(key.publicKey).subjectPublicKeyInfo())
    case .rsa(let key): EncryptionPublicKey(suite: .international, der: try key.subjectPublicKeyInfo())
    }
  }

  /// Decrypts what was encrypted to this key.
  /// - Throws: `CipherError.authentication` if it was not, or was changed; `.malformed`.
  public func decrypt(_ bytes: [UInt8]) throws(CipherError) -> [UInt8] {
    switch handle {
    case .sm2(let key): try key.decrypt(try SM2Ciphertext(der: bytes))
    case .rsa(let key): try key.crypt(bytes, encrypts: false)
    }
  }

  /// The key as PKCS #8 in PEM, unencrypted: for its holder's own safe place.
  /// - Throws: `KeyError.openSSL`.
  public func pem() throws(KeyError) -> String {
    switch handle {
    case .sm2(let key): try key.pem()
    case .rsa(let key): try key.pem()
    }
  }
}

/// An OpenSSL RSA key of 3,072 bits. Immutable once made.
@safe final class RSAHandle: Sendable {
  private nonisolated(unsafe) let pointer: OpaquePointer

  private init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

  deinit { unsafe EVP_PKEY_free(pointer) }

  static func generate() throws(KeyError) -> RSAHandle {
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { throw .openSSL("key context") }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    var pointer: OpaquePointer?
    guard unsafe EVP_PKEY_keygen_init(context) == 1,
      unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(EncryptionKey.modulusBits)) == 1,
      unsafe EVP_PKEY_generate(context, &pointer) == 1, let pointer = unsafe pointer
    else {
      KeyHandle.clearErrors()
      throw .openSSL("key generation")
    }
    return unsafe RSAHandle(owning: pointer)
  }

  /// Reads strict DER: what is read must write back to the same bytes.
  convenience init(publicKey der: [UInt8]) throws(CipherError) {
    guard der.count <= KeyHandle.documentLimit else { throw .malformed }
    let found = unsafe der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return unsafe d2i_PUBKEY(nil, &cursor, buffer.count)
    }
    guard let found = unsafe found else {
      KeyHandle.clearErrors()
      throw .malformed
    }
    unsafe self.init(owning: found)
    guard unsafe EVP_PKEY_is_a(pointer, "RSA") == 1, unsafe Int(EVP_PKEY_get_bits(pointer)) == EncryptionKey.modulusBits,
      (try? subjectPublicKeyInfo()) == der
    else { throw .malformed }
  }

  func subjectPublicKeyInfo() throws(KeyError) -> [UInt8] {
    guard let sink = unsafe BIO_new(BIO_s_mem()) else { throw .openSSL("memory") }
    defer { unsafe BIO_free(sink) }
    guard unsafe i2d_PUBKEY_bio(sink, pointer) == 1 else {
      KeyHandle.clearErrors()
      throw .openSSL("writing a key")
    }
    return try unsafe KeyHandle.contents(of: sink)
  }

  func pem() throws(KeyError) -> String {
    guard let sink = unsafe BIO_new(BIO_s_secmem()) else { throw .openSSL("memory") }
    defer { unsafe BIO_free(sink) }
    guard unsafe PEM_write_bio_PKCS8PrivateKey(sink, pointer, nil, nil, 0, nil, nil) == 1 else {
      KeyHandle.clearErrors()
      throw .openSSL("writing a key")
    }
    return try unsafe KeyHandle.text(in: sink)
  }

  /// RSAES-OAEP with SHA-256, also for the mask, and no label.
  func crypt(_ bytes: [UInt8], encrypts: Bool) throws(CipherError) -> [UInt8] {
    guard encrypts || bytes.count == EncryptionKey.modulusBits / 8 else { throw .malformed }
    guard let context = unsafe EVP_PKEY_CTX_new(pointer, nil) else { throw .openSSL("key context") }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    let started = unsafe encrypts ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context)
    guard started == 1, unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1,
      unsafe EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1, unsafe EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1
    else { throw .openSSL("RSA-OAEP") }
    var output = [UInt8](repeating: 0, count: EncryptionKey.modulusBits / 8)
    var length = output.count
    let done =
      unsafe encrypts
      ? EVP_PKEY_encrypt(context, &output, &length, bytes, bytes.count) : EVP_PKEY_decrypt(context, &output, &length, bytes, bytes.count)
    guard done == 1, length <= output.count else {
      KeyHandle.clearErrors()
      throw encrypts ? .openSSL("RSA-OAEP") : .authentication
    }
    return Array(output[..<length])
  }
}
