internal import ChainCore

/// The work of one tick: for each chain, the packets that one of the legs is due for, and the lanes that may forget.
struct RelayerWork {
  let hub: RelayerView
  let spokes: [Spoke]
  let options: RelayerOptions
  let origins: [any ChainEndpoint]
  /// Per chain: what it sent that the relay has not seen.
  private(set) var toRelay: [[PacketHeader]]
  /// Per chain: what the relay committed to and it has not received.
  private(set) var toReceive: [[PacketHeader]]
  /// Per chain: what it answered and the relay has not recorded.
  private(set) var toAcknowledge: [[PacketHeader]]
  /// Per chain: what it will never receive.
  private(set) var toTimeOut: [[PacketHeader]]
  /// Per chain: what it sent that has ended; `true` = never relayed.
  private(set) var toSettle: [[(header: PacketHeader, neverRelayed: Bool)]]
  /// Per chain: whether its relay clock has to move on for a timeout.
  private(set) var needsClock: [Bool]
  /// Per chain: its lanes of which the relay remembers settled packets, with how many.
  var toForget: [[(lane: LaneID, lag: UInt64)]]
  /// Per chain: lanes to it of which it remembers packets that the relay forgot, with how many.
  var toForgetArrivals: [[(lane: LaneID, lag: UInt64)]]

  init(hub: RelayerView, spokes: [Spoke], options: RelayerOptions, origins: [any ChainEndpoint] = []) {
    self.origins = origins
    self.hub = hub
    self.spokes = spokes
    self.options = options
    toRelay = Array(repeating: [], count: spokes.count)
    toReceive = toRelay
    toAcknowledge = toRelay
    toTimeOut = toRelay
    toSettle = Array(repeating: [], count: spokes.count)
    needsClock = Array(repeating: false, count: spokes.count)
    toForget = Array(repeating: [], count: spokes.count)
    toForgetArrivals = toForget
  }

  /// Lets a chain learn of the relay's newest height, whatever else is due.
  mutating func moveClock(of index: Int) { needsClock[index] = true }

  /// The place of a chain among the spokes.
  func place(_ chain: ChainID) -> Int? { spokes.firstIndex { $0.view.endpoint.chain == chain } }

  /// Sorts the unsettled packets of chain `source` by the leg that is due.
  mutating func collect(from source: Int, limit: Int) async throws(EndpointError) {
    let endpoint = spokes[source].view.endpoint
    var after: PacketKey?
    var seen = 0
    while seen < limit {
      let page: [PacketHeader] = try await endpoint.ask("pending", PendingQuestion(after: after, limit: 100), at: nil)
      guard let last = page.last else { return }
      try await sort(page, from: source)
      seen += page.count
      after = last.key
      if page.count < 100 { return }
    }
  }

  /// Sorts packets that came to the relay from another one, for its own chains.
  mutating func collectTransit(limit: Int) async throws(EndpointError) {
    guard let height = hub.status.certified else { return }
    let view = RelayView(height: height, time: try await hub.endpoint.lightBlock(at: height).header.time)
    if !origins.isEmpty { try await collectDistantMarks(at: height) }
    var after: PacketKey?
    var seen = 0
    while seen < limit {
      let page: [PacketHeader] = try await hub.endpoint.ask("transit", PendingQuestion(after: after, limit: 200), at: nil)
      guard let last = page.last else { return }
      let arriving = page.filter { place($0.lane.destination) != nil && place($0.lane.source) == nil }
      let certified: [RelayedPacket] = try await hub.endpoint.ask("packets", arriving.map(\.key), at: height)
      for (header, packet) in zip(arriving, certified) where packet.packetID != nil && packet.outcome == nil {
        try await sortRelayed(header, isPast: header.timeout.isPast(view))
      }
      seen += page.count
      after = last.key
      if page.count < 200 { return }
    }
  }

