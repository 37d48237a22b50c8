internal import Apps
internal import ChainCore
public import Stories

// Xinyang, 公积金: a withdrawal for a registered purchase. Workflow, Grants, and the deal of `property` (§4).

/// A withdrawal: the deal that it is for, the period, and the saver's account as the fund knows it.
struct Withdrawal: CanonicalRecord, Codable, Hashable {
  var deal: Digest
  var period: String
  var account: String
  var amount: Digest
  static let layout = Layout(Self.init, \.deal, \.period, \.account, \.amount)
}

struct HousingFund: Contract {
  static let name: ContractName = "housingfund"
  static let workflow = Workflow<String, Withdrawal>(
    "withdrawals", filedBy: "fundCentre", finishedBy: "fundCentre",
    steps: [WorkflowStep("examine", by: "fundCentre"), WorkflowStep("pay", by: "bank", after: ["examine"])])
  /// Who saves on an account: the employer, which grants looks at it.
  static let accounts = Registry<String, OrganisationID>("accounts", [.create("openAccount", to: "open", by: .role("enterprise"))])
  static let grants = Grants(life: "account-grants")
  static let paid = Table<Pair<Digest, String>, String>("paid")

  var entries: Entries {
    Self.accounts.entries
    Self.workflow.entries { (withdrawal, key, context) in
      // Looked at when it is finished: the deal may have ended, or another case may have been quicker.
      let state: RecordState? = try context.query(RealEstate.name, "dealState", withdrawal.deal)
      guard state == "registered" else { throw ContractError.notAllowed(state: "deal \(state?.rawValue ?? "unknown")", call: "finish") }
      let place = Pair(withdrawal.deal, withdrawal.period)
      guard try context.get(Self.paid, place) == nil else { throw ContractError.alreadyExists }
      try context.put(Self.paid, place, key)
    }
    Self.grants.entries { (record, context) throws(ContractError) in try context.require(Self.accounts.records, record).owner }
  }
}

extension Pilots {
  /// Xinyang's housing fund: one withdrawal for each deal and period.
  public static let housingFund = Story(
    "pilot-housing-fund", Sentence(zh: "信阳公积金：一笔交易、一个期间只提取一次", en: "Xinyang's housing fund: one withdrawal for a deal and period")
  ) { stage in
    let (chain, name) = (Place.xinyang, HousingFund.name)
    let (centre, bank, employer) = (OrganisationID("xinyang-fund-centre"), Party.bank, Party.enterprise)
    try await stage.found([
      StoryChain(
        chain,
        [
          StoryParty(Party.xinyangRegistry, "registry"), StoryParty("xinyang-housing", "housing"), StoryParty(Party.taxOffice, "taxOffice"),
          StoryParty(centre, "fundCentre"), StoryParty(bank, "bank"), StoryParty(employer, "enterprise"),
        ], contracts: [RealEstate(), HousingFund()])
    ])
    let deal = try await sell(
      stage, chain: chain, unit: "411502001002GB00012F00010001", from: bank, to: employer, housing: "xinyang-housing")
    try await stage.call(employer, on: chain, name, "openAccount", CreateRecord(key: "ACC-1", content: employer))
    let asked = try await stage.call(
      centre, on: chain, name, "requestGrant",
      RequestGrant(record: "ACC-1", fields: ["balance"], purpose: "withdrawal", until: stage.after(days: 30), maxUses: 1),
      returning: Digest.self)
    try await stage.call(employer, on: chain, name, "approveGrant", ApproveGrant(grant: asked.output))
    let looked = try await stage.call(
      centre, on: chain, name, "useGrant", UseGrant(grant: asked.output, number: 1, fields: ["balance"], matter: "XY-GJJ-01"))
    stage.tell(looked, zh: "经授权查询账户", en: "the account is looked at, under a grant", ids: ["grant": asked.output.hex])
    func withdraw(_ key: String, period: String) async throws {
      let content = Withdrawal(deal: deal.id, period: period, account: "ACC-1", amount: .random())
      try await stage.call(centre, on: chain, name, "file", FileCase(key: key, content: content))
      try await stage.call(centre, on: chain, name, "step", DoStep(key: key, step: "examine", digest: .random()))
      try await stage.call(bank, on: chain, name, "step", DoStep(key: key, step: "pay", digest: .random()))
    }
    try await withdraw("W-1", period: "2023-11")
    try await stage.refuse(
      "withdrawal before registration", "notAllowed", zh: "登记前提取", en: "before the purchase is registered", centre, on: chain, name,
      "finish",
      MoveRecord(key: "W-1", reason: "paid"))
    try await stage.call(
      Party.xinyangRegistry, on: chain, "property", "register", RegisterDeal(deal: deal.id, certificateDigest: .random()))
    let done = try await stage.call(centre, on: chain, name, "finish", MoveRecord(key: "W-1", reason: "paid"))
    stage.tell(done, zh: "购房登记后提取", en: "withdrawn after registration", ids: ["case": "W-1"])
    try await withdraw("W-2", period: "2023-11")
    try await stage.refuse(
      "second withdrawal", "alreadyExists", zh: "同一交易、同一期间再次提取", en: "the same deal and period once more", centre, on: chain, name,
      "finish",
      MoveRecord(key: "W-2", reason: "paid"))
    try await withdraw("W-3", period: "2024-11")
    let later = try await stage.call(centre, on: chain, name, "finish", MoveRecord(key: "W-3", reason: "paid"))
    stage.tell(later, zh: "下一期间可提取", en: "the next period is fine", ids: ["case": "W-3"])
    try stage.expect(
      "withdrawals", try stage.record(name, HousingFund.workflow.cases.records, "W-3", on: chain)?.state.rawValue, "finished")
  }

