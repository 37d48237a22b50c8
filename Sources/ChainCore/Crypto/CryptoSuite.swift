/// The cryptography of a chain, fixed at its genesis and never guessed from bytes.
public enum CryptoSuite: UInt8, CanonicalEnum, Hashable, CaseIterable, Codable {
  /// 国密: SM2 signatures (GM/T 0009 id), SM3, SM4.
  case guomi = 0
  /// Ed25519, SHA-256, AES.
  case international = 1

  /// The digest of `bytes`: SM3 or SHA-256.
  public func hash(_ bytes: [UInt8]) -> Digest {
    var hasher = SuiteHasher(self)
    hasher.update(bytes)
    return hasher.finalize()
  }
}
