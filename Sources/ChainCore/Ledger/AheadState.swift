// What stands on blocks that were executed and may not be stored yet.

/// The state after blocks whose changes may not be stored yet, or may be by now: both read the same.
struct AheadState: StateReader {
  private let base: LedgerState
  /// From the newest to the oldest.
  private let results: [ExecutionResult]

  /// The state after `results`, oldest first, on the state `base`.
  init(_ base: LedgerState, after results: [ExecutionResult]) {
    self.base = base
    self.results = results.reversed()
  }

  func value(_ space: StateSpace, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    guard space == .state else {
      for result in results {
        let changes = result.execution.indexChanges
        let place = Self.place(of: key, in: changes)
        if place < changes.count, changes[place].key == key { return changes[place].value }
      }
      return try base.value(space, key)
    }
    let key = ByteKey(key)
    for result in results { if let changed = result.execution.values[key] { return changed } }
    return try base.record(key)
  }

  func scan(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    try scan(results[...], space, from: from, to: to, reverse: reverse, body)
  }

  /// As above, without results that are newer than these.
  private func scan(
    _ results: ArraySlice<ExecutionResult>, _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool,
    _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    guard let newest = results.first else { return try base.scan(space, from: from, to: to, reverse: reverse, body) }
    let changes = space == .state ? newest.execution.changes : newest.execution.indexChanges
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
    try scan(results.dropFirst(), space, from: from, to: to, reverse: reverse) { key, value in
      while goesOn, let change = next, reverse ? ByteKey.precedes(key, change.key) : ByteKey.precedes(change.key, key) { take(change) }
      guard goesOn else { return false }
      if let change = next, change.key == key { take(change) } else { goesOn = body(key, value) }
      return goesOn
    }
    while goesOn, let change = next { take(change) }
  }

  /// The place of the first change whose key is not before `key`.
  private static func place(of key: [UInt8], in changes: [RecordChange]) -> Int {
    changes.partitioningIndex { !ByteKey.precedes($0.key, key) }
  }
}

extension LedgerState {
  /// The state after these blocks, oldest first, on this one.
  func ahead(_ results: [ExecutionResult]) -> any StateReader {
    results.isEmpty ? self : AheadState(self, after: results)
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