  private mutating func sort(_ headers: [PacketHeader], from source: Int) async throws(EndpointError) {
    let keys = headers.map(\.key)
    let now: [RelayedPacket] = try await hub.endpoint.ask("packets", keys, at: nil)
    guard now.count == keys.count else { throw .malformed("packets: \(now.count) answers for \(keys.count)") }
    var certified = [RelayedPacket](repeating: RelayedPacket(packetID: nil, outcome: nil), count: keys.count)
    var hubView: RelayView?
    if let height = hub.status.certified {
      certified = try await hub.endpoint.ask("packets", keys, at: height)
      guard certified.count == keys.count else { throw .malformed("packets: \(certified.count) answers for \(keys.count)") }
      hubView = RelayView(height: height, time: try await hub.endpoint.lightBlock(at: height).header.time)
    }
    var provable: Set<PacketKey> = []
    if let height = spokes[source].height {
      let proofs = try await spokes[source].view.endpoint.prove(keys.map(CrossChainState.pendingKey), at: height)
      for (key, proof) in zip(keys, proofs) where proof.value != nil { provable.insert(key) }
    }
    for (index, header) in headers.enumerated() {
      let isPast = hubView.map { header.timeout.isPast($0) } ?? false
      if now[index].outcome != nil {
        if certified[index].outcome != nil { toSettle[source].append((header, false)) }
      } else if now[index].packetID == nil {
        // Packets of ordered lanes end by the relay's record only, so it has to see the late ones too.
        if isPast, !header.isOrdered {
          toSettle[source].append((header, true))
        } else if provable.contains(header.key) {
          toRelay[source].append(header)
        }
      } else if certified[index].packetID != nil {
        try await sortRelayed(header, isPast: isPast)
      }
    }
  }

  /// A packet that the relay committed to and that has not ended.
  private mutating func sortRelayed(_ header: PacketHeader, isPast: Bool) async throws(EndpointError) {
    guard let destination = place(header.lane.destination) else { return }
    let spoke = spokes[destination]
    let endpoint = spoke.view.endpoint
    switch try await delivery(header.key, endpoint, at: nil).receipt {
    case .received:
      if let height = spoke.height, try await delivery(header.key, endpoint, at: height).acknowledgement != nil {
        toAcknowledge[destination].append(header)
      }
    case .expired:
      if let height = spoke.height, try await delivery(header.key, endpoint, at: height).receipt != nil {
        toTimeOut[destination].append(header)
      }
    case .skipped: return
    case nil:
      // A late packet of an ordered lane is handed in all the same: it leaves `expired`, and the lane goes on.
      guard isPast, !header.isOrdered else {
        toReceive[destination].append(header)
        return
      }
      guard let height = spoke.height else { return }
      let view: RelayView = try await endpoint.ask("view", NoResult(), at: height)
      if header.timeout.isPast(view) {
        toTimeOut[destination].append(header)
      } else {
        #if DEBUG
          if RelayMutation.clockNotMoved.isPlanted { return }
        #endif
        needsClock[destination] = true
      }
    }
  }

  private func delivery(
    _ key: PacketKey, _ endpoint: any ChainEndpoint, at height: BlockHeight?
  ) async throws(EndpointError) -> Delivery {
    let found: [Delivery] = try await endpoint.ask("deliveries", [key], at: height)
    guard let first = found.first else { throw .malformed("deliveries: no answer") }
    return first
  }

  /// The calls that chain `index` and the relay's client of it are due for: one update of each client, then batches.
  func calls(of index: Int, now: BlockTime) async throws(EndpointError) -> [RelayerCall] {
    let spoke = spokes[index]
    var calls: [RelayerCall] = []
    if let height = spoke.height {
      let isDue = now.milliseconds(since: spoke.clientAtHub.latest.time) >= options.idleMs
      let forgotten = lanes(toForget[index], isDue)
      let hasWork = !toRelay[index].isEmpty || !toAcknowledge[index].isEmpty || !toTimeOut[index].isEmpty || !forgotten.isEmpty
      let isUrgent = try await isBehindHandover(spoke.view.endpoint, spoke.clientAtHub, at: height)
      if hasWork || isDue || isUrgent { calls += try await hubCalls(of: index, spoke, at: height, forgetting: forgotten) }
    }
    if let height = spoke.hubHeight {
      let isDue = now.milliseconds(since: spoke.clientOfHub.latest.time) >= options.idleMs || needsClock[index]
      let gaps = try await gaps(of: index, at: height)
      let forgotten = lanes(toForgetArrivals[index], isDue, forced: gaps.pruned)
      let hasWork = !toReceive[index].isEmpty || !toSettle[index].isEmpty || !gaps.skipped.isEmpty || !forgotten.isEmpty
      let isUrgent = try await isBehindHandover(hub.endpoint, spoke.clientOfHub, at: height)
      if hasWork || isDue || isUrgent {
        calls += try await spokeCalls(of: index, spoke, at: height, gaps: gaps, forgetting: forgotten)
      }
    }
    return calls
  }

