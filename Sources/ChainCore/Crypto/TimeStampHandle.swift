internal import COpenSSL

/// An OpenSSL time-stamp response. OpenSSL checks its structure when it reads it.
@safe final class TimeStampHandle {
  let pointer: OpaquePointer

  init(response der: [UInt8]) throws(TimeStampError) {
    guard der.count <= TimeStampResponse.byteLimit else { throw .malformed("response of at most \(TimeStampResponse.byteLimit) bytes") }
    let (found, length) = unsafe der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      let found = unsafe d2i_TS_RESP(nil, &cursor, buffer.count)
      return unsafe (found, cursor.map { unsafe $0 - (buffer.baseAddress ?? $0) } ?? 0)
    }
    guard let found = unsafe found else {
      ERR_clear_error()
      throw .malformed("response")
    }
    unsafe pointer = found
    // Bytes behind the response would be covered by no signature.
    guard length == der.count else { throw .malformed("response without more behind it") }
  }

  deinit { unsafe TS_RESP_free(pointer) }

  static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
    guard let string = unsafe string, let data = unsafe ASN1_STRING_get0_data(string) else { return [] }
    return unsafe Array(UnsafeBufferPointer(start: data, count: Int(ASN1_STRING_length(string))))
  }

  static func integer(_ number: UnsafePointer<ASN1_INTEGER>?) throws(TimeStampError) -> [UInt8] {
    guard let number = unsafe number, let value = unsafe ASN1_INTEGER_to_BN(number, nil) else { throw .malformed("number") }
    defer { unsafe BN_free(value) }
    let length = Int((unsafe BN_num_bits(value) + 7) / 8)
    guard unsafe BN_is_negative(value) == 0, length <= 64 else { throw .malformed("number") }
    var bytes = [UInt8](repeating: 0, count: length)
    unsafe BN_bn2bin(value, &bytes)
    return bytes
  }

  static func text(_ object: OpaquePointer?) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    let length = unsafe OBJ_obj2txt(&buffer, Int32(buffer.count), object, 1)
    return String(decoding: buffer.prefix(max(0, min(Int(length), buffer.count - 1))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func time(_ time: UnsafePointer<ASN1_GENERALIZEDTIME>) throws(TimeStampError) -> BlockTime {
    guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { throw .openSSL("time") }
    defer { unsafe ASN1_TIME_free(epoch) }
    var days: Int32 = 0
    var seconds: Int32 = 0
    guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1, days >= 0, seconds >= 0 else {
      ERR_clear_error()
      throw .malformed("time")
    }
    return BlockTime((UInt64(days) * 86_400 + UInt64(seconds)) * 1_000)
  }

  /// What one of OpenSSL's `i2d` functions writes.
  static func written(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) throws(TimeStampError) -> [UInt8] {
    let length = write(nil)
    guard length > 0 else {
      ERR_clear_error()
      throw .openSSL("writing")
    }
    var bytes = [UInt8](repeating: 0, count: Int(length))
    let done = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return unsafe write(&cursor)
    }
    guard done == length else { throw .openSSL("writing") }
    return bytes
  }
}

/// What a response is verified against: a request or an imprint, roots, and the time to judge certificates at.
@safe final class TimeStampVerification {
  let pointer: OpaquePointer

  init(request der: [UInt8]?) throws(TimeStampError) {
    guard let context = unsafe TS_VERIFY_CTX_new() else { throw .openSSL("memory") }
    unsafe pointer = context
    guard let der else {
      unsafe TS_VERIFY_CTX_set_flags(context, Int32(TS_VFY_SIGNATURE | TS_VFY_VERSION | TS_VFY_IMPRINT))
      return
    }
    guard der.count <= TimeStampResponse.byteLimit else { throw .malformed("request") }
    let request = unsafe der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return unsafe d2i_TS_REQ(nil, &cursor, buffer.count)
    }
    guard let request = unsafe request else {
      ERR_clear_error()
      throw .malformed("request")
    }
    defer { unsafe TS_REQ_free(request) }
    guard unsafe TS_REQ_to_TS_VERIFY_CTX(request, context) != nil else {
      ERR_clear_error()
      throw .malformed("request")
    }
    unsafe TS_VERIFY_CTX_add_flags(context, Int32(TS_VFY_SIGNATURE))
  }

  deinit { unsafe TS_VERIFY_CTX_free(pointer) }

  func expect(_ imprint: [UInt8]) throws(TimeStampError) {
    // The context frees what it is given, with OpenSSL's own allocator.
    guard let copy = unsafe CRYPTO_memdup(imprint, imprint.count, "", 0) else { throw .openSSL("memory") }
    _ = unsafe TS_VERIFY_CTX_set_imprint(pointer, copy.assumingMemoryBound(to: UInt8.self), imprint.count)
  }

  func use(roots: [[UInt8]], certificates: [[UInt8]], at time: BlockTime) throws(TimeStampError) {
    guard let store = unsafe X509_STORE_new() else { throw .openSSL("memory") }
    _ = unsafe TS_VERIFY_CTX_set_store(pointer, store)
    for root in roots {
      let handle = try Self.certificate(root)
      guard unsafe X509_STORE_add_cert(store, handle.pointer) == 1 else {
        ERR_clear_error()
        throw .openSSL("root certificate")
      }
    }
    unsafe X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), time_t(clamping: time.rawValue / 1_000))
    guard !certificates.isEmpty else { return }
    guard let stack = unsafe OPENSSL_sk_new_null() else { throw .openSSL("memory") }
    _ = unsafe TS_VERIFY_CTX_set_certs(pointer, stack)
    for certificate in certificates {
      let handle = try Self.certificate(certificate)
      // The stack holds a reference of its own, which the context gives back.
      guard unsafe X509_up_ref(handle.pointer) == 1 else { throw .openSSL("certificate") }
      guard unsafe OPENSSL_sk_push(stack, UnsafeRawPointer(handle.pointer)) > 0 else {
        unsafe X509_free(handle.pointer)
        throw .openSSL("memory")
      }
    }
  }

  private static func certificate(_ der: [UInt8]) throws(TimeStampError) -> CertificateHandle {
    do throws(CertificateError) {
      return try CertificateHandle(der: der)
    } catch {
      throw .malformed("certificate")
    }
  }

  /// The reason in OpenSSL's words; the queue of errors is empty afterwards.
  static func failure() -> TimeStampError {
    let code = ERR_peek_error()
    let reason = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? "unknown"
    ERR_clear_error()
    return reason.contains("imprint") || reason.contains("nonce") ? .mismatch : .notTrusted(reason)
  }
}
