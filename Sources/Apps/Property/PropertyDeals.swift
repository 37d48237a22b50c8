internal import ChainCore
internal import CrossChain

// Deals: one filing, tax, examination and registration (一网通办).

extension RealEstate {
  var dealEntries: Entries {
    let deals = Self.deals
    return Entries(entries: [
      Entry("file", by: deals.access("file")) { (call: FileDeal, context) -> Digest in try Self.file(call, context) },
      Entry("assessTax", by: deals.access("assessTax")) { (call: AssessTax, context) in
        try deals.move("assessTax", call.deal, context) { record in
          guard record.content.content.kind.isTransfer else { throw ContractError.notAllowed(state: "not taxed", call: "assessTax") }
          record.content.assessor = context.caller.organisation
          record.content.tax = call.amountCommitment
        }
      },
      Entry("payTax", by: .member) { (call: PayTax, context) in
        try deals.move("payTax", call.deal, context) { record in
          guard call.amountCommitment == record.content.tax else {
            throw ContractError.badArgument("amountCommitment: it is not the assessed one")
          }
          record.content.taxPaid = call.amountCommitment
          record.content.receiptDigest = call.receiptDigest
        }
      },
      Entry("acceptDeal", by: deals.access("acceptDeal")) { (call: DealCall, context) in
        try deals.move("acceptDeal", call.deal, context) { record in
          guard record.content.taxPaid != nil || !record.content.content.kind.isTransfer else {
            throw ContractError.notAllowed(state: "tax not paid", call: "acceptDeal")
          }
          _ = try Self.checkAgain(record.content, call.deal, context)
        }
      },
      Entry("examine", by: deals.access("examine")) { (call: ExamineDeal, context) in
        try deals.move("examine", call.deal, context) { record in
          try Self.verify(call.verifications, of: record.content.content, call.deal, context)
          record.content.answers = call.verifications.map(\.use)
        }
      },
      Entry("register", by: deals.access("register")) { (call: RegisterDeal, context) in try Self.register(call, context) },
      Entry("reject", by: .member) { (call: RejectDeal, context) in
        try Arguments.check(code: call.reason, "reason")
        try Self.close(try deals.move("reject", call.deal, context), call.deal, call: "reject", context)
      },
      Entry("withdraw", by: deals.access("withdraw")) { (call: WithdrawDeal, context) in try Self.withdraw(call, context) },
    ])
  }

  private static func file(_ call: FileDeal, _ context: ContractContext) throws -> Digest {
    let content = call.content
    try content.check(at: context.time)
    let unit = try context.require(units.records, content.unit)
    guard unit.state == "active" else { throw ContractError.notAllowed(state: "unit \(unit.state)", call: "file") }
    let role: Role = content.kind == .sale ? "housing" : content.kind == .judicial ? "court" : "registry"
    guard context.caller.has(role) else { throw ContractError.notAuthorised("a \(content.kind) is filed by a \(role)") }
    let state = try UnitState(content.unit, unit.content, context)
    guard state.deals.count < unitLimit else { throw ContractError.limitExceeded("\(unitLimit) deals a unit") }
    try checkOwners(content, state)
    try state.checkConflicts(content, consenting: content.mustConsent + call.consents.map(\.party), filedBy: context.caller.organisation)
    let consenting = try proofs.redeem(call.consents, entry: "file", arguments: content, context)
    guard content.mustConsent.allSatisfy(consenting.contains) else {
      throw ContractError.notAuthorised("not everybody concerned has consented")
    }
    try state.checkConflicts(content, consenting: consenting, filedBy: context.caller.organisation)
    let id = try deals.newID("PropertyDeal", context)
    try deals.create(
      "file", id, PropertyDeal(content: content, filedBy: context.caller.organisation, consenting: consenting), context)
    var changed = unit
    changed.content = state.pruned
    changed.content.deals.append(id)
    try units.rewrite("file", content.unit, changed, context)
    return id
  }

  private static func checkOwners(_ content: DealContent, _ state: UnitState) throws(ContractError) {
    if content.kind.isTransfer {
      _ = try content.owners(after: state.owners)
    } else {
      // A mortgage or a right to dwell burdens the whole unit.
      guard Set(state.owners.map(\.holder)) == Set(content.from) else { throw .badArgument("from: all owners are expected") }
    }
  }

  /// What was checked at filing is checked again: holds may have come since, and owners may have changed.
  private static func checkAgain(
    _ deal: PropertyDeal, _ id: Digest, _ context: ContractContext
  ) throws(ContractError) -> (unit: Registered<PropertyUnit>, state: UnitState) {
    let unit = try context.require(units.records, deal.content.unit)
    guard unit.state == "active" else { throw .notAllowed(state: "unit \(unit.state)", call: "register") }
    let state = try UnitState(deal.content.unit, unit.content, context)
    try state.checkConflicts(deal.content, consenting: deal.consenting, filedBy: deal.filedBy, accepting: id)
    try checkOwners(deal.content, state)
    return (unit, state)
  }

