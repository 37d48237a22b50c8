/// What kind of value a digest or signature is about: the first thing that is hashed.
public struct TypeTag: Sendable, Hashable, ExpressibleByStringLiteral {
  /// The text as it is hashed: `YUCHAIN/1/` and the name.
  public let text: String
  /// A tag of a name in source code, such as `Transaction`.
  public init(stringLiteral name: String) { text = "YUCHAIN/1/" + name }
}

extension CryptoSuite {
  /// H(BCS(tag, genesisID, value)): the one function for everything that is hashed or signed.
  ///
  /// The tag keeps types apart, the genesis id keeps chains apart. A signature signs this digest.
  public func digest(_ tag: TypeTag, _ genesis: GenesisID, _ value: some CanonicalCodable) -> Digest {
    var writer = CanonicalWriter(reservingCapacity: 256)
    beginDigest(tag, genesis, &writer)
    value.encode(into: &writer)
    // What has a type tag is what everybody may check.
    return publicHash(writer.bytes)
  }

  /// Writes what stands before the value in everything that `digest` hashes.
  func beginDigest(_ tag: TypeTag, _ genesis: GenesisID, _ writer: inout CanonicalWriter) {
    #if DEBUG
      if LedgerMutation.planted != .noDomainTag { writer.writeString(tag.text) }
      if LedgerMutation.planted != .noGenesis { genesis.encode(into: &writer) }
    #else
      writer.writeString(tag.text)
      genesis.encode(into: &writer)
    #endif
  }
}
