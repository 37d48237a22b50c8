public import ChainCore

/// What shows that a chain's validators certified two histories. Anybody can check it again later.
public enum Misbehaviour: CanonicalCodable, Codable, Hashable, Sendable {
  /// Valid certificates of one height with different checkpoints, signed by `signers`, whom the trusted height `named` names.
  case twoCertificates(CheckpointCertificate, CheckpointCertificate, signers: ValidatorSet, named: BlockHeight)
  /// An update on the trusted height `base` with valid certificates that contradicts what is trusted.
  case update(ClientUpdate, base: BlockHeight)
  /// A history proof under a trusted height that contradicts another trusted height.
  case history(Backfill)

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .twoCertificates(let first, let second, let signers, let named):
      writer.writeVariant(0)
      first.encode(into: &writer)
      second.encode(into: &writer)
      signers.encode(into: &writer)
      named.encode(into: &writer)
    case .update(let update, let base):
      writer.writeVariant(1)
      update.encode(into: &writer)
      base.encode(into: &writer)
    case .history(let backfill):
      writer.writeVariant(2)
      backfill.encode(into: &writer)
    }
  }

  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "Misbehaviour") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0:
        .twoCertificates(
          try CheckpointCertificate(from: &reader), try CheckpointCertificate(from: &reader), signers: try ValidatorSet(from: &reader),
          named: try BlockHeight(from: &reader))
      case 1: .update(try ClientUpdate(from: &reader), base: try BlockHeight(from: &reader))
      case 2: .history(try Backfill(from: &reader))
      default: nil
      }
    }
  }

  /// The id that the frozen client names.
  public func id(suite: CryptoSuite) -> Digest { suite.digest("Misbehaviour", .none, self) }
}

/// Why a light client did not believe something. The client is unchanged whenever this is thrown.
@nonexhaustive
public enum LightClientError: Error, Hashable, Sendable {
  /// The client is frozen; governance reviews the evidence.
  case frozen(evidence: Digest)
  /// The chain is retired; nothing of it is believed any more.
  case retired(decision: Digest)
  /// The client was not updated within its trusting period; governance registers a new trusted block.
  case expired(latest: BlockTime, now: BlockTime)
  /// An update has 1 to 16 steps.
  case stepCount(Int)
  /// Block, checkpoint or header is of another chain.
  case wrongChain(ChainID)
  /// The header is not that of the certified block.
  case headerMismatch(BlockHeight)
  /// The height is not greater than the one before; a lower height is backfilled instead.
  case heightNotGreater(BlockHeight, latest: BlockHeight)
  /// The block's time leads the verifier's by more than the tolerated drift; try again later.
  case fromFuture(BlockTime, now: BlockTime)
  /// The certificate proves nothing.
  case certificate(BlockHeight, CheckpointCertificateError)
  /// The checkpoint names another set, which the step must carry; fetch the handover.
  case missingNextSet(BlockHeight)
  /// The step carries a set although the checkpoint names none, or names another, or its generation does not follow.
  case wrongNextSet(BlockHeight)
  /// A key of the next set is of another suite than the registration names.
  case unfitNextSet(BlockHeight)
  /// The history proof is not of the client's latest height: somebody updated the client meanwhile. Read it and prove again.
  case otherBase(BlockHeight, latest: BlockHeight)
  /// The history proof does not hold.
  case history(ProofError)
  /// The evidence contradicts nothing.
  case noMisbehaviour
}

extension LightClientError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .frozen(let evidence): "the client is frozen by evidence \(evidence)"
    case .retired(let decision): "the chain is retired by decision \(decision)"
    case .expired(let latest, let now): "the client's latest block is of \(latest), too long before \(now): it needs a new trusted block"
    case .stepCount(let count): "\(count) steps; 1 to \(LightClient.stepLimit) expected"
    case .wrongChain(let chain): "the block is of chain \(chain)"
    case .headerMismatch(let height): "the header is not that of the certified block \(height)"
    case .heightNotGreater(let height, let latest): "height \(height) is not greater than \(latest)"
    case .fromFuture(let time, let now): "block time \(time) leads the verifier's time \(now)"
    case .certificate(let height, let error): "certificate of height \(height): \(error)"
    case .missingNextSet(let height): "height \(height) hands over to a set that the step does not carry"
    case .wrongNextSet(let height): "the set carried with height \(height) is not the one that follows"
    case .unfitNextSet(let height): "the set that follows height \(height) does not fit the registration"
    case .otherBase(let height, let latest): "the history proof is of height \(height); the client's latest is \(latest)"
    case .history(let error): "history proof: \(error)"
    case .noMisbehaviour: "the certificates contradict nothing"
    }
  }
}
