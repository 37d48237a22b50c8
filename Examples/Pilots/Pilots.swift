internal import Apps
internal import ChainCore
public import Stories

/// The pilots of the province's cities: the applications' blocks and contracts put together, each with a rule of its own.
public enum Pilots {
  /// All of them, in the order of the cities' page.
  public static let all: [Story] = [dossier, fourElectronic, education, housingFund, jointApproval, tax, hebi]

  /// A unified credit code that begins so: its last character checks the others.
  static func creditCode(_ beginning: String) throws -> UnifiedCreditCode {
    for check in "0123456789ABCDEFGHJKLMNPQRTUWXY" {
      if let code = try? UnifiedCreditCode(beginning + String(check)) { return code }
    }
    throw IdentifierError.form(kind: "unified credit code", "\(beginning) begins none")
  }

  /// Defines a type that an office may issue for organisations, and issues one licence to the enterprise.
  static func issueLicence(
    _ stage: StoryStage, chain: ChainID, type: String, issuer: OrganisationID, serial: String
  ) async throws -> LicenceNumber {
    let code = try LicenceTypeCode(type)
    let schema = ["name", "status"]
    try await stage.call(
      issuer, on: chain, "licence", "defineType",
      DefineType(
        code: code, name: "营业执照", schema: schema.map { SchemaField(name: $0, fieldClass: .commitment) }, issuers: [issuer], bases: [],
        validityRule: "openEnded", holderKind: .organisation))
    let identifier = try LicenceIdentifier(typeCode: code, issuer: issuer.rawValue, serial: serial, version: 1)
    let issued = try await stage.call(
      issuer, on: chain, "licence", "issue",
      IssueLicence(
        identifier: identifier, subject: .organisation(Party.enterprise), fieldRoot: .random(), fileDigest: .random(),
        sealDigest: .random(), validFrom: stage.now))
    stage.tell(issued, zh: "签发证照", en: "a licence is issued", ids: ["licence": identifier.text])
    return identifier.licence
  }

  /// Hebi: one story on a Raft and on a BFT chain, with the same results.
  public static let hebi = Story(
    "pilot-hebi", Sentence(zh: "鹤壁：同一故事在 Raft 链和 BFT 链上结果相同", en: "Hebi: the same story on a Raft and a BFT chain, the same results")
  ) { stage in
    var facts: [[String: String]] = []
    for (engine, label) in [(EngineKind.raft, "Raft"), (.simplex, "BFT")] {
      var setting = stage.setting
      setting.engine = engine
      setting.folder = setting.folder.map { "\($0)/\(label)" }
      let outcome = try await jointApproval.play(setting)
      await outcome.stop()
      for secret in outcome.secrets { stage.keepSecret(secret.label, secret.text) }
      facts.append(outcome.facts)
      stage.tell(
        .done, zh: "\(label) 链：\(outcome.facts.count) 项结果", en: "on a \(label) chain: \(outcome.facts.count) results",
        ids: ["narrations": "\(outcome.narrations.count)"])
    }
    try stage.expect("results of both engines", facts[0] == facts[1], true)
    try stage.expect("there are results", facts[0].isEmpty, false)
    stage.tell(.verified, zh: "两条链的结果逐项一致", en: "both chains came to the same results")
  }
}
