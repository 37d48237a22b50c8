/// A signature to verify together with others.
public struct SignatureRequest: Sendable, Hashable {
  /// Who is said to have signed.
  public var key: PublicKey
  /// The signature.
  public var signature: Signature
  /// What is said to be signed.
  public var message: [UInt8]

  /// Puts the parts together; nothing is checked.
  public init(key: PublicKey, signature: Signature, message: [UInt8]) {
    self.key = key
    self.signature = signature
    self.message = message
  }

  /// Whether the signature is valid, as `PublicKey.verify` says.
  public var isValid: Bool { key.verify(signature, ofMessage: message) }
}

extension [SignatureRequest] {
  /// Verifies each for itself and says of each whether it is valid; faster than one by one where SM2 keys come again.
  ///
  /// One thread does all of it: split what is large over threads. A bad signature neither hides nor spoils another, and no equation over the
  /// whole batch is involved.
  public func verified() -> [Bool] {
    guard SM2Verifier.isPreferred else { return map(\.isValid) }
    var results = [Bool](repeating: false, count: count)
    var guomi: [Int] = []
    for (place, request) in enumerated() {
      if request.key.suite == .guomi { guomi.append(place) } else { results[place] = request.isValid }
    }
    for (place, valid) in zip(guomi, SM2Verifier.verify(guomi.map { self[$0] })) { results[place] = valid }
    return results
  }
}
