internal import Apps
internal import ChainCore

extension Story {
  /// A licence type defined on main is used in the province's 19 cities.
  public static let types = Story(
    "types", Sentence(zh: "一个证照类型，19 个市级链同步使用", en: "A licence type defined on the main chain is used in 19 cities")
  ) { stage in try await TypesTelling(stage: stage).tell() }
}

struct TypesTelling {
  /// The divisions with a chain of their own: 17 cities, Jiyuan, the airport zone.
  static let divisions =
    (1...17).map { "41\($0 < 10 ? "0" : "")\($0)00" } + ["419001", "410173"]
  static let type = "11410000MB0A00026E001"

  let stage: StoryStage
  var name: ContractName { ElectronicLicence.name }

  /// A city's market office, with a made-up credit code.
  private func office(_ division: String) throws -> OrganisationID {
    for check in "0123456789ABCDEFGHJKLMNPQRTUWXY" {
      if let code = try? UnifiedCreditCode("11\(division)MB0A01010\(check)") { return code.organisation }
    }
    throw stage.failure("no credit code for \(division)")
  }

  func tell() async throws {
    let cities = try Self.divisions.map { division in
      guard let chain = HomeChain.of(division: division) else { throw stage.failure("\(division) has no chain") }
      return (chain: chain, office: try office(division))
    }
    try stage.expect("cities", Set(cities.map(\.chain)).count, 19)
    let main = StoryChain(
      Place.main, [StoryParty(Party.dataOffice, "dataOffice")], contracts: [ElectronicLicence()],
      configurations: [name: LicenceConfiguration(copyTypesTo: cities.map(\.chain)).canonicalBytes])
    // One validator each: this story is about packets, and 19 times four would take all its time.
    let chains = cities.map { city in
      StoryChain(
        city.chain, [StoryParty(city.office, "department")], contracts: [ElectronicLicence()],
        remoteRoles: [RemoteRoles(chain: Place.main, organisation: Party.dataOffice, roles: ["dataOffice"])], validators: 1)
    }
    try await stage.found([main] + chains, ports: [name])
    let code = try LicenceTypeCode(Self.type)
    let schema = ["name", "status"]
    let defined = try await stage.call(
      Party.dataOffice, on: Place.main, name, "defineType",
      DefineType(
        code: code, name: "营业执照", schema: schema.map { SchemaField(name: $0, fieldClass: .commitment) }, issuers: cities.map(\.office),
        bases: [], validityRule: "openEnded", holderKind: .organisation))
    stage.tell(defined, zh: "省主链定义类型一次", en: "defined once, on the main chain", ids: ["type": Self.type])
    var issued = 0
    for city in cities {
      let _: LicenceType = try await stage.wait(for: "arrival of the type in \(city.chain)") {
        try stage.record(name, ElectronicLicence.types.records, code, on: city.chain)?.content
      }
      let identifier = try LicenceIdentifier(typeCode: code, issuer: city.office.rawValue, serial: "202300000001", version: 1)
      let done = try await stage.call(
        city.office, on: city.chain, name, "issue",
        IssueLicence(
          identifier: identifier, subject: .organisation(Party.enterprise), fieldRoot: .random(), fileDigest: .random(),
          sealDigest: .random(), validFrom: stage.now))
      issued += 1
      stage.tell(done, zh: "类型到达，据此发证", en: "the type is here, and a licence is issued", ids: ["licence": identifier.text])
    }
    try stage.expect("licences issued", issued, 19)
    guard let first = cities.first else { return }
    try await stage.refuse(
      "a type that main did not define", "notFound", zh: "未定义的类型发证", en: "a type that main did not define", first.office, on: first.chain,
      name,
      "issue",
      IssueLicence(
        identifier: try LicenceIdentifier(
          typeCode: LicenceTypeCode("11410000MB0A00026E002"), issuer: first.office.rawValue, serial: "1", version: 1),
        subject: .organisation(Party.enterprise), fieldRoot: .random(), fileDigest: .random(), sealDigest: .random(), validFrom: stage.now))
  }
}
