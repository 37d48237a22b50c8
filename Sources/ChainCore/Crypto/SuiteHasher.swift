import COpenSSL

/// Incremental SM3 or SHA-256 through OpenSSL.
///
/// OpenSSL can fail here only for want of memory, which the process does not survive anyway.
@safe public struct SuiteHasher: ~Copyable {
  private let context: OpaquePointer

  /// A hasher for the digest of `suite`.
  public init(_ suite: CryptoSuite) {
    OpenSSLLibrary.prepare()
    guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
    unsafe self.context = context
    let algorithm = unsafe suite == .guomi ? EVP_sm3() : EVP_sha256()
    let started = unsafe EVP_DigestInit_ex(context, algorithm, nil)
    precondition(started == 1, "OpenSSL has no SM3 or SHA-256: use a build that has")
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Adds bytes.
  public mutating func update(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { _ = unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
  }

  /// The digest of everything added. The hasher ends here.
  public consuming func finalize() -> Digest {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Digest.byteCount) { buffer, count in
      _ = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
      count = Digest.byteCount
    }
    guard let digest = Digest(bytes) else { preconditionFailure("a digest has 32 bytes") }
    return digest
  }
}