  private func update(
    of subject: any ChainEndpoint, _ client: ClientRecord, to height: BlockHeight, on target: RelayerView
  ) async throws(EndpointError) -> RelayerUpdate {
    try await RelayerUpdate(of: subject, client, to: height, bytesLimit: Int(target.endpoint.parameters.transactionBytes) / 2)
  }

  /// Whether the validators changed since the client last looked: retired keys fool only a client that does not know of it.
  private func isBehindHandover(
    _ subject: any ChainEndpoint, _ client: ClientRecord, at height: BlockHeight
  ) async throws(EndpointError) -> Bool {
    let next = try await subject.handovers(after: client.set.generation, limit: 1).first
    return next.map { $0.certificate.checkpoint.height <= height } ?? false
  }

  /// Calls on the relay with proofs of this chain.
  private func hubCalls(
    of index: Int, _ spoke: Spoke, at height: BlockHeight, forgetting lanes: [LaneID]
  ) async throws(EndpointError) -> [RelayerCall] {
    let subject = spoke.view.endpoint
    let way = try await update(of: subject, spoke.clientAtHub, to: height, on: hub)
    var builder = CallBuilder(target: hub, update: way.update, hash: subject.suite, sharesProofs: options.sharesProofs)
    guard way.isWhole else { return builder.alone(subject.chain) }
    if !toRelay[index].isEmpty {
      let proofs = try await subject.prove(toRelay[index].map { CrossChainState.pendingKey($0.key) }, at: height)
      let items = zip(toRelay[index], proofs).map { Claimed(ProvenHeader(header: $0, proof: $1.proof), [$1]) { $0.proof = nil } }
      builder.add("relay", items) { RelayPackets(source: subject.chain, height: height, update: $1, shared: $2, packets: $0) }
    }
    if !toAcknowledge[index].isEmpty {
      let proofs = try await subject.prove(toAcknowledge[index].map { CrossChainState.acknowledgementKey($0.key) }, at: height)
      var items: [Claimed<ProvenAcknowledgement>] = []
      for (header, proof) in zip(toAcknowledge[index], proofs) {
        guard let bytes = proof.value, let answer = try? Acknowledgement(canonicalBytes: bytes) else { continue }
        let item = ProvenAcknowledgement(key: header.key, acknowledgement: answer, proof: proof.proof)
        items.append(Claimed(item, [proof]) { $0.proof = nil })
      }
      builder.add("acknowledge", items) {
        AcknowledgePackets(destination: subject.chain, height: height, update: $1, shared: $2, packets: $0)
      }
    }
    if !toTimeOut[index].isEmpty {
      let late = toTimeOut[index]
      let proofs = try await subject.prove([CrossChainState.viewKey] + late.map { CrossChainState.receiptKey($0.key) }, at: height)
      if let clock = proofs.first, let bytes = clock.value, let view = try? RelayView(canonicalBytes: bytes) {
        let shown = zip(late, proofs.dropFirst()).filter { ($1.value != nil) == $0.isOrdered }
        let items = shown.map { Claimed(ProvenHeader(header: $0, proof: $1.proof), [$1]) { $0.proof = nil } }
        builder.add("timeout", items) {
          TimeOutPackets(
            destination: subject.chain, height: height, update: $1, shared: $2, view: view, viewProof: clock.proof, packets: $0)
        }
      }
    }
    if !lanes.isEmpty {
      let proofs = try await subject.prove(lanes.map(CrossChainState.laneOutKey), at: height)
      var items: [Claimed<ProvenSettled>] = []
      for (lane, proof) in zip(lanes, proofs) {
        guard let bytes = proof.value, let state = try? LaneOut(canonicalBytes: bytes) else { continue }
        items.append(Claimed(ProvenSettled(lane: lane, state: state, proof: proof.proof), [proof]) { $0.proof = nil })
      }
      builder.add("prune", items, mark: Self.lag(toForget[index])) {
        PruneSettled(source: subject.chain, height: height, update: $1, shared: $2, lanes: $0)
      }
    }
    builder.finish(subject.chain)
    return builder.calls
  }

