internal import Apps
internal import ChainCore
internal import CrossChain

extension Story {
  /// §1: Kaifeng's data bureau uses an item of the province by packet, within what was approved.
  public static let directory = Story(
    "directory", Sentence(zh: "数据目录与共享：申请、批准、三次核验、撤销", en: "Data directory: a request by packet, three uses, revocation")
  ) { stage in
    var telling = DirectoryTelling(stage: stage)
    try await telling.tell()
  }
}

struct DirectoryTelling {
  static let code = "410000-SCJG-0001"
  static let owner = Party.provincialMarketOffice
  static let applicant = Party.kaifengDataBureau
  /// A department of Kaifeng that the main chain gives no role to.
  static let stranger: OrganisationID = "kaifeng-sports-bureau"

  let stage: StoryStage
  var name: ContractName { DataDirectory.name }
  private var request = Digest.zero

  init(stage: StoryStage) { self.stage = stage }

  mutating func tell() async throws {
    try await found()
    try await publish()
    stage.heading(zh: "开封市大数据局经中继链申请", en: "Kaifeng's data bureau applies through the relay")
    try await apply()
    let first = request
    try await stage.forwardRefused(
      "use by another department of Kaifeng", "notAuthorised", zh: "开封另一部门使用该授权", en: "another department of Kaifeng uses the request",
      Self.stranger, on: Place.kaifeng, name, to: Place.main, "use", use(1))
    for (number, status, result) in [(1, "存续", UseResult.match), (2, "注销", .mismatch), (3, "存续", .match)] {
      try await use(UInt64(number), status: status, result)
    }
    try await refuse("fourth use", "quota", zh: "第四次使用", en: "the fourth use", number: 4)
    try await reviseAndRevoke()
    try audit(first)
  }

  private func found() async throws {
    try await stage.found(
      [
        StoryChain(
          Place.main, [StoryParty(Party.dataOffice, "dataOffice"), StoryParty(Self.owner, "department")], contracts: [DataDirectory()],
          remoteRoles: [RemoteRoles(chain: Place.kaifeng, organisation: Self.applicant, roles: ["department"])]),
        StoryChain(
          Place.kaifeng, [StoryParty(Self.applicant, "department"), StoryParty(Self.stranger, "department")],
          contracts: [Forwarding(DataDirectory())]),
      ], ports: [name])
  }

  private static let fields = [
    ItemField(number: 1, name: "name", type: "text", fieldClass: .clear),
    ItemField(number: 2, name: "status", type: "code", fieldClass: .clear),
  ]

  private func publish() async throws {
    stage.heading(zh: "省市场监管局编目、数据局发布", en: "The province's market office lists its register, the data office publishes")
    let published = try await stage.publish(
      Self.code, "企业登记信息", by: Self.owner, fields: Self.fields, share: SharePolicy(kind: .conditional, basis: "GB-SCJG-2022-38"))
    stage.tell(published, zh: "目录条目发布", en: "the item is published", ids: ["item": Self.code])
  }

  private mutating func apply() async throws {
    let application = ApplyForData(
      item: Self.code, fields: [1, 2], purpose: "enterpriseService", basis: "KF-2023-11", until: stage.after(days: 90), maxUses: 3,
      answerBy: stage.after(days: 5), certificate: try stage.certificate(of: Self.applicant, on: Place.kaifeng))
    let sent = try await stage.forwardAccepted(Self.applicant, on: Place.kaifeng, name, to: Place.main, "apply", application)
    let known = request
    let requests: [Digest] = try stage.ask(Self.owner, on: Place.main, name, "requests", Self.applicant)
    guard let id = requests.first(where: { $0 != known }) else { throw stage.failure("main has no request of \(Self.applicant)") }
    request = id
    stage.tell(
      sent, zh: "申请名称、登记状态，90 天，3 次", en: "asked for name and status, 90 days, 3 uses", ids: ["request": request.hex])
    let approved = try await stage.call(Self.owner, on: Place.main, name, "approve", ApproveRequest(request: request))
    stage.tell(approved, zh: "省市场监管局批准", en: "the owner approves")
  }

  private func use(_ number: UInt64) -> UseData {
    UseData(
      request: request, number: number, kind: .verify, matter: "KF-ENTERPRISE-01",
      about: stage.suite.hash(Array("91410600MA9A0007X7".utf8)), question: .random(), count: 1)
  }

  private func refuse(_ fact: String, _ code: String, zh: String, en: String, number: UInt64) async throws {
    try await stage.forwardRefused(
      fact, code, zh: zh, en: en, Self.applicant, on: Place.kaifeng, name, to: Place.main, "use", use(number))
  }

  private func use(_ number: UInt64, status: String, _ result: UseResult) async throws {
    try await stage.forwardAccepted(Self.applicant, on: Place.kaifeng, name, to: Place.main, "use", use(number))
    let answered = try await stage.call(
      Self.owner, on: Place.main, name, "answerUse", AnswerData(request: request, number: number, result: result))
    stage.tell(
      answered, zh: "核验 91410600MA9A0007X7 登记状态=\(status)：\(result == .match ? "一致" : "不一致")",
      en: "verify 91410600MA9A0007X7 status=\(status): \(result)", ids: ["use": "\(number)"])
    let record = try stage.record(
      name, DataDirectory.uses.records, UseKey(request: request, number: number), on: Place.main)?.content.result
    try stage.expect("answer \(number)", record, result)
  }

  private mutating func reviseAndRevoke() async throws {
    stage.heading(zh: "条目修订、授权撤销", en: "The item is revised, the request revoked")
    guard let before = try stage.record(name, DataDirectory.items.records, Self.code, on: Place.main) else {
      throw stage.failure("no item")
    }
    let fields = Self.fields + [ItemField(number: 3, name: "capital", type: "amount", fieldClass: .clear)]
    let revised = try await stage.call(
      Self.owner, on: Place.main, name, "revise",
      ChangeItem(code: Self.code, expectedVersion: before.version, changes: ItemChanges(content: .clear(fields))))
    stage.tell(revised, zh: "新版本增加字段，旧版本仍可读", en: "a new version has one more field; the earlier one stays readable")
    // What is used up ends by itself and is not revoked: the bureau has a second request.
    try await apply()
    let question = ItemQuestion(code: Self.code, version: 1)
    let old: DirectoryItem? = try stage.ask(Self.owner, on: Place.main, name, "item", question)
    try stage.expect("fields of the first version", old?.content.numbers, [1, 2])
    let revoked = try await stage.call(
      Self.owner, on: Place.main, name, "revoke", RequestReason(request: request, reason: "purposeEnded"))
    stage.tell(revoked, zh: "撤销授权", en: "the owner revokes the request")
    try await refuse("use after revocation", "notAllowed", zh: "撤销后使用", en: "a use after that", number: 1)
  }

  private func audit(_ request: Digest) throws {
    let uses: [Registered<DataUse>] = try stage.ask(Self.owner, on: Place.main, name, "uses", request)
    try stage.expect("uses on record", uses.count, 3)
    try stage.expect("who", Set(uses.map(\.owner)), [Self.applicant])
    try stage.expect("why", Set(uses.map(\.content.matter)), ["KF-ENTERPRISE-01"])
    stage.tell(
      .verified, zh: "审计：3 次使用，谁、为何、结果", en: "audit: 3 uses, who, why, and the answers", on: Place.main,
      height: try stage.ledger(Place.main).head.height)
  }
}
