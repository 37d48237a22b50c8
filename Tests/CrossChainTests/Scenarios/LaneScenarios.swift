import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// Scenarios 19, 21, 23 and 24 of the cross-chain page: what lanes keep, in which order, and when answers come.
@Suite struct LaneScenarios {
  private let r = TestNetwork.relayID
  private let s = TestNetwork.sourceID
  private let d = TestNetwork.destinationID

  /// How many records of packets a chain holds.
  private func held(_ network: TestNetwork, _ id: ChainID) throws -> Int {
    var sum = 0
    for table: TableName in ["pending", "outbox", "receipt", "ack", "open", "relayed", "outcome"] {
      sum += try network[id].ledger.recordCount(of: CrossChainState.contract, table)
    }
    return sum
  }

  private func sendOrdered(
    _ network: inout TestNetwork, _ text: String, call: EntryName = "fileAnyone", timeout: PacketTimeout? = nil
  ) throws -> SentPacket {
    let note = SendNote(to: d, call: call, text: text, timeout: timeout)
    let receipt = try network.call(
      s, "courier", "sendCarefully", SendCarefully(note: note, classification: .ordinary, sealedTo: nil, isOrdered: true))
    return try SentPacket(canonicalBytes: receipt.output)
  }

  private func arrivals(_ network: TestNetwork) throws -> LaneIn {
    let found: [LaneIn] = try network.destination.ledger.query("xc", "arrivals", [network.lane()])
    return found[0]
  }