  /// Calls on this chain with proofs of the relay.
  private func spokeCalls(
    of index: Int, _ spoke: Spoke, at height: BlockHeight, gaps: LaneGaps, forgetting lanes: [LaneID]
  ) async throws(EndpointError) -> [RelayerCall] {
    let relay = hub.endpoint
    let way = try await update(of: relay, spoke.clientOfHub, to: height, on: spoke.view)
    var builder = CallBuilder(target: spoke.view, update: way.update, hash: relay.suite, sharesProofs: options.sharesProofs)
    guard way.isWhole else { return builder.alone(relay.chain) }
    if !lanes.isEmpty {
      let proofs = try await relay.prove(lanes.map(CrossChainState.relayLaneKey), at: height)
      var items: [Claimed<ProvenPruned>] = []
      for (lane, proof) in zip(lanes, proofs) {
        guard let bytes = proof.value, let state = try? RelayLane(canonicalBytes: bytes) else { continue }
        items.append(Claimed(ProvenPruned(lane: lane, state: state, proof: proof.proof), [proof]) { $0.proof = nil })
      }
      builder.add("prune", items, mark: Self.lag(toForgetArrivals[index])) {
        PruneArrivals(height: height, update: $1, shared: $2, lanes: $0)
      }
    }
    let skipped = try await ended(gaps.skipped, at: height)
    builder.add("skip", skipped) { SkipPackets(height: height, update: $1, shared: $2, packets: $0) }
    let arriving = toReceive[index].filter { !$0.isOrdered || gaps.ready.contains($0.key) }
    if !arriving.isEmpty {
      let proofs = try await relay.prove(arriving.map { CrossChainState.relayedKey($0.key) }, at: height)
      var items: [Claimed<ProvenPacket>] = []
      for (header, proof) in zip(arriving, proofs) {
        guard proof.value != nil, let packet = try await packet(of: header) else { continue }
        items.append(Claimed(ProvenPacket(packet: packet, proof: proof.proof), [proof]) { $0.proof = nil })
      }
      builder.add("receive", items) { ReceivePackets(height: height, update: $1, shared: $2, packets: $0) }
    }
    let recorded = try await ended(toSettle[index].filter { !$0.neverRelayed }.map(\.header.key), at: height)
    let absent = try await absent(toSettle[index].filter(\.neverRelayed).map(\.header), at: height)
    builder.add("settle", recorded + absent) { SettlePackets(height: height, update: $1, shared: $2, packets: $0) }
    builder.finish(relay.chain)
    return builder.calls
  }

  /// Header and payload, from the chain that sent it.
  private func packet(of header: PacketHeader) async throws(EndpointError) -> Packet? {
    let chain = header.lane.source
    guard let source = place(chain).map({ spokes[$0].view.endpoint }) ?? origins.first(where: { $0.chain == chain }) else { return nil }
    return try await source.ask("packet", header.key, at: nil, as: Packet?.self)
  }

  /// The relay's records of how packets ended.
  private func ended(_ keys: [PacketKey], at height: BlockHeight) async throws(EndpointError) -> [Claimed<ProvenOutcome>] {
    guard !keys.isEmpty else { return [] }
    let proofs = try await hub.endpoint.prove(keys.map(CrossChainState.outcomeKey), at: height)
    var items: [Claimed<ProvenOutcome>] = []
    for (key, proof) in zip(keys, proofs) {
      guard let bytes = proof.value, let outcome = try? Outcome(canonicalBytes: bytes) else { continue }
      items.append(
        Claimed(ProvenOutcome(key: key, evidence: .recorded(outcome, proof.proof)), [proof]) { $0.evidence = .recorded(outcome, nil) })
    }
    return items
  }

  /// Late packets that the relay neither relayed nor ended.
  private func absent(_ headers: [PacketHeader], at height: BlockHeight) async throws(EndpointError) -> [Claimed<ProvenOutcome>] {
    guard !headers.isEmpty else { return [] }
    let view = RelayView(height: height, time: try await hub.endpoint.lightBlock(at: height).header.time)
    let keys = headers.flatMap { [CrossChainState.relayedKey($0.key), CrossChainState.outcomeKey($0.key)] }
    let proofs = try await hub.endpoint.prove(keys, at: height)
    guard proofs.count == keys.count else { throw .malformed("proofs") }
    var items: [Claimed<ProvenOutcome>] = []
    for (index, header) in headers.enumerated() where header.timeout.isPast(view) {
      let (relayed, outcome) = (proofs[2 * index], proofs[2 * index + 1])
      guard relayed.value == nil, outcome.value == nil else { continue }
      let item = ProvenOutcome(key: header.key, evidence: .neverRelayed(relayed: relayed.proof, outcome: outcome.proof))
      items.append(Claimed(item, [relayed, outcome]) { $0.evidence = .neverRelayed(relayed: nil, outcome: nil) })
    }
    return items
  }
}