  /// For each person one identity and, where the kind asks for it, one marriage, answered on the main chain for this deal.
  private static func verify(
    _ answers: [ProvenAnswer], of content: DealContent, _ deal: Digest, _ context: ContractContext
  ) throws(ContractError) {
    var wanted: [Answer] = []
    let settings = try context.get(configuration, SingleKey())
    for case .person(let person) in content.from + content.to.map(\.holder) {
      guard let settings else { throw .notSupported("persons as parties: the contract has no configuration") }
      wanted.append(Answer(item: settings.identityItem, about: person.digest))
    }
    if [.sale, .gift, .mortgage].contains(content.kind) {
      for case .person(let person) in content.from {
        guard let settings else { continue }
        wanted.append(Answer(item: settings.marriageItem, about: person.digest))
      }
    }
    guard answers.count <= 256 else { throw .badArgument("verifications: at most 256") }
    var found: Set<Answer> = []
    for answer in answers {
      let proven = try context.verifyRemote(answer.proof)
      guard proven.chain == settings?.main else { throw .badArgument("verifications: a proof is of another chain than the directory's") }
      guard let use = try proven.record(of: DataDirectory.name, DataDirectory.uses.records, answer.use) else { throw .notFound }
      guard use.content.result == .match, use.content.matter == deal.hex, let about = use.content.about else {
        throw .badArgument("verifications: an answer is no match, or of another matter")
      }
      found.insert(Answer(item: use.content.item, about: about))
    }
    guard wanted.allSatisfy(found.contains) else { throw .badArgument("verifications: one is missing") }
  }

  private struct Answer: Hashable {
    var item: String
    var about: Digest
  }

  private static func register(_ call: RegisterDeal, _ context: ContractContext) throws {
    let deal = try deals.move("register", call.deal, context) { record in
      guard record.content.tax == record.content.taxPaid else { throw ContractError.notAllowed(state: "tax not paid", call: "register") }
      record.content.certificateDigest = call.certificateDigest
    }.content
    // The deal itself is registered now: the others are looked at.
    var (unit, state) = try checkAgain(deal, call.deal, context)
    unit.content = state.pruned
    unit.content.deals.removeAll { $0 == call.deal }
    var created: [PropertyRight] = []
    let content = deal.content
    if content.kind.isTransfer {
      let holders = try content.owners(after: state.owners)
      try checkHolders(holders)
      created.append(PropertyRight(kind: .ownership, holders: holders, rank: 1, basis: call.certificateDigest))
    }
    if content.kind == .dwelling {
      created.append(
        PropertyRight(
          kind: .dwelling, holders: content.to, rank: 1, until: content.dwellingUntil, basis: call.certificateDigest))
    }
    if let terms = content.mortgage {
      let rank = content.kind == .judicial ? 1 : try state.nextRank(.mortgage)
      created.append(
        PropertyRight(
          kind: .mortgage, holders: [HolderShare(holder: .organisation(terms.mortgagee), share: .whole)], rank: rank,
          amount: terms.amountCommitment, transferBan: terms.transferBan, basis: call.certificateDigest))
    }
    let ended = state.rights.filter { ends($0.right.content, by: content) }
    try endAll(ended, call: "register", context)
    unit.content.rights.removeAll { number in ended.contains { $0.key.number == number } }
    for right in created { try add(right, to: &unit.content, of: content.unit, call: "register", context) }
    if content.kind.isTransfer {
      for (key, _) in state.rights(.mortgage) where !ended.contains(where: { $0.key == key }) {
        try context.emit("property.mortgageeNotified", RecordChanged(key: key, version: unit.version + 1))
      }
    }
    try units.rewrite("register", content.unit, unit, context)
  }

  /// Whether a deal that registers ends the right: old ownership, fulfilled pre-notices, what a court's transfer clears away.
  private static func ends(_ right: PropertyRight, by deal: DealContent) -> Bool {
    switch right.kind {
    case .ownership: deal.kind.isTransfer
    case .preNotice:
      deal.acquirers.contains { acquirer in right.holders.contains { $0.holder == acquirer } }
        && (right.protects == .mortgage) == (deal.kind == .mortgage)
    case .seizure, .mortgage: deal.kind == .judicial
    case .dwelling, .objection: false
    }
  }

  /// Gives a right the unit's next number and writes it.
  static func add(
    _ right: PropertyRight, to unit: inout PropertyUnit, of code: RealEstateUnit, call: EntryName, _ context: ContractContext
  ) throws(ContractError) {
    let number = try nextRight(&unit)
    try rights.insert(call, RightKey(unit: code, number: number), right, state: "registered", context)
  }

  static func nextRight(_ unit: inout PropertyUnit) throws(ContractError) -> UInt64 {
    guard unit.rights.count < unitLimit else { throw .limitExceeded("\(unitLimit) rights a unit") }
    unit.lastRight += 1
    unit.rights.append(unit.lastRight)
    return unit.lastRight
  }

  private static func withdraw(_ call: WithdrawDeal, _ context: ContractContext) throws {
    let found = try context.require(deals.records, call.deal).content
    if found.content.kind == .judicial, found.filedBy != context.caller.organisation {
      throw ContractError.notAuthorised("only \(found.filedBy) withdraws its deal")
    }
    let deal = try deals.move("withdraw", call.deal, context) { _ in
      guard found.content.kind != .judicial else { return }
      let consenting = try proofs.redeem(call.proofs, entry: "withdraw", arguments: call.deal, context)
      guard (found.content.from + found.content.to.map(\.holder)).allSatisfy(consenting.contains) else {
        throw ContractError.notAuthorised("not all parties agree to the withdrawal")
      }
    }
    try close(deal, call.deal, call: "withdraw", context)
  }

  private static func close(
    _ deal: Registered<PropertyDeal>, _ id: Digest, call: EntryName, _ context: ContractContext
  ) throws(ContractError) {
    let code = deal.content.content.unit
    var unit = try context.require(units.records, code)
    unit.content = try UnitState(code, unit.content, context).pruned
    unit.content.deals.removeAll { $0 == id }
    try units.rewrite(call, code, unit, context)
  }
}
