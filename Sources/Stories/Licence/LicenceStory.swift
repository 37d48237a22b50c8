internal import Apps
internal import ChainCore
internal import CrossChain

extension Story {
  /// §2: a licence of Zhengzhou, verified in Xinyang while Zhengzhou's chain stands still.
  public static let licence = Story(
    "licence", Sentence(zh: "电子证照：郑州发证、信阳核验，发证链停机期间照常", en: "A licence of Zhengzhou is verified in Xinyang while its own chain is down")
  ) { stage in try await LicenceTelling(stage: stage).tell() }
}

/// An e-licence's content as its holder keeps it, and the calls that put its commitments on chain.
struct LicenceFile {
  static let schema = ["name", "creditCode", "legalRepresentative", "address", "scope", "registered", "status"]
  let fields: FieldCommitments
  let root: Digest
  let fileDigest: Digest
  let sealDigest: Digest

  init(type: String, _ values: [String: String], _ suite: CryptoSuite) throws {
    fields = try FieldCommitments(type: type, schema: Self.schema, values: values, random: { Digest.random() })
    root = try fields.root(suite: suite)
    fileDigest = suite.hash(fields.canonicalBytes)
    sealDigest = suite.hash(fields.canonicalBytes + [1])
  }
}

struct LicenceTelling {
  static let first = "1.2.156.3005.2.11410000MB0A00026E001.11410100MB0A010107.202300000001.001.9"
  static let second = "1.2.156.3005.2.11410000MB0A00026E001.11410100MB0A010107.202300000001.002.7"
  static let forged = "1.2.156.3005.2.11410000MB0A00026E001.11410100MB0A010107.202300000001.001.8"
  static let type = "11410000MB0A00026E001"
  static let office = Party.zhengzhouMarketOffice
  static let holder = Party.enterprise
  static let verifier = Party.xinyangRegistry
  static let shown = ["name", "address"]

  let stage: StoryStage
  var name: ContractName { ElectronicLicence.name }

  func tell() async throws {
    try await found()
    try await defineType()
    let (licence, file) = try await issueAndAmend()
    try await refuseTwins(licence)
    let grant = try await grant(licence, uses: 1)
    let old = try await proofs(of: licence, grant.output, notBelow: grant.height)
    try await verifyWhileStopped(licence, grant.output, old, file)
    try await comeBackSuspended(licence, old, grant.output)
  }

  private func found() async throws {
    try await stage.found(
      [
        StoryChain(
          Place.main, [StoryParty(Party.dataOffice, "dataOffice")], contracts: [ElectronicLicence()],
          configurations: [name: LicenceConfiguration(copyTypesTo: [Place.zhengzhou, Place.xinyang]).canonicalBytes]),
        StoryChain(
          Place.zhengzhou, [StoryParty(Self.office, "department"), StoryParty(Self.holder, "enterprise")],
          contracts: [ElectronicLicence()],
          remoteRoles: [
            RemoteRoles(chain: Place.main, organisation: Party.dataOffice, roles: ["dataOffice"]),
            RemoteRoles(chain: Place.xinyang, organisation: Self.verifier, roles: ["verifier"]),
          ]),
        StoryChain(
          Place.xinyang, [StoryParty(Self.verifier, "verifier")], contracts: [ElectronicLicence()],
          remoteRoles: [RemoteRoles(chain: Place.main, organisation: Party.dataOffice, roles: ["dataOffice"])]),
      ], ports: [name])
  }

  private func defineType() async throws {
    stage.heading(
      zh: "省主链定义证照类型，经中继链复制到各市", en: "The main chain defines the licence type; packets copy it to the cities")
    let call = DefineType(
      code: try LicenceTypeCode(Self.type), name: "营业执照",
      schema: LicenceFile.schema.map { SchemaField(name: $0, fieldClass: .commitment) }, issuers: [Self.office],
      bases: ["GB-SCJG-2022-38"], validityRule: "openEnded", holderKind: .organisation)
    let defined = try await stage.call(Party.dataOffice, on: Place.main, name, "defineType", call)
    stage.tell(defined, zh: "省数据局定义“营业执照”", en: "the data office defines the business licence", ids: ["type": Self.type])
    for chain in [Place.zhengzhou, Place.xinyang] {
      let _: LicenceType = try await stage.wait(for: "arrival of the type in \(chain)") {
        try stage.record(name, ElectronicLicence.types.records, call.code, on: chain)?.content
      }
    }
  }

