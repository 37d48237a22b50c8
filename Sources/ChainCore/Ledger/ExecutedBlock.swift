/// A block that was executed and is not committed yet: everything that its commit needs to know.
public struct ExecutedBlock: Sendable {
  /// The block.
  public let block: Block
  let blockID: BlockID
  let position: UInt64
  /// What it stands on.
  let parentID: BlockID
  /// The validators' seats and the chain's numbers after it.
  package let seats: ValidatorSeats
  let schedule: ParameterSchedule
  /// What it read, as it is stored: its commit asks for what it replaces.
  let read: [ByteKey: [UInt8]?]
  let result: ExecutionResult
  /// What was not committed below it when it was executed, oldest first.
  let ancestors: [ExecutionResult]

  var height: BlockHeight { block.header.height }
}

/// What blocks on top of an executed one need of it. It does not hold what it stands on itself, so a long chain of blocks, each executed
/// before the one below it was committed, holds no more than those that wait.
final class ExecutionResult: Sendable {
  let height: BlockHeight
  /// The transactions' ids, in the block's order.
  let ids: [TransactionID]
  let idSet: Set<TransactionID>
  let execution: BlockExecution
  /// The records that it changes: calls on top ask for them again and again.
  let values: [ByteKey: [UInt8]?]
  let derived: BackgroundWork<Derived>

  init(height: BlockHeight, ids: [TransactionID], execution: BlockExecution, derived: BackgroundWork<Derived>) {
    self.height = height
    self.ids = ids
    idSet = Set(ids)
    self.execution = execution
    var values: [ByteKey: [UInt8]?] = Dictionary(minimumCapacity: execution.changes.count)
    for change in execution.changes { values.updateValue(change.value, forKey: ByteKey(change.key)) }
    self.values = values
    self.derived = derived
  }
}
