import ChainCore
import Dispatch
import Synchronization

/// A store in memory whose writes wait while it is told to.
final class GatedStore: KeyValueStore {
  private let inner = MemoryStore()
  private let gate = Mutex<DispatchSemaphore?>(nil)
  let writes = Atomic<Int>(0)
  /// How many writes wait.
  let held = Atomic<Int>(0)
  /// Whether a write may hold one block only, as one of many records may.
  private let takesOneBlock: Bool

  init(takesOneBlock: Bool = false) { self.takesOneBlock = takesOneBlock }

  func hold() { gate.withLock { $0 = DispatchSemaphore(value: 0) } }

  /// Lets the write that waits go on, and all after it.
  func release() {
    gate.withLock { gate in
      gate?.signal()
      gate = nil
    }
  }

  func read<R>(_ body: (any KeyValueReader) throws -> R) throws -> R { try inner.read(body) }

  func write<R>(_ body: (any KeyValueWriter) throws -> R) throws -> R {
    writes.add(1, ordering: .relaxed)
    if let waiting = gate.withLock({ $0 }) {
      held.add(1, ordering: .relaxed)
      waiting.wait()
      held.subtract(1, ordering: .relaxed)
      waiting.signal()
    }
    return try inner.write { writer in
      let headers = StoreTable("headers")
      let before = try writer.range(headers).count
      let result = try body(writer)
      if takesOneBlock, try writer.range(headers).count > before + 1 { throw StoreError.transactionTooLarge }
      return result
    }
  }

  func close() { inner.close() }
}
