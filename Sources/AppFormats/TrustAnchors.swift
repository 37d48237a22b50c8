public import ChainCore
public import CrossChain

/// What a verifier trusts, as a file: chains by genesis and validators. Get it from somebody you trust, not from whoever proves.
public struct TrustAnchors: Codable, Hashable, Sendable {
  /// The name and version of the format.
  public static let format = "yuchain-trust-anchors/1"

  /// One trusted chain.
  public struct Anchor: Codable, Hashable, Sendable {
    /// The chain's name.
    public var chain: ChainID
    /// Its genesis id.
    public var genesisID: GenesisID
    /// Its cryptography.
    public var suite: SuiteText
    /// Its validators.
    public var validators: Validators
    /// A block that must be in the chain's history, if any.
    public var pinned: Pinned?
  }

  /// A validator set.
  public struct Validators: Codable, Hashable, Sendable {
    /// Rises by one at each change.
    public var generation: UInt64
    /// `moreThanHalf` or `moreThanTwoThirds` of the weight.
    public var rule: String
    /// The members, sorted by key.
    public var members: [Validator]
  }

  /// A pinned block.
  public struct Pinned: Codable, Hashable, Sendable {
    /// Its height.
    public var height: BlockHeight
    /// Its id.
    public var blockID: BlockID
  }

  /// `yuchain-trust-anchors/1`.
  public var format: String
  /// The trusted chains.
  public var anchors: [Anchor]

  /// The document of these anchors.
  public init(_ anchors: [TrustAnchor]) {
    format = Self.format
    self.anchors = anchors.map { anchor in
      Anchor(
        chain: anchor.chain, genesisID: anchor.genesis, suite: SuiteText(anchor.suite),
        validators: Validators(
          generation: anchor.validators.generation, rule: Self.text(anchor.validators.rule), members: anchor.validators.members),
        pinned: anchor.pinned.map { Pinned(height: $0.height, blockID: $0.blockID) })
    }
  }

  /// Reads a document.
  /// - Throws: `DocumentError`.
  public init(document: [UInt8]) throws {
    self = try StrictJSON.decode(document, as: TrustAnchors.self)
    guard format == Self.format else { throw DocumentError.format(found: format, expected: Self.format) }
    for anchor in anchors { _ = try Self.set(of: anchor) }
  }

  /// The anchor of `chain`, if it is trusted.
  public func anchor(of chain: ChainID) -> TrustAnchor? {
    guard let found = anchors.first(where: { $0.chain == chain }), let set = try? Self.set(of: found) else { return nil }
    return TrustAnchor(
      chain: found.chain, genesis: found.genesisID, suite: found.suite.suite, validators: set,
      pinned: found.pinned.map { PinnedBlock(height: $0.height, blockID: $0.blockID) })
  }

  private static func set(of anchor: Anchor) throws -> ValidatorSet {
    let rule: QuorumRule
    switch anchor.validators.rule {
    case text(.moreThanHalf): rule = .moreThanHalf
    case text(.moreThanTwoThirds): rule = .moreThanTwoThirds
    default: throw DocumentError.malformed("validators.rule is moreThanHalf or moreThanTwoThirds")
    }
    do throws(ValidatorSetError) {
      let set = try ValidatorSet(generation: anchor.validators.generation, rule: rule, members: anchor.validators.members)
      guard set.members == anchor.validators.members else { throw ValidatorSetError.repeatedKey(index: 0) }
      return set
    } catch {
      throw DocumentError.malformed("validators of \(anchor.chain) are not a set sorted by key: \(error)")
    }
  }

  private static func text(_ rule: QuorumRule) -> String { rule == .moreThanHalf ? "moreThanHalf" : "moreThanTwoThirds" }
}
