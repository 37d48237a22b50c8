internal import ChainCore

// Pre-notices, objections and seizures; terms and ends of rights; lookups; the questions.

extension RealEstate {
  var rightEntries: Entries {
    let rights = Self.rights
    return Entries(entries: [
      Entry("preNotice", by: rights.access("preNotice")) { (call: PlacePreNotice, context) -> RightKey in
        try Self.preNotice(call, context)
      },
      Entry("objection", by: rights.access("objection")) { (call: PlaceObjection, context) -> RightKey in
        try Self.place("objection", on: call.unit, context) { state in
          let isRepeated = try Self.hadObjection(call, context)
          guard !isRepeated else { throw ContractError.alreadyExists }
          return PropertyRight(
            kind: .objection, holders: [HolderShare(holder: call.objector, share: .whole)], rank: try state.nextRank(.objection),
            until: context.time.advanced(byMilliseconds: Self.objectionMs), basis: call.basisDigest)
        }
      },
      Entry("seize", by: rights.access("seize")) { (call: SeizeUnit, context) -> RightKey in
        guard call.until > context.time else { throw ContractError.badArgument("until: it has passed") }
        return try Self.place("seize", on: call.unit, context) { state in
          PropertyRight(kind: .seizure, holders: [], rank: try state.nextRank(.seizure), until: call.until, basis: call.orderDigest)
        }
      },
      Entry("setTerm", by: .member) { (call: SetTerm, context) in
        try rights.move("setTerm", call.right, context) { record in
          try Self.checkTerm(call.until, of: record.content, context)
          record.content.until = call.until
          record.content.basis = call.basisDigest
        }
      },
      Entry("endRight", by: .member) { (call: EndRight, context) in try Self.end(call, context) },
    ])
  }

  private static func preNotice(_ call: PlacePreNotice, _ context: ContractContext) throws -> RightKey {
    let content = call.content
    guard content.forRight == .ownership || content.forRight == .mortgage else {
      throw ContractError.badArgument("forRight: ownership or mortgage")
    }
    guard content.acknowledges.count <= 64 else { throw ContractError.badArgument("acknowledges: at most 64 objections") }
    return try place("preNotice", on: content.unit, context) { state in
      guard state.rights(.seizure).isEmpty else { throw ContractError.held(by: "seizure") }
      guard !state.rights(.preNotice).contains(where: { $0.right.content.protects == content.forRight }) else {
        throw ContractError.held(by: "preNotice")
      }
      let consenting = try proofs.redeem(call.consents, entry: "preNotice", arguments: content, context)
      guard (state.owners.map(\.holder) + [content.holder]).allSatisfy(consenting.contains) else {
        throw ContractError.notAuthorised("owners and holder have not all consented")
      }
      try state.checkObjections(acknowledged: content.acknowledges, acquirers: [content.holder], consenting: consenting)
      return PropertyRight(
        kind: .preNotice, holders: [HolderShare(holder: content.holder, share: .whole)], rank: try state.nextRank(.preNotice),
        basis: context.suite.digest("PreNotice", context.genesis, content), protects: content.forRight)
    }
  }

  /// Creates a right that its caller placed, on an active unit.
  private static func place(
    _ call: EntryName, on code: RealEstateUnit, _ context: ContractContext, _ make: (UnitState) throws -> PropertyRight
  ) throws -> RightKey {
    var unit = try context.require(units.records, code)
    guard unit.state == "active" else { throw ContractError.notAllowed(state: "unit \(unit.state)", call: call.rawValue) }
    let state = try UnitState(code, unit.content, context)
    var right = try make(state)
    right.placer = context.caller.organisation
    unit.content = state.pruned
    let key = RightKey(unit: code, number: try nextRight(&unit.content))
    try rights.create(call, key, right, context)
    try units.rewrite(call, code, unit, context)
    return key
  }

  /// Nobody objects twice on the same grounds, whatever became of the first objection.
  private static func hadObjection(_ call: PlaceObjection, _ context: QueryContext) throws(ContractError) -> Bool {
    try context.range(
      rights.records, from: RightKey(unit: call.unit, number: 1), to: RightKey(unit: call.unit, number: .max), limit: 1_000
    ).contains {
      let right = $0.value.content
      return right.kind == .objection && right.basis == call.basisDigest && right.holders.first?.holder == call.objector
    }
  }

  private static func checkTerm(_ until: BlockTime?, of right: PropertyRight, _ context: ContractContext) throws(ContractError) {
    switch right.kind {
    case .preNotice:
      guard let until, until > context.time, until <= context.time.advanced(byMilliseconds: preNoticeMs) else {
        throw .badArgument("until: at most 90 days from now")
      }
    case .objection: guard until == nil else { throw .badArgument("until: none, because a suit is filed") }
    case .seizure:
      guard let until, until > right.until ?? until else { throw .badArgument("until: later than before") }
    default: throw .notAllowed(state: "\(right.kind)", call: "setTerm")
    }
  }

