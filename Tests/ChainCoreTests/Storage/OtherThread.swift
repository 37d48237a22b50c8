import Foundation
import Synchronization

/// A thread of its own: tests of locks must not borrow the pool's.
final class OtherThread: Sendable {
  private let outcome = Mutex<(any Error)?>(nil)
  private let done = DispatchSemaphore(value: 0)

  init(_ body: @escaping @Sendable () throws -> Void) {
    Thread.detachNewThread {
      do {
        try body()
      } catch {
        self.outcome.withLock { $0 = error }
      }
      self.done.signal()
    }
  }

  /// Waits for the end and throws what the body threw.
  func join() throws {
    done.wait()
    if let error = outcome.withLock({ $0 }) { throw error }
  }
}

/// Runs `body` on another thread and waits for it.
func onAnotherThread(_ body: @escaping @Sendable () throws -> Void) throws {
  try OtherThread(body).join()
}
