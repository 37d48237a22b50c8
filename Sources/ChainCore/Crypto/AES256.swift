internal import COpenSSL

/// AES-256 in counter mode (NIST SP 800-38A) through OpenSSL. It does not authenticate: put a MAC over the ciphertext.
public enum AES256 {
  /// The number of bytes of a key.
  public static let keyBytes = 32
  /// The number of bytes of a counter block.
  public static let blockBytes = 16

  /// Encrypts or decrypts, which is the same; the whole 16 bytes are a big-endian counter.
  /// - Throws: `CipherError.wrongLength` for a key or counter of another length, `.openSSL`.
  public static func ctr(_ bytes: [UInt8], key: [UInt8], counter: [UInt8]) throws(CipherError) -> [UInt8] {
    guard key.count == keyBytes else { throw .wrongLength(key.count) }
    guard counter.count == blockBytes else { throw .wrongLength(counter.count) }
    guard bytes.count <= Int(Int32.max) - blockBytes, let context = unsafe EVP_CIPHER_CTX_new() else { throw .openSSL("memory") }
    defer { unsafe EVP_CIPHER_CTX_free(context) }
    guard unsafe EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), nil, key, counter) == 1 else { throw .openSSL("AES") }
    var output = [UInt8](repeating: 0, count: bytes.count + blockBytes)
    var length: Int32 = 0
    guard unsafe EVP_EncryptUpdate(context, &output, &length, bytes, Int32(bytes.count)) == 1, Int(length) == bytes.count else {
      throw .openSSL("AES")
    }
    return Array(output[..<Int(length)])
  }
}
