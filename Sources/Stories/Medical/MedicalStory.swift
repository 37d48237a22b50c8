internal import AppFormats
internal import Apps
internal import ChainCore
internal import CrossChain

extension Story {
  /// §6: results recognised between hospitals of two cities, an emergency, and a drug that is dispensed once.
  public static let medical = Story(
    "medical", Sentence(zh: "智慧医疗：检查互认、破窗急救、药品追溯", en: "Medical: results recognised between cities, an emergency, a traced drug")
  ) { stage in
    var telling = try MedicalTelling(stage)
    try await telling.tell()
  }
}

struct MedicalTelling {
  static let custodian = Party.zhengzhouHospital
  static let reader = Party.puyangHospital
  static let drug = "81234560000012345678"
  static let pharmacy: OrganisationID = "pharmacy-zhengzhou-1"
  static let otherPharmacy: OrganisationID = "pharmacy-zhengzhou-2"
  /// 2023-11-19 10:00, 2023-11-20 02:10, and the end of 2023-12-06, in UTC+8.
  static let (revocation, emergency, consentEnd): (BlockTime, BlockTime, BlockTime) = (
    1_700_359_200_000, 1_700_417_400_000, 1_701_878_400_000
  )

  /// A document as its custodian keeps it.
  struct Kept {
    var id: Digest
    var document: FHIRDocument
    var salt: Digest
    var key: ContentKey
    var envelope: SealedEnvelope
  }

  let stage: StoryStage
  let office: IdentityOffice
  let patient: Citizen
  let reader: EncryptionKey
  let resources: [String: FHIRDocument]
  let bundle: [UInt8]
  var kept: [String: Kept] = [:]
  var name: ContractName { MedicalRecords.name }

  init(_ stage: StoryStage) throws {
    self.stage = stage
    office = IdentityOffice(stage.suite)
    patient = try stage.citizen("示例患者甲", number: "410105188501010014")
    reader = try EncryptionKey.generate(stage.suite)
    let file = try stage.input.object("fhir-r4.json")
    var found: [String: FHIRDocument] = [:]
    for resource in file["resources"] as? [Any] ?? [] {
      let document = try FHIRDocument(try StoryInput.json(resource))
      found[document.id] = document
    }
    resources = found
    bundle = try StoryInput.json(file["bundle"] ?? [:])
    for secret in ["2345-7", "718-7", "58410-2", "Glucose", "E11", "Type 2 diabetes mellitus", "青霉素", "示例片"] {
      stage.keepSecret("clinical value \(secret)", secret)
    }
  }

  mutating func tell() async throws {
    try await found()
    try await index()
    let consent = try await consent()
    try await recognise(consent)
    try await revoke(consent)
    try await breakGlass()
    try await drugs()
    try changeBundle()
  }

  private func subject() throws -> SubjectRef { try office.reference(of: patient, in: MedicalRecords.domain) }

  private func found() async throws {
    let common = [
      StoryParty(Party.identityService, .identityService), StoryParty(Party.citizenApp, "citizenAgent"),
      StoryParty(Party.auditOffice, .auditor),
    ]
    try await stage.found(
      [
        StoryChain(
          Place.zhengzhou,
          common + [
            StoryParty(Self.custodian, "hospital"), StoryParty(Party.drugMaker, "authorisationHolder"),
            StoryParty(Self.pharmacy, "pharmacy"), StoryParty(Self.otherPharmacy, "pharmacy"),
          ], contracts: [MedicalRecords()],
          remoteRoles: [RemoteRoles(chain: Place.puyang, organisation: Self.reader, roles: ["hospital"])]),
        StoryChain(Place.puyang, common + [StoryParty(Self.reader, "hospital")], contracts: [Forwarding(MedicalRecords())]),
      ], ports: [name])
  }

  private mutating func index() async throws {
    stage.heading(zh: "郑州医院登记文书索引，内容加密留在院内", en: "Zhengzhou's hospital indexes documents; their content stays sealed with it")
    for id in ["rep-1", "obs-glucose", "obs-hb", "cond-1", "alg-1"] {
      guard let document = resources[id] else { throw stage.failure("fhir-r4.json has no \(id)") }
      let salt = Digest.random()
      let key = ContentKey.random(stage.suite)
      let envelope = try key.seal(document.bytes, associated: salt.bytes)
      let code = document.codes.first?.code ?? ""
      let call = IndexRecord(
        kind: document.resourceType, itemCommitment: stage.suite.hash(Digest.random().bytes + Array(code.utf8)), subject: try subject(),
        digest: document.digest(salt: salt, suite: stage.suite), envelope: envelope.digest(suite: stage.suite),
        recognisableUntil: stage.after(days: 90))
      let done = try await stage.call(Self.custodian, on: Place.zhengzhou, name, "index", call, returning: Digest.self)
      kept[id] = Kept(id: done.output, document: document, salt: salt, key: key, envelope: envelope)
      stage.tell(done, zh: "索引 \(document.resourceType)", en: "indexed: \(document.resourceType)", ids: ["record": done.output.hex])
    }
  }

