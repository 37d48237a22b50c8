internal import ChainCore
internal import Consensus
internal import DequeModule

/// Sends again what this node's clients gave it until it is in a block: a message may be lost, and a leader orders only what it heard of.
///
/// Each transaction waits twice as long as before, up to a limit; all waits of one length stand in one queue, in order.
struct Rebroadcast: Sendable {
  private struct Item {
    let id: TransactionID
    let due: MonotonicInstant
  }

  /// The waits, in milliseconds.
  static let waits: [UInt64] = [1_000, 2_000, 4_000, 8_000]
  /// The greatest number sent again at once: what waits because of load must not add to it.
  static let burst = 16

  private var queues: [Deque<Item>] = Array(repeating: [], count: waits.count)
  private var own: Set<TransactionID> = []

  /// Takes on a transaction; `false` if it is among these already.
  mutating func add(_ id: TransactionID, at now: MonotonicInstant) -> Bool {
    guard own.insert(id).inserted else { return false }
    queues[0].append(Item(id: id, due: now.advanced(byMilliseconds: Self.waits[0])))
    return true
  }

  /// Whether it is among these.
  func contains(_ id: TransactionID) -> Bool { own.contains(id) }

  /// What to send again now, of what `pool` still holds.
  mutating func due(at now: MonotonicInstant, in pool: Mempool) -> [SignedTransaction] {
    var found: [SignedTransaction] = []
    for wait in queues.indices {
      while found.count < Self.burst, let first = queues[wait].first, first.due <= now {
        queues[wait].removeFirst()
        guard let signed = pool.transaction(first.id) else {
          own.remove(first.id)
          continue
        }
        found.append(signed)
        let next = min(wait + 1, queues.count - 1)
        queues[next].append(Item(id: first.id, due: now.advanced(byMilliseconds: Self.waits[next])))
      }
    }
    return found
  }
}
