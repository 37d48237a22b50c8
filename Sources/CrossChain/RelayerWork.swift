internal import ChainCore

/// The work of one tick: for each chain, the packets that one of the four legs is due for.
struct RelayerWork {
  let hub: RelayerView
  let spokes: [Spoke]
  /// Per chain: what it sent that the relay has not seen.
  private var toRelay: [[PacketHeader]]
  /// Per chain: what the relay committed to and it has not received.
  private var toReceive: [[PacketHeader]]
  /// Per chain: what it answered and the relay has not recorded.
  private var toAcknowledge: [[PacketHeader]]
  /// Per chain: what it will never receive.
  private var toTimeOut: [[PacketHeader]]
  /// Per chain: what it sent that has ended; `true` = never relayed.
  private var toSettle: [[(header: PacketHeader, neverRelayed: Bool)]]
  /// Per chain: whether its relay clock has to move on for a timeout.
  private var needsClock: [Bool]

  init(hub: RelayerView, spokes: [Spoke]) {
    self.hub = hub
    self.spokes = spokes
    toRelay = Array(repeating: [], count: spokes.count)
    toReceive = toRelay
    toAcknowledge = toRelay
    toTimeOut = toRelay
    toSettle = Array(repeating: [], count: spokes.count)
    needsClock = Array(repeating: false, count: spokes.count)
  }

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
        if isPast {
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
    guard let destination = spokes.firstIndex(where: { $0.view.endpoint.chain == header.lane.destination }) else { return }
    let spoke = spokes[destination]
    let endpoint = spoke.view.endpoint
    let now = try await delivery(header.key, endpoint, at: nil)
    guard now.receipt == nil else {
      if let height = spoke.height, try await delivery(header.key, endpoint, at: height).acknowledgement != nil {
        toAcknowledge[destination].append(header)
      }
      return
    }
    guard isPast else {
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

  private func delivery(
    _ key: PacketKey, _ endpoint: any ChainEndpoint, at height: BlockHeight?
  ) async throws(EndpointError) -> Delivery {
    let found: [Delivery] = try await endpoint.ask("deliveries", [key], at: height)
    guard let first = found.first else { throw .malformed("deliveries: no answer") }
    return first
  }

  /// The calls that chain `index` and the relay's client of it are due for: one update of each client, then batches.
  func calls(of index: Int, idleMs: UInt64, now: BlockTime) async throws(EndpointError) -> [RelayerCall] {
    let spoke = spokes[index]
    var calls: [RelayerCall] = []
    if let height = spoke.height {
      let isDue = now.milliseconds(since: spoke.clientAtHub.latest.time) >= idleMs
      let hasWork = !toRelay[index].isEmpty || !toAcknowledge[index].isEmpty || !toTimeOut[index].isEmpty
      let isUrgent = try await isBehindHandover(spoke.view.endpoint, spoke.clientAtHub, at: height)
      if hasWork || isDue || isUrgent { calls += try await hubCalls(of: index, spoke, at: height) }
    }
    if let height = spoke.hubHeight {
      let isDue = now.milliseconds(since: spoke.clientOfHub.latest.time) >= idleMs || needsClock[index]
      let hasWork = !toReceive[index].isEmpty || !toSettle[index].isEmpty
      let isUrgent = try await isBehindHandover(hub.endpoint, spoke.clientOfHub, at: height)
      if hasWork || isDue || isUrgent { calls += try await spokeCalls(of: index, spoke, at: height) }
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
  private func hubCalls(of index: Int, _ spoke: Spoke, at height: BlockHeight) async throws(EndpointError) -> [RelayerCall] {
    let subject = spoke.view.endpoint
    let way = try await update(of: subject, spoke.clientAtHub, to: height, on: hub)
    var builder = CallBuilder(target: hub, update: way.update)
    guard way.isWhole else { return builder.alone(subject.chain) }
    if !toRelay[index].isEmpty {
      let proofs = try await subject.prove(toRelay[index].map { CrossChainState.pendingKey($0.key) }, at: height)
      let items = zip(toRelay[index], proofs).map { ProvenHeader(header: $0, proof: $1.proof) }
      builder.add("relay", items) { RelayPackets(source: subject.chain, height: height, update: $1, packets: $0) }
    }
    if !toAcknowledge[index].isEmpty {
      let proofs = try await subject.prove(toAcknowledge[index].map { CrossChainState.acknowledgementKey($0.key) }, at: height)
      var items: [ProvenAcknowledgement] = []
      for (header, proof) in zip(toAcknowledge[index], proofs) {
        guard let bytes = proof.value, let answer = try? Acknowledgement(canonicalBytes: bytes) else { continue }
        items.append(ProvenAcknowledgement(key: header.key, acknowledgement: answer, proof: proof.proof))
      }
      builder.add("acknowledge", items) { AcknowledgePackets(destination: subject.chain, height: height, update: $1, packets: $0) }
    }
    if !toTimeOut[index].isEmpty {
      let late = toTimeOut[index]
      let proofs = try await subject.prove([CrossChainState.viewKey] + late.map { CrossChainState.receiptKey($0.key) }, at: height)
      if let clock = proofs.first, let bytes = clock.value, let view = try? RelayView(canonicalBytes: bytes) {
        let absent = zip(late, proofs.dropFirst()).filter { $1.value == nil }
        builder.add("timeout", absent.map { ProvenHeader(header: $0, proof: $1.proof) }) {
          TimeOutPackets(
            destination: subject.chain, height: height, update: $1, view: view, viewProof: clock.proof, packets: $0)
        }
      }
    }
    builder.finish(subject.chain)
    return builder.calls
  }

  /// Calls on this chain with proofs of the relay.
  private func spokeCalls(of index: Int, _ spoke: Spoke, at height: BlockHeight) async throws(EndpointError) -> [RelayerCall] {
    let relay = hub.endpoint
    let way = try await update(of: relay, spoke.clientOfHub, to: height, on: spoke.view)
    var builder = CallBuilder(target: spoke.view, update: way.update)
    guard way.isWhole else { return builder.alone(relay.chain) }
    if !toReceive[index].isEmpty {
      let proofs = try await relay.prove(toReceive[index].map { CrossChainState.relayedKey($0.key) }, at: height)
      var items: [ProvenPacket] = []
      for (header, proof) in zip(toReceive[index], proofs) {
        guard proof.value != nil, let source = spokes.first(where: { $0.view.endpoint.chain == header.lane.source }),
          let packet = try await source.view.endpoint.ask("packet", header.key, at: nil, as: Packet?.self)
        else { continue }
        items.append(ProvenPacket(packet: packet, proof: proof.proof))
      }
      builder.add("receive", items) { ReceivePackets(height: height, update: $1, packets: $0) }
    }
    if !toSettle[index].isEmpty {
      var items: [ProvenOutcome] = []
      for (header, neverRelayed) in toSettle[index] {
        let proofs = try await relay.prove(
          [CrossChainState.relayedKey(header.key), CrossChainState.outcomeKey(header.key)], at: height)
        guard proofs.count == 2 else { throw .malformed("proofs") }
        if neverRelayed {
          let view = RelayView(height: height, time: try await relay.lightBlock(at: height).header.time)
          guard proofs[0].value == nil, proofs[1].value == nil, header.timeout.isPast(view) else { continue }
          items.append(
            ProvenOutcome(key: header.key, evidence: .neverRelayed(relayed: proofs[0].proof, outcome: proofs[1].proof)))
        } else if let bytes = proofs[1].value, let outcome = try? Outcome(canonicalBytes: bytes) {
          items.append(ProvenOutcome(key: header.key, evidence: .recorded(outcome, proofs[1].proof)))
        }
      }
      builder.add("settle", items) { SettlePackets(height: height, update: $1, packets: $0) }
    }
    builder.finish(relay.chain)
    return builder.calls
  }
}

/// Cuts items into transactions; the first one carries the client's update.
private struct CallBuilder {
  let target: RelayerView
  private(set) var update: ClientUpdate?
  private(set) var calls: [RelayerCall] = []

  init(target: RelayerView, update: ClientUpdate?) {
    self.target = target
    self.update = update
  }

  mutating func add<Item: CanonicalCodable>(
    _ entry: EntryName, _ items: [Item], _ make: ([Item], ClientUpdate?) -> some CanonicalCodable
  ) {
    // Key, signature and fixed fields of a transaction stay well under a kilobyte.
    let limit = Int(target.endpoint.parameters.transactionBytes) - 1_024
    let fixed = make([], nil).canonicalBytes.count + 2
    var batch: [Item] = []
    var bytes = fixed + (update?.canonicalBytes.count ?? 0)
    for item in items {
      let size = item.canonicalBytes.count
      if !batch.isEmpty, batch.count == PacketBatch.limit || bytes + size > limit {
        close(entry, batch, make)
        batch = []
        bytes = fixed
      }
      batch.append(item)
      bytes += size
    }
    if !batch.isEmpty { close(entry, batch, make) }
  }

  private mutating func close<Item>(
    _ entry: EntryName, _ batch: [Item], _ make: ([Item], ClientUpdate?) -> some CanonicalCodable
  ) {
    calls.append(
      RelayerCall(target: target, entry: entry, arguments: make(batch, update).canonicalBytes, packets: batch.count))
    update = nil
  }

  /// The update and nothing else.
  consuming func alone(_ chain: ChainID) -> [RelayerCall] {
    finish(chain)
    return calls
  }

  /// If no batch carried the update, it goes alone.
  mutating func finish(_ chain: ChainID) {
    guard let alone = update else { return }
    update = nil
    let call = UpdateClient(chain: chain, update: alone)
    calls.append(RelayerCall(target: target, entry: "updateClient", arguments: call.canonicalBytes, packets: 0))
  }
}
