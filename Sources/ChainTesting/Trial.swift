internal import ChainCore

/// A kind of world that seeds are run through: what the tests and the `simulate` command have in common.
public enum Trial: String, Sendable, CaseIterable {
  /// `RaftWorld`: three or five replicas.
  case raft
  /// `SimplexWorld`: three to ten members.
  case simplex
  /// `ChainWorld`: whole nodes with contracts and clients. One seed in four restarts one validator again and again under load, one in
  /// four has a liar under load, the others draw their faults; one in five runs Raft; one in seven has registers that clients also read.
  case chain
  /// `RelayWorld`: a relay and two or three chains with contracts, racing relayers and one that lies.
  case relay
  /// `RelayWorld` of a whole province: a relay of four whole nodes of which one may lie, the main chain, 19 subchains, three relayers.
  case henan
  /// `DockingWorld`: two relays under a third, two chains each, racing relayers and one that lies.
  case docking
  /// `LedgerWorld`: two ledgers on stores that crash, fill up and decay, without consensus.
  case ledger

  /// What a seed's run showed.
  public struct Outcome: Sendable {
    /// Events that replicas handled.
    public var steps: Int
    /// Entries or blocks that were agreed on.
    public var agreed: Int
    /// How often each danger was met; 0 if it was not.
    public var sights: [String: Int]
    /// A hash over everything that happened.
    public var traceHash: UInt64
    /// The last steps, if asked for.
    public var trace: [String]
    /// The greatest time between two blocks while clients waited, in virtual milliseconds; only of `chain`.
    public var longestPauseMs = 0
    /// The greatest time that a packet needed to settle once all faults had ended, in virtual milliseconds; only of `relay`, `henan` and `docking`.
    public var longestSettlementMs = 0
  }

  /// Runs a seed under its faults, heals the world, and checks that all agree.
  /// - Parameter tracedSteps: How many of the last steps to tell.
  /// - Throws: `CheckFailure` at the first broken promise.
  public func run(seed: UInt64, tracedSteps: Int = 60, wantsTrace: Bool = false) async throws -> Outcome {
    switch self {
    case .raft:
      var world = RaftWorld(replicas: seed.isMultiple(of: 2) ? 3 : 5, seed: seed, tracedSteps: tracedSteps)
      try world.run(ticks: 600)
      try world.heal()
      return Outcome(
        steps: world.steps, agreed: world.appliedEntries, sights: Self.counts(RaftSight.allCases) { world.seen($0) },
        traceHash: world.traceHash, trace: wantsTrace ? world.trace : [])
    case .simplex:
      var world = try SimplexWorld(
        members: Self.members(seed), seed: seed, epochLength: seed.isMultiple(of: 5) ? 12 : 1 << 20, tracedSteps: tracedSteps)
      try world.run(ticks: 4_000)
      try world.heal()
      return Outcome(
        steps: world.steps, agreed: world.finalBlocks, sights: Self.counts(SimplexSight.allCases) { world.seen($0) },
        traceHash: world.traceHash, trace: wantsTrace ? world.traceLines : [])
    case .chain:
      var world = try Self.chain(seed, tracedLines: tracedSteps)
      try world.run(milliseconds: 20_000)
      try world.heal()
      try world.checkPauses()
      return Outcome(
        steps: world.steps, agreed: world.transactions, sights: Self.counts(ChainSight.allCases) { world.seen($0) },
        traceHash: world.traceHash, trace: wantsTrace ? world.trace : [], longestPauseMs: world.isBounded ? world.longestPauseMs : 0)
    case .relay:
      var world = try RelayWorld(ParcelWorkload(), seed: seed, tracedLines: tracedSteps)
      try await world.run(milliseconds: Self.relayMs)
      try await world.heal()
      return Self.outcome(world, without: RelaySight.ofProvince, wantsTrace: wantsTrace)
    case .henan:
      var world = try Self.henan(seed, tracedLines: tracedSteps)
      try await world.run(milliseconds: Self.henanMs)
      try await world.heal()
      return Self.outcome(world, without: RelaySight.ofFew, wantsTrace: wantsTrace)
    case .docking:
      var world = try DockingWorld(seed: seed, tracedLines: tracedSteps)
      try await world.run(milliseconds: Self.dockingMs)
      try await world.heal()
      return Outcome(
        steps: world.steps, agreed: world.settledPackets, sights: Self.counts(DockingSight.allCases) { world.seen($0) },
        traceHash: world.traceHash, trace: wantsTrace ? world.trace : [], longestSettlementMs: world.longestSettlementMs)
    case .ledger:
      var world = try LedgerWorld(seed: seed, tracedLines: tracedSteps)
      try world.run(blocks: 40)
      return Outcome(
        steps: world.steps, agreed: world.transactions, sights: Self.counts(LedgerSight.allCases) { world.seen($0) },
        traceHash: world.traceHash, trace: wantsTrace ? world.trace : [])
    }
  }

  /// The faults that a seed draws, for people.
  public func faults(seed: UInt64) throws -> String {
    switch self {
    case .raft: "\(RaftWorld(replicas: seed.isMultiple(of: 2) ? 3 : 5, seed: seed).faults)"
    case .simplex: "\(try SimplexWorld(members: Self.members(seed), seed: seed).faults)"
    case .chain: "\(try Self.chain(seed).faults)"
    case .relay: "\(try RelayWorld(ParcelWorkload(), seed: seed).faults)"
    case .henan: try Self.faults(of: Self.henan(seed))
    case .docking: "\(try DockingWorld(seed: seed).faults)"
    case .ledger: "\(try LedgerWorld(seed: seed).faults)"
    }
  }

