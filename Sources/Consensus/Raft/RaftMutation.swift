#if DEBUG
  /// A defect that tests plant in a replica, to show that the simulator finds it. Debug builds only.
  package enum RaftMutation: String, Sendable, CaseIterable {
    /// A vote is answered before it is on disk.
    case voteBeforeDurable
    /// Votes are asked for before the own vote is on disk.
    case candidacyBeforeDurable
    /// A restart forgets the vote.
    case forgottenVote
    /// A replica votes again in a term in which it voted.
    case twoVotes
    /// A vote is given to a log that lacks entries.
    case noUpToDateCheck
    /// An entry of an older term is committed by counting (thesis Figure 3.7).
    case oldTermByCount
    /// A leader counts itself before its own disk holds the entry.
    case selfBeforeDurable
    /// An answer to an older leader's entries counts for this leader.
    case staleAccept
    /// Entries are accepted without looking at what stands before them.
    case noPreviousCheck
    /// A message shorter than the log cuts the log.
    case truncationOnMatch
    /// Entries are acknowledged before they are on disk.
    case acceptBeforeDurable
    /// A finished write counts although a pending one changes the same entries.
    case durableByIndex
    /// What was durable stays so when it is truncated.
    case durableSurvivesTruncation
    /// Leaders tell their commit index to all, and a follower commits up to its own last entry (`raft.md`, scenario 13).
    case commitToLast
    /// A leader tells its commit index to who may not have the entries.
    case unmatchedCommit
    /// Entries are applied before they are on this disk.
    case applyBeforeDurable
    /// A proposal is reported as lost when it is truncated here, though others may still commit it.
    case overwrittenOnTruncation
    /// A leader does not learn that what it sent was lost.
    case noResume
    /// All election timeouts are the same.
    case lockstep
    /// Who lives in an older term gets no answer.
    case silentRefusal
    /// A leader answers reads without asking whether it still leads.
    case readWithoutQuorum
    /// A change begins while another is not committed.
    case twoChanges
    /// A snapshot is installed although what it holds is committed here.
    case olderSnapshot
    /// In a joint configuration the new voters alone decide.
    case jointByNewOnly
  }

  extension RaftNode {
    func has(_ mutation: RaftMutation) -> Bool { configuration.mutation == mutation }

    /// Whether a planted defect lets this message out too early.
    func leaksEarly(_ body: RaftMessage.Body) -> Bool {
      switch body {
      case .voteResponse: has(.voteBeforeDurable)
      case .requestVote: has(.candidacyBeforeDurable)
      case .appendAccepted: has(.acceptBeforeDurable)
      default: false
      }
    }
  }
#endif