  /// A sale between organisations, up to its examination: the tax step included.
  static func sell(
    _ stage: StoryStage, chain: ChainID, unit: String, from seller: OrganisationID, to buyer: OrganisationID, housing: OrganisationID,
    registry: OrganisationID = Party.xinyangRegistry, beforeTax: (Digest) async throws -> Void = { _ in }
  ) async throws -> (id: Digest, tax: Digest) {
    let code = try RealEstateUnit(unit)
    let whole = HolderShare(holder: .organisation(seller), share: .whole)
    try await stage.call(
      registry, on: chain, "property", "registerUnit",
      RegisterUnit(code: code, parcel: "p1", areaCm2: 900_000, use: "dwelling", holders: [whole], basisDigest: .random()))
    let content = DealContent(
      unit: code, kind: .sale, from: [.organisation(seller)], to: [HolderShare(holder: .organisation(buyer), share: .whole)],
      deadline: stage.after(days: 60))
    var consents: [PartyConsent] = []
    for party in [seller, buyer] {
      consents.append(
        try PartyConsent.make(
          party, member: try stage.account(party, on: chain), contract: "property", entry: "file", arguments: content, random: .random(),
          genesis: try stage.ledger(chain).genesisID))
    }
    let filed = try await stage.call(
      housing, on: chain, "property", "file", FileDeal(content: content, consents: consents), returning: Digest.self)
    stage.tell(filed, zh: "网签", en: "the sale is filed", ids: ["deal": filed.output.hex])
    let tax = Digest.random()
    try await beforeTax(filed.output)
    try await stage.call(Party.taxOffice, on: chain, "property", "assessTax", AssessTax(deal: filed.output, amountCommitment: tax))
    let paid = try await stage.call(
      Party.taxOffice, on: chain, "property", "payTax", PayTax(deal: filed.output, amountCommitment: tax, receiptDigest: .random()))
    stage.tell(paid, zh: "完税", en: "the tax is paid")
    try await stage.call(registry, on: chain, "property", "acceptDeal", DealCall(deal: filed.output))
    try await stage.call(registry, on: chain, "property", "examine", ExamineDeal(deal: filed.output, verifications: []))
    return (filed.output, tax)
  }
}
