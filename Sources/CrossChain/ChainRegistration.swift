public import ChainCore

/// What kind of chain it is, which decides how it is verified. No kind accepts everything.
public enum ChainKind: UInt8, CanonicalEnum, Hashable, Codable {
  /// A chain of this project: checkpoint certificates.
  case checkpoint = 0
}

/// What the chain's validators are trusted to survive.
public enum FaultModel: UInt8, CanonicalEnum, Hashable, Codable {
  /// Crashes only (Raft): a lying quorum member is not survived.
  case crash = 0
  /// Lies of less than a third of the weight.
  case byzantine = 1
}

/// The first height that a client trusts, without a certificate: may be height 0, which has none.
public struct TrustedStart: CanonicalRecord, Codable, Hashable {
  /// The header.
  public var header: BlockHeader
  /// The checkpoint of that header's block.
  public var checkpoint: Checkpoint
  /// The set that the checkpoint names: it signs the next height.
  public var set: ValidatorSet

  /// Puts the parts together; `ChainRegistration.validate` checks them.
  public init(header: BlockHeader, checkpoint: Checkpoint, set: ValidatorSet) {
    self.header = header
    self.checkpoint = checkpoint
    self.set = set
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.header, \.checkpoint, \.set)
}

/// Why a registration is refused. Nothing of it is stored.
@nonexhaustive
public enum RegistrationError: Error, Hashable, Sendable {
  /// Header, checkpoint and set are not of the chain that is registered.
  case wrongChain(ChainID)
  /// The genesis id is zero, or header 0 does not name it.
  case wrongGenesis
  /// Header and checkpoint are of different heights or blocks.
  case headerMismatch
  /// A root is zero.
  case emptyRoot(String)
  /// The checkpoint names another set.
  case wrongSet
  /// A validator's key is of another suite than the chain.
  case wrongSuite
  /// The threshold is weaker than the set's rule, or than the fault model demands.
  case weakThreshold
  /// A period or limit is zero or too large; names it.
  case outOfRange(String)
}

extension RegistrationError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .wrongChain(let chain): "the trusted block is of chain \(chain)"
    case .wrongGenesis: "the genesis id is zero or not that of header 0"
    case .headerMismatch: "the trusted header is not that of the trusted checkpoint"
    case .emptyRoot(let name): "the trusted checkpoint's \(name) is zero"
    case .wrongSet: "the validator set is not the one that the trusted checkpoint names"
    case .wrongSuite: "a validator's key is of another suite than the chain"
    case .weakThreshold: "the threshold is weaker than the validator set's rule or the fault model"
    case .outOfRange(let name): "\(name) is out of range"
    }
  }
}

/// Everything that one chain has to be told about another to believe it. Both sides compare its fingerprint before it counts.
public struct ChainRegistration: CanonicalRecord, Codable, Hashable {
  /// The greatest number of trusted checkpoints that a client may keep.
  public static let checkpointLimit: UInt32 = 4_096
  /// The greatest clock drift that may be tolerated, in milliseconds.
  public static let driftLimitMs: UInt64 = 60_000

  /// The chain. An id belongs to one genesis for ever.
  public var chain: ChainID
  /// The chain's genesis.
  public var genesis: GenesisID
  /// The chain's suite.
  public var suite: CryptoSuite
  /// How it is verified.
  public var kind: ChainKind
  /// What its validators survive.
  public var faultModel: FaultModel
  /// The quorum that certificates must have, besides the set's own rule.
  public var threshold: QuorumRule
  /// The first height that is trusted.
  public var trusted: TrustedStart
  /// For how long a trusted height may move the client on, in milliseconds.
  public var trustingPeriodMs: UInt64
  /// How far a block's time may lead the verifier's own block time, in milliseconds.
  public var maxClockDriftMs: UInt64
  /// How many trusted checkpoints are kept; 1 to 4,096.
  public var checkpoints: UInt32
  /// The organisation that answers for the chain.
  public var organisation: OrganisationID

