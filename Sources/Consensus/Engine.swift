public import ChainCore

/// What orders a chain's blocks: a deterministic state machine that the same host code runs, whichever the genesis names.
///
/// Without clock, I/O or hidden randomness: same state and event give the same effects. The host carries out effects in their
/// order; a `persist` may run beside later effects, because an engine withholds what depends on it until `persisted`.
public protocol Engine: Sendable {
  /// Advances the engine by one event and appends what the host must do.
  mutating func step(_ event: EngineEvent, into effects: inout [EngineEffect])
  /// How it gets on, for people and metrics.
  var status: EngineStatus { get }
}

/// What happened outside an engine.
@nonexhaustive
public enum EngineEvent: Sendable {
  /// The host's clock shows this. Comes at least each 50 ms.
  case time(MonotonicInstant)
  /// A message came; the transport authenticated its sender.
  case received([UInt8], from: ReplicaID)
  /// The write of this sequence and all before it are durable.
  case persisted(sequence: UInt64)
  /// Whether this node's clock is far from those of its peers: then it should not set the time of blocks.
  case clock(isWrong: Bool)
  /// Transactions wait to be ordered.
  case workPending
  /// The answer to `build`: a block on the parent asked for, or `nil` if there is nothing to order.
  case built(BuildRequest, Block?)
  /// Executing this height changed who has a seat; comes before its `executed`.
  case seats(ValidatorSeats, after: BlockHeight)
  /// The decision at `position` is durable in the ledger, or was skipped as invalid; the ledger's head is now at `head`.
  case executed(position: UInt64, head: BlockHeight)
  /// The checkpoint of this height has its certificate here.
  case certified(BlockHeight)
  /// The answer to `validate`. A block that may yet become valid is answered later.
  case validated(id: UInt64, Bool)
  /// The answer to `sign`.
  case signed(VoteStatement, Signature)
  /// The answer to `verify`: one verdict a signature.
  case verified(id: UInt64, [Bool])
  /// The answer to `provide`: blocks of the ledger, highest first.
  case provided([Block], to: ReplicaID)
}

/// What the host must do for an engine.
@nonexhaustive
public enum EngineEffect: Sendable, Hashable {
  /// Write to the consensus store, in sequence, each atomically; then report `persisted`.
  case persist(EngineWrite)
  /// Send; may be lost.
  case send([UInt8], to: ReplicaID)
  /// Build a block; then report `built`.
  case build(BuildRequest)
  /// Check a block of another validator, without executing it; then report `validated`.
  case validate(ValidationRequest)
  /// Sign the digest of a vote with the validator's key; then report `signed`.
  case sign(VoteStatement, Digest)
  /// Check signatures; then report `verified`.
  case verify(id: UInt64, [SignatureCheck])
  /// A peer lacks this block and up to `count` - 1 before it: report them as `provided`, if the ledger has them. Height 0 if the
  /// peer does not know the height: it is one of the newest.
  case provide(BlockReference, count: Int, to: ReplicaID)
  /// A block far above the ledger's head is final, or (`nil`) others have been in a later epoch for some time: catch up by state sync.
  case behind(BlockID?)
  /// A validator signed a contradiction.
  case evidence(EquivocationEvidence)
  /// A peer did what no honest one does.
  case misbehaved(ReplicaID, Misbehaviour)
  /// This block is final at this position: commit it to the ledger if it is valid there, else skip it; then report `executed`.
  case decided(position: UInt64, Block)
  /// The engine wants to be told the time at this instant, if nothing else happens before.
  case wake(at: MonotonicInstant)
  /// Who leads now, if known.
  case leader(ReplicaID?)
  /// The engine stopped; keep the data.
  case fault(EngineFault)
}

/// A signature to check.
public struct SignatureCheck: Sendable, Hashable {
  /// Whose it should be.
  public let key: PublicKey
  /// What is signed.
  public let digest: Digest
  /// The signature.
  public let signature: Signature

  /// Puts the parts together.
  public init(key: PublicKey, digest: Digest, signature: Signature) {
    self.key = key
    self.digest = digest
    self.signature = signature
  }

  /// Whether it is valid.
  public var isValid: Bool { key.verify(signature, of: digest) }
}

/// A block to check before voting for it.
public struct ValidationRequest: Sendable, Hashable {
  /// Tells requests apart.
  public let id: UInt64
  /// The block.
  public let block: Block
  /// Blocks above the ledger's head that it stands on, oldest first; not executed yet.
  public let ancestors: [Block]

  /// Puts the parts together.
  public init(id: UInt64, block: Block, ancestors: [Block]) {
    self.id = id
    self.block = block
    self.ancestors = ancestors
  }
}

