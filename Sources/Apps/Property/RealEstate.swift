public import ChainCore

/// 不动产: units, rights in them, and deals from filing to registration, on the chain of the unit's county.
///
/// A deal registers only if nothing in the table of conflicts stands against it in that very block, whenever it arrived there. One
/// call ends the old rights and creates the new ones.
public struct RealEstate: Contract {
  /// `property`.
  public static let name: ContractName = "property"
  /// The domain of persons' references in property records.
  public static let domain = "property"
  /// How many rights in force and how many deals under way a unit may have: every call looks through them.
  public static let unitLimit = 64
  /// How long an objection stands without a suit, in milliseconds: 15 days.
  public static let objectionMs: UInt64 = 15 * 86_400_000
  /// How long a pre-notice stands once registration is possible, in milliseconds: 90 days.
  public static let preNoticeMs: UInt64 = 90 * 86_400_000

  /// Units by code.
  public static let units = Registry<RealEstateUnit, PropertyUnit>(
    "units",
    [
      .create("registerUnit", to: "active", by: .role("registry")),
      .move("splitUnit", from: ["active"], to: "superseded", by: .role("registry")),
      .move("mergeUnits", from: ["active"], to: "superseded", by: .role("registry")),
      .move("extinguish", from: ["active"], to: "extinguished", by: .role("registry")),
    ])

  /// Rights by unit and number.
  public static let rights = Registry<RightKey, PropertyRight>(
    "rights",
    [
      .create("preNotice", to: "registered", by: .role("registry")),
      .create("objection", to: "registered", by: .role("registry")),
      .create("seize", to: "registered", by: .role("court")),
      .move("setTerm", from: ["registered"], by: .relation("placer")),
      .move("endRight", from: ["registered"], to: "ended", by: .relation("ender")),
    ],
    derive: { record, time in
      record.state == "registered" && record.content.until.map { time > $0 } == true ? "lapsed" : record.state
    },
    relations: { relation, record, _, caller in
      let isPlacer = caller.organisation == record.content.placer
      guard relation == "ender" else { return isPlacer }
      switch record.content.kind {
      case .ownership: return false
      case .mortgage: return record.content.holders.contains { $0.holder == .organisation(caller.organisation) }
      case .dwelling: return caller.has("registry")
      case .seizure: return isPlacer
      case .preNotice, .objection: return isPlacer || caller.has("registry")
      }
    })

  /// Deals by id.
  public static let deals = Registry<Digest, PropertyDeal>(
    "deals",
    [
      .create("file", to: "filed", by: .role("housing"), .role("registry"), .role("court")),
      .move("assessTax", from: ["filed"], to: "assessed", by: .role("taxOffice")),
      .move("payTax", from: ["assessed"], to: "paid", by: .relation("assessor")),
      .move("acceptDeal", from: ["filed", "paid"], to: "accepted", by: .role("registry")),
      .move("examine", from: ["accepted"], to: "examined", by: .role("registry")),
      .move("register", from: ["examined"], to: "registered", by: .role("registry")),
      .move("reject", from: underWay, to: "rejected", by: .role("registry"), .relation("assessor")),
      .move("withdraw", from: underWay, to: "withdrawn", by: .role("housing"), .role("registry"), .role("court")),
    ],
    derive: { record, time in underWay.contains(record.state) && time > record.content.content.deadline ? "lapsed" : record.state },
    relations: { _, record, _, caller in caller.organisation == record.content.assessor })

  /// Grants of lookups by id.
  public static let lookups = Grants(
    "lookups",
    [
      .create("grantLookup", to: "active", by: .checked),
      .move("lookup", from: ["active"], by: .checked),
      .move("revokeLookup", from: ["active"], to: "revoked", by: .checked),
    ])

  static let underWay: [RecordState] = ["filed", "assessed", "paid", "accepted", "examined"]
  static let lookupSubjects = Table<Digest, Subject>("lookup-subjects")
  static let proofs = SubjectProofs(domain: domain)
  static let configuration = Table<SingleKey, PropertyConfiguration>("configuration")

  /// The contract.
  public init() {}

  /// Keeps where answers about persons come from.
  public func initialise(_ configuration: [UInt8], _ context: ContractContext) throws {
    guard !configuration.isEmpty else { return }
    try context.put(Self.configuration, SingleKey(), try PropertyConfiguration(canonicalBytes: configuration))
  }

  /// All calls and questions.
  public var entries: Entries {
    unitEntries
    dealEntries
    rightEntries
    lookupEntries
    queries
  }

  private var unitEntries: Entries {
    let units = Self.units
    return Entries(entries: [
      Entry("registerUnit", by: units.access("registerUnit")) { (call: RegisterUnit, context) in try Self.register(call, context) },
      Entry("splitUnit", by: units.access("splitUnit")) { (call: SplitUnit, context) in try Self.split(call, context) },
      Entry("mergeUnits", by: units.access("mergeUnits")) { (call: MergeUnits, context) in try Self.merge(call, context) },
      Entry("extinguish", by: units.access("extinguish")) { (call: ExtinguishUnit, context) in
        try Arguments.check(code: call.reason, "reason")
        try units.move("extinguish", call.code, context) { record in
          let state = try UnitState(call.code, record.content, context)
          try state.requireNothingBut([.ownership], call: "extinguish")
          try Self.endAll(state.rights, call: "extinguish", context)
          record.content = state.pruned
          record.content.rights = []
        }
      },
    ])
  }

