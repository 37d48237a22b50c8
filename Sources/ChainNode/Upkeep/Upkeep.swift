public import ChainCore
internal import Dispatch
internal import Synchronization

/// Why upkeep was not begun.
@nonexhaustive
public enum UpkeepError: Error, Hashable, Sendable {
  /// Another task of this node runs; wait for it.
  case busy(String)
  /// The node stopped.
  case stopped
}

extension UpkeepError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .busy(let task): "\(task) of this node is running; try again when it is done"
    case .stopped: "the node was stopped"
    }
  }
}

/// What keeps a running node's ledger in order: copies, archives, snapshots, pruning, verification. One at a time, beside the chain's work.
///
/// Each may take long. It runs on a thread of its own kind, so that neither the node nor the caller's executor waits for it.
public struct Upkeep: Sendable {
  /// The task that runs, if one does; shared by all values of one node.
  final class Turn: Sendable {
    let running = Mutex<String?>(nil)
  }

  let ledger: Ledger
  let retention: RetentionPolicy
  private let turn: Turn

  init(_ ledger: Ledger, retention: RetentionPolicy, turn: Turn) {
    self.ledger = ledger
    self.retention = retention
    self.turn = turn
  }

  /// Copies the ledger to an empty directory and reads the copy back.
  /// - Throws: `UpkeepError.busy`, `BackupError`.
  public func backup(to directory: String) async throws -> BackupManifest {
    try await alone("a backup") { ledger in try LedgerBackup.make(of: ledger, in: directory) }
  }

  /// Archives certified blocks, going on where the directory ends.
  /// - Parameters:
  ///   - first: Where a new archive begins; by default at the oldest block here.
  ///   - last: The last height; by default the greatest certified one.
  ///   - fileBytes: A file ends once it has so many.
  ///   - isNoted: Whether pruning may remove what was archived.
  ///   - progress: Is told the last height of each file.
  /// - Throws: `UpkeepError.busy`, `ArchiveError`.
  public func archive(
    to directory: String, from first: BlockHeight? = nil, through last: BlockHeight? = nil, fileBytes: Int = 64 << 20,
    isNoted: Bool = true, progress: @escaping @Sendable (BlockHeight) -> Void = { _ in }
  ) async throws -> ArchiveExport.Report {
    try await alone("an archive export") { ledger in
      var export = try ArchiveExport(ledger, to: directory, from: first, fileBytes: fileBytes, isNoted: isNoted)
      return try export.run(through: last, progress: progress)
    }
  }

  /// Writes the snapshot of a certified height to files.
  /// - Parameter height: By default the greatest certified one.
  /// - Throws: `UpkeepError.busy`, `SnapshotError`.
  public func exportSnapshot(
    to directory: String, at height: BlockHeight? = nil, progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) async throws -> SnapshotManifest {
    try await alone("a snapshot export") { ledger in try SnapshotFiles(directory).export(ledger, at: height, progress: progress) }
  }

  /// Prunes now, step by step, until nothing is left to do. What peers may fetch as a snapshot stays.
  /// - Parameter policy: By default the node's own.
  /// - Throws: `UpkeepError.busy`, `LedgerError`.
  public func prune(_ policy: RetentionPolicy? = nil) async throws -> PruningProgress {
    let policy = policy ?? retention
    return try await alone("pruning") { ledger in
      var total = try ledger.prune(policy, sparing: SyncServer.oldestServed(by: ledger))
      while !total.isDone { total.add(try ledger.prune(policy, sparing: SyncServer.oldestServed(by: ledger))) }
      return total
    }
  }

  /// Executes the blocks again, from genesis or the oldest state that is kept, up to the head of now, and compares.
  ///
  /// It does not look at records that no block touches. A page so damaged that reading it kills the process would kill the node: where
  /// that is to be feared, stop the node and use `yuchain inspect --verify`, or check a backup.
  /// - Throws: `UpkeepError.busy`; `LedgerError` for what does not hold.
  public func verify(progress: @escaping @Sendable (BlockHeight) -> Void = { _ in }) async throws -> LedgerReport {
    try await alone("a verification") { ledger in
      let hold = try ledger.hold(max(ledger.oldestState, ledger.base))
      defer { withExtendedLifetime(hold) {} }
      return try ledger.verify(progress: progress)
    }
  }

  /// Runs `body` unless another task runs, on a thread that may block.
  private func alone<Value: Sendable>(_ name: String, _ body: @escaping @Sendable (Ledger) throws -> Value) async throws -> Value {
    let before = turn.running.withLock { running -> String? in
      guard running == nil else { return running }
      running = name
      return nil
    }
    if let before { throw UpkeepError.busy(before) }
    defer { turn.running.withLock { $0 = nil } }
    let ledger = ledger
    return try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global(qos: .utility).async { continuation.resume(with: Result { try body(ledger) }) }
    }
  }
}

extension Node {
  /// What keeps this node's ledger in order while it runs.
  public nonisolated var upkeep: Upkeep { Upkeep(ledger, retention: configuration.retention, turn: upkeepTurn) }
}