  @Test func s23PruneThenReplay() async throws {
    var network = try TestNetwork()
    for number in 0..<5 { _ = try network.send("note \(number)") }
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: 1_000)))
    #expect(try network.end(5) == "succeeded")
    // Nothing is forgotten yet: the source's mark has not been told.
    #expect(try held(network, r) == 10 && held(network, d) == 10 && held(network, s) == 0)
    let receive = ReceivePackets(
      height: try network.client(of: r, on: d).latest.height,
      packets: try (1...5).map { number in
        let height = try network.client(of: r, on: d).latest.height
        let header = relay.packets[number - 1].header
        return ProvenPacket(
          packet: Packet(header: header, payload: Note(text: "note \(number - 1)").canonicalBytes),
          proof: try network.relay.ledger.proveRecord(CrossChainState.relayedKey(header.key), at: height).proof)
      })
    #expect(receive.packets.count == 5)
    network.submissions = []
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: 1)))
    #expect(network.submissions.map(\.entry) == ["prune", "prune"])
    for id in network.ids { #expect(try held(network, id) == 0, "\(id)") }
    // Old proofs still hold; what is below the mark has no effect any more.
    let client = try network.client(of: s, on: r)
    #expect(client.latest.height > relay.height)
    var old = relay
    old.update = nil
    #expect(try network.deliver(r, "relay", old) == Array(repeating: .alreadyDone, count: 5))
    #expect(try network.deliver(d, "receive", receive) == Array(repeating: .alreadyDone, count: 5))
    for number in 0..<5 { #expect(try network.note("note \(number)")?.times == 1) }
    for id in network.ids { #expect(try held(network, id) == 0, "\(id)") }
    // And the lane goes on.
    _ = try network.send("after")
    _ = try await network.run()
    #expect(try network.end(6) == "succeeded")
  }

  @Test func marksNeedProofs() async throws {
    var network = try TestNetwork()
    _ = try network.send("one")
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: 1_000)))
    let height = try network.client(of: s, on: r).latest.height
    let shown = try network.source.ledger.proveRecord(CrossChainState.laneOutKey(network.lane()), at: height)
    var item = ProvenSettled(lane: network.lane(), state: LaneOut(next: 2, settledBelow: 2), proof: shown.proof)
    // At that height the packet was still pending.
    #expect(try network.deliver(r, "prune", PruneSettled(source: s, height: height, lanes: [item]))[0].isRefused(with: "another root"))
    item.state = try LaneOut(canonicalBytes: try #require(shown.value))
    #expect(item.state == LaneOut(next: 2, settledBelow: 1))
    #expect(try network.deliver(r, "prune", PruneSettled(source: s, height: height, lanes: [item])) == [.alreadyDone])
    item.state.settledBelow = 9
    #expect(try network.deliver(r, "prune", PruneSettled(source: s, height: height, lanes: [item]))[0].isRefused(with: "proof"))
    item.lane.source = d
    #expect(try network.deliver(r, "prune", PruneSettled(source: s, height: height, lanes: [item]))[0].isRefused(with: "begins on"))
    let relayHeight = try network.client(of: r, on: d).latest.height
    let mark = try network.relay.ledger.proveRecord(CrossChainState.relayLaneKey(network.lane()), at: relayHeight)
    let claim = ProvenPruned(lane: network.lane(), state: RelayLane(prunedBelow: 2, relayed: 1), proof: mark.proof)
    #expect(try network.deliver(d, "prune", PruneArrivals(height: relayHeight, lanes: [claim]))[0].isRefused(with: "another root"))
    #expect(try network.outcome(1) != nil)
  }

  /// A mark far away is reached in steps of bounded cost.
  @Test func manyNumbersAreForgottenInSteps() async throws {
    var network = try TestNetwork()
    for block in 0..<6 {
      var source = network.source
      let account = try #require(network.accounts[s])
      var transactions: [SignedTransaction] = []
      for number in 0..<100 {
        transactions.append(
          try source.solo.sign(
            "courier", "send", SendNote(to: d, call: "file", text: "n\(block * 100 + number)", timeout: nil), by: account))
      }
      network[s] = source
      try network.block(s, transactions)
    }
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: 10_000)), rounds: 60)
    #expect(try held(network, r) == 1_200 && held(network, d) == 1_200)
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: 1)), rounds: 60)
    #expect(try held(network, r) == 0 && held(network, d) == 0)
    #expect(network.submissions.count { $0.entry == "prune" } >= 6)
  }

  /// The middle one of three expires; the third arrives all the same, and the lane goes on.
  @Test func s19OrderedMiddleExpired() async throws {
    var network = try TestNetwork(route: RoutePolicy(ordered: true))
    let until = network.clock.advanced(byMilliseconds: 5_000)
    for (text, timeout) in [("first", nil), ("second", PacketTimeout(relayTimeMs: until.rawValue)), ("third", nil)]
      as [(String, PacketTimeout?)]
    {
      _ = try sendOrdered(&network, text, timeout: timeout)
    }
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    #expect(try network.deliver(r, "relay", relay) == [.done, .done, .done])
    var receive = try #require(try await network.planned("receive", as: ReceivePackets.self))
    // Out of turn nothing is received, and nothing is burnt.
    var third = receive
    third.packets = [receive.packets[2]]
    #expect(try network.deliver(d, "receive", third)[0].isRefused(with: "found 1"))
    receive.update = nil
    receive.packets = [receive.packets[0]]
    #expect(try network.deliver(d, "receive", receive) == [.done])
    network.clock = until.advanced(byMilliseconds: 1_000)
    try network.block(r)
    // Absence proves no timeout here: only the destination's own trace does.
    try network.updateClient(of: r, on: d)
    try network.updateClient(of: d, on: r)
    let height = try network.client(of: d, on: r).latest.height
    let view = try network.destination.ledger.proveRecord(CrossChainState.viewKey, at: height)
    let absent = try network.destination.ledger.proveRecord(CrossChainState.receiptKey(network.key(2)), at: height)
    #expect(absent.value == nil)
    let early = TimeOutPackets(
      destination: d, height: height, view: try RelayView(canonicalBytes: try #require(view.value)), viewProof: view.proof,
      packets: [ProvenHeader(header: relay.packets[1].header, proof: absent.proof)])
    #expect(try network.deliver(r, "timeout", early)[0].isRefused(with: "proof"))
    _ = try await network.run()
    #expect(try network.end(1) == "succeeded" && network.end(2) == "timedOut" && network.end(3) == "succeeded")
    #expect(try network.note("second") == nil && network.note("third")?.times == 1)
    #expect(try arrivals(network).nextExpected == 4)
    // After everything is forgotten the lane still counts on.
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: 1)))
    for id in network.ids { #expect(try held(network, id) == 0, "\(id)") }
    _ = try sendOrdered(&network, "fourth")
    _ = try await network.run()
    #expect(try network.end(4) == "succeeded")
  }

  /// A number that the relay refused, or saw too late, does not hold up those behind it, even when everybody forgot it.
  @Test(arguments: [false, true]) func orderedLanesPassOverWhatTheRelayEnded(forgets: Bool) async throws {
    var network = try TestNetwork(route: RoutePolicy(calls: ["fileAnyone"], ordered: true))
    let until = network.clock.advanced(byMilliseconds: 5_000)
    _ = try sendOrdered(&network, "refused", call: "file")
    _ = try sendOrdered(&network, "late", timeout: PacketTimeout(relayTimeMs: until.rawValue))
    network.clock = until.advanced(byMilliseconds: 1_000)
    try network.block(r)
    // Absence settles nothing on an ordered lane.
    try network.updateClient(of: r, on: s)
    let height = try network.client(of: r, on: s).latest.height
    let relayed = try network.relay.ledger.proveRecord(CrossChainState.relayedKey(network.key(2)), at: height).proof
    let outcome = try network.relay.ledger.proveRecord(CrossChainState.outcomeKey(network.key(2)), at: height).proof
    let absence = SettlePackets(
      height: height, packets: [ProvenOutcome(key: network.key(2), evidence: .neverRelayed(relayed: relayed, outcome: outcome))])
    #expect(try network.deliver(s, "settle", absence)[0].isRefused(with: "record only"))
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: forgets ? 1 : 1_000)))
    #expect(try network.end(1) == "rejected call" && network.end(2) == "timedOut")
    _ = try sendOrdered(&network, "third")
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: 1_000)))
    #expect(try network.end(3) == "succeeded")
    #expect(network.submissions.contains { $0.entry == "skip" } == !forgets)
  }

  @Test func anUnorderedPacketOnAnOrderedRouteIsRefused() async throws {
    var network = try TestNetwork(route: RoutePolicy(ordered: true))
    _ = try network.send("x")
    _ = try await network.run()
    #expect(try network.end(1) == "rejected order")
    network = try TestNetwork()
    _ = try sendOrdered(&network, "x")
    _ = try await network.run()
    #expect(try network.end(1) == "rejected order")
  }

  /// A packet that nobody relayed ends by its absence on the relay, and by nothing else.
  @Test func s21NeverRelayed() async throws {
    var network = try TestNetwork()
    let until = network.clock.advanced(byMilliseconds: 5_000)
    _ = try network.send("lost", timeout: PacketTimeout(relayTimeMs: until.rawValue))
    _ = try await network.run(network.relayer(of: [d]))
    network.clock = until.advanced(byMilliseconds: 1_000)
    try network.block(r)
    _ = try await network.run()
    #expect(try network.end(1) == "timedOut" && network.outcome(1) == nil && network.note("lost") == nil)
    #expect(network.submissions.map(\.entry) == ["settle"])
  }

  @Test func s24LateAck() async throws {
    var network = try TestNetwork()
    let until = network.clock.advanced(byMilliseconds: 60_000)
    for text in ["approved", "declined", "failed"] {
      _ = try network.send(
        text, call: text == "failed" ? "fileLaterThenFail" : "fileLater", timeout: PacketTimeout(relayTimeMs: until.rawValue))
    }
    _ = try await network.run()
    // Received, but not answered; a handler that throws has answered.
    #expect(try network.end(1) == nil && network.end(2) == nil && network.end(3) == "failed quota")
    #expect(try network.destination.ledger.recordCount(of: "xc", "open") == 2)
    // A received packet never times out.
    network.clock = until.advanced(byMilliseconds: 60_000)
    for id in network.ids { try network.block(id) }
    _ = try await network.run()
    #expect(try network.outcome(1) == nil && network.end(1) == nil)
    let absent = try network.destination.ledger.proveRecord(
      CrossChainState.receiptKey(network.key(1)), at: network.destination.ledger.head.height)
    #expect(absent.value != nil)
    #expect(try network.call(d, "courier", "approve", Note(text: "approved")).status == .succeeded)
    #expect(try network.call(d, "courier", "decline", Note(text: "declined")).status == .succeeded)
    // There is one answer.
    #expect(try network.call(d, "courier", "decline", Note(text: "approved")).code == "notFound")
    _ = try await network.run()
    #expect(try network.end(1) == "succeeded" && network.end(2) == "failed declined")
    #expect(try network.call(d, "courier", "approve", Note(text: "approved")).code == "notFound")
    _ = try await network.run(network.relayer(options: RelayerOptions(pruneLag: 1)))
    for id in network.ids { #expect(try held(network, id) == 0, "\(id)") }
    // A call that came by no packet has nothing to answer.
    #expect(try network.call(d, "courier", "fileLater", Note(text: "here")).code == "notAllowed")
  }
}
