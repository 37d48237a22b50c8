/// What re-executing a ledger found.
public struct LedgerReport: Sendable, Hashable {
  /// The greatest height compared.
  public var height: BlockHeight
  /// The height whose state the execution began with: 0, or that of the first certified state that the ledger still has.
  public var start: BlockHeight
  /// How many transactions ran again.
  public var transactions: Int
  /// How many checkpoint certificates verified.
  public var certificates: Int

  /// Puts the parts together.
  public init(height: BlockHeight, start: BlockHeight, transactions: Int, certificates: Int) {
    self.height = height
    self.start = start
    self.transactions = transactions
    self.certificates = certificates
  }
}

extension Ledger {
  /// Runs every block again on an empty state and compares blocks, receipts, checkpoints and the newest records.
  ///
  /// A ledger that lacks its first blocks, because it was pruned or began with a snapshot, begins with the oldest certified state that it
  /// has, which is itself checked against the certificate. Without one nothing is executed: then `start` is the head.
  /// - Parameter progress: Called after each height.
  /// - Throws: `.diverged` at the first height whose checkpoint differs, `.invalidBlock` for a stored block that breaks a rule,
  ///   `.badCertificate`, `.damaged`, `.store`.
  /// - Complexity: O(all transactions), in memory O(state).
  public func verify(progress: (BlockHeight) -> Void = { _ in }) throws(LedgerError) -> LedgerReport {
    let last = head.height
    guard let again = try replica() else { return LedgerReport(height: last, start: last, transactions: 0, certificates: 0) }
    let start = again.head.height
    guard try again.checkpoint(at: start) == checkpoint(at: start) else { throw .diverged(start) }
    var report = LedgerReport(height: start, start: start, transactions: 0, certificates: start > 0 ? 1 : 0)
    var height = start
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

  /// A ledger in memory at the oldest height from which on this one has everything; `nil` if there is none.
  private func replica() throws(LedgerError) -> Ledger? {
    if base == 0, oldestBlock <= 1 { return try Ledger(store: MemoryStore(), genesis: genesis, contracts: executor.registry) }
    let oldest = oldestState
    let found = try reading { reader throws(LedgerError) in
      try LedgerError.wrap { try reader.first(LedgerTables.certificates, from: LedgerTables.key(max(oldest, 1)))?.key }
    }
    guard let height = found.flatMap({ UInt64(bigEndian: $0) }).map({ BlockHeight($0) }) else { return nil }
    do throws(SnapshotError) {
      let manifest = try snapshot(at: height)
      var copy = try SnapshotImport(manifest, into: MemoryStore(), genesis: genesis, contracts: executor.registry)
      for number in copy.missing { try copy.add(try snapshotChunk(number, of: manifest), as: number) }
      return try copy.finish()
    } catch {
      switch error {
      case .ledger(let error): throw error
      case .store(let error): throw .store(error)
      default: throw .damaged("state of height \(height): \(error)")
      }
    }
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
