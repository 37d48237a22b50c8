internal import COpenSSL

// Revocation lists of an authority whose key this process holds.
extension CertificateAuthority {
  /// Signs a complete revocation list.
  ///
  /// - Parameters:
  ///   - number: Greater than that of every list before.
  ///   - from: From when it is valid.
  ///   - until: When the next one is due.
  public func revocationList(
    number: UInt64, entries: [RevocationList.Entry], from: BlockTime, until: BlockTime
  ) throws(CertificateError) -> RevocationList {
    guard from.rawValue / 1_000 <= 253_402_300_799, until.rawValue / 1_000 <= 253_402_300_799 else {
      throw .malformedList("times are before the year 10000")
    }
    guard let list = unsafe X509_CRL_new() else { throw .openSSL("memory") }
    let handle = unsafe RevocationListHandle(owning: list)
    try unsafe Self.fill(handle.pointer, number: number, from: from, until: until, issuer: certificate)
    for entry in entries { try unsafe Self.add(entry, at: from, to: handle.pointer) }
    guard unsafe X509_CRL_sort(handle.pointer) == 1, let context = unsafe EVP_MD_CTX_new() else { throw .openSSL("revocation list") }
    defer { unsafe EVP_MD_CTX_free(context) }
    guard let parameters = unsafe try? key.handle.signingID(nil, to: context) else { throw .openSSL("signing") }
    defer { unsafe EVP_PKEY_CTX_free(parameters.pointer) }
    guard unsafe EVP_DigestSignInit(context, nil, key.suite == .guomi ? EVP_sm3() : nil, nil, key.handle.pointer) == 1,
      unsafe X509_CRL_sign_ctx(handle.pointer, context) > 0
    else {
      ERR_clear_error()
      throw .openSSL("signing a revocation list")
    }
    return try RevocationList(der: try handle.der())
  }

  private static func fill(
    _ list: OpaquePointer, number: UInt64, from: BlockTime, until: BlockTime, issuer: Certificate
  ) throws(CertificateError) {
    guard let first = unsafe ASN1_TIME_set(nil, time_t(from.rawValue / 1_000)) else { throw .openSSL("time") }
    defer { unsafe ASN1_TIME_free(first) }
    guard let last = unsafe ASN1_TIME_set(nil, time_t(until.rawValue / 1_000)) else { throw .openSSL("time") }
    defer { unsafe ASN1_TIME_free(last) }
    guard let count = unsafe ASN1_INTEGER_new() else { throw .openSSL("memory") }
    defer { unsafe ASN1_INTEGER_free(count) }
    let done =
      unsafe X509_CRL_set_version(list, 1) == 1
      && X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer.handle.pointer)) == 1
      && X509_CRL_set1_lastUpdate(list, first) == 1 && X509_CRL_set1_nextUpdate(list, last) == 1
      && ASN1_INTEGER_set_uint64(count, number) == 1 && X509_CRL_add1_ext_i2d(list, NID_crl_number, count, 0, 0) == 1
    guard done else {
      ERR_clear_error()
      throw .openSSL("revocation list")
    }
  }

  private static func add(_ entry: RevocationList.Entry, at time: BlockTime, to list: OpaquePointer) throws(CertificateError) {
    guard let revoked = unsafe X509_REVOKED_new() else { throw .openSSL("memory") }
    var isAdded = false
    defer { if !isAdded { unsafe X509_REVOKED_free(revoked) } }
    guard let number = unsafe BN_bin2bn(entry.serial, Int32(entry.serial.count), nil) else { throw .openSSL("memory") }
    defer { unsafe BN_free(number) }
    guard let serial = unsafe BN_to_ASN1_INTEGER(number, nil) else { throw .openSSL("memory") }
    defer { unsafe ASN1_INTEGER_free(serial) }
    guard let date = unsafe ASN1_TIME_set(nil, time_t(time.rawValue / 1_000)) else { throw .openSSL("time") }
    defer { unsafe ASN1_TIME_free(date) }
    guard unsafe X509_REVOKED_set_serialNumber(revoked, serial) == 1, unsafe X509_REVOKED_set_revocationDate(revoked, date) == 1 else {
      throw .openSSL("revocation list")
    }
    let code: Int =
      switch entry.reason {
      case .hold: 6
      case .final(let code): code
      }
    if code != 0 {
      guard let reason = unsafe ASN1_ENUMERATED_new() else { throw .openSSL("memory") }
      defer { unsafe ASN1_ENUMERATED_free(reason) }
      guard unsafe ASN1_ENUMERATED_set(reason, code) == 1,
        unsafe X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, reason, 0, 0) == 1
      else { throw .openSSL("revocation list") }
    }
    guard unsafe X509_CRL_add0_revoked(list, revoked) == 1 else { throw .openSSL("revocation list") }
    isAdded = true
  }
}
