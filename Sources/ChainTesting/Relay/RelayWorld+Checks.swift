internal import ChainCore
internal import CrossChain

/// What the world knows of a packet, from the blocks of all chains.
struct PacketTrack: Sendable {
  let header: PacketHeader
  let id: Digest
  let sentAt: Int
  var isRelayed = false
  /// Whether the destination received it; its answer may come later.
  var isReceived = false
  /// Whether it came too late on an ordered lane.
  var isExpired = false
  /// How the relay says it ended.
  var outcome: Outcome?
  /// What the destination answered.
  var answer: Acknowledgement?
  /// How its sender learned that it ended.
  var end: Outcome?
}

extension RelayWorld {
  /// Checks a block that chain `index` just executed against everything that happened before, in the order of its transactions.
  mutating func check(_ block: Block, ids: [TransactionID], on index: Int, viewBefore: RelayView?) throws {
    let ledger = chains[index].ledger
    let receipts = try ledger.receipts(at: block.header.height)
    if !receipts.isEmpty { log("\(chains[index].id) makes block \(block.header.height), \(receipts.count) transactions") }
    var moved = false
    for (signed, receipt) in zip(block.transactions, receipts) {
      let origin = origins[receipt.transaction]
      if origin == .client { openCalls -= 1 }
      judge(signed.transaction, receipt, origin)
      for event in receipt.events where event.contract == DealContract.name { try checkDeal(event, on: index) }
      for event in receipt.events where event.contract == CrossChainState.contract {
        try check(event, on: index, viewBefore: viewBefore)
        if event.name == "xc.clientUpdated" { try checkClients(signed.transaction, on: index) } else { moved = true }
      }
      if receipt.status == .succeeded, signed.transaction.contract != CrossChainState.contract { moved = true }
    }
    guard index > 0, moved else { return }
    if let broken = workload.violation(in: chains.dropFirst().map(\.ledger)) { throw failure(broken) }
  }

  private mutating func check(_ event: Event, on index: Int, viewBefore: RelayView?) throws {
    switch event.name {
    case "xc.sent": try checkSent(try PacketHeader(canonicalBytes: event.payload), on: index)
    case "xc.hop": try checkHop(try HopRecord(canonicalBytes: event.payload))
    case "xc.received": try checkReceived(try ReceivedPacket(canonicalBytes: event.payload), on: index, viewBefore: viewBefore)
    case "xc.answered": try checkAnswered(try ReceivedPacket(canonicalBytes: event.payload), isLate: true, on: index)
    case "xc.expired": try checkExpired(try ReceivedPacket(canonicalBytes: event.payload), on: index)
    case "xc.skipped": try checkSkipped(try PacketKey(canonicalBytes: event.payload), on: index)
    case "xc.pruned": try checkPruned(try PrunedLane(canonicalBytes: event.payload), on: index)
    case "xc.settled": try checkSettled(try SettledEvent(canonicalBytes: event.payload), on: index)
    case "xc.decided": try checkDecided(try Digest(canonicalBytes: event.payload))
    case "xc.clientFrozen":
      guard let rogue, event.payload == chains[rogue].id.canonicalBytes else {
        throw failure("\(chains[index].id) froze a client although no validator lied")
      }
      note(.frozen)
    default: return
    }
  }

  private mutating func checkSent(_ header: PacketHeader, on index: Int) throws {
    let expected = nextSequence[header.lane] ?? 1
    guard header.lane.source == chains[index].id, header.sequence == expected, packets[header.key] == nil else {
      throw failure("\(describe(header.key)) was sent when number \(expected) was next")
    }
    nextSequence[header.lane] = expected + 1
    packets[header.key] = PacketTrack(header: header, id: NetworkHash(suite: chains[0].ledger.suite).packetID(header), sentAt: now)
    order.append(header.key)
    sentBy[chains[index].id, default: 0] += 1
    unsettled += 1
  }

  func track(_ key: PacketKey, _ id: Digest, _ what: String) throws -> PacketTrack {
    guard let packet = packets[key], packet.id == id else { throw failure("\(describe(key)) was \(what), but nobody sent it") }
    return packet
  }