  private func record(_ id: String) throws -> Kept {
    guard let found = kept[id] else { throw stage.failure("\(id) was not indexed") }
    return found
  }

  private func consent() async throws -> Digest {
    stage.heading(
      zh: "患者授权濮阳医院查看检查报告和检验结果，至 12 月 6 日", en: "The patient consents: Puyang's hospital, reports and observations, until 6 December")
    let content = PatientConsent(
      subject: try subject(), hospital: Self.reader, chain: Place.puyang, kinds: ["DiagnosticReport", "Observation"],
      until: Self.consentEnd)
    let proof = try stage.proof(
      of: patient, as: try subject(), domain: MedicalRecords.domain, contract: name, entry: "give", arguments: content, on: Place.zhengzhou)
    let given = try await stage.call(
      Party.citizenApp, on: Place.zhengzhou, name, "give", GiveConsent(content: content, proof: proof), returning: Digest.self)
    stage.tell(given, zh: "经市民应用授权", en: "given through the citizens' app", ids: ["consent": given.output.hex])
    return given.output
  }

  private func access(_ kept: Kept, _ basis: AccessBasis, purpose: String = "treatment") throws -> AccessRecord {
    AccessRecord(
      scope: AccessScope(record: kept.id, purpose: purpose, certificate: try stage.certificate(of: Self.reader, on: Place.puyang)),
      basis: basis)
  }

  /// What the custodian's key service does after the access is on record, and what the reader checks.
  private func read(_ kept: Kept) throws -> [UInt8] {
    let accesses: [RecordAccess] = try stage.ask(Self.custodian, on: Place.zhengzhou, name, "accesses", kept.id)
    guard accesses.last?.organisation == Self.reader else { throw stage.failure("no access is on record") }
    let wrap = try kept.key.wrap(to: try reader.publicKey())
    let bytes = try ContentKey(unwrapping: wrap, with: reader).open(kept.envelope, associated: kept.salt.bytes)
    guard let indexed = try stage.record(name, MedicalRecords.records.records, kept.id, on: Place.zhengzhou),
      FHIRDocument.matches(bytes, salt: kept.salt, digest: indexed.content.digest, suite: stage.suite)
    else { throw stage.failure("the document is not the one that was indexed") }
    return bytes
  }

  private func recognise(_ consent: Digest) async throws {
    stage.heading(zh: "濮阳医院跨链查阅、互认", en: "Puyang's hospital reads across chains and recognises")
    let glucose = try record("obs-glucose")
    try await stage.forwardRefused(
      "recognition without access", "notAuthorised", zh: "未查阅就互认", en: "recognition without access", Self.reader, on: Place.puyang, name,
      to: Place.zhengzhou, "recognise", RecogniseRecord(record: glucose.id, accept: true))
    for id in ["rep-1", "obs-glucose"] {
      let kept = try record(id)
      let sent = try await stage.forwardAccepted(
        Self.reader, on: Place.puyang, name, to: Place.zhengzhou, "access", try access(kept, .consent(consent)))
      let bytes = try read(kept)
      try stage.expect("read \(id)", bytes == kept.document.bytes, true)
      stage.tell(
        sent, zh: "查阅 \(kept.document.resourceType)：先留痕，后解封，字节与摘要一致",
        en: "\(kept.document.resourceType) read: on record first, then unsealed; its bytes fit the digest", ids: ["record": kept.id.hex])
    }
    let sent = try await stage.forwardAccepted(
      Self.reader, on: Place.puyang, name, to: Place.zhengzhou, "recognise", RecogniseRecord(record: glucose.id, accept: true))
    let recognitions: [Recognition] = try stage.ask(Self.custodian, on: Place.zhengzhou, name, "recognitions", glucose.id)
    try stage.expect("recognised by", recognitions.map(\.organisation), [Self.reader])
    stage.tell(sent, zh: "血糖结果互认，不再重复检查", en: "the glucose result is recognised: no repeat test")
    try await stage.forwardRefused(
      "Condition under the consent", "notAuthorised", zh: "查阅诊断（不在授权范围）", en: "a Condition, which the consent does not cover",
      Self.reader, on: Place.puyang, name, to: Place.zhengzhou, "access", try access(try record("cond-1"), .consent(consent)))
  }

