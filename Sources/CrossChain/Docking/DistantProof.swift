public import ChainCore

/// Shows a record of a chain that hangs below several relays to whoever trusts the topmost one: its certificate → its record of the next
/// relay's height → that relay's record of the next one's → … → the subject's height → the record, or its absence.
public struct DistantProof: CanonicalRecord, Codable, Hashable {
  /// The greatest number of relays.
  public static let levelLimit = 8

  /// Each relay's record of the next one's height, the topmost relay's first; none if the topmost relay knows the subject itself.
  public var levels: [RecordProof]
  /// The topmost relay with its certificates, and the lowest relay's record of the subject's height with the record there.
  public var proof: RemoteProof

  /// Puts the parts together; nothing is checked.
  public init(levels: [RecordProof], proof: RemoteProof) {
    self.levels = levels
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init(levels:proof:), \.levels, \.proof)

  /// Proves the record under `key` on the chain of `subject`, at the newest height that the relays know, each the next one's.
  ///
  /// - Parameters:
  ///   - relays: The topmost first; 1 to 8.
  ///   - generation: The generation of the validators in the verifier's anchor of the topmost; `nil` = its first.
  /// - Throws: `RemoteProofBuildError`.
  public init(
    of key: StateKey, on subject: Ledger, through relays: [Ledger], generation: UInt64? = nil
  ) throws(RemoteProofBuildError) {
    guard let top = relays.first, relays.count <= Self.levelLimit else {
      throw .tooManySteps(relays.count, earliest: 0)
    }
    var levels: [RecordProof] = []
    let steps = try RemoteProof.steps(of: top, from: generation ?? top.genesis.validators.generation, to: top.newestCertified)
    var height = top.newestCertified
    var known = height
    var record: RecordProof?
    for (index, relay) in relays.enumerated() {
      let next = index + 1 < relays.count ? relays[index + 1] : subject
      let chain = next.genesis.chain
      known = try RemoteProof.knownHeight(of: chain, at: height, relay)
      do throws(LedgerError) {
        record = try relay.proveRecord(CrossChainState.checkpointKey(chain, known), at: height)
      } catch {
        throw .ledger(error)
      }
      if index + 1 < relays.count, let record { levels.append(record) }
      height = known
    }
    guard let record else { throw .unregistered(subject.genesis.chain) }
    do throws(LedgerError) {
      self.init(
        levels: levels,
        proof: RemoteProof(
          relay: top.genesis.chain, steps: steps, pin: nil, checkpoint: record, past: nil, record: try subject.proveRecord(key, at: known)))
    } catch {
      throw .ledger(error)
    }
  }

  /// Verifies everything from the anchor of the topmost relay down to the record.
  ///
  /// - Throws: `RemoteProofError` naming the failed check; `.checkpointRecord` if a level's record is not one of a relay's height.
  public func verify(anchor: TrustAnchor) throws(RemoteProofError) -> VerifiedRecord {
    guard proof.relay == anchor.chain else { throw .otherRelay(proof.relay) }
    guard levels.count < Self.levelLimit else { throw .checkpointRecord }
    var trusted = try anchor.verify(proof.steps, pin: proof.pin)
    for level in levels {
      do throws(ProofError) {
        try level.verify(stateRoot: trusted.stateRoot, suite: trusted.suite)
      } catch {
        throw .checkpoint(error)
      }
      guard let bytes = level.value, let next = try? TrustedCheckpoint(canonicalBytes: bytes),
        level.key == CrossChainState.checkpointKey(next.chain, next.height).bytes
      else { throw .checkpointRecord }
      trusted = next
    }
    return try proof.verify(under: trusted)
  }
}
