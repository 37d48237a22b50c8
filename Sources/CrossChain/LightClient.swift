public import ChainCore

/// Believes another chain by its checkpoint certificates alone: pure functions over a `ClientRecord`.
///
/// The current set must have certified each step; a changed set comes with the certificate that names it, one generation on; and every
/// update proves that it extends what was trusted. Retired keys fool only a client that never left their generation.
public enum LightClient {
  /// What a chain's blocks are verified by.
  public struct Rules: Sendable, Hashable {
    /// The chain.
    public var chain: ChainID
    /// Its genesis.
    public var genesis: GenesisID
    /// Its suite.
    public var suite: CryptoSuite
    /// The quorum that certificates must have, besides the set's own rule.
    public var threshold: QuorumRule

    /// Puts the parts together.
    public init(chain: ChainID, genesis: GenesisID, suite: CryptoSuite, threshold: QuorumRule) {
      self.chain = chain
      self.genesis = genesis
      self.suite = suite
      self.threshold = threshold
    }

    /// The rules of a registered chain.
    public init(_ registration: ChainRegistration) {
      self.init(
        chain: registration.chain, genesis: registration.genesis, suite: registration.suite, threshold: registration.threshold)
    }
  }

  /// The greatest number of steps of an update.
  public static let stepLimit = 16

  /// What an update does to a client.
  public enum Change: Sendable, Hashable {
    /// Everything in it is trusted already.
    case known
    /// The client moved on; `added` are the newly trusted heights, ascending.
    case advanced(ClientRecord, added: [TrustedCheckpoint])
    /// The update is valid and contradicts what is trusted: the client proves nothing any more.
    case frozen(ClientRecord, Misbehaviour)
  }

  /// Verifies `update` and says what becomes of `client`.
  ///
  /// - Parameters:
  ///   - known: What the client trusts at the height of the update's last step, if anything.
  ///   - now: The verifier's own block time.
  /// - Throws: `LightClientError`. A merely invalid update never freezes.
  /// - Complexity: one signature check per signer and step.
  public static func update(
    _ client: ClientRecord, with update: ClientUpdate, known: TrustedCheckpoint?, now: BlockTime
  ) throws(LightClientError) -> Change {
    try requireUsable(client, now: now)
    guard let last = update.steps.last, update.steps.count <= stepLimit else { throw .stepCount(update.steps.count) }
    if last.block.height <= client.latest.height { return try meet(last.block, client, known: known, update: update) }
    let rules = Rules(client.registration)
    var set = client.set
    var time = client.latest.time
    var height = client.latest.height
    var added: [TrustedCheckpoint] = []
    for step in update.steps {
      let block = step.block
      guard block.height > height else { throw .heightNotGreater(block.height, latest: height) }
      try verify(block, in: set, rules)
      guard block.header.time.rawValue <= now.advanced(byMilliseconds: client.registration.maxClockDriftMs).rawValue else {
        throw .fromFuture(block.header.time, now: now)
      }
      // A quorum certified a later block with an earlier time: it breaks the first rule of its own chain.
      guard block.header.time > time else { return freeze(client, .update(update, base: client.latest.height)) }
      set = try follow(set, step, rules)
      time = block.header.time
      height = block.height
      added.append(TrustedCheckpoint(rules, header: block.header, checkpoint: block.checkpoint))
    }
    let newest = added[added.count - 1]
    guard update.history.leaf.height == client.latest.height else {
      throw .otherBase(update.history.leaf.height, latest: client.latest.height)
    }
    do throws(ProofError) {
      try newest.verify(update.history)
    } catch {
      throw .history(error)
    }
    guard update.history.leaf == client.latest.leaf else { return freeze(client, .update(update, base: client.latest.height)) }
    var moved = client
    moved.latest = newest
    moved.set = set
    return .advanced(moved, added: added)
  }

