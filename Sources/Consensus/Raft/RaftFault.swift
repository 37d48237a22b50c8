internal import ChainCore

/// Why a replica stopped. It sends and writes nothing more; its data is kept for examination.
@nonexhaustive
public enum RaftFault: Error, Hashable, Sendable {
  /// The configuration given at start cannot work. Correct the named limit.
  case badConfiguration(String)
  /// Hard state, log and applied index contradict each other. Restore this replica under a new key; do not cut the log.
  case storageCorrupt(String)
  /// The log reader failed or gave other entries than asked for. Repair the storage and restart.
  case storageUnreadable(LogIndex)
  /// The leader of `term` sent another entry at an index that is committed here. One of the two logs was damaged: compare them.
  case committedConflict(index: LogIndex, term: Term)
  /// Two replicas lead in one term: some replica voted twice. Find the one that lost its vote.
  case twoLeaders(term: Term)
  /// The leader counts entries as stored here that are not. This replica's disk forgot a write: give it a new key and an empty disk.
  case acknowledgedEntriesLost(LogIndex)
  /// An entry of the log is no well-formed configuration. The log was damaged, or written by a newer version.
  case badConfigurationEntry(LogIndex)
  /// The host reported a batch that was never issued. A bug of the host.
  case persistedUnknown(sequence: UInt64)
  /// The host reported as applied what it was not given. A bug of the host.
  case appliedUnknown(LogIndex)
  /// The host created or installed a snapshot that does not fit the log. A bug of the host.
  case badSnapshot(LogIndex)
  /// Terms or indexes are used up.
  case exhausted
}

extension RaftFault: CustomStringConvertible {
  /// The sentence for a person, with the remedy.
  public var description: String {
    switch self {
    case .badConfiguration(let what): "bad Raft configuration: \(what)"
    case .storageCorrupt(let what): "Raft storage is corrupt: \(what); rejoin this replica with a new key"
    case .storageUnreadable(let index): "Raft log cannot be read at \(index); repair the storage and restart"
    case .committedConflict(let index, let term): "leader of term \(term) contradicts committed entry \(index); compare the logs"
    case .twoLeaders(let term): "two leaders in term \(term): a replica voted twice"
    case .acknowledgedEntriesLost(let index): "acknowledged entries up to \(index) are missing here; rejoin with a new key"
    case .badConfigurationEntry(let index): "entry \(index) is no well-formed configuration"
    case .persistedUnknown(let sequence): "batch \(sequence) was reported persisted but never issued"
    case .appliedUnknown(let index): "entry \(index) was reported applied but never given out"
    case .badSnapshot(let index): "the snapshot at \(index) does not fit the log"
    case .exhausted: "terms or log indexes are used up"
    }
  }
}

/// Why a proposal was refused or lost. Unless it says otherwise, nothing of it will ever be applied.
@nonexhaustive
public enum ProposalDropReason: Hashable, Sendable {
  /// Ask the leader, if one is known.
  case notLeader(ReplicaID?)
  /// Leadership is being handed over. Try again, at the next leader.
  case transferring
  /// Another change is not complete. Try again when its last configuration is committed.
  case changeInProgress
  /// The leader's first entry is not committed yet. Try again soon.
  case termNotCommitted
  /// The wished membership is not well formed, joint, or the present one.
  case invalidChange
  /// This replica is to vote but lacks too much of the log, or is no learner yet. Add it as a learner, and wait.
  case learnerBehind(ReplicaID)
  /// Too many bytes wait to be committed. Try again when something has committed.
  case uncommittedLimit
  /// A payload is greater than `maxEntryBytes`. Split it.
  case entryTooLarge
  /// Other entries were committed from index `from` on, where this proposal was placed. Propose again.
  case overwritten(from: LogIndex)
  /// A snapshot replaced the log where it was placed. It may have been applied or not: look in the state.
  case coveredBySnapshot
  /// This replica has stopped.
  case halted
}
