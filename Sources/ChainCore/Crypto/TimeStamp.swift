internal import COpenSSL

/// Why a time stamp does not hold.
@nonexhaustive
public enum TimeStampError: Error, Hashable, Sendable {
  /// The bytes are no request, response or certificate of the standard.
  case malformed(String)
  /// The authority did not grant the stamp; its status number (RFC 3161 §2.4.2).
  case notGranted(status: Int)
  /// The stamp is about other bytes, or answers another request.
  case mismatch
  /// The signature does not hold, or no chain of certificates leads to a trusted root at the stamp's own time.
  case notTrusted(String)
  /// OpenSSL failed at this step.
  case openSSL(String)
}

extension TimeStampError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .malformed(let what): "not a \(what) of RFC 3161"
    case .notGranted(let status): "the time-stamping authority answered with status \(status), not with a stamp"
    case .mismatch: "the time stamp is about other bytes, or answers another request"
    case .notTrusted(let why): "the time stamp is not trusted: \(why)"
    case .openSSL(let step): "OpenSSL failed: \(step)"
    }
  }
}

/// What a time stamp is about: a digest and its algorithm.
public enum ImprintAlgorithm: String, Sendable, Hashable, CaseIterable {
  /// SM3 (1.2.156.10197.1.401).
  case sm3
  /// SHA-256.
  case sha256
  /// SHA-384.
  case sha384
  /// SHA-512.
  case sha512

  var nid: Int32 {
    switch self {
    case .sm3: NID_sm3
    case .sha256: NID_sha256
    case .sha384: NID_sha384
    case .sha512: NID_sha512
    }
  }

  /// The number of bytes of a digest.
  public var byteCount: Int {
    switch self {
    case .sm3, .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }
}

/// A time-stamp response (RFC 3161) and what it says. Nothing is believed before `verify`.
public struct TimeStampResponse: Sendable, Hashable {
  /// The greatest number of bytes that is read.
  public static let byteLimit = 64 * 1024

  /// The response in DER.
  public let der: [UInt8]
  /// The token in DER: what evidence keeps the digest of.
  public let token: [UInt8]
  /// The algorithm of the imprint.
  public let algorithm: ImprintAlgorithm
  /// The imprint: the digest of the stamped bytes.
  public let imprint: [UInt8]
  /// The authority's time, in whole seconds.
  public let time: BlockTime
  /// The serial number of the stamp, big-endian without leading zeros.
  public let serial: [UInt8]
  /// The authority's policy, as a dotted number.
  public let policy: String
  /// The nonce of the request, if it had one.
  public let nonce: [UInt8]?

  /// Reads a response.
  /// - Throws: `TimeStampError.malformed`; `.notGranted` with the status if the authority refused.
  public init(der: [UInt8]) throws(TimeStampError) {
    let response = try TimeStampHandle(response: der)
    let status = unsafe ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response.pointer)))
    guard status == 0 || status == 1 else { throw .notGranted(status: status) }
    guard let info = unsafe TS_RESP_get_tst_info(response.pointer), let token = unsafe TS_RESP_get_token(response.pointer) else {
      throw .malformed("response with a token")
    }
    guard let imprint = unsafe TS_TST_INFO_get_msg_imprint(info), let name = unsafe TS_MSG_IMPRINT_get_algo(imprint) else {
      throw .malformed("imprint")
    }
    var object: OpaquePointer?
    unsafe X509_ALGOR_get0(&object, nil, nil, name)
    let nid = unsafe OBJ_obj2nid(object)
    guard let algorithm = ImprintAlgorithm.allCases.first(where: { $0.nid == nid }) else { throw .malformed("known imprint algorithm") }
    let bytes = unsafe TimeStampHandle.bytes(TS_MSG_IMPRINT_get_msg(imprint))
    guard bytes.count == algorithm.byteCount else { throw .malformed("imprint of \(algorithm.rawValue)") }
    guard let stamped = unsafe TS_TST_INFO_get_time(info) else { throw .malformed("time") }
    self.der = der
    self.token = try unsafe TimeStampHandle.written { unsafe i2d_PKCS7(token, $0) }
    self.algorithm = algorithm
    self.imprint = bytes
    time = try unsafe TimeStampHandle.time(stamped)
    serial = try unsafe TimeStampHandle.integer(TS_TST_INFO_get_serial(info))
    policy = unsafe TimeStampHandle.text(TS_TST_INFO_get_policy_id(info))
    nonce = try unsafe TS_TST_INFO_get_nonce(info).map { pointer throws(TimeStampError) in try unsafe TimeStampHandle.integer(pointer) }
  }

  /// Checks that the stamp is a trusted authority's, over `digest`, and answers `request` if one is given.
  ///
  /// Certificates are judged at the stamp's own time: they may have expired since.
  /// - Parameters:
  ///   - roots: DER of the roots that are trusted.
  ///   - certificates: DER of further certificates, for tokens that carry none.
  ///   - request: DER of the request.
  /// - Throws: `TimeStampError.mismatch`, `.notTrusted`.
  public func verify(
    digest: [UInt8], roots: [[UInt8]], certificates: [[UInt8]] = [], request: [UInt8]? = nil
  ) throws(TimeStampError) {
    guard digest == imprint else { throw .mismatch }
    let response = try TimeStampHandle(response: der)
    let context = try TimeStampVerification(request: request)
    try context.use(roots: roots, certificates: certificates, at: time)
    if request == nil { try context.expect(digest) }
    guard unsafe TS_RESP_verify_response(context.pointer, response.pointer) == 1 else {
      throw TimeStampVerification.failure()
    }
  }
}

/// A time-stamp request (RFC 3161 §2.4.1).
public struct TimeStampRequest: Sendable, Hashable {
  /// The request in DER: the body of a POST with the type `application/timestamp-query`.
  public let der: [UInt8]

  /// Asks for a stamp over a digest, with the authority's certificate in the token.
  /// - Parameter nonce: 8 random bytes, which the answer repeats; its first bit is cleared, so that it is a positive number.
  /// - Throws: `TimeStampError.malformed` for a digest of another length, `.openSSL`.
  public init(digest: [UInt8], algorithm: ImprintAlgorithm, nonce: [UInt8]? = nil) throws(TimeStampError) {
    guard digest.count == algorithm.byteCount else { throw .malformed("digest of \(algorithm.rawValue)") }
    guard nonce.map({ (1...32).contains($0.count) }) ?? true else { throw .malformed("nonce") }
    var fields = DERWriter.value(0x02, [1]) + DERWriter.sequence(try Self.name(algorithm) + DERWriter.value(0x04, digest))
    if let nonce {
      var bytes = nonce
      bytes[0] &= 0x7f
      fields += DERWriter.number(bytes[...])
    }
    der = DERWriter.sequence(fields + DERWriter.value(0x01, [0xff]))
    _ = try TimeStampVerification(request: der)
  }

  /// AlgorithmIdentifier without parameters.
  private static func name(_ algorithm: ImprintAlgorithm) throws(TimeStampError) -> [UInt8] {
    guard let object = unsafe OBJ_nid2obj(algorithm.nid) else { throw .openSSL("object") }
    return DERWriter.sequence(try unsafe TimeStampHandle.written { unsafe i2d_ASN1_OBJECT(object, $0) })
  }
}
