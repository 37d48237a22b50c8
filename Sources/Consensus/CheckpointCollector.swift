public import ChainCore

/// What validators tell each other about checkpoints.
public enum CheckpointMessage: CanonicalCodable, Sendable, Hashable {
  /// My signature over this checkpoint; I have it durable.
  case signature(Checkpoint, Signature)
  /// The certificate of a height that you still ask about.
  case certificate(CheckpointCertificate)

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .signature(let checkpoint, let signature):
      writer.writeVariant(0)
      checkpoint.encode(into: &writer)
      signature.encode(into: &writer)
    case .certificate(let certificate):
      writer.writeVariant(1)
      certificate.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "CheckpointMessage") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .signature(try Checkpoint(from: &reader), try Signature(from: &reader))
      case 1: .certificate(try CheckpointCertificate(from: &reader))
      default: nil
      }
    }
  }
}

/// Gathers validators' signatures over executed checkpoints until a quorum makes a certificate.
///
/// The same for both engines. Signatures go to all peers and are repeated each second until certified; who has the certificate
/// already answers with it. A certificate for another state than this node computed is a fault, never adopted.
public struct CheckpointCollector: Sendable {
  /// How often signatures of open heights are repeated, in milliseconds.
  public static let repeatMs: UInt64 = 1_000
  /// How far above the last certified height signatures are kept.
  public static let window: UInt64 = 256

  /// What happened outside.
  @nonexhaustive
  public enum Event: Sendable {
    /// The host's clock shows this.
    case time(MonotonicInstant)
    /// This set signs from this height on; comes before the checkpoints that it signs.
    case seated(ValidatorSet, since: BlockHeight)
    /// This node executed a height and holds it durable.
    case executed(Checkpoint)
    /// The answer to `sign`.
    case signed(Checkpoint, Signature)
    /// A message came from a peer.
    case received(CheckpointMessage, from: ReplicaID)
  }

  /// What the host must do.
  @nonexhaustive
  public enum Effect: Sendable, Hashable {
    /// Sign this checkpoint with the validator's key; then report `signed`.
    case sign(Checkpoint)
    /// Send to all peers.
    case broadcast(CheckpointMessage)
    /// Send to one peer.
    case send(CheckpointMessage, to: ReplicaID)
    /// A quorum signed: store it with the next block.
    case certified(CheckpointCertificate)
    /// A peer still asks about a certified height that is no longer in memory: send it the certificate, if the ledger has it.
    case lookUp(BlockHeight, for: ReplicaID)
    /// A quorum signed another state than this node computed.
    case diverged(BlockHeight)
  }

  private struct Height: Sendable {
    var own: Checkpoint?
    var ownSignature: Signature?
    /// Signatures that came before or with our own checkpoint, by sender; checked when the checkpoint is known, and with it the set.
    var received: [ReplicaID: (checkpoint: Checkpoint, signature: Signature)] = [:]
    var verified: [Int: Signature] = [:]
    var lastSent: MonotonicInstant?
  }

  private let genesis: GenesisID
  private let suite: CryptoSuite
  private let id: ReplicaID
  /// The sets that sign open heights, each from a height on, oldest first.
  private var sets: [Signers]
  private var now: MonotonicInstant = 0
  private var heights: [BlockHeight: Height] = [:]
  private var recent: [BlockHeight: CheckpointCertificate] = [:]
  private var isHalted = false
  /// The greatest height with a certificate here.
  public private(set) var certified: BlockHeight
  /// The greatest executed height.
  public private(set) var executed: BlockHeight

  private struct Signers: Sendable {
    let set: ValidatorSet
    let since: BlockHeight
    let replicas: [ReplicaID]

    init(_ set: ValidatorSet, since: BlockHeight, suite: CryptoSuite) {
      self.set = set
      self.since = since
      replicas = set.members.map { $0.replica(suite: suite) }
    }
  }

  /// A collector for the validator `id` (who may be none), which continues from a ledger.
  /// - Parameter validators: The set that signs the height after `certified`; that of genesis by default.
  public init(genesis: Genesis, id: ReplicaID, certified: BlockHeight, executed: BlockHeight, validators: ValidatorSet? = nil) {
    self.genesis = genesis.id
    suite = genesis.suite
    self.id = id
    sets = [Signers(validators ?? genesis.validators, since: 0, suite: genesis.suite)]
    self.certified = certified
    self.executed = executed
  }

  /// Advances the collector by one event.
  public mutating func step(_ event: Event, into effects: inout [Effect]) {
    guard !isHalted else { return }
    switch event {
    case .time(let instant):
      now = max(now, instant)
      repeatSignatures(into: &effects)
    case .seated(let set, let since):
      guard set.generation > sets[sets.count - 1].set.generation else { return }
      sets.append(Signers(set, since: since, suite: suite))
    case .executed(let checkpoint): noteExecuted(checkpoint, into: &effects)
    case .signed(let checkpoint, let signature): noteSigned(checkpoint, signature, into: &effects)
    case .received(.signature(let checkpoint, let signature), let from):
      receive(checkpoint, signature, from: from, into: &effects)
    case .received(.certificate(let certificate), _): receive(certificate, into: &effects)
    }
  }

