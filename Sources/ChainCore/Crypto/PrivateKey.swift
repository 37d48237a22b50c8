/// A signing key that OpenSSL holds. It never prints or encodes itself, except as a PEM document on request.
public final class PrivateKey: Sendable {
  /// The key that verifies what this one signs.
  public let publicKey: PublicKey
  let handle: KeyHandle

  /// The suite.
  public var suite: CryptoSuite { publicKey.suite }

  init(_ handle: KeyHandle) throws(KeyError) {
    self.handle = handle
    publicKey = try handle.publicKey()
  }

  /// A new key from the system's randomness.
  public static func generate(_ suite: CryptoSuite) throws(KeyError) -> PrivateKey {
    try PrivateKey(try KeyHandle.generate(suite))
  }

  /// The key of this secret: an SM2 scalar (32 bytes, big-endian) or an Ed25519 seed (32 bytes).
  /// - Throws: `KeyError.wrongLength`, `.scalarOutOfRange`.
  public convenience init(suite: CryptoSuite, secret: [UInt8]) throws(KeyError) {
    try self.init(try KeyHandle(suite: suite, secret: secret))
  }

  /// The key in a PKCS #8 PEM document, plain or encrypted.
  /// - Throws: `KeyError.malformed`, `.wrongPassphrase`, `.unknownAlgorithm`.
  public convenience init(pem: String, passphrase: [UInt8]? = nil) throws(KeyError) {
    try self.init(try KeyHandle(pem: pem, passphrase: passphrase))
  }

  /// The PKCS #8 PEM document; with a passphrase encrypted by AES-256-CBC under PBKDF2.
  public func pem(passphrase: [UInt8]? = nil) throws(KeyError) -> String { try handle.pem(passphrase: passphrase) }

  /// Signs a digest; SM2 hashes it once more with ZA of the default id (GM/T 0009).
  public func sign(_ digest: Digest) throws(KeyError) -> Signature { try sign(message: digest.bytes) }

  /// Signs a message.
  /// - Parameter id: The SM2 distinguishing id; `nil` = `1234567812345678`. Ed25519 takes none.
  public func sign(message: [UInt8], id: [UInt8]? = nil) throws(KeyError) -> Signature { try handle.sign(message, id: id) }
}
