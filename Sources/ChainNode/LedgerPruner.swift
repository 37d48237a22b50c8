internal import ChainCore
internal import Logging

/// Prunes a running node's ledger by its policy, a short step at a time beside the node's own work.
///
/// A commit waits for one step at most. What peers may fetch as a snapshot is spared; so a node keeps the states of up to two snapshot
/// intervals even if its policy says less.
final class LedgerPruner: Sendable {
  /// How long it waits when nothing is left to do.
  private static let pause: Duration = .seconds(1)
  /// How long it lets others write between two steps.
  private static let breath: Duration = .milliseconds(5)

  private let ledger: Ledger
  private let policy: RetentionPolicy
  private let reserves: [DiskReserve]
  private let logger: Logger
  private let thread = WorkThread("pruning")

  init(_ ledger: Ledger, policy: RetentionPolicy, reserves: [DiskReserve] = [], logger: Logger) {
    self.ledger = ledger
    self.policy = policy
    self.reserves = reserves
    self.logger = logger
  }

  /// Prunes until the task is cancelled or the store fails.
  func run() -> Task<Void, Never> {
    Task.detached(priority: .utility) { [ledger, policy, reserves, logger, thread] in
      var isFullReported = false
      while !Task.isCancelled {
        var isDone = true
        do throws(LedgerError) {
          let progress = try await thread.run {
            Result { () throws(LedgerError) in try ledger.prune(policy, sparing: SyncServer.oldestServed(by: ledger)) }
          }.get()
          isDone = progress.isDone
          if isDone { for reserve in reserves where reserve.isMissing { reserve.restore() } }
          isFullReported = false
        } catch {
          switch error {
          case .store(.storageFull), .store(.diskFull):
            // Removing takes room too, as pages are copied before they change: that is what the reserve is for.
            let hasRoom = reserves.count { $0.release() } > 0
            if !isFullReported { logger.error("pruning needs room: \(error)\(hasRoom ? "; it goes on with the reserve" : "")") }
            isFullReported = true
            if hasRoom { isDone = false }
          case .store(.closed): return
          default:
            logger.error("pruning stopped: \(error)")
            return
          }
        }
        try? await Task.sleep(for: isDone ? Self.pause : Self.breath)
      }
    }
  }
}
