/// How much weight decides.
public enum QuorumRule: UInt8, CanonicalEnum, Hashable, Codable {
  /// More than half: crash faults (Raft).
  case moreThanHalf = 0
  /// More than two thirds: Byzantine faults.
  case moreThanTwoThirds = 1

  /// Whether `signed` of `total` weight decides. Sums are 128-bit, so no set overflows them.
  public func isReached(signed: UInt128, total: UInt128) -> Bool {
    switch self {
    case .moreThanHalf: 2 * signed > total
    case .moreThanTwoThirds: 3 * signed > 2 * total
    }
  }

  /// Whether the members at `signers` decide. An unknown, repeated or unsorted index voids the whole, so that one
  /// certificate has one encoding.
  public func isReached(weights: [UInt64], signers: [Int]) -> Bool {
    var signed: UInt128 = 0
    var previous = -1
    for signer in signers {
      guard signer > previous, weights.indices.contains(signer) else { return false }
      previous = signer
      signed += UInt128(weights[signer])
    }
    return isReached(signed: signed, total: weights.reduce(0) { $0 + UInt128($1) })
  }
}

/// A member of a validator set.
public struct Validator: CanonicalRecord, Hashable, Codable {
  /// The key that signs votes and checkpoints.
  public var key: PublicKey
  /// The weight of its vote, above 0.
  public var weight: UInt64
  /// The organisation that runs it.
  public var organisation: OrganisationID

  /// Puts the fields together.
  public init(key: PublicKey, weight: UInt64, organisation: OrganisationID) {
    self.key = key
    self.weight = weight
    self.organisation = organisation
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.weight, \.organisation)
}

/// Why a validator set is refused.
@nonexhaustive
public enum ValidatorSetError: Error, Hashable, Sendable {
  /// A set needs 1 to 128 members.
  case memberCount(Int)
  /// A member's weight is zero; leave it out instead.
  case zeroWeight(index: Int)
  /// Two members have one key.
  case repeatedKey(index: Int)
}

/// Who decides on a chain: members sorted by key, each with a weight, and the rule.
public struct ValidatorSet: CanonicalRecord, Hashable, Codable {
  /// The greatest number of members.
  public static let memberLimit = 128

  /// Rises by one at each change of the set.
  public let generation: UInt64
  /// How much weight decides.
  public let rule: QuorumRule
  /// The members, sorted by key, each once, weights above 0.
  public let members: [Validator]

  /// A set of `members` in any order.
  /// - Throws: `ValidatorSetError` for none, too many, a repeated key or a zero weight.
  public init(generation: UInt64, rule: QuorumRule, members: [Validator]) throws(ValidatorSetError) {
    let sorted = members.sorted { $0.key < $1.key }
    guard (1...Self.memberLimit).contains(sorted.count) else { throw .memberCount(sorted.count) }
    for index in sorted.indices {
      guard sorted[index].weight > 0 else { throw .zeroWeight(index: index) }
      guard index == 0 || sorted[index - 1].key < sorted[index].key else { throw .repeatedKey(index: index) }
    }
    self.generation = generation
    self.rule = rule
    self.members = sorted
  }

  /// The fields in order; an unsorted or impossible set does not decode.
  public static let layout = Layout(
    checked: { (generation: UInt64, rule: QuorumRule, members: [Validator]) -> ValidatorSet? in
      guard let set = try? ValidatorSet(generation: generation, rule: rule, members: members), set.members == members else { return nil }
      return set
    }, expected: "a validator set sorted by key with weights above 0", \.generation, \.rule, \.members)

  /// Reads a set from JSON with the same checks.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      generation: container.decode(UInt64.self, forKey: .generation), rule: container.decode(QuorumRule.self, forKey: .rule),
      members: container.decode([Validator].self, forKey: .members))
  }

  /// The hash that checkpoints name the set by.
  public func hash(genesis: GenesisID, suite: CryptoSuite) -> Digest { suite.digest("ValidatorSet", genesis, self) }

  /// The sum of all weights.
  public var totalWeight: UInt128 { members.reduce(0) { $0 + UInt128($1.weight) } }

  /// The place of `key` in the set.
  public func index(of key: PublicKey) -> Int? { members.firstIndex { $0.key == key } }
}
