public import ChainCore

/// Clients that swap and add to few registers and read them, and remember what they were told.
///
/// A `ChainWorld` with this workload checks with `LinearizabilityChecker` that the calls are linearizable, and that reads of certified
/// state at single nodes are sequentially consistent for each client that tells the height it has seen.
public struct RegisterWorkload: ChainWorkload {
  static let registers: UInt64 = 6
  /// Those from here on are only added to: they never go down.
  static let counters: UInt64 = 3
  private var nextValue: UInt64 = 1_000_000
  private let swapsBadly: Bool

  /// The workload.
  public init() { swapsBadly = false }

  /// A workload whose swaps do not return the old value, which the world must find.
  package init(swapsBadly: Bool) { self.swapsBadly = swapsBadly }

  /// The registers.
  public var contracts: [any Contract] { [RegisterContract(swapsBadly: swapsBadly)] }
  /// Two organisations' clerks.
  public var organisations: [OrganisationID: [Role]] { ["shop-a": ["clerk"], "shop-b": ["clerk"]] }

  /// A swap to a value that no other has, or an addition.
  public mutating func next(_ random: inout SeededRandom) -> ChainCall {
    let register = UInt64(random.below(Int(Self.registers)))
    let organisation: OrganisationID = random.chance(50) ? "shop-a" : "shop-b"
    nextValue += 1_000_000
    guard register < Self.counters, random.chance(50) else {
      return ChainCall("registers", "add", RegisterCall(register: register, value: UInt64(1 + random.below(5))), by: organisation)
    }
    return ChainCall("registers", "swap", RegisterCall(register: register, value: nextValue), by: organisation)
  }

  /// Nothing: what clients see is checked.
  public func violation(in ledger: Ledger) -> String? { nil }

  static func operation(_ call: ChainCall) -> Registers.Operation? {
    guard let arguments = try? RegisterCall(canonicalBytes: call.arguments) else { return nil }
    return call.entry == "swap" ? .swap(arguments.register, arguments.value) : .add(arguments.register, arguments.value)
  }
}

struct RegisterCall: CanonicalRecord, Codable {
  var register: UInt64
  var value: UInt64

  static let layout = Layout(Self.init, \.register, \.value)
}

struct RegisterContract: Contract {
  static let name: ContractName = "registers"
  static let values = Table<UInt64, UInt64>("values")
  let swapsBadly: Bool

  var entries: Entries {
    Entry("swap", by: .role("clerk")) { (call: RegisterCall, context) -> UInt64 in
      let old = try context.get(Self.values, call.register) ?? 0
      try context.put(Self.values, call.register, call.value)
      return swapsBadly ? 0 : old
    }
    Entry("add", by: .role("clerk")) { (call: RegisterCall, context) -> UInt64 in
      let value = (try context.get(Self.values, call.register) ?? 0) + call.value
      try context.put(Self.values, call.register, value)
      return value
    }
    Query("value") { (register: UInt64, context) -> UInt64 in try context.get(Self.values, register) ?? 0 }
  }
}
