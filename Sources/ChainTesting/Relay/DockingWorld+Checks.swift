internal import ChainCore
internal import CrossChain

/// What the world knows of a packet over docked relays, from the blocks of all chains.
struct DockedPacket: Sendable {
  let header: PacketHeader
  let id: Digest
  let sentAt: Int
  /// The relays that committed to it, and those that ended it, by their place.
  var relayedBy: Set<Int> = []
  var endedBy: [Int: Outcome] = [:]
  var isReceived = false
  var answer: Acknowledgement?
  var end: Outcome?
}

extension DockingWorld {
  /// The relays that a packet goes over, in order.
  func way(of key: PacketKey) -> [Int] {
    let ends = [key.lane.source, key.lane.destination].map { id in Self.cities.first { $0.id == id }?.relay }
    guard let first = ends[0] else { return [] }
    guard let last = ends[1] else { return [first, Self.nation] }
    return first == last ? [first] : [first, Self.nation, last]
  }

  /// Checks a block that chain `index` just executed against everything that happened before.
  mutating func check(_ block: Block, on index: Int, viewBefore: RelayView?) throws {
    let receipts = try chains[index].ledger.receipts(at: block.header.height)
    var moved = false
    for (signed, receipt) in zip(block.transactions, receipts) {
      let origin = origins[receipt.transaction]
      if origin == .client { openCalls -= 1 }
      judge(signed.transaction, receipt, origin)
      for event in receipt.events where event.contract == CrossChainState.contract {
        try check(event, on: index, viewBefore: viewBefore)
        if event.name != "xc.clientUpdated" { moved = true }
      }
      if receipt.status == .succeeded, signed.transaction.contract != CrossChainState.contract { moved = true }
    }
    guard index > 2, moved, let broken = workload.violation(in: chains.dropFirst(3).map(\.ledger)) else { return }
    throw failure(broken)
  }

  private mutating func judge(_ transaction: Transaction, _ receipt: Receipt, _ origin: WorldOrigin?) {
    let statuses = receipt.status == .succeeded ? (try? [PacketStatus](canonicalBytes: receipt.output)) ?? [] : []
    switch origin {
    case .relayer: if statuses.contains(.alreadyDone) { note(.raced) }
    case .thief:
      guard !statuses.contains(.done), let call = try? CopyOutcomes(canonicalBytes: transaction.arguments) else { return }
      if case .neverRelayed = call.packets.first?.evidence { note(.forgedAbsenceRefused) } else { note(.forgedEndRefused) }
    default: return
    }
  }

  private mutating func check(_ event: Event, on index: Int, viewBefore: RelayView?) throws {
    switch event.name {
    case "xc.sent":
      let header = try PacketHeader(canonicalBytes: event.payload)
      let expected = nextSequence[header.lane] ?? 1
      guard header.lane.source == chains[index].id, header.sequence == expected else {
        throw failure("\(describe(header.key)) was sent when number \(expected) was next")
      }
      nextSequence[header.lane] = expected + 1
      packets[header.key] = DockedPacket(header: header, id: NetworkHash(suite: .international).packetID(header), sentAt: now)
      order.append(header.key)
      unsettled += 1
    case "xc.hop": try checkHop(try HopRecord(canonicalBytes: event.payload), on: index)
    case "xc.received": try checkReceived(try ReceivedPacket(canonicalBytes: event.payload), on: index, viewBefore: viewBefore)
    case "xc.answered":
      let received = try ReceivedPacket(canonicalBytes: event.payload)
      note(.answeredLate)
      try take(received.acknowledgement, to: received.key)
    case "xc.settled": try checkSettled(try SettledEvent(canonicalBytes: event.payload), on: index)
    case "xc.clientFrozen": throw failure("\(chains[index].id) froze a client although no validator lied")
    default: return
    }
  }

  private func track(_ key: PacketKey, _ id: Digest, _ what: String) throws -> DockedPacket {
    guard let packet = packets[key], packet.id == id else { throw failure("\(describe(key)) was \(what), but nobody sent it") }
    return packet
  }

  private mutating func checkHop(_ hop: HopRecord, on index: Int) throws {
    guard index < 3, hop.number == logSizes[index] else { throw failure("the log of \(chains[index].id) goes on with \(hop.number)") }
    logSizes[index] += 1
    let key = hop.key
    let packet = try track(key, hop.packetID, "\(hop.stage) on \(chains[index].id)")
    let way = way(of: key)
    guard let place = way.firstIndex(of: index) else { throw failure("\(describe(key)) goes over \(chains[index].id)") }
    guard packet.endedBy[index] == nil else { throw failure("\(describe(key)) was \(hop.stage) on \(chains[index].id) after its end") }
    if hop.stage == .relayed {
      guard !packet.relayedBy.contains(index), packet.end == nil else { throw failure("\(describe(key)) was relayed again") }
      guard place == 0 || packet.relayedBy.contains(way[place - 1]) else {
        throw failure("\(describe(key)) came to \(chains[index].id) before the relay before it")
      }
      packets[key]?.relayedBy.insert(index)
      return
    }
    let found: [RelayedPacket] = try chains[index].ledger.query(CrossChainState.contract, "packets", [key])
    guard let outcome = found.first?.outcome else { throw failure("\(describe(key)) ended on \(chains[index].id) without a record") }
    packets[key]?.endedBy[index] = outcome
    switch outcome {
    case .acknowledged(let answer):
      guard packet.answer == answer else { throw failure("\(describe(key)) has an answer that nobody gave") }
    case .timedOut:
      guard !packet.isReceived else { throw failure("\(describe(key)) was received and timed out on \(chains[index].id)") }
      note(.timedOut)
    case .rejected:
      guard !packet.isReceived else { throw failure("\(describe(key)) was received and rejected on \(chains[index].id)") }
      note(.rejected)
    case .adjudicated: throw failure("\(describe(key)) was adjudicated, and nobody governs here")
    }
    if packet.relayedBy.contains(index), place + 1 < way.count, packet.endedBy[way[place + 1]] != nil {
      guard packet.endedBy[way[place + 1]] == outcome else {
        throw failure("\(describe(key)) ended on \(chains[index].id) in another way than on the next relay")
      }
      note(.copied)
    }
  }

