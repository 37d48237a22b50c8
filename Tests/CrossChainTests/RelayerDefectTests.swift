#if DEBUG
  import ChainCore
  @testable import CrossChain
  import Testing

  /// A planted defect that other traffic hides, because any other packet moves the clients too: planted here, where nothing else moves, as
  /// `RelayWorld` does in its quiet end. The same course without the defect comes to its end.
  @Suite struct RelayerDefects {
    @Test(arguments: [nil, RelayMutation.clockNotMoved]) func aLonePacketsTimeoutMovesTheClock(defect: RelayMutation?) async throws {
      try await RelayMutation.$planted.withValue(defect) {
        var network = try TestNetwork()
        let (r, d) = (TestNetwork.relayID, TestNetwork.destinationID)
        let until = network.clock.advanced(byMilliseconds: 5_000)
        _ = try network.send("is late", timeout: PacketTimeout(relayTimeMs: until.rawValue))
        let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
        #expect(try network.deliver(r, "relay", relay) == [.done])
        network.clock = until.advanced(byMilliseconds: 1_000)
        try network.block(r)
        let plan = await network.plan()
        #expect(plan.contains { $0.entry == "updateClient" && $0.target.endpoint.chain == d } == (defect == nil))
      }
    }
  }
#endif
