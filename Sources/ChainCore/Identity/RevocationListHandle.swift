internal import COpenSSL

/// An OpenSSL revocation list. Nothing changes it after it is read.
@safe final class RevocationListHandle: Sendable {
  nonisolated(unsafe) let pointer: OpaquePointer

  deinit { unsafe X509_CRL_free(pointer) }

  init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

  convenience init(der: [UInt8]) throws(CertificateError) {
    let found = unsafe der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return unsafe d2i_X509_CRL(nil, &cursor, buffer.count)
    }
    guard let found = unsafe found else {
      ERR_clear_error()
      throw .malformedList("no X.509 structure")
    }
    unsafe self.init(owning: found)
  }

  func der() throws(CertificateError) -> [UInt8] {
    try unsafe CertificateHandle.written { unsafe i2d_X509_CRL_bio($0, pointer) }
  }

  /// Version 2, and no critical extension: these narrow or widen what a list is about.
  func checkExtensions() throws(CertificateError) {
    guard unsafe X509_CRL_get_version(pointer) == 1 else { throw .malformedList("version 2 is expected") }
    for index in 0..<(unsafe X509_CRL_get_ext_count(pointer)) {
      guard let found = unsafe X509_CRL_get_ext(pointer, index), unsafe X509_EXTENSION_get_critical(found) == 0 else {
        throw .malformedList("a critical extension: only complete lists of one issuer are read")
      }
    }
  }

  func issuer() throws(CertificateError) -> String {
    guard let name = unsafe X509_CRL_get_issuer(pointer) else { throw .malformedList("no issuer") }
    let flags = UInt(YUCHAIN_NAME_UTF8)
    let text = try unsafe CertificateHandle.written { unsafe X509_NAME_print_ex($0, name, 0, flags) > 0 ? 1 : 0 }
    return String(decoding: text, as: UTF8.self)
  }

  func isIssued(by authority: CertificateHandle) -> Bool {
    unsafe X509_NAME_cmp(X509_CRL_get_issuer(pointer), X509_get_subject_name(authority.pointer)) == 0
  }

  /// The suite whose algorithm signed it, if any.
  var signatureSuite: CryptoSuite? {
    switch unsafe X509_CRL_get_signature_nid(pointer) {
    case NID_SM2_with_SM3: .guomi
    case NID_ED25519: .international
    default: nil
    }
  }

  func number() throws(CertificateError) -> [UInt8] {
    guard let found = unsafe X509_CRL_get_ext_d2i(pointer, NID_crl_number, nil, nil) else {
      ERR_clear_error()
      throw .malformedList("no number, or several")
    }
    let number = unsafe found.assumingMemoryBound(to: ASN1_INTEGER.self)
    defer { unsafe ASN1_INTEGER_free(number) }
    guard let bytes = unsafe Self.magnitude(number) else { throw .malformedList("the number") }
    return bytes
  }

  func validity() throws(CertificateError) -> (BlockTime, BlockTime) {
    guard unsafe X509_CRL_get0_nextUpdate(pointer) != nil else { throw .malformedList("no time of the next list") }
    return (
      try unsafe CertificateHandle.time(X509_CRL_get0_lastUpdate(pointer)),
      try unsafe CertificateHandle.time(X509_CRL_get0_nextUpdate(pointer))
    )
  }

  func entries() throws(CertificateError) -> [RevocationList.Entry] {
    guard let stack = unsafe X509_CRL_get_REVOKED(pointer) else { return [] }
    let count = unsafe OPENSSL_sk_num(stack)
    guard count <= RevocationList.entryLimit else { throw .listTooLarge("\(count) certificates") }
    var found: [RevocationList.Entry] = []
    found.reserveCapacity(Int(max(count, 0)))
    for index in 0..<max(count, 0) {
      guard let raw = unsafe OPENSSL_sk_value(stack, index) else { throw .malformedList("entry \(index)") }
      found.append(try unsafe Self.entry(OpaquePointer(raw), index))
    }
    return found
  }

  private static func entry(_ entry: OpaquePointer, _ index: Int32) throws(CertificateError) -> RevocationList.Entry {
    for place in 0..<(unsafe X509_REVOKED_get_ext_count(entry)) {
      guard let found = unsafe X509_REVOKED_get_ext(entry, place), unsafe X509_EXTENSION_get_critical(found) == 0 else {
        throw .malformedList("a critical extension of entry \(index)")
      }
    }
    guard let serial = unsafe X509_REVOKED_get0_serialNumber(entry), let bytes = unsafe magnitude(serial) else {
      throw .malformedList("the serial number of entry \(index)")
    }
    var status: Int32 = 0
    guard let found = unsafe X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &status, nil) else {
      ERR_clear_error()
      // -1: there is no reason. Everything else is a reason that cannot be read.
      guard status == -1 else { throw .malformedList("the reason of entry \(index)") }
      return RevocationList.Entry(serial: bytes)
    }
    let reason = unsafe found.assumingMemoryBound(to: ASN1_ENUMERATED.self)
    defer { unsafe ASN1_ENUMERATED_free(reason) }
    let code = unsafe ASN1_ENUMERATED_get(reason)
    // RFC 5280 §5.3.1; 8 (removeFromCRL) stands in delta lists only.
    guard [0, 1, 2, 3, 4, 5, 6, 9, 10].contains(code) else { throw .malformedList("the reason of entry \(index)") }
    return RevocationList.Entry(serial: bytes, reason: code == 6 ? .hold : .final(code))
  }

  /// A number that is not negative and has at most 20 bytes.
  private static func magnitude(_ number: UnsafePointer<ASN1_INTEGER>) -> [UInt8]? {
    guard let value = unsafe ASN1_INTEGER_to_BN(number, nil) else { return nil }
    defer { unsafe BN_free(value) }
    let length = Int((unsafe BN_num_bits(value) + 7) / 8)
    guard unsafe BN_is_negative(value) == 0, length <= 20 else { return nil }
    var bytes = [UInt8](repeating: 0, count: length)
    unsafe BN_bn2bin(value, &bytes)
    return bytes
  }

  /// What the issuer signed.
  func signedBytes() throws(CertificateError) -> [UInt8] {
    var start: UnsafeMutablePointer<UInt8>?
    guard let copy = unsafe X509_CRL_dup(pointer) else { throw .openSSL("memory") }
    defer { unsafe X509_CRL_free(copy) }
    let length = unsafe i2d_re_X509_CRL_tbs(copy, &start)
    guard length > 0, let start = unsafe start else { throw .openSSL("reading a revocation list") }
    defer { unsafe CRYPTO_free(start, nil, 0) }
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(length)))
  }

  /// The signature, if it has the form that the suite's signatures have.
  func signature(suite: CryptoSuite) throws(CertificateError) -> Signature? {
    var found: UnsafePointer<ASN1_BIT_STRING>?
    unsafe X509_CRL_get0_signature(pointer, &found, nil)
    guard let found = unsafe found, let start = unsafe ASN1_STRING_get0_data(found) else { throw .malformedList("no signature") }
    // The low bits count the bits of the last byte that are not used: a signature uses all.
    guard unsafe found.pointee.flags & 0x07 == 0 else { return nil }
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(found))))
    return suite == .guomi ? SignatureDER.raw(bytes) : Signature(bytes)
  }
}
