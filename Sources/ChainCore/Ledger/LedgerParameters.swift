// The numbers that a chain is run by. Genesis says them, and governance changes them from a height on.

extension ParameterSchedule {
  fileprivate static let key = StateKey(
    contract: GovernanceContract.name, table: GovernanceContract.schedule.name, key: UInt8(0)
  ).bytes

  /// What a state says, or genesis if nothing was ever decided.
  static func read(from state: any StateReader, genesis: Genesis) throws(StoreError) -> ParameterSchedule {
    guard let bytes = try state.value(.state, key) else { return ParameterSchedule(genesis: genesis.parameters) }
    guard let schedule = try? ParameterSchedule(canonicalBytes: bytes) else { throw .corrupt(table: LedgerTables.current, key: key) }
    return schedule
  }
}

extension Ledger {
  /// The numbers that count, or counted, at `height`; above the head as far as it is decided.
  public func parameters(at height: BlockHeight) throws(LedgerError) -> ChainParameters {
    let schedule = head.schedule
    if height >= schedule.current.from { return schedule.parameters(at: height) }
    do throws(QueryError) {
      return try query(GovernanceContract.name, "parameters", height)
    } catch {
      throw .damaged("past parameters: \(error)")
    }
  }

  /// The numbers that count for the next block.
  public var parameters: ChainParameters {
    let head = head
    return head.schedule.parameters(at: head.height.next)
  }

  /// The rules of form by which the block of `height` was checked.
  func rules(at height: BlockHeight) throws(LedgerError) -> BlockRules {
    let rules = rules
    guard height < rules.schedule.current.from else { return rules }
    return rules.with(ParameterSchedule(current: ParameterSchedule.Step(parameters: try parameters(at: height), from: 0)))
  }

  /// What is decided after a block that was executed on a state with this.
  static func schedule(after execution: BlockExecution, before: ParameterSchedule) throws(LedgerError) -> ParameterSchedule {
    guard let change = execution.changes.first(where: { $0.key == ParameterSchedule.key }) else { return before }
    guard let bytes = change.value else { throw .damaged("the chain's parameters were removed") }
    return try LedgerError.decode(bytes, "chain parameters")
  }
}
