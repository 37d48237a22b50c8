internal import COpenSSL

/// A member's certificate and the authorities between it and a root, in order.
///
/// Verification is a pure function of path, roots, suite and time (RFC 5280 §6.1 without names constraints and policies, which
/// are refused where critical). Revocation is state of the chain, not of this check.
public struct CertificatePath: Sendable, Hashable {
  /// The member's certificate.
  public var leaf: Certificate
  /// The authority that issued the leaf, then its issuer, and so on; the root is left out.
  public var intermediates: [Certificate]

  /// A path.
  public init(leaf: Certificate, intermediates: [Certificate] = []) {
    self.leaf = leaf
    self.intermediates = intermediates
  }

  /// Verifies that the path leads to one of `roots`, that each certificate is valid at `time`, and that each may do what it does.
  /// - Returns: The root.
  /// - Throws: `CertificateError` naming the first fault, leaf first.
  @discardableResult
  public func verify(under roots: [Certificate], suite: CryptoSuite, at time: BlockTime) throws(CertificateError) -> Certificate {
    guard !leaf.isCA, leaf.handle.allows(KU_DIGITAL_SIGNATURE) else { throw .notForSigning }
    try Self.check(leaf, suite: suite, at: time)
    return try Self.climb(from: leaf, over: intermediates, below: 0, under: roots, suite: suite, at: time)
  }

  /// Verifies that `authorities`, each issued by the next, lead to one of `roots`.
  /// - Returns: The root.
  static func verify(
    authorities: [Certificate], under roots: [Certificate], suite: CryptoSuite, at time: BlockTime
  ) throws(CertificateError) -> Certificate? {
    guard let first = authorities.first else { return nil }
    try check(first, suite: suite, at: time)
    try checkAuthority(first, below: 0)
    return try climb(from: first, over: Array(authorities.dropFirst()), below: 1, under: roots, suite: suite, at: time)
  }

  /// Verifies that `root` signed itself and may issue certificates at `time`.
  static func checkRoot(_ root: Certificate, suite: CryptoSuite, at time: BlockTime) throws(CertificateError) {
    try check(root, suite: suite, at: time)
    try checkAuthority(root, below: 0)
    guard root.handle.isIssued(by: root.handle) else { throw .untrusted(issuer: root.issuer) }
    guard root.handle.isSigned(by: root.publicKey) else { throw .wrongSignature }
  }

  private static func climb(
    from first: Certificate, over intermediates: [Certificate], below lowest: Int, under roots: [Certificate], suite: CryptoSuite,
    at time: BlockTime
  ) throws(CertificateError) -> Certificate {
    var subject = first
    for (place, issuer) in intermediates.enumerated() {
      guard subject.handle.isIssued(by: issuer.handle) else { throw .untrusted(issuer: subject.issuer) }
      try check(issuer, suite: suite, at: time)
      try checkAuthority(issuer, below: lowest + place)
      guard subject.handle.isSigned(by: issuer.publicKey) else { throw .wrongSignature }
      subject = issuer
    }
    let named = roots.filter { subject.handle.isIssued(by: $0.handle) }
    guard !named.isEmpty else { throw .untrusted(issuer: subject.issuer) }
    guard let root = named.first(where: { subject.handle.isSigned(by: $0.publicKey) }) else { throw .wrongSignature }
    try check(root, suite: suite, at: time)
    try checkAuthority(root, below: lowest + intermediates.count)
    return root
  }

  private static func check(_ certificate: Certificate, suite: CryptoSuite, at time: BlockTime) throws(CertificateError) {
    guard certificate.publicKey.suite == suite else { throw .wrongSuite }
    guard certificate.handle.signatureSuite == suite else { throw .wrongSignatureAlgorithm }
    guard certificate.notBefore <= time else { throw .notYetValid(from: certificate.notBefore) }
    guard time <= certificate.notAfter else { throw .expired(until: certificate.notAfter) }
  }

  private static func checkAuthority(_ authority: Certificate, below: Int) throws(CertificateError) {
    guard authority.isCA, authority.handle.allows(KU_KEY_CERT_SIGN) else { throw .notAnAuthority(authority.subject) }
    guard authority.handle.pathLength.map({ below <= $0 }) ?? true else { throw .pathTooLong }
  }
}
