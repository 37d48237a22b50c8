internal import COpenSSL

/// An X.509 certificate revocation list, version 2 (RFC 5280 §5; for SM2 GM/T 0015), read strictly.
///
/// Complete lists of one issuer only: delta lists, indirect lists and lists for a part of the certificates mark that by critical
/// extensions, and every critical extension is refused.
public struct RevocationList: Sendable {
  /// The greatest number of bytes that is read.
  public static let byteLimit = 96 * 1024
  /// The greatest number of certificates on a list.
  public static let entryLimit = 2_000

  /// Why a certificate is on a list (RFC 5280 §5.3.1), as far as the chain tells reasons apart.
  public enum Reason: Sendable, Hashable {
    /// It may come back: reason `certificateHold`.
    case hold
    /// It never comes back; the number of the reason, 0 for none.
    case final(Int)
  }

  /// A certificate on the list.
  public struct Entry: Sendable, Hashable {
    /// Its serial number, big-endian without leading zeros.
    public var serial: [UInt8]
    /// Why it is on the list.
    public var reason: Reason

    /// Names a certificate.
    public init(serial: [UInt8], reason: Reason = .final(0)) {
      self.serial = serial
      self.reason = reason
    }
  }

  /// The bytes.
  public let der: [UInt8]
  /// The issuer in the form of RFC 2253.
  public let issuer: String
  /// The list's number, big-endian without leading zeros; at most 20 bytes.
  public let number: [UInt8]
  /// From when it is valid.
  public let thisUpdate: BlockTime
  /// When the next one is due.
  public let nextUpdate: BlockTime
  /// The certificates on it, in its order.
  public let entries: [Entry]
  private let handle: RevocationListHandle

  /// Reads a list; `verify` checks it.
  /// - Throws: `CertificateError.listTooLarge`, `.malformedList`.
  public init(der: [UInt8]) throws(CertificateError) {
    guard der.count <= Self.byteLimit else { throw .listTooLarge("\(der.count) bytes") }
    let handle = try RevocationListHandle(der: der)
    guard try handle.der() == der else { throw .malformedList("the bytes have a shorter or other form") }
    try handle.checkExtensions()
    self.der = der
    self.handle = handle
    issuer = try handle.issuer()
    number = try handle.number()
    (thisUpdate, nextUpdate) = try handle.validity()
    entries = try handle.entries()
  }

  /// Verifies that `authority` issued the list, may do so, and that it is the one to go by at `time`.
  /// - Throws: `CertificateError` naming the fault.
  public func verify(by authority: Certificate, suite: CryptoSuite, at time: BlockTime) throws(CertificateError) {
    guard authority.publicKey.suite == suite else { throw .wrongSuite }
    guard handle.signatureSuite == suite else { throw .wrongSignatureAlgorithm }
    guard handle.isIssued(by: authority.handle) else { throw .untrusted(issuer: issuer) }
    guard authority.isCA, authority.handle.allows(KU_CRL_SIGN) else { throw .notAnAuthority(authority.subject) }
    guard thisUpdate <= time else { throw .notYetValid(from: thisUpdate) }
    guard time <= nextUpdate else { throw .listOutdated(until: nextUpdate) }
    guard let signature = try handle.signature(suite: suite),
      authority.publicKey.verifyByOpenSSL(signature, ofMessage: try handle.signedBytes())
    else { throw .wrongSignature }
  }

  /// Whether the list names `authority` as its issuer.
  func isIssued(by authority: Certificate) -> Bool { handle.isIssued(by: authority.handle) }

  /// Whether this list's number is greater than `other`.
  public func isNewer(than other: [UInt8]) -> Bool {
    number.count == other.count ? other.lexicographicallyPrecedes(number) : number.count > other.count
  }
}

extension RevocationList: Hashable {
  /// Lists are equal if their bytes are.
  public static func == (left: RevocationList, right: RevocationList) -> Bool { left.der == right.der }
  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) { hasher.combine(der) }
}
