internal import ChainCore
internal import Consensus
internal import Synchronization

/// A replica's disk: what is durable. Writes on their way are kept by the world.
///
/// A crash keeps a random prefix of the writes on their way, without having reported it, and loses the rest.
final class SimulatedRaftDisk: RaftLogReader {
  struct State: Sendable {
    var hard = HardState()
    /// What a crash may fall back to: batches that need no sync are reported before they are safe.
    var syncedHard = HardState()
    /// The durable log, from index 1.
    var log: [LogEntry] = []
  }

  private let state = Mutex(State())

  var log: [LogEntry] { state.withLock { $0.log } }
  var lastIndex: LogIndex { state.withLock { LogIndex(UInt64($0.log.count)) } }
  var hard: HardState { state.withLock { $0.hard } }

  func entry(at index: LogIndex) -> LogEntry? {
    state.withLock { state in
      let place = Int(index.rawValue) - 1
      return state.log.indices.contains(place) ? state.log[place] : nil
    }
  }

  /// Makes a write durable; returns whether it cut the log back.
  func apply(_ batch: PersistBatch) -> Bool {
    state.withLock { state in
      var cuts = false
      if let from = batch.truncateFrom, Int(from.rawValue) <= state.log.count {
        state.log.removeSubrange((Int(from.rawValue) - 1)...)
        cuts = true
      }
      state.log.append(contentsOf: batch.entries)
      if let hard = batch.hardState { state.hard = hard }
      if batch.mustSync { state.syncedHard = state.hard }
      return cuts
    }
  }

  /// Forgets what was reported without a sync; returns whether there was any.
  func loseUnsynced() -> Bool {
    state.withLock { state in
      guard state.hard != state.syncedHard else { return false }
      state.hard = state.syncedHard
      return true
    }
  }

  func entries(_ range: Range<LogIndex>, maxBytes: Int) throws -> [LogEntry] {
    state.withLock { state in
      let lower = max(0, Int(range.lowerBound.rawValue) - 1)
      let upper = min(state.log.count, Int(range.upperBound.rawValue) - 1)
      guard lower < upper else { return [] }
      var found: [LogEntry] = []
      var bytes = 0
      for entry in state.log[lower..<upper] {
        guard found.isEmpty || bytes + entry.payload.count <= maxBytes else { break }
        bytes += entry.payload.count
        found.append(entry)
      }
      return found
    }
  }

  func term(at index: LogIndex) throws -> Term? { entry(at: index)?.term }
}
