public import ChainCore

/// 智慧医疗: drugs by trace code, documents of patients by digest and envelope, consents, and emergencies that are reviewed.
///
/// Neither diagnosis, kind of test nor what a patient takes is on chain. An access is committed before the custodian's key service
/// wraps the key; revoking a consent stops later wraps and unreads nothing.
public struct MedicalRecords: Contract {
  /// `medical`.
  public static let name: ContractName = "medical"
  /// The domain of persons' references in medical records.
  public static let domain = "medical"
  /// How long an emergency is open, in milliseconds: 24 hours.
  public static let glassMs: UInt64 = 24 * 3_600_000
  /// How long the review has from then on, in milliseconds: 7 days.
  public static let reviewMs: UInt64 = 7 * 86_400_000
  /// How old the proof of an emergency on another chain may be, in milliseconds.
  public static let freshnessMs: UInt64 = 600_000

  /// Packages by trace code. A recall of the batch counts for what is not dispensed, destroyed or lost: the contract derives it.
  public static let drugs = Registry<DrugTraceCode, TracedDrug>(
    "drugs",
    [
      .create("produce", to: "produced", by: .role("authorisationHolder")),
      .move("shipDrug", from: ["produced", "inStock"], to: "inTransit", by: .relation("holder")),
      .move("receiveDrug", from: ["inTransit"], to: "inStock", by: .relation("consignee"), .relation("holder")),
      .move("dispense", from: ["inStock"], to: "dispensed", by: .role("pharmacy")),
      .move("returnDrug", from: ["inStock"], to: "returned", by: .relation("holder")),
      .move("destroyDrug", from: ["recalled", "returned"], to: "destroyed", by: .relation("maker"), .role("regulator")),
      .move(
        "reportLost", from: ["produced", "inTransit", "inStock", "recalled", "returned"], to: "lost", by: .relation("holder"),
        .relation("consignee")),
    ],
    relations: { relation, record, _, caller in
      switch relation {
      case "holder": caller.organisation == record.content.holder
      case "maker": caller.organisation == record.content.maker
      default: caller.organisation == record.content.consignee
      }
    })

  /// Documents by id.
  public static let records = Registry<Digest, HealthRecord>(
    "records",
    [
      .create("index", to: "current", by: .role("hospital")),
      .move("supersede", from: ["current", "notRecognisable"], to: "superseded", by: .owner),
      .move("access", from: ["current", "notRecognisable", "superseded"], by: .role("hospital"), .role("citizenAgent")),
      .move("recognise", from: ["current"], by: .role("hospital")),
    ],
    derive: { record, time in
      record.state == "current" && time > record.content.recognisableUntil ? "notRecognisable" : record.state
    })

  /// Consents by id.
  public static let consents = Registry<Digest, PatientConsent>(
    "consents",
    [
      .create("give", to: "active", by: .role("citizenAgent")),
      .move("revoke", from: ["active"], to: "revoked", by: .checked),
    ],
    derive: { record, time in record.state == "active" && time > record.content.until ? "expired" : record.state })

  /// Emergencies by id.
  public static let glasses = Registry<Digest, BrokenGlass>(
    "glasses",
    [
      .create("declare", to: "open", by: .role("hospital")),
      .move("review", from: ["open", "closed", "overdue"], to: "reviewed", by: .role("auditor")),
    ],
    derive: glassState)

  /// An emergency is closed after 24 hours, and its review overdue 7 days later.
  public static func glassState(_ record: Registered<BrokenGlass>, at time: BlockTime) -> RecordState {
    guard record.state == "open" else { return record.state }
    let age = time.milliseconds(since: record.content.declared)
    return age <= glassMs ? "open" : age <= glassMs + reviewMs ? "closed" : "overdue"
  }

  static let cartons = Table<String, DrugCarton>("cartons")
  static let batches = Table<BatchKey, DrugBatch>("batches")
  static let suspects = Table<Pair<DrugTraceCode, UInt64>, SuspectScan>("suspects")
  static let accesses = Table<Pair<Digest, UInt64>, RecordAccess>("accesses")
  static let readers = Table<Pair<Digest, OrganisationID>, UInt64>("readers")
  static let recognitions = Table<Pair<Digest, OrganisationID>, Recognition>("recognitions")
  static let hospitals = Table<OrganisationID, HospitalGlasses>("hospitals")
  static let unreviewed = Table<Pair<OrganisationID, UInt64>, Digest>("unreviewed")
  static let proofs = SubjectProofs(domain: domain)

  /// The contract.
  public init() {}

  /// All calls and questions.
  public var entries: Entries {
    drugEntries
    recordEntries
    consentEntries
    queries
  }
}
