// A contract of a department's own: diplomas that schools issue and employers check.
import Apps
import ChainCore

/// A diploma; the person stands on chain as a reference only, the diploma's text as a commitment.
struct Credential: CanonicalRecord, Codable, Hashable {
  var holder: SubjectRef
  var fieldRoot: Digest
  var graduated: BlockTime
  static let layout = Layout(Self.init, \.holder, \.fieldRoot, \.graduated)
}

/// Whether a diploma holds: what an employer asks.
struct HoldsQuestion: CanonicalRecord, Codable {
  var number: String
  var fields: DisclosedFields
  static let layout = Layout(Self.init, \.number, \.fields)
}

struct CredentialContract: Contract {
  static let name: ContractName = "credential"
  static let schema = ["name", "school", "degree", "year"]

  /// The life of a diploma: calls, states and who may make them. Arguments, checks, history and events follow from it.
  let credentials = Registry<String, Credential>(
    "credential",
    [
      .create("issue", to: "valid", by: .role("school")),
      .amend("correct", from: ["valid"], by: .owner),
      .move("revoke", from: ["valid"], to: "revoked", by: .owner, .role(.supervisor)),
    ])

  var entries: Entries {
    credentials.entries
    Query("holds") { (question: HoldsQuestion, context) -> Bool in
      guard let record = try context.get(credentials.records, question.number), record.state == "valid" else { return false }
      let values = try? question.fields.verify(root: record.content.fieldRoot, schema: Self.schema, suite: context.suite)
      return values?.isEmpty == false
    }
  }
}