  private func signers(of height: BlockHeight) -> Signers { sets.last { $0.since <= height } ?? sets[0] }

  private mutating func noteExecuted(_ checkpoint: Checkpoint, into effects: inout [Effect]) {
    let height = checkpoint.height
    executed = max(executed, height)
    guard height > 0, recent[height] == nil else { return }
    heights[height, default: Height()].own = checkpoint
    if signers(of: height).replicas.contains(id) { effects.append(.sign(checkpoint)) }
    check(height, into: &effects)
  }

  private mutating func noteSigned(_ checkpoint: Checkpoint, _ signature: Signature, into effects: inout [Effect]) {
    guard let ownIndex = signers(of: checkpoint.height).replicas.firstIndex(of: id), heights[checkpoint.height]?.own == checkpoint else {
      return
    }
    heights[checkpoint.height]?.ownSignature = signature
    heights[checkpoint.height]?.verified[ownIndex] = signature
    heights[checkpoint.height]?.lastSent = now
    effects.append(.broadcast(.signature(checkpoint, signature)))
    check(checkpoint.height, into: &effects)
  }

  private mutating func receive(
    _ checkpoint: Checkpoint, _ signature: Signature, from: ReplicaID, into effects: inout [Effect]
  ) {
    let height = checkpoint.height
    if let certificate = recent[height] {
      effects.append(.send(.certificate(certificate), to: from))
      return
    }
    guard from != id, height > 0, height <= max(certified, executed).advanced(by: Self.window) else { return }
    guard height > certified || heights[height] != nil else {
      effects.append(.lookUp(height, for: from))
      return
    }
    // Above the next height the set is not known yet: whoever the host lets speak may, once a height.
    if height <= executed.next {
      guard let member = signers(of: height).replicas.firstIndex(of: from), heights[height]?.verified[member] == nil else { return }
    }
    heights[height, default: Height()].received[from] = (checkpoint, signature)
    check(height, into: &effects)
  }

  private mutating func receive(_ certificate: CheckpointCertificate, into effects: inout [Effect]) {
    let height = certificate.checkpoint.height
    guard let own = heights[height]?.own else { return }
    do throws(CheckpointCertificateError) {
      try certificate.verify(in: signers(of: height).set, genesis: genesis, suite: suite)
    } catch {
      return
    }
    finish(certificate, own: own, into: &effects)
  }

  /// Verifies what came for a height whose checkpoint is known here, and certifies if a quorum agrees.
  private mutating func check(_ height: BlockHeight, into effects: inout [Effect]) {
    guard var state = heights[height], let own = state.own else { return }
    let signers = signers(of: height)
    let set = signers.set
    let digest = own.digest(genesis: genesis, suite: suite)
    var others: [Checkpoint: [(index: Int, signature: Signature)]] = [:]
    for (member, replica) in signers.replicas.enumerated() {
      guard let item = state.received[replica] else { continue }
      if item.checkpoint == own {
        state.received[replica] = nil
        if set.members[member].key.verify(item.signature, of: digest) { state.verified[member] = item.signature }
      } else {
        others[item.checkpoint, default: []].append((member, item.signature))
      }
    }
    heights[height] = state
    if isQuorum(state.verified.keys.sorted(), of: set) {
      let signatures = state.verified.sorted { $0.key < $1.key }.map { (index: $0.key, signature: $0.value) }
      finish(CheckpointCertificate(checkpoint: own, set: set, signatures: signatures), own: own, into: &effects)
      return
    }
    for (checkpoint, signatures) in others where isQuorum(signatures.map(\.index), of: set) {
      let certificate = CheckpointCertificate(checkpoint: checkpoint, set: set, signatures: signatures)
      if (try? certificate.verify(in: set, genesis: genesis, suite: suite)) != nil { finish(certificate, own: own, into: &effects) }
    }
  }

  private func isQuorum(_ signers: [Int], of set: ValidatorSet) -> Bool {
    set.rule.isReached(weights: set.members.map(\.weight), signers: signers)
  }

  private mutating func finish(_ certificate: CheckpointCertificate, own: Checkpoint, into effects: inout [Effect]) {
    let height = certificate.checkpoint.height
    guard certificate.checkpoint == own else {
      isHalted = true
      effects.append(.diverged(height))
      return
    }
    heights[height] = nil
    recent[height] = certificate
    for old in recent.keys where old.advanced(by: Self.window) < height { recent[old] = nil }
    certified = max(certified, height)
    if sets.count > 1, sets[1].since.advanced(by: Self.window) < certified { sets.removeFirst() }
    effects.append(.certified(certificate))
  }

  private mutating func repeatSignatures(into effects: inout [Effect]) {
    for height in heights.keys.sorted() {
      guard let state = heights[height], let own = state.own, let signature = state.ownSignature else { continue }
      guard state.lastSent.map({ now.milliseconds(since: $0) >= Self.repeatMs }) ?? true else { continue }
      heights[height]?.lastSent = now
      effects.append(.broadcast(.signature(own, signature)))
    }
  }
}
