import ChainCore
import ChainTesting
import Testing

/// What an integrator writes to try a contract under faults, as `Docs/Consensus.md` shows.
struct Transfer: CanonicalRecord, Codable {
  var plot: UInt64
  static let layout = Layout(Self.init, \.plot)
}

struct DeedContract: Contract {
  static let name: ContractName = "deeds"
  static let transfers = Table<UInt64, UInt64>("transfers")

  var entries: Entries {
    Entry("transfer", by: .role("registrar")) { (call: Transfer, context) -> UInt64 in
      let count = (try context.get(Self.transfers, call.plot) ?? 0) + 1
      try context.put(Self.transfers, call.plot, count)
      return count
    }
    Query("count") { (plot: UInt64, context) -> UInt64 in try context.get(Self.transfers, plot) ?? 0 }
  }
}

struct Deeds: ChainWorkload {
  var contracts: [any Contract] { [DeedContract()] }
  var organisations: [OrganisationID: [Role]] { ["land-office": ["registrar"]] }
  /// What must hold; the second test breaks it.
  var limit = UInt64.max

  mutating func next(_ random: inout SeededRandom) -> ChainCall {
    ChainCall("deeds", "transfer", Transfer(plot: UInt64(random.below(8))), by: "land-office")
  }

  func violation(in ledger: Ledger) -> String? {
    guard let count = try? ledger.query("deeds", "count", UInt64(0), as: UInt64.self) else { return "no answer" }
    return count > limit ? "plot 0 changed hands \(count) times" : nil
  }
}

@Suite struct OwnWorkload {
  @Test(arguments: [EngineKind.raft, .simplex]) func runsUnderFaults(engine: EngineKind) throws {
    var world = try ChainWorld(Deeds(), engine: engine, seed: 7)
    try world.run(milliseconds: 4_000)
    try world.heal()
    #expect(world.transactions > 20)
  }

  @Test func aBrokenPromiseIsReportedWithItsSeed() throws {
    var world = try ChainWorld(Deeds(limit: 3), seed: 7)
    let failure = #expect(throws: CheckFailure.self) { try world.run(milliseconds: 10_000) }
    #expect(failure?.seed == 7 && failure?.what.contains("changed hands") == true && failure?.trace.isEmpty == false)
  }
}