  private mutating func checkReceived(_ received: ReceivedPacket, on index: Int, viewBefore: RelayView?) throws {
    let key = received.key
    let packet = try track(key, received.packetID, "received")
    guard key.lane.destination == chains[index].id, !packet.isReceived else {
      throw failure("\(describe(key)) was received twice, or astray")
    }
    guard packet.relayedBy == Set(way(of: key)) else { throw failure("\(describe(key)) was received before all relays had it") }
    guard packet.endedBy.isEmpty, packet.end == nil else { throw failure("\(describe(key)) was received after its end") }
    if let viewBefore, packet.header.timeout.isPast(viewBefore) { throw failure("\(describe(key)) was received after its timeout") }
    packets[key]?.isReceived = true
    if let answer = received.acknowledgement {
      if case .failure = answer.result { note(.refused) }
      try take(answer, to: key)
    }
  }

  private mutating func take(_ answer: Acknowledgement?, to key: PacketKey) throws {
    guard let answer, let packet = packets[key], packet.isReceived, answer.packetID == packet.id else {
      throw failure("\(describe(key)) was answered without being received")
    }
    guard packet.answer == nil else { throw failure("\(describe(key)) was answered twice") }
    packets[key]?.answer = answer
  }

  private mutating func checkSettled(_ settled: SettledEvent, on index: Int) throws {
    let key = settled.key
    let packet = try track(key, settled.packetID, "settled")
    guard key.lane.source == chains[index].id, packet.end == nil else { throw failure("\(describe(key)) was settled twice, or astray") }
    let recorded = way(of: key).first.flatMap { packet.endedBy[$0] }
    switch settled.outcome {
    case .acknowledged(let answer):
      guard packet.answer == answer, recorded == settled.outcome else {
        throw failure("\(describe(key)) was settled by an answer that nobody gave")
      }
      if case .success = answer.result {
        note(way(of: key).count == 1 ? .settledNearby : .settledAfar)
      } else {
        note(.refunded)
      }
    case .timedOut:
      guard !packet.isReceived else { throw failure("\(describe(key)) was received and given back") }
      if recorded == nil {
        guard packet.relayedBy.isEmpty else { throw failure("\(describe(key)) was relayed, and ended as if it had not been") }
        note(.neverRelayed)
      }
      note(.refunded)
    case .rejected, .adjudicated:
      guard recorded == settled.outcome else { throw failure("\(describe(key)) was settled by a refusal that nobody gave") }
      note(.refunded)
    }
    packets[key]?.end = settled.outcome
    unsettled -= 1
    if isHealed { longestSettlementMs = max(longestSettlementMs, now - max(healedAt, packet.sentAt)) }
  }

  /// What chains still hold of packets that are settled, if anything.
  func remembered() throws -> String? {
    let tables: [TableName] = ["pending", "outbox", "receipt", "ack", "open", "relayed", "outcome", "transit"]
    for chain in chains {
      for table in tables {
        let count = try chain.ledger.recordCount(of: CrossChainState.contract, table)
        if count > 0 { return "\(count) records of \(table) on \(chain.id)" }
      }
    }
    return nil
  }

  /// After everything: light clients hold what their chains have, and each relay's log is what a supervisor replays.
  mutating func checkEnd() throws {
    for chain in chains {
      for subject in chains where subject.id != chain.id {
        guard let client = try chain.ledger.query(CrossChainState.contract, "client", subject.id, as: ClientRecord?.self) else { continue }
        let real = try subject.ledger.checkpoint(at: client.latest.height)
        guard client.latest.leaf == HistoryLeaf(real), client.set == subject.ledger.head.validators else {
          throw failure("\(chain.id) trusts another block \(client.latest.height) of \(subject.id) than it has")
        }
      }
    }
    for index in 0..<3 {
      let relay = chains[index].ledger
      let archive = HopArchive(store: MemoryStore())
      var view = RegulatorView(anchor: try TrustAnchor(of: relay))
      var records: [HopRecord] = []
      repeat {
        let question = view.missing
        records += try view.accept(try archive.answer(question, seen: view.seen, through: relay), to: question)
      } while !view.isWhole
      guard UInt64(records.count) == logSizes[index] else {
        throw failure("a supervisor of \(relay.genesis.chain) sees \(records.count) records")
      }
      for key in order {
        guard let packet = packets[key] else { continue }
        let course = records.filter { $0.key == key }.map(\.stage)
        guard course.contains(.relayed) == packet.relayedBy.contains(index),
          course.count(where: { $0 != .relayed }) == (packet.endedBy[index] == nil ? 0 : 1)
        else { throw failure("a supervisor of \(relay.genesis.chain) sees another course of \(describe(key))") }
      }
      note(.supervised)
    }
  }
}
