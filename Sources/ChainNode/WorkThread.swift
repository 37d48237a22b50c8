internal import Dispatch

/// A thread for what waits for a disk or computes for long, one thing after the other.
///
/// All tasks of a process share as many threads as it has processors: a task that holds one of them keeps the others waiting, nodes' actors
/// among them, and a few that wait for something that a task has to do wait for ever.
struct WorkThread: Sendable {
  private let queue: DispatchQueue

  init(_ label: String) { queue = DispatchQueue(label: "yuchain.\(label)") }

  /// Does `body` there and gives what it gave.
  func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: body()) }
    }
  }
}