  private static func register(_ call: RegisterUnit, _ context: ContractContext) throws {
    try Arguments.check(text: call.parcel, "parcel")
    try Arguments.check(code: call.use, "use")
    guard call.areaCm2 > 0 else { throw ContractError.badArgument("areaCm2: at least 1") }
    try checkHolders(call.holders)
    try units.create(
      "registerUnit", call.code,
      PropertyUnit(
        parcel: call.parcel, areaCm2: call.areaCm2, use: call.use, basisDigest: call.basisDigest, rights: [1], lastRight: 1, deals: [],
        origins: []), context
    ) {
      guard isCompetent(context.caller.organisation, for: call.code) else {
        throw ContractError.notAuthorised("\(context.caller.organisation) does not register units of county \(call.code.county)")
      }
    }
    let ownership = PropertyRight(kind: .ownership, holders: call.holders, rank: 1, basis: call.basisDigest)
    try rights.insert("registerUnit", RightKey(unit: call.code, number: 1), ownership, state: "registered", context)
  }

  /// Whether an organisation's division is the unit's county, its city or the province.
  private static func isCompetent(_ organisation: OrganisationID, for unit: RealEstateUnit) -> Bool {
    guard let division = (try? UnifiedCreditCode(organisation.rawValue))?.division else { return false }
    if division.hasSuffix("0000") { return division.prefix(2) == unit.county.prefix(2) }
    return division.hasSuffix("00") ? division.prefix(4) == unit.county.prefix(4) : division == unit.county
  }

  static func checkHolders(_ holders: [HolderShare]) throws(ContractError) {
    guard (1...64).contains(holders.count), Set(holders.map(\.holder)).count == holders.count else {
      throw .badArgument("holders: 1 to 64 different ones are expected")
    }
    guard try Share.sum(holders.map(\.share)) == .whole else { throw .badArgument("holders: their shares do not make the whole") }
  }

  private static func split(_ call: SplitUnit, _ context: ContractContext) throws {
    guard (2...64).contains(call.children.count), Set(call.children.map(\.code)).count == call.children.count else {
      throw ContractError.badArgument("children: 2 to 64 different units are expected")
    }
    try units.move("splitUnit", call.code, context) { record in
      let state = try UnitState(call.code, record.content, context)
      try state.requireNothingBut([.ownership, .mortgage, .dwelling], call: "splitUnit")
      let area = try Provenance<String>.sum(call.children.map(\.areaCm2))
      guard area == record.content.areaCm2, call.children.allSatisfy({ $0.areaCm2 > 0 }) else {
        throw ContractError.badArgument("children: their areas do not make the unit's")
      }
      for child in call.children {
        try create(child, like: record.content, from: [call.code], with: state.rights.map(\.right.content), call: "splitUnit", context)
      }
      try endAll(state.rights, call: "splitUnit", context)
      record.content = state.pruned
      record.content.rights = []
    }
  }

  private static func merge(_ call: MergeUnits, _ context: ContractContext) throws {
    guard (2...16).contains(call.codes.count), Set(call.codes).count == call.codes.count else {
      throw ContractError.badArgument("codes: 2 to 16 different units are expected")
    }
    var first: (unit: PropertyUnit, ownership: PropertyRight)?
    var area: UInt64 = 0
    for code in call.codes {
      try units.move("mergeUnits", code, context) { record in
        let state = try UnitState(code, record.content, context)
        try state.requireNothingBut([.ownership], call: "mergeUnits")
        guard let ownership = state.rights.first?.right.content else { throw ContractError.unexpected }
        if let first {
          guard Set(first.ownership.holders) == Set(ownership.holders) else {
            throw ContractError.badArgument("codes: the units have other holders or shares")
          }
        } else {
          first = (record.content, ownership)
        }
        area = try Provenance<String>.sum([area, record.content.areaCm2])
        try endAll(state.rights, call: "mergeUnits", context)
        record.content = state.pruned
        record.content.rights = []
      }
    }
    guard let first else { throw ContractError.unexpected }
    guard call.child.areaCm2 == area else { throw ContractError.badArgument("child: its area is not the sum") }
    try create(call.child, like: first.unit, from: call.codes, with: [first.ownership], call: "mergeUnits", context)
  }

  private static func create(
    _ part: UnitPart, like origin: PropertyUnit, from codes: [RealEstateUnit], with content: [PropertyRight], call: EntryName,
    _ context: ContractContext
  ) throws(ContractError) {
    guard codes.allSatisfy({ $0.county == part.code.county }) else { throw .badArgument("code: a unit stays in its county") }
    let unit = PropertyUnit(
      parcel: origin.parcel, areaCm2: part.areaCm2, use: origin.use, basisDigest: origin.basisDigest,
      rights: content.indices.map { UInt64($0) + 1 }, lastRight: UInt64(content.count), deals: [], origins: codes)
    try units.insert(call, part.code, unit, state: "active", context)
    for (index, right) in content.enumerated() {
      try rights.insert(call, RightKey(unit: part.code, number: UInt64(index) + 1), right, state: "registered", context)
    }
  }

  /// Ends rights as the effect of a call on their unit.
  static func endAll(_ found: [UnitState.Right], call: EntryName, _ context: ContractContext) throws(ContractError) {
    for (key, right) in found {
      var right = right
      right.state = "ended"
      try rights.rewrite(call, key, right, context)
    }
  }
}
