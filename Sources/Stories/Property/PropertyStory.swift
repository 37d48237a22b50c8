internal import Apps
internal import ChainCore
internal import CrossChain

extension Story {
  /// §4: a sale with bank and tax, a pre-notice and a seizure that come in between, identity and marriage proven from the main chain.
  public static let property = Story(
    "property",
    Sentence(zh: "不动产：预告登记、查封、带押过户，一次登记全部生效", en: "Property: pre-notice, seizure, and one registration that does all or nothing")
  ) { stage in
    var telling = try PropertyTelling(stage)
    try await telling.tell()
  }
}

struct PropertyTelling {
  static let unit = "410105001002GB00012F00010023"
  static let identityItem = "410000-GAT-0001"
  static let marriageItem = "410000-MZT-0001"
  static let police: OrganisationID = "henan-police"
  static let civilAffairs: OrganisationID = "henan-civil-affairs"
  static let registry = Party.zhengzhouRegistry
  static let city = Place.zhengzhou

  let stage: StoryStage
  let office: IdentityOffice
  let seller: Citizen
  let buyer: Citizen
  let other: Citizen
  let spouse: Citizen
  let code: RealEstateUnit
  var requests: [String: Digest] = [:]
  var uses: [String: UInt64] = [:]
  var name: ContractName { RealEstate.name }

  init(_ stage: StoryStage) throws {
    self.stage = stage
    office = IdentityOffice(stage.suite)
    seller = try stage.citizen("示例卖方甲", number: "410105188501010014")
    buyer = try stage.citizen("示例买方乙", number: "410105189001010020")
    other = try stage.citizen("示例买方丙", number: "410105189202020030")
    spouse = try stage.citizen("示例配偶丁", number: "410105189102020041")
    code = try RealEstateUnit(Self.unit)
  }

  mutating func tell() async throws {
    try await found()
    try await openDirectory()
    try await registerUnit()
    let notice = try await preNotice()
    let deal = try await sell()
    try await seizure(deal)
    try await finish(deal, notice)
    try await shareWithSpouse()
  }

  private func reference(_ citizen: Citizen) throws -> SubjectRef { try office.reference(of: citizen, in: RealEstate.domain) }
  private func subject(_ citizen: Citizen) throws -> Subject { .person(try reference(citizen)) }

  /// The consents of persons and of the bank to a call.
  private func consents<Arguments: CanonicalCodable & Sendable>(
    _ citizens: [Citizen], bank: Bool = false, to entry: EntryName, _ arguments: Arguments
  ) throws -> [PartyConsent] {
    var found: [PartyConsent] = []
    for citizen in citizens {
      let reference = try reference(citizen)
      let proof = try stage.proof(
        of: citizen, as: reference, domain: RealEstate.domain, contract: name, entry: entry, arguments: arguments, on: Self.city)
      found.append(PartyConsent(party: .person(reference), proof: .person(proof)))
    }
    if bank {
      found.append(
        try PartyConsent.make(
          Party.bank, member: try stage.account(Party.bank, on: Self.city), contract: name, entry: entry, arguments: arguments,
          random: .random(), genesis: try stage.ledger(Self.city).genesisID))
    }
    return found
  }

  private func found() async throws {
    let configuration = PropertyConfiguration(main: Place.main, identityItem: Self.identityItem, marriageItem: Self.marriageItem)
    try await stage.found(
      [
        StoryChain(
          Place.main,
          [
            StoryParty(Party.dataOffice, "dataOffice"), StoryParty(Self.police, "department"),
            StoryParty(Self.civilAffairs, "department"), StoryParty(Self.registry, "department"),
          ], contracts: [DataDirectory()]),
        StoryChain(
          Self.city,
          [
            StoryParty(Self.registry, "registry"), StoryParty(Party.zhengzhouHousing, "housing"),
            StoryParty(Party.taxOffice, "taxOffice"), StoryParty(Party.court, "court"), StoryParty(Party.bank, "enterprise"),
            StoryParty(Party.identityService, .identityService),
          ], contracts: [RealEstate()], configurations: [name: configuration.canonicalBytes]),
      ], ports: [DataDirectory.name])
  }

  /// The registry may ask police and civil affairs on the main chain.
  private mutating func openDirectory() async throws {
    stage.heading(
      zh: "省主链：公安的身份核验、民政的婚姻核验列入目录，登记中心取得授权",
      en: "On the main chain police and civil affairs list their checks, and the registry may use them")
    for (item, title, owner) in [
      (Self.identityItem, "人口身份核验", Self.police), (Self.marriageItem, "婚姻登记核验", Self.civilAffairs),
    ] {
      let fields = [ItemField(number: 1, name: "result", type: "boolean", fieldClass: .sealed)]
      let share = SharePolicy(kind: .conditional, basis: "propertyRegistration")
      _ = try await stage.publish(item, title, by: owner, fields: fields, share: share)
      let request = try await stage.call(
        Self.registry, on: Place.main, "directory", "apply",
        ApplyForData(
          item: item, fields: [1], purpose: "propertyRegistration", basis: "GB-BDC-01", until: stage.after(days: 90), maxUses: 100,
          answerBy: stage.after(days: 5), certificate: try stage.certificate(of: Self.registry, on: Place.main)), returning: Digest.self)
      let approved = try await stage.call(
        owner, on: Place.main, "directory", "approve", ApproveRequest(request: request.output))
      stage.tell(approved, zh: "\(title)：批准", en: "\(item): approved", ids: ["request": request.output.hex])
      requests[item] = request.output
    }
  }

