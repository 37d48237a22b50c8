// What stands on blocks that were executed and may not be stored yet.

/// The state after a block whose changes may not be stored yet, or may be by now: both read the same.
struct AheadState: StateReader {
  private let base: any StateReader
  private let result: ExecutionResult

  /// The state after `result` on the state `base`.
  init(_ base: any StateReader, after result: ExecutionResult) {
    self.base = base
    self.result = result
  }

  func value(_ space: StateSpace, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    switch space {
    case .state:
      if let changed = result.execution.values[ByteKey(key)] { return changed }
    case .index:
      let changes = changes(of: space)
      let place = Self.place(of: key, in: changes)
      if place < changes.count, changes[place].key == key { return changes[place].value }
    }
    return try base.value(space, key)
  }

  func scan(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    let changes = changes(of: space)
    var place = reverse ? (to.map { Self.place(of: $0, in: changes) } ?? changes.count) - 1 : Self.place(of: from, in: changes)
    /// The change at `place`, unless it is beyond the range.
    func change() -> RecordChange? {
      guard changes.indices.contains(place) else { return nil }
      let key = changes[place].key
      let isBeyond = reverse ? ByteKey.precedes(key, from) : to.map { !ByteKey.precedes(key, $0) } ?? false
      return isBeyond ? nil : changes[place]
    }
    var next = change()
    var goesOn = true
    func take(_ taken: RecordChange) {
      if let value = taken.value { goesOn = body(taken.key, value) }
      place += reverse ? -1 : 1
      next = change()
    }
    try base.scan(space, from: from, to: to, reverse: reverse) { key, value in
      while goesOn, let change = next, reverse ? ByteKey.precedes(key, change.key) : ByteKey.precedes(change.key, key) { take(change) }
      guard goesOn else { return false }
      if let change = next, change.key == key { take(change) } else { goesOn = body(key, value) }
      return goesOn
    }
    while goesOn, let change = next { take(change) }
  }

  private func changes(of space: StateSpace) -> [RecordChange] {
    switch space {
    case .state: result.execution.changes
    case .index: result.execution.indexChanges
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

extension LedgerState {
  /// The state after these blocks, oldest first, on this one.
  func ahead(_ results: [ExecutionResult]) -> any StateReader {
    var state: any StateReader = self
    for result in results { state = AheadState(state, after: result) }
    return state
  }
}

/// The state tree's nodes in a snapshot of the store and in updates that may not be stored yet.
struct AheadNodes: StateNodeReader {
  let base: LedgerNodes
  /// By the version that they add.
  let updates: [UInt64: StateTreeUpdate]

  func node(_ key: StateNodeKey) throws -> [UInt8]? {
    guard let update = updates[key.version] else { return try base.node(key) }
    return update.node(key)
  }
}
