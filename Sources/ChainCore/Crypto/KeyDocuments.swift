internal import COpenSSL

// Key files: PKCS #8 for private keys (RFC 5958), SubjectPublicKeyInfo for public ones (RFC 5280), as PEM (RFC 7468) or DER.

extension KeyHandle {
  /// The longest document that is read, in bytes.
  static let documentLimit = 64 * 1024

  convenience init(pem: String, passphrase: [UInt8]?) throws(KeyError) {
    let text = Array(pem.utf8)
    let encrypted = pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    guard text.count <= Self.documentLimit, encrypted || pem.contains("-----BEGIN PRIVATE KEY-----") else {
      throw .malformed(expected: "a PKCS #8 private key in PEM")
    }
    guard encrypted == (passphrase != nil) else { throw .wrongPassphrase }
    OpenSSLLibrary.prepare()
    guard let source = unsafe BIO_new_mem_buf(text, Int32(text.count)) else { throw .openSSL("memory") }
    defer { unsafe BIO_free(source) }
    // With no callback OpenSSL takes the user pointer for a zero-terminated passphrase and never asks on a terminal.
    var secret = (passphrase ?? []).map { CChar(bitPattern: $0) } + [0]
    guard !secret.dropLast().contains(0) else { throw .wrongPassphrase }
    let found = unsafe secret.withUnsafeMutableBufferPointer { unsafe PEM_read_bio_PrivateKey(source, nil, nil, $0.baseAddress) }
    Self.wipe(&secret)
    guard let found = unsafe found else {
      Self.clearErrors()
      if encrypted { throw .wrongPassphrase }
      throw .malformed(expected: "a PKCS #8 private key in PEM")
    }
    try unsafe self.init(owning: found)
  }

  func pem(passphrase: [UInt8]?) throws(KeyError) -> String {
    guard let sink = unsafe BIO_new(BIO_s_secmem()) else { throw .openSSL("memory") }
    defer { unsafe BIO_free(sink) }
    var secret = (passphrase ?? []).map { CChar(bitPattern: $0) }
    guard !secret.contains(0), passphrase.map({ !$0.isEmpty }) ?? true else { throw .wrongPassphrase }
    let written = unsafe secret.withUnsafeMutableBufferPointer { buffer in
      unsafe PEM_write_bio_PKCS8PrivateKey(
        sink, pointer, passphrase == nil ? nil : EVP_aes_256_cbc(), passphrase == nil ? nil : buffer.baseAddress,
        Int32(buffer.count), nil, nil)
    }
    Self.wipe(&secret)
    guard written == 1 else {
      Self.clearErrors()
      throw .openSSL("writing a key")
    }
    return try unsafe Self.text(in: sink)
  }

  static func text(in sink: OpaquePointer) throws(KeyError) -> String {
    let bytes = try unsafe contents(of: sink)
    return String(decoding: bytes, as: UTF8.self)
  }

  static func contents(of sink: OpaquePointer) throws(KeyError) -> [UInt8] {
    let pending = unsafe BIO_ctrl_pending(sink)
    guard pending > 0, pending <= documentLimit else { throw .openSSL("writing a document") }
    var bytes = [UInt8](repeating: 0, count: pending)
    guard unsafe BIO_read(sink, &bytes, Int32(pending)) == Int32(pending) else { throw .openSSL("writing a document") }
    return bytes
  }

  private static func wipe(_ secret: inout [CChar]) {
    unsafe secret.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
  }

  /// Reads strict DER: what is read must write back to the same bytes (OpenSSL itself accepts trailing bytes and long lengths).
  convenience init(subjectPublicKeyInfo der: [UInt8]) throws(KeyError) {
    guard der.count <= Self.documentLimit else { throw .malformed(expected: "a public key in DER") }
    let found = unsafe der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return unsafe d2i_PUBKEY(nil, &cursor, buffer.count)
    }
    guard let found = unsafe found else {
      Self.clearErrors()
      throw .malformed(expected: "a public key in DER")
    }
    try unsafe self.init(owning: found)
  }

  func subjectPublicKeyInfo() throws(KeyError) -> [UInt8] {
    guard let sink = unsafe BIO_new(BIO_s_mem()) else { throw .openSSL("memory") }
    defer { unsafe BIO_free(sink) }
    guard unsafe i2d_PUBKEY_bio(sink, pointer) == 1 else {
      Self.clearErrors()
      throw .openSSL("writing a public key")
    }
    return try unsafe Self.contents(of: sink)
  }
}

extension PublicKey {
  /// The key in SubjectPublicKeyInfo DER; an SM2 point may be compressed.
  /// - Throws: `KeyError.malformed` for anything but strict DER, `.unknownAlgorithm`.
  public init(subjectPublicKeyInfo der: [UInt8]) throws(KeyError) {
    let key = try KeyHandle(subjectPublicKeyInfo: der).publicKey()
    guard try key.subjectPublicKeyInfo == der || key.compressedPublicKeyInfo == der else {
      throw .malformed(expected: "a public key in strict DER")
    }
    self = key
  }

  /// The SubjectPublicKeyInfo DER with a compressed point; `nil` for Ed25519.
  var compressedPublicKeyInfo: [UInt8]? {
    guard suite == .guomi, let last = bytes.last else { return nil }
    let algorithm: [UInt8] = [
      0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d,
    ]
    return DERWriter.sequence(algorithm + DERWriter.value(0x03, [0, 2 + (last & 1)] + bytes[..<32]))
  }

  /// The SubjectPublicKeyInfo DER.
  public var subjectPublicKeyInfo: [UInt8] {
    get throws(KeyError) { try KeyHandle(self).subjectPublicKeyInfo() }
  }
}
