/// One security event of the chain: who did or tried what, when, with what outcome.
public struct AuditRecord: CanonicalRecord, Codable, Hashable {
  /// The height of the block.
  public var height: BlockHeight
  /// The time of the block.
  public var time: BlockTime
  /// The transaction; `nil` for what the runtime did and for denials that were only counted.
  public var transaction: TransactionID?
  /// Who signed it.
  public var account: AccountID?
  /// The organisation of that member, if it is one.
  public var organisation: OrganisationID?
  /// The contract that said so, or that was called.
  public var contract: ContractName
  /// The event, such as `identity.revoke`; of a denied call contract and entry.
  public var action: String
  /// `ok`, or the code of the refusal.
  public var outcome: String
  /// The hash of the event's payload, or of the refusal's sentence: both stand in the receipt.
  public var detail: Digest?
  /// How many events the record stands for; more than 1 for denials beyond the limit of a block.
  public var count: UInt32

  /// Puts the fields together.
  public init(
    height: BlockHeight, time: BlockTime, transaction: TransactionID?, account: AccountID?, organisation: OrganisationID?,
    contract: ContractName, action: String, outcome: String, detail: Digest?, count: UInt32 = 1
  ) {
    self.height = height
    self.time = time
    self.transaction = transaction
    self.account = account
    self.organisation = organisation
    self.contract = contract
    self.action = action
    self.outcome = outcome
    self.detail = detail
    self.count = count
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.height, \.time, \.transaction, \.account, \.organisation, \.contract, \.action, \.outcome, \.detail, \.count)
}

/// The audit log as it stands.
public struct AuditHead: CanonicalRecord, Codable, Hashable {
  /// How many records there are.
  public var size: UInt64
  /// The root over them (RFC 9162 §2.1); a leaf is the record's canonical bytes.
  public var root: Digest
  /// Puts the fields together.
  public init(size: UInt64, root: Digest) {
    self.size = size
    self.root = root
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.size, \.root)
}

/// A question of `audit.records`.
public struct AuditQuestion: CanonicalRecord, Codable, Hashable {
  /// The number of the first record, from 0.
  public var from: UInt64
  /// How many; at most 200.
  public var limit: UInt32
  /// Puts the fields together.
  public init(from: UInt64, limit: UInt32) {
    self.from = from
    self.limit = limit
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.from, \.limit)
}

/// The chain's append-only log of security events, written by the runtime alone, at the end of each block that had one.
///
/// Size and right edge stand in the state, so that every checkpoint covers the whole log; records and tree nodes do as well, so that any
/// node, also one that began with a snapshot, proves any of it.
public struct AuditContract: SystemContract {
  /// `audit`.
  public static let name: ContractName = "audit"
  /// How many denied calls of a block have records of their own; the others are counted in one.
  public static let deniedLimit = 16

  static let log = Table<SingleKey, AppendOnlyTree>("log")
  static let records = Table<UInt64, AuditRecord>("records")
  static let nodes = Table<Pair<UInt8, UInt64>, Digest>("nodes")

  /// The contract.
  public init() {}

  /// The log's head and records, for those who supervise.
  public var entries: Entries {
    Query("head") { (_: NoResult, context) -> AuditHead in
      let log = try context.get(Self.log, SingleKey()) ?? AppendOnlyTree()
      return AuditHead(size: log.size, root: log.root(suite: context.suite))
    }
    Query("record", by: Self.readers) { (index: UInt64, context) -> AuditRecord? in try context.get(Self.records, index) }
    Query("records", by: Self.readers) { (question: AuditQuestion, context) -> [AuditRecord] in
      try context.range(Self.records, from: question.from, limit: Int(min(question.limit, 200))).map(\.value)
    }
  }

  private static let readers = Access.roles([.auditor, .supervisor, .administrator])

  /// Appends records, in order. Called by the runtime.
  static func append(_ records: [AuditRecord], _ context: ContractContext) throws(ContractError) {
    guard !records.isEmpty else { return }
    var log = try context.get(Self.log, SingleKey()) ?? AppendOnlyTree()
    var nodes: [LogNode] = []
    for record in records {
      try context.put(Self.records, log.size, record)
      log.append(MerkleLog.leafHash(record.canonicalBytes, suite: context.suite), suite: context.suite, into: &nodes)
    }
    for node in nodes { try context.put(Self.nodes, Pair(node.level, node.index), node.digest) }
    try context.put(Self.log, SingleKey(), log)
  }
}

/// What a block has for the audit log.
struct AuditTrail {
  private(set) var records: [AuditRecord] = []
  private var denied = 0
  private let height: BlockHeight
  private let time: BlockTime
  private let suite: CryptoSuite

  init(height: BlockHeight, time: BlockTime, suite: CryptoSuite) {
    self.height = height
    self.time = time
    self.suite = suite
  }

  /// Notes the events of a transaction that succeeded, or that it was denied.
  ///
  /// - Parameter organisation: The sender's; asked for denied calls that get a record.
  mutating func note(
    _ receipt: Receipt, of transaction: Transaction, registry: ContractRegistry, organisation: () -> OrganisationID?
  ) {
    if receipt.status == .succeeded {
      let audited = receipt.events.filter { registry.isAudited($0) }
      guard !audited.isEmpty else { return }
      let organisation = organisation()
      for event in audited {
        note(event, transaction: receipt.transaction, account: transaction.sender, organisation: organisation)
      }
    } else if receipt.code == ContractError.notAuthorised("").code {
      denied += 1
      guard denied <= AuditContract.deniedLimit else { return }
      records.append(
        AuditRecord(
          height: height, time: time, transaction: receipt.transaction, account: transaction.sender, organisation: organisation(),
          contract: transaction.contract, action: "\(transaction.contract).\(transaction.entry)", outcome: receipt.code,
          detail: suite.hash(Array(receipt.message.utf8))))
    }
  }

  /// Notes events that no transaction caused.
  mutating func note(_ events: [Event], registry: ContractRegistry) {
    for event in events where registry.isAudited(event) { note(event, transaction: nil, account: nil, organisation: nil) }
  }

  private mutating func note(_ event: Event, transaction: TransactionID?, account: AccountID?, organisation: OrganisationID?) {
    records.append(
      AuditRecord(
        height: height, time: time, transaction: transaction, account: account, organisation: organisation, contract: event.contract,
        action: event.name, outcome: "ok", detail: suite.hash(event.payload)))
  }

  /// Counts the denials that got no record of their own.
  mutating func close() {
    guard denied > AuditContract.deniedLimit else { return }
    records.append(
      AuditRecord(
        height: height, time: time, transaction: nil, account: nil, organisation: nil, contract: AuditContract.name,
        action: "audit.moreDenied", outcome: ContractError.notAuthorised("").code, detail: nil,
        count: UInt32(clamping: denied - AuditContract.deniedLimit)))
    denied = 0
  }
}
