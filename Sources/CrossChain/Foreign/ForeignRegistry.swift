internal import ChainCore

/// Clients of foreign chains in the relay's state, and the part of the relay's contract that keeps them.
///
/// Foreign chains have no lanes: what is proven of them is a fact for queries and contracts of the relay. Their names are taken from the
/// same space as those of this network's chains.
enum ForeignRegistry {
  static let registrations = Table<ChainID, ForeignRegistration>("foreign-chains")
  static let clients = Table<ChainID, ForeignRecord>("foreign-clients")
  static let evidence = Table<ChainID, ForeignEvidence>("foreign-evidence")

  /// Steps that a byte of a message or proof is charged: a signature of 200 steps comes with about 100 bytes.
  static let stepsPerByte: UInt64 = 2

  /// Registration for administrators and by vote, revival by vote alone, freezing for supervisors, updates for relayers, evidence of
  /// misbehaviour and questions for all.
  @EntriesBuilder static var entries: Entries {
    Entry("registerForeign", by: .role(.administrator)) { (registration: ForeignRegistration, context) -> Digest in
      try RelayContract.requireFounding("registerForeign; propose admitForeign", context)
      return try register(registration, context)
    }
    Entry("admitForeign", by: .governance) { (registration: ForeignRegistration, context) -> Digest in
      try RelayContract.endFounding(context)
      return try register(registration, context)
    }
    Entry("reviveForeign", by: .governance) { (call: ReviveForeign, context) -> Digest in
      try RelayContract.endFounding(context)
      return try revive(call, context)
    }
    Entry("freezeForeign", by: .roles([.supervisor, .administrator])) { (call: FreezeForeign, context) in try freeze(call, context) }
    Entry("updateForeign", by: .role(.relayer)) { (call: UpdateForeign, context) -> ClientChange in try update(call, context) }
    Entry("reportForeign", by: .member) { (call: ReportForeign, context) -> ClientChange in try report(call, context) }
    Query("foreignChains") { (_: NoResult, context) -> [ChainID] in try context.range(registrations, limit: 1_000).map(\.key) }
    Query("foreignChain") { (chain: ChainID, context) -> ForeignRegistration? in try context.get(registrations, chain) }
    Query("foreignClient") { (chain: ChainID, context) -> ForeignStatus? in try status(chain, context) }
    Query("foreignEvidence") { (chain: ChainID, context) -> ForeignEvidence? in try context.get(evidence, chain) }
    Query("verifyForeign") { (question: ForeignQuestion, context) -> BlockTime in try verify(question, context) }
  }

  /// Throws `.alreadyExists` if a foreign chain has this name.
  static func requireFree(_ chain: ChainID, _ context: QueryContext) throws(ContractError) {
    guard try context.get(registrations, chain) == nil else { throw .alreadyExists }
  }

  /// Opens the client of a foreign chain; a name is taken for ever.
  private static func register(_ registration: ForeignRegistration, _ context: ContractContext) throws(ContractError) -> Digest {
    guard registration.chain != context.chain, try context.get(CrossChainState.chains, registration.chain) == nil else {
      throw .alreadyExists
    }
    try requireFree(registration.chain, context)
    try open(registration, context)
    return registration.fingerprint(suite: context.suite)
  }

  /// Begins anew with a frozen or expired client. What it trusted is forgotten, what its chain did stays on record.
  private static func revive(_ call: ReviveForeign, _ context: ContractContext) throws(ContractError) -> Digest {
    let registration = call.registration
    let old = try context.require(registrations, registration.chain)
    let client = try context.require(clients, registration.chain).client
    guard registration.kind == old.kind, registration.foreignID == old.foreignID else {
      throw .badArgument("registration: of another chain than \(old.foreignID)")
    }
    if case .frozen(let evidence) = client.status {
      guard call.evidence == evidence else { throw .badArgument("evidence: the client is frozen by \(evidence)") }
    } else {
      guard call.evidence == nil else { throw .badArgument("evidence: the client is not frozen") }
      guard context.time.milliseconds(since: client.latestTime) >= old.trustingPeriodMs else {
        throw .notAllowed(state: "active", call: "reviveForeign")
      }
    }
    let revived = try open(registration, context)
    guard revived.latestHeight > client.latestHeight else { throw .stale(found: client.latestHeight) }
    return registration.fingerprint(suite: context.suite)
  }

