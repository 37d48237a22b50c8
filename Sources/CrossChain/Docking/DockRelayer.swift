public import ChainCore

/// Carries packets and outcomes between two relays, one above the other. As `Relayer` it is untrusted and remembers nothing.
public struct DockRelayer: Sendable {
  private let relays: [any ChainEndpoint]
  private let signer: Relayer

  /// A relayer between `above` and `below`, with the key of an account of role `relayer` on each.
  public init(
    above: any ChainEndpoint, below: any ChainEndpoint, keys: [ChainID: PrivateKey], options: RelayerOptions = RelayerOptions()
  ) {
    relays = [above, below]
    signer = Relayer(relay: above, chains: [below], keys: keys, options: options)
  }

  /// Looks at both relays once and hands in what is due.
  public func tick(now: BlockTime) async -> RelayerReport {
    var report = RelayerReport()
    for (from, to) in [(relays[0], relays[1]), (relays[1], relays[0])] {
      do throws(EndpointError) {
        for call in try await calls(from: from, to: to, now: now) { await signer.submit(call, into: &report) }
      } catch {
        report.failures.append(RelayerFailure(chain: to.chain, reason: "\(error)"))
      }
    }
    return report
  }

  /// The calls on `to` with proofs of `from`: packets that go from there to here, ends of packets that went the other way, marks.
  private func calls(from: any ChainEndpoint, to: any ChainEndpoint, now: BlockTime) async throws(EndpointError) -> [RelayerCall] {
    let subject = RelayerView(from, try await from.status())
    let target = RelayerView(to, try await to.status())
    guard let client = try await to.ask("client", from.chain, at: nil, as: ClientRecord?.self) else {
      throw .refused("\(to.chain) has no client of \(from.chain)")
    }
    guard let height = try await signer.newestBelieved(subject, client, by: target, now: now) else { return [] }
    let arriving = try await arriving(from: from, at: height, to: to)
    let ended = try await ended(on: from, at: height, sentBy: to)
    let lanes = try await lagging(from: from, at: height, to: to)
    let isDue = now.milliseconds(since: client.latest.time) >= signer.options.idleMs
    guard isDue || !arriving.isEmpty || !ended.isEmpty || !lanes.isEmpty else { return [] }
    let way = try await RelayerUpdate(of: from, client, to: height, bytesLimit: Int(to.parameters.transactionBytes) / 2)
    var builder = CallBuilder(target: target, update: way.update, hash: from.suite, sharesProofs: signer.options.sharesProofs)
    guard way.isWhole else { return builder.alone(from.chain) }
    builder.add("relay", arriving) { RelayPackets(source: from.chain, height: height, update: $1, shared: $2, packets: $0) }
    builder.add("copy", ended) { CopyOutcomes(relay: from.chain, height: height, update: $1, shared: $2, packets: $0) }
    builder.add("pruneBehind", lanes) {
      PruneBehind(relay: from.chain, arrivals: PruneArrivals(height: height, update: $1, shared: $2, lanes: $0))
    }
    builder.finish(from.chain)
    return builder.calls
  }

  /// Headers on their way over a relay.
  private func transit(of relay: any ChainEndpoint) async throws(EndpointError) -> [PacketHeader] {
    var all: [PacketHeader] = []
    while all.count < signer.options.packetsPerTick {
      let page: [PacketHeader] = try await relay.ask("transit", PendingQuestion(after: all.last?.key, limit: 200), at: nil)
      all += page
      if page.count < 200 { break }
    }
    return all
  }

  /// Packets that `from` committed to and whose way goes over `to` next.
  private func arriving(
    from: any ChainEndpoint, at height: BlockHeight, to: any ChainEndpoint
  ) async throws(EndpointError) -> [Claimed<ProvenHeader>] {
    var items: [Claimed<ProvenHeader>] = []
    for header in try await transit(of: from) {
      guard try await from.ask("way", header.lane, at: nil, as: ChainID?.self) == to.chain else { continue }
      let there: [RelayedPacket] = try await to.ask("packets", [header.key], at: nil)
      guard there.first == RelayedPacket(packetID: nil, outcome: nil) else { continue }
      guard let shown = try await from.prove([CrossChainState.relayedKey(header.key)], at: height).first, shown.value != nil else {
        continue
      }
      items.append(Claimed(ProvenHeader(header: header, proof: shown.proof), [shown]) { $0.proof = nil })
    }
    return items
  }

  /// Packets that `to` sent over `from` and that ended there, or never will be there.
  private func ended(
    on from: any ChainEndpoint, at height: BlockHeight, sentBy to: any ChainEndpoint
  ) async throws(EndpointError) -> [Claimed<ProvenOutcome>] {
    var items: [Claimed<ProvenOutcome>] = []
    for header in try await transit(of: to) {
      guard try await to.ask("way", header.lane, at: nil, as: ChainID?.self) == from.chain else { continue }
      let keys = [CrossChainState.outcomeKey(header.key), CrossChainState.relayedKey(header.key)]
      let shown = try await from.prove(keys, at: height)
      guard shown.count == 2 else { throw .malformed("proofs: \(shown.count) answers for 2") }
      if let bytes = shown[0].value {
        guard let outcome = try? Outcome(canonicalBytes: bytes) else { continue }
        let item = ProvenOutcome(key: header.key, evidence: .recorded(outcome, shown[0].proof))
        items.append(Claimed(item, [shown[0]]) { $0.evidence = .recorded(outcome, nil) })
      } else if shown[1].value == nil, !header.isOrdered {
        let time = try await from.lightBlock(at: height).header.time
        guard header.timeout.relayTimeMs < time.rawValue else { continue }
        let item = ProvenOutcome(key: header.key, evidence: .neverRelayed(relayed: shown[1].proof, outcome: shown[0].proof))
        items.append(Claimed(item, shown) { $0.evidence = .neverRelayed(relayed: nil, outcome: nil) })
      }
    }
    return items
  }

  /// Lanes of which `to` remembers packets that `from`, before it on their way, forgot.
  private func lagging(
    from: any ChainEndpoint, at height: BlockHeight, to: any ChainEndpoint
  ) async throws(EndpointError) -> [Claimed<ProvenPruned>] {
    var items: [Claimed<ProvenPruned>] = []
    var after: LaneID?
    while items.count < RelayerWork.lanesPerCall {
      let page: [RelayLaneMark] = try await from.ask("relayLanes", LanesQuestion(after: after, limit: 200), at: height)
      for mark in page where mark.state.prunedBelow > 1 {
        let there: [RelayLane] = try await to.ask("lanes", [mark.lane], at: nil)
        guard let known = there.first, known != RelayLane(), known.prunedBelow < mark.state.prunedBelow,
          mark.state.prunedBelow - known.prunedBelow >= signer.options.pruneLag,
          try await from.ask("way", mark.lane, at: nil, as: ChainID?.self) == to.chain,
          let shown = try await from.prove([CrossChainState.relayLaneKey(mark.lane)], at: height).first
        else { continue }
        items.append(Claimed(ProvenPruned(lane: mark.lane, state: mark.state, proof: shown.proof), [shown]) { $0.proof = nil })
      }
      guard page.count == 200 else { break }
      after = page.last?.lane
    }
    return items
  }
}
