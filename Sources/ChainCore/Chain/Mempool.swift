internal import DequeModule

/// How much a mempool holds.
public struct MempoolLimits: Sendable, Hashable {
  /// The greatest number of transactions.
  public var count: Int
  /// The greatest sum of their sizes, in bytes.
  public var bytes: Int

  /// Limits; the defaults hold a few blocks.
  public init(count: Int = 20_000, bytes: Int = 64 << 20) {
    self.count = count
    self.bytes = bytes
  }
}

/// Transactions that wait to be ordered, first come first served, bounded by count and bytes.
///
/// It keeps only what `Ledger.admit` accepted. It has no clock: waiting ends by commit or when the last height passes.
public struct Mempool: Sendable {
  /// The bounds.
  public let limits: MempoolLimits
  /// The sum of the sizes of what waits.
  public private(set) var bytes = 0
  private var waiting: [TransactionID: AdmittedTransaction] = [:]
  /// Arrival order; an id that left `waiting` is skipped and removed lazily.
  private var order: Deque<TransactionID> = []
  /// No waiting transaction ends before this height.
  private var firstEnd = BlockHeight(.max)

  /// An empty pool.
  public init(limits: MempoolLimits = MempoolLimits()) { self.limits = limits }

  /// How many wait.
  public var count: Int { waiting.count }
  /// Whether none waits.
  public var isEmpty: Bool { waiting.isEmpty }

  /// Whether a transaction of this id waits.
  public func contains(_ id: TransactionID) -> Bool { waiting[id] != nil }

  /// The waiting transaction of this id, whose signature was verified at admission.
  public func transaction(_ id: TransactionID) -> SignedTransaction? { waiting[id]?.signed }

  /// Takes an admitted transaction.
  /// - Throws: `AdmissionError.alreadyWaiting`, `.busy`.
  public mutating func insert(_ transaction: AdmittedTransaction) throws(AdmissionError) {
    guard waiting[transaction.id] == nil else { throw .alreadyWaiting(transaction.id) }
    guard waiting.count < limits.count, bytes + transaction.bytes <= limits.bytes else {
      throw .busy(waiting: waiting.count, bytes: bytes)
    }
    waiting[transaction.id] = transaction
    order.append(transaction.id)
    bytes += transaction.bytes
    firstEnd = min(firstEnd, transaction.signed.transaction.validUntilHeight)
  }

  /// What a block at `height` may take, in arrival order; the pool keeps it until it is committed.
  ///
  /// - Parameters:
  ///   - excluding: Ids that an uncommitted earlier block holds already.
  ///   - largest: The greatest size of a transaction at that height: it may have shrunk since one was admitted.
  ///   - window: How far ahead a transaction's last height may lie: that may have shrunk as well.
  public func candidates(
    at height: BlockHeight, count: Int, bytes: Int, excluding: Set<TransactionID> = [], largest: Int = .max, window: UInt64 = .max
  ) -> [SignedTransaction] {
    var taken: [SignedTransaction] = []
    var size = 0
    for id in order {
      guard taken.count < count else { break }
      guard let transaction = waiting[id], !excluding.contains(id), height <= transaction.signed.transaction.validUntilHeight else {
        continue
      }
      guard transaction.bytes <= largest, transaction.signed.transaction.validUntilHeight < height.advanced(by: window) else { continue }
      guard size + transaction.bytes <= bytes else { break }
      taken.append(transaction.signed)
      size += transaction.bytes
    }
    return taken
  }

  /// Forgets what a block committed at `height` and what can stand in no later one; returns the ids of the latter.
  @discardableResult
  public mutating func committed(_ ids: [TransactionID], at height: BlockHeight) -> [TransactionID] {
    for id in ids { remove(id) }
    let expired = firstEnd <= height ? ended(at: height) : []
    if order.count > 2 * waiting.count + 64 {
      order = Deque(order.filter { waiting[$0] != nil })
    } else {
      while let first = order.first, waiting[first] == nil { order.removeFirst() }
    }
    return expired
  }

  /// Removes what can stand in no block after `height`. Looks at all that waits, so only when there may be one.
  private mutating func ended(at height: BlockHeight) -> [TransactionID] {
    var expired: [TransactionID] = []
    firstEnd = BlockHeight(.max)
    for id in order {
      guard let transaction = waiting[id] else { continue }
      let end = transaction.signed.transaction.validUntilHeight
      if end <= height { expired.append(id) } else { firstEnd = min(firstEnd, end) }
    }
    for id in expired { remove(id) }
    return expired
  }

  private mutating func remove(_ id: TransactionID) {
    guard let transaction = waiting.removeValue(forKey: id) else { return }
    bytes -= transaction.bytes
  }
}
