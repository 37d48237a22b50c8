internal import ChainCore

/// A final block on its way into the ledger.
struct FinalBlock: Sendable {
  /// What it gave.
  struct Outcome: Sendable {
    var checkpoint: Checkpoint
    var receipts: [Receipt]
    /// The validators' seats after it, if it changed them.
    var changedSeats: ValidatorSeats?
  }

  let block: Block
  let position: UInt64
  /// Which signatures this node has not verified yet.
  let signatures: Ledger.SignatureCheck

  /// Executes it after `previous`, which may be on its way to the disk, or after the head; `nil` if it is here already.
  /// Blocking: not on an actor.
  func execute(on ledger: Ledger, after previous: ExecutedBlock?) -> Result<ExecutedBlock?, LedgerError> {
    Result { () throws(LedgerError) in
      try ledger.execute(block, position: position, after: previous, signatures: signatures)
    }
  }

  /// Commits blocks durably and together, or one that is here already. Blocking.
  ///
  /// - Parameter executed: What executing them gave; empty for a block that is here already.
  static func commit(_ blocks: [FinalBlock], _ executed: [ExecutedBlock], on ledger: Ledger) throws(LedgerError) -> [Outcome] {
    var seats = ledger.head.seats
    guard executed.isEmpty else {
      return zip(executed, try commit(executed, on: ledger)).map { block, done in
        defer { seats = block.seats }
        return Outcome(checkpoint: done.checkpoint, receipts: done.receipts ?? [], changedSeats: block.seats == seats ? nil : block.seats)
      }
    }
    return try blocks.map { block throws(LedgerError) in
      // After a restart the engine may give a block again that is here.
      let done = try ledger.commitBlock(block.block, position: block.position, signatures: block.signatures)
      let receipts = if let made = done.receipts { made } else { try ledger.receipts(at: block.block.header.height) }
      let after = ledger.head.seats
      defer { seats = after }
      return Outcome(checkpoint: done.checkpoint, receipts: receipts, changedSeats: after == seats ? nil : after)
    }
  }
}

extension FinalBlock {
  /// Together; one by one if a write cannot hold so much.
  private static func commit(_ executed: [ExecutedBlock], on ledger: Ledger) throws(LedgerError) -> [Ledger.Committed] {
    do throws(LedgerError) {
      return try ledger.commit(executed)
    } catch .store(.transactionTooLarge) where executed.count > 1 {
      return try executed.map { block throws(LedgerError) in try ledger.commit(block) }
    }
  }
}

extension Ledger {
  /// The checkpoints above the newest certified one.
  var uncertified: [Checkpoint] {
    var found: [Checkpoint] = []
    var height = newestCertified.next
    while height <= head.height {
      if let checkpoint = try? checkpoint(at: height) { found.append(checkpoint) }
      height = height.next
    }
    return found
  }
}
