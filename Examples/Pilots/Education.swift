internal import Apps
internal import ChainCore
public import Stories

// Puyang, education: enrolments and diplomas are licences (§2); a diploma counts only if its holder was enrolled at the school.

/// A graduation: the enrolment that it ends and the diploma.
struct Graduation: CanonicalRecord, Codable, Hashable {
  var enrolment: LicenceNumber
  var diploma: LicenceNumber
  static let layout = Layout(Self.init, \.enrolment, \.diploma)
}

/// What an employer asks: a diploma and the fields that its holder shows.
struct DiplomaQuestion: CanonicalRecord, Codable {
  var diploma: LicenceNumber
  var fields: DisclosedFields
  static let layout = Layout(Self.init, \.diploma, \.fields)
}

struct Education: Contract {
  static let name: ContractName = "education"
  static let enrolmentType = "11410900MB0A09030"
  static let graduations = Registry<LicenceNumber, Graduation>(
    "graduations", [.create("graduate", to: "graduated", by: .role("department"))])

  var entries: Entries {
    Entry("graduate", by: Self.graduations.access("graduate")) { (call: Graduation, context) in
      let enrolment = try Self.licence(call.enrolment, context)
      let diploma = try Self.licence(call.diploma, context)
      try Self.graduations.create("graduate", call.diploma, call, context) {
        guard enrolment.owner == context.caller.organisation, diploma.owner == context.caller.organisation else {
          throw ContractError.notAuthorised("a school graduates whom it enrolled")
        }
        guard call.enrolment != call.diploma, Self.isEnrolment(call.enrolment), !Self.isEnrolment(call.diploma) else {
          throw ContractError.badArgument("enrolment: a licence of the enrolment type is expected")
        }
        guard enrolment.content.subject == diploma.content.subject else { throw ContractError.badArgument("diploma: of another person") }
        guard Licence.state(of: enrolment, at: context.time) == "valid" else {
          throw ContractError.notAllowed(state: "enrolment \(enrolment.state)", call: "graduate")
        }
      }
    }
    Query("verify") { (question: DiplomaQuestion, context) -> [String] in
      // The names of the fields that are proven; an employer has their values already.
      guard try context.get(Self.graduations.records, question.diploma) != nil else { return [] }
      let record = try Self.licence(question.diploma, context)
      guard Licence.state(of: record, at: context.time) == "valid" else { return [] }
      let type: Registered<LicenceType>? = try context.query(ElectronicLicence.name, "type", record.content.identifier.typeCode)
      let values = try? question.fields.verify(
        root: record.content.fieldRoot, schema: type?.content.schema.map(\.name) ?? [], suite: context.suite)
      return values?.keys.sorted() ?? []
    }
  }

  private static func isEnrolment(_ licence: LicenceNumber) -> Bool { licence.text.prefix(21).hasSuffix("001") }

  private static func licence(_ number: LicenceNumber, _ context: QueryContext) throws(ContractError) -> Registered<Licence> {
    let found: Registered<Licence>? = try context.query(ElectronicLicence.name, "licence", number)
    guard let found else { throw .notFound }
    return found
  }
}

extension Pilots {
  /// Puyang's schools: graduation needs enrolment, employers see chosen fields.
  public static let education = Story(
    "pilot-education", Sentence(zh: "濮阳教育：先有学籍，方可毕业；用人单位只看所示字段", en: "Puyang: graduation needs enrolment; employers see chosen fields")
  ) { stage in
    let (chain, name) = (Place.puyang, Education.name)
    let school = try creditCode("12410900MB0A09030").organisation
    let authority = try creditCode("11410900MB0A09030")
    let office = IdentityOffice(stage.suite)
    let student = try stage.citizen("示例学生戊", number: "410105188501010014")
    let subject = Subject.person(try office.reference(of: student, in: ElectronicLicence.domain))
    try await stage.found([
      StoryChain(
        chain, [StoryParty(school, "department"), StoryParty("puyang-education", "dataOffice"), StoryParty(Party.bank, "enterprise")],
        contracts: [ElectronicLicence(), Education()])
    ])
    let schema = ["name", "school", "degree", "year"]
    var numbers: [String: (LicenceNumber, FieldCommitments)] = [:]
    for (kind, suffix, title) in [("enrolment", "001", "学籍证明"), ("diploma", "002", "毕业证书")] {
      let code = try LicenceTypeCode(authority.text + suffix)
      try await stage.call(
        "puyang-education", on: chain, "licence", "defineType",
        DefineType(
          code: code, name: title, schema: schema.map { SchemaField(name: $0, fieldClass: .commitment) }, issuers: [school], bases: [],
          validityRule: "openEnded", holderKind: .person))
      let fields = try FieldCommitments(
        type: code.text, schema: schema, values: ["name": student.name, "school": "濮阳示例中学", "degree": "高中", "year": "2023"],
        random: { Digest.random() })
      let identifier = try LicenceIdentifier(typeCode: code, issuer: school.rawValue, serial: "2023\(suffix)", version: 1)
      let done = try await stage.call(
        school, on: chain, "licence", "issue",
        IssueLicence(
          identifier: identifier, subject: subject, fieldRoot: try fields.root(suite: stage.suite),
          fileDigest: stage.suite.hash(fields.canonicalBytes), sealDigest: .random(), validFrom: stage.now))
      stage.tell(done, zh: "学校签发\(title)", en: "the school issues: \(kind)", ids: ["licence": identifier.text])
      numbers[kind] = (identifier.licence, fields)
    }
    guard let enrolment = numbers["enrolment"], let diploma = numbers["diploma"] else { throw stage.failure("no licences") }
    let shown = try diploma.1.disclose(["degree", "year"], suite: stage.suite)
    let question = DiplomaQuestion(diploma: diploma.0, fields: shown)
    let before: [String] = try stage.ask(Party.bank, on: chain, name, "verify", question)
    try stage.expect("a diploma without graduation", before, [])
    try await stage.refuse(
      "graduation without enrolment", "badArgument", zh: "没有学籍而毕业", en: "graduation without an enrolment", school, on: chain, name,
      "graduate",
      Graduation(enrolment: diploma.0, diploma: diploma.0))
    let done = try await stage.call(school, on: chain, name, "graduate", Graduation(enrolment: enrolment.0, diploma: diploma.0))
    stage.tell(done, zh: "凭学籍毕业", en: "graduated, with the enrolment")
    let proven: [String] = try stage.ask(Party.bank, on: chain, name, "verify", question)
    try stage.expect("what the employer sees", proven, ["degree", "year"])
    stage.tell(.verified, zh: "用人单位核验学历和年份，姓名等不出示", en: "the employer verifies degree and year; the name is not shown", on: chain)
    var forged = shown
    forged.fields[0].field.value = "博士"
    let refused: [String] = try stage.ask(
      Party.bank, on: chain, name, "verify", DiplomaQuestion(diploma: diploma.0, fields: forged))
    try stage.expect("a forged degree", refused, [])
  }
}
