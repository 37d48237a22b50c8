import Apps
import ChainCore
import ChainTesting

/// The contract `directory` in a state of one of its machines.
struct DirectoryScenario: LifecycleScenario {
  static let contract: ContractName = "directory"
  static let owner: OrganisationID = "11410000MB0A00026E"
  static let applicant: OrganisationID = "11410200MB0A02013W"
  static let code = "410000-SCJG-0001"

  struct Fixture {
    var parties: Parties
    var template: ContractSandbox
  }
  static let fixture: Result<Fixture, any Error> = Result {
    let parties = try Parties(domain: "directory", organisations: [owner, applicant, organisation(withRole: "department")])
    let ours: [OrganisationID: [Role]] = [owner: ["department"], applicant: ["department"], Parties.service: [.identityService]]
    let template = try ContractSandbox(
      [DataDirectory()], chain: "henan/main", organisations: foreigners(try Lifecycles.load().roles).merging(ours) { $1 },
      authorities: [parties.authority], members: parties.certificates)
    return Fixture(parties: parties, template: template)
  }

  var sandbox: ContractSandbox
  let machine: String
  let startState: String?
  let parties: Parties
  var isSaved = false
  var isListed = false
  var revision: Digest?
  var request: Digest?
  var use: UseKey?
  var application: Digest?

  private var office: Caller { sandbox.caller("office", roles: ["dataOffice"]) }
  private var platform: Caller { sandbox.caller("operator", roles: ["platform"]) }
  private var ownerCaller: Caller { sandbox.caller(Self.owner) }
  private var applicantCaller: Caller { sandbox.caller(Self.applicant) }

  init(machine: String, state: String?, variant: String = "") throws {
    let fixture = try Self.fixture.get()
    sandbox = fixture.template
    parties = fixture.parties
    self.machine = machine
    startState = state
    switch machine {
    case "item": try makeItem(state)
    case "revision":
      try makeItem("published")
      guard let state else { return }
      try perform("proposeRevision", by: ownerCaller)
      if state == "approved" { try perform("approveRevision", by: office) }
      if state == "rejected" { try perform("rejectRevision", by: office) }
    case "request": try makeRequest(state)
    case "use":
      try makeRequest("active")
      guard let state else { return }
      try perform("use", by: applicantCaller)
      if state == "answered" { try perform("answerUse", by: ownerCaller) }
    case "application": try makeApplication(state)
    default:
      guard let state else { return }
      try perform("listEntry", by: platform)
      if state == "withdrawn" { try perform("withdrawEntry", by: platform) }
    }
  }

  private mutating func makeItem(_ state: String?) throws {
    guard let state else { return }
    try perform("saveItem", by: ownerCaller)
    if state == "draft" { return }
    if state == "retired" { return try perform("retire", by: ownerCaller) }
    try perform("submit", by: ownerCaller)
    if state == "submitted" { return }
    try perform("publish", by: office)
    if state == "suspended" { try perform("suspend", by: office) }
  }

  private mutating func makeRequest(_ state: String?) throws {
    try makeItem("published")
    guard let state else { return }
    try perform("apply", by: applicantCaller)
    switch state {
    case "applied": sandbox.time = sandbox.time.advanced(byMilliseconds: 100_000)
    case "escalated":
      sandbox.time = sandbox.time.advanced(byMilliseconds: 100_000)
      try perform("escalate", by: applicantCaller)
    case "rejected": try perform("reject", by: ownerCaller)
    case "withdrawn": try perform("withdrawRequest", by: applicantCaller)
    default:
      try perform("approve", by: ownerCaller)
      if state == "revoked" { try perform("revoke", by: office) }
      if state == "expired" { sandbox.time = sandbox.time.advanced(byMilliseconds: 2_000_000) }
      if state == "exhausted" { for _ in 0..<3 { try perform("use", by: applicantCaller) } }
    }
  }

  private mutating func makeApplication(_ state: String?) throws {
    try sandbox.call(
      "directory", "listEntry",
      ListEntry(code: "svc", kind: .service, title: "区块链服务", version: "1", documentDigest: .zero), as: platform)
    try seat(Self.applicant)
    guard let state else { return }
    try perform("applyService", by: applicantCaller)
    if state == "rejected" { try perform("rejectService", by: platform) }
    if state == "approved" || state == "running" { try perform("approveService", by: platform) }
    if state == "running" { try perform("provision", by: platform) }
    if state == "closed" { try perform("closeService", by: platform) }
  }

