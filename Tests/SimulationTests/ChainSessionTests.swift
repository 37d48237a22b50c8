import ChainCore
import ChainTesting
import Testing

/// What clients may rely on: calls are linearizable; reads at single nodes are not, but never go back for who tells what it saw.
@Suite struct ChainSessionTests {
  static func faults() -> ChainFaults {
    var faults = ChainFaults.none
    faults.partitions = 4
    faults.restarts = 3
    faults.loss = 5
    faults.callRate = 3
    return faults
  }

  @Test(arguments: [EngineKind.simplex, .raft]) func callsAreLinearizableAndSessionsDoNotGoBack(engine: EngineKind) throws {
    var sights: [ChainSight: Int] = [:]
    var staleSeeds = 0
    for seed in UInt64(1)...3 {
      var world = try ChainWorld(RegisterWorkload(), engine: engine, seed: seed, faults: .these(Self.faults()))
      try world.run(milliseconds: 6_000)
      try world.heal()
      #expect(world.linearizability() == .linearizable && world.transactions > 50)
      sights.merge(world.sights, uniquingKeysWith: +)
      if case .broken = world.linearizability(withReads: true) { staleSeeds += 1 }
    }
    // The honest half: without the height a client would read the past.
    #expect(staleSeeds > 0)
    #expect(sights[.sessionRead, default: 0] > 0 && sights[.olderRead, default: 0] > 0 && sights[.readWaits, default: 0] > 0)
    print(
      "\(engine): \(sights[.sessionRead] ?? 0) newest, \(sights[.olderRead] ?? 0) older, \(sights[.readWaits] ?? 0) waits; stale in \(staleSeeds)"
    )
  }

  @Test func aWrongOutcomeIsFound() throws {
    var world = try ChainWorld(RegisterWorkload(swapsBadly: true), seed: 1, faults: .these(.none))
    try world.run(milliseconds: 2_000)
    let failure = #expect(throws: CheckFailure.self) { try world.heal() }
    #expect(failure?.what.contains("not linearizable") == true)
  }

  @Test func otherWorkloadsHaveNoRegisters() throws {
    let world = try ChainWorld(BankWorkload(), seed: 1)
    #expect(world.linearizability() == nil)
  }
}
