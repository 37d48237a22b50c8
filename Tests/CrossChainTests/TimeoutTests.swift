import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

@Suite struct PacketTimeouts {
  private func view(_ network: TestNetwork, _ id: ChainID) throws -> RelayView { try network[id].ledger.query("xc", "view", NoResult()) }

  @Test func theLastHeightStillCountsAndTheNextDoesNot() async throws {
    for late in [false, true] {
      var network = try TestNetwork()
      let (r, d) = (TestNetwork.relayID, TestNetwork.destinationID)
      // The relay's next two blocks relay the packet and, if late, pass the timeout.
      let last = network.relay.ledger.head.height.advanced(by: 1)
      _ = try network.send("edge", timeout: PacketTimeout(relayHeight: last.rawValue))
      let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
      #expect(try network.deliver(r, "relay", relay) == [.done])
      let receive = try #require(try await network.planned("receive", as: ReceivePackets.self))
      #expect(receive.height == last)
      if late {
        try network.block(r)
        let calls = await network.plan()
        #expect(!calls.contains { $0.entry == "receive" })
        let clock = try #require(calls.first { $0.entry == "updateClient" && $0.target.endpoint.chain == d })
        let moved = try network.call(
          d, "xc", "updateClient", try UpdateClient(canonicalBytes: clock.arguments), by: network.relayers[d])
        #expect(moved.status == .succeeded)
        var stale = receive
        stale.update = nil
        #expect(try network.deliver(d, "receive", stale) == [.refused(code: "stale", message: "stale: found \(last.next)")])
        stale.height = last.next
        stale.packets[0].proof = try network.relay.ledger.proveRecord(CrossChainState.relayedKey(network.key(1)), at: last.next).proof
        #expect(try network.deliver(d, "receive", stale) == [.refused(code: "expired", message: "expired")])
        _ = try await network.run()
        #expect(try network.end(1) == "timedOut")
        #expect(try network.note("edge") == nil)
        #expect(try network.outcome(1) == .timedOut)
      } else {
        #expect(try network.deliver(d, "receive", receive) == [.done])
        for _ in 0..<5 { try network.block(r) }
        _ = try await network.run()
        #expect(try network.end(1) == "succeeded")
        #expect(try network.note("edge")?.times == 1)
      }
    }
  }

