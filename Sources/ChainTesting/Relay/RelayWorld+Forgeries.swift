internal import ChainCore
internal import CrossChain

// What the thief hands in. Every forgery begins with what is true and changes one thing, so that one check alone refuses it.
extension RelayWorld {
  /// A height of `subject` that chain `index` trusts: mostly the newest, sometimes an older one.
  private mutating func height(_ subject: Int, on index: Int) -> BlockHeight? {
    guard let heights = trusted[ClientPlace(subject: subject, chain: index)], let newest = heights.max() else { return nil }
    return random.chance(60) ? newest : heights[random.below(heights.count)]
  }

  private func client(_ subject: Int, on index: Int) throws -> ClientRecord? {
    try chains[index].ledger.query(CrossChainState.contract, "client", chains[subject].id, as: ClientRecord?.self)
  }

  /// A client's pair at random: the relay's of a member, or a member's of the relay.
  private mutating func somewhere() -> (subject: Int, chain: Int) {
    let member = 1 + random.below(chains.count - 1)
    return random.chance(50) ? (member, 0) : (0, member)
  }

  private mutating func pick(_ isFit: (PacketTrack) -> Bool) -> PacketTrack? {
    var found: [PacketTrack] = []
    for key in order.suffix(40) {
      if let packet = packets[key], isFit(packet) { found.append(packet) }
    }
    return found.isEmpty ? nil : found[random.below(found.count)]
  }

  private func place(_ chain: ChainID) -> Int? { chains.firstIndex { $0.id == chain } }

  private func packet(_ track: PacketTrack) throws -> Packet? {
    guard let source = place(track.header.lane.source) else { return nil }
    return try chains[source].ledger.query(CrossChainState.contract, "packet", track.header.key, as: Packet?.self)
  }

  private func forgery(_ chain: Int, _ entry: EntryName, _ call: some CanonicalCodable) -> RelayThief.Forgery {
    RelayThief.Forgery(chain: chain, entry: entry, arguments: call.canonicalBytes)
  }

  /// A receive of packets that each stand in it twice.
  mutating func twiceInOne() throws -> RelayThief.Forgery? {
    let calls = thief.heard.suffix(60).filter { $0.entry == "receive" || $0.entry == "relay" || $0.entry == "settle" }
    guard !calls.isEmpty else { return nil }
    let old = calls[calls.startIndex + random.below(calls.count)]
    switch old.entry {
    case "receive":
      var call = try ReceivePackets(canonicalBytes: old.arguments)
      call.packets = Array((call.packets + call.packets).prefix(PacketBatch.limit))
      return forgery(old.chain, old.entry, call)
    case "relay":
      var call = try RelayPackets(canonicalBytes: old.arguments)
      call.packets = Array((call.packets + call.packets).prefix(PacketBatch.limit))
      return forgery(old.chain, old.entry, call)
    default:
      var call = try SettlePackets(canonicalBytes: old.arguments)
      call.packets = Array((call.packets + call.packets).prefix(PacketBatch.limit))
      return forgery(old.chain, old.entry, call)
    }
  }

  /// A packet of more value, for the relay or for its destination.
  mutating func forgedPacket() throws -> RelayThief.Forgery? {
    guard let track = pick({ $0.end == nil && $0.answer == nil }), let real = try packet(track),
      let source = place(track.header.lane.source), let destination = place(track.header.lane.destination)
    else { return nil }
    var packet = real
    packet.payload = Parcel(number: 1_000_000 + salt, account: 0, amount: 1_000_000).canonicalBytes
    let hash = NetworkHash(suite: .international)
    switch random.below(4) {
    case 0: break
    case 1:
      packet.header.payloadDigest = hash.payload(packet.payload)
      packet.header.payloadSize = UInt32(packet.payload.count)
    case 2:
      packet = real
      packet.header.timeout.relayTimeMs += 1_000_000
    default:
      packet = real
      packet.header.sequence += 1_000
    }
    if random.chance(40) {
      guard let height = height(source, on: 0) else { return nil }
      let proof = try chains[source].ledger.proveRecord(CrossChainState.pendingKey(real.header.key), at: height).proof
      return forgery(
        0, "relay", RelayPackets(source: chains[source].id, height: height, packets: [ProvenHeader(header: packet.header, proof: proof)]))
    }
    guard let height = height(0, on: destination) else { return nil }
    let proof = try chains[0].ledger.proveRecord(CrossChainState.relayedKey(real.header.key), at: height).proof
    return forgery(destination, "receive", ReceivePackets(height: height, packets: [ProvenPacket(packet: packet, proof: proof)]))
  }

  /// A true packet before the relay has it, or with a proof of another packet or of another height.
  mutating func forgedProof() throws -> RelayThief.Forgery? {
    guard let track = pick({ $0.end == nil && $0.answer == nil }), let packet = try packet(track),
      let source = place(track.header.lane.source), let destination = place(track.header.lane.destination)
    else { return nil }
    let other = pick { $0.isRelayed } ?? track
    if random.chance(40) {
      guard let height = height(source, on: 0), let otherSource = place(other.header.lane.source) else { return nil }
      let key = CrossChainState.pendingKey(random.chance(50) ? other.header.key : track.header.key)
      let ledger = chains[random.chance(70) ? source : otherSource].ledger
      let proof = try ledger.proveRecord(key, at: min(height, ledger.head.height)).proof
      let shown = StateProof(end: .present, siblings: proof.siblings)
      return forgery(
        0, "relay", RelayPackets(source: chains[source].id, height: height, packets: [ProvenHeader(header: packet.header, proof: shown)]))
    }
    guard let height = height(0, on: destination), let known = height.rawValue > 0 ? height : nil else { return nil }
    let key = CrossChainState.relayedKey(random.chance(50) ? other.header.key : track.header.key)
    let proof = try chains[0].ledger.proveRecord(key, at: random.chance(50) ? known : chains[0].ledger.head.height).proof
    let shown = StateProof(end: .present, siblings: proof.siblings)
    return forgery(destination, "receive", ReceivePackets(height: height, packets: [ProvenPacket(packet: packet, proof: shown)]))
  }

