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
  /// - Throws: `CertificateError` naming the first fault, leaf first.
  public func verify(under roots: [Certificate], suite: CryptoSuite, at time: BlockTime) throws(CertificateError) {
    guard !leaf.isCA, leaf.handle.allows(KU_DIGITAL_SIGNATURE) else { throw .notForSigning }
    var subject = leaf
    try Self.check(subject, suite: suite, at: time)
    for (below, issuer) in intermediates.enumerated() {
      guard subject.handle.isIssued(by: issuer.handle) else { throw .untrusted(issuer: subject.issuer) }
      try Self.check(issuer, suite: suite, at: time)
      try Self.checkAuthority(issuer, below: below)
      guard subject.handle.isSigned(by: issuer.publicKey) else { throw .wrongSignature }
      subject = issuer
    }
    let named = roots.filter { subject.handle.isIssued(by: $0.handle) }
    guard !named.isEmpty else { throw .untrusted(issuer: subject.issuer) }
    guard let root = named.first(where: { subject.handle.isSigned(by: $0.publicKey) }) else { throw .wrongSignature }
    try Self.check(root, suite: suite, at: time)
    try Self.checkAuthority(root, below: intermediates.count)
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
