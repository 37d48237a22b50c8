internal import ChainCore

/// Two-phase commit with its coordinator on the relay. A participant locks and votes in its answer to the packet `prepare`, whose request is
/// the transaction's id; all yes before the deadline is `commit`, anything else `abort`.
enum TransactionCoordinator {
  /// The entry that asks a participant to prepare.
  static let prepare: EntryName = "prepare"
  /// The furthest deadline after now, in milliseconds: seven days.
  static let deadlineLimitMs: UInt64 = 7 * 86_400_000
  /// How long a decision is kept after the deadline, in milliseconds: thirty days. After that nothing is decided under the id any more.
  static let retentionMs: UInt64 = 30 * 86_400_000

  static let records = Table<Digest, TransactionRecord>("transaction")
  static let votes = Table<PacketKey, VotePlace>("vote")
  /// By deadline, for forgetting.
  static let due = Table<Pair<BlockTime, Digest>, Bool>("transaction-due")

  /// Opens a transaction; anybody may, because its id commits to the plan.
  static func begin(_ plan: TransactionPlan, _ context: ContractContext) throws(ContractError) -> Digest {
    try plan.validate()
    let id = plan.id(NetworkHash(suite: context.suite))
    guard try context.get(records, id) == nil else { throw .alreadyExists }
    guard plan.deadline > context.time else { throw .expired }
    guard plan.deadline.milliseconds(since: context.time) <= deadlineLimitMs else {
      throw .badArgument("deadline: at most \(deadlineLimitMs) ms from now")
    }
    try store(TransactionRecord(plan), id, context)
    return id
  }

  /// Aborts a transaction whose deadline has passed, begun or not.
  static func finish(_ plan: TransactionPlan, _ context: ContractContext) throws(ContractError) {
    try plan.validate()
    let id = plan.id(NetworkHash(suite: context.suite))
    guard context.time <= plan.deadline.advanced(byMilliseconds: retentionMs) else { throw .expired }
    var record = try context.get(records, id) ?? TransactionRecord(plan)
    try record.finish(at: context.time)
    try store(record, id, context)
    try context.emit("xc.decided", id)
  }

  /// Watches a packet for its vote that was relayed before the transaction began.
  static func enlist(_ header: PacketHeader, _ context: ContractContext) throws(ContractError) {
    let id = NetworkHash(suite: context.suite).packetID(header)
    guard try context.get(CrossChainState.relayed, header.key) == id else { throw .notFound }
    guard try watch(header, context) else { throw .badArgument("header: it asks for no vote of an open transaction") }
    if let outcome = try context.get(CrossChainState.outcomes, header.key) { try count(header.key, outcome, context) }
  }

  /// Watches a packet that asks for a vote.
  /// - Returns: Whether it does.
  @discardableResult
  static func watch(_ header: PacketHeader, _ context: ContractContext) throws(ContractError) -> Bool {
    guard let place = try place(header, context) else { return false }
    try context.put(votes, header.key, place)
    return true
  }

  /// A packet that asks for a vote and will never be received: a no.
  static func refuse(_ header: PacketHeader, _ context: ContractContext) throws(ContractError) {
    guard let place = try place(header, context) else { return }
    try vote(place, false, context)
  }

  /// Counts how a watched packet ended.
  static func count(_ key: PacketKey, _ outcome: Outcome, _ context: ContractContext) throws(ContractError) {
    guard let place = try context.get(votes, key) else { return }
    try context.remove(votes, key)
    var isYes = false
    if case .acknowledged(let acknowledgement) = outcome, case .success = acknowledgement.result { isYes = true }
    try vote(place, isYes, context)
  }

  private static func place(_ header: PacketHeader, _ context: ContractContext) throws(ContractError) -> VotePlace? {
    guard header.call == prepare, let id = header.requestID, let record = try context.get(records, id) else { return nil }
    let lane = header.lane
    guard lane.source == record.plan.initiator, lane.sourcePort == record.plan.port, lane.destinationPort == record.plan.port,
      let participant = record.plan.participants.firstIndex(of: lane.destination)
    else { return nil }
    return VotePlace(transaction: id, participant: UInt8(participant))
  }

  private static func vote(_ place: VotePlace, _ isYes: Bool, _ context: ContractContext) throws(ContractError) {
    guard var record = try context.get(records, place.transaction), record.decision == nil else { return }
    record.vote(Int(place.participant), isYes, at: context.time)
    try context.put(records, place.transaction, record)
    if record.decision != nil { try context.emit("xc.decided", place.transaction) }
  }

  /// Writes a record, and forgets two that are long past.
  private static func store(_ record: TransactionRecord, _ id: Digest, _ context: ContractContext) throws(ContractError) {
    try context.put(records, id, record)
    try context.put(due, Pair(record.plan.deadline, id), true)
    for (key, _) in try context.range(due, limit: 2) {
      guard key.first.advanced(byMilliseconds: retentionMs) < context.time else { return }
      try context.remove(due, key)
      try context.remove(records, key.second)
    }
  }
}

extension RelayContract {
  /// Transactions over several chains: anybody may begin and finish them, for neither gives anybody anything.
  var transactions: Entries {
    Entries(
      entries: [
        Entry("begin", by: .member) { (plan: TransactionPlan, context) -> Digest in try TransactionCoordinator.begin(plan, context) },
        Entry("enlist", by: .member) { (header: PacketHeader, context) in try TransactionCoordinator.enlist(header, context) },
        Entry("finish", by: .member) { (plan: TransactionPlan, context) in try TransactionCoordinator.finish(plan, context) },
      ],
      queries: [
        Query("transactions") { (question: TransactionsQuestion, context) -> [TransactionRecord] in
          try TransactionCoordinator.page(question, context)
        },
        Query("transaction") { (id: Digest, context) -> TransactionRecord? in try context.get(TransactionCoordinator.records, id) },
      ])
  }
}
