internal import ChainCore
internal import Consensus

/// A member's disk: what is durable of journal and ledger. What is on its way is lost in a crash, but for a random prefix.
struct SimplexDisk {
  /// A block as this member gave it out.
  struct Final {
    var reference: BlockReference
    var block: Block
    var view: View
  }

  var journal: [SimplexRecord] = []
  var writing: [(due: Int, batch: SimplexBatch)] = []
  /// The blocks given out, from the epoch's first; a prefix of them is durable.
  var ledger: [Final] = []
  var ledgerDurable = 0
  var ledgerDue: [(due: Int, count: Int)] = []
  var floor: View = 0
  /// Own statements and their blocks that are durable, for the check that what is on the wire is on the disk.
  var votes: Set<VoteStatement> = []
  var blocks: Set<BlockID> = []

  mutating func write(_ batch: SimplexBatch) {
    journal += batch.records
    for (index, record) in batch.records.enumerated() {
      guard case .vote(let statement, _) = record else { continue }
      votes.insert(statement)
      if case .notarize(let proposal) = statement, index > 0, case .block = batch.records[index - 1] { blocks.insert(proposal.blockID) }
    }
    floor = max(floor, batch.floor)
    if journal.count > 300 { trim() }
  }

  /// Drops what the floor makes useless: each block stands before its vote.
  private mutating func trim() {
    var kept: [SimplexRecord] = []
    var block: SimplexRecord?
    for record in journal {
      switch record {
      case .block: block = record
      case .vote(let statement, _):
        if statement.view > floor {
          if let block { kept.append(block) }
          kept.append(record)
        }
        block = nil
      case .certificate(let certificate):
        if certificate.statement.view > floor || certificate.statement.kind == .finalize && certificate.statement.view == floor {
          kept.append(record)
        }
      }
    }
    journal = kept
  }

  /// Loses what was not written: a random prefix of it is there.
  mutating func crash(_ random: inout SeededRandom) {
    for _ in 0..<random.below(writing.count + 1) { write(writing.removeFirst().batch) }
    writing = []
    for _ in 0..<random.below(ledgerDue.count + 1) { ledgerDurable = max(ledgerDurable, ledgerDue.removeFirst().count) }
    ledgerDue = []
    ledger.removeSubrange(ledgerDurable...)
  }
}
