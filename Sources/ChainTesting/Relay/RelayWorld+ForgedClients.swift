internal import ChainCore
internal import CrossChain

// What the thief tells light clients, and the heights that its proofs stand on.
extension RelayWorld {
  /// A height of `subject` that chain `index` trusts: mostly the newest, sometimes an older one.
  private mutating func height(_ subject: Int, on index: Int) -> BlockHeight? {
    guard let heights = trusted[ClientPlace(subject: subject, chain: index)], let newest = heights.max() else { return nil }
    return random.chance(60) ? newest : heights[random.below(heights.count)]
  }

  /// A height of `subject` for proofs on chain `index`, and what makes it trusted if it is not yet.
  mutating func ground(_ subject: Int, on index: Int) throws -> (height: BlockHeight, update: ClientUpdate?)? {
    // In the end only honest relayers move clients on: what they forget has to show.
    if !isHealed, random.chance(60), let update = try newest(subject, on: index), let step = update.steps.first {
      return (step.block.height, update)
    }
    return height(subject, on: index).map { ($0, nil) }
  }

  private func client(_ subject: Int, on index: Int) throws -> ClientRecord? {
    try chains[index].ledger.query(CrossChainState.contract, "client", chains[subject].id, as: ClientRecord?.self)
  }

  /// A client's pair at random: the relay's of a member, or a member's of the relay.
  private mutating func somewhere() -> (subject: Int, chain: Int) {
    let member = 1 + random.below(chains.count - 1)
    return random.chance(50) ? (member, 0) : (0, member)
  }

  /// A true update, which moves a destination's clock on: what has not arrived by then is late.
  mutating func trueUpdate() throws -> RelayThief.Forgery? {
    guard !isHealed else { return nil }
    let waiting = pick { $0.isRelayed && $0.outcome == nil }
    let (subject, index): (Int, Int)
    if let waiting, let destination = place(waiting.header.lane.destination), random.chance(80) {
      (subject, index) = (0, destination)
    } else {
      (subject, index) = somewhere()
    }
    guard let update = try newest(subject, on: index) else { return nil }
    return forgery(index, "updateClient", UpdateClient(chain: chains[subject].id, update: update))
  }

  /// What moves a client of `subject` from `from` to `to`; nothing if it has no certificate.
  private func update(of subject: Int, from: BlockHeight, to height: BlockHeight) throws -> ClientUpdate? {
    let ledger = chains[subject].ledger
    guard let certificate = try ledger.certificate(at: height) else { return nil }
    return ClientUpdate(
      steps: [UpdateStep(block: LightBlock(header: try ledger.header(at: height), certificate: certificate))],
      history: try ledger.proveHistory(of: from, under: height))
  }

  /// The newest certified height as an update, for changes.
  func newest(_ subject: Int, on index: Int) throws -> ClientUpdate? {
    guard let client = try client(subject, on: index) else { return nil }
    let height = chains[subject].ledger.newestCertified
    return height > client.latest.height ? try update(of: subject, from: client.latest.height, to: height) : nil
  }

  /// A false state under signatures of the thief, of another chain's validators, or of too few.
  mutating func foreignCertificate() throws -> RelayThief.Forgery? {
    let (subject, index) = somewhere()
    guard var update = try newest(subject, on: index) else { return nil }
    let founding = chains[subject].founding
    var certificate = update.steps[0].block.certificate
    var checkpoint = certificate.checkpoint
    checkpoint.stateRoot = chains[index].ledger.head.checkpoint.stateRoot
    let digest = checkpoint.digest(genesis: founding.genesis.id, suite: founding.genesis.suite)
    switch random.below(5) {
    case 0:
      // Another chain's validators sign.
      let other = chains[(subject + 1) % chains.count].founding.validatorKeys
      certificate.signatures = try certificate.signatures.indices.map { try other[$0 % other.count].sign(digest) }
    case 1:
      // Too few sign, and the same one again and again.
      let key = founding.validatorKeys[0]
      guard founding.validatorKeys.count > 1 else { return nil }
      certificate.signatures = try certificate.signatures.map { _ in try key.sign(digest) }
    case 2:
      // One signs alone.
      guard founding.validatorKeys.count > 1 else { return nil }
      certificate = CheckpointCertificate(
        checkpoint: checkpoint, set: founding.genesis.validators,
        signatures: [(index: 0, signature: try founding.validatorKeys[0].sign(digest))])
    case 3:
      // A header that the certificate is not about, of a later time or another chain.
      checkpoint = certificate.checkpoint
      let time = update.steps[0].block.header.time.advanced(byMilliseconds: 1 + UInt64(random.below(4_000)))
      update.steps[0].block.header.time = time
      if random.chance(30) { update.steps[0].block.header = chains[(subject + 1) % chains.count].ledger.head.header }
    default:
      // A certificate of another chain as it is.
      let other = chains[(subject + 1) % chains.count].ledger
      guard let whole = try other.certificate(at: other.newestCertified) else { return nil }
      (certificate, checkpoint) = (whole, whole.checkpoint)
      if random.chance(50) { update.steps[0].block.header = try other.header(at: other.newestCertified) }
    }
    certificate.checkpoint = checkpoint
    update.steps[0].block.certificate = certificate
    return forgery(index, "updateClient", UpdateClient(chain: chains[subject].id, update: update))
  }

