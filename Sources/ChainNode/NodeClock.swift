public import ChainCore
internal import Synchronization

/// The wall clock by which a node stamps and judges blocks, and a relayer knows how old clients are.
public struct NodeClock: Sendable {
  private let read: @Sendable () -> BlockTime

  /// A clock that shows what `read` gives. It must not go backwards.
  public init(_ read: @escaping @Sendable () -> BlockTime) { self.read = read }

  /// The system's clock: what every node of a real chain has.
  public static let system = NodeClock { .now }

  /// What it shows.
  public var now: BlockTime { read() }
}

/// A clock that runs as the system's does, but from another time on, and can be put forward: for trials and stories of other days.
///
/// All nodes and relayers of the chains must have the same one, for a node whose clock differs from its peers' does not lead.
public final class TrialClock: Sendable {
  private let start: BlockTime
  private let began: BlockTime
  private let leap = Mutex<UInt64>(0)

  /// A clock that shows `start` now.
  public init(from start: BlockTime) {
    self.start = start
    began = .now
  }

  /// What it shows.
  public var now: BlockTime {
    start.advanced(byMilliseconds: BlockTime.now.milliseconds(since: began)).advanced(byMilliseconds: leap.withLock { $0 })
  }

  /// Puts it forward.
  public func advance(byMilliseconds milliseconds: UInt64) { leap.withLock { $0 += milliseconds } }

  /// Puts it forward to `time`; without effect if that has passed.
  public func advance(to time: BlockTime) {
    advance(byMilliseconds: time.milliseconds(since: now))
  }

  /// The clock as nodes take it.
  public var clock: NodeClock { NodeClock { self.now } }
}
