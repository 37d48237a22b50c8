#if DEBUG
  /// A defect that tests plant in a ledger or in what it stands on, to show that the simulator finds it. Debug builds only.
  package enum LedgerMutation: String, Sendable, CaseIterable {
    /// Index entries are written in another storage transaction than their block.
    case indexOutsideTransaction
    /// The record of the head is written in another storage transaction than its block.
    case headOutsideTransaction
    /// The head moves on before its block is written.
    case headBeforeWrite
    /// Certificates that wait for the next commit are given up before it is done.
    case certificatesTakenEarly
    /// What a failed call wrote stays.
    case leakingFailedCall
    /// What a new version replaces is removed, although older heights are still read and proven.
    case prunedVersionInUse
    /// Reads of older heights give the newest value.
    case newestForOld
    /// A restart forgets which transactions are in the chain.
    case forgottenWindow
    /// A transaction may stand twice in a block.
    case twiceInBlock
    /// A receipt has its events in the order of a dictionary.
    case hashOrderEvents
    /// A transaction is reported as committed before it is on disk.
    case answerBeforeSync
    /// A commit whose sync failed counts as done.
    case ignoredFailedSync
    /// After a failed sync the store goes on.
    case usedAfterFailedSync
    /// Records are not checked when read.
    case uncheckedRecord
    /// A query that could not read the state is reported as refused by the contract.
    case faultAsRefusal
    /// What is hashed and signed does not say what type it is of.
    case noDomainTag
    /// What is hashed and signed does not say what chain it is for.
    case noGenesis
    /// The signatures of a block are not checked.
    case noSignatureCheck
    /// Decoders accept bytes after the end.
    case trailingBytes
    /// A transaction may stand in a block after its last height.
    case noExpiry
    /// A transaction may be valid for one height more than the window.
    case windowTooWide
    /// A transaction's place is that of its neighbour.
    case receiptOfAnother
    /// A range goes through the changes of its block in the wrong order.
    case turnedRanges
    /// Index entries of what is gone stay.
    case indexNotRemoved
    /// The last change of a block is not in the state tree.
    case changeOutsideTree
    /// The signatures of a certificate are not checked.
    case uncheckedCertificate
    /// A certificate of another state than one's own is taken.
    case divergenceIgnored
    /// Indexes are not rebuilt when a snapshot is imported.
    case importWithoutIndex
    /// The ids of the window are not imported with a snapshot.
    case importWithoutWindow
    /// Pruning removes nodes that the oldest kept version uses still.
    case prunedNodeInUse
    /// Pruning forgets to remove nodes.
    case pruningForgetsNodes
    /// Pruning forgets that removed records were there.
    case pruningForgetsTombstones
    /// Pruning does not say what can be read no longer.
    case pruningUnmarked
    /// Pruning removes states that somebody holds.
    case pruningIgnoresHolds
    /// Pruning removes blocks of the replay window.
    case prunedWindow

    /// The defect of the current task.
    @TaskLocal package static var planted: LedgerMutation?
  }
#endif
