/// A statement with the signatures of a quorum, in set order: a notarization, a nullification or a finalization.
///
/// Signers may differ between two certificates of one statement, so no hash covers one.
public struct QuorumCertificate: CanonicalRecord, Hashable {
  /// What was signed.
  public var statement: VoteStatement
  /// One bit a member, most significant bit first; spare bits are zero.
  public var bitmap: [UInt8]
  /// One signature per set bit, ascending.
  public var signatures: [Signature]

  /// Puts the parts together; nothing is checked.
  public init(statement: VoteStatement, bitmap: [UInt8], signatures: [Signature]) {
    self.statement = statement
    self.bitmap = bitmap
    self.signatures = signatures
  }

  /// A certificate of the signatures by member index, ascending, which the caller has checked.
  public init(statement: VoteStatement, members: Int, signatures: [(index: Int, signature: Signature)]) {
    self.init(
      statement: statement, bitmap: SignerBitmap.make(signatures.lazy.map(\.index), of: members),
      signatures: signatures.map(\.signature))
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.statement, \.bitmap, \.signatures)

  /// The indices of the members whose bit is set, ascending.
  public var signers: [Int] { SignerBitmap.signers(bitmap) }

  /// Verifies that a quorum of `set` signed the statement: form and weight first, then each signature.
  /// - Throws: `CheckpointCertificateError` naming the failed check.
  public func verify(in set: ValidatorSet, genesis: GenesisID, suite: CryptoSuite) throws(CheckpointCertificateError) {
    let signers = try SignerBitmap.check(bitmap, signatures: signatures.count, in: set, rule: .moreThanTwoThirds)
    let digest = statement.digest(genesis: genesis, suite: suite, validatorSetHash: set.hash(genesis: genesis, suite: suite))
    for (index, signature) in zip(signers, signatures) {
      let key = set.members[index].key
      guard key.suite == suite, key.verify(signature, of: digest) else { throw .badSignature(index: index) }
    }
  }
}
