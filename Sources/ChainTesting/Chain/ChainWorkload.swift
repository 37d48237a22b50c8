public import ChainCore

/// What clients do with a `ChainWorld`, and what must always hold of its state.
public protocol ChainWorkload: Sendable {
  /// The contracts that the chain has.
  var contracts: [any Contract] { get }
  /// What contracts get at genesis.
  var configurations: [ContractName: [UInt8]] { get }
  /// The organisations with their roles; each has a member called "clerk" who can sign calls.
  var organisations: [OrganisationID: [Role]] { get }
  /// The next call of some client.
  mutating func next(_ random: inout SeededRandom) -> ChainCall
  /// What is wrong with the state of a ledger at its head, if anything. Asked after each block, on each node.
  func violation(in ledger: Ledger) -> String?
}

extension ChainWorkload {
  /// Nothing.
  public var configurations: [ContractName: [UInt8]] { [:] }
  /// Nothing is wrong.
  public func violation(in ledger: Ledger) -> String? { nil }
}

/// A call that a client signs.
public struct ChainCall: Sendable {
  /// Whose clerk signs.
  public var organisation: OrganisationID
  /// The contract.
  public var contract: ContractName
  /// The entry.
  public var entry: EntryName
  /// Its arguments, encoded.
  public var arguments: [UInt8]

  /// A call of `entry` with `arguments` by the clerk of `organisation`.
  public init(_ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable, by organisation: OrganisationID) {
    self.organisation = organisation
    self.contract = contract
    self.entry = entry
    self.arguments = arguments.canonicalBytes
  }
}

/// Conflicting transfers between few accounts: their sum never changes, and no account is overdrawn.
public struct BankWorkload: ChainWorkload {
  static let accounts: UInt64 = 6
  static let opening: UInt64 = 1_000

  /// The workload.
  public init() {}

  /// The bank.
  public var contracts: [any Contract] { [BankContract()] }
  /// Two banks' clerks.
  public var organisations: [OrganisationID: [Role]] { ["bank-a": ["teller"], "bank-b": ["teller"]] }

  /// A transfer between two accounts.
  public mutating func next(_ random: inout SeededRandom) -> ChainCall {
    let from = UInt64(random.below(Int(Self.accounts)))
    let to = (from + 1 + UInt64(random.below(Int(Self.accounts) - 1))) % Self.accounts
    return ChainCall(
      "bank", "transfer", BankTransfer(from: from, to: to, amount: UInt64(1 + random.below(400))),
      by: random.chance(50) ? "bank-a" : "bank-b")
  }

  /// Whether money was made or lost.
  public func violation(in ledger: Ledger) -> String? {
    guard let sum = try? ledger.query("bank", "total", NoResult(), as: UInt64.self) else { return "the bank does not answer" }
    return sum == Self.accounts * Self.opening ? nil : "the bank's total is \(sum)"
  }
}

struct BankTransfer: CanonicalRecord, Codable {
  var from: UInt64
  var to: UInt64
  var amount: UInt64

  static let layout = Layout(Self.init, \.from, \.to, \.amount)
}

struct BankContract: Contract {
  static let name: ContractName = "bank"
  static let balances = Table<UInt64, UInt64>("balances")

  var entries: Entries {
    Entry("transfer", by: .role("teller")) { (call: BankTransfer, context) -> UInt64 in
      let from = try context.get(Self.balances, call.from) ?? BankWorkload.opening
      let to = try context.get(Self.balances, call.to) ?? BankWorkload.opening
      try context.require(from >= call.amount, .badArgument("amount"))
      try context.put(Self.balances, call.from, from - call.amount)
      try context.put(Self.balances, call.to, to + call.amount)
      return from - call.amount
    }
    Query("total") { (_: NoResult, context) -> UInt64 in
      var sum: UInt64 = 0
      for account in 0..<BankWorkload.accounts { sum += try context.get(Self.balances, account) ?? BankWorkload.opening }
      return sum
    }
  }
}
