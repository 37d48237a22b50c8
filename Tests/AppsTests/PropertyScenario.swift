import Apps
import ChainCore
import ChainTesting
import CrossChain
import Testing

/// Stands where `xc` stands on a city's chain: believes every proof, as of the main chain.
struct TrustingMain: PacketSender {
  static let name: ContractName = "xc"
  var entries: Entries {
    Query("verifyRemote") { (question: RemoteQuestion, context) -> VerifiedRecord in
      VerifiedRecord(
        chain: "henan/main", genesis: .none, suite: context.suite, height: 7, time: context.time, key: question.proof.record.key,
        value: question.proof.record.value)
    }
  }
  func send(
    _ packet: OutgoingPacket, from port: ContractName, by caller: Caller, _ context: ContractContext
  ) throws(ContractError) -> SentPacket { SentPacket(id: .zero, sequence: 1) }
}

/// The contract `property` in a state of one of its machines, for kinds of deals, rights and owners.
struct PropertyScenario: LifecycleScenario {
  static let contract: ContractName = "property"
  static let variants = [
    "unit", "deal-sale", "deal-mortgage", "deal-judicial", "right-preNotice", "right-objection", "right-seizure", "right-mortgage",
    "right-dwelling", "lookup-organisation", "lookup-person",
  ]
  static func canBe(_ machine: String, in state: String?, variant: String) -> Bool {
    guard variant.hasPrefix(machine) else { return false }
    switch (variant, state) {
    case ("right-mortgage", "lapsed"), ("deal-mortgage", "assessed"), ("deal-mortgage", "paid"): return false
    default: return true
    }
  }

  static let firm: OrganisationID = "91410600MA9A0007X7"
  static let bank: OrganisationID = "91410000MA9A00061G"
  static let otherRegistry: OrganisationID = "12411500MB0A15017F"
  static let court: OrganisationID = "11410100MB0A01045R"
  static func organisation(withRole role: String) -> OrganisationID {
    role == "registry" ? "11410100MB0A010107" : OrganisationID(unchecked: "foreign-\(role)")
  }

  struct Fixture {
    var parties: Parties
    var template: ContractSandbox
  }
  static let fixture: Result<Fixture, any Error> = Result {
    let parties = try Parties(domain: RealEstate.domain, organisations: [firm, bank])
    let ours: [OrganisationID: [Role]] = [
      firm: [], bank: [], otherRegistry: ["registry"], court: ["court"], "agent": ["citizenAgent"], "tax-1": ["taxOffice"], "bureau": [],
      Parties.service: [.identityService],
    ]
    let settings = PropertyConfiguration(main: "henan/main", identityItem: "identity", marriageItem: "marriage")
    var template = try ContractSandbox(
      [RealEstate(), TrustingMain()], organisations: foreigners(try Lifecycles.load().roles).merging(ours) { $1 },
      authorities: [parties.authority], members: parties.certificates, configurations: ["property": settings.canonicalBytes])
    // A spare unit for calls that create something beside the tracked record.
    try register(2, owner: .organisation(firm), &template)
    return Fixture(parties: parties, template: template)
  }

  static func unit(_ number: Int) throws -> RealEstateUnit {
    let digits = String(number)
    return try RealEstateUnit("410105001002GB00012F0001" + String(repeating: "0", count: 4 - digits.count) + digits)
  }

  static func register(_ number: Int, owner: Subject, _ sandbox: inout ContractSandbox) throws {
    let registry = sandbox.caller(organisation(withRole: "registry"), roles: ["registry"])
    let call = RegisterUnit(
      code: try unit(number), parcel: "410105001002GB00012", areaCm2: 1_000_000, use: "dwelling",
      holders: [HolderShare(holder: owner, share: .whole)], basisDigest: .zero)
    try sandbox.call("property", "registerUnit", call, as: registry)
  }

  var sandbox: ContractSandbox
  let machine: String
  let variant: String
  let startState: String?
  let parties: Parties
  var isRegistered = false
  var deal: Digest?
  var right: RightKey?
  var lookup: Digest?

  var kind: String { String(variant.split(separator: "-").last ?? "") }
  var isPersons: Bool { variant == "deal-sale" || variant == "lookup-person" }
  private var registry: Caller { sandbox.caller(Self.otherRegistry) }
  private var courtCaller: Caller { sandbox.caller(Self.court) }
  private var owner: Subject { isPersons ? .person(parties.person("A")) : .organisation(Self.firm) }

  init(machine: String, state: String?, variant: String) throws {
    let fixture = try Self.fixture.get()
    sandbox = fixture.template
    parties = fixture.parties
    self.machine = machine
    self.variant = variant
    startState = state
    if machine != "unit" || state != nil {
      try Self.register(1, owner: owner, &sandbox)
      isRegistered = true
    }
    guard let state else { return }
    switch machine {
    case "unit":
      if state == "superseded" { try perform("splitUnit", by: registry) }
      if state == "extinguished" { try perform("extinguish", by: registry) }
    case "deal": try makeDeal(state)
    case "right": try makeRight(state)
    default: try makeLookup(state)
    }
  }

