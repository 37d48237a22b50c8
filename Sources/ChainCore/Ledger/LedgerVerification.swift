/// What re-executing a ledger found.
public struct LedgerReport: Sendable, Hashable {
  /// The greatest height compared.
  public var height: BlockHeight
  /// How many transactions ran again.
  public var transactions: Int
  /// How many checkpoint certificates verified.
  public var certificates: Int
}

extension Ledger {
  /// Runs every block again from genesis on an empty state and compares blocks, receipts, checkpoints and the newest records.
  ///
  /// - Parameter progress: Called after each height.
  /// - Throws: `.diverged` at the first height whose checkpoint differs, `.invalidBlock` for a stored block that breaks a rule,
  ///   `.badCertificate`, `.damaged`, `.store`.
  /// - Complexity: O(all transactions), in memory O(state).
  public func verify(progress: (BlockHeight) -> Void = { _ in }) throws(LedgerError) -> LedgerReport {
    let last = head.height
    let again = try Ledger(store: MemoryStore(), genesis: genesis, contracts: executor.registry)
    guard try again.checkpoint(at: 0) == checkpoint(at: 0) else { throw .diverged(0) }
    var report = LedgerReport(height: 0, transactions: 0, certificates: 0)
    var height: BlockHeight = 0
    while height < last {
      height = height.next
      let block = try block(at: height)
      let computed = try again.commit(block, position: 0)
      guard try computed == checkpoint(at: height) else { throw .diverged(height) }
      guard try again.receipts(at: height) == receipts(at: height) else { throw .damaged("receipts of height \(height)") }
      for (index, signed) in block.transactions.enumerated() {
        let place = try place(of: signed.id(genesis: genesisID, suite: suite))
        guard place.height == height, Int(place.index) == index else { throw .damaged("place of a transaction of height \(height)") }
      }
      if let certificate = try certificate(at: height) {
        try again.add(certificate)
        report.certificates += 1
      }
      report.transactions += block.transactions.count
      report.height = height
      progress(height)
    }
    try compareRecords(with: again, at: last)
    return report
  }

  /// How many records the newest state has.
  public func recordCount() throws(LedgerError) -> Int { try records(at: head.height).count }

  private func compareRecords(with again: Ledger, at height: BlockHeight) throws(LedgerError) {
    let mine = try records(at: height)
    let theirs = try again.records(at: height)
    guard mine == theirs else { throw .damaged("records of height \(height) differ from what the blocks give") }
  }

  private func records(at height: BlockHeight) throws(LedgerError) -> [RecordChange] {
    try atHeight(height) { state, _ throws(LedgerError) in
      var found: [RecordChange] = []
      try LedgerError.wrap {
        try state.scan(.state, from: [], to: nil, reverse: false) { key, value in
          found.append(RecordChange(key: key, value: value))
          return true
        }
      }
      return found
    }
  }
}
