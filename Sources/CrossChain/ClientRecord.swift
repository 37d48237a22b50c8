public import ChainCore

/// A height of another chain that a client verified.
public struct TrustedCheckpoint: CanonicalRecord, Codable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// Its genesis, as it was registered.
  public var genesis: GenesisID
  /// Its suite, as it was registered.
  public var suite: CryptoSuite
  /// The height.
  public var height: BlockHeight
  /// The time of its block.
  public var time: BlockTime
  /// The block.
  public var blockID: BlockID
  /// The state root after it.
  public var stateRoot: Digest
  /// The root over its receipts.
  public var receiptsRoot: Digest
  /// The root over the history before it; `nil` if the height was backfilled.
  public var historyRoot: Digest?
  /// The hash of the set that signs the next height; `nil` if the height was backfilled.
  public var validatorSetHash: Digest?

  /// Puts the fields together.
  public init(
    chain: ChainID, genesis: GenesisID, suite: CryptoSuite, height: BlockHeight, time: BlockTime, blockID: BlockID, stateRoot: Digest,
    receiptsRoot: Digest, historyRoot: Digest?, validatorSetHash: Digest?
  ) {
    self.chain = chain
    self.genesis = genesis
    self.suite = suite
    self.height = height
    self.time = time
    self.blockID = blockID
    self.stateRoot = stateRoot
    self.receiptsRoot = receiptsRoot
    self.historyRoot = historyRoot
    self.validatorSetHash = validatorSetHash
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.chain, \.genesis, \.suite, \.height, \.time, \.blockID, \.stateRoot, \.receiptsRoot, \.historyRoot,
    \.validatorSetHash)

  init(_ rules: LightClient.Rules, header: BlockHeader, checkpoint: Checkpoint) {
    self.init(
      chain: rules.chain, genesis: rules.genesis, suite: rules.suite, height: checkpoint.height, time: header.time,
      blockID: checkpoint.blockID, stateRoot: checkpoint.stateRoot, receiptsRoot: checkpoint.receiptsRoot,
      historyRoot: checkpoint.historyRoot, validatorSetHash: checkpoint.validatorSetHash)
  }

  /// What later history proves of this height.
  public var leaf: HistoryLeaf {
    HistoryLeaf(height: height, blockID: blockID, stateRoot: stateRoot, receiptsRoot: receiptsRoot)
  }

  /// Verifies that `history` shows a lower height in the history of this one.
  /// - Throws: `ProofError` naming the failed check; `.notPresent` if this height's history is not known.
  public func verify(_ history: HistoryProof) throws(ProofError) {
    guard let historyRoot else { throw .notPresent }
    guard history.path.index == history.leaf.height.rawValue, history.path.size == height.rawValue else {
      throw .indexOutOfRange(index: history.path.index, size: history.path.size)
    }
    try history.path.verify(leaf: MerkleLog.leafHash(history.leaf.canonicalBytes, suite: suite), root: historyRoot, suite: suite)
  }
}

/// Whether a client may prove anything.
public enum ClientStatus: CanonicalCodable, Codable, Hashable, Sendable {
  /// It may, within the trusting period.
  case active
  /// Its chain certified two histories; the id of the stored evidence. Only governance thaws it.
  case frozen(evidence: Digest)
  /// Its chain is gone for good, by this decision of governance. Its id stays taken.
  case retired(decision: Digest)

  /// The form in errors.
  var text: String {
    switch self {
    case .active: "active"
    case .frozen(let evidence): "frozen by \(evidence)"
    case .retired(let decision): "retired by \(decision)"
    }
  }

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .active: writer.writeVariant(0)
    case .frozen(let evidence):
      writer.writeVariant(1)
      evidence.encode(into: &writer)
    case .retired(let decision):
      writer.writeVariant(2)
      decision.encode(into: &writer)
    }
  }
  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "ClientStatus") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .active
      case 1: .frozen(evidence: try Digest(from: &reader))
      case 2: .retired(decision: try Digest(from: &reader))
      default: nil
      }
    }
  }
}

/// What a chain knows of another.
public struct ClientRecord: CanonicalRecord, Codable, Hashable {
  /// How the chain was registered.
  public var registration: ChainRegistration
  /// Whether it may prove anything.
  public var status: ClientStatus
  /// The greatest trusted height.
  public var latest: TrustedCheckpoint
  /// The set that signs after it.
  public var set: ValidatorSet
  /// How many trusted checkpoints are kept.
  public var kept: UInt32

  /// Puts the fields together.
  public init(registration: ChainRegistration, status: ClientStatus, latest: TrustedCheckpoint, set: ValidatorSet, kept: UInt32) {
    self.registration = registration
    self.status = status
    self.latest = latest
    self.set = set
    self.kept = kept
  }

  /// The client of a chain that was just registered.
  public init(_ registration: ChainRegistration) {
    self.init(
      registration: registration, status: .active,
      latest: TrustedCheckpoint(
        LightClient.Rules(registration), header: registration.trusted.header, checkpoint: registration.trusted.checkpoint),
      set: registration.trusted.set, kept: 1)
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.registration, \.status, \.latest, \.set, \.kept)

  /// Whether a height of time `time` is within the trusting period at `now`.
  public func trusts(_ time: BlockTime, at now: BlockTime) -> Bool {
    now.milliseconds(since: time) < registration.trustingPeriodMs
  }
}