  private mutating func checkHop(_ hop: HopRecord) throws {
    guard hop.number == logSize else { throw failure("the relay's log goes on with \(hop.number) instead of \(logSize)") }
    logSize += 1
    let packet = try track(hop.key, hop.packetID, "\(hop.stage) on the relay")
    guard packet.outcome == nil else { throw failure("\(describe(hop.key)) was \(hop.stage) on the relay after its end") }
    let relayed: [RelayedPacket] = try chains[0].ledger.query(CrossChainState.contract, "packets", [hop.key])
    switch hop.stage {
    case .relayed:
      guard !packet.isRelayed, packet.end == nil, relayed.first?.packetID == packet.id else {
        throw failure("\(describe(hop.key)) was relayed again, or after its end")
      }
      packets[hop.key]?.isRelayed = true
      note(.relayed)
      try checkClass(packet.header)
      try checkRate(hop)
    case .rejected:
      guard !packet.isRelayed, packet.end == nil else { throw failure("\(describe(hop.key)) was rejected after it was relayed") }
      packets[hop.key]?.outcome = relayed.first?.outcome
      note(.rejected)
      if packet.header.classification > .ordinary { note(.classRejected) }
    case .acknowledged:
      guard packet.isRelayed, let answer = packet.answer else { throw failure("\(describe(hop.key)) has an answer that nobody gave") }
      guard relayed.first?.outcome == .acknowledged(answer) else { throw failure("the relay has another answer to \(describe(hop.key))") }
      packets[hop.key]?.outcome = .acknowledged(answer)
    case .timedOut:
      guard !packet.isReceived else { throw failure("\(describe(hop.key)) was received and timed out") }
      guard packet.isExpired || !packet.isRelayed || !packet.header.isOrdered else {
        throw failure("\(describe(hop.key)) timed out on an ordered lane that still waits for it")
      }
      try requirePast(packet.header)
      packets[hop.key]?.outcome = .timedOut
      note(.timedOut)
    case .adjudicated: throw failure("\(describe(hop.key)) was adjudicated, and nobody governs here")
    case .sequenceReused: throw failure("\(describe(hop.key)) is said to be used twice")
    }
  }

  func requirePast(_ header: PacketHeader) throws {
    let head = chains[0].ledger.head
    guard header.timeout.isPast(RelayView(height: head.height, time: head.header.time)) else {
      throw failure("\(describe(header.key)) timed out at relay height \(head.height), before its time")
    }
  }

  private mutating func checkReceived(_ received: ReceivedPacket, on index: Int, viewBefore: RelayView?) throws {
    let key = received.key
    let packet = try track(key, received.packetID, "received")
    guard key.lane.destination == chains[index].id else { throw failure("\(describe(key)) was received on \(chains[index].id)") }
    guard !packet.isReceived else { throw failure("\(describe(key)) was received twice") }
    guard packet.isRelayed else { throw failure("\(describe(key)) was received before the relay had it") }
    guard packet.outcome == nil, packet.end == nil, !packet.isExpired else { throw failure("\(describe(key)) was received after its end") }
    if let viewBefore, packet.header.timeout.isPast(viewBefore) { throw failure("\(describe(key)) was received after its timeout") }
    if packet.header.isOrdered { try checkTurn(key) }
    packets[key]?.isReceived = true
    if packet.header.isOrdered { lastArrival[key.lane] = key.sequence }
    guard let answer = received.acknowledgement else {
      note(.leftOpen)
      return
    }
    try checkAnswered(received, isLate: false, on: index)
    if case .success = answer.result { note(.received) } else { note(.refused) }
  }

  /// Receipt and answer stand in the state, where proofs of them are made.
  func checkRecords(_ key: PacketKey, _ answer: Acknowledgement, on index: Int) throws {
    let ledger = chains[index].ledger
    guard try ledger.record(CrossChainState.receiptKey(key)) == PacketReceipt.received(answer.packetID).canonicalBytes else {
      throw failure("the receipt of \(describe(key)) does not match")
    }
    guard try ledger.record(CrossChainState.acknowledgementKey(key)) == answer.canonicalBytes else {
      throw failure("the recorded answer to \(describe(key)) does not match")
    }
  }

  private mutating func checkSettled(_ settled: SettledEvent, on index: Int) throws {
    let key = settled.key
    let packet = try track(key, settled.packetID, "settled")
    guard key.lane.source == chains[index].id else { throw failure("\(describe(key)) was settled on \(chains[index].id)") }
    guard packet.end == nil else { throw failure("\(describe(key)) was settled twice") }
    switch settled.outcome {
    case .acknowledged(let answer):
      guard packet.answer == answer, packet.outcome == settled.outcome else {
        throw failure("\(describe(key)) was settled by an answer that nobody gave")
      }
      if case .success = answer.result { note(.settled) } else { note(.refunded) }
    case .timedOut:
      guard !packet.isReceived else { throw failure("\(describe(key)) was received and given back") }
      try requirePast(packet.header)
      if packet.outcome == nil {
        guard !packet.isRelayed else { throw failure("\(describe(key)) was relayed, and ended as if it had not been") }
        guard !packet.header.isOrdered else { throw failure("\(describe(key)) ended without a record, and its lane waits for it") }
        note(.neverRelayed)
      }
      note(.refunded)
    case .rejected, .adjudicated:
      guard packet.outcome == settled.outcome else { throw failure("\(describe(key)) was settled by a refusal that nobody gave") }
      note(.refunded)
    }
    packets[key]?.end = settled.outcome
    unsettled -= 1
    longestSettlementMs = max(longestSettlementMs, isHealed && !isQuiet ? now - max(healedAt, packet.sentAt) : 0)
    guard try chains[index].ledger.record(CrossChainState.pendingKey(key)) == nil else {
      throw failure("\(describe(key)) is still pending")
    }
  }

