internal import Apps
internal import ChainCore
public import Stories

// Zhengzhou, 税费共治: departments share and attest what a deal's tax rests on (§1); one office assesses it (§4).

/// What a department attests of a deal: a digest of data that stay with it.
struct Attestation: CanonicalRecord, Codable, Hashable {
  var deal: Digest
  var kind: String
  var digest: Digest
  static let layout = Layout(Self.init, \.deal, \.kind, \.digest)
}

/// An assessment: the commitment to the amount.
struct Assessment: CanonicalRecord, Codable, Hashable {
  var amount: Digest
  static let layout = Layout(Self.init, \.amount)
}

struct TaxCooperation: Contract {
  static let name: ContractName = "taxshare"
  /// What an assessment rests on: the price that housing filed, the use that land registered.
  static let kinds = ["price", "landUse"]
  static let attestations = Registry<String, Attestation>("attestations", [.create("attest", to: "attested", by: .role("department"))])
  static let assessments = Registry<Digest, Assessment>("assessments", [.create("assess", to: "assessed", by: .role("taxOffice"))])
  static let attested = Table<Pair<Digest, String>, OrganisationID>("attested")

  var entries: Entries {
    Entry("attest", by: Self.attestations.access("attest")) { (call: CreateRecord<String, Attestation>, context) in
      guard Self.kinds.contains(call.content.kind) else { throw ContractError.badArgument("kind: price or landUse") }
      try Self.attestations.create("attest", call.key, call.content, context)
      try context.put(Self.attested, Pair(call.content.deal, call.content.kind), context.caller.organisation)
    }
    Entry("assess", by: Self.assessments.access("assess")) { (call: CreateRecord<Digest, Assessment>, context) in
      // Exactly one office: whoever comes second finds the key taken.
      try Self.assessments.create("assess", call.key, call.content, context) {
        for kind in Self.kinds where try context.get(Self.attested, Pair(call.key, kind)) == nil {
          throw ContractError.notAllowed(state: "\(kind) not attested", call: "assess")
        }
      }
    }
    Query("assessment") { (deal: Digest, context) -> Registered<Assessment>? in try context.get(Self.assessments.records, deal) }
  }
}

extension Pilots {
  /// Zhengzhou's tax cooperation: assessed by exactly one office.
  public static let tax = Story(
    "pilot-tax", Sentence(zh: "郑州税费共治：部门共享佐证，只由一个税务机关核定", en: "Zhengzhou's tax cooperation: assessed by exactly one office")
  ) { stage in
    let (chain, name, other) = (Place.zhengzhou, TaxCooperation.name, OrganisationID("zhengzhou-tax-2"))
    let (housing, land) = (Party.zhengzhouHousing, OrganisationID("zhengzhou-land"))
    try await stage.found([
      StoryChain(
        chain,
        [
          StoryParty(Party.zhengzhouRegistry, "registry"), StoryParty(housing, "housing", "department"), StoryParty(land, "department"),
          StoryParty(Party.taxOffice, "taxOffice", "department"), StoryParty(other, "taxOffice"),
          StoryParty(Party.dataOffice, "dataOffice"),
          StoryParty(Party.bank, "enterprise"), StoryParty(Party.enterprise, "enterprise"),
        ], contracts: [DataDirectory(), RealEstate(), TaxCooperation()])
    ])
    let request = try await requestPrices(stage, chain: chain, housing: housing)
    let deal = try await sell(
      stage, chain: chain, unit: "410105001002GB00012F00010024", from: Party.bank, to: Party.enterprise, housing: housing,
      registry: Party.zhengzhouRegistry
    ) { deal in
      let amount = Assessment(amount: .random())
      try await stage.refuse(
        "assessment without attestations", "notAllowed", zh: "无部门佐证而核定", en: "an assessment without attestations", Party.taxOffice,
        on: chain, name, "assess", CreateRecord(key: deal, content: amount))
      try await stage.call(
        Party.taxOffice, on: chain, "directory", "use",
        UseData(request: request, number: 1, kind: .query, matter: deal.hex, question: .random(), count: 1))
      let answered = try await stage.call(
        housing, on: chain, "directory", "answerUse", AnswerData(request: request, number: 1, result: .delivered, resultDigest: .random()))
      stage.tell(answered, zh: "住房部门按目录共享成交价", en: "housing shares the price under the directory's request")
      for (key, office, kind) in [("A-1", housing, "price"), ("A-2", land, "landUse")] {
        let attestation = Attestation(deal: deal, kind: kind, digest: .random())
        let done = try await stage.call(office, on: chain, name, "attest", CreateRecord(key: key, content: attestation))
        stage.tell(done, zh: "佐证 \(kind)", en: "attested: \(kind)", ids: ["by": office.rawValue])
      }
      let assessed = try await stage.call(Party.taxOffice, on: chain, name, "assess", CreateRecord(key: deal, content: amount))
      stage.tell(assessed, zh: "核定", en: "assessed", ids: ["deal": deal.hex])
      try await stage.refuse(
        "assessment by a second office", "alreadyExists", zh: "另一税务机关再核定", en: "a second office assesses", other, on: chain, name, "assess",
        CreateRecord(key: deal, content: amount))
    }
    try await stage.refuse(
      "second office at the deal's tax step", "notAllowed", zh: "另一税务机关在交易中再核定", en: "a second office at the deal's tax step", other,
      on: chain, "property", "assessTax", AssessTax(deal: deal.id, amountCommitment: deal.tax))
    let record = try stage.record("property", RealEstate.deals.records, deal.id, on: chain)?.content
    try stage.expect("assessor", record?.assessor, Party.taxOffice)
    try stage.expect("paid is assessed", record?.tax == record?.taxPaid, true)
  }

  private static func requestPrices(_ stage: StoryStage, chain: ChainID, housing: OrganisationID) async throws -> Digest {
    let code = "410100-ZJJ-0001"
    let item = SaveItem(
      code: code, title: "网签成交价", division: "410100", certificate: [1], share: SharePolicy(kind: .conditional, basis: "taxAssessment"),
      list: .ordinary, updateDays: 1,
      content: .clear([ItemField(number: 1, name: "price", type: "amount", fieldClass: .commitment)]))
    try await stage.call(housing, on: chain, "directory", "saveItem", item)
    try await stage.call(housing, on: chain, "directory", "submit", ItemVersionCall(code: code, expectedVersion: 1))
    try await stage.call(Party.dataOffice, on: chain, "directory", "publish", ItemVersionCall(code: code, expectedVersion: 2))
    let request = try await stage.call(
      Party.taxOffice, on: chain, "directory", "apply",
      ApplyForData(
        item: code, fields: [1], purpose: "taxAssessment", basis: "TAX-2023", until: stage.after(days: 30), maxUses: 10,
        answerBy: stage.after(days: 5), certificate: try stage.certificate(of: Party.taxOffice, on: chain)), returning: Digest.self)
    let approved = try await stage.call(housing, on: chain, "directory", "approve", ApproveRequest(request: request.output))
    stage.tell(approved, zh: "税务部门取得成交价共享授权", en: "the tax office may ask for prices", ids: ["request": request.output.hex])
    return request.output
  }
}
