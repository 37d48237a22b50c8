internal import ChainCore
internal import Consensus

/// Compares this node's wall clock with those of its peers. The leader of a Raft chain sets the time of blocks, and nobody checks it: a node
/// whose clock is over two seconds from the median of all does not lead.
struct ClockWatch: Sendable {
  /// How often a node tells the time, in milliseconds.
  static let intervalMs: UInt64 = 1_000
  /// How long what a peer told counts.
  static let memoryMs: UInt64 = 5_000
  /// How far from the median a clock may be.
  static let toleranceMs: Int64 = 2_000

  private var offsets: [ReplicaID: (offset: Int64, at: MonotonicInstant)] = [:]
  private var toldAt: MonotonicInstant?
  private(set) var isWrong = false

  /// Whether it is time to tell the others.
  mutating func isDue(at now: MonotonicInstant) -> Bool {
    if let toldAt, now.milliseconds(since: toldAt) < Self.intervalMs { return false }
    toldAt = now
    return true
  }

  /// A peer's clock showed `theirs` when ours showed `ours`, but for the way of its message.
  mutating func note(_ peer: ReplicaID, theirs: BlockTime, ours: BlockTime, at now: MonotonicInstant) {
    let offset = Int64(clamping: theirs.rawValue) - Int64(clamping: ours.rawValue)
    offsets[peer] = (offset, now)
  }

  /// Judges anew; answers whether the judgement changed.
  mutating func judge(_ peers: [ReplicaID], at now: MonotonicInstant) -> Bool {
    offsets = offsets.filter { peers.contains($0.key) && now.milliseconds(since: $0.value.at) <= Self.memoryMs }
    // With two clocks nobody knows which is wrong; the lower median lets the one that is ahead stand aside.
    let all = (offsets.values.map(\.offset) + [0]).sorted()
    let median = all[(all.count - 1) / 2]
    let before = isWrong
    isWrong = median.magnitude > Self.toleranceMs.magnitude
    return isWrong != before
  }
}