  func organisation(in relation: String) -> OrganisationID? {
    switch (machine, relation) {
    case ("item", "owner"): startState == nil ? nil : Self.owner
    case ("revision", "owner"), ("request", "owner"), ("use", "owner"): Self.owner
    case ("request", "applicant"), ("application", "applicant"): startState == nil ? nil : Self.applicant
    case ("use", "applicant"): Self.applicant
    default: nil
    }
  }

  func state() throws -> String? {
    switch machine {
    case "item": return isSaved ? try item()?.state.rawValue : nil
    case "revision":
      guard let revision else { return nil }
      return try sandbox.query("directory", "revision", revision, as: Registered<ItemRevision>?.self)?.state.rawValue
    case "request":
      guard let request, let found = try record(request) else { return nil }
      return DataDirectory.requests.state(of: found, at: sandbox.time).rawValue
    case "use":
      guard let use else { return nil }
      return try sandbox.query("directory", "useRecord", use, as: Registered<DataUse>?.self)?.state.rawValue
    case "application":
      guard let application else { return nil }
      return try sandbox.query("directory", "application", application, as: Registered<ServiceApplication>?.self)?.state.rawValue
    default:
      return isListed ? try sandbox.query("directory", "entry", "GB-1", as: Registered<CatalogueEntry>?.self)?.state.rawValue : nil
    }
  }

  func item() throws -> Registered<DirectoryItem>? {
    try sandbox.query("directory", "itemRecord", Self.code, as: Registered<DirectoryItem>?.self)
  }
  func record(_ request: Digest) throws -> Registered<DataRequest>? {
    try sandbox.query("directory", "request", request, as: Registered<DataRequest>?.self)
  }
  private var version: UInt64 { get throws { try item()?.version ?? 1 } }

  static let fields = [
    ItemField(number: 1, name: "name", type: "text", fieldClass: .clear),
    ItemField(number: 2, name: "status", type: "code", fieldClass: .commitment),
  ]
  static func save(_ code: String, share: SharePolicy = SharePolicy(kind: .conditional, basis: "law-1")) -> SaveItem {
    SaveItem(
      code: code, title: "企业登记信息", division: "410000", certificate: [1], share: share, list: .ordinary, updateDays: 30,
      content: .clear(fields))
  }

  mutating func perform(_ call: String, by caller: Caller) throws {
    switch machine {
    case _ where Self.itemCalls.contains(call): try change(EntryName(unchecked: call), caller)
    case _ where Self.serviceCalls.contains(call): try serve(EntryName(unchecked: call), caller)
    default: try ask(EntryName(unchecked: call), caller)
    }
  }

  private static let itemCalls = [
    "saveItem", "editItem", "submit", "publish", "returnItem", "revise", "suspend", "resume", "retire", "reassign", "addDataset",
    "proposeRevision", "approveRevision", "rejectRevision",
  ]
  private static let serviceCalls = [
    "applyService", "approveService", "rejectService", "provision", "closeService", "listEntry", "changeEntry", "withdrawEntry",
  ]

  private mutating func change(_ call: EntryName, _ caller: Caller) throws {
    let code = Self.code
    switch call {
    case "saveItem":
      try sandbox.call("directory", call, Self.save(isSaved ? "other-\(sandbox.height)" : code), as: caller)
      isSaved = true
    case "editItem", "revise":
      let changes = ItemChanges(title: "企业登记基本信息")
      try sandbox.call("directory", call, ChangeItem(code: code, expectedVersion: try version, changes: changes), as: caller)
    case "submit", "publish":
      try sandbox.call("directory", call, ItemVersionCall(code: code, expectedVersion: try version), as: caller)
    case "resume": try sandbox.call("directory", call, ItemCode(code: code), as: caller)
    case "reassign":
      try sandbox.call("directory", call, ReassignItem(code: code, newOwner: Self.applicant, reason: "reorganised"), as: caller)
    case "addDataset":
      let number = (try item()?.content.lastDataset ?? 0) + 1
      try sandbox.call(
        "directory", call,
        AddDataset(code: code, number: number, root: .zero, rows: 10, asOf: sandbox.time, locator: .zero, body: .offChain), as: caller)
    case "proposeRevision":
      let changes = ItemChanges(list: .important)
      let id = try sandbox.call(
        "directory", call, ProposeRevision(code: code, baseVersion: try version, changes: changes), as: caller, returning: Digest.self)
      revision = revision ?? id
    case "approveRevision": try sandbox.call("directory", call, RevisionCall(revision: revision ?? .zero), as: caller)
    case "rejectRevision":
      try sandbox.call("directory", call, RejectRevision(revision: revision ?? .zero, reason: "unfounded"), as: caller)
    default: try sandbox.call("directory", call, ItemReason(code: code, reason: "r1"), as: caller)
    }
  }

