import ChainCore
import ChainNode
import Testing

/// A node that is told to stop.
@Suite struct StoppedNodes {
  /// Whoever waits is told, also those whose transactions nobody has looked at yet, and those who come later.
  @Test(arguments: RunningNodes.engines) func everyoneIsTold(engine: EngineKind) async throws {
    let founding = try Founding(
      FoundingPlan(
        chain: "henan/410100", suite: .international, engine: engine, validators: [Founding.platform],
        organisations: [GenesisOrganisation(id: "city-hall", name: "City hall", roles: [])], members: [("city-hall", "clerk")],
        contracts: [CounterContract()], time: 1_700_000_000_000))
    let chain = try LocalChain(founding)
    await chain.start()
    let node = chain.nodes[0]
    let clerk = try #require(founding.member("city-hall", "clerk"))
    let genesis = founding.genesis
    let calls = try (0..<600).map {
      try clerk.sign("counter", "add", Add(amount: 1), chain: genesis.chain, genesis: genesis.id, validUntil: 900, salt: UInt64($0))
    }
    let told = await withTaskGroup(of: Bool.self) { group in
      for signed in calls {
        group.addTask {
          do {
            return try await node.receipt(for: signed).status == .succeeded
          } catch {
            return error as? NodeError == .stopped
          }
        }
      }
      await node.halt()
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(told == calls.count)
    await #expect(throws: NodeError.stopped) { try await node.submit(calls[0]) }
    await #expect(throws: NodeError.stopped) { try await node.receipt(for: calls[1]) }
    // Once more changes nothing.
    await chain.stop()
  }
}
