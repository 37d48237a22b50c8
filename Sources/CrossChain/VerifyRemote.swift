public import ChainCore

/// Arguments of `xc.verifyRemote`.
public struct RemoteQuestion: CanonicalRecord, Codable, Hashable {
  /// The proof.
  public var proof: RemoteProof
  /// How old the subject's block may be, in milliseconds before this chain's block time.
  public var maxAgeMs: UInt64

  /// Puts the parts together.
  public init(proof: RemoteProof, maxAgeMs: UInt64) {
    self.proof = proof
    self.maxAgeMs = maxAgeMs
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.proof, \.maxAgeMs)

  /// Verifies the proof against this chain's own client of the relay. The relay height must be one that the client trusts: its
  /// certificates are not looked at again.
  func answer(_ context: QueryContext) throws(ContractError) -> VerifiedRecord {
    guard let network = try context.get(CrossChainContract.network, SingleKey()) else { throw .notSupported("remote proofs") }
    guard proof.relay == network.relay else {
      throw .badArgument("remote proof: \(RemoteProofError.otherRelay(proof.relay))")
    }
    guard let block = proof.steps.last?.block else { throw .badArgument("remote proof: no relay block") }
    let trusted = try ChainRegistry.trusted(network.relay, block.height, context)
    guard trusted.blockID == block.checkpoint.blockID else { throw .badArgument("remote proof: another relay block than the trusted one") }
    let verified: VerifiedRecord
    do throws(RemoteProofError) {
      verified = try proof.verify(under: trusted)
    } catch {
      throw .badArgument("remote proof: \(error)")
    }
    guard context.time.milliseconds(since: verified.time) <= maxAgeMs else { throw .stale(found: verified.time.rawValue) }
    return verified
  }
}

extension QueryContext {
  /// Verifies a record of another chain against this chain's client of the relay, inside a contract.
  ///
  /// The caller still has to compare chain and key with those it expects: `VerifiedRecord.record(of:_:_:)` does for the key.
  /// - Parameter maxAgeMs: How old the other chain's block may be before it counts as stale; 10 minutes.
  /// - Throws: `.stale` with the block's time if it is too old, or with the newest trusted relay height if the proof's is not trusted
  ///   (let a relayer update the client, or prove at that height); `.badArgument` naming the failed check; `.expired` or `.notAllowed`
  ///   if the client may prove nothing; `.notSupported` on a chain without `xc`.
  public func verifyRemote(_ proof: RemoteProof, maxAgeMs: UInt64 = 600_000) throws(ContractError) -> VerifiedRecord {
    try query(CrossChainState.contract, "verifyRemote", RemoteQuestion(proof: proof, maxAgeMs: maxAgeMs))
  }
}
