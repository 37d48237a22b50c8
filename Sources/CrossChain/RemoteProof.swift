public import ChainCore

/// An older state of the subject: the one that the record is proven in, if not the one that the relay knows.
public struct PastState: CanonicalRecord, Codable, Hashable {
  /// The older header, for its time: an old record must not look fresh.
  public var header: BlockHeader
  /// The older height in the history of the one that the relay knows.
  public var history: HistoryProof

  /// Puts the parts together; nothing is checked.
  public init(header: BlockHeader, history: HistoryProof) {
    self.header = header
    self.history = history
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.header, \.history)
}

/// Why a remote proof does not hold: which check failed.
@nonexhaustive
public enum RemoteProofError: Error, Hashable, Sendable {
  /// The relay's certificates do not lead from what is trusted to the relay's block.
  case relay(LightClientError)
  /// The proof is about another relay than the trusted one.
  case otherRelay(ChainID)
  /// The anchor pins a block, and the proof does not show it.
  case pinMissing(BlockHeight)
  /// The proof shows a pinned block that the anchor does not ask for; leave it out.
  case unneededPin
  /// The pinned block is not in the history of the relay's block.
  case pin(ProofError)
  /// The relay's record of the subject's height does not decode or is not one.
  case checkpointRecord
  /// The relay's record of the subject's height is not in the relay's state.
  case checkpoint(ProofError)
  /// The older height is not in the subject's history.
  case history(ProofError)
  /// The older header is not that of the older height.
  case historyHeader
  /// The record, or its absence, is not in the subject's state.
  case record(ProofError)
}

extension RemoteProofError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .relay(let error): "relay certificate: \(error)"
    case .otherRelay(let chain): "the proof is through relay \(chain), which is not the trusted one"
    case .pinMissing(let height): "the anchor pins relay block \(height), which the proof does not show"
    case .unneededPin: "the proof shows a pinned relay block that the anchor does not ask for"
    case .pin(let error): "pinned relay block: \(error)"
    case .checkpointRecord: "the relay's record of the subject's height is malformed"
    case .checkpoint(let error): "relay's record of the subject's height: \(error)"
    case .history(let error): "subject's history: \(error)"
    case .historyHeader: "the older header is not that of the proven older height"
    case .record(let error): "subject's record: \(error)"
    }
  }
}

/// What a remote proof proves: a chain's record, or that there is none, at a height and time.
public struct VerifiedRecord: CanonicalRecord, Codable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// Its genesis, as the relay registered it.
  public var genesis: GenesisID
  /// Its suite.
  public var suite: CryptoSuite
  /// The height of the state that holds the record.
  public var height: BlockHeight
  /// The time of that height's block.
  public var time: BlockTime
  /// The state key.
  public var key: [UInt8]
  /// The record's canonical bytes; `nil` = there is none.
  public var value: [UInt8]?

  /// Puts the fields together. Only verification makes records that mean something.
  public init(
    chain: ChainID, genesis: GenesisID, suite: CryptoSuite, height: BlockHeight, time: BlockTime, key: [UInt8], value: [UInt8]?
  ) {
    self.chain = chain
    self.genesis = genesis
    self.suite = suite
    self.height = height
    self.time = time
    self.key = key
    self.value = value
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.genesis, \.suite, \.height, \.time, \.key, \.value)

  /// The record as `table` of `contract` holds it under `key`; `nil` = proven absent.
  /// - Throws: `ContractError.badArgument` if it is another record, or not of this table's type.
  public func record<Key, Value>(
    of contract: ContractName, _ table: Table<Key, Value>, _ key: Key
  ) throws(ContractError) -> Value? {
    guard self.key == StateKey(contract: contract, table: table.name, key: key).bytes else {
      throw .badArgument("proof: it is about another record")
    }
    guard let value else { return nil }
    do {
      return try Value(canonicalBytes: value)
    } catch {
      throw .badArgument("proof: the record is not of this version's form")
    }
  }
}

/// Shows a record of one chain to whoever trusts the relay, without a packet: relay certificate → relay's record of the subject's
/// height → the record, or its absence, under the subject's state root.
public struct RemoteProof: CanonicalRecord, Codable, Hashable {
  /// The relay.
  public var relay: ChainID
  /// The relay's certificates: the last one is of the relay height that the proof is made at, the ones before lead from the
  /// validators that the verifier trusts to those who signed it. 1 to 16.
  public var steps: [UpdateStep]
  /// The pinned relay block in the history of the last step, if the verifier's anchor pins one.
  public var pin: HistoryProof?
  /// The relay's record of the subject's height, in the relay's state.
  public var checkpoint: RecordProof
  /// An older state of the subject, if the record is proven in one.
  public var past: PastState?
  /// The record, or its absence, in the subject's state.
  public var record: RecordProof

  /// Puts the parts together; nothing is checked.
  public init(
    relay: ChainID, steps: [UpdateStep], pin: HistoryProof?, checkpoint: RecordProof, past: PastState?, record: RecordProof
  ) {
    self.relay = relay
    self.steps = steps
    self.pin = pin
    self.checkpoint = checkpoint
    self.past = past
    self.record = record
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.relay, \.steps, \.pin, \.checkpoint, \.past, \.record)

  /// Verifies the proof offline.
  ///
  /// How fresh the record is, is in the result's `time`: compare it with your own clock.
  /// - Throws: `RemoteProofError` naming the failed check.
  public func verify(anchor: TrustAnchor) throws(RemoteProofError) -> VerifiedRecord {
    guard relay == anchor.chain else { throw .otherRelay(relay) }
    return try verify(under: try anchor.verify(steps, pin: pin))
  }

  /// Verifies everything below a relay height that is trusted already.
  func verify(under relay: TrustedCheckpoint) throws(RemoteProofError) -> VerifiedRecord {
    do throws(ProofError) {
      try checkpoint.verify(stateRoot: relay.stateRoot, suite: relay.suite)
    } catch {
      throw .checkpoint(error)
    }
    guard let bytes = checkpoint.value, let subject = try? TrustedCheckpoint(canonicalBytes: bytes),
      checkpoint.key == CrossChainState.checkpointKey(subject.chain, subject.height).bytes
    else { throw .checkpointRecord }
    var height = subject.height
    var time = subject.time
    var stateRoot = subject.stateRoot
    if let past {
      do throws(ProofError) {
        try subject.verify(past.history)
      } catch {
        throw .history(error)
      }
      let leaf = past.history.leaf
      guard past.header.chain == subject.chain, past.header.height == leaf.height,
        past.header.id(genesis: subject.genesis, suite: subject.suite) == leaf.blockID
      else { throw .historyHeader }
      height = leaf.height
      time = past.header.time
      stateRoot = leaf.stateRoot
    }
    do throws(ProofError) {
      try record.verify(stateRoot: stateRoot, suite: subject.suite)
    } catch {
      throw .record(error)
    }
    return VerifiedRecord(
      chain: subject.chain, genesis: subject.genesis, suite: subject.suite, height: height, time: time, key: record.key,
      value: record.value)
  }
}