  private func registerUnit() async throws {
    stage.heading(zh: "首次登记", en: "First registration")
    let call = RegisterUnit(
      code: code, parcel: "410105001002GB00012", areaCm2: 1_200_000, use: "dwelling",
      holders: [HolderShare(holder: try subject(seller), share: .whole)], basisDigest: .random())
    let done = try await stage.call(Self.registry, on: Self.city, name, "registerUnit", call)
    stage.tell(done, zh: "甲单独所有", en: "A owns the unit alone", ids: ["unit": Self.unit])
  }

  private func preNotice() async throws -> RightKey {
    stage.heading(zh: "预告登记：为乙保全", en: "A pre-notice protects B")
    let content = NoticeContent(unit: code, holder: try subject(buyer), forRight: .ownership)
    let notice = try await stage.call(
      Self.registry, on: Self.city, name, "preNotice",
      PlacePreNotice(content: content, consents: try consents([seller, buyer], to: "preNotice", content)), returning: RightKey.self)
    stage.tell(notice, zh: "预告登记，第 \(notice.output.number) 号权利", en: "pre-notice, right number \(notice.output.number)")
    let sale = DealContent(
      unit: code, kind: .sale, from: [try subject(seller)], to: [HolderShare(holder: try subject(other), share: .whole)],
      deadline: stage.after(days: 30))
    try await stage.refuse(
      "second sale to C", "held", zh: "甲再卖给丙", en: "A sells to C as well", Party.zhengzhouHousing, on: Self.city, name, "file",
      FileDeal(content: sale, consents: try consents([seller, other], to: "file", sale)), because: "preNotice")
    return notice.output
  }

  private mutating func sell() async throws -> Digest {
    stage.heading(zh: "网签、核税、缴税、受理、审查", en: "Filed, assessed, paid, accepted, examined")
    let amount = stage.suite.hash(Array("mortgage 1 000 000.00".utf8) + Digest.random().bytes)
    let tax = stage.suite.hash(Array("tax".utf8) + Digest.random().bytes)
    let sale = DealContent(
      unit: code, kind: .sale, from: [try subject(seller)], to: [HolderShare(holder: try subject(buyer), share: .whole)],
      priceCommitment: .random(), mortgage: MortgageTerms(mortgagee: Party.bank, amountCommitment: amount, transferBan: false),
      deadline: stage.after(days: 30))
    let filed = try await stage.call(
      Party.zhengzhouHousing, on: Self.city, name, "file",
      FileDeal(content: sale, consents: try consents([seller, buyer], bank: true, to: "file", sale)), returning: Digest.self)
    stage.tell(filed, zh: "甲卖给乙，银行随之抵押：一次申报", en: "A sells to B with the bank's mortgage: one filing", ids: ["deal": filed.output.hex])
    try await advance(filed.output, tax: tax, parties: [("A", seller), ("B", buyer)], married: [("A", seller)])
    return filed.output
  }

  /// Tax, acceptance, answers of police and civil affairs, examination.
  private mutating func advance(
    _ deal: Digest, tax: Digest, parties: [(String, Citizen)], married: [(String, Citizen)]
  ) async throws {
    try await stage.call(Party.taxOffice, on: Self.city, name, "assessTax", AssessTax(deal: deal, amountCommitment: tax))
    let paid = try await stage.call(
      Party.taxOffice, on: Self.city, name, "payTax", PayTax(deal: deal, amountCommitment: tax, receiptDigest: .random()))
    stage.tell(paid, zh: "税款已缴：与核定额为同一承诺", en: "the tax is paid: the same commitment as assessed")
    try await stage.call(Self.registry, on: Self.city, name, "acceptDeal", DealCall(deal: deal))
    var answers: [UseKey] = []
    for (_, person) in parties { answers.append(try await check(Self.identityItem, by: Self.police, person, deal)) }
    for (_, person) in married { answers.append(try await check(Self.marriageItem, by: Self.civilAffairs, person, deal)) }
    let height = try stage.ledger(Place.main).head.height
    var proven: [ProvenAnswer] = []
    for use in answers {
      let key = StateKey(contract: DataDirectory.name, table: DataDirectory.uses.records.name, key: use)
      proven.append(
        ProvenAnswer(use: use, proof: try await stage.prove(key, of: Place.main, notBelow: height, for: Self.city).proof))
    }
    let examined = try await stage.call(
      Self.registry, on: Self.city, name, "examine", ExamineDeal(deal: deal, verifications: proven))
    stage.tell(
      examined, zh: "审查：\(proven.count) 项主链核验结果以证明带入", en: "examined: \(proven.count) answers of the main chain are brought as proofs")
  }

