internal import COpenSSL

/// An X.509 v3 certificate (RFC 5280; for SM2 GM/T 0015), read strictly: its bytes are the one DER form of its content.
public struct Certificate: Sendable {
  /// The greatest number of bytes that is read.
  public static let byteLimit = 16 * 1024

  /// The bytes.
  public let der: [UInt8]
  /// The organisation (O) of the subject, if it has one.
  public let organisation: String?
  /// The common name (CN) of the subject, if it has one.
  public let commonName: String?
  /// The subject's key.
  public let publicKey: PublicKey
  /// The serial number, big-endian without leading zeros.
  public let serial: [UInt8]
  /// From when it is valid.
  public let notBefore: BlockTime
  /// Until when it is valid, included.
  public let notAfter: BlockTime
  /// Whether it is an authority's.
  public let isCA: Bool
  /// Subject and issuer in the form of RFC 2253.
  public let subject, issuer: String
  let handle: CertificateHandle

  /// Reads a certificate.
  /// - Throws: `CertificateError.tooLarge`, `.malformed`, also for unknown critical extensions and keys of other algorithms.
  public init(der: [UInt8]) throws(CertificateError) {
    guard der.count <= Self.byteLimit else { throw .tooLarge(der.count) }
    let handle = try CertificateHandle(der: der)
    guard try handle.der() == der else { throw .malformed("the bytes have a shorter or other form") }
    try self.init(handle, der: der)
  }

  /// Reads the one certificate of a PEM text (RFC 7468).
  public init(pem: String) throws(CertificateError) {
    guard pem.utf8.count <= 2 * Self.byteLimit else { throw .tooLarge(pem.utf8.count) }
    let handle = try CertificateHandle(pem: pem)
    let der = try handle.der()
    try self.init(handle, der: der)
  }

  init(_ handle: CertificateHandle, der: [UInt8]) throws(CertificateError) {
    self.handle = handle
    self.der = der
    try handle.checkExtensions()
    organisation = try handle.subjectPart(NID_organizationName)
    commonName = try handle.subjectPart(NID_commonName)
    subject = try handle.name(ofIssuer: false)
    issuer = try handle.name(ofIssuer: true)
    publicKey = try handle.publicKey()
    serial = try handle.serial()
    (notBefore, notAfter) = try handle.validity()
    isCA = handle.isAuthority
  }

  /// The PEM text.
  public var pem: String {
    get throws(CertificateError) { try handle.pem() }
  }
}

extension Certificate: Hashable {
  /// Certificates are equal if their bytes are.
  public static func == (left: Certificate, right: Certificate) -> Bool { left.der == right.der }
  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

extension Certificate: CustomStringConvertible {
  /// Subject and issuer.
  public var description: String { "\(subject), issued by \(issuer)" }
}
