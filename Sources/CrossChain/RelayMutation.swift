#if DEBUG
  internal import ChainCore

  /// A defect that tests plant in the light clients, the relay and the packet handlers, to show that the simulator finds it. Debug
  /// builds only.
  package enum RelayMutation: String, Sendable, CaseIterable {
    /// A client takes another checkpoint at a height that it trusts.
    case trustingAnotherRoot
    /// A client does not look at signatures.
    case noSignatureCheck
    /// A client takes a header that is not that of the certified block.
    case noHeaderCheck
    /// A client follows to any set that a step carries.
    case noHandoverCheck
    /// Evidence counts whoever signed it.
    case evidenceWithoutSignatures
    /// Two certificates of different heights count as evidence.
    case evidenceOfNothing
    /// A frozen client proves on.
    case frozenIsUsed
    /// A lower height is believed without its history.
    case backfillWithoutHistory
    /// The relay commits to a packet that its source did not prove.
    case relayWithoutProof
    /// The relay commits to a packet that it had ended.
    case relayAfterEnd
    /// A packet is received without the relay's commitment.
    case receiveWithoutProof
    /// A packet is received though its receipt is there.
    case doubleReceive
    /// A packet is received after its timeout.
    case lateReceive
    /// The payload is not compared with the header.
    case noPayloadCheck
    /// The receipt's key lacks the source chain.
    case receiptWithoutSource
    /// A failed call leaves its answer as a success.
    case failureAsSuccess
    /// The relay takes an answer without proof.
    case answerWithoutProof
    /// The relay takes a timeout without the receipt's absence.
    case timeoutWithoutAbsence
    /// The relay takes a timeout whose time has not come at the destination.
    case earlyTimeout
    /// The relay does not ask for proof of the destination's clock.
    case clockWithoutProof
    /// A destination's clock stands still.
    case stoppedClock
    /// A packet ends by its absence on the relay before its time.
    case refundWithoutTimeout
    /// A packet ends by its absence though the relay had it.
    case refundOfRelayed
    /// A packet's recorded end is not proven.
    case settleWithoutProof
    /// A settled packet stays pending.
    case pendingForever
    /// A lane counts settled packets as under way.
    case laneNeverFree
    /// A relayer proves at the newest height only, though a chain's clock leads.
    case newestOnly
    /// A relayer does not move a destination's clock for a timeout.
    case clockNotMoved
    /// The relay takes a packet anew that it forgot.
    case forgottenIsRelayed
    /// The destination takes a packet anew that it forgot.
    case forgottenIsNew
    /// The relay forgets what its source did not prove settled.
    case pruneUnsettled
    /// The destination forgets what the relay did not prove forgotten.
    case pruneRemembered
    /// A relayer lets nobody forget.
    case neverForgets
    /// A mark moves, and the records below it stay.
    case markWithoutPruning
    /// An ordered lane takes packets as they come.
    case anyOrder
    /// A late packet of an ordered lane leaves no trace.
    case expiredWithoutTrace
    /// A packet of an ordered lane ends by its absence on the relay.
    case orderedEndsByAbsence
    /// A packet of an ordered lane times out by its absence at the destination.
    case orderedTimeoutByAbsence
    /// A destination passes over packets whose end is not proven.
    case skipWithoutProof
    /// A packet can be answered again.
    case answeredTwice
    /// A route lets more pass than its rate.
    case rateNotKept
    /// The relay does not ask whether all validators on the way are fit for a class above ordinary.
    case classNotKept
    /// A participant carries out a decision that the relay is not shown to have made.
    case decisionWithoutProof
    /// A participant keeps what it prepared after the decision.
    case stepKept
    /// A participant keeps its locks after the decision.
    case lockKept
    /// What a transaction locked may be touched.
    case lockIgnored
    /// A saga that fails leaves what it had done.
    case sagaNotUndone
    /// A client stays with validators that handed over to others.
    case retiredSetKept

    /// The defect of this task, if one is planted.
    @TaskLocal package static var planted: RelayMutation?

    /// Those that a world of docked relays has to find: the ends that it copies, and what is left of packets on their way.
    package static let ofDocking: [RelayMutation] = [
      .settleWithoutProof, .markWithoutPruning, .failureAsSuccess,
    ]

    /// Whether only a relay whose validators change shows it.
    package var needsHandovers: Bool { self == .retiredSetKept }

    /// Whether this defect is planted.
    var isPlanted: Bool { Self.planted == self }

    /// Whether a proof that `key` has a value is taken unseen.
    func forgetsPresence(of key: StateKey) -> Bool {
      let tables: [(RelayMutation, TableName)] = [
        (.relayWithoutProof, CrossChainState.pending.name), (.receiveWithoutProof, CrossChainState.relayed.name),
        (.answerWithoutProof, CrossChainState.acks.name), (.clockWithoutProof, CrossChainState.view.name),
        (.settleWithoutProof, CrossChainState.outcomes.name), (.pruneUnsettled, CrossChainState.laneOut.name),
        (.pruneRemembered, CrossChainState.relayLanes.name),
      ]
      return tables.contains { $0.0 == self && Self.isIn($0.1, key) }
    }

    /// Whether a proof that `key` has no value is taken unseen.
    func forgetsAbsence(of key: StateKey) -> Bool {
      (self == .timeoutWithoutAbsence && Self.isIn(CrossChainState.receipts.name, key))
        || (self == .refundOfRelayed && Self.isIn(CrossChainState.relayed.name, key))
    }

    private static func isIn(_ table: TableName, _ key: StateKey) -> Bool {
      key.bytes.starts(with: StateKey.prefix(contract: CrossChainState.contract, table: table))
    }
  }
#endif
