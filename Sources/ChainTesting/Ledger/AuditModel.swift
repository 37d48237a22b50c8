internal import ChainCore

/// What the audit log of a ledger world must be in the state: its records, and every node and edge of its tree by the definition.
struct AuditModel {
  let suite: CryptoSuite
  private var entries: [[UInt8]] = []

  init(suite: CryptoSuite) { self.suite = suite }

  /// A block of which these calls were denied, in order.
  mutating func add(denied: [(transaction: TransactionID, call: Transaction)], in header: BlockHeader) {
    for (id, call) in denied.prefix(16) {
      let reason = "vault.\(call.entry) is for role teller; guest has none"
      entries.append(
        AuditRecord(
          height: header.height, time: header.time, transaction: id, account: call.sender, organisation: "guest", contract: call.contract,
          action: "vault.\(call.entry)", outcome: "notAuthorised", detail: suite.hash(Array(reason.utf8))
        ).canonicalBytes)
    }
    guard denied.count > 16 else { return }
    entries.append(
      AuditRecord(
        height: header.height, time: header.time, transaction: nil, account: nil, organisation: nil, contract: "audit",
        action: "audit.moreDenied", outcome: "notAuthorised", detail: nil, count: UInt32(denied.count - 16)
      ).canonicalBytes)
  }

  /// The records of the state that the log makes.
  var records: [(key: [UInt8], value: [UInt8])] {
    guard !entries.isEmpty else { return [] }
    func key(_ table: TableName, _ key: some OrderedKey) -> [UInt8] { StateKey(contract: "audit", table: table, key: key).bytes }
    var found = entries.enumerated().map { (key: key("records", UInt64($0.offset)), value: $0.element) }
    var level = entries.map { suite.hash([0] + $0) }
    var height: UInt8 = 0
    var peaks: [Digest] = []
    while !level.isEmpty {
      for (index, digest) in level.enumerated() { found.append((key("nodes", Pair(height, UInt64(index))), digest.canonicalBytes)) }
      if level.count % 2 == 1, let last = level.last { peaks.insert(last, at: 0) }
      let pairs = level.count / 2
      level = (0..<pairs).map { suite.hash([1] + level[2 * $0].bytes + level[2 * $0 + 1].bytes) }
      height += 1
    }
    let edge = UInt64(entries.count).canonicalBytes + peaks.canonicalBytes
    found.append((key("log", SingleKey()), edge))
    return found
  }
}