  private mutating func makeDeal(_ state: String) throws {
    let filer: Caller =
      switch kind {
      case "sale": sandbox.caller("housing-1", roles: ["housing"])
      case "judicial": sandbox.caller("foreign-court", roles: ["court"])
      default: registry
      }
    try perform("file", by: filer)
    let taxed = kind != "mortgage"
    let steps = ["filed", "assessed", "paid", "accepted", "examined", "registered"]
    let calls = taxed ? ["assessTax", "payTax", "acceptDeal", "examine", "register"] : ["acceptDeal", "examine", "register"]
    let reached = taxed ? Array(steps.dropFirst()) : ["accepted", "examined", "registered"]
    if let last = reached.firstIndex(of: state) {
      for call in calls[...last] {
        try perform(call, by: call == "assessTax" || call == "payTax" ? sandbox.caller("tax-1") : registry)
      }
    }
    switch state {
    case "rejected": try perform("reject", by: registry)
    case "withdrawn": try perform("withdraw", by: filer)
    case "lapsed": sandbox.time = sandbox.time.advanced(byMilliseconds: 20_000_000)
    default: break
    }
  }

  private mutating func makeRight(_ state: String) throws {
    switch kind {
    case "preNotice": try perform("preNotice", by: registry)
    case "objection": try perform("objection", by: registry)
    case "seizure": try perform("seize", by: courtCaller)
    default:
      for call in ["file", "acceptDeal", "examine", "register"] { try perform(call, by: registry) }
      right = RightKey(unit: try Self.unit(1), number: 2)
    }
    if state == "lapsed" {
      if kind == "preNotice" {
        let until = sandbox.time.advanced(byMilliseconds: 1_000_000)
        try sandbox.call("property", "setTerm", SetTerm(right: try #require(right), until: until, basisDigest: .zero), as: registry)
      }
      sandbox.time = sandbox.time.advanced(byMilliseconds: RealEstate.objectionMs + 1)
    }
    guard state == "ended" else { return }
    let actors: [String: Caller] = ["seizure": courtCaller, "mortgage": sandbox.caller(Self.bank)]
    try perform("endRight", by: actors[kind] ?? registry)
  }

  private mutating func makeLookup(_ state: String) throws {
    let grantor = sandbox.caller(isPersons ? "agent" : Self.firm)
    try perform("grantLookup", by: grantor)
    switch state {
    case "revoked": try perform("revokeLookup", by: grantor)
    case "expired": sandbox.time = sandbox.time.advanced(byMilliseconds: 2_000_000)
    case "exhausted": for _ in 0..<2 { try perform("lookup", by: sandbox.caller("bureau")) }
    default: break
    }
  }

  func organisation(in relation: String) -> OrganisationID? {
    switch (machine, relation) {
    case ("deal", "assessor"):
      return kind != "mortgage" && !["filed", nil].contains(startState) && deal != nil ? assessor : nil
    case ("right", "placer"):
      guard startState != nil else { return nil }
      return ["preNotice": Self.otherRegistry, "objection": Self.otherRegistry, "seizure": Self.court][kind]
    case ("right", "mortgagee"): return startState != nil && kind == "mortgage" ? Self.bank : nil
    case ("lookup", "subject"): return isPersons ? nil : Self.firm
    case ("lookup", "grantor"): return startState == nil ? nil : isPersons ? "agent" : Self.firm
    case ("lookup", "grantee"): return startState == nil ? nil : "bureau"
    default: return nil
    }
  }

  /// The tax office of the deal, if it came so far.
  private var assessor: OrganisationID? {
    guard let deal else { return nil }
    return (try? sandbox.query("property", "deal", deal, as: Registered<PropertyDeal>?.self))??.content.assessor
  }

  func isIn(_ who: [String], _ actor: LifecycleActor) -> Bool? {
    variant == "lookup-organisation" && actor == .role("citizenAgent") ? false : nil
  }

  func ruling(_ call: String, state: String?, by actor: LifecycleActor, isListed: Bool) -> LifecycleRuling? {
    guard let state, isListed else { return nil }
    switch (variant, call, state) {
    case ("deal-sale", "acceptDeal", "filed"), ("deal-judicial", "acceptDeal", "filed"), ("deal-mortgage", "assessTax", "filed"):
      return .refused("notAllowed")
    case ("deal-judicial", "withdraw", _): return actor == .role("court") ? nil : .refused("notAuthorised")
    case ("right-seizure", "endRight", _), ("right-mortgage", "endRight", _):
      return actor == .role("registry") ? .refused("notAuthorised") : nil
    case (_, "lookup", "expired"): return .refused("expired")
    case (_, "lookup", "exhausted"): return .refused("quota")
    default: return nil
    }
  }

  func state() throws -> String? {
    switch machine {
    case "unit":
      guard isRegistered else { return nil }
      return try sandbox.query("property", "unit", try Self.unit(1), as: Registered<PropertyUnit>?.self)?.state.rawValue
    case "deal":
      guard let deal else { return nil }
      return try sandbox.query("property", "dealState", deal, as: RecordState?.self)?.rawValue
    case "right":
      guard let right else { return nil }
      return try sandbox.query("property", "rightState", right, as: RecordState?.self)?.rawValue
    default:
      guard let lookup, let found = try sandbox.query("property", "lookupGrant", lookup, as: Registered<Grant>?.self) else { return nil }
      return Grants.state(of: found, used: found.content.used, at: sandbox.time).rawValue
    }
  }
}