  private func revoke(_ consent: Digest) async throws {
    try await stage.advance(to: Self.revocation)
    stage.heading(zh: "11 月 19 日患者撤销授权", en: "On 19 November the patient revokes")
    let revoked = try await stage.call(Party.citizenApp, on: Place.zhengzhou, name, "revoke", RevokeConsent(consent: consent))
    stage.tell(revoked, zh: "授权撤销", en: "the consent is revoked")
    try await stage.forwardRefused(
      "access after revocation", "notAllowed", zh: "撤销后查阅", en: "an access after that", Self.reader, on: Place.puyang, name,
      to: Place.zhengzhou, "access", try access(try record("obs-hb"), .consent(consent)))
  }

  private func breakGlass() async throws {
    try await stage.advance(to: Self.emergency)
    stage.heading(zh: "11 月 20 日 02:10 急救破窗", en: "20 November 02:10: an emergency")
    let declared = try await stage.call(
      Self.reader, on: Place.puyang, name, "declare",
      DeclareGlass(subject: try subject(), doctorRef: .random(), reasonCode: "unconscious"), returning: Digest.self)
    stage.tell(declared, zh: "濮阳医院在本链声明急救", en: "Puyang's hospital declares it on its own chain", ids: ["glass": declared.output.hex])
    let key = StateKey(contract: name, table: MedicalRecords.glasses.records.name, key: declared.output)
    let (proof, _) = try await stage.prove(key, of: Place.puyang, notBelow: declared.height, for: Place.zhengzhou)
    let allergy = try record("alg-1")
    let sent = try await stage.forwardAccepted(
      Self.reader, on: Place.puyang, name, to: Place.zhengzhou, "access",
      try access(allergy, .remoteGlass(declared.output, proof), purpose: "emergency"))
    try stage.expect("allergy record read", try read(allergy) == allergy.document.bytes, true)
    stage.tell(sent, zh: "凭跨链证明打开过敏记录", en: "by proof across chains the allergy record opens", ids: ["record": allergy.id.hex])
    let told = try stage.ledger(Place.puyang).events(from: declared.height).first { $0.event.name == "medical.glassBroken" }
    try stage.expect("patient told", told?.transaction == declared.transaction, true)
    stage.tell(.done, zh: "患者的应用和审计部门收到通知", en: "the patient's app and the auditor are told", on: Place.puyang, height: told?.height)
    let reviewed = try await stage.call(
      Party.auditOffice, on: Place.puyang, name, "review", ReviewGlass(glass: declared.output, justified: true, noteDigest: .random()))
    let state = try stage.record(name, MedicalRecords.glasses.records, declared.output, on: Place.puyang)
    try stage.expect("review", state?.content.justified, true)
    stage.tell(reviewed, zh: "事后审查：合理", en: "reviewed: justified")
  }

  private func drugs() async throws {
    stage.heading(zh: "药品追溯码只能发药一次", en: "A drug's code dispenses once")
    let code = try DrugTraceCode(Self.drug)
    let batch = ProduceDrugs(codes: [code], carton: "carton-1", batch: "B231101", expiry: stage.after(days: 700))
    try await stage.call(Party.drugMaker, on: Place.zhengzhou, name, "produce", batch)
    try await stage.call(
      Party.drugMaker, on: Place.zhengzhou, name, "shipDrug", ShipDrugs(cartons: ["carton-1"], to: Self.pharmacy))
    try await stage.call(Self.pharmacy, on: Place.zhengzhou, name, "receiveDrug", ReceiveDrugs(cartons: ["carton-1"]))
    let dispensed = try await stage.call(Self.pharmacy, on: Place.zhengzhou, name, "dispense", DrugCall(code: code))
    stage.tell(dispensed, zh: "发药；谁用药不上链", en: "dispensed; who takes it is not on chain", ids: ["code": Self.drug])
    try await stage.refuse(
      "dispensed again", "notAllowed", zh: "另一药店再次发药", en: "another pharmacy dispenses it again", Self.otherPharmacy,
      on: Place.zhengzhou, name, "dispense", DrugCall(code: code))
    let scan = try await stage.call(
      Self.otherPharmacy, on: Place.zhengzhou, name, "scan", DrugCall(code: code), returning: ScanAnswer.self)
    try stage.expect("scan", scan.output.isSuspect, true)
    stage.tell(scan, zh: "扫码：可疑，已记录", en: "scanned: suspect, and recorded")
  }

  private func changeBundle() throws {
    let salt = Digest.random()
    let document = try FHIRDocument(bundle)
    let digest = document.digest(salt: salt, suite: stage.suite)
    var changed = bundle
    changed[changed.count / 2] ^= 1
    try stage.expect("bundle", FHIRDocument.matches(bundle, salt: salt, digest: digest, suite: stage.suite), true)
    try stage.expect("bundle with one byte changed", FHIRDocument.matches(changed, salt: salt, digest: digest, suite: stage.suite), false)
    stage.tell(.refused, zh: "文书包改动一个字节：读者拒收", en: "one byte of the bundle changed: the reader refuses it")
  }
}
