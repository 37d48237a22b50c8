public import ChainCore

/// Arguments of a participant's entry `prepare`: what travels to it.
public struct PrepareCall: CanonicalRecord, Codable, Hashable {
  /// Who takes part, and until when.
  public var plan: TransactionPlan
  /// What this participant shall do, in its contract's own form.
  public var step: [UInt8]

  /// Puts the parts together.
  public init(plan: TransactionPlan, step: [UInt8]) {
    self.plan = plan
    self.step = step
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.plan, \.step)
}

/// A step that a contract prepared and keeps until the relay has decided.
public struct PreparedStep: CanonicalRecord, Codable, Hashable {
  /// The transaction.
  public var plan: TransactionPlan
  /// What to do on commit, in the contract's own form.
  public var step: [UInt8]
  /// What it locked.
  public var locks: [String]

  /// Puts the parts together.
  public init(plan: TransactionPlan, step: [UInt8], locks: [String]) {
    self.plan = plan
    self.step = step
    self.locks = locks
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.plan, \.step, \.locks)
}

/// A decision of the relay with its proof: arguments of a participant's entry that carries it out.
public struct ProvenDecision: CanonicalRecord, Codable, Hashable {
  /// The relay's height, which the chain's client trusts.
  public var height: BlockHeight
  /// The relay's record of the transaction.
  public var record: RecordProof

  /// Puts the parts together; nothing is checked.
  public init(height: BlockHeight, record: RecordProof) {
    self.height = height
    self.record = record
  }

  /// Proves the decision on transaction `id` to contracts on the chain of `verifier`.
  /// - Throws: `RemoteProofBuildError`.
  public init(of id: Digest, on relay: Ledger, for verifier: Ledger) throws(RemoteProofBuildError) {
    let trusted = try RemoteProof.knownHeight(of: relay.genesis.chain, at: verifier.head.height, verifier)
    do throws(LedgerError) {
      self.init(height: trusted, record: try relay.proveRecord(CrossChainState.transactionKey(id), at: trusted))
    } catch {
      throw .ledger(error)
    }
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.record)
}

/// The participant's side of a two-phase commit, as a building block of a contract: locks, prepared steps, and the relay's decision.
///
/// The contract's entries: one that starts (`begin`), `prepare` for others' packets, and one that carries decisions out (`decide`). Whoever
/// touches a locked name otherwise gets `locked`, at once: nobody waits for a lock, so there is no deadlock. Who voted yes waits for the relay.
public struct TransactionParticipant: Sendable {
  /// The greatest number of names that one step locks.
  public static let lockLimit = 32

  private let locks: Table<String, Digest>
  private let prepared: Table<Digest, PreparedStep>

  /// Tables `<prefix>-locks` and `<prefix>-prepared` of the contract that uses the block.
  public init(locks: TableName = "tx-locks", prepared: TableName = "tx-prepared") {
    self.locks = Table(locks)
    self.prepared = Table(prepared)
  }

  /// Starts a transaction: locks this chain's part and asks the others to prepare theirs.
  ///
  /// - Parameters:
  ///   - plan: This chain is its initiator, this contract its port.
  ///   - own: What this chain shall do on commit.
  ///   - names: What it locks meanwhile.
  ///   - steps: What each participant shall do, in the order of the plan's participants.
  /// - Returns: The id; begin it on the relay with `xc.begin(plan)`.
  public func begin(
    _ plan: TransactionPlan, own: [UInt8], locking names: [String], asking steps: [[UInt8]], _ context: ContractContext
  ) throws(ContractError) -> Digest {
    try plan.validate()
    guard plan.initiator == context.chain, plan.port == context.contract else {
      throw .badArgument("plan: initiator and port are this chain's")
    }
    guard steps.count == plan.participants.count else { throw .badArgument("steps: one for each participant") }
    let id = try keep(plan, own, names, context)
    for (chain, step) in zip(plan.participants, steps) {
      _ = try context.send(
        OutgoingPacket(
          to: chain, port: context.contract, call: TransactionCoordinator.prepare,
          payload: PrepareCall(plan: plan, step: step).canonicalBytes, timeout: PacketTimeout(relayTimeMs: plan.deadline.rawValue),
          requestID: id))
    }
    return id
  }

  /// Prepares what a packet asks for: locks, and keeps the step. Throwing anything is a no.
  public func prepare(_ call: PrepareCall, locking names: [String], _ context: ContractContext) throws(ContractError) {
    try call.plan.validate()
    guard case .remote(let chain, let port) = context.caller.origin, chain == call.plan.initiator, port == call.plan.port else {
      throw .notAuthorised("a transaction is prepared by a packet of its initiator")
    }
    guard call.plan.participants.contains(context.chain) else { throw .badArgument("plan: this chain takes no part") }
    let view: RelayView = try context.query(CrossChainState.contract, "view", NoResult())
    guard view.time <= call.plan.deadline else { throw .expired }
    _ = try keep(call.plan, call.step, names, context)
  }

  private func keep(
    _ plan: TransactionPlan, _ step: [UInt8], _ names: [String], _ context: ContractContext
  ) throws(ContractError) -> Digest {
    guard names.count <= Self.lockLimit else { throw .badArgument("locks: at most \(Self.lockLimit)") }
    let network: NetworkRecord = try context.query(CrossChainState.contract, "network", NoResult())
    let id = plan.id(network.hash)
    guard try context.get(prepared, id) == nil else { throw .alreadyExists }
    for name in names {
      try requireFree(name, context)
      try context.put(locks, name, id)
    }
    try context.put(prepared, id, PreparedStep(plan: plan, step: step, locks: names))
    return id
  }

  /// Throws `.locked` with the transaction's id if a running transaction holds `name`: for every entry that changes what it stands for.
  public func requireFree(_ name: String, _ context: QueryContext) throws(ContractError) {
    #if DEBUG
      if RelayMutation.lockIgnored.isPlanted { return }
    #endif
    if let id = try context.get(locks, name) { throw .locked(by: "\(id)") }
  }

  /// The step that waits for a decision, if any.
  public func step(_ id: Digest, _ context: QueryContext) throws(ContractError) -> PreparedStep? { try context.get(prepared, id) }

  /// Verifies the relay's decision, releases the locks, and says what to do. Anybody may hand it in; it works once.
  /// - Throws: `.notFound` if nothing is prepared under the id, `.badArgument` if the proof does not hold or nothing is decided yet.
  public func decide(
    _ proven: ProvenDecision, _ context: ContractContext
  ) throws(ContractError) -> (step: PreparedStep, decision: TransactionDecision) {
    let _: RelayView = try context.query(CrossChainState.contract, "verifyRelay", proven)
    guard let bytes = proven.record.value, let record = try? TransactionRecord(canonicalBytes: bytes) else {
      throw .badArgument("decision: the relay has none")
    }
    let network: NetworkRecord = try context.query(CrossChainState.contract, "network", NoResult())
    let id = record.plan.id(network.hash)
    guard proven.record.key == CrossChainState.transactionKey(id).bytes else { throw .badArgument("decision: it is about another record") }
    guard let decision = record.decision else { throw .badArgument("decision: there is none yet") }
    let step = try context.require(prepared, id)
    #if DEBUG
      if RelayMutation.stepKept.isPlanted { return (step, decision) }
      if RelayMutation.lockKept.isPlanted {
        try context.remove(prepared, id)
        return (step, decision)
      }
    #endif
    for name in step.locks { try context.remove(locks, name) }
    try context.remove(prepared, id)
    return (step, decision)
  }
}