  /// A registration; `validate` checks it.
  ///
  /// Defaults: 14 days of trust, 5 seconds of drift, 4,096 checkpoints.
  public init(
    chain: ChainID, genesis: GenesisID, suite: CryptoSuite, kind: ChainKind = .checkpoint, faultModel: FaultModel,
    threshold: QuorumRule, trusted: TrustedStart, trustingPeriodMs: UInt64 = 14 * 86_400_000, maxClockDriftMs: UInt64 = 5_000,
    checkpoints: UInt32 = Self.checkpointLimit, organisation: OrganisationID
  ) {
    self.chain = chain
    self.genesis = genesis
    self.suite = suite
    self.kind = kind
    self.faultModel = faultModel
    self.threshold = threshold
    self.trusted = trusted
    self.trustingPeriodMs = trustingPeriodMs
    self.maxClockDriftMs = maxClockDriftMs
    self.checkpoints = checkpoints
    self.organisation = organisation
  }

  /// The registration of the chain that `ledger` holds, from its height 0.
  public init(
    of ledger: Ledger, organisation: OrganisationID, trustingPeriodMs: UInt64 = 14 * 86_400_000, maxClockDriftMs: UInt64 = 5_000
  ) throws(LedgerError) {
    let genesis = ledger.genesis
    self.init(
      chain: genesis.chain, genesis: ledger.genesisID, suite: genesis.suite, faultModel: genesis.engine == .raft ? .crash : .byzantine,
      threshold: genesis.validators.rule,
      trusted: TrustedStart(header: try ledger.header(at: 0), checkpoint: try ledger.checkpoint(at: 0), set: genesis.validators),
      trustingPeriodMs: trustingPeriodMs, maxClockDriftMs: maxClockDriftMs, organisation: organisation)
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(
      chain:genesis:suite:kind:faultModel:threshold:trusted:trustingPeriodMs:maxClockDriftMs:checkpoints:organisation:),
    \.chain, \.genesis, \.suite, \.kind, \.faultModel, \.threshold, \.trusted, \.trustingPeriodMs, \.maxClockDriftMs, \.checkpoints,
    \.organisation)

  /// What people on both sides read to each other before the registration counts.
  public var fingerprint: Digest { suite.digest("ChainRegistration", .none, self) }

  /// Checks that the parts fit together and that nothing is empty. No default is valid anywhere.
  public func validate() throws(RegistrationError) {
    let header = trusted.header
    let checkpoint = trusted.checkpoint
    guard header.chain == chain else { throw .wrongChain(header.chain) }
    guard checkpoint.chain == chain else { throw .wrongChain(checkpoint.chain) }
    guard genesis.digest != .zero, header.height > 0 || header.parent.digest == genesis.digest else { throw .wrongGenesis }
    guard header.height == checkpoint.height, header.id(genesis: genesis, suite: suite) == checkpoint.blockID else {
      throw .headerMismatch
    }
    guard checkpoint.stateRoot != .zero else { throw .emptyRoot("stateRoot") }
    guard checkpoint.receiptsRoot != .zero else { throw .emptyRoot("receiptsRoot") }
    guard checkpoint.historyRoot != .zero else { throw .emptyRoot("historyRoot") }
    guard trusted.set.hash(genesis: genesis, suite: suite) == checkpoint.validatorSetHash else { throw .wrongSet }
    guard trusted.set.members.allSatisfy({ $0.key.suite == suite }) else { throw .wrongSuite }
    guard threshold.rawValue >= trusted.set.rule.rawValue, faultModel == .crash || threshold == .moreThanTwoThirds else {
      throw .weakThreshold
    }
    guard trustingPeriodMs > 0, trustingPeriodMs <= 366 * 86_400_000 else { throw .outOfRange("trustingPeriodMs") }
    guard maxClockDriftMs <= Self.driftLimitMs else { throw .outOfRange("maxClockDriftMs") }
    guard (1...Self.checkpointLimit).contains(checkpoints) else { throw .outOfRange("checkpoints") }
  }
}
