public import ChainCore

/// Why a remote proof could not be made.
@nonexhaustive
public enum RemoteProofBuildError: Error, Hashable, Sendable {
  /// The relay has no client of the chain, or the verifier none of the relay: register it.
  case unregistered(ChainID)
  /// No certificate of this relay height is stored; take one that is certified.
  case notCertified(BlockHeight)
  /// The relay does not know the subject's height yet; wait for a relayer, or prove at `known`.
  case notKnown(BlockHeight, known: BlockHeight)
  /// The relay's height was signed before validators of the anchor's generation: prove at a later relay height, or give the
  /// verifier an anchor of the generation that `signed`.
  case anchorTooNew(UInt64, signed: UInt64)
  /// The relay's validators changed too often since the anchor's generation: the way takes so many steps, and verifiers follow 16.
  /// Give the verifier an anchor of generation `earliest` or later.
  case tooManySteps(Int, earliest: UInt64)
  /// A ledger could not be read.
  case ledger(LedgerError)
}

extension RemoteProofBuildError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .unregistered(let chain): "no client of \(chain) where one is needed: register it"
    case .notCertified(let height): "relay height \(height) has no certificate here"
    case .notKnown(let height, let known): "the relay knows the chain up to height \(known), not \(height)"
    case .anchorTooNew(let anchor, let signed):
      "the relay height was signed by validator generation \(signed), before the anchor's \(anchor): prove at a later relay height"
    case .tooManySteps(let count, let earliest):
      "from the anchor's validators it takes \(count) steps, and at most \(LightClient.stepLimit) are verified: "
        + "use an anchor of generation \(earliest) or later"
    case .ledger(let error): error.description
    }
  }
}

extension RemoteProof {
  /// Proves the record under `key` on the chain of `subject`, or its absence, to whoever trusts the chain of `relay`.
  ///
  /// - Parameters:
  ///   - height: The subject's height; `nil` = the newest that the relay knows. An older one is proven through its history.
  ///   - relayHeight: The relay's height; `nil` = its newest certified one. Inside contracts take one that their chain's client trusts.
  ///   - generation: The generation of the validators in the verifier's anchor; `nil` = the relay's first.
  ///   - pinned: The height that the verifier's anchor pins, if it pins one.
  /// - Throws: `RemoteProofBuildError`.
  public init(
    of key: StateKey, on subject: Ledger, at height: BlockHeight? = nil, through relay: Ledger, relayHeight: BlockHeight? = nil,
    generation: UInt64? = nil, pinned: BlockHeight? = nil
  ) throws(RemoteProofBuildError) {
    let chain = subject.genesis.chain
    let at = relayHeight ?? relay.newestCertified
    let known = try Self.knownHeight(of: chain, at: at, relay)
    let wanted = height ?? known
    guard wanted <= known else { throw .notKnown(wanted, known: known) }
    let steps = try Self.steps(of: relay, from: generation ?? relay.genesis.validators.generation, to: at)
    do throws(LedgerError) {
      var past: PastState?
      if wanted < known {
        past = PastState(header: try subject.header(at: wanted), history: try subject.proveHistory(of: wanted, under: known))
      }
      var pin: HistoryProof?
      if let pinned, pinned != at { pin = try relay.proveHistory(of: pinned, under: at) }
      self.init(
        relay: relay.genesis.chain, steps: steps, pin: pin,
        checkpoint: try relay.proveRecord(CrossChainState.checkpointKey(chain, known), at: at), past: past,
        record: try subject.proveRecord(key, at: wanted))
    } catch {
      throw .ledger(error)
    }
  }

  /// Proves the record to a contract on the chain of `verifier`: at the relay height that its client trusts.
  ///
  /// The client knows that height, so no steps lead to it, however often the relay's validators changed.
  /// How fresh it is depends on relayers: on the relay's client of the subject and on the verifier's client of the relay.
  /// - Throws: `RemoteProofBuildError`.
  public init(
    of key: StateKey, on subject: Ledger, at height: BlockHeight? = nil, through relay: Ledger, for verifier: Ledger
  ) throws(RemoteProofBuildError) {
    let trusted = try Self.knownHeight(of: relay.genesis.chain, at: verifier.head.height, verifier)
    try self.init(
      of: key, on: subject, at: height, through: relay, relayHeight: trusted, generation: relay.validators(signing: trusted).generation)
  }

  /// The way from the set of `generation` to `height`: a step for each change of the validators, then the height itself.
  static func steps(
    of relay: Ledger, from generation: UInt64, to height: BlockHeight
  ) throws(RemoteProofBuildError) -> [UpdateStep] {
    do throws(LedgerError) {
      _ = try relay.validators(generation: generation)
    } catch {
      throw .ledger(error)
    }
    let signed = relay.validators(signing: height).generation
    guard generation <= signed else { throw .anchorTooNew(generation, signed: signed) }
    var waypoints: [(height: BlockHeight, next: ValidatorSet?)] = []
    // A set that signs from the height after on is named by that height's own step.
    for change in relay.sets(signingAfter: 0) where change.set.generation > generation && change.since <= height.next {
      waypoints.append((change.since.previous, change.set))
    }
    if waypoints.last?.height != height { waypoints.append((height, nil)) }
    guard waypoints.count <= LightClient.stepLimit else {
      throw .tooManySteps(waypoints.count, earliest: generation + UInt64(waypoints.count - LightClient.stepLimit))
    }
    var steps: [UpdateStep] = []
    for (height, next) in waypoints { steps.append(UpdateStep(block: try block(of: relay, at: height), nextSet: next)) }
    return steps
  }

  private static func block(of relay: Ledger, at height: BlockHeight) throws(RemoteProofBuildError) -> LightBlock {
    let certificate: CheckpointCertificate?
    let header: BlockHeader
    do throws(LedgerError) {
      certificate = try relay.certificate(at: height)
      header = try relay.header(at: height)
    } catch {
      throw .ledger(error)
    }
    guard let certificate else { throw .notCertified(height) }
    return LightBlock(header: header, certificate: certificate)
  }

  /// The newest height of `chain` that the chain of `ledger` trusts in its state of `height`.
  static func knownHeight(
    of chain: ChainID, at height: BlockHeight, _ ledger: Ledger
  ) throws(RemoteProofBuildError) -> BlockHeight {
    let record: ClientRecord?
    do throws(QueryError) {
      record = try ledger.query(CrossChainState.contract, "client", chain, at: height)
    } catch {
      switch error {
      case .ledger(let error): throw .ledger(error)
      default: throw .unregistered(chain)
      }
    }
    guard let record else { throw .unregistered(chain) }
    return record.latest.height
  }
}
