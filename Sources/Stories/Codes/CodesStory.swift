internal import AppFormats
internal import Apps
internal import ChainCore
internal import CrossChain

extension Story {
  /// 码链融合: any code leads to its chain, its record and a proof.
  public static let codes = Story(
    "codes", Sentence(zh: "码链融合：一码直达所在链、记录与证明", en: "One code leads to its chain, its record and a proof")
  ) { stage in try await CodesTelling(stage: stage).tell() }
}

struct CodesTelling {
  static let regulator: OrganisationID = "henan-agriculture-office"
  static let unit = "410105001002GB00012F00010023"
  static let drug = "81234560000012345678"
  static let city = Place.zhengzhou

  let stage: StoryStage

  func tell() async throws {
    try await found()
    try await fill()
    try await resolveAll()
    try refuseMalformed()
  }

  private func found() async throws {
    let configurations = [AgriTrace.name: AgriConfiguration(prefixRegistry: Place.main).canonicalBytes]
    try await stage.found(
      [
        StoryChain(
          Place.main, [StoryParty("code-office", "platform")], contracts: [AgriTrace(), CodePrefixes()],
          remoteRoles: [RemoteRoles(chain: Self.city, organisation: Self.regulator, roles: ["regulator"])]),
        StoryChain(
          Self.city,
          [
            StoryParty(Self.regulator, "regulator"), StoryParty(Party.abattoir, "producer"),
            StoryParty(Party.zhengzhouRegistry, "registry"),
            StoryParty(Party.drugMaker, "authorisationHolder"), StoryParty(Party.zhengzhouMarketOffice, "department", "dataOffice"),
          ], contracts: [AgriTrace(), ElectronicLicence(), RealEstate(), MedicalRecords()], configurations: configurations),
      ], ports: [AgriTrace.name])
  }

  private var lot: LotKey { get throws { LotKey(gtin: try GTIN("16923456780016"), lot: "ZZ231102A") } }

  private func fill() async throws {
    stage.heading(zh: "主链登记前缀，郑州链登记证照、不动产、农产品、药品", en: "Prefixes on main; a licence, a unit, meat and a drug in Zhengzhou")
    let agri = AgriTrace.name
    let drugHome = CodeHome(organisation: Party.drugMaker, chain: Self.city)
    let prefix = try await stage.call(
      "code-office", on: Place.main, CodePrefixes.name, "registerPrefix", CreateRecord(key: "8123456", content: drugHome))
    stage.tell(prefix, zh: "药品前缀 8123456 归郑州链", en: "drug prefix 8123456: traced in Zhengzhou")
    try await stage.refuse(
      "a prefix within another", "alreadyExists", zh: "重叠的前缀", en: "a prefix within another", "code-office", on: Place.main,
      CodePrefixes.name, "registerPrefix", CreateRecord(key: "81", content: drugHome))
    try await stage.call(Self.regulator, on: Self.city, agri, "defineClass", DefineClass(code: "pork", unit: "g", ratios: []))
    let site = try GLN("6923456000025")
    try await stage.call(
      Self.regulator, on: Self.city, agri, "registerSite",
      RegisterSite(gln: site, organisation: Party.abattoir, gs1Prefix: "6923456", division: "410100"))
    // Behind its extension digit the story's pallet number begins with 06923456.
    try await stage.call(
      Self.regulator, on: Self.city, agri, "registerSite",
      RegisterSite(gln: try GLN("6923456000032"), organisation: Party.abattoir, gs1Prefix: "06923456", division: "410100"))
    for prefix in ["6923456", "06923456"] {
      try await stage.wait(for: "main's confirmation of GS1 prefix \(prefix)") {
        try stage.record(agri, AgriTrace.prefixes, prefix, on: Self.city)?.isConfirmed == true ? () : nil
      }
    }
    func event(_ number: Int) -> TraceEvent {
      TraceEvent(
        id: "urn:uuid:00000000-0000-4000-8000-00000000020\(number)", type: "ObjectEvent", action: "ADD", step: "commissioning",
        disposition: "", place: nil, time: stage.now, digest: .random())
    }
    try await stage.call(
      Party.abattoir, on: Self.city, agri, "commission",
      CommissionLot(lot: try lot, quantity: 4_000_000, goodsClass: "pork", site: site, event: event(1)))
    let part = StockPart(stock: StockKey(lot: try lot, holder: Party.abattoir, pallet: nil), quantity: 1_000_000)
    try await stage.call(
      Party.abattoir, on: Self.city, agri, "pack",
      PackPallet(pallet: try SSCC("006923456000000016"), contents: [part], event: event(2)))
    try await stage.call(
      Party.zhengzhouRegistry, on: Self.city, "property", "registerUnit",
      RegisterUnit(
        code: try RealEstateUnit(Self.unit), parcel: "410105001002GB00012", areaCm2: 1_200_000, use: "dwelling",
        holders: [HolderShare(holder: .organisation(Party.bank), share: .whole)], basisDigest: .random()))
    try await stage.call(
      Party.drugMaker, on: Self.city, "medical", "produce",
      ProduceDrugs(codes: [try DrugTraceCode(Self.drug)], carton: "carton-1", batch: "B231101", expiry: stage.after(days: 700)))
    try await issueLicence()
  }