  /// Another state at a height that the client trusts, under the old signatures.
  mutating func forgedCheckpoint() throws -> RelayThief.Forgery? {
    let (subject, index) = somewhere()
    guard let height = height(subject, on: index), height > 0, var update = try update(of: subject, from: 0, to: height)
    else { return nil }
    update.steps[0].block.certificate.checkpoint.stateRoot = chains[index].ledger.head.checkpoint.stateRoot
    return forgery(index, "updateClient", UpdateClient(chain: chains[subject].id, update: update))
  }

  /// A true height that hands over to the thief.
  mutating func forgedHandover() throws -> RelayThief.Forgery? {
    let (subject, index) = somewhere()
    guard var update = try newest(subject, on: index), let account = chains[subject].founding.member(WorldChain.thief, "clerk") else {
      return nil
    }
    let set = chains[subject].founding.genesis.validators
    update.steps[0].nextSet = try ValidatorSet(
      generation: set.generation + UInt64(random.below(3)), rule: set.rule,
      members: [Validator(key: account.key.publicKey, weight: 1, organisation: WorldChain.thief)])
    if random.chance(30) {
      update.steps[0].block.certificate.checkpoint.validatorSetHash =
        update.steps[0].nextSet?.hash(genesis: chains[subject].ledger.genesisID, suite: chains[subject].ledger.suite)
        ?? update.steps[0].block.certificate.checkpoint.validatorSetHash
    }
    return forgery(index, "updateClient", UpdateClient(chain: chains[subject].id, update: update))
  }

  /// Twice the same certificate, one with a false state under old signatures, or one that others signed.
  mutating func forgedEvidence() throws -> RelayThief.Forgery? {
    let (subject, index) = somewhere()
    let ledger = chains[subject].ledger
    let height = BlockHeight(1 + random.next() % max(1, ledger.newestCertified.rawValue))
    guard let first = try ledger.certificate(at: height), let client = try client(subject, on: index) else { return nil }
    var second = first
    switch random.below(4) {
    case 0: break
    case 1: second.checkpoint.stateRoot = chains[index].ledger.head.checkpoint.stateRoot
    case 2:
      second.checkpoint.stateRoot = chains[index].ledger.head.checkpoint.stateRoot
      let digest = second.checkpoint.digest(genesis: ledger.genesisID, suite: ledger.suite)
      second.signatures = try second.signatures.map { _ in try chains[index].founding.validatorKeys[0].sign(digest) }
    default:
      guard let other = try ledger.certificate(at: height.next) else { return nil }
      second = other
    }
    return forgery(
      index, "reportMisbehaviour",
      ReportMisbehaviour(
        chain: chains[subject].id, first: first, second: second, signers: client.set, named: client.latest.height))
  }

  /// A lower height: half of them as they are, which old proofs may be made under.
  mutating func backfill() throws -> RelayThief.Forgery? {
    let (subject, index) = somewhere()
    guard let client = try client(subject, on: index), client.latest.height > 1 else { return nil }
    let ledger = chains[subject].ledger
    let height = BlockHeight(random.next() % client.latest.height.rawValue)
    var fill = Backfill(
      header: try ledger.header(at: height), under: client.latest.height,
      history: try ledger.proveHistory(of: height, under: client.latest.height))
    switch random.below(6) {
    case 0: fill.header.time = fill.header.time.advanced(byMilliseconds: 60_000)
    case 1: fill.history.leaf.stateRoot = chains[index].ledger.head.checkpoint.stateRoot
    case 2: fill.history.path = try ledger.proveHistory(of: 0, under: client.latest.height).path
    default: break
    }
    return forgery(index, "backfill", BackfillClient(chain: chains[subject].id, backfill: fill))
  }
}
