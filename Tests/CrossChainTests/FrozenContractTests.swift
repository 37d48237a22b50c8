import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// A frozen or retired contract takes no calls by packet either, and its lanes do not wait for ever.
@Suite struct FrozenContracts {
  /// Governance of `chain` decides about its `courier`; all clocks follow.
  static func decide(_ entry: EntryName, on id: ChainID, _ network: inout TestNetwork) throws {
    var chain = network[id]
    chain.solo.time = max(network.clock, chain.ledger.head.header.time).advanced(byMilliseconds: 1_000)
    let receipt = try chain.solo.govern(LifecycleContract.name, entry, ContractName("courier"))
    #expect(receipt.status == .succeeded, "\(receipt.message)")
    network[id] = chain
    network.clock = chain.ledger.head.header.time
  }

  @Test(arguments: ["freeze", "retire"] as [EntryName]) func callsByPacketFail(entry: EntryName) async throws {
    var network = try TestNetwork()
    try Self.decide(entry, on: TestNetwork.destinationID, &network)
    let sent = try network.send("into the void")
    _ = try await network.run()
    #expect(try network.end(sent.sequence) == (entry == "freeze" ? "failed notAllowed" : "failed notSupported"))
  }

  @Test func aFrozenSenderLearnsTheOutcomeWhenItIsThawed() async throws {
    // A relayer hands the same work in again after a quarter of the window: so short that it does within this test.
    var network = try TestNetwork(parameters: ChainParameters(transactionWindow: 40))
    let sent = try network.send("one")
    try Self.decide("freeze", on: TestNetwork.sourceID, &network)
    _ = try? await network.run()
    #expect(try network.note("one")?.times == 1, "what was sent arrives")
    #expect(try network.end(sent.sequence) == nil)
    try Self.decide("thaw", on: TestNetwork.sourceID, &network)
    _ = try await network.run()
    #expect(try network.end(sent.sequence) == "succeeded")
  }

  @Test func aRetiredSenderSettlesWithoutIt() async throws {
    var network = try TestNetwork()
    _ = try network.send("one")
    try Self.decide("retire", on: TestNetwork.sourceID, &network)
    _ = try await network.run()
    let pending: [PacketHeader] = try network.source.ledger.query("xc", "pending", PendingQuestion())
    #expect(pending.isEmpty, "the lane is free")
    #expect(
      try network.source.ledger.record(StateKey(contract: "courier", table: "ends", key: UInt64(1))) == nil,
      "and the contract knows nothing")
  }
}