  @discardableResult
  private static func open(
    _ registration: ForeignRegistration, _ context: ContractContext
  ) throws(ContractError) -> any ForeignClient {
    let record: ForeignRecord
    do throws(ForeignError) {
      record = try ForeignRecord(registration)
    } catch {
      throw ContractError(error)
    }
    let client = record.client
    guard context.time.milliseconds(since: client.latestTime) < registration.trustingPeriodMs else { throw .expired }
    try context.put(registrations, registration.chain, registration)
    try context.put(clients, registration.chain, record)
    try context.emit("xc.foreignOpened", registration.fingerprint(suite: context.suite))
    return client
  }

  private static func update(_ call: UpdateForeign, _ context: ContractContext) throws(ContractError) -> ClientChange {
    var record = try context.require(clients, call.chain)
    try context.charge(UInt64(call.message.count) * stepsPerByte)
    let now = context.time
    let change: ClientChange
    do throws(ForeignError) {
      change = try record.update { (client) throws(ForeignError) in try client.update(call.message, now: now) }
    } catch {
      throw ContractError(error)
    }
    switch change {
    case .known: break
    case .advanced:
      try context.put(clients, call.chain, record)
      try context.emit("xc.foreignUpdated", call.chain)
    case .frozen: try freeze(record, of: call.chain, by: .update(call.message), context)
    }
    return change
  }

  private static func report(_ call: ReportForeign, _ context: ContractContext) throws(ContractError) -> ClientChange {
    let record = try context.require(clients, call.chain)
    try context.charge(UInt64(call.first.count + call.second.count) * stepsPerByte)
    let contradicts: Bool
    do throws(ForeignError) {
      contradicts = try record.client.misbehaviour(call.first, call.second, now: context.time)
    } catch {
      throw ContractError(error)
    }
    guard contradicts else { throw .badArgument("the messages contradict nothing") }
    try freeze(record, of: call.chain, by: .pair(call.first, call.second), context)
    return .frozen
  }

  /// Stops a client at once, whatever its chain did: only a vote lets it believe again.
  private static func freeze(_ call: FreezeForeign, _ context: ContractContext) throws(ContractError) {
    guard call.reason.utf8.count <= FreezeForeign.reasonLimit else {
      throw .badArgument("reason: at most \(FreezeForeign.reasonLimit) bytes")
    }
    let record = try context.require(clients, call.chain)
    if case .frozen(let evidence) = record.client.status { throw .notAllowed(state: "frozen by \(evidence)", call: "freezeForeign") }
    try freeze(record, of: call.chain, by: .order(call.reason, by: context.caller.organisation, at: context.height), context)
  }

  /// The client proves nothing any more; the evidence stays for those who review it.
  private static func freeze(
    _ record: ForeignRecord, of chain: ChainID, by found: ForeignEvidence, _ context: ContractContext
  ) throws(ContractError) {
    var record = record
    let id = found.id(suite: context.suite)
    do throws(ForeignError) {
      try record.update { (client) throws(ForeignError) in client.status = .frozen(evidence: id) }
    } catch {
      throw ContractError(error)
    }
    try context.put(clients, chain, record)
    try context.put(evidence, chain, found)
    try context.emit("xc.foreignFrozen", chain)
  }

  private static func status(_ chain: ChainID, _ context: QueryContext) throws(ContractError) -> ForeignStatus? {
    guard let client = try context.get(clients, chain)?.client else { return nil }
    return ForeignStatus(status: client.status, height: client.latestHeight, time: client.latestTime)
  }

  private static func verify(_ question: ForeignQuestion, _ context: QueryContext) throws(ContractError) -> BlockTime {
    guard let client = try context.get(clients, question.chain)?.client else {
      throw .notAllowed(state: "unregistered", call: "proof of \(question.chain)")
    }
    let capability = question.claim.capability
    guard type(of: client).capabilities.contains(capability) else { throw .notSupported(capability.rawValue) }
    try context.charge(UInt64(question.proof.count) * stepsPerByte)
    let time: BlockTime
    do throws(ForeignError) {
      time = try client.verify(question.claim, proof: question.proof, at: question.height, now: context.time)
    } catch {
      throw ContractError(error)
    }
    guard context.time.milliseconds(since: time) <= question.maxAgeMs else { throw .stale(found: time.rawValue) }
    return time
  }
}

extension ContractError {
  /// What a contract's caller learns of a foreign client that did not believe.
  init(_ error: ForeignError) {
    switch error {
    case .frozen(let evidence): self = .notAllowed(state: "frozen by \(evidence)", call: "proof")
    case .expired: self = .expired
    case .unknownHeight(_, let latest): self = .stale(found: latest)
    case .notSupported(let capability): self = .notSupported(capability.rawValue)
    default: self = .badArgument("foreign client: \(error)")
    }
  }
}
