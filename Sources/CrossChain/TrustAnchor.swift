public import ChainCore

/// One certain block of a chain.
public struct PinnedBlock: CanonicalRecord, Codable, Hashable {
  /// Its height.
  public var height: BlockHeight
  /// Its id.
  public var blockID: BlockID

  /// Puts the parts together.
  public init(height: BlockHeight, blockID: BlockID) {
    self.height = height
    self.blockID = blockID
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.blockID)
}

/// What somebody outside trusts of a chain, got by another way than the proof: whoever trusts the relay checks any chain's records.
public struct TrustAnchor: CanonicalRecord, Codable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// Its genesis.
  public var genesis: GenesisID
  /// Its suite.
  public var suite: CryptoSuite
  /// A set that signs there; what a later one signed needs the steps that lead to it, what an earlier one signed proves nothing.
  public var validators: ValidatorSet
  /// A block that must be in the proven chain's past, if one is known.
  public var pinned: PinnedBlock?

  /// Puts the parts together.
  public init(
    chain: ChainID, genesis: GenesisID, suite: CryptoSuite, validators: ValidatorSet, pinned: PinnedBlock? = nil
  ) {
    self.chain = chain
    self.genesis = genesis
    self.suite = suite
    self.validators = validators
    self.pinned = pinned
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.genesis, \.suite, \.validators, \.pinned)

  /// The anchor of the chain that `ledger` holds, as its node believes it.
  ///
  /// Who holds the anchor trusts its validators' keys for as long as it is used. So give out a new one after changes: that of
  /// `ledger.validators(signing: ledger.newestCertified).generation`.
  /// - Parameters:
  ///   - generation: The generation of the trusted validators; `nil` = the first ones.
  ///   - pinned: The height of a block that must be in the past of what is proven, if any.
  /// - Throws: `LedgerError`.
  public init(of ledger: Ledger, generation: UInt64? = nil, pinned: BlockHeight? = nil) throws(LedgerError) {
    var validators = ledger.genesis.validators
    if let generation { validators = try ledger.validators(generation: generation) }
    var pin: PinnedBlock?
    if let pinned { pin = PinnedBlock(height: pinned, blockID: try ledger.checkpoint(at: pinned).blockID) }
    self.init(
      chain: ledger.genesis.chain, genesis: ledger.genesisID, suite: ledger.suite, validators: validators, pinned: pin)
  }

  /// Verifies steps of certificates from the anchor's set on, and that the pinned block is in the history of the last one.
  ///
  /// - Parameter pin: The pinned height in that history; needed unless it is the last step's own.
  /// - Returns: The last step's height, proven.
  /// - Throws: `RemoteProofError`.
  public func verify(_ steps: [UpdateStep], pin: HistoryProof?) throws(RemoteProofError) -> TrustedCheckpoint {
    let proven: TrustedCheckpoint
    do throws(LightClientError) {
      proven = try LightClient.follow(
        steps, from: validators,
        in: LightClient.Rules(chain: chain, genesis: genesis, suite: suite, threshold: validators.rule))
    } catch {
      throw .relay(error)
    }
    guard let pinned, pinned != PinnedBlock(height: proven.height, blockID: proven.blockID) else {
      guard pin == nil else { throw .unneededPin }
      return proven
    }
    guard let pin, pin.leaf.height == pinned.height, pin.leaf.blockID == pinned.blockID else { throw .pinMissing(pinned.height) }
    do throws(ProofError) {
      try proven.verify(pin)
    } catch {
      throw .pin(error)
    }
    return proven
  }
}