  /// Verifies that a lower height is in the history of the trusted height `under`.
  ///
  /// - Parameter known: What the client trusts at the lower height, if anything.
  public static func backfill(
    _ client: ClientRecord, with backfill: Backfill, under: TrustedCheckpoint, known: TrustedCheckpoint?, now: BlockTime
  ) throws(LightClientError) -> Change {
    try requireUsable(client, now: now)
    let registration = client.registration
    let leaf = backfill.history.leaf
    guard backfill.header.chain == registration.chain else { throw .wrongChain(backfill.header.chain) }
    guard backfill.header.height == leaf.height,
      backfill.header.id(genesis: registration.genesis, suite: registration.suite) == leaf.blockID
    else { throw .headerMismatch(backfill.header.height) }
    do throws(ProofError) {
      try under.verify(backfill.history)
    } catch {
      #if DEBUG
        if !RelayMutation.backfillWithoutHistory.isPlanted { throw .history(error) }
      #else
        throw .history(error)
      #endif
    }
    if let known {
      return known.leaf == leaf ? .known : freeze(client, .history(backfill))
    }
    let trusted = TrustedCheckpoint(
      chain: registration.chain, genesis: registration.genesis, suite: registration.suite, height: leaf.height,
      time: backfill.header.time, blockID: leaf.blockID, stateRoot: leaf.stateRoot, receiptsRoot: leaf.receiptsRoot, historyRoot: nil,
      validatorSetHash: nil)
    return .advanced(client, added: [trusted])
  }

  /// Verifies that two certificates of one height contradict each other.
  ///
  /// - Parameter named: The trusted height that names their signers.
  public static func misbehaviour(
    _ client: ClientRecord, _ first: CheckpointCertificate, _ second: CheckpointCertificate, signers: ValidatorSet,
    named: TrustedCheckpoint
  ) throws(LightClientError) -> Change {
    try requireUnstopped(client)
    let registration = client.registration
    guard let hash = named.validatorSetHash, signers.hash(genesis: registration.genesis, suite: registration.suite) == hash else {
      throw .wrongNextSet(named.height)
    }
    for certificate in [first, second] {
      #if DEBUG
        if RelayMutation.evidenceWithoutSignatures.isPlanted { continue }
      #endif
      guard certificate.checkpoint.chain == registration.chain else { throw .wrongChain(certificate.checkpoint.chain) }
      try verify(certificate, in: signers, Rules(registration))
    }
    guard contradict(first.checkpoint, second.checkpoint) else { throw .noMisbehaviour }
    return freeze(client, .twoCertificates(first, second, signers: signers, named: named.height))
  }

  private static func contradict(_ first: Checkpoint, _ second: Checkpoint) -> Bool {
    #if DEBUG
      if RelayMutation.evidenceOfNothing.isPlanted { return first != second }
    #endif
    return first.height == second.height && first != second
  }

  /// Verifies a chain of steps from `set` on, without a client: what offline verifiers do.
  ///
  /// - Returns: The last step as a trusted height.
  public static func follow(
    _ steps: [UpdateStep], from set: ValidatorSet, in rules: Rules
  ) throws(LightClientError) -> TrustedCheckpoint {
    guard let last = steps.last, steps.count <= stepLimit else { throw .stepCount(steps.count) }
    var set = set
    var previous: BlockHeader?
    for step in steps {
      if let previous, step.block.height <= previous.height {
        throw .heightNotGreater(step.block.height, latest: previous.height)
      }
      try verify(step.block, in: set, rules)
      set = try follow(set, step, rules)
      previous = step.block.header
    }
    return TrustedCheckpoint(rules, header: last.block.header, checkpoint: last.block.checkpoint)
  }

  /// Throws unless the client may be used at `now`.
  public static func requireUsable(_ client: ClientRecord, now: BlockTime) throws(LightClientError) {
    #if DEBUG
      if RelayMutation.frozenIsUsed.isPlanted { return }
    #endif
    try requireUnstopped(client)
    guard client.trusts(client.latest.time, at: now) else { throw .expired(latest: client.latest.time, now: now) }
  }