  private func issueLicence() async throws {
    let identifier = try LicenceIdentifier(LicenceTelling.first)
    let office = Party.zhengzhouMarketOffice
    try await stage.call(
      office, on: Self.city, "licence", "defineType",
      DefineType(
        code: identifier.typeCode, name: "营业执照", schema: [SchemaField(name: "name", fieldClass: .commitment)], issuers: [office], bases: [],
        validityRule: "openEnded", holderKind: .organisation))
    let issued = try await stage.call(
      office, on: Self.city, "licence", "issue",
      IssueLicence(
        identifier: identifier, subject: .organisation(Party.enterprise), fieldRoot: .random(), fileDigest: .random(),
        sealDigest: .random(), validFrom: stage.now))
    stage.tell(issued, zh: "登记完毕", en: "everything is registered", ids: ["licence": identifier.text])
  }

  static let codes: [(name: String, code: String, kind: ResolvedCode.Kind, chain: ChainID)] = [
    ("licence identifier", LicenceTelling.first, .licence, city),
    ("unit code", unit, .unit, city),
    ("Digital Link of a lot", "https://trace.example.org/01/16923456780016/10/ZZ231102A", .lot, city),
    ("Digital Link of a pallet", "https://trace.example.org/00/006923456000000016", .pallet, city),
    ("SSCC", "006923456000000016", .pallet, city),
    ("GTIN", "16923456780016", .tradeItem, Place.main),
    ("drug code", drug, .drug, city),
  ]

  private func resolveAll() async throws {
    stage.heading(zh: "扫码：链、记录、证明", en: "Scanned: chain, record, proof")
    let resolver = CodeResolver(main: try stage.ledger(Place.main))
    let anchor = try TrustAnchor(of: try stage.relay)
    let heights = try [Place.main, Self.city].reduce(into: [ChainID: BlockHeight]()) { $0[$1] = try stage.ledger($1).head.height }
    for (name, code, kind, chain) in Self.codes {
      let place = try resolver.resolve(code)
      try stage.expect(name, "\(place.kind) \(place.chain)", "\(kind) \(chain)")
      let answer = try await stage.wait(for: "the relay's view of \(chain)") {
        let answer = try? place.answer(on: try stage.ledger(place.chain), through: try stage.relay, anchor: anchor)
        return answer.flatMap { $0.seen.height >= heights[chain] ?? 0 ? $0 : nil }
      }
      try stage.expect("\(name): proven", answer.seen.value != nil && answer.seen.key == place.key.bytes, true)
      stage.tell(
        .verified, zh: "\(name) → \(place.contract)", en: "\(name) → \(place.contract), present", on: place.chain,
        height: answer.seen.height,
        ids: ["code": code])
    }
    let absent = try resolver.resolve("410105001002GB00012F00010099")
    let answer = try absent.answer(on: try stage.ledger(absent.chain), through: try stage.relay, anchor: anchor)
    try stage.expect("a unit that is not registered: proven absent", answer.seen.value == nil, true)
  }

  static let malformed: [(code: String, expected: String)] = [
    ("1.2.156.3005.2.11410000MB0A00026E001.11410100MB0A010107.202300000001.001.8", "licence identifier"),
    ("410105001002GB00012F0001002", "form"), ("410105001002XB00012F00010023", "real-estate unit code"),
    ("310105001002GB00012F00010023", "other province"), ("16923456780017", "GTIN"), ("006923456000000017", "SSCC"),
    ("09506000134352", "prefix"), ("99999990000012345678", "prefix"), ("https://trace.example.org/01/16923456780017/10/A", "link"),
    ("https://trace.example.org/414/6923456000018", "no thing"), ("ftp://trace.example.org/01/16923456780016", "form"),
    (" 16923456780016", "form"), ("１６９２３４５６７８００１６", "form"), ("", "form"),
  ]

  private func refuseMalformed() throws {
    let resolver = CodeResolver(main: try stage.ledger(Place.main))
    for (code, expected) in Self.malformed {
      do {
        _ = try resolver.resolve(code)
        throw stage.failure("\(code) should lead nowhere")
      } catch let error as ResolveError {
        let found: String =
          switch error {
          case .malformed(let kind, _): kind
          case .link: "link"
          case .linkWithoutThing: "no thing"
          case .otherProvince: "other province"
          case .unknownPrefix: "prefix"
          default: "form"
          }
        guard found == expected else { throw stage.failure("\(code): \(error)") }
      }
    }
    try stage.expect("malformed codes, each with its error", Self.malformed.count, 14)
    stage.tell(.refused, zh: "\(Self.malformed.count) 个错误的码：各有明确原因", en: "\(Self.malformed.count) malformed codes: each is told why")
  }
}
