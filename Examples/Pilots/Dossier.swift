internal import Apps
internal import ChainCore
public import Stories

// Kaifeng, 电子档案袋: a person's or enterprise's materials, each kept once. Registry, Anchors, Grants.

/// A material in a dossier: what it is, its digest, and the licence that it is the file of, if it is one.
struct Material: CanonicalRecord, Codable, Hashable {
  var dossier: OrganisationID
  var title: String
  var digest: Digest
  var licence: LicenceNumber?
  static let layout = Layout(Self.init, \.dossier, \.title, \.digest, \.licence)
}

struct Dossiers: Contract {
  static let name: ContractName = "dossier"
  static let materials = Registry<String, Material>(
    "materials",
    [
      .create("upload", to: "kept", by: .role("department")),
      .create("reuse", to: "kept", by: .role("department")),
      .move("remove", from: ["kept"], to: "removed", by: .owner),
    ])
  static let anchors = Anchors("material-anchors")
  static let grants = Grants(life: "material-grants")

  var entries: Entries {
    Entry("upload", by: Self.materials.access("upload")) { (call: CreateRecord<String, Material>, context) in
      try Self.check(call.content)
      // One material, one digest: whoever has it already is asked first.
      guard try Self.anchors.earliest(call.content.digest, context) == nil else { throw ContractError.alreadyExists }
      try Self.materials.create("upload", call.key, call.content, context)
      try Self.anchors.deposit(call.content.digest, record: call.key, context)
    }
    Entry("reuse", by: Self.materials.access("reuse")) { (call: CreateRecord<String, Material>, context) in
      try Self.check(call.content)
      guard try Self.anchors.earliest(call.content.digest, context) != nil else { throw ContractError.notFound }
      try Self.materials.create("reuse", call.key, call.content, context)
    }
    Entry("remove", by: Self.materials.access("remove")) { (call: MoveRecord<String>, context) in
      try Arguments.check(code: call.reason, "reason")
      try Self.materials.move("remove", call.key, context)
    }
    Self.grants.entries { (record, context) throws(ContractError) in
      try context.require(Self.materials.records, record).content.dossier
    }
    Query("offers") { (digest: Digest, context) -> [Anchor] in try Self.anchors.find(digest, context) }
  }

  private static func check(_ material: Material) throws(ContractError) { try Arguments.check(text: material.title, "title") }
}

extension Pilots {
  /// Kaifeng's dossier: one material, one digest.
  public static let dossier = Story(
    "pilot-dossier", Sentence(zh: "开封电子档案袋：一材一码，先复用、后上传", en: "Kaifeng's dossier: reuse is offered before a new upload")
  ) { stage in
    let (chain, name) = (Place.kaifeng, Dossiers.name)
    let (market, housing, enterprise) = (Party.kaifengDataBureau, OrganisationID("kaifeng-housing"), Party.enterprise)
    try await stage.found([
      StoryChain(
        chain, [StoryParty(market, "department"), StoryParty(housing, "department"), StoryParty(enterprise, "enterprise")],
        contracts: [Dossiers()])
    ])
    stage.keepSecret("material", "企业章程全文：示例")
    let digest = stage.suite.hash(Array("企业章程全文：示例".utf8))
    let material = Material(dossier: enterprise, title: "企业章程", digest: digest, licence: nil)
    let first = try await stage.call(market, on: chain, name, "upload", CreateRecord(key: "KF-1", content: material))
    stage.tell(first, zh: "首次归档企业章程", en: "the charter is filed for the first time", ids: ["material": "KF-1"])
    try await stage.refuse(
      "second upload", "alreadyExists", zh: "另一部门再次上传同一材料", en: "another department uploads the same", housing, on: chain, name, "upload",
      CreateRecord(key: "KF-2", content: material))
    let offers: [Anchor] = try stage.ask(housing, on: chain, name, "offers", digest)
    try stage.expect("offered", offers.map(\.record), ["KF-1"])
    let reused = try await stage.call(housing, on: chain, name, "reuse", CreateRecord(key: "KF-2", content: material))
    stage.tell(reused, zh: "复用已有材料，不再向企业收取", en: "it is reused; the enterprise is not asked again", ids: ["material": "KF-2"])
    var other = material
    other.digest = .random()
    try await stage.refuse(
      "reuse of nothing", "notFound", zh: "复用不存在的材料", en: "reuse of what nobody has", housing, on: chain, name, "reuse",
      CreateRecord(key: "KF-3", content: other))
    try await grantMaterial(stage, chain: chain, reader: housing, owner: enterprise)
  }

  private static func grantMaterial(_ stage: StoryStage, chain: ChainID, reader: OrganisationID, owner: OrganisationID) async throws {
    let request = RequestGrant(record: "KF-1", fields: ["content"], purpose: "loan", until: stage.after(days: 5), maxUses: 1)
    let asked = try await stage.call(reader, on: chain, Dossiers.name, "requestGrant", request, returning: Digest.self)
    let use = UseGrant(grant: asked.output, number: 1, fields: ["content"], matter: "KF-FUND-01")
    try await stage.refuse(
      "use before approval", "notAllowed", zh: "未经授权调阅", en: "reading without the owner", reader, on: chain, Dossiers.name, "useGrant", use)
    try await stage.call(owner, on: chain, Dossiers.name, "approveGrant", ApproveGrant(grant: asked.output))
    let used = try await stage.call(reader, on: chain, Dossiers.name, "useGrant", use)
    stage.tell(used, zh: "企业授权后调阅一次", en: "read once, with the enterprise's grant", ids: ["grant": asked.output.hex])
    var again = use
    again.number = 2
    try await stage.refuse(
      "second use", "quota", zh: "再次调阅", en: "a second time", reader, on: chain, Dossiers.name, "useGrant", again)
  }
}
