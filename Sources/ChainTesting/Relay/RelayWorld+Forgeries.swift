internal import ChainCore
internal import CrossChain

// What the thief hands in. Every forgery begins with what is true and changes one thing, so that one check alone refuses it.
extension RelayWorld {
  mutating func pick(_ isFit: (PacketTrack) -> Bool) -> PacketTrack? {
    var found: [PacketTrack] = []
    for key in order.suffix(40) {
      if let packet = packets[key], isFit(packet) { found.append(packet) }
    }
    return found.isEmpty ? nil : found[random.below(found.count)]
  }

  func place(_ chain: ChainID) -> Int? { chains.firstIndex { $0.id == chain } }

  private func packet(_ track: PacketTrack) throws -> Packet? {
    guard let source = place(track.header.lane.source) else { return nil }
    return try chains[source].ledger.query(CrossChainState.contract, "packet", track.header.key, as: Packet?.self)
  }

  func forgery(_ chain: Int, _ entry: EntryName, _ call: some CanonicalCodable) -> RelayThief.Forgery {
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
    let isForRelay = random.chance(40)
    guard let track = pick({ $0.end == nil && $0.answer == nil && $0.isRelayed != isForRelay }), let real = try packet(track),
      let source = place(track.header.lane.source), let destination = place(track.header.lane.destination)
    else { return nil }
    var packet = real
    packet.payload = Parcel(number: 1_000_000 + salt, account: 0, amount: 1_000_000).canonicalBytes
    let hash = NetworkHash(suite: chains[0].ledger.suite)
    switch random.below(5) {
    case 0, 1: break
    case 2:
      packet.header.payloadDigest = hash.payload(packet.payload)
      packet.header.payloadSize = UInt32(packet.payload.count)
    case 3:
      packet = real
      packet.header.timeout.relayTimeMs += 1_000_000
    default:
      packet = real
      packet.header.sequence += 1_000
    }
    if isForRelay {
      guard let (height, update) = try ground(source, on: 0) else { return nil }
      let proof = try chains[source].ledger.proveRecord(CrossChainState.pendingKey(real.header.key), at: height).proof
      return forgery(
        0, "relay",
        RelayPackets(
          source: chains[source].id, height: height, update: update, packets: [ProvenHeader(header: packet.header, proof: proof)]))
    }
    guard let (height, update) = try ground(0, on: destination) else { return nil }
    let proof = try chains[0].ledger.proveRecord(CrossChainState.relayedKey(real.header.key), at: height).proof
    return forgery(
      destination, "receive", ReceivePackets(height: height, update: update, packets: [ProvenPacket(packet: packet, proof: proof)]))
  }

  /// A true packet before the relay has it, or with a proof of another packet or of another height.
  mutating func forgedProof() throws -> RelayThief.Forgery? {
    guard let track = pick({ $0.end == nil && $0.answer == nil }), let packet = try packet(track),
      let source = place(track.header.lane.source), let destination = place(track.header.lane.destination)
    else { return nil }
    let other = pick { $0.isRelayed } ?? track
    if random.chance(40) {
      guard let (height, update) = try ground(source, on: 0), let otherSource = place(other.header.lane.source) else { return nil }
      let key = CrossChainState.pendingKey(random.chance(50) ? other.header.key : track.header.key)
      let ledger = chains[random.chance(70) ? source : otherSource].ledger
      let proof = try ledger.proveRecord(key, at: min(height, ledger.head.height)).proof
      let shown = ProvenHeader(header: packet.header, proof: StateProof(end: .present, siblings: proof.siblings))
      return forgery(0, "relay", RelayPackets(source: chains[source].id, height: height, update: update, packets: [shown]))
    }
    guard let (height, update) = try ground(0, on: destination) else { return nil }
    let key = CrossChainState.relayedKey(random.chance(50) ? other.header.key : track.header.key)
    let proof = try chains[0].ledger.proveRecord(key, at: random.chance(50) ? height : chains[0].ledger.head.height).proof
    let shown = ProvenPacket(packet: packet, proof: StateProof(end: .present, siblings: proof.siblings))
    return forgery(destination, "receive", ReceivePackets(height: height, update: update, packets: [shown]))
  }