/// A wish for a block on the ledger's head, or on blocks above it that are not executed yet.
public struct BuildRequest: Sendable, Hashable {
  /// Tells requests apart.
  public let id: UInt64
  /// The height of the block to build on.
  public let parent: BlockHeight
  /// Blocks between the ledger's head (exclusive) and the parent (inclusive), oldest first.
  public let ancestors: [Block]
  /// Whether a block without transactions is wanted too, because the chain was idle.
  public let allowsEmpty: Bool
  /// With fewer transactions no block is wanted yet: there will be another request.
  public let least: Int

  /// As many transactions are always worth a block on one that is not executed: each block changes the top of the state tree.
  static let leastOnOpenBlock = 2_000

  /// A request with these values.
  public init(id: UInt64, parent: BlockHeight, ancestors: [Block] = [], allowsEmpty: Bool, least: Int = 1) {
    self.id = id
    self.parent = parent
    self.ancestors = ancestors
    self.allowsEmpty = allowsEmpty
    self.least = least
  }
}

/// One atomic write to an engine's store.
public struct EngineWrite: Sendable, Hashable {
  /// One change.
  @nonexhaustive
  public enum Operation: Sendable, Hashable {
    /// Sets a value.
    case put(StoreTable, key: [UInt8], value: [UInt8])
    /// Removes all keys of the table from this one on.
    case removeFrom(StoreTable, key: [UInt8])
    /// Removes all keys of the table from `from` on and below `to`.
    case removeRange(StoreTable, from: [UInt8], to: [UInt8])
  }

  /// Its number, from 1 in each process life.
  public let sequence: UInt64
  /// The changes, in order.
  public let operations: [Operation]

  /// A write with these values.
  public init(sequence: UInt64, operations: [Operation]) {
    self.sequence = sequence
    self.operations = operations
  }

  /// Makes the changes in an open transaction.
  public func apply(to writer: any KeyValueWriter) throws(StoreError) {
    for operation in operations {
      switch operation {
      case .put(let table, let key, let value): try writer.put(table, key, value)
      case .removeFrom(let table, let key): try Self.remove(table, from: key, to: nil, in: writer)
      case .removeRange(let table, let from, let to): try Self.remove(table, from: from, to: to, in: writer)
      }
    }
  }

  private static func remove(
    _ table: StoreTable, from: [UInt8], to: [UInt8]?, in writer: any KeyValueWriter
  ) throws(StoreError) {
    var keys: [[UInt8]] = []
    try writer.scan(table, from: from, to: to, reverse: false) { key, _ in
      keys.append(key)
      return true
    }
    for key in keys { try writer.remove(table, key) }
  }
}

/// Why an engine stopped. It votes and proposes no more; its data are kept.
@nonexhaustive
public enum EngineFault: Error, Sendable, Hashable {
  /// The Raft replica found an inconsistency.
  case raft(RaftFault)
  /// The Simplex replica found an inconsistency.
  case simplex(SimplexFault)
  /// The votes of this validator are not where they should be: it might vote twice.
  case journalMissing
  /// A quorum certified another state than this node has at this height: its disk, memory or software is wrong.
  case diverged(BlockHeight)
  /// The consensus store failed.
  case store(StoreError)
}

extension EngineFault: CustomStringConvertible {
  /// The sentence for a person, with what to do.
  public var description: String {
    switch self {
    case .raft(let fault): "consensus stopped: \(fault)"
    case .simplex(let fault): "consensus stopped: \(fault)"
    case .journalMissing:
      "the consensus store holds no votes of this validator: if its key never voted on this chain, say so by `firstEpoch`; "
        + "else bring the store back, or rotate the key by governance"
    case .diverged(let height):
      "this node's state at height \(height) is not what a quorum certified: stop it, keep its data, and restore it from another node"
    case .store(let error): "consensus store: \(error)"
    }
  }
}

/// How an engine gets on.
public struct EngineStatus: Sendable, Hashable {
  /// This replica.
  public var id: ReplicaID
  /// Who leads, if known.
  public var leader: ReplicaID?
  /// The term or view.
  public var round: UInt64
  /// The last position known to be final.
  public var decided: UInt64
  /// Why it stopped, if it did.
  public var fault: EngineFault?

  /// A status with these values.
  public init(id: ReplicaID, leader: ReplicaID?, round: UInt64, decided: UInt64, fault: EngineFault?) {
    self.id = id
    self.leader = leader
    self.round = round
    self.decided = decided
    self.fault = fault
  }
}

extension Validator {
  /// The replica that this validator runs: the account of its key.
  public func replica(suite: CryptoSuite) -> ReplicaID { ReplicaID(suite.accountID(of: key)) }
}
