public import ChainCore

/// A block by height and id.
public struct BlockReference: CanonicalRecord, Hashable {
  /// Its height.
  public var height: BlockHeight
  /// Its id.
  public var id: BlockID

  /// Puts the fields together.
  public init(height: BlockHeight, id: BlockID) {
    self.height = height
    self.id = id
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.id)
}

/// What a validator of one epoch needs to know.
public struct SimplexConfiguration: Sendable {
  /// This replica; who is no member of the set follows without voting.
  public var id: ReplicaID
  /// The chain.
  public var genesis: GenesisID
  /// Its suite.
  public var suite: CryptoSuite
  /// The epoch.
  public var epoch: Epoch
  /// Who votes in it; their rule must be more than two thirds.
  public var validators: ValidatorSet
  /// The last block of the epoch before, or the genesis block: view 0.
  public var root: BlockReference
  /// The height of the epoch's last block.
  public var lastHeight: BlockHeight
  /// Whether this replica may vote: not if its journal is lost, or came from a backup.
  public var mayVote = true
  /// D: covers one hop and the building or checking of a block, in milliseconds.
  public var delayMs: UInt64 = 500
  /// The greatest value that D grows to while nothing is final.
  public var delayLimitMs: UInt64 = 60_000
  /// After so many views without finality D grows.
  public var patienceViews: UInt64 = 4
  /// An idle chain makes a block after so many milliseconds.
  public var idleIntervalMs: UInt64 = 10_000
  /// Votes are kept for so many views below the finalized one, as evidence.
  public var viewRetention: UInt64 = 256
  /// Votes are taken for so many views above the current one.
  public var viewsAhead: UInt64 = 4
  /// A leader that was not heard for so many views, while a quorum was, is not waited for.
  public var skipViews: UInt64 = 16
  /// How many blocks are fetched backwards from a final one; a replica further behind asks its host to catch up.
  public var backfillLimit = 1_024
  #if DEBUG
    /// A defect planted by tests.
    package var mutation: SimplexMutation?
  #endif

  /// A validator of `epoch` with the default timing.
  public init(
    id: ReplicaID, genesis: GenesisID, suite: CryptoSuite, epoch: Epoch, validators: ValidatorSet, root: BlockReference,
    lastHeight: BlockHeight
  ) {
    self.id = id
    self.genesis = genesis
    self.suite = suite
    self.epoch = epoch
    self.validators = validators
    self.root = root
    self.lastHeight = lastHeight
  }

  func check() throws(SimplexFault) {
    guard validators.rule == .moreThanTwoThirds else {
      throw .badConfiguration("Simplex needs a validator set whose rule is more than two thirds")
    }
    guard delayMs >= 1, delayLimitMs >= delayMs, delayLimitMs <= 1 << 32, idleIntervalMs <= 1 << 32 else {
      throw .badConfiguration("1 <= delayMs <= delayLimitMs <= 2^32 is required")
    }
    guard viewRetention >= 1, viewsAhead >= 1, skipViews >= 1, patienceViews >= 1, backfillLimit >= 1 else {
      throw .badConfiguration("limits must be positive")
    }
    guard lastHeight > root.height else { throw .badConfiguration("an epoch has at least one block") }
  }
}

/// What a replica finds on its disk at start.
public struct SimplexRestoredState: Sendable {
  /// The journal's records, in the order of writing.
  public var records: [SimplexRecord]
  /// The last block that the ledger holds.
  public var ledger: BlockReference
  /// The view that the ledger's last block is known final by; 0 if it is the epoch's root.
  public var ledgerView: View

  /// Puts the parts together.
  public init(records: [SimplexRecord], ledger: BlockReference, ledgerView: View) {
    self.records = records
    self.ledger = ledger
    self.ledgerView = ledgerView
  }
}

/// One record of a replica's journal.
public enum SimplexRecord: Sendable, Hashable {
  /// A block that this replica is about to vote for. Before its vote, in the same batch.
  case block(Block)
  /// An own vote. It leaves only when it is durable.
  case vote(VoteStatement, Signature)
  /// A certificate, from whoever it came.
  case certificate(QuorumCertificate)
}

/// Records to write as one batch.
public struct SimplexBatch: Sendable, Hashable {
  /// Its number, from 1 in each process life.
  public let sequence: UInt64
  /// What to append, in order.
  public let records: [SimplexRecord]
  /// Whether somebody waits for it: without, it may become durable with the next batch.
  public let mustSync: Bool
  /// The ledger holds what was final up to this view: votes, certificates and blocks up to it are needed no more, but for its
  /// finalization.
  public let floor: View
}

/// Why a replica stopped. Its data are kept.
@nonexhaustive
public enum SimplexFault: Error, Sendable, Hashable {
  /// The configuration cannot work.
  case badConfiguration(String)
  /// The journal contradicts itself or the ledger.
  case journalCorrupt(String)
  /// Two quorums made different blocks final: more than a third of the weight lied. Both certificates are kept as evidence.
  case conflictingFinalization(QuorumCertificate, QuorumCertificate)
}

extension SimplexFault: CustomStringConvertible {
  /// The sentence for a person, with what to do.
  public var description: String {
    switch self {
    case .badConfiguration(let reason): reason
    case .journalCorrupt(let reason):
      "the vote journal is corrupt (\(reason)): this key must vote no more; rotate it by governance, and keep the files"
    case .conflictingFinalization(let first, let second):
      "views \(first.statement.view) and \(second.statement.view) finalized different blocks: over a third of the validators lied; keep the data"
    }
  }
}

/// Why a message was dropped.
@nonexhaustive
public enum SimplexRefusal: UInt8, Sendable, Hashable, CaseIterable {
  /// The sender is no validator.
  case stranger
  /// It is of another chain.
  case otherChain
  /// It is of another epoch.
  case otherEpoch
  /// Its view is below what is kept, or too far above.
  case viewOutOfRange
  /// A proposal from somebody other than the view's leader.
  case notLeader
  /// A block is not what the proposal or request names.
  case wrongBlock
  /// A certificate's bitmap, count or weight is wrong.
  case malformedCertificate
  /// The sender has too many certificates waiting to be verified.
  case certificateFlood
  /// The sender asks for more than it may.
  case fetchFlood
  /// A second contradiction of one validator in one view.
  case surplusVote
  /// Nobody asked for it.
  case unasked
}

/// What a peer did that no honest one does.
@nonexhaustive
public enum Misbehaviour: UInt8, Sendable, Hashable, CaseIterable {
  /// A vote whose signature is not valid.
  case badSignature
  /// A certificate with a signature that is not valid: the connection should end.
  case falseCertificate
  /// A proposal whose block is not what it names, or that cannot stand where it says.
  case invalidProposal
}
