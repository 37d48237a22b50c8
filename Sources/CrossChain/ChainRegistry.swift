public import ChainCore

/// Arguments of `xc.updateClient`.
public struct UpdateClient: CanonicalRecord, Codable, Hashable {
  /// The chain whose client moves.
  public var chain: ChainID
  /// What moves it.
  public var update: ClientUpdate

  /// Puts the parts together.
  public init(chain: ChainID, update: ClientUpdate) {
    self.chain = chain
    self.update = update
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.update)
}

/// Arguments of `xc.backfill`.
public struct BackfillClient: CanonicalRecord, Codable, Hashable {
  /// The chain whose client learns a lower height.
  public var chain: ChainID
  /// The height and its proof.
  public var backfill: Backfill

  /// Puts the parts together.
  public init(chain: ChainID, backfill: Backfill) {
    self.chain = chain
    self.backfill = backfill
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.backfill)
}

/// Arguments of `xc.reportMisbehaviour`: two certificates of one height. Other misbehaviour shows in an update.
public struct ReportMisbehaviour: CanonicalRecord, Codable, Hashable {
  /// The chain that misbehaved.
  public var chain: ChainID
  /// One certificate.
  public var first: CheckpointCertificate
  /// One of the same height with another checkpoint.
  public var second: CheckpointCertificate
  /// The set that signed both.
  public var signers: ValidatorSet
  /// A trusted height whose checkpoint names that set.
  public var named: BlockHeight

  /// Puts the parts together.
  public init(
    chain: ChainID, first: CheckpointCertificate, second: CheckpointCertificate, signers: ValidatorSet, named: BlockHeight
  ) {
    self.chain = chain
    self.first = first
    self.second = second
    self.signers = signers
    self.named = named
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.first, \.second, \.signers, \.named)
}

/// What an update of a client did. Frozen is no failure: the evidence has to stay.
public enum ClientChange: UInt8, CanonicalEnum, Hashable, Codable {
  /// It was known already.
  case known = 0
  /// The client moved on.
  case advanced = 1
  /// The client is frozen now.
  case frozen = 2
}

/// The clients in a chain's state, as both forms of `xc` keep them.
enum ChainRegistry {
  /// Steps that one signature check is charged.
  static let signatureSteps: UInt64 = 200

  /// Opens the client of a registered chain.
  static func open(_ registration: ChainRegistration, _ context: ContractContext) throws(ContractError) {
    do throws(RegistrationError) {
      try registration.validate()
    } catch {
      throw .badArgument("registration: \(error)")
    }
    guard registration.chain != context.chain else { throw .badArgument("registration: a chain is no client of itself") }
    guard try context.get(CrossChainState.clients, registration.chain) == nil else { throw .alreadyExists }
    try ForeignRegistry.requireFree(registration.chain, context)
    let client = ClientRecord(registration)
    try context.put(CrossChainState.clients, registration.chain, client)
    try store(client.latest, context)
    try context.emit("xc.clientOpened", registration.fingerprint)
  }

  /// Moves a client on.
  static func update(_ call: UpdateClient, _ context: ContractContext) throws(ContractError) -> ClientChange {
    let client = try context.require(CrossChainState.clients, call.chain)
    let signatures = call.update.steps.reduce(UInt64(0)) { $0 + UInt64($1.block.certificate.signatures.count) }
    try context.charge(signatures * signatureSteps)
    let last = call.update.steps.last?.block.height ?? 0
    let known = try context.get(CrossChainState.checkpoints, CheckpointKey(chain: call.chain, height: last))
    let change: LightClient.Change
    do throws(LightClientError) {
      change = try LightClient.update(client, with: call.update, known: known, now: context.time)
    } catch {
      throw ContractError(error)
    }
    return try apply(change, context)
  }

  /// Teaches a client a lower height.
  static func backfill(_ call: BackfillClient, _ context: ContractContext) throws(ContractError) -> ClientChange {
    let client = try context.require(CrossChainState.clients, call.chain)
    let under = try context.require(CrossChainState.checkpoints, CheckpointKey(chain: call.chain, height: call.backfill.under))
    let known = try context.get(
      CrossChainState.checkpoints, CheckpointKey(chain: call.chain, height: call.backfill.history.leaf.height))
    let change: LightClient.Change
    do throws(LightClientError) {
      change = try LightClient.backfill(client, with: call.backfill, under: under, known: known, now: context.time)
    } catch {
      throw ContractError(error)
    }
    return try apply(change, context)
  }

