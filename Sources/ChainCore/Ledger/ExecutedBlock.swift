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
  let derived: BackgroundWork<Derived>

  init(height: BlockHeight, ids: [TransactionID], execution: BlockExecution, derived: BackgroundWork<Derived>) {
    self.height = height
    self.ids = ids
    idSet = Set(ids)
    self.execution = execution
    self.derived = derived
  }
}
