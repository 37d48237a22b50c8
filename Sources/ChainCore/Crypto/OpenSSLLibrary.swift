internal import COpenSSL

/// The library behind keys, certificates and most hashing.
enum OpenSSLLibrary {
  private static let isPrepared = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

  /// Before hashes and keys use it first: it must not clean up when the process exits, because other threads may be at work then and would
  /// find its tables freed. The system takes the memory back. If this fails, so does what comes next, and says so.
  static func prepare() { _ = isPrepared }
}
