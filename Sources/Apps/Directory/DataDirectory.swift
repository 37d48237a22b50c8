public import ChainCore

/// 数据目录与共享: which data there are, who may use them and who did; and the catalogue of services, filings and standards.
///
/// Data never stand here but as commitments or where all of it is public. The lives of items, revisions, requests, uses, applications
/// and catalogue entries are the tables below; what each call checks besides stands in its method.
public struct DataDirectory: Contract {
  /// `directory`.
  public static let name: ContractName = "directory"
  /// The greatest body of a dataset on chain, in bytes.
  public static let bodyLimit = 64 * 1024

  /// Items by code.
  public static let items = Registry<String, DirectoryItem>(
    "items",
    [
      .create("saveItem", to: "draft", by: .role("department")),
      .amend("editItem", from: ["draft"], by: .relation("owner")),
      .move("submit", from: ["draft"], to: "submitted", by: .relation("owner")),
      .move("publish", from: ["submitted"], to: "published", by: .role("dataOffice")),
      .move("returnItem", from: ["submitted"], to: "draft", by: .role("dataOffice")),
      .amend("revise", from: ["published"], by: .relation("owner")),
      .move("suspend", from: ["published"], to: "suspended", by: .role("dataOffice")),
      .move("resume", from: ["suspended"], to: "published", by: .role("dataOffice")),
      .move("retire", from: ["draft", "published", "suspended"], to: "retired", by: .relation("owner"), .role("dataOffice")),
      .move("reassign", from: ["draft", "submitted", "published", "suspended"], by: .role("dataOffice")),
      .move("addDataset", from: ["published"], by: .relation("owner")),
    ],
    indexes: [
      TableIndex("owner") { _, record in record.content.owner },
      TableIndex("division") { _, record in record.content.division },
      TableIndex("list") { _, record in record.content.list.rawValue },
      TableIndex("state") { _, record in record.state },
    ],
    relations: { _, record, _, caller in caller.organisation == record.content.owner })

  /// Revisions by id.
  public static let revisions = Registry<Digest, ItemRevision>(
    "revisions",
    [
      .create("proposeRevision", to: "proposed", by: .checked),
      .move("approveRevision", from: ["proposed"], to: "approved", by: .role("dataOffice")),
      .move("rejectRevision", from: ["proposed"], to: "rejected", by: .checked),
    ])

  /// Requests by id.
  public static let requests = Registry<Digest, DataRequest>(
    "requests",
    [
      .create("apply", to: "applied", by: .role("department")),
      .move("approve", from: ["applied"], to: "active", by: .checked),
      .move("reject", from: ["applied"], to: "rejected", by: .checked),
      .move("escalate", from: ["applied"], to: "escalated", by: .owner),
      .move("decide", from: ["escalated"], to: "active", by: .role("dataOffice")),
      .move("withdrawRequest", from: ["applied", "escalated"], to: "withdrawn", by: .owner),
      .move("revoke", from: ["active"], to: "revoked", by: .checked),
    ],
    indexes: [
      TableIndex("applicant") { _, record in record.owner },
      TableIndex("state") { _, record in record.state },
    ],
    derive: { record, time in
      guard record.state == "active" else { return record.state }
      if time > record.content.until { return "expired" }
      return record.content.used >= record.content.maxUses ? "exhausted" : "active"
    })

  /// Uses by request and number.
  public static let uses = Registry<UseKey, DataUse>(
    "uses",
    [
      .create("use", to: "asked", by: .checked),
      .move("answerUse", from: ["asked"], to: "answered", by: .checked),
    ])

  /// Applications by id.
  public static let applications = Registry<Digest, ServiceApplication>(
    "applications",
    [
      .create("applyService", to: "applied", by: .role("department"), .role("enterprise")),
      .move("approveService", from: ["applied"], to: "approved", by: .role("platform")),
      .move("rejectService", from: ["applied"], to: "rejected", by: .role("platform")),
      .move("provision", from: ["approved"], to: "running", by: .role("platform")),
      .move("closeService", from: ["applied", "approved", "running"], to: "closed", by: .role("platform"), .owner),
    ])

  /// Services, filings and standards by code.
  public static let catalogue = Registry<String, CatalogueEntry>(
    "catalogue",
    [
      .create("listEntry", to: "listed", by: .role("platform")),
      .amend("changeEntry", from: ["listed"], by: .role("platform")),
      .move("withdrawEntry", from: ["listed"], to: "withdrawn", by: .role("platform")),
    ],
    indexes: [TableIndex("kind") { _, record in record.content.kind.rawValue }])

  static let versions = Table<Pair<String, UInt64>, DirectoryItem>("item-versions")
  static let datasets = Table<Pair<String, UInt64>, Dataset>("datasets")

  /// The contract.
  public init() {}

  /// All calls and questions.
  public var entries: Entries {
    IndexedTable(Self.items.records)
    IndexedTable(Self.requests.records)
    IndexedTable(Self.catalogue.records)
    itemEntries
    revisionEntries
    requestEntries
    catalogueEntries
    queries
  }

