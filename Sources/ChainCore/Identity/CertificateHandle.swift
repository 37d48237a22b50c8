internal import COpenSSL

/// An OpenSSL certificate. Its SM2 id is set when it is read (OpenSSL's default is empty); nothing changes it later.
@safe final class CertificateHandle: Sendable {
  nonisolated(unsafe) let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) throws(CertificateError) {
    unsafe self.pointer = pointer
    guard unsafe X509_get_signature_nid(pointer) == NID_SM2_with_SM3 else { return }
    guard let id = unsafe ASN1_OCTET_STRING_new() else { throw .openSSL("memory") }
    guard unsafe ASN1_OCTET_STRING_set(id, KeyHandle.defaultID, Int32(KeyHandle.defaultID.count)) == 1 else {
      unsafe ASN1_OCTET_STRING_free(id)
      throw .openSSL("SM2 id")
    }
    unsafe X509_set0_distinguishing_id(pointer, id)
  }

  deinit { unsafe X509_free(pointer) }

  convenience init(der: [UInt8]) throws(CertificateError) {
    let found = unsafe der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return unsafe d2i_X509(nil, &cursor, buffer.count)
    }
    guard let found = unsafe found else {
      ERR_clear_error()
      throw .malformed("no X.509 structure")
    }
    try unsafe self.init(owning: found)
  }

  convenience init(pem: String) throws(CertificateError) {
    let text = Array(pem.utf8)
    guard let source = unsafe BIO_new_mem_buf(text, Int32(text.count)) else { throw .openSSL("memory") }
    defer { unsafe BIO_free(source) }
    guard let found = unsafe PEM_read_bio_X509(source, nil, nil, nil) else {
      ERR_clear_error()
      throw .malformed("no PEM certificate")
    }
    try unsafe self.init(owning: found)
  }

  func der() throws(CertificateError) -> [UInt8] {
    try unsafe Self.written { unsafe i2d_X509_bio($0, pointer) }
  }

  func pem() throws(CertificateError) -> String {
    String(decoding: try unsafe Self.written { unsafe PEM_write_bio_X509($0, pointer) }, as: UTF8.self)
  }

  static func written(_ write: (OpaquePointer) -> Int32) throws(CertificateError) -> [UInt8] {
    guard let sink = unsafe BIO_new(BIO_s_mem()) else { throw .openSSL("memory") }
    defer { unsafe BIO_free(sink) }
    guard unsafe write(sink) == 1, let bytes = unsafe try? KeyHandle.contents(of: sink) else {
      ERR_clear_error()
      throw .openSSL("writing a certificate")
    }
    return bytes
  }

  func checkExtensions() throws(CertificateError) {
    guard unsafe X509_get_version(pointer) == 2 else { throw .malformed("version 3 is expected") }
    let flags = unsafe X509_get_extension_flags(pointer)
    guard flags & UInt32(EXFLAG_INVALID) == 0 else { throw .malformed("an extension") }
    guard flags & UInt32(EXFLAG_CRITICAL) == 0 else { throw .malformed("an unknown critical extension") }
  }

  var isAuthority: Bool { unsafe X509_get_extension_flags(pointer) & UInt32(EXFLAG_CA) != 0 }

  /// Whether the key may be used so; a certificate without key usage allows everything.
  func allows(_ usage: Int32) -> Bool { unsafe X509_get_key_usage(pointer) & UInt32(usage) != 0 }

  /// How many authorities may stand below, or `nil` for any number.
  var pathLength: Int? {
    let length = unsafe X509_get_pathlen(pointer)
    return length < 0 ? nil : length
  }

  /// The suite whose algorithm signed it, if any.
  var signatureSuite: CryptoSuite? {
    switch unsafe X509_get_signature_nid(pointer) {
    case NID_SM2_with_SM3: .guomi
    case NID_ED25519: .international
    default: nil
    }
  }

  func subjectPart(_ nid: Int32) throws(CertificateError) -> String? {
    guard let name = unsafe X509_get_subject_name(pointer) else { throw .malformed("no subject") }
    let first = unsafe X509_NAME_get_index_by_NID(name, nid, -1)
    guard first >= 0 else { return nil }
    guard unsafe X509_NAME_get_index_by_NID(name, nid, first) < 0 else { throw .malformed("the subject names one part twice") }
    guard let entry = unsafe X509_NAME_get_entry(name, first), let data = unsafe X509_NAME_ENTRY_get_data(entry) else {
      throw .malformed("the subject")
    }
    var text: UnsafeMutablePointer<UInt8>?
    let length = unsafe ASN1_STRING_to_UTF8(&text, data)
    guard length >= 0, let text = unsafe text else {
      ERR_clear_error()
      throw .malformed("the subject's characters")
    }
    defer { unsafe CRYPTO_free(text, nil, 0) }
    let bytes = unsafe Array(UnsafeBufferPointer(start: text, count: Int(length)))
    guard let string = String(validating: bytes, as: UTF8.self) else { throw .malformed("the subject's characters") }
    return string
  }

  func name(ofIssuer: Bool) throws(CertificateError) -> String {
    guard let name = unsafe ofIssuer ? X509_get_issuer_name(pointer) : X509_get_subject_name(pointer) else { throw .malformed("no name") }
    let flags = UInt(YUCHAIN_NAME_UTF8)
    return String(decoding: try unsafe Self.written { unsafe X509_NAME_print_ex($0, name, 0, flags) > 0 ? 1 : 0 }, as: UTF8.self)
  }

  func publicKey() throws(CertificateError) -> PublicKey {
    guard let key = unsafe X509_get_X509_PUBKEY(pointer) else { throw .malformed("no key") }
    var start: UnsafeMutablePointer<UInt8>?
    let length = unsafe i2d_X509_PUBKEY(key, &start)
    guard length > 0, let start = unsafe start else { throw .malformed("the key") }
    defer { unsafe CRYPTO_free(start, nil, 0) }
    do throws(KeyError) {
      return try PublicKey(subjectPublicKeyInfo: unsafe Array(UnsafeBufferPointer(start: start, count: Int(length))))
    } catch {
      throw .malformed("the key: \(error)")
    }
  }

  func serial() throws(CertificateError) -> [UInt8] {
    guard let number = unsafe X509_get0_serialNumber(pointer), let value = unsafe ASN1_INTEGER_to_BN(number, nil) else {
      throw .malformed("the serial number")
    }
    defer { unsafe BN_free(value) }
    let length = Int((unsafe BN_num_bits(value) + 7) / 8)
    guard unsafe BN_is_negative(value) == 0, length <= 20 else { throw .malformed("the serial number") }
    var bytes = [UInt8](repeating: 0, count: length)
    unsafe BN_bn2bin(value, &bytes)
    return bytes
  }

  func validity() throws(CertificateError) -> (BlockTime, BlockTime) {
    (try unsafe Self.time(X509_get0_notBefore(pointer)), try unsafe Self.time(X509_get0_notAfter(pointer)))
  }

  static func time(_ time: UnsafePointer<ASN1_TIME>?) throws(CertificateError) -> BlockTime {
    guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { throw .openSSL("time") }
    defer { unsafe ASN1_TIME_free(epoch) }
    var days: Int32 = 0
    var seconds: Int32 = 0
    guard unsafe time != nil, unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1, days >= 0, seconds >= 0 else {
      ERR_clear_error()
      throw .malformed("a time before 1970 or not in the form of RFC 5280")
    }
    return BlockTime((UInt64(days) * 86_400 + UInt64(seconds)) * 1_000)
  }

  func isIssued(by issuer: CertificateHandle) -> Bool {
    unsafe X509_NAME_cmp(X509_get_issuer_name(pointer), X509_get_subject_name(issuer.pointer)) == 0
  }

  /// Whether the signature verifies under `key`.
  func isSigned(by key: PublicKey) -> Bool {
    guard let handle = try? KeyHandle(key) else { return false }
    let valid = unsafe X509_verify(pointer, handle.pointer) == 1
    if !valid { ERR_clear_error() }
    return valid
  }
}
