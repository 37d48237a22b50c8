// Executing a block, which may be done while the block before it is still on its way to the disk.

/// A block that was executed and is not committed yet: everything that its commit needs to know.
public struct ExecutedBlock: Sendable {
  /// The block.
  public let block: Block
  let blockID: BlockID
  let position: UInt64
  let ids: [TransactionID]
  let execution: BlockExecution
  /// What it stands on.
  let parentID: BlockID
  /// The validators' seats and the chain's numbers after it.
  let seats: ValidatorSeats
  let schedule: ParameterSchedule
  /// What it read, as it is stored: its commit asks for what it replaces.
  let read: [ByteKey: [UInt8]?]
}

extension Ledger {
  /// Checks the next block and executes it, without keeping anything; `commit(_:)` does.
  ///
  /// A host with more than one processor executes a block while the one before it is committed:
  ///
  /// ```swift
  /// let first = try ledger.execute(block1, position: 1)
  /// let second = try ledger.execute(block2, position: 2, after: first)  // beside ledger.commit(first)
  /// ```
  /// - Parameter previous: The block before it, if that is executed and perhaps not committed yet: a pipeline of two.
  /// - Returns: `nil` for a block that is here already.
  /// - Throws: `LedgerError.invalidBlock` for a block that no validator may vote for, `.wrongHeight`, `.store`.
  public func execute(
    _ block: Block, position: UInt64, after previous: ExecutedBlock? = nil, signatures: SignatureCheck = .check
  ) throws(LedgerError) -> ExecutedBlock? {
    let head = head
    let parent = previous?.block.header ?? head.header
    let parentID = previous?.blockID ?? head.blockID
    guard block.header.height > parent.height else { return nil }
    let ids = try check(block, parent: parent, parentID: parentID, rules: rules.with(previous?.schedule ?? head.schedule), after: previous)
    try check(signatures, of: block)
    // However long a block takes on a busy machine: it is final, and its turn comes once.
    return try readingAtLength { reader throws(LedgerError) in
      let read = RememberedRecords()
      let stored = LedgerState(reader: reader, height: parent.height, isHead: true, suite: suite, remembered: read)
      let execution = try LedgerError.wrap {
        if let previous { return try executor.execute(block, ids: ids, on: AheadState(stored, after: previous.execution)) }
        return try executor.execute(block, ids: ids, on: stored)
      }
      return ExecutedBlock(
        block: block, blockID: block.header.id(genesis: genesisID, suite: suite), position: position, ids: ids, execution: execution,
        parentID: parentID, seats: try Ledger.seats(after: execution, before: previous?.seats ?? head.seats),
        schedule: try Ledger.schedule(after: execution, before: previous?.schedule ?? head.schedule), read: read.records)
    }
  }

  private func check(
    _ block: Block, parent: BlockHeader, parentID: BlockID, rules: BlockRules, after previous: ExecutedBlock?
  ) throws(LedgerError) -> [TransactionID] {
    let pending = Set(previous?.ids ?? [])
    return try reading { reader throws(LedgerError) in
      try rules.check(block, parent: parent, parentID: parentID) { id throws(LedgerError) in
        if pending.contains(id) { return true }
        let place = try LedgerError.wrap { try reader.get(LedgerTables.places, id.digest.bytes) }
        #if DEBUG
          if let place, try isForgotten(place) { return false }
        #endif
        return place != nil
      }
    }
  }
}

/// The state after a block whose changes may not be stored yet, or may be by now: both read the same.
struct AheadState: StateReader {
  private let base: LedgerState
  private let execution: BlockExecution

  init(_ base: LedgerState, after execution: BlockExecution) {
    self.base = base
    self.execution = execution
  }

  func value(_ space: StateSpace, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    let changes = changes(of: space)
    let place = Self.place(of: key, in: changes)
    if place < changes.count, changes[place].key == key { return changes[place].value }
    return try base.value(space, key)
  }

  func scan(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    let changes = changes(of: space)
    let lower = Self.place(of: from, in: changes)
    let upper = max(lower, to.map { Self.place(of: $0, in: changes) } ?? changes.count)
    var next = reverse ? upper - 1 : lower
    var goesOn = true
    func change() -> RecordChange? { next >= lower && next < upper ? changes[next] : nil }
    func take(_ change: RecordChange) {
      if let value = change.value { goesOn = body(change.key, value) }
      next += reverse ? -1 : 1
    }
    try base.scan(space, from: from, to: to, reverse: reverse) { key, value in
      while goesOn, let change = change(), reverse ? ByteKey.precedes(key, change.key) : ByteKey.precedes(change.key, key) { take(change) }
      guard goesOn else { return false }
      if let change = change(), change.key == key { take(change) } else { goesOn = body(key, value) }
      return goesOn
    }
    while goesOn, let change = change() { take(change) }
  }

  private func changes(of space: StateSpace) -> [RecordChange] {
    switch space {
    case .state: execution.changes
    case .index: execution.indexChanges
    }
  }

  /// The place of the first change whose key is not before `key`.
  private static func place(of key: [UInt8], in changes: [RecordChange]) -> Int {
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if ByteKey.precedes(changes[middle].key, key) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
