public import ChainCore

// What only a vote may do. Whoever can stop at once cannot start again: a supervisor freezes, governance thaws.

/// Arguments of `xc.freezeClient`.
public struct FreezeClient: CanonicalRecord, Codable, Hashable {
  /// The greatest length of a reason in bytes.
  public static let reasonLimit = 256

  /// The chain whose client proves nothing from now on.
  public var chain: ChainID
  /// Why, for people.
  public var reason: String

  /// Puts the parts together.
  public init(chain: ChainID, reason: String) {
    self.chain = chain
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.reason)
}

/// Arguments of `xc.reviveClient`: a frozen or expired client believes again, from a block that people compared.
public struct ReviveClient: CanonicalRecord, Codable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// The new first height that is trusted; above the last one.
  public var trusted: TrustedStart
  /// The evidence that froze the client, which the vote has seen; `nil` for an expired one.
  public var evidence: Digest?

  /// Puts the parts together.
  public init(chain: ChainID, trusted: TrustedStart, evidence: Digest?) {
    self.chain = chain
    self.trusted = trusted
    self.evidence = evidence
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.trusted, \.evidence)
}

/// Arguments of `xc.retireChain` and, with packets, of `xc.adjudicate`.
public struct RetireChain: CanonicalRecord, Codable, Hashable {
  /// The chain that is gone for good. Its id is taken for ever.
  public var chain: ChainID
  /// The digest of the decision, for the files.
  public var decision: Digest

  /// Puts the parts together.
  public init(chain: ChainID, decision: Digest) {
    self.chain = chain
    self.decision = decision
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.decision)
}

/// Arguments of `xc.adjudicate`: ends packets whose destination was retired.
public struct AdjudicatePackets: CanonicalRecord, Codable, Hashable {
  /// The packets; at most 100.
  public var packets: [PacketKey]
  /// The digest of the decision, which senders learn.
  public var decision: Digest

  /// Puts the parts together.
  public init(packets: [PacketKey], decision: Digest) {
    self.packets = packets
    self.decision = decision
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.packets, \.decision)
}

extension ChainRegistry {
  /// Stops a client: it proves nothing until governance revives it.
  static func freeze(_ call: FreezeClient, _ context: ContractContext) throws(ContractError) {
    guard call.reason.utf8.count <= FreezeClient.reasonLimit else {
      throw .badArgument("reason: at most \(FreezeClient.reasonLimit) bytes")
    }
    var client = try context.require(CrossChainState.clients, call.chain)
    guard client.status == .active else { throw .notAllowed(state: client.status.text, call: "freezeClient") }
    client.status = .frozen(evidence: context.suite.digest("FreezeClient", context.genesis, call))
    try context.put(CrossChainState.clients, call.chain, client)
    try context.emit("xc.clientFrozen", call.chain)
  }

  /// Lets a frozen or expired client believe again.
  static func revive(_ call: ReviveClient, _ context: ContractContext) throws(ContractError) {
    var client = try context.require(CrossChainState.clients, call.chain)
    switch client.status {
    case .retired: throw .notAllowed(state: "retired", call: "reviveClient")
    case .frozen(let evidence):
      guard call.evidence == evidence else { throw .badArgument("evidence: the client is frozen by \(evidence)") }
    case .active:
      guard !client.trusts(client.latest.time, at: context.time) else { throw .notAllowed(state: "active", call: "reviveClient") }
      guard call.evidence == nil else { throw .badArgument("evidence: the client is not frozen, only expired") }
    }
    guard isLater(call.trusted.header, than: client) else {
      throw .stale(found: client.latest.height.rawValue)
    }
    client.registration.trusted = call.trusted
    do throws(RegistrationError) {
      try client.registration.validate()
    } catch {
      throw .badArgument("trusted: \(error)")
    }
    guard call.trusted.set.generation >= client.set.generation else { throw .stale(found: client.set.generation) }
    client = ClientRecord(
      registration: client.registration, status: .active,
      latest: TrustedCheckpoint(
        LightClient.Rules(client.registration), header: call.trusted.header, checkpoint: call.trusted.checkpoint),
      set: call.trusted.set, kept: client.kept + 1)
    guard client.trusts(client.latest.time, at: context.time) else { throw .expired }
    try context.put(CrossChainState.clients, call.chain, client)
    try context.put(CrossChainState.checkpoints, CheckpointKey(chain: call.chain, height: client.latest.height), client.latest)
    try context.emit("xc.clientRevived", CheckpointKey(chain: call.chain, height: client.latest.height))
  }

  private static func isLater(_ header: BlockHeader, than client: ClientRecord) -> Bool {
    header.height > client.latest.height && header.time > client.latest.time
  }
}

