public import ChainCore

/// Whose things begin with a prefix of the drug identification, and on which chain they are traced.
public struct CodeHome: CanonicalRecord, Codable, Hashable {
  /// The organisation that numbers under it.
  public var organisation: OrganisationID
  /// The chain that traces them.
  public var chain: ChainID

  /// Names organisation and chain.
  public init(organisation: OrganisationID, chain: ChainID) {
    self.organisation = organisation
    self.chain = chain
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.organisation, \.chain)
}

/// 码链融合 on the main chain: prefixes of drug trace codes, each of one organisation and chain. GS1 prefixes are `AgriTrace`'s.
public struct CodePrefixes: Contract {
  /// `codes`.
  public static let name: ContractName = "codes"

  /// Homes by prefix: one to seven digits of the drug identification.
  public static let homes = Registry<String, CodeHome>(
    "homes",
    [
      .create("registerPrefix", to: "registered", by: .role("platform")),
      .move("retirePrefix", from: ["registered"], to: "retired", by: .role("platform")),
    ])

  /// The contract.
  public init() {}

  /// All calls and questions.
  public var entries: Entries {
    Entry("registerPrefix", by: Self.homes.access("registerPrefix")) { (call: CreateRecord<String, CodeHome>, context) in
      guard (1...7).contains(call.key.utf8.count), call.key.isAllDigits else {
        throw ContractError.badArgument("key: 1 to 7 digits of the drug identification")
      }
      // One home for each code: neither a longer nor a shorter prefix of a registered one.
      for count in 1...7 where count < call.key.utf8.count {
        guard try context.get(Self.homes.records, String(call.key.prefix(count))) == nil else { throw ContractError.alreadyExists }
      }
      guard try context.range(Self.homes.records, from: call.key, to: call.key + ":", limit: 1).isEmpty else {
        throw ContractError.alreadyExists
      }
      try Self.homes.create("registerPrefix", call.key, call.content, context)
    }
    Entry("retirePrefix", by: Self.homes.access("retirePrefix")) { (call: MoveRecord<String>, context) in
      try Arguments.check(code: call.reason, "reason")
      try Self.homes.move("retirePrefix", call.key, context)
    }
    Query("home") { (code: DrugTraceCode, context) -> CodeHome? in
      for count in (1...7).reversed() {
        let found = try context.get(Self.homes.records, String(code.drugIdentification.prefix(count)))
        if let found { return found.state == "registered" ? found.content : nil }
      }
      return nil
    }
  }
}
