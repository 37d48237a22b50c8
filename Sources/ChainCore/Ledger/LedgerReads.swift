internal import Synchronization

// Reading what is committed. Each call takes one snapshot.

/// A transaction of the chain and where it stands.
public struct CommittedTransaction: Sendable, Hashable {
  /// The transaction.
  public var signed: SignedTransaction
  /// Its id.
  public var id: TransactionID
  /// The height of its block.
  public var height: BlockHeight
  /// Its place in the block, from 0.
  public var index: Int
}

/// An event of the chain and where it stands; a reader resumes after `height`.
public struct LedgerEvent: Sendable, Hashable {
  /// The height of its block.
  public var height: BlockHeight
  /// The block's time.
  public var time: BlockTime
  /// The transaction that emitted it.
  public var transaction: TransactionID
  /// The event.
  public var event: Event
}

extension Ledger {
  /// The header at `height`.
  public func header(at height: BlockHeight) throws(LedgerError) -> BlockHeader { try required(LedgerTables.headers, height) }

  /// The block at `height`; block 0 has no transactions.
  public func block(at height: BlockHeight) throws(LedgerError) -> Block {
    Block(header: try header(at: height), transactions: try required(LedgerTables.transactions, height))
  }

  /// The receipts of the block at `height`, in its order.
  public func receipts(at height: BlockHeight) throws(LedgerError) -> [Receipt] { try required(LedgerTables.receipts, height) }

  /// What validators sign of `height`.
  public func checkpoint(at height: BlockHeight) throws(LedgerError) -> Checkpoint { try required(LedgerTables.checkpoints, height) }

  /// The id of the block at `height`; after a snapshot also of the heights of its replay window.
  public func blockID(at height: BlockHeight) throws(LedgerError) -> BlockID { try historyLeaf(at: height).blockID }

  /// The certificate of exactly `height`, if this node has one.
  public func certificate(at height: BlockHeight) throws(LedgerError) -> CheckpointCertificate? {
    if let pending = memory.withLock({ $0.certificates[height] }) { return pending }
    return try stored(LedgerTables.certificates, height)
  }

  /// The certificate of the greatest certified height, if any.
  public func newestCertificate() throws(LedgerError) -> CheckpointCertificate? {
    let height = memory.withLock { $0.newestCertified }
    return height == 0 ? nil : try certificate(at: height)
  }

  /// The greatest height with a certificate here; 0 if none.
  public var newestCertified: BlockHeight { memory.withLock { $0.newestCertified } }

  /// The transaction of this id.
  /// - Throws: `.noSuchTransaction`.
  public func transaction(_ id: TransactionID) throws(LedgerError) -> CommittedTransaction {
    let place = try place(of: id)
    let transactions: [SignedTransaction] = try required(LedgerTables.transactions, place.height)
    guard transactions.indices.contains(Int(place.index)) else { throw .damaged("place of transaction \(id)") }
    return CommittedTransaction(signed: transactions[Int(place.index)], id: id, height: place.height, index: Int(place.index))
  }

  /// The receipt of this transaction.
  /// - Throws: `.noSuchTransaction`.
  public func receipt(_ id: TransactionID) throws(LedgerError) -> Receipt {
    let place = try place(of: id)
    let receipts = try receipts(at: place.height)
    guard receipts.indices.contains(Int(place.index)) else { throw .damaged("receipt of transaction \(id)") }
    return receipts[Int(place.index)]
  }

  /// The events of heights from `height` on, in order, at least `limit` of them if there are as many; heights are never split.
  public func events(from height: BlockHeight, limit: Int = 1_000) throws(LedgerError) -> [LedgerEvent] {
    let head = self.head.height
    var found: [LedgerEvent] = []
    var next = height
    while next <= head, found.count < limit {
      let time = try header(at: next).time
      for receipt in try receipts(at: next) {
        for event in receipt.events {
          found.append(LedgerEvent(height: next, time: time, transaction: receipt.transaction, event: event))
        }
      }
      next = next.next
    }
    return found
  }

  /// Where a transaction stands.
  func place(of id: TransactionID) throws(LedgerError) -> TransactionPlace {
    let bytes = try reading { reader throws(LedgerError) in
      try LedgerError.wrap { try reader.get(LedgerTables.places, id.digest.bytes) }
    }
    guard let bytes else { throw .noSuchTransaction(id) }
    return try LedgerError.decode(bytes, "place of transaction \(id)")
  }

  private func stored<Value: CanonicalCodable>(_ table: StoreTable, _ height: BlockHeight) throws(LedgerError) -> Value? {
    let bytes = try reading { reader throws(LedgerError) in
      try LedgerError.wrap { try reader.get(table, LedgerTables.key(height)) }
    }
    return try bytes.map { bytes throws(LedgerError) in try LedgerError.decode(bytes, "\(table.name) \(height)") }
  }

  private func required<Value: CanonicalCodable>(_ table: StoreTable, _ height: BlockHeight) throws(LedgerError) -> Value {
    if let value: Value = try stored(table, height) { return value }
    if base > 0, height <= base { throw .belowSnapshot(height, base: base) }
    let (oldest, head) = memory.withLock { ($0.oldestBlock, $0.head.height) }
    throw height < oldest ? .blockNotKept(height, kept: oldest...max(oldest, head)) : .noSuchHeight(height, head: head)
  }
}
