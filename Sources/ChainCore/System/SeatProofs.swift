// How seats are taken and lost without a vote: by newcomers' proofs, by evidence.
extension GovernanceContract {
  /// A newcomer signs a recent certified checkpoint: it holds the state, so checkpoints never wait for its empty disk.
  static func seat(_ call: ValidatorReady, _ context: ContractContext) throws(ContractError) {
    var seats = try context.require(seats, 0)
    guard let place = seats.joining.firstIndex(where: { $0.validator.key == call.key }) else { throw .notFound }
    let checkpoint = call.certificate.checkpoint
    guard checkpoint.height.advanced(by: readyLimit) >= context.height else { throw .stale(found: checkpoint.height.rawValue) }
    guard checkpoint.chain == context.chain else { throw .badArgument("certificate: of another chain") }
    guard let signing = try context.get(sets, call.certificate.generation), signing.since <= checkpoint.height,
      try context.get(sets, call.certificate.generation + 1).map({ checkpoint.height < $0.since }) ?? true
    else { throw .badArgument("certificate: of a set that does not sign height \(checkpoint.height)") }
    try context.charge(UInt64(signing.set.members.count) * 1_000)
    do throws(CheckpointCertificateError) {
      try call.certificate.verify(in: signing.set, genesis: context.genesis, suite: context.suite)
    } catch {
      throw .badArgument("certificate: \(error)")
    }
    guard call.key.verify(call.signature, of: checkpoint.digest(genesis: context.genesis, suite: context.suite)) else {
      throw .badArgument("signature: not of the newcomer over that checkpoint")
    }
    let newcomer = seats.joining.remove(at: place)
    var coming = seats.coming
    if let old = newcomer.replaces { coming.removeAll { $0.key == old } }
    coming.append(newcomer.validator)
    try setNext(coming, &seats)
    try context.put(Self.seats, 0, seats)
    try context.emit("governance.ready", newcomer)
  }

  /// A proven contradiction costs the seat from the next epoch on.
  static func convict(_ evidence: EquivocationEvidence, _ context: ContractContext) throws(ContractError) -> Conviction {
    let terms = try context.require(terms, 0)
    guard terms.engine == .simplex else { throw .notSupported("evidence of votes on a Raft chain") }
    var seats = try context.require(seats, 0)
    guard let set = try self.set(signing: evidence.first.epoch, seats, terms, context) else {
      throw .badArgument("evidence: of an epoch whose validators are not known here")
    }
    guard set.members.indices.contains(Int(evidence.validator)) else { throw .badArgument("validator: \(evidence.validator)") }
    let key = set.members[Int(evidence.validator)].key
    let account = context.suite.accountID(of: key)
    guard try context.get(convictions, account) == nil else { throw .alreadyExists }
    try context.charge(2_000)
    guard evidence.holds(in: set, genesis: context.genesis, suite: context.suite) else {
      throw .badArgument("evidence: the statements do not contradict each other, or a signature is not valid")
    }
    let conviction = Conviction(
      key: key, epoch: evidence.first.epoch, view: evidence.first.view, height: context.height, reporter: context.caller.account)
    try context.put(convictions, account, conviction)
    seats.joining.removeAll { $0.validator.key == key || $0.replaces == key }
    let coming = seats.coming.filter { $0.key != key }
    // The last one stays: without it there would be no chain.
    if !coming.isEmpty { seats.next = coming == seats.current.members ? nil : coming }
    try context.put(Self.seats, 0, seats)
    try context.emit("governance.convicted", conviction)
    return conviction
  }

  /// The set whose votes count in an epoch.
  private static func set(
    signing epoch: Epoch, _ seats: ValidatorSeats, _ terms: GovernanceTerms, _ context: ContractContext
  ) throws(ContractError) -> ValidatorSet? {
    let (before, overflow) = epoch.rawValue.multipliedReportingOverflow(by: terms.epochLength)
    guard !overflow, before < context.height.rawValue else { return nil }
    let first = BlockHeight(before).next
    if seats.since <= first { return seats.current }
    let generations = try context.range(sets, to: seats.current.generation, reverse: true, limit: evidenceSets)
    return generations.first { $0.value.since <= first }?.value.set
  }
}
