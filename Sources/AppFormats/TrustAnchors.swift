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
    public var validators: ValidatorsForm
    /// A block that must be in the chain's history, if any.
    public var pinned: Pinned?
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
        validators: ValidatorsForm(anchor.validators), pinned: anchor.pinned.map { Pinned(height: $0.height, blockID: $0.blockID) })
    }
  }

  /// Reads a document.
  /// - Throws: `DocumentError`.
  public init(document: [UInt8]) throws {
    self = try StrictJSON.decode(document, as: TrustAnchors.self)
    guard format == Self.format else { throw DocumentError.format(found: format, expected: Self.format) }
    for anchor in anchors { _ = try anchor.validators.set(of: anchor.chain.rawValue) }
  }

  /// The anchor of `chain`, if it is trusted.
  public func anchor(of chain: ChainID) -> TrustAnchor? {
    guard let found = anchors.first(where: { $0.chain == chain }), let set = try? found.validators.set(of: chain.rawValue) else {
      return nil
    }
    return TrustAnchor(
      chain: found.chain, genesis: found.genesisID, suite: found.suite.suite, validators: set,
      pinned: found.pinned.map { PinnedBlock(height: $0.height, blockID: $0.blockID) })
  }
}
