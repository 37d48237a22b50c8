/// Two statements that no honest validator makes both, each signed by the same one.
///
/// Of one epoch and view: two different notarize, two different finalize, or nullify and finalize. (Notarize and nullify is lawful.)
public struct EquivocationEvidence: CanonicalRecord, Hashable, Codable {
  /// The member's place in the set of that epoch.
  public var validator: UInt32
  /// The statement seen first.
  public var first: VoteStatement
  /// Its signature.
  public var firstSignature: Signature
  /// The statement that contradicts it.
  public var second: VoteStatement
  /// Its signature.
  public var secondSignature: Signature

  /// Puts the parts together; nothing is checked.
  public init(
    validator: UInt32, first: VoteStatement, firstSignature: Signature, second: VoteStatement, secondSignature: Signature
  ) {
    self.validator = validator
    self.first = first
    self.firstSignature = firstSignature
    self.second = second
    self.secondSignature = secondSignature
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.validator, \.first, \.firstSignature, \.second, \.secondSignature)

  /// Whether no honest validator says both.
  public static func contradict(_ first: VoteStatement, _ second: VoteStatement) -> Bool {
    guard first.epoch == second.epoch, first.view == second.view, first != second else { return false }
    return switch (first.kind, second.kind) {
    case (.notarize, .notarize), (.finalize, .finalize), (.nullify, .finalize), (.finalize, .nullify): true
    default: false
    }
  }

  /// Whether it convicts the member: the statements contradict each other and both signatures are valid in `set`.
  public func holds(in set: ValidatorSet, genesis: GenesisID, suite: CryptoSuite) -> Bool {
    guard Self.contradict(first, second), set.members.indices.contains(Int(validator)) else { return false }
    let key = set.members[Int(validator)].key
    let hash = set.hash(genesis: genesis, suite: suite)
    return key.suite == suite
      && key.verify(firstSignature, of: first.digest(genesis: genesis, suite: suite, validatorSetHash: hash))
      && key.verify(secondSignature, of: second.digest(genesis: genesis, suite: suite, validatorSetHash: hash))
  }
}