  private mutating func check(_ item: String, by owner: OrganisationID, _ person: Citizen, _ deal: Digest) async throws -> UseKey {
    guard let request = requests[item] else { throw stage.failure("no request for \(item)") }
    let number = (uses[item] ?? 0) + 1
    uses[item] = number
    try await stage.call(
      Self.registry, on: Place.main, "directory", "use",
      UseData(
        request: request, number: number, kind: .verify, matter: deal.hex, about: try reference(person).digest, question: .random(),
        count: 1))
    try await stage.call(
      owner, on: Place.main, "directory", "answerUse", AnswerData(request: request, number: number, result: .match))
    return UseKey(request: request, number: number)
  }

  private func rights() throws -> [(UInt64, Registered<PropertyRight>)] {
    guard let unit = try stage.record(name, RealEstate.units.records, code, on: Self.city) else { throw stage.failure("no unit") }
    return try unit.content.rights.compactMap { number in
      let right = try stage.record(name, RealEstate.rights.records, RightKey(unit: code, number: number), on: Self.city)
      return right.map { (number, $0) }
    }
  }

  /// What stands on the unit, by letters.
  private func standing() throws -> [String] {
    let names = try [("A", seller), ("B", buyer), ("C", other), ("D", spouse)].map { ($0.0, try subject($0.1)) }
    return try rights().filter { $0.1.state == "registered" }.map { number, right in
      let holders = right.content.holders.map { holder in
        "\(names.first { $0.1 == holder.holder }?.0 ?? holder.holder.organisation?.rawValue ?? "?") \(holder.share)"
      }
      return "\(right.content.kind) \(right.content.rank): \(holders.joined(separator: " + "))"
    }
  }

  private func seizure(_ deal: Digest) async throws {
    stage.heading(zh: "登记前法院查封", en: "A court seizes the unit before registration")
    let seized = try await stage.call(
      Party.court, on: Self.city, name, "seize",
      SeizeUnit(unit: code, orderDigest: .random(), until: stage.after(days: 60)), returning: RightKey.self)
    stage.tell(seized, zh: "查封，第 \(seized.output.number) 号权利", en: "seized, right number \(seized.output.number)")
    let before = try standing()
    try await stage.refuse(
      "registration while seized", "held", zh: "登记", en: "registration", Self.registry, on: Self.city, name, "register",
      RegisterDeal(deal: deal, certificateDigest: .random()), because: "seizure")
    try stage.expect("nothing changed by it", try standing() == before, true)
    let released = try await stage.call(
      Party.court, on: Self.city, name, "endRight", EndRight(right: seized.output, reason: "orderLifted"))
    stage.tell(released, zh: "法院解除查封", en: "the court lifts the seizure")
  }

  private func finish(_ deal: Digest, _ notice: RightKey) async throws {
    let done = try await stage.call(
      Self.registry, on: Self.city, name, "register", RegisterDeal(deal: deal, certificateDigest: .random()))
    try stage.expect("after registration", try standing(), ["ownership 1: B 1/1", "mortgage 1: \(Party.bank) 1/1"])
    let ended = try stage.record(name, RealEstate.rights.records, notice, on: Self.city)?.state
    try stage.expect("the pre-notice", ended?.rawValue, "ended")
    stage.tell(
      done, zh: "登记：甲的权利消灭，乙 1/1，抵押权顺位 1，预告登记消灭",
      en: "registered: A's right ended, B 1/1, mortgage of rank 1, the pre-notice ended", ids: ["deal": deal.hex])
  }

  private mutating func shareWithSpouse() async throws {
    stage.heading(zh: "乙将二分之一转移给配偶", en: "B transfers one half to the spouse")
    guard let half = Share(1, of: 2) else { throw stage.failure("no half") }
    let gift = DealContent(
      unit: code, kind: .gift, from: [try subject(buyer)], to: [HolderShare(holder: try subject(spouse), share: half)],
      deadline: stage.after(days: 30))
    let filed = try await stage.call(
      Self.registry, on: Self.city, name, "file",
      FileDeal(content: gift, consents: try consents([buyer, spouse], to: "file", gift)), returning: Digest.self)
    let tax = stage.suite.hash(Digest.random().bytes)
    try await advance(filed.output, tax: tax, parties: [("B", buyer), ("D", spouse)], married: [("B", buyer)])
    let done = try await stage.call(
      Self.registry, on: Self.city, name, "register", RegisterDeal(deal: filed.output, certificateDigest: .random()))
    let owners = try rights().filter { $0.1.content.kind == .ownership }.flatMap(\.1.content.holders)
    try stage.expect("shares", owners.map { "\($0.share)" }, ["1/2", "1/2"])
    try stage.expect("owners", Set(owners.map(\.holder)) == Set([try subject(buyer), try subject(spouse)]), true)
    stage.tell(done, zh: "登记：乙 1/2 + 配偶 1/2", en: "registered: B 1/2 + spouse 1/2")
  }
}
