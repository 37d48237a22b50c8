internal import COpenSSL

/// The SM2 curve (GM/T 0003.5), for checking points and deriving them from scalars inside OpenSSL.
@safe final class SM2Group: Sendable {
  private static let shared = SM2Group()
  nonisolated(unsafe) private let group: OpaquePointer?

  /// a ‖ b ‖ x ‖ y of the generator (GM/T 0003.5).
  static let parameters: [UInt8] =
    [UInt8](
      hex: "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
        + "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
        + "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
        + "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0")
    ?? []

  private init() {
    OpenSSLLibrary.prepare()
    unsafe group = EC_GROUP_new_by_curve_name(NID_sm2)
  }

  /// Whether `octets` are an uncompressed point of the curve other than infinity.
  static func isPoint(_ octets: [UInt8]) -> Bool {
    guard octets.count == 65, octets[0] == 4, let group = unsafe shared.group, let point = unsafe EC_POINT_new(group) else { return false }
    defer { unsafe EC_POINT_free(point) }
    let valid = unsafe EC_POINT_oct2point(group, point, octets, octets.count, nil) == 1
    if !valid { ERR_clear_error() }
    return valid
  }

  /// The uncompressed point of a private scalar.
  /// - Throws: `KeyError.scalarOutOfRange` unless 1 ≤ scalar ≤ n − 2 (GM/T 0003.1 §6.1).
  static func point(of scalar: [UInt8]) throws(KeyError) -> [UInt8] {
    guard let group = unsafe shared.group, let point = unsafe EC_POINT_new(group) else { throw .openSSL("SM2 curve") }
    guard let number = unsafe BN_bin2bn(scalar, Int32(scalar.count), BN_secure_new()), let limit = unsafe BN_dup(EC_GROUP_get0_order(group))
    else { throw .openSSL("number") }
    defer {
      unsafe EC_POINT_free(point)
      unsafe BN_clear_free(number)
      unsafe BN_free(limit)
    }
    unsafe BN_set_flags(number, BN_FLG_CONSTTIME)
    guard unsafe BN_sub_word(limit, 1) == 1, unsafe BN_is_zero(number) == 0, unsafe BN_cmp(number, limit) < 0 else {
      throw .scalarOutOfRange
    }
    var octets = [UInt8](repeating: 0, count: 65)
    guard unsafe EC_POINT_mul(group, point, number, nil, nil, nil) == 1,
      unsafe EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, &octets, octets.count, nil) == 65
    else { throw .openSSL("SM2 point") }
    return octets
  }
}