  private var itemEntries: Entries {
    let items = Self.items
    func closing(_ call: EntryName) -> Entry {
      Entry(call, by: items.access(call)) { (arguments: ItemReason, context) in
        try Arguments.check(code: arguments.reason, "reason")
        try items.move(call, arguments.code, context)
      }
    }
    return Entries(entries: [
      Entry("saveItem", by: items.access("saveItem")) { (call: SaveItem, context) in
        try Arguments.check(code: call.code, "code")
        let item = DirectoryItem(
          title: call.title, owner: context.caller.organisation, division: call.division, port: call.port, certificate: call.certificate,
          share: call.share, list: call.list, updateDays: call.updateDays, content: call.content, lastDataset: 0, dataTime: nil)
        try item.check()
        try Self.keep(try items.create("saveItem", call.code, item, context), call.code, context)
      },
      Entry("editItem", by: items.access("editItem")) { (call: ChangeItem, context) in
        let changed = try items.move("editItem", call.code, expectedVersion: call.expectedVersion, context) {
          try $0.content.apply(call.changes)
        }
        try Self.keep(changed, call.code, context)
      },
      Entry("submit", by: items.access("submit")) { (call: ItemVersionCall, context) in
        try items.move("submit", call.code, expectedVersion: call.expectedVersion, context)
      },
      Entry("publish", by: items.access("publish")) { (call: ItemVersionCall, context) in
        try items.move("publish", call.code, expectedVersion: call.expectedVersion, context)
      },
      closing("returnItem"),
      Entry("revise", by: items.access("revise")) { (call: ChangeItem, context) in
        let changed = try items.move("revise", call.code, expectedVersion: call.expectedVersion, context) { record in
          guard !record.content.needsProposal(call.changes) else {
            throw ContractError.badArgument("changes: class, share and list change by proposeRevision")
          }
          try record.content.apply(call.changes)
        }
        try Self.keep(changed, call.code, context)
      },
      closing("suspend"),
      Entry("resume", by: items.access("resume")) { (call: ItemCode, context) in try items.move("resume", call.code, context) },
      closing("retire"),
      Entry("reassign", by: items.access("reassign")) { (call: ReassignItem, context) in
        try Arguments.check(code: call.reason, "reason")
        try items.move("reassign", call.code, context) { record in
          guard try context.organisation(call.newOwner, has: "department") else {
            throw ContractError.badArgument("newOwner: it is no department")
          }
          record.content.owner = call.newOwner
        }
      },
      Entry("addDataset", by: items.access("addDataset")) { (call: AddDataset, context) in try Self.addDataset(call, context) },
    ])
  }

  /// Keeps an item as of a version: earlier versions stay readable.
  private static func keep(
    _ record: Registered<DirectoryItem>, _ code: String, _ context: ContractContext
  ) throws(ContractError) {
    try context.put(versions, Pair(code, record.version), record.content)
  }

  private static func addDataset(_ call: AddDataset, _ context: ContractContext) throws {
    guard call.rows > 0 else { throw ContractError.badArgument("rows: at least 1") }
    if case .clear(let bytes) = call.body, bytes.count > bodyLimit {
      throw ContractError.badArgument("body: more than \(bodyLimit) bytes")
    }
    try items.move("addDataset", call.code, context) { record in
      guard call.number == record.content.lastDataset + 1 else { throw ContractError.stale(found: record.content.lastDataset) }
      guard call.asOf <= context.time else { throw ContractError.badArgument("asOf: it lies after this block's time") }
      if case .clear = call.body {
        guard case .clear(let fields) = record.content.content, fields.allSatisfy({ $0.fieldClass == .clear }),
          record.content.list != .sensitive
        else { throw ContractError.badArgument("body: in the clear only if every field is, and never from the sensitive list") }
      }
      record.content.lastDataset = call.number
      record.content.dataTime = context.time
      try context.put(
        datasets, Pair(call.code, call.number),
        Dataset(root: call.root, rows: call.rows, asOf: call.asOf, locator: call.locator, body: call.body, recorded: context.time))
    }
  }

  private var revisionEntries: Entries {
    let revisions = Self.revisions
    return Entries(entries: [
      Entry("proposeRevision", by: .member) { (call: ProposeRevision, context) -> Digest in
        let item = try Self.requireOwner(of: call.code, context)
        guard item.state == "published" else { throw ContractError.notAllowed(state: item.state.rawValue, call: "proposeRevision") }
        guard item.version == call.baseVersion else { throw ContractError.stale(found: item.version) }
        var changed = item.content
        try changed.apply(call.changes)
        let id = try revisions.newID("ItemRevision", context)
        try revisions.create(
          "proposeRevision", id, ItemRevision(item: call.code, baseVersion: call.baseVersion, changes: call.changes), context)
        return id
      },
      Entry("approveRevision", by: revisions.access("approveRevision")) { (call: RevisionCall, context) in
        let revision = try revisions.move("approveRevision", call.revision, context)
        let code = revision.content.item
        var item = try context.require(Self.items.records, code)
        guard item.state == "published" else { throw ContractError.notAllowed(state: item.state.rawValue, call: "approveRevision") }
        guard item.version == revision.content.baseVersion else { throw ContractError.stale(found: item.version) }
        try item.content.apply(revision.content.changes)
        try Self.items.rewrite("approveRevision", code, item, context)
        try Self.keep(try context.require(Self.items.records, code), code, context)
      },
      Entry("rejectRevision", by: .member) { (call: RejectRevision, context) in
        try Arguments.check(code: call.reason, "reason")
        let revision = try context.require(revisions.records, call.revision)
        if !context.caller.has("dataOffice") { try Self.requireOwner(of: revision.content.item, context) }
        try revisions.move("rejectRevision", call.revision, context)
      },
    ])
  }

  /// The item, of which the caller's organisation is the owner.
  @discardableResult
  static func requireOwner(of code: String, _ context: ContractContext) throws(ContractError) -> Registered<DirectoryItem> {
    let item = try context.require(items.records, code)
    guard item.content.owner == context.caller.organisation else { throw .notAuthorised("\(item.content.owner) owns the item") }
    return item
  }
}