  /// Freezes a client whose chain certified two checkpoints of one height.
  static func report(_ call: ReportMisbehaviour, _ context: ContractContext) throws(ContractError) -> ClientChange {
    let client = try context.require(CrossChainState.clients, call.chain)
    let named = try context.require(CrossChainState.checkpoints, CheckpointKey(chain: call.chain, height: call.named))
    try context.charge(UInt64(call.first.signatures.count + call.second.signatures.count) * signatureSteps)
    let change: LightClient.Change
    do throws(LightClientError) {
      change = try LightClient.misbehaviour(client, call.first, call.second, signers: call.signers, named: named)
    } catch {
      throw ContractError(error)
    }
    return try apply(change, context)
  }

  /// The trusted height that proofs are checked against; only an active client in its trusting period has any.
  static func trusted(
    _ chain: ChainID, _ height: BlockHeight, _ context: QueryContext
  ) throws(ContractError) -> TrustedCheckpoint {
    guard let client = try context.get(CrossChainState.clients, chain) else {
      throw .notAllowed(state: "unregistered", call: "proof of \(chain)")
    }
    do throws(LightClientError) {
      try LightClient.requireUsable(client, now: context.time)
    } catch {
      throw ContractError(error)
    }
    guard let found = try context.get(CrossChainState.checkpoints, CheckpointKey(chain: chain, height: height)) else {
      throw .stale(found: client.latest.height.rawValue)
    }
    guard client.trusts(found.time, at: context.time) else { throw .expired }
    return found
  }

  private static func apply(_ change: LightClient.Change, _ context: ContractContext) throws(ContractError) -> ClientChange {
    switch change {
    case .known: return .known
    case .advanced(var client, let added):
      for checkpoint in added { try store(checkpoint, context) }
      client.kept += UInt32(added.count)
      try prune(&client, added: added.count, context)
      try context.put(CrossChainState.clients, client.registration.chain, client)
      try context.emit("xc.clientUpdated", CheckpointKey(chain: client.registration.chain, height: client.latest.height))
      return .advanced
    case .frozen(let client, let misbehaviour):
      try context.put(CrossChainState.clients, client.registration.chain, client)
      try context.put(CrossChainState.evidence, client.registration.chain, misbehaviour)
      try context.emit("xc.clientFrozen", client.registration.chain)
      return .frozen
    }
  }

  private static func store(_ checkpoint: TrustedCheckpoint, _ context: ContractContext) throws(ContractError) {
    try context.put(CrossChainState.checkpoints, CheckpointKey(chain: checkpoint.chain, height: checkpoint.height), checkpoint)
  }

  /// Forgets the oldest checkpoints: those over the limit, and at most two out of the trusting period for each new one.
  private static func prune(_ client: inout ClientRecord, added: Int, _ context: ContractContext) throws(ContractError) {
    let chain = client.registration.chain
    let from = CheckpointKey(chain: chain, height: 0)
    let oldest = try context.range(
      CrossChainState.checkpoints, from: from, to: CheckpointKey(chain: chain, height: client.latest.height), limit: 2 * added)
    for (key, checkpoint) in oldest {
      guard client.kept > client.registration.checkpoints || !client.trusts(checkpoint.time, at: context.time) else { return }
      try context.remove(CrossChainState.checkpoints, key)
      client.kept -= 1
    }
  }
}

extension ContractError {
  /// What a contract's caller learns of a client that did not believe.
  init(_ error: LightClientError) {
    switch error {
    case .frozen(let evidence): self = .notAllowed(state: "frozen by \(evidence)", call: "proof")
    case .retired(let decision): self = .notAllowed(state: "retired by \(decision)", call: "proof")
    case .expired: self = .expired
    case .heightNotGreater(_, let latest), .otherBase(_, let latest): self = .stale(found: latest.rawValue)
    default: self = .badArgument("client update: \(error)")
    }
  }
}