  /// How long clients send in a world of several chains.
  private static let relayMs = 60_000
  /// The same in a whole province.
  private static let henanMs = 30_000
  /// The same over docked relays.
  private static let dockingMs = 40_000

  private static func henan(_ seed: UInt64, tracedLines: Int = 60) throws -> RelayWorld {
    try RelayWorld(ParcelWorkload(), shape: .province(subchains: 19), seed: seed, tracedLines: tracedLines)
  }

  private static func faults(of world: RelayWorld) -> String {
    "\(world.faults), among the relay's nodes \(world.clusterFaults.map { "\($0)" } ?? "none")"
  }

  private static func outcome(_ world: RelayWorld, without unmet: Set<RelaySight>, wantsTrace: Bool) -> Outcome {
    Outcome(
      steps: world.steps, agreed: world.settledPackets,
      sights: counts(RelaySight.allCases.filter { !unmet.contains($0) }) { world.seen($0) },
      traceHash: world.traceHash, trace: wantsTrace ? world.trace : [], longestSettlementMs: world.longestSettlementMs)
  }

  static func chain(_ seed: UInt64, tracedLines: Int = 60) throws -> ChainWorld {
    let plan: ChainWorld.FaultPlan =
      switch seed % 4 {
      case 0: .these(.restarting)
      case 1: .these(.lying)
      default: .swarm
      }
    let isRaft = seed.isMultiple(of: 5) && seed % 4 != 1
    let workload: any ChainWorkload = seed % 7 == 3 ? RegisterWorkload() : BankWorkload()
    return try ChainWorld(workload, engine: isRaft ? .raft : .simplex, seed: seed, faults: plan, tracedLines: tracedLines)
  }

  static func members(_ seed: UInt64) -> Int { [4, 4, 7, 4, 5, 4, 10, 3][Int(seed % 8)] }

  private static func counts<Sight: RawRepresentable<String>>(_ sights: [Sight], _ seen: (Sight) -> Int) -> [String: Int] {
    var counts: [String: Int] = [:]
    for sight in sights { counts[sight.rawValue] = seen(sight) }
    return counts
  }
}

#if DEBUG
  internal import Consensus
  internal import CrossChain

  extension Trial {
    /// The defects that can be planted in this kind of world. Debug builds only.
    public var mutants: [String] {
      switch self {
      case .raft: RaftMutation.allCases.map(\.rawValue)
      case .simplex: SimplexMutation.allCases.map(\.rawValue)
      case .chain: []
      case .relay:
        RelayMutation.allCases.filter { !$0.needsHandovers }.map(\.rawValue)
          + TransactionMutation.allCases.map(\.rawValue)
      // The others are planted in `relay`, which finds them in less time.
      case .henan: RelayMutation.allCases.filter(\.needsHandovers).map(\.rawValue)
      case .docking: RelayMutation.ofDocking.map(\.rawValue)
      case .ledger: LedgerMutation.allCases.map(\.rawValue)
      }
    }

    /// Runs a seed with a planted defect, which should break a promise.
    /// - Throws: `CheckFailure` when the defect is found.
    public func run(seed: UInt64, mutant: String) async throws {
      switch self {
      case .raft:
        guard let mutation = RaftMutation(rawValue: mutant) else { return }
        var world = RaftWorld(replicas: seed.isMultiple(of: 2) ? 3 : 5, seed: seed, mutation: mutation)
        try world.run(ticks: 600)
        try world.heal()
      case .simplex:
        guard let mutation = SimplexMutation(rawValue: mutant) else { return }
        var world = try SimplexWorld(members: Self.members(seed), seed: seed, mutation: mutation)
        try world.run(ticks: 4_000)
        try world.heal()
      case .chain: return
      case .relay:
        try await RelayMutation.$planted.withValue(RelayMutation(rawValue: mutant)) {
          try await TransactionMutation.$planted.withValue(TransactionMutation(rawValue: mutant)) {
            var world = try RelayWorld(ParcelWorkload(), seed: seed)
            try await world.run(milliseconds: Self.relayMs)
            try await world.heal()
          }
        }
      case .henan:
        try await RelayMutation.$planted.withValue(RelayMutation(rawValue: mutant)) {
          // A few chains show it as well as twenty.
          var world = try RelayWorld(ParcelWorkload(), shape: .province(subchains: 2), seed: seed)
          try await world.run(milliseconds: Self.henanMs)
          try await world.heal()
        }
      case .docking:
        try await RelayMutation.$planted.withValue(RelayMutation(rawValue: mutant)) {
          var world = try DockingWorld(seed: seed)
          try await world.run(milliseconds: Self.dockingMs)
          try await world.heal()
        }
      case .ledger:
        guard let mutation = LedgerMutation(rawValue: mutant) else { return }
        try LedgerMutation.$planted.withValue(mutation) {
          var world = try LedgerWorld(seed: seed)
          try world.run(blocks: 40)
        }
      }
    }
  }
#endif
