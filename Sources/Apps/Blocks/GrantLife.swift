public import ChainCore

extension Grants {
  /// Grants that are asked for, approved by whose record it is, used under a count, answered and revoked.
  ///
  /// ```swift
  /// let grants = Grants(life: "grants")
  /// var entries: Entries {
  ///   grants.entries { record, context in try context.require(permits.records, record).owner }
  /// }
  /// ```
  public init(life name: StaticString) {
    self.init(
      name,
      [
        .create("requestGrant", to: "requested", by: .checked),
        .move("approveGrant", from: ["requested"], to: "active", by: .checked),
        .move("rejectGrant", from: ["requested"], to: "rejected", by: .checked),
        .move("useGrant", from: ["active"], by: .owner),
        .move("answerGrant", from: ["active", "revoked", "expired", "exhausted"], by: .checked),
        .move("revokeGrant", from: ["active", "exhausted"], to: "revoked", by: .checked),
      ])
  }

  /// The calls `requestGrant`, `approveGrant`, `rejectGrant`, `useGrant`, `answerGrant`, `revokeGrant` and the queries `grant` and
  /// `grantUses`.
  ///
  /// Each use is counted and recorded before the data are released; an answer carries the digest of what was.
  /// - Parameter grantor: The organisation that grants uses of a record; throws `.notFound` for a record that is not there.
  public func entries(
    grantor: @escaping @Sendable (_ record: String, QueryContext) throws(ContractError) -> OrganisationID
  ) -> Entries {
    Entries(
      entries: [
        Entry("requestGrant", by: .member) { (call: RequestGrant, context) -> Digest in
          let grant = Grant(
            record: call.record, grantee: context.caller.organisation, granteeChain: context.chain, fields: call.fields,
            purpose: call.purpose, until: call.until, maxUses: call.maxUses)
          try Self.check(grant)
          guard call.until > context.time else { throw ContractError.badArgument("until: it has passed") }
          _ = try grantor(call.record, context)
          let id = context.suite.digest("GrantRequest", context.genesis, GrantIdentity(content: call, transaction: context.transaction))
          try registry.create("requestGrant", id, grant, context)
          return id
        },
        Entry("approveGrant", by: .member) { (call: ApproveGrant, context) in
          try requireGrantor(of: call.grant, grantor, context)
          try registry.move("approveGrant", call.grant, context) { try $0.content.narrow(call) }
        },
        closing("rejectGrant", grantor, granteeMay: false),
        Entry("useGrant", by: .member) { (call: UseGrant, context) in try use(call, context) },
        Entry("answerGrant", by: .member) { (call: AnswerUse, context) in
          try requireGrantor(of: call.grant, grantor, context)
          try answer(call, context)
        },
        closing("revokeGrant", grantor, granteeMay: true),
      ],
      queries: [
        Query("grant") { (id: Digest, context) -> Registered<Grant>? in try context.get(registry.records, id) },
        Query("grantUses") { (id: Digest, context) -> [GrantUse] in try context.range(uses, under: id, limit: 1_000).map(\.value) },
      ])
  }

  private var uses: Table<Pair<Digest, UInt64>, GrantUse> { Table(TableName(unchecked: registry.name + "-uses")) }

  private func closing(
    _ call: EntryName, _ grantor: @escaping @Sendable (String, QueryContext) throws(ContractError) -> OrganisationID, granteeMay: Bool
  ) -> Entry {
    Entry(call, by: .member) { (arguments: CloseGrant, context) in
      try Arguments.check(code: arguments.reason, "reason")
      let grant = try context.require(registry.records, arguments.grant)
      if !granteeMay || grant.content.grantee != context.caller.organisation {
        try requireGrantor(of: arguments.grant, grantor, context)
      }
      try registry.move(call, arguments.grant, context)
    }
  }

  private func requireGrantor(
    of id: Digest, _ grantor: (String, QueryContext) throws(ContractError) -> OrganisationID, _ context: ContractContext
  ) throws(ContractError) {
    let grant = try context.require(registry.records, id)
    let organisation = try grantor(grant.content.record, context)
    guard context.caller.organisation == organisation else { throw .notAuthorised("uses of the record are granted by \(organisation)") }
  }

  private func use(_ call: UseGrant, _ context: ContractContext) throws {
    try Arguments.check(names: call.fields, "fields")
    try Arguments.check(code: call.matter, "matter")
    let grant = try context.require(registry.records, call.grant)
    try Self.check(
      grant, lets: context.caller.organisation, on: context.chain, use: call.fields, of: grant.content.record, used: grant.content.used,
      at: context.time, call: "useGrant")
    let last = try context.range(uses, under: call.grant, reverse: true, limit: 1).first?.key.second ?? 0
    guard call.number == last + 1 else { throw ContractError.stale(found: last) }
    let use = GrantUse(
      user: context.caller.organisation, fields: call.fields, matter: call.matter, asked: context.time, answered: nil, resultDigest: nil)
    try registry.move("useGrant", call.grant, context) { $0.content.used += 1 }
    try context.put(uses, Pair(call.grant, call.number), use)
  }

  private func answer(_ call: AnswerUse, _ context: ContractContext) throws {
    var use = try context.require(uses, Pair(call.grant, call.number))
    try registry.move("answerGrant", call.grant, context) { record in
      guard use.answered == nil else { throw ContractError.alreadyExists }
      let state = registry.state(of: record, at: context.time)
      // Nothing leaves its owner any more; the count is given back.
      guard call.resultDigest == nil || state != "revoked" && state != "expired" else {
        throw ContractError.notAllowed(state: state.rawValue, call: "answerGrant")
      }
      if call.resultDigest == nil, record.content.used > 0 { record.content.used -= 1 }
    }
    use.answered = context.time
    use.resultDigest = call.resultDigest
    try context.put(uses, Pair(call.grant, call.number), use)
  }
}

extension Grant {
  mutating func narrow(_ call: ApproveGrant) throws(ContractError) {
    if let fewer = call.fields {
      guard fewer.allSatisfy(fields.contains) else { throw .badArgument("fields: an approval does not widen the request") }
      fields = fewer
    }
    if let earlier = call.until {
      guard earlier <= until else { throw .badArgument("until: an approval does not widen the request") }
      until = earlier
    }
    if let fewer = call.maxUses {
      guard fewer <= maxUses else { throw .badArgument("maxUses: an approval does not widen the request") }
      maxUses = fewer
    }
    try Grants.check(self)
  }
}

private struct GrantIdentity: CanonicalRecord {
  var content: RequestGrant
  var transaction: TransactionID
  static let layout = Layout(Self.init, \.content, \.transaction)
}
