internal import ChainCore

// The catalogue of services, filings and standards, applications for services, and the questions.

extension DataDirectory {
  var catalogueEntries: Entries {
    let (catalogue, applications) = (Self.catalogue, Self.applications)
    func closing(_ call: EntryName) -> Entry {
      Entry(call, by: applications.access(call)) { (arguments: ApplicationReason, context) in
        try Arguments.check(code: arguments.reason, "reason")
        try applications.move(call, arguments.application, context)
      }
    }
    return Entries(entries: [
      Entry("applyService", by: applications.access("applyService")) { (call: ApplyForService, context) -> Digest in
        try Arguments.check(code: call.purpose, "purpose")
        let entry = try context.require(catalogue.records, call.entry)
        guard entry.state == "listed" else { throw ContractError.notAllowed(state: entry.state.rawValue, call: "applyService") }
        guard entry.content.kind == .service else { throw ContractError.badArgument("entry: it is no service") }
        let id = try applications.newID("ServiceApplication", context)
        let application = ServiceApplication(entry: call.entry, purpose: call.purpose, contact: call.contact, proposal: nil)
        try applications.create("applyService", id, application, context)
        return id
      },
      Entry("approveService", by: applications.access("approveService")) { (call: ApplicationCall, context) in
        try applications.move("approveService", call.application, context)
      },
      closing("rejectService"),
      Entry("provision", by: applications.access("provision")) { (call: ProvisionService, context) in
        try applications.move("provision", call.application, context) { record in
          try Self.checkProposal(call.proposal, names: record.owner, context)
          record.content.proposal = call.proposal
        }
      },
      closing("closeService"),
      Entry("listEntry", by: catalogue.access("listEntry")) { (call: ListEntry, context) in
        try Arguments.check(code: call.code, "code")
        let entry = CatalogueEntry(
          kind: call.kind, title: call.title, version: call.version, number: call.number, documentDigest: call.documentDigest)
        try entry.check()
        try catalogue.create("listEntry", call.code, entry, context)
      },
      Entry("changeEntry", by: catalogue.access("changeEntry")) { (call: ChangeEntry, context) in
        try catalogue.move("changeEntry", call.code, expectedVersion: call.expectedVersion, context) { record in
          if let title = call.title { record.content.title = title }
          if let version = call.version { record.content.version = version }
          if let number = call.number { record.content.number = number }
          if let digest = call.documentDigest { record.content.documentDigest = digest }
          try record.content.check()
        }
      },
      Entry("withdrawEntry", by: catalogue.access("withdrawEntry")) { (call: ItemReason, context) in
        try Arguments.check(code: call.reason, "reason")
        try catalogue.move("withdrawEntry", call.code, context)
      },
    ])
  }

  /// What gives an applicant its place on the chain is a vote of the organisations, not the platform's word.
  private static func checkProposal(_ id: UInt64, names applicant: OrganisationID, _ context: ContractContext) throws(ContractError) {
    let found: GovernanceProposal? = try context.query("governance", "proposal", id)
    guard let proposal = found else { throw .badArgument("proposal: there is none of this number") }
    guard proposal.status == .executed else { throw .badArgument("proposal: it is not executed") }
    guard case .validators(.add(let validator)) = proposal.change, validator.organisation == applicant else {
      throw .badArgument("proposal: it does not name \(applicant)")
    }
  }

  var queries: Entries {
    Entries(queries: [
      Query("item") { (question: ItemQuestion, context) -> DirectoryItem? in
        guard let version = question.version else { return try context.get(Self.items.records, question.code)?.content }
        return try context.range(
          Self.versions, from: Pair(question.code, 0), to: Pair(question.code, version == .max ? .max : version + 1), reverse: true,
          limit: 1
        ).first?.value
      },
      Query("itemRecord") { (code: String, context) -> Registered<DirectoryItem>? in try context.get(Self.items.records, code) },
      Query("byOwner") { (owner: OrganisationID, context) -> [String] in
        try context.range(Self.items.records, index: "owner", equals: owner, limit: 1_000).map(\.key)
      },
      Query("byDivision") { (division: String, context) -> [String] in
        try context.range(Self.items.records, index: "division", equals: division, limit: 1_000).map(\.key)
      },
      Query("byList") { (list: ItemList, context) -> [String] in
        try context.range(Self.items.records, index: "list", equals: list.rawValue, limit: 1_000).map(\.key)
      },
      Query("revision") { (id: Digest, context) -> Registered<ItemRevision>? in try context.get(Self.revisions.records, id) },
      Query("request") { (id: Digest, context) -> Registered<DataRequest>? in try context.get(Self.requests.records, id) },
      Query("requests") { (applicant: OrganisationID, context) -> [Digest] in
        try context.range(Self.requests.records, index: "applicant", equals: applicant, limit: 1_000).map(\.key)
      },
      Query("useRecord") { (key: UseKey, context) -> Registered<DataUse>? in try context.get(Self.uses.records, key) },
      Query("uses") { (request: Digest, context) -> [Registered<DataUse>] in
        try context.range(
          Self.uses.records, from: UseKey(request: request, number: 1), to: UseKey(request: request, number: .max), limit: 1_000
        ).map(\.value)
      },
      Query("overdueAnswers") { (time: BlockTime, context) -> [Digest] in
        try context.range(Self.requests.records, index: "state", equals: RecordState("applied"), limit: 1_000)
          .filter { $0.value.content.answerBy < time }.map(\.key)
      },
      Query("overdueData") { (time: BlockTime, context) -> [String] in
        try context.range(Self.items.records, index: "state", equals: RecordState("published"), limit: 1_000)
          .filter { item in
            let content = item.value.content
            guard let last = content.dataTime else { return true }
            return last.advanced(byMilliseconds: UInt64(content.updateDays) * 86_400_000) < time
          }.map(\.key)
      },
      Query("dataset") { (question: ItemQuestion, context) -> Dataset? in
        guard let number = question.version else {
          return try context.range(Self.datasets, under: question.code, reverse: true, limit: 1).first?.value
        }
        return try context.get(Self.datasets, Pair(question.code, number))
      },
      Query("verifyRow") { (question: RowQuestion, context) -> Bool in
        let dataset = try context.require(Self.datasets, Pair(question.code, question.number))
        guard question.proof.size == dataset.rows else { return false }
        let leaf = MerkleLog.leafHash(question.row.bytes, suite: context.suite)
        return (try? question.proof.verify(leaf: leaf, root: dataset.root, suite: context.suite)) != nil
      },
      Query("application") { (id: Digest, context) -> Registered<ServiceApplication>? in try context.get(Self.applications.records, id) },
      Query("entry") { (code: String, context) -> Registered<CatalogueEntry>? in try context.get(Self.catalogue.records, code) },
      Query("catalogue") { (kind: EntryKind, context) -> [String] in
        try context.range(Self.catalogue.records, index: "kind", equals: kind.rawValue, limit: 1_000).map(\.key)
      },
    ])
  }
}

extension CatalogueEntry {
  func check() throws(ContractError) {
    try Arguments.check(text: title, "title")
    try Arguments.check(code: version, "version")
    guard kind != .filing || number != nil else { throw .badArgument("number: a filing has one") }
    if let number { try Arguments.check(text: number, "number") }
  }
}