  private static func end(_ call: EndRight, _ context: ContractContext) throws {
    try Arguments.check(code: call.reason, "reason")
    try rights.move("endRight", call.right, context) { record in
      guard record.content.kind == .dwelling else { return }
      let consenting = try proofs.redeem(call.proof.map { [$0] } ?? [], entry: "endRight", arguments: call.right, context)
      guard record.content.holders.allSatisfy({ consenting.contains($0.holder) }) else {
        throw ContractError.notAuthorised("who dwells there has not consented")
      }
    }
    var unit = try context.require(units.records, call.right.unit)
    unit.content.rights.removeAll { $0 == call.right.number }
    try units.rewrite("endRight", call.right.unit, unit, context)
  }

  var lookupEntries: Entries {
    Entries(entries: [
      Entry("grantLookup", by: .member) { (call: GrantLookup, context) -> Digest in try Self.grant(call, context) },
      Entry("lookup", by: .member) { (call: LookUp, context) -> Bool in try Self.look(call, context) },
      Entry("revokeLookup", by: .member) { (call: RevokeLookup, context) in try Self.revoke(call, context) },
    ])
  }

  private static let statements: [String: RightKind] = [
    "freeOfSeizure": .seizure, "freeOfMortgage": .mortgage, "freeOfPreNotice": .preNotice, "freeOfObjection": .objection,
    "freeOfDwelling": .dwelling, "ownedByGrantor": .ownership,
  ]

  private static func grant(_ call: GrantLookup, _ context: ContractContext) throws -> Digest {
    let content = call.content
    let grant = Grant(
      record: content.unit.text, grantee: content.grantee, granteeChain: context.chain, fields: content.statements, purpose: "lookup",
      until: content.until, maxUses: content.maxUses)
    try Grants.check(grant)
    guard content.statements.allSatisfy({ statements[$0] != nil }) else { throw ContractError.badArgument("statements: one is unknown") }
    guard content.until > context.time else { throw ContractError.badArgument("until: it has passed") }
    let unit = try context.require(units.records, content.unit)
    let owners = try UnitState(content.unit, unit.content, context).owners.map(\.holder)
    let subject: Subject
    let id: Digest
    if owners.contains(.organisation(context.caller.organisation)) {
      subject = .organisation(context.caller.organisation)
      id = try lookups.registry.newID("LookupGrant", context)
    } else {
      guard context.caller.has("citizenAgent"), let proof = call.proof, owners.contains(.person(proof.statement.subject)) else {
        throw ContractError.notAuthorised("lookups are granted by owners, persons through a citizen's agent with their proof")
      }
      subject = .person(proof.statement.subject)
      id = try proofs.redeem(proof, of: proof.statement.subject, entry: "grantLookup", arguments: content, context)
    }
    guard unit.state == "active" else { throw ContractError.notAllowed(state: unit.state.rawValue, call: "grantLookup") }
    try lookups.registry.create("grantLookup", id, grant, context)
    try context.put(lookupSubjects, id, subject)
    return id
  }

  private static func look(_ call: LookUp, _ context: ContractContext) throws -> Bool {
    guard let kind = statements[call.statement] else { throw ContractError.badArgument("statement: it is unknown") }
    let grant = try context.require(lookups.registry.records, call.grant)
    try Grants.check(
      grant, lets: context.caller.organisation, on: context.chain, use: [call.statement], of: grant.content.record,
      used: grant.content.used, at: context.time, call: "lookup")
    guard let code = try? RealEstateUnit(grant.content.record) else { throw ContractError.unexpected }
    let state = try UnitState(code, try context.require(units.records, code).content, context)
    try lookups.registry.move("lookup", call.grant, context) { $0.content.used += 1 }
    guard kind == .ownership else { return state.rights(kind).isEmpty }
    let subject = try context.require(lookupSubjects, call.grant)
    return state.owners.contains { $0.holder == subject }
  }

  private static func revoke(_ call: RevokeLookup, _ context: ContractContext) throws {
    let grant = try context.require(lookups.registry.records, call.grant)
    if context.caller.organisation != grant.owner {
      guard case .person(let person) = try context.require(lookupSubjects, call.grant), context.caller.has("citizenAgent"),
        let proof = call.proof
      else { throw ContractError.notAuthorised("another agent than the grantor needs the person's proof") }
      _ = try proofs.redeem(proof, of: person, entry: "revokeLookup", arguments: call.grant, context)
    }
    try lookups.registry.move("revokeLookup", call.grant, context)
  }

  var queries: Entries {
    Entries(queries: [
      Query("unit") { (code: RealEstateUnit, context) -> Registered<PropertyUnit>? in try context.get(Self.units.records, code) },
      Query("right") { (key: RightKey, context) -> Registered<PropertyRight>? in try context.get(Self.rights.records, key) },
      Query("rights") { (code: RealEstateUnit, context) -> [Registered<PropertyRight>] in
        try context.range(
          Self.rights.records, from: RightKey(unit: code, number: 1), to: RightKey(unit: code, number: .max), limit: 1_000
        ).map(\.value)
      },
      Query("deal") { (id: Digest, context) -> Registered<PropertyDeal>? in try context.get(Self.deals.records, id) },
      Query("dealState") { (id: Digest, context) -> RecordState? in try Self.deals.state(id, at: context.time, context) },
      Query("rightState") { (key: RightKey, context) -> RecordState? in try Self.rights.state(key, at: context.time, context) },
      Query("lookupGrant") { (id: Digest, context) -> Registered<Grant>? in try context.get(Self.lookups.registry.records, id) },
    ])
  }
}
