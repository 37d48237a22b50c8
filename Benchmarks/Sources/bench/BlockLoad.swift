import Apps
import ChainCore
import ChainTesting

/// A contract of one call a block.
private struct BlocksContract: Contract {
  static let name: ContractName = "blocks"

  struct Note: CanonicalRecord, Codable, Hashable {
    var text: String
    static let layout = Layout(Self.init, \.text)
  }

  static let notes = Registry<String, Note>(
    "notes", [.create("create", to: "valid", by: .role("department")), .move("move", from: ["valid"], by: .owner)])
  static let held = Registry<String, Note>(
    "held", [.create("createHeld", to: "valid", by: .role("department")), .move("moveHeld", from: ["valid"], by: .owner)],
    holds: Holds("held-holds"))
  static let grants = Grants("grants", [.create("grant", to: "active", by: .role("department"))])
  static let anchors = Anchors("anchors")
  static let hidden = Disclosure<String>("hidden")
  static let lots = Provenance<String>("lots")
  static let cases = Workflow<String, Note>(
    "cases", filedBy: "department", finishedBy: "department", steps: [WorkflowStep("check", by: "department")])

  var entries: Entries {
    Self.notes.entries
    Self.held.entries
    Self.cases.entries()
    Entry("grant", by: .role("department")) { (id: Digest, context) in
      let grant = Grant(
        record: "r", grantee: "office", granteeChain: context.chain, fields: ["name"], purpose: "care", until: 4_000_000_000_000,
        maxUses: 1_000)
      try Self.grants.registry.create("grant", id, grant, context)
    }
    Entry("use", by: .member) { (id: Digest, context) in try Self.grants.use(id, of: "r", fields: ["name"], call: "use", context) }
    Entry("anchor", by: .member) { (digest: Digest, context) in try Self.anchors.deposit(digest, record: "r", context) }
    Entry("wrap", by: .member) { (key: String, context) in
      let content = HiddenContent(fieldRoot: nil, schema: [], type: "t", envelope: .zero, custodian: "office")
      try Self.hidden.commit(key, content, context)
      try Self.hidden.wrap(key, to: "reader", certificate: [1], digest: .zero, context)
    }
    Entry("addLot", by: .member) { (key: String, context) in
      try Self.lots.add(NewBatch(batch: key, item: "i", unit: "g", quantity: 100), context)
    }
    Entry("splitLot", by: .member) { (key: String, context) in
      try Self.lots.split(key, into: [BatchPart(batch: key + "-1", quantity: 40), BatchPart(batch: key + "-2", quantity: 60)], context)
    }
  }
}

/// Calls of the blocks, each on records of its own.
struct BlockLoad: Sendable {
  static let calls = [
    "registryCreate", "registryMove", "registryMoveHeld", "grantUse", "anchorDeposit", "disclosureWrap", "provenanceSplit", "workflowStep",
  ]

  let sandbox: ContractSandbox
  private let office: Caller

  init() throws {
    sandbox = try ContractSandbox([BlocksContract()], organisations: ["office": ["department"]])
    office = sandbox.caller("office")
  }

  private func digest(_ number: Int) -> Digest {
    var bytes = [UInt8](repeating: 0, count: 32)
    (bytes[0], bytes[1]) = (UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8))
    return Digest(bytes) ?? .zero
  }

  /// Makes the records that the calls are about.
  func prepare(_ call: String, _ count: Int, _ sandbox: inout ContractSandbox) throws {
    for number in 0..<count {
      let key = "k\(number)"
      let record = CreateRecord(key: key, content: BlocksContract.Note(text: "text"))
      switch call {
      case "registryMove": try sandbox.call("blocks", "create", record, as: office)
      case "registryMoveHeld": try sandbox.call("blocks", "createHeld", record, as: office)
      case "grantUse": try sandbox.call("blocks", "grant", digest(number), as: office)
      case "provenanceSplit": try sandbox.call("blocks", "addLot", key, as: office)
      case "workflowStep":
        try sandbox.call("blocks", "file", FileCase(key: key, content: BlocksContract.Note(text: "text")), as: office)
      default: break
      }
    }
  }

  func run(_ call: String, _ number: Int, _ sandbox: inout ContractSandbox) throws {
    let key = "k\(number)"
    switch call {
    case "registryCreate":
      try sandbox.call("blocks", "create", CreateRecord(key: key, content: BlocksContract.Note(text: "text")), as: office)
    case "registryMove": try sandbox.call("blocks", "move", MoveRecord(key: key, reason: "r"), as: office)
    case "registryMoveHeld": try sandbox.call("blocks", "moveHeld", MoveRecord(key: key, reason: "r"), as: office)
    case "grantUse": try sandbox.call("blocks", "use", digest(number), as: office)
    case "anchorDeposit": try sandbox.call("blocks", "anchor", digest(number), as: office)
    case "disclosureWrap": try sandbox.call("blocks", "wrap", key, as: office)
    case "provenanceSplit": try sandbox.call("blocks", "splitLot", key, as: office)
    default: try sandbox.call("blocks", "step", DoStep(key: key, step: "check", digest: .zero), as: office)
    }
  }
}
