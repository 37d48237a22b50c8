internal import COpenSSL

extension CryptoSuite {
  /// HMAC-SM3 or HMAC-SHA-256 (RFC 2104) of `message` under `key`.
  /// - Throws: `KeyError.openSSL` if OpenSSL fails.
  public func hmac(key: [UInt8], message: [UInt8]) throws(KeyError) -> Digest {
    var length: UInt32 = 0
    var bytes = [UInt8](repeating: 0, count: 64)
    // An empty key still needs an address.
    let secret = key.isEmpty ? [0] : key
    let algorithm = unsafe self == .guomi ? EVP_sm3() : EVP_sha256()
    let done = unsafe HMAC(algorithm, secret, Int32(key.count), message, message.count, &bytes, &length) != nil
    guard done, let digest = Digest(bytes.prefix(Int(length))) else {
      ERR_clear_error()
      throw .openSSL("HMAC")
    }
    return digest
  }
}