  @Test func s20ATimeoutNeedsTheDestinationsClockAndTheReceiptsAbsence() async throws {
    var network = try TestNetwork()
    let (r, d) = (TestNetwork.relayID, TestNetwork.destinationID)
    let until = network.clock.advanced(byMilliseconds: 5_000)
    for text in ["arrives", "is late"] { _ = try network.send(text, timeout: PacketTimeout(relayTimeMs: until.rawValue)) }
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    #expect(try network.deliver(r, "relay", relay) == [.done, .done])
    var receive = try #require(try await network.planned("receive", as: ReceivePackets.self))
    receive.packets.removeLast()
    #expect(try network.deliver(d, "receive", receive) == [.done])
    network.clock = until.advanced(byMilliseconds: 1_000)
    try network.block(r)
    // The destination has not seen the time pass: nothing to prove yet.
    let early = network.destination.ledger.head.height
    #expect(!(await network.plan()).contains { $0.entry == "timeout" })
    let clock = try #require(await network.plan().first { $0.entry == "updateClient" && $0.target.endpoint.chain == d })
    _ = try network.call(d, "xc", "updateClient", try UpdateClient(canonicalBytes: clock.arguments), by: network.relayers[d])
    try network.updateClient(of: d, on: r)
    let timeout = try #require(try await network.planned("timeout", as: TimeOutPackets.self))
    #expect(timeout.update == nil)
    #expect(timeout.packets.map(\.header.sequence) == [2])
    // Clock and absence of different heights do not fit together.
    let ledger = network.destination.ledger
    var mixed = timeout
    let old = try ledger.proveRecord(CrossChainState.viewKey, at: early)
    mixed.view = try RelayView(canonicalBytes: try #require(old.value))
    mixed.viewProof = old.proof
    #expect(try network.deliver(r, "timeout", mixed)[0].isRefused(with: "proof: the proof leads to another root"))
    // The clock as it was, proven at its own height, is not past.
    var unpassed = timeout
    let header = try ledger.header(at: early)
    unpassed.height = early
    unpassed.view = mixed.view
    unpassed.viewProof = old.proof
    unpassed.packets[0].proof = try ledger.proveRecord(CrossChainState.receiptKey(network.key(2)), at: early).proof
    #expect(try network.deliver(r, "timeout", unpassed)[0].isRefused(with: "stale"))
    let backfill = Backfill(
      header: header, under: timeout.height, history: try ledger.proveHistory(of: early, under: timeout.height))
    let filled = try network.call(r, "xc", "backfill", BackfillClient(chain: d, backfill: backfill), by: network.relayers[r])
    #expect(try ClientChange(canonicalBytes: filled.output) == .advanced)
    #expect(try network.deliver(r, "timeout", unpassed)[0].isRefused(with: "had seen relay height"))
    // A packet that arrived has no absence.
    var arrived = timeout
    arrived.packets[0].header = receive.packets[0].packet.header
    arrived.packets[0].proof = try ledger.proveRecord(CrossChainState.receiptKey(network.key(1)), at: timeout.height).proof
    #expect(try network.deliver(r, "timeout", arrived)[0].isRefused(with: "key is present"))
    #expect(try network.deliver(r, "timeout", timeout) == [.done])
    #expect(try network.deliver(r, "timeout", timeout) == [.alreadyDone])
    _ = try await network.run()
    #expect(try network.end(1) == "succeeded" && network.end(2) == "timedOut")
  }

  @Test func aPacketThatNobodyRelayedEndsByAbsence() async throws {
    var network = try TestNetwork()
    let until = network.clock.advanced(byMilliseconds: 5_000)
    _ = try network.send("lost", timeout: PacketTimeout(relayTimeMs: until.rawValue))
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    // Before the timeout absence proves nothing.
    let ledger = network.relay.ledger
    try network.block(TestNetwork.relayID)
    let height = ledger.head.height
    let update = ClientUpdate(
      steps: [
        UpdateStep(
          block: LightBlock(header: try ledger.header(at: height), certificate: try #require(try ledger.certificate(at: height))))
      ], history: try ledger.proveHistory(of: 0, under: height))
    let early = SettlePackets(
      height: height, update: update,
      packets: [
        ProvenOutcome(
          key: network.key(1),
          evidence: .neverRelayed(
            relayed: try ledger.proveRecord(CrossChainState.relayedKey(network.key(1)), at: height).proof,
            outcome: try ledger.proveRecord(CrossChainState.outcomeKey(network.key(1)), at: height).proof))
      ])
    #expect(try network.deliver(TestNetwork.sourceID, "settle", early)[0].isRefused(with: "not past"))
    network.clock = until.advanced(byMilliseconds: 1_000)
    try network.block(TestNetwork.relayID)
    // A late relay gives the same end.
    #expect(try network.deliver(TestNetwork.relayID, "relay", relay) == [.done])
    #expect(try network.outcome(1) == .timedOut)
    _ = try await network.run()
    #expect(try network.end(1) == "timedOut")

    _ = try network.send("lost too", timeout: PacketTimeout(relayTimeMs: network.clock.advanced(byMilliseconds: 5_000).rawValue))
    network.clock = network.clock.advanced(byMilliseconds: 6_000)
    try network.block(TestNetwork.relayID)
    let settle = try #require(try await network.planned("settle", as: SettlePackets.self))
    guard case .neverRelayed = settle.packets[0].evidence else {
      Issue.record("expected proof of absence")
      return
    }
    _ = try await network.run()
    #expect(try network.end(2) == "timedOut")
    #expect(try network.outcome(2) == nil)
  }

  @Test func aRelayedPacketDoesNotEndByAbsence() async throws {
    var network = try TestNetwork()
    let until = network.clock.advanced(byMilliseconds: 5_000)
    _ = try network.send("under way", timeout: PacketTimeout(relayTimeMs: until.rawValue))
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    #expect(try network.deliver(TestNetwork.relayID, "relay", relay) == [.done])
    network.clock = until.advanced(byMilliseconds: 1_000)
    try network.block(TestNetwork.relayID)
    try network.updateClient(of: TestNetwork.relayID, on: TestNetwork.sourceID)
    let ledger = network.relay.ledger
    let height = ledger.head.height
    func proof(_ key: StateKey) throws -> StateProof { try ledger.proveRecord(key, at: height).proof }
    let (relayed, none) = (try proof(CrossChainState.relayedKey(network.key(1))), try proof(CrossChainState.outcomeKey(network.key(1))))
    for claimed in [relayed, none] {
      let settle = SettlePackets(
        height: height, packets: [ProvenOutcome(key: network.key(1), evidence: .neverRelayed(relayed: claimed, outcome: none))])
      #expect(try network.deliver(TestNetwork.sourceID, "settle", settle)[0].isRefused(with: "proof of absence"))
    }
    #expect(try network.end(1) == nil)
    _ = try await network.run()
    #expect(try network.end(1) == "timedOut")
  }

  @Test func sendingRefusesWhatIsPastOrNamesNoTimeout() throws {
    var network = try TestNetwork()
    for (timeout, code) in [
      (PacketTimeout(), "badArgument"), (PacketTimeout(relayTimeMs: TestNetwork.start.rawValue - 1), "expired"),
    ] {
      let call = SendNote(to: TestNetwork.destinationID, call: "file", text: "x", timeout: timeout)
      #expect(try network.call(TestNetwork.sourceID, "courier", "send", call).code == code)
    }
  }
}

extension PacketStatus {
  func isRefused(with text: String) -> Bool {
    guard case .refused(_, let message) = self else { return false }
    return message.contains(text)
  }
}
