internal import Apps
internal import ChainCore

extension Story {
  /// Data between two cities: request, approval as a late answer, sealed data, receipt.
  public static let exchange = Story(
    "exchange", Sentence(zh: "城市间数据共享：申请、延后批准、密封交付、回执", en: "Data between cities: request, late approval, sealed data, receipt")
  ) { stage in try await ExchangeTelling(stage: stage).tell() }
}

struct ExchangeTelling {
  static let owner = Party.zhengzhouMarketOffice
  static let applicant = Party.kaifengDataBureau
  static let text = #"[{"name":"示例企业甲","status":"存续"},{"name":"示例企业乙","status":"注销"}]"#

  let stage: StoryStage
  var name: ContractName { DataExchange.name }

  func tell() async throws {
    try await stage.found(
      [
        StoryChain(
          Place.zhengzhou, [StoryParty(Self.owner, "department"), StoryParty(Party.zhengzhouHousing, "department")],
          contracts: [DataExchange()],
          remoteRoles: [RemoteRoles(chain: Place.kaifeng, organisation: Self.applicant, roles: ["department"])]),
        StoryChain(
          Place.kaifeng, [StoryParty(Self.applicant, "department")], contracts: [DataExchange()],
          remoteRoles: [RemoteRoles(chain: Place.zhengzhou, organisation: Self.owner, roles: ["department"])]),
      ], ports: [name])
    stage.keepSecret("shared rows", Self.text)
    stage.keepSecret("a shared name", "示例企业甲")
    let key = try EncryptionKey.generate(stage.suite)
    var forged = try scope("410100-SCJG-0001")
    forged.certificate = [7]
    try await stage.refuse(
      "a certificate that is not the applicant's", "badArgument", zh: "以他人证书申请", en: "a request with somebody else's certificate",
      Self.applicant, on: Place.kaifeng, name, "request", forged)
    let request = try await ask()
    try await approve(request)
    try await deliver(request, key)
    try await reject()
  }

  private func scope(_ item: String) throws -> ExchangeScope {
    ExchangeScope(
      owner: Self.owner, chain: Place.zhengzhou, item: item, itemVersion: 1, fields: [1, 2], purpose: "enterpriseService",
      until: stage.after(days: 90), certificate: try stage.certificate(of: Self.applicant, on: Place.kaifeng))
  }

  private func ask(_ item: String = "410100-SCJG-0001") async throws -> Digest {
    let asked = try await stage.call(Self.applicant, on: Place.kaifeng, name, "request", try scope(item), returning: Digest.self)
    stage.tell(
      asked, zh: "开封市大数据局向郑州市市场监管局申请 \(item)", en: "Kaifeng's bureau asks Zhengzhou's market office for \(item)",
      ids: ["request": asked.output.hex])
    let _: Registered<ExchangeOrder> = try await stage.wait(for: "arrival of the request") {
      try stage.record(name, DataExchange.orders.records, asked.output, on: Place.zhengzhou)
    }
    return asked.output
  }

  private func state(_ id: Digest, is wanted: RecordState...) async throws -> RecordState {
    try await stage.wait(for: "\(wanted[0]) in Kaifeng") {
      let state = try stage.record(name, DataExchange.requests.records, id, on: Place.kaifeng)?.state
      return state.flatMap { wanted.contains($0) ? $0 : nil }
    }
  }

  private func approve(_ request: Digest) async throws {
    stage.heading(zh: "批准是延后的回执", en: "The approval is a late answer")
    let before = try stage.record(name, DataExchange.requests.records, request, on: Place.kaifeng)?.state
    try stage.expect("before the decision", before?.rawValue, "asked")
    try await stage.refuse(
      "approval by another department", "notAuthorised", zh: "其他部门代批", en: "another department approves", Party.zhengzhouHousing,
      on: Place.zhengzhou, name, "decide", DecideExchange(request: request, approve: true))
    let decided = try await stage.call(
      Self.owner, on: Place.zhengzhou, name, "decide", DecideExchange(request: request, approve: true))
    stage.tell(decided, zh: "数据所有部门批准", en: "the owner approves")
    try stage.expect("after the decision", try await state(request, is: "approved").rawValue, "approved")
    try await stage.refuse(
      "a second decision", "notAllowed", zh: "再次决定", en: "a second decision", Self.owner, on: Place.zhengzhou, name, "decide",
      DecideExchange(request: request, approve: false, reason: "changedMind"))
  }

