/// Why a checkpoint certificate proves nothing.
@nonexhaustive
public enum CheckpointCertificateError: Error, Hashable, Sendable {
  /// The signers are of another generation; fetch the handovers up to it.
  case unknownSet(generation: UInt64, expected: UInt64)
  /// The bitmap has the wrong number of bytes.
  case bitmapLength(Int, expected: Int)
  /// A bit beyond the last member is set.
  case spareBits
  /// There are not as many signatures as set bits.
  case signatureCount(Int, expected: Int)
  /// The members who signed do not reach the rule's weight.
  case insufficientWeight(signed: UInt128, total: UInt128)
  /// The signature of the member at this index is not valid: the whole is void.
  case badSignature(index: Int)
}

extension CheckpointCertificateError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .unknownSet(let generation, let expected): "signed by validator generation \(generation), but \(expected) is trusted"
    case .bitmapLength(let found, let expected): "signer bitmap has \(found) bytes instead of \(expected)"
    case .spareBits: "signer bitmap names members that do not exist"
    case .signatureCount(let found, let expected): "\(found) signatures for \(expected) signers"
    case .insufficientWeight(let signed, let total): "signers hold \(signed) of \(total) weight, which is no quorum"
    case .badSignature(let index): "signature of validator \(index) is not valid"
    }
  }
}

/// A checkpoint with the signatures of a quorum, in set order: one set of signers has one encoding.
public struct CheckpointCertificate: CanonicalRecord, Hashable, Codable {
  /// What was signed.
  public var checkpoint: Checkpoint
  /// The generation of the set that signed.
  public var generation: UInt64
  /// One bit a member, most significant bit first; spare bits are zero.
  public var bitmap: [UInt8]
  /// One signature per set bit, ascending.
  public var signatures: [Signature]

  /// Puts the parts together; nothing is checked.
  public init(checkpoint: Checkpoint, generation: UInt64, bitmap: [UInt8], signatures: [Signature]) {
    self.checkpoint = checkpoint
    self.generation = generation
    self.bitmap = bitmap
    self.signatures = signatures
  }

  /// A certificate of the signatures by member index, which the caller has checked.
  public init(checkpoint: Checkpoint, set: ValidatorSet, signatures: [(index: Int, signature: Signature)]) {
    let sorted = signatures.sorted { $0.index < $1.index }
    let bitmap = SignerBitmap.make(sorted.lazy.map(\.index), of: set.members.count)
    self.init(checkpoint: checkpoint, generation: set.generation, bitmap: bitmap, signatures: sorted.map(\.signature))
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.checkpoint, \.generation, \.bitmap, \.signatures)

  /// The indices of the members whose bit is set, ascending.
  public var signers: [Int] { SignerBitmap.signers(bitmap) }

  /// Verifies that a quorum of `set` signed the checkpoint: form and weight first, then each signature.
  ///
  /// - Parameter rule: A stricter rule than the set's own, if the verifier demands one.
  /// - Throws: `CheckpointCertificateError` naming the failed check.
  public func verify(
    in set: ValidatorSet, genesis: GenesisID, suite: CryptoSuite, rule: QuorumRule? = nil
  ) throws(CheckpointCertificateError) {
    guard generation == set.generation else { throw .unknownSet(generation: generation, expected: set.generation) }
    let signers = try SignerBitmap.check(bitmap, signatures: signatures.count, in: set, rule: rule)
    let digest = checkpoint.digest(genesis: genesis, suite: suite)
    var requests: [SignatureRequest] = []
    for (index, signature) in zip(signers, signatures) {
      guard set.members[index].key.suite == suite else { throw .badSignature(index: index) }
      requests.append(SignatureRequest(key: set.members[index].key, signature: signature, message: digest.bytes))
    }
    if let bad = requests.verified().firstIndex(of: false) { throw .badSignature(index: signers[bad]) }
  }
}
