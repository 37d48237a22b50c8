internal import COpenSSL

/// Hash functions that only other chains use, through OpenSSL.
package enum OtherHash: String, Sendable, CaseIterable {
  /// SHA-512.
  case sha512 = "SHA512"
  /// SHA-512/256.
  case sha512Half = "SHA512-256"
  /// RIPEMD-160, which OpenSSL 3.0 has since 3.0.7.
  case ripemd160 = "RIPEMD160"
  /// BLAKE2b with 64 bytes.
  case blake2b = "BLAKE2B-512"
  /// BLAKE2s with 32 bytes.
  case blake2s = "BLAKE2S-256"

  /// The hash of `bytes`; `nil` if this OpenSSL does not have the function.
  package func hash(_ bytes: [UInt8]) -> [UInt8]? {
    guard let algorithm = unsafe EVP_MD_fetch(nil, rawValue, nil) else {
      ERR_clear_error()
      return nil
    }
    defer { unsafe EVP_MD_free(algorithm) }
    var output = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    guard unsafe EVP_Digest(bytes, bytes.count, &output, &length, algorithm, nil) == 1 else {
      ERR_clear_error()
      return nil
    }
    return Array(output.prefix(Int(length)))
  }
}
