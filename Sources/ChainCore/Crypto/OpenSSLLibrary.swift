internal import COpenSSL

/// The library behind keys, certificates and most hashing.
enum OpenSSLLibrary {
  /// Asked for before hashes and keys use it first. It must not clean up when the process exits: other threads may be at work then, and would find its
  /// tables freed. The system takes the memory back.
  static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1
}