  private mutating func ask(_ call: EntryName, _ caller: Caller) throws {
    let id = request ?? .zero
    switch call {
    case "apply":
      let application = ApplyForData(
        item: Self.code, fields: [1, 2], purpose: "check", basis: "law-1", until: sandbox.time.advanced(byMilliseconds: 1_000_000),
        maxUses: 3, answerBy: sandbox.time.advanced(byMilliseconds: 50_000), certificate: parties.serials[caller.organisation] ?? [9])
      let id = try sandbox.call("directory", call, application, as: caller, returning: Digest.self)
      request = request ?? id
    case "approve": try sandbox.call("directory", call, ApproveRequest(request: id, fields: [1]), as: caller)
    case "decide": try sandbox.call("directory", call, DecideRequest(request: id, approve: true, reason: "r1"), as: caller)
    case "reject", "revoke": try sandbox.call("directory", call, RequestReason(request: id, reason: "r1"), as: caller)
    case "escalate", "withdrawRequest": try sandbox.call("directory", call, RequestCall(request: id), as: caller)
    case "use":
      let number = (try record(id)?.content.lastUse ?? 0) + 1
      try sandbox.call(
        "directory", call,
        UseData(request: id, number: number, kind: .verify, matter: "m1", question: .zero, count: 1), as: caller)
      use = use ?? UseKey(request: id, number: number)
    default:
      try sandbox.call(
        "directory", call, AnswerData(request: id, number: use?.number ?? 1, result: .match), as: caller)
    }
  }

  private mutating func serve(_ call: EntryName, _ caller: Caller) throws {
    let id = application ?? .zero
    switch call {
    case "applyService":
      let id = try sandbox.call(
        "directory", call, ApplyForService(entry: "svc", purpose: "p1", contact: .zero), as: caller, returning: Digest.self)
      application = application ?? id
    case "approveService": try sandbox.call("directory", call, ApplicationCall(application: id), as: caller)
    case "provision":
      try sandbox.call("directory", call, ProvisionService(application: id, proposal: 1), as: caller)
    case "rejectService", "closeService":
      try sandbox.call("directory", call, ApplicationReason(application: id, reason: "r1"), as: caller)
    case "listEntry":
      let entry = ListEntry(
        code: isListed ? "GB-\(sandbox.height)" : "GB-1", kind: .standard, title: "电子证照 标识规范", version: "2018", documentDigest: .zero)
      try sandbox.call("directory", call, entry, as: caller)
      isListed = true
    case "changeEntry":
      let found = try sandbox.query("directory", "entry", "GB-1", as: Registered<CatalogueEntry>?.self)
      try sandbox.call("directory", call, ChangeEntry(code: "GB-1", expectedVersion: found?.version ?? 1, version: "2023"), as: caller)
    default: try sandbox.call("directory", call, ItemReason(code: "GB-1", reason: "r1"), as: caller)
    }
  }

  /// The vote by which an organisation gets a validator; in a sandbox one organisation has all votes.
  mutating func seat(_ organisation: OrganisationID) throws {
    let key = try PrivateKey(suite: .guomi, secret: CryptoSuite.guomi.hash(Array("validator \(organisation)".utf8)).bytes)
    let change = ValidatorChange.add(Validator(key: key.publicKey, weight: 1, organisation: organisation))
    try sandbox.call(
      "governance", "propose", ProposeChange(change: change, reason: "service"), as: sandbox.caller("sandbox", roles: ["validator"]))
  }
}
