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
  ///   - pinned: The height that the verifier's anchor pins, if it pins one.
  /// - Throws: `RemoteProofBuildError`.
  public init(
    of key: StateKey, on subject: Ledger, at height: BlockHeight? = nil, through relay: Ledger, relayHeight: BlockHeight? = nil,
    pinned: BlockHeight? = nil
  ) throws(RemoteProofBuildError) {
    let chain = subject.genesis.chain
    let at = relayHeight ?? relay.newestCertified
    let known = try Self.knownHeight(of: chain, at: at, relay)
    let wanted = height ?? known
    guard wanted <= known else { throw .notKnown(wanted, known: known) }
    let result: RemoteProof?
    do throws(LedgerError) {
      if let certificate = try relay.certificate(at: at) {
        let step = UpdateStep(block: LightBlock(header: try relay.header(at: at), certificate: certificate))
        var past: PastState?
        if wanted < known {
          past = PastState(header: try subject.header(at: wanted), history: try subject.proveHistory(of: wanted, under: known))
        }
        var pin: HistoryProof?
        if let pinned, pinned != at { pin = try relay.proveHistory(of: pinned, under: at) }
        result = RemoteProof(
          relay: relay.genesis.chain, steps: [step], pin: pin,
          checkpoint: try relay.proveRecord(CrossChainState.checkpointKey(chain, known), at: at), past: past,
          record: try subject.proveRecord(key, at: wanted))
      } else {
        result = nil
      }
    } catch {
      throw .ledger(error)
    }
    guard let result else { throw .notCertified(at) }
    self = result
  }

  /// Proves the record to a contract on the chain of `verifier`: at the relay height that its client trusts.
  ///
  /// How fresh it is depends on relayers: on the relay's client of the subject and on the verifier's client of the relay.
  /// - Throws: `RemoteProofBuildError`.
  public init(
    of key: StateKey, on subject: Ledger, at height: BlockHeight? = nil, through relay: Ledger, for verifier: Ledger
  ) throws(RemoteProofBuildError) {
    let trusted = try Self.knownHeight(of: relay.genesis.chain, at: verifier.head.height, verifier)
    try self.init(of: key, on: subject, at: height, through: relay, relayHeight: trusted)
  }

  /// The newest height of `chain` that the chain of `ledger` trusts in its state of `height`.
  private static func knownHeight(
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
