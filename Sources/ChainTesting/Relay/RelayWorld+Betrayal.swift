internal import ChainCore
internal import CrossChain

// The very end of a world: a member's validators sign two histories, and only their chain is stopped.
extension RelayWorld {
  /// Lets the validators of one member sign two checkpoints of one height, reports them, and checks that the relay takes nothing more
  /// of that chain while all others work on.
  mutating func betray() async throws {
    let place = 1 + random.below(chains.count - 1)
    rogue = place
    let chain = chains[place]
    let real = try chain.ledger.checkpoint(at: chain.ledger.newestCertified)
    var other = real
    other.stateRoot = chain.ledger.suite.hash(Array("another state".utf8))
    guard let reporter = chains[0].founding.member(WorldChain.outsider, "clerk") else { throw failure("nobody can report") }
    guard let client = try chains[0].ledger.query(CrossChainState.contract, "client", chain.id, as: ClientRecord?.self) else {
      throw failure("the relay forgot \(chain.id)")
    }
    let evidence = ReportMisbehaviour(
      chain: chain.id, first: try certificate(of: real, by: chain.founding, without: 0),
      second: try certificate(of: other, by: chain.founding, without: 1), signers: client.set, named: client.latest.height)
    log("the validators of \(chain.id) sign two histories")
    send(try sign(CrossChainState.contract, "reportMisbehaviour", evidence.canonicalBytes, by: reporter, on: 0), to: 0, by: nil, in: 100)
    let end = now + 10_000
    while now < end, seen(.frozen) == 0 { try await step() }
    guard seen(.frozen) > 0 else { throw failure("the relay does not believe two certificates of \(chain.id)") }
    // Others go on; what the stopped chain sends stays where it is, and what is sent to it waits.
    let known = order.count
    for index in chains.indices.dropFirst() {
      for _ in 0..<3 { try call(on: index) }
    }
    let open = { (key: PacketKey, packet: PacketTrack?) in
      packet?.end == nil && key.lane.source != chain.id && key.lane.destination != chain.id
    }
    let (begin, limit) = (now, now + Self.settlementBoundMs)
    while now < limit, openCalls > 0 || order[known...].contains(where: { open($0, packets[$0]) }) || now < begin + 8_000 {
      if (now - begin) % 2_000 == 0 { for index in chains.indices.dropFirst() { try close(index) } }
      try await step()
    }
    for key in order[known...] {
      if open(key, packets[key]) { throw failure("\(describe(key)) waits for a chain that it has nothing to do with") }
      guard key.lane.source == chain.id, let packet = packets[key] else { continue }
      if packet.isRelayed || packet.outcome != nil { throw failure("\(describe(key)) was relayed though its source is stopped") }
      note(.frozenRefused)
    }
  }
}
