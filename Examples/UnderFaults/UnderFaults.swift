// A contract of your own on whole nodes under faults: lost messages, restarts, power cuts, partitions, a validator that lies, validators that
// come and go. `swift run -c release UnderFaults` tries 20 seeds; `--mistake` plants one in the contract and shows how it is reported.
import ChainCore
import ChainTesting

/// What clients do, and what must hold after every block on every node.
struct PlotWorkload: ChainWorkload {
  static let plots: UInt64 = 5
  static let people: UInt64 = 4

  var contract = PlotContract()
  var contracts: [any Contract] { [contract] }
  var organisations: [OrganisationID: [Role]] { ["land-office": ["registrar"], "notary": ["registrar"]] }

  /// Conflicting sales: most sellers are not the owner, and two offices sell the same plot at once.
  mutating func next(_ random: inout SeededRandom) -> ChainCall {
    let seller = UInt64(random.below(Int(Self.people)))
    let sale = Sale(plot: UInt64(random.below(Int(Self.plots))), seller: seller, buyer: (seller + 1) % Self.people)
    return ChainCall("plots", "sell", sale, by: random.chance(50) ? "land-office" : "notary")
  }

  func violation(in ledger: Ledger) -> String? {
    for plot in UInt64(0)..<Self.plots {
      guard let holders = try? ledger.query("plots", "holders", plot, as: [UInt64].self) else { return "plot \(plot) cannot be read" }
      if holders.count > 1 { return "plot \(plot) has deeds of \(holders)" }
    }
    return nil
  }
}

@main struct UnderFaults {
  static func main() throws {
    var workload = PlotWorkload()
    workload.contract.keepsOldDeed = CommandLine.arguments.contains("--mistake")
    let seeds = CommandLine.arguments.compactMap { UInt64($0) }.first ?? 20
    var (transactions, sights): (Int, [ChainSight: Int]) = (0, [:])
    for seed in 1...max(1, seeds) {
      var world = try ChainWorld(workload, engine: seed.isMultiple(of: 2) ? .raft : .simplex, seed: seed)
      do {
        try world.run(milliseconds: 5_000)
        try world.heal()
      } catch let failure as CheckFailure {
        for line in failure.trace.suffix(5) { print("  \(line)") }
        print("seed \(failure.seed), step \(failure.step): \(failure.what)")
        return
      }
      transactions += world.transactions
      for sight in ChainSight.allCases { sights[sight, default: 0] += world.seen(sight) }
    }
    let met = [ChainSight.restart, .powerCut, .partition, .loss, .evidence, .newValidators].map { "\($0) \(sights[$0] ?? 0)" }
    print("\(seeds) seeds, \(transactions) transactions, \(met.joined(separator: ", "))")
    print("ok: no plot was ever sold twice")
  }
}
