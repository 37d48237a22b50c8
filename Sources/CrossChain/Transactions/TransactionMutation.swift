#if DEBUG
  /// A defect that tests plant in the coordinator of transactions, to show that walking through all orders finds it. Debug builds only.
  package enum TransactionMutation: String, Sendable, CaseIterable {
    /// A transaction commits by the first vote.
    case commitByOneVote
    /// A vote counts after the deadline.
    case voteAfterDeadline
    /// A decision can be changed.
    case secondDecision
    /// Anybody may abort before the deadline.
    case earlyFinish

    /// The defect of this task, if one is planted.
    @TaskLocal package static var planted: TransactionMutation?

    /// Whether this defect is planted.
    var isPlanted: Bool { Self.planted == self }
  }
#endif
