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

  /// Commits it durably. Blocking.
  func commit(_ executed: ExecutedBlock?, on ledger: Ledger) throws(LedgerError) -> Outcome {
    let seats = ledger.head.seats
    let done =
      if let executed { try ledger.commit(executed) } else { try ledger.commitBlock(block, position: position, signatures: signatures) }
    let after = ledger.head.seats
    // After a restart the engine may give a block again that is here.
    let receipts = if let made = done.receipts { made } else { try ledger.receipts(at: block.header.height) }
    return Outcome(checkpoint: done.checkpoint, receipts: receipts, changedSeats: after == seats ? nil : after)
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
