public import ChainCore

/// Everything that the relay has to be told about a foreign chain to believe it. People compare its fingerprint before it counts.
public struct ForeignRegistration: CanonicalRecord, Codable, Hashable {
  /// The chain's name in this network.
  public var chain: ChainID
  /// How it is verified.
  public var kind: ForeignKind
  /// The chain's own name, which its headers hold.
  public var foreignID: String
  /// The first header that is trusted, in the kind's encoding; of CometBFT `tendermint.types.Header`.
  public var trustedHeader: [UInt8]
  /// Who signs the height after it, in the kind's encoding; of CometBFT `tendermint.types.ValidatorSet`.
  public var nextValidators: [UInt8]
  /// For how long a trusted height may move the client on, in milliseconds: well below the time in which stakes are unbound.
  public var trustingPeriodMs: UInt64
  /// What a header's time may lead the relay's block time by less than, in milliseconds.
  public var maxClockDriftMs: UInt64
  /// What share of the trusted validators must have signed when heights are skipped; more than this.
  public var trustLevel: CometBFT.TrustLevel
  /// How many trusted heights are kept; 1 to 256.
  public var heights: UInt32
  /// The organisation that answers for the chain.
  public var organisation: OrganisationID

  /// A registration; making the client checks it.
  ///
  /// Defaults: 14 days of trust, 10 seconds of drift, a third of the trusted validators, 128 heights.
  public init(
    chain: ChainID, kind: ForeignKind = .cometBFT, foreignID: String, trustedHeader: [UInt8], nextValidators: [UInt8],
    trustingPeriodMs: UInt64 = 14 * 86_400_000, maxClockDriftMs: UInt64 = 10_000,
    trustLevel: CometBFT.TrustLevel = CometBFT.TrustLevel(), heights: UInt32 = 128, organisation: OrganisationID
  ) {
    self.chain = chain
    self.kind = kind
    self.foreignID = foreignID
    self.trustedHeader = trustedHeader
    self.nextValidators = nextValidators
    self.trustingPeriodMs = trustingPeriodMs
    self.maxClockDriftMs = maxClockDriftMs
    self.trustLevel = trustLevel
    self.heights = heights
    self.organisation = organisation
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(
      chain:kind:foreignID:trustedHeader:nextValidators:trustingPeriodMs:maxClockDriftMs:trustLevel:heights:organisation:),
    \.chain, \.kind, \.foreignID, \.trustedHeader, \.nextValidators, \.trustingPeriodMs, \.maxClockDriftMs, \.trustLevel, \.heights,
    \.organisation)

  /// What people read to each other before the registration counts, by the relay's suite.
  public func fingerprint(suite: CryptoSuite) -> Digest { suite.digest("ForeignRegistration", .none, self) }

  /// Throws unless every number is in its range. No default or zero is valid anywhere.
  func validateLimits() throws(ForeignError) {
    guard !foreignID.isEmpty, foreignID.utf8.count <= 50 else { throw .badRegistration("foreignID") }
    guard trustingPeriodMs > 0, trustingPeriodMs <= 366 * 86_400_000 else { throw .badRegistration("trustingPeriodMs") }
    guard maxClockDriftMs > 0, maxClockDriftMs <= ChainRegistration.driftLimitMs else { throw .badRegistration("maxClockDriftMs") }
    guard trustLevel.isValid else { throw .badRegistration("trustLevel") }
    guard (1...CometBFTClient.heightLimit).contains(heights) else { throw .badRegistration("heights") }
  }
}