  /// An answer that the destination did not give, or to another packet.
  mutating func forgedAnswer() throws -> RelayThief.Forgery? {
    guard let track = pick({ $0.isRelayed && $0.outcome == nil }), let destination = place(track.header.lane.destination),
      let height = height(destination, on: 0)
    else { return nil }
    let key = track.header.key
    let hash = NetworkHash(suite: .international)
    var answer = track.answer ?? Acknowledgement(packetID: track.id, result: .success(hash.result(UInt64(1).canonicalBytes)))
    if track.answer != nil, random.chance(80) {
      if case .success = answer.result {
        answer.result = .failure(code: "badArgument", hash.message("unwanted"))
      } else {
        answer.result = .success(hash.result(UInt64(1).canonicalBytes))
      }
    } else if random.chance(30), let other = pick({ $0.answer != nil }), let given = other.answer {
      answer = given
    }
    let proof = try chains[destination].ledger.proveRecord(CrossChainState.acknowledgementKey(key), at: height).proof
    let shown = StateProof(end: .present, siblings: proof.siblings)
    return forgery(
      0, "acknowledge",
      AcknowledgePackets(
        destination: chains[destination].id, height: height,
        packets: [ProvenAcknowledgement(key: key, acknowledgement: answer, proof: shown)]))
  }

  /// A timeout of a packet that arrived, or before its time: one of the three things that it takes is missing.
  mutating func falseTimeout(ofReceived isReceived: Bool) throws -> RelayThief.Forgery? {
    let views = try chains.dropFirst().map {
      ($0.id, try $0.ledger.query(CrossChainState.contract, "view", NoResult(), as: RelayView.self))
    }
    // Of those that arrived, one whose time has passed meanwhile: only its absence is missing.
    let ready = pick { track in
      guard track.isRelayed, track.outcome == nil, (track.answer != nil) == isReceived else { return false }
      return !isReceived || views.contains { $0.0 == track.header.lane.destination && track.header.timeout.isPast($0.1) }
    }
    guard let track = ready ?? pick({ $0.isRelayed && $0.outcome == nil && ($0.answer != nil) == isReceived }),
      let destination = place(track.header.lane.destination)
    else { return nil }
    let ledger = chains[destination].ledger
    var update: ClientUpdate?
    guard let client = try client(destination, on: 0), var height = height(destination, on: 0) else { return nil }
    if ledger.newestCertified > client.latest.height, random.chance(70) {
      height = ledger.newestCertified
      update = try self.update(of: destination, from: client.latest.height, to: height)
    }
    let shownView = try ledger.proveRecord(CrossChainState.viewKey, at: height)
    guard let bytes = shownView.value else { return nil }
    var view = try RelayView(canonicalBytes: bytes)
    if !track.header.timeout.isPast(view), random.chance(50) {
      view = RelayView(height: view.height.advanced(by: 1_000), time: view.time.advanced(byMilliseconds: 1_000_000))
    }
    let older = BlockHeight(random.next() % (height.rawValue + 1))
    let key = CrossChainState.receiptKey(track.header.key)
    let proof = try ledger.proveRecord(key, at: random.chance(60) ? height : older).proof
    let shown = random.chance(isReceived ? 60 : 10) ? StateProof(end: .empty, siblings: proof.siblings) : proof
    return forgery(
      0, "timeout",
      TimeOutPackets(
        destination: chains[destination].id, height: height, update: update, view: view, viewProof: shownView.proof,
        packets: [ProvenHeader(header: track.header, proof: shown)]))
  }

  /// The end of a packet by absence on the relay: too early, at an old height, or though it was relayed.
  mutating func falseAbsence() throws -> RelayThief.Forgery? {
    guard let track = pick({ $0.end == nil }), let source = place(track.header.lane.source), let height = height(0, on: source) else {
      return nil
    }
    let key = track.header.key
    let older = BlockHeight(random.next() % (height.rawValue + 1))
    let relayed = try chains[0].ledger.proveRecord(CrossChainState.relayedKey(key), at: random.chance(80) ? height : older).proof
    let outcome = try chains[0].ledger.proveRecord(CrossChainState.outcomeKey(key), at: height).proof
    let evidence: OutcomeEvidence =
      random.chance(80) ? .neverRelayed(relayed: relayed, outcome: outcome) : .recorded(.timedOut, outcome)
    return forgery(source, "settle", SettlePackets(height: height, packets: [ProvenOutcome(key: key, evidence: evidence)]))
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
  private func newest(_ subject: Int, on index: Int) throws -> ClientUpdate? {
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
    switch random.below(4) {
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
        update.steps[0].nextSet?.hash(genesis: chains[subject].ledger.genesisID, suite: .international)
        ?? update.steps[0].block.certificate.checkpoint.validatorSetHash
    }
    return forgery(index, "updateClient", UpdateClient(chain: chains[subject].id, update: update))
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
