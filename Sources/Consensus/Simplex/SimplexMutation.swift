#if DEBUG
  /// A defect that tests plant in a replica, to show that the simulator finds it. Debug builds only.
  package enum SimplexMutation: String, Sendable, CaseIterable {
    /// A vote leaves before it is on disk.
    case voteBeforeDurable
    /// The block of a notarize vote is not written.
    case blockNotJournalled
    /// A restart forgets all votes.
    case forgetsVotes
    /// A restart forgets nullify votes.
    case forgetsNullify
    /// A block is finalized in a view that one voted to leave.
    case finalizeAfterNullify
    /// The own proposal is finalized, whatever was notarized.
    case finalizesOwn
    /// Views between parent and proposal need not be nullified.
    case uncheckedGap
    /// A quorum is two thirds, or half of few.
    case smallQuorum
    /// One member's vote counts twice.
    case countsOneTwice
    /// Certificates of another epoch are taken.
    case foreignEpoch
    /// Count and weight of certificates are not checked.
    case looseCertificates
    /// Certificates are not written.
    case certificatesNotJournalled
    /// A nullification of a view that was left is thrown away.
    case dropsOldNullification
    /// D does not grow.
    case timersNeverGrow
    /// D stays large after finality.
    case delayNeverResets
    /// Two signatures of one statement are called an equivocation.
    case evidenceBySignature
  }

  extension SimplexNode {
    func has(_ mutation: SimplexMutation) -> Bool { configuration.mutation == mutation }
  }
#endif
