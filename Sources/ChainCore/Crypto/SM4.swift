internal import COpenSSL

/// Why a cipher refused.
@nonexhaustive
public enum CipherError: Error, Hashable, Sendable {
  /// SM4 keys, initial vectors and counters have 16 bytes.
  case wrongLength(Int)
  /// Without padding the input is whole blocks of 16 bytes.
  case notWholeBlocks(Int)
  /// The padding is not that of PKCS #7: wrong key, or changed bytes.
  case padding
  /// OpenSSL 3.0 does not have this mode. Use SM4-CTR with HMAC-SM3, encrypt-then-MAC.
  case notSupported(String)
  /// The ciphertext has not the form of GM/T 0009, or its point is not on the curve.
  case malformed
  /// The ciphertext does not belong to this key, or was changed.
  case authentication
  /// OpenSSL failed at this step.
  case openSSL(String)
}

extension CipherError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .wrongLength(let bytes): "\(bytes) bytes where 16 are expected"
    case .notWholeBlocks(let bytes): "\(bytes) bytes are no whole blocks of 16"
    case .padding: "the padding is wrong: another key, or changed bytes"
    case .notSupported(let mode): "\(mode) is not supported; use SM4-CTR with HMAC-SM3"
    case .malformed: "not an SM2 ciphertext"
    case .authentication: "the ciphertext is not for this key, or was changed"
    case .openSSL(let step): "OpenSSL failed: \(step)"
    }
  }
}

/// SM4 (GM/T 0002) through OpenSSL. None of the modes that exist here authenticates: put a MAC over the ciphertext.
public enum SM4 {
  /// The modes.
  public enum Mode: Sendable, Hashable {
    /// Single blocks, each alone: for tests of the cipher.
    case ecb
    /// Cipher block chaining over whole blocks.
    case cbc(iv: [UInt8])
    /// Cipher block chaining with PKCS #7 padding.
    case cbcPadded(iv: [UInt8])
    /// Counter mode; the whole 16 bytes are a big-endian counter.
    case ctr(counter: [UInt8])
    /// Galois counter mode: not in OpenSSL 3.0.
    case gcm(nonce: [UInt8])
    /// Counter with CBC-MAC: not in OpenSSL 3.0.
    case ccm(nonce: [UInt8])
  }

  /// The number of bytes of keys and blocks.
  public static let blockBytes = 16

  /// Encrypts.
  public static func encrypt(_ bytes: [UInt8], key: [UInt8], mode: Mode) throws(CipherError) -> [UInt8] {
    try run(bytes, key: key, mode: mode, encrypts: true)
  }

  /// Decrypts.
  public static func decrypt(_ bytes: [UInt8], key: [UInt8], mode: Mode) throws(CipherError) -> [UInt8] {
    try run(bytes, key: key, mode: mode, encrypts: false)
  }

  private static func run(_ bytes: [UInt8], key: [UInt8], mode: Mode, encrypts: Bool) throws(CipherError) -> [UInt8] {
    let cipher: OpaquePointer?
    var isPadded = false
    var needsBlocks = true
    let vector: [UInt8]
    switch mode {
    case .ecb: unsafe (cipher, vector) = unsafe (EVP_sm4_ecb(), [UInt8](repeating: 0, count: blockBytes))
    case .cbc(let iv): unsafe (cipher, vector) = unsafe (EVP_sm4_cbc(), iv)
    case .cbcPadded(let iv):
      unsafe (cipher, vector) = unsafe (EVP_sm4_cbc(), iv)
      isPadded = true
      needsBlocks = !encrypts
    case .ctr(let counter):
      unsafe (cipher, vector) = unsafe (EVP_sm4_ctr(), counter)
      needsBlocks = false
    case .gcm: throw .notSupported("SM4-GCM")
    case .ccm: throw .notSupported("SM4-CCM")
    }
    guard key.count == blockBytes else { throw .wrongLength(key.count) }
    guard vector.count == blockBytes else { throw .wrongLength(vector.count) }
    guard !needsBlocks || bytes.count.isMultiple(of: blockBytes), !(isPadded && !encrypts && bytes.isEmpty) else {
      throw .notWholeBlocks(bytes.count)
    }
    guard bytes.count <= Int(Int32.max) - blockBytes, let context = unsafe EVP_CIPHER_CTX_new() else { throw .openSSL("memory") }
    defer { unsafe EVP_CIPHER_CTX_free(context) }
    guard unsafe EVP_CipherInit_ex(context, cipher, nil, key, vector, encrypts ? 1 : 0) == 1 else { throw .openSSL("SM4") }
    unsafe EVP_CIPHER_CTX_set_padding(context, isPadded ? 1 : 0)
    var output = [UInt8](repeating: 0, count: bytes.count + 2 * blockBytes)
    var length: Int32 = 0
    guard unsafe EVP_CipherUpdate(context, &output, &length, bytes, Int32(bytes.count)) == 1 else { throw .openSSL("SM4") }
    var last = [UInt8](repeating: 0, count: 2 * blockBytes)
    var lastLength: Int32 = 0
    guard unsafe EVP_CipherFinal_ex(context, &last, &lastLength) == 1 else {
      ERR_clear_error()
      throw .padding
    }
    return Array(output[..<Int(length)]) + last[..<Int(lastLength)]
  }
}
