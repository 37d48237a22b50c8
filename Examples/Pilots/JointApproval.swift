internal import Apps
internal import ChainCore
public import Stories

// Xinyang, 联合审批: a building project that departments examine side by side. A new version of the drawings opens their steps again.

/// A project and its drawings' newest version.
struct Project: CanonicalRecord, Codable, Hashable {
  var title: String
  var drawings: Digest
  var version: UInt32
  static let layout = Layout(Self.init, \.title, \.drawings, \.version)
}

/// A new version of the drawings.
struct NewDrawings: CanonicalRecord, Codable {
  var key: String
  var drawings: Digest
  static let layout = Layout(Self.init, \.key, \.drawings)
}

struct JointApproval: Contract {
  static let name: ContractName = "approval"
  static let workflow = Workflow<String, Project>(
    "projects", filedBy: "enterprise", finishedBy: "approvalOffice",
    steps: [
      WorkflowStep("land", by: "landOffice"), WorkflowStep("planning", by: "planningOffice"), WorkflowStep("fire", by: "fireOffice"),
      WorkflowStep("permit", by: "housingOffice", after: ["land", "planning", "fire"]),
    ])
  /// The steps that look at drawings; land does not.
  static let dependent = ["planning", "fire"]
  static let anchors = Anchors("drawings")

  var entries: Entries {
    Self.workflow.entries()
    Entry("newDrawings", by: .role("enterprise")) { (call: NewDrawings, context) in
      for step in Self.dependent { try Self.workflow.reopen(step, of: call.key, context) }
      var project = try context.require(Self.workflow.cases.records, call.key)
      project.content.content.drawings = call.drawings
      project.content.content.version += 1
      try Self.workflow.cases.rewrite("newDrawings", call.key, project, context)
      try Self.anchors.deposit(call.drawings, record: call.key, context)
    }
    Query("versions") { (digest: Digest, context) -> [Anchor] in try Self.anchors.find(digest, context) }
  }
}

extension Pilots {
  /// Xinyang's joint approval: parallel steps, reopened by new drawings.
  public static let jointApproval = Story(
    "pilot-joint-approval",
    Sentence(zh: "信阳联合审批：并联办理，图纸换版则相关环节重开", en: "Xinyang's joint approval: new drawings reopen the steps that depend on them")
  ) { stage in
    let (chain, name) = (Place.xinyang, JointApproval.name)
    let offices: [(OrganisationID, Role)] = [
      ("xinyang-land", "landOffice"), ("xinyang-planning", "planningOffice"), ("xinyang-fire", "fireOffice"),
      ("xinyang-housing", "housingOffice"), ("xinyang-approval", "approvalOffice"), (Party.enterprise, "enterprise"),
    ]
    try await stage.found([StoryChain(chain, offices.map { StoryParty($0.0, $0.1) }, contracts: [JointApproval()])])
    let project = Project(title: "示例厂房", drawings: .random(), version: 1)
    let filed = try await stage.call(
      Party.enterprise, on: chain, name, "file", FileCase(key: "P-1", content: project, deadline: stage.after(days: 30)))
    stage.tell(filed, zh: "企业一次申报", en: "the enterprise files once", ids: ["project": "P-1"])
    func step(_ office: OrganisationID, _ step: String) async throws {
      let done = try await stage.call(office, on: chain, name, "step", DoStep(key: "P-1", step: step, digest: .random()))
      stage.tell(done, zh: "环节 \(step) 办结", en: "step \(step) is done", ids: ["by": office.rawValue])
    }
    func open() throws -> [String] {
      let done = try stage.record(name, JointApproval.workflow.cases.records, "P-1", on: chain)?.content.done.map(\.step) ?? []
      return JointApproval.workflow.steps.map(\.name).filter { !done.contains($0) }
    }
    // Side by side, in any order.
    try await step("xinyang-fire", "fire")
    try await step("xinyang-land", "land")
    try await step("xinyang-planning", "planning")
    try await stage.refuse(
      "a step of another office", "notAuthorised", zh: "他人代办环节", en: "another office does the step", "xinyang-land", on: chain, name,
      "step",
      DoStep(key: "P-1", step: "permit", digest: .random()))
    try await step("xinyang-housing", "permit")
    let changed = try await stage.call(
      Party.enterprise, on: chain, name, "newDrawings", NewDrawings(key: "P-1", drawings: .random()))
    stage.tell(changed, zh: "图纸换版：规划、消防及其后环节重开，用地不变", en: "new drawings: planning, fire and what follows open again, land stays done")
    try stage.expect("open steps after new drawings", try open(), ["planning", "fire", "permit"])
    try await stage.refuse(
      "finishing with open steps", "notAllowed", zh: "环节未办结而审批", en: "approval with open steps", "xinyang-approval", on: chain, name,
      "finish",
      MoveRecord(key: "P-1", reason: "approved"))
    for (office, name) in [("xinyang-planning", "planning"), ("xinyang-fire", "fire"), ("xinyang-housing", "permit")]
      as [(OrganisationID, String)]
    {
      try await step(office, name)
    }
    let finished = try await stage.call("xinyang-approval", on: chain, name, "finish", MoveRecord(key: "P-1", reason: "approved"))
    stage.tell(finished, zh: "审批通过，依据图纸第 2 版", en: "approved, on version 2 of the drawings")
    let record = try stage.record(name, JointApproval.workflow.cases.records, "P-1", on: chain)
    try stage.expect("project", "\(record?.state.rawValue ?? "") \(record?.content.content.version ?? 0)", "finished 2")
  }
}