  private func issueAndAmend() async throws -> (LicenceNumber, LicenceFile) {
    stage.heading(zh: "郑州市市场监管局发证、变更", en: "Zhengzhou's market office issues and amends")
    let values = [
      "name": "鹤壁豫链机械有限公司", "creditCode": Self.holder.rawValue, "legalRepresentative": "周示例", "address": "河南省鹤壁市示例路1号",
      "scope": "机械制造", "registered": "2023-11-06", "status": "存续",
    ]
    for (field, value) in values.sorted(by: { $0.key < $1.key }) where !["creditCode", "registered", "status"].contains(field) {
      stage.keepSecret("licence field \(field)", value)
    }
    let issued = try LicenceFile(type: Self.type, values, stage.suite)
    let first = try LicenceIdentifier(Self.first)
    let call = IssueLicence(
      identifier: first, subject: .organisation(Self.holder), fieldRoot: issued.root, fileDigest: issued.fileDigest,
      sealDigest: issued.sealDigest, validFrom: stage.now)
    let done = try await stage.call(Self.office, on: Place.zhengzhou, name, "issue", call)
    stage.tell(done, zh: "发证，版本 001", en: "issued, version 001", ids: ["licence": Self.first])
    let amended = try LicenceFile(type: Self.type, values.merging(["address": "河南省鹤壁市示例路2号"]) { $1 }, stage.suite)
    stage.keepSecret("licence field address, amended", "河南省鹤壁市示例路2号")
    let second = try LicenceIdentifier(typeCode: first.typeCode, issuer: first.issuer, serial: first.serial, version: 2)
    try stage.expect("identifier after amendment", second.text, Self.second)
    let change = try await stage.call(
      Self.office, on: Place.zhengzhou, name, "amend",
      AmendLicence(
        identifier: second, expectedVersion: 1, fieldRoot: amended.root, fileDigest: amended.fileDigest, sealDigest: amended.sealDigest,
        reason: "addressChanged"))
    stage.tell(change, zh: "变更住所，版本 002", en: "its address is amended, version 002", ids: ["licence": Self.second])
    let versions: [LicenceVersion] = try stage.ask(Self.office, on: Place.zhengzhou, name, "versions", first.licence)
    try stage.expect("versions", versions.map(\.identifier.text), [Self.first, Self.second])
    return (first.licence, amended)
  }

  /// The same serial again, and an identifier whose check character is wrong.
  private func refuseTwins(_ licence: LicenceNumber) async throws {
    let file = try LicenceFile(type: Self.type, ["name": "另一家企业"], stage.suite)
    let call = IssueLicence(
      identifier: try LicenceIdentifier(Self.first), subject: .organisation(Self.holder), fieldRoot: file.root,
      fileDigest: file.fileDigest, sealDigest: file.sealDigest, validFrom: stage.now)
    try await stage.refuse(
      "same serial", "alreadyExists", zh: "同一证号再次发证", en: "the same serial once more", Self.office, on: Place.zhengzhou, name, "issue",
      call)
    // The type of identifiers holds no wrong one: the bytes are changed on their way to the node.
    let bytes = call.canonicalBytes
    guard let place = bytes.firstRange(of: Array(Self.first.utf8)) else { throw stage.failure("the call holds no identifier") }
    try await stage.refuse(
      "wrong check character", "badArgument", zh: "校验码错误的标识", en: "an identifier with a wrong check character", Self.office,
      on: Place.zhengzhou, name, "issue", RawArguments(bytes.replacingSubrange(place, with: Self.forged.utf8)))
  }

  private func grant(_ licence: LicenceNumber, uses: UInt32) async throws -> Happened<Digest> {
    let content = GrantContent(
      licence: licence, verifier: Self.verifier, verifierChain: Place.xinyang, fields: Self.shown, purpose: "propertyRegistration",
      until: stage.after(days: 7), maxUses: uses)
    let given = try await stage.call(
      Self.holder, on: Place.zhengzhou, name, "grant", GiveGrant(content: content), returning: Digest.self)
    stage.tell(
      given, zh: "持证企业授权信阳登记中心查看名称和住所，\(uses) 次", en: "the holder grants Xinyang's registry name and address, \(uses) use(s)",
      ids: ["grant": given.output.hex])
    return given
  }

  typealias Proofs = (licence: (proof: RemoteProof, seen: VerifiedRecord), grant: RemoteProof)

  private func proofs(of licence: LicenceNumber, _ grant: Digest, notBelow height: BlockHeight) async throws -> Proofs {
    let key = StateKey(contract: name, table: ElectronicLicence.licences.records.name, key: licence)
    let grantKey = StateKey(contract: name, table: ElectronicLicence.grants.registry.records.name, key: grant)
    return (
      try await stage.prove(key, of: Place.zhengzhou, notBelow: height, for: Place.xinyang),
      try await stage.prove(grantKey, of: Place.zhengzhou, notBelow: height, for: Place.xinyang).proof
    )
  }

