/// Why a certificate is not accepted.
@nonexhaustive
public enum CertificateError: Error, Hashable, Sendable {
  /// The bytes exceed `Certificate.byteLimit`.
  case tooLarge(Int)
  /// The bytes are not one X.509 certificate in strict form.
  case malformed(String)
  /// The key is not of the chain's suite.
  case wrongSuite
  /// The certificate is signed with another algorithm than the chain's suite has.
  case wrongSignatureAlgorithm
  /// It is not valid yet at the time asked.
  case notYetValid(from: BlockTime)
  /// It is no longer valid at the time asked; renew it.
  case expired(until: BlockTime)
  /// The signature does not verify under the issuer's key; for SM2 the id must be `1234567812345678`.
  case wrongSignature
  /// The issuer is neither the next certificate of the path nor a root of the chain.
  case untrusted(issuer: String)
  /// An issuer may not issue certificates.
  case notAnAuthority(String)
  /// A member's certificate is that of an authority, or is not for signatures.
  case notForSigning
  /// More authorities stand below one than it allows.
  case pathTooLong
  /// A revocation list exceeds `RevocationList.byteLimit` or `.entryLimit`; names how.
  case listTooLarge(String)
  /// The bytes are not one complete X.509 revocation list in strict form.
  case malformedList(String)
  /// The next revocation list was due at this time; import that one.
  case listOutdated(until: BlockTime)
  /// OpenSSL failed at this step.
  case openSSL(String)
}

extension CertificateError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .tooLarge(let bytes): "a certificate of \(bytes) bytes; at most \(Certificate.byteLimit) are read"
    case .malformed(let what): "not a certificate in strict DER: \(what)"
    case .wrongSuite: "the certificate's key is not of this chain's suite"
    case .wrongSignatureAlgorithm: "the certificate is not signed with this chain's suite"
    case .notYetValid(let from): "the certificate is valid from \(from) ms on"
    case .expired(let until): "the certificate expired at \(until) ms; renew it"
    case .wrongSignature: "the certificate's signature is not valid under its issuer's key (SM2 id 1234567812345678)"
    case .untrusted(let issuer): "issuer \(issuer) is no root of this chain; send the certificates in between, or use another authority"
    case .notAnAuthority(let subject): "\(subject) may not issue certificates"
    case .notForSigning: "the certificate is not one for signatures of a member"
    case .pathTooLong: "an authority allows fewer authorities below it"
    case .listTooLarge(let what):
      "a revocation list of \(what); at most \(RevocationList.byteLimit) bytes and \(RevocationList.entryLimit) certificates are read"
    case .malformedList(let what): "not a revocation list in strict DER: \(what)"
    case .listOutdated(let until): "the revocation list was replaced by \(until) ms; import the newest one"
    case .openSSL(let step): "OpenSSL failed: \(step)"
    }
  }
}
