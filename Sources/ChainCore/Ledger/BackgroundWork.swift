internal import Dispatch
internal import Synchronization

/// Work that is done at once, or given to another processor: whoever waits for it before it has begun there does it on the spot.
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

  /// Begins `body` on another thread, or does it now.
  init(inBackground: Bool, _ body: @escaping @Sendable () throws -> Value) {
    state = Mutex(.waiting(body))
    if inBackground {
      DispatchQueue.global(qos: .userInitiated).async { [self] in _ = run() }
    } else {
      _ = run()
    }
  }

  /// What the work gave; also when asked again.
  func value() throws -> Value {
    while true {
      if let result = run() { return try result.get() }
      isDone.wait()
      isDone.signal()
    }
  }

  /// What it gave, after doing it if nobody has begun; `nil` while another thread does it.
  private func run() -> Result<Value, any Error>? {
    let (body, result) = state.withLock { state -> ((@Sendable () throws -> Value)?, Result<Value, any Error>?) in
      switch state {
      case .waiting(let body):
        state = .running
        return (body, nil)
      case .running: return (nil, nil)
      case .done(let result): return (nil, result)
      }
    }
    guard let body else { return result }
    let made = Result { try body() }
    state.withLock { $0 = .done(made) }
    isDone.signal()
    return made
  }
}
