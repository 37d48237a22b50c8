import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Who may be inside a store: many reads, one write, and nobody while the memory map moves or the store closes.
final class TransactionGate: Sendable {
  private struct Reader {
    var count: Int
    var since: Duration
  }

  private struct State {
    /// By thread.
    var readers: [UInt: Reader] = [:]
    var writer: UInt?
    /// The writer waits until all reads end, or has it so.
    var isExclusive = false
    var isClosed = false
    var waiting = 0
  }

  private let state = Mutex(State())
  private let bell = Bell()

  /// The calling thread begins a read.
  func enterRead(now: Duration) throws(StoreError) {
    let thread = ThreadCounts.current
    let entered = wait { state in
      if state.isClosed { return false }
      // A thread that reads already must get in: the exclusive one waits for it.
      guard !state.isExclusive || state.readers[thread] != nil else { return nil }
      state.readers[thread, default: Reader(count: 0, since: now)].count += 1
      return true
    }
    guard entered else { throw .closed }
  }

  /// The calling thread ends a read.
  func leaveRead() {
    let thread = ThreadCounts.current
    change { state in
      guard var reader = state.readers[thread] else { return }
      reader.count -= 1
      state.readers[thread] = reader.count == 0 ? nil : reader
    }
  }

  /// The calling thread begins the write, after all earlier ones.
  func enterWrite() throws(StoreError) {
    let thread = ThreadCounts.current
    if isInside { throw .nestedWrite }
    let entered = wait { state in
      if state.isClosed { return false }
      guard state.writer == nil else { return nil }
      state.writer = thread
      return true
    }
    guard entered else { throw .closed }
  }

  /// The calling thread ends the write.
  func leaveWrite() { change { $0.writer = nil } }

  /// Runs `body` while no read is open. Only the writer calls it.
  func exclusively<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
    state.withLock { $0.isExclusive = true }
    defer { change { $0.isExclusive = false } }
    _ = wait { $0.readers.isEmpty ? true : nil }
    return try body()
  }

  /// Waits until nobody is inside and lets nobody in again; `false` if it was closed before.
  func close() -> Bool {
    precondition(!isInside, "close inside a transaction")
    return wait { state in
      if state.isClosed { return false }
      guard state.writer == nil, state.readers.isEmpty else { return nil }
      state.isClosed = true
      return true
    }
  }

  /// Whether the writer waits until all reads end.
  var isExclusiveWanted: Bool { state.withLock { $0.isExclusive } }

  /// How many reads are open, and when the oldest began.
  var reads: (count: Int, since: Duration?) {
    state.withLock { state in (state.readers.values.reduce(0) { $0 + $1.count }, state.readers.values.map(\.since).min()) }
  }

  private var isInside: Bool {
    let thread = ThreadCounts.current
    return state.withLock { $0.writer == thread || $0.readers[thread] != nil }
  }

  /// Asks `attempt` until it has an answer, sleeping between changes.
  private func wait(_ attempt: (inout State) -> Bool?) -> Bool {
    if let answer = state.withLock({ attempt(&$0) }) { return answer }
    state.withLock { $0.waiting += 1 }
    defer { state.withLock { $0.waiting -= 1 } }
    return bell.wait { state.withLock { attempt(&$0) } }
  }

  private func change(_ body: (inout State) -> Void) {
    let isAwaited = state.withLock { state in
      body(&state)
      return state.waiting > 0
    }
    if isAwaited { bell.ring() }
  }
}

/// A condition variable. The state it is about is kept, and guarded, elsewhere.
@safe private final class Bell: Sendable {
  nonisolated(unsafe) private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  nonisolated(unsafe) private let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe condition = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Asks `attempt` now and after each ring until it has an answer.
  func wait(_ attempt: () -> Bool?) -> Bool {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let answer = attempt() { return answer }
      unsafe pthread_cond_wait(condition, mutex)
    }
  }

  /// Wakes all that wait. Call after the state changed: the lock orders it after a waiter's last look.
  func ring() {
    unsafe pthread_mutex_lock(mutex)
    unsafe pthread_cond_broadcast(condition)
    unsafe pthread_mutex_unlock(mutex)
  }
}
