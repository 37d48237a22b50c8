internal import ChainCore
internal import CrossChain

// What must hold of late answers, ordered lanes and what chains forget.
extension RelayWorld {
  /// An answer, given at once or later: one a packet.
  mutating func checkAnswered(_ answered: ReceivedPacket, isLate: Bool, on index: Int) throws {
    let key = answered.key
    let packet = try track(key, answered.packetID, "answered")
    guard packet.isReceived, let answer = answered.acknowledgement, answer.packetID == packet.id else {
      throw failure("\(describe(key)) was answered without being received")
    }
    guard packet.answer == nil else { throw failure("\(describe(key)) was answered twice") }
    guard packet.outcome == nil else { throw failure("\(describe(key)) was answered after its end") }
    packets[key]?.answer = answer
    if isLate { note(.answeredLate) }
    try checkRecords(key, answer, on: index)
  }

  /// A packet of an ordered lane comes only when all before it came, or are settled.
  func checkTurn(_ key: PacketKey) throws {
    let last = lastArrival[key.lane] ?? 0
    guard key.sequence > last else { throw failure("\(describe(key)) came after number \(last) of its ordered lane") }
    for number in (last + 1)..<key.sequence {
      guard packets[PacketKey(lane: key.lane, sequence: number)]?.end != nil else {
        throw failure("\(describe(key)) came before number \(number) of its ordered lane")
      }
    }
  }

  mutating func checkExpired(_ expired: ReceivedPacket, on index: Int) throws {
    let key = expired.key
    let packet = try track(key, expired.packetID, "found too late")
    guard packet.header.isOrdered, packet.isRelayed, !packet.isReceived, !packet.isExpired, key.lane.destination == chains[index].id else {
      throw failure("\(describe(key)) was found too late on \(chains[index].id)")
    }
    try requirePast(packet.header)
    try checkTurn(key)
    lastArrival[key.lane] = key.sequence
    packets[key]?.isExpired = true
    note(.orderedExpired)
  }

  mutating func checkSkipped(_ key: PacketKey, on index: Int) throws {
    guard let packet = packets[key], packet.outcome != nil, !packet.isRelayed, !packet.isReceived else {
      throw failure("\(describe(key)) was passed over although the relay had not ended it")
    }
    try checkTurn(key)
    lastArrival[key.lane] = key.sequence
    note(.orderedSkipped)
  }

  /// The relay forgets what is settled, the destination what the relay forgot.
  mutating func checkPruned(_ pruned: PrunedLane, on index: Int) throws {
    let lane = pruned.lane
    let what = "numbers below \(pruned.below) from \(lane.source) to \(lane.destination)"
    guard index > 0 else {
      let from = forgottenByRelay[lane] ?? 1
      guard pruned.below > from else { throw failure("the relay forgot \(what) twice") }
      for number in from..<pruned.below where packets[PacketKey(lane: lane, sequence: number)]?.end == nil {
        throw failure("the relay forgot \(what), but \(number) is not settled")
      }
      forgottenByRelay[lane] = pruned.below
      return note(.forgottenByRelay)
    }
    guard lane.destination == chains[index].id, pruned.below > forgottenOnArrival[lane] ?? 1 else {
      throw failure("\(chains[index].id) forgot \(what) twice")
    }
    guard pruned.below <= forgottenByRelay[lane] ?? 1 else { throw failure("\(chains[index].id) forgot \(what) before the relay did") }
    forgottenOnArrival[lane] = pruned.below
    note(.forgottenOnArrival)
  }

  /// What is above class ordinary goes over validators only of whom no organisation has a third, and sensitive content sealed.
  mutating func checkClass(_ header: PacketHeader) throws {
    guard header.classification > .ordinary else { return }
    for id in [header.lane.source, chains[0].id, header.lane.destination] {
      guard let place = place(id), chains[place].ledger.head.validators.resistsLiars else {
        throw failure("\(describe(header.key)) of class \(header.classification) goes over \(id), whose validators are not fit for it")
      }
    }
    guard header.classification < .sensitive || header.sealedTo != nil else {
      throw failure("\(describe(header.key)) is sensitive and not sealed")
    }
    note(.classRelayed)
  }

  /// The relay takes no more packets of a rated route in a window than it says.
  mutating func checkRate(_ hop: HopRecord) throws {
    guard let rated = workload.routes.first(where: { $0.scope.port == hop.key.lane.destinationPort }), let rate = rated.policy.rate else {
      return
    }
    let window = hop.time.rawValue / rate.windowMs
    passed[window, default: 0] += 1
    guard passed[window] ?? 0 <= rate.packets else {
      throw failure("more than \(rate.packets) packets passed in a window of a rated route")
    }
  }

  /// A regulator who trusts the relay's validators only sees every record that there was, and their replay gives the relay's own log.
  mutating func checkSupervision() throws {
    let relay = chains[0].ledger
    let archive = HopArchive(store: MemoryStore())
    var view = RegulatorView(anchor: try TrustAnchor(of: relay))
    var records: [HopRecord] = []
    repeat {
      let question = view.missing
      records += try view.accept(try archive.answer(question, seen: view.seen, through: relay), to: question)
    } while !view.isWhole
    let hash = NetworkHash(suite: relay.suite)
    for record in records where packets[record.key].map({ hash.packetID($0.header) != record.packetID }) ?? true {
      throw failure("the regulator sees \(describe(record.key)), which nobody sent")
    }
    let courses = Dictionary(grouping: records, by: \.key)
    for key in order {
      guard let packet = packets[key] else { continue }
      let stages = (courses[key] ?? []).map(\.stage)
      let ends = stages.filter { $0 != .relayed }
      guard stages.contains(.relayed) == packet.isRelayed, ends.count == (packet.outcome == nil ? 0 : 1) else {
        throw failure("the regulator sees another course of \(describe(key)) than it took")
      }
    }
    note(.supervised)
  }

  /// What chains still hold of packets that are settled, if anything.
  func remembered() throws -> String? {
    let tables: [TableName] = ["pending", "outbox", "receipt", "ack", "open", "relayed", "outcome"]
    for chain in chains {
      for table in tables {
        let count = try chain.ledger.recordCount(of: CrossChainState.contract, table)
        if count > 0 { return "\(count) records of \(table) on \(chain.id)" }
      }
    }
    return nil
  }
}
