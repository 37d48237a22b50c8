/// Why key material or a signature is refused.
@nonexhaustive
public enum KeyError: Error, Hashable, Sendable {
  /// The bytes have the wrong number for a key of this suite.
  case wrongLength(Int, expected: Int)
  /// The point is not on the curve, or is the point at infinity.
  case notOnCurve
  /// The scalar is zero or not below the group's order.
  case scalarOutOfRange
  /// The document is not a key in the form named.
  case malformed(expected: String)
  /// The key is of another algorithm than SM2 or Ed25519.
  case unknownAlgorithm
  /// The passphrase is wrong, or missing, or given for a key that has none.
  case wrongPassphrase
  /// SM2 ids have at most 8,191 bytes.
  case idTooLong(Int)
  /// Ed25519 takes no distinguishing id.
  case idNotSupported
  /// OpenSSL failed at this step, for want of memory or entropy.
  case openSSL(String)
}

extension KeyError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .wrongLength(let found, let expected): "\(found) bytes where \(expected) are expected"
    case .notOnCurve: "the public key is not a point of the curve"
    case .scalarOutOfRange: "the private key is out of range"
    case .malformed(let expected): "not \(expected)"
    case .unknownAlgorithm: "the key is neither SM2 nor Ed25519"
    case .wrongPassphrase: "the passphrase is wrong or missing"
    case .idTooLong(let bytes): "an SM2 id of \(bytes) bytes; at most 8191 are allowed"
    case .idNotSupported: "Ed25519 signatures take no id"
    case .openSSL(let step): "OpenSSL failed: \(step)"
    }
  }
}
