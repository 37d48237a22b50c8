internal import ChainCore
internal import DequeModule
internal import Logging

// What comes from beside the actor: transactions that were checked, blocks that were executed.

extension Node {
  /// Takes what the intake has checked, in one go.
  func accept(_ admissions: [Intake.Admission]) {
    if let fault { return admissions.forEach { $0.answer.fail(fault) } }
    var batch: [(transaction: AdmittedTransaction, isOwn: Bool)] = []
    var answers: [Intake.Answer] = []
    let committed = committedSince(admissions)
    for admission in admissions {
      switch admission.result {
      case .success(let transaction):
        if let height = committed[transaction.id] {
          admission.answer.fail(.refused(.alreadyCommitted(transaction.id, height: height)))
          continue
        }
        batch.append((transaction, admission.isOwn))
        answers.append(admission.answer)
      case .failure(let reason): admission.answer.fail(.refused(reason))
      }
    }
    if let fault { return answers.forEach { $0.fail(fault) } }
    guard !batch.isEmpty else { return }
    var effects: [NodeCore.Effect] = []
    let refusals = core.take(batch, into: &effects)
    for ((transaction, answer), refusal) in zip(zip(batch.lazy.map(\.transaction), answers), refusals) {
      if let refusal {
        answer.fail(.refused(refusal))
        continue
      }
      switch answer {
      case .id(let continuation): continuation.resume(returning: .success(transaction.id))
      case .receipt(let continuation): receiptWaiters[transaction.id, default: []].append(continuation)
      case .none: break
      }
    }
    perform(effects)
  }

  /// What was committed between its check and now: the pool forgot it with its block, and would never get rid of it again.
  private func committedSince(_ admissions: [Intake.Admission]) -> [TransactionID: BlockHeight] {
    let head = ledger.head.height
    let late = admissions.compactMap { admission in
      admission.head < head ? try? admission.result.get().id : nil
    }
    guard !late.isEmpty else { return [:] }
    do throws(LedgerError) {
      return try ledger.committed(late)
    } catch {
      halt(.ledger(error))
      return [:]
    }
  }

  /// Blocks are executed and committed in order beside the actor, which takes messages and transactions meanwhile. While one is on its way
  /// to the disk, the next is executed.
  func execute(_ block: Block, position: UInt64, signatures: Ledger.SignatureCheck) {
    executionCount += 1
    executions.append(Execution(number: executionCount, block: FinalBlock(block: block, position: position, signatures: signatures)))
    advanceExecutions()
  }

  private func advanceExecutions() {
    guard fault == nil, let first = executions.first else { return }
    if let result = first.executed, !first.isCommitting {
      executions[0].isCommitting = true
      commit(first.block, result)
    }
    // The second begins when the first is executed; a first that failed or was here already has no state to begin on.
    let place = executions[0].executed == nil ? 0 : 1
    guard place < executions.count, !executions[place].isExecuting, executions[place].executed == nil else { return }
    var previous: ExecutedBlock?
    if place == 1 {
      guard case .success(.some(let executed)) = executions[0].executed else { return }
      previous = executed
    }
    executions[place].isExecuting = true
    let (number, block) = (executions[place].number, executions[place].block)
    executing = Task.detached { [self, previous] in
      await noteExecuted(number, block.execute(on: ledger, after: previous))
    }
  }

  private func noteExecuted(_ number: UInt64, _ result: Result<ExecutedBlock?, LedgerError>) {
    guard fault == nil, let place = executions.firstIndex(where: { $0.number == number }) else { return }
    executions[place].isExecuting = false
    executions[place].executed = result
    advanceExecutions()
  }

  private func commit(_ block: FinalBlock, _ executed: Result<ExecutedBlock?, LedgerError>) {
    writing = Task.detached { [self] in
      let outcome = Result { () throws(LedgerError) in
        let executed = try executed.get()
        return try usingReserve { () throws(LedgerError) in
          try block.commit(executed, on: ledger)
        } isFull: {
          $0 == .store(.diskFull)
        }
      }
      await finish(block, outcome)
    }
  }

  private func finish(_ execution: FinalBlock, _ outcome: Result<FinalBlock.Outcome, LedgerError>) {
    guard fault == nil else { return }
    executions.removeFirst()
    switch outcome {
    case .success(let done):
      let height = execution.block.header.height
      core.schedule = ledger.head.schedule
      queue.append(
        .executed(position: execution.position, done.checkpoint, ids: done.receipts.map(\.transaction), seats: done.changedSeats))
      settle(done.receipts, at: height)
    case .failure(let error):
      switch error {
      case .invalidBlock, .wrongHeight, .otherBlock:
        logger.debug("skipped a block at \(execution.position): \(error)")
        queue.append(.skipped(position: execution.position, head: ledger.head.height))
      default: return halt(.ledger(error))
      }
    }
    advanceExecutions()
    judgeAgain()
    drain()
    guard executions.isEmpty, !heldSync.isEmpty else { return }
    let held = heldSync
    heldSync = []
    for event in held { catchUp(event) }
    drain()
  }

  /// Tries again with the disk's reserve if the disk is full: a write that failed left nothing. Without a reserve the node stops.
  nonisolated func usingReserve<Value, Failure: Error>(
    _ body: () throws(Failure) -> Value, isFull: (Failure) -> Bool
  ) throws(Failure) -> Value {
    do throws(Failure) {
      return try body()
    } catch {
      guard isFull(error), reserves.count(where: { $0.release() }) > 0 else { throw error }
      logger.error("the disk is full: the reserve was given free; make room, or this node stops soon")
      return try body()
    }
  }
}

/// A final block and how far it got.
struct Execution: Sendable {
  /// Its own: several blocks that become final together have one position.
  let number: UInt64
  let block: FinalBlock
  var isExecuting = false
  /// What executing it gave.
  var executed: Result<ExecutedBlock?, LedgerError>?
  var isCommitting = false
}
