/// A run broke a promise. The seed replays it exactly.
public struct CheckFailure: Error, Sendable, CustomStringConvertible {
  /// The seed of the run.
  public let seed: UInt64
  /// The step at which it showed.
  public let step: Int
  /// Which promise, and how it was broken.
  public let what: String
  /// The kind of world: `raft`, `simplex`, `chain`, `relay` or `ledger`.
  public let world: String
  /// What happened before, oldest first; empty unless the run was traced.
  public let trace: [String]

  /// Puts the parts together.
  public init(seed: UInt64, step: Int, what: String, trace: [String], world: String = "raft") {
    self.seed = seed
    self.step = step
    self.what = what
    self.trace = trace
    self.world = world
  }

  /// What broke, how to replay it, and the trace.
  public var description: String {
    let lines = trace.isEmpty ? "" : "\n" + trace.joined(separator: "\n")
    return "seed \(seed), step \(step): \(what). Replay: swift run simulate replay \(world) --seed \(seed) --trace\(lines)"
  }
}
