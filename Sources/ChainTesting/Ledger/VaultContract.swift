internal import ChainCore

/// What stands in an account of a `VaultContract`.
struct Holding: CanonicalRecord, Codable, Hashable {
  var balance: UInt64
  var owner: UInt64
  static let layout = Layout(Self.init, \.balance, \.owner)
}

struct VaultOpening: CanonicalRecord, Codable, Hashable {
  var account: UInt64
  var holding: Holding
  static let layout = Layout(Self.init, \.account, \.holding)
}

struct VaultMove: CanonicalRecord, Codable, Hashable {
  var from: UInt64
  var to: UInt64
  var amount: UInt64
  static let layout = Layout(Self.init, \.from, \.to, \.amount)
}

/// Everything above an account, in one direction, up to a number of accounts, goes into the first one found.
struct VaultSweep: CanonicalRecord, Codable, Hashable {
  var above: UInt64
  var count: UInt64
  var isReverse: Bool
  static let layout = Layout(Self.init, \.above, \.count, \.isReverse)
}

struct VaultAssignment: CanonicalRecord, Codable, Hashable {
  var account: UInt64
  var owner: UInt64
  static let layout = Layout(Self.init, \.account, \.owner)
}

struct VaultAccount: CanonicalRecord, Codable, Hashable {
  var account: UInt64
  var holding: Holding
  static let layout = Layout(Self.init, \.account, \.holding)
}

/// Accounts that are opened, emptied into one another, closed and found by owner: calls that fail after they wrote, that emit several
/// events, that scan what the same block wrote.
struct VaultContract: Contract {
  static let name: ContractName = "vault"
  static let holdings = Table<UInt64, Holding>("holdings", indexes: [TableIndex("owner") { _, holding in holding.owner }])
  /// No table: a call cannot hold more.
  static let scratch = Table<UInt64, UInt64>("scratch")
  static let all = Int(UInt32.max)

  var entries: Entries {
    IndexedTable(Self.holdings)
    Entry("open", by: .role("teller")) { (call: VaultOpening, context) in
      try context.require(try context.get(Self.holdings, call.account) == nil, .alreadyExists)
      try context.put(Self.holdings, call.account, call.holding)
      try context.emit("opened", call.account)
      try context.emit("owner", call.holding.owner)
    }
    Entry("close", by: .role("teller")) { (account: UInt64, context) -> UInt64 in
      guard let holding = try context.get(Self.holdings, account) else { throw ContractError.notFound }
      try context.remove(Self.holdings, account)
      try context.emit("closed", account)
      return holding.balance
    }
    Entry("assign", by: .role("teller")) { (call: VaultAssignment, context) in
      guard var holding = try context.get(Self.holdings, call.account) else { throw ContractError.notFound }
      try context.emit("released", holding.owner)
      holding.owner = call.owner
      try context.put(Self.holdings, call.account, holding)
      try context.emit("owner", call.owner)
    }
    Entry("move", by: .role("teller")) { (call: VaultMove, context) in try Self.move(call, context) }
    Entry("moves", by: .role("teller")) { (calls: [VaultMove], context) in
      for call in calls { try Self.move(call, context) }
    }
    Entry("sweep", by: .role("teller")) { (call: VaultSweep, context) -> [UInt64] in
      let found = try context.range(
        Self.holdings, from: call.above, to: nil, reverse: call.isReverse, limit: Int(call.count))
      try Self.join(found, context)
      return found.map(\.key)
    }
    Entry("gather", by: .role("teller")) { (owner: UInt64, context) -> [UInt64] in
      let found = try context.range(Self.holdings, index: "owner", equals: owner, limit: Self.all)
      try Self.join(found, context)
      return found.map(\.key)
    }
    Entry("waste", by: .role("teller")) { (count: UInt64, context) in
      for place in 0..<count { try context.put(Self.scratch, place, count) }
    }
    Query("all") { (_: NoResult, context) -> [VaultAccount] in
      try context.range(Self.holdings, from: nil, to: nil, limit: Self.all).map { VaultAccount(account: $0.key, holding: $0.value) }
    }
    Query("owned") { (owner: UInt64, context) -> [UInt64] in
      try context.range(Self.holdings, index: "owner", equals: owner, limit: Self.all).map(\.key)
    }
  }

  /// Takes first and finds out later whether it may: what a failed call wrote must not stay.
  private static func move(_ call: VaultMove, _ context: ContractContext) throws {
    guard var from = try context.get(holdings, call.from) else { throw ContractError.notFound }
    try context.require(from.balance >= call.amount, .quota)
    from.balance -= call.amount
    try context.put(holdings, call.from, from)
    try context.emit("debit", call)
    guard var to = try context.get(holdings, call.to) else { throw ContractError.notFound }
    to.balance += call.amount
    try context.put(holdings, call.to, to)
    try context.emit("credit", call)
    try context.emit("balance", to.balance)
  }

  private static func join(_ found: [(key: UInt64, value: Holding)], _ context: ContractContext) throws {
    guard let first = found.first else { throw ContractError.notFound }
    var sum = first.value
    for (account, holding) in found.dropFirst() {
      sum.balance += holding.balance
      try context.remove(holdings, account)
      try context.emit("closed", account)
    }
    try context.put(holdings, first.key, sum)
    try context.emit("joined", sum.balance)
  }
}
