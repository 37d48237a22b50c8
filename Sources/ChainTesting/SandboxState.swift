internal import ChainCore

/// The records of a sandbox, in memory: by key, and the keys in order for scans.
struct SandboxState: StateReader, Sendable {
  private struct Space: Sendable {
    var records: [[UInt8]: [UInt8]] = [:]
    var keys: [[UInt8]] = []

    /// The place of the first key that is not before `key`.
    func place(of key: [UInt8]) -> Int {
      var (low, high) = (0, keys.count)
      while low < high {
        let middle = (low + high) / 2
        if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
      }
      return low
    }

    mutating func apply(_ change: RecordChange) {
      let old = records.updateValue(change.value ?? [], forKey: change.key)
      if change.value == nil { records[change.key] = nil }
      switch (old, change.value) {
      case (nil, .some): keys.insert(change.key, at: place(of: change.key))
      case (.some, nil): keys.remove(at: place(of: change.key))
      default: break
      }
    }
  }

  private var spaces: [StateSpace: Space] = [:]

  func value(_ space: StateSpace, _ key: [UInt8]) throws(StoreError) -> [UInt8]? { spaces[space]?.records[key] }

  func scan(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    guard let all = spaces[space] else { return }
    let first = all.place(of: from)
    let range = first..<max(first, to.map(all.place) ?? all.keys.count)
    for index in range {
      let key = all.keys[reverse ? range.lowerBound + range.upperBound - 1 - index : index]
      guard let value = all.records[key], body(key, value) else { return }
    }
  }

  mutating func apply(_ changes: [RecordChange], in space: StateSpace) {
    for change in changes { spaces[space, default: Space()].apply(change) }
  }

  var records: [[UInt8]: [UInt8]] { spaces[.state]?.records ?? [:] }
}