extension RelayContract {
  /// Whether the relay is still being founded: its administrators register chains and open routes, until the first vote does, or they say
  /// that they are done. Then only votes do, for ever.
  static let founding = Table<SingleKey, Bool>("founding")

  static func requireFounding(_ call: String, _ context: QueryContext) throws(ContractError) {
    guard try context.get(founding, SingleKey()) != false else { throw .notAllowed(state: "governed by votes", call: call) }
  }

  static func endFounding(_ context: ContractContext) throws(ContractError) {
    guard try context.get(founding, SingleKey()) != false else { return }
    try context.put(founding, SingleKey(), false)
    try context.emit("xc.foundingEnded", NoResult())
  }

  /// What is decided by votes, each of which ends the founding.
  var governed: Entries {
    Entries(entries: [
      Entry("admitChain", by: .governance) { (registration: ChainRegistration, context) -> Digest in
        try Self.endFounding(context)
        return try Self.register(registration, context)
      },
      Entry("permitRoute", by: .governance) { (call: SetRoute, context) in
        try Self.endFounding(context)
        try Self.setRoute(call, context)
      },
      Entry("reopen", by: .governance) { (scope: RouteScope, context) in
        try Self.endFounding(context)
        try Self.setFrozen(false, scope, context)
      },
      Entry("reviveClient", by: .governance) { (call: ReviveClient, context) in
        try Self.endFounding(context)
        try ChainRegistry.revive(call, context)
      },
      Entry("retireChain", by: .governance) { (call: RetireChain, context) in
        try Self.endFounding(context)
        try Self.retire(call, context)
      },
      Entry("adjudicate", by: .governance) { (call: AdjudicatePackets, context) in
        try Self.endFounding(context)
        try Self.adjudicate(call, context)
      },
      Entry("endFounding", by: .role(.administrator)) { (_: NoResult, context) in try Self.endFounding(context) },
      Entry("freezeChain", by: .roles([.supervisor, .administrator])) { (chain: ChainID, context) in
        try Self.setFrozen(true, RouteScope(source: chain), context)
        try Self.setFrozen(true, RouteScope(destination: chain), context)
      },
      Entry("freezeClient", by: .roles([.supervisor, .administrator])) { (call: FreezeClient, context) in
        try ChainRegistry.freeze(call, context)
      },
    ])
  }

  /// How votes about the relay are to be taken: for the genesis of `governance`. Admitting and reviving wait a day, in which both sides read
  /// the fingerprint to each other.
  public static var recommendedRules: [RuleSetting] {
    let day = ProposalRule(electorate: .administrators, threshold: .twoThirds, delayMs: 86_400_000)
    let soon = ProposalRule(electorate: .administrators, threshold: .twoThirds)
    return [("admitChain", day), ("reviveClient", day), ("retireChain", day), ("adjudicate", day), ("permitRoute", soon), ("reopen", soon)]
      .map { RuleSetting(scope: RuleScope(contract: name, entry: $0.0), rule: $0.1) }
  }

  static func register(_ registration: ChainRegistration, _ context: ContractContext) throws(ContractError) -> Digest {
    guard try context.get(CrossChainState.chains, registration.chain) == nil else { throw .alreadyExists }
    guard registration.trustingPeriodMs > context.time.milliseconds(since: registration.trusted.header.time) else { throw .expired }
    try ChainRegistry.open(registration, context)
    try context.put(CrossChainState.chains, registration.chain, registration)
    return registration.fingerprint
  }

  private static func retire(_ call: RetireChain, _ context: ContractContext) throws(ContractError) {
    var client = try context.require(CrossChainState.clients, call.chain)
    if case .retired = client.status { throw .notAllowed(state: "retired", call: "retireChain") }
    client.status = .retired(decision: call.decision)
    try context.put(CrossChainState.clients, call.chain, client)
    try context.emit("xc.chainRetired", call)
  }

  /// Ends packets to retired chains. What such a chain still received is not known: that is what the decision is about.
  private static func adjudicate(_ call: AdjudicatePackets, _ context: ContractContext) throws(ContractError) {
    guard (1...PacketBatch.limit).contains(call.packets.count) else { throw .badArgument("packets: 1 to \(PacketBatch.limit)") }
    for key in call.packets {
      let client = try context.require(CrossChainState.clients, key.lane.destination)
      guard case .retired = client.status else { throw .notAllowed(state: client.status.text, call: "adjudicate") }
      guard try !hasOutcome(key, context) else { throw .alreadyExists }
      let id = try context.require(CrossChainState.relayed, key)
      try end(key, .adjudicated(call.decision), context)
      try append(hop(.adjudicated, id, key, at: client.latest.height, context), context)
    }
  }
}