  /// Compares what a call made light clients believe with the chains themselves.
  private mutating func checkClients(_ transaction: Transaction, on index: Int) throws {
    guard transaction.contract == CrossChainState.contract, let claim = RelayClaim(transaction, on: chains[index].id) else { return }
    guard let subject = chains.firstIndex(where: { $0.id == claim.subject ?? chains[0].id }) else { return }
    let place = ClientPlace(subject: subject, chain: index)
    for height in claim.heights {
      guard try checkClient(place, at: height), trusted[place]?.contains(height) != true else { continue }
      trusted[place, default: []].append(height)
      note(claim.isBackfill ? .backfilled : .clientUpdated)
    }
    guard !claim.heights.isEmpty else { return }
    let generation = try checkClient(place)
    if generation > followed[place] ?? 1 { note(.handoverFollowed) }
    followed[place] = generation
  }

  /// The client itself: active, and with the validators that its chain names at that height.
  /// - Returns: Their generation.
  @discardableResult
  private func checkClient(_ place: ClientPlace) throws -> UInt64 {
    let (subject, chain) = (chains[place.subject], chains[place.chain])
    guard let client = try chain.ledger.query(CrossChainState.contract, "client", subject.id, as: ClientRecord?.self) else {
      throw failure("\(chain.id) forgot its client of \(subject.id)")
    }
    guard client.status == .active || place == ClientPlace(subject: rogue ?? 0, chain: 0) else {
      throw failure("\(chain.id) froze its client of \(subject.id) although no validator lied")
    }
    guard try checkClient(place, at: client.latest.height) else {
      throw failure("\(chain.id) trusts height \(client.latest.height) of \(subject.id), which has no checkpoint")
    }
    guard client.set == subject.ledger.validators(signing: client.latest.height.next) else {
      throw failure("\(chain.id) believes that \(subject.id) has other validators")
    }
    return client.set.generation
  }

  /// Whether a client trusts a height; throws if that is not what its chain has there.
  @discardableResult
  private func checkClient(_ place: ClientPlace, at height: BlockHeight) throws -> Bool {
    let (subject, chain) = (chains[place.subject], chains[place.chain])
    let key = CheckpointKey(chain: subject.id, height: height)
    guard let held = try chain.ledger.query(CrossChainState.contract, "checkpoint", key, as: TrustedCheckpoint?.self) else { return false }
    guard height <= subject.ledger.head.height else {
      throw failure("\(chain.id) trusts height \(height) of \(subject.id), which has none")
    }
    let real = try subject.ledger.checkpoint(at: height)
    let header = try subject.ledger.header(at: height)
    guard held.leaf == HistoryLeaf(real), held.time == header.time, held.genesis == subject.ledger.genesisID,
      held.historyRoot.map({ $0 == real.historyRoot }) ?? true, held.validatorSetHash.map({ $0 == real.validatorSetHash }) ?? true
    else { throw failure("\(chain.id) trusts another block \(height) of \(subject.id) than it has") }
    return true
  }

  /// After everything settled: nothing is pending, every lane is free again, and no client holds anything else than its chain has.
  func checkEnd() throws {
    for key in order {
      guard let source = chains.first(where: { $0.id == key.lane.source }) else { continue }
      guard try source.ledger.record(CrossChainState.pendingKey(key)) == nil else { throw failure("\(describe(key)) is still pending") }
    }
    for (lane, next) in nextSequence.sorted(by: { $0.key.destination < $1.key.destination }) {
      guard let source = chains.first(where: { $0.id == lane.source }) else { continue }
      guard try source.ledger.record(CrossChainState.laneOutKey(lane)) == LaneOut(next: next, settledBelow: next).canonicalBytes else {
        throw failure("the lane from \(lane.source) to \(lane.destination) is not free again")
      }
      let counted: [RelayLane] = try chains[0].ledger.query(CrossChainState.contract, "lanes", [lane])
      let tracks = (1..<next).compactMap { packets[PacketKey(lane: lane, sequence: $0)] }
      guard let record = counted.first, record.relayed == UInt64(tracks.count(where: \.isRelayed)),
        record.acknowledged + record.timedOut + record.rejected == UInt64(tracks.count { $0.outcome != nil })
      else { throw failure("the relay counts other packets from \(lane.source) to \(lane.destination) than there were") }
    }
    for subject in chains.indices {
      for chain in chains.indices {
        let place = ClientPlace(subject: subject, chain: chain)
        guard trusted[place] != nil else { continue }
        try checkClient(place)
        for height in 0...chains[subject].ledger.head.height.rawValue { try checkClient(place, at: BlockHeight(height)) }
      }
    }
    if let broken = workload.violation(in: chains.dropFirst().map(\.ledger)) { throw failure(broken) }
  }

  /// A packet for people.
  func describe(_ key: PacketKey) -> String { "packet \(key.sequence) from \(key.lane.source) to \(key.lane.destination)" }
}
