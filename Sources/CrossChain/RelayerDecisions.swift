public import ChainCore

/// Arguments of `xc.transactions`: the relay's records of transactions over several chains, by deadline.
public struct TransactionsQuestion: CanonicalRecord, Codable, Hashable {
  /// Only those whose deadline is not before this.
  public var from: BlockTime
  /// The last one of the page before; `nil` for the first page.
  public var after: Digest?
  /// The greatest number of answers, at most 100.
  public var limit: UInt32

  /// Puts the parts together. To go on after a page, `from` is the deadline of its last record and `after` that record's id.
  public init(from: BlockTime, after: Digest? = nil, limit: UInt32 = 100) {
    self.from = from
    self.after = after
    self.limit = limit
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.from, \.after, \.limit)
}

extension TransactionCoordinator {
  /// A page of records, by deadline and id.
  static func page(_ question: TransactionsQuestion, _ context: QueryContext) throws(ContractError) -> [TransactionRecord] {
    let limit = Int(min(question.limit, 100))
    let start = Pair(question.from, question.after ?? .zero)
    var found: [TransactionRecord] = []
    for (key, _) in try context.range(due, from: start, limit: limit + 1) where question.after == nil || key != start {
      guard found.count < limit else { break }
      found.append(try context.require(records, key.second))
    }
    return found
  }
}

/// Brings the relay's decisions about transactions over several chains to those who prepared them, and ends what is overdue.
///
/// Who waits is read from the chains' state: a step under the transaction's id in the participant's table `tx-prepared`. The decision goes
/// to the contract's entry `decide`, as `TransactionParticipant` names both; a contract that names them otherwise brings its decisions itself.
struct RelayerDecisions {
  static let entry: EntryName = "decide"
  static let table: TableName = "tx-prepared"
  /// How many records one tick looks at.
  static let limit = 1_000

  let hub: RelayerView
  /// Transactions that may still concern somebody, by id.
  private var records: [(id: Digest, record: TransactionRecord)] = []

  /// Reads the records whose deadline was at most `windowMs` ago.
  init(of hub: RelayerView, now: BlockTime, windowMs: UInt64) async throws(EndpointError) {
    self.hub = hub
    let network = NetworkHash(suite: hub.endpoint.suite)
    var question = TransactionsQuestion(from: BlockTime(now.rawValue > windowMs ? now.rawValue - windowMs : 0))
    while records.count < Self.limit {
      let page: [TransactionRecord] = try await hub.endpoint.ask("transactions", question, at: nil)
      records += page.map { ($0.plan.id(network), $0) }
      guard page.count == 100, let last = records.last else { return }
      question = TransactionsQuestion(from: last.record.plan.deadline, after: last.id)
    }
  }

  /// Calls on the relay that abort what was not decided in time.
  func overdue() async throws(EndpointError) -> [RelayerCall] {
    guard records.contains(where: { $0.record.decision == nil }), let height = hub.status.certified else { return [] }
    let time = try await hub.endpoint.lightBlock(at: height).header.time
    return records.filter { $0.record.decision == nil && $0.record.plan.deadline < time }.map {
      RelayerCall(target: hub, entry: "finish", arguments: $0.record.plan.canonicalBytes, packets: 0)
    }
  }

  /// Calls on a chain that carry decisions out, proven at the relay's height that it knows; and whether a newer height would show more.
  func calls(for spoke: Spoke) async throws(EndpointError) -> (calls: [RelayerCall], needsClock: Bool) {
    let chain = spoke.view.endpoint.chain
    let mine = records.filter {
      $0.record.decision != nil && ($0.record.plan.initiator == chain || $0.record.plan.participants.contains(chain))
    }
    guard !mine.isEmpty else { return ([], false) }
    let keys = mine.map { StateKey(contract: $0.record.plan.port, table: Self.table, key: $0.id) }
    let steps = try await spoke.view.endpoint.prove(keys, at: spoke.view.status.head)
    let waiting = zip(mine, steps).filter { $1.value != nil }.map(\.0)
    guard !waiting.isEmpty else { return ([], false) }
    let known = spoke.clientOfHub.latest.height
    guard known > 0 else { return ([], true) }
    let proofs = try await hub.endpoint.prove(waiting.map { CrossChainState.transactionKey($0.id) }, at: known)
    var (calls, needsClock) = ([RelayerCall](), false)
    for (one, proof) in zip(waiting, proofs) {
      guard let bytes = proof.value, let record = try? TransactionRecord(canonicalBytes: bytes), record.decision != nil else {
        needsClock = true
        continue
      }
      let proven = ProvenDecision(height: known, record: proof)
      calls.append(
        RelayerCall(
          target: spoke.view, entry: Self.entry, arguments: proven.canonicalBytes, packets: 0, contract: one.record.plan.port))
    }
    return (calls, needsClock)
  }
}