  private static func requireUnstopped(_ client: ClientRecord) throws(LightClientError) {
    switch client.status {
    case .active: return
    case .frozen(let evidence): throw .frozen(evidence: evidence)
    case .retired(let decision): throw .retired(decision: decision)
    }
  }

  /// An update that ends at or below the latest height: known, contradicting, or of no use.
  private static func meet(
    _ block: LightBlock, _ client: ClientRecord, known: TrustedCheckpoint?, update: ClientUpdate
  ) throws(LightClientError) -> Change {
    guard let known, known.height == block.height else { throw .heightNotGreater(block.height, latest: client.latest.height) }
    let rules = Rules(client.registration)
    let met = TrustedCheckpoint(rules, header: block.header, checkpoint: block.checkpoint)
    if known == met || (known.historyRoot == nil && known.leaf == met.leaf) { return .known }
    #if DEBUG
      if RelayMutation.trustingAnotherRoot.isPlanted { return .advanced(client, added: [met]) }
    #endif
    try verify(block, in: client.set, rules)
    guard
      known.leaf != met.leaf || known.historyRoot.map({ $0 != met.historyRoot }) ?? false
        || known.validatorSetHash.map({ $0 != met.validatorSetHash }) ?? false
    else { return .known }
    return freeze(client, .update(update, base: client.latest.height))
  }

  private static func verify(_ block: LightBlock, in set: ValidatorSet, _ rules: Rules) throws(LightClientError) {
    guard block.header.chain == rules.chain else { throw .wrongChain(block.header.chain) }
    guard block.checkpoint.chain == rules.chain else { throw .wrongChain(block.checkpoint.chain) }
    #if DEBUG
      if RelayMutation.noHeaderCheck.isPlanted { return try verify(block.certificate, in: set, rules) }
    #endif
    guard block.header.height == block.height,
      block.header.id(genesis: rules.genesis, suite: rules.suite) == block.checkpoint.blockID
    else { throw .headerMismatch(block.height) }
    try verify(block.certificate, in: set, rules)
  }

  private static func verify(
    _ certificate: CheckpointCertificate, in set: ValidatorSet, _ rules: Rules
  ) throws(LightClientError) {
    #if DEBUG
      if RelayMutation.noSignatureCheck.isPlanted { return }
    #endif
    do throws(CheckpointCertificateError) {
      try certificate.verify(
        in: set, genesis: rules.genesis, suite: rules.suite, rule: rules.threshold)
    } catch {
      throw .certificate(certificate.checkpoint.height, error)
    }
  }

  /// The set that signs after `step`.
  private static func follow(
    _ set: ValidatorSet, _ step: UpdateStep, _ rules: Rules
  ) throws(LightClientError) -> ValidatorSet {
    #if DEBUG
      if RelayMutation.noHandoverCheck.isPlanted, let next = step.nextSet { return next }
    #endif
    let height = step.block.height
    let named = step.block.checkpoint.validatorSetHash
    guard named != set.hash(genesis: rules.genesis, suite: rules.suite) else {
      guard step.nextSet == nil else { throw .wrongNextSet(height) }
      return set
    }
    guard let next = step.nextSet else { throw .missingNextSet(height) }
    guard next.hash(genesis: rules.genesis, suite: rules.suite) == named, set.generation < .max,
      next.generation == set.generation + 1
    else { throw .wrongNextSet(height) }
    guard next.members.allSatisfy({ $0.key.suite == rules.suite }) else { throw .unfitNextSet(height) }
    #if DEBUG
      if RelayMutation.retiredSetKept.isPlanted { return set }
    #endif
    return next
  }

  private static func freeze(_ client: ClientRecord, _ misbehaviour: Misbehaviour) -> Change {
    var frozen = client
    frozen.status = .frozen(evidence: misbehaviour.id(suite: client.registration.suite))
    return .frozen(frozen, misbehaviour)
  }
}
