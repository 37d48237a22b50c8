internal import Synchronization

// Who signs which height. The state says it; a ledger remembers every set that was current.

extension Ledger {
  private static let seatsKey = StateKey(contract: GovernanceContract.name, table: GovernanceContract.seats.name, key: UInt8(0)).bytes

  /// The set that signs the checkpoint of `height`; of a height above the next, the one that would if nothing changed.
  public func validators(signing height: BlockHeight) -> ValidatorSet {
    memory.withLock { memory in memory.sets.last { $0.since <= height }?.set ?? memory.head.validators }
  }

  /// The set of `generation`.
  /// - Throws: `LedgerError.noSuchGeneration` for one that never was, or is not yet.
  public func validators(generation: UInt64) throws(LedgerError) -> ValidatorSet {
    let (found, head) = memory.withLock { memory in
      (memory.sets.last { $0.set.generation == generation }?.set, memory.head.validators.generation)
    }
    guard let found else { throw .noSuchGeneration(generation, head: head) }
    return found
  }

  /// The sets that sign from a height above `height` on, oldest first.
  public func sets(signingAfter height: BlockHeight) -> [(set: ValidatorSet, since: BlockHeight)] {
    memory.withLock { memory in memory.sets.filter { $0.since > height }.map { ($0.set, $0.since) } }
  }

  /// How the set of this generation passed on to later ones, oldest first, as far as certificates are here.
  /// - Parameter limit: The greatest number.
  public func handovers(after generation: UInt64, limit: Int = .max) throws(LedgerError) -> [Handover] {
    let later = memory.withLock { memory in memory.sets.filter { $0.set.generation > generation } }
    var found: [Handover] = []
    for seated in later.prefix(limit) {
      guard let certificate = try certificate(at: BlockHeight(seated.since.rawValue - 1)) else { break }
      found.append(Handover(certificate: certificate, next: seated.set))
    }
    return found
  }

  static func seats(_ state: LedgerState) throws(LedgerError) -> ValidatorSeats {
    guard let bytes = try LedgerError.wrap({ try state.value(.state, seatsKey) }) else {
      throw .damaged("the validators' seats are missing")
    }
    return try LedgerError.decode(bytes, "validators' seats")
  }

  /// The seats after a block that was executed on a state with these.
  static func seats(after execution: BlockExecution, before: ValidatorSeats) throws(LedgerError) -> ValidatorSeats {
    guard let change = execution.changes.first(where: { $0.key == seatsKey }) else { return before }
    guard let bytes = change.value else { throw .damaged("the validators' seats were removed") }
    return try LedgerError.decode(bytes, "validators' seats")
  }

  static func sets(_ state: LedgerState) throws(LedgerError) -> [SeatedSet] {
    let prefix = StateKey.prefix(contract: GovernanceContract.name, table: GovernanceContract.sets.name)
    var found: [[UInt8]] = []
    try LedgerError.wrap {
      try state.scan(.state, from: prefix, to: prefix + [UInt8](repeating: 0xff, count: 9), reverse: false) { _, value in
        found.append(value)
        return true
      }
    }
    var sets: [SeatedSet] = []
    for bytes in found { sets.append(try LedgerError.decode(bytes, "validator set")) }
    return sets
  }
}
