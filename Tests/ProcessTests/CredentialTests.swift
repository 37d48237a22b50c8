import Apps
import ChainCore
import ChainTesting
import Foundation
import TestSupport
import Testing

@testable import Credential

/// A department's own contract: every caller in every state, as its test should do it.
@Suite struct CredentialContracts {
  static let schools: [OrganisationID] = ["puyang-school", "other-school"]

  static func world(_ state: String?) throws -> ContractSandbox {
    var sandbox = try ContractSandbox(
      [CredentialContract()],
      organisations: ["puyang-school": ["school"], "other-school": ["school"], "office": [.supervisor], "employer": []])
    guard let state else { return sandbox }
    try perform("issue", &sandbox, by: "puyang-school")
    if state == "revoked" { try perform("revoke", &sandbox, by: "puyang-school") }
    return sandbox
  }

  static func perform(_ call: EntryName, _ sandbox: inout ContractSandbox, by organisation: OrganisationID) throws {
    let diploma = Credential(holder: SubjectRef(.zero), fieldRoot: .zero, graduated: 0)
    let caller = sandbox.caller(organisation)
    switch call {
    case "issue": try sandbox.call("credential", call, CreateRecord(key: "N1", content: diploma), as: caller)
    case "correct":
      try sandbox.call("credential", call, AmendRecord(key: "N1", expectedVersion: 1, content: diploma), as: caller)
    default: try sandbox.call("credential", call, MoveRecord(key: "N1", reason: "error"), as: caller)
    }
  }

  @Test func everyCallerInEveryState() throws {
    let allowed: Set<String> = [
      "absent issue puyang-school", "absent issue other-school", "valid correct puyang-school", "valid revoke puyang-school",
      "valid revoke office",
    ]
    var found: Set<String> = []
    for state in [nil, "valid", "revoked"] {
      let world = try Self.world(state)
      for call in ["issue", "correct", "revoke"] as [EntryName] {
        for caller in ["puyang-school", "other-school", "office", "employer", "stranger"] as [OrganisationID] {
          var copy = world
          do {
            try Self.perform(call, &copy, by: caller)
            found.insert("\(state ?? "absent") \(call) \(caller)")
          } catch is ContractError {
            #expect(copy.records == world.records)
          }
        }
      }
    }
    #expect(found == allowed)
  }

  /// It is as short as the page says, and knows nothing but the public blocks.
  @Test func itIsShort() throws {
    let text = try String(contentsOf: Vectors.root.appending(path: "Examples/Credential/CredentialContract.swift"), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 100)
    #expect(lines.filter { $0.contains("import ") } == ["import Apps", "import ChainCore"])
    print("a department's contract: \(lines.count) lines")
  }
}
