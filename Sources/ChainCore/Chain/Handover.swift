/// How one validator set passes on to the next: the old one certifies the checkpoint that names the new one.
public struct Handover: CanonicalRecord, Hashable, Codable {
  /// The certificate of the last height that the old set signs.
  public var certificate: CheckpointCertificate
  /// The set that signs the height after it.
  public var next: ValidatorSet

  /// Puts the parts together; nothing is checked.
  public init(certificate: CheckpointCertificate, next: ValidatorSet) {
    self.certificate = certificate
    self.next = next
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.certificate, \.next)

  /// The first height that the next set signs.
  public var since: BlockHeight { certificate.checkpoint.height.next }

  /// Verifies that a quorum of `set` named the next set.
  ///
  /// - Throws: `HandoverError` naming the failed check.
  public func verify(from set: ValidatorSet, genesis: GenesisID, suite: CryptoSuite) throws(HandoverError) {
    // A set may come from a file: no sum of its numbers may trap.
    guard set.generation < .max, next.generation == set.generation + 1, next.rule == set.rule else {
      throw .generation(next.generation, after: set.generation)
    }
    guard certificate.checkpoint.validatorSetHash == next.hash(genesis: genesis, suite: suite) else { throw .otherSet }
    do throws(CheckpointCertificateError) {
      try certificate.verify(in: set, genesis: genesis, suite: suite)
    } catch {
      throw .certificate(error)
    }
  }
}

/// Why a handover proves nothing.
@nonexhaustive
public enum HandoverError: Error, Hashable, Sendable {
  /// The next set is not of the next generation, or of another rule.
  case generation(UInt64, after: UInt64)
  /// The certified checkpoint names another set.
  case otherSet
  /// The certificate proves nothing.
  case certificate(CheckpointCertificateError)
}

extension HandoverError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .generation(let found, let before): "validator generation \(found) cannot follow \(before)"
    case .otherSet: "the certified checkpoint names another validator set"
    case .certificate(let error): error.description
    }
  }
}