  /// A true packet whose time has passed where it goes.
  mutating func lateReceive() throws -> RelayThief.Forgery? {
    let views = try views()
    let late = pick { $0.isRelayed && !$0.isReceived && $0.end == nil && Self.isPast($0.header, views) }
    guard let track = late, let packet = try packet(track), let destination = place(track.header.lane.destination),
      let (height, update) = try ground(0, on: destination)
    else { return nil }
    let proof = try chains[0].ledger.proveRecord(CrossChainState.relayedKey(track.header.key), at: height).proof
    return forgery(
      destination, "receive", ReceivePackets(height: height, update: update, packets: [ProvenPacket(packet: packet, proof: proof)]))
  }

  /// How far the members' relay clocks are.
  private func views() throws -> [(chain: ChainID, view: RelayView)] {
    try chains.dropFirst().map { ($0.id, try $0.ledger.query(CrossChainState.contract, "view", NoResult(), as: RelayView.self)) }
  }

  private static func isPast(_ header: PacketHeader, _ views: [(chain: ChainID, view: RelayView)]) -> Bool {
    views.contains { $0.chain == header.lane.destination && header.timeout.isPast($0.view) }
  }

  /// An answer that the destination did not give, or to another packet.
  mutating func forgedAnswer() throws -> RelayThief.Forgery? {
    guard let track = pick({ $0.isRelayed && $0.outcome == nil }), let destination = place(track.header.lane.destination),
      let (height, update) = try ground(destination, on: 0)
    else { return nil }
    let key = track.header.key
    let hash = NetworkHash(suite: chains[0].ledger.suite)
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
        destination: chains[destination].id, height: height, update: update,
        packets: [ProvenAcknowledgement(key: key, acknowledgement: answer, proof: shown)]))
  }

  /// Packets that arrived and whose time has passed meanwhile: for a timeout, only the receipt's absence is missing.
  func lateReceived() throws -> [PacketTrack] {
    let views = try views()
    return order.suffix(40).compactMap { packets[$0] }.filter {
      $0.answer != nil && $0.outcome == nil && $0.end == nil && Self.isPast($0.header, views)
    }
  }

  /// A timeout of a packet that arrived, or before its time: one of the three things that it takes is missing.
  mutating func falseTimeout(ofReceived isReceived: Bool) throws -> RelayThief.Forgery? {
    let late = isReceived ? try lateReceived() : []
    let ready = late.isEmpty ? nil : late[random.below(late.count)]
    guard let track = ready ?? pick({ $0.isRelayed && $0.outcome == nil && ($0.answer != nil) == isReceived }),
      let destination = place(track.header.lane.destination)
    else { return nil }
    let ledger = chains[destination].ledger
    guard let (height, update) = try ground(destination, on: 0) else { return nil }
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
    guard let track = pick({ $0.end == nil }), let source = place(track.header.lane.source),
      let (height, update) = try ground(0, on: source)
    else { return nil }
    let key = track.header.key
    let older = BlockHeight(random.next() % (height.rawValue + 1))
    let relayed = try chains[0].ledger.proveRecord(CrossChainState.relayedKey(key), at: random.chance(80) ? height : older).proof
    let outcome = try chains[0].ledger.proveRecord(CrossChainState.outcomeKey(key), at: height).proof
    let evidence: OutcomeEvidence =
      random.chance(80) ? .neverRelayed(relayed: relayed, outcome: outcome) : .recorded(.timedOut, outcome)
    return forgery(source, "settle", SettlePackets(height: height, update: update, packets: [ProvenOutcome(key: key, evidence: evidence)]))
  }
}
