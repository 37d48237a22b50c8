internal import ChainCore

/// The records of a sandbox, in memory.
struct SandboxState: StateReader, Sendable {
  private(set) var spaces: [StateSpace: [[UInt8]: [UInt8]]] = [:]

  func value(_ space: StateSpace, _ key: [UInt8]) throws(StoreError) -> [UInt8]? { spaces[space]?[key] }

  func scan(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {
    let all = spaces[space] ?? [:]
    var keys = all.keys.filter { key in
      !key.lexicographicallyPrecedes(from) && to.map { key.lexicographicallyPrecedes($0) } ?? true
    }
    keys.sort { reverse ? $1.lexicographicallyPrecedes($0) : $0.lexicographicallyPrecedes($1) }
    for key in keys {
      guard let value = all[key], body(key, value) else { return }
    }
  }

  mutating func apply(_ changes: [RecordChange], in space: StateSpace) {
    for change in changes { spaces[space, default: [:]][change.key] = change.value }
  }

  var records: [[UInt8]: [UInt8]] { spaces[.state] ?? [:] }
}
