internal import ChainCore

/// Says in time that the chain will run what this host does not contain: when that is decided, then each time half of the way is gone.
struct MissingWatch: Sendable {
  private var told: [MissingContract: UInt64] = [:]

  /// What a person should hear of now.
  mutating func due(_ missing: [MissingContract], at head: BlockHeight) -> [String] {
    var said: [String] = []
    told = told.filter { missing.contains($0.key) }
    for contract in missing where contract.from > head {
      let left = contract.from.rawValue - head.rawValue
      if let before = told[contract], 2 * left > before { continue }
      told[contract] = left
      said.append("in \(left) heights this node stops: \(contract)")
    }
    return said
  }
}
