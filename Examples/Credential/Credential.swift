// Runs the contract in a sandbox: a school issues, an employer checks two fields, a stranger is refused.
import Apps
import ChainCore
import ChainTesting

@main struct CredentialExample {
  static func main() throws {
    var sandbox = try ContractSandbox([CredentialContract()], organisations: ["puyang-school": ["school"], "employer": []])
    let kept = try FieldCommitments(
      type: "diploma", schema: CredentialContract.schema,
      values: ["name": "示例毕业生", "school": "Puyang", "degree": "bachelor", "year": "2023"], random: { .random() })
    let diploma = Credential(
      holder: SubjectRef(sandbox.genesis.suite.hash([1])), fieldRoot: try kept.root(suite: sandbox.genesis.suite), graduated: sandbox.time)
    let issue = CreateRecord(key: "PY-2023-0001", content: diploma)
    try sandbox.call("credential", "issue", issue, as: sandbox.caller("puyang-school"))
    let shown = try kept.disclose(["degree", "year"], suite: sandbox.genesis.suite)
    let question = HoldsQuestion(number: "PY-2023-0001", fields: shown)
    print("holds:", try sandbox.query("credential", "holds", question, as: Bool.self))
    do {
      try sandbox.call("credential", "revoke", MoveRecord(key: "PY-2023-0001", reason: "error"), as: sandbox.caller("employer"))
    } catch {
      print("employer revokes:", error)
    }
    try sandbox.call("credential", "revoke", MoveRecord(key: "PY-2023-0001", reason: "error"), as: sandbox.caller("puyang-school"))
    print("holds:", try sandbox.query("credential", "holds", question, as: Bool.self))
  }
}
