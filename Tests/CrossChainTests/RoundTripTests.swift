import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

@Suite struct PacketRoundTrip {
  static let suites: [[CryptoSuite]] = [
    [.guomi, .guomi, .guomi], [.international, .guomi, .international], [.guomi, .international, .guomi],
  ]

  @Test(arguments: suites) func s17SentRelayedReceivedAcknowledgedSettledInMixedSuites(suites: [CryptoSuite]) async throws {
    var network = try TestNetwork(relay: suites[0], source: suites[1], destination: suites[2])
    let sent = try network.send("one")
    #expect(sent.sequence == 1)
    _ = try await network.run()
    let note = try #require(try network.note("one"))
    #expect(note.times == 1 && note.organisation == "city-hall" && note.roles == ["department"])
    #expect(note.from == "henan/410100 courier")
    #expect(note.account == network.accounts[TestNetwork.sourceID]?.id)
    #expect(try network.end(1) == "succeeded")
    let expected = AckResult.success(NetworkHash(suite: suites[0]).result(UInt64(1).canonicalBytes))
    #expect(try network.outcome(1) == .acknowledged(Acknowledgement(packetID: sent.id, result: expected)))
    let pending: [PacketHeader] = try network.source.ledger.query("xc", "pending", PendingQuestion())
    #expect(pending.isEmpty)
    let log: LogHead = try network.relay.ledger.query("xc", "log", NoResult())
    #expect(log.size == 2)
    #expect(await network.plan().isEmpty)
    #expect(network.submissions.map(\.entry) == ["relay", "receive", "acknowledge", "settle"])
  }

  @Test(arguments: [1, 3]) func worksWhileCertificatesLag(lag: Int) async throws {
    var network = try TestNetwork()
    network.lag = lag
    for number in 0..<3 { _ = try network.send("note \(number)") }
    _ = try await network.run(rounds: 80, quiet: 12)
    for number in 0..<3 {
      #expect(try network.note("note \(number)")?.times == 1)
      #expect(try network.end(UInt64(number + 1)) == "succeeded")
    }
  }

  /// The newest blocks of a chain whose clock leads are never believed; packets go with those before them.
  @Test(arguments: [TestNetwork.sourceID, TestNetwork.relayID]) func aClockThatLeadsOnlyDelays(leader: ChainID) async throws {
    var network = try TestNetwork()
    let sent = try network.send("ahead")
    for _ in 0..<60 {
      // Each chain makes a block a second; one clock leads by 9 s, which is 4 s more than clients tolerate.
      let time = network.clock.advanced(byMilliseconds: 1_000)
      let report = await network.relayer().tick(now: time)
      #expect(report.failures.isEmpty)
      for id in network.ids {
        network.clock = id == leader ? time.advanced(byMilliseconds: 9_000) : time
        for receipt in try network.block(id, network[id].mailbox.take()) { #expect(receipt.status == .succeeded, "\(receipt.message)") }
      }
      network.clock = time
    }
    #expect(try network.end(sent.sequence) == "succeeded")
  }

  @Test func manyPacketsGoInBatchesThatFitTransactions() async throws {
    var network = try TestNetwork(parameters: ChainParameters(transactionBytes: 24_000))
    var transactions: [SignedTransaction] = []
    var source = network.source
    let account = try #require(network.accounts[TestNetwork.sourceID])
    for number in 0..<130 {
      transactions.append(
        try source.solo.sign(
          "courier", "send", SendNote(to: TestNetwork.destinationID, call: "file", text: "n\(number)", timeout: nil), by: account))
    }
    network[TestNetwork.sourceID] = source
    try network.block(TestNetwork.sourceID, transactions)
    _ = try await network.run(rounds: 60)
    for number in 0..<130 {
      #expect(try network.note("n\(number)")?.times == 1)
      #expect(try network.end(UInt64(number + 1)) == "succeeded")
    }
    #expect(network.submissions.count { $0.entry == "relay" } > 2)
    let state: LaneOut? = try network.source.ledger.record(
      StateKey(contract: "xc", table: "lane-out", key: network.lane())
    ).map { try LaneOut(canonicalBytes: $0) }
    #expect(state == LaneOut(next: 131, settledBelow: 131))
  }

  @Test func s13ThreeRelayersHaveOneEffect() async throws {
    var network = try TestNetwork()
    _ = try network.send("once")
    // A fresh relayer for every tick, and three at a time.
    for _ in 0..<12 {
      for _ in 0..<3 {
        let report = await network.relayer().tick(now: network.clock)
        #expect(report.failures.isEmpty)
      }
      for id in network.ids {
        // Equal transactions of several relayers with one account are one transaction to a pool.
        var seen: Set<TransactionID> = []
        let chain = network[id]
        let fresh = chain.mailbox.take().filter {
          seen.insert($0.id(genesis: chain.ledger.genesisID, suite: chain.ledger.suite)).inserted
        }
        if !fresh.isEmpty { try network.block(id, fresh) }
      }
    }
    #expect(try network.note("once")?.times == 1)
    #expect(try network.end(1) == "succeeded")
  }

  @Test func duplicatesOfEveryLegHaveNoEffect() async throws {
    var network = try TestNetwork()
    _ = try network.send("one")
    let (r, s, d) = (TestNetwork.relayID, TestNetwork.sourceID, TestNetwork.destinationID)
    var relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    #expect(try network.deliver(r, "relay", relay) == [.done])
    relay.update = nil
    #expect(try network.deliver(r, "relay", relay) == [.alreadyDone])
    var receive = try #require(try await network.planned("receive", as: ReceivePackets.self))
    receive.packets += receive.packets
    #expect(try network.deliver(d, "receive", receive) == [.done, .alreadyDone])
    // The same update again is known, not refused: a competing relayer's batch still counts.
    #expect(try network.deliver(d, "receive", receive) == [.alreadyDone, .alreadyDone])
    var acknowledge = try #require(try await network.planned("acknowledge", as: AcknowledgePackets.self))
    #expect(try network.deliver(r, "acknowledge", acknowledge) == [.done])
    acknowledge.update = nil
    #expect(try network.deliver(r, "acknowledge", acknowledge) == [.alreadyDone])
    #expect(try network.deliver(r, "relay", relay) == [.alreadyDone])
    var settle = try #require(try await network.planned("settle", as: SettlePackets.self))
    #expect(try network.deliver(s, "settle", settle) == [.done])
    settle.update = nil
    #expect(try network.deliver(s, "settle", settle) == [.alreadyDone])
    #expect(try network.note("one")?.times == 1)
    #expect(try network.end(1) == "succeeded")
  }
}