  private func deliver(_ request: Digest, _ reader: EncryptionKey) async throws {
    stage.heading(zh: "数据密封给申请部门，中继链只见摘要", en: "The data are sealed to the applicant; the relay sees digests")
    let certificate = try scope("x").certificate
    let content = ContentKey.random(stage.suite)
    let bound = SealedData.associated(request: request, itemVersion: 1, certificate: certificate)
    let envelope = try content.seal(Array(Self.text.utf8), associated: bound)
    let data = SealedData(
      request: request, envelope: envelope, wrap: try content.wrap(to: try reader.publicKey()), certificate: certificate)
    var other = data
    other.certificate = [9]
    try await stage.refuse(
      "sealed to another certificate", "badArgument", zh: "密封给其他证书", en: "sealed to another certificate", Self.owner,
      on: Place.zhengzhou, name, "deliver", other)
    try await stage.refuse(
      "data that came by no packet", "notAuthorised", zh: "绕过中继链在本链放入数据", en: "data put in without a packet", Self.applicant,
      on: Place.kaifeng, name, "delivered", data)
    let sent = try await stage.call(Self.owner, on: Place.zhengzhou, name, "deliver", data)
    stage.tell(sent, zh: "交付 \(envelope.ciphertext.count) 字节密文", en: "\(envelope.ciphertext.count) sealed bytes are sent")
    _ = try await state(request, is: "arrived")
    let arrived: SealedData? = try stage.ask(Self.applicant, on: Place.kaifeng, name, "data", request)
    guard let arrived else { throw stage.failure("no data arrived") }
    let opened = try ContentKey(unwrapping: arrived.wrap, with: reader).open(arrived.envelope, associated: bound)
    try stage.expect("opened", String(decoding: opened, as: UTF8.self) == Self.text, true)
    let stranger = try EncryptionKey.generate(stage.suite)
    try stage.expect("opened by another department", (try? ContentKey(unwrapping: arrived.wrap, with: stranger)) == nil, true)
    stage.tell(.verified, zh: "只有申请部门能打开", en: "only the applicant opens it", on: Place.kaifeng)
    let confirmed = try await stage.call(
      Self.applicant, on: Place.kaifeng, name, "confirm", ConfirmData(request: request, opened: true))
    stage.tell(confirmed, zh: "回执：已打开", en: "receipt: opened")
    try await stage.refuse(
      "a second receipt", "notAllowed", zh: "再次回执", en: "a second receipt", Self.applicant, on: Place.kaifeng, name, "confirm",
      ConfirmData(request: request, opened: false))
    let receipt: RecordState = try await stage.wait(for: "the receipt in Zhengzhou") {
      let state = try stage.record(name, DataExchange.orders.records, request, on: Place.zhengzhou)?.state
      return state == "sent" ? nil : state
    }
    try stage.expect("receipt", receipt.rawValue, "opened")
    stage.tell(
      .done, zh: "回执到达郑州链", en: "the receipt is with the owner", on: Place.zhengzhou,
      height: try stage.ledger(Place.zhengzhou).head.height, ids: ["request": request.hex])
  }

  private func reject() async throws {
    stage.heading(zh: "另一项申请被拒绝", en: "Another request is rejected")
    let request = try await ask("410100-SCJG-0002")
    let decided = try await stage.call(
      Self.owner, on: Place.zhengzhou, name, "decide", DecideExchange(request: request, approve: false, reason: "notNecessary"))
    stage.tell(decided, zh: "不予提供", en: "not provided")
    try stage.expect("rejected request", try await state(request, is: "rejected", "approved").rawValue, "rejected")
    let content = ContentKey.random(stage.suite)
    let data = SealedData(
      request: request, envelope: try content.seal([1], associated: []), wrap: [1], certificate: try scope("x").certificate)
    try await stage.refuse(
      "delivery without approval", "notAllowed", zh: "未批准而交付", en: "delivery without approval", Self.owner, on: Place.zhengzhou,
      name, "deliver", data)
  }
}
