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

  /// Tells whoever waits that the node stopped.
  func refuse(_ answers: [Intake.Answer]) {
    for answer in answers { answer.fail(fault ?? .stopped) }
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

  /// Blocks are executed and committed in order beside the actor, which takes messages and transactions meanwhile. While some are on their
  /// way to the disk, the next ones are executed; those are committed together then.
  func execute(_ block: Block, position: UInt64, signatures: Ledger.SignatureCheck) {
    executionCount += 1
    executions.append(Execution(number: executionCount, block: FinalBlock(block: block, position: position, signatures: signatures)))
    advanceExecutions()
  }

  /// How many transactions, but for one block, may be executed and not committed: what they change is in memory until then.
  private static let transactionsAhead = 10_000
  /// How many blocks may be: a read looks through all of them.
  private static let blocksAhead = 8

  private func advanceExecutions() {
    guard fault == nil, !executions.isEmpty else { return }
    if committing == 0, let first = executions[0].executed {
      committing = max(1, executions.prefix { $0.isReady }.count)
      commit(first, executions.prefix(committing).map(\.block), executions.prefix(committing).compactMap(\.ready))
    }
    // A block that failed or was here already has no state for the next to begin on.
    let ahead = executions.prefix { $0.isReady }
    guard ahead.count < executions.count else { return }
    let next = executions[ahead.count]
    guard !next.isExecuting, next.executed == nil, ahead.count < Self.blocksAhead,
      ahead.reduce(0, { $0 + $1.block.block.transactions.count }) < Self.transactionsAhead
    else { return }
    executions[ahead.count].isExecuting = true
    let previous = ahead.last?.ready
    executing = Task.detached { [self] in
      await noteExecuted(next.number, executionThread.run { [ledger] in next.block.execute(on: ledger, after: previous) })
    }
  }

  private func noteExecuted(_ number: UInt64, _ result: Result<ExecutedBlock?, LedgerError>) {
    guard fault == nil, let place = executions.firstIndex(where: { $0.number == number }) else { return }
    executions[place].isExecuting = false
    executions[place].executed = result
    advanceExecutions()
  }

  /// Commits the first blocks: those that were executed, or the first one that was not, which says why.
  private func commit(_ first: Result<ExecutedBlock?, LedgerError>, _ blocks: [FinalBlock], _ executed: [ExecutedBlock]) {
    writing = Task.detached { [self] in
      let outcome = await commitThread.run { [self] in
        Result { () throws(LedgerError) in
          _ = try first.get()
          return try usingReserve { () throws(LedgerError) in
            try FinalBlock.commit(blocks, executed, on: ledger)
          } isFull: {
            $0 == .store(.diskFull)
          }
        }
      }
      await finish(blocks, outcome)
    }
  }

  private func finish(_ blocks: [FinalBlock], _ outcome: Result<[FinalBlock.Outcome], LedgerError>) {
    guard fault == nil else { return }
    executions.removeFirst(committing)
    committing = 0
    switch outcome {
    case .success(let done):
      core.schedule = ledger.head.schedule
      for (block, outcome) in zip(blocks, done) {
        queue.append(
          .executed(
            position: block.position, outcome.checkpoint, ids: outcome.receipts.map(\.transaction), seats: outcome.changedSeats))
        settle(outcome.receipts, at: block.block.header.height)
      }
    case .failure(let error):
      switch error {
      case .invalidBlock, .wrongHeight, .otherBlock:
        for block in blocks {
          logger.debug("skipped a block at \(block.position): \(error)")
          queue.append(.skipped(position: block.position, head: ledger.head.height))
        }
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

  /// It, if it was executed and waits for its commit.
  var ready: ExecutedBlock? {
    if case .success(let block) = executed { block } else { nil }
  }
  var isReady: Bool { ready != nil }
}
