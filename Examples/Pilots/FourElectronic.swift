internal import Apps
internal import ChainCore
public import Stories

// Pingdingshan, 四电: e-signature, e-seal, e-licence, e-material. A document holds only if all four held when it was signed.

/// An electronic seal, or a signer's certificate: valid, suspended, revoked.
struct Means: CanonicalRecord, Codable, Hashable {
  var title: String
  var until: BlockTime
  static let layout = Layout(Self.init, \.title, \.until)
}

/// A signed document: what it rests on, and when it was signed.
struct SignedDocument: CanonicalRecord, Codable, Hashable {
  var seal: String
  var signer: String
  var licence: LicenceNumber
  var material: Digest
  var signed: BlockTime
  static let layout = Layout(Self.init, \.seal, \.signer, \.licence, \.material, \.signed)
}

/// What was wrong when a document was signed; empty = it holds.
struct DocumentVerdict: CanonicalRecord, Codable, Hashable {
  var failing: [String]
  static let layout = Layout(Self.init, \.failing)
}

struct FourElectronic: Contract {
  static let name: ContractName = "fourmeans"
  /// Seals and signers' certificates by number.
  static let means = Registry<String, Means>(
    "means",
    [
      .create("registerMeans", to: "valid", by: .role("sealOffice")),
      .move("suspendMeans", from: ["valid"], to: "suspended", by: .owner),
      .move("resumeMeans", from: ["suspended"], to: "valid", by: .owner),
      .move("revokeMeans", from: ["valid", "suspended"], to: "revoked", by: .owner),
    ])
  static let documents = Registry<String, SignedDocument>("documents", [.create("sign", to: "signed", by: .role("department"))])
  static let anchors = Anchors("materials")

  var entries: Entries {
    Self.means.entries
    Entry("keepMaterial", by: .role("department")) { (digest: Digest, context) in
      try Self.anchors.deposit(digest, record: "material", context)
    }
    Entry("sign", by: Self.documents.access("sign")) { (call: CreateRecord<String, SignedDocument>, context) in
      // Who signs with what does not hold is recorded all the same: verification tells.
      guard call.content.signed == context.time || call.content.signed == 0 else {
        throw ContractError.badArgument("signed: the block's time counts, leave it 0")
      }
      var document = call.content
      document.signed = context.time
      try Self.documents.create("sign", call.key, document, context)
    }
    Query("verify") { (key: String, context) -> DocumentVerdict in
      let document = try context.require(Self.documents.records, key).content
      var failing: [String] = []
      if try !Self.held(document.seal, at: document.signed, context) { failing.append("seal") }
      if try !Self.held(document.signer, at: document.signed, context) { failing.append("signer") }
      if try !Self.held(document.licence, at: document.signed, context) { failing.append("licence") }
      let anchor = try Self.anchors.earliest(document.material, context)
      if anchor.map({ $0.time > document.signed }) ?? true { failing.append("material") }
      return DocumentVerdict(failing: failing)
    }
  }

  private static func held(_ key: String, at time: BlockTime, _ context: QueryContext) throws(ContractError) -> Bool {
    guard let record = try context.get(means.records, key), time <= record.content.until else { return false }
    return state(in: try context.range(means.history, under: key, limit: 1_000).map(\.value), at: time) == "valid"
  }

  private static func held(_ licence: LicenceNumber, at time: BlockTime, _ context: QueryContext) throws(ContractError) -> Bool {
    let record: Registered<Licence>? = try context.query(ElectronicLicence.name, "licence", licence)
    guard let content = record?.content, content.validFrom <= time, content.validUntil.map({ time <= $0 }) ?? true else { return false }
    return state(in: try context.query(ElectronicLicence.name, "history", licence), at: time) == "valid"
  }

  /// The stored state after the last change up to `time`: later ones don't count.
  private static func state(in history: [RegistryChange], at time: BlockTime) -> RecordState? {
    history.last { $0.time <= time }?.state
  }
}

extension Pilots {
  /// Pingdingshan's four electronic means: judged at signing time.
  public static let fourElectronic = Story(
    "pilot-four-electronic",
    Sentence(zh: "平顶山四电：签署时四者皆有效，文书才有效", en: "Pingdingshan: a document holds only if all four held when it was signed")
  ) { stage in
    let (chain, name): (ChainID, ContractName) = ("henan/410400", FourElectronic.name)
    let (office, clerk) = (OrganisationID("pingdingshan-seal-office"), try pingdingshanOffice())
    try await stage.found([
      StoryChain(
        chain,
        [StoryParty(office, "sealOffice"), StoryParty(clerk, "department", "dataOffice"), StoryParty(Party.enterprise, "enterprise")],
        contracts: [ElectronicLicence(), FourElectronic()])
    ])
    let licence = try await issueLicence(stage, chain: chain, type: "11410000MB0A00026E001", issuer: clerk, serial: "202300000001")
    let until = stage.after(days: 365)
    for (key, title) in [("SEAL-1", "行政审批专用章"), ("CERT-1", "签署人证书")] {
      let done = try await stage.call(
        office, on: chain, name, "registerMeans", CreateRecord(key: key, content: Means(title: title, until: until)))
      stage.tell(done, zh: "登记\(title)", en: "\(key) is registered")
    }
    let material = Digest.random()
    func sign(_ key: String, _ material: Digest) async throws -> [String] {
      let document = SignedDocument(seal: "SEAL-1", signer: "CERT-1", licence: licence, material: material, signed: 0)
      let done = try await stage.call(clerk, on: chain, name, "sign", CreateRecord(key: key, content: document))
      let verdict: DocumentVerdict = try stage.ask(clerk, on: chain, name, "verify", key)
      let holds = verdict.failing.isEmpty
      stage.tell(
        done, zh: "签署 \(key)：\(holds ? "有效" : "无效（\(verdict.failing.joined(separator: "、"))）")",
        en: "\(key) signed: \(holds ? "holds" : "does not hold (\(verdict.failing.joined(separator: ", ")))")")
      return verdict.failing
    }
    try stage.expect("without the material", try await sign("DOC-0", material), ["material"])
    try await stage.call(clerk, on: chain, name, "keepMaterial", material)
    try stage.expect("all four hold", try await sign("DOC-1", material), [])
    try await stage.call(office, on: chain, name, "suspendMeans", MoveRecord(key: "SEAL-1", reason: "lost"))
    try stage.expect("seal suspended", try await sign("DOC-2", material), ["seal"])
    try await stage.call(office, on: chain, name, "resumeMeans", MoveRecord(key: "SEAL-1", reason: "found"))
    try await stage.call(
      clerk, on: chain, "licence", "revoke", RevokeLicence(licence: licence, reason: "falseStatement", decisionDigest: .random()))
    try stage.expect("licence revoked", try await sign("DOC-3", material), ["licence"])
    let old: DocumentVerdict = try stage.ask(clerk, on: chain, name, "verify", "DOC-1")
    try stage.expect("the earlier document afterwards", old.failing, [])
    stage.tell(.verified, zh: "先前签署的文书仍然有效：以签署时为准", en: "what was signed before still holds: signing time counts", on: chain)
    try await stage.refuse(
      "revocation by another office", "notAuthorised", zh: "他人吊销印章", en: "somebody else revokes the seal", clerk, on: chain, name,
      "revokeMeans", MoveRecord(key: "SEAL-1", reason: "x"))
  }

  /// An office of Pingdingshan with a made-up credit code, because licences name their issuer by it.
  private static func pingdingshanOffice() throws -> OrganisationID { try creditCode("11410400MB0A04010").organisation }
}
