internal import ChainCore

// Cases of courts, submissions to them, and the questions.

extension JudicialEvidence {
  /// How many submissions one file may have: each new one looks through all before.
  static let submissionLimit = 256

  var courtEntries: Entries {
    Entries(entries: [
      Entry("openCase", by: Self.cases.access("openCase")) { (call: OpenCase, context) -> CaseKey in
        try Arguments.check(text: call.number, "number", limit: 100)
        let key = CaseKey(court: context.caller.organisation, number: call.number)
        try Self.cases.create("openCase", key, CourtCase(open: 0), context)
        return key
      },
      Entry("closeCase", by: Self.cases.access("closeCase")) { (call: CloseCase, context) in
        try Self.cases.move("closeCase", call.caseKey, context) { record in
          guard record.content.open == 0 else { throw ContractError.notAllowed(state: "submitted", call: "closeCase") }
        }
      },
      Entry("submit", by: .member) { (call: SubmitEvidence, context) -> SubmissionKey in try Self.submit(call, context) },
      Entry("withdraw", by: .member) { (call: WithdrawSubmission, context) in
        try Self.decide("withdraw", call.submission, ruling: nil, context)
      },
      Entry("admit", by: .member) { (call: DecideSubmission, context) in
        try Self.decide("admit", call.submission, ruling: call.rulingDigest, context)
      },
      Entry("refuse", by: .member) { (call: DecideSubmission, context) in
        try Self.decide("refuse", call.submission, ruling: call.rulingDigest, context)
      },
    ])
  }

  private static func submit(_ call: SubmitEvidence, _ context: ContractContext) throws -> SubmissionKey {
    let item = try context.require(items.records, call.evidence)
    let courtCase = try context.require(cases.records, call.caseKey)
    guard context.caller.organisation == item.content.holder else { throw ContractError.notAuthorised("only the holder submits a file") }
    guard item.state == "deposited" else { throw ContractError.notAllowed(state: item.state.rawValue, call: "submit") }
    guard courtCase.state == "open" else { throw ContractError.notAllowed(state: "case \(courtCase.state)", call: "submit") }
    let earlier = try submissions(of: call.evidence, context)
    guard earlier.count < submissionLimit else { throw ContractError.limitExceeded("\(submissionLimit) submissions a file") }
    guard !earlier.contains(where: { $0.value.content.caseKey == call.caseKey && $0.value.state != "withdrawn" }) else {
      throw ContractError.alreadyExists
    }
    let key = SubmissionKey(evidence: call.evidence, number: UInt64(earlier.count) + 1)
    try submissions.create(
      "submit", key, Submission(caseKey: call.caseKey, submitter: context.caller.organisation), context)
    try count("submit", 1, in: call.caseKey, courtCase, context)
    return key
  }

  private static func decide(
    _ call: EntryName, _ key: SubmissionKey, ruling: Digest?, _ context: ContractContext
  ) throws {
    let decided = try submissions.move(call, key, context) { $0.content.rulingDigest = ruling }
    let courtCase = try context.require(cases.records, decided.content.caseKey)
    try count(call, -1, in: decided.content.caseKey, courtCase, context)
  }

  private static func count(
    _ call: EntryName, _ change: Int, in key: CaseKey, _ found: Registered<CourtCase>, _ context: ContractContext
  ) throws(ContractError) {
    var courtCase = found
    guard let open = UInt32(exactly: Int(courtCase.content.open) + change) else { throw .overflow }
    courtCase.content.open = open
    try cases.rewrite(call, key, courtCase, context)
  }

  /// The submission of a file that is not decided, if any.
  static func openSubmission(of id: Digest, _ context: QueryContext) throws(ContractError) -> SubmissionKey? {
    try submissions(of: id, context).first { $0.value.state == "submitted" }?.key
  }

  /// The submissions of a file, oldest first. Numbers begin at 1, so the upper bound leaves none out.
  static func submissions(
    of id: Digest, _ context: QueryContext
  ) throws(ContractError) -> [(key: SubmissionKey, value: Registered<Submission>)] {
    try context.range(
      submissions.records, from: SubmissionKey(evidence: id, number: 1), to: SubmissionKey(evidence: id, number: .max),
      limit: submissionLimit)
  }

  var queries: Entries {
    Entries(queries: [
      Query("item") { (id: Digest, context) -> Registered<EvidenceItem>? in try context.get(Self.items.records, id) },
      Query("custody") { (id: Digest, context) -> [CustodyEntry] in
        try context.range(Self.custody, under: id, limit: 1_000).map(\.value)
      },
      Query("byDigest") { (digest: Digest, context) -> [Anchor] in try Self.anchors.find(digest, context) },
      Query("ofHolder") { (holder: OrganisationID, context) -> [Digest] in
        try context.range(Self.items.records, index: "holder", equals: holder, limit: 1_000).map(\.key)
      },
      Query("courtCase") { (key: CaseKey, context) -> Registered<CourtCase>? in try context.get(Self.cases.records, key) },
      Query("submission") { (key: SubmissionKey, context) -> Registered<Submission>? in
        try context.get(Self.submissions.records, key)
      },
      Query("submissions") { (id: Digest, context) -> [SubmissionKey] in try Self.submissions(of: id, context).map(\.key) },
      Query("ofCase") { (key: CaseKey, context) -> [SubmissionKey] in
        try context.range(Self.submissions.records, index: "case", equals: key, limit: 1_000).map(\.key)
      },
    ])
  }
}
