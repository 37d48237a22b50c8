public import ChainCore

// Clients' transactions: checked beside the actor, taken by it in batches.

extension Node {
  /// Takes a transaction for ordering and sends it to the validators.
  /// - Throws: `NodeError.refused` with the reason, `.stopped`, `.engine`.
  @discardableResult
  public nonisolated func submit(_ signed: SignedTransaction) async throws(NodeError) -> TransactionID {
    try await withCheckedContinuation { continuation in
      take(signed, .id(continuation))
    }.get()
  }

  /// Takes a transaction for ordering, and waits until it is in a block here: `submit` and `receipt(of:)` in one.
  /// - Throws: `NodeError.refused` with the reason, `.expired`, `.stopped`, `.engine`.
  public nonisolated func receipt(for signed: SignedTransaction) async throws -> Receipt {
    try await withCheckedThrowingContinuation { take(signed, .receipt($0)) }
  }

  private nonisolated func take(_ signed: SignedTransaction, _ answer: Intake.Answer) {
    if intake.take([Intake.Arrival(signed: signed, answer: answer)], for: self) == 0 {
      answer.fail(.refused(.busy(waiting: Intake.waitingLimit, bytes: 0)))
    }
  }
}
