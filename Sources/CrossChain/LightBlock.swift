public import ChainCore

/// A certified height as a light client sees it: the certificate proves the checkpoint, the header gives the time.
public struct LightBlock: CanonicalRecord, Codable, Hashable {
  /// The header whose hash is the checkpoint's block id.
  public var header: BlockHeader
  /// The checkpoint with the signatures of a quorum.
  public var certificate: CheckpointCertificate

  /// Puts the parts together; nothing is checked.
  public init(header: BlockHeader, certificate: CheckpointCertificate) {
    self.header = header
    self.certificate = certificate
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.header, \.certificate)

  /// The certified checkpoint.
  public var checkpoint: Checkpoint { certificate.checkpoint }
  /// The certified height.
  public var height: BlockHeight { certificate.checkpoint.height }
}

/// One step of an update: a certified height, and the set it hands over to if that is another than the one that signed.
public struct UpdateStep: CanonicalRecord, Codable, Hashable {
  /// The certified height.
  public var block: LightBlock
  /// The set that signs from the next height on; only if it changes here.
  public var nextSet: ValidatorSet?

  /// Puts the parts together; nothing is checked.
  public init(block: LightBlock, nextSet: ValidatorSet? = nil) {
    self.block = block
    self.nextSet = nextSet
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.block, \.nextSet)
}

/// What moves a light client forward.
///
/// Only heights at which the set changes need a step, and the newest one: an unchanged set skips any distance.
public struct ClientUpdate: CanonicalRecord, Codable, Hashable {
  /// 1 to 16 steps, heights growing.
  public var steps: [UpdateStep]
  /// The client's latest height in the history of the last step: an update extends what was trusted.
  public var history: HistoryProof

  /// Puts the parts together; nothing is checked.
  public init(steps: [UpdateStep], history: HistoryProof) {
    self.steps = steps
    self.history = history
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.steps, \.history)
}

/// Makes a lower height known, by header and history proof under a trusted height: old signatures never matter again.
public struct Backfill: CanonicalRecord, Codable, Hashable {
  /// The header of the lower height, for its time.
  public var header: BlockHeader
  /// The trusted height whose history root the proof leads to.
  public var under: BlockHeight
  /// The lower height in that history.
  public var history: HistoryProof

  /// Puts the parts together; nothing is checked.
  public init(header: BlockHeader, under: BlockHeight, history: HistoryProof) {
    self.header = header
    self.under = under
    self.history = history
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.header, \.under, \.history)
}
