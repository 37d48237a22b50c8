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
    var snapshot: SnapshotMeta?
    /// Where the log really begins; what stands before is kept for the checker only.
    var base = LogBase()
    var receipt: SnapshotReceipt?
    var receiptIsBad = false
    /// The durable log, from index 1.
    var log: [LogEntry] = []
  }

  private let state = Mutex(State())

  var log: [LogEntry] { state.withLock { $0.log } }
  var lastIndex: LogIndex { state.withLock { LogIndex(UInt64($0.log.count)) } }
  var snapshot: SnapshotMeta? { state.withLock { $0.snapshot } }
  var base: LogBase { state.withLock { $0.base } }
  var receipt: SnapshotReceipt? { state.withLock { $0.receipt } }
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
      if let snapshot = batch.snapshot { state.snapshot = snapshot }
      if let base = batch.base { state.base = base }
      if batch.mustSync { state.syncedHard = state.hard }
      return cuts
    }
  }

  /// Keeps a part of a snapshot; `false` if it follows nothing that is there.
  func store(_ receipt: SnapshotReceipt, isBad: Bool) -> Bool {
    state.withLock { state in
      if state.receipt?.meta != receipt.meta { state.receiptIsBad = false }
      state.receiptIsBad = state.receiptIsBad || isBad
      state.receipt = receipt
      return true
    }
  }

  /// Ends a receipt; answers whether its bytes were bad.
  func dropReceipt() -> Bool {
    state.withLock { state in
      defer {
        state.receipt = nil
        state.receiptIsBad = false
      }
      return state.receiptIsBad
    }
  }

  /// Replaces the log by what a snapshot stands for.
  func install(_ meta: SnapshotMeta, log: [LogEntry]) {
    state.withLock { state in
      state.snapshot = meta
      state.base = LogBase(index: meta.index, term: meta.term)
      state.log = log
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
      guard range.lowerBound > state.base.index else { return [] }
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
