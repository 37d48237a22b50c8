internal import Dispatch
internal import Synchronization

/// Work for another processor, if one is free: whoever waits for it before it has begun does it on the spot.
///
/// So nothing ever waits for a thread, however many ledgers one process has.
final class BackgroundWork<Value: Sendable>: Sendable {
  private enum State {
    case waiting(@Sendable () throws -> Value)
    case running
    case done(Result<Value, any Error>)
  }

  private let state: Mutex<State>
  private let isDone = DispatchSemaphore(value: 0)

  /// Begins `body` on another thread, or leaves it to the first who waits.
  init(inBackground: Bool, _ body: @escaping @Sendable () throws -> Value) {
    state = Mutex(.waiting(body))
    if inBackground { DispatchQueue.global(qos: .userInitiated).async { [self] in _ = run() } }
  }

  /// What the work gave; also when asked again.
  func value() throws -> Value {
    if !run() {
      isDone.wait()
      isDone.signal()
    }
    guard case .done(let result) = state.withLock({ $0 }) else { preconditionFailure("the work has ended") }
    return try result.get()
  }

  /// `false` if another thread has begun it and not ended.
  private func run() -> Bool {
    let (body, isOver) = state.withLock { state -> ((@Sendable () throws -> Value)?, Bool) in
      switch state {
      case .waiting(let body):
        state = .running
        return (body, false)
      case .running: return (nil, false)
      case .done: return (nil, true)
      }
    }
    guard let body else { return isOver }
    let result = Result { try body() }
    state.withLock { $0 = .done(result) }
    isDone.signal()
    return true
  }
}
