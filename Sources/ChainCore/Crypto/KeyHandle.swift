internal import COpenSSL

/// An OpenSSL key. Immutable once made, so that threads may share it (OpenSSL counts references atomically).
@safe final class KeyHandle: Sendable {
  /// The distinguishing id of GM/T 0009 §10.
  static let defaultID = Array("1234567812345678".utf8)
  /// The longest SM2 id: its length in bits is a 16-bit number.
  static let idLimit = 8_191

  nonisolated(unsafe) let pointer: OpaquePointer
  let suite: CryptoSuite

  /// Takes over a key of SM2 or Ed25519.
  init(owning pointer: OpaquePointer) throws(KeyError) {
    unsafe self.pointer = pointer
    if unsafe EVP_PKEY_is_a(pointer, "SM2") == 1 {
      suite = .guomi
    } else if unsafe EVP_PKEY_is_a(pointer, "ED25519") == 1 {
      suite = .international
    } else {
      unsafe EVP_PKEY_free(pointer)
      throw .unknownAlgorithm
    }
  }

  deinit { unsafe EVP_PKEY_free(pointer) }

  /// Forgets what OpenSSL noted of failures that we report ourselves.
  static func clearErrors() { ERR_clear_error() }

  convenience init(_ key: PublicKey) throws(KeyError) {
    OpenSSLLibrary.prepare()
    switch key.suite {
    case .guomi: try unsafe self.init(owning: Self.sm2(point: [4] + key.bytes, scalar: nil))
    case .international:
      guard let pointer = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, key.bytes, key.bytes.count) else {
        Self.clearErrors()
        throw .malformed(expected: "an Ed25519 public key")
      }
      try unsafe self.init(owning: pointer)
    }
  }

  convenience init(suite: CryptoSuite, secret: [UInt8]) throws(KeyError) {
    guard secret.count == 32 else { throw .wrongLength(secret.count, expected: 32) }
    OpenSSLLibrary.prepare()
    switch suite {
    case .guomi:
      let point = try SM2Group.point(of: secret)
      try unsafe self.init(owning: Self.sm2(point: point, scalar: secret))
    case .international:
      guard let pointer = unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, secret, secret.count) else {
        Self.clearErrors()
        throw .malformed(expected: "an Ed25519 seed")
      }
      try unsafe self.init(owning: pointer)
    }
  }

  static func generate(_ suite: CryptoSuite) throws(KeyError) -> KeyHandle {
    OpenSSLLibrary.prepare()
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, suite == .guomi ? "SM2" : "ED25519", nil) else {
      throw .openSSL("key context")
    }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    var pointer: OpaquePointer?
    guard unsafe EVP_PKEY_keygen_init(context) == 1, unsafe EVP_PKEY_generate(context, &pointer) == 1, let pointer = unsafe pointer else {
      clearErrors()
      throw .openSSL("key generation")
    }
    return try unsafe KeyHandle(owning: pointer)
  }

  static func isOnCurve(_ bytes: [UInt8]) -> Bool { SM2Group.isPoint([4] + bytes) }

  /// The public part.
  func publicKey() throws(KeyError) -> PublicKey {
    switch suite {
    case .guomi:
      // Coordinates one by one: the point itself comes in the form it was read in, which may be compressed.
      return PublicKey(
        checked: .guomi, try coordinate(OSSL_PKEY_PARAM_EC_PUB_X) + coordinate(OSSL_PKEY_PARAM_EC_PUB_Y))
    case .international:
      var length = 32
      var bytes = [UInt8](repeating: 0, count: 32)
      guard unsafe EVP_PKEY_get_raw_public_key(pointer, &bytes, &length) == 1, length == 32 else {
        Self.clearErrors()
        throw .openSSL("reading an Ed25519 key")
      }
      return PublicKey(checked: .international, bytes)
    }
  }

  private func coordinate(_ name: String) throws(KeyError) -> [UInt8] {
    var number: OpaquePointer?
    var bytes = [UInt8](repeating: 0, count: 32)
    defer { unsafe BN_free(number) }
    guard unsafe EVP_PKEY_get_bn_param(pointer, name, &number) == 1, unsafe BN_bn2binpad(number, &bytes, 32) == 32 else {
      Self.clearErrors()
      throw .openSSL("reading an SM2 point")
    }
    return bytes
  }

  func sign(_ message: [UInt8], id: [UInt8]?) throws(KeyError) -> Signature {
    guard let context = unsafe EVP_MD_CTX_new() else { throw .openSSL("signing context") }
    defer { unsafe EVP_MD_CTX_free(context) }
    let parameters = try unsafe attachID(id, to: context)
    defer { unsafe EVP_PKEY_CTX_free(parameters) }
    guard unsafe EVP_DigestSignInit(context, nil, suite == .guomi ? EVP_sm3() : nil, nil, pointer) == 1 else {
      Self.clearErrors()
      throw .openSSL("signing")
    }
    var length = 128
    var bytes = [UInt8](repeating: 0, count: length)
    guard unsafe EVP_DigestSign(context, &bytes, &length, message, message.count) == 1 else {
      Self.clearErrors()
      throw .openSSL("signing")
    }
    let signature = suite == .guomi ? SignatureDER.raw(Array(bytes[..<length])) : Signature(bytes[..<length])
    guard let signature else { throw .openSSL("signature form") }
    return signature
  }

  func verify(_ signature: Signature, of message: [UInt8], id: [UInt8]?) -> Bool {
    switch suite {
    case .guomi: return verify(der: SignatureDER.der(signature), of: message, id: id)
    case .international:
      guard id == nil, let context = unsafe EVP_MD_CTX_new() else { return false }
      defer { unsafe EVP_MD_CTX_free(context) }
      return unsafe verifyPlain(signature, message, context)
    }
  }

  /// Whether an SM2 signature is valid, from the DER that OpenSSL itself decodes.
  func verify(der bytes: [UInt8], of message: [UInt8], id: [UInt8]?) -> Bool {
    guard suite == .guomi, let context = unsafe EVP_MD_CTX_new() else { return false }
    defer { unsafe EVP_MD_CTX_free(context) }
    guard let parameters = unsafe try? attachID(id, to: context) else { return false }
    defer { unsafe EVP_PKEY_CTX_free(parameters) }
    guard unsafe EVP_DigestVerifyInit(context, nil, EVP_sm3(), nil, pointer) == 1 else {
      Self.clearErrors()
      return false
    }
    let valid = unsafe EVP_DigestVerify(context, bytes, bytes.count, message, message.count) == 1
    if !valid { Self.clearErrors() }
    return valid
  }

  /// Whether an SM2 signature is valid for `hash` itself, without ZA.
  func verify(_ signature: Signature, ofHash hash: Digest) -> Bool {
    guard suite == .guomi, let context = unsafe EVP_PKEY_CTX_new(pointer, nil) else { return false }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    let bytes = SignatureDER.der(signature)
    let digest = hash.bytes
    let valid =
      unsafe EVP_PKEY_verify_init(context) == 1 && EVP_PKEY_verify(context, bytes, bytes.count, digest, digest.count) == 1
    if !valid { Self.clearErrors() }
    return valid
  }

  private func verifyPlain(_ signature: Signature, _ message: [UInt8], _ context: OpaquePointer) -> Bool {
    let bytes = signature.bytes
    let valid =
      unsafe EVP_DigestVerifyInit(context, nil, nil, nil, pointer) == 1
      && EVP_DigestVerify(context, bytes, bytes.count, message, message.count) == 1
    if !valid { Self.clearErrors() }
    return valid
  }

  /// What an SM2 operation was given; `nil` for Ed25519.
  @safe struct Parameters {
    let pointer: OpaquePointer?
  }

  /// As `attachID`, for signing certificates.
  func signingID(_ id: [UInt8]?, to context: OpaquePointer) throws(KeyError) -> Parameters {
    try unsafe Parameters(pointer: attachID(id, to: context))
  }

  /// Gives an SM2 operation its id; the caller frees the context that is returned. Ed25519 has none.
  private func attachID(_ id: [UInt8]?, to context: OpaquePointer) throws(KeyError) -> OpaquePointer? {
    guard suite == .guomi else {
      guard id == nil else { throw .idNotSupported }
      return nil
    }
    let id = id ?? Self.defaultID
    guard id.count <= Self.idLimit else { throw .idTooLong(id.count) }
    guard let parameters = unsafe EVP_PKEY_CTX_new(pointer, nil) else { throw .openSSL("key context") }
    guard unsafe EVP_PKEY_CTX_set1_id(parameters, id, Int32(id.count)) == 1 else {
      Self.clearErrors()
      unsafe EVP_PKEY_CTX_free(parameters)
      throw .openSSL("SM2 id")
    }
    unsafe EVP_MD_CTX_set_pkey_ctx(context, parameters)
    return unsafe parameters
  }

  /// A key of the SM2 curve from an uncompressed point and, for a private key, its scalar.
  private static func sm2(point: [UInt8], scalar: [UInt8]?) throws(KeyError) -> OpaquePointer {
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "SM2", nil) else { throw .openSSL("key context") }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_fromdata_init(context) == 1 else { throw .openSSL("key context") }
    // OpenSSL wants the scalar little-endian, and keeps pointers to names and values until the key is made.
    var point = point
    var number = Array((scalar ?? []).reversed())
    var group = "SM2".utf8CString
    let names = [OSSL_PKEY_PARAM_GROUP_NAME, OSSL_PKEY_PARAM_PUB_KEY, OSSL_PKEY_PARAM_PRIV_KEY].map(\.utf8CString)
    let pointer = unsafe group.withUnsafeMutableBufferPointer { group in
      unsafe point.withUnsafeMutableBytes { point in
        unsafe number.withUnsafeMutableBufferPointer { number in
          unsafe names[0].withUnsafeBufferPointer { groupName in
            unsafe names[1].withUnsafeBufferPointer { pointName in
              unsafe names[2].withUnsafeBufferPointer { numberName -> OpaquePointer? in
                var parameters = unsafe [
                  OSSL_PARAM_construct_utf8_string(groupName.baseAddress, group.baseAddress, 0),
                  OSSL_PARAM_construct_octet_string(pointName.baseAddress, point.baseAddress, point.count),
                ]
                if scalar != nil {
                  unsafe parameters.append(OSSL_PARAM_construct_BN(numberName.baseAddress, number.baseAddress, number.count))
                }
                unsafe parameters.append(OSSL_PARAM_construct_end())
                var made: OpaquePointer?
                let selection = Int32(scalar == nil ? YUCHAIN_PUBLIC_KEY : YUCHAIN_KEYPAIR)
                return unsafe EVP_PKEY_fromdata(context, &made, selection, &parameters) == 1 ? made : nil
              }
            }
          }
        }
      }
    }
    unsafe number.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    guard let pointer = unsafe pointer else {
      clearErrors()
      throw .notOnCurve
    }
    return unsafe pointer
  }
}