  private func verification(_ licence: LicenceNumber, _ grant: Digest, _ proofs: Proofs, disclosure: Digest) -> VerifyRemote {
    VerifyRemote(
      licence: licence, matterCode: "XY-BDC-01", fieldNames: Self.shown, grant: grant, disclosure: disclosure,
      licenceProof: proofs.licence.proof, grantProof: proofs.grant)
  }

  private func verifyWhileStopped(
    _ licence: LicenceNumber, _ grant: Digest, _ proofs: Proofs, _ file: LicenceFile
  ) async throws {
    stage.heading(zh: "郑州链停机，信阳照常核验", en: "Zhengzhou's chain stops; Xinyang verifies all the same")
    let last = try stage.ledger(Place.zhengzhou).head.height
    try await stage.halt(Place.zhengzhou)
    stage.tell(.done, zh: "郑州链全部节点停止", en: "all nodes of Zhengzhou's chain stop", on: Place.zhengzhou, height: last)
    let shown = try file.fields.disclose(Self.shown, suite: stage.suite)
    let disclosure = stage.suite.hash(shown.canonicalBytes)
    let use = try await stage.call(
      Self.verifier, on: Place.xinyang, name, "verifyRemote", verification(licence, grant, proofs, disclosure: disclosure),
      returning: RemoteUse.self)
    try stage.expect("verification while stopped", use.output.use.result.rawValue, "valid")
    stage.tell(
      use, zh: "核验结果：有效（依据郑州链高度 \(proofs.licence.seen.height)）",
      en: "verified: valid, as of Zhengzhou's height \(proofs.licence.seen.height)", ids: ["licence": Self.second])
    guard let record = try proofs.licence.seen.record(of: name, ElectronicLicence.licences.records, licence) else {
      throw stage.failure("the proof shows no licence")
    }
    let values = try shown.verify(root: record.content.fieldRoot, schema: LicenceFile.schema, suite: stage.suite)
    try stage.expect("fields that the verifier learns", values.keys.sorted(), Self.shown.sorted())
    stage.tell(
      .verified, zh: "出示的名称、住所与链上承诺一致，其他字段连长度也不知道",
      en: "name and address fit the commitment on chain; of the other fields not even the length is known")
    try await stage.refuse(
      "second use", "quota", zh: "同一授权再用一次", en: "a second use of the grant", Self.verifier, on: Place.xinyang, name,
      "verifyRemote", verification(licence, grant, proofs, disclosure: disclosure))
  }

  private func comeBackSuspended(_ licence: LicenceNumber, _ old: Proofs, _ grant: Digest) async throws {
    stage.heading(zh: "郑州链恢复，证照被暂扣", en: "Zhengzhou's chain is back, and the licence is suspended")
    try await stage.restart(Place.zhengzhou)
    let suspended = try await stage.call(
      Self.office, on: Place.zhengzhou, name, "suspend", SuspendLicence(licence: licence, reason: "inspection"))
    stage.tell(suspended, zh: "市场监管局暂扣证照", en: "the market office suspends the licence")
    let again = try await self.grant(licence, uses: 2)
    try await stage.advance(to: stage.after(minutes: 11))
    let fresh = try await proofs(of: licence, again.output, notBelow: again.height)
    let use = try await stage.call(
      Self.verifier, on: Place.xinyang, name, "verifyRemote", verification(licence, again.output, fresh, disclosure: .zero),
      returning: RemoteUse.self)
    try stage.expect("fresh verification", use.output.use.result.rawValue, "suspended")
    stage.tell(
      use, zh: "用新检查点核验：暂扣", en: "with a fresh checkpoint: suspended", ids: ["seen": "\(fresh.licence.seen.height)"])
    try await stage.refuse(
      "old checkpoint", "stale", zh: "用 11 分钟前的检查点核验", en: "with the checkpoint of eleven minutes ago", Self.verifier,
      on: Place.xinyang, name, "verifyRemote", verification(licence, again.output, (old.licence, fresh.grant), disclosure: .zero))
    let uses: [LicenceUse] = try await stage.wait(for: "arrival of the use records") {
      let uses: [LicenceUse] = try stage.ask(Self.office, on: Place.zhengzhou, name, "uses", licence)
      return uses.count == 2 ? uses : nil
    }
    try stage.expect("use records at the issuer", uses.compactMap { $0.seen?.result.rawValue }, ["valid", "suspended"])
    stage.tell(
      .done, zh: "使用记录已回到发证链：谁、何事、看到什么", en: "the use records are back with the issuer: who, what for, what was seen",
      on: Place.zhengzhou, height: try stage.ledger(Place.zhengzhou).head.height, ids: ["verifier": uses[0].verifier.rawValue])
  }
}
