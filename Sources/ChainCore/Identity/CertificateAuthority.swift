internal import COpenSSL

/// Issues certificates with a key that this process holds: for trials, tests and small deployments. A province uses its own CA.
public struct CertificateAuthority: Sendable {
  /// The authority's own certificate.
  public let certificate: Certificate
  let key: PrivateKey

  /// What a certificate says of its subject.
  public struct Subject: Sendable, Hashable {
    /// The organisation (O).
    public var organisation: String
    /// The common name (CN).
    public var commonName: String

    /// Names a subject.
    public init(organisation: String, commonName: String) {
      self.organisation = organisation
      self.commonName = commonName
    }
  }

  /// The authority of an existing certificate and its key.
  /// - Throws: `CertificateError.notAnAuthority` if they do not belong together or may not issue.
  public init(certificate: Certificate, key: PrivateKey) throws(CertificateError) {
    guard certificate.isCA, certificate.publicKey == key.publicKey else { throw .notAnAuthority(certificate.subject) }
    self.certificate = certificate
    self.key = key
  }

  /// A new root that signs itself.
  public static func root(
    _ subject: Subject, key: PrivateKey, serial: UInt64 = 1, from: BlockTime, until: BlockTime
  ) throws(CertificateError) -> CertificateAuthority {
    let draft = try CertificateDraft(subject: subject, key: key.publicKey, serial: serial, from: from, until: until, isCA: true)
    let certificate = try draft.signed(by: key, issuer: nil)
    return try CertificateAuthority(certificate: certificate, key: key)
  }

  /// A certificate for `publicKey`; `isCA` makes it an authority that may issue for members only.
  public func issue(
    _ subject: Subject, publicKey: PublicKey, serial: UInt64, from: BlockTime, until: BlockTime, isCA: Bool = false
  ) throws(CertificateError) -> Certificate {
    let draft = try CertificateDraft(subject: subject, key: publicKey, serial: serial, from: from, until: until, isCA: isCA, pathLength: 0)
    return try draft.signed(by: key, issuer: certificate)
  }
}

/// A certificate that is not signed yet.
@safe private final class CertificateDraft {
  private let pointer: OpaquePointer

  deinit { unsafe X509_free(pointer) }

  init(
    subject: CertificateAuthority.Subject, key: PublicKey, serial: UInt64, from: BlockTime, until: BlockTime, isCA: Bool,
    pathLength: Int? = nil
  ) throws(CertificateError) {
    guard let pointer = unsafe X509_new() else { throw .openSSL("memory") }
    unsafe self.pointer = pointer
    guard serial > 0, from.rawValue / 1_000 <= UInt64(Int32.max) * 64, until.rawValue / 1_000 <= 253_402_300_799 else {
      throw .malformed("serial numbers are positive and times before the year 10000")
    }
    guard let handle = try? KeyHandle(key) else { throw .openSSL("key") }
    let done =
      unsafe X509_set_version(pointer, 2) == 1
      && ASN1_INTEGER_set_uint64(X509_get_serialNumber(pointer), serial) == 1
      && ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(from.rawValue / 1_000)) != nil
      && ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(until.rawValue / 1_000)) != nil
      && X509_set_pubkey(pointer, handle.pointer) == 1
    guard done, let name = unsafe X509_get_subject_name(pointer) else { throw .openSSL("certificate fields") }
    try unsafe Self.add(NID_organizationName, subject.organisation, to: name)
    try unsafe Self.add(NID_commonName, subject.commonName, to: name)
    let constraints = isCA ? "critical,CA:TRUE" + (pathLength.map { ",pathlen:\($0)" } ?? "") : "critical,CA:FALSE"
    try add(NID_basic_constraints, constraints)
    try add(NID_key_usage, isCA ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature,nonRepudiation")
  }

  private static func add(_ nid: Int32, _ text: String, to name: OpaquePointer) throws(CertificateError) {
    let bytes = Array(text.utf8)
    guard (1...64).contains(text.unicodeScalars.count),
      unsafe X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0) == 1
    else {
      ERR_clear_error()
      throw .malformed("names have 1 to 64 characters")
    }
  }

  private func add(_ nid: Int32, _ value: String) throws(CertificateError) {
    guard let entry = unsafe X509V3_EXT_conf_nid(nil, nil, nid, value) else { throw .openSSL("extension") }
    defer { unsafe X509_EXTENSION_free(entry) }
    guard unsafe X509_add_ext(pointer, entry, -1) == 1 else { throw .openSSL("extension") }
  }

  func signed(by key: PrivateKey, issuer: Certificate?) throws(CertificateError) -> Certificate {
    let name = unsafe issuer.map { unsafe X509_get_subject_name($0.handle.pointer) } ?? X509_get_subject_name(pointer)
    guard let context = unsafe EVP_MD_CTX_new() else { throw .openSSL("memory") }
    defer { unsafe EVP_MD_CTX_free(context) }
    guard let parameters = unsafe try? key.handle.signingID(nil, to: context) else { throw .openSSL("signing") }
    defer { unsafe EVP_PKEY_CTX_free(parameters.pointer) }
    guard unsafe X509_set_issuer_name(pointer, name) == 1,
      unsafe EVP_DigestSignInit(context, nil, key.suite == .guomi ? EVP_sm3() : nil, nil, key.handle.pointer) == 1,
      unsafe X509_sign_ctx(pointer, context) > 0
    else {
      ERR_clear_error()
      throw .openSSL("signing a certificate")
    }
    unsafe X509_up_ref(pointer)
    let handle = try unsafe CertificateHandle(owning: pointer)
    return try Certificate(der: try handle.der())
  }
}
